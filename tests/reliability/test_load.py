"""Very many tasks open at once, of both services, in one Blender; a part of all requests goes
wrong. All end right, with a handful of threads.

`make test` takes 40 tasks, `make campaign` (MAQUETTE_CAMPAIGN=1) 500.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from core.model import Retry

from .ending import means, next_starts, untaken
from .invariants import broken
from .outcomes import OTHER, Wrong, all_hold, note_ends
from .test_histories import Trouble

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
TASKS = 500 if FULL else 40
SERVICES = ("rodin", "triverse")
PROMPTS = 2  # as many different models
FAULTY = 0.1  # of all requests


class Watch(threading.Thread):
    """Looks at a process until it ends. threads: the most at once, without its main one. began,
    most: its memory, MiB. cpu: seconds."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.threads, self.most, self.cpu = pid, 0, 0.0, 0.0
        self._counts = [0, 0]
        self.began = self._look()
        self.start()

    def run(self) -> None:
        while True:
            try:
                self._look()
            except (OSError, TypeError):  # gone, or dead and not yet buried
                return
            time.sleep(0.02)

    def _look(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()

        def number(name: str) -> int:
            return int(re.search(rf"{name}:\s+(\d+)", status)[1])

        # One that has done its work may take a moment to be gone while the next one begins.
        self._counts = [*self._counts[-2:], number("Threads") - 1]
        self.threads = max(self.threads, min(self._counts))
        memory = number("VmRSS") / 1024
        self.most = max(self.most, memory)
        times = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        self.cpu = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
        return memory


@pytest.mark.timeout(1500)
def test_many_tasks_at_once(tmp_path, nursery, sandbox):
    if not Path("/proc/self/status").exists():
        pytest.skip("what a process takes is read from /proc")
    folder, began = tmp_path / "folder", time.monotonic()
    sandbox.seconds = 1.0
    sandbox.rodin.balance = sandbox.triverse.balance = 1e6
    sandbox.intercept = trouble = Trouble(1, FAULTY)
    blender = nursery.start(folder, sandbox)
    blender.idle()
    watch = Watch(blender.pid)
    for number in range(TASKS):
        blender.generate(SERVICES[number % 2], f"vase {number % PROMPTS}")
    most_open = 0

    def settled() -> bool:
        nonlocal most_open
        open_ = sum(task.state.is_open for task in blender.tasks.values())
        most_open = max(most_open, open_)
        return len(blender.tasks) == TASKS and not open_

    blender.until(settled, 1200.0)
    seconds, requests = time.monotonic() - began, len(sandbox.requests)
    blender.quit()
    watch.join(5)
    sandbox.intercept = None
    tasks = next_starts(nursery, sandbox, folder, 600.0)

    wrong = broken(folder, sandbox, dict.fromkeys(SERVICES, TASKS // 2))
    # Whether Rodin took an order whose answer was lost, only the user can say.
    wrong += untaken([task for task in tasks if means(task) is not Retry.PAY_AGAIN])
    if watch.threads > 8:
        wrong.append(Wrong(OTHER, f"{watch.threads} threads"))
    for service in (*SERVICES, ""):
        ends = Counter(task.state.value for task in tasks if task.request.provider == service)
        its = [each for each in wrong if each.service == service]
        note_ends("load", service, f"{TASKS} at once, {FAULTY:.0%} faults", ends, its)
    print(
        f"load: {TASKS} tasks, at most {most_open} open at once, {trouble.count} faults, "
        f"ended {dict(Counter(task.state.value for task in tasks))}; {watch.threads} threads, "
        f"{requests / TASKS:.1f} requests and {1000 * watch.cpu / TASKS:.0f} ms of CPU per task, "
        f"memory {watch.began:.0f} → {watch.most:.0f} MiB, {seconds:.0f} s"
    )
    all_hold(wrong)
