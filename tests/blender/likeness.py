"""Do two imports of one file look the same? Compared in world space, corner by corner.

`look(objects)` is all that is to be seen of a model at the present frame, as plain values, so that
it outlives the file; `compare(first, second, shift)` raises AssertionError at the first difference.
What it leaves out: names of objects, materials and images, and which transforms lead there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

Points = np.ndarray

# A custom normal is stored as two angles: its tilt, in steps of 1e-4 and 2e-4, and about what; that
# one is taken for nothing below acos(0.9999) (`corner_space_custom_normal_to_data`,
# LNOR_SPACE_TRIGO_THRESHOLD, source/blender/blenkernel/intern/mesh_normals.cc).
SNAP = 0.0142


@dataclass
class Part:
    """Of one mesh object, evaluated. corners: per face its vertices. layers: UVs, colours and own
    attributes by name, their values per vertex or per corner. materials: of each face, and of
    variants of the model."""

    points: Points
    corners: np.ndarray
    normals: Points
    outward: Points
    layers: dict[str, tuple[str, str, np.ndarray]] = field(default_factory=dict)
    shapes: dict[str, tuple[float, Points]] = field(default_factory=dict)
    materials: list[str] = field(default_factory=list)
    edges: list[tuple[int, ...]] = field(default_factory=list)


@dataclass
class Figures:
    """The largest deviations. points: as a share of the largest coordinate. normals: lengths;
    mean: of all of them."""

    points: float = 0.0
    normals: float = 0.0
    mean: float = 0.0
    parts: int = 0
    corners: int = 0


@dataclass
class Seen:
    parts: dict[str, Part]
    others: dict[str, tuple[str, np.ndarray, str]]  # lamps and cameras: type, matrix, settings
    materials: dict[str, Any]


def look(objects: Iterable[bpy.types.Object]) -> Seen:
    """Of objects in the context's view layer."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    seen = Seen({}, {}, {})
    for obj in objects:
        shown = obj.evaluated_get(depsgraph)
        matrix = np.array(shown.matrix_world, dtype=np.float64)
        if obj.type == "MESH":
            seen.parts[obj.name] = _part(shown, obj, matrix, seen.materials)
        elif obj.type not in ("EMPTY", "ARMATURE"):
            settings = _values(obj.data, {"name", "name_full", "session_uid"})
            seen.others[obj.name] = (obj.type, matrix, repr(settings))
    return seen


def bottom_centre(seen: Seen) -> np.ndarray:
    points = np.concatenate([part.points for part in seen.parts.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    return np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])


def compare(first: Seen, second: Seen, shift: Iterable[float], *, normals: float = 1e-4) -> Figures:
    """Is `second` the same as `first`, moved by `shift`? normals: how far they may be off; SNAP if
    they had to be stored anew."""
    away = np.array(list(shift))
    figures = Figures(parts=len(first.parts))
    assert len(first.parts) == len(second.parts)
    for name, one in first.parts.items():
        other = second.parts[_called(name, first.parts, second.parts)]
        _compare_parts(one, other, away, figures, name)
        assert [first.materials.get(m) for m in one.materials] == [
            second.materials.get(m) for m in other.materials
        ], f"{name}: materials"
    assert first.others.keys() == second.others.keys()
    for name, (kind, matrix, settings) in first.others.items():
        assert second.others[name][0] == kind
        assert second.others[name][2] == settings, name
        moved = second.others[name][1].copy()
        moved[:3, 3] -= away
        size = 1 + np.abs(matrix).max()
        assert np.abs(moved - matrix).max() <= 1e-5 * size, f"{name}: place"
    assert figures.points <= 1e-6, figures
    assert figures.normals <= normals, figures
    assert figures.mean <= 2e-4, figures
    return figures


def _called(name: str, first: dict[str, Part], second: dict[str, Part]) -> str:
    """A single object is named after the task; parts keep their names."""
    if name in second:
        return name
    (left,) = second.keys() - first.keys()
    return left


def _compare_parts(one: Part, other: Part, away: np.ndarray, figures: Figures, name: str) -> None:
    assert one.points.shape == other.points.shape, f"{name}: vertices"
    size = max(np.abs(one.points).max(), np.abs(other.points).max(), 1e-30)
    off = np.abs(one.points + away - other.points).max() / size
    figures.points = max(figures.points, float(off))
    # A mirrored face runs round the other way: its corners are told by their vertices.
    order, reordered = (np.argsort(part.corners, axis=1) for part in (one, other))
    assert one.corners.shape == other.corners.shape, f"{name}: faces"

    def sorted_by_vertex(values: np.ndarray, order: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values.reshape(*order.shape, -1), order[:, :, None], axis=1)

    assert (np.sort(one.corners) == np.sort(other.corners)).all(), f"{name}: faces"
    figures.corners += one.corners.size
    if one.corners.size:
        apart = sorted_by_vertex(one.normals, order) - sorted_by_vertex(other.normals, reordered)
        apart = np.linalg.norm(apart, axis=2)
        figures.normals = max(figures.normals, float(apart.max()))
        figures.mean = max(figures.mean, float(apart.mean()))
        # Of a sliver, the side it shows is a matter of rounding.
        wide = np.linalg.norm(one.outward, axis=1) > 1e-6 * size**2
        agree = (one.outward * other.outward).sum(axis=1)[wide] > 0
        assert agree.all(), f"{name}: {(~agree).sum()} faces look inwards"
    assert one.layers.keys() == other.layers.keys(), f"{name}: {one.layers.keys()}"
    for layer, (domain, kind, values) in one.layers.items():
        assert other.layers[layer][:2] == (domain, kind), f"{name}: {layer}"
        theirs = other.layers[layer][2]
        if domain == "CORNER":
            values, theirs = sorted_by_vertex(values, order), sorted_by_vertex(theirs, reordered)
        assert np.array_equal(values, theirs), f"{name}: {layer}"
    assert one.shapes.keys() == other.shapes.keys(), f"{name}: shapes"
    for key, (value, points) in one.shapes.items():
        assert other.shapes[key][0] == value, f"{name}: {key}"
        off = np.abs(points + away - other.shapes[key][1]).max() / size
        figures.points = max(figures.points, float(off))
    assert one.edges == other.edges, f"{name}: edges"


