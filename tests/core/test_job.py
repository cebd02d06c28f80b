"""The story of one generation, stepped without waiting against the Sandbox's real server.

A job may be killed at any `yield`: the tests drop it there, rebuild the task from what a ledger
would hold by then (the durable events), and let a new job go on. What counts is what the service
charged and what lies in the library.
"""

import json
import random
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

import core.job
from core import glb
from core.addresses import Account
from core.errors import Offline
from core.events import (
    Downloading,
    Event,
    Failed,
    Generating,
    Interrupted,
    Postponed,
    Queued,
    Ready,
    Resumed,
    Stopped,
    Submitted,
    Submitting,
    Unconfirmed,
    advance,
)
from core.job import Job
from core.model import Retry, Task, TaskState, retry_means
from core.providers import get_provider
from core.providers.options import make_request
from core.sandbox.messages import Drop, Reply
from core.sandbox.server import Sandbox
from core.worker import Cancelled
from tests.core import glb_files
from tests.services import faults

pytestmark = pytest.mark.usefixtures("each_model_is_made_once")
SERVICES = ["rodin", "triverse"]
HTML = Reply(502, {"Content-Type": "text/html"}, b"<!doctype html><html>bad gateway</html>")


class World:
    """One user's machine and one service."""

    def __init__(self, folder: Path, service: str):
        self.folder = folder
        self.service = service
        self.kind = get_provider(service)
        self.now = 1_700_000_000.0
        self.online = True
        self.sandbox = Sandbox(folder / "sandbox", seconds=0, record=True, clock=lambda: self.now)
        self.library = folder / "library"
        self.task = Task("a" * 32, make_request(self.kind, prompt="a blue vase"), created=self.now)

    def with_picture(self):
        picture = self.folder / "1.png"
        picture.write_bytes(glb_files.png(8, 8))
        request = make_request(self.kind, pictures=[str(picture)])
        self.task = replace(self.task, request=request)

    def gate(self):
        if not self.online:
            raise Offline("Blender is set to work offline.")

    def job(self, **options) -> Job:
        url = self.sandbox.rodin_url if self.service == "rodin" else self.sandbox.triverse_url
        provider = self.kind(
            Account(self.service, url, self.sandbox.key), self.gate, self.folder / "service"
        )
        return Job(
            self.task,
            provider,
            downloads=self.folder / "downloads",
            library_folder=self.library,
            gate=self.gate,
            clock=lambda: self.now,
            rng=random.Random(1),
            **options,
        )

    def run(self, *, kill_after: int | None = None, **options) -> list[Event]:
        """Step a job to its end, or kill it after so many events; the ledger's part is played by
        `advance`: durable events and changes of state are kept, the rest is lost with the job."""
        events = []
        steps = self.job(**options).run()
        for event in steps:
            events.append(event)
            after = advance(self.task, event, self.now)
            if event.durable or after.state is not self.task.state:
                self.task = after
            if len(events) == kill_after:
                steps.close()
                break
            assert len(events) < 500, "the job does not end"
            self.now += event.wait
        return events

    @property
    def charges(self) -> int:
        return len(self.sandbox.charges)

    def asked(self, part: str) -> int:
        return sum(part in path for _, path, _ in self.sandbox.requests)

    def models(self) -> list[Path]:
        return sorted(self.library.glob("*/model.glb"))


@pytest.fixture(params=SERVICES)
def world(request, tmp_path):
    world = World(tmp_path, request.param)
    with world.sandbox:
        yield world


@pytest.fixture
def rodin(tmp_path):
    world = World(tmp_path, "rodin")
    with world.sandbox:
        yield world


@pytest.fixture
def triverse(tmp_path):
    world = World(tmp_path, "triverse")
    with world.sandbox:
        yield world


SUBMITS = ("/rodin/api/v2/rodin", "/triverse/api/v1/tasks/text-to-model")


def fault(world: World, path: str | tuple[str, ...], *replies, times: int = 1):
    """Answer the first `times` requests whose path ends with `path` with `replies` in turn. A
    reply may be a function of the true one, to spoil what was really carried out."""
    left = list(replies) * times

    def intercept(request, carry_out):
        if request.path.endswith(path) and left:
            reply = left.pop(0)
            return reply(carry_out()) if callable(reply) else reply
        return None

    world.sandbox.intercept = intercept


