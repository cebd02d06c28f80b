"""The points at which a forked engine may be killed: before and after whatever leaves a trace.

A file made, synced, renamed or removed; a COMMIT; a request sent, its answer begun, a piece of a
body read. Counted in the order in which they are passed, over all threads.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

import core.download
import core.http
from core.storage import Folders

PIECES = 4  # of a body; the others are like them

_lock = threading.Lock()
_count = 0


def install(kill_at: int, note: Callable[[str], None] | None, folders: Folders) -> None:
    """kill_at: SIGKILL instead of passing that point; 0: none. note: told each name."""
    roots = (str(folders.root), str(folders.library))

    def point(name: str) -> None:
        global _count
        with _lock:
            _count += 1
            if _count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if note:
                note(name)

    def around(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*arguments: Any, **options: Any) -> Any:
            if not ours(arguments[0], roots):
                return function(*arguments, **options)
            point(f"before {name}")
            result = function(*arguments, **options)
            point(f"after {name}")
            return result

        return wrapped

    for name in ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir"):
        setattr(os, name, around(name, getattr(os, name)))

    opened = io.open

    @functools.wraps(opened)
    def open_(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        writes = set(mode) & set("wxa+") and ours(file, roots)
        result = opened(file, mode, *arguments, **options)
        if writes:
            point("after open")
        return result

    builtins.open = io.open = open_  # type: ignore[assignment]

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            commits = sql == "COMMIT"
            if commits:
                point("before COMMIT")
            result = super().execute(sql, *arguments)
            if commits:
                point("after COMMIT")
            return result

    sqlite3.connect = functools.partial(sqlite3.connect, factory=Connection)  # type: ignore[assignment]

    asked = requests.Session.request

    @functools.wraps(asked)
    def request(self: Any, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        where = url.partition("?")[0].rpartition("/")[2][:20]
        point(f"before {method} {where}")
        response = asked(self, method, url, *arguments, **options)
        point(f"after {method} {where}")
        return response

    requests.Session.request = request  # type: ignore[method-assign]

    chunks = core.http.read_chunks

    def read_chunks(*arguments: Any, **options: Any) -> Any:
        for number, chunk in enumerate(chunks(*arguments, **options)):
            if number < PIECES:
                point(f"piece {number}")
            yield chunk

    core.http.read_chunks = core.download.read_chunks = read_chunks  # type: ignore[assignment]


def ours(file: Any, roots: tuple[str, ...]) -> bool:
    """Is it (a path, or an open file's number) below the user's folders?"""
    if isinstance(file, int):
        try:
            file = os.readlink(f"/proc/self/fd/{file}")
        except OSError:
            return False
    return isinstance(file, (str, Path)) and str(file).startswith(roots)