def _part(
    shown: bpy.types.Object, obj: bpy.types.Object, matrix: np.ndarray, known: dict[str, Any]
) -> Part:
    mesh = shown.data

    def got(of: Any, name: str, width: int, kind: type = np.float32) -> np.ndarray:
        values = np.empty(len(of) * width, dtype=kind)
        of.foreach_get(name, values)
        return values.reshape(-1, width) if width > 1 else values

    def world(points: np.ndarray) -> np.ndarray:
        return points.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]

    points = world(got(mesh.vertices, "co", 3))
    assert all(face.loop_total == 3 for face in mesh.polygons)
    corners = got(mesh.loops, "vertex_index", 1, np.int32).reshape(-1, 3)
    # Lengths do not matter, so a place that is scaled to nothing has normals, too.
    a, b, c = matrix[:3, 0], matrix[:3, 1], matrix[:3, 2]
    cofactors = np.array([np.cross(b, c), np.cross(c, a), np.cross(a, b)])
    side = np.sign(np.linalg.det(matrix[:3, :3])) or 1.0
    normals = got(mesh.corner_normals, "vector", 3).astype(np.float64) @ cofactors * side
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    edge_a, edge_b, edge_c = (points[corners[:, corner]] for corner in range(3))
    part = Part(points, corners, normals, np.cross(edge_b - edge_a, edge_c - edge_a) * side)
    # What they say is compared as what it makes of normals and faces: of zeros nothing has to be
    # there.
    elsewhere = ("position", "custom_normal", "sharp_edge", "material_index")
    for attribute in mesh.attributes:
        if attribute.is_internal or attribute.name in elsewhere:
            continue
        width, name = _WIDTHS[attribute.data_type]
        values = got(attribute.data, name, width)
        part.layers[attribute.name] = (attribute.domain, attribute.data_type, values)
    if keys := obj.data.shape_keys:
        for key in keys.key_blocks:
            part.shapes[key.name] = (key.value, world(got(key.data, "co", 3)))
    slots = [_material(slot.material, known) for slot in obj.material_slots]
    part.materials = [
        slots[face.material_index] if face.material_index < len(slots) else ""
        for face in mesh.polygons
    ]
    # Those of variants that are not shown.
    others = getattr(obj.data, "gltf2_variant_mesh_data", ())
    part.materials += [_material(other.material, known) for other in others]
    part.edges = sorted(tuple(sorted(edge.vertices)) for edge in mesh.edges)
    return part


_WIDTHS = {
    "FLOAT": (1, "value"),
    "INT": (1, "value"),
    "INT8": (1, "value"),
    "BOOLEAN": (1, "value"),
    "FLOAT2": (2, "vector"),
    "FLOAT_VECTOR": (3, "vector"),
    "FLOAT_COLOR": (4, "color"),
    "BYTE_COLOR": (4, "color"),
}


# --- materials --------------------------------------------------------------------------------

_UNSEEN = {
    "name",
    "name_full",
    "session_uid",
    "select",
    "location",
    "location_absolute",
    "use_nodes",
}


def _material(material: bpy.types.Material | None, known: dict[str, Any]) -> str:
    """Its name; what it is like goes into `known`."""
    if material is None:
        return ""
    if material.name not in known:
        tree = material.node_tree
        known[material.name] = (_values(material, _UNSEEN), tree and _tree(tree))
    return material.name


def _tree(tree: bpy.types.NodeTree) -> Any:
    numbers = {node: number for number, node in enumerate(tree.nodes)}
    links = [
        (
            numbers[link.from_node], link.from_socket.identifier,
            numbers[link.to_node], link.to_socket.identifier,
        )
        for link in tree.links
    ]  # fmt: skip
    return [_node(node) for node in tree.nodes], sorted(links)


def _node(node: bpy.types.Node) -> Any:
    sockets = [
        (socket.identifier, _plain(getattr(socket, "default_value", None)))
        for socket in (*node.inputs, *node.outputs)
    ]
    inside = _tree(node.node_tree) if getattr(node, "node_tree", None) else None
    return node.bl_idname, _values(node, _UNSEEN), sockets, inside, _image(node)


def _image(node: bpy.types.Node) -> Any:
    image = getattr(node, "image", None)
    if image is None:
        return None
    content = image.packed_file.data if image.packed_file else b""
    return (
        tuple(image.size), hashlib.sha256(content).hexdigest(), image.colorspace_settings.name,
        image.alpha_mode, image.source, image.file_format,
    )  # fmt: skip


def _values(owner: Any, without: set[str]) -> dict[str, Any]:
    """All its own settings that are plain values."""
    return {
        name: _plain(getattr(owner, name))
        for name, kind in owner.bl_rna.properties.items()
        if kind.type not in ("POINTER", "COLLECTION") and name not in without
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (str, set)) or not hasattr(value, "__len__"):
        return value
    return np.array(value).tolist()
