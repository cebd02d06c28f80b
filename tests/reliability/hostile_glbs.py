"""Hostile GLBs made by code: what a broken or malicious service could send instead of a model.

Beside the single cases of tests/core/test_glb.py these are the many: every length a file can be cut
to, every number in it replaced, every float run poisoned, bombs, and seeded random mutations.
`corpus` gives them one by one, since some are large. Pure Python: also runs in Blender.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

from tests.core import glb_files as files
from tests.core.glb_files import GOOD, Glb, pack, quad

from .hostile_bytes import Case, Way, bent, cuts, found, lengths, mutations, pictures, places


def corpus(full: bool) -> Iterator[Case]:
    """full: all; else about every twentieth of those that are many, and nothing slow."""
    for group, step, cases in (
        ("cut", 20, cuts()),
        ("length", 10, lengths()),
        ("uri", 1, addresses()),
        ("tree", 1, trees()),
        ("number", 40, numbers()),
        ("poison", 3, poison()),
        ("count", 1, counts(full)),
        ("empty", 1, empty()),
        ("custom", 4, customs(full)),
        ("extension", 1, extensions()),
        ("picture", 1, pictures(full)),
        ("random", 20, mutations()),
    ):
        for position, case in enumerate(cases):
            if full or position % step == 0:
                yield Case(f"{group}: {case.name}", case.make, case.bad)


# --- the description --------------------------------------------------------------------------

PATHS = (
    "file:///etc/passwd", "FILE:/etc/passwd", "/etc/passwd", "~/.ssh/id_rsa", "..%2f..%2fpasswd",
    "C:\\Windows\\win.ini", "\\\\?\\C:\\x", "//host/share/x", "http://127.0.0.1/x", "ftp://h/x",
    "a.png", " ", ".", "con", "\0", "DATA:image/png;base64,AAAA", " data:image/png;base64,AAAA",
    "data:", "data:,", "data:image/png;base64,!", "blob:x", "javascript:0", "x" * 100_000,
)  # fmt: skip


def addresses() -> Iterator[Case]:
    for uri in PATHS:
        for where in ("images", "buffers"):

            def change(glb: Glb, uri: str = uri, where: str = where) -> None:
                glb.json.setdefault("buffers", [{"byteLength": len(glb.bin)}])
                glb.json[where][0]["uri"] = uri

            yield Case(f"{where} {uri[:40]!r}", bent(change), True)
    yield Case("images null", bent(lambda glb: glb.json["images"][0].update(uri=None)))


def trees() -> Iterator[Case]:
    def nodes(*nodes: dict[str, Any], **more: Any) -> Callable[[], bytes]:
        return bent(lambda glb: glb.json.update({"nodes": list(nodes), "scenes": [{}], **more}))

    def ring(length: int) -> list[dict[str, Any]]:
        return [{"children": [(n + 1) % length]} for n in range(length)]

    for length in (1, 2, 3, 1000, 20_000):
        yield Case(f"ring of {length}", nodes(*ring(length)), True)
        yield Case(f"ring of {length} beside", nodes(*ring(length), {"mesh": 0}), True)
    yield Case("all are children of all", nodes(*[{"children": [*range(50)]}] * 50), True)
    yield Case(
        "a net", nodes(*[{"children": [n + 1, n + 1]} for n in range(60)], {"mesh": 0}), True
    )
    shared = [{"nodes": [0]}] * 50
    yield Case("fifty scenes of one node", nodes({"mesh": 0}, scenes=shared, scene=49))
    rig = files.rigged
    for name, path, value in (
        ("a skeleton that is no joint", "skeleton", 0),
        ("one joint twice", "joints", [1, 1]),
        ("the mesh is a joint", "joints", [0, 1]),
        ("joints upside down", "joints", [2, 1]),
    ):
        yield Case(name, bent(lambda g, p=path, v=value: g.json["skins"][0].update({p: v}), rig))
    yield Case(
        "joints of two trees",
        bent(lambda g: (g.json["nodes"][1].pop("children"), g.json["scenes"].clear()), rig),
    )
    yield Case(
        "the skinned mesh hangs on its own bone",
        bent(lambda g: (g.json["nodes"][2].update(children=[0]), g.json.update(scenes=[{}])), rig),
    )


ODD_NUMBERS = (-1, 0, 1, 5, 0.5, 10**6, (1 << 31) - 1, (1 << 32) - 1, 1 << 63, 10**30, 1e38, -1e308)


def numbers() -> Iterator[Case]:
    """Every number in every good file, replaced by each odd one."""
    for name, make in GOOD.items():
        for way in places(make().json):
            if isinstance(found(make().json, way), (int, float)):
                for odd in ODD_NUMBERS:

                    def change(glb: Glb, way: Way = way, odd: float = odd) -> None:
                        found(glb.json, way[:-1])[way[-1]] = odd

                    where = ".".join(map(str, way))
                    yield Case(f"{name} {where} = {odd:g}", bent(change, make))


def poison() -> Iterator[Case]:
    """Every list of floats in every good file, with something in its second place."""
    values = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf"), "3e38": 3e38}
    values |= {"-3e38": -3e38, "1e20": 1e20, "1e-45": 1e-45}
    for name, make in GOOD.items():
        for number, entry in enumerate(make().json["accessors"]):
            if entry["componentType"] != 5126 or "bufferView" not in entry:
                continue
            for word, value in values.items():

                def change(glb: Glb, entry: dict[str, Any] = entry, value: float = value) -> None:
                    view = glb.json["bufferViews"][entry["bufferView"]]
                    at = view.get("byteOffset", 0) + entry.get("byteOffset", 0) + 4
                    struct.pack_into("<f", glb.bin, at, value)

                bad = number == 0 and word in ("nan", "inf", "-inf")  # positions
                yield Case(f"{name} accessors[{number}] {word}", bent(change, make), bad)

    def far(glb: Glb, value: float) -> None:
        glb.bin[:48] = struct.pack("<12f", *[value] * 12)

    for value in (3e38, -3e38, 1e30):
        yield Case(f"all points at {value:g}", bent(lambda glb, value=value: far(glb, value)))


def counts(full: bool) -> Iterator[Case]:
    def put(**changes: Any) -> Callable[[], bytes]:
        return bent(lambda glb: glb.json.update(changes))

    def primitive(change: Callable[[Any], object], make: Callable[[], Glb] = quad) -> Any:
        return bent(lambda glb: change(glb.json["meshes"][0]["primitives"][0]), make)

    yield Case("100,000 nodes", put(nodes=[{"mesh": 0}] * 100_000, scenes=[{}]), True)
    yield Case("100,000 empty nodes", put(nodes=[{"mesh": 0}] + [{}] * 100_000), True)
    yield Case("100,000 roots", put(scenes=[{"nodes": [0] * 100_000}]), True)
    yield Case("100,000 animations", put(animations=[{"channels": [], "samplers": []}] * 100_001))
    yield Case("a million custom values", put(extras=[0] * 1_000_000))
    yield Case("a name of a million letters", put(nodes=[{"mesh": 0, "name": "n" * 1_000_000}]))
    yield Case("a number of 4000 digits", put(extras=int("9" * 4000)))
    for name, index in (("TEXCOORD", 2), ("COLOR", 1), ("_OWN", 1), ("NORMAL", 1), ("TANGENT", 1)):
        for count in (9, 100, 10_000):
            more = {f"{name}_{n}": index for n in range(count)}
            yield Case(f"{count} {name}", primitive(lambda p, m=more: p["attributes"].update(m)))
    joints = {
        f"{kind}_{n}": index for n in range(50) for kind, index in (("JOINTS", 4), ("WEIGHTS", 5))
    }
    rig = files.rigged
    yield Case("50 sets of joints", primitive(lambda p: p["attributes"].update(joints), rig))
    yield Case("joints without weights", primitive(lambda p: p["attributes"].pop("WEIGHTS_0"), rig))
    yield Case("weights without joints", primitive(lambda p: p["attributes"].pop("JOINTS_0"), rig))
    yield Case("1000 shapes", primitive(lambda p: p.update(targets=[{"POSITION": 0}] * 1000)))
    for names in ([], ["a"], [1, 2, 3], "ab", {"0": "a"}, None, [["a"], ["b"]], ["a"] * 1000):
        yield Case(
            f"shapes named {str(names)[:20]}",
            bent(
                lambda g, n=names: g.json["meshes"][0]["extras"].update(targetNames=n),
                files.morphed,
            ),
        )
    if full:  # up to the caps: taken, and Blender has to be able to carry it
        yield Case("two million empty lists", put(extras=[[]] * 2_000_000))
        yield Case("a million custom keys", put(extras={str(n): 0 for n in range(500_000)}))
        yield Case("20,000 nodes", put(nodes=[{"mesh": 0}] * 20_000, scenes=[{}]))
        one = quad().json["meshes"]
        yield Case("4,000 meshes", put(meshes=one * 4000))
        yield Case("10,000 animations", put(animations=[_motion(0)] * 10_000))
        yield Case("a million triangles", lambda: files.grid(700).data())


def _motion(accessor: int) -> dict[str, Any]:
    sampler = {"input": accessor, "output": accessor}
    return {"channels": [], "samplers": [sampler]}


CUSTOMS: dict[str, Any] = {
    "of all kinds": {"a": [1, "a", None], "b": {"c": [{"d": [[]]}]}, "e": 1 << 70, "f": None},
    "with odd names": {
        "": 1,
        "n" * 1000: 1,
        "\0": 1,
        "\ud7ff": "\0",
        "_RNA_UI": {"a": {"min": "x"}},
    },
    "that are none": 7,
    "as a list": [1, 2],
    "of a million": {"a": [0] * 1_000_000},
    "of many": {str(n): n for n in range(20_000)},
    "that nest": json.loads('{"a":' * 40 + "1" + "}" * 40),
    "called as Maquette's": {"maquette_task": "0" * 32, "maquette": {"prompt": "x"}},
    "called as Blender's": {"name": 1, "cycles": 5, "gltf2_mesh": {}, "targetNames": [1, None]},
}
ODD_NAMES = [
    "",
    "\0",
    "a\0b",
    "\n",
    "n" * 5000,
    "Scene Collection",
    "Maquette",
    "Mine",
    "../../x",
    "%s",
]


def customs(full: bool) -> Iterator[Case]:
    """Custom values and names, which the importer hands on to Blender."""
    for where in ("nodes", "meshes", "materials", "images", "textures", "scenes"):
        for word, value in CUSTOMS.items():
            if word == "of a million" and not full:
                continue
            yield Case(
                f"{where}, {word}",
                bent(lambda g, w=where, v=value: g.json[w][0].update(extras=v)),
            )
        for name in ODD_NAMES:
            yield Case(
                f"{where} called {name[:20]!r}",
                bent(lambda g, w=where, n=name: g.json[w][0].update(name=n)),
            )
    for name in ODD_NAMES:
        rows = {f"_{name}": 1}
        yield Case(
            f"own numbers called {name[:20]!r}",
            bent(lambda g, r=rows: g.json["meshes"][0]["primitives"][0]["attributes"].update(r)),
        )


def empty() -> Iterator[Case]:
    def mesh(change: Callable[[Glb], object], make: Callable[[], Glb] = quad) -> Any:
        return bent(change, make)

    yield Case("nothing", lambda: pack(b"{}"), True)
    yield Case("only asset", lambda: pack(b'{"asset": {"version": "2.0"}}'), True)
    yield Case("no primitives", mesh(lambda g: g.json["meshes"][0].update(primitives=[])), True)
    for number in range(4):
        yield Case(
            f"no rows in {number}",
            mesh(lambda g, n=number: g.json["accessors"][n].update(count=0)),
            True,
        )
    yield Case(
        "no rows at all", mesh(lambda g: [a.update(count=0) for a in g.json["accessors"]]), True
    )
    at = quad().json["bufferViews"][3]["byteOffset"]
    yield Case(
        "triangles without area", mesh(lambda g: struct.pack_into("<6H", g.bin, at, *[0] * 6))
    )
    yield Case("points folded into one", mesh(lambda g: g.bin.__setitem__(slice(0, 48), bytes(48))))
    for scale in ([0, 0, 0], [1e-30] * 3, [-1, 1, 1], [1e9] * 3):
        yield Case(f"scale {scale}", mesh(lambda g, s=scale: g.json["nodes"][0].update(scale=s)))
    yield Case("no turn", mesh(lambda g: g.json["nodes"][0].update(rotation=[0, 0, 0, 0])))
    yield Case("matrix of zeros", mesh(lambda g: g.json["nodes"][0].update(matrix=[0] * 16)))
    yield Case("matrix of 1e9", mesh(lambda g: g.json["nodes"][0].update(matrix=[1e9] * 16)))
    yield Case(
        "an empty mesh beside", mesh(lambda g: g.json["meshes"].append({"primitives": []})), True
    )


def extensions() -> Iterator[Case]:
    for name in (
        "EXT_meshopt_compression", "KHR_texture_basisu", "KHR_gaussian_splatting", "MSFT_lod",
        "KHR_mesh_quantization ", "khr_mesh_quantization", "", " ", "\u202e", "x" * 100_000,
        "EXT_texture_avif", "KHR_materials_unlit\0", "../../x", "%s{name}", "KHR_animation_pointer",
    ):  # fmt: skip
        both = {"extensionsUsed": [name], "extensionsRequired": [name]}
        yield Case(f"{name[:30]!r}", bent(lambda glb, both=both: glb.json.update(both)), True)
