"""What the background Blender has prepared, into this file, piece by piece.

What one .blend holds Blender takes in with one call. So large images are in a .blend of their own,
and large UV maps in a file beside it. `bring` takes the pieces in one after the other, and in
between Blender draws and listens. It may: of what is done then, nothing makes it draw its window
anew. What does so (seen in 4.3.2 and 5.2.2) is left to `appended`: a new UV map, a node's new
image, a data-block that is removed. After that the window is drawn once, with the model in it.

Until then nothing uses what has come. An undo takes it away; then it is brought again. An undo step
that somebody makes just then holds it, though, and who undoes to it later has it again, unused.
It goes before a save, and if the model does not come after all (`drop`), but for what somebody has
put to use. Whoever undoes and redoes such a step before the model is there, makes Blender print a
word about the name of a Library block, which it mends itself (seen in 4.2, 4.5 and 5.0).

Thread: main, for 0.02 s at most for a piece of 500,000 triangles, 0.06 s of 1,500,000; all pieces
together 0.08 and 0.14 s. In a small file, that is: among 50,000 objects each takes 0.1 to 0.2 s
more.
"""

import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ..core.errors import MaquetteError
from ..core.language import say
from . import blocks, images, uv_maps

# Where it keeps a texture that Blender's shader has no input for (`get_gltf_node_name`,
# io_scene_gltf2/blender/com/material_helpers.py).
GROUP = "glTF Material Output"


@dataclass
class _Coming:
    """Of a model that is being taken in, session_uids. images: of large ones, by their names there;
    0 if one has not come. objects: as in the .blend. came: all that came with them, by kind."""

    model: Path
    images: dict[str, int] = field(default_factory=dict)
    objects: list[int] = field(default_factory=list)
    came: dict[str, set[int]] = field(default_factory=dict)


_coming: dict[Path, _Coming] = {}
_were: list[_Coming] = []  # of this file: of those that have come, or were dropped


def files(model: Path) -> tuple[Path, ...]:
    """All that a prepared model may consist of."""
    return model, images.beside(model), uv_maps.beside(model)


def bring(model: Path, seconds: float) -> bool:
    """Take in the next images, until that time has passed, one at least; after the last the model,
    if it has UV maps of its own. Returns whether anything has come: then Blender may draw before
    more is asked for. Errors: OSError, RuntimeError."""
    until = time.perf_counter() + seconds
    if model not in _coming:
        _sweep()  # else it would get names with a number
    coming = _coming.setdefault(model, _Coming(model))
    missing = _missing(coming)
    if coming.objects:
        if not missing and _objects(coming):
            return False
        drop(model)  # an undo took something away
        coming = _coming.setdefault(model, _Coming(model))
    if not coming.images and images.beside(model).exists():
        coming.images = dict.fromkeys(images.names(model), 0)
        missing = _missing(coming)
    for name in missing:
        coming.images[name] = images.one(model, name).session_uid
        if time.perf_counter() >= until:
            return True
    if missing or not uv_maps.beside(model).exists():
        return bool(missing)
    _take_in(model, coming)
    return True


def appended(model: Path, before: dict[str, set[int]]) -> list[bpy.types.Object]:
    """All objects of the .blend, in no collection yet; where a name is taken, they get another.

    Appending asks for no mode and changes no selection, and makes no undo step. What it leaves is a
    Library block with the path, which goes: once the objects are local, nothing uses that.

    before: the session_uids of what there was, by kind. What has come of this model is taken out of
    it. Errors: MaquetteError; whoever calls then removes what is new.
    """
    try:
        while bring(model, math.inf):
            pass
        coming = _coming[model]
        if not _objects(coming):
            _take_in(model, coming)
        objects = _objects(coming)
        present = {image.session_uid: image for image in bpy.data.images}
        textures = {name: present[uid] for name, uid in coming.images.items()}
        useless = images.give(objects, textures) | _doubles(coming.came["node_groups"])
        for mesh in {obj.data for obj in objects if obj.type == "MESH"}:
            uv_maps.give(mesh, model)
        bpy.data.batch_remove([*useless, *_libraries({model})])
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        drop(model)
        raise MaquetteError(
            say("The model that was prepared in the background cannot be read."),
            say("Import brings it in directly: Blender stands still meanwhile."),
            details=str(error),
        ) from error
    _were.append(_coming.pop(model))
    before["images"] -= {*coming.images.values()}
    for kind, uids in coming.came.items():
        before[kind] -= uids
    return objects


