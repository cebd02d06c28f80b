"""Everything of the core together: threads, ledger, jobs, against the Sandbox's real server."""

import os
import queue
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import core.engine
from core.accounts import Accounts
from core.engine import (
    BalanceKnown,
    Engine,
    Folders,
    PriceKnown,
    TaskChanged,
    TaskRemoved,
    Trouble,
)
from core.events import Relocated
from core.ledger import Ledger
from core.model import Origin, Retry, TaskState, retry_means
from core.providers import get_provider
from core.providers.base import Pacing
from core.providers.options import make_request
from core.records import task_json
from core.sandbox.messages import Drop
from core.sandbox.server import Sandbox
from core.worker import Cancelled, Worker
from tests.services import faults

pytestmark = pytest.mark.usefixtures("each_model_is_made_once")
ROOT = Path(__file__).parents[2]
SERVICES = ["rodin", "triverse"]


def hurried(steps):
    """The same steps with waits of a thousandth."""
    wait = next(steps, None)
    while wait is not None:
        try:
            yield wait / 1000
            wait = next(steps, None)
        except Cancelled as cancelled:
            try:
                wait = steps.throw(cancelled)
            except StopIteration:
                return


class Hurried(Worker):
    def add(self, name, steps, **options):
        super().add(name, hurried(steps), **options)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(core.engine, "Worker", Hurried)


@pytest.fixture
def sandbox(tmp_path):
    with Sandbox(tmp_path / "sandbox", seconds=0, record=True) as sandbox:
        yield sandbox


class User:
    """An engine and what it has told so far."""

    def __init__(self, folder: Path, sandbox: Sandbox, **options):
        self.folders = Folders(folder / "user", folder / "library")
        environ = {
            "RODIN_API_KEY": sandbox.key,
            "TRIVERSE_API_KEY": sandbox.key,
            "HYPER3D_BASE_URL": sandbox.rodin_url,
            "TRIVERSE_BASE_URL": sandbox.triverse_url,
        }
        self.online = True
        self.inbox = queue.SimpleQueue()
        self.tasks, self.removed, self.others = {}, [], []
        self.engine = Engine(
            self.folders,
            Accounts(self.folders.keys, environ),
            online=lambda: self.online,
            publish=self.inbox.put,
            **options,
        )

    def generate(self, service, prompt="a blue vase", origin=None):
        request = make_request(get_provider(service), prompt=prompt)
        return self.engine.generate(request, origin)

    def until(self, condition, seconds=60.0):
        end = time.monotonic() + seconds
        while not condition():
            try:
                notice = self.inbox.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"it did not happen in time: {self.tasks}")
            match notice:
                case TaskChanged(task=task):
                    self.tasks[task.id] = task
                case TaskRemoved(task_id=task_id):
                    self.tasks.pop(task_id, None)
                    self.removed.append(task_id)
                case _:
                    self.others.append(notice)

    def until_state(self, task_id, *states):
        self.until(lambda: task_id in self.tasks and self.tasks[task_id].state in states)
        return self.tasks[task_id]


