"""A finished model into a scene: import, stand it on its place, collect, name, mark.

Thread: main. `import_model` is the seam for whatever brings the objects into the file.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import bpy
from mathutils import Vector

from ..core.errors import BadModel, MaquetteError, StorageError
from ..core.language import say
from ..core.model import Task
from . import append, blocks, gltf, moment, preview, shape

COLLECTION = "Maquette"
MARK = "maquette_task"  # a custom property of every imported object: the id of its task


def import_model(
    context: bpy.types.Context,
    task: Task,
    scene: bpy.types.Scene,
    *,
    location: Sequence[float],
    select: bool,
) -> list[str]:
    """Put the task's model into `scene`, standing at `location` (world space, Blender units).

    The bottom centre of all its geometry comes to `location`; it does not turn or grow. What it
    consists of and what that is called, shape.py says. All of it goes into the scene's collection
    "Maquette" and carries the task's id. With `select`, exactly the new objects are selected then;
    without it, selection, active object, active collection and all else stay as they are.

    Returns the new objects' names, roots first. Pushes no undo step. Errors: SetupError,
    StorageError, BadModel, MaquetteError; the .blend then holds nothing new.
    """
    path = _file_of(task)

    def made_here(before: dict[str, set[int]]) -> list[bpy.types.Object]:
        with gltf.imported(context, path, scene) as view_layer:
            objects = blocks.new("objects", before)
            if not objects:
                raise BadModel(
                    say("Blender found nothing to import in the model."),
                    say("It is in {path}", path=path),
                )
            try:
                objects, _ = shape.shape(objects, task.title)
            except shape.Unplaceable as error:
                raise BadModel(
                    say("The model's size is not a number, so it has no place in a scene.")
                ) from error
            preview.give(objects, task.picture)
            for obj in objects:
                obj.select_set(False, view_layer=view_layer)  # else it comes selected from 4.2's
            return objects

    return _brought(context, task, scene, made_here, location, select)


def append_model(
    context: bpy.types.Context,
    task: Task,
    scene: bpy.types.Scene,
    prepared: Path,
    *,
    location: Sequence[float],
    select: bool,
) -> list[str]:
    """`import_model` with what the background Blender has made of it: the same comes of it, in a
    twentieth of the time. Its bottom centre is at the origin of that .blend."""

    def appended(before: dict[str, set[int]]) -> list[bpy.types.Object]:
        return append.appended(prepared, before)

    return _brought(context, task, scene, appended, location, select)


def _brought(
    context: bpy.types.Context,
    task: Task,
    scene: bpy.types.Scene,
    bring: Callable[[dict[str, set[int]]], list[bpy.types.Object]],
    location: Sequence[float],
    select: bool,
) -> list[str]:
    """bring: told what there is, it brings the model's objects into the file."""
    if reason := moment.closed(scene):
        raise MaquetteError(reason, say("Open another scene and press Import."))
    before = blocks.all_uids()
    try:
        objects = bring(before)
        roots = [obj for obj in objects if obj.parent is None]
        shape.move(roots, location)
        home = _collection(context, scene)
        for obj in objects:
            home.objects.link(obj)
            obj[MARK] = task.id
        # What the importer made to put the objects in; with it, they leave it.
        made = [c for c in blocks.new("collections", before) if c != home]
        bpy.data.batch_remove([*blocks.new("scenes", before), *made])
        if len(roots) == 1:
            roots[0].name = task.title  # not known in the background: whether that is taken here
        if select:
            _select(_view_layer(context, scene), objects, roots)
    except BaseException:
        bpy.data.batch_remove(blocks.all_new(before))
        raise
    return [obj.name for obj in sorted(objects, key=lambda obj: obj.parent is not None)]


def select(context: bpy.types.Context, task_id: str) -> str:
    """Select exactly the task's objects in the context's scene; of a model with several, what it
    hangs on becomes active. Returns "" or, in words, why nothing was selected."""
    if context.mode != "OBJECT":
        return say("Leave this mode first: objects are selected in Object Mode.")
    view_layer = context.view_layer
    found = {obj for obj in view_layer.objects if obj.get(MARK) == task_id}
    if not found:
        return say("Nothing of this task is in this scene.")
    seen = [obj for obj in found if obj.visible_get(view_layer=view_layer)]
    if not seen:
        return say("All of it is hidden in this scene.")
    roots = [obj for obj in seen if obj.parent not in found]
    _select(view_layer, seen, roots or seen)
    return ""


