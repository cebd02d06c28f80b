"""The form: service, prompt, pictures, options, what it costs, what is sent, Generate.

The sidebar draws all of it, the dialogs of menus.py parts of it. `pictures` are the paths of what
would be sent: the form's own list, or the one picture a dialog was opened for.
"""

import functools
from collections.abc import Sequence

import bpy

from .. import preferences, properties, session, translations
from ..core import wording
from ..core.addresses import address
from ..core.errors import BadRequest, MaquetteError
from ..core.language import say
from ..core.model import OptionValue
from ..core.providers import all_providers
from ..core.providers.base import Provider
from ..core.providers.options import Option, same_price
from ..importing import stage
from . import Paper, draw_words, fits, paper, thumbnail

LINK = 2.0  # what a button's icon and edges, and a box around it, take of the width, in lines
NAMES = 0.4  # of the width is for names where properties are split
PROMPT_LINES = 6  # of a prompt that does not fit its field


class MAQUETTE_UL_pictures(bpy.types.UIList):
    def draw_item(  # Blender counts the arguments
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: object,
        item: properties.MaquettePicture,
        icon: int,
        active_data: object,
        active_property: str,
    ) -> None:
        shown = thumbnail(item.filepath)
        layout.label(text=item.label or item.filepath, icon_value=shown, translate=False)


class MAQUETTE_PT_generate(bpy.types.Panel):
    bl_label = "Generate"
    bl_category = "Maquette"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw(self, context: bpy.types.Context) -> None:
        translations.follow()
        session.prepare()
        draw(self.layout, context)


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings, on = properties.get(context), paper(context)
    layout.use_property_decorate = False
    draw_service(layout, on, settings)
    try:
        provider = settings.provider
    except BadRequest:
        return  # said by draw_service
    pictures = [picture.filepath for picture in settings.pictures]
    draw_prompt(layout, on, settings, provider, pictures)
    # A list that was filled for another service stays in sight: it has to be cleared.
    if provider.capabilities.pictures_max or pictures:
        _draw_pictures(layout, settings)
    header, body = layout.panel("maquette_options", default_closed=True)
    header.label(text="Options")
    if body:
        draw_options(body, on, settings)
    draw_money(layout, on, settings, provider, pictures)
    if provider.needs_key and not preferences.get().library_folder:
        row = _draw_fact(layout, on, "Kept", say("until Maquette is uninstalled"))
        show = row.operator("preferences.addon_show", text="", icon="PREFERENCES", emboss=False)
        show.module = preferences.PACKAGE
    draw_sends(layout, on, provider)
    row = layout.row()
    row.scale_y = 1.5
    if stage.converting():
        row.operator("maquette.generate", text="Preparing Pictures…")
        row.operator("maquette.stop_preparing", text="", icon="X")
    else:
        row.operator("maquette.generate", text="Generate")
    draw_problem(layout, on, settings, provider, pictures)
    if not provider.needs_key and not session.tasks() and not _any_key():
        _draw_welcome(layout, on)