def patiently(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


@pytest.fixture
def user(tmp_path, sandbox):
    user = User(tmp_path, sandbox)
    yield user
    user.engine.close(5)


@pytest.mark.parametrize("service", SERVICES)
def test_a_task_runs_to_the_library_and_no_thread_is_left(user, sandbox, service):
    task_id = user.generate(service)
    task = user.until_state(task_id, TaskState.READY)
    assert (Path(task.folder) / task.model).is_file()
    patiently(lambda: not any(t.name == "maquette-worker" for t in threading.enumerate()))
    assert not user.engine.busy
    assert len(sandbox.charges) == 1


def test_the_ledger_has_what_is_shown_before_it_is_shown(user, sandbox):
    """Every notice about a durable step is looked up on disk from another connection."""
    shown = []
    other = Ledger(user.folders.ledger)

    def look(notice):
        if isinstance(notice, TaskChanged):
            stored = {task.id: task for task in other.tasks()}
            shown.append((notice.task.state, stored[notice.task.id].state))
        user.inbox.put(notice)

    user.engine._publish = look
    user.until_state(user.generate("rodin"), TaskState.READY)
    other.close()
    assert len(shown) >= 4
    assert all(told is stored for told, stored in shown)


def test_fifty_tasks_of_both_services_all_end_right(user, sandbox):
    sandbox.rodin.balance = sandbox.triverse.balance = 1_000_000
    sandbox.rodin.parallel_limit = 1_000
    sandbox.triverse.duplicate_seconds = 0.0
    ids = [user.generate(SERVICES[n % 2], f"vase number {n % 4}") for n in range(50)]
    most = 0
    for task_id in ids:
        user.until_state(task_id, TaskState.READY)
        most = max(most, sum(t.name == "maquette-worker" for t in threading.enumerate()))
    assert most <= 8
    assert len(sandbox.charges) == 50
    assert len(list(user.folders.library.glob("*/model.glb"))) == 50


def test_the_job_of_a_removed_task_is_had_back_by_the_same_order(user, sandbox):
    """Triverse takes equal orders within a short time for one: whoever removed a paid job and
    orders it again gets that, as long as no other line has it."""
    sandbox.seconds = 3600
    first = user.generate("triverse")
    user.until(lambda: first in user.tasks and user.tasks[first].accepted)
    job_id = user.tasks[first].accepted.job_id
    user.engine.cancel(first)
    user.until_state(first, TaskState.STOPPED)
    listed = user.until_state(user.generate("triverse"), TaskState.STOPPED)
    assert "the same order as the one before" in listed.message
    assert not listed.accepted
    user.engine.remove(first)
    user.until(lambda: first in user.removed)
    again = user.generate("triverse")
    user.until(lambda: again in user.tasks and user.tasks[again].accepted)
    assert user.tasks[again].accepted.job_id == job_id
    user.engine.resume(listed.id)  # now that one has it
    user.until(lambda: user.tasks[listed.id].state.is_open)
    assert not user.until_state(listed.id, TaskState.STOPPED).accepted
    sandbox.clock = lambda: time.time() + 4000
    user.until_state(again, TaskState.READY)
    assert len(sandbox.charges) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_a_restart_goes_on_with_an_open_task(tmp_path, sandbox, service):
    sandbox.seconds = 3600
    first = User(tmp_path, sandbox)
    task_id = first.generate(service, origin=Origin(sitting="s", file="/x.blend", scene="Scene"))
    first.until(lambda: task_id in first.tasks and first.tasks[task_id].accepted)
    first.engine.close(5)
    sandbox.clock = lambda: time.time() + 4000
    second = User(tmp_path, sandbox)
    second.engine.open()
    task = second.until_state(task_id, TaskState.READY)
    assert task.origin.file == "/x.blend"
    assert len(sandbox.charges) == 1
    second.engine.close(5)


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_process_loses_nothing(tmp_path, sandbox, service):
    """SIGKILL as soon as the service has taken the job; another process finishes it."""
    script = textwrap.dedent(
        """
        import queue, sys
        from pathlib import Path
        from core.accounts import Accounts
        from core.engine import *
        from core.providers import get_provider
        from core.providers.options import make_request
        folder, service = Path(sys.argv[1]), sys.argv[2]
        folders = Folders(folder / "user", folder / "library")
        inbox = queue.SimpleQueue()
        engine = Engine(
            folders, Accounts(folders.keys), online=lambda: True, publish=inbox.put
        )
        engine.generate(make_request(get_provider(service), prompt="a blue vase"))
        while True:
            notice = inbox.get(timeout=30)
            if isinstance(notice, TaskChanged) and notice.task.accepted:
                print(notice.task.id, flush=True)
        """
    )
    sandbox.seconds = 3600
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), service],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={
            "RODIN_API_KEY": sandbox.key,
            "TRIVERSE_API_KEY": sandbox.key,
            "HYPER3D_BASE_URL": sandbox.rodin_url,
            "TRIVERSE_BASE_URL": sandbox.triverse_url,
        },
    )
    try:
        task_id = process.stdout.readline().decode().strip()
        assert task_id
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdout.close()
    sandbox.clock = lambda: time.time() + 4000
    user = User(tmp_path, sandbox)
    user.engine.open()
    user.until_state(task_id, TaskState.READY)
    assert len(sandbox.charges) == 1
    user.engine.close(5)


