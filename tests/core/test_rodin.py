"""Rodin against a real server on this machine: what is sent, and what each answer is taken for."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
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
from core.model import Accepted
from core.providers.base import Results, Status
from core.providers.options import applicable, make_request
from core.providers.rodin import Rodin
from core.providers.rodin_form import PICTURE_LABELS, form_fields
from core.providers.rodin_options import GEN_25
from core.sandbox.messages import Drop, Reply, Request
from core.sandbox.server import Sandbox

CHAIR = make_request(Rodin, prompt="a chair")
KEY = "k-3f9a17c2d0"
PAGE = b"<!DOCTYPE html>\n<html><body>Bad gateway</body></html>"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "service", key=KEY, seconds=0, record=True) as running:
        yield running


@pytest.fixture
def rodin(sandbox: Sandbox) -> Rodin:
    return rodin_at(sandbox.rodin_url)


def rodin_at(url: str, key: str = KEY, gate: Callable[[], None] = lambda: None) -> Rodin:
    return Rodin(Account("rodin", url, key), gate, Path("unused"))


def answering(path: str, *replies: Reply | Drop) -> Callable[..., Reply | Drop | None]:
    """An intercept that gives these answers to requests for `path`, the last one for ever."""
    left = list(replies)

    def intercept(request: Request, carry_out: Callable[[], Reply]) -> Reply | Drop | None:
        if not request.path.endswith(path):
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return intercept


def jobs(*states: str, **more: Any) -> Reply:
    listed = [{"uuid": f"job-{n}", "status": state, **more} for n, state in enumerate(states)]
    return Reply.of({"jobs": listed}, 201)


def listing(*names: str) -> Reply:
    files = [{"url": f"https://files.example/{n}?sig=s", "name": x} for n, x in enumerate(names)]
    return Reply.of({"error": "OK", "list": files}, 201)


def accepted_at(sandbox: Sandbox) -> Accepted:
    return Accepted("some-task", {"subscription_key": "ticket-1234"}, sandbox.rodin_url)


def pictures(folder: Path, count: int) -> list[str]:
    paths = [folder / f"private name {n}.png" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([n]) * 50)
    return [str(path) for path in paths]


# --- the whole way ---


def test_from_prompt_to_file(rodin: Rodin, sandbox: Sandbox, tmp_path: Path) -> None:
    accepted = rodin.submit(CHAIR, "our-key")
    assert accepted.cost == 0.5
    assert accepted.first_poll == 5.0
    assert accepted.base_url == sandbox.rodin_url
    assert [charge[1:3] for charge in sandbox.charges] == [(accepted.job_id, 0.5)]
    assert rodin.poll(accepted) == Status("done", share=1.0)
    results = rodin.results(accepted, CHAIR)
    assert [file.name for file in results.models] == ["base_basic_pbr.glb"]
    assert results.preview is not None
    assert results.preview.name == "preview.png"
    assert results.warning == ""
    part = tmp_path / "model.part"
    for _ in download(
        results.models[0].url,
        part,
        gate=lambda: None,
        label=rodin.label,
        base_url=accepted.base_url,
    ):
        pass
    assert part.read_bytes().startswith(b"glTF")


def test_a_job_is_watched_through_its_states(rodin: Rodin, sandbox: Sandbox) -> None:
    now = sandbox.clock()
    sandbox.clock = sandbox.jobs.clock = lambda: now
    sandbox.seconds = 100
    accepted = rodin.submit(CHAIR, "")
    seen = []
    for _ in range(6):
        status = rodin.poll(accepted)
        seen.append((status.phase, status.share, status.queue_position))
        now += 20
    assert seen[0] == ("waiting", None, 4)
    assert ("working", 0.5, None) in seen
    assert seen[-1] == ("done", 1.0, None)
    now -= 60
    with pytest.raises(NoAnswer, match="yet"):
        rodin.results(accepted, CHAIR)


@pytest.mark.parametrize(("snapshot", "cost"), [("new", 1.5), ("old", 1.5)])
def test_both_shapes_of_acceptance(
    rodin: Rodin, sandbox: Sandbox, snapshot: str, cost: float
) -> None:
    sandbox.rodin.snapshot = snapshot
    request = make_request(Rodin, prompt="a chair", settings={"addons": "HighPack"})
    accepted = rodin.submit(request, "")
    assert accepted.cost == cost
    assert len(accepted.ticket["subscription_key"]) >= 200


@pytest.mark.parametrize(("consumed", "cost"), [(0.25, 0.25), (0, 0.0), (None, 0.5), ("?", 0.5)])
def test_what_was_told_goes_before_the_price_list(
    rodin: Rodin, sandbox: Sandbox, consumed: object, cost: float
) -> None:
    answer = {"uuid": "u", "jobs": {"subscription_key": "k"}, "consumed": consumed}
    sandbox.intercept = answering("/rodin", Reply.of(answer))
    assert rodin.submit(CHAIR, "").cost == cost


def test_the_paid_request_has_a_connection_of_its_own(rodin: Rodin, sandbox: Sandbox) -> None:
    # A kept connection may turn out dead only after the body has left.
    connections = []  # the server has one thread for each

    def look(request: Request, carry_out: Callable[[], Reply]) -> None:
        connections.append(threading.current_thread())

    sandbox.intercept = look
    rodin.balance()
    rodin.balance()
    rodin.submit(CHAIR, "")
    assert connections[0] is connections[1]
    assert connections[2] is not connections[0]


# --- what is sent ---


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_the_form_arrives_as_it_was_written(
    rodin: Rodin, sandbox: Sandbox, tmp_path: Path, count: int
) -> None:
    received: list[Request] = []

    def look(request: Request, carry_out: Callable[[], Reply]) -> None:
        received.append(request)

    sandbox.intercept = look
    paths = pictures(tmp_path, count)
    chosen = {
        "tier": "Gen-2.5-Extreme-High",
        "bbox_condition": (1, 20, 300),
        "addons": "HighPack",
        "is_micro": True,
        "image_label": ", ".join(PICTURE_LABELS[:count]),
    }
    request = make_request(
        Rodin,
        prompt="" if count == 1 else "ein Stuhl · 椅子",
        pictures=paths,
        settings=applicable(Rodin, chosen, count),
    )
    rodin.submit(request, "")
    assert len(received) == 1
    assert received[0].headers["content-type"].startswith("multipart/form-data")
    parts = received[0].parts()
    assert parts is not None
    fields = [(part.name, part.text) for part in parts if part.file_name is None]
    assert fields == form_fields(request)
    assert len(dict(fields)) == len(fields)
    assert dict(fields)["bbox_condition"] == "[1,20,300]"
    sent = [part for part in parts if part.file_name is not None]
    assert [part.name for part in sent] == ["images"] * count
    assert [part.content for part in sent] == [Path(path).read_bytes() for path in paths]
    assert {part.content_type for part in sent} <= {"image/png"}
    # The user's own file names tell more than the service needs.
    assert b"private" not in received[0].body


@pytest.mark.parametrize("mode", ["concat", "fuse"])
def test_several_pictures_for_the_older_tiers(
    rodin: Rodin, sandbox: Sandbox, tmp_path: Path, mode: str
) -> None:
    request = make_request(
        Rodin,
        pictures=pictures(tmp_path, 3),
        settings={"tier": "Detail", "condition_mode": mode},
    )
    assert dict(form_fields(request))["condition_mode"] == mode
    rodin.submit(request, "")
    assert len(sandbox.charges) == 1


def _settings(option: Any) -> st.SearchStrategy[Any]:
    match option.kind:
        case "bool":
            return st.booleans()
        case "choice":
            return st.sampled_from([choice.value for choice in option.choices])
        case "int":
            return st.integers(option.minimum, option.maximum) | st.just(option.unset)
        case "ints":
            box = [st.integers(option.minimum, option.maximum)] * option.size
            return st.tuples(*box) | st.just(option.unset)
    return st.just("")


DRAFTS = st.fixed_dictionaries(
    {}, optional={option.name: _settings(option) for option in Rodin.options}
)


def test_whatever_passes_the_form_passes_the_service(tmp_path: Path) -> None:
    files = pictures(tmp_path, 5)
    with Sandbox(tmp_path / "service", key=KEY, seconds=0, record=True) as sandbox:
        rodin = rodin_at(sandbox.rodin_url)
        sandbox.rodin.balance = 1e6
        taken = []

        @settings(
            max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(DRAFTS, st.integers(0, 5), st.data())
        def send(draft: dict[str, Any], count: int, data: st.DataObject) -> None:
            if count and data.draw(st.booleans()):
                label = st.sampled_from(PICTURE_LABELS)
                labels = data.draw(st.lists(label, min_size=count, max_size=count))
                draft = {**draft, "image_label": ",".join(labels)}
            prompt = data.draw(st.text(max_size=60))
            usable = applicable(Rodin, draft, count)
            # What a form can hold all the same; each is refused here, in words.
            expected = "Faces|Hybrid" if count else "Faces|Hybrid|nothing to make"
            try:
                request = make_request(
                    Rodin, prompt=prompt, pictures=files[:count], settings=usable
                )
            except BadRequest as error:
                if not re.search(expected, error.message):
                    raise
                return
            accepted = rodin.submit(request, "")
            taken.append(accepted.job_id)
            assert sandbox.charges[-1][2] == Rodin.estimate(request).credits == accepted.cost

        send()
        assert len(taken) > 10
        assert [charge[1] for charge in sandbox.charges] == taken


@pytest.mark.parametrize("tier", [choice.value for choice in Rodin.options[0].choices])
@pytest.mark.parametrize("mode", ["Raw", "Quad"])
def test_every_tier_is_taken_with_everything_on(
    rodin: Rodin, sandbox: Sandbox, tmp_path: Path, tier: str, mode: str
) -> None:
    chosen = {option.name: True for option in Rodin.options if option.kind == "bool"}
    chosen |= {"tier": tier, "mesh_mode": mode, "quality_override": 50_000, "height": 99}
    chosen |= {"addons": "HighPack", "image_label": "F,B", "bbox_condition": (9, 8, 7)}
    chosen |= {"texture_mode": "extreme-high", "is_symmetric": "unknown", "seed": 65_535}
    chosen |= {"material": "Hybrid" if tier in GEN_25 else "All", "condition_mode": "fuse"}
    request = make_request(
        Rodin, pictures=pictures(tmp_path, 2), settings=applicable(Rodin, chosen, 2)
    )
    accepted = rodin.submit(request, "")
    assert accepted.cost == Rodin.estimate(request).credits == sandbox.charges[0][2]


def test_a_picture_that_is_gone_is_no_request(rodin: Rodin, sandbox: Sandbox) -> None:
    request = make_request(Rodin, pictures=["nowhere.png"])
    with pytest.raises(BadRequest, match="picture is gone"):
        rodin.submit(request, "")
    assert sandbox.requests == []


def test_without_a_key_nothing_is_sent(sandbox: Sandbox) -> None:
    rodin = rodin_at(sandbox.rodin_url, key="")
    accepted = accepted_at(sandbox)
    for ask in (
        lambda: rodin.submit(CHAIR, ""),
        lambda: rodin.poll(accepted),
        lambda: rodin.results(accepted, CHAIR),
        rodin.balance,
    ):
        with pytest.raises(SetupError) as error:
            ask()
        assert "preferences" in error.value.advice
        assert "HYPER3D_API_KEY" in error.value.advice
        assert "RODIN_API_KEY" in error.value.advice
    assert sandbox.requests == []


def test_a_job_is_only_asked_about_where_it_was_started(rodin: Rodin, sandbox: Sandbox) -> None:
    elsewhere = replace(accepted_at(sandbox), base_url="https://hyperhuman.deemos.com/api/v2")
    for ask in (lambda: rodin.poll(elsewhere), lambda: rodin.results(elsewhere, CHAIR)):
        with pytest.raises(SetupError, match=r"started at hyperhuman\.deemos\.com/api/v2"):
            ask()
    assert sandbox.requests == []
    # A slash more in the preferences is no other place.
    accepted = rodin.submit(CHAIR, "")
    assert rodin_at(sandbox.rodin_url + "/").poll(accepted).phase == "done"


def test_offline_nothing_is_sent(sandbox: Sandbox) -> None:
    def closed() -> None:
        raise Offline("Blender is offline.")

    rodin = rodin_at(sandbox.rodin_url, gate=closed)
    for ask in (
        lambda: rodin.submit(CHAIR, ""),
        lambda: rodin.results(accepted_at(sandbox), CHAIR),
    ):
        with pytest.raises(Offline):
            ask()
    assert sandbox.requests == []


# --- refusals and failures of a submit ---

CODES = [
    ("UNAUTHORIZED", Refused, "key"),
    ("NO_ACTIVE_SUBSCRIPTION", Refused, "subscription"),
    ("API_NO_ACTIVE_SUBSCRIPTION", Refused, "subscription"),
    ("SUBSCRIPTION_PLAN_TOO_LOW", Refused, "plan"),
    ("API_SUBSCRIPTION_PLAN_TOO_LOW", Refused, "plan"),
    ("INSUFFICIENT_FUND", Refused, "credits"),
    ("API_INSUFFICIENT_FUNDS", Refused, "credits"),
    ("API_PARALLELISM_LIMIT_REACHED", Busy, "already working"),
    ("API_OBJECT_NOT_FOUND_ON_IMAGE", Refused, "no object"),
    ("IMAGE_CONTENT_VIOLATION", Refused, "content"),
    ("IMAGE_LABEL_LENGTH_TOO_LONG", Refused, "directions"),
    ("INVALID_REQUEST", Refused, "settings"),
    ("NO_SUCH_TASK", Refused, "NO_SUCH_TASK"),
    ("USER_NOT_FOUND", Refused, "user"),
    ("GROUP_NOT_FOUND", Refused, "group"),
    ("PERMISSION_DENIED", Refused, "not allow"),
    ("UNKNOWN", NoAnswer, "unknown error"),
    ("SOMETHING_NEW", Refused, "SOMETHING_NEW"),
]


@pytest.mark.parametrize("status", [201, 400])
@pytest.mark.parametrize(("code", "kind", "words"), CODES)
def test_a_refusal_is_a_sentence(
    rodin: Rodin, sandbox: Sandbox, code: str, kind: type[MaquetteError], words: str, status: int
) -> None:
    reply = Reply.of({"error": code, "message": "What it says."}, status)
    sandbox.intercept = answering("/rodin", reply)
    with pytest.raises(kind, match=words) as error:
        rodin.submit(CHAIR, "")
    assert type(error.value) is kind
    assert error.value.code == code
    assert error.value.message.endswith(".")
    assert not error.value.message.endswith("..")
    assert error.value.advice or kind is not Refused
    assert error.value.details == f"POST /rodin: HTTP {status}: What it says."
    assert len([r for r in sandbox.requests if r[0] == "POST"]) == 1


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize(("code", "kind", "words"), [c for c in CODES if c[1] is Refused])
def test_a_failing_server_that_names_a_known_refusal(
    rodin: Rodin, sandbox: Sandbox, code: str, kind: type[MaquetteError], words: str, status: int
) -> None:
    # An unknown code beside a failure says nothing of what became of the job.
    known = code not in ("SOMETHING_NEW", "NO_SUCH_TASK")
    sandbox.intercept = answering("/rodin", Reply.of({"error": code}, status))
    with pytest.raises(kind if known else NoAnswer) as error:
        rodin.submit(CHAIR, "")
    assert error.value.code == code


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(502, {}, PAGE), NoAnswer, "502"),
        (Reply(503, {"Retry-After": "7"}, b""), NoAnswer, "503"),
        (Reply(500, {}, b"oops"), NoAnswer, "500"),
        (Reply.of({"message": "Internal error"}, 500), NoAnswer, "500"),
        (Reply(408, {}, PAGE), NoAnswer, "408"),
        (Reply(504, {}, b"{}"), NoAnswer, "504"),
        (Reply(200, {}, PAGE), NoAnswer, "web page"),
        (Reply(404, {}, PAGE), Refused, "web page"),
        (Reply(403, {}, PAGE), Refused, "web page"),
        (Reply(413, {}, PAGE), Refused, "too large"),
        (Reply(404, {}, b"not here"), Refused, "404"),
        (Reply.of({"error": None}, 404), Refused, "404"),
        (Reply(201, {}, b'{"error": null, "uuid": "1234'), NoAnswer, "could not be read"),
        (Reply(201, {}, b""), NoAnswer, "could not be read"),
        (Reply(201, {}, b"[1]"), NoAnswer, "could not be read"),
        (Reply(201, {}, b"[" * 100_000), NoAnswer, "could not be read"),
        (Reply(201, {}, b'{"uuid": "1"}', length=900), NoAnswer, "answer"),
        (Reply(301, {"Location": "https://elsewhere.example"}), Refused, "redirect"),
        (Drop(), NoAnswer, "answer"),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Reply) else None,
)
def test_what_became_of_a_submit(
    rodin: Rodin, sandbox: Sandbox, reply: Reply | Drop, kind: type[MaquetteError], words: str
) -> None:
    sandbox.intercept = answering("/rodin", reply)
    with pytest.raises(kind, match=words) as error:
        rodin.submit(CHAIR, "")
    assert type(error.value) is kind
    assert len(sandbox.requests) == 1
    if "web page" in words or "404" in words:
        assert "service URL" in error.value.advice


def test_a_list_the_service_could_not_parse_is_our_mistake(rodin: Rodin, sandbox: Sandbox) -> None:
    said = "Unexpected token , in JSON at position 3"
    for answer in ({"error": "UNKNOWN", "message": said}, {"error": said}, {"message": said}):
        sandbox.intercept = answering("/rodin", Reply.of(answer, 500))
        with pytest.raises(Refused, match="Unexpected token , in JSON"):
            rodin.submit(CHAIR, "")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [b"", b"no", b"{}", b'{"message": "Active API key is required."}'])
def test_a_key_that_is_not_taken(rodin: Rodin, sandbox: Sandbox, status: int, body: bytes) -> None:
    for path, ask in (
        ("/rodin", lambda: rodin.submit(CHAIR, "")),
        ("/check_balance", rodin.balance),
        ("/status", lambda: rodin.poll(accepted_at(sandbox))),
    ):
        sandbox.intercept = answering(path, Reply(status, {}, body))
        with pytest.raises(Refused) as error:
            ask()
        assert error.value.code == "UNAUTHORIZED"
        assert "key" in error.value.advice


def test_a_wrong_key_as_the_service_says_it(sandbox: Sandbox) -> None:
    with pytest.raises(Refused) as error:
        rodin_at(sandbox.rodin_url, key="wrong").submit(CHAIR, "")
    assert error.value.code == "UNAUTHORIZED"
    assert sandbox.charges == []


def test_too_many_requests_and_how_long_to_wait(rodin: Rodin, sandbox: Sandbox) -> None:
    waits = []
    for headers in ({"Retry-After": "17"}, {}):
        sandbox.intercept = answering("/rodin", Reply(429, headers, PAGE))
        with pytest.raises(Busy) as error:
            rodin.submit(CHAIR, "")
        waits.append(error.value.retry_after)
    assert waits == [17.0, None]
    # Out of credits stays out of credits, whatever the status: it is not sent again for ever.
    sandbox.intercept = answering("/rodin", Reply.of({"error": "API_INSUFFICIENT_FUNDS"}, 429))
    with pytest.raises(Refused, match="credits"):
        rodin.submit(CHAIR, "")


def test_funds_and_parallel_jobs_as_the_service_says_it(rodin: Rodin, sandbox: Sandbox) -> None:
    sandbox.rodin.parallel_limit = 0
    with pytest.raises(Busy):
        rodin.submit(CHAIR, "")
    sandbox.rodin.balance = 0.4
    with pytest.raises(Refused, match="not enough credits"):
        rodin.submit(CHAIR, "")
    assert sandbox.charges == []


@pytest.mark.parametrize("status", [201, 302, 400, 403, 429, 500])
def test_an_answer_with_both_ids_is_a_job_whatever_comes_with_it(
    rodin: Rodin, sandbox: Sandbox, status: int
) -> None:
    """It may have been charged: to watch it costs nothing, to lose it does."""
    answer = {"uuid": "u", "jobs": {"subscription_key": "k"}, "error": "INVALID_REQUEST"}
    sandbox.intercept = answering("/rodin", Reply.of(answer, status))
    if status == 302:  # not even read: a redirect may mean "done, see there"
        with pytest.raises(NoAnswer):
            rodin.submit(CHAIR, "")
    else:
        assert rodin.submit(CHAIR, "").job_id == "u"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"uuid": "u"},
        {"uuid": "u", "jobs": {}},
        {"uuid": "u", "jobs": []},
        {"uuid": "u", "jobs": {"subscription_key": ""}},
        {"uuid": 7, "jobs": {"subscription_key": "k"}},
        {"uuid": "", "jobs": {"subscription_key": "k"}},
        {"jobs": {"subscription_key": "k"}, "message": "Submitted."},
    ],
)
def test_an_acceptance_without_its_ids_may_have_been_charged(
    rodin: Rodin, sandbox: Sandbox, answer: dict[str, Any]
) -> None:
    sandbox.intercept = answering("/rodin", Reply.of(answer, 201))
    with pytest.raises(NoAnswer) as error:
        rodin.submit(CHAIR, "")
    assert "POST /rodin: HTTP 201" in error.value.details


@pytest.mark.parametrize("error", [None, "", "OK", "none"])
def test_words_that_mean_no_error(rodin: Rodin, sandbox: Sandbox, error: str | None) -> None:
    answer = {"uuid": "u", "jobs": {"subscription_key": "k"}, "error": error}
    sandbox.intercept = answering("/rodin", Reply.of(answer, 200))
    assert rodin.submit(CHAIR, "").job_id == "u"


def test_an_answer_lost_after_the_job_was_taken(rodin: Rodin, sandbox: Sandbox) -> None:
    def lose(request: Request, carry_out: Callable[[], Reply]) -> Drop:
        carry_out()
        return Drop()

    sandbox.intercept = lose
    with pytest.raises(NoAnswer):
        rodin.submit(CHAIR, "")
    assert len(sandbox.charges) == 1, "a paid request went out twice"


# --- polls ---


@pytest.mark.parametrize(
    ("states", "phase", "share"),
    [
        ([], "waiting", None),
        (["Waiting"], "waiting", None),
        (["Waiting", "Waiting", "Failed"], "waiting", None),
        (["Generating", "Waiting"], "working", 0.0),
        (["Done", "Waiting"], "working", 0.5),
        (["Done", "Generating", "Failed", "Waiting"], "working", 0.5),
        (["Simmering"], "working", 0.0),
        (["Done", "Simmering"], "working", 0.5),
        (["Done", ""], "working", 0.5),
        (["Done", "Done"], "done", 1.0),
        (["Done", "Failed"], "done", 1.0),
        (["Done", "Canceled"], "done", 1.0),
    ],
)
def test_states_of_jobs_make_one(
    rodin: Rodin, sandbox: Sandbox, states: Sequence[str], phase: str, share: float | None
) -> None:
    sandbox.intercept = answering("/status", jobs(*states))
    status = rodin.poll(accepted_at(sandbox))
    assert (status.phase, status.share) == (phase, share)


@pytest.mark.parametrize("states", [["Failed"], ["Failed", "Failed"], ["Canceled", "Failed"]])
def test_a_job_of_which_nothing_is_done_failed(
    rodin: Rodin, sandbox: Sandbox, states: Sequence[str]
) -> None:
    sandbox.intercept = answering("/status", jobs(*states))
    with pytest.raises(JobFailed) as error:
        rodin.poll(accepted_at(sandbox))
    assert f"{states.count('Failed')} Failed" in error.value.details


@pytest.mark.parametrize(
    ("length", "position"), [(3, 3), ("3", 3), (0, None), (None, None), ("soon", None), ([], None)]
)
def test_the_place_in_the_queue(
    rodin: Rodin, sandbox: Sandbox, length: object, position: int | None
) -> None:
    sandbox.intercept = answering("/status", jobs("Waiting", "Waiting", queue_length=length))
    assert rodin.poll(accepted_at(sandbox)).queue_position == position


READ_FAILURES = [
    (Reply(502, {}, PAGE), NoAnswer),
    (Reply(200, {}, PAGE), NoAnswer),
    (Reply(404, {}, PAGE), NoAnswer),
    (Reply(201, {}, b'{"jobs": [{"uu'), NoAnswer),
    (Reply.of({"jobs": None}), NoAnswer),
    (Reply.of({"list": 5, "jobs": [1]}), NoAnswer),
    (Reply.of({"error": "UNKNOWN"}, 500), NoAnswer),
    (Reply.of({"error": "SOMETHING_NEW"}, 500), NoAnswer),
    (Reply.of({"error": "SOMETHING_NEW"}, 201), Refused),
    (Reply.of({"error": "NO_SUCH_TASK"}, 201), Gone),
    (Reply.of({"error": "NO_SUCH_TASK"}, 404), Gone),
    (Reply.of({"error": "PERMISSION_DENIED"}, 403), Refused),
    (Reply(429, {"Retry-After": "5"}, b""), Busy),
    (Drop(), NoAnswer),
]


@pytest.mark.parametrize(("reply", "kind"), READ_FAILURES)
@pytest.mark.parametrize("path", ["/status", "/download", "/check_balance"])
def test_a_read_that_fails(
    rodin: Rodin, sandbox: Sandbox, path: str, reply: Reply | Drop, kind: type[MaquetteError]
) -> None:
    accepted = rodin.submit(CHAIR, "")
    sandbox.intercept = answering(path, reply)
    ask = {
        "/status": lambda: rodin.poll(accepted),
        "/download": lambda: rodin.results(accepted, CHAIR),
        "/check_balance": rodin.balance,
    }[path]
    with pytest.raises(kind) as error:
        ask()
    assert type(error.value) is kind


def test_ids_that_are_not_known(rodin: Rodin, sandbox: Sandbox) -> None:
    accepted = rodin.submit(CHAIR, "")
    for wrong in (
        replace(accepted, ticket={"subscription_key": accepted.job_id}),
        replace(accepted, ticket={}),
    ):
        with pytest.raises(Gone) as error:
            rodin.poll(wrong)
        assert error.value.code == "NO_SUCH_TASK"
    with pytest.raises(Gone):
        rodin.results(replace(accepted, job_id="0"), CHAIR)


# --- results ---


def results_of(
    rodin: Rodin, sandbox: Sandbox, states: Reply | Drop, listed: Reply, material: str = "PBR"
) -> Results:
    def intercept(request: Request, carry_out: Callable[[], Reply]) -> Reply | Drop | None:
        return states if request.path.endswith("/status") else listed

    sandbox.intercept = intercept
    request = make_request(Rodin, prompt="a chair", settings={"material": material})
    return rodin.results(accepted_at(sandbox), request)


@pytest.mark.parametrize(
    ("material", "first"),
    [
        ("PBR", "base_basic_pbr.glb"),
        ("All", "base_basic_pbr.glb"),
        ("Shaded", "base_basic_shaded.glb"),
        ("None", "base_basic_pbr.glb"),
    ],
)
def test_the_model_that_was_asked_for_goes_first(
    rodin: Rodin, sandbox: Sandbox, material: str, first: str
) -> None:
    listed = listing(
        "preview.webp", "texture_diffuse.png", "base_basic_shaded.glb", "base.obj", "base.GLB",
        "base_basic_pbr.glb", "model.glb.base64", "render.png",
    )  # fmt: skip
    results = results_of(rodin, sandbox, jobs("Done"), listed, material)
    names = [file.name for file in results.models]
    assert names[0] == first
    assert set(names) == {"base_basic_pbr.glb", "base_basic_shaded.glb", "base.GLB"}
    assert results.preview is not None
    assert results.preview.name == "preview.webp"


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        ("a/b/base.glb", "base.glb"),
        ("../../base.glb", "base.glb"),
        ("..\\..\\base.glb", "base.glb"),
        ("C:\\x\\base.glb", "base.glb"),
        ("/etc/base.glb", "base.glb"),
        ("ba\0se\n.glb", "ba se .glb"),
        ("x" * 300 + ".glb", "x" * 96 + ".glb"),
        ("https://files.example/base.glb?sig=abc", "base.glb"),
    ],
)
def test_names_are_reduced_to_safe_ones(
    rodin: Rodin, sandbox: Sandbox, listed: str, name: str
) -> None:
    results = results_of(rodin, sandbox, jobs("Done"), listing(listed))
    assert [file.name for file in results.models] == [name]


@pytest.mark.parametrize(
    ("names", "preview"),
    [
        (["preview_render.png", "preview.webp"], "preview.webp"),
        (["preview_render.png"], "preview_render.png"),
        (["Preview.PNG"], "Preview.PNG"),
        (["preview.glb", "shaded.png", "preview.svg"], None),
    ],
)
def test_the_preview_is_found(
    rodin: Rodin, sandbox: Sandbox, names: list[str], preview: str | None
) -> None:
    results = results_of(rodin, sandbox, jobs("Done"), listing("base.glb", *names))
    assert (results.preview.name if results.preview else None) == preview


@pytest.mark.parametrize("entry", [5, None, {}, {"url": 5}, {"url": "data:model/gltf,x"}])
def test_useless_entries_are_passed_over(rodin: Rodin, sandbox: Sandbox, entry: object) -> None:
    good = {"url": "https://files.example/f/base.glb?sig=s"}
    listed = Reply.of({"list": [entry, good]})
    results = results_of(rodin, sandbox, jobs("Done"), listed)
    assert [file.name for file in results.models] == ["base.glb"]


def test_a_part_that_failed_is_a_warning(rodin: Rodin, sandbox: Sandbox) -> None:
    sandbox.rodin.endings = ("Done", "Done", "Failed")
    request = make_request(Rodin, prompt="a chair", settings={"preview_render": True})
    accepted = rodin.submit(request, "")
    assert rodin.poll(accepted).phase == "done"
    results = rodin.results(accepted, request)
    assert results.models
    assert results.warning.startswith("1 of 3 parts of the job failed")


@pytest.mark.parametrize(
    "states", [Drop(), Reply(502, {}, PAGE), Reply.of({"error": "NO_SUCH_TASK"})]
)
def test_a_listed_model_is_taken_whatever_the_status_says(
    rodin: Rodin, sandbox: Sandbox, states: Reply | Drop
) -> None:
    results = results_of(rodin, sandbox, states, listing("base.glb"))
    assert [file.name for file in results.models] == ["base.glb"]
    assert results.warning == ""


@pytest.mark.parametrize(
    ("states", "names", "kind"),
    [
        (["Done", "Done"], ["preview.webp", "base.obj"], JobFailed),
        (["Failed", "Done"], ["preview.webp"], JobFailed),
        (["Failed", "Failed"], [], JobFailed),
        (["Done", "Done"], [], NoAnswer),
        (["Done", "Failed"], [], NoAnswer),
        (["Done", "Generating"], ["preview.webp"], NoAnswer),
        ([], ["preview.webp"], NoAnswer),
        ([], [], NoAnswer),
    ],
)
def test_a_list_without_a_model(
    rodin: Rodin, sandbox: Sandbox, states: list[str], names: list[str], kind: type[MaquetteError]
) -> None:
    with pytest.raises(kind) as error:
        results_of(rodin, sandbox, jobs(*states), listing(*names))
    assert type(error.value) is kind
    assert "sig=" not in error.value.details


def test_links_are_fresh_each_time(rodin: Rodin) -> None:
    accepted = rodin.submit(CHAIR, "")
    links = [rodin.results(accepted, CHAIR).models[0] for _ in range(2)]
    assert all("Signature=" in link.url for link in links)
    assert all("Signature" not in repr(link) for link in links)


# --- balance ---


@pytest.mark.parametrize("balance", [213, 12.5, 0])
def test_the_balance(rodin: Rodin, sandbox: Sandbox, balance: float) -> None:
    sandbox.rodin.balance = balance
    found = rodin.balance()
    assert (found.credits, found.frozen) == (balance, None)
    assert isinstance(found.credits, float)


@pytest.mark.parametrize("answer", [{}, {"balance": None}, {"balance": "much"}, {"balance": True}])
def test_no_balance_in_the_answer(rodin: Rodin, sandbox: Sandbox, answer: dict[str, Any]) -> None:
    sandbox.intercept = answering("/check_balance", Reply.of(answer))
    with pytest.raises(NoAnswer):
        rodin.balance()


# --- secrets ---


def test_no_secret_is_ever_shown(sandbox: Sandbox) -> None:
    """Whatever the service echoes, in whatever place it can."""
    rodin = rodin_at(sandbox.rodin_url)
    accepted = rodin.submit(CHAIR, "")
    ticket = accepted.ticket["subscription_key"]
    link = rodin.results(accepted, CHAIR).models[0].url
    signature = link.partition("Signature=")[2]
    # Pieces, too: a text cut in the middle of a secret still tells most of it.
    secrets = (KEY, ticket[:20], ticket[-20:], ticket[60:80], signature[:20])
    assert all(len(secret) > 10 for secret in secrets)
    assert not [s for s in secrets if s in repr(accepted) + repr(rodin.api.account)]

    echo = f"Bearer {KEY} {ticket} {link}"
    answers: list[Any] = [
        {"error": code, "message": echo} for code in ("INVALID_REQUEST", "NEW", "UNKNOWN")
    ]
    answers += [{"error": echo, "message": echo}, {"error": echo}, {"message": echo}]
    answers += [{echo: 1, "uuid": echo}, {"error": {"code": echo}}, {"jobs": [{"status": echo}]}]
    answers += [{"list": [{"url": link, "name": name}]} for name in (echo, link, f"{KEY}.png")]
    answers += [{"balance": echo}, f"Unexpected token {echo}"]
    replies = [Reply.of(answer, status) for answer in answers for status in (201, 403, 429, 500)]
    replies += [Reply(200, {"X-Echo": json.dumps(echo)}, PAGE + echo.encode())]
    raised = 0
    for reply in replies:
        sandbox.intercept = lambda request, carry_out, reply=reply: reply
        for ask in (
            lambda: rodin.submit(CHAIR, ""),
            lambda: rodin.poll(accepted),
            lambda: rodin.results(accepted, CHAIR),
            rodin.balance,
        ):
            try:
                ask()
            except MaquetteError as error:
                raised += 1
                said = f"{error} {error.details} {error.code} {error!r} {error.args}"
                # The uuid is no secret, but here it holds some.
                assert not [secret for secret in secrets if secret in said], said
    assert raised > 150


def test_short_secrets_are_not_shown_either(rodin: Rodin, sandbox: Sandbox) -> None:
    accepted = accepted_at(sandbox)
    said = "Sorry: ticket-1234, s3://store/file?sig=s, see https://x.example/a?sig=b, bye"
    sandbox.intercept = answering("/status", Reply.of({"error": "NEW", "message": said}))
    with pytest.raises(Refused) as error:
        rodin.poll(accepted)
    shown = error.value.message + error.value.details
    assert "Sorry" in shown
    assert "bye" in shown
    assert not [word for word in ("ticket-1234", "sig=", "x.example") if word in shown]
