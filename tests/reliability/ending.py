"""How a trial goes and ends: what the user reads, and that all is well again once the cause is gone
and Resume was pressed wherever that costs nothing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from core.model import Retry, Task, retry_means
from core.providers import get_provider
from core.sandbox.server import Sandbox
from tests.services import faults

from .blenders import Blender, Nursery, ledger_of
from .invariants import broken
from .outcomes import MESSAGE, Wrong, note

FREE = (Retry.RESUME, Retry.SUBMIT)


def means(task: Task) -> Retry:
    return retry_means(task, get_provider(task.request.provider).repeatable)


def press_resume(blender: Blender) -> int:
    """Wherever it is free. Returns how often; those tasks are ready or at another end by then."""
    blender.until(lambda: blender.settled)
    free = [task for task in blender.tasks.values() if means(task) in FREE]
    for task in free:
        blender.resume(task.id)
    blender.idle()
    return len(free)


def next_starts(
    nursery: Nursery, sandbox: Sandbox, folder: Path, seconds: float = 60.0
) -> list[Task]:
    """Starts of Blender until there is nothing free to press. Returns what the ledger holds."""
    for _ in range(4):
        blender = nursery.start(folder, sandbox)
        known = {task.id for task in ledger_of(folder)}
        blender.until(lambda b=blender, k=known: b.tasks.keys() >= k and b.settled, seconds)
        pressed = press_resume(blender)
        blender.quit()
        if not pressed:
            break
    return ledger_of(folder)


def under_way(blender: Blender, service: str) -> str:
    """A job that the service has taken."""
    task_id = blender.generate(service, "a blue vase")
    blender.until(lambda: blender.tasks.get(task_id) and blender.tasks[task_id].accepted)
    return task_id


def hurry(blender: Blender, sandbox: Sandbox) -> None:
    """A task that ends makes the heartbeat look at once, which else does so every 15 seconds. The
    service refuses this one."""
    rule = faults.on(faults.TRIVERSE_CREATE, faults.triverse_error(1004, 400))
    sandbox.intercept = rule
    task_id = blender.generate("triverse", "a red vase")
    blender.until(lambda: blender.state(task_id) == "failed")
    sandbox.intercept = None
    blender.remove(task_id)
    blender.until(lambda: task_id not in blender.tasks)


def sentences(blender: Blender) -> list[str]:
    """What is said now, beside the usual."""
    said = [s for task in blender.tasks.values() for s in (task.note, task.message) if s]
    return [*blender.troubles, *said]


def until_said(blender: Blender, sentence: re.Pattern[str], seconds: float = 60.0) -> None:
    blender.until(lambda: any(sentence.search(s) for s in sentences(blender)), seconds)


def untaken(tasks: list[Task]) -> list[Wrong]:
    """Those of which it is not known that a service has them, where all should be done."""
    return [
        Wrong(MESSAGE, f"ended {task.state.value}: {task.message}", task.request.provider)
        for task in tasks
        if not task.accepted
    ]


def judge(
    area: str,
    case: str,
    folder: Path,
    sandbox: Sandbox,
    words: Counter[str],
    before: list[Wrong] = [],  # noqa: B006  (only read)
) -> list[Wrong]:
    """What is wrong at the end, and was before it; also noted for the table, a line for each
    service."""
    tasks = ledger_of(folder)
    wrong = before + broken(folder, sandbox, words) + untaken(tasks)
    for service in words:
        ends = [task.state.value for task in tasks if task.request.provider == service]
        charges = sum(charge[0] == service for charge in sandbox.charges)
        its = [each for each in wrong if each.service == service]
        outcome = ends[0] if ends else "not noted, not sent"
        note(area, service, case, outcome, charges=charges, wrong=its)
    if others := [each for each in wrong if each.service not in words]:
        note(area, "", case, "wrong", wrong=others, tried=0)
    return wrong
