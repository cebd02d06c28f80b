"""Triangles, and the GLB made of them. Source: Khronos, glTF 2.0, chapters 3 and 4.

Axes are glTF's: x to the right, y up, z to the viewer; metres.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Array = npt.NDArray[Any]

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
FLOAT, UNSIGNED_INT = 5126, 5125


@dataclass(frozen=True)
class Mesh:
    """positions, normals: (n, 3). uvs: (n, 2), v downwards. triangles: (m, 3), seen
    counterclockwise from outside."""

    positions: Floats
    normals: Floats
    uvs: Floats
    triangles: Ints


@dataclass(frozen=True)
class Material:
    """texture: an encoded picture, b"" for none; texture_type: its MIME type. color: linear RGB,
    taken where there is no texture. baked: the texture is shown as it is, without light."""

    texture: bytes = field(default=b"", repr=False)
    texture_type: str = "image/png"
    color: tuple[float, float, float] = (0.5, 0.5, 0.5)
    metallic: float = 0.0
    roughness: float = 0.5
    baked: bool = False


def placed(mesh: Mesh, box: tuple[int, ...] = (0, 0, 0), height: float = 0.0) -> Mesh:
    """The mesh standing on y = 0, centred on the y axis, its largest side 1 m.

    box: wanted proportions along x, y, z, if all are positive. height: wanted height in metres.
    """
    low, high = mesh.positions.min(axis=0), mesh.positions.max(axis=0)
    extent = np.maximum(high - low, 1e-9)
    scale = np.array(box, float) / extent if all(box) else np.ones(3)
    scale = scale / (extent * scale).max()
    if height > 0:
        scale = scale * (height / (extent[1] * scale[1]))
    anchor = np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
    normals = mesh.normals / scale
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return replace(mesh, positions=(mesh.positions - anchor) * scale, normals=normals)


def baked(material: Material) -> Material:
    """The same texture, shown without light."""
    return replace(material, baked=True)


def write_glb(mesh: Mesh, material: Material | None) -> bytes:
    """One node, one mesh; names are those seen in models of Rodin. material None: shape only."""
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    chunk = bytearray()

    def add(content: bytes, target: int = 0) -> int:
        chunk.extend(b"\0" * (-len(chunk) % 4))
        view = {"buffer": 0, "byteOffset": len(chunk), "byteLength": len(content)}
        views.append({**view, "target": target} if target else view)
        chunk.extend(content)
        return len(views) - 1

    def add_array(values: Array, kind: str, component: int, target: int, **more: Any) -> int:
        view = add(values.tobytes(), target)
        accessors.append(
            {
                "bufferView": view,
                "componentType": component,
                "count": values.size if kind == "SCALAR" else len(values),
                "type": kind,
                **more,
            }
        )
        return len(accessors) - 1

    # Rounded: the last bits of a sine differ between machines.
    positions = np.round(mesh.positions, 6).astype("<f4")
    bounds = {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}
    normals = np.round(mesh.normals, 5).astype("<f4") + np.float32(0)
    attributes = {
        "POSITION": add_array(positions, "VEC3", FLOAT, ARRAY_BUFFER, **bounds),
        "NORMAL": add_array(normals, "VEC3", FLOAT, ARRAY_BUFFER),
    }
    if material and material.texture:
        uvs = np.round(mesh.uvs, 6).astype("<f4")
        attributes["TEXCOORD_0"] = add_array(uvs, "VEC2", FLOAT, ARRAY_BUFFER)
    triangles = mesh.triangles.astype("<u4")
    indices = add_array(triangles, "SCALAR", UNSIGNED_INT, ELEMENT_ARRAY_BUFFER)
    primitive: dict[str, Any] = {"attributes": attributes, "indices": indices}
    gltf: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "Maquette Sandbox"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "model", "mesh": 0}],
        "meshes": [{"name": "model", "primitives": [primitive]}],
    }
    if material:
        primitive["material"] = 0
        gltf["materials"] = [_material(material)]
        if material.texture:
            view = add(material.texture)
            gltf["images"] = [{"bufferView": view, "mimeType": material.texture_type}]
            gltf["textures"] = [{"source": 0, "sampler": 0}]
            # Linear, with mipmaps, repeating.
            gltf["samplers"] = [
                {"magFilter": 9729, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497}
            ]
    gltf |= {"accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": len(chunk)}]}
    chunk.extend(b"\0" * (-len(chunk) % 4))
    head = json.dumps(gltf, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 4)
    return b"".join(
        (
            struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(head) + 8 + len(chunk)),
            struct.pack("<I4s", len(head), b"JSON"),
            head,
            struct.pack("<I4s", len(chunk), b"BIN\0"),
            chunk,
        )
    )


def _material(material: Material) -> dict[str, Any]:
    surface: dict[str, Any] = {
        "metallicFactor": material.metallic,
        "roughnessFactor": material.roughness,
    }
    described: dict[str, Any] = {"name": "place_holder", "pbrMetallicRoughness": surface}
    if material.texture and material.baked:
        surface |= {"baseColorFactor": [0, 0, 0, 1], "metallicFactor": 0, "roughnessFactor": 1}
        described |= {"emissiveTexture": {"index": 0}, "emissiveFactor": [1, 1, 1]}
    elif material.texture:
        surface["baseColorTexture"] = {"index": 0}
    else:
        surface["baseColorFactor"] = [*material.color, 1]
    return described
