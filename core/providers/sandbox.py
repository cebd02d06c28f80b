"""The built-in practice service: on this machine, without key, network or cost, and not AI.

It is spoken to by the real providers' code, in either service's protocol, so that practising shows
what will happen for real. Its server starts with the first use and stops by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from .. import sandbox
from ..addresses import Account
from ..errors import BadRequest
from ..language import mark, say
from ..model import Accepted, GenerationRequest, OptionValue
from ..storage import storage_error
from .base import Balance, Capabilities, Pacing, Price, Provider, Results, Status
from .options import Choice, Draft, Option, make_request, too_short
from .rodin import Rodin
from .triverse import Triverse

RODIN, TRIVERSE = "Rodin", "Triverse"


def _rodin_only(otherwise: str) -> Callable[[Draft], str]:
    return lambda draft: "" if draft["protocol"] == RODIN else say(otherwise)


class _Rodin(Rodin):
    label = "Sandbox"


class _Triverse(Triverse):
    label = "Sandbox"


class SandboxProvider(Provider):
    id = "sandbox"
    number = 1
    label = "Sandbox"
    description = "Practice: offline, free, not AI"
    sends = "Nothing leaves this computer"
    needs_key = False
    needs_network = False
    repeatable = False
    pacing = Pacing(first=0.5, near=0.3, soonest=0.5, unsure=0.4, longest=1.0, apart=0.0)
    capabilities = Capabilities(pictures_max=1, prompt_only_names=True, prompt_max=2000)
    options = (
        Option(
            name="protocol",
            label="Protocol",
            kind="choice",
            default=RODIN,
            description="The service whose protocol is spoken, to practise with it",
            choices=(
                Choice(RODIN, "Hyper3D Rodin", 1, "Prompt and pictures in one request"),
                Choice(TRIVERSE, "Triverse", 2, "Pictures go up first; credits are held"),
            ),
        ),
        Option(
            name="polygons",
            label="Polygons",
            kind="int",
            default=20_000,
            minimum=500,
            maximum=500_000,
            # Triverse's least is 1,000.
            limits=lambda draft: (500 if draft["protocol"] == RODIN else 1_000, 500_000),
            description="Number of triangles to aim for",
        ),
        Option(
            name="seed",
            label="Seed",
            kind="int",
            default=-1,
            unset=-1,
            minimum=0,
            maximum=65_535,
            random=(0, 65_535),
            description="The same prompt and seed give the same model; -1: a new one each time",
            applies=_rodin_only(mark("Triverse takes no seed")),
        ),
        Option(
            name="box",
            label="Proportions",
            kind="ints",
            default=(0, 0, 0),
            unset=(0, 0, 0),
            size=3,
            minimum=1,
            maximum=300,
            description="Width, height and depth of the box the model should fill; only proportions"
            " matter. 0, 0, 0: free",
            applies=_rodin_only(mark("Triverse takes no proportions")),
        ),
    )

    def __init__(self, account: Account, gate: Callable[[], None], folder: Path) -> None:
        super().__init__(account, gate, folder)
        self._gate = gate

    @classmethod
    def check(cls, request: GenerationRequest) -> None:
        least = Triverse.capabilities.prompt_min
        if _protocol(request) == TRIVERSE and not request.pictures and len(request.prompt) < least:
            raise too_short(Triverse.label, least)

    @classmethod
    def estimate(cls, request: GenerationRequest) -> Price:
        return Price(0.0, exact=True)

    def submit(
        self, request: GenerationRequest, submit_key: str, uploads: Sequence[str] = ()
    ) -> Accepted:
        protocol = _protocol(request)
        service = self._service(protocol)
        asked = _translated(request, type(service))
        # Within the submit: only one of the two protocols has uploads.
        uploads = [_uploaded(service, picture) for picture in asked.pictures]
        accepted = service.submit(asked, submit_key, uploads)
        ticket = {**accepted.ticket, "protocol": protocol}
        return replace(accepted, ticket=ticket, cost=0.0, first_poll=self.pacing.first)

    def poll(self, accepted: Accepted) -> Status:
        service = self._service_of(accepted)
        return service.poll(_at(accepted, service))

    def results(self, accepted: Accepted, request: GenerationRequest) -> Results:
        service = self._service_of(accepted)
        return service.results(_at(accepted, service), _translated(request, type(service)))

    def balance(self) -> Balance:
        """Practice credits, which fill up by themselves."""
        return self._service(RODIN).balance()

    def _service_of(self, accepted: Accepted) -> Provider:
        return self._service(accepted.ticket.get("protocol", RODIN))

    def _service(self, protocol: str) -> Provider:
        """A provider for the running Sandbox; starts it. Errors: StorageError."""
        try:
            local = sandbox.local(self.folder)
        except OSError as error:
            raise storage_error(error, self.folder / "jobs") from error
        kind: type[Provider] = _Triverse if protocol == TRIVERSE else _Rodin
        url = local.triverse_url if protocol == TRIVERSE else local.rodin_url
        service = kind(Account(self.id, url, local.key), self._gate, self.folder)
        # Files that are fetched with the key are fetched through this.
        self.api = service.api
        return service


def _protocol(request: GenerationRequest) -> str:
    return str(request.options.get("protocol", RODIN))


def _at(accepted: Accepted, service: Provider) -> Accepted:
    """The same job at the Sandbox's present address: its ports change with each start."""
    return replace(accepted, base_url=service.api.account.base_url)


def _uploaded(service: Provider, picture: str) -> str:
    if not service.capabilities.uploads:
        return ""
    try:
        return service.upload(Path(picture))
    except OSError as error:
        raise BadRequest(
            say("The prepared picture is gone."),
            say("Generate again."),
            details=str(error.strerror),
        ) from error


def _translated(request: GenerationRequest, kind: type[Provider]) -> GenerationRequest:
    """The request as the service whose protocol is spoken would get it. Errors: BadRequest."""
    polygons = request.options.get("polygons", 20_000)
    settings: dict[str, OptionValue]
    prompt = request.prompt
    if issubclass(kind, Triverse):
        settings = {"output": "model", "polygon_limit": polygons}
        if request.pictures:
            prompt = ""  # not taken beside a picture, which decides here anyway
    else:
        # Of Rodin's tiers the one with the widest choice of faces.
        settings = {"tier": "Gen-2", "mesh_mode": "Raw", "quality_override": polygons}
        for ours, theirs in (("seed", "seed"), ("box", "bbox_condition")):
            if ours in request.options:
                settings[theirs] = request.options[ours]
    return make_request(kind, prompt=prompt, pictures=request.pictures, settings=settings)


PROVIDER = SandboxProvider
