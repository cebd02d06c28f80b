"""Tasks and events as JSON, for the ledger and the journal.

A later version may have added fields and an earlier one lacks some: neither hides a task.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from typing import Any

from .events import Event
from .model import Accepted, GenerationRequest, Origin, Task, TaskState

log = logging.getLogger(__name__)


# ASCII: a path of another encoding holds lone surrogates, which SQLite's UTF-8 cannot.
def event_json(event: Event) -> str:
    return json.dumps(dataclasses.asdict(event), default=dict)


def task_json(task: Task) -> str:
    return json.dumps(dataclasses.asdict(task), default=dict)


def read_task(text: str) -> Task | None:
    """None for a row of a later version or a damaged one: it must not hide the others."""
    try:
        return task_from(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("a task in the ledger cannot be read by this version")
        return None


def task_from(text: str) -> Task:
    """Fields of a later version are left out, missing ones take their defaults."""
    fields = _known(Task, json.loads(text))
    request = _known(GenerationRequest, fields["request"])
    request["pictures"] = tuple(request["pictures"])
    request["options"] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in request["options"].items()
    }
    origin = _known(Origin, fields["origin"])
    origin["location"] = tuple(origin["location"])
    fields["request"] = GenerationRequest(**request)
    fields["origin"] = Origin(**origin)
    fields["uploads"] = tuple(fields.get("uploads", ()))
    fields["state"] = TaskState(fields["state"])
    if fields["accepted"]:
        fields["accepted"] = Accepted(**_known(Accepted, fields["accepted"]))
    task = Task(**fields)
    for number in (task.created, task.updated, task.sent, task.finished, task.step):
        if not isinstance(number, (int, float)):
            raise TypeError("a date is no number")
    if not isinstance(task.id, str) or not isinstance(task.request.prompt, str):
        raise TypeError("a text is none")
    return task


def _known(kind: type[Any], fields: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in fields.items() if name in names}
