"""`make test` and `make test-window`: nox sessions, then a line for each and the sum, which is the
last line.

    python tools/run_tests.py [test] [window]     one part after the other, one sum

A session that is not pytest counts as one test, and so does a pytest that ended without a report
(a crash of Blender).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import windows

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".nox" / "reports"


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


# Two at a time, since most of it is waiting and one core is not enough to be quick.
PARTS = {
    "test": (("lint", "types", "core"), ("build", "blender")),
    "window": tuple((f"window({name})",) for name in windows.names()),
}


def main(parts: Sequence[str]) -> int:
    # What an earlier run left must not be counted.
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    sessions, code = [], 0
    for part in parts:
        ran, failed = run_lanes(part)
        sessions += ran
        code = code or failed
    total = Counts()
    print()
    for session in sessions:
        counts = counts_of(session)
        total.passed += counts.passed
        total.failed += counts.failed
        total.skipped += counts.skipped
        print(f"{name_of(session):16} {counts} ({session['duration']:.0f} s)")
    if code and not total.failed:
        total.failed = 1  # nox itself did not get to its end
    print(total)
    return min(total.failed, 1)


def run_lanes(part: str) -> tuple[list[dict[str, Any]], int]:
    """What nox says of each session, and 0 if all went well. The first lane is seen while it runs,
    the others' output afterwards, so that nothing is mixed."""
    running = []
    for number, lane in enumerate(PARTS[part]):
        results = REPORTS / f"sessions-{part}-{number}.json"
        command = [sys.executable, "-m", "nox", "--no-stop-on-first-error"]
        command += ["--report", str(results), "--session", *lane]
        output = (REPORTS / f"output-{part}-{number}.txt").open("w+") if number else None
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        running.append((process, output, results))
    sessions, code = [], 0
    for process, output, results in running:
        code = process.wait() or code
        if output:
            output.seek(0)
            shutil.copyfileobj(output, sys.stdout)
            output.close()
        if results.is_file():
            sessions += json.loads(results.read_text())["sessions"]
        else:
            code = code or 1
    return sessions, code


def name_of(session: dict[str, Any]) -> str:
    return str([*session["signatures"], session["name"]][0])


def counts_of(session: dict[str, Any]) -> Counts:
    ended_well = session["result"] == "success"
    name = name_of(session).replace("(", "-").replace(")", "")  # as the noxfile names reports
    try:
        suites = ElementTree.parse(REPORTS / f"{name}.xml").getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError):
        return Counts(passed=int(ended_well), failed=int(not ended_well))
    counts = Counts()
    for suite in suites:
        number = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
        failed = number["failures"] + number["errors"]
        counts.failed += failed
        counts.skipped += number["skipped"]
        counts.passed += number["tests"] - failed - number["skipped"]
    if not ended_well and not counts.failed:
        counts.failed = 1  # it broke after the last test
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["test"]))
