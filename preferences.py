"""The add-on's preferences: keys, service URLs, where models are kept, importing.

Keys are not Blender properties with storage of their own: they are read from and written to
Maquette's key file, so that none lands in userpref.blend. Thread: main.
Blender reads the annotations: no `from __future__ import annotations` here.
"""

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from . import session, translations
from .core.errors import MaquetteError
from .core.language import say
from .core.providers import all_providers
from .core.providers.base import Provider
from .panels import draw_words, paper
from .properties import RELATIVE

# The name Blender knows the extension by; in sub-packages `__package__` is longer.
PACKAGE = __package__

_key_trouble = ""  # the last error of the key file, shown below the keys


def _key_getter(provider: type[Provider]) -> Callable[[Any], str]:
    def get_key(self: "MaquettePreferences") -> str:
        global _key_trouble
        try:
            return session.accounts().key(provider.id)
        except MaquetteError as error:
            _key_trouble = str(error)
            return ""

    return get_key


def _key_setter(provider: type[Provider]) -> Callable[[Any, str], None]:
    def set_key(self: "MaquettePreferences", key: str) -> None:
        global _key_trouble
        try:
            session.accounts().set_key(provider.id, key)
            _key_trouble = ""
        except MaquetteError as error:
            _key_trouble = str(error)

    return set_key


def _push(self: "MaquettePreferences", context: bpy.types.Context) -> None:
    chosen = session.absolute(self.library_folder)
    if self.library_folder != chosen:
        self.library_folder = chosen  # comes back here
        return
    session.preferences_changed()


def _service_properties(provider: type[Provider]) -> dict[str, Any]:
    properties = {}
    if provider.needs_key:
        properties[f"{provider.id}_key"] = StringProperty(
            name="API Key",
            description=f"Your key for {provider.label}",
            subtype="PASSWORD",
            get=_key_getter(provider),
            set=_key_setter(provider),
            options={"SKIP_SAVE"},
        )
    if provider.needs_network:
        properties[f"{provider.id}_url"] = StringProperty(
            name="Service URL",
            description=f"Another address for {provider.label}. Leave empty for its own",
            update=_push,
        )
    return properties


_ServiceProperties = type(
    "_ServiceProperties",
    (),
    {
        "__annotations__": {
            name: made
            for provider in all_providers()
            for name, made in _service_properties(provider).items()
        }
    },
)


class MaquettePreferences(_ServiceProperties, bpy.types.AddonPreferences):
    """Per provider that needs them: `<id>_key`, `<id>_url`."""

    bl_idname = PACKAGE

    library_folder: StringProperty(
        name="Library Folder",
        description="Where finished models are kept. Leave empty for the extension's own folder",
        subtype="DIR_PATH",
        options=RELATIVE,
        update=_push,
    )
    import_when_ready: BoolProperty(
        name="Import When Ready",
        description="Put a finished model into the scene it was made for, as soon as nothing else"
        " is going on there",
        default=True,
    )

    deadline_minutes: IntProperty(
        name="Watch for (min)",
        description="How long a task is watched before it rests until you press Resume. The"
        " service may go on meanwhile",
        default=60,
        min=1,
        max=7 * 24 * 60,
        update=_push,
    )

    def service_urls(self) -> dict[str, str]:
        """Provider id → what was entered, "" for the service's own."""
        return {p.id: getattr(self, f"{p.id}_url", "").strip() for p in all_providers()}

    def draw(self, context: bpy.types.Context) -> None:
        translations.follow()
        draw(self.layout, context, self)


def draw(
    layout: bpy.types.UILayout, context: bpy.types.Context, preferences: MaquettePreferences
) -> None:
    layout.use_property_split = True
    layout.use_property_decorate = False
    for provider in all_providers():
        if provider.needs_key or provider.needs_network:
            _draw_service(layout.box(), preferences, provider)
    folders, on = session.folders(), paper(context)
    if _key_trouble:
        draw_words(layout, on, _key_trouble, icon="ERROR")
    kept = say("Keys are stored unencrypted in a file only you can read: {file}", file=folders.keys)
    draw_words(layout, on, kept, icon="INFO")
    layout.separator()
    layout.prop(preferences, "library_folder", placeholder=say("The extension's own folder"))
    if not preferences.library_folder:
        kept = say(
            "Models are kept in {folder}. Blender removes this folder when the extension is"
            " uninstalled; choose one of your own to keep them",
            folder=folders.library,
        )
        draw_words(layout, on, kept, icon="INFO")
    layout.prop(preferences, "import_when_ready")
    layout.prop(preferences, "deadline_minutes")


def _draw_service(
    layout: bpy.types.UILayout, preferences: MaquettePreferences, provider: type[Provider]
) -> None:
    header = layout.row()
    header.label(text=provider.label, translate=False)
    if provider.website:
        link = header.row()
        link.alignment = "RIGHT"
        link.operator("wm.url_open", text=say("Get a Key"), icon="URL").url = provider.website
    if provider.needs_key:
        variable = session.accounts().key_variable(provider)
        row = layout.row()
        row.enabled = not variable
        row.prop(preferences, f"{provider.id}_key")
        if variable:
            _draw_aside(layout, say("In use: {source}", source=variable))
    if provider.needs_network:
        from_environment = session.accounts().environment_url(provider)
        row = layout.row()
        row.enabled = not from_environment
        row.prop(preferences, f"{provider.id}_url", placeholder=provider.default_url)
        if from_environment:
            _draw_aside(layout, say("In use: {source}", source=provider.url_variable))
            _draw_aside(layout, from_environment)


def _draw_aside(layout: bpy.types.UILayout, text: str) -> None:
    """A remark under a field, in line with the fields."""
    split = layout.split(factor=0.4)
    split.label(text="")
    split.label(text=text, translate=False)


class _Untouched:
    """What counts where Blender holds no preferences for us: it makes none for an add-on enabled by
    `--factory-startup --addons`, which is how tests and cautious users start it (seen in 4.3.2)."""

    library_folder = ""
    import_when_ready = True
    deadline_minutes = 60

    def service_urls(self) -> dict[str, str]:
        return {}


def get(context: bpy.types.Context | None = None) -> "MaquettePreferences | _Untouched":
    addon = (context or bpy.context).preferences.addons.get(PACKAGE)
    return addon.preferences if addon and addon.preferences else _Untouched()


CLASSES: tuple[type, ...] = (MaquettePreferences,)
