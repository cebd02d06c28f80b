"""File systems of our own, seen by one thread and by what it starts, by nobody else; and folders in
memory.

Linux, as root: a private mount namespace (unshare(2), mount_namespaces(7)). It ends with the last
process in it, and all that was mounted there with it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 1 << 14, 1 << 18


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder for tests that pull no plug, and need not wait for a disk; where memory is no place
    for files or has no room, an ordinary one."""
    shared = Path("/dev/shm")
    room = shared.is_dir() and shutil.disk_usage(shared).free > 2 << 30
    where = shared if room else None
    with tempfile.TemporaryDirectory(dir=where, ignore_cleanup_errors=True) as name:
        yield Path(name)


class Impossible(Exception):
    """This machine or user cannot; the text says why."""


def with_private_mounts(play: Callable[[], None]) -> None:
    """Run it in a thread that has them. Errors: Impossible, and its own."""

    def run() -> None:
        try:
            _call("unshare", CLONE_NEWNS)
        except OSError as error:
            raise Impossible(f"no mounts of one's own: {error.strerror} (needs root)") from error
        mount("none", Path("/"), "", MS_REC | MS_PRIVATE)
        play()

    if sys.platform != "linux":
        raise Impossible("mounts of one's own are for Linux only")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def mount(source: str, target: Path, kind: str = "tmpfs", flags: int = 0, data: str = "") -> None:
    """data: of tmpfs: "size=8m,nr_inodes=100"."""
    words = (text.encode() for text in (source, str(target), kind))
    _call("mount", *words, ctypes.c_ulong(flags), data.encode())


def read_only(folder: Path, on: bool = True) -> None:
    """The folder, a mount of its own; nobody may have a file in it open for writing."""
    mount("none", folder, "", MS_REMOUNT | MS_BIND | (MS_RDONLY if on else 0))


def bind(source: Path, target: Path) -> None:
    mount(str(source), target, "", MS_BIND)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
