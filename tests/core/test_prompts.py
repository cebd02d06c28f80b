"""Prompts as people write them, by every service: sent as they are, or refused with a sentence."""

from pathlib import Path

import pytest

from core.addresses import Account
from core.errors import BadRequest
from core.model import GenerationRequest
from core.providers import all_providers, get_provider
from core.providers.options import make_request
from core.sandbox.server import Sandbox

EVERY = [provider.id for provider in all_providers()]
PAID = ["rodin", "triverse"]
ODD = {
    "emoji": "a 🦊 with a 👩‍🚀 helmet",
    "right to left": "إبريق شاي أحمر",
    "mixed directions": "כוס tea \u200fכחולה",
    "combining": "Zoë’s cafe\u0301 table",
    "quotes and braces": """a "chair" for {name} & 'co' <b>""",
}


@pytest.mark.parametrize("service", EVERY)
@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", "\x00\x07"])
def test_nothing_to_go_by(service: str, prompt: str) -> None:
    with pytest.raises(BadRequest, match="nothing to make a model from"):
        make_request(get_provider(service), prompt=prompt)


def test_too_short_for_triverse() -> None:
    with pytest.raises(BadRequest, match="too short") as caught:
        make_request(get_provider("triverse"), prompt="ab")
    assert "3 characters" in caught.value.advice


@pytest.mark.parametrize("service", EVERY)
def test_ten_thousand_characters_are_refused_with_both_numbers(service: str) -> None:
    provider = get_provider(service)
    with pytest.raises(BadRequest, match="10,000 characters") as caught:
        make_request(provider, prompt="x" * 10_000)
    assert f"{provider.capabilities.prompt_max:,}" in caught.value.advice
    make_request(provider, prompt="x" * provider.capabilities.prompt_max)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("service", PAID)
def test_the_service_gets_it_as_it_was_typed(service: str, name: str, tmp_path: Path) -> None:
    got: list[str] = []

    def look(request, carry_out):
        if service == "rodin":
            got.extend(part.text for part in request.parts() or [] if part.name == "prompt")
        else:
            got.append(request.json()["prompt"])

    provider = get_provider(service)
    with Sandbox(tmp_path, seconds=0) as sandbox:
        sandbox.intercept = look
        url = sandbox.rodin_url if service == "rodin" else sandbox.triverse_url
        account = Account(service, url, sandbox.key)
        request = make_request(provider, prompt=ODD[name])
        assert provider(account, lambda: None, tmp_path).submit(request, "key-1").job_id
    assert got == [ODD[name]]


def test_a_pasted_text_loses_line_breaks_and_control_characters_only() -> None:
    request = make_request(get_provider("sandbox"), prompt=" a red\r\nchair\x00,\tsmall ")
    assert request.prompt == "a red chair , small"


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("🦊", "model"),
        ("إبريق", "model"),
        ("Théière / ..\\ <x>", "theiere-x"),
        ("", "model-from-picture"),
    ],
)
def test_folder_names_are_tame(prompt: str, slug: str) -> None:
    assert GenerationRequest("sandbox", prompt, pictures=("1.png",)).slug == slug
