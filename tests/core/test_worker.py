"""The worker: many jobs, few threads, none when idle."""

import threading
import time

import pytest

from core.worker import Cancelled, Worker


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    assert worker.close(5)


def ours() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "maquette-worker"]


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


def test_a_thousand_jobs_are_stepped_by_at_most_eight_threads(worker):
    done, most = [], []

    def steps(number):
        for _ in range(3):
            most.append(len(ours()))
            yield 0.001
        done.append(number)

    for number in range(1000):
        worker.add(str(number), steps(number))
    until(lambda: len(done) == 1000)
    assert sorted(done) == list(range(1000))
    assert max(most) <= 8


def test_no_thread_is_left_when_nothing_is_open(worker):
    def steps():
        yield 0.0

    worker.add("one", steps())
    until(lambda: not worker.busy)
    until(lambda: not ours())


def test_waiting_jobs_keep_one_thread_only(worker):
    def steps():
        yield 30.0

    for number in range(20):
        worker.add(str(number), steps())
    until(lambda: len(ours()) == 1)
    assert worker.busy


def test_a_slow_piece_does_not_hold_up_the_others(worker):
    release, done = threading.Event(), threading.Event()

    def slow():
        release.wait(5)
        yield 0.0

    def quick():
        done.set()
        yield 0.0

    worker.add("slow", slow())
    worker.add("quick", quick())
    assert done.wait(5)
    release.set()


def test_jobs_of_one_name_run_one_after_the_other(worker):
    order = []

    def steps(name):
        order.append(f"{name} begins")
        yield 0.005
        order.append(f"{name} ends")

    for name in "abc":
        worker.add("same", steps(name))
    until(lambda: len(order) == 6)
    assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


def test_once_keeps_at_most_one_waiting_behind(worker):
    began, release = [], threading.Event()

    def steps(number):
        began.append(number)
        release.wait(5)
        yield 0.0

    for number in range(5):
        worker.add("same", steps(number), once=True)
    until(lambda: began)
    release.set()
    until(lambda: not worker.busy)
    assert began == [0, 1]


def test_cancel_is_thrown_where_the_job_waits_and_ends_the_wait(worker):
    seen = []

    def steps():
        try:
            yield 600.0
        except Cancelled:
            seen.append("cancelled")
            yield 0.0
            seen.append("tidied up")

    worker.add("job", steps())
    until(lambda: len(ours()) == 1)
    assert worker.cancel("job")
    until(lambda: not worker.busy)
    assert seen == ["cancelled", "tidied up"]
    assert not worker.cancel("job")


def test_hurry_runs_the_next_piece_now_and_keeps_the_rhythm(worker):
    ran = []

    def steps():
        while len(ran) < 3:
            ran.append(1)
            yield 600.0

    worker.add("job", steps())
    until(lambda: len(ours()) == 1 and ran)
    for count in (2, 3):
        worker.hurry("job")
        until(lambda count=count: len(ran) == count)
    assert len(worker._due) <= 3


def test_cancel_before_the_first_piece_lets_that_piece_run(worker):
    seen, release = [], threading.Event()

    def blocker():
        release.wait(5)
        yield 0.0

    def steps():
        seen.append("noted down")
        try:
            yield 600.0
        except Cancelled:
            seen.append("cancelled")

    for number in range(8):
        worker.add(f"blocker {number}", blocker())
    worker.add("job", steps())
    worker.cancel("job")
    release.set()
    until(lambda: not worker.busy)
    assert seen == ["noted down", "cancelled"]


def test_a_mistake_in_one_job_is_logged_and_the_others_go_on(worker, caplog):
    done = threading.Event()

    def wrong():
        raise ZeroDivisionError
        yield

    def right():
        yield 0.0
        done.set()

    worker.add("wrong", wrong())
    worker.add("right", right())
    assert done.wait(5)
    until(lambda: not worker.busy)
    assert "wrong" in caplog.text


def test_close_waits_for_the_piece_under_way_and_begins_nothing_more():
    worker, seen, started = Worker(), [], threading.Event()

    def steps():
        started.set()
        time.sleep(0.05)
        seen.append("first piece whole")
        yield 0.0
        seen.append("second piece")

    worker.add("job", steps())
    assert started.wait(5)
    assert worker.close(5)
    assert seen == ["first piece whole"]
    assert not ours()
