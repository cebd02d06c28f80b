"""The second look at the JSON of a glTF 2.0 file: what takes several values at once. Ranges within
the binary part, the node tree, what belongs together in meshes, skins and animations, and sums.

Where specification and Blender differ, Blender decides (its importer read, and run in 4.2, 4.5 and
5.0): what it takes whole is let through, what it dies of is refused. Out-of-step counts are Python
errors in it, but two indices instead of three crash the whole program. Thread: any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..language import mark
from .kinds import (
    DEPTH_NODES,
    FLOAT,
    MAX,
    MAX_TRIANGLES,
    MAX_VERTICES,
    PARTS,
    UNSIGNED,
    WIDTHS,
    Json,
    damaged,
    too_much,
)


@dataclass(frozen=True)
class Run:
    """Numbers in the binary part: `rows` of `parts` each, `stride` bytes from row to row.

    start: bytes from its beginning. component: the glTF number of the numbers' type.
    """

    start: int
    rows: int
    stride: int
    parts: int
    component: int


@dataclass
class Findings:
    """Sums, and what is left to be seen in the binary part itself.

    triangles: each mesh counted once. vertices: of all distinct positions. finite: runs that may
    hold no NaN and no infinity, with their place in the file. below: runs of whole numbers, what
    each has to stay below, and the complaint if not. compressed: where Draco's data begin.
    """

    triangles: int = 0
    vertices: int = 0
    finite: dict[Run, str] = field(default_factory=dict)
    below: dict[Run, tuple[int, str]] = field(default_factory=dict)
    compressed: dict[int, str] = field(default_factory=dict)


class Look:
    """One look at one content: its lists by name, where its numbers stand, what was found."""

    def __init__(self, content: Json) -> None:
        self.content = content
        self.found = Findings()
        self.runs: list[list[Run]] = []  # of each accessor
        self.targets: list[tuple[int, bool]] = []  # of each mesh, as from `shapes`
        self.accessors = self.all("accessors")
        self.nodes = self.all("nodes")

    def all(self, name: str) -> list[Json]:
        return self.content.get(name) or []

    # --- ranges ---

    def ranges(self, bin_length: int) -> None:
        buffers = self.all("buffers")
        if len(buffers) > 1:
            raise damaged("a part of it is not in the file", f"{len(buffers)} buffers")
        length = buffers[0]["byteLength"] if buffers else 0
        if length > bin_length:
            raise damaged("a part of it is not in the file", f"buffer {length} of {bin_length}")
        for number, view in enumerate(self.all("bufferViews")):
            if (view.get("byteOffset") or 0) + view["byteLength"] > length:
                raise damaged("a piece of it lies past its end", f"bufferViews[{number}]")
        for number, entry in enumerate(self.accessors):
            self.runs.append(self._runs(entry, f"accessors[{number}]"))

    def _runs(self, entry: Json, where: str) -> list[Run]:
        rows, component = entry["count"], entry["componentType"]
        parts = PARTS[entry["type"]]
        runs = []
        if entry.get("bufferView") is not None:
            runs.append(self._run(entry, rows, parts, component, where))
        if sparse := entry.get("sparse"):
            few, indices = sparse["count"], sparse["indices"]
            if few > rows:
                raise damaged("it changes more points than it has", f"{where}.sparse")
            runs.append(self._run(sparse["values"], few, parts, component, f"{where}.sparse"))
            places = self._run(indices, few, 1, indices["componentType"], f"{where}.sparse")
            self.below(places, rows, mark("it changes a point that is not there"))
        return runs

    def _run(self, entry: Json, rows: int, parts: int, component: int, where: str) -> Run:
        view = self.all("bufferViews")[entry["bufferView"]]
        width = WIDTHS[component]
        stride = view.get("byteStride") or parts * width
        if stride % width or stride < parts * width:
            raise damaged("its numbers are packed in a way that is not possible", where)
        offset = entry.get("byteOffset") or 0
        if offset + (rows - 1) * stride + parts * width > view["byteLength"]:
            raise damaged("a piece of it lies past its end", where)
        return Run((view.get("byteOffset") or 0) + offset, rows, stride, parts, component)

    def below(self, run: Run, limit: int, complaint: str) -> None:
        known = self.found.below.get(run)
        if known is None or limit < known[0]:
            self.found.below[run] = (limit, complaint)

    def finite(self, number: int, where: str) -> None:
        for run in self.runs[number]:
            if run.component == FLOAT:
                self.found.finite.setdefault(run, where)

    def numbers(self, number: int, kind: str, where: str, *, packed: bool = False) -> int:
        """How many rows an accessor has that must hold numbers of this kind. packed: may also be
        whole numbers, normalized, as turns and weights (glTF 3.11)."""
        entry = self.accessors[number]
        right = entry["componentType"] == FLOAT or packed
        if entry["type"] != kind or not right or not self.runs[number]:
            raise damaged("numbers in it are of the wrong kind", f"{where}: {entry['type']}")
        self.finite(number, where)
        return int(entry["count"])

    # --- nodes ---

    def tree(self) -> None:
        """Each node below at most one other, none below itself; scenes hold roots, each once."""
        parents = [-1] * len(self.nodes)
        for number, node in enumerate(self.nodes):
            for child in node.get("children") or []:
                if parents[child] != -1:
                    raise damaged("one of its nodes hangs in two places", f"nodes[{child}]")
                parents[child] = number
        level = [number for number, parent in enumerate(parents) if parent == -1]
        reached = depth = 0
        while level:
            reached += len(level)
            depth += 1
            if depth > DEPTH_NODES:
                raise too_much("its nodes are nested without end", f"deeper than {DEPTH_NODES}")
            level = [
                child for number in level for child in self.nodes[number].get("children") or []
            ]
        if reached < len(self.nodes):
            raise damaged("its nodes go round in a circle", f"{len(self.nodes) - reached} nodes")
        for number, scene in enumerate(self.all("scenes")):
            roots = scene.get("nodes") or []
            if len(set(roots)) < len(roots) or any(parents[root] != -1 for root in roots):
                raise damaged("one of its nodes hangs in two places", f"scenes[{number}]")

    # --- meshes ---

    def meshes(self) -> None:
        meshes, positions = self.all("meshes"), set()
        if not any(node.get("mesh") is not None for node in self.nodes):
            raise damaged("it holds no mesh", f"{len(meshes)} meshes, none on a node")
        if sum(len(mesh["primitives"]) for mesh in meshes) > MAX["primitives"]:
            raise too_much("its meshes have too many parts", "primitives")
        corners = 0
        used = [0] * len(meshes)  # vertices that Blender will make of each
        for number, mesh in enumerate(meshes):
            kinds: dict[str, str] = {}
            for part, primitive in enumerate(mesh["primitives"]):
                where = f"meshes[{number}].primitives[{part}]"
                points = self.primitive(primitive, kinds, where)
                indices = primitive.get("indices")
                these = points if indices is None else self.accessors[indices]["count"]
                self.found.triangles += _triangles(primitive.get("mode"), these, where)
                positions.add(primitive["attributes"]["POSITION"])
                corners += these
                used[number] += min(points, these) * (1 + len(primitive.get("targets") or []))
            self.targets.append(self.shapes(mesh, f"meshes[{number}]"))
        for node in self.nodes:
            targets = 0 if node.get("mesh") is None else self.targets[node["mesh"]][0]
            if 0 < targets < len(node.get("weights") or []):
                raise damaged("its shapes do not match", "nodes.weights")
        self.found.vertices = sum(self.accessors[number]["count"] for number in positions)
        # Blender makes a mesh anew for every skin, and with shapes for every node.
        copies = {
            (node["mesh"], node.get("skin"), number if self.shape_count(node) else -1)
            for number, node in enumerate(self.nodes)
            if node.get("mesh") is not None
        }
        made = sum(used[mesh] for mesh, _, _ in copies)
        if (points := max(self.found.vertices, made)) > MAX_VERTICES:
            raise too_much("it has {count:,} points", "vertices", count=points)
        if max(self.found.triangles, corners // 3) > MAX_TRIANGLES:
            triangles = self.found.triangles
            raise too_much("it has {count:,} triangles", f"{corners} corners", count=triangles)
        if not self.found.triangles:
            raise damaged("it holds no mesh with a surface", "no triangles")

    def primitive(self, primitive: Json, kinds: dict[str, str], where: str) -> int:
        """How many points it has. kinds: of own attributes, the same in a whole mesh."""
        variants = "KHR_materials_variants"
        if variants in (primitive.get("extensions") or {}) and variants not in (
            self.content.get("extensions") or {}
        ):
            raise damaged("it has variants of nothing", where)
        packed = self.draco(primitive, where)
        points = self.attributes(primitive["attributes"], kinds, packed, where)
        for target in primitive.get("targets") or []:
            for name, number in target.items():
                entry = self.accessors[number]
                if entry["type"] != "VEC3" or entry["count"] != points:
                    raise damaged("one of its shapes does not fit its mesh", where)
                if name == "POSITION":
                    self.finite(number, f"{where}.targets")
        if (indices := primitive.get("indices")) is not None:
            entry = self.accessors[indices]
            if entry["type"] != "SCALAR" or entry["componentType"] not in UNSIGNED:
                raise damaged("its triangles are described in a wrong way", f"{where}.indices")
            if not self.runs[indices] and not packed:
                raise damaged("its triangles are missing", f"{where}.indices")
            complaint = mark("one of its triangles names a point that is not there")
            for run in self.runs[indices]:
                self.below(run, points, complaint)
        return points

    def attributes(
        self,
        attributes: Mapping[str, int],
        kinds: dict[str, str],
        packed: Mapping[str, int],
        where: str,
    ) -> int:
        if "POSITION" not in attributes:
            raise damaged("a mesh in it has no points", where)
        position = attributes["POSITION"]
        if not self.runs[position] and "POSITION" not in packed:
            raise damaged("a mesh in it has no points", where)
        self.finite(position, f"{where}.POSITION")
        points = int(self.accessors[position]["count"])
        for name, number in attributes.items():
            entry = self.accessors[number]
            if entry["count"] != points:
                raise damaged("its points are described unevenly", f"{where}.{name[:40]}")
            kind = entry["type"]
            if name.startswith("_"):
                known = kinds.setdefault(name, kind) == kind and kind not in ("MAT2", "MAT3")
            else:
                known = self.fits(name, kind, entry["componentType"])
            if not known:
                raise damaged("its points are described in a wrong way", f"{where}.{name[:40]}")
        return points

    def fits(self, name: str, kind: str, component: int) -> bool:
        """Whether an attribute's numbers are of a kind that the importer can put beside others of
        the same name. What it does not know, it does not read."""
        match name.partition("_")[0]:
            case "POSITION":
                small = "KHR_mesh_quantization" in (self.content.get("extensionsUsed") or [])
                return kind == "VEC3" and (component == FLOAT or (small and component != 5125))
            case "NORMAL":
                return kind == "VEC3"
            case "TEXCOORD":
                return kind == "VEC2"
            case "COLOR":
                return kind in ("VEC3", "VEC4")
            case "JOINTS":
                return kind == "VEC4" and component in UNSIGNED
            case "WEIGHTS":
                return kind == "VEC4"
        return True

    def draco(self, primitive: Json, where: str) -> Mapping[str, int]:
        """The attributes that come compressed. What is inside cannot be judged without decoding;
        Blender decodes it, and takes the counts it finds there instead of the stated ones."""
        extension = (primitive.get("extensions") or {}).get("KHR_draco_mesh_compression")
        if extension is None:
            return {}
        packed: Mapping[str, int] = extension["attributes"]
        if primitive.get("indices") is None or not packed.keys() <= primitive["attributes"].keys():
            raise damaged("its compressed points are described in a wrong way", where)
        view = self.all("bufferViews")[extension["bufferView"]]
        self.found.compressed[view.get("byteOffset") or 0] = where
        return packed

    def shapes(self, mesh: Json, where: str) -> tuple[int, bool]:
        """How many targets each primitive has that has any, and whether one moves a point."""
        targets = [p["targets"] for p in mesh["primitives"] if p.get("targets")]
        counts = {len(each) for each in targets}
        count = max(counts, default=0)
        if len(counts) > 1 or (counts and len(mesh.get("weights") or []) > count):
            raise damaged("its shapes do not match", where)
        if count > MAX["targets"]:
            raise too_much("a mesh in it has {count:,} shapes", where, count=count)
        return count, any("POSITION" in target for each in targets for target in each)

    def shape_count(self, node: Json) -> int:
        """Shapes of a node's mesh: Blender makes none if none of them moves a point."""
        count, moves = (0, False) if node.get("mesh") is None else self.targets[node["mesh"]]
        return count if moves else 0


def _triangles(mode: int | None, corners: int, where: str) -> int:
    """Triangles of a primitive. The modes of glTF 3.7.2.1: points, lines, loop, strip of lines,
    triangles (also if not told), strip, fan."""
    mode = 4 if mode is None else mode
    least = (1, 2, 2, 2, 3, 3, 3)[mode]
    step = {1: 2, 4: 3}.get(mode, 1)
    if corners < least or corners % step:
        raise damaged("one of its triangles lacks a corner", f"{where}: {corners} in mode {mode}")
    return 0 if mode < 4 else corners // 3 if mode == 4 else corners - 2
