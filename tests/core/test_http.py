"""What becomes of a request when the network, the server or the settings are not as they should."""

import email.utils
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core import http
from core.addresses import Account, check_base_url, check_result_url
from core.errors import (
    MaquetteError,
    NoAnswer,
    Offline,
    Refused,
    SetupError,
    Unreachable,
)
from core.http import Api, Reply, parse_retry_after
from tests.services.scripted import (
    HEAR,
    HEAR_HEAD,
    RESET,
    TLS,
    WAIT,
    Certificate,
    Scripted,
    Step,
    answer,
)

KEY = "k-3f9a17c2d0"
OK = answer(200, b'{"fine": true}')


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)


def api(url: str, key: str = KEY, gate: Callable[[], None] = lambda: None) -> Api:
    return Api(Account("any", url, key), gate, "Any")


def raised(ask: Callable[[], object]) -> MaquetteError:
    with pytest.raises(MaquetteError) as caught:
        ask()
    shown = f"{caught.value} {caught.value!r} {caught.value.details} {caught.value.__dict__}"
    assert KEY not in shown
    return caught.value


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


# --- a request as it should be ---------------------------------------------------------------


def test_a_request_and_its_answer() -> None:
    with Scripted([HEAR, answer(201, b'{"a": 1}', Retry_After="3")]) as server:
        reply = api(f"{server.url}/v1/").post("/tasks", json_body={"prompt": "木"})
    assert (reply.status, reply.json(), reply.retry_after, reply.ok) == (201, {"a": 1}, 3.0, True)
    assert reply.asked == "POST /tasks"
    [heard] = server.heard
    assert (heard.method, heard.target) == ("POST", "/v1/tasks")
    assert heard.headers["authorization"] == f"Bearer {KEY}"
    assert heard.headers["accept-encoding"] == "identity"
    assert heard.headers["content-type"] == "application/json"
    assert heard.body == b'{"prompt": "\\u6728"}'


def test_a_form_and_files() -> None:
    with Scripted([HEAR, OK], [HEAR, OK]) as server:
        client = api(server.url)
        client.post("/form", form=[("a", "1"), ("a", "2\r\nx: y")], once=True)
        client.post("/file", files=[("file", "picture.png", b"\x89PNG\r\n", "image/png")])
    form, file = server.heard
    assert form.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert form.body.count(b'name="a"') == 2
    assert b'filename="picture.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n' in file.body


def test_no_authorization_without_a_key() -> None:
    with Scripted([HEAR, OK]) as server:
        api(server.url, key="").get("/")
    assert "authorization" not in server.heard[0].headers


def test_reads_share_a_connection_and_a_paid_request_has_its_own() -> None:
    with Scripted([HEAR, OK, HEAR, OK, HEAR, OK], [HEAR, OK], [HEAR, OK]) as server:
        client = api(server.url)
        client.get("/1")
        client.post("/2", json_body={}, once=True)
        client.get("/3")
        client.post("/4", json_body={}, once=True)
        client.get("/5")
    assert {h.target: h.connection for h in server.heard} == {
        "/1": 0, "/2": 1, "/3": 0, "/4": 2, "/5": 0,
    }  # fmt: skip


def test_offline_sends_nothing() -> None:
    def gate() -> None:
        raise Offline("Offline.")

    with Scripted([HEAR, OK]) as server:
        assert isinstance(raised(lambda: api(server.url, gate=gate).get("/")), Offline)
    assert server.heard == []


# --- no connection ---------------------------------------------------------------------------


def test_nobody_listens() -> None:
    error = raised(lambda: api(f"http://127.0.0.1:{free_port()}").get("/"))
    assert type(error) is Unreachable
    assert "could not be reached" in error.message


def test_a_name_that_does_not_exist() -> None:
    error = raised(lambda: api("https://no-such-host.invalid/v1").get("/"))
    assert type(error) is Unreachable


