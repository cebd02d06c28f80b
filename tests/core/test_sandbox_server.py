"""The Sandbox as a server: who gets in, what is served, what is left when it stops."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from core import sandbox as practice
from core.sandbox.messages import Drop
from core.sandbox.server import Sandbox

from .sandbox_client import Clock, key

THREAD = "Maquette Sandbox"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(tmp_path, seconds=0, record=True, clock=clock) as running:
        yield running


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def make(sandbox: Sandbox, prompt: str = "a small bowl") -> dict[str, str]:
    """Order a model of Rodin's; its answer, and a link to each file, by name."""
    fields = {"prompt": prompt, "tier": "Gen-2", "mesh_mode": "Raw", "quality_override": "500"}
    form = [(name, (None, value)) for name, value in fields.items()]
    answer = requests.post(f"{sandbox.rodin_url}/rodin", headers=key(sandbox), files=form).json()
    return {"uuid": answer["uuid"], **links(sandbox, answer["uuid"])}


def links(sandbox: Sandbox, task: str) -> dict[str, str]:
    answer = requests.post(
        f"{sandbox.rodin_url}/download", headers=key(sandbox), json={"task_uuid": task}
    ).json()
    return {file["name"]: file["url"] for file in answer["list"]}


def raw(url: str, request: bytes) -> bytes:
    """What a server answers to bytes that no library would send."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(request)
        with suppress(OSError):  # it may have hung up already
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


# --- who gets in -----------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_nothing_without_the_key(sandbox: Sandbox, headers: dict[str, str]) -> None:
    for url in (f"{sandbox.rodin_url}/check_balance", f"{sandbox.triverse_url}/users/balance"):
        assert requests.get(url, headers=headers).status_code in (401, 403)
    order = requests.post(
        f"{sandbox.rodin_url}/rodin", headers=headers, files={"prompt": (None, "x")}
    )
    assert order.status_code == 401
    assert order.json() == {"error": "UNAUTHORIZED", "message": "Active API key is required."}
    assert sandbox.charges == []


def test_only_this_machine_by_its_own_name(sandbox: Sandbox) -> None:
    port = urlsplit(sandbox.rodin_url).port
    url = f"{sandbox.rodin_url}/check_balance"
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        assert requests.get(url, headers={**key(sandbox), "Host": host}).status_code == 200
    for host in (f"evil.example:{port}", "evil.example", f"127.0.0.1:{port + 1}", "", "a:b:c"):
        assert requests.get(url, headers={**key(sandbox), "Host": host}).status_code == 421, host
    file = make(sandbox)["base_basic_pbr.glb"]
    assert requests.get(file, headers={"Host": f"evil.example:{port}"}).status_code == 421


def test_keys_and_ports_are_drawn(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "a") as one, Sandbox(tmp_path / "b") as other:
        assert one.key != other.key
        assert len(one.key) >= 24
        assert one.rodin_url != other.rodin_url
        assert urlsplit(one.rodin_url).hostname == "127.0.0.1"


def test_too_large_and_endless_bodies_are_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.triverse_url}/upload/image"
    large = requests.post(url, headers=key(sandbox), data=bytes((60 << 20) + 1))
    assert large.status_code == 413
    # Headers only: a body sent on while the server closes is a broken pipe to urllib3 1.26.
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.netloc)) as endless:
        endless.putrequest("POST", parts.path)
        for name, value in {**key(sandbox), "Transfer-Encoding": "chunked"}.items():
            endless.putheader(name, value)
        endless.endheaders()
        assert endless.getresponse().status == 411


def test_it_never_prints(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    assert b"400" in raw(sandbox.rodin_url, b"\x16\x03\x01 nonsense\r\n\r\n")
    raw(sandbox.rodin_url, b"GET /rodin/api/v2/check_balance HTTP/1.1\r\nHost: x\r\n")
    raw(sandbox.rodin_url, b"BREW /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    sandbox.intercept = lambda request, carry_out: 1 / 0  # type: ignore[assignment,return-value]
    assert requests.get(f"{sandbox.rodin_url}/x").status_code == 500
    assert requests.get(f"{sandbox.rodin_url}/x").json()["message"].startswith("ZeroDivisionError")
    assert capfd.readouterr() == ("", "")


# --- files -----------------------------------------------------------------------------------


def test_a_link_is_all_that_a_file_needs(sandbox: Sandbox) -> None:
    file = make(sandbox)["base_basic_pbr.glb"]
    assert urlsplit(file).port != urlsplit(sandbox.rodin_url).port
    answer = requests.get(file)
    assert answer.status_code == 200
    assert answer.content.startswith(b"glTF")
    assert answer.headers["Content-Length"] == str(len(answer.content))
    refused = requests.get(file, headers=key(sandbox))
    assert (refused.status_code, refused.content[:5]) == (400, b"<?xml")
    sandbox.files.refuse_keys = False
    assert requests.get(file, headers=key(sandbox)).status_code == 200
    assert requests.post(file).status_code == 405


def test_a_link_expires_and_a_new_one_is_free(sandbox: Sandbox, clock: Clock) -> None:
    made = make(sandbox)
    file = made["base_basic_pbr.glb"]
    clock.now += 599
    assert requests.get(file).status_code == 200
    clock.now += 3
    expired = requests.get(file)
    assert expired.status_code == 403
    assert b"<Code>AccessDenied</Code>" in expired.content
    fresh = links(sandbox, made["uuid"])["base_basic_pbr.glb"]
    assert fresh != file
    assert requests.get(fresh).status_code == 200
    assert len(sandbox.charges) == 1


def test_a_link_cannot_be_altered(sandbox: Sandbox) -> None:
    file = make(sandbox)["base_basic_pbr.glb"]
    parts = urlsplit(file)
    origin = f"{parts.scheme}://{parts.netloc}"
    later = file.replace("Expires=1", "Expires=9")
    other = file.replace("model.glb", "job.json")
    for url in (later, other, f"{origin}{parts.path}", f"{file}0", f"{origin}/"):
        assert requests.get(url).status_code == 403, url
    for path in ("/../secret", "/rodin/../../secret", "/%2e%2e/secret", "/x?Expires=²&Signature=é"):
        answer = raw(origin, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403"), path


def test_a_signed_link_to_something_else_leads_nowhere(sandbox: Sandbox) -> None:
    task = make(sandbox)["uuid"]
    for protocol, job, made in (
        ("rodin", task, "job.json"),
        ("rodin", task, "../../secret"),
        ("triverse", task, "model.glb"),
        ("rodin", "..", "secret"),
    ):
        url = sandbox.files.link(protocol, job, made, "x", 60)
        origin = sandbox.files.base_url
        request = f"GET {url.removeprefix(origin)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        assert raw(url, request.encode()).startswith(b"HTTP/1.1 404"), made


def test_parts_of_a_file(sandbox: Sandbox) -> None:
    file = make(sandbox)["base_basic_pbr.glb"]
    whole = requests.get(file)
    content, etag = whole.content, whole.headers["ETag"]
    assert etag.startswith('"')
    assert whole.headers["Accept-Ranges"] == "bytes"

    def part(bounds: str, **more: str) -> requests.Response:
        return requests.get(file, headers={"Range": bounds, **more})

    rest = part("bytes=1000-", **{"If-Range": etag})
    assert rest.status_code == 206
    assert rest.content == content[1000:]
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(content) - 1}/{len(content)}"
    assert part("bytes=10-19").content == content[10:20]
    changed = part("bytes=1000-", **{"If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, content)
    beyond = part(f"bytes={len(content)}-")
    assert (beyond.status_code, beyond.content) == (416, b"")
    assert beyond.headers["Content-Range"] == f"bytes */{len(content)}"


# --- going on --------------------------------------------------------------------------------


def test_a_new_sandbox_goes_on_with_the_old_ones_jobs(tmp_path: Path) -> None:
    with Sandbox(tmp_path, seconds=0) as first:
        old = make(first)
        content = requests.get(old["base_basic_pbr.glb"]).content
    with pytest.raises(requests.ConnectionError):
        requests.get(old["base_basic_pbr.glb"])
    with Sandbox(tmp_path, seconds=0) as second:
        fresh = links(second, old["uuid"])
        assert requests.get(fresh["base_basic_pbr.glb"]).content == content


def test_one_sandbox_can_be_started_again(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, seconds=0)
    with pytest.raises(RuntimeError):
        _ = sandbox.rodin_url
    for _ in range(2):
        sandbox.start()
        sandbox.start()  # does nothing
        assert sandbox.running
        assert requests.get(f"{sandbox.rodin_url}/check_balance").status_code == 401
        sandbox.stop()
        assert not sandbox.running
    sandbox.stop()
    assert threads() == []


def test_jobs_are_kept_for_seven_days(tmp_path: Path, clock: Clock) -> None:
    with Sandbox(tmp_path, seconds=0, clock=clock) as sandbox:
        old = make(sandbox)
        clock.now += 7 * 86400 - 1
        assert "preview.png" in links(sandbox, old["uuid"])
        clock.now += 2
        gone = requests.post(
            f"{sandbox.rodin_url}/download", headers=key(sandbox), json={"task_uuid": old["uuid"]}
        )
        assert gone.json()["error"] == "NO_SUCH_TASK"
        young = make(sandbox)
    week_ago = time.time() - 7 * 86400 - 1
    os.utime(tmp_path / "jobs" / old["uuid"], (week_ago, week_ago))
    with Sandbox(tmp_path):
        assert [path.name for path in (tmp_path / "jobs").iterdir()] == [young["uuid"]]


def test_what_is_kept_is_for_the_user_only(sandbox: Sandbox) -> None:
    make(sandbox)
    files = [path for path in sandbox.folder.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_a_spoilt_job_file_is_an_unknown_job(sandbox: Sandbox) -> None:
    task = make(sandbox)["uuid"]
    for content in (b"", b"[]", b'{"order": 3}', b'{"id": 1}', b"\xff"):
        (sandbox.folder / "jobs" / task / "job.json").write_bytes(content)
        answer = requests.post(
            f"{sandbox.rodin_url}/download", headers=key(sandbox), json={"task_uuid": task}
        )
        assert answer.json()["error"] == "NO_SUCH_TASK"


# --- ending ----------------------------------------------------------------------------------


def wait_for_end(before: list[threading.Thread]) -> None:
    for thread in before:
        thread.join(5)
    assert threads() == []


def test_idle_it_stops_by_itself_and_leaves_no_thread(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, idle_seconds=0.05)
    sandbox.start()
    with requests.Session() as kept:
        assert kept.get(f"{sandbox.rodin_url}/check_balance").status_code == 401
        running = threads()
        assert len(running) == 2  # one listens, one has our connection
        wait_for_end(running)
    assert not sandbox.running
    assert not sandbox.touch()


def test_it_is_not_idle_while_it_works(tmp_path: Path) -> None:
    working, done = threading.Event(), threading.Event()
    with Sandbox(tmp_path, idle_seconds=0.02) as sandbox:

        def wait(request: object, carry_out: object) -> None:
            working.set()
            done.wait(5)

        sandbox.intercept = wait
        url = f"{sandbox.rodin_url}/check_balance"
        answers: list[int] = []
        client = threading.Thread(target=lambda: answers.append(requests.get(url).status_code))
        client.start()
        working.wait(5)
        assert not done.wait(0.08)
        assert sandbox.running
        done.set()
        client.join(5)
        assert answers == [401]


def test_stopping_ends_what_hangs(tmp_path: Path) -> None:
    asked = threading.Event()

    def hang(request: object, carry_out: object) -> Drop:
        asked.set()
        return Drop(pause=300)

    sandbox = Sandbox(tmp_path)
    sandbox.intercept = hang
    sandbox.start()
    url, errors = f"{sandbox.rodin_url}/check_balance", []

    def ask() -> None:
        try:
            requests.get(url, timeout=60)
        except requests.ConnectionError as error:
            errors.append(error)

    client = threading.Thread(target=ask)
    client.start()
    asked.wait(5)
    sandbox.stop()
    client.join(5)
    assert len(errors) == 1
    assert threads() == []


def test_one_local_sandbox_for_each_folder(tmp_path: Path) -> None:
    try:
        one = practice.local(tmp_path / "one")
        assert practice.local(tmp_path / "one") is one
        assert practice.local(tmp_path / "two") is not one
        one.rodin.balance = one.triverse.balance = 0
        url = one.rodin_url
        one.stop()
        again = practice.local(tmp_path / "one")
        assert again.running
        assert again.rodin_url != url
        assert again.key == one.key
        assert again.rodin.balance > 0
        assert again.triverse.balance > 0
    finally:
        practice.stop_all()
    assert threads() == []


def test_many_at_once(sandbox: Sandbox) -> None:
    names: list[set[str]] = []

    def ask(number: int) -> None:
        made = make(sandbox, f"bowl {number}")
        assert requests.get(made["base_basic_pbr.glb"]).status_code == 200
        names.append(set(made))

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(30)
    assert len(names) == 8
    assert len(sandbox.charges) == 8
