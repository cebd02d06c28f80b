"""The Sandbox's Rodin protocol, over HTTP, against what is documented of the real one."""

from __future__ import annotations

import base64
import email.utils
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from core.sandbox.server import Sandbox

from .sandbox_client import Clock, key, png, triangles_of

Field = tuple[str, str]
BASE = {"prompt": "a bowl", "tier": "Gen-2", "mesh_mode": "Raw", "quality_override": "1000"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(tmp_path, seconds=100, record=True, clock=clock) as running:
        yield running


def submit(
    sandbox: Sandbox, *more: Field, pictures: tuple[bytes, ...] = (), **fields: str | None
) -> requests.Response:
    """Fields over BASE, None takes one away; `more` for repeated ones."""
    values = [(n, v) for n, v in {**BASE, **fields}.items() if v is not None]
    form: list[tuple[str, tuple[str | None, str | bytes, str]]] = [
        (name, (None, value, "")) for name, value in [*values, *more]
    ]
    form += [("images", (f"{i}.png", p, "image/png")) for i, p in enumerate(pictures)]
    return requests.post(f"{sandbox.rodin_url}/rodin", headers=key(sandbox), files=form)


def states(sandbox: Sandbox, ticket: str) -> list[str]:
    answer = requests.post(
        f"{sandbox.rodin_url}/status", headers=key(sandbox), json={"subscription_key": ticket}
    )
    assert answer.status_code == 201
    return [job["status"] for job in answer.json()["jobs"]]


def listed(sandbox: Sandbox, task: str) -> dict[str, str]:
    answer = requests.post(
        f"{sandbox.rodin_url}/download", headers=key(sandbox), json={"task_uuid": task}
    )
    assert answer.status_code == 201
    return {file["name"]: file["url"] for file in answer.json()["list"]}


def balance(sandbox: Sandbox) -> float:
    answer = requests.get(f"{sandbox.rodin_url}/check_balance", headers=key(sandbox))
    return float(answer.json()["balance"])


# --- an order --------------------------------------------------------------------------------


def test_an_order_is_taken_and_charged(sandbox: Sandbox) -> None:
    sandbox.rodin.balance = 12.5
    answer = submit(sandbox)
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    taken = answer.json()
    assert uuid.UUID(taken["uuid"]).version == 4
    assert taken["uuid"] not in taken["jobs"]["uuids"]
    ticket = taken["jobs"]["subscription_key"]
    assert len(ticket) >= 200
    assert len(ticket.split(".")) == 3
    assert taken["consumed"] == 0.5
    assert "error" not in taken
    assert balance(sandbox) == 12
    assert sandbox.charges == [("rodin", taken["uuid"], 0.5, "")]


def test_the_older_answer(sandbox: Sandbox) -> None:
    sandbox.rodin.snapshot = "old"
    taken = submit(sandbox).json()
    assert taken["error"] is None
    assert taken["prompt"] == "a bowl"
    assert taken["submit_time"]
    assert "consumed" not in taken


def test_equal_orders_are_two_tasks(sandbox: Sandbox) -> None:
    one, other = submit(sandbox).json(), submit(sandbox).json()
    assert one["uuid"] != other["uuid"]
    assert len(sandbox.charges) == 2


@pytest.mark.parametrize(
    ("fields", "credits"),
    [
        ({"tier": "Sketch", "quality_override": None}, 0.5),
        ({"tier": "Gen-2.5-Extreme-High", "quality_override": "20000"}, 1.0),
        ({"addons": "HighPack"}, 1.5),
        ({"addons": '["HighPack"]'}, 1.5),
        ({"addons": "[]"}, 0.5),
        ({"tier": "Regular", "addons": "HighPack", "quality_override": "2000"}, 0.5),
        ({"tier": "Gen-2.5-Low", "texture_mode": "extreme-high"}, 2.5),
    ],
)
def test_prices(sandbox: Sandbox, fields: dict[str, str | None], credits: float) -> None:
    before = balance(sandbox)
    assert submit(sandbox, **fields).json()["consumed"] == credits
    assert balance(sandbox) == before - credits


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": None},
        {"prompt": " "},
        {"tier": "Gen-2.5-Minimum"},
        {"tier": "Gen-2.5-ExtremeHigh"},
        {"tier": ""},
        {"mesh_mode": "quad"},
        {"quality": "ultra"},
        {"material": "pbr"},
        {"material": "Hybrid"},
        {"geometry_file_format": "gltf"},
        {"condition_mode": "merge"},
        {"seed": "65536"},
        {"seed": "-1"},
        {"seed": "1.0"},
        {"quality_override": "499"},
        {"quality_override": "1000001"},
        {"mesh_mode": "Quad", "quality_override": "200001"},
        {"tier": "Gen-2.5-High", "quality_override": "19999"},
        {"tier": "Regular", "quality_override": "1999"},
        {"TAPose": "True"},
        {"hd_texture": "1"},
        {"addons": "LowPack"},
        {"bbox_condition": "[100,100]"},
        {"bbox_condition": "[100,0,100]"},
        {"bbox_condition": '{"x": 1}'},
        {"texture_mode": "ultra"},
    ],
)
def test_what_is_not_valid_is_refused_with_201(
    sandbox: Sandbox, fields: dict[str, str | None]
) -> None:
    answer = submit(sandbox, **fields)
    assert answer.status_code == 201
    assert answer.json()["error"] == "INVALID_REQUEST"
    assert "uuid" not in answer.json()
    assert sandbox.charges == []
    sandbox.rodin.refusal_status = 400
    assert submit(sandbox, **fields).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        [("bbox_condition", "100"), ("bbox_condition", "50"), ("bbox_condition", "20")],
        [("bbox_condition", "100,50,20")],
        [("image_label", "F")],
    ],
)
def test_lists_that_are_not_json_are_a_500(sandbox: Sandbox, fields: list[Field]) -> None:
    answer = submit(sandbox, *fields, pictures=(png(),))
    assert answer.status_code == 500
    assert "Unexpected token" in answer.json()["message"]
    assert sandbox.charges == []