def test_a_connection_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (0.05, 0.05))
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    # The queue of a listener that never accepts: once it is full, connecting hangs.
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
    error = raised(lambda: api(f"http://127.0.0.1:{listener.getsockname()[1]}").get("/"))
    for one in (listener, *waiting):
        one.close()
    assert type(error) is Unreachable


def test_a_certificate_nobody_vouches_for(tmp_path: Path) -> None:
    certificate = Certificate.make(tmp_path, "127.0.0.1")
    with Scripted([TLS, HEAR, OK], certificate=certificate) as server:
        error = raised(lambda: api(server.url).get("/"))
    assert type(error) is Unreachable
    assert "certificate" in error.message
    assert server.heard == []


@pytest.mark.parametrize("script", [[RESET], [], [b"HTTP/1.1 200 OK\r\n\r\n"]])
def test_a_handshake_that_fails(tmp_path: Path, script: list[Step]) -> None:
    """Nothing of the request has left before it is done."""
    with Scripted(script) as server:
        url = server.url.replace("http:", "https:")
        error = raised(lambda: api(url).post("/", json_body={}, once=True))
    assert type(error) is Unreachable


# --- a connection that breaks ----------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        [HEAR, RESET],
        [HEAR_HEAD, RESET],
        [HEAR],
        [HEAR, b"HTTP/1.1 200 OK\r\nContent-Le", RESET],
        [HEAR, answer(200, b'{"half": ', length=50)],
        [HEAR, answer(200, b'{"half": ', length=50), RESET],
        [HEAR, answer(200, b"5\r\n{}   \r\n", length=-1, Transfer_Encoding="chunked")],
        [HEAR, answer(200, b"zz\r\n{}\r\n", length=-1, Transfer_Encoding="chunked")],
        [HEAR, b"HTTP/1.1 two hundred\r\n\r\n"],
        [HEAR, b"\x16\x03\x01 what?\r\n\r\n"],
    ],
)
@pytest.mark.parametrize("once", [False, True])
def test_no_whole_answer(script: list[Step], once: bool) -> None:
    """It may have been carried out."""
    with Scripted(script) as server:
        body = {"x": "y" * 500_000}
        error = raised(lambda: api(server.url).post("/", json_body=body, once=once))
    assert type(error) is NoAnswer
    assert "POST /" in error.details


@pytest.mark.parametrize("script", [[HEAR, WAIT], [HEAR, answer(200, b"{", length=2), WAIT]])
def test_silence(monkeypatch: pytest.MonkeyPatch, script: list[Step]) -> None:
    monkeypatch.setattr(http, "TIMEOUT", (5.0, 0.05))
    with Scripted(script) as server:
        error = raised(lambda: api(server.url).post("/", json_body={}, once=True))
    assert type(error) is NoAnswer


def test_an_answer_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_BYTES", 10_000)
    with Scripted([HEAR, answer(200, b"x" * 100_000, length=-1)]) as server:
        error = raised(lambda: api(server.url).get("/"))
    assert type(error) is NoAnswer
    assert "too long" in error.message


def test_an_answer_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.0)
    with Scripted([HEAR, OK]) as server:
        assert type(raised(lambda: api(server.url).get("/"))) is NoAnswer


def test_a_kept_connection_that_died_is_no_lasting_trouble() -> None:
    with Scripted([HEAR, OK, RESET], [HEAR, OK, HEAR, OK]) as server:
        client = api(server.url)
        client.get("/1")
        # Whether the reset is seen before or after the next request is up to the system.
        try:
            client.get("/2")
        except NoAnswer:
            client.get("/2")
        assert client.get("/3").ok


def test_an_error_being_dealt_with_is_not_taken_for_this_one() -> None:
    """Else a lost answer after an earlier refused connection would count as "surely not sent"."""
    with Scripted([HEAR, RESET]) as server:
        try:
            api(f"http://127.0.0.1:{free_port()}").get("/")
        except Unreachable:
            error = raised(lambda: api(server.url).post("/", json_body={}, once=True))
    assert type(error) is NoAnswer


# --- answers of all kinds --------------------------------------------------------------------


