"""What was tried and how it ended: a JSON line each in the file that MAQUETTE_OUTCOMES names, for
bench/reliability.py to add up. Without that variable nothing is written.

    wrong: list[Wrong] = []
    with caught(wrong):                  # a wait that was too long, a death: wrong as well
        …
        wrong += broken(…)               # invariants.py
    note("killed", "rodin", "at 17", "ready", charges=1, wrong=wrong)
    all_hold(wrong)                      # fails the test, whose line is written by then
"""

from __future__ import annotations

import functools
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import NamedTuple

# The kinds of what may be wrong, as the table's columns. MESSAGE: a state or a sentence other than
# the stated one. OTHER: any other rule: files left over, secrets, threads, memory.
KINDS = ("lost", "double-charged", "crashed", "hung", "wrong message", "other rule")
LOST, DOUBLE, CRASHED, HUNG, MESSAGE, OTHER = KINDS


class Wrong(NamedTuple):
    """A rule that did not hold. service: "" where it is not one's."""

    kind: str
    what: str
    service: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


class Hung(AssertionError):
    """What was waited for did not happen in its time."""


class Ended(AssertionError):
    """It came to another end than the stated one."""


class Died(Exception):
    """The process is gone, and something was still expected of it."""


class Noted(AssertionError):
    """What is wrong stands in the table already."""


def note(
    area: str,
    service: str,
    case: str,
    outcome: str,
    *,
    charges: int = 0,
    wrong: Iterable[Wrong] = (),
    tried: int = 1,
    steps: int = 0,
) -> None:
    """outcome: the state it ended in, or what became of it in a word or two. charges: by the
    service. tried: how many cases this line stands for. steps: of a random run."""
    if path := os.environ.get("MAQUETTE_OUTCOMES"):
        line = {
            "area": area + _packages(),
            "service": service,
            "case": case,
            "outcome": outcome,
            "charges": charges,
            "wrong": Counter(each.kind for each in wrong),
            "tried": tried,
            "steps": steps,
        }
        with open(path, "a") as file:  # one write: other processes append as well
            file.write(json.dumps(line) + "\n")


@functools.cache
def _packages() -> str:
    """Which of the two sets of packages this is (tools/blenders.py)."""
    return " (legacy packages)" if version("urllib3").startswith("1.") else ""


def note_ends(
    area: str, service: str, case: str, ends: Counter[str], wrong: Iterable[Wrong]
) -> None:
    """Many trials at once: how many ended how, and all that is wrong with them."""
    for outcome, count in ends.items():
        note(area, service, case, outcome, tried=count)
    if wrong := list(wrong):
        note(area, service, case, "wrong", tried=0, wrong=wrong)


@contextmanager
def caught(wrong: list[Wrong]) -> Iterator[None]:
    """What ends a trial before its time is wrong with it, and does not end the test."""
    try:
        yield
    except Exception as error:
        wrong.append(told(error))


def told(error: BaseException) -> Wrong:
    """An error that nobody expected is a crash, also where it is the test's own."""
    kind = CRASHED
    if isinstance(error, Hung) or str(error).startswith("Timeout"):  # pytest-timeout's words
        kind = HUNG
    elif isinstance(error, Ended):
        kind = MESSAGE
    elif isinstance(error, AssertionError) or not isinstance(error, Exception):  # pytest.fail's
        kind = OTHER
    return Wrong(kind, f"{type(error).__name__}: {error}")


def all_hold(wrong: Iterable[Wrong]) -> None:
    """Errors: Noted, with all of it. To be called when it was noted."""
    if lines := [str(each) for each in wrong]:
        raise Noted("\n".join(lines))