def test_the_more_jobs_a_service_has_the_less_often_each_is_asked_about(
    tmp_path, sandbox, monkeypatch
):
    waits = {}

    class Recording(Worker):
        def add(self, name, steps, **options):
            super().add(name, hurried(self.recorded(name, steps)), **options)

        def recorded(self, name, steps):
            for wait in steps:
                waits.setdefault(name, []).append(wait)
                yield wait

    monkeypatch.setattr(core.engine, "Worker", Recording)
    monkeypatch.setattr(get_provider("rodin"), "pacing", Pacing(apart=100))
    sandbox.seconds = 3600
    user = User(tmp_path, sandbox)
    rodin = user.generate("rodin")
    patiently(lambda: 90 < max(waits.get(rodin, [0])) < 110)
    other = user.generate("triverse")
    two = user.generate("rodin", "a red vase")
    patiently(lambda: all(180 < max(waits.get(name, [0])) < 220 for name in (rodin, two)))
    patiently(lambda: len(waits.get(other, [])) > 3)
    assert max(waits[other]) < 30
    user.engine.close(5)


def test_two_engines_share_a_ledger_and_only_one_works_on_a_task(tmp_path, sandbox):
    sandbox.seconds = 3600
    first, second = User(tmp_path, sandbox), User(tmp_path, sandbox)
    task_id = first.generate("rodin")
    first.until(lambda: task_id in first.tasks and first.tasks[task_id].accepted)
    second.engine.open()
    second.until(lambda: task_id in second.tasks)
    polls = len(sandbox.requests)
    first.engine.close(5)  # gives its leases up
    sandbox.clock = lambda: time.time() + 4000
    second.until_state(task_id, TaskState.READY)
    assert len(sandbox.requests) > polls
    assert len(sandbox.charges) == 1
    second.engine.close(5)


def test_cancel_then_resume_costs_nothing_more(user, sandbox):
    sandbox.seconds = 3600
    task_id = user.generate("rodin")
    user.until(lambda: task_id in user.tasks and user.tasks[task_id].accepted)
    user.engine.cancel(task_id)
    task = user.until_state(task_id, TaskState.STOPPED)
    assert retry_means(task, False) is Retry.RESUME
    sandbox.clock = lambda: time.time() + 4000
    user.engine.resume(task_id)
    user.until_state(task_id, TaskState.READY)
    assert len(sandbox.charges) == 1


def test_resume_never_pays_again_without_the_users_word(user, sandbox):
    sandbox.intercept = lambda request, carry_out: (
        carry_out() and Drop() if request.path.endswith("/rodin") else None
    )
    task_id = user.generate("rodin")
    user.until_state(task_id, TaskState.UNCONFIRMED)
    user.engine.resume(task_id)
    patiently(lambda: not user.engine.busy)
    assert len(sandbox.charges) == 1
    sandbox.intercept = None
    user.engine.resume(task_id, again=True)
    user.until_state(task_id, TaskState.READY)
    assert len(sandbox.charges) == 2


def test_remove_takes_it_off_the_list_and_leaves_the_model(user, sandbox):
    task_id = user.generate("triverse")
    task = user.until_state(task_id, TaskState.READY)
    user.engine.remove(task_id)
    user.until(lambda: task_id in user.removed)
    assert (Path(task.folder) / task.model).is_file()
    other = Ledger(user.folders.ledger)
    assert other.tasks() == []
    other.close()


