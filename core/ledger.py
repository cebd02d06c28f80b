"""The only store: every task and every step, on disk before it is shown.

When a call returns, a power cut does not undo it. Two Blenders may share one ledger: an open task
is written only by the one that holds its lease. Thread: any, calls take turns; each may take as
long as the disk does, so none is made on Blender's main thread.
"""

from __future__ import annotations

import json
import statistics
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from .database import Database, insert, stored_tasks
from .errors import LedgerError
from .events import Event, Imported, Relocated, Submitted, advance
from .journal import Journal
from .language import say
from .leases import LEASE_SECONDS, holds, new_owner
from .model import Task, TaskState
from .records import event_json, read_task, task_from, task_json
from .restore import Restored


class LeaseLost(LedgerError):
    """The task is not what this Blender thinks it is: another one works on it, has changed or
    removed it. `stored`: as it is now, None if it is gone."""

    def __init__(self, message: str, stored: Task | None = None) -> None:
        super().__init__(message)
        self.stored = stored


class Ledger:
    """path: made if missing, with its folder, readable by the user only (tickets lie in it).
    library: where models are kept, to restore from. restored: what was, since this was made."""

    def __init__(
        self, path: Path, clock: Callable[[], float] = time.time, library: Path | None = None
    ) -> None:
        self.path = path
        self.owner = new_owner()
        self._clock = clock
        self._journal = Journal(path.with_suffix(".journal"))
        self._database = Database(path, self._journal, library)

    @property
    def restored(self) -> Restored | None:
        return self._database.restored

    def add(self, task: Task) -> None:
        """A new task, leased to us."""
        with self._database.transaction() as db:
            insert(db, task, self.owner, self._clock() + LEASE_SECONDS)
        self._journal.note(task)

    def record(
        self, task_id: str, event: Event, live: Task | None = None, seen: Task | None = None
    ) -> Task:
        """Write one step and return the task after it.

        live: the task as the job knows it, with progress that is not written; without it the
        stored one is the base. What a job says is refused if the task went on without it: another
        Blender took it over, and may have let it go again. seen: the same for what the user
        decided about. That a service took a job is never refused: with the row gone or given to
        another order, it gets one of its own, for whoever takes it up next.
        Errors: LeaseLost: an open task that is not ours (any more), or not as it was seen.
        """
        now = self._clock()
        with self._database.transaction() as db:
            row = db.execute(
                "SELECT task, owner, lease_until FROM tasks WHERE id = ?", (task_id,)
            ).fetchone()
            stored = task_from(row[0]) if row else None
            changed = LeaseLost(say("This task was changed by another Blender."), stored)
            accepts = isinstance(event, Submitted)
            if isinstance(event, Submitted) and live:
                if stored is None or not _takes(stored, live, event):
                    orphan = replace(advance(live, event, now), id=uuid.uuid4().hex)
                    self._journal.note(orphan)
                    insert(db, orphan)
                    db.execute("COMMIT")
                    raise changed
                if stored.accepted:  # it is noted already: a repeat was answered, too
                    raise changed
            if stored is None:
                raise LeaseLost(say("This task is no longer in the list."))
            if seen and seen.step != stored.step:
                raise changed
            others = row[1] != self.owner and holds(row[1], row[2], now)
            if stored.state.is_open and others and not accepts:
                raise LeaseLost(say("Another Blender is working on this task."), stored)
            task = stored
            if live and live.state.is_open:
                went_on = live.step != stored.step
                if went_on and not isinstance(event, (Submitted, Imported, Relocated)):
                    raise changed
                task = stored if went_on and not accepts else live
            # Where a file lies is not of the job's story: it may change beside it.
            step = stored.step + (not isinstance(event, Relocated))
            after = replace(advance(task, event, now), step=step)
            self._journal.note(after)
            ours = after.state.is_open
            seconds = (
                after.finished - after.accepted.at
                if after.accepted and after.state is TaskState.READY
                else None
            )
            db.execute(
                "UPDATE tasks SET state = ?, updated = ?, task = ?, owner = ?, lease_until = ?,"
                " seconds = coalesce(?, seconds) WHERE id = ?",
                (
                    after.state.value,
                    now,
                    task_json(after),
                    self.owner if ours else "",
                    now + LEASE_SECONDS if ours else 0,
                    seconds,
                    task_id,
                ),
            )
            db.execute(
                "INSERT INTO steps (task_id, at, event, fields) VALUES (?, ?, ?, ?)",
                (task_id, now, type(event).__name__, event_json(event)),
            )
            return after

    def tasks(self, since: float = 0.0) -> list[Task]:
        """All that changed at or after `since`, oldest first."""
        with self._database.transaction() as db:
            return stored_tasks(db, since)

    def claim(self, running: Collection[str] = ()) -> list[Task]:
        """Take the lease of every open task that no other living Blender holds. running: ids of
        the tasks whose jobs run here. Returns the others: those whose jobs are to begin."""
        now = self._clock()
        taken = []
        with self._database.transaction() as db:
            rows = db.execute(
                "SELECT id, task, owner, lease_until FROM tasks WHERE state IN"
                " ('submitting', 'waiting', 'generating', 'downloading') ORDER BY created"
            ).fetchall()
            for task_id, task, owner, lease_until in rows:
                known = read_task(task)
                if owner != self.owner and holds(owner, lease_until, now):
                    continue
                if known and (owner != self.owner or task_id not in running):
                    db.execute(
                        "UPDATE tasks SET owner = ?, lease_until = ? WHERE id = ?",
                        (self.owner, now + LEASE_SECONDS, task_id),
                    )
                    taken += [known] if task_id not in running else []
        return taken

    def renew(self) -> dict[str, bool]:
        """Prolong our leases. Returns the id of each open task, and whether another Blender holds
        its lease."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE tasks SET lease_until = ? WHERE owner = ?",
                (self._clock() + LEASE_SECONDS, self.owner),
            )
            rows = db.execute(
                "SELECT id, owner, lease_until FROM tasks WHERE state IN"
                " ('submitting', 'waiting', 'generating', 'downloading')"
            )
            return {
                task_id: owner != self.owner and holds(owner, until, self._clock())
                for task_id, owner, until in rows
            }

    def release(self) -> None:
        """Give up all our leases: another Blender, or the next start, may go on at once. Does not
        wait long: Blender is about to end."""
        self._database.patience = 0.5
        with self._database.transaction() as db:
            db.execute(
                "UPDATE tasks SET owner = '', lease_until = 0 WHERE owner = ?", (self.owner,)
            )

    def remove(self, task_id: str) -> None:
        """Errors: LeaseLost: another Blender is working on it."""
        with self._database.transaction() as db:
            row = db.execute(
                "SELECT task, state, owner, lease_until FROM tasks WHERE id = ?", (task_id,)
            ).fetchone()
            if row and row[2] != self.owner and holds(row[2], row[3], self._clock()):
                stored = read_task(row[0])
                raise LeaseLost(say("Another Blender is working on this task."), stored)
            self._journal.note_removed(task_id)
            db.execute("DELETE FROM tasks WHERE id = ?", (task_id,))

    def steps(self, task_id: str) -> list[tuple[float, str, dict[str, Any]]]:
        """(when, event name, fields) in order: the story of a task, for reports and tests."""
        with self._database.transaction() as db:
            return [
                (at, event, json.loads(fields))
                for at, event, fields in db.execute(
                    "SELECT at, event, fields FROM steps WHERE task_id = ? ORDER BY number",
                    (task_id,),
                )
            ]

    def typical_seconds(self, provider: str, kind: str) -> float | None:
        """Median from acceptance to results over the last 20 finished tasks of this kind; None
        before there are three: fewer say nothing."""
        with self._database.transaction() as db:
            rows = db.execute(
                "SELECT seconds FROM tasks WHERE provider = ? AND kind = ? AND seconds > 0"
                " ORDER BY created DESC LIMIT 20",
                (provider, kind),
            ).fetchall()
        return statistics.median(row[0] for row in rows) if len(rows) >= 3 else None

    def close(self) -> None:
        self._database.close()


def _takes(stored: Task, live: Task, event: Submitted) -> bool:
    """May this acceptance be written into this row? Not over another job's or another order's."""
    if stored.accepted:
        return stored.accepted.job_id == event.accepted.job_id
    return stored.submit_key in ("", live.submit_key)
