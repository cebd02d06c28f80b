"""What a service is to Maquette: its facts as values, and the few things it can be asked.

A provider is one file in this folder with a module constant `PROVIDER`, the class. Panels, the
command line and the checks of options.py are all made from what that class declares; nothing else
has to be edited for a new one. Providers do the talking only: they never see worker, ledger or
queue, hold no state between calls and may be called from any thread.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple
from urllib.parse import urlsplit

from ..addresses import Account, check_base_url
from ..errors import SetupError
from ..language import either, say
from ..model import Accepted, GenerationRequest
from .options import Option


class Capabilities(NamedTuple):
    """What can be sent. pictures_max 0: text only. prompt limits are in characters and hold when
    a prompt is sent; prompt_max is the service's documented limit or our own, said in the message.
    uploads: pictures go up one by one before the submit, by `Provider.upload`.
    prompt_only_names: beside pictures, the prompt shapes nothing."""

    text: bool = True
    pictures_max: int = 1
    negative_prompt: bool = False
    negative_prompt_with_pictures: bool = False
    prompt_with_pictures: bool = True
    prompt_only_names: bool = False
    prompt_min: int = 1
    prompt_max: int = 2000
    uploads: bool = False


@dataclass(frozen=True)
class Pacing:
    """Seconds between polls, used by `core/pace.py`.

    first: until the first poll, which tells of a queue or a refusal, and until the first retry.
    near: when it is known how long such jobs take, and the end may come. While it is not known:
    soonest, from the start to when an end is likely; unsure, between polls from then on.
    longest: of any wait; growth: of those after trouble, each to the next.
    apart: from one poll to the next, over all jobs of the service, on average.
    """

    first: float = 5.0
    near: float = 3.75
    soonest: float = 20.0
    unsure: float = 4.5
    longest: float = 20.0
    growth: float = 1.25
    apart: float = 0.6


class Price(NamedTuple):
    """credits: what one submit costs. exact: told by the service for these settings; otherwise
    read off its price list by us and said to be an estimate."""

    credits: float
    exact: bool = False


class Balance(NamedTuple):
    """credits to spend; frozen: held for running jobs, or None where the service does not say."""

    credits: float
    frozen: float | None = None


class Status(NamedTuple):
    """An answer to a poll. phase "done" means: results can be asked for. share: 0..1 or None."""

    phase: Literal["waiting", "working", "done"]
    share: float | None = None
    queue_position: int | None = None
    queue_seconds: float | None = None


class ResultFile(NamedTuple):
    """A file to fetch. url: absolute, signed (a secret: never shown). If `with_key` is set, it is
    a path on the service's own API and is fetched with the key, from nowhere else."""

    url: str
    name: str = ""
    with_key: bool = False

    def __repr__(self) -> str:
        return f"ResultFile(name={self.name!r}, with_key={self.with_key})"


class Results(NamedTuple):
    """models: candidates for the one model wanted, best first; the next is tried when one is not
    to be had. preview: a picture, or None. warning: what the user should know ("one part of the
    job failed"). about: more for task.json (a prompt the service wrote), no secrets."""

    models: tuple[ResultFile, ...]
    preview: ResultFile | None = None
    warning: str = ""
    about: Mapping[str, str] = {}


