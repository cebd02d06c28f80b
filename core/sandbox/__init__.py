"""The built-in Sandbox: a local service to practise with, offline and free.

One per folder and process; it stops by itself when nobody asks and comes back when somebody does.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import Sandbox

IDLE_SECONDS = 20.0

_lock = threading.Lock()
_sandboxes: dict[Path, Sandbox] = {}


def local(folder: Path) -> Sandbox:
    """The Sandbox on `folder`, started if it does not run, its practice credits filled up.

    Its URLs change with each start: ask here before every use. Thread: any. Errors: OSError.
    """
    from .server import Sandbox  # not before it is needed: it brings an HTTP server along

    with _lock:
        sandbox = _sandboxes.get(folder)
        if sandbox is None:
            sandbox = _sandboxes[folder] = Sandbox(folder, idle_seconds=IDLE_SECONDS)
        if not sandbox.touch():
            sandbox.start()
        sandbox.refill()
        return sandbox


def stop_all() -> None:
    """Stop every Sandbox and wait for its threads. For when the extension is disabled."""
    with _lock:
        sandboxes = list(_sandboxes.values())
        _sandboxes.clear()
    for sandbox in sandboxes:
        sandbox.stop()