def test_saving_the_file_elsewhere_moves_its_tasks_while_they_run(user, sandbox):
    sandbox.seconds = 3600
    task_id = user.generate("rodin", origin=Origin(sitting="s1", scene="Scene", scene_uid=7))
    user.until(lambda: task_id in user.tasks and user.tasks[task_id].accepted)
    user.engine.relocate("s1", "/new/place.blend", {7: "Kitchen"})
    user.until(lambda: user.tasks[task_id].origin.file == "/new/place.blend")
    assert user.tasks[task_id].origin.scene == "Kitchen"
    sandbox.clock = lambda: time.time() + 4000
    task = user.until_state(task_id, TaskState.READY)
    assert task.origin.file == "/new/place.blend"


def test_what_cannot_be_noted_down_is_not_sent(tmp_path, sandbox):
    (tmp_path / "user").write_text("a file where the folder should be")
    user = User(tmp_path, sandbox)
    task_id = user.generate("rodin")
    task = user.until_state(task_id, TaskState.FAILED)
    assert task.message
    assert sandbox.requests == []
    user.engine.close(5)


def test_a_restored_ledger_is_told_and_its_tasks_go_on(tmp_path, sandbox):
    """Damaged while a job waits: the next start has the job, fetches its model, and says so."""
    sandbox.seconds = 1000
    user = User(tmp_path, sandbox)
    task_id = user.generate("rodin")
    user.until(lambda: task_id in user.tasks and user.tasks[task_id].accepted)
    user.engine.close(5)
    user.folders.ledger.write_bytes(b"no database" * 500)
    sandbox.clock = sandbox.jobs.clock = lambda: time.time() + 2000
    user = User(tmp_path, sandbox)
    user.engine.open()
    user.until_state(task_id, TaskState.READY)
    (told,) = [n for n in user.others if isinstance(n, Trouble) and n.message]
    assert told.message == "The list of tasks was damaged. Tasks restored: 1."
    kept = Path(told.advice.partition(": ")[2])
    assert kept.read_bytes() == b"no database" * 500
    assert len(sandbox.charges) == 1
    user.engine.close(5)


def test_offline_nothing_is_sent(user, sandbox):
    user.online = False
    task = user.until_state(user.generate("rodin"), TaskState.FAILED)
    assert "offline" in task.message
    assert sandbox.requests == []


@pytest.mark.parametrize("service", SERVICES)
def test_balance_and_price_are_told(user, sandbox, service):
    user.engine.balance(service)
    user.engine.quote(make_request(get_provider(service), prompt="a blue vase"))
    user.until(lambda: len(user.others) == 2)
    balance = next(n for n in user.others if isinstance(n, BalanceKnown))
    price = next(n for n in user.others if isinstance(n, PriceKnown))
    assert balance.balance.credits > 0
    assert price.price.credits > 0


def test_a_wrong_key_is_told_with_what_to_do(user, sandbox):
    sandbox.key = "another"
    user.engine.balance("rodin")
    task = user.until_state(user.generate("rodin"), TaskState.FAILED)
    assert "key" in task.message.lower()
    user.until(lambda: user.others)
    assert "key" in user.others[0].message.lower()


def test_leftovers_of_tasks_that_are_gone_are_swept_at_start(user):
    for folder in (user.folders.downloads, user.folders.inputs("gone")):
        folder.mkdir(parents=True)
    (user.folders.downloads / "gone.glb.part").write_bytes(b"x")
    (user.folders.inputs("gone") / "1.png").write_bytes(b"x")
    os.utime(user.folders.inputs("gone"), (0, 0))
    user.folders.inputs("being-made").mkdir()
    (user.folders.inputs("being-made") / "1.png").write_bytes(b"x")
    user.engine.open()
    patiently(
        lambda: (
            not list(user.folders.downloads.iterdir()) and not user.folders.inputs("gone").exists()
        )
    )
    # The task it belongs to is noted down once all its pictures are made.
    assert (user.folders.inputs("being-made") / "1.png").exists()


