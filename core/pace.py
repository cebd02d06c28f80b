"""How long a job waits, and for how long in all. Thread: any, one of each to a job."""

from __future__ import annotations

import random
from collections.abc import Callable

from .providers.base import Pacing

STEP_SECONDS = 60.0  # at most, of one try without its wait

# By bench/requests_per_job.py, for jobs whose lengths differ by a third either way.
SOONEST = 0.6  # of the expected time: few jobs end before
UNFORESEEN = 1 / 60  # of the time that nobody foresaw: such an end is known 1 % of it too late


class Pace:
    """Seconds until the next request, with jitter so that many jobs do not march in step.

    crowd: how many jobs of the service are polled now. Each waits so long that all of them together
    are not polled more often than `Pacing.apart`, whatever else would be good for one.
    """

    def __init__(
        self, pacing: Pacing, rng: random.Random, crowd: Callable[[], int] = lambda: 1
    ) -> None:
        self._pacing = pacing
        self._rng = rng
        self._crowd = crowd
        self._again = pacing.first

    def next(self, elapsed: float, expected: float | None = None, queue: float = 0.0) -> float:
        """After a poll that found no end. elapsed: seconds since the service took the job.
        expected: how long such jobs take, or None. queue: seconds in which it cannot even begin.

        Hardly any poll before an end is likely, then close ones; the later it gets, the further
        apart. A share that was told counts for nothing here: what it means in time is not known.
        """
        pacing = self._pacing
        if expected:
            until, least, unforeseen = SOONEST * expected, pacing.near, elapsed - expected
        else:
            until, least, unforeseen = pacing.soonest, pacing.unsure, elapsed
        return self._spread(max(until - elapsed, least, UNFORESEEN * unforeseen, queue))

    def again(self) -> float:
        """After trouble: growing from one time to the next."""
        wait = self._again
        self._again = min(self._again * self._pacing.growth, self._pacing.longest)
        return self._spread(wait)

    def _spread(self, wait: float) -> float:
        wait = max(min(wait, self._pacing.longest), self._crowd() * self._pacing.apart)
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
