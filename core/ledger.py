"""The only store: every task and every step, on disk before it is shown.

SQLite in WAL mode with full syncs: when a call returns, a power cut does not undo it
(sqlite.org/pragma.html#pragma_synchronous). A ledger that is damaged or gone is made anew from the
journal beside it. Two Blenders may share one ledger: an open task is written only by the one that
holds its lease. Thread: any, calls take turns; each may take as long
as the disk does, so none is made on Blender's main thread.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import sqlite3
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .errors import LedgerError
from .journal import Journal
from .language import say
from .model import Event, Imported, Relocated, Submitted, Task, TaskState, advance
from .records import event_json, read_task, task_from, task_json
from .restore import Restored, restore

SCHEMA = 1
LEASE_SECONDS = 60.0
LIVING_SECONDS = 600.0  # beyond the lease, for a process that is seen to live

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
        self.restored: Restored | None = None
        self._library = library
        self._journal = Journal(path.with_suffix(".journal"))
        began = _began(os.getpid())
        self.owner = f"{_place()}:{os.getpid()}:{began}-{uuid.uuid4().hex[:8]}"
        self._clock = clock
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._file = (0, 0)  # device and inode of what is open

    def add(self, task: Task) -> None:
        """A new task, leased to us."""
        with self._transaction() as db:
            self._journal.note(task)
            self._insert(db, task, self.owner)

    def record(
        self, task_id: str, event: Event, live: Task | None = None, seen: Task | None = None
    ) -> Task:
        """Write one step and return the task after it.

        live: the task as the job knows it, with progress that is not written; without it the
        stored one is the base. seen: what the user decided about; the step is refused if that is
        not what is stored. That a service took a job is never refused: with the row gone or given
        to another order, it gets one of its own, for whoever takes it up next.
        Errors: LeaseLost: an open task that is not ours (any more), or not as it was seen.
        """
        now = self._clock()
        with self._transaction() as db:
            row = db.execute(
                "SELECT task, owner, lease_until FROM tasks WHERE id = ?", (task_id,)
            ).fetchone()
            stored = task_from(row[0]) if row else None
            if isinstance(event, Submitted) and live and not _takes(stored, event):
                orphan = replace(advance(live, event, now), id=uuid.uuid4().hex)
                self._journal.note(orphan)
                self._insert(db, orphan, owner="")
                db.execute("COMMIT")
                raise LeaseLost(say("This task was changed by another Blender."), stored)
            if stored is None:
                raise LeaseLost(say("This task is no longer in the list."))
            # An open task is ours alone; a closed one may have been changed by another Blender,
            # which is not undone by a job that runs here still.
            runs = bool(live and live.state.is_open)
            ended = runs and not stored.state.is_open and not isinstance(event, Submitted)
            task = live if live and runs and not ended else stored
            after = advance(task, event, now)
            others = row[1] != self.owner and self._holds(row[1], row[2])
            if stored.state.is_open and others and not isinstance(event, Submitted):
                raise LeaseLost(say("Another Blender is working on this task."), stored)
            late = ended and not isinstance(event, (Imported, Relocated))
            changed = seen and (seen.state, seen.submit_key) != (stored.state, stored.submit_key)
            if late or changed:
                raise LeaseLost(say("This task was changed by another Blender."), stored)
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
        with self._transaction() as db:
            return _tasks(db, since)

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
                known = read_task(task)
                if known and owner != self.owner and not self._holds(owner, lease_until):
                    db.execute(
                        "UPDATE tasks SET owner = ?, lease_until = ? WHERE id = ?",
                        (self.owner, now + LEASE_SECONDS, task_id),
                    )
                    taken.append(known)
        return taken

    def renew(self) -> dict[str, bool]:
        """Prolong our leases. Returns the id of each open task, and whether another Blender holds
        its lease."""
        with self._transaction() as db:
            db.execute(
                "UPDATE tasks SET lease_until = ? WHERE owner = ?",
                (self._clock() + LEASE_SECONDS, self.owner),
            )
            rows = db.execute(
                "SELECT id, owner, lease_until FROM tasks WHERE state IN"
                " ('submitting', 'waiting', 'generating', 'downloading')"
            )
            return {
                task_id: owner != self.owner and self._holds(owner, until)
                for task_id, owner, until in rows
            }

    def release(self) -> None:
        """Give up all our leases: another Blender, or the next start, may go on at once. Does not
        wait long: Blender is about to end."""
        if self._db:
            self._db.execute("PRAGMA busy_timeout = 500")
        with self._transaction() as db:
            db.execute(
                "UPDATE tasks SET owner = '', lease_until = 0 WHERE owner = ?", (self.owner,)
            )

    def remove(self, task_id: str) -> None:
        """Errors: LeaseLost: another Blender is working on it."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT task, state, owner, lease_until FROM tasks WHERE id = ?", (task_id,)
            ).fetchone()
            if row and row[2] != self.owner and self._holds(row[2], row[3]):
                stored = read_task(row[0])
                raise LeaseLost(say("Another Blender is working on this task."), stored)
            self._journal.note_removed(task_id)
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
            self._drop()

    # --- below: SQLite ---

    def _insert(self, db: sqlite3.Connection, task: Task, owner: str) -> None:
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
                task_json(task),
                owner,
                self._clock() + LEASE_SECONDS if owner else 0,
            ),
        )

    def _holds(self, owner: str, lease_until: float) -> bool:
        """Is a lease good? It ends by the clock, or at once when its process is seen to be dead.
        One whose process is seen to live is good for longer: its submit may take its time."""
        # A lease from the future comes from a clock that was set back.
        if not owner or lease_until > self._clock() + 2 * LEASE_SECONDS:
            return False
        place, pid, token = owner.rsplit(":", 2)
        here = place == _place()
        if here and _began(int(pid)) not in ("", token.partition("-")[0]):
            return False  # its number was given to another process
        # os.kill(pid, 0) asks on POSIX; on Windows it would end the process.
        if os.name == "posix" and here and int(pid) != os.getpid():
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                return False
            except PermissionError:
                pass
            return lease_until + LIVING_SECONDS > self._clock()
        return lease_until > self._clock()

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
                if _is_damage(error):
                    self._drop()  # the next call restores it
                raise _ledger_error(error, self.path) from error
            except OSError as error:
                raise _disk_error(error, self.path) from error

    def _connection(self) -> sqlite3.Connection:
        # Another Blender may have put a restored ledger into its place.
        if self._db and self._file != _identity(self.path):
            self._drop()
        if self._db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self._is_good():
                self.restored = (
                    restore(self.path, self._journal, self._library, self._fill, self._is_good)
                    or self.restored
                )
            db = self._opened()
            try:
                self._catch_up(db)
            except BaseException:
                db.close()
                raise
            self._db = db
            self._file = _identity(self.path)
        return self._db

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Take from the journal what the ledger lacks: without its -wal file, which somebody tidied
        away, SQLite opens an older one in silence."""
        db.execute("BEGIN IMMEDIATE")
        stored = {task.id: task for task in _tasks(db)}
        ids = {row[0] for row in db.execute("SELECT id FROM tasks")}
        for task in self._journal.read()[0].values():
            if task.id not in ids:
                self._insert(db, task, owner="")
            elif task.id in stored and stored[task.id].updated < task.updated:
                db.execute(
                    "UPDATE tasks SET state = ?, updated = ?, task = ? WHERE id = ?",
                    (task.state.value, task.updated, task_json(task), task.id),
                )
        if self._journal.is_long:
            self._journal.rewrite(_tasks(db))
        db.execute("COMMIT")

    def _is_good(self) -> bool:
        """Can it be read from end to end? One that is not there, or has nothing in it (as it is
        being made, or after a power cut), is good if there was none before."""
        try:
            if not self.path.exists() or not self.path.stat().st_size:
                return not self._journal.path.exists()
            with closing(self._opened()) as db:
                if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                    return False
                # That looks at the pages, not at what is written on them.
                db.text_factory = bytes
                for (task,) in db.execute("SELECT task FROM tasks"):
                    json.loads(task)
            return True
        except ValueError:
            return False
        except sqlite3.DatabaseError as error:
            if _is_damage(error):
                return False
            raise

    def _opened(self) -> sqlite3.Connection:
        # SQLite gives -wal and -shm the mode of the main file (sqlite.org/wal.html).
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self.path.chmod(0o600)
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            _write_ahead(db)
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            _make_tables(db)
        db.execute("COMMIT")
        if version > SCHEMA:
            raise LedgerError(
                say("Your list of tasks was written by a newer Maquette; it is left as it is."),
                say("Install that version again to see it."),
            )

    def _fill(self, db: sqlite3.Connection, tasks: list[Task]) -> None:
        """Make an empty database a ledger with these tasks, which nobody holds."""
        db.execute("BEGIN IMMEDIATE")
        _make_tables(db)
        for task in tasks:
            self._insert(db, task, owner="")
        db.execute("COMMIT")

    def _drop(self) -> None:
        if self._db:
            self._db.close()
            self._db = None


def _tasks(db: sqlite3.Connection, since: float = 0.0) -> list[Task]:
    rows = db.execute("SELECT task FROM tasks WHERE updated >= ? ORDER BY created", (since,))
    return [task for row in rows if (task := read_task(row[0]))]


def _make_tables(db: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";\n"):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA}")


def _identity(path: Path) -> tuple[int, int]:
    """(0, 0): not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_dev, status.st_ino


