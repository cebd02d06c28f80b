"""Engines in processes of their own, as two Blenders have them: to be killed at any line.

    with Nursery() as nursery:
        blender = nursery.start(folder, sandbox)          # forked: about 20 ms
        task_id = blender.generate("rodin", "a blue vase")
        blender.until(lambda: blender.state(task_id) == "ready")
        blender.kill()                                     # SIGKILL; or blender.quit()
        blender = nursery.start(folder, sandbox, kill_at=17)   # kills itself at its 17th point

Waits are a thousandth of what they are, so that a job takes a second; the clock of leases and of
dates is the real one, moved by `ahead`. The nursery has no threads and has loaded everything, so
what it forks is like a fresh start of Blender, but quick.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.ledger import Ledger
from core.model import Task, TaskState
from core.records import task_from
from core.sandbox.server import Sandbox

from .outcomes import CRASHED, Died, Ended, Hung, Wrong

ROOT = Path(__file__).parents[2]


class Blender:
    """One engine's process. tasks: as told last. points: the names of the points it has passed,
    known after `quit` or its own death by `kill_at`. doomed: its death is meant."""

    def __init__(self, connection: socket.socket, doomed: bool = False) -> None:
        self.doomed = doomed
        self.tasks: dict[str, Task] = {}
        self.troubles: list[str] = []
        self.points: list[str] = []
        self._connection = connection
        self._heard: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.pid = 0
        self.dead = False
        self.until(lambda: self.pid)

    # --- what its user does -------------------------------------------------------------------

    def generate(self, service: str, prompt: str, pictures: int = 0, task_id: str = "") -> str:
        """pictures: how many prepared ones go along. Returns the task's id at once."""
        task_id = task_id or os.urandom(16).hex()
        self.say("generate", id=task_id, service=service, prompt=prompt, pictures=pictures)
        return task_id

    def resume(self, task_id: str, *, again: bool = False) -> None:
        self.say("resume", id=task_id, again=again)

    def cancel(self, task_id: str) -> None:
        self.say("cancel", id=task_id)

    def remove(self, task_id: str) -> None:
        self.say("remove", id=task_id)

    def imported(self, task_id: str) -> None:
        self.say("imported", id=task_id)

    def ahead(self, seconds: float) -> None:
        """Move its clock; it may also go back."""
        self.say("ahead", seconds=seconds)

    # --- what comes of it ---------------------------------------------------------------------

    def state(self, task_id: str) -> str:
        """ "" before it is known; see core.model.TaskState."""
        task = self.tasks.get(task_id)
        return task.state.value if task else ""

    @property
    def settled(self) -> bool:
        """Nothing is open, as far as was told."""
        return not any(task.state.is_open for task in self.tasks.values())

    def until(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        """Errors: Died; Hung after so long."""
        end = time.monotonic() + seconds
        while not condition():
            if self.dead:
                raise Died
            try:
                self._take(self._heard.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                raise Hung(f"it did not happen in {seconds:g} s: {self.tasks}") from None

    def until_ready(self, *task_ids: str) -> None:
        """Errors: Ended: one came to another end; and as `until`."""
        self.until(lambda: all(map(self._is_over, task_ids)))
        for task in (self.tasks[each] for each in task_ids):
            if task.state is not TaskState.READY:
                raise Ended(f"{task.state.value}: {task.message} {task.details}")

    def listen(self) -> None:
        """Take in what it has told until now. Errors: Died."""
        while not self.dead:
            try:
                self._take(self._heard.get_nowait())
            except queue.Empty:
                return
        raise Died

    def idle(self, seconds: float = 60.0) -> None:
        """Until its engine has nothing to do. Errors: as `until`."""
        self.say("idle")
        asked: list[bool] = []
        self._when_idle = lambda: asked.append(True)
        self.until(lambda: asked, seconds)

    def until_dead(self, seconds: float = 60.0) -> None:
        """Errors: Hung."""
        with suppress(Died):
            self.until(lambda: False, seconds)

    def quit(self) -> None:
        """As Blender quits: the engine is closed in order. Errors: Hung."""
        with suppress(Died):
            self.listen()
            self.doomed = True
            self.say("quit")
            self.until_dead()

    def kill(self) -> None:
        """Errors: Hung."""
        with suppress(Died, ProcessLookupError):
            self.listen()
            self.doomed = True
            os.kill(self.pid, signal.SIGKILL)
            self.until_dead()

    def say(self, verb: str, **arguments: Any) -> None:
        try:
            self._connection.sendall(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
        except OSError:
            pass  # it has died; `until` tells

    # --- below --------------------------------------------------------------------------------

    def _is_over(self, task_id: str) -> bool:
        return task_id in self.tasks and not self.tasks[task_id].state.is_open

    def _read(self) -> None:
        with self._connection.makefile("rb") as stream:
            try:
                for line in stream:
                    if line.endswith(b"\n"):  # what was cut off by its death tells nothing
                        self._heard.put(json.loads(line))
            except OSError:
                pass
        self._heard.put(None)

    def _take(self, told: dict[str, Any] | None) -> None:
        if told is None:
            self.dead = True
            self._connection.close()
            return
        match told["what"]:
            case "pid":
                self.pid = told["pid"]
            case "task":
                task = task_from(told["task"])
                self.tasks[task.id] = task
            case "removed":
                self.tasks.pop(told["id"], None)
            case "trouble":
                self.troubles.append(told["message"])
            case "point":
                self.points.append(told["name"])
            case "idle":
                self._when_idle()

    _when_idle: Callable[[], object] = staticmethod(lambda: None)


class Nursery:
    """The process that all of them are forked from."""

    def __enter__(self) -> Nursery:
        self._started: list[Blender] = []
        self._folder = tempfile.TemporaryDirectory(prefix="nursery-")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self._folder.name}/socket")
        self._listener.listen()
        self._listener.settimeout(60)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.nursery", f"{self._folder.name}/socket"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)
        self._listener.close()
        self._folder.cleanup()

    def start(
        self,
        folder: Path,
        sandbox: Sandbox,
        *,
        kill_at: int = 0,
        note_points: bool = False,
        ahead: float = 0.0,
        adopt: bool = True,
        keys: bool = True,
    ) -> Blender:
        """folder: of the user: `user` (ledger, downloads) and `library` in it. kill_at: SIGKILL at
        that point, counted from 1 (see points.py); 0: never. note_points: tell each of them.
        keys: in the environment."""
        asked = {
            "folder": str(folder),
            "kill_at": kill_at,
            "note_points": note_points,
            "ahead": ahead,
            "adopt": adopt,
            "environment": {
                **(
                    dict.fromkeys(("RODIN_API_KEY", "TRIVERSE_API_KEY"), sandbox.key)
                    if keys
                    else {}
                ),
                "HYPER3D_BASE_URL": sandbox.rodin_url,
                "TRIVERSE_BASE_URL": sandbox.triverse_url,
            },
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        connection, _ = self._listener.accept()
        self._started.append(Blender(connection, doomed=kill_at > 0))
        return self._started[-1]

    def clear(self) -> list[Wrong]:
        """Kill those that a trial has left, which would go on asking the service. Returns those
        that died before, of themselves."""
        for blender in self._started:
            blender.kill()
        died = [b.pid for b in self._started if not b.doomed]
        self._started.clear()
        return [Wrong(CRASHED, f"the process {pid} died of itself") for pid in died]


def ledger_of(folder: Path) -> list[Task]:
    """What the ledger holds, read from here."""
    ledger = Ledger(folder / "user" / "tasks.sqlite3")
    try:
        return ledger.tasks()
    finally:
        ledger.close()
