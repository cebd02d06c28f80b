"""The Sandbox's Triverse protocol, over HTTP, against what is documented of the real one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from core.sandbox.server import Sandbox

from .sandbox_client import Clock, key, png, triangles_of

BASE: dict[str, Any] = {"prompt": "a bowl", "polygon_limit": 1000}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(tmp_path, seconds=100, record=True, clock=clock) as running:
        yield running


def get(sandbox: Sandbox, path: str, **more: Any) -> requests.Response:
    return requests.get(f"{sandbox.triverse_url}{path}", headers=key(sandbox), **more)


def post(sandbox: Sandbox, path: str, **more: Any) -> requests.Response:
    return requests.post(f"{sandbox.triverse_url}{path}", headers=key(sandbox), **more)


def create(sandbox: Sandbox, flow: str = "text-to-model", **body: Any) -> requests.Response:
    """Fields over BASE; None takes one away."""
    fields = {name: value for name, value in {**BASE, **body}.items() if value is not None}
    return post(sandbox, f"/tasks/{flow}", json=fields)


def data(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200
    envelope = answer.json()
    assert (envelope["code"], envelope["message"]) == (0, "success")
    found: dict[str, Any] = envelope["data"]
    return found


def refused(answer: requests.Response) -> tuple[int, int]:
    envelope = answer.json()
    assert envelope["message"]
    assert envelope["suggestion"]
    assert "data" not in envelope
    return answer.status_code, envelope["code"]


def upload(sandbox: Sandbox, content: bytes) -> requests.Response:
    return post(sandbox, "/upload/image", files={"file": ("a.png", content, "image/png")})


# --- an order --------------------------------------------------------------------------------


def test_an_order_in_the_newer_words(sandbox: Sandbox) -> None:
    task = data(create(sandbox, client_order_id="order-1"))
    assert task["flow_name"] == "text-to-model"
    assert task["status"] == "PENDING"
    assert task["created_at"] == "2027-01-15T08:00:00Z"
    assert task["cost_credits"] == 120
    assert task["queue"]["is_queued"] is True
    assert task["read_after_write_deadline_seconds"] == 5
    assert sandbox.charges == [("triverse", task["task_uuid"], 120.0, "order-1")]


def test_an_order_in_the_older_words(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.triverse.snapshot = "old"
    task = data(create(sandbox))
    assert (task["costCredits"], task["name"]) == (120, "text-to-model")
    assert not {"cost_credits", "queue", "read_after_write_deadline_seconds"} & set(task)
    words = []
    for _ in range(21):
        status = data(get(sandbox, f"/tasks/{task['task_uuid']}"))
        assert status["taskId"] == task["task_uuid"]
        assert "task_uuid" not in status
        words.append(status["status"])
        clock.now += 5
    assert list(dict.fromkeys(words)) == ["PENDING", "RUNNING", "SUCCESS"]


@pytest.mark.parametrize(
    ("flow", "body", "expected"),
    [
        ("text-to-model", {"prompt": None}, (400, 1004)),
        ("text-to-model", {"prompt": "ab"}, (400, 1004)),
        ("text-to-model", {"prompt": 123}, (400, 1004)),
        ("text-to-model", {"prompt": "a content-violation"}, (400, 2008)),
        ("text-to-model", {"polygon_limit": 999}, (400, 1004)),
        ("text-to-model", {"polygon_limit": 1_500_001}, (400, 1004)),
        ("text-to-model", {"polygon_limit": "1000"}, (400, 1004)),
        ("text-to-model", {"polygon_limit": True}, (400, 1004)),
        ("text-to-model", {"texture_size": 512}, (400, 1004)),
        ("text-to-model", {"texture_size": 4097}, (400, 1004)),
        ("text-to-model", {"turbo": "true"}, (400, 1004)),
        ("text-to-model", {"model_version": "v3"}, (400, 1004)),
        ("text-to-model", {"client_order_id": ""}, (400, 1004)),
        ("text-to-model", {"client_order_id": "a" * 65}, (400, 1004)),
        ("text-to-model", {"client_order_id": "../x"}, (400, 1004)),
        ("text-to-model", {"client_order_id": 7.5}, (400, 1004)),
        ("image-to-model", {}, (400, 1004)),
        ("image-to-model", {"image_file": "https://example.com/a.png"}, (400, 2004)),
        ("image-to-model", {"image_file": "tasks/uid_1/20260101/a.png"}, (404, 1005)),
        ("image-to-model", {"image_file": "../../secret"}, (404, 1005)),
        ("texture-model", {}, (404, 1005)),
        ("multiview-to-model", {}, (404, 1005)),
    ],
)
def test_what_is_not_valid_is_refused(
    sandbox: Sandbox, flow: str, body: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert refused(create(sandbox, flow, **body)) == expected
    assert sandbox.charges == []


def test_a_body_that_is_no_object(sandbox: Sandbox) -> None:
    for body in (b"", b"[]", b"{", b"\xff"):
        assert refused(post(sandbox, "/tasks/text-to-model", data=body)) == (400, 1004)


def test_keys(sandbox: Sandbox) -> None:
    url = f"{sandbox.triverse_url}/users/balance"
    wrong = {"Authorization": "Bearer no"}
    assert refused(requests.get(url)) == (401, 1001)
    assert refused(requests.get(url, headers=wrong)) == (403, 1001)
    sandbox.triverse.wrong_key_status = 401
    assert refused(requests.get(url, headers=wrong)) == (401, 1001)
    assert refused(get(sandbox, "/nowhere")) == (404, 1005)


# --- the same order again --------------------------------------------------------------------


def test_an_order_number_is_charged_once(tmp_path: Path, clock: Clock) -> None:
    with Sandbox(tmp_path, record=True, clock=clock) as sandbox:
        first = data(create(sandbox, client_order_id="A-1"))
        other = data(create(sandbox, client_order_id="a-1", prompt="another"))
        assert data(create(sandbox, client_order_id="A-1"))["task_uuid"] == first["task_uuid"]
        assert other["task_uuid"] != first["task_uuid"]
        assert len(sandbox.charges) == 2
    clock.now += 3600
    with Sandbox(tmp_path, record=True, clock=clock) as sandbox:
        assert data(create(sandbox, client_order_id="A-1"))["task_uuid"] == first["task_uuid"]
        sandbox.triverse.repeat = "conflict"
        assert refused(create(sandbox, client_order_id="A-1")) == (409, 2005)
        assert sandbox.charges == []


def test_equal_bodies_are_one_order_for_a_while(sandbox: Sandbox, clock: Clock) -> None:
    first = data(create(sandbox, client_order_id="1"))["task_uuid"]
    assert data(create(sandbox, client_order_id="2"))["task_uuid"] == first
    assert data(create(sandbox, client_order_id="3", allow_duplicate=True))["task_uuid"] != first
    assert data(create(sandbox, client_order_id="4", prompt="a cup"))["task_uuid"] != first
    clock.now += 11
    assert data(create(sandbox, client_order_id="5"))["task_uuid"] != first
    assert len(sandbox.charges) == 4


# --- money -----------------------------------------------------------------------------------


def test_credits_are_held_then_charged(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.triverse.balance = 200
    asked = post(
        sandbox, "/tasks/pricing/quote", json={"flow_name": "text-to-model", "params": BASE}
    )
    price = data(asked)
    assert price["cost_credits"] == 120
    assert price["available_credits"] == 200
    assert price["params"] == BASE
    create(sandbox)
    assert data(get(sandbox, "/users/balance")) == {"balance": 80, "frozen": 120}
    assert data(get(sandbox, "/users/me"))["api_credits_balance"] == 80
    assert refused(create(sandbox, prompt="more")) == (403, 2010)
    clock.now += 100
    assert data(get(sandbox, "/users/balance")) == {"balance": 80, "frozen": 0}


@pytest.mark.parametrize("ending", ["FAILED", "CANCELLED"])
def test_credits_of_failed_tasks_come_back(sandbox: Sandbox, clock: Clock, ending: str) -> None:
    sandbox.triverse.balance = 200
    sandbox.triverse.ending = ending
    create(sandbox)
    clock.now += 100
    assert data(get(sandbox, "/users/balance")) == {"balance": 200, "frozen": 0}


def test_quotes_are_not_checks(sandbox: Sandbox) -> None:
    body = {"flowName": "image-to-mesh", "params": {"anything": 1}, "surface": "api"}
    assert data(post(sandbox, "/tasks/pricing/quote", json=body))["cost_credits"] == 60
    assert refused(post(sandbox, "/tasks/pricing/quote", json={})) == (400, 1004)


def test_too_many_at_once(sandbox: Sandbox) -> None:
    sandbox.triverse.parallel_limit = 1
    create(sandbox)
    assert refused(create(sandbox, prompt="more")) == (429, 2000)


# --- its way ---------------------------------------------------------------------------------


def test_from_pending_to_success(sandbox: Sandbox, clock: Clock) -> None:
    task = data(create(sandbox))["task_uuid"]
    seen: list[dict[str, Any]] = []
    for _ in range(51):
        seen.append(data(get(sandbox, f"/tasks/{task}")))
        clock.now += 2
    words = [status["status"] for status in seen]
    assert list(dict.fromkeys(words)) == ["PENDING", "QUEUED", "RUNNING", "SUCCESS"]
    queued = [status["queue"] for status in seen if status["status"] in ("PENDING", "QUEUED")]
    positions = [queue["position"] for queue in queued]
    assert positions == sorted(positions, reverse=True)
    assert positions[0] > positions[-1] == 1
    running = [status for status in seen if status["status"] == "RUNNING"]
    progress = [status["progress"] for status in running]
    assert progress == sorted(set(progress))
    assert all(s["started_at"] and s["output"] is None and s["queue"] is None for s in running)
    end = seen[-1]
    assert end["progress"] == 100
    assert end["completed_at"] == "2027-01-15T08:01:40Z"
    assert requests.get(end["output"]["model_url"]).content.startswith(b"glTF")
    assert end["error"] is None


@pytest.mark.parametrize("failure", ["broken", {"message": "broken"}, {"code": 17}, None])
def test_a_failed_task_says_why_in_no_fixed_way(
    sandbox: Sandbox, clock: Clock, failure: object
) -> None:
    sandbox.triverse.ending, sandbox.triverse.failure = "FAILED", failure
    task = data(create(sandbox))["task_uuid"]
    assert data(get(sandbox, f"/tasks/{task}"))["error"] is None
    clock.now += 100
    status = data(get(sandbox, f"/tasks/{task}"))
    assert (status["status"], status["error"]) == ("FAILED", failure)
    assert refused(get(sandbox, f"/tasks/url/{task}")) == (409, 2005)


def test_a_new_task_may_not_be_visible_yet(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.triverse.read_lag = 3
    sandbox.triverse.visible_within = None
    created = data(create(sandbox))
    assert created["read_after_write_deadline_seconds"] is None
    path = f"/tasks/{created['task_uuid']}"
    assert refused(get(sandbox, path)) == (404, 1006)
    clock.now += 3
    assert data(get(sandbox, path))["status"] == "PENDING"
    for unknown in ("nothing", "00000000-0000-4000-8000-000000000000"):
        assert refused(get(sandbox, f"/tasks/{unknown}")) == (404, 1006)


# --- results ---------------------------------------------------------------------------------


def test_results(sandbox: Sandbox, clock: Clock) -> None:
    task = data(create(sandbox))["task_uuid"]
    assert refused(get(sandbox, f"/tasks/url/{task}")) == (409, 2005)
    assert refused(get(sandbox, f"/tasks/download/{task}")) == (409, 2005)
    sandbox.triverse.early_code = 1005
    assert refused(get(sandbox, f"/tasks/url/{task}")) == (404, 1005)
    clock.now += 100
    found = data(get(sandbox, f"/tasks/url/{task}"))
    model = requests.get(found["download_url"]).content
    assert triangles_of(model) == 1000
    assert requests.get(found["preview_url"]).content.startswith(b"\x89PNG")
    sandbox.triverse.wrapped = False
    assert set(get(sandbox, f"/tasks/url/{task}").json()) == set(found)
    sandbox.triverse.links = False
    assert refused(get(sandbox, f"/tasks/url/{task}")) == (404, 1005)

    straight = get(sandbox, f"/tasks/download/{task}")
    assert straight.content == model
    assert straight.headers["Content-Type"] == "application/octet-stream"
    assert straight.headers["Content-Disposition"] == f'attachment; filename="{task}.glb"'
    sandbox.triverse.announce_length = False
    straight = get(sandbox, f"/tasks/download/{task}")
    assert (straight.content, straight.headers.get("Content-Length")) == (model, None)
    sandbox.triverse.redirect_download = True
    assert get(sandbox, f"/tasks/download/{task}", allow_redirects=False).status_code == 302


def test_links_last_an_hour(sandbox: Sandbox, clock: Clock) -> None:
    task = data(create(sandbox))["task_uuid"]
    clock.now += 100
    link = data(get(sandbox, f"/tasks/url/{task}"))["download_url"]
    clock.now += 3599
    assert requests.get(link).status_code == 200
    clock.now += 3
    assert requests.get(link).status_code == 403


def test_success_without_files(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.triverse.ending = "EMPTY"
    task = data(create(sandbox))["task_uuid"]
    clock.now += 100
    status = data(get(sandbox, f"/tasks/{task}"))
    assert (status["status"], status["output"]) == ("SUCCESS", None)
    assert refused(get(sandbox, f"/tasks/url/{task}")) == (404, 4042)
    assert refused(get(sandbox, f"/tasks/download/{task}")) == (404, 4042)


@pytest.mark.parametrize(
    "flow", ["text-to-model", "text-to-mesh", "image-to-model", "image-to-mesh"]
)
def test_what_each_flow_makes(sandbox: Sandbox, clock: Clock, flow: str) -> None:
    body: dict[str, Any] = {"polygon_limit": 3000}
    if flow.startswith("image"):
        body |= {"prompt": None, "image_file": data(upload(sandbox, png()))["file_key"]}
    task = data(create(sandbox, flow, **body))["task_uuid"]
    clock.now += 100
    model = get(sandbox, f"/tasks/download/{task}").content
    assert 2800 <= triangles_of(model) <= 3000
    assert (b"baseColorTexture" in model) == flow.endswith("model")


def test_the_default_limit_need_not_be_used_up(sandbox: Sandbox, clock: Clock) -> None:
    for body in ({"polygon_limit": None}, {"polygon_limit": 1_000_000}):
        task = data(create(sandbox, **body, allow_duplicate=True))["task_uuid"]
        clock.now += 100
        assert triangles_of(get(sandbox, f"/tasks/download/{task}").content) <= 60_000


# --- uploads ---------------------------------------------------------------------------------


def test_uploads(sandbox: Sandbox) -> None:
    keys = [
        data(upload(sandbox, content))["file_key"]
        for content in (png(), b"\xff\xd8\xff\xe0", b"RIFF1234WEBPVP8 ")
    ]
    shape = r"tasks/uid_\d+/20270115/[0-9a-f-]{36}\.(png|jpg|webp)"
    assert all(re.fullmatch(shape, key) for key in keys)
    assert refused(upload(sandbox, b"GIF89a")) == (400, 2004)
    assert refused(post(sandbox, "/upload/image", data=png())) == (400, 1004)
    assert refused(post(sandbox, "/upload/image", files={"image": ("a", png())})) == (400, 1004)
    too_large = png() + bytes(50 << 20)
    assert refused(upload(sandbox, too_large)) == (400, 2004)


def test_models_can_be_uploaded(sandbox: Sandbox) -> None:
    glb = {"file": ("a.glb", b"glTF", "model/gltf-binary")}
    path = "/upload/model?modelVariant="
    assert data(post(sandbox, f"{path}textured", files=glb))["file_key"].endswith(".glb")
    assert refused(post(sandbox, f"{path}other", files=glb)) == (400, 1004)
    assert refused(post(sandbox, f"{path}geometry", files={"file": ("a", b"x")})) == (400, 2004)


def test_ten_uploads_a_minute(sandbox: Sandbox, clock: Clock) -> None:
    for _ in range(10):
        data(upload(sandbox, png()))
    answer = upload(sandbox, png())
    assert refused(answer) == (429, 2000)
    assert "Retry-After" not in answer.headers
    sandbox.triverse.retry_after = 7
    assert upload(sandbox, png()).headers["Retry-After"] == "7"
    clock.now += 60
    data(upload(sandbox, png()))
