"""SIGKILL at every point of a generation, and then the next start.

Points: points.py. `make test` takes every fifth, `make campaign` (MAQUETTE_CAMPAIGN=1) all of them,
and kills the next start as well.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import suppress

import pytest

from core.sandbox.server import Sandbox

from . import outcomes
from .blenders import Blender, Died, Nursery, ledger_of
from .invariants import broken

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
JOBS = {
    "rodin, text": ("rodin", 0),
    "rodin, pictures": ("rodin", 2),
    "triverse, text": ("triverse", 0),
    "triverse, picture": ("triverse", 1),
}


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def sandbox(tmp_path):
    with Sandbox(tmp_path / "sandbox", seconds=0, record=True) as sandbox:
        # Here an hour passes in seconds; and only the order number makes two orders one.
        sandbox.triverse.uploads_per_minute = 10_000
        sandbox.triverse.duplicate_seconds = 0.0
        yield sandbox


def points_of(nursery: Nursery, sandbox: Sandbox, folder, service: str, pictures: int) -> list[str]:
    """The names of all points that such a job passes, from the start of Blender to its end."""
    blender = nursery.start(folder, sandbox, note_points=True)
    task_id = blender.generate(service, "a blue vase", pictures)
    blender.until(lambda: blender.state(task_id) == "ready")
    blender.idle()
    blender.imported(task_id)
    blender.until(lambda: blender.state(task_id) == "imported")
    blender.quit()
    sandbox.charges.clear()
    return blender.points


def live(blender: Blender, service: str, pictures: int, task_id: str) -> None:
    """Generate, wait, import. Errors: Died."""
    blender.generate(service, "a blue vase", pictures, task_id)
    blender.until(lambda: blender.state(task_id) == "ready")
    blender.imported(task_id)
    blender.until(lambda: blender.state(task_id) == "imported")
    blender.idle()
    blender.quit()


def settle(blender: Blender, known: int) -> None:
    """The next start: nothing is asked of the user."""
    blender.until(lambda: len(blender.tasks) == known and blender.settled)
    blender.idle()
    blender.quit()


@pytest.mark.parametrize("job", JOBS)
def test_killed_at_every_point(tmp_path, nursery, sandbox, job):
    service, pictures = JOBS[job]
    points = points_of(nursery, sandbox, tmp_path / "first", service, pictures)
    assert len(points) > 90
    ends: Counter[str] = Counter()
    wrong = {}
    rng = random.Random(1)
    numbers = range(1, len(points) + 1) if FULL else range(rng.randint(1, 5), len(points) + 1, 5)
    for number in numbers:
        folder = tmp_path / f"at-{number}"
        sandbox.charges.clear()
        sandbox.refill()
        task_id = os.urandom(16).hex()
        blender = nursery.start(folder, sandbox, kill_at=number)
        # Threads may take turns otherwise than when the points were counted.
        with pytest.raises(Died) if number < len(points) - 5 else suppress(Died):
            live(blender, service, pictures, task_id)
        charged = len(sandbox.charges)
        tasks = ledger_of(folder) if (folder / "user" / "tasks.sqlite3").exists() else []
        if FULL:  # and once more, somewhere
            again = nursery.start(folder, sandbox, kill_at=rng.randint(1, 80))
            with suppress(Died):
                settle(again, len(tasks))
            again.kill()
        settle(nursery.start(folder, sandbox), len(tasks))
        tasks = ledger_of(folder)
        ends[tasks[0].state.value if tasks else "never noted"] += 1
        found = broken(folder, sandbox, Counter({service: 1}))
        if charged and not tasks:
            found.append("charged before it was noted")
        if found:
            wrong[number, points[number - 1]] = found
    for state, count in ends.items():
        outcomes.note("killed", service, job, state, tried=count)
    if wrong:
        outcomes.note("killed", service, job, "wrong", tried=0, wrong=len(wrong))
    print(f"{job}: killed at {len(list(numbers))} of {len(points)} points, ended {dict(ends)}")
    assert not wrong, "\n".join(f"{where}: {what}" for where, what in wrong.items())
    # Only Rodin, which takes no order number, ever has to ask, and only in between.
    assert (ends["unconfirmed"] > 0) == (service == "rodin" and FULL) or not FULL
    assert ends["imported"] + ends["ready"] > 0.7 * sum(ends.values())
