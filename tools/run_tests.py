"""`make test`: every nox session, then a line for each and the sum, which is the last line.

A session that is not pytest counts as one test, and so does a pytest that ended without a report
(a crash of Blender).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".nox" / "reports"


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def main() -> int:
    # What an earlier run left must not be counted.
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    results = REPORTS / "sessions.json"
    command = [sys.executable, "-m", "nox", "--no-stop-on-first-error", "--report", str(results)]
    code = subprocess.run([*command, *sys.argv[1:]], cwd=ROOT).returncode
    if not results.is_file():
        print("nox did not get as far as running anything.", file=sys.stderr)
        return code or 1

    total = Counts()
    print()
    for session in json.loads(results.read_text())["sessions"]:
        counts = counts_of(session)
        total.passed += counts.passed
        total.failed += counts.failed
        skipped = f", {counts.skipped} skipped" if counts.skipped else ""
        print(
            f"{name_of(session):16} {counts.passed} passed, {counts.failed} failed{skipped} "
            f"({session['duration']:.0f} s)"
        )
    print(f"{total.passed} passed, {total.failed} failed")
    return code or min(total.failed, 1)


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
    sys.exit(main())
