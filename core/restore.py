"""A new ledger in place of one that is damaged or gone: from the journal and from the library.

The damaged file is kept beside it. Two Blenders that see the damage at the same moment make one new
ledger. Thread: any but Blender's main one.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .journal import Journal
from .language import say
from .model import Accepted, GenerationRequest, Task, TaskState

log = logging.getLogger(__name__)

OPEN = (TaskState.SUBMITTING, TaskState.WAITING, TaskState.GENERATING, TaskState.DOWNLOADING)


@dataclass(frozen=True)
class Restored:
    """count: tasks in the new ledger. from_library: how many of them only the library knew.
    kept: the damaged file, None if there was none."""

    count: int
    from_library: int
    kept: Path | None


def restore(
    path: Path,
    journal: Journal,
    library: Path | None,
    make: Callable[[sqlite3.Connection, list[Task]], None],
    is_good: Callable[[], bool],
) -> Restored | None:
    """make: fills an empty database. is_good: asked once nobody else can restore at the same time;
    True: another Blender has done it, nothing is left to do. Errors: OSError, sqlite3.Error."""
    with _alone(path):
        if is_good():
            return None
        known, _removed, whole = journal.read()
        # What was taken off the list is not wanted back: only where something is lost.
        lost = library is not None and not (whole and known)
        found = from_library(library) if library and lost else {}
        added = [task for task_id, task in found.items() if task_id not in known]
        tasks = [unsure(task) for task in known.values()] + added
        new = path.with_name(f"{path.stem}.restoring{path.suffix}")
        for name in (new, Path(f"{new}-journal")):
            name.unlink(missing_ok=True)
        os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(new, isolation_level=None)) as db:
            make(db, tasks)
        kept = _set_aside(path)
        os.replace(new, path)
    log.warning("the list of tasks was restored: %s tasks", len(tasks))
    return Restored(len(tasks), len(added), kept)


def from_library(library: Path) -> dict[str, Task]:
    """The tasks whose models are there, by their ids: as far as task.json tells."""
    tasks = {}
    with suppress(OSError):
        for folder in sorted(library.iterdir()):
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
                task = _task_of(folder, json.loads((folder / "task.json").read_bytes()))
                if (folder / task.model).is_file():
                    tasks[task.id] = task
    return tasks


def _task_of(folder: Path, record: dict[str, Any]) -> Task:
    accepted = None
    if job := str(record["job"]):
        accepted = Accepted(job, cost=record["credits"], at=_seconds(record["submitted"]))
    request = GenerationRequest(
        provider=str(record["service"]),
        prompt=str(record["prompt"]),
        negative_prompt=str(record["negative_prompt"]),
        pictures=tuple(str(folder / name) for name in record["pictures"] if name),
        options={
            str(name): tuple(value) if isinstance(value, list) else value
            for name, value in record["options"].items()
        },
    )
    created, finished = _seconds(record["created"]), _seconds(record["finished"])
    return Task(
        id=str(record["task"]),
        request=request,
        state=TaskState.READY,
        created=created,
        updated=finished or created,
        accepted=accepted,
        finished=finished,
        folder=str(folder),
        model=Path(record["model"]).name,
        preview=Path(record["preview"]).name,
        triangles=int(record["triangles"]),
    )


def _seconds(date: str | None) -> float:
    return datetime.fromisoformat(date).timestamp() if date else 0.0


def unsure(task: Task) -> Task:
    """What was lost with the journal's end, if anything was, may be an order: what looks unsent is
    not sent without asking."""
    if task.state not in OPEN or task.accepted or task.submit_key:
        return task
    return replace(
        task,
        state=TaskState.UNCONFIRMED,
        message=say("The list of tasks was damaged while this one was under way."),
        advice=say("Look at your balance or job list before you send it again."),
    )


def _set_aside(path: Path) -> Path | None:
    """Under a new name, with what SQLite keeps beside it: there may be more to be had from it."""
    now = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    kept = path.with_name(f"{path.stem}.damaged-{now}{path.suffix}")
    for end in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            os.replace(f"{path}{end}", f"{kept}{end}")
    return kept if kept.exists() else None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """SQLite's lock on a file of its own, which also a crash lets go."""
    lock = path.with_name(f"{path.stem}.lock{path.suffix}")
    with closing(sqlite3.connect(lock, timeout=30, isolation_level=None)) as db:
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorname == "SQLITE_NOTADB":
                lock.unlink(missing_ok=True)  # nothing is in it; the next call makes it anew
            raise
        yield
