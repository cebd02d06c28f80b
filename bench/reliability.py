"""The same faults and the same kills for Maquette and for the usual way (naive.py), in one run; and
what the campaign of tests/reliability has counted.

    python bench/reliability.py                                   the table
    python bench/reliability.py --outcomes FILE --seconds N --write  as `make campaign` calls it

Nobody presses anything that costs money. Killed or failed, Maquette is started again and its free
Resume pressed; the usual way has nothing that could be gone on from.
"""

import argparse
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.model import TaskState  # noqa: E402
from core.sandbox.server import Sandbox  # noqa: E402
from tests.reliability.blenders import Died, Nursery  # noqa: E402
from tests.reliability.ending import next_starts, press_resume  # noqa: E402
from tests.reliability.outcomes import KINDS, Hung  # noqa: E402
from tests.services import faults  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "reliability.md"
HUNG = 30.0  # seconds; both are done in one
EVERY = 5  # of Maquette's points; tests/reliability/test_crashes.py takes all
SERVICES = ("rodin", "triverse")
PLACES = {
    "order": {"rodin": faults.RODIN_SUBMIT, "triverse": faults.TRIVERSE_CREATE},
    "poll": {"rodin": faults.RODIN_STATUS, "triverse": faults.TRIVERSE_STATUS},
    "links": {"rodin": faults.RODIN_DOWNLOAD, "triverse": faults.TRIVERSE_URL},
    "model": {"rodin": faults.MODEL, "triverse": faults.MODEL},
}
# None refuses clearly what it has carried out: that nobody could see through.
FAULTS: dict[str, faults.Fault] = {
    "reset before it was read": faults.drop(),
    "carried out, reset": faults.lose_answer(),
    "carried out, silence": faults.hang(0.3, carried_out=True),
    "carried out, cut after 7 bytes": faults.cut_body(7),
    "carried out, reset after 7 bytes": faults.cut_body(7, reset=True),
    "carried out, half a body": faults.half(),
    "carried out, longer than announced": faults.wrong_length(-5),
    "carried out, shorter than announced": faults.wrong_length(5),
    "carried out, 500": faults.answer(500, carried_out=True),
    "carried out, 502 page": faults.html(502, carried_out=True),
    "carried out, 504": faults.answer(504, carried_out=True),
    "carried out, 200 page": faults.html(200, carried_out=True),
    "carried out, []": faults.json([], carried_out=True),
    "503": faults.answer(503),
    "429": faults.throttled("1"),
    "302": faults.redirect("http://127.0.0.1:9/elsewhere"),
    "204": faults.empty(204),
}
ENDS = {
    "model": "model, paid once",
    "nothing": "nothing, not paid",
    "asks": "asks: taken?",
    "lost": "paid, lost",
    "double": "paid twice",
    "hung": "hung",
    "crashed": "crashed",
}