def draw_service(
    layout: bpy.types.UILayout,
    on: Paper,
    settings: properties.MaquetteSettings,
) -> None:
    """Which service, and one line about it or why there is none."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(settings, "service")
    try:
        about = say(settings.provider.description).partition(". ")[0]
    except BadRequest as error:
        draw_words(layout, on, str(error), icon="ERROR")
    else:
        draw_words(layout, on, about, dim=True)


def draw_prompt(
    layout: bpy.types.UILayout,
    on: Paper,
    settings: properties.MaquetteSettings,
    provider: type[Provider],
    pictures: Sequence[str],
    *,
    at_once: bool = False,
) -> None:
    """at_once: in a dialog that opens, what is typed goes into the prompt without a click."""
    column = layout.column(align=True)
    column.activate_init = at_once  # not inherited from the layout above
    column.label(text="Prompt")
    column.prop(settings, "prompt", text="", placeholder="What to make")
    _draw_whole(column, on, settings.prompt)
    if pictures and settings.prompt and provider.capabilities.prompt_only_names:
        told = say("{service} works from the picture alone", service=provider.label)
        draw_words(column, on, told, icon="INFO")
    if not provider.capabilities.negative_prompt:
        return
    unused = settings.negative_prompt_unused(pictures)
    column = layout.column(align=True)
    column.label(text="Negative Prompt")
    row = column.row()
    row.enabled = not unused
    row.prop(settings, "negative_prompt", text="", placeholder="What to leave out")
    if unused:
        _draw_reason(column, on, unused)
    else:
        _draw_whole(column, on, settings.negative_prompt)


def _draw_whole(layout: bpy.types.UILayout, on: Paper, text: str) -> None:
    """A field has one line and shows one end of what is in it."""
    draw_words(layout, on, text, dim=True, most=PROMPT_LINES, least=2)


def _draw_pictures(layout: bpy.types.UILayout, settings: properties.MaquetteSettings) -> None:
    if not settings.pictures:
        layout.operator("maquette.picture_add", text="Add Pictures…", icon="IMAGE_DATA")
        return
    row = layout.row()
    row.template_list(
        "MAQUETTE_UL_pictures",
        "",
        settings,
        "pictures",
        settings,
        "active_picture",
        rows=min(max(len(settings.pictures), 3), 5),
    )
    column = row.column(align=True)
    column.operator("maquette.picture_add", text="", icon="ADD")
    column.operator("maquette.picture_remove", text="", icon="REMOVE")
    if len(settings.pictures) > 1:
        column.operator("maquette.picture_move", text="", icon="TRIA_UP").direction = "UP"
        column.operator("maquette.picture_move", text="", icon="TRIA_DOWN").direction = "DOWN"
    if settings.active_picture < len(settings.pictures):
        shown = settings.pictures[settings.active_picture]
        layout.template_icon(icon_value=thumbnail(shown.filepath), scale=5)


def draw_options(
    layout: bpy.types.UILayout, on: Paper, settings: properties.MaquetteSettings
) -> None:
    """The options that count now; below, folded away, the others with their reasons."""
    layout.use_property_split = True
    layout.use_property_decorate = False
    draft = settings.draft()
    group = settings.options
    unused: list[tuple[Option, str]] = []
    for option in settings.provider.options:
        if reason := option.applies(draft):
            unused.append((option, reason))
        else:
            layout.prop(group, option.name)
            _draw_unset(layout, option, draft[option.name])
    if not unused:
        return
    header, body = layout.panel("maquette_options_unused", default_closed=True)
    header.label(text=say("Not Used Here ({count})", count=len(unused)), translate=False)
    if body:
        for option, reason in unused:
            column = body.column(align=True)
            row = column.row()
            row.enabled = False
            row.prop(group, option.name)
            _draw_reason(column, on, reason)


def _draw_unset(layout: bpy.types.UILayout, option: Option, value: OptionValue) -> None:
    """Under a number that stands for "not sent": what that means."""
    if option.kind not in ("int", "ints") or value != option.unset:
        return
    split = layout.split(factor=NAMES)
    split.active = False
    split.label(text="")
    split.label(text="A new one each time" if option.random else "Left to the service")


def _draw_reason(layout: bpy.types.UILayout, on: Paper, reason: str) -> None:
    draw_words(layout, on, reason[:1].upper() + reason[1:], dim=True)


def draw_money(
    layout: bpy.types.UILayout,
    on: Paper,
    settings: properties.MaquetteSettings,
    provider: type[Provider],
    pictures: Sequence[str],
) -> None:
    """What this costs and what is left, each as far as it is known, and how to ask."""
    column = layout.column(align=True)
    request = settings.checked(pictures).priced
    quotable = provider.quote is not Provider.quote
    known = session.price()
    if not (known and request and same_price(known.request, request, provider)):
        known = None
        if quotable and request:
            session.want_price(request)
    price = known.price if known and known.price else request and provider.estimate(request)
    if price or quotable:
        untold = say("unknown") if known else say("not asked yet")
        row = _draw_fact(column, on, "Price", wording.price(price) if price else untold)
        if quotable:
            row.operator("maquette.quote", text="", icon="FILE_REFRESH", emboss=False)
    trouble = f"{known.message} {known.advice}" if known and known.message else ""
    draw_words(column, on, trouble, icon="ERROR")
    if not provider.needs_key:
        return
    balance = session.balance(provider.id)
    told = balance and balance.balance
    untold = say("unknown") if balance else say("not asked yet")
    row = _draw_fact(column, on, "Balance", wording.balance(told) if told else untold)
    ask = row.operator("maquette.balance", text="", icon="FILE_REFRESH", emboss=False)
    ask.provider = provider.id
    if balance and balance.message and trouble != f"{balance.message} {balance.advice}":
        draw_words(column, on, f"{balance.message} {balance.advice}", icon="ERROR")
    if price and told and told.credits < price.credits:
        draw_words(column, on, say("The balance is lower than the price."), icon="ERROR")


def _draw_fact(layout: bpy.types.UILayout, on: Paper, name: str, value: str) -> bpy.types.UILayout:
    """A name and a value in line with the properties; in a narrow sidebar one below the other.
    Returns the row, for a button beside it."""
    value = value[:1].upper() + value[1:]
    if not on.is_wide:
        row = layout.row()
        head = row.row()
        head.active = False
        head.label(text=name)
        draw_words(layout, on, value)
        return row
    split = layout.split(factor=NAMES)
    names = split.row()
    names.alignment = "RIGHT"
    names.label(text=name)
    row = split.row()
    beside = NAMES * on.lines + 1.2  # the button
    draw_words(row, on, value, beside=beside)
    return row


def draw_sends(layout: bpy.types.UILayout, on: Paper, provider: type[Provider]) -> None:
    """What leaves this computer, and where it goes."""
    if provider.sends:
        host = _host(session.accounts().account(provider).base_url)
        told = say(provider.sends, host=host or say("the service"))
        draw_words(layout, on, told, dim=True)


@functools.lru_cache(maxsize=8)
def _host(base_url: str) -> str:
    return address(base_url)[1]


def draw_problem(
    layout: bpy.types.UILayout,
    on: Paper,
    settings: properties.MaquetteSettings,
    provider: type[Provider],
    pictures: Sequence[str],
) -> None:
    """Why nothing can be generated as things are, and where to change that."""
    for told in session.not_sent.values():
        draw_words(layout, on, told, icon="ERROR")
    trouble = session.trouble()
    if trouble and trouble.stops:  # said in full at the list of tasks
        draw_words(layout, on, trouble.message, icon="ERROR")
    elif problem := session.closed(settings.id_data):
        draw_words(layout, on, problem, icon="ERROR")
    elif problem := session.setup_problem(provider):
        draw_words(layout, on, problem, icon="ERROR")
        if provider.needs_network and not session.online():
            layout.operator("screen.userpref_show", text="System Preferences…").section = "SYSTEM"
        else:
            _draw_key_links(layout, on, [provider])
    elif problem := settings.checked(pictures).problem:
        draw_words(layout, on, problem, icon="INFO")


def _draw_welcome(layout: bpy.types.UILayout, on: Paper) -> None:
    """Until the first task or key: how to get from practice to models by AI."""
    box = layout.box()
    told = say("The Sandbox is for practice. For models made by AI, enter the key of a service.")
    draw_words(box, on, told, icon="INFO", beside=0.6)
    _draw_key_links(box, on, [p for p in all_providers() if p.needs_key])


def _draw_key_links(
    layout: bpy.types.UILayout, on: Paper, providers: Sequence[type[Provider]]
) -> None:
    layout = layout.column(align=True)
    for provider in providers:
        if provider.website and provider.needs_key:
            text = say("Get a Key from {service}", service=provider.label)
            if not fits(on, text, beside=LINK):
                text = provider.label  # the icon and the tooltip say what the button does
            link = layout.operator("wm.url_open", text=text, icon="URL", translate=False)
            link.url = provider.website
    show = layout.operator("preferences.addon_show", text="Enter Key…", icon="PREFERENCES")
    show.module = preferences.PACKAGE


def _any_key() -> bool:
    accounts = session.accounts()
    try:
        return any(accounts.key_from(p) for p in all_providers() if p.needs_key)
    except MaquetteError:  # the key file cannot be read: said where a service needs it
        return True


CLASSES: tuple[type, ...] = (MAQUETTE_UL_pictures, MAQUETTE_PT_generate)
