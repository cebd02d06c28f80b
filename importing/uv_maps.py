"""The large UV maps of a prepared model, in a file beside it (why: append.py).

They are a quarter of a large mesh. The background Blender takes them off it (`set_apart`), and this
one gives them back, once the mesh is there (`give`).

The file holds them one after the other: for each corner of the mesh u and v, 32-bit floats in this
machine's byte order. child.py loads this module by its path, so nothing is imported from the
extension. Thread: main.
"""

import json
import os
from collections.abc import Collection
from pathlib import Path

import bpy

LARGE = 2 << 20  # bytes: of 87,000 triangles
CORNER = 8  # bytes
_NAME = "maquette_uv_maps"  # a mesh's custom property: which it is to get, as JSON


def beside(model: Path) -> Path:
    """Where the UV maps of that .blend are, if it has large ones."""
    return model.with_name(f"{model.stem}-uv.raw")


def set_apart(objects: Collection[bpy.types.Object], model: Path) -> None:
    """In the background Blender: move large UV maps to `beside(model)`. Errors: OSError."""
    import numpy as np  # not always there where somebody works; the importer needs it here

    meshes = dict.fromkeys(obj.data for obj in objects if obj.type == "MESH")
    for mesh in meshes:
        mesh.pop(_NAME, None)  # a GLB may say anything (its `extras` become custom properties)
    large = [m for m in meshes if m.uv_layers and len(m.loops) * CORNER >= LARGE]
    if not large:
        return
    half = beside(model).with_suffix(".part")
    with half.open("wb") as file:
        for mesh in large:
            layers = mesh.uv_layers
            told = {
                "at": file.tell(),
                "names": layers.keys(),
                "active": layers.active_index,
                "shown": [layer.active_render for layer in layers].index(True),
            }
            values = np.empty(len(mesh.loops) * 2, np.float32)
            for layer in layers:
                layer.uv.foreach_get("vector", values)
                file.write(values.data)
            while layers:
                layers.remove(layers[0])
            mesh[_NAME] = json.dumps(told)
    os.replace(half, beside(model))


def are_due(obj: bpy.types.Object) -> bool:
    return obj.type == "MESH" and _NAME in obj.data


def give(mesh: bpy.types.Mesh, model: Path) -> None:
    """Its UV maps, if they are there. Errors: OSError, ValueError."""
    if _NAME not in mesh:
        return
    told, layers = json.loads(mesh[_NAME]), mesh.uv_layers
    # Read, not mapped into memory: from a drive that fails, that would be a crash.
    with beside(model).open("rb") as file:
        file.seek(told["at"])
        for name in told["names"]:
            values = file.read(len(mesh.loops) * CORNER)
            if len(values) < len(mesh.loops) * CORNER:
                raise OSError(f"{beside(model).name} is cut off")
            layer = layers.new(name=name, do_init=False)
            layer.uv.foreach_set("vector", memoryview(values).cast("f"))
    layers.active_index = told["active"]
    layers[told["shown"]].active_render = True
    del mesh[_NAME]
