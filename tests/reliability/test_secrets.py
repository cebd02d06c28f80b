"""The key, signatures of links and Rodin's subscription keys: in no file, log, message, argument
or environment, whatever happens; but for the places made for them, which only the user can read.

Whole stories are played by an engine in a process of its own (`python -m
tests.reliability.test_secrets SOCKET`), with all loggers at DEBUG, folders and TMPDIR of its own,
and a service that says the secrets aloud wherever it can. Then all that was written is searched.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.accounts import Accounts
from core.sandbox.server import Sandbox
from tests.services import faults
from tests.services.scripted import HEAR, Scripted

from .blenders import ROOT, Blender
from .nursery import Life
from .outcomes import MESSAGE, OTHER, Wrong, all_hold, note

KEY, WRONG_KEY = "vendor-key-4711-that-nobody-may-see", "wrong-key-0815-that-nobody-may-see"
SIGNED = b"Signature="
ANY = "failed stopped unconfirmed ready"
MODES = {"keys.json", "tasks.sqlite3", "tasks.sqlite3-wal", "tasks.sqlite3-shm", "tasks.journal"}


class Loud(Life):
    """Prints all that a user could be shown, and all that is told to whoever reads tracebacks."""

    def publish(self, notice: object) -> None:
        print(repr(notice))  # with every sentence, note and detail
        super().publish(notice)

    def obey(self, verb: str, **said: Any) -> None:
        if verb == "balance":
            self.engine.balance(said["service"])
        else:
            super().obey(verb, **said)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s")
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    Loud(json.loads(sys.stdin.readline()), connection).run()
    sys.stdout.flush()
    os._exit(0)


class Stage:
    """folder: of the user: home, tmp, user, library, and what was printed."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.tickets: set[bytes] = set()
        self.told: list[bytes] = []
        self.wrong: list[Wrong] = []
        for name in ("home", "tmp", "user", "library"):
            (folder / name).mkdir(parents=True)
        self.have(KEY)

    def have(self, key: str) -> None:
        accounts = Accounts(self.folder / "user" / "keys.json", {})
        for service in ("rodin", "triverse"):
            accounts.set_key(service, key)

    def start(self) -> Blender:
        folder, sandbox = self.folder, self.sandbox
        asked = {"folder": str(folder), "kill_at": 0, "note_points": 0, "ahead": 0.0, "adopt": True}
        asked["environment"] = {
            "HYPER3D_BASE_URL": sandbox.rodin_url,
            "TRIVERSE_BASE_URL": sandbox.triverse_url,
        }
        homes = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
        with socket.socket(socket.AF_UNIX) as listener:
            path = folder.parent / "socket"
            path.unlink(missing_ok=True)
            listener.bind(str(path))
            listener.listen()
            listener.settimeout(60)
            with open(folder / "printed", "ab") as printed:
                process = subprocess.Popen(
                    [sys.executable, "-u", "-m", "tests.reliability.test_secrets", str(path)],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    env={**homes, "PATH": os.environ["PATH"]},
                )
            assert process.stdin
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.close()
            connection, _ = listener.accept()
        self.process = process
        return Blender(connection)

    def look_at_processes(self) -> None:
        """Arguments and environment of the engine's process and of all that it started."""
        todo = [self.process.pid]
        for pid in todo:
            for name in ("cmdline", "environ"):
                self.told.append(Path(f"/proc/{pid}/{name}").read_bytes())
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    todo += map(int, (thread / "children").read_text().split())

    def play(self, service: str, ends: str, fault: Any = None, pictures: int = 0) -> None:
        """One order. Where it may end in any way, it is given up when it would wait for an hour."""
        self.sandbox.intercept = self.listen(fault)
        self.sandbox.refill()
        task_id = self.blender.generate(service, "a blue vase", pictures)
        tasks = self.blender.tasks

        def over() -> bool:
            task = tasks.get(task_id)
            if task and task.state.is_open and ends == ANY and "list the model" in task.note:
                self.blender.cancel(task_id)
            return bool(task) and not task.state.is_open

        self.blender.until(over, 30)
        if (state := self.blender.state(task_id)) not in ends.split():
            what = f"{state}, not {ends}: {tasks[task_id].message}"
            self.wrong.append(Wrong(MESSAGE, what, service))
        self.blender.idle()

    def listen(self, fault: Any) -> Any:
        """Carries out as ever, or with a fault, and notes the subscription keys given out."""

        def intercept(request: Any, carry_out: Any) -> Any:
            def heard() -> Any:
                reply = carry_out()
                if b'"subscription_key"' in reply.body:
                    ticket = json.loads(reply.body)["jobs"]["subscription_key"]
                    self.tickets.add(ticket.encode())
                return reply

            reply = fault(request, heard) if fault else None
            return heard() if reply is None else reply

        return intercept

    def look(self) -> None:
        """Where is a secret that has no business there?"""
        secrets = {"key": KEY.encode(), "wrong key": WRONG_KEY.encode(), "signature": SIGNED}
        secrets |= {f"ticket {n}": ticket for n, ticket in enumerate(self.tickets)}
        wrong = []
        for path in self.folder.rglob("*"):
            if not path.is_file():
                continue
            content, name = path.read_bytes(), str(path.relative_to(self.folder))
            if path.name in MODES and stat.S_IMODE(path.stat().st_mode) != 0o600:
                wrong.append(f"{name} can be read by others")
            for what, secret in secrets.items():
                kept = name == "user/keys.json" if "key" in what else path.name in MODES
                if secret in content and not (kept and what != "signature"):
                    wrong.append(f"{what} in {name}")
        for text in self.told:
            wrong += [f"{what} told to a process" for what in secrets if secrets[what] in text]
        self.wrong += [Wrong(OTHER, what) for what in sorted(set(wrong))]


