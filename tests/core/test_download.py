"""Fetching a large file from a server that breaks off, changes its mind or sends something else."""

import functools
import gzip
import itertools
import json
import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import download as module
from core import http
from core.addresses import Account
from core.download import download, drop_part
from core.errors import (
    BadModel,
    Expired,
    MaquetteError,
    NoAnswer,
    Offline,
    Refused,
    StorageError,
    Unreachable,
)
from core.http import Api
from tests.services.scripted import (
    HEAR,
    RESET,
    TLS,
    WAIT,
    Certificate,
    Scripted,
    Step,
    answer,
)

CONTENT = bytes(range(256)) * 1200  # 300 KiB
SIZE = len(CONTENT)
ETAG = '"v1"'
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
WHOLE = answer(200, CONTENT, ETag=ETAG)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NETRC"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "task.glb.part"


def slices(
    server: Scripted, part: Path, **more: Any
) -> Generator[tuple[int, int | None], None, None]:
    url = f"{server.url}/model.glb?Signature=c2VjcmV0"
    settings = {"gate": lambda: None, "label": "Any", "base_url": server.url, **more}
    return download(url, part, **settings)


def fetch(server: Scripted, part: Path, **more: Any) -> list[tuple[int, int | None]]:
    return list(slices(server, part, **more))


def failed(server: Scripted, part: Path, **more: Any) -> MaquetteError:
    with pytest.raises(MaquetteError) as caught:
        fetch(server, part, **more)
    assert "c2VjcmV0" not in f"{caught.value} {caught.value.details} {caught.value.__dict__}"
    return caught.value


def rest(start: int, *, total: object = SIZE, etag: str = ETAG, content: bytes = CONTENT) -> bytes:
    """The answer to a Range request."""
    where = f"bytes {start}-{SIZE - 1}/{total}"
    return answer(206, content[start:], ETag=etag, Content_Range=where)


def cut(count: int, **headers: str) -> list[Step]:
    """A connection that ends in order, too early: old urllib3 does not notice."""
    return [HEAR, answer(200, CONTENT[:count], length=SIZE, **(headers or {"ETag": ETAG}))]


# --- in one go -------------------------------------------------------------------------------


def test_a_file_in_one_go(part: Path) -> None:
    with Scripted([HEAR, WHOLE]) as server:
        steps = fetch(server, part)
    assert part.read_bytes() == CONTENT
    assert (steps[0], steps[-1]) == ((0, SIZE), (SIZE, SIZE))
    headers = server.heard[0].headers
    assert server.heard[0].target == "/model.glb?Signature=c2VjcmV0"
    assert "authorization" not in headers
    assert "range" not in headers
    assert headers["accept-encoding"] == "identity"


def test_reports_on_the_way(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE_SECONDS", 0.0)
    with Scripted([HEAR, WHOLE]) as server:
        counts = [received for received, _ in fetch(server, part)]
    assert counts == sorted(counts)
    assert len(counts) > 5


@pytest.mark.parametrize(
    "script",
    [
        [HEAR, answer(200, CONTENT, length=-1)],
        [HEAR, answer(200, b"4b000\r\n" + CONTENT + b"\r\n0\r\n\r\n", length=-1,
                      Transfer_Encoding="chunked")],
    ],
)  # fmt: skip
def test_a_file_of_unknown_size(part: Path, script: list[Step]) -> None:
    with Scripted(script) as server:
        steps = fetch(server, part)
    assert part.read_bytes() == CONTENT
    assert steps[-1] == (SIZE, None)


def test_an_empty_file(part: Path) -> None:
    with Scripted([HEAR, answer(200)]) as server:
        assert fetch(server, part)[-1] == (0, 0)
    assert part.read_bytes() == b""


def test_more_than_was_announced_is_not_taken(part: Path) -> None:
    with Scripted([HEAR, answer(200, CONTENT + b"more", length=SIZE, ETag=ETAG)]) as server:
        fetch(server, part)
    assert part.read_bytes() == CONTENT


def test_with_the_key_by_the_api(part: Path) -> None:
    with Scripted([HEAR, WHOLE]) as server:
        account = Account("any", f"{server.url}/v1", "k-1")
        client = Api(account, lambda: None, "Any")
        list(
            download(
                "/tasks/download/5", part, gate=lambda: None, label="Any",
                base_url=account.base_url, api=client,
            )
        )  # fmt: skip
    assert part.read_bytes() == CONTENT
    assert server.heard[0].target == "/v1/tasks/download/5"
    assert server.heard[0].headers["authorization"] == "Bearer k-1"


def test_no_key_from_netrc_either(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".netrc"
    hosts = ("127.0.0.1", "bucket.example.com")
    file.write_text("".join(f"machine {h} login thief password stolen\n" for h in hosts))
    file.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(file))
    certificate = Certificate.make(tmp_path, "bucket.example.com")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.file))
    tunnel: list[Step] = [HEAR, b"HTTP/1.1 200 Connection established\r\n\r\n", TLS]
    with (
        Scripted([HEAR, WHOLE]) as local,
        Scripted([*tunnel, HEAR, WHOLE], certificate=certificate) as proxy,
    ):
        fetch(local, part)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        link, base = "https://bucket.example.com/x", "https://api.example.com"
        list(download(link, part, gate=lambda: None, label="Any", base_url=base))
    assert [h.method for h in proxy.heard] == ["CONNECT", "GET"]
    assert all("authorization" not in h.headers for h in (*local.heard, *proxy.heard))
    assert part.read_bytes() == CONTENT