def drop(model: Path) -> None:
    """The model does not come, or not yet: what came of it goes. Nothing, if it is in the scene."""
    coming = _coming.pop(model, None)
    gone = {*(_unused(coming) if coming else ()), *_libraries({model})}
    if coming and coming.objects:
        _were.append(coming)
    if gone:
        bpy.data.batch_remove(gone)


def drop_all() -> None:
    """The file is saved, or the extension disabled."""
    for model in [*_coming]:
        drop(model)
    _sweep()


def forget() -> None:
    """Another file is open."""
    _coming.clear()
    _were.clear()


def _sweep() -> None:
    """What an undo or a redo has brought back of models in pieces: a save would leave out the
    objects, as nothing uses them, but not what those use. Not a whole model that somebody has
    unlinked."""
    objects = blocks.of("objects", {uid for came in _were for uid in came.objects})
    back = {obj.session_uid for obj in objects if not obj.users and uv_maps.are_due(obj)}
    gone = {block for came in _were if back.intersection(came.objects) for block in _unused(came)}
    gone |= {*_libraries({came.model for came in _were})}  # with undo steps of 4.2
    if gone:
        bpy.data.batch_remove(gone)


def _unused(coming: _Coming) -> set[bpy.types.ID]:
    """What has come, but for what somebody has put to use meanwhile."""
    came = {**coming.came, "images": {*coming.images.values(), *coming.came.get("images", ())}}
    ours = {block for kind, uids in came.items() for block in blocks.of(kind, uids)}
    users = bpy.data.user_map(subset=ours)
    kept = {block for block in ours if block.use_fake_user or users[block] - ours}
    while more := {block for block in ours - kept if users[block] & kept}:
        kept |= more
    return ours - kept


def _missing(coming: _Coming) -> list[str]:
    """Images that have not come, or that an undo took away."""
    present = blocks.uids("images")
    return [name for name, uid in coming.images.items() if uid not in present]


def _objects(coming: _Coming) -> list[bpy.types.Object]:
    """Those that have come; none if any is missing."""
    found = {obj.session_uid: obj for obj in blocks.of("objects", {*coming.objects})}
    return [found[uid] for uid in coming.objects] if len(found) == len(coming.objects) else []


def _take_in(model: Path, coming: _Coming) -> None:
    before = blocks.all_uids()
    try:
        with bpy.data.libraries.load(str(model), link=False) as (there, here):
            here.objects = there.objects
        if not here.objects or None in here.objects:
            raise RuntimeError("objects are missing")
    except BaseException:
        bpy.data.batch_remove(blocks.all_new(before))  # what is damaged may have come in part
        raise
    coming.objects = [obj.session_uid for obj in here.objects]
    coming.came = {kind: {b.session_uid for b in blocks.new(kind, before)} for kind in blocks.KINDS}


def _libraries(models: set[Path]) -> list[bpy.types.Library]:
    """What appending from these .blends leaves: once all is local, nothing uses them."""
    paths = {file for model in models for file in files(model)}
    return [
        library
        for library in bpy.data.libraries
        # Relative, with some "..", once the file has been saved.
        if Path(os.path.normpath(bpy.path.abspath(library.filepath))) in paths
    ]


def _doubles(ours: set[int]) -> set[bpy.types.ID]:
    """Those of our node groups of the importer's that this file had: as when it imports here, all
    materials share one."""
    doubles: set[bpy.types.ID] = set()
    first = bpy.data.node_groups.get(GROUP)
    if first is None or first.session_uid in ours:
        return doubles
    for group in blocks.of("node_groups", ours):
        if group.name.startswith(f"{GROUP}.") and _sockets(group) == _sockets(first):
            group.user_remap(first)
            doubles.add(group)
    return doubles


def _sockets(group: bpy.types.NodeTree) -> list[tuple[str, str]]:
    return [(item.name, item.item_type) for item in group.interface.items_tree]
