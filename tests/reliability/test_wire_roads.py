"""The way to the service: TLS, a slow line, proxies, .netrc; and answers without an end. What comes
of it, as in test_wire.py."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests.adapters

from tests.services.scripted import HEAR, RESET, WAIT, Certificate, Scripted

from .meanings import FILES, REQUESTS, Ends, Means, expected
from .outcomes import Wrong, all_hold, caught, note
from .road import Relay, Road, Wreck
from .story import Story, differences, ending, play, some, unsettled

pytestmark = pytest.mark.timeout(600)  # hundreds of stories in a test
PLACES = [
    (service, request)
    for service, requests in REQUESTS.items()
    for request in requests
    if request != "model by key"
]
SERVICES = list(REQUESTS)


# --- TLS -----------------------------------------------------------------------------------------


RULES = """
[ca]
default_ca = all
[all]
database = list
new_certs_dir = .
policy = any
default_md = sha256
rand_serial = yes
copy_extensions = copy
[any]
commonName = supplied
"""


def expired(folder: Path) -> Certificate:
    """Good in 2020. `openssl req` makes none such; `openssl ca` does."""
    Certificate.make(folder, "127.0.0.1")
    rules = "[ca]\ndefault_ca=all\n[all]\ndatabase=list\nnew_certs_dir=.\npolicy=any\n"
    rules += (
        "default_md=sha256\nrand_serial=yes\ncopy_extensions=copy\n[any]\ncommonName=supplied\n"
    )
    (folder / "rules").write_text(rules)
    (folder / "list").touch()
    for command in (
        "req -new -key certificate.pem -subj /CN=Scripted -addext subjectAltName=IP:127.0.0.1"
        " -out asked",
        "ca -batch -notext -config rules -selfsign -keyfile certificate.pem -in asked -out given"
        " -startdate 20200101000000Z -enddate 20201231000000Z",
    ):
        run = ["openssl", *command.split()]
        subprocess.run(run, cwd=folder, check=True, capture_output=True)
    key = (folder / "certificate.pem").read_text().partition("-----BEGIN CERT")[0]
    file = folder / "expired.pem"
    file.write_text(key + (folder / "given").read_text())
    return Certificate(file)


@pytest.fixture
def safe_road(
    road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Relay]]:
    """All goes by TLS; the certificates that are accepted are the good, the expired, and the other
    host's."""
    made = {}
    for name, host in {"": "127.0.0.1", "self-signed": "127.0.0.1", "other host": "a.test"}.items():
        (tmp_path / f"for {name}").mkdir()
        made[name] = Certificate.make(tmp_path / f"for {name}", host)
    (tmp_path / "old").mkdir()
    made["expired"] = expired(tmp_path / "old")
    accepted = tmp_path / "accepted.pem"
    names = ("", "other host", "expired")
    accepted.write_text("".join(made[name].file.read_text() for name in names))
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(accepted))
    relays = {name: Relay(certificate) for name, certificate in made.items()}
    for relay in relays.values():
        relay.__enter__()
    road.secure(relays)
    yield relays
    for relay in relays.values():
        relay.__exit__()


def test_certificates(road: Road, safe_road: dict[str, Relay]) -> None:
    rows = [
        (*place, name, always)
        for place in PLACES
        for name in ("self-signed", "expired", "other host")
        for always in (False, True)
        if not always or name == "expired"
    ]
    wrong = []
    for service, request, name, always in some(rows, "tls"):
        with Story(road, service) as story:
            wrong += play(
                story,
                request,
                Wreck(road=name),
                expected(service, request, Means.NOT_SENT, always=always),
                name=f"certificate: {name}",
                taken=False,
                says="its certificate was not accepted" if request == "order" else "",
                always=always,
            )
    all_hold(wrong)


@pytest.mark.parametrize("service", SERVICES)
def test_pictures_on_a_slow_line(road: Road, safe_road: dict[str, Relay], service: str) -> None:
    """They take longer than there is time for connecting, and for a silence."""
    safe_road[""].rate = 16 << 20
    request, hurried = "upload" if service == "triverse" else "order", Wreck(timeout=(0.4, 10.0))
    with Story(road, service) as story:
        story.picture_bytes = 12 << 20
        wrong = play(story, request, hurried, Ends.GOES_ON, name="slow line", taken=True)
    all_hold(wrong)


# --- proxies, .netrc -----------------------------------------------------------------------------


