"""A ledger that is damaged or gone: real SQLite files, spoilt for real."""

import json
import os
import random
import subprocess
import sys
import textwrap
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from core import library
from core.errors import LedgerError
from core.events import Ready, Submitted, Submitting
from core.journal import LONGEST, Journal
from core.ledger import Ledger
from core.model import Accepted, GenerationRequest, Retry, Task, TaskState, retry_means

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tasks.sqlite3"


def a_task(task_id="t1", **changes) -> Task:
    return replace(
        Task(task_id, GenerationRequest("rodin", "a red 🦊 ثعلب"), created=1e6), **changes
    )


def accepted(job="job-1") -> Accepted:
    return Accepted(job, {"subscription_key": "s3cret"}, "https://x", 0.5)


def filled(path, count=40) -> list[Task]:
    """A ledger of several pages with tasks at every step, closed."""
    ledger = Ledger(path)
    for number in range(count):
        task_id = f"t{number}"
        ledger.add(a_task(task_id, created=1e6 + number))
        if number % 4 > 0:
            ledger.record(task_id, Submitting(submit_key=f"k{number}"))
        if number % 4 > 1:
            ledger.record(task_id, Submitted(accepted=accepted(f"job-{number}")))
        if number % 4 > 2:
            ledger.record(task_id, Ready(folder="/f", model="model.glb", triangles=number))
    tasks = ledger.tasks()
    ledger.release()
    ledger.close()
    return tasks


def unsure(task: Task) -> bool:
    return task.state is TaskState.UNCONFIRMED and not task.submit_key


def check(path, before: list[Task]) -> Ledger:
    """Everything is there; what looked unsent is sent by nobody unasked."""
    ledger = Ledger(path)
    after = {task.id: task for task in ledger.tasks()}
    assert list(after) == [task.id for task in before]
    for task in before:
        now = after[task.id]
        if task.state is TaskState.SUBMITTING and not task.submit_key:
            assert unsure(now)
            assert retry_means(now, repeatable=True) is Retry.PAY_AGAIN
        else:
            assert now == task
    assert ledger.restored.count == len(before)
    return ledger


