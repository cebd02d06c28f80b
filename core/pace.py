"""How long a job waits, and for how long in all. Thread: any, one of each to a job."""

from __future__ import annotations

import random
from collections.abc import Callable

from .providers.base import Pacing

STEP_SECONDS = 60.0  # at most, of one try without its wait


class Pace:
    """Seconds until the next poll: growing, with jitter so that many jobs do not march in step.

    Where it is known how long such jobs take (`left`: seconds, or None), half of that is waited:
    few polls while nothing can have happened, close ones when it is about to.
    """

    def __init__(self, pacing: Pacing, rng: random.Random) -> None:
        self._pacing = pacing
        self._rng = rng
        self._next = pacing.shortest

    def next(self, left: float | None = None) -> float:
        pacing = self._pacing
        wait = self._next if left is None or left <= 0 else left / 2
        self._next = min(self._next * pacing.growth, pacing.longest)
        wait = min(max(wait, pacing.shortest), pacing.longest)
        return wait * self._rng.uniform(0.9, 1.1)


class Patience:
    """How long is still watched. Only watched time counts: a machine that slept, or a clock that
    was set, adds at most a minute to the wait that was asked for."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._left = seconds
        self._clock = clock
        self._since = clock()
        self._most = STEP_SECONDS

    def is_over(self, wait: float) -> bool:
        """wait: seconds until the next try, should there be one. Ask once per try."""
        now = self._clock()
        self._left -= min(max(now - self._since, 0.0), self._most)
        self._since, self._most = now, wait + STEP_SECONDS
        return self._left < 0
