"""Triverse against a real server on this machine, which speaks both snapshots of its protocol."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.addresses import Account
from core.download import download
from core.errors import (
    BadRequest,
    Busy,
    Gone,
    JobFailed,
    MaquetteError,
    NoAnswer,
    Offline,
    Refused,
    SetupError,
)
from core.model import Accepted, GenerationRequest
from core.providers.base import Provider, Status
from core.providers.options import applicable, defaults, make_request
from core.providers.triverse import Triverse
from core.sandbox.messages import Reply, Request
from core.sandbox.server import Sandbox
from tests.services import faults

KEY = "tv-3f9a17c2d0e1"
CHAIR = make_request(Triverse, prompt="a chair")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
LINK = "https://bucket.example.com/model.glb?Signature=c2VjcmV0"


@pytest.fixture(params=["new", "old"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "service", key=KEY, seconds=0, record=True) as running:
        running.triverse.snapshot = request.param
        yield running


@pytest.fixture
def one_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """For what does not depend on how the fields are called."""
    with Sandbox(tmp_path / "service", key=KEY, seconds=0, record=True) as running:
        yield running


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "secret client name.png"
    path.write_bytes(PNG)
    return path


def triverse(sandbox: Sandbox, key: str = KEY, key_from: str = "preferences") -> Triverse:
    account = Account("triverse", sandbox.triverse_url, key, key_from)
    return Triverse(account, lambda: None, Path("unused"))


def order(sandbox: Sandbox, request: GenerationRequest = CHAIR, key: str = "order-1") -> Accepted:
    """As the job keeps it: with the time of acceptance."""
    return replace(triverse(sandbox).submit(request, key), at=time.time())


def raised(ask: Callable[[], object]) -> MaquetteError:
    with pytest.raises(MaquetteError) as caught:
        ask()
    return caught.value


def bodies(sandbox: Sandbox, path: str) -> list[dict[str, Any]]:
    """JSON bodies that will be sent to `path`, as they come."""
    seen: list[dict[str, Any]] = []

    def intercept(request: Request, carry_out: Callable[[], Reply]) -> None:
        if request.path.endswith(path):
            seen.append(request.json() or {})

    sandbox.intercept = intercept
    return seen


# --- from order to file ----------------------------------------------------------------------


@pytest.mark.parametrize("output", ["model", "mesh"])
@pytest.mark.parametrize("pictured", [False, True])
@pytest.mark.parametrize("wrapped", [True, False])
def test_from_order_to_file(
    sandbox: Sandbox, picture: Path, tmp_path: Path, output: str, pictured: bool, wrapped: bool
) -> None:
    sandbox.triverse.wrapped = wrapped
    request = make_request(
        Triverse,
        prompt="" if pictured else "a chair",
        pictures=[str(picture)] if pictured else [],
        settings={"output": output, "polygon_limit": 1000},
    )
    provider = triverse(sandbox)
    uploads = [provider.upload(picture)] if pictured else []
    price = provider.quote(request)
    accepted = provider.submit(request, "order-1", uploads)

    assert sandbox.requests[-1][1].endswith(f"/tasks/{'image' if pictured else 'text'}-to-{output}")
    assert price is not None
    assert price.exact
    assert [c[2:] for c in sandbox.charges] == [(price.credits, "order-1")]
    assert accepted.cost == price.credits
    assert accepted.base_url == sandbox.triverse_url
    assert provider.poll(accepted) == Status("done", share=1.0)

    results = provider.results(accepted, request)
    assert [file.with_key for file in results.models] == [False, True]
    assert results.preview is not None
    contents = []
    for number, file in enumerate((*results.models, results.preview)):
        part = tmp_path / str(number)
        fetch = download(
            file.url,
            part,
            gate=lambda: None,
            label="Triverse",
            base_url=accepted.base_url,
            api=provider.api if file.with_key else None,
        )
        *_, last = fetch
        assert last[0] == part.stat().st_size
        contents.append(part.read_bytes())
    assert contents[0] == contents[1]
    assert contents[0].startswith(b"glTF")
    assert contents[2].startswith(b"\x89PNG")


def test_what_is_sent_for_text(one_sandbox: Sandbox) -> None:
    sent = bodies(one_sandbox, "/tasks/text-to-model")
    request = make_request(
        Triverse,
        prompt="a chair",
        negative_prompt="arms",
        settings={"polygon_limit": 5000, "texture_size": "4096", "turbo": True},
    )
    triverse(one_sandbox).submit(request, "order-1")
    assert sent == [
        {
            "prompt": "a chair",
            "negative_prompt": "arms",
            "polygon_limit": 5000,
            "texture_size": 4096,
            "turbo": True,
            "client_order_id": "order-1",
        }
    ]


def test_what_is_sent_for_a_picture(one_sandbox: Sandbox, picture: Path) -> None:
    sent = bodies(one_sandbox, "/tasks/image-to-model")
    request = make_request(Triverse, pictures=[str(picture)])
    provider = triverse(one_sandbox)
    key = provider.upload(picture)
    provider.submit(request, "order-1", [key])
    assert sent == [
        {
            "image_file": key,
            "polygon_limit": 1_000_000,
            "texture_size": 1024,
            "turbo": False,
            "model_version": "v2",
            "client_order_id": "order-1",
        }
    ]


@pytest.mark.parametrize("pictured", [False, True])
def test_a_mesh_is_sent_documented_fields_only(
    one_sandbox: Sandbox, picture: Path, pictured: bool
) -> None:
    flow = "image-to-mesh" if pictured else "text-to-mesh"
    sent = bodies(one_sandbox, f"/tasks/{flow}")
    request = make_request(
        Triverse,
        prompt="" if pictured else "a chair",
        pictures=[str(picture)] if pictured else [],
        settings={"output": "mesh"},
    )
    provider = triverse(one_sandbox)
    uploads = [provider.upload(picture)] if pictured else []
    provider.submit(request, "order-1", uploads)
    required = {"image_file": uploads[0]} if pictured else {"prompt": "a chair"}
    assert sent == [{**required, "polygon_limit": 1_000_000, "client_order_id": "order-1"}]


def test_the_quote_asks_for_the_same_settings_and_changes_nothing(one_sandbox: Sandbox) -> None:
    asked = bodies(one_sandbox, "/tasks/pricing/quote")
    balance = triverse(one_sandbox).balance()
    triverse(one_sandbox).quote(CHAIR)
    assert asked == [
        {
            "flow_name": "text-to-model",
            "params": {
                "prompt": "a chair",
                "polygon_limit": 1_000_000,
                "texture_size": 1024,
                "turbo": False,
            },
        }
    ]
    assert triverse(one_sandbox).balance() == balance
    assert one_sandbox.charges == []


@pytest.mark.parametrize("cost", [None, "free", float("nan")])
def test_a_quote_without_a_number_is_no_price(one_sandbox: Sandbox, cost: object) -> None:
    one_sandbox.intercept = faults.on(
        faults.TRIVERSE_QUOTE, faults.triverse_data(cost_credits=cost)
    )
    assert triverse(one_sandbox).quote(CHAIR) is None


def test_balance_and_frozen_credits(one_sandbox: Sandbox) -> None:
    one_sandbox.seconds = 3600
    before = triverse(one_sandbox).balance()
    accepted = order(one_sandbox)
    after = triverse(one_sandbox).balance()
    assert accepted.cost
    assert (before.credits - after.credits, before.frozen, after.frozen) == (
        accepted.cost, 0, accepted.cost,
    )  # fmt: skip


def test_a_balance_that_is_none(one_sandbox: Sandbox) -> None:
    one_sandbox.intercept = faults.on(faults.TRIVERSE_BALANCE, faults.triverse_data(balance=None))
    assert isinstance(raised(triverse(one_sandbox).balance), NoAnswer)


# --- uploads ---------------------------------------------------------------------------------


def test_an_upload_does_not_tell_the_file_name(one_sandbox: Sandbox, picture: Path) -> None:
    seen: list[bytes] = []
    one_sandbox.intercept = lambda request, carry_out: seen.append(request.body)
    triverse(one_sandbox).upload(picture)
    assert PNG in seen[0]
    assert b"client" not in seen[0]


def test_what_is_no_picture_is_refused(one_sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"no picture")
    error = raised(lambda: triverse(one_sandbox).upload(path))
    assert (type(error), error.code) == (Refused, "2004")


@pytest.mark.parametrize(("told", "wait"), [(None, 60.0), (7, 7.0)])
def test_too_many_uploads(
    one_sandbox: Sandbox, picture: Path, told: int | None, wait: float
) -> None:
    one_sandbox.triverse.uploads_per_minute = 1
    one_sandbox.triverse.retry_after = told
    provider = triverse(one_sandbox)
    provider.upload(picture)
    error = raised(lambda: provider.upload(picture))
    assert isinstance(error, Busy)
    assert error.retry_after == wait


@pytest.mark.parametrize("key", [None, "", 5])
def test_an_upload_without_a_file_key(one_sandbox: Sandbox, picture: Path, key: object) -> None:
    one_sandbox.intercept = faults.on(faults.TRIVERSE_UPLOAD, faults.triverse_data(file_key=key))
    assert isinstance(raised(lambda: triverse(one_sandbox).upload(picture)), NoAnswer)


# --- codes -----------------------------------------------------------------------------------

TO_AN_ORDER = [
    (1004, 400, Refused, "settings"),
    (1005, 404, Refused, "does not find"),
    (1006, 404, Refused, "does not know"),
    (2000, 429, Busy, "too many"),
    (2002, 400, Refused, "kind of task"),
    (2004, 400, Refused, "file"),
    (2005, 409, Refused, "already has"),
    (2008, 400, Refused, "content"),
    (2010, 403, Refused, "credits"),
    (4042, 404, Refused, "files"),
    (5003, 503, NoAnswer, "not available"),
    (5004, 500, Refused, "kind of task"),
    (5005, 500, NoAnswer, "store"),
    (1999, 400, Refused, "refused"),
    (5999, 500, NoAnswer, "trouble"),
]


@pytest.mark.parametrize(("code", "status", "kind", "words"), TO_AN_ORDER)
@pytest.mark.parametrize("in_200", [False, True])
def test_codes_about_an_order(
    one_sandbox: Sandbox, code: int, status: int, kind: type, words: str, in_200: bool
) -> None:
    one_sandbox.intercept = faults.on(
        faults.TRIVERSE_CREATE, faults.triverse_error(code, 200 if in_200 else status, "Nope.")
    )
    error = raised(lambda: order(one_sandbox))
    assert (type(error), error.code) == (kind, str(code))
    assert words in error.message
    assert "Triverse" in error.message
    assert error.advice or kind is not Refused or code == 4042
    assert "POST /tasks/text-to-model" in error.details
    assert "Nope." in error.details


ABOUT_A_TASK = [
    (1005, 404, Gone),
    (1006, 404, Gone),
    (2000, 429, Busy),
    (2005, 409, NoAnswer),
    (4042, 404, JobFailed),
    (5003, 503, NoAnswer),
    (5005, 500, NoAnswer),
]


@pytest.mark.parametrize(("code", "status", "kind"), ABOUT_A_TASK)
@pytest.mark.parametrize("in_200", [False, True])
def test_codes_about_a_task(
    one_sandbox: Sandbox, code: int, status: int, kind: type, in_200: bool
) -> None:
    accepted = replace(order(one_sandbox), at=time.time() - 3600)
    status = 200 if in_200 else status
    one_sandbox.intercept = faults.on(
        faults.TRIVERSE_STATUS, faults.triverse_error(code, status), None
    )
    error = raised(lambda: triverse(one_sandbox).poll(accepted))
    assert (type(error), error.code) == (kind, str(code))
    if kind is JobFailed:
        assert accepted.job_id in error.details


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted(one_sandbox: Sandbox, status: int) -> None:
    one_sandbox.triverse.wrong_key_status = status
    provider = triverse(one_sandbox, "wrong", "environment variable TRIVERSE_API_KEY")
    error = raised(provider.balance)
    assert isinstance(error, Refused)
    assert "key" in error.message
    assert "TRIVERSE_API_KEY" in error.advice


def test_403_is_a_matter_of_credits_where_the_code_says_so(sandbox: Sandbox) -> None:
    sandbox.triverse.balance = 1
    error = raised(lambda: order(sandbox))
    assert (type(error), error.code) == (Refused, "2010")
    assert "credits" in error.message
    assert sandbox.charges == []


@pytest.mark.parametrize("status", [200, 403, 404])
def test_a_web_page_points_to_the_service_url(one_sandbox: Sandbox, status: int) -> None:
    one_sandbox.intercept = faults.on(r"", faults.html(status), None)
    error = raised(lambda: order(one_sandbox))
    # With 200 it may also be what something on the way made of an order that arrived.
    assert isinstance(error, NoAnswer if status == 200 else Refused)
    assert "web page" in error.message
    assert "service URL" in error.advice


def test_a_throttling_web_page_is_a_throttle(one_sandbox: Sandbox) -> None:
    one_sandbox.intercept = faults.on(r"", faults.html(429))
    assert isinstance(raised(lambda: order(one_sandbox)), Busy)


def test_retry_after_is_kept(one_sandbox: Sandbox) -> None:
    one_sandbox.intercept = faults.on(
        faults.TRIVERSE_CREATE,
        faults.in_turn(
            faults.json({"code": 2000}, 429, Retry_After="12"),
            faults.json({"code": 5003}, 503, Retry_After="34"),
        ),
        times=2,
    )
    for expected in (12.0, 34.0):
        error = raised(lambda: order(one_sandbox))
        assert isinstance(error, (Busy, NoAnswer))
        assert error.retry_after == expected


def test_a_content_violation_costs_nothing(sandbox: Sandbox) -> None:
    request = make_request(Triverse, prompt="a content-violation")
    error = raised(lambda: order(sandbox, request))
    assert (type(error), error.code) == (Refused, "2008")
    assert sandbox.charges == []


def test_nothing_is_sent_without_a_key(one_sandbox: Sandbox, picture: Path) -> None:
    accepted = order(one_sandbox)
    sent = len(one_sandbox.requests)
    provider = triverse(one_sandbox, key="")
    for ask in (
        lambda: provider.submit(CHAIR, "order-2"),
        lambda: provider.upload(picture),
        lambda: provider.poll(accepted),
        lambda: provider.results(accepted, CHAIR),
        lambda: provider.quote(CHAIR),
        provider.balance,
    ):
        error = raised(ask)
        assert isinstance(error, SetupError)
        assert "TRIVERSE_API_KEY" in error.advice
    assert len(one_sandbox.requests) == sent


def test_nothing_is_sent_while_offline(one_sandbox: Sandbox) -> None:
    def gate() -> None:
        raise Offline("Blender is set to work offline.")

    provider = Triverse(Account("triverse", one_sandbox.triverse_url, KEY), gate, Path("unused"))
    assert isinstance(raised(lambda: provider.submit(CHAIR, "order-1")), Offline)
    assert one_sandbox.requests == []


@pytest.mark.parametrize(("code", "status"), [(c, s) for c, s, *_ in TO_AN_ORDER] + [(0, 401)])
def test_no_error_tells_a_key_or_a_link(one_sandbox: Sandbox, code: int, status: int) -> None:
    accepted = order(one_sandbox)
    said = faults.triverse_error(code, status, f"Bearer {KEY} may not read {LINK} or \n\0 so")
    one_sandbox.intercept = faults.on(r"", said, None)
    provider = triverse(one_sandbox)
    for ask in (
        lambda: provider.submit(CHAIR, "order-2"),
        lambda: provider.poll(accepted),
        lambda: provider.poll(replace(accepted, visible_by=0)),
        provider.balance,
    ):
        error = raised(ask)
        shown = f"{error} {error!r} {error.args} {error.details} {error.code} {error.__dict__}"
        assert KEY not in shown
        assert "c2VjcmV0" not in shown
        assert error.message.isprintable()
        assert error.details.isprintable()


# --- an order is charged once ----------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        faults.lose_answer(),
        faults.triverse_error(5005, 500, carried_out=True),
        faults.triverse_error(5003, 503, carried_out=True),
        faults.html(502, carried_out=True),
        faults.half(),
        faults.cut_body(20),
        faults.cut_body(20, reset=True),
        faults.answer(200, carried_out=True),
        faults.json([1, 2], carried_out=True),
        faults.triverse_data(task_uuid=None),
        faults.triverse_data(task_uuid="a\nb"),
        faults.triverse_data(task_uuid=".."),
        faults.triverse_data(task_uuid="x" * 129),
        faults.triverse_data(task_uuid={"id": 1}),
    ],
)
def test_a_repeat_after_an_unclear_answer_is_charged_once(
    sandbox: Sandbox, fault: faults.Fault
) -> None:
    sandbox.intercept = faults.on(faults.TRIVERSE_CREATE, fault)
    error = raised(lambda: order(sandbox))
    assert isinstance(error, NoAnswer)
    accepted = order(sandbox)
    assert [(c[1], c[3]) for c in sandbox.charges] == [(accepted.job_id, "order-1")]
    assert triverse(sandbox).poll(accepted).phase == "done"


def test_a_repeat_that_is_refused_is_charged_once(sandbox: Sandbox) -> None:
    sandbox.triverse.repeat = "conflict"
    sandbox.intercept = faults.on(faults.TRIVERSE_CREATE, faults.lose_answer())
    assert isinstance(raised(lambda: order(sandbox)), NoAnswer)
    error = raised(lambda: order(sandbox))
    assert (type(error), error.code) == (Refused, "2005")
    assert "already has" in error.message
    assert len(sandbox.charges) == 1


@pytest.mark.parametrize("name", ["task_uuid", "taskId", "task_id"])
@pytest.mark.parametrize("status", [200, 409])
def test_a_conflict_that_names_the_task_is_that_task(
    one_sandbox: Sandbox, name: str, status: int
) -> None:
    first = order(one_sandbox)
    answer = {"code": 2005, "message": "Already placed.", "data": {name: first.job_id}}
    one_sandbox.intercept = faults.on(faults.TRIVERSE_CREATE, faults.json(answer, status))
    assert order(one_sandbox).job_id == first.job_id
    assert len(one_sandbox.charges) == 1


def test_an_equal_order_under_another_number_is_not_forced(sandbox: Sandbox) -> None:
    sandbox.triverse.repeat = "conflict"
    sent = bodies(sandbox, "/tasks/text-to-model")
    order(sandbox, key="order-1")
    error = raised(lambda: order(sandbox, key="order-2"))
    assert (type(error), error.code) == (Refused, "2005")
    assert len(sandbox.charges) == 1
    assert all("allow_duplicate" not in body for body in sent)


# --- watching --------------------------------------------------------------------------------


def test_a_task_that_is_not_shown_yet(sandbox: Sandbox) -> None:
    sandbox.triverse.read_lag = 3600
    accepted = order(sandbox)
    assert accepted.visible_by == (5.0 if sandbox.triverse.snapshot == "new" else 10.0)
    provider = triverse(sandbox)
    assert isinstance(raised(lambda: provider.poll(accepted)), NoAnswer)
    late = replace(accepted, at=time.time() - accepted.visible_by - 1)
    error = raised(lambda: provider.poll(late))
    assert (type(error), error.code) == (Gone, "1006")


@pytest.mark.parametrize(("told", "kept"), [(None, 10.0), (0, 0.0), ("7", 7.0), (10**9, 300.0)])
def test_how_long_a_task_may_be_unseen(one_sandbox: Sandbox, told: object, kept: float) -> None:
    one_sandbox.intercept = faults.on(
        faults.TRIVERSE_CREATE, faults.triverse_data(read_after_write_deadline_seconds=told)
    )
    assert order(one_sandbox).visible_by == kept


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "RUNNING", "progress": 40}, Status("working", share=0.4)),
        ({"status": "running", "progress": "40"}, Status("working", share=0.4)),
        ({"status": "RUNNING", "progress": None}, Status("working")),
        ({"status": "RUNNING", "progress": 140}, Status("working", share=1.0)),
        ({"status": "RUNNING", "progress": -1}, Status("working", share=0.0)),
        ({"status": "RUNNING", "progress": True}, Status("working")),
        ({"status": "RUNNING", "progress": 10**400}, Status("working")),
        ({"status": "Success", "progress": None}, Status("done", share=1.0)),
        ({"status": "PENDING", "queue": None}, Status("waiting")),
        ({"status": "QUEUED", "queue": "soon"}, Status("waiting")),
        (
            {"status": "QUEUED", "queue": {"position": 3, "estimated_wait_seconds": 42}},
            Status("waiting", queue_position=3, queue_seconds=42.0),
        ),
        ({"status": "QUEUED", "queue": {"position": 0}}, Status("waiting")),
        ({"status": "QUEUED", "queue": {"position": None}}, Status("waiting")),
        ({"status": "POLISHING", "progress": 99}, Status("working", share=0.99)),
    ],
)
def test_words_of_a_status(one_sandbox: Sandbox, fields: dict[str, Any], status: Status) -> None:
    accepted = order(one_sandbox)
    fields = {"queue": None, "progress": None, **fields}
    one_sandbox.intercept = faults.on(faults.TRIVERSE_STATUS, faults.triverse_data(**fields))
    assert triverse(one_sandbox).poll(accepted) == status


@pytest.mark.parametrize("word", [None, "", 5, ["SUCCESS"]])
def test_a_status_without_a_word(one_sandbox: Sandbox, word: object) -> None:
    accepted = order(one_sandbox)
    one_sandbox.intercept = faults.on(faults.TRIVERSE_STATUS, faults.triverse_data(status=word))
    assert isinstance(raised(lambda: triverse(one_sandbox).poll(accepted)), NoAnswer)


def test_a_queue_as_the_service_tells_it(tmp_path: Path) -> None:
    now = [1_000_000.0]
    with Sandbox(tmp_path, key=KEY, seconds=100, clock=lambda: now[0]) as sandbox:
        accepted = order(sandbox)
        seen = []
        for second in range(0, 101, 10):
            now[0] = 1_000_000.0 + second
            seen.append(triverse(sandbox).poll(accepted))
    assert [status.phase for status in seen] == ["waiting"] * 3 + ["working"] * 7 + ["done"]
    assert seen[0].queue_position == 4
    assert seen[0].queue_seconds == 25.0
    shares = [status.share for status in seen[3:]]
    assert shares == sorted(shares)


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        ("The mesh is empty.", ": The mesh is empty.", ""),
        ({"message": "The mesh is empty.", "code": "GEN_FAIL"}, ": The mesh is empty.", "GEN_FAIL"),
        ({"message": "No.", "code": 17}, ": No.", "17"),
        ({"code": "GEN_FAIL"}, "model.", "GEN_FAIL"),
        ({"reason": {"text": ["odd"]}}, "model.", ""),
        ({"message": {"en": "odd"}, "code": []}, "model.", ""),
        (["odd"], "model.", ""),
        (None, "model.", ""),
        (7, "model.", ""),
    ],
)
def test_a_failed_job(sandbox: Sandbox, error: object, message: str, code: str) -> None:
    sandbox.triverse.ending = "FAILED"
    sandbox.triverse.failure = error
    accepted = order(sandbox)
    failed = raised(lambda: triverse(sandbox).poll(accepted))
    assert (type(failed), failed.code) == (JobFailed, code)
    assert failed.message.endswith(message)
    assert accepted.job_id in failed.details
    if error and not isinstance(error, (str, int)):
        assert json.dumps(error) in failed.details


def test_a_failed_job_tells_no_link(one_sandbox: Sandbox) -> None:
    one_sandbox.triverse.ending = "FAILED"
    one_sandbox.triverse.failure = {"message": f"Could not read {LINK}", "input": LINK, "code": KEY}
    accepted = order(one_sandbox)
    failed = raised(lambda: triverse(one_sandbox).poll(accepted))
    shown = f"{failed} {failed!r} {failed.details} {failed.code}"
    assert "c2VjcmV0" not in shown
    assert KEY not in shown


def test_a_cancelled_job(sandbox: Sandbox) -> None:
    sandbox.triverse.ending = "CANCELLED"
    accepted = order(sandbox)
    assert isinstance(raised(lambda: triverse(sandbox).poll(accepted)), JobFailed)


def test_trouble_while_watching_is_passing(one_sandbox: Sandbox) -> None:
    accepted = order(one_sandbox)
    one_sandbox.intercept = faults.on(
        faults.TRIVERSE_STATUS,
        faults.in_turn(faults.html(502), faults.half(), faults.drop(), faults.answer(500)),
        times=4,
    )
    provider = triverse(one_sandbox)
    for _ in range(4):
        assert isinstance(raised(lambda: provider.poll(accepted)), NoAnswer)
    assert provider.poll(accepted).phase == "done"


def test_a_job_of_another_place_is_not_asked_about(one_sandbox: Sandbox) -> None:
    accepted = replace(order(one_sandbox), base_url="https://api.triverse.ai/api/v1")
    sent = len(one_sandbox.requests)
    for ask in (triverse(one_sandbox).poll, lambda a: triverse(one_sandbox).results(a, CHAIR)):
        error = raised(lambda ask=ask: ask(accepted))
        assert isinstance(error, SetupError)
        assert "api.triverse.ai" in error.message
    assert len(one_sandbox.requests) == sent


def test_a_slash_at_the_end_of_the_service_url_is_no_other_place(one_sandbox: Sandbox) -> None:
    accepted = order(one_sandbox)
    account = Account("triverse", f" {one_sandbox.triverse_url}/ ", KEY)
    assert Triverse(account, lambda: None, Path("unused")).poll(accepted).phase == "done"


@pytest.mark.parametrize("job_id", ["", ".", "..", "a\nb", "a\0b", "x" * 129, "\ud800"])
def test_a_stored_number_that_is_none_is_not_asked_for(one_sandbox: Sandbox, job_id: str) -> None:
    accepted = Accepted(job_id, base_url=one_sandbox.triverse_url)
    for ask in (triverse(one_sandbox).poll, lambda a: triverse(one_sandbox).results(a, CHAIR)):
        with pytest.raises(Gone):
            ask(accepted)
    assert one_sandbox.requests == []


@pytest.mark.parametrize("job_id", ["../users/me", "a?b=c", "a#b", "a/../../b", "a b%2e", "木"])
def test_a_job_number_stays_one_part_of_the_path(one_sandbox: Sandbox, job_id: str) -> None:
    accepted = Accepted(job_id, base_url=one_sandbox.triverse_url)
    with pytest.raises(MaquetteError):
        triverse(one_sandbox).poll(accepted)
    tail = one_sandbox.requests[-1][1].partition("/api/v1/tasks/")[2]
    assert tail
    assert "/" not in tail


# --- results ---------------------------------------------------------------------------------


def test_a_job_that_ended_without_files(sandbox: Sandbox) -> None:
    sandbox.triverse.ending = "EMPTY"
    accepted = order(sandbox)
    assert triverse(sandbox).poll(accepted).phase == "done"
    error = raised(lambda: triverse(sandbox).results(accepted, CHAIR))
    assert (type(error), error.code) == (JobFailed, "4042")
    assert accepted.job_id in error.details


def test_results_before_the_end(one_sandbox: Sandbox) -> None:
    one_sandbox.seconds = 3600
    accepted = order(one_sandbox)
    assert isinstance(raised(lambda: triverse(one_sandbox).results(accepted, CHAIR)), NoAnswer)


@pytest.mark.parametrize(
    "fields", [{"download_url": None}, {"download_url": ""}, {"download_url": ["x"]}]
)
def test_without_a_link_the_api_itself_has_the_file(
    one_sandbox: Sandbox, fields: dict[str, object]
) -> None:
    accepted = order(one_sandbox)
    one_sandbox.intercept = faults.on(faults.TRIVERSE_URL, faults.triverse_data(**fields))
    models = triverse(one_sandbox).results(accepted, CHAIR).models
    assert [(file.url, file.with_key) for file in models] == [
        (f"/tasks/download/{accepted.job_id}", True)
    ]


def test_where_links_are_not_known_the_api_itself_has_the_file(one_sandbox: Sandbox) -> None:
    one_sandbox.triverse.links = False
    accepted = replace(order(one_sandbox), visible_by=0)
    results = triverse(one_sandbox).results(accepted, CHAIR)
    assert [file.with_key for file in results.models] == [True]
    assert results.preview is None


# --- without the network ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompt": "ab"}, "too short"),
        ({"prompt": "x" * 2001}, "too long"),
        ({"prompt": "a chair", "pictures": ["a.png"]}, "not both"),
        ({"pictures": ["a.png", "b.png"]}, "1 picture"),
        ({"pictures": ["a.png"], "negative_prompt": "arms"}, "text only"),
        (
            {"prompt": "a chair", "negative_prompt": "arms", "settings": {"output": "mesh"}},
            "textured models only",
        ),
        ({"prompt": "a chair", "settings": {"polygon_limit": 999}}, "1,500,000"),
        ({"prompt": "a chair", "settings": {"polygon_limit": 1_500_001}}, "1,500,000"),
        ({"prompt": "a chair", "settings": {"texture_size": "1536"}}, "2048"),
        ({"prompt": "a chair", "settings": {"output": "mesh", "turbo": True}}, "textured"),
        ({"prompt": "a chair", "settings": {"seed": 1}}, "no option"),
    ],
)
def test_what_cannot_be_asked_for(arguments: dict[str, Any], words: str) -> None:
    error = raised(lambda: make_request(Triverse, **arguments))
    assert isinstance(error, BadRequest)
    assert words in str(error)


def test_kinds_of_jobs() -> None:
    def kind(**arguments: Any) -> str:
        return Triverse.kind_of(make_request(Triverse, **arguments))

    assert kind(prompt="a chair") == "text-to-model"
    assert kind(prompt="a chair", settings={"turbo": True}) == "text-to-model turbo"
    assert kind(pictures=["a.png"], settings={"output": "mesh"}) == "image-to-mesh"
    assert Triverse.estimate(CHAIR) is None


def settings_of(provider: type[Provider]) -> st.SearchStrategy[dict[str, Any]]:
    def values(option: Any) -> st.SearchStrategy[Any]:
        if option.kind == "bool":
            return st.booleans()
        if option.kind == "choice":
            return st.sampled_from([choice.value for choice in option.choices])
        return st.integers(option.minimum, option.maximum)

    return st.fixed_dictionaries({}, optional={o.name: values(o) for o in provider.options})


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    settings_of(Triverse),
    st.booleans(),
    st.text(min_size=1, max_size=40),
    st.text(max_size=10),
)
def test_whatever_can_be_asked_for_is_accepted(
    one_sandbox: Sandbox,
    picture: Path,
    chosen: dict[str, Any],
    pictured: bool,
    prompt: str,
    negative: str,
) -> None:
    pictures = [str(picture)] if pictured else []
    textured = chosen.get("output", defaults(Triverse)["output"]) == "model"
    request = make_request(
        Triverse,
        prompt="" if pictured else f"{prompt} chair",
        negative_prompt="" if pictured or not textured else negative,
        pictures=pictures,
        settings=applicable(Triverse, chosen, len(pictures)),
    )
    one_sandbox.triverse.balance = 1e6
    one_sandbox.triverse.uploads_per_minute = 1000
    provider = triverse(one_sandbox)
    uploads = [provider.upload(picture)] if pictured else []
    accepted = provider.submit(request, uuid.uuid4().hex, uploads)
    price = provider.quote(request)
    assert price is not None
    assert accepted.cost == price.credits