def enclosing(context: bpy.types.Context, names: Sequence[str]) -> str:
    """The name of a visible object in whose bounding box all of these lie, so that they may not be
    seen (the default scene's cube stands where models come); "" if there is none."""
    context.view_layer.update()
    ours = named(names)
    low, high = _bounds(ours)
    among_ours = set(ours)
    for obj in context.view_layer.objects:
        if obj.type == "MESH" and obj not in among_ours and obj.visible_get():
            outer_low, outer_high = _bounds([obj])
            if all(
                a <= b and c <= d
                for a, b, c, d in zip(outer_low, low, high, outer_high, strict=True)
            ):
                return obj.name
    return ""


def size(scene: bpy.types.Scene, names: Sequence[str]) -> str:
    """How large these objects are together, along X, Y and Z, in the scene's units. They have been
    evaluated (`enclosing` does it)."""
    low, high = _bounds(named(names))
    units = scene.unit_settings
    sides = [
        bpy.utils.units.to_string(units.system, "LENGTH", side * units.scale_length, precision=3)
        for side in high - low
    ]
    return " × ".join(side.strip() for side in sides)


def left_out(context: bpy.types.Context, names: Sequence[str]) -> bool:
    """Are there 3D Views, all in Local View, that do not show any of these objects?"""
    views = [
        area.spaces.active
        for window in context.window_manager.windows
        for area in window.screen.areas
        if area.type == "VIEW_3D"
    ]
    objects = named(names)
    return bool(views) and not any(
        view.local_view is None or obj.visible_in_viewport_get(view)
        for view in views
        for obj in objects
    )


def named(names: Sequence[str]) -> list[bpy.types.Object]:
    """This file's objects of these names. Not one by one: Blender looks through all for each."""
    objects = {obj.name: obj for obj in bpy.data.objects if obj.library is None}
    return [objects[name] for name in names]


def _bounds(objects: Sequence[bpy.types.Object]) -> tuple[Vector, Vector]:
    """The lowest and the highest corner, world space."""
    meshes = [obj for obj in objects if obj.type == "MESH"]
    corners = [obj.matrix_world @ Vector(corner) for obj in meshes for corner in obj.bound_box]
    if not corners:
        return Vector(), Vector()
    return tuple(Vector(f(c[axis] for c in corners) for axis in range(3)) for f in (min, max))


def _file_of(task: Task) -> Path:
    if not task.folder or not task.model:
        raise StorageError(say("This task has no model yet."))
    folder = Path(task.folder)
    if not folder.is_dir():
        raise StorageError(
            say("The model's folder is gone: {folder}", folder=folder),
            say("Put it back there to import."),
        )
    if not (path := folder / task.model).is_file():
        raise StorageError(
            say("The model is gone: {path}", path=path), say("Put it back there to import.")
        )
    return path


# --- where it is listed ---------------------------------------------------------------------


def _view_layer(context: bpy.types.Context, scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    """The one in which the user sees the scene, or would."""
    windows = [context.window, *context.window_manager.windows]
    return next(
        (window.view_layer for window in windows if window and window.scene == scene),
        scene.view_layers[0],
    )


def _collection(context: bpy.types.Context, scene: bpy.types.Scene) -> bpy.types.Collection:
    """The scene's collection for models, made when missing.

    One that is switched off is left alone: a model put there would not be seen. One that was
    taken out of all scenes is used again only if it is empty: else what the user took out would
    come back. Collections of other scenes are not ours to share, so the name may get a number.
    """
    for found in _shown(_view_layer(context, scene).layer_collection):
        if _is_ours(found):
            return found
    for found in bpy.data.collections:
        unused = found.users == int(found.use_fake_user)
        if unused and _is_ours(found) and not found.objects and not found.children:
            break
    else:
        found = bpy.data.collections.new(COLLECTION)
    scene.collection.children.link(found)
    return found


def _shown(layer: bpy.types.LayerCollection) -> Iterator[bpy.types.Collection]:
    for child in layer.children:
        if not (child.exclude or child.hide_viewport or child.collection.hide_viewport):
            yield child.collection
            yield from _shown(child)


def _is_ours(collection: bpy.types.Collection) -> bool:
    named = re.fullmatch(rf"{COLLECTION}(\.\d+)?", collection.name)
    return bool(named) and collection.is_editable and collection.override_library is None


def _select(
    view_layer: bpy.types.ViewLayer,
    objects: Collection[bpy.types.Object],
    roots: Sequence[bpy.types.Object],
) -> None:
    for obj in [obj for obj in view_layer.objects if obj.select_get(view_layer=view_layer)]:
        obj.select_set(False, view_layer=view_layer)
    for obj in objects:
        obj.select_set(True, view_layer=view_layer)
    view_layer.objects.active = shape.foremost(roots)
