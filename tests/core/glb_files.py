"""A small maker of GLB files, good and bad, for tests.

The good ones are whole and pass Khronos' glTF-Validator without an error. A bad one is a good one
whose `json` or `bin` was bent before `data()`, or whose bytes were cut, swapped or replaced after.
"""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

CODES = {"b": 5120, "B": 5121, "h": 5122, "H": 5123, "I": 5125, "f": 5126}  # struct → glTF
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcp"
    "LDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAA"
    "AAD/2gAIAQEAAD8AKp//2Q=="
)  # 1 x 1, grey
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")  # 1 x 1, lossless
WEBP_LOSSY = base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")  # 1 x 1


@dataclass
class Glb:
    """A GLB in the making."""

    json: dict[str, Any] = field(default_factory=dict)
    bin: bytearray = field(default_factory=bytearray)

    def view(self, content: bytes, **more: Any) -> int:
        """Put bytes into the binary chunk; the number of the new buffer view."""
        self.bin += bytes(-len(self.bin) % 4)
        views = self.json.setdefault("bufferViews", [])
        views.append({"buffer": 0, "byteOffset": len(self.bin), "byteLength": len(content), **more})
        self.bin += content
        return len(views) - 1

    def accessor(self, code: str, kind: str, count: int, view: int | None, **more: Any) -> int:
        accessors = self.json.setdefault("accessors", [])
        entry = {"componentType": CODES[code], "type": kind, "count": count, **more}
        accessors.append(entry if view is None else {"bufferView": view, **entry})
        return len(accessors) - 1

    def add(self, code: str, kind: str, rows: Sequence[Sequence[float]], **more: Any) -> int:
        """Rows of numbers in a view of their own; the number of the new accessor."""
        flat = [number for row in rows for number in row]
        view = self.view(struct.pack(f"<{len(flat)}{code}", *flat))
        return self.accessor(code, kind, len(rows), view, **more)

    def data(self) -> bytes:
        """The file. The one buffer is declared here, unless `json` has its own word on it."""
        content = dict(self.json)
        if self.bin:
            content.setdefault("buffers", [{"byteLength": len(self.bin)}])
        return pack(json.dumps(content).encode(), bytes(self.bin))


def pack(json_chunk: bytes, bin_chunk: bytes = b"", *, version: int = 2) -> bytes:
    """Header and chunks around any bytes."""
    chunks = chunk(b"JSON", json_chunk, b" ")
    if bin_chunk:
        chunks += chunk(b"BIN\0", bin_chunk)
    return struct.pack("<4sII", b"glTF", version, 12 + len(chunks)) + chunks


def chunk(kind: bytes, content: bytes, padding: bytes = b"\0") -> bytes:
    content += padding * (-len(content) % 4)
    return struct.pack("<I4s", len(content), kind) + content


def png(width: int = 2, height: int = 2) -> bytes:
    """A real, decodable PNG: grey."""
    rows = (b"\0" + b"\x80\x80\x80" * width) * height
    return png_head(width, height) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def large_png(seed: int) -> bytes:
    """1.2 MB, as it is noise: nothing that a texture of it shows is elsewhere."""
    noise = random.Random(seed).randbytes(640 * 640 * 3)
    rows = b"".join(b"\0" + noise[at : at + 1920] for at in range(0, len(noise), 1920))
    return png_head(640, 640) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def png_head(width: int, height: int) -> bytes:
    """Only a PNG's beginning, which may claim any size."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size)


def laden_png(texts: int) -> bytes:
    """With so many compressed texts, each of which a decoder unpacks."""
    text = part(b"zTXt", b"a\0\0" + zlib.compress(bytes(1000)))
    return png()[:33] + text * texts + png()[33:]


def laden_jpeg(scans: int) -> bytes:
    """Of one pixel that comes in so many scans."""
    return JPEG[:-2] + JPEG[-16:-2] * (scans - 1) + b"\xff\xd9"


def jpeg_head(width: int, height: int, *, before: int = 0) -> bytes:
    """Only a JPEG's beginning, with `before` bytes of metadata ahead of the size."""
    head = b"\xff\xd8"
    while before > 0:
        length = min(before, 65533)
        head += b"\xff\xe1" + struct.pack(">H", length + 2) + bytes(length)
        before -= length
    return head + b"\xff\xc2" + struct.pack(">HBHHB", 8 + 3, 8, height, width, 1) + b"\1\x11\0"


