"""How long a job waits between its polls."""

import random
import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pace import Pace
from core.providers import all_providers, get_provider
from core.providers.base import Pacing

PACING = Pacing()
SEEDS = st.integers(0, 2**32)
ANY_TIME = st.floats(-1e6, 1e6)  # clocks get set back
EXPECTED = st.none() | st.floats(0, 1e5)


def polls(seconds, expected=None, seed=1, pacing=PACING):
    """When a job of that length is asked about, the last time after its end."""
    pace = Pace(pacing, random.Random(seed))
    times = [pacing.first]
    while times[-1] < seconds:
        times.append(times[-1] + pace.next(times[-1], expected))
    return times


@given(SEEDS, ANY_TIME, EXPECTED, st.floats(-10, 1e6), st.integers(1, 1000))
def test_no_wait_is_too_short_or_too_long(seed, elapsed, expected, queue, crowd):
    for service in all_providers():
        pacing = service.pacing
        pace = Pace(pacing, random.Random(seed), lambda: crowd)
        least = min(pacing.near, pacing.unsure)
        for wait in (pace.next(elapsed, expected, queue), pace.again()):
            assert wait >= 0.9 * max(min(least, pacing.first), crowd * pacing.apart)
            assert wait <= 1.1 * max(pacing.longest, crowd * pacing.apart)


@given(SEEDS, st.floats(15, 600), st.floats(0.5, 1.5))
def test_few_polls_before_an_end_is_likely_and_close_ones_near_it(seed, expected, share):
    times = polls(share * expected, expected, seed)
    early = [time for time in times if time < 0.6 * expected]
    assert len(early) <= 2 + 0.6 * expected / (0.9 * PACING.longest)
    near = [time for time in times if 0.6 * expected <= time <= expected]
    assert all(later - earlier <= 1.1 * PACING.near for earlier, later in pairwise(near))


@given(SEEDS, st.floats(10, 600))
def test_an_end_that_comes_late_is_known_soon_for_how_late_it_is(seed, expected):
    for seconds in (1.5 * expected, 3 * expected, 10 * expected):
        late = polls(seconds, expected, seed)[-1] - seconds
        assert late <= 1.1 * max(PACING.near, (seconds - expected) / 60) + 0.1


@pytest.mark.parametrize("service", ["rodin", "triverse"])
@pytest.mark.parametrize("expected", [None, 60.0])
def test_fewer_polls_and_an_earlier_end_than_every_5_seconds(service, expected):
    rng = random.Random(7)
    lengths = [rng.uniform(40, 90) for _ in range(500)]
    ours = [
        polls(seconds, expected, seed, get_provider(service).pacing)
        for seed, seconds in enumerate(lengths)
    ]
    assert statistics.fmean(map(len, ours)) < statistics.fmean(s // 5 + 1 for s in lengths)
    late = (times[-1] - s for times, s in zip(ours, lengths, strict=True))
    assert statistics.fmean(late) < statistics.fmean(5 - s % 5 for s in lengths)


def test_jobs_do_not_march_in_step():
    paces = [Pace(PACING, random.Random(seed)) for seed in range(200)]
    waits = [pace.next(60, 60) for pace in paces]
    assert min(waits) < 0.91 * PACING.near
    assert max(waits) > 1.09 * PACING.near


def test_while_it_cannot_have_begun_it_is_not_asked_about():
    pace = Pace(PACING, random.Random(1))
    assert 13.5 <= pace.next(60, 60, queue=15) <= 16.5


def test_after_trouble_waits_grow_to_the_longest():
    pace = Pace(PACING, random.Random(1))
    waits = [pace.again() for _ in range(30)]
    assert 4.5 <= waits[0] <= 5.5
    assert all(18 <= wait <= 22 for wait in waits[10:])


def test_all_jobs_of_a_service_together_keep_to_what_it_allows():
    """Rodin: 120 requests a minute. All at their expected end at once, simulated."""
    rng = random.Random(1)
    for crowd in (10, 100, 1000):
        pace = Pace(get_provider("rodin").pacing, rng, lambda crowd=crowd: crowd)
        end = 60.0 * crowd
        asked = 0
        for _ in range(crowd):
            now = rng.uniform(0, 20)
            while now < end:
                asked += 1
                now += pace.next(100, 100)
        assert asked / (end / 60) < 120
