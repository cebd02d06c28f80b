"""Requests sent for one job, and how late its end is noticed.

The real provider, job and list of tasks against the Sandbox's real HTTP server; only the clocks are
simulated: waiting is an event, so it costs nothing here. Jobs differ in length, by a third either
way (log-normal, seeded), and each length is polled in three ways: every 5 seconds, which is what
most add-ons do; as the first job of its kind; and with the estimate that Maquette makes of the jobs
finished before.

    python bench/requests_per_job.py
"""

import math
import random
import statistics
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import core.sandbox.jobs
from core.addresses import Account
from core.engine import new_task_id
from core.events import Downloading, Ready, Submitted
from core.job import Job
from core.ledger import Ledger
from core.model import Task
from core.pace import Pace
from core.providers import get_provider
from core.providers.options import make_request
from core.sandbox.models import Order, make_model
from core.sandbox.server import Sandbox

SECONDS = (20, 60, 180)  # the median of the lengths
SPREAD = 0.3
RUNS = 100
SERVICES = ("rodin", "triverse")
WAYS = ("every 5 s (baseline)", "Maquette, first job", "Maquette, learned")

made: dict[str, dict[str, bytes]] = {}


def made_once(order: Order, name: str) -> dict[str, bytes]:
    """Making the model is not what is measured."""
    if name not in made:
        made[name] = make_model(order, name)
    return made[name]


class Every5Seconds(Pace):
    """No jitter."""

    def next(self, elapsed: float, expected: float | None = None, queue: float = 0.0) -> float:
        return 5.0


class User:
    """One user's machine, and one service."""

    def __init__(self, service: str, folder: Path) -> None:
        self.kind = get_provider(service)
        self.folder = folder
        self.now = 1_700_000_000.0
        self.ledger = Ledger(folder / "tasks.sqlite3", self.clock)
        self.sandbox = Sandbox(folder / "sandbox", record=True, clock=self.clock)
        self.sandbox.rodin.balance = self.sandbox.triverse.balance = 1e6

    def clock(self) -> float:
        return self.now

    def run(self, way: str, seconds: float, seed: int) -> tuple[int, float]:
        """Requests, and seconds from the service's end to Maquette's knowing of it."""
        self.sandbox.seconds = seconds
        rodin = self.kind.id == "rodin"
        url = self.sandbox.rodin_url if rodin else self.sandbox.triverse_url
        account = Account(self.kind.id, url, self.sandbox.key)
        provider = self.kind(account, lambda: None, self.folder)
        request = make_request(self.kind, prompt=f"vase {new_task_id()}")  # no order sent again
        learned = self.ledger.typical_seconds(request.provider, self.kind.kind_of(request))
        task = Task(
            new_task_id(),
            request,
            kind=self.kind.kind_of(request),
            created=self.now,
            expected_seconds=learned if way == WAYS[2] else None,
        )
        rng = random.Random(seed)
        job = Job(
            task,
            provider,
            downloads=self.folder / "downloads",
            library_folder=self.folder / "library",
            gate=lambda: None,
            clock=self.clock,
            rng=rng,
        )
        if way == WAYS[0]:
            job.pace = Every5Seconds(provider.pacing, rng)
        self.ledger.add(task)
        sent, began, known = len(self.sandbox.requests), 0.0, 0.0
        for event in job.run():
            if isinstance(event, Submitted):
                began = self.now
                event = replace(event, wait=5.0) if way == WAYS[0] else event
            if isinstance(event, Downloading) and not known:
                known = self.now
            if event.durable:
                self.ledger.record(task.id, event)
            self.now += event.wait
        assert isinstance(event, Ready), event
        return len(self.sandbox.requests) - sent, known - began - seconds


def measure(service: str, seconds: float) -> list[list[tuple[int, float]]]:
    """For each way, the figures of all lengths. The last way learns from the two before it."""
    rng = random.Random(round(seconds))
    lengths = [seconds * math.exp(rng.gauss(0, SPREAD)) for _ in range(RUNS)]
    with tempfile.TemporaryDirectory() as folder:
        user = User(service, Path(folder))
        with user.sandbox:
            results = [[user.run(way, s, n) for n, s in enumerate(lengths)] for way in WAYS]
        user.ledger.close()
    return results


def shown(figures: Iterable[float]) -> str:
    figures = list(figures)
    most = statistics.quantiles(figures, n=20)[-1]
    return f"{statistics.fmean(figures):.1f} ({most:.1f})"


def main() -> None:
    core.sandbox.jobs.make_model = made_once
    print(f"{RUNS} jobs a line, simulated clock, real HTTP: mean (95th percentile)\n")
    print(f"{'service':10}{'job of':10}{'polling':22}{'requests':>14}{'noticed after s':>18}")
    for service in SERVICES:
        for seconds in SECONDS:
            for way, results in zip(WAYS, measure(service, seconds), strict=True):
                requests, late = (shown(figures) for figures in zip(*results, strict=True))
                about = f"~{seconds} s"
                print(f"{service:10}{about:10}{way:22}{requests:>14}{late:>18}", flush=True)


if __name__ == "__main__":
    main()