def test_a_start_that_took_long_forgets_nothing_of_a_job_that_runs(user, sandbox):
    """The list could not be read at first (a full disk); meanwhile Generate was pressed. What was
    read before the order went out must not stand in its place: the answer would be taken for that
    of another order."""
    ledger, read = user.engine._ledger, []
    add, tasks = ledger.add, ledger.tasks

    def added(task):
        add(task)
        read.extend(tasks())

    def read_long_ago():
        end = time.monotonic() + 2
        while not user.engine._live[read[0].id].submit_key and time.monotonic() < end:
            time.sleep(0.01)
        return list(read)

    held = threading.Event()

    def hold(request, carry_out):
        held.wait(5)

    sandbox.intercept = faults.on(faults.TRIVERSE_CREATE, hold)
    ledger.add, ledger.tasks = added, read_long_ago
    task_id = user.generate("triverse")
    user.engine.open()
    patiently(lambda: read and user.engine._live[task_id].submit_key)
    patiently(lambda: "open" not in user.engine._desk)
    ledger.add, ledger.tasks = add, tasks
    held.set()
    user.until_state(task_id, TaskState.READY)
    assert [task.id for task in tasks()] == [task_id]
    assert len(sandbox.charges) == 1


@pytest.mark.parametrize("how", ["next start", "removal"])
def test_what_a_blender_left_that_died_beside_a_finished_model_is_swept(user, sandbox, how):
    """It built in the library while another Blender already had the model there."""
    task_id = user.generate("rodin")
    task = user.until_state(task_id, TaskState.READY)
    folder = Path(task.folder)
    late = folder.with_name(f".{folder.name}.123456.incoming")
    shutil.copytree(folder, late)
    if how == "removal":
        user.engine.remove(task_id)
    else:
        user.engine.open()
    patiently(lambda: [path.name for path in folder.parent.iterdir()] == [folder.name])
    assert (folder / task.model).is_file()


# --- two Blenders, one of them with a stale list ---


def lose_the_answer(request, carry_out):
    if request.path.endswith("/rodin"):
        carry_out()
        return Drop()
    return None


def test_a_stale_list_does_not_pay_again(tmp_path, sandbox):
    """One Blender ordered anew and has the model; the other still shows "Not confirmed"."""
    sandbox.intercept = lose_the_answer
    first, second = User(tmp_path, sandbox), User(tmp_path, sandbox)
    task_id = first.generate("rodin")
    first.until_state(task_id, TaskState.UNCONFIRMED)
    second.engine.open()
    second.until_state(task_id, TaskState.UNCONFIRMED)
    sandbox.intercept = None
    first.engine.resume(task_id, again=True)
    first.until_state(task_id, TaskState.READY)
    assert len(sandbox.charges) == 2
    second.engine.resume(task_id, again=True)
    second.until_state(task_id, TaskState.READY)  # it sees now how things are
    patiently(lambda: not second.engine.busy)
    assert len(sandbox.charges) == 2
    first.engine.close(5)
    second.engine.close(5)


@pytest.mark.parametrize("service", SERVICES)
def test_a_cancel_before_anybody_took_up_a_dead_blenders_order_tells_what_may_be(
    tmp_path, sandbox, service
):
    """Its lease still looks good (another machine's), so nobody goes on with it."""
    first = User(tmp_path, sandbox)
    sandbox.intercept = lambda request, carry_out: Drop()
    task_id = first.generate(service)
    first.until(lambda: task_id in first.tasks and first.tasks[task_id].submit_key)
    stored = first.tasks[task_id]
    first.engine.close(5)
    second = User(tmp_path, sandbox, adopt=False)
    second.engine._live[task_id] = replace(stored, state=TaskState.SUBMITTING)
    with second.engine._ledger._database.transaction() as db:
        db.execute(
            "UPDATE tasks SET state = 'submitting', task = ?, owner = ''",
            (task_json(second.engine._live[task_id]),),
        )
    second.engine.cancel(task_id)
    task = second.until_state(task_id, TaskState.STOPPED, TaskState.UNCONFIRMED)
    assert "may" in f"{task.message} {task.advice}" or "not known" in task.message
    means = retry_means(task, get_provider(service).repeatable)
    assert means is (Retry.RESUME if service == "triverse" else Retry.PAY_AGAIN)
    second.engine.close(5)


