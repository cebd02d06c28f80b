"""Options as values, and the one way from a form's settings to a request.

Panels, the command line and the checks are all made from these values.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..errors import BadRequest
from ..language import either, mark, say
from ..model import GenerationRequest, OptionValue

if TYPE_CHECKING:
    from .base import Capabilities, Provider


class Choice(NamedTuple):
    """One value of a choice option. `number` is stored in .blend files: never reuse or change."""

    value: str
    label: str
    number: int
    description: str = ""


@dataclass(frozen=True)
class Draft:
    """The settings under the user's hands: what an option's rules may look at."""

    options: Mapping[str, OptionValue]
    pictures: int = 0

    def __getitem__(self, name: str) -> OptionValue:
        return self.options[name]


Kind = Literal["bool", "int", "choice", "text", "ints"]


def _always(draft: Draft) -> str:
    return ""


class Option(NamedTuple):
    """One setting of a service, as a value.

    name: the service's own field name. unset: the value that means "not sent" (None: always sent
    where it applies). minimum/maximum: inclusive, for int and each of ints; `limits` narrows them
    by the other settings. size: length of ints. applies: "" or, in the user's language, why it has
    no effect with the other settings; such an option is greyed and not sent. subtype: a hint for
    drawing. random: the value `unset` is replaced by a drawn one when the request is made, so that
    the request can be repeated.
    """

    name: str
    label: str
    kind: Kind
    default: OptionValue
    description: str = ""
    choices: tuple[Choice, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    limits: Callable[[Draft], tuple[int, int]] | None = None
    size: int = 0
    max_length: int = 0
    unset: OptionValue | None = None
    random: tuple[int, int] | None = None
    applies: Callable[[Draft], str] = _always

    def bounds(self, draft: Draft) -> tuple[int | None, int | None]:
        return self.limits(draft) if self.limits else (self.minimum, self.maximum)

    def check(self, value: OptionValue, draft: Draft) -> OptionValue:
        """The value in its proper type. Errors: BadRequest, naming the range or the choices."""
        label = say(self.label)
        match self.kind:
            case "bool":
                if isinstance(value, bool):
                    return value
                raise BadRequest(say("{label} must be on or off.", label=label))
            case "choice":
                if value in (values := [c.value for c in self.choices]):
                    return value
                raise BadRequest(
                    say("{label} cannot be {value!r}.", label=label, value=value),
                    say("Use {values}.", values=either(values)),
                )
            case "text":
                if isinstance(value, str) and (
                    not self.max_length or len(value) <= self.max_length
                ):
                    return value
                raise BadRequest(
                    say(
                        "{label} must be text of up to {count} characters.",
                        label=label,
                        count=self.max_length,
                    )
                )
            case "int":
                return self._whole_number(value, draft)
            case "ints":
                if isinstance(value, (tuple, list)) and len(value) == self.size:
                    return tuple(self._whole_number(v, draft) for v in value)
                raise BadRequest(
                    say("{label} needs {count} whole numbers.", label=label, count=self.size)
                )

    def _whole_number(self, value: object, draft: Draft) -> int:
        low, high = self.bounds(draft)
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadRequest(say("{label} must be a whole number.", label=say(self.label)))
        if (low is not None and value < low) or (high is not None and value > high):
            raise BadRequest(
                say("{label} is {value:,}, outside its range.", label=say(self.label), value=value),
                say("Use {low:,} to {high:,} with these settings.", low=low, high=high),
            )
        return value


def defaults(provider: type[Provider]) -> dict[str, OptionValue]:
    return {option.name: option.default for option in provider.options}


def applicable(
    provider: type[Provider], settings: Mapping[str, OptionValue], pictures: int
) -> dict[str, OptionValue]:
    """The settings without those that have no effect beside the others. For forms."""
    draft = Draft({**defaults(provider), **settings}, pictures)
    names = {option.name for option in provider.options if not option.applies(draft)}
    return {name: value for name, value in settings.items() if name in names}


def same_price(one: GenerationRequest, other: GenerationRequest, provider: type[Provider]) -> bool:
    """Does a quote for one hold for the other? Prompts are not priced, nor are drawn numbers."""

    def priced(request: GenerationRequest) -> tuple[str, int, dict[str, OptionValue]]:
        drawn = {option.name for option in provider.options if option.random}
        options = {k: v for k, v in request.options.items() if k not in drawn}
        return request.provider, len(request.pictures), options

    return priced(one) == priced(other)


def make_request(
    provider: type[Provider],
    *,
    prompt: str = "",
    negative_prompt: str = "",
    pictures: Sequence[str] = (),
    settings: Mapping[str, OptionValue] | None = None,
) -> GenerationRequest:
    """Check everything and freeze it. Options not named in `settings` take their defaults.

    Errors: BadRequest: a sentence about the first thing that is wrong; nothing is dropped silently.
    """
    settings = dict(settings or {})
    prompt, negative_prompt = _clean(prompt), _clean(negative_prompt)
    _check_inputs(provider.capabilities, provider.label, prompt, negative_prompt, len(pictures))

    known = {option.name: option for option in provider.options}
    for name in settings:
        if name not in known:
            raise BadRequest(
                say("{service} has no option {name!r}.", service=provider.label, name=name),
                say("It has {names}.", names=either(list(known))),
            )
    draft = Draft({**defaults(provider), **settings}, len(pictures))
    options: dict[str, OptionValue] = {}
    for name, option in known.items():
        value = draft[name]
        if reason := option.applies(draft):
            if name in settings and value not in (option.unset, option.default):
                label = say(option.label)
                raise BadRequest(
                    say("{label} cannot be used here: {reason}.", label=label, reason=reason)
                )
            continue
        if option.unset is not None and value == option.unset:
            if option.random:
                options[name] = random.randint(*option.random)
            continue
        options[name] = option.check(value, draft)
    request = GenerationRequest(provider.id, prompt, negative_prompt, tuple(pictures), options)
    provider.check(request)
    return request


def _check_inputs(
    can: Capabilities, service: str, prompt: str, negative_prompt: str, pictures: int
) -> None:
    if pictures > can.pictures_max:
        raise BadRequest(
            _too_many(service, can.pictures_max, pictures),
            say("Remove some pictures from the list."),
        )
    if not pictures:
        if not can.text:
            raise BadRequest(
                say("{service} needs a picture.", service=service), say("Add one to the list.")
            )
        if not prompt:
            raise BadRequest(
                say("There is nothing to make a model from."),
                say("Type a prompt or add a picture.")
                if can.pictures_max
                else say("Type a prompt."),
            )
    if prompt and pictures and not can.prompt_with_pictures:
        raise BadRequest(
            say("{service} takes a prompt or a picture, not both.", service=service),
            say("Clear one of the two."),
        )
    if prompt and len(prompt) < can.prompt_min:
        raise too_short(service, can.prompt_min)
    for text, too_long in (
        (prompt, mark("The prompt is too long: {count:,} characters.")),
        (negative_prompt, mark("The negative prompt is too long: {count:,} characters.")),
    ):
        if len(text) > can.prompt_max:
            raise BadRequest(
                say(too_long, count=len(text)),
                say(
                    "{service} is sent at most {limit:,}; shorten it.",
                    service=service,
                    limit=can.prompt_max,
                ),
            )
    if negative_prompt:
        if not can.negative_prompt:
            raise BadRequest(
                say("{service} takes no negative prompt.", service=service), say("Clear it.")
            )
        if pictures and not can.negative_prompt_with_pictures:
            raise BadRequest(
                say("{service} takes a negative prompt with text only.", service=service),
                say("Clear it or the pictures."),
            )


def too_short(service: str, least: int) -> BadRequest:
    return BadRequest(
        say("The prompt is too short for {service}.", service=service),
        say("Type at least {count} characters.", count=least),
    )


def _too_many(service: str, limit: int, count: int) -> str:
    match limit:
        case 0:
            return say(
                "{service} takes no pictures at most, not {count}.", service=service, count=count
            )
        case 1:
            return say(
                "{service} takes 1 picture at most, not {count}.", service=service, count=count
            )
    return say(
        "{service} takes {limit} pictures at most, not {count}.",
        service=service,
        limit=limit,
        count=count,
    )


def _clean(text: str) -> str:
    """Without control characters (a pasted NUL or newline breaks forms); all scripts kept."""
    return " ".join("".join(c if c.isprintable() else _spare(c) for c in text).split())


def _spare(character: str) -> str:
    # Joiners and direction marks are unprintable to Python but carry meaning in Arabic or emoji.
    return character if character in "\u200c\u200d\u200e\u200f\u2066\u2067\u2068\u2069" else " "