# --- going on --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "proof"),
    [
        ({"ETag": ETAG}, ETAG),
        ({"ETag": ETAG, "Last_Modified": DATE}, ETAG),
        ({"ETag": 'W/"v1"', "Last_Modified": DATE}, DATE),
        ({"Last_Modified": DATE}, DATE),
    ],
)
def test_a_cut_file_is_continued(part: Path, headers: dict[str, str], proof: str) -> None:
    more = rest(100_000, etag=headers.get("ETag", ""))
    with Scripted(cut(100_000, **headers), [HEAR, more]) as server:
        assert type(failed(server, part)) is NoAnswer
        assert part.stat().st_size == 100_000
        steps = fetch(server, part)
    assert part.read_bytes() == CONTENT
    assert (steps[0], steps[-1]) == ((100_000, SIZE), (SIZE, SIZE))
    assert server.heard[1].headers["range"] == "bytes=100000-"
    assert server.heard[1].headers["if-range"] == proof


def test_a_file_cut_many_times(part: Path) -> None:
    ends = [1, 50_000, 50_001, 200_000, SIZE]
    scripts: list[list[Step]] = [cut(ends[0])]
    for start, end in itertools.pairwise(ends):
        where = f"bytes {start}-{SIZE - 1}/{SIZE}"
        body = CONTENT[start:end]
        head = {"ETag": ETAG, "Content_Range": where}
        scripts.append([HEAR, answer(206, body, length=SIZE - start, **head)])
    with Scripted(*scripts) as server:
        for _ in ends[:-1]:
            assert type(failed(server, part)) is NoAnswer
        fetch(server, part)
    assert part.read_bytes() == CONTENT


def test_a_reset_leaves_what_came(part: Path) -> None:
    pieces: list[Step] = [HEAR, answer(200, CONTENT[:10], length=SIZE, ETag=ETAG), RESET]
    with Scripted(pieces) as server:
        assert type(failed(server, part)) is NoAnswer
    assert CONTENT.startswith(part.read_bytes())