def test_two_clicks_on_generate_again_are_one_order(user, sandbox):
    sandbox.intercept = lose_the_answer
    task_id = user.generate("rodin")
    user.until_state(task_id, TaskState.UNCONFIRMED)
    user.engine.resume(task_id, again=True)
    user.engine.resume(task_id, again=True)
    patiently(lambda: not user.engine.busy)
    assert len(sandbox.charges) == 2


def test_a_submit_under_way_cannot_be_removed_by_another(tmp_path, sandbox):
    first, second = User(tmp_path, sandbox), User(tmp_path, sandbox)
    sandbox.rodin.balance = 0
    task_id = first.generate("rodin")
    first.until_state(task_id, TaskState.FAILED)
    second.engine.open()
    second.until_state(task_id, TaskState.FAILED)
    sandbox.rodin.balance = 100
    answer = threading.Event()

    def hold(request, carry_out):
        if request.path.endswith("/rodin"):
            reply = carry_out()
            answer.wait(10)
            return reply
        return None

    sandbox.intercept = hold
    first.engine.resume(task_id)
    patiently(lambda: len(sandbox.charges) == 1)
    second.engine.remove(task_id)
    patiently(lambda: not second.engine._worker.busy)
    answer.set()
    task = first.until_state(task_id, TaskState.READY)
    assert task.accepted
    first.engine.close(5)
    second.engine.close(5)


def test_an_accepted_job_is_noted_even_if_its_row_is_gone(tmp_path, sandbox):
    """Whatever removed the row: the job is paid for, and the next to look takes it up."""
    user = User(tmp_path, sandbox)

    def remove_row(request, carry_out):
        if request.path.endswith("/rodin"):
            reply = carry_out()
            other = Ledger(user.folders.ledger)
            with other._database.transaction() as db:
                db.execute("DELETE FROM tasks")
            other.close()
            return reply
        return None

    sandbox.intercept = remove_row
    task_id = user.generate("rodin")
    user.until(lambda: task_id in user.removed)
    user.until(lambda: any(t.state is TaskState.READY for t in user.tasks.values()))
    assert len(sandbox.charges) == 1
    user.engine.close(5)


def test_a_job_that_another_blender_took_over_ends_here(user, sandbox):
    """This one stood still for minutes, and then goes on as if nothing had been."""
    sandbox.seconds = 3600
    task_id = user.generate("rodin")
    user.until_state(task_id, TaskState.WAITING, TaskState.GENERATING)
    other = Ledger(user.folders.ledger)
    with other._database.transaction() as db:
        held = ("elsewhere:1:token", time.time() + 50)
        db.execute("UPDATE tasks SET owner = ?, lease_until = ?", held)
    patiently(lambda: task_id not in user.engine._worker)
    asked = len(sandbox.requests)
    time.sleep(0.1)  # the job would have asked many times
    assert len(sandbox.requests) == asked
    assert user.tasks[task_id].state.is_open
    with other._database.transaction() as db:
        assert db.execute("SELECT owner FROM tasks").fetchone() == ("elsewhere:1:token",)
    other.close()


@pytest.mark.parametrize("service", SERVICES)
def test_a_list_restored_under_a_running_job_is_no_reason_to_begin_it_twice(user, sandbox, service):
    """In a restored list nobody holds anything."""
    sandbox.seconds = 0.5
    task_id = user.generate(service)
    user.until_state(task_id, TaskState.WAITING, TaskState.GENERATING)
    other = Ledger(user.folders.ledger)
    with other._database.transaction() as db:
        db.execute("UPDATE tasks SET owner = '', lease_until = 0")
    user.until_state(task_id, TaskState.READY)
    patiently(lambda: not user.engine.busy)
    assert len(sandbox.charges) == 1
    names = [name for _, name, _ in other.steps(task_id)]
    assert names.count("Downloading") == names.count("Ready") == 1
    other.close()


