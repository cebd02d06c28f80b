"""What goes on where it left off although the world did not: a Blender that was stopped for minutes
and wakes (SIGSTOP, SIGCONT), a list whose -wal was tidied away, keys and services that changed, a
service that has forgotten the job. Nothing is paid twice, and what lies here is not lost."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.accounts import Accounts
from core.errors import LedgerError
from core.ledger import Ledger
from core.model import TaskState
from core.sandbox.server import Sandbox
from tests.services import faults

from .blenders import Blender, ledger_of
from .ending import hurry, judge, next_starts
from .outcomes import all_hold

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
SERVICES = ("rodin", "triverse")
ORDER = {"rodin": faults.RODIN_SUBMIT, "triverse": faults.TRIVERSE_CREATE}
MINUTES = 700.0  # ahead: a lease of a process that is seen to live is over


class Hold:
    """The first request of a kind waits until `release`, and is carried out then."""

    def __init__(self, pattern: str) -> None:
        self.came, self._go = threading.Event(), threading.Event()
        self._rule = faults.on(pattern, self._wait)

    def __call__(self, request, carry_out):
        return self._rule(request, carry_out)

    def _wait(self, request, carry_out):
        self.came.set()
        self._go.wait(60)
        return carry_out()

    def release(self) -> None:
        self._go.set()


@contextmanager
def standing_still(blender: Blender) -> Iterator[None]:
    """It wakes with the clock that the others have by then."""
    blender.ahead(MINUTES)
    time.sleep(0.1)
    os.kill(blender.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(blender.pid, signal.SIGCONT)


def postponed(blender: Blender, sandbox: Sandbox, service: str) -> str:
    """An order that the service would not take now, and that waits to be sent again."""
    sandbox.intercept = faults.on(ORDER[service], faults.throttled("3000"))
    task_id = blender.generate(service, "a blue vase")
    blender.until(lambda: task_id in blender.tasks and "again" in blender.tasks[task_id].note)
    return task_id


def tidy(folder: Path) -> None:
    for end in ("-wal", "-shm"):
        (folder / "user" / f"tasks.sqlite3{end}").unlink(missing_ok=True)


@pytest.mark.parametrize("how", ["quits", "dies", "goes on"] if FULL else ["quits"])
def test_it_wakes_before_an_order_that_another_has_sent(tmp_path, nursery, sandbox, how):
    """At Rodin a second order would be a second job. Reading the balance is what it stood at."""
    sandbox.seconds = 1.0
    hold = Hold(faults.RODIN_BALANCE)
    sandbox.intercept = hold
    first = nursery.start(tmp_path, sandbox)
    task_id = first.generate("rodin", "a blue vase")
    assert hold.came.wait(20)
    with standing_still(first):
        second = nursery.start(tmp_path, sandbox, ahead=MINUTES)
        second.until(lambda: second.tasks.get(task_id) and second.tasks[task_id].accepted)
        if how == "quits":
            second.quit()
        elif how == "dies":
            second.kill()
        hold.release()
    while how == "quits" and first.state(task_id) != "ready":  # its heartbeat takes it up
        hurry(first, sandbox)
    first.until_ready(task_id)
    first.quit()
    if how == "goes on":
        second.quit()
    next_starts(nursery, sandbox, tmp_path)
    all_hold(judge("standstill", f"the other {how}", tmp_path, sandbox, Counter({"rodin": 1})))


@pytest.mark.parametrize("service", SERVICES if FULL else ["triverse"])
def test_it_wakes_in_the_middle_of_a_download_that_another_has_finished(
    tmp_path, nursery, sandbox, service
):
    """What it writes then does not end up in the model."""
    sandbox.intercept = faults.on(faults.MODEL, faults.slow(20_000, 0.02))
    first = nursery.start(tmp_path, sandbox)
    task_id = first.generate(service, "a blue vase")
    first.until(lambda: task_id in first.tasks and first.tasks[task_id].received > 50_000)
    with standing_still(first):
        second = nursery.start(tmp_path, sandbox, ahead=MINUTES)
        second.until(lambda: second.state(task_id) == "ready")
        model = Path(second.tasks[task_id].folder, second.tasks[task_id].model)
        before = hashlib.sha256(model.read_bytes()).digest()
    first.until(lambda: first.state(task_id) == "ready")
    first.idle()
    assert hashlib.sha256(model.read_bytes()).digest() == before
    first.quit()
    second.quit()
    next_starts(nursery, sandbox, tmp_path)
    all_hold(judge("standstill", "a download", tmp_path, sandbox, Counter({service: 1})))


@pytest.mark.parametrize("service", SERVICES)
def test_a_removed_task_stays_removed_without_the_wal(tmp_path, nursery, sandbox, service):
    first = nursery.start(tmp_path, sandbox)
    task_id = postponed(first, sandbox, service)
    first.kill()
    second = nursery.start(tmp_path, sandbox)
    second.until(lambda: second.state(task_id) == "ready")
    second.remove(task_id)
    second.until(lambda: task_id not in second.tasks)
    second.kill()
    tidy(tmp_path)
    next_starts(nursery, sandbox, tmp_path)
    assert ledger_of(tmp_path) == []
    assert len(sandbox.charges) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_dates_that_went_back_hide_no_step(tmp_path, nursery, sandbox, service):
    """Noted by a clock that was ten minutes ahead, ordered by one that was not; then the -wal is
    tidied away, and with it that it was ordered."""
    first = nursery.start(tmp_path, sandbox, ahead=600.0)
    task_id = postponed(first, sandbox, service)
    first.kill()
    second = nursery.start(tmp_path, sandbox)
    second.until(lambda: second.state(task_id) == "ready")
    second.kill()
    tidy(tmp_path)
    next_starts(nursery, sandbox, tmp_path)
    all_hold(judge("standstill", "dates back", tmp_path, sandbox, Counter({service: 1})))


@pytest.mark.parametrize("service", SERVICES if FULL else ["rodin"])
def test_a_wal_that_is_tidied_away_under_two_blenders(tmp_path, nursery, sandbox, service):
    """The second sees what the journal has, and sends nothing of which it cannot know."""
    first = nursery.start(tmp_path, sandbox)
    task_id = postponed(first, sandbox, service)
    tidy(tmp_path)
    second = nursery.start(tmp_path, sandbox)
    second.until(lambda: task_id in second.tasks)
    for blender in (first, second):
        blender.until(lambda b=blender: b.settled)
        blender.quit()
    next_starts(nursery, sandbox, tmp_path)
    assert len(sandbox.charges) <= 1
    (task,) = ledger_of(tmp_path)
    assert task.state in (TaskState.READY, TaskState.UNCONFIRMED)


@pytest.mark.parametrize("service", SERVICES)
def test_keys_that_cannot_be_read_when_an_order_may_stand(tmp_path, nursery, sandbox, service):
    """Its number is not forgotten over that, and the next order is the user's decision."""
    sandbox.intercept = faults.on(ORDER[service], faults.hang(60, carried_out=True))
    keys = tmp_path / "user" / "keys.json"
    Accounts(keys, {}).set_key(service, sandbox.key)
    first = nursery.start(tmp_path, sandbox, keys=False)
    task_id = first.generate(service, "a blue vase")
    end = time.monotonic() + 30
    while not sandbox.charges:
        assert time.monotonic() < end
        time.sleep(0.01)
    first.kill()
    sandbox.intercept = None
    keys.write_text(keys.read_text()[:-3])
    second = nursery.start(tmp_path, sandbox, keys=False)
    second.until(lambda: second.state(task_id) == "unconfirmed")
    second.quit()
    next_starts(nursery, sandbox, tmp_path)
    (task,) = ledger_of(tmp_path)
    assert task.state.value == ("ready" if service == "triverse" else "unconfirmed")
    assert len(sandbox.charges) == 1