def test_a_download_that_was_left_is_continued(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when Blender is closed: the generator is, too."""
    monkeypatch.setattr(module, "SLICE_SECONDS", 0.0)
    more: Step = lambda: rest(part.stat().st_size)  # noqa: E731
    with Scripted([*cut(100_000), WAIT], [HEAR, more]) as server:
        steps = slices(server, part)
        while next(steps)[0] < 50_000:
            pass
        steps.close()
        assert 50_000 <= part.stat().st_size < 100_000
        fetch(server, part)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("headers", [{"X": "nothing"}, {"ETag": 'W/"v1"'}])
def test_without_a_proof_it_begins_again(part: Path, headers: dict[str, str]) -> None:
    with Scripted(cut(100_000, **headers), [HEAR, WHOLE]) as server:
        failed(server, part)
        fetch(server, part)
    assert part.read_bytes() == CONTENT
    assert "range" not in server.heard[1].headers


def test_a_server_that_does_not_continue_begins_again(part: Path) -> None:
    other = bytes(reversed(CONTENT))
    with Scripted(cut(100_000), [HEAR, answer(200, other, ETag='"v2"')]) as server:
        failed(server, part)
        assert fetch(server, part)[0] == (0, SIZE)
    assert part.read_bytes() == other


def test_the_proof_of_another_file_is_forgotten(part: Path) -> None:
    with Scripted(cut(100_000), cut(50_000, X="nothing"), [HEAR, WHOLE]) as server:
        failed(server, part)
        failed(server, part)
        fetch(server, part)
    assert part.read_bytes() == CONTENT
    assert "range" not in server.heard[2].headers


@pytest.mark.parametrize(
    "more",
    [
        rest(99_999),
        rest(0),
        rest(100_000, total=SIZE + 1),
        rest(100_000, total="*"),
        rest(100_000, etag='"v2"'),
        answer(206, CONTENT[100_000:], ETag=ETAG),
        answer(206, CONTENT[100_000:], ETag=ETAG, Content_Range="items 1-2/3"),
        answer(206, CONTENT[100_000:], ETag=ETAG, Content_Range="bytes x"),
        answer(416, Content_Range=f"bytes */{SIZE}"),
    ],
)
def test_a_continuation_that_does_not_fit_is_dropped(part: Path, more: bytes) -> None:
    with Scripted(cut(100_000), [HEAR, more], [HEAR, WHOLE]) as server:
        failed(server, part)
        assert type(failed(server, part)) is NoAnswer
        assert not part.exists()
        fetch(server, part)
    assert part.read_bytes() == CONTENT
    assert "range" not in server.heard[2].headers


def test_a_part_that_nobody_asked_for(part: Path) -> None:
    with Scripted([HEAR, rest(100_000)]) as server:
        assert type(failed(server, part)) is NoAnswer
    assert not part.exists()


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "[]",
        '"x"',
        "{}",
        '{"validator": 5, "total": 307200}',
        '{"validator": "x"}',
        '{"validator": "x", "total": "y"}',
        json.dumps({"validator": ETAG, "total": 10}),
    ],
)
def test_a_proof_that_proves_nothing(part: Path, proof: str) -> None:
    part.parent.mkdir()
    part.write_bytes(b"x" * 100)
    part.with_name(part.name + ".json").write_text(proof)
    with Scripted([HEAR, WHOLE]) as server:
        fetch(server, part)
    assert part.read_bytes() == CONTENT
    assert "range" not in server.heard[0].headers


def test_a_chunked_file_that_breaks_off(part: Path) -> None:
    body = b"4b000\r\n" + CONTENT[:1000]
    script: list[Step] = [HEAR, answer(200, body, length=-1, Transfer_Encoding="chunked")]
    with Scripted(script) as server:
        assert type(failed(server, part)) is NoAnswer


def test_silence_in_the_middle(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "send", functools.partial(http.send, timeout=(5.0, 0.05)))
    with Scripted([*cut(100_000), WAIT], [HEAR, WHOLE]) as server:
        assert type(failed(server, part)) is NoAnswer
        fetch(server, part)
    assert part.read_bytes() == CONTENT


def test_going_offline_stops_it(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE_SECONDS", 0.0)
    asked = []

    def gate() -> None:
        asked.append(1)
        if len(asked) > 3:
            raise Offline("Offline.")

    with Scripted([HEAR, WHOLE], [HEAR, rest(0)]) as server:
        assert type(failed(server, part, gate=gate)) is Offline
    assert 0 < part.stat().st_size < SIZE
    assert CONTENT.startswith(part.read_bytes())


# --- something else --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_link_that_is_no_longer_good(part: Path, status: int) -> None:
    with Scripted([HEAR, answer(status, b"<Error/>")]) as server:
        assert type(failed(server, part)) is Expired
    assert not part.exists()


def test_an_expired_link_leaves_the_part(part: Path) -> None:
    with Scripted(cut(100_000), [HEAR, answer(403)], [HEAR, rest(100_000)]) as server:
        failed(server, part)
        assert type(failed(server, part)) is Expired
        fetch(server, part)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [400, 429, 500, 503, 206])
def test_an_answer_to_try_again_after(part: Path, status: int) -> None:
    with Scripted([HEAR, answer(status, b"x", Retry_After="7")]) as server:
        error = failed(server, part)
    assert type(error) is NoAnswer
    assert error.retry_after == (None if status == 206 else 7.0)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_link_that_leads_elsewhere_is_not_followed(part: Path, status: int) -> None:
    with (
        Scripted([HEAR, WHOLE]) as elsewhere,
        Scripted([HEAR, answer(status, Location=f"{elsewhere.url}/x")]) as server,
    ):
        assert type(failed(server, part)) is Refused
    assert elsewhere.heard == []


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP"])
def test_what_comes_compressed_is_refused(part: Path, encoding: str) -> None:
    body = gzip.compress(CONTENT)
    with Scripted([HEAR, answer(200, body, Content_Encoding=encoding)]) as server:
        assert type(failed(server, part)) is BadModel
    assert not part.exists()


def test_identity_is_no_compression(part: Path) -> None:
    with Scripted([HEAR, answer(200, CONTENT, Content_Encoding="identity")]) as server:
        fetch(server, part)
    assert part.read_bytes() == CONTENT


def test_too_big_by_its_header(part: Path) -> None:
    with Scripted([HEAR, answer(200, b"", length=SIZE)]) as server:
        error = failed(server, part, limit=SIZE - 1)
    assert type(error) is Refused
    assert "too big" in error.message
    assert not part.exists()


def test_too_big_while_reading(part: Path) -> None:
    with Scripted([HEAR, answer(200, CONTENT, length=-1)]) as server:
        assert type(failed(server, part, limit=SIZE - 1)) is Refused
    assert not part.exists()


def test_just_within_the_limit(part: Path) -> None:
    with Scripted([HEAR, answer(200, CONTENT, length=-1)]) as server:
        fetch(server, part, limit=SIZE)
    assert part.read_bytes() == CONTENT


def test_a_link_that_is_not_safe(part: Path) -> None:
    with Scripted([HEAR, WHOLE]) as server:
        assert type(failed(server, part, base_url="https://api.example.com")) is Refused
    assert server.heard == []


def test_nobody_there(part: Path) -> None:
    with Scripted() as server:
        pass
    assert type(failed(server, part)) is Unreachable


# --- the disk --------------------------------------------------------------------------------


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A small file system, by its mount options; skips where it may not be made."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mounted(options: str) -> Path:
        order = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            done = subprocess.run(order, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f"no mount: {error}")
        if done.returncode:
            pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
        return folder

    yield mounted
    if os.path.ismount(folder):
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_and_then_a_free_one(mount: Callable[[str], Path]) -> None:
    folder = mount("size=200k")
    part, ballast = folder / "task.glb.part", folder / "ballast"
    with Scripted([HEAR, WHOLE], [HEAR, lambda: rest(part.stat().st_size)]) as server:
        ballast.write_bytes(bytes(60_000))
        error = failed(server, part)
        assert type(error) is StorageError
        assert "full" in error.message
        assert 0 < part.stat().st_size < SIZE
        assert CONTENT.startswith(part.read_bytes())
        subprocess.run(["mount", "-o", "remount,size=1m", str(folder)], check=True)
        fetch(server, part)
        assert part.read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written_to(mount: Callable[[str], Path]) -> None:
    folder = mount("size=1m")
    (folder / "task.glb.part").write_bytes(b"x")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    for part in (folder / "task.glb.part", folder / "new" / "task.glb.part"):
        with Scripted([HEAR, WHOLE]) as server:
            error = failed(server, part)
        assert type(error) is StorageError
        assert "written" in error.message
    drop_part(folder / "task.glb.part")


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "downloads").write_bytes(b"")
    with Scripted([HEAR, WHOLE]) as server:
        assert type(failed(server, tmp_path / "downloads" / "task.glb.part")) is StorageError


def test_dropping_a_part(part: Path) -> None:
    with Scripted(cut(100_000)) as server:
        failed(server, part)
    assert len(list(part.parent.iterdir())) == 2
    drop_part(part)
    drop_part(part)
    assert list(part.parent.iterdir()) == []
