"""Clocks that jump, a machine that sleeps, and two Blenders on one list of tasks."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter

import pytest

from core.sandbox.server import Sandbox
from tests.services import faults

from .blenders import Blender
from .ending import hurry, judge, next_starts, under_way, until_said
from .outcomes import all_hold

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
DAY = 86400.0
SERVICES = ("rodin", "triverse")
BOTH = Counter(dict.fromkeys(SERVICES, 1))
ASKED = re.compile(r"before (POST status|GET [0-9a-f-]{20})$")  # as points.py names them


def polls(blender: Blender) -> int:
    blender.listen()
    return sum(bool(ASKED.search(name)) for name in blender.points)


# --- clocks -------------------------------------------------------------------------------------

MOMENTS = (0.0, 0.1, 0.3, 0.5, 0.6) if FULL else (0.2,)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("days", [-1, 1])
def test_clock_set_while_jobs_run(tmp_path, nursery, sandbox, days, moment):
    """And set right again."""
    sandbox.seconds = 0.5
    blender = nursery.start(tmp_path, sandbox)
    ids = [under_way(blender, service) for service in SERVICES]
    time.sleep(moment)
    blender.ahead(days * DAY)
    blender.until_ready(*ids)
    late = [under_way(blender, service) for service in SERVICES]
    blender.ahead(0.0)
    blender.until_ready(*late)
    blender.quit()
    all_hold(judge("clock", f"{days:+} day", tmp_path, sandbox, BOTH + BOTH))


@pytest.mark.parametrize("network", ["at once", "later"])
def test_sleep_for_a_day(tmp_path, nursery, sandbox, network):
    """The machine wakes with its jobs done, or with them still going on and no network yet."""
    sandbox.seconds = 0.5 if network == "at once" else 2.0
    blender = nursery.start(tmp_path, sandbox)
    ids = [under_way(blender, service) for service in SERVICES]
    os.kill(blender.pid, signal.SIGSTOP)
    blender.ahead(DAY)
    if network == "later":
        sandbox.intercept = faults.drop()
    time.sleep(0.6)
    os.kill(blender.pid, signal.SIGCONT)
    if network == "later":
        until_said(blender, re.compile("did not answer"))
        time.sleep(0.2)
        sandbox.intercept = None
    blender.until_ready(*ids)
    blender.quit()
    all_hold(judge("sleep", f"a day, network {network}", tmp_path, sandbox, BOTH))


# --- two Blenders -------------------------------------------------------------------------------


def finish(sandbox: Sandbox) -> None:
    """All jobs are done now."""
    sandbox.clock = sandbox.jobs.clock = lambda: time.time() + 100.0


def asked_of(sandbox: Sandbox) -> int:
    asked = (faults.RODIN_STATUS, faults.TRIVERSE_STATUS, faults.TRIVERSE_URL)
    wanted = re.compile("|".join(asked))
    return sum(bool(wanted.search(f"{verb} {path}")) for verb, path, _ in list(sandbox.requests))


@pytest.mark.parametrize("end", ["killed", "quits", "hangs"] if FULL else ["killed"])
def test_one_asks_the_other_shows_and_takes_over(tmp_path, nursery, sandbox, end):
    """Each poll in the service's record is the first Blender's until that has gone, and the
    second's afterwards."""
    sandbox.seconds = 60.0
    first = nursery.start(tmp_path, sandbox, note_points=True)
    ids = [under_way(first, service) for service in SERVICES]
    second = nursery.start(tmp_path, sandbox, note_points=True)
    second.until(lambda: second.tasks.keys() >= set(ids))
    first.until(lambda: polls(first) > 10)
    # Its clock says that the lease is over; but that process is seen to live.
    second.ahead(70.0)
    hurry(second, sandbox)
    assert polls(second) == 0
    match end:
        case "killed":
            first.kill()
        case "quits":
            first.quit()
        case "hangs":
            os.kill(first.pid, signal.SIGSTOP)
            hurry(second, sandbox)
            assert polls(second) == 0
            second.ahead(700.0)
            first.listen()
    before = asked_of(sandbox)
    by_first = sum(bool(ASKED.search(name)) for name in first.points)
    assert by_first - 2 <= before <= by_first + 2  # what it has not told yet, or was asking
    hurry(second, sandbox)
    second.until(lambda: polls(second) > 10)
    if end == "hangs":
        # It asks on until it wants to write: then it learns that the task is another's by now.
        first.ahead(700.0)
        os.kill(first.pid, signal.SIGCONT)
    finish(sandbox)
    second.until_ready(*ids)
    if end == "hangs":
        first.until_ready(*ids)  # its heartbeat shows it
        first.quit()
    second.quit()
    after = asked_of(sandbox) - before
    mine = sum(bool(ASKED.search(name)) for name in second.points)
    if end != "hangs":
        assert mine - 2 <= after <= mine
    print(f"{end}: {before} polls by the first, {mine} of the {after} after it by the second")
    next_starts(nursery, sandbox, tmp_path)
    all_hold(judge("two Blenders", end, tmp_path, sandbox, BOTH + Counter(triverse=9)))
