"""The practice service as the rest of Maquette sees it: a provider like any other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import sandbox as practice
from core.addresses import Account
from core.download import download
from core.errors import BadRequest, Gone, Offline, StorageError
from core.model import Accepted, GenerationRequest
from core.providers import get_provider
from core.providers.base import Balance, Price, ResultFile, Status
from core.providers.options import applicable, make_request
from core.providers.sandbox import PROVIDER, SandboxProvider

from .sandbox_client import png, triangles_of

PROTOCOLS = pytest.mark.parametrize("protocol", ["Rodin", "Triverse"])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "sandbox"
    practice.stop_all()


def provider(folder: Path, gate: Callable[[], None] = lambda: None) -> SandboxProvider:
    return SandboxProvider(Account("sandbox", ""), gate, folder)


def request(protocol: str, **more: Any) -> GenerationRequest:
    settings = {"protocol": protocol, "polygons": 2000, **more.pop("settings", {})}
    return make_request(PROVIDER, **{"prompt": "a bowl", **more}, settings=settings)


def at_once(folder: Path) -> None:
    practice.local(folder).seconds = 0


def fetched(service: SandboxProvider, file: ResultFile, tmp_path: Path) -> bytes:
    part = tmp_path / "part"
    part.unlink(missing_ok=True)
    for _ in download(
        file.url,
        part,
        gate=lambda: None,
        label=service.label,
        base_url=service.api.account.base_url,
        api=service.api if file.with_key else None,
    ):
        pass
    return part.read_bytes()


def test_it_is_the_first_service_and_needs_nothing() -> None:
    assert get_provider("sandbox") is PROVIDER is SandboxProvider
    assert (PROVIDER.number, PROVIDER.label) == (1, "Sandbox")
    assert PROVIDER.description == "Practice: offline, free, not AI"
    assert not PROVIDER.needs_key
    assert not PROVIDER.needs_network
    assert PROVIDER.estimate(request("Rodin")) == Price(0.0, exact=True)


@PROTOCOLS
def test_from_words_to_a_model(folder: Path, tmp_path: Path, protocol: str) -> None:
    at_once(folder)
    service, asked = provider(folder), request(protocol)
    accepted = service.submit(asked, "key-1")
    assert accepted.cost == 0
    assert accepted.ticket["protocol"] == protocol
    assert service.poll(accepted).phase == "done"
    results = service.results(accepted, asked)
    for file in results.models:
        content = fetched(service, file, tmp_path)
        assert 1900 <= triangles_of(content) <= 2000
        assert b"baseColorTexture" in content
    assert results.preview
    assert fetched(service, results.preview, tmp_path).startswith(b"\x89PNG")


@PROTOCOLS
def test_from_a_picture_to_a_model(folder: Path, tmp_path: Path, protocol: str) -> None:
    at_once(folder)
    picture = tmp_path / "picture.png"
    picture.write_bytes(png(8, 4))
    service = provider(folder)
    # A prompt beside a picture is no reason to refuse, whatever the protocol takes.
    asked = request(protocol, pictures=[str(picture)], prompt="ignored")
    accepted = service.submit(asked, "key-1")
    content = fetched(service, service.results(accepted, asked).models[0], tmp_path)
    assert picture.read_bytes() in content
    picture.unlink()
    with pytest.raises(BadRequest):
        service.submit(asked, "key-2")


@PROTOCOLS
def test_a_job_outlives_its_server(folder: Path, tmp_path: Path, protocol: str) -> None:
    at_once(folder)
    asked = request(protocol)
    accepted = provider(folder).submit(asked, "key-1")
    practice.stop_all()
    # As after a restart of Blender: another server with another key on other ports.
    later = provider(folder)
    assert later.poll(accepted) == Status("done", share=later.poll(accepted).share)
    results = later.results(accepted, asked)
    practice.stop_all()
    practice.local(folder)
    again = later.results(accepted, asked)
    assert again.models[0].url != results.models[0].url
    assert fetched(later, again.models[0], tmp_path).startswith(b"glTF")
    assert accepted.base_url != later.api.account.base_url


@PROTOCOLS
def test_it_waits_then_works_then_is_done(folder: Path, protocol: str) -> None:
    now = [1_800_000_000.0]
    sandbox = practice.local(folder)
    sandbox.clock = sandbox.jobs.clock = lambda: now[0]
    sandbox.seconds = 100
    service = provider(folder)
    accepted = service.submit(request(protocol), "key-1")
    phases = []
    for _ in range(21):
        phases.append(service.poll(accepted).phase)
        now[0] += 5
    assert list(dict.fromkeys(phases)) == ["waiting", "working", "done"]


def test_options_reach_the_model(folder: Path, tmp_path: Path) -> None:
    at_once(folder)
    service = provider(folder)
    made = []
    for settings in ({"seed": 1}, {"seed": 1}, {"seed": 2}, {"seed": 1, "box": (10, 30, 10)}):
        asked = request("Rodin", settings=settings)
        accepted = service.submit(asked, "key")
        made.append(fetched(service, service.results(accepted, asked).models[0], tmp_path))
    assert made[0] == made[1]
    assert len(set(made)) == 3


def test_what_a_protocol_does_not_take_is_said() -> None:
    for settings in ({"seed": 1}, {"box": (1, 1, 1)}):
        with pytest.raises(BadRequest, match="Triverse takes no"):
            request("Triverse", settings=settings)
    with pytest.raises(BadRequest, match="too short"):
        request("Triverse", prompt="ab")
    with pytest.raises(BadRequest, match="outside its range"):
        request("Triverse", settings={"polygons": 999})
    assert request("Rodin", prompt="ab", settings={"polygons": 500}).prompt == "ab"
    form = {"protocol": "Triverse", "polygons": 1000, "seed": 3, "box": (0, 0, 0)}
    assert set(applicable(PROVIDER, form, 0)) == {"protocol", "polygons"}


def test_every_new_request_has_a_seed_of_its_own() -> None:
    seeds = {request("Rodin").options["seed"] for _ in range(20)}
    assert len(seeds) > 10


def test_credits_never_run_out(folder: Path) -> None:
    service = provider(folder)
    for number in range(12):
        service.submit(request("Triverse", prompt=f"bowl {number}"), f"key-{number}")
        practice.local(folder).triverse.parallel_limit += 1
    assert service.balance() == Balance(1000)


def test_a_job_it_does_not_know(folder: Path) -> None:
    for protocol, ticket in (("Rodin", {"subscription_key": "a.b.c"}), ("Triverse", {})):
        lost = Accepted("0" * 8, {**ticket, "protocol": protocol}, "http://127.0.0.1:1/x")
        with pytest.raises(Gone, match="does not know"):
            provider(folder).poll(lost)


def test_the_gate_is_asked(folder: Path) -> None:
    def closed() -> None:
        raise Offline("no")

    with pytest.raises(Offline):
        provider(folder, closed).balance()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        provider(tmp_path / "file" / "sandbox").balance()
    practice.stop_all()


def test_looking_at_it_starts_nothing(folder: Path) -> None:
    before = threading.enumerate()
    provider(folder)
    PROVIDER.check(request("Rodin"))
    assert threading.enumerate() == before
    assert not folder.exists()
