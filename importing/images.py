"""The large images of a prepared model, in a .blend of their own beside it (why: append.py).

The background Blender sets them apart (`set_apart`), with an image of one pixel in the place of
each. This one takes them in first, one at a time (`one`), then the model, whose materials get them
(`give`).

child.py loads this file by its path, so nothing is imported from the extension. Thread: main.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import bpy

LARGE = 1 << 20  # bytes, as it is in the GLB; smaller ones stay with the model
_NAME = "maquette_image"  # a stand-in's custom property: what it stands for is called so there


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
        if image:
            image.pop(_NAME, None)  # a GLB may say anything (its `extras` become custom properties)
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


def names(model: Path) -> list[str]:
    """What its large images are called there. Errors: OSError."""
    with bpy.data.libraries.load(str(beside(model)), link=False) as (there, _):
        return list(there.images)


def one(model: Path, name: str) -> bpy.types.Image:
    """That one, into this file; nothing uses it. Errors: OSError, RuntimeError."""
    with bpy.data.libraries.load(str(beside(model)), link=False) as (_, here):
        here.images = [name]
    (image,) = here.images
    if image is None:
        raise RuntimeError(f"no {name}")
    return image


def give(
    objects: Collection[bpy.types.Object], images: Mapping[str, bpy.types.Image]
) -> set[bpy.types.Image]:
    """To the model's materials, by their names there. Returns what stood in for them, which is of
    no use now. Errors: KeyError: one is not among them."""
    stand_ins = set()
    for node in _nodes(objects):
        image = node.image
        if image is not None and (name := image.get(_NAME)) is not None:
            node.image = images[name]
            stand_ins.add(image)
    return stand_ins


def _nodes(objects: Collection[bpy.types.Object]) -> Iterator[bpy.types.ShaderNodeTexImage]:
    materials = {slot.material for obj in objects for slot in obj.material_slots}
    for material in materials:
        tree = material.node_tree if material else None
        for node in tree.nodes if tree else ():
            if node.type == "TEX_IMAGE":
                yield node
