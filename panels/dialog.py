"""The form in short, in a dialog: what one picture or a few words would become, for how much.

It only draws. Its button is `maquette.generate` itself, so it is grey for the same reasons, and
what follows is the same. What is typed goes into the scene's form and stays there; beside a picture
the prompt begins empty, since that of another model would be paid for unseen, and is put back.
Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

from functools import partial
from pathlib import Path

import bpy
from bpy.props import IntProperty, StringProperty

from .. import pictures, properties, session, translations
from ..core.errors import BadRequest
from ..core.providers import all_providers
from . import DIALOG_WIDTH, generate, paper, prepare, thumbnail

LOOK = 0.2  # seconds between looks for an answer about money while a dialog is open

# Blender draws a dialog anew only after an edit in it, and answers come later. The one reference to
# something of Blender's that is kept here: its region lives until the operator is cancelled.
_region: bpy.types.Region | None = None
_told: tuple[object, ...] = ()  # the answers it was drawn with


class MAQUETTE_OT_dialog(bpy.types.Operator):
    """Ask what to make before it is ordered"""

    bl_idname = "maquette.dialog"
    bl_label = "Generate"
    bl_options = {"INTERNAL"}

    picture: StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})
    image: IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    _before: tuple[str, ...] = ()
    _set_aside: tuple[str, str] | None = None  # the form's own prompts

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        settings = properties.get(context)
        if self.picture or self.image:
            self._set_aside = settings.prompt, settings.negative_prompt
            settings.prompt = settings.negative_prompt = ""
        self._before = _filled_in(context)
        if self.picture:
            prepare(self.picture)  # a dialog is not drawn anew for it later
        from_words = not self.picture and not self.image
        if not bpy.app.timers.is_registered(_look):
            bpy.app.timers.register(_look, first_interval=LOOK)
        return context.window_manager.invoke_props_dialog(
            self,
            width=DIALOG_WIDTH,
            title="Model from Prompt" if from_words else "Model from Picture",
            confirm_text="Close",
        )

    def check(self, context: bpy.types.Context) -> bool:
        return True  # draw it anew after every edit: another service has another form

    def execute(self, context: bpy.types.Context) -> set[str]:
        self.cancel(context)
        return {"CANCELLED"}  # "Close", shown only where there is no Generate

    def cancel(self, context: bpy.types.Context) -> None:
        """Called however the dialog ends, by Generate too.

        What was filled in stays, as in the sidebar, and Ctrl+Z takes it back, as there: what is
        edited in a dialog makes no undo step of its own (seen in 4.3.2 and 5.2.2).
        """
        global _region
        _region = None
        if not hasattr(context.scene, "maquette"):
            return  # the extension was disabled meanwhile
        if self._set_aside:
            # After what was pressed in the dialog, which comes in the same turn of the main loop.
            put_back = partial(_put_back, context.scene.name, self._set_aside)
            bpy.app.timers.register(put_back, first_interval=0.0)
            self._before = (self._before[0], *_filled_in(context)[1:])
            self._set_aside = None
        if _filled_in(context) != self._before:
            bpy.ops.ed.undo_push(message="Edit Maquette's Form")

    def draw(self, context: bpy.types.Context) -> None:
        global _region, _told
        translations.follow()
        session.prepare()
        _region, _told = context.region_popup, _answers()
        draw(self.layout, context, self.picture, self.image)


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, picture: str, image: int) -> None:
    """picture: a file's path or "". image: the session_uid of an image or 0."""
    settings, on = properties.get(context), paper(context)
    generate.draw_service(layout, on, settings)
    try:
        provider = settings.provider
        block = pictures.find(image) if image else None
    except BadRequest:
        return
    sent = [block.name if block else picture] if block or picture else []
    # For the operators drawn from here on: they ask `properties.pictures`.
    layout.context_string_set(properties.DIALOG_PICTURE, f"={sent[0] if sent else ''}")
    if block and block.type in ("RENDER_RESULT", "COMPOSITING"):  # Blender has no thumbnail of it
        layout.label(text=block.name, icon="RENDER_RESULT", translate=False)
    elif block:
        _draw_picture(layout, block.name, layout.icon(block))
    elif picture:
        _draw_picture(layout, Path(picture).name, thumbnail(picture))
    # Whoever came for a prompt types at once; whoever brought a picture may not want one.
    generate.draw_prompt(layout, on, settings, provider, sent, at_once=not sent)
    generate.draw_money(layout, on, settings, provider, sent)
    generate.draw_sends(layout, on, provider)
    generate.draw_problem(layout, on, settings, provider, sent)
    layout.separator()
    buttons = layout.column()
    buttons.scale_y = 1.2  # as Blender's own dialogs have them
    order = buttons.template_popup_confirm("maquette.generate", text="Generate")
    order.listed = False
    order.picture = picture
    order.image = image


def _draw_picture(layout: bpy.types.UILayout, name: str, icon: int) -> None:
    if icon:
        layout.template_icon(icon_value=icon, scale=5)
    row = layout.row()
    row.alignment = "CENTER"
    row.label(text=name, translate=False)


def _put_back(scene: str, prompts: tuple[str, str]) -> None:
    found = bpy.data.scenes.get(scene)
    if found and hasattr(found, "maquette"):
        found.maquette.prompt, found.maquette.negative_prompt = prompts


def _filled_in(context: bpy.types.Context) -> tuple[str, ...]:
    settings = properties.get(context)
    return settings.service, settings.prompt, settings.negative_prompt


def _answers() -> tuple[object, ...]:
    return session.price(), *(session.balance(provider.id) for provider in all_providers())


def _look() -> float | None:
    """A timer, as long as there is a dialog."""
    if _region is None:
        return None
    if _answers() != _told:
        _region.tag_refresh_ui()
    return LOOK


def unregister() -> None:
    """A dialog may be open still, and is not drawn any more."""
    global _region
    _region = None
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)


CLASSES: tuple[type, ...] = (MAQUETTE_OT_dialog,)