def webp_head(width: int, height: int) -> bytes:
    """Only the beginning of an extended WebP."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    content = b"WEBPVP8X" + struct.pack("<I4x", 10) + size
    return b"RIFF" + struct.pack("<I", len(content)) + content


def part(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


# --- good files -----------------------------------------------------------------------------

CORNERS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 0.0)]
BOUNDS: dict[str, Any] = {"min": (0.0, 0.0, 0.0), "max": (1.0, 1.0, 0.0)}
UNIT = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def quad(picture: bytes = b"", mime: str = "image/png") -> Glb:
    """Two triangles with normals, texture coordinates and a textured material.

    accessors: 0 positions, 1 normals, 2 texture coordinates, 3 indices (views alike, 4 picture).
    """
    glb = Glb({"asset": {"version": "2.0", "generator": "glb_files"}})
    attributes = {
        "POSITION": glb.add("f", "VEC3", CORNERS, **BOUNDS),
        "NORMAL": glb.add("f", "VEC3", [(0.0, 0.0, 1.0)] * 4),
        "TEXCOORD_0": glb.add("f", "VEC2", [(x, 1 - y) for x, y, _ in CORNERS]),
    }
    indices = glb.add("H", "SCALAR", [(0,), (1,), (2,), (0,), (2,), (3,)])
    view = glb.view(picture or png())
    glb.json |= {
        "images": [{"bufferView": view, "mimeType": mime}],
        "samplers": [{"magFilter": 9729, "wrapS": 10497}],
        "textures": [{"source": 0, "sampler": 0}],
        "materials": [
            {
                "name": "Skin",
                "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0},
            }
        ],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": indices, "material": 0}]}],
        "nodes": [{"name": "Quad", "mesh": 0}],
        "scenes": [{"nodes": [0]}],
        "scene": 0,
    }
    return glb


def bare() -> Glb:
    """One triangle: no indices, no material, no scene; positions only."""
    glb = Glb({"asset": {"version": "2.0"}})
    positions = glb.add("f", "VEC3", CORNERS[:3], **BOUNDS)
    glb.json |= {"meshes": [{"primitives": [{"attributes": {"POSITION": positions}}]}]}
    glb.json |= {"nodes": [{"mesh": 0}]}
    return glb


def interleaved() -> Glb:
    """The quad with positions and normals in one view, 24 bytes apart, as many exporters do."""
    glb = quad()
    rows = [(*corner, 0.0, 0.0, 1.0) for corner in CORNERS]
    packed = b"".join(struct.pack("<6f", *row) for row in rows)
    view = glb.view(packed, byteStride=24, target=34962)
    for index, offset in ((0, 0), (1, 12)):
        glb.json["accessors"][index] |= {"bufferView": view, "byteOffset": offset}
    return glb


def strips() -> Glb:
    """A strip and a fan beside the quad's triangles: modes 5 and 6; 2 triangles each."""
    glb = quad()
    attributes = glb.json["meshes"][0]["primitives"][0]["attributes"]
    strip = glb.add("B", "SCALAR", [(0,), (1,), (3,), (2,)])
    fan = glb.add("I", "SCALAR", [(0,), (1,), (2,), (3,)])
    glb.json["meshes"][0]["primitives"] += [
        {"attributes": attributes, "indices": strip, "mode": 5},
        {"attributes": attributes, "indices": fan, "mode": 6},
    ]
    return glb