def test_a_web_page_is_told_from_json() -> None:
    page = b" \n<!DOCTYPE html><html><body>Bad gateway</body></html>"
    with Scripted([HEAR, answer(502, page)]) as server:
        reply = api(server.url).get("/")
    assert (reply.status, reply.is_web_page, reply.json()) == (502, True, None)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"null", b'"{}"', b"\xff\xfe{", b"[" * 100_000, b"9" * 9_000]
)
def test_what_is_no_json_object(body: bytes) -> None:
    assert Reply(200, {}, body).json() is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_redirect_is_not_followed(status: int, method: str) -> None:
    with (
        Scripted([HEAR, OK], [HEAR, OK]) as elsewhere,
        Scripted([HEAR, answer(status, Location=f"{elsewhere.url}/x")]) as server,
    ):
        error = raised(lambda: getattr(api(server.url), method)("/"))
    assert type(error) is Refused
    assert "redirect" in error.message
    assert elsewhere.heard == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        ("0", 0.0),
        (" 17 ", 17.0),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("٣", None),
        ("9" * 40, None),
        ("soon", None),
        ("Wed, 99 Foo 2026 25:61:61 GMT", None),
        (email.utils.formatdate(1_000_030, usegmt=True), 30.0),
        (email.utils.formatdate(999_000, usegmt=True), 0.0),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, now=lambda: 1_000_000.0) == seconds


def test_retry_after_in_an_answer() -> None:
    date = email.utils.formatdate(time.time() + 3600, usegmt=True)
    with Scripted([HEAR, answer(429, Retry_After=date)]) as server:
        dated = api(server.url).get("/").retry_after
    with Scripted([HEAR, answer(429)]) as server:
        none = api(server.url).get("/").retry_after
    assert none is None
    assert dated is not None
    assert 3000 < dated <= 3600


def test_a_content_length_that_is_no_number() -> None:
    with Scripted([HEAR, answer(200, b"{}", length=-1, Content_Length="\xb2")]) as server:
        assert api(server.url).get("/").json() == {}


# --- keys, .netrc, proxies -------------------------------------------------------------------