class Trials:
    """One folder and one charge for each."""

    def __init__(self, folder: Path, sandbox: Sandbox, nursery: Nursery) -> None:
        self.folder, self.sandbox, self.nursery = folder, sandbox, nursery
        self.count = 0

    def naive(self, service: str, kill_at: int = -1) -> str:
        """kill_at: -1: never."""
        folder = self._begin()
        folder.mkdir()
        command = self._command(service, folder, *([str(kill_at)] if kill_at >= 0 else []))
        try:
            done = subprocess.run(
                command, timeout=HUNG, env=self._environment(), capture_output=True, check=False
            )
        except subprocess.TimeoutExpired:
            return "hung"
        if done.returncode not in (0, 3, -signal.SIGKILL):
            return "crashed" if len(self.sandbox.charges) < 2 else "double"
        return self._end(service, folder / "library" / "model.glb")

    def naive_points(self, service: str) -> int:
        folder = self._begin()
        folder.mkdir()
        command = self._command(service, folder, "0")
        done = subprocess.run(
            command, env=self._environment(), capture_output=True, check=True, timeout=HUNG
        )
        return len(done.stdout.splitlines())

    def maquette(self, service: str, kill_at: int = 0) -> str:
        folder = self._begin()
        with suppress(Died):
            blender = self.nursery.start(folder, self.sandbox, kill_at=kill_at)
            task_id = blender.generate(service, "a blue vase")
            try:
                blender.until(lambda: blender.state(task_id) and blender.settled, HUNG)
                press_resume(blender)
            except Hung:
                blender.kill()
                return "hung"
            blender.quit()
        self.sandbox.intercept = None
        ledger = folder / "user" / "tasks.sqlite3"
        tasks = next_starts(self.nursery, self.sandbox, folder) if ledger.exists() else []
        if any(task.state is TaskState.UNCONFIRMED for task in tasks):
            return "asks" if len(self.sandbox.charges) < 2 else "double"
        models = [Path(task.folder, task.model) for task in tasks if task.folder]
        return self._end(service, models[0] if models else folder / "none")

    def maquette_points(self, service: str) -> int:
        folder = self._begin()
        blender = self.nursery.start(folder, self.sandbox, note_points=True)
        task_id = blender.generate(service, "a blue vase")
        blender.until(lambda: blender.state(task_id) == "ready")
        blender.quit()
        return len(blender.points)

    def _begin(self) -> Path:
        self.count += 1
        self.sandbox.charges.clear()
        self.sandbox.refill()
        self.sandbox.triverse._bodies.clear()  # another trial's equal order is another order
        return self.folder / str(self.count)

    def _command(self, service: str, folder: Path, *rest: str) -> list[str]:
        url = self.sandbox.rodin_url if service == "rodin" else self.sandbox.triverse_url
        return [sys.executable, str(ROOT / "bench" / "naive.py"), service, url, str(folder), *rest]

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "SERVICE_KEY": self.sandbox.key}

    def _end(self, service: str, model: Path) -> str:
        charges = self.sandbox.charges
        if len(charges) > 1:
            return "double"
        if not charges:
            return "nothing"
        job = self.sandbox.jobs.get(charges[0][1], service)
        sums = {_sha256(self.sandbox.jobs.file(job, n)) for n in ("model.glb", "shaded.glb")}
        return "model" if model.is_file() and _sha256(model.read_bytes()) in sums else "lost"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def compare(folder: Path) -> dict[tuple[str, str, str], Counter[str]]:
    """(what was tried, service, who) → how often it ended how."""
    table: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    with Sandbox(folder / "sandbox", seconds=0, record=True) as sandbox, Nursery() as nursery:
        trials = Trials(folder, sandbox, nursery)
        ways: dict[str, Callable[..., str]] = {"usual": trials.naive, "Maquette": trials.maquette}
        for service in SERVICES:
            for place, patterns in PLACES.items():
                for fault in FAULTS.values():
                    for who, play in ways.items():
                        sandbox.intercept = faults.on(patterns[service], fault)
                        table[f"fault at the {place}", service, who][play(service)] += 1
            sandbox.intercept = None
            for number in range(1, trials.naive_points(service) + 1):
                table["killed", service, "usual"][trials.naive(service, number)] += 1
            for number in range(1, trials.maquette_points(service) + 1, EVERY):
                table["killed", service, "Maquette"][trials.maquette(service, number)] += 1
    return table


def comparison(table: dict[tuple[str, str, str], Counter[str]]) -> str:
    lines = [f"| | service | | tried | {' | '.join(ENDS.values())} |"]
    lines.append("|---|---|---|" + "---:|" * (len(ENDS) + 1))
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for (what, service, who), ends in sorted(table.items(), key=lambda row: (row[0][0], row[0][1])):
        lines.append(_row(what, service, who, ends))
        sums[who].update(ends)
    lines += [_row("**all**", "", who, ends) for who, ends in sums.items()]
    return "\n".join(lines)