def morphed() -> Glb:
    """The quad with two shapes, one of them sparse over nothing, and an animation between them."""
    glb = quad()
    shift = glb.add("f", "VEC3", [(0.0, 0.0, 0.5)] * 4, min=[0, 0, 0.5], max=[0, 0, 0.5])
    where = glb.view(struct.pack("<2H", 1, 3))
    what = glb.view(struct.pack("<6f", 0, 0, 1, 0, 0, 1))
    sparse = {
        "count": 2,
        "indices": {"bufferView": where, "componentType": 5123},
        "values": {"bufferView": what},
    }
    few = glb.accessor("f", "VEC3", 4, None, sparse=sparse, min=[0, 0, 0], max=[0, 0, 1])
    times = glb.add("f", "SCALAR", [(0.0,), (1.0,)], min=[0.0], max=[1.0])
    weights = glb.add("f", "SCALAR", [(0.0,), (0.0,), (1.0,), (0.5,)])
    mesh = glb.json["meshes"][0]
    mesh["primitives"][0]["targets"] = [{"POSITION": shift}, {"POSITION": few}]
    mesh |= {"weights": [0.0, 0.25], "extras": {"targetNames": ["up", "corners"]}}
    channel = {"sampler": 0, "target": {"node": 0, "path": "weights"}}
    sampler = {"input": times, "output": weights, "interpolation": "LINEAR"}
    glb.json["animations"] = [{"channels": [channel], "samplers": [sampler]}]
    return glb


def rigged() -> Glb:
    """The quad on two bones that move."""
    glb = quad()
    attributes = glb.json["meshes"][0]["primitives"][0]["attributes"]
    attributes["JOINTS_0"] = glb.add(
        "B", "VEC4", [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0)]
    )
    attributes["WEIGHTS_0"] = glb.add(
        "f", "VEC4", [(1.0, 0.0, 0.0, 0.0), (0.5, 0.5, 0.0, 0.0)] + [(1.0, 0.0, 0.0, 0.0)] * 2
    )
    inverse = glb.add("f", "MAT4", [UNIT, UNIT])
    times = glb.add("f", "SCALAR", [(0.0,), (0.5,), (1.0,)], min=[0.0], max=[1.0])
    turns = glb.add("f", "VEC4", [(0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.0)] * 4 + [(0, 0, 0, 1)])
    glb.json |= {
        "nodes": [
            {"name": "Quad", "mesh": 0, "skin": 0},
            {"name": "Root", "children": [2], "translation": [0.0, 0.5, 0.0]},
            {"name": "Tip", "rotation": [0.0, 0.0, 0.0, 1.0], "scale": [1, 1, 1]},
        ],
        "skins": [{"joints": [1, 2], "inverseBindMatrices": inverse, "skeleton": 1}],
        "scenes": [{"nodes": [0, 1]}],
        "animations": [
            {
                "name": "Wave",
                "channels": [{"sampler": 0, "target": {"node": 2, "path": "rotation"}}],
                "samplers": [{"input": times, "output": turns, "interpolation": "CUBICSPLINE"}],
            }
        ],
    }
    return glb


def quantized() -> Glb:
    """The quad with positions as whole numbers (KHR_mesh_quantization)."""
    glb = quad()
    rows = [(int(x), int(y), int(z), 0) for x, y, z in CORNERS]
    packed = b"".join(struct.pack("<4h", *row) for row in rows)
    view = glb.view(packed, byteStride=8, target=34962)
    glb.json["accessors"][0] |= {"bufferView": view, "componentType": 5122}
    glb.json["accessors"][0] |= {"min": [0, 0, 0], "max": [1, 1, 0]}
    glb.json |= {"extensionsUsed": ["KHR_mesh_quantization"]}
    glb.json |= {"extensionsRequired": ["KHR_mesh_quantization"]}
    return glb


