"""Models as services and other programs write them: one GLB for each thing a model may have.

For what comes of a model in Blender, where tests.core.glb_files is for what a file may be. Every
mesh is a lopsided ball whose normals are not what its faces would give, so that any turn, any
mirroring and any loss shows. Pure Python.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from core.sandbox.models import Order, make_model
from tests.core import glb_files
from tests.core.glb_files import JPEG, WEBP, WEBP_LOSSY, Glb, large_png, png

TILTED = [0.1830127, 0.5, 0.1830127, 0.8365163]  # a turn about no axis in particular
QUARTER = [0.70710678, 0.0, 0.0, 0.70710678]


def empty() -> Glb:
    return Glb({"asset": {"version": "2.0", "generator": "glb_models"}, "meshes": [], "nodes": []})


def ball(
    glb: Glb, seed: int = 1, *, rows: int = 6, normals: bool = True, colors: int = 0, uvs: int = 1
) -> dict[str, Any]:
    """A primitive: 2·rows columns, a seam, normals and colours that are all different."""
    dice = random.Random(seed)
    columns = 2 * rows
    points, directions, places = [], [], []
    for row in range(rows + 1):
        for column in range(columns + 1):
            up, round_ = math.pi * row / rows, 2 * math.pi * column / columns
            x, z = math.sin(up) * math.cos(round_), math.sin(up) * math.sin(round_)
            y = math.cos(up)
            wide = 1 + 0.3 * math.sin(2 * round_) * math.sin(up)
            points.append((0.7 * x * wide + 0.2, 1.3 * y + 0.4, 0.5 * z * wide - 0.1))
            bent = [value + dice.uniform(-0.3, 0.3) for value in (x, y, z)]
            length = math.hypot(*bent)
            directions.append(tuple(value / length for value in bent))
            places.append((column / columns, row / rows))
    corners = []
    for row in range(rows):
        for column in range(columns):
            a = row * (columns + 1) + column
            b = a + columns + 1
            if row > 0:
                corners += [a, a + 1, b]
            if row < rows - 1:
                corners += [a + 1, b + 1, b]
    bounds = {
        "min": [min(point[axis] for point in points) for axis in range(3)],
        "max": [max(point[axis] for point in points) for axis in range(3)],
    }
    attributes = {"POSITION": glb.add("f", "VEC3", points, **bounds)}
    if normals:
        attributes["NORMAL"] = glb.add("f", "VEC3", directions)
    for layer in range(uvs):
        rows_of_uv = [(u * (1 + layer), v / (1 + layer)) for u, v in places]
        attributes[f"TEXCOORD_{layer}"] = glb.add("f", "VEC2", rows_of_uv)
    for layer in range(colors):
        shades = [tuple(dice.randrange(256) for _ in range(4)) for _ in points]
        attributes[f"COLOR_{layer}"] = glb.add("B", "VEC4", shades, normalized=True)
    indices = glb.add("I", "SCALAR", [(corner,) for corner in corners])
    return {"attributes": attributes, "indices": indices}


def mesh(glb: Glb, *primitives: dict[str, Any], name: str = "") -> int:
    glb.json["meshes"].append({"primitives": list(primitives), **({"name": name} if name else {})})
    return len(glb.json["meshes"]) - 1


def picture(glb: Glb, content: bytes, mime: str = "image/png") -> int:
    """The number of a new texture of this picture."""
    images = glb.json.setdefault("images", [])
    images.append({"bufferView": glb.view(content), "mimeType": mime})
    textures = glb.json.setdefault("textures", [])
    textures.append({"source": len(images) - 1})
    return len(textures) - 1


def material(glb: Glb, name: str = "Skin", **more: Any) -> int:
    materials = glb.json.setdefault("materials", [])
    materials.append({"name": name, **more})
    return len(materials) - 1


def stand(glb: Glb, *nodes: dict[str, Any]) -> Glb:
    """Those that are nobody's children are the roots of its one scene."""
    children = {child for node in nodes for child in node.get("children", ())}
    glb.json["nodes"] = list(nodes)
    roots = [number for number in range(len(nodes)) if number not in children]
    glb.json |= {"scenes": [{"nodes": roots}], "scene": 0}
    return glb


def one(*nodes: dict[str, Any], **kind: Any) -> Glb:
    """A ball with a texture; mesh 0. Without nodes, one."""
    glb = empty()
    skin = material(
        glb, pbrMetallicRoughness={"baseColorTexture": {"index": picture(glb, png(8, 4))}}
    )
    mesh(glb, {**ball(glb, **kind), "material": skin}, name="geometry_0")
    return stand(glb, *(nodes or ({"name": "world", "mesh": 0},)))