def test_pictures_are_files(sandbox: Sandbox) -> None:
    assert "uuid" in submit(sandbox, pictures=(png(),), prompt=None).json()
    assert (
        "uuid" in submit(sandbox, pictures=(png(),) * 5, image_label='["F","B","L","R","?"]').json()
    )
    as_text = base64.b64encode(png()).decode()
    for answer in (
        submit(sandbox, ("images", as_text)),
        submit(sandbox, pictures=(b"GIF89a",)),
        submit(sandbox, pictures=(png(),) * 6),
        requests.post(f"{sandbox.rodin_url}/rodin", headers=key(sandbox), json=BASE),
        requests.post(f"{sandbox.rodin_url}/rodin", headers=key(sandbox), data=BASE),
    ):
        assert answer.json()["error"] == "INVALID_REQUEST"
    labels = submit(sandbox, pictures=(png(),), image_label='["F","B"]')
    assert labels.json()["error"] == "IMAGE_LABEL_LENGTH_TOO_LONG"
    assert len(sandbox.charges) == 2


def test_unknown_fields_are_ignored(sandbox: Sandbox) -> None:
    assert "uuid" in submit(sandbox, surprise="yes", use_hyper="true").json()


def test_without_credits_and_with_too_many_at_once(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.rodin.balance = 0.4
    assert submit(sandbox).json()["error"] == "API_INSUFFICIENT_FUNDS"
    sandbox.rodin.balance = 10
    sandbox.rodin.parallel_limit = 2
    assert [submit(sandbox).json().get("error") for _ in range(3)] == [
        None,
        None,
        "API_PARALLELISM_LIMIT_REACHED",
    ]
    assert balance(sandbox) == 9
    clock.now += 100
    assert "uuid" in submit(sandbox).json()


# --- its way ---------------------------------------------------------------------------------


def test_each_part_has_its_own_clock(sandbox: Sandbox, clock: Clock) -> None:
    taken = submit(sandbox).json()
    ticket = taken["jobs"]["subscription_key"]
    seen = []
    for _ in range(21):
        seen.append(tuple(states(sandbox, ticket)))
        clock.now += 5
    assert list(dict.fromkeys(seen)) == [
        ("Waiting", "Waiting"),
        ("Generating", "Waiting"),
        ("Generating", "Generating"),
        ("Done", "Generating"),
        ("Done", "Done"),
    ]


def test_the_queue_gets_shorter(sandbox: Sandbox, clock: Clock) -> None:
    ticket = submit(sandbox).json()["jobs"]["subscription_key"]
    lengths = []
    for _ in range(5):
        answer = requests.post(
            f"{sandbox.rodin_url}/status", headers=key(sandbox), data={"subscription_key": ticket}
        )
        lengths.append(answer.json()["jobs"][0].get("queue_length"))
        clock.now += 4
    assert lengths == [4, 3, 2, 1, None]


def test_the_list_is_short_before_the_end(sandbox: Sandbox, clock: Clock) -> None:
    task = submit(sandbox).json()["uuid"]
    assert listed(sandbox, task) == {}
    clock.now += 80
    assert list(listed(sandbox, task)) == ["preview.png"]
    clock.now += 20
    assert list(listed(sandbox, task)) == ["base_basic_pbr.glb", "preview.png"]


def test_the_wrong_id_is_no_such_task(sandbox: Sandbox) -> None:
    taken = submit(sandbox).json()
    ticket, part = taken["jobs"]["subscription_key"], taken["jobs"]["uuids"][0]
    head, body, signature = ticket.split(".")
    forged = base64.urlsafe_b64encode(json.dumps({"task": taken["uuid"]}).encode()).decode()
    tickets = (taken["uuid"], "", "a.b.c", f"{head}.{forged}.{signature}", f"{head}.{body}.x", 3)
    for value in tickets:
        answer = requests.post(
            f"{sandbox.rodin_url}/status", headers=key(sandbox), json={"subscription_key": value}
        )
        assert answer.json()["error"] == "NO_SUCH_TASK", value
    for value in (part, ticket, "", "..", None):
        answer = requests.post(
            f"{sandbox.rodin_url}/download", headers=key(sandbox), json={"task_uuid": value}
        )
        assert answer.json()["error"] == "NO_SUCH_TASK", value


@pytest.mark.parametrize(
    ("endings", "words", "files"),
    [
        (("Failed",), ["Failed", "Failed"], []),
        (("Done", "Failed"), ["Done", "Failed"], ["base_basic_pbr.glb", "preview.png"]),
        (("Done", "Polishing"), ["Done", "Polishing"], ["base_basic_pbr.glb", "preview.png"]),
    ],
)
def test_other_endings(
    sandbox: Sandbox, clock: Clock, endings: tuple[str, ...], words: list[str], files: list[str]
) -> None:
    sandbox.rodin.endings = endings
    taken = submit(sandbox).json()
    clock.now += 100
    assert states(sandbox, taken["jobs"]["subscription_key"]) == words
    assert list(listed(sandbox, taken["uuid"])) == files


def test_a_rendering_is_one_more_part(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.rodin.endings = ("Done", "Done", "Failed")
    taken = submit(sandbox, preview_render="true").json()
    clock.now += 100
    assert states(sandbox, taken["jobs"]["subscription_key"]) == ["Done", "Done", "Failed"]
    assert "base_basic_pbr.glb" in listed(sandbox, taken["uuid"])


# --- what is made ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("material", "names"),
    [
        ("PBR", ["base_basic_pbr.glb"]),
        ("Shaded", ["base_basic_shaded.glb"]),
        ("All", ["base_basic_pbr.glb", "base_basic_shaded.glb"]),
        ("None", ["base.glb"]),
    ],
)
def test_files_by_material(sandbox: Sandbox, clock: Clock, material: str, names: list[str]) -> None:
    task = submit(sandbox, material=material).json()["uuid"]
    clock.now += 100
    files = listed(sandbox, task)
    assert list(files) == [*names, "preview.png"]
    for name in names:
        content = requests.get(files[name]).content
        assert triangles_of(content) == 1000
        assert (b"baseColorTexture" in content) == (name == "base_basic_pbr.glb")
        assert (b"emissiveTexture" in content) == (name == "base_basic_shaded.glb")
    assert requests.get(files["preview.png"]).content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("fields", "triangles"),
    [
        ({"quality_override": "5000"}, 5000),
        ({"quality_override": "5000", "mesh_mode": "Quad"}, 10_000),
        ({"quality_override": None, "quality": "extra-low"}, 2_000),
        ({"quality_override": None, "quality": "extra-low", "mesh_mode": "Quad"}, 8_000),
        ({"quality_override": None, "quality": "low", "tier": "Gen-2.5-Low"}, 60_000),
        ({"tier": "Sketch", "quality_override": "2000"}, 20_000),
    ],
)
def test_as_many_faces_as_asked_for(
    sandbox: Sandbox, clock: Clock, fields: dict[str, str | None], triangles: int
) -> None:
    task = submit(sandbox, **fields).json()["uuid"]
    clock.now += 100
    content = requests.get(listed(sandbox, task)["base_basic_pbr.glb"]).content
    assert 0.95 * triangles <= triangles_of(content) <= triangles


