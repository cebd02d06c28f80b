"""One generation of one user, told to its end and looked at from outside."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import core.sandbox.jobs
from core.accounts import Accounts
from core.engine import Engine, TaskChanged
from core.model import Task, TaskState
from core.providers import get_provider
from core.providers.options import make_request
from core.sandbox.models import Order, make_model
from core.sandbox.server import Sandbox
from core.storage import Folders

from .invariants import broken
from .meanings import REQUESTS, Ends
from .nursery import png
from .outcomes import note
from .road import Clock, Road, Wreck

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))


class Story:
    """One task of one user, on a folder of its own."""

    def __init__(self, folder: Path, road: Road, service: str) -> None:
        self.folder = folder
        self.road = road
        self.service = service
        self.tasks: dict[str, Task] = {}
        self.notes: list[str] = []
        sandbox = road.sandbox
        sandbox.charges.clear()
        sandbox.refill()
        road.asked.clear()
        road.orders.clear()
        folders = Folders(folder / "user", folder / "library")
        folder.mkdir()
        self.environment = {
            "RODIN_API_KEY": sandbox.key,
            "TRIVERSE_API_KEY": sandbox.key,
            "HYPER3D_BASE_URL": sandbox.rodin_url.replace("http:", f"{road.scheme}:"),
            "TRIVERSE_BASE_URL": sandbox.triverse_url.replace("http:", f"{road.scheme}:"),
        }
        self.engine = Engine(
            folders,
            Accounts(folders.keys, self.environment),
            online=lambda: True,
            publish=self._publish,
            clock=road.clock,
        )

    @property
    def task(self) -> Task:
        (task,) = self.tasks.values()
        return task

    @property
    def charges(self) -> int:
        return len(self.road.sandbox.charges)

    def generate(self, picture_bytes: int = 0) -> None:
        """From one picture, at least so large. Comes back when nothing is left to do."""
        task_id = os.urandom(16).hex()
        picture = self.engine.folders.inputs(task_id) / "input_1.png"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(png().ljust(picture_bytes))
        prompt = "" if self.service == "triverse" else "a blue vase"
        request = make_request(get_provider(self.service), prompt=prompt, pictures=[str(picture)])
        self.engine.generate(request, task_id=task_id)
        self.road.agenda.run()

    def resume(self, *, again: bool = False) -> None:
        self.engine.resume(self.task.id, again=again)
        self.road.agenda.run()

    def close(self) -> None:
        self.engine.close()
        shutil.rmtree(self.folder)

    def _publish(self, notice: object) -> None:
        if isinstance(notice, TaskChanged):
            self.tasks[notice.task.id] = notice.task
            self.notes.append(notice.task.note)


def ending(story: Story) -> Ends:
    task, orders = story.task, story.road.orders
    match task.state:
        case TaskState.READY if len(orders) > 1:
            return Ends.REPEATED if len(set(orders)) == 1 and orders[0] else Ends.LATER
        case TaskState.READY:
            return Ends.GOES_ON if task.preview else Ends.PLAIN
        case TaskState.UNCONFIRMED:
            return Ends.ASKS
        case TaskState.FAILED | TaskState.STOPPED if task.accepted:
            return Ends.OVER if task.final else Ends.RESUME
        case TaskState.FAILED:
            return Ends.REFUSED
        case TaskState.STOPPED:
            return Ends.UNSENT
    raise AssertionError(f"it has not ended: {task}")


def unsettled(story: Story) -> list[str]:
    """All is well again, and the user presses what the row offers. What is wrong then."""
    sandbox, service, charges = story.road.sandbox, story.service, story.charges
    if story.task.state is not TaskState.READY:
        story.resume()
    found = broken(story.folder, sandbox, {service: 1})
    if story.task.state is TaskState.UNCONFIRMED and service == "rodin" and not found:
        if story.charges != charges:
            found.append("Resume has ordered again")
        # On the user's word, and the first is then without a task.
        story.resume(again=True)
        found += broken(story.folder, sandbox, {service: 1 + charges}, {service: charges})
    if story.task.state is not TaskState.READY:
        found.append(f"ends {story.task.state.value}: {story.task.message}")
    return found


def play(
    story: Story,
    request: str,
    wreck: Wreck,
    wanted: Ends,
    *,
    name: str,
    taken: bool,
    says: str = "",
    always: bool = False,
    times: int = 1,
    then: Mapping[str, object] = {},
) -> list[str]:
    """What is wrong. then: what is turned at the protocol when the fault is over."""
    road, service = story.road, story.service
    with road.spoilt(REQUESTS[service][request], wreck, None if always else times):
        story.generate()
    ended, task, charges = ending(story), story.task, story.charges
    wrong = []
    if ended is not wanted:
        wrong.append(f"{ended.name}, not {wanted.name}: {task.message} {task.details}")
    if not road.hits:
        wrong.append("it was not met")
    none = wanted in (Ends.REFUSED, Ends.UNSENT) or (wanted is Ends.ASKS and not taken)
    if charges != (not none):
        wrong.append(f"charged {charges} times")
    shown = f"{task.message} {task.advice}"
    done = task.state is TaskState.READY
    if "mistake" in shown or bool(task.message) == done or (not done and says not in shown):
        wrong.append(f"says {shown!r}")
    turn(road, service, then)
    wrong += unsettled(story)
    if always:
        name += ", without end"
    note("wire", service, f"{name} @ {request}", ended.name, charges=charges, wrong=len(wrong))
    return [f"{service}, {request}, {name}: {line}" for line in wrong]


def turn(road: Road, service: str, knobs: Mapping[str, object]) -> None:
    for knob, value in knobs.items():
        setattr(getattr(road.sandbox, service), knob, value)


def some(rows: list[Any], seed: str, share: int = 10) -> list[Any]:
    """All of them, or one of `share`."""
    return rows if FULL else random.Random(seed).sample(rows, max(1, len(rows) // share))


@functools.cache
def made(name: str) -> dict[str, bytes]:
    return make_model(Order(prompt="vase", triangles=500, texture_size=256), name)


@contextlib.contextmanager
def the_road(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    """To a Sandbox whose jobs take 20 s. All its models are one: else half of the time would go
    into making them."""
    monkeypatch.setattr(core.sandbox.jobs, "make_model", lambda order, name: made(name))
    monkeypatch.setattr(os, "fsync", lambda file: None)  # nobody pulls a plug here
    clock = Clock()
    with Sandbox(folder / "sandbox", seconds=20, record=True, clock=clock) as sandbox:
        sandbox.rodin.parallel_limit = sandbox.triverse.parallel_limit = 10_000
        sandbox.triverse.uploads_per_minute = 10_000
        sandbox.triverse.duplicate_seconds = 0.0  # only the order number makes two orders one
        yield Road(monkeypatch, sandbox, clock)