def _row(what: str, service: str, who: str, ends: Counter[str]) -> str:
    counts = " | ".join(str(ends[end]) for end in ENDS)
    return f"| {what} | {service} | {who} | {sum(ends.values())} | {counts} |"


def campaign(outcomes: Path) -> str:
    """The lines of tests/reliability/outcomes.py, added up."""
    tried: Counter[tuple[str, str]] = Counter()
    wrong: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    ends: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    steps = 0
    for line in outcomes.read_text().splitlines():
        entry = json.loads(line)
        where = (entry["area"], entry["service"])
        tried[where] += entry["tried"]
        wrong[where].update(entry["wrong"])
        ends[where][entry["outcome"]] += entry["tried"]
        steps += entry["steps"]

    def row(area: str, service: str, tried: int, wrong: Counter[str], told: str) -> str:
        counts = " | ".join(str(wrong[kind]) for kind in KINDS)
        return f"| {area} | {service} | {tried:,} | {counts} | {told} |"

    def count(area: str) -> int:
        return sum(number for (name, _), number in tried.items() if name.startswith(area))

    lines = [
        f"{count('killed'):,} kills, each at a point of its own; {count('power cut'):,} states of a"
        f" disk after a power cut; {count('history'):,} random runs with {steps:,} steps.",
        "",
        f"| area | service | tried | {' | '.join(KINDS)} | ended |",
        "|---|---|---:|" + "---:|" * len(KINDS) + "---|",
    ]
    for where in sorted(tried):
        most = ends[where].most_common(8)
        told = ", ".join(f"{number:,} {end}" for end, number in most if number)
        lines.append(row(*where, tried[where], wrong[where], told))
    lines.append(row("**all**", "", tried.total(), sum(wrong.values(), Counter()), ""))
    return "\n".join(lines)


def soaks(outcomes: Path) -> str:
    """What tests/window/test_soak.py has left beside the outcomes."""
    tables = [file.read_text() for file in sorted(outcomes.parent.glob("soak-*.md"))]
    return "\n".join(tables) or "Not played: no window could be had.\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--outcomes", type=Path)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compared = comparison(compare(Path(folder)))
    report = f"""# Faults, kills, and what became of paid jobs

Made by `make campaign`, Python {platform.python_version()}, {platform.system()}.

## Maquette and the usual way

The same faults at the same requests, and kills at every point (Maquette: every {EVERY}th; all of
them below). *Usual* is bench/naive.py: automatic repeats of every request, state in memory,
download to a temporary file. *Lost*: paid, and the program has nothing left that leads to it.
*Asks*: Rodin has no order number; the row says that the order may have been taken, and nothing is
sent again unasked. That the usual way does not pay twice at Triverse is the service's doing, which
takes an equal order within a short time for the same one (the Sandbox: 10 s).

{compared}
"""
    if asked.outcomes:
        took = f" It took {asked.seconds / 60:.0f} minutes." if asked.seconds else ""
        report += f"""
## The campaign

Everything in tests/reliability, in full.{took} What went wrong is counted by its kind. *Lost*: a
charge without a task, a job whose model is not in the library in the end. *Double-charged*: more
jobs than were asked for, or one charged again. *Crashed*: a process or a job that died of itself.
*Hung*: a wait that did not end. *Wrong message*: a state or a sentence other than the stated one.
*Other rule*: files left over, secrets, memory, threads.

{campaign(asked.outcomes)}

## Ten minutes in a real window

An artist orders, cancels, resumes what is free, takes rows off the list, undoes, deletes, makes
scenes, saves and opens files, while a part of all requests goes wrong (tests/window/test_soak.py).
Threads and silences: the most and the longest of each minute; the others: at its end. *At*: what
the artist was at in the longest silence of a timer; Blender's own saving and loading is left out.
How much memory Blender keeps when the models are gone is seen with an empty file.

{soaks(asked.outcomes)}"""
    print(report)
    if asked.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(report)


if __name__ == "__main__":
    main()