def on_download(world: World, *replies, times: int = 1):
    """The same for the files of results."""
    left = list(replies) * times

    def intercept(request, carry_out):
        if "/api/" not in request.path and left:
            reply = left.pop(0)
            return reply(carry_out()) if callable(reply) else reply
        return None

    world.sandbox.intercept = intercept


# --- the straight story ---


def test_from_click_to_library(world):
    events = world.run()
    names = [type(event).__name__ for event in events]
    assert names[0] == "Submitting"
    assert names[1] == "Submitted"
    assert names[-1] == "Ready"
    assert world.task.state is TaskState.READY
    assert world.charges == 1
    (model,) = world.models()
    assert glb.check(model).triangles == world.task.triangles > 0
    assert not list((world.folder / "downloads").iterdir())


def test_the_submit_key_is_noted_before_the_request_leaves(world):
    steps = world.job().run()
    event = next(steps)
    assert isinstance(event, Submitting)
    assert event.submit_key
    assert world.charges == 0
    assert not [path for method, path, _ in world.sandbox.requests if method == "POST"]
    steps.close()


def test_task_json_tells_the_story_and_no_secret(world):
    world.run()
    (model,) = world.models()
    text = (model.parent / "task.json").read_text()
    told = json.loads(text)
    assert told["prompt"] == "a blue vase"
    assert world.task.accepted.job_id in text
    for secret in (world.sandbox.key, *world.task.accepted.ticket.values()):
        assert secret not in text
    assert "http" not in text.lower().replace("https://api", "")


# --- killed ---


def test_killed_at_every_event_it_pays_once_and_keeps_the_model(world):
    total = len(world.run())
    assert total >= 4
    for after in range(1, total):
        again = World(world.folder / f"killed-{after}", world.service)
        with again.sandbox:
            again.run(kill_after=after)
            again.run()
            if again.task.state is TaskState.UNCONFIRMED:
                # Rodin, killed between the note and the request: nobody can know. Not paid twice.
                assert world.service == "rodin"
                assert again.charges == 0
                continue
            assert again.task.state is TaskState.READY, f"killed after event {after}"
            assert again.charges == 1
            assert len(again.models()) == 1


def test_killed_between_the_library_and_the_ledger_it_is_not_fetched_again(world):
    for event in world.job().run():
        if isinstance(event, Ready):
            break  # it is in the library; the ledger does not know
        after = advance(world.task, event, world.now)
        world.task = after if event.durable or after.state is not world.task.state else world.task
    assert world.task.state is TaskState.DOWNLOADING
    before = len(world.sandbox.requests)
    world.run()
    assert world.task.state is TaskState.READY
    assert world.task.triangles > 0
    assert not any("/api/" not in path for _, path, _ in world.sandbox.requests[before:])
    assert len(world.models()) == 1


def test_killed_while_the_answer_was_on_its_way(world):
    """The service took the job; Blender died before it read the answer."""
    fault(world, SUBMITS, lambda reply: Drop())
    steps = world.job().run()
    world.task = advance(world.task, next(steps), world.now)
    try:
        next(steps)  # the request leaves and is carried out
    finally:
        steps.close()
    assert world.charges == 1
    world.run()
    assert world.charges == 1
    if world.service == "triverse":
        assert world.task.state is TaskState.READY
    else:
        assert world.task.state is TaskState.UNCONFIRMED
        assert retry_means(world.task, repeatable=False) is Retry.PAY_AGAIN


# --- the submit ---