def two(*nodes: dict[str, Any]) -> Glb:
    """Two balls of one material each; meshes 0 and 1."""
    glb = empty()
    for number, name in enumerate(("Body", "Lid")):
        texture = picture(glb, png(4, 4 + number))
        skin = material(glb, name, pbrMetallicRoughness={"baseColorTexture": {"index": texture}})
        mesh(glb, {**ball(glb, number), "material": skin}, name=name)
    return stand(glb, *nodes)


def several() -> Glb:
    return two(
        {"name": "body", "mesh": 0, "translation": [1, 2, 3]},
        {"name": "lid", "mesh": 1, "translation": [1, 4, 3], "rotation": TILTED},
    )


def nested() -> Glb:
    """Turned, then unevenly scaled, then turned again: sheared."""
    return two(
        {"name": "Sketch", "rotation": QUARTER, "scale": [0.5, 0.5, 0.5], "children": [1, 5]},
        {"name": "RootNode", "scale": [1, 2, 3], "translation": [4, 0, 1], "children": [2, 3]},
        {"name": "pivot", "rotation": TILTED, "children": [4]},
        {"name": "lid", "mesh": 1, "translation": [0, 3, 0]},
        {"name": "body", "mesh": 0, "scale": [1, 1, 0.25]},
        {"name": "left over"},
    )


def mirrored_nest() -> Glb:
    return two(
        {"name": "mirror", "scale": [-1, 1, 1], "translation": [3, 0, 0], "children": [1, 2]},
        {"name": "body", "mesh": 0, "rotation": TILTED, "translation": [0, 1, 0]},
        {"name": "lid", "mesh": 1, "scale": [2, -1, 0.5]},  # mirrored twice: not mirrored
    )


def by_matrix() -> Glb:
    turned = [0, 0, -2, 0, 0, 1, 0, 0, -3, 0, 0, 0, 5, 6, 7, 1]  # of determinant -6
    return one({"name": "world", "children": [1]}, {"name": "geometry_0", "mesh": 0} | {
        "matrix": turned
    })  # fmt: skip


def instances() -> Glb:
    """One mesh in five places: turned, scaled, mirrored, sheared by what they hang on."""
    return one(
        {"name": "world", "rotation": TILTED, "scale": [1, 2, 1], "children": [1, 2, 3]},
        {"name": "a", "mesh": 0},
        {"name": "b", "mesh": 0, "rotation": QUARTER, "translation": [5, 0, 0]},
        {"name": "c", "mesh": 0, "scale": [-1, 1, 1], "translation": [0, 0, 5]}
        | {"rotation": TILTED},
        {"name": "d", "mesh": 0, "translation": [9, 0, 0], "scale": [2, 2, 2]},
        {"name": "e", "mesh": 0, "translation": [0, 9, 0], "rotation": TILTED, "scale": [-1, 2, 1]},
    )


