"""Random histories: two Blenders on one list of tasks, their user, two services with faults, kills,
clocks that jump; at the end every rule of invariants.py holds.

Hypothesis draws what happens; which answers go wrong follows from a drawn seed, but the order in
which two processes ask is the machine's. `make campaign` (MAQUETTE_CAMPAIGN=1) plays many more.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.model import Retry, Task, TaskState
from core.sandbox.server import Sandbox
from tests.services import faults

from .blenders import Blender, Nursery, ledger_of
from .ending import means
from .invariants import broken
from .mounts import in_memory
from .outcomes import Died, Wrong, all_hold, caught, note

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
HISTORIES, STEPS = (600, 50) if FULL else (12, 30)
LONGEST = 1200.0  # seconds for all of them; what is left then is not played
DAY = 86400.0
SERVICES = ("rodin", "triverse")
WHICH = ONE = st.integers(0, 1)
NUMBER = st.integers(0, 5)
USER = ("cancel", "resume", "generate_again", "imports", "remove")
PAUSE = st.sampled_from([0.3 if FULL else 0.1, 0.1, 0.03, 0.01, 0.0])  # s; a job takes about 0.3

# What a request may meet. Never a clear refusal of an order that was carried out: a service that
# says no and takes the money is beyond any client.
TROUBLE = (
    faults.drop(),
    faults.lose_answer(),
    faults.hang(0.05, carried_out=True),
    faults.late(0.05),
    faults.cut_body(7),
    faults.cut_body(7, reset=True),
    faults.half(),
    faults.wrong_length(5),
    faults.html(200, carried_out=True),
    faults.html(502),
    faults.html(502, carried_out=True),
    faults.answer(500, carried_out=True),
    faults.answer(503),
    faults.empty(200),
    faults.json([], carried_out=True),
    faults.json({"error": None}, 500, carried_out=True),
    faults.throttled("1"),
    faults.redirect("http://127.0.0.1:9/elsewhere"),
)


class Trouble:
    """An intercept: about `rate` of all requests go wrong."""

    def __init__(self, seed: int, rate: float) -> None:
        self._rng = random.Random(seed)
        self._rate = rate
        self._lock = threading.Lock()
        self.count = 0

    def __call__(self, request, carry_out):
        with self._lock:
            struck = self._rng.random() < self._rate
            fault = self._rng.choice(TROUBLE)
            self.count += struck
        return fault(request, carry_out) if struck else None


def is_any(task: Task) -> bool:
    return True


def is_open(task: Task) -> bool:
    return task.state.is_open


def is_ready(task: Task) -> bool:
    return task.state is TaskState.READY


def can_resume(task: Task) -> bool:
    return means(task) is not Retry.NONE


def asks(task: Task) -> bool:
    return means(task) is Retry.PAY_AGAIN


class History:
    """What is played, and who plays."""

    nursery: ClassVar[Nursery]
    played: ClassVar[Counter[str]] = Counter()
    began: ClassVar[float] = 0.0

    def __init__(self, folder: Path):
        self.folder = folder
        self.sandbox = Sandbox(self.folder / "sandbox", seconds=0.2, record=True)
        self.sandbox.triverse.uploads_per_minute = self.sandbox.rodin.parallel_limit = 10_000
        self.sandbox.triverse.parallel_limit = 10_000
        # Only the order number makes two orders one.
        self.sandbox.triverse.duplicate_seconds = 0.0
        self.sandbox.start()
        self.words: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.clock = 0.0
        self.blenders: list[Blender | None] = [None, None]
        self.start(0)

    # --- Blenders -----------------------------------------------------------------------------

    def start(self, which, kill_at=0, pause=0.0):
        if not self.alive(which):
            self.blenders[which] = self.nursery.start(
                self.user, self.sandbox, ahead=self.clock, kill_at=kill_at
            )
            self.played["starts"] += 1
            time.sleep(pause)

    def kill(self, which):
        if blender := self.alive(which) or self.alive(1 - which):
            blender.kill()
            self.played["kills"] += 1

    def quit(self, which):
        if blender := self.alive(which):
            blender.quit()

    def clocks_jump(self, seconds):
        self.clock = seconds
        for which in (0, 1):
            if blender := self.alive(which):
                blender.ahead(seconds)

    # --- services -----------------------------------------------------------------------------

    def trouble(self, seed, rate, pause):
        self.no_trouble()
        self.sandbox.intercept = Trouble(seed, rate)
        time.sleep(pause)

    def no_trouble(self, pause=0.0):
        if self.sandbox.intercept:
            self.played["faults"] += self.sandbox.intercept.count
        self.sandbox.intercept = None
        time.sleep(pause)

    # --- the user -----------------------------------------------------------------------------

    def generate(self, which, service, pictures, count, pause):
        """Starts that Blender if need be."""
        if self.alive(which) is None:
            self.start(which)
        for _ in range(count):
            self.words[service] += 1
            self.blenders[which].generate(service, "a blue vase", pictures)
            self.played["orders"] += 1
        time.sleep(pause)

    def cancel(self, which, number):
        if found := self.task(which, number, is_open):
            blender, task = found
            blender.cancel(task.id)
            self.played["cancels"] += 1

    def resume(self, which, number):
        """Also where it would be a new order: then nothing may happen."""
        if found := self.task(which, number, can_resume):
            blender, task = found
            blender.resume(task.id)
            self.played["resumes"] += 1

    def generate_again(self, which, number):
        if found := self.task(which, number, asks):
            blender, task = found
            self.words[task.request.provider] += 1
            self.removed[task.request.provider] += 1  # the first order, if it was taken
            blender.resume(task.id, again=True)
            self.played["orders anew"] += 1

    def imports(self, which, number):
        if found := self.task(which, number, is_ready):
            blender, task = found
            blender.imported(task.id)

    def remove(self, which, number):
        if found := self.task(which, number, is_any):
            blender, task = found
            self.removed[task.request.provider] += 1
            blender.remove(task.id)
            self.played["removed"] += 1

    # --- the end ------------------------------------------------------------------------------

    def broken(self):
        return broken(self.user, self.sandbox, self.words, self.removed)

    def end(self):
        self.sandbox.stop()
        self.played["histories"] += 1
        self.played["charges"] += len(self.sandbox.charges)

    def settle(self):
        """All is well again; the user presses Resume where that costs nothing."""
        self.no_trouble()
        for which in (0, 1):
            self.quit(which)
        self.clock = 0.0
        for _ in range(4):
            blender = self.nursery.start(self.user, self.sandbox)
            self.blenders[0] = blender
            known = {task.id for task in ledger_of(self.user)}
            blender.until(lambda b=blender, k=known: b.tasks.keys() >= k and b.settled)
            free = [task for task in blender.tasks.values() if means(task) is Retry.RESUME]
            for task in free:
                blender.resume(task.id)
            blender.idle()
            blender.quit()
            if not free:
                return

    # --- below --------------------------------------------------------------------------------

    @property
    def user(self) -> Path:
        return self.folder / "user"

    def alive(self, which: int) -> Blender | None:
        """Having heard what it has told meanwhile."""
        blender = self.blenders[which]
        if blender is None or blender.dead:
            return None
        try:
            blender.listen()
        except Died:
            return None
        return blender

    def task(
        self, which: int, number: int, fits: Callable[[Task], bool]
    ) -> tuple[Blender, Task] | None:
        """One of those that fit, as its user sees them in that Blender, or else in the other."""
        for blender in (self.alive(which), self.alive(1 - which)):
            tasks = [task for task in blender.tasks.values() if fits(task)] if blender else []
            tasks.sort(key=lambda task: -task.created)
            if blender and tasks:
                return blender, tasks[number % len(tasks)]
        return None


STEP = st.one_of(
    st.tuples(st.just("generate"), WHICH, st.sampled_from(SERVICES), ONE, st.integers(1, 3), PAUSE),
    st.tuples(st.just("start"), WHICH, st.just(0) | st.integers(1, 150), PAUSE),
    st.tuples(st.just("trouble"), st.integers(0, 2**32), st.sampled_from([0.7, 0.4, 0.15]), PAUSE),
    st.tuples(st.just("no_trouble"), PAUSE),
    st.tuples(st.just("kill"), WHICH),
    st.tuples(st.just("quit"), WHICH),
    st.tuples(st.just("clocks_jump"), st.sampled_from([-DAY, -60.0, 0.0, 61.0, 3700.0, DAY])),
    st.tuples(st.sampled_from(USER), WHICH, NUMBER),
    st.tuples(st.sampled_from(USER), WHICH, NUMBER),
)


@pytest.fixture(scope="module", autouse=True)
def _figures():
    yield
    print(f"histories: {dict(sorted(History.played.items()))}")


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(steps=st.lists(STEP, min_size=STEPS // 2, max_size=STEPS))
def test_histories(nursery, steps):
    History.nursery = nursery
    History.began = History.began or time.monotonic()
    if time.monotonic() - History.began > LONGEST:
        return
    wrong = list[Wrong]()
    with in_memory() as folder:
        history = History(folder)
        with caught(wrong):
            for verb, *arguments in steps:
                getattr(history, verb)(*arguments)
                History.played["steps"] += 1
            history.settle()
            wrong += history.broken()
        wrong += nursery.clear()
        history.end()
    note(
        "history", "both", "random", "something wrong" if wrong else "all rules hold",
        charges=len(history.sandbox.charges), wrong=wrong, steps=len(steps),
    )  # fmt: skip
    all_hold(wrong)