def test_what_another_blender_did_is_shown_although_the_clock_was_set_back(tmp_path, sandbox):
    days = [20_000.0]
    user = User(tmp_path, sandbox, clock=lambda: days[0] * 86400 + time.time() % 10_000)
    sandbox.rodin.balance = 0
    failed = user.generate("rodin")
    user.until_state(failed, TaskState.FAILED)
    sandbox.rodin.balance, sandbox.seconds = 100, 3600
    user.generate("rodin", "another")  # keeps the heart beating
    other = Ledger(user.folders.ledger, lambda: (days[0] - 2) * 86400)
    other.record(failed, Relocated(file="/moved.blend", scene="Scene"))
    days[0] -= 1
    user.until(lambda: user.tasks[failed].origin.file == "/moved.blend")
    other.close()
    user.engine.close(5)


def test_eight_services_that_hang_do_not_hold_up_a_ninth_click(user, sandbox):
    release = threading.Event()

    def hang(request, carry_out):
        release.wait(10)
        return Drop()

    sandbox.intercept = hang
    ids = [user.generate("rodin", f"vase {n}") for n in range(9)]
    user.until(lambda: all(task_id in user.tasks for task_id in ids), seconds=5)
    release.set()


def test_what_could_not_be_noted_is_noted_when_blender_closes(tmp_path, sandbox):
    """The ledger was held by another program just when the service answered."""
    user = User(tmp_path, sandbox)
    user.engine._ledger.tasks()  # opened
    user.engine._ledger._database.patience = 0.02
    other = sqlite3.connect(user.folders.ledger, isolation_level=None, check_same_thread=False)

    def hold_ledger(request, carry_out):
        if request.path.endswith("/rodin"):
            reply = carry_out()
            other.execute("BEGIN IMMEDIATE")
            return reply
        return None

    sandbox.intercept = hold_ledger
    task_id = user.generate("rodin")
    user.until(lambda: task_id in user.tasks and "held by another" in user.tasks[task_id].note)
    other.execute("ROLLBACK")
    other.close()
    user.engine.close(5)
    ledger = Ledger(user.folders.ledger)
    (task,) = ledger.tasks()
    assert task.accepted
    ledger.close()


def test_a_path_of_another_encoding_is_only_a_path(user, sandbox):
    origin = Origin(sitting="s", file="/projects/caf\udce9.blend")
    task = user.until_state(user.generate("rodin", origin=origin), TaskState.READY)
    assert task.origin.file == "/projects/caf\udce9.blend"


def test_a_row_of_a_later_version_does_not_hide_the_others(tmp_path, sandbox):
    user = User(tmp_path, sandbox)
    ids = [user.generate("rodin", f"vase {n}") for n in range(2)]
    for task_id in ids:
        user.until_state(task_id, TaskState.READY)
    user.engine.close(5)
    with sqlite3.connect(user.folders.ledger) as db:
        db.execute(
            "UPDATE tasks SET task = json_set(task, '$.state', 'paused') WHERE id = ?", (ids[0],)
        )
    db.close()
    again = User(tmp_path, sandbox)
    again.engine.open()
    again.until_state(ids[1], TaskState.READY)
    assert ids[0] not in again.tasks
    again.engine.close(5)


def test_an_order_that_counts_as_the_one_before_is_no_second_job(user, sandbox):
    """Triverse gives the job it has where an equal order follows within seconds."""
    sandbox.seconds = 3600
    first = user.generate("triverse")
    user.until(lambda: first in user.tasks and user.tasks[first].accepted)
    second = user.generate("triverse")
    task = user.until_state(second, TaskState.STOPPED)
    assert "nothing more is charged" in task.message
    assert task.accepted is None
    assert len(sandbox.charges) == 1
    sandbox.triverse.duplicate_seconds = 0.0
    assert retry_means(task, repeatable=True) is Retry.SUBMIT
    user.engine.resume(second)
    user.until(lambda: user.tasks[second].accepted)
    assert user.tasks[second].accepted.job_id != user.tasks[first].accepted.job_id
    assert len(sandbox.charges) == 2
