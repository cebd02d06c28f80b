"""Writing to disk so that a file appears only when it is whole, and a failure is a sentence.

Thread: any. Nothing here is called on Blender's main thread.
"""

from __future__ import annotations

import errno
from pathlib import Path

from .errors import StorageError


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
        message, advice = "The disk is full.", "Free some space, then press Retry: nothing is lost."
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        message, advice = "The folder cannot be written to.", "Choose another in the preferences."
    else:
        message, advice = "The file could not be written.", "Check the disk and the folder."
    return StorageError(message, advice, details=f"{path.parent}: {error.strerror}")