@pytest.mark.parametrize(
    "spoil",
    [
        lambda reply: Drop(),
        lambda reply: HTML,
        lambda reply: replace(reply, body=reply.body[: len(reply.body) // 2]),
        lambda reply: replace(reply, cut=10),
        lambda reply: replace(reply, status=504, body=b""),
    ],
    ids=["reset", "html 502", "half json", "cut off", "empty 504"],
)
def test_no_usable_answer_to_an_order_that_was_taken(world, spoil):
    fault(world, SUBMITS, spoil)
    events = world.run()
    assert world.charges == 1
    if world.service == "triverse":
        assert world.task.state is TaskState.READY
        assert world.asked("text-to-model") == 2
    else:
        assert isinstance(events[-1], Unconfirmed)
        assert "not known" in world.task.message
        assert world.asked("/api/v2/rodin") == 1


def test_the_user_decides_about_an_unconfirmed_job(rodin):
    fault(rodin, SUBMITS, lambda reply: Drop())
    rodin.run()
    assert rodin.task.state is TaskState.UNCONFIRMED
    rodin.task = advance(rodin.task, Resumed(again=True), rodin.now)
    rodin.run()
    assert rodin.task.state is TaskState.READY
    assert rodin.charges == 2  # on the user's word


def test_what_helps_to_decide_is_said(rodin):
    """The balance before and after, also where Blender died in between, and when it was sent."""
    before = rodin.sandbox.rodin.balance
    fault(rodin, SUBMITS, lambda reply: Drop())
    steps = rodin.job().run()
    rodin.task = advance(rodin.task, next(steps), rodin.now)
    with suppress(StopIteration):
        next(steps)
    steps.close()
    rodin.run()
    sent = time.strftime("%H:%M", time.localtime(rodin.now))
    assert rodin.task.advice.startswith(
        f"It was sent at {sent}. Your balance was {before:,g} credits before that and is"
        f" {before - 0.5:,g} now:"
    )


def test_a_balance_that_is_not_told_holds_up_nothing(rodin, monkeypatch):
    monkeypatch.setattr(core.job, "BALANCE_SECONDS", 0.1)
    balance = faults.on(faults.RODIN_BALANCE, faults.hang(20))
    order = faults.on(faults.RODIN_SUBMIT, faults.lose_answer())
    rodin.sandbox.intercept = faults.any_of(balance, order)
    rodin.run()
    assert balance.hits == 1
    assert rodin.task.state is TaskState.UNCONFIRMED
    assert rodin.task.advice.startswith("Look at your balance or job list at Hyper3D Rodin")


def test_a_repeat_is_the_same_order_to_the_letter(tmp_path):
    """Also after a restart: the picture is not uploaded a second time under another name."""
    world = World(tmp_path, "triverse")
    world.with_picture()
    orders = []

    def intercept(request, carry_out):
        if not request.path.endswith("/tasks/image-to-model"):
            return None
        orders.append(request.json())
        reply = carry_out()
        return Drop() if len(orders) == 1 else reply

    with world.sandbox:
        world.sandbox.intercept = intercept
        steps = world.job().run()
        while not orders:
            world.task = advance(world.task, next(steps), world.now)
        steps.close()
        world.run()
    assert world.task.state is TaskState.READY
    assert orders[0] == orders[1]
    assert world.asked("/upload/image") == 1
    assert world.charges == 1


def test_a_repeat_that_is_refused_is_no_proof_that_the_order_does_not_stand(triverse):
    """The first order took the last credits; its repeat is told that there are none."""
    no_credits = Reply.of({"code": 2010, "message": "Not enough credits."}, 403)
    fault(triverse, SUBMITS, lambda reply: Drop(), no_credits)
    events = triverse.run()
    assert isinstance(events[-1], Unconfirmed)
    key = triverse.task.submit_key
    assert key
    triverse.sandbox.intercept = None
    triverse.task = advance(triverse.task, Resumed(), triverse.now)
    triverse.run()
    assert triverse.task.state is TaskState.READY
    assert triverse.charges == 1


def test_a_refusal_ends_it_at_once_and_costs_nothing(world):
    world.sandbox.rodin.balance = world.sandbox.triverse.balance = 0
    events = world.run()
    assert isinstance(events[-1], Failed)
    assert "credits" in str(events[-1].message).lower()
    assert events[-1].advice
    assert len(events) == 2
    assert world.charges == 0
    assert retry_means(world.task, world.kind.repeatable) is Retry.SUBMIT
    world.sandbox.rodin.balance = world.sandbox.triverse.balance = 1000
    world.task = advance(world.task, Resumed(), world.now)
    world.run()
    assert world.task.state is TaskState.READY


def test_a_busy_service_gets_the_order_later_by_itself(world):
    busy = Reply.of({"code": 2000, "message": "slow down"}, 429, **{"Retry-After": "33"})
    fault(world, SUBMITS, busy, times=2)
    events = world.run()
    postponed = [event for event in events if isinstance(event, Postponed)]
    assert len(postponed) == 2
    assert all(event.wait >= 33 for event in postponed)
    assert world.task.state is TaskState.READY
    assert world.charges == 1


def test_a_service_that_cannot_be_reached_is_a_plain_failure(world):
    world.sandbox.stop()
    events = world.run()
    assert isinstance(events[-1], Failed)
    assert "reached" in events[-1].message
    assert not world.task.submit_key


# --- waiting ---


@pytest.mark.parametrize(
    "reply",
    [
        HTML,
        Drop(),
        Reply(200, {}, b"{half"),
        Reply.of({"error": "UNKNOWN", "code": 5003, "message": "x"}, 503),
        Reply(200, {"Content-Type": "application/json"}, b"[]"),
        Reply.of({"code": 2000, "message": "slow down"}, 429, **{"Retry-After": "120"}),
    ],
    ids=["html", "reset", "half json", "503", "a list", "429"],
)
def test_one_failed_poll_is_not_a_failed_job(world, reply):
    def intercept(request, carry_out):
        polled = request.path.endswith("/status") or (
            request.method == "GET" and "/tasks/" in request.path and "/url/" not in request.path
        )
        if polled and failures:
            failures.pop()
            return reply
        return None

    failures = [1, 2, 3]
    world.sandbox.intercept = intercept
    events = world.run()
    interrupted = [event for event in events if isinstance(event, Interrupted)]
    assert len(interrupted) == 3
    assert all(event.wait > 0 for event in interrupted)
    if isinstance(reply, Reply) and reply.status == 429:
        assert all(event.wait >= 120 for event in interrupted)
    assert world.task.state is TaskState.READY
    assert world.charges == 1


def test_a_job_in_a_long_queue_is_asked_about_seldom(world):
    world.sandbox.seconds = 3600
    queued = [event for event in world.run(kill_after=20) if isinstance(event, Queued)]
    assert len(queued) > 10
    assert all(18 <= event.wait <= 22 for event in queued[4:])


def test_the_deadline_ends_the_watching_not_the_job(world):
    world.sandbox.seconds = 10_000
    events = world.run(deadline=600)
    assert isinstance(events[-1], Stopped)
    assert "10 min" in events[-1].message
    assert retry_means(world.task, world.kind.repeatable) is Retry.RESUME
    world.now += 10_000
    world.task = advance(world.task, Resumed(), world.now)
    world.run()
    assert world.task.state is TaskState.READY
    assert world.charges == 1


def test_a_sleeping_machine_does_not_use_up_the_watching(world):
    """It wakes after a day and has no network for a while."""
    world.sandbox.seconds = 2 * 86400.0
    steps = world.job(deadline=3600).run()
    for event in steps:
        world.task = advance(world.task, event, world.now)
        world.now += event.wait
        if isinstance(event, Generating | Queued):
            break
    world.now += 86400.0
    world.sandbox.intercept = lambda request, carry_out: Drop()
    waking = [next(steps) for _ in range(3)]
    assert all(isinstance(event, Interrupted) for event in waking)
    world.sandbox.intercept = None
    world.now += 86400.0
    assert isinstance(list(steps)[-1], Ready)
    assert world.charges == 1


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_a_clock_that_is_set_does_not_change_how_long_is_watched(world, jump):
    world.sandbox.seconds = 10 * 86400.0
    world.sandbox.clock = world.sandbox.jobs.clock = lambda: 1_700_000_000.0  # its own
    jumped, watched = False, 0.0
    for event in world.job(deadline=3600).run():
        watched += event.wait
        world.now += event.wait
        if watched > 600 and not jumped:
            jumped = True
            world.now += jump
    assert isinstance(event, Stopped)
    assert 3500 < watched < 3700


def test_switching_offline_sends_nothing_and_back_online_goes_on(world):
    world.sandbox.seconds = 60
    steps = world.job().run()
    for event in steps:
        world.task = advance(world.task, event, world.now)
        world.now += event.wait
        if isinstance(event, Submitted):
            world.online = False
            break
    before = len(world.sandbox.requests)
    waits = [next(steps) for _ in range(5)]
    assert all(isinstance(event, Interrupted) for event in waits)
    assert len(world.sandbox.requests) == before
    world.online = True
    world.now += 100
    assert any(isinstance(event, Ready) for event in steps)


@pytest.mark.parametrize("after", [Submitting, Submitted, Downloading])
def test_cancel_stops_the_watching_and_tells_what_it_means(world, after):
    steps = world.job().run()
    for event in steps:
        world.task = advance(world.task, event, world.now)
        if isinstance(event, after):
            break
    stopped = steps.throw(Cancelled())
    assert isinstance(stopped, Stopped)
    world.task = advance(world.task, stopped, world.now)
    assert list(steps) == []
    if after is Submitting:
        assert "Nothing was charged" in stopped.advice
        assert world.charges == 0
        assert retry_means(world.task, world.kind.repeatable) is Retry.SUBMIT
    else:
        assert retry_means(world.task, world.kind.repeatable) is Retry.RESUME
    world.task = advance(world.task, Resumed(), world.now)
    world.run()
    assert world.task.state is TaskState.READY
    assert world.charges == 1


def test_a_cancel_before_the_answer_came_can_be_resumed(triverse):
    fault(triverse, SUBMITS, lambda reply: Drop())
    for event in (steps := triverse.job().run()):
        triverse.task = advance(triverse.task, event, triverse.now)
        if isinstance(event, Interrupted):
            break
    stopped = steps.throw(Cancelled())
    triverse.task = advance(triverse.task, stopped, triverse.now)
    assert "may have been taken" in stopped.message
    assert triverse.charges == 1
    assert retry_means(triverse.task, repeatable=True) is Retry.RESUME
    assert retry_means(triverse.task, repeatable=False) is Retry.PAY_AGAIN
    triverse.task = advance(triverse.task, Resumed(), triverse.now)
    triverse.run()
    assert triverse.task.state is TaskState.READY
    assert triverse.charges == 1


def test_a_cancel_that_comes_just_after_acceptance_says_so(world):
    steps = world.job().run()
    world.task = advance(world.task, next(steps), world.now)
    event = next(steps)  # taken and charged
    assert isinstance(event, Submitted)
    world.task = advance(world.task, event, world.now)
    stopped = steps.throw(Cancelled())
    assert isinstance(stopped, Stopped)
    assert not stopped.unsent
    assert "Nothing was charged" not in stopped.advice
    assert world.charges == 1


def test_one_verdict_is_not_believed(world):
    """A service that does not know a job for a moment, or calls it failed, is asked again."""

    def intercept(request, carry_out):
        polled = request.path.endswith("/status") or (
            request.method == "GET" and "/tasks/" in request.path and "/url/" not in request.path
        )
        if polled and verdicts:
            verdicts.pop()
            return Reply.of({"error": "NO_SUCH_TASK", "code": 1006, "message": "unknown"}, 404)
        return None

    verdicts = [1]
    world.sandbox.intercept = intercept
    world.run()
    assert world.task.state is TaskState.READY


def test_a_busy_service_is_not_asked_for_ever(world):
    busy = Reply.of({"code": 2000, "message": "slow down"}, 429, **{"Retry-After": "500"})
    fault(world, SUBMITS, busy, times=100)
    events = world.run(deadline=3600)
    assert isinstance(events[-1], Stopped)
    assert "Nothing was charged" in events[-1].advice
    assert retry_means(world.task, world.kind.repeatable) is Retry.SUBMIT
    assert world.charges == 0


# --- the download ---


def test_a_cut_download_goes_on_where_it_was(world):
    sent = []

    def intercept(request, carry_out):
        if "/api/" in request.path:
            return None
        reply = carry_out()
        sent.append(request.headers.get("range", ""))
        return replace(reply, cut=len(reply.body) // 2) if len(sent) <= 2 else reply

    world.sandbox.intercept = intercept
    world.run()
    assert world.task.state is TaskState.READY
    assert sent[0] == ""
    assert sent[1].startswith("bytes=")
    assert world.charges == 1


def test_a_download_of_unknown_length_that_ends_too_early_is_begun_again(world):
    on_download(world, lambda reply: replace(reply, length=-1, cut=len(reply.body) // 2))
    world.run()
    assert world.task.state is TaskState.READY
    assert (Path(world.task.folder) / world.task.model).stat().st_size > 0
    assert world.charges == 1


def test_a_model_that_the_service_has_only_in_part_is_not_fetched_again_and_again(world):
    asked = []

    def intercept(request, carry_out):
        reply = carry_out()
        if reply.body[:4] != b"glTF":
            return reply
        asked.append(request.path)
        half = reply.body[: len(reply.body) // 2]
        return replace(reply, body=half, length=len(half), headers={})

    world.sandbox.intercept = intercept
    world.run()
    assert world.task.state is not TaskState.READY
    assert "cut off" in world.task.message
    assert len(asked) == len(set(asked)) <= 2


def test_an_expired_link_is_asked_for_again(world):
    on_download(world, Reply(403, {}, b"<Error>expired</Error>"))
    world.run()
    assert world.task.state is TaskState.READY
    assert world.charges == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!doctype html><html>login</html>", "web page"),
        (b"", "empty"),
        (b"glTF\x02\x00\x00\x00\xff\xff\x00\x00", "cut off"),
    ],
    ids=["html", "empty", "header only"],
)
def test_what_is_no_model_is_refused_and_can_be_fetched_again_for_nothing(world, body, words):
    def intercept(request, carry_out):
        bad = "/api/" not in request.path or "/tasks/download/" in request.path
        return Reply(200, {}, body) if bad else None

    world.sandbox.intercept = intercept
    events = world.run()
    assert isinstance(events[-1], Failed)
    assert words in events[-1].message
    assert not world.models()
    assert retry_means(world.task, world.kind.repeatable) is Retry.RESUME
    world.sandbox.intercept = None
    world.task = advance(world.task, Resumed(), world.now)
    world.run()
    assert world.task.state is TaskState.READY
    assert world.charges == 1


def test_a_library_that_cannot_be_written_loses_nothing(world):
    world.library.write_text("a file is in the way")
    events = world.run()
    assert isinstance(events[-1], Failed)
    assert retry_means(world.task, world.kind.repeatable) is Retry.RESUME
    world.library.unlink()
    world.task = advance(world.task, Resumed(), world.now)
    world.run()
    assert world.task.state is TaskState.READY
    assert world.charges == 1


def test_a_full_library_disk_does_not_cost_a_second_download(world):
    """And not the model either, should the service no longer keep it by then."""
    world.library.write_text("a file is in the way")
    world.run()
    world.library.unlink()
    before = len(world.sandbox.requests)
    world.sandbox.intercept = lambda request, carry_out: (
        Reply.of({"error": "NO_SUCH_TASK", "code": 1006, "message": "gone"}, 404)
        if "/download" in request.path or "/url/" in request.path
        else None
    )
    world.task = advance(world.task, Resumed(), world.now)
    world.run()
    assert world.task.state is TaskState.READY
    fetched = [path for _, path, _ in world.sandbox.requests[before:] if ".glb" in path]
    assert not fetched


def test_a_new_order_does_not_take_the_old_orders_file(rodin):
    """The model of a job that failed in the end is not served for the next one."""
    downloads = rodin.folder / "downloads"
    downloads.mkdir()
    stale = downloads / f"{rodin.task.id}.glb.part"
    stale.write_bytes(glb_files.quad().data())
    rodin.run()
    assert rodin.task.state is TaskState.READY
    (model,) = rodin.models()
    assert model.read_bytes() != glb_files.quad().data()


def test_a_preview_that_cannot_be_had_does_not_hold_up_the_model(rodin):
    def intercept(request, carry_out):
        return Drop() if "preview" in request.path else None

    rodin.sandbox.intercept = intercept
    rodin.run()
    assert rodin.task.state is TaskState.READY
    assert rodin.task.preview == ""