def _is_damage(error: sqlite3.Error) -> bool:
    name = getattr(error, "sqlite_errorname", "")
    # SQLITE_ERROR: our statements are good, so the tables or the file's head are not.
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or name == "SQLITE_ERROR"


def _ledger_error(error: sqlite3.Error, path: Path) -> LedgerError:
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and _is_full(path)):
        return _disk_error(OSError(errno.ENOSPC, name), path)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        message = say("The list of tasks is held by another program.")
        advice = say("Close it and try again.")
    elif _is_damage(error):
        message = say("The list of tasks is damaged; it is restored from its second record.")
        advice = say("Try again.")
    elif name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")):
        message = say("The list of tasks cannot be written.")
        advice = say("Check the folder {folder}.", folder=path.parent)
    else:
        message, advice = say("The list of tasks could not be used."), ""
    return LedgerError(message, advice, details=name, code=name)


def _disk_error(error: OSError, path: Path) -> LedgerError:
    """Not storage_error's sentences: which folder the ledger is in is not for the user to say."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = say("The disk is full, so a task cannot be noted down.")
        advice = say("Free some space.")
    else:
        message = say("The list of tasks cannot be written.")
        advice = say("Check the folder {folder}.", folder=path.parent)
    details = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return LedgerError(message, advice, details=details, code=details)


def _is_full(path: Path) -> bool:
    """SQLite has another word for a full disk where it cannot lengthen its -shm file."""
    try:
        return shutil.disk_usage(path.parent).free < 1 << 16
    except OSError:
        return False


def _takes(stored: Task | None, event: Submitted) -> bool:
    """May this acceptance be written into this row? Not over another job's."""
    return stored is not None and (
        stored.accepted is None or stored.accepted.job_id == event.accepted.job_id
    )


def _began(pid: int) -> str:
    """When a process began, in the kernel's ticks (proc(5), field 22 of stat): with its number,
    that tells it from all others since the machine was started. "" where there is no telling."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _place() -> str:
    """Where a process id means something: a machine, and on Linux a PID namespace (a sandboxed
    Blender sees no other's processes and would take them all for dead)."""
    try:
        return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid').replace(':', '')}"
    except OSError:
        return socket.gethostname()


def _write_ahead(db: sqlite3.Connection) -> None:
    """WAL, also when two Blenders make the file at the same moment: the switch upgrades a lock,
    for which SQLite does not wait (sqlite.org/c3ref/busy_handler.html). BEGIN IMMEDIATE does."""
    for attempt in range(20):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if attempt == 19:
                raise
            db.execute("BEGIN IMMEDIATE")
            db.execute("COMMIT")
