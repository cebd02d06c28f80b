"""Ten real minutes of work in a real window, with services that fail: does all stay right, and does
anything grow?

What the artist does: workday.py. A part of all requests goes wrong, in both ways: refused, or
carried out and the answer lost. `make campaign` plays it in both Blenders at once; by hand, and
shorter:

    MAQUETTE_CAMPAIGN=1 MAQUETTE_SOAK_SECONDS=90 nox -s "window(4.3.2)" -- -s -k soak
"""

import os

from tests.window import mid_job
from tests.window.scenario import scenario

SECONDS = float(os.environ.get("MAQUETTE_SOAK_SECONDS", "600"))
JOB = (2.0, 12.0)  # seconds a job takes
RATES = {"order": 0.25, "poll": 0.1, "links": 0.25, "model": 0.25}  # of requests, that go wrong
THREADS = 8  # the most of ours there may be at once
FILES = 3  # that Blender itself may have opened meanwhile
# MiB, with an empty file. Blender without Maquette grows by 60 (4.3) or 130 (5.2) in four minutes
# of the same work with the like models.
GROWTH = 300.0

if not os.environ.get("MAQUETTE_CAMPAIGN"):
    import pytest

    pytestmark = pytest.mark.skip(reason="takes ten minutes: played by `make campaign`")


class Trouble:
    """A fault for mid_job.Told: at each place a seeded row of good and bad luck.

    over: no more of it. count: how often what was met. lost: how many orders Rodin took without
    its answer getting through.
    """

    def __init__(self, sandbox):
        import random
        import threading
        from collections import Counter

        from tests.services import faults

        self._sandbox = sandbox
        self._rodin = faults.RODIN_SUBMIT
        self._places = {
            "order": f"{faults.RODIN_SUBMIT}|{faults.TRIVERSE_CREATE}",
            "poll": f"{faults.RODIN_STATUS}|{faults.TRIVERSE_STATUS}",
            "links": f"{faults.RODIN_DOWNLOAD}|{faults.TRIVERSE_URL}",
            "model": f"{faults.MODEL}|{faults.TRIVERSE_DOWNLOAD}",
        }
        self._sorts = {
            "refused": (
                faults.drop(),
                faults.answer(400),
                faults.answer(403),
                faults.answer(503),
                faults.html(502),
                faults.throttled("1"),
            ),
            "carried out": (
                faults.lose_answer(),
                faults.hang(1.0, carried_out=True),
                faults.cut_body(7),
                faults.cut_body(7, reset=True),
                faults.half(),
                faults.answer(500, carried_out=True),
                faults.html(200, carried_out=True),
            ),
        }
        self._luck = {place: random.Random(f"soak {place}") for place in self._places}
        self._lock = threading.Lock()
        self.over = False
        self.count = Counter()
        self.lost = 0

    def __call__(self, request, carry_out):
        import re

        asked = f"{request.method} {request.path}"
        place = next((p for p, where in self._places.items() if re.search(where, asked)), None)
        if place is None:
            return None
        with self._lock:
            luck = self._luck[place]
            if place == "order":
                self._sandbox.seconds = luck.uniform(*JOB)
            sort = luck.choice(list(self._sorts))
            fault = luck.choice(self._sorts[sort])
            if luck.random() > RATES[place] or self.over:
                return None
            self.count[f"{place}: {sort}"] += 1
            self.lost += sort == "carried out" and bool(re.search(self._rodin, asked))
        return fault(request, carry_out)


def service(sandbox):
    import math
    import time

    from tests.window import host

    host.LIMIT = math.inf  # it is that of `make test-window`
    told = mid_job.Told(sandbox)
    sandbox.clock = sandbox.jobs.clock = time.time  # jobs end by themselves
    sandbox.rodin.balance = sandbox.triverse.balance = 1e6
    sandbox.rodin.parallel_limit = sandbox.triverse.parallel_limit = 1000
    told.fault = trouble = Trouble(sandbox)
    told.at_word = lambda word: setattr(trouble, "over", True)
    yield
    judge(sandbox, trouble)


