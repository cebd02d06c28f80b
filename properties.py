"""What the form holds: `Scene.maquette`. It belongs to the .blend and follows undo.

One group of options per service is made from what its provider declares, so a new provider needs
nothing here. There are no update callbacks: nothing happens while somebody types.
Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    IntProperty,
    IntVectorProperty,
    PointerProperty,
    StringProperty,
)

from . import translations
from .core import language
from .core.errors import BadRequest
from .core.language import say
from .core.model import GenerationRequest, OptionValue
from .core.providers import all_providers, get_provider
from .core.providers.base import Provider
from .core.providers.options import Draft, Option, applicable, make_request

# Blender 4.5 and newer want to be told that `//` is understood.
RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5) else set()

# A context member, set while a dialog is drawn and for what is pressed in it: "=" and its one
# picture (the path of a file or the name of an image), or "=" alone if it sends none: Blender takes
# an empty string for no member at all.
DIALOG_PICTURE = "maquette_picture"


def _property(option: Option) -> Any:
    """The Blender property for an option. Ranges are soft: what is typed beyond them stays, and is
    refused in words when it is used, since the true range may depend on the other settings."""
    common: dict[str, Any] = {
        "name": option.label,
        "description": option.description.rstrip("."),
        "options": set(),  # not for animation
        "translation_context": translations.CONTEXT,
    }
    match option.kind:
        case "bool":
            return BoolProperty(default=option.default, **common)
        case "choice":
            items = tuple((c.value, c.label, c.description, c.number) for c in option.choices)
            return EnumProperty(items=items, default=option.default, **common)
        case "text":
            return StringProperty(default=option.default, **common)
        case "int":
            return IntProperty(default=option.default, **_soft_range(option), **common)
        case "ints":
            return IntVectorProperty(
                size=option.size, default=option.default, **_soft_range(option), **common
            )


def _soft_range(option: Option) -> dict[str, int]:
    """With the value that stands for "not sent", which may lie outside what can be sent."""
    unset = option.unset if isinstance(option.unset, tuple) else (option.unset,)
    extra = [value for value in unset if isinstance(value, int)]
    ends: dict[str, int] = {}
    if option.minimum is not None:
        ends["soft_min"] = min(option.minimum, *extra) if extra else option.minimum
    if option.maximum is not None:
        ends["soft_max"] = max(option.maximum, *extra) if extra else option.maximum
    return ends


def _options_group(provider: type[Provider]) -> type[bpy.types.PropertyGroup]:
    return type(
        f"MaquetteOptions_{provider.id}",
        (bpy.types.PropertyGroup,),
        {
            "__annotations__": {option.name: _property(option) for option in provider.options},
        },
    )


_GROUPS = {provider.id: _options_group(provider) for provider in all_providers()}

# Blender takes in the annotations of base classes, too; made like this because a class body cannot
# add to its own annotations from Python 3.14 on (PEP 649).
_Options = type(
    "_Options",
    (),
    {
        "__annotations__": {
            f"options_{provider_id}": PointerProperty(type=group)
            for provider_id, group in _GROUPS.items()
        }
    },
)


class MaquettePicture(bpy.types.PropertyGroup):
    """One picture of the list. filepath: absolute, or relative to the .blend with `//`."""

    filepath: StringProperty(
        name="Picture", description="The picture's file", subtype="FILE_PATH", options=RELATIVE
    )
    label: StringProperty(name="Name", description="How the list calls it", options=set())


class Checked(NamedTuple):
    """priced: what would be ordered, to price it; None if nothing can be. problem: "" or what is
    wrong with what was filled in."""

    priced: GenerationRequest | None
    problem: str


_checked: dict[tuple[object, ...], Checked] = {}  # by all it depends on
CHECKED = 16  # kept: the sidebar's and a dialog's, of some scenes


class MaquetteSettings(_Options, bpy.types.PropertyGroup):
    """The form. `prompt` has no length limit here: a service's own is checked when it is used."""

    service: EnumProperty(
        name="Service",
        description="Who makes the model",
        # Static, with numbers that are never used again: .blend files store the number.
        items=tuple((p.id, p.label, p.description, p.number) for p in all_providers()),
        default=all_providers()[0].id,  # the lowest number: the built-in Sandbox
        options=set(),
    )
    prompt: StringProperty(
        name="Prompt", description="What to make, in words", maxlen=0, options=set()
    )
    negative_prompt: StringProperty(
        name="Negative Prompt", description="What to leave out, in words", maxlen=0, options=set()
    )
    pictures: CollectionProperty(type=MaquettePicture, name="Pictures", options=set())
    active_picture: IntProperty(name="Picture", default=0, min=0, options=set())

    @property
    def provider(self) -> type[Provider]:
        """Errors: BadRequest, if the file was saved with a service that is not there now."""
        return get_provider(self.service)

    @property
    def options(self) -> bpy.types.PropertyGroup:
        """The group of the chosen service."""
        return getattr(self, f"options_{self.provider.id}")

    def option_values(self) -> dict[str, OptionValue]:
        """All settings of the chosen service, copied out, by the service's field names."""
        group = self.options
        return {o.name: _value(o, getattr(group, o.name)) for o in self.provider.options}

    def draft(self) -> Draft:
        return Draft(self.option_values(), len(self.pictures))

    def negative_prompt_unused(self, pictures: Sequence[str] | None = None) -> str:
        """ "" or why the negative prompt is not sent as things are. pictures: the paths of what
        would be sent; None: of those in the list."""
        can = self.provider.capabilities
        pictures = self._paths() if pictures is None else pictures
        if not can.negative_prompt:
            return say("{service} takes none", service=self.provider.label)
        if pictures and not can.negative_prompt_with_pictures:
            return say("{service} takes it only without pictures", service=self.provider.label)
        return ""

    def request(self, pictures: Sequence[str]) -> GenerationRequest:
        """Everything copied out, checked and frozen: the last line that needs Blender.

        pictures: the prepared PNGs, or whatever stands in for them. What the panel shows as unused
        is left out. Errors: BadRequest, a sentence about the first thing that is wrong.
        """
        unused = self.negative_prompt_unused(pictures)
        return make_request(
            self.provider,
            prompt=self.prompt,
            negative_prompt="" if unused else self.negative_prompt,
            pictures=pictures,
            settings=applicable(self.provider, self.option_values(), len(pictures)),
        )

    def priced_request(self, pictures: Sequence[str]) -> GenerationRequest:
        """What would be ordered, to price it. While nothing is typed, any prompt stands in for it.
        Errors: BadRequest."""
        if pictures or self.prompt.strip() or not self.provider.capabilities.text:
            return self.request(pictures)
        options = applicable(self.provider, self.option_values(), 0)
        return make_request(self.provider, prompt="model", settings=options)

    def checked(self, pictures: Sequence[str] | None = None) -> Checked:
        """What panels and buttons ask whenever they are drawn: made anew when something of it has
        changed. Looks at no files. pictures: the paths of what would be sent; None: of those in the
        list."""
        pictures = self._paths() if pictures is None else pictures
        try:
            settings = tuple(self.option_values().values())
        except BadRequest as error:  # a service that is not there
            return Checked(None, str(error))
        words = self.service, self.prompt, self.negative_prompt
        form = (*words, tuple(pictures), settings, language.changes)
        if form not in _checked:
            if len(_checked) >= CHECKED:
                _checked.clear()
            _checked[form] = self._check(pictures)
        return _checked[form]

    def _check(self, pictures: Sequence[str]) -> Checked:
        priced, problem = None, ""
        with suppress(BadRequest):
            priced = self.priced_request(pictures)
        try:
            self.request(pictures)
        except BadRequest as error:
            problem = str(error)
        return Checked(priced, problem)

    def _paths(self) -> list[str]:
        return [picture.filepath for picture in self.pictures]


def _value(option: Option, value: Any) -> OptionValue:
    return tuple(value) if option.kind == "ints" else value


def get(context: bpy.types.Context) -> MaquetteSettings:
    return context.scene.maquette


def pictures(context: bpy.types.Context) -> list[str]:
    """What would be sent along from where this is asked: a dialog's own picture, else the list."""
    own = getattr(context, DIALOG_PICTURE, None)
    if own is not None:
        return [own[1:]] if own[1:] else []
    return [picture.filepath for picture in get(context).pictures]


CLASSES: tuple[type, ...] = (*_GROUPS.values(), MaquettePicture, MaquetteSettings)


def register() -> None:
    """After CLASSES."""
    bpy.types.Scene.maquette = PointerProperty(type=MaquetteSettings, name="Maquette")


def unregister() -> None:
    """Before CLASSES."""
    del bpy.types.Scene.maquette
