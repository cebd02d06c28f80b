"""What has to be true when all is over, whatever happened. See docs/reliability.md."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from core.model import Task, TaskState
from core.sandbox.server import Sandbox

from .blenders import ledger_of

DONE = (TaskState.READY, TaskState.IMPORTED)


def broken(
    folder: Path,
    sandbox: Sandbox,
    words: Mapping[str, int],
    removed: Mapping[str, int] = {},
) -> list[str]:
    """Every rule that does not hold, in words; [] is good. The service has finished every job and
    was let alone long enough, so that each model can be in the library.

    words: how often the user asked each service for a job that may be charged. removed: how many
    tasks of each service the user took off the list.
    """
    tasks = ledger_of(folder)
    return [
        *_money(tasks, sandbox, words, removed),
        *_models(tasks, sandbox),
        *_leftovers(folder, tasks),
        *_secrets(folder, sandbox),
    ]


def _money(
    tasks: list[Task], sandbox: Sandbox, words: Mapping[str, int], removed: Mapping[str, int]
) -> list[str]:
    """Each charge has exactly one task, or one that asks whether it was taken; and a word."""
    found = []
    unsure = Counter(
        task.request.provider
        for task in tasks
        if not task.accepted and task.state is TaskState.UNCONFIRMED
    )
    known = Counter(
        (task.request.provider, task.accepted.job_id) for task in tasks if task.accepted
    )
    charged = Counter((service, job) for service, job, _, _ in sandbox.charges)
    for (service, job), times in charged.items():
        if times > 1:
            found.append(f"{service} charged the job {job} {times} times")
        if known[service, job] > 1:
            found.append(f"{known[service, job]} tasks have the job {job}")
        if not known[service, job]:
            unsure[service] -= 1
    unsure.update(removed)
    found += [f"{-n} charges of {service} have no task" for service, n in unsure.items() if n < 0]
    for service, count in Counter(service for service, _ in charged).items():
        if count > words.get(service, 0):
            found.append(f"{service} charged {count}, asked for were {words.get(service, 0)}")
    return found


def _models(tasks: list[Task], sandbox: Sandbox) -> list[str]:
    """The model of each finished job is in the library, as the service made it, once."""
    found = []
    places = Counter(path for task in tasks for path in [task.folder] if path)
    found += [f"{path} is the model of {n} tasks" for path, n in places.items() if n > 1]
    for task in tasks:
        if not task.accepted:
            continue
        if task.state not in DONE:
            found.append(f"the job {task.accepted.job_id} is {task.state.value}: {task.message}")
            continue
        job = sandbox.jobs.get(task.accepted.job_id, task.request.provider)
        made = [sandbox.jobs.file(job, name) for name in ("model.glb", "shaded.glb")]
        sums = {hashlib.sha256(content).hexdigest() for content in made}
        model = Path(task.folder, task.model)
        if not model.is_file():
            found.append(f"the model of {task.id} is not in the library")
        elif hashlib.sha256(model.read_bytes()).hexdigest() not in sums:
            found.append(f"the model of {task.id} is not what the service made")
    return found


def _leftovers(folder: Path, tasks: list[Task]) -> list[str]:
    """Only what somebody needs is there: models, records, and the pictures of tasks."""
    known = {task.id for task in tasks}
    going_on = {task.id for task in tasks if task.state not in DONE}
    found = [
        f"left over: {path.name}"
        for path in (folder / "user" / "downloads").glob("*")
        if path.name.partition(".")[0] not in going_on
    ]
    found += [f"left over: {path.name}" for path in (folder / "library").glob(".*")]
    homes = {Path(task.folder).name for task in tasks}
    for path in (folder / "library").glob("*"):
        record = path / "task.json"
        if not record.is_file():
            found.append(f"a folder without a record: {path.name}")
        elif path.name not in homes and json.loads(record.read_bytes())["task"] in known:
            found.append(f"a second model of a task: {path.name}")
    return found


def _secrets(folder: Path, sandbox: Sandbox) -> list[str]:
    """No key and no signature of a link is in any file."""
    words = (sandbox.key.encode(), b"Signature=")
    return [
        f"a secret in {path.relative_to(folder)}"
        for path in folder.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]