class Provider(ABC):
    """One service. Instances are cheap: make one per job.

    number: the enum number stored in .blend files, never reused. key_variables, url_variable:
    environment variables looked at before the stored ones, in order. repeatable: a repeated submit
    under the same key is not charged twice. needs_network: False lets it run while Blender is
    offline. folder: a private folder for this provider, may not exist yet. What is declared for
    the user is English, and translated where it is shown; names of services stay.
    """

    id: ClassVar[str]
    number: ClassVar[int]
    label: ClassVar[str]
    description: ClassVar[str]
    website: ClassVar[str] = ""
    sends: ClassVar[str] = ""  # one line for the user: what is sent; {host} stands for where to
    needs_key: ClassVar[bool] = True
    needs_network: ClassVar[bool] = True
    key_variables: ClassVar[tuple[str, ...]] = ()
    url_variable: ClassVar[str] = ""
    default_url: ClassVar[str] = ""
    repeatable: ClassVar[bool] = False
    pacing: ClassVar[Pacing] = Pacing()
    capabilities: ClassVar[Capabilities] = Capabilities()
    options: ClassVar[tuple[Option, ...]] = ()

    def __init__(self, account: Account, gate: Callable[[], None], folder: Path) -> None:
        """gate: called before every request; raises Offline when none may be made."""
        # With what talks over the network, which only the threads that do so need.
        from ..http import Api

        self.api = Api(account, gate, self.label)
        self.folder = folder

    # Without the network; the panel may call these while drawing.

    @classmethod
    def check(cls, request: GenerationRequest) -> None:
        """Raise BadRequest for what this service is known to refuse, beyond `make_request`."""
        return None

    @classmethod
    def kind_of(cls, request: GenerationRequest) -> str:
        """Tasks of one kind take about the same time; estimates are learned per kind."""
        return ""

    @classmethod
    def estimate(cls, request: GenerationRequest) -> Price | None:
        """The price by the published list, or None where there is none."""
        return None

    # With the network: one or few requests each, never a wait.
    # Errors of all: Offline, Unreachable, NoAnswer, Busy, Refused, SetupError.

    def upload(self, picture: Path) -> str:
        """Send one PNG; returns the service's name for it. Only if `capabilities.uploads`."""
        raise NotImplementedError(f"{self.label} takes pictures with the submit")

    @abstractmethod
    def submit(
        self, request: GenerationRequest, submit_key: str, uploads: Sequence[str] = ()
    ) -> Accepted:
        """Order the job: the one paid request. NoAnswer means it may have been taken."""

    @abstractmethod
    def poll(self, accepted: Accepted) -> Status:
        """Ask once. Errors besides: JobFailed, Gone. An unknown status word is not an end."""

    @abstractmethod
    def results(self, accepted: Accepted, request: GenerationRequest) -> Results:
        """Fresh links to what was made. Errors besides: Gone, JobFailed (finished, no files)."""

    @abstractmethod
    def balance(self) -> Balance: ...

    def quote(self, request: GenerationRequest) -> Price | None:
        """The price as the service tells it; costs nothing. None: it cannot be asked."""
        return self.estimate(request)

    # For the provider's own use, before it asks. Errors: SetupError.

    def _need_key(self) -> None:
        if self.needs_key and not self.api.account.key:
            raise no_key(type(self))

    def _need_same_place(self, accepted: Accepted) -> None:
        """The key of one host is never sent together with the ticket of another."""
        here = check_base_url(self.api.account.base_url, self.label)
        if accepted.base_url == here:
            return
        there, now = _place(accepted.base_url), _place(here)
        raise SetupError(
            say(
                "This job was started at {there}, and the service URL now leads to {here}.",
                there=there,
                here=now,
            )
            if there
            else say(
                "This job was started at an unknown place, and the service URL now leads to"
                " {here}.",
                here=now,
            ),
            say("Set the service URL back in the add-on's preferences to go on with it."),
        )


def no_key(provider: type[Provider]) -> SetupError:
    return SetupError(
        say("{service} needs a key.", service=provider.label),
        say(
            "Enter yours in the add-on's preferences, or set {names} before Blender starts.",
            names=either(provider.key_variables),
        ),
    )


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"


# --- reading a service's answers ------------------------------------------------------------


def number(value: object) -> float | None:
    """A JSON number (or a number in a string) as float, anything else as None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if result == result and abs(result) != float("inf") else None


def text(value: object, limit: int = 300) -> str:
    """A server's text made fit to be shown: a string of printable characters, cut to `limit`."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in str(value or "")).split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