@pytest.mark.parametrize("key", ["a\nb", "a\r\nx: y", "schlüssel", "a b", "\0", "木", "a\x7f"])
def test_a_key_that_cannot_be_one(key: str) -> None:
    with Scripted([HEAR, OK]) as server, pytest.raises(SetupError) as caught:
        api(server.url, key).get("/")
    assert key not in f"{caught.value!r} {caught.value.details}"
    assert server.heard == []


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .netrc as others left it, found by either way there is to find it."""
    file = tmp_path / ".netrc"
    hosts = ("127.0.0.1", "localhost", "api.example.com")
    file.write_text("".join(f"machine {h} login thief password stolen\n" for h in hosts))
    file.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize(("key", "sent"), [(KEY, f"Bearer {KEY}"), ("", None)])
def test_netrc_is_not_looked_into(key: str, sent: str | None) -> None:
    with Scripted([HEAR, OK]) as server:
        api(server.url, key).get("/")
    assert server.heard[0].headers.get("authorization") == sent


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """For api.example.com, accepted by way of REQUESTS_CA_BUNDLE."""
    made = Certificate.make(tmp_path, "api.example.com")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.file))
    return made


def through(monkeypatch: pytest.MonkeyPatch, proxy: str | Scripted) -> None:
    url = proxy if isinstance(proxy, str) else f"http://127.0.0.1:{proxy.port}"
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, url)


TUNNEL: list[Step] = [HEAR, b"HTTP/1.1 200 Connection established\r\n\r\n", TLS]


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize(("key", "sent"), [(KEY, f"Bearer {KEY}"), ("", None)])
def test_a_proxy_and_a_company_certificate_are_used_and_netrc_is_not(
    monkeypatch: pytest.MonkeyPatch, certificate: Certificate, key: str, sent: str | None
) -> None:
    with Scripted([*TUNNEL, HEAR, OK], certificate=certificate) as proxy:
        through(monkeypatch, proxy)
        assert api("https://api.example.com/v1", key).get("/x").json() == {"fine": True}
    tunnel, request = proxy.heard
    assert (tunnel.method, tunnel.target) == ("CONNECT", "api.example.com:443")
    assert "authorization" not in tunnel.headers
    assert request.target == "/v1/x"
    assert request.headers.get("authorization") == sent


def test_a_certificate_for_another_host(
    monkeypatch: pytest.MonkeyPatch, certificate: Certificate
) -> None:
    with Scripted([*TUNNEL, HEAR, OK], certificate=certificate) as proxy:
        through(monkeypatch, proxy)
        error = raised(lambda: api("https://other.example.com").get("/"))
    assert type(error) is Unreachable
    assert "certificate" in error.message


@pytest.mark.parametrize(
    "script",
    [
        [HEAR, b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"],
        [HEAR, RESET],
        [*TUNNEL[:2], RESET],
    ],
)
def test_a_proxy_that_does_not_let_through(
    monkeypatch: pytest.MonkeyPatch, script: list[Step]
) -> None:
    with Scripted(script) as proxy:
        through(monkeypatch, proxy)
        error = raised(lambda: api("https://api.example.com").post("/", json_body={}, once=True))
    assert type(error) is Unreachable


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted() as proxy:
        through(monkeypatch, proxy)
    assert type(raised(lambda: api("https://api.example.com").get("/"))) is Unreachable


@pytest.mark.parametrize("proxy", ["http://[::1", "http://", "socks5://127.0.0.1:9", "x://y"])
def test_a_proxy_setting_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    through(monkeypatch, proxy)
    error = raised(lambda: api("https://api.example.com").post("/", json_body={}, once=True))
    assert type(error) is SetupError
    assert "HTTPS_PROXY" in error.advice


def test_certificates_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    error = raised(lambda: api("https://api.example.com").post("/", json_body={}, once=True))
    assert type(error) is SetupError
    assert "REQUESTS_CA_BUNDLE" in error.message


def test_this_machine_is_asked_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted() as proxy, Scripted([HEAR, OK]) as server:
        through(monkeypatch, proxy)
        assert api(server.url).get("/").ok
    assert proxy.heard == []


def test_requests_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    error = raised(lambda: api("https://first.example.com").get("/"))
    assert type(error) is SetupError
    assert "Restart Blender" in error.advice


# --- which hosts -----------------------------------------------------------------------------

GOOD_BASES = [
    "https://api.example.com/v1",
    "https://api.example.com:8443",
    "HTTPS://API.example.com",
    "https://192.168.1.5/v1",
    "http://127.0.0.1:8080/x",
    "http://localhost:8080",
    "http://[::1]:80",
    "  https://api.example.com/v1/  ",
]
BAD_BASES = [
    "",
    "api.example.com/v1",
    "localhost:8080",
    "//api.example.com",
    "http://api.example.com",
    "http://192.168.1.5",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://127.0.0.1@example.com",
    "http://example.com\\@127.0.0.1",
    "http://2130706433",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "https://",
    "https://:443",
    "https://user:word@api.example.com",
    "https://@api.example.com",
    "https://api.example.com:port",
    "https://api.example.com:99999",
    "https://api.example.com/a b",
    "https://api .example.com",
    "https://api.example.com/\nx",
    "https://api.exam\tple.com",
    "https://api.example.com/?key=1",
    "https://api.example.com/v1?",
    "https://api.example.com/#x",
    "https://[::1",
    "https://api.example.com\\.evil.com",
    "https://exämple.com",
    "https://api.example.com\0",
]


@pytest.mark.parametrize("url", GOOD_BASES)
def test_service_urls_that_may_be_used(url: str) -> None:
    assert check_base_url(url) == url.strip().rstrip("/")


@pytest.mark.parametrize("url", BAD_BASES)
def test_service_urls_that_may_not(url: str) -> None:
    with pytest.raises(SetupError) as caught:
        check_base_url(url, "Any")
    assert caught.value.message.startswith("Any: ")
    assert "word" not in str(caught.value)
    with pytest.raises(SetupError):
        api(url).get("/")


PUBLIC, LOCAL = "https://api.example.com/v1", "http://127.0.0.1:8080/v1"
GOOD_LINKS = [
    "https://bucket.example.com/a/b.glb?Signature=x%2B&Expires=9",
    "https://bucket.example.com:8443/模型 1.glb",
    "https://8.8.8.8/model.glb",
    "https://[2606:4700:4700::1111]/model.glb",
]
BAD_LINKS = [
    "",
    "model.glb",
    "//bucket.example.com/model.glb",
    "http://bucket.example.com/model.glb",
    "file:///etc/passwd",
    "ftp://bucket.example.com/x",
    "data:model/gltf-binary;base64,AAAA",
    "https://localhost/x",
    "https://localhost./x",
    "https://router/x",
    "https://printer.local/x",
    "https://printer.local./x",
    "https://metadata.google.internal/x",
    "https://a.localhost/x",
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://127.0.0.0x1/x",
    "https://0177.0.0.1/x",
    "https://0x7f.1/x",
    "https://2130706433/x",
    "https://0/x",
    "https://0.0.0.0/x",
    "https://10.1.2.3/x",
    "https://172.16.0.1/x",
    "https://192.168.1.1/x",
    "https://100.64.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://224.0.0.1/x",
    "https://[::1]/x",
    "https://[::]/x",
    "https://[fe80::1]/x",
    "https://[fd00::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://127.0.0.1\\.example.com/x",
    "https://example.com\\@127.0.0.1/x",
    "https://user@bucket.example.com/x",
    "https://user:word@bucket.example.com/x",
    "https://bucket.example.com@127.0.0.1/x",
    "https://bucket.exam\nple.com/x",
    "https://bucket.example.com/x\r\nX: y",
    "https://bucket.example.com:x/",
    "https://１２７.０.０.１/x",
    "https://[::1/x",
]


@pytest.mark.parametrize("link", GOOD_LINKS)
@pytest.mark.parametrize("base", [PUBLIC, LOCAL])
def test_links_that_may_be_followed(link: str, base: str) -> None:
    check_result_url(link, base)


@pytest.mark.parametrize("link", BAD_LINKS)
def test_links_that_may_not(link: str) -> None:
    with pytest.raises(Refused) as caught:
        check_result_url(link, PUBLIC)
    assert "word" not in f"{caught.value} {caught.value.details}"


@pytest.mark.parametrize("link", ["http://127.0.0.1:9/x", "https://localhost/x", "http://[::1]/x"])
def test_only_a_service_on_this_machine_may_link_to_it(link: str) -> None:
    check_result_url(link, LOCAL)
    with pytest.raises(Refused):
        check_result_url(link, PUBLIC)
    with pytest.raises(Refused):
        check_result_url(link.replace("127.0.0.1", "10.0.0.1").replace("::1", "fd00::1").replace(
            "localhost", "router"), LOCAL)  # fmt: skip


@pytest.mark.parametrize(("fast", "pauses"), [(1.0, True), (1e15, False)])
def test_only_a_source_faster_than_any_network_is_paused(
    monkeypatch: pytest.MonkeyPatch, fast: float, pauses: bool
) -> None:
    """fast: above how many bytes a second."""
    body = bytes(1 << 20)
    paused: list[float] = []
    monkeypatch.setattr(http, "FAST", fast)
    monkeypatch.setattr(http, "PAUSE", 12345.0)  # told from the pauses of others
    monkeypatch.setattr(time, "sleep", paused.append)
    with Scripted([HEAR, answer(200, body)]) as server, http.new_session(server.url) as session:
        response = session.get(server.url, stream=True)
        chunks = list(http.read_chunks(response, "Any", "GET"))
    assert b"".join(chunks) == body
    assert paused.count(12345.0) == (len(chunks) if pauses else 0)