def judge(sandbox, trouble):
    """Notes how it ended. Prints the figures, and leaves them beside the outcomes of the campaign,
    for its report. Errors: AssertionError, with all that is wrong beside what the harness sees."""
    import json
    from collections import Counter
    from pathlib import Path

    from tests.reliability import outcomes

    work = sandbox.folder.parent
    name, figures = work.parent.name, work / "soak.json"
    seen, wrong, ends = seen_by_the_harness(work), [], Counter()
    if figures.exists():
        told = json.loads(figures.read_text())
        tasks, wrong = look_through(sandbox, trouble, told)
        ends.update((task.request.provider, task.state.value) for task in tasks)
        ends.update((service, "taken off the list") for service, _ in told["removed"])
        text = table(told, trouble.count, ends, len(sandbox.charges))
        print(f"\n{text}", flush=True)
        if path := os.environ.get("MAQUETTE_OUTCOMES"):
            Path(path).with_name(f"soak-{name}.md").write_text(text)
    for service in ("rodin", "triverse", ""):
        ended = Counter({end: count for (who, end), count in ends.items() if who == service})
        of_it = [each for each in seen + wrong if each.service == service]
        outcomes.note_ends(f"soak, Blender {name}", service, f"{SECONDS:g} s", ended, of_it)
    outcomes.all_hold(wrong)


def seen_by_the_harness(work):
    """What that finds wrong with Blender's end, for the table."""
    import json

    from tests.reliability.outcomes import CRASHED, HUNG, OTHER, Wrong
    from tests.window import host

    result = work / "result-1.json"
    problems = json.loads(result.read_text())["problems"] if result.is_file() else None
    if problems is None:
        return [Wrong(CRASHED, "Blender ended, or was killed, before the scenario did")]
    found = [Wrong(HUNG if "in vain" in problem else OTHER, problem) for problem in problems]
    log = (work / "log.txt").read_text(errors="replace")
    return found + [Wrong(OTHER, line) for line in host.problems_in_log(log, test_soak.scenario)]


def look_through(sandbox, trouble, told):
    """The tasks, and what is wrong in the end with them, their models, money and threads."""
    import shutil
    from collections import Counter

    from core.model import TaskState
    from tests.reliability.blenders import ledger_of
    from tests.reliability.invariants import broken
    from tests.reliability.outcomes import LOST, OTHER, Wrong

    # The same files where invariants.py expects them.
    folder = sandbox.folder / "of the user"
    profile = sandbox.folder.parent / "profile"
    root = profile / "extensions" / ".user" / "user_default" / "maquette"
    shutil.copytree(root, folder / "user", copy_function=os.link)
    (folder / "user" / "library").rename(folder / "library")
    tasks = ledger_of(folder)
    wrong = broken(folder, sandbox, told["ordered"], Counter(who for who, _ in told["removed"]))
    # More exactly than that knows it: which answers were lost, and which rows were removed.
    known = {(task.request.provider, task.accepted.job_id) for task in tasks if task.accepted}
    known |= {(service, job) for service, job in told["removed"]}
    alone = Counter(charge[0] for charge in sandbox.charges if charge[:2] not in known)
    if alone != Counter(rodin=trouble.lost):
        said = f"charges without a task: {dict(alone)}, {trouble.lost} answers of Rodin were lost"
        wrong.append(Wrong(LOST, said))
    # Whether Rodin took an order whose answer was lost, only the user can say.
    unsure = ("rodin", TaskState.UNCONFIRMED)
    wrong += [
        Wrong(OTHER, f"ended {task.state.value}: {task.message}", task.request.provider)
        for task in tasks
        if task.state is not TaskState.IMPORTED and (task.request.provider, task.state) != unsure
    ]
    most = max((sample["ours"] for sample in told["samples"]), default=0)
    if most > THREADS:
        wrong.append(Wrong(OTHER, f"{most} threads of ours at once"))
    first, last = told["at_rest"][1:2], told["at_rest"][-1]
    if first and last["memory"] > first[0]["memory"] + GROWTH:
        wrong.append(Wrong(OTHER, f"memory: {first[0]['memory']:.0f} → {last['memory']:.0f} MiB"))
    return tasks, wrong