def furnished() -> Glb:
    """The quad with most of what Blender's importer knows beyond the core of glTF: a WebP
    texture, materials' extensions, variants, a light, a camera, instances, vertex colours."""
    glb = quad()
    picture = glb.view(WEBP)
    places = glb.add("f", "VEC3", [(0.0, 0.0, 0.0), (2.0, 0.0, 0.0)])
    colors = glb.add("B", "VEC4", [(255, 0, 0, 255)] * 4, normalized=True)
    own = glb.add("f", "SCALAR", [(0.0,), (1.0,), (2.0,), (3.0,)])
    content = glb.json
    content["images"].append({"bufferView": picture, "mimeType": "image/webp"})
    content["textures"].append(
        {"source": 0, "extensions": {"EXT_texture_webp": {"source": 1}}, "sampler": 0}
    )
    content["materials"].append(
        {
            "alphaMode": "MASK",
            "alphaCutoff": 0.5,
            "doubleSided": True,
            "emissiveFactor": [1.0, 1.0, 1.0],
            "normalTexture": {"index": 1, "scale": 0.5},
            "occlusionTexture": {"index": 1, "strength": 0.5},
            "extensions": {
                "KHR_materials_emissive_strength": {"emissiveStrength": 2.0},
                "KHR_materials_ior": {"ior": 1.4},
                "KHR_materials_clearcoat": {
                    "clearcoatFactor": 0.5,
                    "clearcoatTexture": {
                        "index": 1,
                        "extensions": {"KHR_texture_transform": {"scale": [2.0, 2.0]}},
                    },
                },
                "KHR_materials_specular": {"specularColorFactor": [1.0, 0.5, 0.5]},
            },
        }
    )
    primitive = content["meshes"][0]["primitives"][0]
    primitive["attributes"] |= {"COLOR_0": colors, "_WEAR": own}
    primitive["extensions"] = {
        "KHR_materials_variants": {"mappings": [{"material": 1, "variants": [0]}]}
    }
    content["cameras"] = [{"type": "perspective", "perspective": {"yfov": 0.8, "znear": 0.1}}]
    content["extensions"] = {
        "KHR_materials_variants": {"variants": [{"name": "Worn"}]},
        "KHR_lights_punctual": {"lights": [{"type": "point", "intensity": 5.0}]},
    }
    content["nodes"] = [
        {
            "mesh": 0,
            "extensions": {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": places}}},
        },
        {"camera": 0, "matrix": list(UNIT)},
        {"extensions": {"KHR_lights_punctual": {"light": 0}}},
    ]
    content["scenes"] = [{"nodes": [0, 1, 2]}]
    content["extensionsUsed"] = [
        "EXT_mesh_gpu_instancing",
        "EXT_texture_webp",
        "KHR_lights_punctual",
        "KHR_materials_clearcoat",
        "KHR_materials_emissive_strength",
        "KHR_materials_ior",
        "KHR_materials_specular",
        "KHR_materials_variants",
        "KHR_texture_transform",
    ]
    return glb


GOOD: dict[str, Callable[[], Glb]] = {
    "quad": quad,
    "jpeg": lambda: quad(JPEG, "image/jpeg"),
    "bare": bare,
    "interleaved": interleaved,
    "strips": strips,
    "morphed": morphed,
    "rigged": rigged,
    "quantized": quantized,
    "furnished": furnished,
}


def grid(side: int) -> Glb:
    """A flat grid of 2·side² triangles with 32-bit indices, for speed and size."""
    from array import array

    glb = Glb({"asset": {"version": "2.0"}})
    edge = side + 1
    points = array("f")
    for y in range(edge):
        for x in range(edge):
            points.extend((x, y, 0.0))
    corners = array("I")
    for y in range(side):
        for x in range(side):
            a = y * edge + x
            corners.extend((a, a + 1, a + edge, a + 1, a + edge + 1, a + edge))
    bounds = {"min": [0.0, 0.0, 0.0], "max": [float(side), float(side), 0.0]}
    positions = glb.accessor("f", "VEC3", edge * edge, glb.view(points.tobytes()), **bounds)
    indices = glb.accessor("I", "SCALAR", len(corners), glb.view(corners.tobytes()))
    primitive = {"attributes": {"POSITION": positions}, "indices": indices}
    glb.json |= {"meshes": [{"primitives": [primitive]}]}
    glb.json |= {"nodes": [{"mesh": 0}], "scenes": [{"nodes": [0]}], "scene": 0}
    return glb
