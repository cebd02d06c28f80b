"""Very many tasks open at once, of both services, in one Blender; a part of all requests goes
wrong. All end right, with a handful of threads.

`make test` takes 60 tasks, `make campaign` (MAQUETTE_CAMPAIGN=1) 500.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from core.model import Retry, TaskState
from core.sandbox.server import Sandbox

from . import outcomes
from .blenders import Nursery
from .ending import means, next_starts
from .invariants import broken
from .test_histories import Trouble

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
TASKS = 500 if FULL else 60
SERVICES = ("rodin", "triverse")
FAULTY = 0.1  # of all requests


class Watch(threading.Thread):
    """Looks at a process until it ends. threads: the most at once, without its main one. began,
    most: its memory, MiB. cpu: seconds."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.threads, self.most, self.cpu = pid, 0, 0.0, 0.0
        self.began = self._look()
        self.start()

    def run(self) -> None:
        while True:
            try:
                self._look()
            except (OSError, AttributeError):
                return
            time.sleep(0.02)

    def _look(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()

        def number(name: str) -> int:
            return int(re.search(rf"{name}:\s+(\d+)", status)[1])

        self.threads = max(self.threads, number("Threads") - 1)
        memory = number("VmRSS") / 1024
        self.most = max(self.most, memory)
        times = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        self.cpu = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
        return memory


@pytest.fixture
def sandbox(tmp_path):
    with Sandbox(tmp_path / "sandbox", seconds=1.0, record=True) as sandbox:
        sandbox.rodin.balance = sandbox.triverse.balance = 1e6
        sandbox.rodin.parallel_limit = sandbox.triverse.parallel_limit = 10_000
        sandbox.triverse.duplicate_seconds = 0.0
        yield sandbox


@pytest.mark.timeout(1500)
def test_many_tasks_at_once(tmp_path, sandbox):
    if not Path("/proc/self/status").exists():
        pytest.skip("what a process takes is read from /proc")
    folder, began = tmp_path / "folder", time.monotonic()
    sandbox.intercept = trouble = Trouble(1, FAULTY)
    with Nursery() as nursery:
        blender = nursery.start(folder, sandbox)
        blender.idle()
        watch = Watch(blender.pid)
        ids = [blender.generate(SERVICES[n % 2], f"vase {n}") for n in range(TASKS)]
        most_open = 0

        def settled() -> bool:
            nonlocal most_open
            open_ = sum(task.state.is_open for task in blender.tasks.values())
            most_open = max(most_open, open_)
            return len(blender.tasks) == TASKS and not open_

        blender.until(settled, 1200.0)
        assert blender.tasks.keys() == set(ids)
        seconds, requests = time.monotonic() - began, len(sandbox.requests)
        blender.quit()
        watch.join(5)
        sandbox.intercept = None
        tasks = next_starts(nursery, sandbox, folder, 600.0)
    words = Counter(task.request.provider for task in tasks)
    found = broken(folder, sandbox, words)
    # Whether Rodin took an order whose answer was lost, only the user can say.
    found += [
        f"{task.request.provider} ended {task.state.value}: {task.message}"
        for task in tasks
        if task.state is not TaskState.READY and means(task) is not Retry.PAY_AGAIN
    ]
    ends = Counter((task.request.provider, task.state.value) for task in tasks)
    for (service, state), count in ends.items():
        charges = sum(charge[0] == service for charge in sandbox.charges)
        outcomes.note(
            "load", service, f"{TASKS} at once, {FAULTY:.0%} faults", state,
            tried=count, charges=charges if state == "ready" else 0, wrong=len(found),
        )  # fmt: skip
    print(
        f"load: {TASKS} tasks, at most {most_open} open at once, {trouble.count} faults, "
        f"ended {dict(Counter(task.state.value for task in tasks))}; {watch.threads} threads, "
        f"{requests / TASKS:.1f} requests and {1000 * watch.cpu / TASKS:.0f} ms of CPU per task, "
        f"memory {watch.began:.0f} → {watch.most:.0f} MiB, {seconds:.0f} s"
    )
    assert not found, "\n".join(found)
    assert watch.threads <= 8
