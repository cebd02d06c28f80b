"""Every sentence of core/wording.py, to the letter."""

from dataclasses import replace

import pytest

from core import wording
from core.model import Accepted, GenerationRequest, Task, TaskState
from core.providers.base import Balance, Price
from core.providers.rodin import Rodin

NOW = 1_000_000.0
TASK = Task("t", GenerationRequest("rodin", "a chair"), created=NOW - 100)
TAKEN = replace(TASK, accepted=Accepted("job", at=NOW - 80))


class Repeatable(Rodin):
    repeatable = True


def line(state: TaskState, task: Task = TAKEN, **fields: object) -> str:
    return wording.describe(replace(task, state=state, **fields), NOW).line


@pytest.mark.parametrize(
    ("expected", "state", "task", "fields"),
    [
        ("Sending", TaskState.SUBMITTING, TASK, {}),
        ("Waiting, not sent yet", TaskState.WAITING, TASK, {"note": "The service is busy."}),
        ("Waiting, 1 min 20 s so far", TaskState.WAITING, TAKEN, {}),
        (
            "Waiting, #3 in the queue, about 2 min",
            TaskState.WAITING,
            TAKEN,
            {"queue_position": 3, "queue_seconds": 118.0},
        ),
        ("Waiting, next in the queue", TaskState.WAITING, TAKEN, {"queue_position": 1}),
        ("Waiting, #12 in the queue", TaskState.WAITING, TAKEN, {"queue_position": 12}),
        ("Waiting, #1,022 in the queue", TaskState.WAITING, TAKEN, {"queue_position": 1022}),
        ("Waiting, about 20 s", TaskState.WAITING, TAKEN, {"queue_seconds": 21.0}),
        ("Generating, 1 min 20 s so far", TaskState.GENERATING, TAKEN, {}),
        ("Generating, 1 min 20 s so far", TaskState.GENERATING, TAKEN, {"share": 0.0}),
        ("Generating 42 %", TaskState.GENERATING, TAKEN, {"share": 0.42}),
        ("Generating 99 %", TaskState.GENERATING, TAKEN, {"share": 1.0}),
        (
            "Generating, 1 min 20 s so far, about 1 min left",
            TaskState.GENERATING,
            TAKEN,
            {"expected_seconds": 150.0},
        ),
        (
            "Generating 42 %, about 25 s left",
            TaskState.GENERATING,
            TAKEN,
            {"share": 0.42, "expected_seconds": 104.0},
        ),
        # Past the median, but not so that it would be remarkable: nothing is promised.
        ("Generating, 1 min 20 s so far", TaskState.GENERATING, TAKEN, {"expected_seconds": 70.0}),
        (
            "Generating, 1 min 20 s so far, longer than usual",
            TaskState.GENERATING,
            TAKEN,
            {"expected_seconds": 60.0},
        ),
        ("Downloading", TaskState.DOWNLOADING, TAKEN, {}),
        ("Downloading, 3.2 MB so far", TaskState.DOWNLOADING, TAKEN, {"received": 3_200_000}),
        (
            "Downloading, 12.3 of 40 MB",
            TaskState.DOWNLOADING,
            TAKEN,
            {"received": 12_345_678, "total": 40_000_000},
        ),
        (
            "Downloading, 0.0 of 40.2 MB",
            TaskState.DOWNLOADING,
            TAKEN,
            {"received": 0, "total": 40_200_000},
        ),
        (
            "Downloading, 99 of 140 MB",
            TaskState.DOWNLOADING,
            TAKEN,
            {"received": 99_400_000, "total": 140_000_000},
        ),
        ("Ready", TaskState.READY, TAKEN, {}),
        ("Ready, 45,102 triangles", TaskState.READY, TAKEN, {"triangles": 45_102}),
        ("Imported, 45,102 triangles", TaskState.IMPORTED, TAKEN, {"triangles": 45_102}),
        ("Failed", TaskState.FAILED, TAKEN, {"message": "No."}),
        ("Stopped", TaskState.STOPPED, TAKEN, {}),
        ("Not confirmed", TaskState.UNCONFIRMED, TASK, {}),
    ],
)
def test_each_state(expected: str, state: TaskState, task: Task, fields: dict[str, object]) -> None:
    assert line(state, task, **fields) == expected


@pytest.mark.parametrize("state", TaskState)
def test_every_state_has_words_of_its_own(state: TaskState) -> None:
    others = {wording.describe(replace(TASK, state=s), NOW).state for s in TaskState if s != state}
    assert wording.describe(replace(TASK, state=state), NOW).state not in others | {""}


def test_a_factor_only_where_something_tells_it() -> None:
    def factor(state: TaskState, **fields: object) -> float | None:
        return wording.describe(replace(TAKEN, state=state, **fields), NOW).factor

    # However much is known about the usual time: that is a guess, and no share.
    known = {"expected_seconds": 100.0, "queue_position": 2, "queue_seconds": 5.0}
    for state in TaskState:
        assert factor(state, **known) is None
    assert factor(TaskState.GENERATING, share=0.42) == 0.42
    assert factor(TaskState.GENERATING, share=1.5) == 1.0
    assert factor(TaskState.DOWNLOADING, received=1, total=4) == 0.25
    assert factor(TaskState.DOWNLOADING, received=5, total=4) == 1.0
    assert factor(TaskState.DOWNLOADING, received=5, total=0) is None
    # A share that was told before the end says nothing about what came after.
    assert factor(TaskState.FAILED, share=0.42) is None


