"""Requests sent for one job that takes the service 60 seconds, and how late its end is noticed.

The real provider and job against the Sandbox's real HTTP server; only the clocks of both are
simulated: waiting is an event, so it costs nothing here. The baseline, in the same run, is what
most add-ons do: the same job polled every 5 seconds. "learned" is a user who has finished such
jobs before, so that an estimate is there.

    python bench/requests_per_job.py
"""

import random
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.http import Account
from core.job import Job
from core.model import Downloading, Submitted, Task
from core.providers import get_provider
from core.providers.base import Pacing
from core.providers.options import make_request
from core.sandbox.server import Sandbox

JOB_SECONDS = 60.0
RUNS = 20


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Every5Seconds(random.Random):
    """No jitter."""

    def uniform(self, a: float, b: float) -> float:
        return 1.0


def run(service: str, folder: Path, seed: int, *, fixed: bool, expected: float | None):
    clock = Clock()
    with Sandbox(folder / "sandbox", seconds=JOB_SECONDS, record=True, clock=clock) as sandbox:
        kind = get_provider(service)
        url = sandbox.rodin_url if service == "rodin" else sandbox.triverse_url
        provider = kind(Account(service, url, sandbox.key), lambda: None, folder)
        if fixed:
            provider.pacing = Pacing(5.0, 5.0, 5.0, 1.0)
        request = make_request(kind, prompt="a blue vase")
        task = Task("t" * 32, request, created=clock(), expected_seconds=expected)
        job = Job(
            task,
            provider,
            downloads=folder / "downloads",
            library_folder=folder / "library",
            gate=lambda: None,
            clock=clock,
            rng=Every5Seconds() if fixed else random.Random(seed),
        )
        done = None
        for event in job.run():
            if isinstance(event, Submitted):
                began = clock()
                event = replace(event, wait=5.0) if fixed else event
            if isinstance(event, Downloading) and done is None:
                done = clock()
            clock.now += event.wait
        polls = sum("/status" in path or "/tasks/" in path for _, path, _ in sandbox.requests)
        return len(sandbox.requests), done - began - JOB_SECONDS, polls


def main() -> None:
    print(f"one job of {JOB_SECONDS:.0f} s, {RUNS} runs each, simulated clock, real HTTP\n")
    print(f"{'service':10}{'polling':22}{'requests (median)':>18}{'noticed after s (median)':>26}")
    for service in ("rodin", "triverse"):
        for name, fixed, expected in (
            ("every 5 s (baseline)", True, None),
            ("Maquette, first job", False, None),
            ("Maquette, learned", False, JOB_SECONDS),
        ):
            results = []
            for seed in range(1 if fixed else RUNS):
                with tempfile.TemporaryDirectory() as folder:
                    results.append(run(service, Path(folder), seed, fixed=fixed, expected=expected))
            requests = statistics.median(r[0] for r in results)
            late = statistics.median(r[1] for r in results)
            print(f"{service:10}{name:22}{requests:>18.0f}{late:>26.1f}")


if __name__ == "__main__":
    main()
