"""The GLB check: what is let through, what is refused and in which words. Real files throughout.

All that is let through here was imported by Blender 4.2, 4.5 and 5.0 without an error (Draco: 4.5
and 5.0). What is refused made at least one of them fail, hang or crash, came out as something else
than the model (empty, folded into one point, without its pictures), opens files that are none of
its business, or is beyond a cap.
"""

from __future__ import annotations

import json
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import BadModel, StorageError
from core.glb import PICTURE_SIDE, Summary, check
from core.gltf.kinds import DEPTH_JSON, DEPTH_NODES, MAX, MAX_VERTICES
from core.picture_size import is_cut_off, is_laden, picture_size

from . import glb_files as files
from .glb_files import Glb, quad

GONE = object()
Make = Callable[[], bytes]


def puts(changes: dict[str, Any], make: Callable[[], Glb] = quad) -> Make:
    """A good file with values of its JSON replaced or added (in a list: at "+"), or taken out
    (GONE)."""

    def bent() -> bytes:
        glb = make()
        for path, value in changes.items():
            target: Any = glb.json
            *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
            for step in way:
                target = target[step]
            if value is GONE:
                del target[last]
            elif last == "+":
                target.append(value)
            else:
                target[last] = value
        return glb.data()

    return bent


def put(path: str, value: Any, make: Callable[[], Glb] = quad) -> Make:
    return puts({path: value}, make)


def bend(change: Callable[[Glb], object], make: Callable[[], Glb] = quad) -> Make:
    def bent() -> bytes:
        glb = make()
        change(glb)
        return glb.data()

    return bent


def poke(view: int, code: str, number: float, make: Callable[[], Glb] = quad) -> Make:
    """A good file with another number in second place of a buffer view."""

    def change(glb: Glb) -> None:
        start = glb.json["bufferViews"][view]["byteOffset"] + struct.calcsize(code)
        struct.pack_into(f"<{code}", glb.bin, start, number)

    return bend(change, make)


def many(name: str, count: int) -> Make:
    """A good file with its first entry of a list repeated."""
    return bend(lambda glb: glb.json.update({name: glb.json[name][:1] * count}))


def text(raw: str) -> Make:
    """A good file whose JSON is this text, with the quad's own in place of "…"."""
    glb = quad()
    glb.json["buffers"] = [{"byteLength": len(glb.bin)}]
    return lambda: files.pack(raw.replace("…", json.dumps(glb.json)[1:-1]).encode(), bytes(glb.bin))


def chunks(*parts: tuple[bytes, bytes]) -> Make:
    def made() -> bytes:
        padding = {b"JSON": b" "}
        body = b"".join(
            files.chunk(kind, content, padding.get(kind, b"\0")) for kind, content in parts
        )
        return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body

    return made


def quad_json(indent: int = 0) -> bytes:
    glb = quad()
    glb.json["buffers"] = [{"byteLength": len(glb.bin)}]
    return json.dumps(glb.json).encode() + b" " * indent


def chain(length: int) -> Make:
    def change(glb: Glb) -> None:
        glb.json["nodes"] = [{"children": [n + 1]} for n in range(length - 1)] + [{"mesh": 0}]

    return bend(change)


def nested(depth: int) -> str:
    return '{"extras": ' + "[" * depth + "]" * depth + ", …}"


def split(parts: int, triangles: int = 2) -> Make:
    """A mesh in many parts that share one list of indices."""

    def change(glb: Glb) -> None:
        glb.json["accessors"][3] |= {
            "bufferView": glb.view(bytes(6 * triangles)),
            "count": 3 * triangles,
        }
        glb.json["meshes"][0]["primitives"] *= parts

    return bend(change)


def animated(keys: int, channels: int) -> Make:
    def change(glb: Glb) -> None:
        times = glb.accessor("f", "SCALAR", keys, glb.view(bytes(4 * keys)))
        moves = glb.accessor("f", "VEC3", keys, glb.view(bytes(12 * keys)))
        channel = {"sampler": 0, "target": {"node": 0, "path": "translation"}}
        sampler = {"input": times, "output": moves}
        glb.json["animations"] = [{"channels": [channel] * channels, "samplers": [sampler]}]

    return bend(change)


def instanced(count: int) -> Make:
    def change(glb: Glb) -> None:
        where = {"TRANSLATION": glb.accessor("f", "VEC3", count, glb.view(bytes(12 * count)))}
        glb.json["nodes"][0]["extensions"] = {"EXT_mesh_gpu_instancing": {"attributes": where}}

    return bend(change)


def spread(glb: Glb) -> None:
    """Points beyond number: zeros that stand nowhere, and few that do."""
    places = glb.view(struct.pack("<I", 0))
    sparse = {
        "count": 1,
        "indices": {"bufferView": places, "componentType": 5125},
        "values": {"bufferView": 0},
    }
    glb.json["meshes"][0]["primitives"][0]["attributes"] = {
        "POSITION": glb.accessor("f", "VEC3", MAX_VERTICES + 1, None, sparse=sparse)
    }


def overlapping(glb: Glb) -> None:
    view = glb.view(bytes(12 * 1000))
    primitives = glb.json["meshes"][0]["primitives"]
    for shift in range(20):
        number = glb.accessor("f", "VEC3", 900, view, byteOffset=4 * shift)
        primitives.append({"attributes": {"POSITION": number}})