def repeated() -> Glb:
    """The same by an extension (EXT_mesh_gpu_instancing)."""
    glb = one()
    places = {
        "TRANSLATION": glb.add("f", "VEC3", [(0.0, 0.0, 0.0), (3.0, 0.0, 1.0), (0.0, 5.0, 0.0)]),
        "SCALE": glb.add("f", "VEC3", [(1.0, 1.0, 1.0), (1.0, 2.0, 1.0), (-1.0, 1.0, 1.0)]),
    }
    glb.json["nodes"][0]["extensions"] = {"EXT_mesh_gpu_instancing": {"attributes": places}}
    glb.json["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
    return glb


def half_without_normals() -> Glb:
    glb = empty()
    parts = [ball(glb, 1), ball(glb, 2, normals=False)]
    mesh(glb, *parts)
    return stand(glb, {"mesh": 0, "scale": [1, -2, 3]})


def colored(**node: Any) -> Glb:
    glb = empty()
    mesh(glb, ball(glb, colors=2, uvs=2))
    return stand(glb, {"name": "colours", "mesh": 0, **node})


def many_materials(pictures: Sequence[bytes] = (png(4, 8), png(16, 2))) -> Glb:
    """Three on one mesh, one of them on another, too; a picture that two use; faces with none."""
    glb = empty()
    bark, shared = (picture(glb, content) for content in pictures)
    rough = {"metallicRoughnessTexture": {"index": shared}}
    materials = [
        material(glb, "Bark", pbrMetallicRoughness={"baseColorTexture": {"index": bark}, **rough}),
        material(glb, "Leaf", pbrMetallicRoughness=rough, occlusionTexture={"index": shared}),
        material(glb, "Plain", pbrMetallicRoughness={"baseColorFactor": [1, 0, 0.5, 1]}),
    ]
    tree = [{**ball(glb, number), "material": each} for number, each in enumerate(materials)]
    mesh(glb, *tree, ball(glb, 7), name="tree")
    mesh(glb, {**ball(glb, 8), "material": materials[1]}, name="bush")
    return stand(
        glb,
        {"name": "tree", "mesh": 0, "rotation": TILTED},
        {"name": "bush", "mesh": 1, "translation": [3, 0, 0], "scale": [-1, 1, 1]},
    )


def large_uv_maps() -> Glb:
    """Two meshes of 89,000 triangles, one with two UV maps, beside a small one; a large picture."""
    glb = empty()
    skin = material(
        glb, pbrMetallicRoughness={"baseColorTexture": {"index": picture(glb, large_png(4))}}
    )
    for number, (rows, uvs) in enumerate(((150, 2), (6, 1), (150, 1))):
        mesh(glb, {**ball(glb, number, rows=rows, uvs=uvs), "material": skin})
    return stand(glb, {"mesh": 0}, {"mesh": 1, "translation": [2, 0, 0]}, {"mesh": 2})


def large_with_occlusion() -> Glb:
    """As large, with a texture that Blender's shader has no input for."""
    glb = empty()
    color, rough = picture(glb, large_png(5)), picture(glb, large_png(6))
    textures = {
        "baseColorTexture": {"index": color},
        "metallicRoughnessTexture": {"index": rough},
    }
    skin = material(glb, pbrMetallicRoughness=textures, occlusionTexture={"index": rough})
    mesh(glb, {**ball(glb, rows=150), "material": skin})
    return stand(glb, {"mesh": 0})


def all_textures() -> Glb:
    """Every texture of core glTF; an emission that shines brighter than white."""
    glb = empty()
    color, rough, bumps = picture(glb, png(8, 8)), picture(glb, png(4, 4)), picture(glb, png(2, 8))
    glow = picture(glb, JPEG, "image/jpeg")
    skin = material(
        glb,
        pbrMetallicRoughness={
            "baseColorTexture": {"index": color},
            "baseColorFactor": [1.0, 0.5, 0.5, 1.0],
            "metallicRoughnessTexture": {"index": rough},
            "roughnessFactor": 0.7,
        },
        normalTexture={"index": bumps, "scale": 0.8},
        occlusionTexture={"index": rough, "strength": 0.6},
        emissiveTexture={"index": glow},
        emissiveFactor=[1.0, 1.0, 0.5],
        extensions={"KHR_materials_emissive_strength": {"emissiveStrength": 3.0}},
        doubleSided=True,
    )
    glb.json["extensionsUsed"] = ["KHR_materials_emissive_strength"]
    mesh(glb, {**ball(glb), "material": skin})
    return stand(glb, {"mesh": 0, "scale": [0.01, 0.01, 0.01], "rotation": QUARTER})


def seen_through(mode: str) -> Glb:
    glb = one()
    glb.json["materials"][0] |= {"alphaMode": mode}
    glb.json["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"] = [1, 1, 1, 0.5]
    return glb


def unlit() -> Glb:
    glb = one()
    glb.json["materials"][0]["extensions"] = {"KHR_materials_unlit": {}}
    glb.json["extensionsUsed"] = ["KHR_materials_unlit"]
    return glb


def with_picture(content: bytes, mime: str) -> Glb:
    glb = one()
    glb.json["images"][0] = {"bufferView": glb.view(content), "mimeType": mime}
    return glb


def webp(content: bytes) -> Glb:
    """Without another picture to fall back to."""
    glb = with_picture(content, "image/webp")
    glb.json["textures"][0] = {"extensions": {"EXT_texture_webp": {"source": 0}}}
    glb.json |= {"extensionsUsed": ["EXT_texture_webp"], "extensionsRequired": ["EXT_texture_webp"]}
    return glb


def lit_scene() -> Glb:
    """A camera and a lamp beside the mesh, all below a turned and scaled node."""
    glb = one(
        {"name": "set", "rotation": TILTED, "scale": [2, 2, 2], "children": [1, 2, 3]},
        {"name": "statue", "mesh": 0, "translation": [0, 1, 0]},
        {"name": "eye", "camera": 0, "translation": [5, 5, 5], "rotation": QUARTER},
        {"name": "sun", "extensions": {"KHR_lights_punctual": {"light": 0}}, "rotation": TILTED},
    )
    glb.json["cameras"] = [{"type": "perspective", "perspective": {"yfov": 0.8, "znear": 0.1}}]
    lamps = {"lights": [{"type": "directional", "intensity": 5.0}]}
    glb.json |= {"extensions": {"KHR_lights_punctual": lamps}}
    glb.json |= {"extensionsUsed": ["KHR_lights_punctual"]}
    return glb


def noted() -> Glb:
    """Custom properties on the empties, the mesh and the material."""
    glb = one(
        {"name": "world", "extras": {"maker": "X", "size": [1, 2]}, "children": [1, 2]},
        {"name": "geometry_0", "mesh": 0, "extras": {"maker": "Y"}},
        {"name": "socket", "extras": {"for": {"a": "sword"}}, "translation": [1, 1, 1]},
    )
    glb.json["meshes"][0]["extras"] = {"of the mesh": 1}
    glb.json["materials"][0]["extras"] = {"of the material": 1.5}
    return glb


def two_scenes() -> Glb:
    """The second is not shown; 4.5 and newer put it into a collection that is switched off."""
    glb = two(
        {"name": "above", "translation": [2, 0, 0], "children": [1]},
        {"name": "body", "mesh": 0, "rotation": TILTED},
        {"name": "elsewhere", "translation": [0, 0, 8], "scale": [-2, 1, 1], "children": [3]},
        {"name": "lid", "mesh": 1, "translation": [0, 0, 1]},
    )
    glb.json["scenes"] = [{"nodes": [0]}, {"name": "Second", "nodes": [2]}]
    return glb


def outlines() -> Glb:
    """Triangles, lines and points in one mesh."""
    glb = empty()
    glb.json |= {"meshes": [{"primitives": [ball(glb)]}]}
    ends = [(0.0, 0.0, 0.0), (2.0, 0.0, 0.0), (2.0, 3.0, 0.0)]
    for mode in (0, 3):
        points = glb.add("f", "VEC3", ends, min=[0, 0, 0], max=[2, 3, 0])
        primitive = {"attributes": {"POSITION": points}, "mode": mode}
        glb.json["meshes"][0]["primitives"].append(primitive)
    return stand(glb, {"mesh": 0, "rotation": TILTED, "scale": [-1, 1, 1]})


def with_shapes(glb: Glb, *scale: float) -> Glb:
    """Morph targets, one of them partly on."""
    primitive = glb.json["meshes"][0]["primitives"][0]
    count = glb.json["accessors"][primitive["attributes"]["POSITION"]]["count"]
    targets = []
    for seed in (5, 6):
        dice = random.Random(seed)
        away = [tuple(dice.uniform(-0.4, 0.4) for _ in range(3)) for _ in range(count)]
        bounds = {"min": [-0.4] * 3, "max": [0.4] * 3}
        targets.append({"POSITION": glb.add("f", "VEC3", away, **bounds)})
    primitive["targets"] = targets
    glb.json["meshes"][0]["weights"] = [0.5, 0.0]
    glb.json["meshes"][0]["extras"] = {"targetNames": ["smile", "frown"]}
    glb.json["nodes"][0] |= {"rotation": TILTED, "scale": scale or [1, -2, 1]}
    return glb


def moved(glb: Glb, node: int, path: str, keys: Sequence[Sequence[float]]) -> Glb:
    """With an animation of a node from 0 to 1 s."""
    times = glb.add("f", "SCALAR", [(0.0,), (1.0,)], min=[0.0], max=[1.0])
    kind = {3: "VEC3", 4: "VEC4", 1: "SCALAR"}[len(keys[0])]
    values = glb.add("f", kind, keys)
    glb.json["animations"] = [
        {
            "name": "Move",
            "channels": [{"sampler": 0, "target": {"node": node, "path": path}}],
            "samplers": [{"input": times, "output": values}],
        }
    ]
    return glb


def animated() -> Glb:
    """The empty above turns, and the parts with it."""
    glb = two(
        {"name": "carousel", "translation": [1, 0, 0], "scale": [2, 2, 2], "children": [1, 2]},
        {"name": "body", "mesh": 0},
        {"name": "lid", "mesh": 1, "translation": [0, 2, 0]},
    )
    return moved(glb, 0, "rotation", [[0.0, 0.0, 0.0, 1.0], TILTED])


def sliding() -> Glb:
    return moved(one(), 0, "translation", [(0.0, 1.0, 0.0), (4.0, 1.0, 0.0)])


def smiling() -> Glb:
    """Morph targets that an animation moves."""
    return moved(with_shapes(one()), 0, "weights", [(0.5,), (0.0,), (0.0,), (1.0,)])


def boned() -> Glb:
    """A ball on two bones that move, below a turned and scaled node."""
    glb = one()
    attributes = glb.json["meshes"][0]["primitives"][0]["attributes"]
    count = glb.json["accessors"][attributes["POSITION"]]["count"]
    attributes["JOINTS_0"] = glb.add("B", "VEC4", [(0, 1, 0, 0)] * count)
    share = [(n / count, 1 - n / count, 0.0, 0.0) for n in range(count)]
    attributes["WEIGHTS_0"] = glb.add("f", "VEC4", share)
    inverse = glb.add("f", "MAT4", [glb_files.UNIT, glb_files.UNIT])
    glb.json["skins"] = [{"joints": [2, 3], "inverseBindMatrices": inverse}]
    stand(
        glb,
        {"name": "rig", "rotation": QUARTER, "scale": [0.5] * 3, "children": [1, 2]},
        {"name": "skin", "mesh": 0, "skin": 0},
        {"name": "hip", "children": [3]},
        {"name": "knee", "translation": [0, 0.5, 0]},
    )
    return moved(glb, 3, "rotation", [[0.0, 0.0, 0.0, 1.0], TILTED])


def sandbox(prompt: str, triangles: int) -> bytes:
    return make_model(Order(prompt, seed=3, triangles=triangles), "model.glb")["model.glb"]


MODELS: dict[str, Callable[[], Glb | bytes]] = {
    "single": one,
    "single below empties": lambda: one(
        {"name": "Sketchfab_model", "rotation": QUARTER, "scale": [0.01] * 3, "children": [1]},
        {"name": "root", "children": [2], "translation": [100, 0, 0]},
        {"name": "geometry_0", "mesh": 0, "rotation": TILTED},
    ),
    "from the sandbox": lambda: sandbox("a red vase", 4000),
    "with facets": lambda: sandbox("a green crystal", 1000),
    "several": several,
    "nested": nested,
    "mirrored": lambda: one({"name": "world", "mesh": 0, "scale": [1, 1, -1]}, colors=1),
    "mirrored and sheared": mirrored_nest,
    "uneven": lambda: one({"mesh": 0, "scale": [3, 0.2, 1], "rotation": TILTED}),
    "by a matrix": by_matrix,
    "far away": lambda: one({"mesh": 0, "translation": [3e4, 0, -2e4], "rotation": TILTED}),
    "tiny": lambda: one({"mesh": 0, "scale": [1e-6] * 3, "rotation": TILTED}),
    "flat": lambda: one({"mesh": 0, "scale": [1, 1, 0], "rotation": TILTED}),
    "instances": instances,
    "instances by extension": repeated,
    "no normals": lambda: one({"mesh": 0, "rotation": TILTED}, normals=False),
    "no normals, mirrored": lambda: one({"mesh": 0, "scale": [-1, 2, 1]}, normals=False),
    "half without normals": half_without_normals,
    "vertex colours": colored,
    "vertex colours, mirrored": lambda: colored(scale=[-1, 1, 1], rotation=TILTED),
    "many materials": many_materials,
    "large textures": lambda: many_materials([large_png(1), large_png(2)]),
    "a large and a small texture": lambda: many_materials([png(4, 8), large_png(3)]),
    "large UV maps": large_uv_maps,
    "large, with occlusion": large_with_occlusion,
    "all textures": all_textures,
    "alpha blend": lambda: seen_through("BLEND"),
    "alpha mask": lambda: seen_through("MASK"),
    "unlit": unlit,
    "JPEG": lambda: with_picture(JPEG, "image/jpeg"),
    "WebP": lambda: webp(WEBP),
    "WebP, lossy": lambda: webp(WEBP_LOSSY),
    "lamp and camera": lit_scene,
    "custom properties": noted,
    "two scenes": two_scenes,
    "lines and points": outlines,
    "shapes": lambda: with_shapes(one(), 2, 2, 2),
    "shapes, mirrored": lambda: with_shapes(one(), -2, -2, -2),
    "shapes, uneven": lambda: with_shapes(one(), 1, -2, 1),
    "animated": animated,
    "sliding": sliding,
    "smiling": smiling,
    "boned": boned,
    **{f"file: {name}": make for name, make in glb_files.GOOD.items()},
}
LIVING = {"animated", "sliding", "smiling", "boned", "file: morphed", "file: rigged"}
