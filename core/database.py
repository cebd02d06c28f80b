"""The SQLite file under the ledger: opened, made, checked, restored; every failure as a sentence.

WAL mode with full syncs: when a transaction is over, a power cut does not undo it
(sqlite.org/pragma.html#pragma_synchronous). A file that is damaged or gone is made anew from the
journal beside it. Thread: any but Blender's main one, calls take turns.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .errors import LedgerError
from .journal import Journal
from .language import say
from .model import Task
from .records import read_task, task_json
from .restore import Restored, restore, unsure

SCHEMA = 1
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


class Database:
    """path: made if missing, with its folder, readable by the user only (tickets lie in it).
    library: where models are kept, to restore from. restored: what was, since this was made.
    patience: seconds to wait for another program that holds the file."""

    def __init__(self, path: Path, journal: Journal, library: Path | None) -> None:
        self.path = path
        self.patience = 10.0
        self.restored: Restored | None = None
        self._library = library
        self._journal = journal
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._files: object = None  # devices and inodes of what is open

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                db = self._connection()
                db.execute(f"PRAGMA busy_timeout = {round(self.patience * 1000)}")
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
        # Another Blender may have put a restored ledger into its place. And where somebody tidied
        # the -wal away, those that have it open and those that come later would see two lists.
        if self._db and self._files != self._identities():
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
            self._files = self._identities()
        return self._db

    def _identities(self) -> object:
        return [_identity(Path(f"{self.path}{end}")) for end in ("", "-wal")]

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Take from the journal what the ledger lacks: without its -wal file, which somebody tidied
        away, SQLite opens an older one in silence."""
        db.execute("BEGIN IMMEDIATE")
        stored = {task.id: task for task in stored_tasks(db)}
        ids = {row[0] for row in db.execute("SELECT id FROM tasks")}
        known, removed, _whole = self._journal.read()
        for task in known.values():
            if task.id not in ids:
                insert(db, unsure(task))
            elif task.id in stored and _order(stored[task.id]) < _order(task):
                db.execute(
                    "UPDATE tasks SET state = ?, updated = ?, task = ? WHERE id = ?",
                    (task.state.value, task.updated, task_json(task), task.id),
                )
        db.executemany("DELETE FROM tasks WHERE id = ?", [(task_id,) for task_id in removed & ids])
        db.execute("COMMIT")
        if self._journal.is_long:
            # What is only in the -wal would come back as it was before, were that tidied away.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("BEGIN IMMEDIATE")
            self._journal.rewrite(stored_tasks(db))
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
        """Make an empty file a ledger with these tasks, which nobody holds."""
        db.execute("BEGIN IMMEDIATE")
        _make_tables(db)
        for task in tasks:
            insert(db, task)
        db.execute("COMMIT")

    def _drop(self) -> None:
        if self._db:
            self._db.close()
            self._db = None

    def close(self) -> None:
        with self._lock:
            self._drop()


def insert(db: sqlite3.Connection, task: Task, owner: str = "", lease_until: float = 0.0) -> None:
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
            lease_until,
        ),
    )


def stored_tasks(db: sqlite3.Connection, since: float = 0.0) -> list[Task]:
    rows = db.execute("SELECT task FROM tasks WHERE updated >= ? ORDER BY created", (since,))
    return [task for row in rows if (task := read_task(row[0]))]


def _order(task: Task) -> tuple[int, float]:
    return task.step, task.updated


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
    may_be_full = name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY"))
    if name.startswith("SQLITE_FULL") or (may_be_full and _is_full(path)):
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