def with_pictures(*pictures: bytes) -> Make:
    def change(glb: Glb) -> None:
        views = [glb.view(picture) for picture in pictures]
        glb.json["images"] = [{"bufferView": view} for view in views]
        glb.json["textures"] = [{"source": number} for number in range(len(views))]

    return bend(change)


def draco(content: bytes = b"DRACO\2\2\1\1") -> Callable[[], Glb]:
    """The quad as an exporter with Draco writes it; the content is only begun."""

    def make() -> Glb:
        glb = quad()
        for number in (0, 1, 2, 3):
            del glb.json["accessors"][number]["bufferView"]
        packed = {"bufferView": glb.view(content), "attributes": {"POSITION": 0, "NORMAL": 1}}
        primitive = glb.json["meshes"][0]["primitives"][0]
        primitive["extensions"] = {"KHR_draco_mesh_compression": packed}
        for name in ("extensionsUsed", "extensionsRequired"):
            glb.json[name] = ["KHR_draco_mesh_compression"]
        return glb

    return make


def write(folder: Path, content: bytes) -> Path:
    path = folder / "model.glb"
    path.write_bytes(content)
    return path


def refusal(path: Path, **more: Any) -> BadModel:
    with pytest.raises(BadModel) as caught:
        check(path, **more)
    error = caught.value
    assert error.message.endswith(".")
    assert error.advice.endswith(".")
    return error


# --- let through ----------------------------------------------------------------------------

NAN = float("nan")
MESH = "meshes.0.primitives.0"
LET_THROUGH: dict[str, Make] = {
    "a picture under a wrong name": put("images.0.mimeType", "image/jpeg"),
    **{name: (lambda make=make: make().data()) for name, make in files.GOOD.items()},
    "draco": lambda: draco()().data(),
    "fill bytes before the binary part's end": bend(lambda glb: glb.bin.extend(b"\0\0\0")),
    "a third part of its own": chunks(
        (b"JSON", quad_json()), (b"BIN\0", bytes(quad().bin)), (b"XTRA", b"anything")
    ),
    "the same key twice": text('{"scene": 99, …}'),
    "names in any script": put("nodes.0.name", "茶壺 🫖"),
    "a deep tree": chain(DEPTH_NODES),
    "a long tree": bend(lambda g: g.json.update(nodes=[{"mesh": 0}] * MAX["nodes"], scenes=[{}])),
    "no default scene": put("scene", GONE),
    "null for what is left out": put("nodes.0.skin", None),
    "pieces that begin anywhere": bend(
        lambda glb: glb.json["accessors"][2].update(bufferView=glb.view(bytes(35)), byteOffset=3)
    ),
    "an unread picture of any kind": bend(
        lambda glb: glb.json["images"].append({"bufferView": glb.view(b"\xabKTX 20\xbb")})
    ),
    "a large picture": with_pictures(files.png_head(PICTURE_SIDE, PICTURE_SIDE)),
    "metadata before a JPEG's size": with_pictures(files.jpeg_head(64, 32, before=200_000)),
    "an optional extension nobody knows": put("extensionsUsed", ["VENDOR_sparkles"]),
    "an odd normal": poke(1, "f", float("nan")),
    "weights of nothing": puts({"nodes.0.weights": [1.0], "meshes.0.weights": [1.0]}),
    "tangents": put(f"{MESH}.attributes.TANGENT", 1),
    "an animation of nothing": put(
        "animations.0.channels.0.target", {"path": "translation"}, files.rigged
    ),
    "a shape that moves nothing": put(f"{MESH}.targets", [{"NORMAL": 1}], quad),
    "a light without use": put(
        "extensions", {"KHR_lights_punctual": {"lights": [{"type": "spot", "spot": {}}]}}
    ),
}


@pytest.mark.parametrize("name", LET_THROUGH)
def test_what_blender_takes_is_let_through(name: str, tmp_path: Path) -> None:
    summary = check(write(tmp_path, LET_THROUGH[name]()))
    assert summary.triangles >= 1
    assert summary.bytes == (tmp_path / "model.glb").stat().st_size


def test_the_summary_counts(tmp_path: Path) -> None:
    content = quad().data()
    assert check(write(tmp_path, content)) == Summary(
        bytes=len(content), meshes=1, triangles=2, vertices=4, nodes=1, materials=1, images=1
    )
    furnished = check(write(tmp_path, files.furnished().data()))
    assert (furnished.nodes, furnished.materials, furnished.images) == (3, 2, 2)
    assert check(write(tmp_path, files.strips().data())).triangles == 6
    assert check(write(tmp_path, files.bare().data())).triangles == 1
    needs = check(write(tmp_path, files.quantized().data())).extensions_required
    assert needs == ("KHR_mesh_quantization",)


def test_numbers_of_a_large_model_are_all_looked_at(tmp_path: Path) -> None:
    # Longer than one read: the first and the last of each must be seen.
    grid = files.grid(330)
    assert check(write(tmp_path, grid.data())).triangles == 2 * 330 * 330
    views = grid.json["bufferViews"]
    assert min(view["byteLength"] for view in views) > 1 << 20
    points, corners = (view["byteOffset"] for view in views)
    for start, number, words in (
        (points, struct.pack("<f", float("inf")), "nowhere"),
        (corners - 4, struct.pack("<f", float("nan")), "nowhere"),
        (corners, struct.pack("<I", 331 * 331), "a point that is not there"),
        (len(grid.bin) - 4, struct.pack("<I", 331 * 331), "a point that is not there"),
    ):
        kept = grid.bin[start : start + 4]
        grid.bin[start : start + 4] = number
        assert words in refusal(write(tmp_path, grid.data())).message
        grid.bin[start : start + 4] = kept