def test_an_order_is_not_repeated_with_another_account(tmp_path, nursery, sandbox):
    """There its number is new, and it would be charged again."""
    sandbox.intercept = faults.on(faults.TRIVERSE_CREATE, faults.lose_answer(), times=None)
    first = nursery.start(tmp_path, sandbox)
    task_id = first.generate("triverse", "a blue vase")
    first.until(lambda: task_id in first.tasks and "again" in first.tasks[task_id].note)
    first.kill()
    sandbox.intercept = None
    with Sandbox(tmp_path / "other", seconds=0, record=True) as other:
        second = nursery.start(tmp_path, other)
        second.until(lambda: second.state(task_id) == "unconfirmed")
        assert "another key or service URL" in second.tasks[task_id].message
        second.quit()
        assert other.charges == []
    next_starts(nursery, sandbox, tmp_path)
    (task,) = ledger_of(tmp_path)
    assert task.state is TaskState.READY
    all_hold(judge("standstill", "other account", tmp_path, sandbox, Counter({"triverse": 1})))


@pytest.mark.parametrize("service", SERVICES)
def test_a_whole_model_is_kept_although_the_service_has_forgotten_it(
    tmp_path, nursery, sandbox, service
):
    """The library was not there when it had come; days later it is, and the service's copy not."""
    (tmp_path / "library").write_text("in its place")
    first = nursery.start(tmp_path, sandbox)
    task_id = first.generate(service, "a blue vase")
    first.until(lambda: first.state(task_id) == "failed")
    first.quit()
    (tmp_path / "library").unlink()
    shutil.rmtree(tmp_path / "sandbox" / "jobs")
    second = nursery.start(tmp_path, sandbox)
    second.until(lambda: task_id in second.tasks)
    second.resume(task_id)
    second.until(lambda: second.state(task_id) == "ready")
    second.quit()
    assert len(sandbox.charges) == 1


def test_two_blenders_enter_a_key_each(tmp_path):
    first, second = Accounts(tmp_path / "keys.json", {}), Accounts(tmp_path / "keys.json", {})
    assert (first.key("rodin"), second.key("triverse")) == ("", "")
    first.set_key("rodin", "one")
    second.set_key("triverse", "two")
    again = Accounts(tmp_path / "keys.json", {})
    assert (again.key("rodin"), again.key("triverse")) == ("one", "two")


@pytest.mark.parametrize("how", ["in its place", b"\x00" * 5000])
def test_a_damaged_lock_does_not_keep_the_list_from_being_restored(tmp_path, nursery, sandbox, how):
    first = nursery.start(tmp_path, sandbox)
    task_id = first.generate("rodin", "a blue vase")
    first.until(lambda: first.state(task_id) == "ready")
    first.quit()
    user = tmp_path / "user"
    (user / "tasks.lock.sqlite3").write_bytes(how if isinstance(how, bytes) else how.encode() * 99)
    (user / "tasks.sqlite3").unlink()
    with closing(Ledger(user / "tasks.sqlite3")) as ledger:
        with pytest.raises(LedgerError, match="Try again"):
            ledger.tasks()
        assert [task.id for task in ledger.tasks()] == [task_id]
