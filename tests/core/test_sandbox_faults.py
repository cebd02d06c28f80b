"""tests/services/faults.py does to a connection what it says; other tests stand on that."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from core import glb
from core.errors import BadModel
from core.sandbox.server import Sandbox
from tests.services import faults

from .sandbox_client import key

BODY = b'{"balance": 1000}'


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path, seconds=0, record=True) as running:
        yield running


def raw(sandbox: Sandbox) -> tuple[bytes, bytes, bool]:
    """(head, body, whether it ended with a reset) of an answer as it comes over the wire."""
    parts = urlsplit(sandbox.rodin_url)
    received = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        head = f"GET {parts.path}/check_balance HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        head += f"Connection: close\r\nAuthorization: Bearer {sandbox.key}\r\n\r\n"
        connection.sendall(head.encode())
        try:
            while chunk := connection.recv(65536):
                received += chunk
            reset = False
        except ConnectionResetError:
            reset = True
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body, reset


@pytest.mark.parametrize(
    ("fault", "length", "body", "reset"),
    [
        (faults.cut_body(5), 17, BODY[:5], False),
        (faults.cut_body(5, reset=True), 17, BODY[:5], True),
        (faults.no_length(), None, BODY, False),
        (faults.cut_without_length(5), None, BODY[:5], False),
        (faults.wrong_length(3), 20, BODY, False),
        (faults.wrong_length(-3), 14, BODY, False),
        (faults.long_body(4), 21, BODY + b"    ", False),
        (faults.endless(4), None, BODY + b"    ", False),
        (faults.half(), 8, BODY[:8], False),
        (faults.slow(4, 0.001), 17, BODY, False),
        (faults.empty(), 0, b"", False),
    ],
)
def test_spoilt_bodies(
    sandbox: Sandbox, fault: faults.Fault, length: int | None, body: bytes, reset: bool
) -> None:
    sandbox.intercept = faults.on(faults.RODIN_BALANCE, fault)
    head, received, was_reset = raw(sandbox)
    lines = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length")]
    assert lines == ([] if length is None else [b"Content-Length: %d" % length])
    assert (received, was_reset) == (body, reset)


def ask(sandbox: Sandbox, **more: Any) -> requests.Response:
    url = f"{sandbox.rodin_url}/check_balance"
    return requests.get(url, headers=key(sandbox), allow_redirects=False, **more)


def order(sandbox: Sandbox) -> requests.Response:
    form = {"prompt": (None, "a bowl"), "tier": (None, "Sketch")}
    return requests.post(f"{sandbox.rodin_url}/rodin", headers=key(sandbox), files=form)


def test_answers_that_do_not_come(sandbox: Sandbox) -> None:
    for fault, charged in (
        (faults.drop(), 0),
        (faults.lose_answer(), 1),
        (faults.hang(0.001), 1),
        (faults.hang(0.001, carried_out=True), 2),
    ):
        sandbox.intercept = rule = faults.on(faults.RODIN_SUBMIT, fault)
        with pytest.raises(requests.ConnectionError):
            order(sandbox)
        assert (rule.hits, len(sandbox.charges)) == (1, charged)
        assert ask(sandbox).status_code == 200
    sandbox.intercept = faults.on(faults.RODIN_BALANCE, faults.hang(60))
    with pytest.raises(requests.ReadTimeout):
        ask(sandbox, timeout=0.05)
    sandbox.intercept = faults.on(faults.RODIN_BALANCE, faults.late(0.05))
    began = time.monotonic()
    assert ask(sandbox).status_code == 200
    assert time.monotonic() - began >= 0.05


def test_other_answers(sandbox: Sandbox) -> None:
    def answer(fault: faults.Fault) -> requests.Response:
        sandbox.intercept = faults.on(faults.RODIN_BALANCE, fault)
        return ask(sandbox)

    page = answer(faults.html(502))
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html")
    assert page.text.startswith("<!DOCTYPE html>")
    assert answer(faults.redirect("http://x/")).headers["Location"] == "http://x/"
    assert answer(faults.throttled("3")).headers["Retry-After"] == "3"
    assert "Retry-After" not in answer(faults.throttled()).headers
    assert answer(faults.edit(lambda value: value.update(balance=1))).json() == {"balance": 1}
    assert answer(faults.status(500)).content == BODY
    changed = answer(faults.with_headers(X_New="1", Content_Type=""))
    assert changed.headers["X-New"] == "1"
    assert "Content-Type" not in changed.headers
    assert answer(faults.rodin_error("SOMETHING")).json()["error"] == "SOMETHING"
    assert answer(faults.triverse_error(2010, 403)).json()["code"] == 2010
    assert answer(faults.rodin_jobs()).json() == {"jobs": []}


def test_where_and_how_often(sandbox: Sandbox) -> None:
    rule = faults.on("check_balance", faults.html(502), times=2, after=1)
    sandbox.intercept = rule
    assert [ask(sandbox).status_code for _ in range(4)] == [200, 502, 502, 200]
    assert order(sandbox).status_code == 201
    assert rule.hits == 2
    turns = faults.in_turn(faults.html(500), None, faults.html(504))
    sandbox.intercept = faults.any_of(
        faults.on("/nowhere", faults.drop()), faults.on("check_balance", turns, times=None)
    )
    assert [ask(sandbox).status_code for _ in range(4)] == [500, 200, 504, 200]


def test_patterns_find_what_they_are_for(sandbox: Sandbox) -> None:
    def hit(pattern: str, method: str, path: str) -> bool:
        return faults.on(pattern, faults.drop()).matches(f"{method} {path}")

    task = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    base = "/triverse/api/v1/tasks"
    assert hit(faults.TRIVERSE_CREATE, "POST", f"{base}/image-to-mesh")
    assert not hit(faults.TRIVERSE_CREATE, "POST", f"{base}/pricing/quote")
    assert hit(faults.TRIVERSE_STATUS, "GET", f"{base}/{task}")
    assert not hit(faults.TRIVERSE_STATUS, "GET", f"{base}/url/{task}")
    assert not hit(faults.RODIN_SUBMIT, "POST", "/rodin/api/v2/status")
    link = urlsplit(sandbox.files.link("rodin", task, "model.glb", "base.glb", 1)).path
    picture = urlsplit(sandbox.files.link("triverse", task, "preview.png", f"{task}.png", 1)).path
    assert hit(faults.MODEL, "GET", link)
    assert not hit(faults.MODEL, "GET", picture)
    assert hit(faults.PREVIEW, "GET", picture)


@pytest.mark.parametrize(
    "fault",
    [
        faults.outside_file(),
        faults.outside_buffer(),
        faults.over_range(),
        faults.too_many_vertices(),
        faults.needs_extension("EXT_unheard_of"),
        faults.short_glb(2000),
        faults.html(200),
        faults.empty(),
    ],
)
def test_models_that_must_not_be_imported(
    sandbox: Sandbox, tmp_path: Path, fault: faults.Fault
) -> None:
    task = order(sandbox).json()["uuid"]
    sandbox.intercept = faults.on(faults.MODEL, fault)
    answer = requests.post(
        f"{sandbox.rodin_url}/download", headers=key(sandbox), json={"task_uuid": task}
    )
    url = answer.json()["list"][0]["url"]
    path = tmp_path / "model.glb"
    path.write_bytes(requests.get(url).content)
    with pytest.raises(BadModel):
        glb.check(path)
    path.write_bytes(requests.get(url).content)  # the next time it is whole
    assert glb.check(path).meshes == 1


def test_lists_of_files_can_be_renamed(sandbox: Sandbox) -> None:
    task = order(sandbox).json()["uuid"]
    for names in ((), ("../../evil.glb", "a/b.glb", "a/b.glb")):
        sandbox.intercept = faults.on(faults.RODIN_DOWNLOAD, faults.rodin_files(*names))
        answer = requests.post(
            f"{sandbox.rodin_url}/download", headers=key(sandbox), json={"task_uuid": task}
        )
        assert [file["name"] for file in answer.json()["list"]] == list(names)
        assert json.dumps(answer.json()).count("http") == len(names)