def leave_lying_about(folder: Path, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    netrc = folder / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
        monkeypatch.setenv(name.lower(), proxy)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_on_this_machine_needs_no_proxy_and_netrc_is_not_read(
    road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    with Scripted() as proxy:
        leave_lying_about(tmp_path, monkeypatch, proxy.url)
        road.sandbox.requests.clear()
        name = "proxies and .netrc"
        with Story(road, service) as story:
            wrong = play(story, "order", Wreck(), Ends.GOES_ON, name=name, taken=True)
        assert proxy.heard == []
    for _method, path, headers in road.sandbox.requests:
        key = f"Bearer {road.sandbox.key}" if "/api/v" in path else None
        assert headers.get("authorization") == key
    all_hold(wrong)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(None, id="refused"),
        pytest.param([HEAR, b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"], id="407"),
        pytest.param([HEAR, b"HTTP/1.1 502 Bad Gateway\r\n\r\n"], id="502"),
        pytest.param([HEAR, RESET], id="reset"),
        pytest.param([HEAR, WAIT], id="silence"),
        pytest.param([HEAR, b"HTTP/1.1 200 OK\r\n\r\n"], id="tunnel ends"),
    ],
)
def test_a_proxy_that_does_not_let_through(
    road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str, script: Any
) -> None:
    """The request cannot have arrived, whatever the proxy says."""
    variable = "HYPER3D_BASE_URL" if service == "rodin" else "TRIVERSE_BASE_URL"
    wrong, ended = list[Wrong](), "broke off"
    with Story(road, service) as story, caught(wrong):
        at_home = story.environment[variable]
        story.environment[variable] = "https://api.example.com" + urlsplit(at_home).path
        with Scripted(*[script or []] * 20) as proxy:
            url = proxy.url
            if script is None:
                proxy.__exit__()
            leave_lying_about(tmp_path, monkeypatch, url)
            with road.spoilt("", Wreck(timeout=(0.2, 0.2)), times=None):
                story.generate()
        ended = ending(story).word
        wrong += differences(story, Ends.REFUSED, 0, "could not be reached")
        assert all(b"Bearer" not in heard.body for heard in proxy.heard)
        assert all(heard.method == "CONNECT" for heard in proxy.heard)
        story.environment[variable] = at_home
        wrong += unsettled(story)
    note("wire", service, "proxy @ order", ended, wrong=wrong)
    all_hold(wrong)


# --- without an end ------------------------------------------------------------------------------


class Spaces:
    """So many of them without being there. read: how many were asked for."""

    def __init__(self, count: int) -> None:
        self.count, self.read = count, 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(self.count)
        self.read += stop - start
        return b"{".ljust(stop - start)


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "no length"])
def test_an_answer_of_a_gigabyte(road: Road, announced: bool) -> None:
    """At most 8 MiB of an answer are read, and 10 of a picture; the rest of what the Sandbox gets
    rid of is in the sockets' buffers."""
    wrong, most = [], 0
    places = [place for place in PLACES if place[1] != "model"]
    for service, request in some(places, f"big {announced}", 4):
        spaces = Spaces(1 << 30)

        def fault(request: Any, carry_out: Any, body: Any = spaces) -> Any:
            return replace(carry_out(), body=body, length=None if announced else -1)

        means = Means.USELESS if request in FILES else Means.UNKNOWN
        wanted = expected(service, request, means, always=False)
        with Story(road, service) as story:
            wrong += play(story, request, Wreck(fault), wanted, name="1 GB", taken=True)
        most = max(most, spaces.read)
    print(f"of 1 GiB, {most / (1 << 20):.0f} MiB were taken at most")
    all_hold(wrong)
    assert most < 32 << 20


@pytest.mark.parametrize("service", SERVICES)
def test_a_model_that_is_too_big(road: Road, service: str) -> None:
    """2 GiB, announced: nothing of it is taken. Triverse has the file in another place, too."""
    spaces = Spaces(2 << 30)
    wanted = expected(service, "model", Means.USELESS, always=True)
    wreck = Wreck(lambda request, carry_out: replace(carry_out(), body=spaces))
    says = "too big" if service == "rodin" else ""
    with Story(road, service) as story:
        wrong = play(story, "model", wreck, wanted, name="2 GB", taken=True, says=says, always=True)
    all_hold(wrong)
    assert spaces.read < 16 << 20
