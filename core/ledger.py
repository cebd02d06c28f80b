"""The only store: every task and every step, on disk before it is shown.

SQLite in WAL mode with full syncs: when a call returns, a power cut does not undo it
(sqlite.org/pragma.html#pragma_synchronous). Two Blenders may share one ledger: an open task is
written only by the one that holds its lease. Thread: any, calls take turns; each may take as long
as the disk does, so none is made on Blender's main thread.
"""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import sqlite3
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import LedgerError
from .model import Accepted, Event, GenerationRequest, Origin, Task, TaskState, advance
from .storage import storage_error

SCHEMA = 1
LEASE_SECONDS = 60.0

_TABLES = """
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    seconds REAL,               -- acceptance to results, once known
    task TEXT NOT NULL,         -- the whole Task as JSON
    owner TEXT NOT NULL DEFAULT '',
    lease_until REAL NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tasks_by_kind ON tasks (provider, kind, created);
CREATE TABLE steps (
    number INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    at REAL NOT NULL,
    event TEXT NOT NULL,
    fields TEXT NOT NULL        -- the event's fields as JSON
) STRICT;
CREATE INDEX steps_by_task ON steps (task_id);
"""


class LeaseLost(LedgerError):
    """Another Blender works on this task now; this one must not go on with it."""


