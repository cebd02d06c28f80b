"""One background Blender, from its start to its end: the program is child.py.

It gets nothing secret, neither as argument nor in its environment, and a user folder of its own: no
add-on, extension or start-up script of the user's runs there. (A Blender on the same folder with
other extensions enabled may also put the wheels that they share in order: `extensions_refresh`,
scripts/modules/addon_utils.py.)

Thread: main; the start itself is done in a thread of its own, as it takes long where a program is
looked at before it runs. Never waits but in `close`.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import bpy

from ..core.language import say

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

TAIL = 1500  # characters of what it printed, for a report
FULL = 1 << 20  # bytes left on a disk that is full
CLOSING = 5.0  # seconds that Blender's end waits for it

# What might be secret, by the name; URLs of proxies may hold passwords.
_SECRET = re.compile(
    r"KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|COOKIE|_PROXY$|(^|_)PAT$|DSN$"
    r"|^(HYPER3D|RODIN|TRIVERSE|MAQUETTE)_",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"://[^/\s@]*:[^/\s@]*@")
_NAME, IN_USE = "maquette-", "in-use"
_USERS = "BLENDER_USER_"  # where Blender looks for what belongs to its user


def command(folder: Path) -> list[str]:
    program = str(Path(__file__).with_name("child.py"))
    options = ["--background", "--factory-startup", "--offline-mode", "-noaudio"]
    options += ["--python-exit-code", "1", "--python", program, "--"]
    options += [str(folder.parent), folder.name]
    return [bpy.app.binary_path, *options]


def environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not (_SECRET.search(name) or _PASSWORD.search(value) or name.startswith(_USERS))
    }
    # Blender makes a folder in the temporary one, which stays when it is killed.
    own = {name: str(folder) for name in ("TMPDIR", "TEMP", "TMP")}
    return kept | own | {f"{_USERS}RESOURCES": str(folder / "user")}


def shared_folder() -> tuple[Path, IO[bytes]]:
    """A folder for this user alone, and the open file that says it is in use, as long as it is
    open. Errors: OSError."""
    folder = Path(tempfile.mkdtemp(prefix=_NAME))
    try:
        half = folder / "half"
        file = half.open("wb")
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
            half.rename(folder / IN_USE)  # locked before another may look at it
        else:
            file.close()
            file = (folder / IN_USE).open("wb")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder, file


def sweep(temp: Path) -> None:
    """Remove what Blenders that were killed have left there. Thread: any; takes its time."""
    for mark in temp.glob(f"{_NAME}*/{IN_USE}"):
        if mark.is_file() and _is_left(mark):
            shutil.rmtree(mark.parent, ignore_errors=True)
            with suppress(OSError):  # gone, as it should be
                mark.touch()  # for the next time


def _is_left(mark: Path) -> bool:
    """Is nobody there any more who has it open?"""
    try:
        if fcntl is None:
            mark.unlink()  # refused on Windows while it is open
            return True
        with mark.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False


class Background:
    """since: when it was started (time.monotonic). What it prepares lies in `folder`, below
    `shared`, and stays there when the process ends; if this Blender is gone, `shared` goes, too."""

    def __init__(self, shared: Path) -> None:
        """Errors: OSError: no folder can be made."""
        self.since = time.monotonic()
        self.folder = Path(tempfile.mkdtemp(dir=shared))
        self._process: subprocess.Popen[str] | None = None
        self._trouble = ""
        self._ready = self._unwanted = False
        self._starter = threading.Thread(target=self._start, name="maquette-start", daemon=True)
        self._starter.start()

    def _start(self) -> None:
        try:
            with (self.folder / "log.txt").open("wb") as output:
                # From a Blender of 3 GB, too, it takes less than a millisecond on Linux, where
                # nothing is copied for it (`_USE_VFORK`, Lib/subprocess.py).
                self._process = subprocess.Popen(
                    command(self.folder),
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment(self.folder),
                    text=True,
                    encoding="utf-8",
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            if self._unwanted:  # nobody could wait for the start any longer
                self._process.kill()
        except OSError as error:
            self._trouble = error.strerror or type(error).__name__

    @property
    def ready(self) -> bool:
        """Does it take orders?"""
        self._ready = self._ready or (self.folder / "ready.json").exists()
        return self._ready

    @property
    def ended(self) -> str:
        """ "" while it runs or is being started; else how it ended: "0" for want of work, another
        number, or why it could not be started."""
        if self._starter.is_alive():
            return ""
        if self._process is None:
            return self._trouble
        code = self._process.poll()
        return "" if code is None else str(code)

    def send(self, order: dict[str, Any]) -> None:
        """To one that is ready. Does not block, even if nobody reads: a few hundred bytes into a
        pipe that is empty."""
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended: `ended` says so

    def answer(self, number: int) -> dict[str, Any] | None:
        """What it wrote about the order of that number; None while that is not there. Errors:
        OSError, ValueError."""
        file = self.folder / f"{number}.json"
        if not file.exists():
            return None
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(told, dict) or not isinstance(told.get("ok"), bool):
                raise ValueError("no answer")
        except PermissionError:  # Windows: somebody is looking at it; the next look will do
            return None
        with suppress(OSError):
            file.unlink()
        return told

    def blend(self, number: int) -> Path:
        return self.folder / f"{number}.blend"

    @property
    def tail(self) -> str:
        """What it printed last."""
        try:
            text = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text[-TAIL:].strip()

    @property
    def folder_problem(self) -> str:
        """ "" or why nothing can be written where it works, in words."""
        try:
            return say("it is full") if shutil.disk_usage(self.folder).free < FULL else ""
        except OSError:
            return say("it is gone")

    def kill(self) -> bool:
        """Returns whether it is gone; to be called again until it is."""
        if self._starter.is_alive():
            return False
        if self._process is None:
            return True
        with suppress(OSError):  # Windows: it is going already
            self._process.kill()
        with suppress(OSError):  # what it was told last did not go through
            self._process.stdin.close()  # type: ignore[union-attr]
        return self._process.poll() is not None

    def close(self) -> None:
        """Kill it, and wait for that, but not for one that hangs on a dead drive."""
        self._unwanted = True
        self._starter.join(CLOSING)
        self.kill()
        try:
            if self._process is not None:
                self._process.wait(CLOSING)
        except subprocess.TimeoutExpired:
            pass
