"""The list of pictures: add, remove, move, clear.

Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

import os
from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, StringProperty

from .. import pictures, properties
from ..core.errors import BadRequest
from ..core.language import say
from ..importing import stage


class MAQUETTE_OT_picture_add(bpy.types.Operator):
    """Choose pictures of what to make. They are copied when you press Generate, not before"""

    bl_idname = "maquette.picture_add"
    bl_label = "Add Pictures"
    bl_options = {"UNDO", "INTERNAL"}

    filepath: StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )
    # What the file browser shows; it looks for properties of these names.
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = properties.get(context)
        known = {picture.filepath for picture in settings.pictures}
        added: list[str] = []
        for path in self._chosen():
            if path in known:
                self.report(
                    {"WARNING"}, say("“{name}” is in the list already.", name=Path(path).name)
                )
                continue
            try:
                pictures.check(path)
            except BadRequest as error:
                self.report({"WARNING"}, str(error))
                continue
            picture = settings.pictures.add()
            picture.filepath = path
            picture.label = Path(path).name
            known.add(path)
            added.append(path)
        if not added:
            return {"CANCELLED"}
        settings.active_picture = len(settings.pictures) - 1
        if not bpy.app.background and any(map(pictures.is_large, added)):
            stage.warm()  # Generate will have it prepare them
        return {"FINISHED"}

    def _chosen(self) -> list[str]:
        names = [element.name for element in self.files if element.name]
        if names and self.directory:
            return [os.path.join(self.directory, name) for name in names]
        return [self.filepath]


class _PictureOperator:
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if properties.get(context).pictures:
            return True
        cls.poll_message_set(say("The list of pictures is empty"))
        return False


class MAQUETTE_OT_picture_remove(_PictureOperator, bpy.types.Operator):
    """Take the selected picture off the list. The file stays"""

    bl_idname = "maquette.picture_remove"
    bl_label = "Remove Picture"
    bl_options = {"UNDO", "INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = properties.get(context)
        settings.pictures.remove(_active(settings))
        settings.active_picture = _active(settings)
        return {"FINISHED"}


class MAQUETTE_OT_picture_move(_PictureOperator, bpy.types.Operator):
    """Move the selected picture. They are sent in the order of the list"""

    bl_idname = "maquette.picture_move"
    bl_label = "Move Picture"
    bl_options = {"UNDO", "INTERNAL"}

    direction: EnumProperty(items=(("UP", "Up", "", 0), ("DOWN", "Down", "", 1)))

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = properties.get(context)
        active = _active(settings)
        target = active + (-1 if self.direction == "UP" else 1)
        if not 0 <= target < len(settings.pictures):
            return {"CANCELLED"}
        settings.pictures.move(active, target)
        settings.active_picture = target
        return {"FINISHED"}


class MAQUETTE_OT_picture_clear(_PictureOperator, bpy.types.Operator):
    """Take all pictures off the list. The files stay"""

    bl_idname = "maquette.picture_clear"
    bl_label = "Clear Pictures"
    bl_options = {"UNDO", "INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = properties.get(context)
        settings.pictures.clear()
        settings.active_picture = 0
        return {"FINISHED"}


def _active(settings: properties.MaquetteSettings) -> int:
    """The selected row; the last one where the number is from a longer list."""
    return max(0, min(settings.active_picture, len(settings.pictures) - 1))


CLASSES: tuple[type, ...] = (
    MAQUETTE_OT_picture_add,
    MAQUETTE_OT_picture_remove,
    MAQUETTE_OT_picture_move,
    MAQUETTE_OT_picture_clear,
)
