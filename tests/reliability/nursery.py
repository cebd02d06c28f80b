"""`python -m tests.reliability.nursery SOCKET`: forks an engine for each line on stdin, see
blenders.py."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests  # noqa: F401  (loaded before the forks)

import core.engine
import core.library
import core.providers.rodin
import core.providers.triverse
from core.accounts import Accounts
from core.engine import Engine, Folders, TaskChanged, TaskRemoved, Trouble
from core.providers import get_provider
from core.providers.options import make_request
from core.records import task_json
from core.worker import Cancelled, Worker

from . import points

SHORTER = 1000.0


def hurried(steps: Iterator[float]) -> Any:
    """The same steps with waits of a thousandth."""
    wait = next(steps, None)
    while wait is not None:
        try:
            yield wait / SHORTER
            wait = next(steps, None)
        except Cancelled as cancelled:
            try:
                wait = steps.throw(cancelled)  # type: ignore[attr-defined]
            except StopIteration:
                return


class Hurried(Worker):
    """The heartbeat keeps its time: a thousand commits a second are no Blender's."""

    def add(self, name: str, steps: Any, **options: Any) -> None:
        super().add(name, steps if name == "heartbeat" else hurried(steps), **options)


class Life:
    """In the forked process."""

    def __init__(self, asked: dict[str, Any], connection: socket.socket) -> None:
        self.connection = connection
        self.lock = threading.Lock()
        self.ahead = asked["ahead"]
        folder = Path(asked["folder"])
        self.folders = Folders(folder / "user", folder / "library")
        self.tell(what="pid", pid=os.getpid())
        note = self.note_point if asked["note_points"] else None
        points.install(asked["kill_at"], note, self.folders)
        core.engine.Worker = Hurried  # type: ignore[misc]
        self.engine = Engine(
            self.folders,
            Accounts(self.folders.keys, asked["environment"]),
            online=lambda: True,
            publish=self.publish,
            adopt=asked["adopt"],
            clock=lambda: time.time() + self.ahead,
        )
        self.engine.open()

    def tell(self, **what: object) -> None:
        with self.lock:
            self.connection.sendall(json.dumps(what).encode() + b"\n")

    def note_point(self, name: str) -> None:
        self.tell(what="point", name=name)

    def publish(self, notice: object) -> None:
        match notice:
            case TaskChanged(task=task):
                self.tell(what="task", task=task_json(task))
            case TaskRemoved(task_id=task_id):
                self.tell(what="removed", id=task_id)
            case Trouble(message=message):
                self.tell(what="trouble", message=message)

    def run(self) -> None:
        with self.connection.makefile("rb") as stream:
            for line in stream:
                said = json.loads(line)
                verb = said.pop("verb")
                if verb == "quit":
                    self.engine.close(10)
                    return
                self.obey(verb, **said)

    def obey(self, verb: str, **said: Any) -> None:
        engine = self.engine
        match verb:
            case "generate":
                count = said["pictures"]
                pictures = [str(self.picture(said["id"], n)) for n in range(count)]
                prompt = "" if count and said["service"] == "triverse" else said["prompt"]
                request = make_request(
                    get_provider(said["service"]), prompt=prompt, pictures=pictures
                )
                engine.generate(request, task_id=said["id"])
            case "resume":
                engine.resume(said["id"], again=said["again"])
            case "cancel" | "remove" | "imported":
                getattr(engine, verb)(said["id"])
            case "ahead":
                self.ahead = said["seconds"]
            case "idle":
                threading.Thread(target=self.until_idle, daemon=True).start()

    def until_idle(self) -> None:
        while engine_works(self.engine):
            time.sleep(0.002)
        self.tell(what="idle")

    def picture(self, task_id: str, number: int) -> Path:
        """As pictures.py leaves it for the engine: a PNG of 2 × 2 pixels."""
        folder = self.folders.inputs(task_id)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"input_{number + 1}.png"
        path.write_bytes(png())
        return path


def engine_works(engine: Engine) -> bool:
    """Has it work other than its heartbeat, which goes on as long as anything is open?"""
    with engine._desk._changed, engine._worker._changed:
        return bool(engine._worker._works or set(engine._desk._works) - {"heartbeat"})


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = (2).to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    rows = zlib.compress(b"\0\x80\x40\x20\x10\x90\xa0" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def main() -> None:
    # Else those that were killed stay as zombies, which look alive to `os.kill(pid, 0)`.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        if os.fork() == 0:
            sys.stdin.close()
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(sys.argv[1])
            try:
                Life(json.loads(line), connection).run()
                connection.close()
            except (BrokenPipeError, ConnectionResetError):
                pass  # the test is over
            os._exit(0)


if __name__ == "__main__":
    main()
