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
from .outcomes import DOUBLE, LOST, OTHER, Wrong

DONE = (TaskState.READY, TaskState.IMPORTED)


def broken(
    folder: Path,
    sandbox: Sandbox,
    words: Mapping[str, int],
    removed: Mapping[str, int] = {},
) -> list[Wrong]:
    """Every rule that does not hold; [] is good. The service has finished every job and
    was let alone long enough, so that each model can be in the library.

    words: how often the user asked each service for a job that may be charged. removed: how many
    orders of each service the user let go: took the task off the list, or ordered it anew.
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
) -> list[Wrong]:
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
            found.append(Wrong(DOUBLE, f"the job {job} was charged {times} times", service))
        if known[service, job] > 1:
            found.append(Wrong(OTHER, f"{known[service, job]} tasks have the job {job}", service))
        if not known[service, job]:
            unsure[service] -= 1
    unsure.update(removed)
    found += [Wrong(LOST, f"{-n} charges have no task", s) for s, n in unsure.items() if n < 0]
    for service, count in Counter(service for service, _ in charged).items():
        if count > (asked := words.get(service, 0)):
            found.append(Wrong(DOUBLE, f"{count} jobs charged, {asked} asked for", service))
    return found


def _models(tasks: list[Task], sandbox: Sandbox) -> list[Wrong]:
    """The model of each finished job is in the library, as the service made it, once."""
    found = []
    places = Counter(path for task in tasks for path in [task.folder] if path)
    twice = [(path, n) for path, n in places.items() if n > 1]
    found += [Wrong(OTHER, f"{path} is the model of {n} tasks") for path, n in twice]
    for task in tasks:
        if not task.accepted:
            continue
        service, job_id = task.request.provider, task.accepted.job_id
        if task.state not in DONE:
            said = f"the job {job_id} is {task.state.value}: {task.message}"
            found.append(Wrong(LOST, said, service))
            continue
        job = sandbox.jobs.get(job_id, service)
        made = [sandbox.jobs.file(job, name) for name in ("model.glb", "shaded.glb")]
        sums = {hashlib.sha256(content).hexdigest() for content in made}
        model = Path(task.folder, task.model)
        if not model.is_file():
            found.append(Wrong(LOST, f"the model of {task.id} is not in the library", service))
        elif hashlib.sha256(model.read_bytes()).hexdigest() not in sums:
            found.append(Wrong(LOST, f"the model of {task.id} is not what was made", service))
    return found


def _leftovers(folder: Path, tasks: list[Task]) -> list[Wrong]:
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
    return [Wrong(OTHER, what) for what in found]


def _secrets(folder: Path, sandbox: Sandbox) -> list[Wrong]:
    """No key and no signature of a link is in any file."""
    words = (sandbox.key.encode(), b"Signature=")
    return [
        Wrong(OTHER, f"a secret in {path.relative_to(folder)}")
        for path in folder.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]