def test_seeds(sandbox: Sandbox, clock: Clock) -> None:
    tasks = [submit(sandbox, seed=seed).json()["uuid"] for seed in ("7", "7", "8", None, None)]
    clock.now += 100
    made = [requests.get(listed(sandbox, t)["base_basic_pbr.glb"]).content for t in tasks]
    assert made[0] == made[1]
    assert len(set(made[1:])) == 4


# --- manners ---------------------------------------------------------------------------------


def test_too_many_requests(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.rodin.per_minute = 2
    url = f"{sandbox.rodin_url}/check_balance"
    answers = [requests.get(url, headers=key(sandbox)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 429]
    after = [answer.headers.get("Retry-After") for answer in answers[2:]]
    assert after[0] == "1"
    assert email.utils.parsedate_to_datetime(after[1]).timestamp() > clock.now
    assert after[2] is None
    clock.now += 30
    assert requests.get(url, headers=key(sandbox)).status_code == 200


def test_routes(sandbox: Sandbox) -> None:
    for method, path in (("GET", "/rodin"), ("POST", "/cancel"), ("GET", "/status"), ("POST", "/")):
        answer = requests.request(method, f"{sandbox.rodin_url}{path}", headers=key(sandbox))
        assert answer.status_code == 404, path


def test_balances_are_whole_or_not(sandbox: Sandbox) -> None:
    for value in (12.5, 213):
        sandbox.rodin.balance = value
        answer = requests.get(f"{sandbox.rodin_url}/check_balance", headers=key(sandbox))
        assert answer.text == json.dumps({"balance": value})
