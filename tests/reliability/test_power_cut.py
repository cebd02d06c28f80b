"""The power is cut: what was written and not synced is gone.

A library that is loaded before all others (synced.c, compiled here) holds each fsync of an engine's
process until the user's folders have been noted down as they would be found after a cut at that
moment; the same is done at each request, before its answer. In three ways:

- names as they are, contents as synced last (a journaling file system such as ext4);
- also names as synced last, by an fsync of their folder (all that POSIX promises);
- names as they are, and of each file that was not synced by chance its new or its old content.

For each of them: the ledger opens or is restored, and nothing is missing from it that the user was
told or a service was sent.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.ledger import Ledger
from core.model import Task, TaskState
from core.sandbox.server import Sandbox

from .blenders import Blender, Nursery
from .ending import next_starts
from .outcomes import DOUBLE, LOST, MESSAGE, Wrong, all_hold, caught, note_ends

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
JOBS = {"rodin, pictures": ("rodin", 2), "triverse, picture": ("triverse", 1)}
EACH = 1 if FULL else 8  # of so many cuts one is also gone on from, by the next start of Blender
WAYS = ("synced contents", "synced names", "by chance")
SMALL = 256 << 10  # bytes; larger files are not looked at where they are not synced
Files = dict[str, bytes]  # by their paths in the user's folder


@dataclass
class Cut:
    at: str  # what was synced
    files: dict[str, Files]  # by the way
    told: dict[str, Task]
    sent: list[tuple[str, str, float, str]]  # as Sandbox.charges


class Cuts(threading.Thread):
    """Answers synced.c. folder: of the user, in memory: there no inode's number is used twice."""

    def __init__(self, folder: Path, socket_path: str, sandbox: Sandbox) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.sandbox = sandbox
        self.blender: Blender | None = None
        self.cuts: list[Cut] = []
        self._contents: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {}
        self._rng = random.Random(1)
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(socket_path)
        self._listener.listen(64)
        self.start()

    def run(self) -> None:
        while True:
            wire, _ = self._listener.accept()
            with wire:
                process, descriptor = wire.recv(64).decode().split()
                place = f"/proc/{process}/fd/{descriptor}"
                name = os.readlink(place)
                if name.startswith(str(self.folder)):
                    with self._lock:
                        self._note(Path(place))
                        self._cut(name.removeprefix(f"{self.folder}/"))
                wire.sendall(b".")

    def cut(self, at: str) -> None:
        """Now."""
        with self._lock:
            self._cut(at)

    def asked(self, request, carry_out):
        """For Sandbox.intercept: what was asked has been done, and the answer is on its way."""
        reply = carry_out()
        self.cut(f"{request.method} {request.path[:40]}")
        return reply

    def _note(self, place: Path) -> None:
        inode = place.stat().st_ino
        if place.is_dir():
            self._names[inode] = {e.name: e.inode() for e in os.scandir(place)}
        else:
            self._contents[inode] = place.read_bytes()

    def _cut(self, at: str) -> None:
        # What it told before, also where it still lies in the socket.
        blender = self.blender
        while blender and not blender.dead and (_unread(blender) or not blender._heard.empty()):
            time.sleep(0.001)
        time.sleep(0.001)
        told = dict(blender.tasks) if blender else {}
        self.cuts.append(Cut(at, {w: {} for w in WAYS}, told, list(self.sandbox.charges)))
        for top in ("user", "library"):
            if (self.folder / top).is_dir():
                self._walk(self.folder / top, top)
                self._walk_synced((self.folder / top).stat().st_ino, top)

    def _walk(self, folder: Path, name: str) -> None:
        files = self.cuts[-1].files
        for entry in os.scandir(folder):
            place = f"{name}/{entry.name}"
            if entry.is_dir():
                self._walk(Path(entry.path), place)
                continue
            synced = self._contents.get(entry.inode(), b"")
            files["synced contents"][place] = files["by chance"][place] = synced
            try:
                if entry.stat().st_size < SMALL and self._rng.random() < 0.5:
                    files["by chance"][place] = Path(entry.path).read_bytes()
            except FileNotFoundError:
                pass  # another thread goes on meanwhile

    def _walk_synced(self, inode: int, name: str) -> None:
        for entry, number in self._names.get(inode, {}).items():
            if number in self._names:
                self._walk_synced(number, f"{name}/{entry}")
            else:
                content = self._contents.get(number, b"")
                self.cuts[-1].files["synced names"][f"{name}/{entry}"] = content


