"""Other ways in than the sidebar: from the Add menu, from the Image Editor, from a key.

Each opens the dialog of panels/dialog.py, which orders nothing but by its Generate button. Without
a window there is no dialog: then they order at once, as `maquette.generate` does.
Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import pictures
from ..core.errors import MaquetteError
from ..core.language import say
from . import orders


class MAQUETTE_OT_model_from_prompt(bpy.types.Operator):
    """Have a service make a model from words, and put it into the scene at the 3D cursor"""

    bl_idname = "maquette.model_from_prompt"
    bl_label = "Model from Prompt"
    bl_options = set()

    def execute(self, context: bpy.types.Context) -> set[str]:
        return _ask(self, context)


class MAQUETTE_OT_model_from_picture(bpy.types.Operator):
    """Have a service make a model from a picture, and put it into the scene at the 3D cursor"""

    bl_idname = "maquette.model_from_picture"
    bl_label = "Model from Picture"
    bl_options = set()

    filepath: StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})
    # What the file browser shows; it looks for properties of these names.
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return _ask(self, context, self.filepath)


class MAQUETTE_OT_model_from_image(bpy.types.Operator):
    """Have a service make a model from the image shown here, and put it at the 3D cursor"""

    bl_idname = "maquette.model_from_image"
    bl_label = "Generate 3D from This Image"
    bl_options = set()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        image = _image(context)
        if image is None:
            cls.poll_message_set(say("No image is open in this editor"))
            return False
        try:
            pictures.check(image)
        except MaquetteError as error:
            cls.poll_message_set(str(error))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        image = _image(context)
        try:
            path = pictures.file_of(image, context.space_data.image_user)
            if not path:
                pictures.check_pixels(image)
        except MaquetteError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return _ask(self, context, path or image)


def _image(context: bpy.types.Context) -> bpy.types.Image | None:
    space = context.space_data
    return space.image if space and space.type == "IMAGE_EDITOR" else None


def _ask(
    operator: bpy.types.Operator,
    context: bpy.types.Context,
    source: str | bpy.types.Image | None = None,
) -> set[str]:
    try:
        if source is not None:
            pictures.check(source)
        if bpy.app.background:
            orders.begin(context, [] if source is None else [source])
            return {"FINISHED"}
    except MaquetteError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    if isinstance(source, bpy.types.Image):
        bpy.ops.maquette.dialog("INVOKE_DEFAULT", image=source.session_uid)
    else:
        bpy.ops.maquette.dialog("INVOKE_DEFAULT", picture=source or "")
    return {"FINISHED"}


CLASSES: tuple[type, ...] = (
    MAQUETTE_OT_model_from_prompt,
    MAQUETTE_OT_model_from_picture,
    MAQUETTE_OT_model_from_image,
)
