"""The ledger: real SQLite files, shared by real processes, killed with SIGKILL."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.database import SCHEMA
from core.errors import LedgerError
from core.events import (
    Downloading,
    Failed,
    Generating,
    Imported,
    Ready,
    Relocated,
    Resumed,
    Stopped,
    Submitted,
    Submitting,
)
from core.leases import LEASE_SECONDS
from core.ledger import LeaseLost, Ledger
from core.model import Accepted, GenerationRequest, Origin, Task, TaskState

ROOT = Path(__file__).parents[2]


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    ledger = Ledger(tmp_path / "data" / "tasks.sqlite3", clock)
    yield ledger
    ledger.close()


def a_task(task_id="t1", **changes) -> Task:
    request = GenerationRequest(
        "rodin", "a red 🦊 ثعلب", "", ("/tmp/1.png",), {"box": (1, 2, 3), "seed": 5, "on": True}
    )
    origin = Origin("sitting", "/x.blend", "Scene", 7, (1.0, 2.0, 3.0), True)
    return replace(Task(task_id, request, origin, kind="Regular", created=999_999.0), **changes)


def accepted(cost=0.5) -> Accepted:
    return Accepted("job-1", {"subscription_key": "s3cret"}, "https://x", cost)


def test_a_task_comes_back_as_it_was_written(ledger):
    task = a_task()
    ledger.add(task)
    assert ledger.tasks() == [task]
    after = ledger.record("t1", Submitted(accepted=accepted()))
    assert after.state is TaskState.WAITING
    assert ledger.tasks() == [after]


def test_each_step_is_a_row_in_order(ledger):
    ledger.add(a_task())
    ledger.record("t1", Submitting(submit_key="k"))
    ledger.record("t1", Submitted(accepted=accepted()))
    ledger.record("t1", Downloading(received=1, total=2))
    ledger.record("t1", Ready(folder="/f", model="model.glb", triangles=12))
    ledger.record("t1", Imported())
    steps = ledger.steps("t1")
    assert [name for _, name, _ in steps] == [
        "Submitting", "Submitted", "Downloading", "Ready", "Imported",
    ]  # fmt: skip
    assert steps[0][2]["submit_key"] == "k"


def test_the_file_is_for_the_user_only(ledger):
    ledger.add(a_task())
    for name in ("", "-wal", "-shm"):
        mode = stat.S_IMODE(os.stat(f"{ledger.path}{name}").st_mode)
        assert mode & 0o077 == 0, name


def test_only_the_holder_of_the_lease_writes_an_open_task(ledger, clock):
    other = Ledger(ledger.path, clock)
    ledger.add(a_task())
    with pytest.raises(LeaseLost):
        other.record("t1", Submitting(submit_key="k"))
    assert other.claim() == []
    clock.now += LEASE_SECONDS + 1
    assert [task.id for task in other.claim()] == ["t1"]
    with pytest.raises(LeaseLost):
        ledger.record("t1", Submitting(submit_key="k"))
    assert ledger.steps("t1") == []
    other.close()


def test_renewing_keeps_the_lease(ledger, clock):
    other = Ledger(ledger.path, clock)
    ledger.add(a_task())
    for _ in range(5):
        clock.now += LEASE_SECONDS / 2
        assert ledger.renew()
        assert other.claim() == []
    other.close()


def test_a_clock_set_back_does_not_lock_a_task_for_ever(ledger, clock):
    other = Ledger(ledger.path, clock)
    ledger.add(a_task())
    clock.now -= 86400
    assert [task.id for task in other.claim()] == ["t1"]
    other.close()


def test_a_closed_task_may_be_changed_by_any_blender_and_nothing_is_overwritten(ledger, clock):
    other = Ledger(ledger.path, clock)
    ledger.add(a_task())
    live = ledger.record("t1", Ready(folder="/f", model="model.glb"))
    other.record("t1", Imported())
    after = ledger.record("t1", Imported(), live)
    assert after.state is TaskState.IMPORTED
    assert [name for _, name, _ in ledger.steps("t1")] == ["Ready", "Imported", "Imported"]
    other.close()


def test_a_job_that_runs_on_undoes_nothing_that_another_blender_has_ended(ledger, clock):
    other = Ledger(ledger.path, clock)
    ledger.add(a_task())
    live = ledger.record("t1", Generating())
    clock.now += LEASE_SECONDS + 1
    assert [task.id for task in other.claim()] == ["t1"]
    other.record("t1", Ready(folder="/f", model="model.glb"))
    with pytest.raises(LeaseLost) as lost:
        ledger.record("t1", Failed(message="the link is gone"), live)
    assert lost.value.stored.state is TaskState.READY
    moved = ledger.record("t1", Relocated(file="/saved.blend", scene="Scene"), live)
    assert (moved.state, moved.origin.file) == (TaskState.READY, "/saved.blend")
    assert [task.state for task in other.tasks()] == [TaskState.READY]
    other.close()


def test_renewing_tells_what_another_blender_holds(ledger, clock):
    other = Ledger(ledger.path, clock)
    ledger.add(a_task("t1"))
    other.add(a_task("t2"))
    assert ledger.renew() == {"t1": False, "t2": True}
    clock.now += LEASE_SECONDS + 1
    assert ledger.renew() == {"t1": False, "t2": False}
    other.close()


def test_resuming_takes_the_lease(ledger, clock):
    other = Ledger(ledger.path, clock)
    ledger.add(a_task())
    ledger.record("t1", Stopped(message="x"))
    other.record("t1", Resumed())
    with pytest.raises(LeaseLost):
        ledger.record("t1", Resumed())
    other.close()


def test_renew_says_when_nothing_is_open(ledger):
    assert not ledger.renew()
    ledger.add(a_task())
    assert ledger.renew()
    ledger.record("t1", Failed(message="no"))
    assert not ledger.renew()


def test_the_median_of_three_or_more_finished_tasks_of_the_same_kind(ledger, clock):
    for number, seconds in enumerate((10, 30, 80)):
        assert ledger.typical_seconds("rodin", "Regular") is None
        ledger.add(a_task(f"t{number}"))
        ledger.record(f"t{number}", Submitted(accepted=accepted()))
        clock.now += seconds
        ledger.record(f"t{number}", Downloading())
        clock.now += 500  # the download does not count
        ledger.record(f"t{number}", Ready(folder="/f", model="m"))
    assert ledger.typical_seconds("rodin", "Regular") == 30
    assert ledger.typical_seconds("rodin", "Sketch") is None


def test_a_newer_schema_is_left_alone_and_told(ledger, clock):
    ledger.add(a_task())
    ledger.close()
    with sqlite3.connect(ledger.path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    db.close()
    before = ledger.path.read_bytes()
    with pytest.raises(LedgerError, match="newer Maquette"):
        ledger.tasks()
    assert ledger.path.read_bytes() == before


def test_a_folder_that_is_a_file_is_a_sentence(tmp_path, clock):
    (tmp_path / "x").write_text("")
    with pytest.raises(LedgerError):
        Ledger(tmp_path / "x" / "tasks.sqlite3", clock).tasks()


def test_unknown_fields_of_a_later_version_are_passed_over(ledger):
    ledger.add(a_task())
    ledger.close()
    with sqlite3.connect(ledger.path) as db:
        db.execute("UPDATE tasks SET task = json_set(task, '$.shiny', 1)")
    db.close()
    assert ledger.tasks()[0].id == "t1"


def test_a_lease_of_a_killed_process_is_free_at_once(tmp_path):
    """SIGKILL between two steps: what was written is there, and the next one may go on."""
    path = tmp_path / "tasks.sqlite3"
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from core.ledger import Ledger
        from core.events import *
        from core.model import *
        ledger = Ledger(Path(sys.argv[1]))
        ledger.add(Task("t1", GenerationRequest("rodin", "x"), created=time.time()))
        ledger.record("t1", Submitting(submit_key="k"))
        print("written", flush=True)
        time.sleep(60)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"written\n"
        ledger = Ledger(path)
        assert ledger.claim() == []  # it is alive and holds it
        later = Ledger(path, lambda: time.time() + LEASE_SECONDS + 60)
        assert later.claim() == []  # also where its submit outlasts the lease
        later.close()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdout.close()
    (task,) = ledger.claim()
    assert task.submit_key == "k"
    assert task.state is TaskState.SUBMITTING
    ledger.close()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells by /proc")
def test_a_number_that_was_given_to_another_process_holds_nothing(tmp_path):
    """Process numbers come again: soon in a sandbox, where they are small."""
    before = Ledger(tmp_path / "tasks.sqlite3")
    place, _, token = before.owner.rsplit(":", 2)
    began, _, rest = token.partition("-")
    # A parent has not begun later than its child.
    before.owner = f"{place}:{os.getppid()}:{int(began) + 1}-{rest}"
    before.add(a_task())
    before.close()
    ledger = Ledger(tmp_path / "tasks.sqlite3")
    assert [task.id for task in ledger.claim()] == ["t1"]
    ledger.close()


def test_two_processes_write_side_by_side_without_losing_a_row(tmp_path):
    path = tmp_path / "tasks.sqlite3"
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from core.ledger import Ledger
        from core.events import *
        from core.model import *
        ledger = Ledger(Path(sys.argv[1]))
        for n in range(40):
            task_id = f"{sys.argv[2]}-{n}"
            ledger.add(Task(task_id, GenerationRequest("rodin", "x"), created=n))
            ledger.record(task_id, Submitting(submit_key="k"))
        """
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(path), name], cwd=ROOT) for name in "ab"
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    ledger = Ledger(path)
    assert len(ledger.tasks()) == 80
    assert all(len(ledger.steps(task.id)) == 1 for task in ledger.tasks())
    ledger.close()
