"""The large images of a prepared model, in a .blend of their own beside it.

They may be half of its bytes, and what one .blend holds Blender takes in with one call. So the
background Blender sets them apart (`set_apart`), and this one takes them in first, a few at a time
(`bring`); between, it draws and listens. Then comes the model, whose materials name them (`claim`).

Until then nothing uses them: a save leaves them out, and an undo takes them away, after which they
are brought again. An undo step that somebody makes just then holds them, though, and who undoes to
it later has them again, unused, until the next save. `drop` removes those of a model that does not
come after all.

child.py loads this file by its path, so nothing is imported from the extension. Thread: main.
"""

import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import bpy

LARGE = 1 << 20  # bytes, as it is in the GLB; smaller ones stay with the model
_NAME = "maquette_image"  # a stand-in's custom property: what it stands for is called so there

# Of a model that is being taken in: what its images are called there, and the session_uid that they
# have here, 0 if they have not come.
_here: dict[Path, dict[str, int]] = {}


def beside(model: Path) -> Path:
    """Where the images of that .blend are, if it has large ones."""
    return model.with_name(f"{model.stem}-images.blend")


# --- in the background Blender ----------------------------------------------------------------


def set_apart(objects: Collection[bpy.types.Object], model: Path) -> None:
    """Write large images that only materials of these objects use to `beside(model)`, and put an
    image of one pixel in the place of each. Errors: OSError, RuntimeError of `libraries.write`."""
    stand_ins: dict[bpy.types.Image, bpy.types.Image] = {}
    for node in _nodes(objects):
        image = node.image
        packed = image.packed_file if image else None
        if image not in stand_ins and packed and packed.size >= LARGE:
            stand_ins[image] = bpy.data.images.new(image.name, 1, 1)
        if image in stand_ins:
            node.image = stand_ins[image]
    for image, stand_in in stand_ins.items():
        if image.users:
            stand_in.user_remap(image)
        else:
            stand_in[_NAME] = image.name
    apart = {image for image in stand_ins if not image.users}
    if apart:
        half = beside(model).with_suffix(".part")
        bpy.data.libraries.write(str(half), apart, compress=False)
        os.replace(half, beside(model))


# --- in the Blender that somebody works in ----------------------------------------------------


def bring(model: Path, seconds: float) -> bool:
    """Take in the next images, until that time has passed, one at least. Returns whether any have
    come: then Blender may draw before more is asked for. Errors: OSError, RuntimeError."""
    path, some = beside(model), False
    if not path.exists():
        return False
    until = time.perf_counter() + seconds
    if model not in _here:
        with bpy.data.libraries.load(str(path), link=False) as (there, _):
            _here[model] = dict.fromkeys(there.images, 0)
    for name in _missing(model):
        with bpy.data.libraries.load(str(path), link=False) as (_, here):
            here.images = [name]
        (image,) = here.images
        if image is None:
            raise RuntimeError(f"no {name}")
        _here[model][name], some = image.session_uid, True
        if time.perf_counter() >= until:
            break
    return some


def claim(model: Path) -> dict[str, bpy.types.Image]:
    """All of them, by their names there; from now on whoever asked has to see to them. Errors: as
    of `bring`."""
    while bring(model, 1.0):
        pass
    present = {image.session_uid: image for image in bpy.data.images}
    images = {name: present[uid] for name, uid in _here.get(model, {}).items()}
    _here.pop(model, None)
    return images


def give(
    objects: Collection[bpy.types.Object], images: dict[str, bpy.types.Image]
) -> set[bpy.types.Image]:
    """To the model's materials. Returns what stood in for them there, which is of no use now.
    Errors: KeyError: one is not among them."""
    stand_ins = set()
    for node in _nodes(objects):
        image = node.image
        if image is not None and (name := image.get(_NAME)) is not None:
            node.image = images[name]
            stand_ins.add(image)
    return stand_ins


def drop(model: Path) -> None:
    """The model does not come: what came of it goes. Nothing, if it has come."""
    uids = set(_here.pop(model, {}).values()) - {0}
    # Not what somebody has put to use meanwhile.
    found = [image for image in bpy.data.images if image.session_uid in uids and not image.users]
    if gone := [*found, *libraries(model)]:
        bpy.data.batch_remove(gone)


def drop_all() -> None:
    """The extension is disabled."""
    for model in [*_here]:
        drop(model)


def libraries(model: Path) -> list[bpy.types.Library]:
    """What appending from these .blends leaves: once all is local, nothing uses them."""
    paths = (model, beside(model))
    return [
        library
        for library in bpy.data.libraries
        # Relative, with some "..", once the file has been saved.
        if Path(os.path.normpath(bpy.path.abspath(library.filepath))) in paths
    ]


def _missing(model: Path) -> list[str]:
    """Those that have not come, or that an undo took away."""
    present = {image.session_uid for image in bpy.data.images}
    return [name for name, uid in _here[model].items() if uid not in present]


def _nodes(objects: Collection[bpy.types.Object]) -> Iterator[bpy.types.ShaderNodeTexImage]:
    materials = {slot.material for obj in objects for slot in obj.material_slots}
    for material in materials:
        tree = material.node_tree if material else None
        for node in tree.nodes if tree else ():
            if node.type == "TEX_IMAGE":
                yield node