def test_the_binary_part_is_never_read_as_a_whole(tmp_path: Path) -> None:
    # A long hole at the end of the binary part, and a list of numbers right through it.
    rows, size = 1_000_000, 64 << 20
    glb = quad()
    view = glb.view(bytes(12))
    glb.json["bufferViews"][view]["byteLength"] = 12 * rows
    glb.json["accessors"][0] |= {"bufferView": view, "count": rows}
    for name in ("NORMAL", "TEXCOORD_0"):
        del glb.json["meshes"][0]["primitives"][0]["attributes"][name]
    glb.json["buffers"] = [{"byteLength": size}]
    content = bytearray(glb.data())
    binary = content.index(b"BIN\0") - 4
    struct.pack_into("<I", content, binary, size)
    struct.pack_into("<I", content, 8, binary + 8 + size)
    path = write(tmp_path, bytes(content))
    with open(path, "r+b") as file:
        file.truncate(binary + 8 + size)
    tracemalloc.start()
    try:
        assert check(path).vertices == rows
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


# --- refused --------------------------------------------------------------------------------

LOOK = "materials.0.pbrMetallicRoughness"
EXTRA = "materials.1.extensions"
CONTAINER: dict[str, tuple[Make, str]] = {
    "empty": (lambda: b"", "empty file"),
    "web page": (lambda: b"\n<!DOCTYPE html><html>Sign in</html>", "a web page"),
    "storage error": (lambda: b"<?xml version='1.0'?><Error>AccessDenied</Error>", "a message"),
    "json message": (lambda: b'{"error": "not found"}', "a message"),
    "gltf as text": (lambda: quad_json(), "a message"),
    "zip": (lambda: b"PK\3\4" + bytes(100), "a zip archive"),
    "picture": (lambda: files.png(), "a picture"),
    "something else": (lambda: b"Kaydara FBX Binary  \0" + bytes(100), "not a GLB"),
    "four bytes": (lambda: b"glTF", "cut off"),
    "header only": (lambda: quad().data()[:12], "cut off"),
    "half": (lambda: quad().data()[:700], "cut off"),
    "last byte missing": (lambda: quad().data()[:-1], "cut off"),
    "one byte too many": (lambda: quad().data() + b"\0", "longer than it says"),
    "version 1": (lambda: files.pack(quad_json(), version=1), "version 1"),
    "no parts": (chunks(), "cut off"),
    "binary first": (chunks((b"BIN\0", b"1234"), (b"JSON", quad_json())), "no description"),
    "description twice": (chunks(*[(b"JSON", quad_json())] * 2), "twice"),
    "binary twice": (chunks((b"JSON", quad_json()), *[(b"BIN\0", bytes(64))] * 2), "twice"),
    "binary third": (
        chunks((b"JSON", quad_json()), (b"XTRA", b"1234"), (b"BIN\0", bytes(quad().bin))),
        "out of order",
    ),
    "odd length": (
        lambda: (lambda d: d[:12] + struct.pack("<I", 41) + d[16:])(quad().data()),
        "do not add up",
    ),
    "part past the end": (
        lambda: (lambda d: d[:12] + struct.pack("<I", 1 << 30) + d[16:])(quad().data()),
        "do not add up",
    ),
    "half a part's head": (
        lambda: struct.pack("<4sII", b"glTF", 2, 12 + 12) + files.chunk(b"JSON", b"") + b"\0\0\0\0",
        "do not add up",
    ),
    "endless description": (
        lambda: files.pack(quad_json(9 << 20), bytes(quad().bin)),
        "description is too long",
    ),
}
DESCRIPTION: dict[str, tuple[Make, str]] = {
    "not json": (text("{nonsense"), "cannot be read"),
    "nul padding": (lambda: files.pack(b"{}\0\0"), "cannot be read"),
    "byte order mark": (lambda: files.pack(b"\xef\xbb\xbf{}"), "cannot be read"),
    "latin 1": (lambda: files.pack(b'{"a": "\xe9"}'), "cannot be read"),
    "utf-16": (lambda: files.pack("{}".encode("utf-16")), "cannot be read"),
    "a list": (text("[1, 2]"), "not one"),
    "a number": (text("7"), "not one"),
    "NaN": (text('{"extras": NaN, …}'), "cannot be read"),
    "Infinity": (text('{"extras": [-Infinity], …}'), "cannot be read"),
    "1e999": (text('{"extras": {"a": -1e999}, …}'), "infinite"),
    "very long number": (text('{"extras": ' + "9" * 5000 + ", …}"), "cannot be read"),
    "half a character": (text('{"extras": {"\\ud800": 1}, …}'), "not text"),
    "deep": (text(nested(DEPTH_JSON)), "nested without end"),
    "bottomless": (text(nested(200_000)), "cannot be read"),
    "no asset": (put("asset", GONE), "unknown version"),
    "asset of another kind": (put("asset", ["2.0"]), "unknown version"),
    "version as number": (put("asset.version", 2.0), "unknown version"),
    "glTF 1.0": (put("asset.version", "1.0"), "version 1.0"),
    "glTF 2.1": (put("asset.version", "2.1"), "version 2.1"),
    "relative path": (put("images.0", {"uri": "../secret.png"}), "outside itself"),
    "absolute path": (put("images.0.uri", "/etc/passwd"), "read files from your computer"),
    "network path": (put("images.0.uri", "\\\\host\\share\\a.png"), "outside itself"),
    "web address": (put("images.0.uri", "https://example.com/a.png"), "outside itself"),
    "empty address": (put("images.0.uri", ""), "outside itself"),
    "address of another kind": (put("images.0.uri", 5), "outside itself"),
    "buffer elsewhere": (put("buffers", [{"byteLength": 4, "uri": "a.bin"}]), "outside itself"),
    "data address": (put("images.0.uri", "data:image/png;base64,AAAA"), "data: address"),
    "meshopt": (put("extensionsRequired", ["EXT_meshopt_compression"]), "EXT_meshopt_compression"),
    "basis": (put("extensionsRequired", ["KHR_texture_basisu"]), "KHR_texture_basisu"),
    "pointer": (put("extensionsRequired", ["KHR_animation_pointer"]), "KHR_animation_pointer"),
    "unprintable": (put("extensionsRequired", ["a\nb"]), "needs ?,"),
    "needed, not used": (put("extensionsRequired", ["KHR_materials_unlit"]), "does not use"),
    "needs of another kind": (put("extensionsRequired", ""), "not as long"),
    "needs of other kinds": (put("extensionsRequired", [["a"]]), "not text"),
    "lists of another kind": (put("nodes", {"0": {}}), "not as long"),
    "entries of another kind": (put("nodes.0", 7), "wrong kind"),
    "name of another kind": (put("nodes.0.name", 7), "not text"),
    "switch of another kind": (put("materials.0.doubleSided", 1), "neither on nor off"),
    "number as text": (put(f"{LOOK}.metallicFactor", "1"), "not possible"),
    "number as switch": (put(f"{LOOK}.metallicFactor", True), "not possible"),
    "number beyond 32 bits": (put(f"{LOOK}.metallicFactor", 10**400), "not possible"),
    "short colour": (put(f"{LOOK}.baseColorFactor", [1, 1, 1]), "not as long"),
    "extension of another kind": (put("materials.0.extensions", {"X": 5}), "wrong kind"),
    "extension's null": (put(f"{EXTRA}.KHR_materials_ior.ior", None, files.furnished), "possible"),
    "extension's colour": (
        put(f"{EXTRA}.KHR_materials_specular.specularColorFactor", [1], files.furnished),
        "not as long",
    ),
    "extension's texture": (
        put(f"{EXTRA}.KHR_materials_clearcoat.clearcoatTexture.index", 5, files.furnished),
        "a texture that is not there",
    ),
    "texture's turn": (
        put(
            f"{EXTRA}.KHR_materials_clearcoat.clearcoatTexture.extensions",
            {"KHR_texture_transform": {"rotation": "x"}},
            files.furnished,
        ),
        "not possible",
    ),
    "camera without lens": (put("cameras.0", {"type": "perspective"}, files.furnished), "missing"),
    "unknown light": (
        put("extensions.KHR_lights_punctual.lights.0.type", "sun", files.furnished),
        "unknown",
    ),
    "unnamed variant": (
        put("extensions.KHR_materials_variants.variants.0", {}, files.furnished),
        "missing",
    ),
    "variants of nothing": (
        put("extensions.KHR_materials_variants", GONE, files.furnished),
        "variants of nothing",
    ),
}
REFERENCES: dict[str, tuple[Make, str]] = {
    "scene": (put("scene", 1), "a scene that is not there"),
    "scene without scenes": (put("scenes", GONE), "a scene that is not there"),
    "node of a scene": (put("scenes.0.nodes.0", 1), "a node that is not there"),
    "child": (put("nodes.0.children", [1]), "a node that is not there"),
    "mesh": (put("nodes.0.mesh", 7), "a mesh that is not there"),
    "mesh from the end": (put("nodes.0.mesh", -1), "a mesh that is not there"),
    "mesh as 0.0": (put("nodes.0.mesh", 0.0), "a mesh that is not there"),
    "mesh as text": (put("nodes.0.mesh", "0"), "a mesh that is not there"),
    "mesh as switch": (put("nodes.0.mesh", False), "a mesh that is not there"),
    "skin": (put("nodes.0.skin", 0), "a skin that is not there"),
    "joint": (put("skins.0.joints.0", 9, files.rigged), "a node that is not there"),
    "camera": (put("nodes.0.camera", 0), "a camera that is not there"),
    "light": (
        put("nodes.2.extensions.KHR_lights_punctual.light", 1, files.furnished),
        "a light that is not there",
    ),
    "material": (put(f"{MESH}.material", 1), "a material that is not there"),
    "texture": (put(f"{LOOK}.baseColorTexture.index", 1), "a texture that is not there"),
    "picture": (put("textures.0.source", 1), "a picture that is not there"),
    "webp picture": (
        put("textures.1.extensions.EXT_texture_webp.source", 2, files.furnished),
        "a picture that is not there",
    ),
    "sampler": (put("textures.0.sampler", 1), "a sampler that is not there"),
    "attribute": (put(f"{MESH}.attributes.POSITION", 4), "a list that is not there"),
    "indices": (put(f"{MESH}.indices", 4), "a list that is not there"),
    "shape": (put(f"{MESH}.targets", [{"POSITION": 9}]), "a list that is not there"),
    "piece of a list": (put("accessors.0.bufferView", 9), "a piece that is not there"),
    "piece of a picture": (put("images.0.bufferView", 9), "a piece that is not there"),
    "picture without piece": (put("images.0", {"name": "none"}), "missing"),
    "buffer": (put("bufferViews.0.buffer", 1), "a buffer that is not there"),
    "variant's material": (
        put(f"{MESH}.extensions.KHR_materials_variants.mappings.0.material", 2, files.furnished),
        "a material that is not there",
    ),
}
RANGES: dict[str, tuple[Make, str]] = {
    "two buffers": (put("buffers", [{"byteLength": 4}, {"byteLength": 4}]), "not in the file"),
    "no binary part": (lambda: files.pack(quad_json()), "not in the file"),
    "short binary part": (lambda: files.pack(quad_json(), b"1234"), "not in the file"),
    "piece too long": (put("bufferViews.4.byteLength", 5000), "past its end"),
    "piece too late": (put("bufferViews.0.byteOffset", 5000), "past its end"),
    "piece before the beginning": (put("bufferViews.0.byteOffset", -4), "not possible"),
    "empty piece": (put("bufferViews.0.byteLength", 0), "not possible"),
    "list too long": (put("accessors.0.count", 5), "past its end"),
    "list much too long": (put("accessors.0.count", 1 << 31), "past its end"),
    "list beyond all": (put("accessors.0.count", 1 << 60), "not possible"),
    "empty list": (put("accessors.3.count", 0), "not possible"),
    "list too late": (put("accessors.0.byteOffset", 4), "past its end"),
    "wide rows": (put("bufferViews.0.byteStride", 16), "past its end"),
    "rows that overlap": (put("bufferViews.0.byteStride", 4), "packed"),
    "rows out of step": (put("bufferViews.0.byteStride", 13), "packed"),
    "rows wider than allowed": (put("bufferViews.0.byteStride", 256), "not possible"),
    "unknown numbers": (put("accessors.0.componentType", 5124), "unknown"),
    "unknown rows": (put("accessors.0.type", "VEC5"), "unknown"),
    "rows of another kind": (put("accessors.0.type", ["VEC3"]), "unknown"),
    "sparse beyond": (put("accessors.5.sparse.count", 5, files.morphed), "than it has"),
    "sparse places too long": (
        put("accessors.5.sparse.indices.byteOffset", 2, files.morphed),
        "past its end",
    ),
    "sparse values too long": (
        put("accessors.5.sparse.values.byteOffset", 4, files.morphed),
        "past its end",
    ),
    "sparse without places": (put("accessors.5.sparse.indices", GONE, files.morphed), "missing"),
    "sparse place not there": (
        put("accessors.5.sparse.indices.bufferView", 4, files.morphed),
        "a point that is not there",
    ),
    "overlapping": (bend(overlapping), "overlap"),
}
TREE: dict[str, tuple[Make, str]] = {
    "child of itself": (put("nodes.0.children", [0]), "circle"),
    "circle": (
        put("nodes", [{"mesh": 0}, {"children": [2]}, {"children": [1]}]),
        "circle",
    ),
    "two parents": (
        puts(
            {
                "nodes": [{"mesh": 0}, {"children": [0]}, {"children": [0]}],
                "scenes": [{"nodes": [1, 2]}],
            }
        ),
        "two places",
    ),
    "child twice": (
        puts({"nodes.+": {"children": [0, 0]}, "scenes.0.nodes": [1]}),
        "two places",
    ),
    "scene twice": (put("scenes.0.nodes", [0, 0]), "two places"),
    "scene holds a child": (
        puts({"nodes": [{"children": [1]}, {"mesh": 0}], "scenes": [{"nodes": [0, 1]}]}),
        "two places",
    ),
    "too deep": (chain(DEPTH_NODES + 1), "nested without end"),
    "short place": (put("nodes.0.translation", [1, 0]), "not as long"),
    "long turn": (put("nodes.0.rotation", [0, 0, 0, 1, 0]), "not as long"),
    "short matrix": (put("nodes.0.matrix", [1] * 15), "not as long"),
    "absurd place": (put("nodes.0.translation", [0, 1e300, 0]), "not possible"),
    "absurd matrix": (put("nodes.0.matrix", [1e38] * 16), "not possible"),
    "place of text": (put("nodes.0.scale", ["1", 1, 1]), "not possible"),
}
MESHES: dict[str, tuple[Make, str]] = {
    "no meshes": (
        puts(dict.fromkeys(("meshes", "nodes", "scenes", "scene"), GONE)),
        "holds no mesh",
    ),
    "mesh on no node": (put("nodes.0.mesh", GONE), "holds no mesh"),
    "empty mesh": (put("meshes.0.primitives", []), "not as long"),
    "one empty mesh": (
        put("meshes.+", {"primitives": []}),
        "not as long",
    ),
    "points only": (put(f"{MESH}.mode", 0), "no mesh with a surface"),
    "lines only": (put(f"{MESH}.mode", 1), "no mesh with a surface"),
    "unknown mode": (put(f"{MESH}.mode", 7), "not possible"),
    "attributes of another kind": (put(f"{MESH}.attributes", []), "wrong kind"),
    "no positions": (put(f"{MESH}.attributes", {"NORMAL": 1}), "no points"),
    "positions of zeros": (put("accessors.0.bufferView", GONE), "no points"),
    "flat positions": (put("accessors.0.type", "VEC2"), "wrong way"),
    "whole positions": (put("accessors.0.componentType", 5121), "wrong way"),
    "flat normals": (put("accessors.1.type", "VEC2"), "wrong way"),
    "thin texture coordinates": (put("accessors.2.type", "SCALAR"), "wrong way"),
    "thin colours": (put(f"{MESH}.attributes.COLOR_0", 2), "wrong way"),
    "joints as fractions": (put(f"{MESH}.attributes.JOINTS_0", 1), "wrong way"),
    "own matrix": (
        puts(
            {
                "accessors.+": {"bufferView": 0, "componentType": 5121, "type": "MAT3", "count": 4},
                f"{MESH}.attributes._OWN": 4,
            }
        ),
        "wrong way",
    ),
    "own of two kinds": (
        puts(
            {
                f"{MESH}.attributes._OWN": 1,
                "meshes.0.primitives.+": {"attributes": {"POSITION": 0, "_OWN": 2}, "indices": 3},
            }
        ),
        "wrong way",
    ),
    "fewer normals": (put("accessors.1.count", 3), "unevenly"),
    "two corners": (put("accessors.3.count", 2), "lacks a corner"),
    "four corners": (put("accessors.3.count", 4), "lacks a corner"),
    "no indices, four corners": (put(f"{MESH}.indices", GONE), "lacks a corner"),
    "strip of two": (
        puts({"accessors.3.count": 2, f"{MESH}.mode": 5}),
        "lacks a corner",
    ),
    "half a line": (
        puts({"accessors.3.count": 5, f"{MESH}.mode": 1}),
        "lacks a corner",
    ),
    "indices with sign": (put("accessors.3.componentType", 5122), "wrong way"),
    "indices as fractions": (put(f"{MESH}.indices", 1), "wrong way"),
    "indices in pairs": (
        puts({"accessors.3.type": "VEC2", "accessors.3.count": 3}),
        "wrong way",
    ),
    "indices of zeros": (put("accessors.3.bufferView", GONE), "triangles are missing"),
    "index too high": (poke(3, "H", 4), "a point that is not there"),
    "restart": (poke(3, "H", 65535), "a point that is not there"),
    "point is nowhere": (poke(0, "f", NAN), "nowhere"),
    "point is far off": (poke(0, "f", float("-inf")), "nowhere"),
    "point among others is nowhere": (poke(5, "f", NAN, files.interleaved), "nowhere"),
    "shape is nowhere": (poke(5, "f", NAN, files.morphed), "nowhere"),
    "sparse shape is nowhere": (poke(7, "f", NAN, files.morphed), "nowhere"),
    "shape too short": (put("accessors.4.count", 3, files.morphed), "does not fit"),
    "shape of another kind": (put(f"{MESH}.targets.0.POSITION", 2, files.morphed), "does not fit"),
    "shapes do not match": (
        put(
            "meshes.0.primitives.+",
            {"attributes": {"POSITION": 0}, "indices": 3, "targets": [{}]},
            files.morphed,
        ),
        "shapes do not match",
    ),
    "more weights than shapes": (put("meshes.0.weights", [0, 0, 0], files.morphed), "do not match"),
    "more weights on a node": (put("nodes.0.weights", [0, 0, 0], files.morphed), "do not match"),
    "draco without indices": (put(f"{MESH}.indices", GONE, draco()), "compressed"),
    "draco of more": (
        put(f"{MESH}.extensions.KHR_draco_mesh_compression.attributes.COLOR_0", 2, draco()),
        "compressed",
    ),
    "draco that is not": (bend(lambda glb: None, draco(b"something else")), "compressed"),
    "draco without points": (
        put(f"{MESH}.extensions.KHR_draco_mesh_compression.attributes", {"NORMAL": 1}, draco()),
        "no points",
    ),
}
MOTION: dict[str, tuple[Make, str]] = {
    "no joints": (put("skins.0.joints", [], files.rigged), "not as long"),
    "fewer matrices than joints": (put("skins.0.joints", [1, 2, 2], files.rigged), "bones"),
    "matrices of another kind": (put("skins.0.inverseBindMatrices", 1, files.rigged), "wrong kind"),
    "matrix is nowhere": (poke(7, "f", NAN, files.rigged), "nowhere"),
    "bone not there": (poke(5, "B", 2, files.rigged), "a bone that is not there"),
    "animation without sampler": (
        put("animations.0.channels.0.sampler", 1, files.rigged),
        "leads nowhere",
    ),
    "animation by pointer": (
        put("animations.0.channels.0.target", {"path": "pointer"}, files.rigged),
        "leads nowhere",
    ),
    "animation of a node not there": (
        put("animations.0.channels.0.target.node", 5, files.rigged),
        "a node that is not there",
    ),
    "unknown interpolation": (
        put("animations.0.samplers.0.interpolation", "SMOOTH", files.rigged),
        "unknown",
    ),
    "too few keys": (put("animations.0.samplers.0.interpolation", "STEP", files.rigged), "not fit"),
    "keys of another kind": (put("animations.0.samplers.0.output", 0, files.rigged), "wrong kind"),
    "times of another kind": (put("animations.0.samplers.0.input", 0, files.rigged), "wrong kind"),
    "time is nowhere": (poke(8, "f", NAN, files.rigged), "nowhere"),
    "weights without shapes": (put(f"{MESH}.targets", GONE, files.morphed), "not fit"),
    "uneven instances": (
        put("nodes.0.extensions.EXT_mesh_gpu_instancing.attributes.SCALE", 0, files.furnished),
        "do not match",
    ),
    "instances of another kind": (
        put("nodes.0.extensions.EXT_mesh_gpu_instancing.attributes.ROTATION", 0, files.furnished),
        "wrong kind",
    ),
    "instance is nowhere": (poke(6, "f", NAN, files.furnished), "nowhere"),
}
TOO_MUCH: dict[str, tuple[Make, str]] = {
    **{
        name: (many(name, MAX[name] + 1), f"{MAX[name] + 1:,} {name}")
        for name in ("nodes", "meshes", "materials", "textures", "images", "scenes")
    },
    "any other list": (put("samplers", [{}] * 100_001), "100,001 samplers"),
    "primitives": (split(MAX["primitives"] + 1), "too many parts"),
    "instances": (instanced(MAX["nodes"]), "20,001 parts"),
    "shapes": (put(f"{MESH}.targets", [{"POSITION": 0}] * (MAX["targets"] + 1)), "1,001 shapes"),
    "triangles": (split(5001, triangles=2000), "10,002,000 triangles"),
    "points": (bend(spread), f"{MAX_VERTICES + 1:,} points"),
    "points in shapes": (
        puts(
            {
                f"{MESH}.targets": [{"POSITION": 0}] * 1000,
                "nodes": [{"mesh": 0}] * (MAX_VERTICES // 4000),
                "scenes": [{}],
            }
        ),
        "points",
    ),
    "keys": (animated(keys=100_000, channels=51), "5,100,000 keys"),
}
PICTURES: dict[str, tuple[Make, str]] = {
    "no picture": (with_pictures(b"#!/bin/sh"), "neither PNG nor JPEG nor WebP"),
    "openexr": (with_pictures(b"\x76\x2f\x31\x01" + bytes(40)), "neither PNG"),
    "tiff": (with_pictures(b"II*\0" + bytes(40)), "neither PNG"),
    "ktx2": (with_pictures(b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(40)), "neither PNG"),
    "half a png head": (with_pictures(files.png()[:20]), "neither PNG"),
    "jpeg without a size": (with_pictures(b"\xff\xd8\xff\xda" + bytes(40)), "neither PNG"),
    "picture without pixels": (with_pictures(files.png_head(0, 5)), "neither PNG"),
    "30,000 wide": (with_pictures(files.png_head(30_000, 2)), "30,000 × 2 pixels"),
    "30,000 high": (with_pictures(files.jpeg_head(2, 30_000)), "2 × 30,000 pixels"),
    "webp too wide": (with_pictures(files.webp_head(16_385, 2)), "16,385 × 2 pixels"),
    "png of many texts": (with_pictures(files.laden_png(9)), "made to take long"),
    "jpeg of many scans": (with_pictures(files.laden_jpeg(101)), "made to take long"),
    "too many pixels": (
        with_pictures(*[files.png_head(PICTURE_SIDE, PICTURE_SIDE)] * 5),
        "pixels",
    ),
}
REFUSED = {
    f"{group}: {name}": case
    for group, cases in {
        "container": CONTAINER,
        "description": DESCRIPTION,
        "references": REFERENCES,
        "ranges": RANGES,
        "tree": TREE,
        "meshes": MESHES,
        "motion": MOTION,
        "too much": TOO_MUCH,
        "pictures": PICTURES,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_blender_would_fail_on_is_refused_in_words(name: str, tmp_path: Path) -> None:
    make, words = REFUSED[name]
    error = refusal(write(tmp_path, make()))
    assert words in error.message


def test_the_size_limit_is_the_callers(tmp_path: Path) -> None:
    path = write(tmp_path, quad().data())
    assert check(path, limit_bytes=path.stat().st_size)
    assert "too big" in refusal(path, limit_bytes=path.stat().st_size - 1).message


def test_a_file_that_cannot_be_read_is_no_bad_model(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.glb", tmp_path):
        with pytest.raises(StorageError) as caught:
            check(path)
        assert "could not be read" in caught.value.message


# --- anything at all ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def verdict(folder: Path, content: bytes) -> BadModel | None:
    """Anything else that is raised fails the test."""
    try:
        check(write(folder, content))
    except BadModel as error:
        return error
    return None


def only_bad_models(folder: Path, *contents: bytes) -> None:
    for content in contents:
        error = verdict(folder, content)
        assert error is None or (error.message and error.advice)


QUICK = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
NAMES = st.sampled_from(sorted(files.GOOD))


@QUICK
@given(
    NAMES, st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255))), st.integers(0, 4000)
)
@example("quad", [], 0)
def test_flipped_and_missing_bytes(
    scratch: Path, name: str, flips: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(files.GOOD[name]().data())
    for place, value in flips:
        content[place % len(content)] = value
    only_bad_models(scratch, bytes(content[: len(content) - cut // 10]))


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_in_both_parts(scratch: Path, content: bytes) -> None:
    picture = with_pictures(b"\xff\xd8\xff" + content)
    only_bad_models(scratch, content, b"glTF" + content, files.pack(content, content), picture())


ODD: list[Any] = [
    None, True, -1, 0, 1, 2, 7, 0.5, 1e30, 1 << 40, "", "x", "VEC3", "VEC4", [], {}, [0], {"a": {}},
    5121, 5126,
]  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    found = [(*way, key) for key, _ in inner]
    for key, item in inner:
        found += places(item, (*way, key))
    return found


def mutate(content: Any, random: Random) -> None:
    """Replace, remove, repeat or exchange something anywhere in it."""
    *way, last = random.choice(places(content))
    parent = content
    for step in way:
        parent = parent[step]
    match random.randrange(5):
        case 0:
            del parent[last]
        case 1 if isinstance(parent, list):
            parent.insert(last, parent[last])
        case 2 if isinstance(parent[last], (int, float)):
            parent[last] += random.choice([-1, 1, 100])
        case 3 if isinstance(parent, dict):
            names = ["mesh", "skin", "children", "sparse", "targets", "mode", "matrix", "indices"]
            parent[random.choice(names)] = random.choice(ODD)
        case _:
            parent[last] = random.choice(ODD)


@QUICK
@given(NAMES, st.integers(0, 1 << 32), st.integers(1, 4))
def test_mutated_descriptions(scratch: Path, name: str, seed: int, times: int) -> None:
    glb = files.GOOD[name]()
    random = Random(seed)
    for _ in range(times):
        glb.json = json.loads(json.dumps(glb.json))  # nothing shared
        if places(glb.json):
            mutate(glb.json, random)
    only_bad_models(scratch, glb.data())


# --- pictures -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (files.png(3, 5), ("png", 3, 5)),
        (files.JPEG, ("jpg", 1, 1)),
        (files.WEBP, ("webp", 1, 1)),
        (files.WEBP_LOSSY, ("webp", 1, 1)),
        (files.webp_head(4000, 70), ("webp", 4000, 70)),
        (files.jpeg_head(640, 480, before=100), ("jpg", 640, 480)),
        (b"\xff\xd8\xff\xff\xff\xe0\0\2" + files.jpeg_head(640, 480)[2:], ("jpg", 640, 480)),
        (b"\xff\xd8" + b"\xff\xe1\0\2" * 2000, None),
        # libjpeg passes over two bytes, and reads the second size.
        (b"\xff\xd8\xff\0\0\x1f" + files.jpeg_head(8, 8)[2:] * 3, None),
        (b"\xff\xd8\xff\x02\0\4ab" + files.jpeg_head(8, 8)[2:], None),
        (b"RIFF\0\0\0\0WEBPVP9 " + bytes(20), None),
        (b"GIF89a" + bytes(30), None),
        (b"", None),
    ],
)
def test_the_size_of_a_picture(content: bytes, expected: tuple[str, int, int] | None) -> None:
    assert picture_size(lambda at, count: content[at : at + count]) == expected


@pytest.mark.parametrize(
    ("content", "kind", "laden"),
    [
        (files.png(), "png", False),
        (files.laden_png(8), "png", False),
        (files.laden_png(9), "png", True),
        (files.laden_png(9)[:60], "png", False),  # cut off
        (files.png_head(2, 2) + files.part(b"iTXt", b"a\0\0\0\0\0b") * 99, "png", False),
        (files.png_head(2, 2) + files.part(b"iTXt", b"a\0\1\0\0\0b") * 9, "png", True),
        (files.png_head(2, 2) + files.part(b"tEXt", b"a\0b") * 100_000, "png", True),
        (files.JPEG, "jpg", False),
        (files.laden_jpeg(100), "jpg", False),
        (files.laden_jpeg(101), "jpg", True),
        # A marker on both sides of what is read at a time.
        (bytes((1 << 20) - 1) + b"\xff\xda" * 101, "jpg", True),
        (bytes((1 << 20) - 1) + b"\xff\xda" * 100, "jpg", False),
        (files.WEBP, "webp", False),
    ],
)
def test_what_is_made_to_take_long(content: bytes, kind: str, laden: bool) -> None:
    assert is_laden(kind, lambda at, count: content[at : at + count]) == laden


def test_a_jpeg_that_ends_amid_its_pixels() -> None:
    whole = files.JPEG
    thumbnail = whole[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(whole)) + whole + whole[2:]
    apart = whole[:-2] + bytes((1 << 20) - 1 - (len(whole) - 2 - whole.index(b"\xff\xda")))
    pixels = whole.index(b"\xff\xda")
    for content, cut_off in (
        (whole, False),
        (whole + b"more", False),
        (whole[:-2], True),
        (whole[: pixels + 4], True),
        (whole[:pixels], False),  # nothing can be shown of it: refused for that
        (thumbnail, False),
        (thumbnail[:-2], True),  # that of the thumbnail is not the end
        (apart + b"\xff\xd9", False),  # on both sides of what is read at a time
        (apart, True),
        (b"\xff\xd8" + b"\xff" * 5000, False),
        (b"", False),
    ):
        seen = is_cut_off(lambda at, count, content=content: content[at : at + count])
        assert seen == cut_off, content[:100]
