"""SIGKILL at every point of a generation, and then the next start.

Points: points.py. `make test` takes every ninth, `make campaign` (MAQUETTE_CAMPAIGN=1) all of them,
and kills the next start as well.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from core.model import Task
from core.sandbox.server import Sandbox

from .blenders import Blender, Nursery, ledger_of
from .invariants import broken
from .outcomes import MESSAGE, OTHER, Died, Wrong, all_hold, caught, note_ends

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
SHARE = 9
JOBS = {
    "rodin, text": ("rodin", 0),
    "rodin, pictures": ("rodin", 2),
    "triverse, text": ("triverse", 0),
    "triverse, picture": ("triverse", 1),
}
STATED = ("never noted", "ready", "imported")
ASKS = ("unconfirmed", "rodin")  # which takes no order number


def live(blender: Blender, service: str, pictures: int) -> None:
    """Generate, wait, import. Errors: Died."""
    task_id = blender.generate(service, "a blue vase", pictures)
    blender.until_ready(task_id)
    blender.idle()
    blender.imported(task_id)
    blender.until(lambda: blender.state(task_id) == "imported")
    blender.idle()
    blender.quit()


def points_of(nursery: Nursery, sandbox: Sandbox, folder: Path, job: str) -> list[str]:
    """The names of all points that such a job passes, from the start of Blender to its end."""
    blender = nursery.start(folder, sandbox, note_points=True)
    live(blender, *JOBS[job])
    return blender.points


def tasks_in(folder: Path) -> list[Task]:
    return ledger_of(folder) if (folder / "user" / "tasks.sqlite3").exists() else []


def killed(nursery: Nursery, sandbox: Sandbox, folder: Path, job: str, number: int) -> bool:
    """Generate, wait, import; was it killed at that point?"""
    blender = nursery.start(folder, sandbox, kill_at=number)
    try:
        live(blender, *JOBS[job])
    except Died:
        return True
    return False


def settle(blender: Blender, known: int) -> None:
    """The next start: nothing is asked of the user."""
    blender.until(lambda: len(blender.tasks) == known and blender.settled)
    blender.idle()
    blender.quit()


@pytest.mark.parametrize("job", JOBS)
def test_killed_at_every_point(tmp_path, nursery, sandbox, job):
    service, _ = JOBS[job]
    points = points_of(nursery, sandbox, tmp_path / "first", job)
    assert len(points) > 90
    ends: Counter[str] = Counter()
    wrong: list[Wrong] = []
    rng = random.Random(1)
    numbers = range(1 if FULL else rng.randint(1, SHARE), len(points) + 1, 1 if FULL else SHARE)
    for number in numbers:
        folder, found = tmp_path / f"at-{number}", list[Wrong]()
        sandbox.charges.clear()
        sandbox.refill()
        with caught(found):
            # Threads may take turns otherwise than when the points were counted.
            if not killed(nursery, sandbox, folder, job, number) and number < len(points) - 5:
                found.append(Wrong(OTHER, "it passed that point and lived"))
            known = tasks_in(folder)
            if FULL:  # and once more, somewhere
                again = nursery.start(folder, sandbox, kill_at=rng.randint(1, 80))
                with suppress(Died):
                    settle(again, len(known))
                again.kill()
            settle(nursery.start(folder, sandbox), len(known))
            tasks = tasks_in(folder)
            end = tasks[0].state.value if tasks else "never noted"
            ends[end] += 1
            if end not in STATED and (end, service) != ASKS:
                found.append(Wrong(MESSAGE, f"ended {end}: {tasks[0].message}", service))
            found += broken(folder, sandbox, {service: 1})
        found += nursery.clear()
        where = f"{number}, {points[number - 1]}"
        wrong += [each._replace(what=f"{where}: {each.what}") for each in found]
    ends["broke off"] = len(numbers) - sum(ends.values())
    note_ends("killed", service, job, +ends, wrong)
    print(f"{job}: killed at {len(numbers)} of {len(points)} points, ended {dict(+ends)}")
    all_hold(wrong)
    assert not FULL or (ends["unconfirmed"] > 0) == (service == "rodin")
    # Most points lie after the order: else the points are not where they should be. Of few, one
    # more or less is much.
    assert ends["imported"] + ends["ready"] > (0.7 if FULL else 0.5) * sum(ends.values())