class Ledger:
    """path: made if missing, with its folder, readable by the user only (tickets lie in it)."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._clock = clock
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def add(self, task: Task) -> None:
        """A new task, leased to us."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO tasks (id, provider, kind, state, created, updated, task, owner,"
                " lease_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    task.id,
                    task.request.provider,
                    task.kind,
                    task.state.value,
                    task.created,
                    task.updated,
                    _to_json(task),
                    self.owner,
                    self._clock() + LEASE_SECONDS,
                ),
            )

    def record(self, task_id: str, event: Event, live: Task | None = None) -> Task:
        """Write one step and return the task after it.

        live: the task as the job knows it, with progress that is not written; without it the
        stored one is the base. Errors: LeaseLost: an open task that is not ours (any more).
        """
        now = self._clock()
        with self._transaction() as db:
            row = db.execute(
                "SELECT task, owner, lease_until FROM tasks WHERE id = ?", (task_id,)
            ).fetchone()
            if row is None:
                raise LeaseLost("This task is no longer in the list.")
            # An open task is ours alone; a closed one may have been changed by another Blender.
            task = live if live and live.state.is_open else _from_json(row[0])
            after = advance(task, event, now)
            if task.state.is_open and row[1] != self.owner and self._holds(row[1], row[2]):
                raise LeaseLost("Another Blender is working on this task.")
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
                    _to_json(after),
                    self.owner if ours else "",
                    now + LEASE_SECONDS if ours else 0,
                    seconds,
                    task_id,
                ),
            )
            db.execute(
                "INSERT INTO steps (task_id, at, event, fields) VALUES (?, ?, ?, ?)",
                (task_id, now, type(event).__name__, _fields_json(event)),
            )
            return after

    def tasks(self, since: float = 0.0) -> list[Task]:
        """All that changed at or after `since`, oldest first."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT task FROM tasks WHERE updated >= ? ORDER BY created", (since,)
            ).fetchall()
        return [_from_json(row[0]) for row in rows]

    def claim(self) -> list[Task]:
        """Take the lease of every open task that nobody alive holds; returns the ones taken."""
        now = self._clock()
        taken = []
        with self._transaction() as db:
            rows = db.execute(
                "SELECT id, task, owner, lease_until FROM tasks WHERE state IN"
                " ('submitting', 'waiting', 'generating', 'downloading') ORDER BY created"
            ).fetchall()
            for task_id, task, owner, lease_until in rows:
                if owner != self.owner and not self._holds(owner, lease_until):
                    db.execute(
                        "UPDATE tasks SET owner = ?, lease_until = ? WHERE id = ?",
                        (self.owner, now + LEASE_SECONDS, task_id),
                    )
                    taken.append(_from_json(task))
        return taken

    def renew(self) -> bool:
        """Prolong our leases. False: nothing is open, here or in another Blender."""
        with self._transaction() as db:
            db.execute(
                "UPDATE tasks SET lease_until = ? WHERE owner = ?",
                (self._clock() + LEASE_SECONDS, self.owner),
            )
            (count,) = db.execute(
                "SELECT count(*) FROM tasks WHERE state IN"
                " ('submitting', 'waiting', 'generating', 'downloading')"
            ).fetchone()
            return bool(count)

    def release(self) -> None:
        """Give up all our leases: another Blender, or the next start, may go on at once."""
        with self._transaction() as db:
            db.execute(
                "UPDATE tasks SET owner = '', lease_until = 0 WHERE owner = ?", (self.owner,)
            )

    def remove(self, task_id: str) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM tasks WHERE id = ?", (task_id,))

    def steps(self, task_id: str) -> list[tuple[float, str, dict[str, Any]]]:
        """(when, event name, fields) in order: the story of a task, for reports and tests."""
        with self._transaction() as db:
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
        with self._transaction() as db:
            rows = db.execute(
                "SELECT seconds FROM tasks WHERE provider = ? AND kind = ? AND seconds > 0"
                " ORDER BY created DESC LIMIT 20",
                (provider, kind),
            ).fetchall()
        return statistics.median(row[0] for row in rows) if len(rows) >= 3 else None

    def close(self) -> None:
        with self._lock:
            if self._db:
                self._db.close()
                self._db = None

    # --- below: SQLite ---

    def _holds(self, owner: str, lease_until: float) -> bool:
        """Is a lease good? It ends by the clock, or at once when its process is seen to be dead."""
        if not owner or lease_until < self._clock():
            return False
        # A lease from the future comes from a clock that was set back.
        if lease_until > self._clock() + 2 * LEASE_SECONDS:
            return False
        host, pid, _ = owner.rsplit(":", 2)
        # os.kill(pid, 0) asks on POSIX; on Windows it would end the process.
        if os.name == "posix" and host == socket.gethostname() and int(pid) != os.getpid():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                return False
            except PermissionError:
                return True
        return True

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                db = self._connection()
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                except BaseException:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise _ledger_error(error, self.path) from error

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                # SQLite gives -wal and -shm the mode of the main file (sqlite.org/wal.html).
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            except OSError as error:
                cause = storage_error(error, self.path)
                raise LedgerError(cause.message, cause.advice, details=cause.details) from error
            db = sqlite3.connect(
                self.path, timeout=10, isolation_level=None, check_same_thread=False
            )
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA foreign_keys = ON")
                self._prepare(db)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _TABLES.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA}")
        db.execute("COMMIT")
        if version > SCHEMA:
            raise LedgerError(
                "Your list of tasks was written by a newer Maquette; it is left as it is.",
                "Install that version again to see it.",
            )


def _ledger_error(error: sqlite3.Error, path: Path) -> LedgerError:
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if name.startswith("SQLITE_FULL"):
        message, advice = "The disk is full, so a task cannot be noted down.", "Free some space."
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        message, advice = "The list of tasks is held by another program.", "Close it and try again."
    elif name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        message = "The list of tasks is damaged."
        advice = f"Your models are safe in the library. Move {path} away to begin a new list."
    elif name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")):
        message, advice = "The list of tasks cannot be written.", f"Check the folder {path.parent}."
    else:
        message, advice = "The list of tasks could not be used.", ""
    return LedgerError(message, advice, details=name, code=name)


def _fields_json(event: Event) -> str:
    return json.dumps(dataclasses.asdict(event), ensure_ascii=False, default=dict)


def _to_json(task: Task) -> str:
    return json.dumps(dataclasses.asdict(task), ensure_ascii=False, default=dict)


def _from_json(text: str) -> Task:
    """Fields of a later version are left out, missing ones take their defaults."""
    fields = _known(Task, json.loads(text))
    request = _known(GenerationRequest, fields["request"])
    request["pictures"] = tuple(request["pictures"])
    request["options"] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in request["options"].items()
    }
    origin = _known(Origin, fields["origin"])
    origin["location"] = tuple(origin["location"])
    fields["request"] = GenerationRequest(**request)
    fields["origin"] = Origin(**origin)
    fields["uploads"] = tuple(fields.get("uploads", ()))
    fields["state"] = TaskState(fields["state"])
    if fields["accepted"]:
        fields["accepted"] = Accepted(**_known(Accepted, fields["accepted"]))
    return Task(**fields)


def _known(kind: type[Any], fields: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in fields.items() if name in names}
