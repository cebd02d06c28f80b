"""What the background Blender has prepared, into this file.

Thread: main, for 0.03 s for 50,000 triangles, 0.1 s for 1,500,000.
"""

from pathlib import Path

import bpy

from ..core.errors import MaquetteError
from ..core.language import say
from . import images

# Where it keeps a texture that Blender's shader has no input for (`get_gltf_node_name`,
# io_scene_gltf2/blender/com/material_helpers.py).
GROUP = "glTF Material Output"


def appended(path: Path, before: dict[str, set[int]]) -> list[bpy.types.Object]:
    """All objects of the .blend, in no collection yet; where a name is taken, they get another.

    Appending asks for no mode and changes no selection, and makes no undo step. What it leaves is a
    Library block with the path: once the objects are local, nothing uses that.

    before: the session_uids of what there was, by kind. Those of this model's images that have
    come are taken out of it. Errors: MaquetteError; whoever calls then removes what is new.
    """
    try:
        claimed = images.claim(path)
        before["images"] -= {image.session_uid for image in claimed.values()}
        with bpy.data.libraries.load(str(path), link=False) as (there, here):
            here.objects = there.objects
        objects = [obj for obj in here.objects if obj is not None]
        useless = images.give(objects, claimed)
    except (OSError, RuntimeError, KeyError) as error:
        images.drop(path)
        raise MaquetteError(
            say("The model that was prepared in the background cannot be read."),
            say("Import brings it in directly: Blender stands still meanwhile."),
            details=str(error),
        ) from error
    useless |= _doubles(before["node_groups"])
    bpy.data.batch_remove([*useless, *images.libraries(path)])
    return objects


def _doubles(before: set[int]) -> set[bpy.types.ID]:
    """Node groups of the importer's that came although this file has them: as when it imports here,
    all materials share one."""
    doubles: set[bpy.types.ID] = set()
    first = bpy.data.node_groups.get(GROUP)
    if first is None or first.session_uid not in before:
        return doubles
    for group in bpy.data.node_groups:
        ours = group.session_uid not in before and group.name.startswith(f"{GROUP}.")
        if ours and _sockets(group) == _sockets(first):
            group.user_remap(first)
            doubles.add(group)
    return doubles


def _sockets(group: bpy.types.NodeTree) -> list[tuple[str, str]]:
    return [(item.name, item.item_type) for item in group.interface.items_tree]