def test_a_clock_that_was_set_back() -> None:
    task = replace(TAKEN, state=TaskState.GENERATING, expected_seconds=60.0)
    words = wording.describe(task, NOW - 5000)
    assert words.line == "Generating, 1 s so far, about 1 min left"


@pytest.mark.parametrize(
    ("expected", "state", "accepted", "ordered", "final", "repeatable"),
    [
        ("Retry", TaskState.FAILED, False, True, False, False),
        ("Resume", TaskState.FAILED, True, True, False, False),
        ("Generate Again…", TaskState.FAILED, True, True, True, True),
        ("Retry", TaskState.STOPPED, False, False, False, True),
        ("Resume", TaskState.STOPPED, False, True, False, True),
        ("Generate Again…", TaskState.STOPPED, False, True, False, False),
        ("Resume", TaskState.STOPPED, True, True, False, True),
        ("Generate Again…", TaskState.UNCONFIRMED, False, True, False, False),
        ("Resume", TaskState.UNCONFIRMED, False, True, False, True),
        ("Generate Again…", TaskState.UNCONFIRMED, False, False, False, True),
        ("", TaskState.GENERATING, True, True, False, True),
        ("", TaskState.READY, True, True, False, True),
    ],
)
def test_retry_words(
    expected: str, state: TaskState, accepted: bool, ordered: bool, final: bool, repeatable: bool
) -> None:
    task = replace(TAKEN if accepted else TASK, state=state, final=final)
    task = replace(task, submit_key="k" if ordered else "")
    assert wording.retry_words(task, Repeatable if repeatable else Rodin) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0.0, "0 credits"),
        (0.5, "0.5 credits"),
        (1.0, "1 credit"),
        (12.25, "12.25 credits"),
        (100.0, "100 credits"),
        (1250.0, "1,250 credits"),
        (0.1 + 0.2, "0.3 credits"),
    ],
)
def test_credits(amount: float, expected: str) -> None:
    assert wording.credits(amount) == expected


def test_prices_and_balances() -> None:
    assert wording.price(Price(0.5)) == "0.5 credits, by the price list"
    assert wording.price(Price(120.0, exact=True)) == "120 credits"
    assert wording.price(Price(0.0, exact=True)) == "free"
    assert wording.price(Price(0.0)) == "0 credits, by the price list"
    assert wording.balance(Balance(12.0)) == "12 credits"
    assert wording.balance(Balance(12.0, frozen=0.0)) == "12 credits"
    assert wording.balance(Balance(880.0, 120.0)) == "880 credits, 120 more held for running jobs"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-3.0, "1 s"),
        (0.2, "1 s"),
        (8.4, "8 s"),
        (59.6, "1 min"),
        (80.0, "1 min 20 s"),
        (599.0, "9 min 59 s"),
        (600.0, "10 min"),
        (3599.0, "1 h"),
        (3600.0, "1 h"),
        (3900.0, "1 h 5 min"),
        (172_700.0, "47 h 58 min"),
        (259_200.0, "3 days"),
    ],
)
def test_durations(seconds: float, expected: str) -> None:
    assert wording.duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 bytes"),
        (812, "812 bytes"),
        (12_345, "12.3 kB"),
        (4_000_000, "4 MB"),
        (140_400_000, "140 MB"),
        (1_073_741_824, "1.1 GB"),
    ],
)
def test_sizes(count: int, expected: str) -> None:
    assert wording.size(count) == expected


def test_terms_say_who_and_at_what_price() -> None:
    assert wording.terms(TASK, "Triverse") == "Triverse"  # not taken yet: no price was told
    assert wording.terms(replace(TASK, accepted=Accepted("j", cost=20.0)), "Triverse") == (
        "Triverse, 20 credits"
    )
    assert wording.terms(replace(TASK, accepted=Accepted("j", cost=1.0)), "X") == "X, 1 credit"
    assert (
        wording.terms(replace(TASK, accepted=Accepted("j", cost=0.0)), "Sandbox") == "Sandbox, free"
    )


def test_summary_counts_what_somebody_waits_for() -> None:
    def tasks(*states: TaskState) -> list[Task]:
        return [replace(TASK, state=state) for state in states]

    assert wording.summary([]) == ""
    assert wording.summary(tasks(TaskState.IMPORTED, TaskState.FAILED)) == ""
    assert wording.summary(tasks(TaskState.READY)) == "1 ready"
    running = (TaskState.SUBMITTING, TaskState.WAITING, TaskState.GENERATING, TaskState.DOWNLOADING)
    assert wording.summary(tasks(*running, TaskState.READY)) == "4 running, 1 ready"
    unclear = [TaskState.UNCONFIRMED] * 2
    assert wording.summary(tasks(*unclear)) == "2 not confirmed"
    assert wording.summary(tasks(*unclear, *running)) == "4 running, 2 not confirmed"
