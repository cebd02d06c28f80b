"""A second record of the tasks, in case the ledger is damaged: a line per step in `tasks.journal`.

    {"task": {…as it is after the step…}}
    {"removed": "<id>"}

The last line about a task counts. A line is synced before the ledger commits the same step, under
the ledger's lock, so that two Blenders never write at once and the journal is never behind; only a
new task comes after the commit, as the next start would send one that is here alone. What cannot
be read (a line cut off by a power cut, a page of zeros) hides no other line. Thread: any but
Blender's main one, one at a time.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from .model import Task
from .records import read_task, task_json

log = logging.getLogger(__name__)

LONGEST = 1 << 20  # bytes; over that it is written anew when a ledger is opened


class Journal:
    """path: made with the first line, readable by the user only (tickets lie in it)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, task: Task) -> None:
        self._append(f'{{"task": {task_json(task)}}}')

    def note_removed(self, task_id: str) -> None:
        """Errors: OSError: without this line the task would come back one day."""
        self._append(json.dumps({"removed": task_id}), must=True)

    def read(self) -> tuple[dict[str, Task], set[str], bool]:
        """The tasks by their ids, oldest step first; the ids of removed ones; and whether all of it
        could be read. No file holds no tasks."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}, set(), True
        except OSError as error:
            log.warning("the journal could not be read: %s", error.strerror)
            return {}, set(), False
        tasks: dict[str, Task] = {}
        removed: set[str] = set()
        whole = True
        for line in filter(None, content.split(b"\n")):
            try:
                entry = json.loads(line)
                if "removed" in entry:
                    tasks.pop(entry["removed"], None)
                    removed.add(entry["removed"])
                elif task := read_task(json.dumps(entry["task"])):
                    tasks.pop(task.id, None)
                    tasks[task.id] = task
                    removed.discard(task.id)
                else:
                    whole = False
            except (ValueError, KeyError, TypeError, RecursionError):
                whole = False
        return tasks, removed, whole

    @property
    def is_long(self) -> bool:
        try:
            return self.path.stat().st_size > LONGEST
        except OSError:
            return False

    def rewrite(self, tasks: Iterable[Task]) -> None:
        """With these tasks, which are all there are."""
        try:
            new = self.path.with_name(f"{self.path.name}.new")
            new.unlink(missing_ok=True)
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(b"".join(f'{{"task": {task_json(t)}}}\n'.encode() for t in tasks))
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self.path)
        except OSError as error:
            log.warning("the journal could not be shortened: %s", error.strerror)

    def _append(self, line: str, *, must: bool = False) -> None:
        """A failure costs the second record, not the step: the ledger has it. must: not so."""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with open(os.open(self.path, flags, 0o600), "ab") as file:
                # The line before may have been cut off.
                file.write(f"\n{line}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if must:
                raise
            log.warning("the journal could not be written: %s", error.strerror)
