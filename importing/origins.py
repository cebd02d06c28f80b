"""Which file and which scene a task belongs to.

Thread: main.
"""

import uuid
from dataclasses import replace

import bpy

from ..core.model import Origin, Task

sitting = ""  # one .blend open in this Blender, from load to load


def new_sitting() -> None:
    global sitting
    sitting = uuid.uuid4().hex


def origin(context: bpy.types.Context, wanted: bool) -> Origin:
    scene = context.scene
    return Origin(
        sitting=sitting,
        file=bpy.data.filepath,
        scene=scene.name,
        scene_uid=scene.session_uid,
        location=tuple(scene.cursor.location),
        wanted=wanted,
    )


def scene_names() -> dict[int, str]:
    """By `session_uid`."""
    return {scene.session_uid: scene.name for scene in bpy.data.scenes}


def up_to_date(where: Origin) -> Origin:
    """For what was asked for a while ago: its file may have been saved since, its scene renamed."""
    if where.sitting != sitting:
        return where
    name = scene_names().get(where.scene_uid, where.scene)
    return replace(where, file=bpy.data.filepath, scene=name)


def scene_of(uid: int) -> bpy.types.Scene | None:
    """The one with that `session_uid`; None if it is gone."""
    return next((scene for scene in bpy.data.scenes if scene.session_uid == uid), None)


def home(task: Task) -> bpy.types.Scene | None:
    """The open scene a task was started in; None if another file is open or the scene is gone."""
    where = task.origin
    if where.sitting == sitting:
        return scene_of(where.scene_uid)
    if where.file and where.file == bpy.data.filepath:
        return bpy.data.scenes.get(where.scene)
    return None