@pytest.fixture
def stage(tmp_path):
    with Sandbox(tmp_path / "service", key=KEY, seconds=0) as sandbox:
        sandbox.triverse.duplicate_seconds = 0.0
        sandbox.triverse.uploads_per_minute = 10_000
        stage = Stage(tmp_path / "user of it", sandbox)
        stage.blender = stage.start()
        try:
            yield stage
        finally:
            stage.blender.kill()
            stage.process.wait(10)


PLACES = {
    "rodin": (faults.RODIN_SUBMIT, faults.RODIN_STATUS, faults.RODIN_DOWNLOAD),
    "triverse": (faults.TRIVERSE_CREATE, faults.TRIVERSE_STATUS, faults.TRIVERSE_URL),
}
ALOUD = f"Key {KEY} see https://h.example.com/x?Expires=1&Signature=abc or ?Signature=abc"


def says(service: str, status: int) -> Any:
    """A refusal that repeats the key and a link."""
    if service == "rodin":
        return faults.rodin_error("INVALID_REQUEST", status, ALOUD)
    return faults.triverse_error(4000, status, ALOUD)


def leads_to(url: str) -> Any:
    """All links lead there."""

    def fault(request: Any, carry_out: Any) -> Any:
        reply = carry_out()
        text = reply.body.decode()
        for part in text.split('"'):
            if SIGNED.decode() in part:
                text = text.replace(part, url)
        return replace(reply, body=text.encode())

    return fault


def stories(service: str) -> Iterator[tuple[str, Any]]:
    """How each has to end, and what goes wrong in it."""
    on, submit, status, links = faults.on, *PLACES[service]
    yield "ready", None
    wrecks = [says(service, 400), says(service, 403), faults.lose_answer(), faults.html(200)]
    wrecks += [faults.html(502), faults.json([1]), faults.half()]
    wrecks += [faults.redirect("http://127.0.0.1:9/?Signature=x")]
    for wreck in wrecks:
        yield ANY, on(submit, wreck)
    for wreck in (says(service, 500), faults.drop(), faults.json({"jobs": ALOUD, "data": 7})):
        yield ANY, on(status, wreck, times=2)
    for url in (
        "file:///etc/passwd",
        "http://10.0.0.1/x",
        "http://a:b@127.0.0.1/x",
        "http://[::1]:9",
    ):
        yield ANY, on(links, leads_to(f"{url}?Expires=9&Signature=abc"), times=None)
    yield "ready", on(faults.MODEL, faults.cut_body(1000), times=2)
    yield "ready", on(faults.MODEL, faults.answer(403))
    for wreck in (
        faults.redirect("http://10.0.0.1/?Signature=abc"),
        faults.html(200),
        faults.outside_file("file:///x?Signature=abc"),
        faults.answer(500, ALOUD.encode()),
    ):
        yield ANY, on(faults.MODEL, wreck, times=None)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", ["rodin", "triverse"])
def test_no_secret_gets_out(stage, service):
    count = 6 + len([stage.play(service, ends, fault) for ends, fault in stories(service)])
    stage.play(service, "ready", pictures=1)
    with Scripted(*[[HEAR, b"HTTP/1.1 200 OK\r\nno header\r\n\r\nhello"]] * 8) as odd:
        there = leads_to(f"{odd.url}/m.glb?Expires=9&Signature=abc")
        stage.play(service, ANY, faults.on(PLACES[service][2], there, times=None))
        assert odd.heard
    stage.look_at_processes()

    # Killed while the model comes; taken up by the next start.
    stage.sandbox.intercept = stage.listen(faults.on(faults.MODEL, faults.slow(100, 0.02)))
    task_id = stage.blender.generate(service, "a red vase")
    downloads = stage.folder / "user" / "downloads"
    stage.blender.until(lambda: stage.blender.state(task_id) == "downloading")
    stage.blender.kill()
    stage.process.wait(10)
    assert list(downloads.glob(f"{task_id}.*.glb.part"))
    assert len(stage.tickets) >= (10 if service == "rodin" else 0)
    stage.look()
    stage.sandbox.intercept = stage.listen(None)
    stage.blender = stage.start()
    stage.blender.until(lambda: stage.blender.state(task_id) == "ready")
    stage.blender.say("balance", service=service)
    stage.blender.idle()
    stage.blender.quit()

    # A key that is refused, one that cannot be one, and nobody there.
    for key in (WRONG_KEY, f"{WRONG_KEY}\u00e9"):
        stage.have(key)
        stage.blender = stage.start()
        stage.play(service, ANY)
        stage.look_at_processes()
        stage.blender.quit()
    stage.have(KEY)
    stage.blender = stage.start()
    stage.sandbox.stop()
    stage.play(service, ANY)
    stage.blender.quit()

    stage.look()
    note("content", service, "secrets", "kept" if not stage.wrong else "wrong",
         tried=count, wrong=stage.wrong)  # fmt: skip
    all_hold(stage.wrong)
    printed = (stage.folder / "printed").read_text()
    assert "urllib3.connectionpool" in printed, "it was not logged after all"
    assert "?…" in printed
    files = sum(path.is_file() for path in stage.folder.rglob("*"))
    print(f"secrets, {service}: {count} stories, {files} files, {len(printed):,} letters printed")


if __name__ == "__main__":
    main()
