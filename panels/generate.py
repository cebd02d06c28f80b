"""The form: service, prompt, pictures, options, what it costs, what is sent, Generate."""

import bpy

from .. import preferences, properties, session
from ..core import wording
from ..core.addresses import address
from ..core.errors import BadRequest, MaquetteError
from ..core.model import GenerationRequest, OptionValue
from ..core.providers.base import Provider
from ..core.providers.options import Option
from . import draw_words, thumbnail


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
        layout.label(text=item.label or item.filepath, icon_value=thumbnail(item.filepath))


class MAQUETTE_PT_generate(bpy.types.Panel):
    bl_label = "Generate"
    bl_category = "Maquette"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw(self, context: bpy.types.Context) -> None:
        draw(self.layout, context)


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings = properties.get(context)
    layout.use_property_decorate = False
    column = layout.column()
    column.use_property_split = True
    column.prop(settings, "service")
    try:
        provider = settings.provider
    except BadRequest as error:
        draw_words(layout.column(align=True), context, str(error), icon="ERROR")
        return
    about = layout.column(align=True)
    about.active = False
    draw_words(about, context, provider.description.partition(". ")[0])
    _draw_inputs(layout, context, settings, provider)
    header, body = layout.panel("maquette_options", default_closed=True)
    header.label(text="Options")
    if body:
        draw_options(body, context, settings)
    _draw_money(layout.column(align=True), context, settings, provider)
    _draw_generate(layout, context, settings, provider)


def _draw_inputs(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    settings: properties.MaquetteSettings,
    provider: type[Provider],
) -> None:
    can = provider.capabilities
    column = layout.column(align=True)
    column.label(text="Prompt")
    column.prop(settings, "prompt", text="", placeholder="What to make")
    if can.negative_prompt:
        unused = settings.negative_prompt_unused()
        row = column.row()
        row.enabled = not unused
        row.prop(settings, "negative_prompt", text="", placeholder="What to leave out")
        if unused:
            _draw_reason(column, context, unused)
    # A list that was filled for another service stays in sight: it has to be cleared.
    if can.pictures_max or settings.pictures:
        _draw_pictures(layout, settings)


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
    layout: bpy.types.UILayout, context: bpy.types.Context, settings: properties.MaquetteSettings
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
    if not unused:
        return
    header, body = layout.panel("maquette_options_unused", default_closed=True)
    header.label(text=f"Not Used Here ({len(unused)})")
    if body:
        for option, reason in unused:
            column = body.column(align=True)
            row = column.row()
            row.enabled = False
            row.prop(group, option.name)
            _draw_reason(column, context, reason)


def _draw_reason(layout: bpy.types.UILayout, context: bpy.types.Context, reason: str) -> None:
    column = layout.column(align=True)
    column.active = False
    draw_words(column, context, reason[:1].upper() + reason[1:])


def _draw_money(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    settings: properties.MaquetteSettings,
    provider: type[Provider],
) -> None:
    try:
        request = settings.request([picture.filepath for picture in settings.pictures])
    except MaquetteError:
        request = None  # what is wrong is said below
    quotable = provider.quote is not Provider.quote
    known = session.price()
    if not (known and request and _same_price(known.request, request, provider)):
        known = None
    price = known.price if known and known.price else request and provider.estimate(request)
    if price or quotable:
        row = layout.row()
        untold = "unknown" if known else "not asked yet"
        row.label(text=f"Price: {wording.price(price) if price else untold}")
        if quotable:
            row.operator("maquette.quote", text="", icon="FILE_REFRESH")
    if known and known.message:
        draw_words(layout, context, f"{known.message} {known.advice}", icon="ERROR")
    balance = session.balance(provider.id)
    row = layout.row()
    told = balance and balance.balance
    untold = "unknown" if balance else "not asked yet"
    row.label(text=f"Balance: {wording.balance(told) if told else untold}")
    row.operator("maquette.balance", text="", icon="FILE_REFRESH").provider = provider.id
    if balance and balance.message:
        draw_words(layout, context, f"{balance.message} {balance.advice}", icon="ERROR")
    if price and told and told.credits < price.credits:
        draw_words(layout, context, "The balance is lower than the price.", icon="ERROR")


def _same_price(one: GenerationRequest, other: GenerationRequest, provider: type[Provider]) -> bool:
    """Does a quote for one hold for the other? Prompts are not priced, nor are drawn numbers."""

    def priced(request: GenerationRequest) -> tuple[str, int, dict[str, OptionValue]]:
        drawn = {option.name for option in provider.options if option.random}
        options = {k: v for k, v in request.options.items() if k not in drawn}
        return request.provider, len(request.pictures), options

    return priced(one) == priced(other)


def _draw_generate(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    settings: properties.MaquetteSettings,
    provider: type[Provider],
) -> None:
    if provider.sends:
        sends = layout.column(align=True)
        sends.active = False
        host = address(session.accounts().account(provider).base_url)[1]
        draw_words(sends, context, provider.sends.format(host=host or "the service"))
    row = layout.row()
    row.scale_y = 1.5
    row.operator("maquette.generate", text="Generate")
    trouble = session.trouble()
    if trouble:  # said in full at the list of tasks
        draw_words(layout.column(align=True), context, trouble.message, icon="ERROR")
    elif problem := session.setup_problem(provider):
        draw_setup(
            layout, context, problem, offline=provider.needs_network and not session.online()
        )
    elif problem := settings.problem():
        draw_words(layout.column(align=True), context, problem, icon="INFO")


def draw_setup(
    layout: bpy.types.UILayout, context: bpy.types.Context, problem: str, *, offline: bool
) -> None:
    """Why nothing can be sent to the service, whatever is filled in, and where to change that."""
    draw_words(layout.column(align=True), context, problem, icon="ERROR")
    if offline:
        layout.operator("screen.userpref_show", text="System Preferences…").section = "SYSTEM"
    else:
        button = layout.operator("preferences.addon_show", text="Add-on Preferences…")
        button.module = preferences.PACKAGE


CLASSES: tuple[type, ...] = (MAQUETTE_UL_pictures, MAQUETTE_PT_generate)