SPOILT = {
    "zeros": lambda content: bytes(len(content)),
    "no header": lambda content: b"\xff" * 100 + content[100:],
    "cut in half": lambda content: content[: len(content) // 2],
    "empty pages in the middle": lambda content: content[:4096] + bytes(8192) + content[12288:],
    "another file": lambda content: b"PK\x03\x04" + os.urandom(20_000),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_damaged_ledger_is_made_anew_and_kept(path, how):
    before = filled(path)
    spoilt = SPOILT[how](path.read_bytes())
    path.write_bytes(spoilt)
    ledger = check(path, before)
    assert ledger.restored.kept.read_bytes() == spoilt
    for name in ("", "-wal", "-shm"):
        assert os.stat(f"{path}{name}").st_mode & 0o077 == 0
    # It is one to work with, and good at the next start.
    ledger.record("t1", Submitted(accepted=accepted()))
    ledger.close()
    ledger = Ledger(path)
    assert ledger.tasks()[1].accepted
    assert ledger.restored is None
    ledger.close()


def test_random_damage_is_healed_or_harmless(path):
    """Bytes anywhere: no task is lost, and none is open that was not."""
    before = {task.id: task for task in filled(path)}
    good = path.read_bytes()
    journal = path.with_suffix(".journal").read_bytes()
    restored = 0
    for seed in range(60):
        rng = random.Random(seed)
        content = bytearray(good)
        for _ in range(rng.randint(1, 40)):
            at = rng.randrange(len(content))
            content[at : at + 16] = rng.randbytes(16)
        for file in path.parent.iterdir():
            file.unlink()
        path.write_bytes(content[: len(good)])
        path.with_suffix(".journal").write_bytes(journal)
        ledger = Ledger(path)
        after = {task.id: task for task in ledger.tasks()}
        restored += ledger.restored is not None
        ledger.close()
        assert after.keys() == before.keys(), seed
    assert restored > 30


def test_a_ledger_that_is_gone_is_made_anew(path):
    before = filled(path)
    for name in ("", "-wal", "-shm"):
        Path(f"{path}{name}").unlink(missing_ok=True)
    ledger = check(path, before)
    assert ledger.restored.kept is None
    ledger.close()


def test_nothing_was_ever_there(path):
    ledger = Ledger(path)
    assert ledger.tasks() == []
    assert ledger.restored is None
    ledger.close()


def test_damage_while_it_is_open(path):
    """The step that meets it fails with a sentence; the next one goes on in a restored ledger."""
    before = filled(path)
    ledger = Ledger(path)
    ledger.tasks()
    path.write_bytes(SPOILT["empty pages in the middle"](path.read_bytes()))
    with suppress(LedgerError):
        ledger.record("t2", Ready(folder="/f", model="m"))
    after = ledger.record("t2", Ready(folder="/f", model="m"))
    assert after.state is TaskState.READY
    assert {task.id for task in ledger.tasks()} == {task.id for task in before}
    ledger.close()


def test_a_blender_that_has_the_damaged_file_open_changes_over(path):
    before = filled(path)
    open_before = Ledger(path)
    open_before.tasks()
    spoilt = path.with_name("spoilt")
    spoilt.write_bytes(SPOILT["zeros"](path.read_bytes()))
    os.replace(spoilt, path)  # what is open is another file now
    check(path, before).close()
    open_before.record("t1", Submitted(accepted=accepted()))
    ledger = Ledger(path)
    assert ledger.tasks()[1].accepted
    ledger.close()
    open_before.close()


def test_two_processes_restore_once(path):
    before = filled(path)
    path.write_bytes(SPOILT["zeros"](path.read_bytes()))
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from core.ledger import Ledger
        ledger = Ledger(Path(sys.argv[1]))
        print(len(ledger.tasks()), ledger.restored is not None)
        """
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    told = [process.communicate(timeout=60)[0].split() for process in processes]
    assert {count for count, _ in told} == {str(len(before))}
    assert sorted(restored for _, restored in told) == ["False"] * 3 + ["True"]
    assert len(list(path.parent.glob("tasks.damaged-*.sqlite3"))) == 1


@pytest.mark.parametrize("how", ["deleted", "emptied", "garbled"])
def test_what_a_lost_wal_held_is_in_the_journal(path, how):
    """Killed before SQLite moved its -wal into the ledger, and then that file is lost."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from core.ledger import Ledger
        from core.events import *
        from core.model import *
        ledger = Ledger(Path(sys.argv[1]))
        ledger.add(Task("new", GenerationRequest("rodin", "x"), created=3e6, updated=3e6))
        ledger.record("t1", Submitted(accepted=Accepted("job-1")))
        ledger.remove("t2")
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    filled(path, 4)
    subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT)
    wal = Path(f"{path}-wal")
    assert wal.stat().st_size
    if how == "deleted":
        wal.unlink()
        Path(f"{path}-shm").unlink()
    else:
        wal.write_bytes(b"" if how == "emptied" else os.urandom(wal.stat().st_size))
    ledger = Ledger(path)
    tasks = {task.id: task for task in ledger.tasks()}
    assert tasks.keys() == {"t0", "t1", "t3", "new"}
    assert tasks["t1"].accepted.job_id == "job-1"
    # The journal cannot tell that no line is lost after its last.
    assert tasks["new"].state is TaskState.UNCONFIRMED
    assert "new" not in [task.id for task in ledger.claim()]
    ledger.close()


# --- the journal ----------------------------------------------------------------------------------


def test_a_line_that_was_cut_off_hides_no_other(path):
    before = filled(path, 8)
    journal = path.with_suffix(".journal")
    content = journal.read_bytes()
    journal.write_bytes(content[:-30])
    ledger = Ledger(path)
    ledger.add(a_task("new", created=2e6))
    before.append(ledger.tasks()[-1])
    ledger.close()
    path.write_bytes(b"\0" * 5000)
    ledger = Ledger(path)
    after = ledger.tasks()
    assert [task.id for task in after] == [task.id for task in before]
    assert after[7].state is TaskState.WAITING  # the step whose line was cut off
    ledger.close()


def test_what_was_removed_stays_away(path):
    filled(path, 4)
    ledger = Ledger(path)
    ledger.remove("t2")
    ledger.close()
    path.write_bytes(b"")
    path.unlink()
    ledger = Ledger(path)
    assert [task.id for task in ledger.tasks()] == ["t0", "t1", "t3"]
    ledger.close()


def test_a_long_journal_is_written_anew(path):
    filled(path, 4)
    journal = path.with_suffix(".journal")
    with journal.open("ab") as file:
        file.write(b"\n" * LONGEST)
    ledger = Ledger(path)
    before = ledger.tasks()
    assert journal.stat().st_size < 10_000
    assert journal.stat().st_mode & 0o077 == 0
    ledger.close()
    assert Journal(journal).read() == ({task.id: task for task in before}, set(), True)


def test_a_journal_that_cannot_be_written_costs_no_task(path):
    path.with_suffix(".journal").mkdir()
    ledger = Ledger(path)
    ledger.add(a_task())
    assert [task.id for task in ledger.tasks()] == ["t1"]
    ledger.close()


# --- the library ----------------------------------------------------------------------------------


def stored(folder, task: Task) -> Task:
    glb = folder / "model.part"
    glb.write_bytes(b"glTF")
    kept = library.store(folder / "library", task, glb, None, triangles=12, about={})
    return replace(task, folder=str(kept.folder), model=kept.model, triangles=12)


def test_without_a_journal_the_library_tells(tmp_path, path):
    task = stored(
        tmp_path,
        a_task(
            request=GenerationRequest(
                "rodin", "a chair", options={"tier": "Sketch", "box": (1, 2)}
            ),
            state=TaskState.READY,
            accepted=replace(accepted(), ticket={}, base_url="", at=1e6 + 1),
            finished=1e6 + 60,
        ),
    )
    (tmp_path / "library" / "notes").mkdir()
    (tmp_path / "library" / "notes" / "task.json").write_text('{"task": 5}')
    (tmp_path / "library" / "list").mkdir()
    (tmp_path / "library" / "list" / "task.json").write_text("[]")
    path.write_bytes(b"no database" * 100)
    ledger = Ledger(path, library=tmp_path / "library")
    (found,) = ledger.tasks()
    assert found == replace(task, updated=1e6 + 60)
    assert ledger.restored.from_library == 1
    ledger.close()


def test_a_whole_journal_is_believed(tmp_path, path):
    """Its models of tasks that were taken off the list stay where they are."""
    stored(tmp_path, a_task("gone", accepted=accepted()))
    ledger = Ledger(path, library=tmp_path / "library")
    ledger.add(a_task("gone"))
    ledger.add(a_task("t1"))
    ledger.remove("gone")
    ledger.close()
    path.write_bytes(b"no database" * 100)
    ledger = Ledger(path, library=tmp_path / "library")
    assert [task.id for task in ledger.tasks()] == ["t1"]
    ledger.close()


def test_what_a_damaged_journal_lost_the_library_may_have(tmp_path, path):
    task = stored(tmp_path, a_task("t1", accepted=accepted()))
    ledger = Ledger(path, library=tmp_path / "library")
    ledger.add(a_task("t2"))
    ledger.close()
    journal = path.with_suffix(".journal")
    journal.write_bytes(b'{"task": {"id"' + journal.read_bytes())
    path.unlink()
    ledger = Ledger(path, library=tmp_path / "library")
    assert {found.id for found in ledger.tasks()} == {task.id, "t2"}
    ledger.close()


def test_nothing_secret_reaches_the_library(tmp_path):
    task = stored(tmp_path, a_task(accepted=accepted()))
    assert "s3cret" not in json.dumps((Path(task.folder) / "task.json").read_text())