def table(told, troubles, ends, charges):
    """The figures, as Markdown."""
    lines = [
        f"### Blender {told['version']}",
        "",
        "| minute | memory, MiB | our threads | all threads | open files | rows | models"
        " | longest silence, ms | at |",
        "|" + "---:|" * 8 + "---|",
    ]
    minutes = {}
    for sample in told["samples"]:
        minutes.setdefault(int(sample["at"] // 60) + 1, []).append(sample)
    for minute, samples in minutes.items():
        last, longest = samples[-1], max(samples, key=lambda sample: sample["silence"])
        ours = max(sample["ours"] for sample in samples)
        lines.append(
            f"| {minute} | {last['memory']:.0f} | {ours} | {last['threads']} | {last['files']}"
            f" | {last['rows']} | {last['models']} | {longest['silence']:.0f}"
            f" | {longest['doing'].replace('_', ' ')} |"
        )
    lines += ["", "| empty file after | memory, MiB | blocks of Python's | open files |"]
    lines.append("|---:|---:|---:|---:|")
    lines += [
        f"| {each['at']:.0f} s | {each['memory']:.0f} | {each['blocks']:,} | {each['files']} |"
        for each in told["at_rest"]
    ]
    did = ", ".join(f"{count} × {what.replace('_', ' ')}" for what, count in told["did"].items())
    met = ", ".join(f"{count} × {what}" for what, count in sorted(troubles.items()))
    came = ", ".join(f"{count} {end} ({who})" for (who, end), count in sorted(ends.items()))
    lines += [
        "",
        f"- The artist: {did}.",
        f"- Requests that went wrong: {met}.",
        f"- Charges: {charges}. Ends: {came}.",
        "",
    ]
    return "\n".join(lines)


@scenario(
    service=service,
    online=True,
    idle=True,
    size=(1280, 1000),
    seconds=SECONDS + 400,
    expected=(
        r"(Triverse|Hyper3D Rodin) (refused the request|did not accept the (key|request))",
        "This task has ended already",  # while the artist went to cancel it
    ),
    environment={"MAQUETTE_CAMPAIGN": "1", "MAQUETTE_SOAK_SECONDS": str(SECONDS)},
)
def test_soak(artist):
    """Then: every model that was imported and that the artist has not taken away is in the file,
    once; and with the extension its threads and files go."""
    from collections import Counter

    import bpy

    from tests.window.workday import MARK, Day

    day = Day(artist, SECONDS)
    yield from day.begin()
    yield from day.go_on()
    yield from artist.screenshot("working")
    mid_job.tell("well")
    yield from day.finish()
    yield from day.open_an_empty_file()
    yield from artist.screenshot("end")
    day.tell()
    models = Counter(o[MARK] for o in bpy.data.objects if MARK in o and o.users_scene)
    tasks = artist.session.tasks()
    wanted = {task.id for task in tasks if task.state.name == "IMPORTED"} - day.gone
    assert wanted <= models.keys(), f"not in the file: {wanted - models.keys()}"
    assert set(models.values()) <= {1}, models

    day.watch.end()
    bpy.ops.preferences.addon_disable(module="bl_ext.user_default.maquette")
    yield 1.0
    last = day.watch.look()
    assert not day.watch.ours(), day.watch.ours()
    assert not last["named"]
    assert last["files"] <= day.at_rest[0]["files"] + FILES
