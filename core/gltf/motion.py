"""Rules for what repeats, bends and moves a mesh: instances, skins, animations. Thread: any."""

from __future__ import annotations

from ..language import mark
from .kinds import MAX, MAX_KEYS, damaged, too_much
from .rules import Look


def check_instances(look: Look) -> None:
    count = len(look.nodes)
    kinds = {"TRANSLATION": "VEC3", "ROTATION": "VEC4", "SCALE": "VEC3"}
    for number, node in enumerate(look.nodes):
        extension = (node.get("extensions") or {}).get("EXT_mesh_gpu_instancing")
        if extension is None or node.get("mesh") is None:
            continue
        where = f"nodes[{number}].EXT_mesh_gpu_instancing"
        placed = extension["attributes"]
        rows = {
            look.numbers(placed[name], kind, where, packed=True)
            for name, kind in kinds.items()
            if name in placed
        }
        if len(rows) > 1:
            raise damaged("its repeated parts do not match", where)
        count += max(rows, default=0)
    if count > MAX["nodes"]:
        raise too_much("it has {count:,} parts", "nodes and instances", count=count)


def check_skins(look: Look) -> None:
    skins = look.all("skins")
    for number, skin in enumerate(skins):
        inverse = skin.get("inverseBindMatrices")
        where = f"skins[{number}].inverseBindMatrices"
        if inverse is not None and look.numbers(inverse, "MAT4", where) < len(skin["joints"]):
            raise damaged("its bones do not match", where)
    pairs = {
        (node["mesh"], node["skin"])
        for node in look.nodes
        if node.get("mesh") is not None and node.get("skin") is not None
    }
    for mesh, used in pairs:
        bones = len(skins[used]["joints"])
        for primitive in look.all("meshes")[mesh]["primitives"]:
            for name, accessor in primitive["attributes"].items():
                if name.startswith("JOINTS_"):
                    for run in look.runs[accessor]:
                        look.below(run, bones, mark("it hangs on a bone that is not there"))


def check_animations(look: Look) -> None:
    kinds = {"translation": "VEC3", "rotation": "VEC4", "scale": "VEC3", "weights": "SCALAR"}
    keys = 0
    for number, animation in enumerate(look.all("animations")):
        samplers = animation["samplers"]
        for channel in animation["channels"]:
            where = f"animations[{number}]"
            node, path = channel["target"].get("node"), channel["target"]["path"]
            if channel["sampler"] >= len(samplers) or path == "pointer":
                raise damaged("one of its animations leads nowhere", f"{where}.channels")
            if node is None or path not in kinds:
                continue  # the importer ignores it too
            sampler = samplers[channel["sampler"]]
            times = look.numbers(sampler["input"], "SCALAR", where)
            expected = times * (3 if sampler.get("interpolation") == "CUBICSPLINE" else 1)
            if path == "weights":
                expected *= look.shape_count(look.nodes[node])
            made = look.numbers(sampler["output"], kinds[path], where, packed=True)
            if made != expected:
                raise damaged(
                    "one of its animations does not fit", f"{where}: {made} of {expected}"
                )
            keys += expected
    if keys > MAX_KEYS:
        raise too_much("its animations have {count:,} keys", "animations", count=keys)