def _unread(blender: Blender) -> int:
    count = bytearray(4)
    try:
        fcntl.ioctl(blender._connection, termios.FIONREAD, count)
    except (OSError, ValueError):
        return 0
    return int.from_bytes(count, sys.byteorder)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or not compiler or not os.path.isdir("/dev/shm"):
        pytest.skip("cutting the power takes Linux, a C compiler and /dev/shm")
    library = tmp_path_factory.mktemp("shim") / "synced.so"
    source = Path(__file__).with_name("synced.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="power-cut-", dir="/dev/shm") as name:
        yield Path(name)


def lay_out(files: Files, folder: Path) -> None:
    for name in ("user", "library"):
        (folder / name).mkdir(parents=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def missing(cut: Cut, folder: Path, sums: set[str]) -> list[Wrong]:
    """What the user was told, or a service was sent, and the ledger does not know."""
    ledger = Ledger(folder / "user" / "tasks.sqlite3", library=folder / "library")
    stored = {task.id: task for task in ledger.tasks()}
    ledger.close()
    found = []
    for task in cut.told.values():
        kept = stored.get(task.id)
        if kept is None:
            found.append(f"{task.id} ({task.state.value})")
        elif task.accepted and (not kept.accepted or kept.accepted.job_id != task.accepted.job_id):
            found.append(f"the job of {task.id}")
        elif task.submit_key and kept.submit_key != task.submit_key:
            found.append(f"the order number of {task.id}")
        elif task.state in (TaskState.READY, TaskState.IMPORTED):
            model = folder / "library" / Path(task.folder).name / task.model
            if kept.state not in (TaskState.READY, TaskState.IMPORTED):
                found.append(f"the end of {task.id}: {kept.state.value}")
            if not model.is_file() or hashlib.sha256(model.read_bytes()).hexdigest() not in sums:
                found.append(f"the model of {task.id}")
            elif json.loads(model.with_name("task.json").read_bytes() or b"{}") == {}:
                found.append(f"the record of {task.id}")
    for service, job, _, key in cut.sent:
        ours = [task for task in stored.values() if task.request.provider == service]
        jobs = [task.accepted.job_id for task in ours if task.accepted]
        if job not in jobs and not any(t.submit_key and key in ("", t.submit_key) for t in ours):
            found.append(f"the order of {job}")
    return [Wrong(LOST, f"{what} is missing") for what in found]


def goes_on(
    cut: Cut, service: str, folder: Path, nursery: Nursery, sandbox: Sandbox
) -> list[Wrong]:
    """The next start. The future of this cut, beside that of the others, at one service."""
    before = len(sandbox.charges)
    sandbox.refill()
    tasks = next_starts(nursery, sandbox, folder)
    charged = len(cut.sent) + len(sandbox.charges) - before
    good = {TaskState.READY, TaskState.IMPORTED}
    if service == "rodin":
        good |= {TaskState.UNCONFIRMED}
    found = [Wrong(DOUBLE, f"charged {charged} times")] if charged > 1 else []
    for task in tasks:
        if task.state not in good:
            kind = LOST if task.accepted else MESSAGE
            found.append(Wrong(kind, f"ended {task.state.value}: {task.message}"))
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("job", JOBS)
def test_power_cut_at_every_sync(tmp_path, monkeypatch, shim, folder, sandbox, job):
    service, pictures = JOBS[job]
    cuts = Cuts(folder, str(tmp_path / "socket"), sandbox)
    popen = subprocess.Popen

    def preloaded(*arguments, env, **options):
        env = {**env, "LD_PRELOAD": str(shim), "SYNCED_SOCKET": str(tmp_path / "socket")}
        return popen(*arguments, env=env, **options)

    with monkeypatch.context() as patch, Nursery() as nursery:
        patch.setattr(subprocess, "Popen", preloaded)
        with Nursery() as watched:
            cuts.blender = blender = watched.start(folder, sandbox)
            sandbox.intercept = cuts.asked
            task_id = blender.generate(service, "a blue vase", pictures)
            blender.until_ready(task_id)
            blender.imported(task_id)
            blender.until(lambda: blender.state(task_id) == "imported")
            blender.idle()
            cuts.cut("the end")
            blender.quit()
        sandbox.intercept = None
        assert len(cuts.cuts) > 20
        jobs = [sandbox.jobs.get(job_id, service) for _, job_id, _, _ in sandbox.charges]
        made = [sandbox.jobs.file(j, name) for j in jobs for name in ("model.glb", "shaded.glb")]
        sums = {hashlib.sha256(content).hexdigest() for content in made}
        wrong, ends = list[Wrong](), Counter[str]()
        for number, cut in enumerate(cuts.cuts):
            for way in WAYS:
                place, found = tmp_path / f"{number} {way}", list[Wrong]()
                lay_out(cut.files[way], place)
                with caught(found):
                    found += missing(cut, place, sums)
                    if number % EACH == 0:
                        found += goes_on(cut, service, place, nursery, sandbox)
                found += nursery.clear()
                ends["something wrong" if found else "nothing missing"] += 1
                where = f"{number}, {cut.at}, {way}"
                wrong += [each._replace(what=f"{where}: {each.what}") for each in found]
                shutil.rmtree(place)
    note_ends("power cut", service, job, ends, wrong)
    gone_on = len(range(0, len(cuts.cuts), EACH)) * len(WAYS)
    states = sum(ends.values())
    print(f"{job}: {len(cuts.cuts)} cut points, {states} states of the disk, {gone_on} gone on")
    all_hold(wrong)
