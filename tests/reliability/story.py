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

from .ending import untaken
from .invariants import broken
from .meanings import REQUESTS, Ends
from .nursery import png
from .outcomes import CRASHED, DOUBLE, MESSAGE, OTHER, Hung, Wrong, caught, note
from .road import Clock, Road, Wreck

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))


class Story:
    """One task of one user, on a folder of its own, which goes with it (`with`)."""

    def __init__(self, road: Road, service: str) -> None:
        self.folder = folder = road.sandbox.folder.with_name("user")
        self.road = road
        self.service = service
        self.tasks: dict[str, Task] = {}
        self.picture_bytes = 0  # at least
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

    def generate(self) -> None:
        """From one picture. Comes back when nothing is left to do."""
        task_id = os.urandom(16).hex()
        picture = self.engine.folders.inputs(task_id) / "input_1.png"
        picture.parent.mkdir(parents=True)
        picture.write_bytes(png().ljust(self.picture_bytes))
        prompt = "" if self.service == "triverse" else "a blue vase"
        request = make_request(get_provider(self.service), prompt=prompt, pictures=[str(picture)])
        self.engine.generate(request, task_id=task_id)
        self.road.agenda.run()

    def resume(self, *, again: bool = False) -> None:
        self.engine.resume(self.task.id, again=again)
        self.road.agenda.run()

    def __enter__(self) -> Story:
        return self

    def __exit__(self, *_: object) -> None:
        self.road.agenda.due.clear()  # something is left if it broke off
        self.engine.close()
        shutil.rmtree(self.folder)

    def _publish(self, notice: object) -> None:
        if isinstance(notice, TaskChanged):
            self.tasks[notice.task.id] = notice.task


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
    raise Hung(f"nothing is left to do, and it has not ended: {task}")


def unsettled(story: Story) -> list[Wrong]:
    """All is well again, and the user presses what the row offers. What is wrong then."""
    sandbox, service, charges = story.road.sandbox, story.service, story.charges
    if story.task.state is not TaskState.READY:
        story.resume()
    wrong = broken(story.folder, sandbox, {service: 1})
    if story.task.state is TaskState.UNCONFIRMED and service == "rodin" and not wrong:
        if story.charges != charges:
            wrong.append(Wrong(DOUBLE, "Resume has ordered again"))
        # On the user's word, and the first is then without a task.
        story.resume(again=True)
        wrong += broken(story.folder, sandbox, {service: 1 + charges}, {service: charges})
    return wrong + untaken([story.task])


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
) -> list[Wrong]:
    """What is wrong; noted for the table. then: what is turned at the protocol when the fault is
    over."""
    road, service, wrong, ended = story.road, story.service, list[Wrong](), "broke off"
    charges = 0
    with caught(wrong):
        with road.spoilt(REQUESTS[service][request], wreck, None if always else times):
            story.generate()
        charges, ended = story.charges, ending(story).word
        none = wanted in (Ends.REFUSED, Ends.UNSENT) or (wanted is Ends.ASKS and not taken)
        wrong += differences(story, wanted, int(not none), says)
        turn(road, service, then)
        wrong += unsettled(story)
    name = f"{name}, without end" if always else name
    note("wire", service, f"{name} @ {request}", ended, charges=charges, wrong=wrong)
    return [each._replace(what=f"{service}, {request}, {name}: {each.what}") for each in wrong]


def differences(story: Story, wanted: Ends, charges: int, says: str) -> list[Wrong]:
    """From what is stated of its end."""
    task, ended, wrong = story.task, ending(story), []
    shown, done = f"{task.message} {task.advice}", task.state is TaskState.READY
    if ended is not wanted:
        what = f"{ended.name}, not {wanted.name}: {task.message} {task.details}"
        wrong.append(Wrong(MESSAGE, what))
    if not story.road.hits:
        wrong.append(Wrong(OTHER, "it was not met"))
    if story.charges != charges:
        kind = DOUBLE if story.charges > 1 else MESSAGE
        wrong.append(Wrong(kind, f"charged {story.charges} times"))
    if "mistake" in shown:  # in a job, which the engine has survived
        wrong.append(Wrong(CRASHED, f"{shown} {task.details}"))
    elif bool(task.message) == done or (not done and says not in shown):
        wrong.append(Wrong(MESSAGE, f"says {shown!r}"))
    return wrong


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
    """To a Sandbox whose jobs take 20 s. All its models are one, and small. No proxy."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(core.sandbox.jobs, "make_model", lambda order, name: made(name))
    monkeypatch.setattr(os, "fsync", lambda file: None)  # nobody pulls a plug here
    clock = Clock()
    with Sandbox(folder / "sandbox", seconds=20, record=True, clock=clock) as sandbox:
        sandbox.rodin.parallel_limit = sandbox.triverse.parallel_limit = 10_000
        sandbox.triverse.uploads_per_minute = 10_000
        sandbox.triverse.duplicate_seconds = 0.0  # only the order number makes two orders one
        yield Road(monkeypatch, sandbox, clock)
