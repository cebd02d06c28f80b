"""Where things lie on disk, and failures to write there as sentences.

Thread: any. Nothing here but `written` is called on Blender's main thread.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import NamedTuple

from .errors import StorageError
from .language import say


class Folders(NamedTuple):
    """root: the extension's own folder, survives updates. library: where models are kept."""

    root: Path
    library: Path

    @property
    def ledger(self) -> Path:
        return self.root / "tasks.sqlite3"

    @property
    def keys(self) -> Path:
        return self.root / "keys.json"

    @property
    def downloads(self) -> Path:
        return self.root / "downloads"

    def inputs(self, task_id: str) -> Path:
        """For the PNGs that were made for one task."""
        return self.root / "inputs" / task_id

    def service(self, provider_id: str) -> Path:
        return self.root / "services" / provider_id


def written(file: Path) -> int:
    """When it was, in nanoseconds of Unix time; 0 if it is gone. Thread: any, the main one too."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


class writing:
    """Turns an OSError about writing `path` into a sentence."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise storage_error(error, self.path) from error


def storage_error(error: OSError, path: Path) -> StorageError:
    """The sentence for a failed write. Shows the folder, which is the user's own."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = say("The disk is full.")
        advice = say("Free some space, then press Resume: nothing is lost.")
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        message = say("The folder cannot be written to.")
        advice = say("Choose another in the preferences.")
    else:
        message = say("The file could not be written.")
        advice = say("Check the disk and the folder.")
    return StorageError(message, advice, details=f"{path.parent}: {error.strerror}")
