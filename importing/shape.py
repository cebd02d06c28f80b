"""What the glTF importer has just made, turned into what an artist gets.

    objects, measures = shape.shape(objects, title)
    shape.move(roots, location)             # roots: those without a parent, also after an append

A model that stands still becomes one object, or several under one empty: nothing between them,
turned and scaled in the points themselves. One that lives (bones, animations) stays as it is, since
bones, keys and drivers count on the transforms they were made for. In both cases what is seen does
not change but for its place, and is called after the task.

Nothing is imported from the extension here: child.py loads this file by its path, so that the same
comes of both ways. Needs no window. Thread: main. `bpy` and the importer, as shipped with 4.2.23,
4.5.15 and 5.0.1, were read and tried for this.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import bpy
from mathutils import Matrix, Vector

# numpy, from the first model on: it takes a tenth of a second to load, which enabling Maquette need
# not wait for, and a distribution's Blender may lack it; the importer needs it, too.
np: Any = None

SIMILAR = 1e-5  # deviation from a turn and an even scale; normals are stored in steps of 3e-5

# What a texture does, by the label that the importer gives its node, where that is not the word.
_ROLES = {
    "diffuse": "base color",
    "normal map": "normal",
    "metallic roughness": "roughness metallic",
}


class Unplaceable(Exception):
    """The model's size is not a number, so there is no place for it."""


def shape(
    objects: Collection[bpy.types.Object], title: str
) -> tuple[list[bpy.types.Object], dict[str, object]]:
    """Clean up a model. objects: all of its, at least one, in the context's view layer, which has
    been updated. title: what it is to be called.

    Returns the objects that the model consists of now, roots first (some of those given may be
    gone, one may be new), with the bottom centre of all that is shown at the world's origin; and
    its measures, fit for JSON: triangles, vertices, objects, materials, textures (their
    number), dimensions ([x, y, z], metres). Errors: Unplaceable.
    """
    global np
    import numpy as np

    objects = list(objects)
    still = any(obj.type == "MESH" for obj in objects) and not any(map(_lives, objects))
    worlds = _worlds(objects) if still else {}
    low, high = _box(objects, worlds)
    floor = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    for obj in objects:
        # The importer leaves quaternions; artists turn things by angles.
        if obj.animation_data is None:
            obj.rotation_mode = "XYZ"
    if still:
        objects = _folded(objects, worlds, floor, title)
        root = objects[0]
        if root.type == "EMPTY":
            root.empty_display_size = float(max(high - low)) / 2 or 1.0
    else:
        objects.sort(key=lambda obj: obj.parent is not None)
        roots = [obj for obj in objects if obj.parent is None]
        move(roots, -floor)
        if len(roots) == 1:
            roots[0].name = title
    meshes = [obj.data for obj in objects if obj.type == "MESH"]
    for mesh in meshes:
        _without_zeros(mesh)
    materials, images = _named(meshes, title)
    metre = bpy.context.scene.unit_settings.scale_length
    return objects, {
        "triangles": sum(len(mesh.loops) - 2 * len(mesh.polygons) for mesh in meshes),
        "vertices": sum(len(mesh.vertices) for mesh in meshes),
        "objects": len(objects),
        "materials": len(materials),
        "textures": len(images),
        "dimensions": [float(side) * metre for side in high - low],
    }


def move(roots: Collection[bpy.types.Object], by: Sequence[float]) -> None:
    """Move a model by its roots; one whose place is animated moves from there, too."""
    for root in roots:
        if _place_is_animated(root):
            root.delta_location += Vector(by)  # is added to whatever the animation says
        else:
            root.location += Vector(by)


def foremost(roots: Sequence[bpy.types.Object]) -> bpy.types.Object:
    """What stands for the model: not a light or an empty that happens to come first."""
    return next((root for root in roots if root.type == "MESH" or root.children), roots[0])


# --- does it live? --------------------------------------------------------------------------


def _lives(obj: bpy.types.Object) -> bool:
    """Does anything but its own and its parents' transforms say where it is and what it is like?"""
    keys = getattr(obj.data, "shape_keys", None)
    return (
        obj.type == "ARMATURE"
        or obj.parent_type != "OBJECT"
        or bool(obj.modifiers)
        or bool(obj.constraints)
        or any(each is not None and each.animation_data for each in (obj, obj.data, keys))
    )


def _place_is_animated(obj: bpy.types.Object) -> bool:
    """By the action in use or one stashed in its NLA tracks."""
    animation = obj.animation_data
    if animation is None:
        return False
    strips = [strip for track in animation.nla_tracks for strip in track.strips]
    actions = filter(None, [animation.action, *(strip.action for strip in strips)])
    return any(curve.data_path == "location" for action in actions for curve in _curves(action))


def _curves(action: bpy.types.Action) -> Iterator[bpy.types.FCurve]:
    if bpy.app.version < (4, 4):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for channels in strip.channelbags:
                yield from channels.fcurves


# --- where it is ----------------------------------------------------------------------------


def _worlds(objects: Iterable[bpy.types.Object]) -> dict[bpy.types.Object, Matrix]:
    """Where they are, by their parents; those above others come first. Not `matrix_world`: of what
    is hidden, or in a second scene of the file (4.5: an excluded collection), that is not kept."""
    known: dict[bpy.types.Object, Matrix] = {}
    for obj in objects:
        way = []
        while obj is not None and obj not in known:
            way.append(obj)
            obj = obj.parent
        for each in reversed(way):
            above = known[each.parent] @ each.matrix_parent_inverse if each.parent else Matrix()
            known[each] = above @ each.matrix_basis
    return known


def _box(
    objects: Collection[bpy.types.Object], worlds: Mapping[bpy.types.Object, Matrix]
) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest corner of all their geometry as it is shown, in world space; of
    their origins if there is none."""
    depsgraph = bpy.context.view_layer.depsgraph
    corners: list[np.ndarray] = []
    vertices: dict[int, np.ndarray] = {}  # a thousand objects may share one mesh
    for obj in objects:
        if obj.type != "MESH":
            continue
        shown = obj.evaluated_get(depsgraph)  # posed by its bones and shapes, at the present frame
        mesh = shown.data
        if not mesh.vertices:
            continue
        points = vertices.get(mesh.as_pointer())
        if points is None:
            points = np.empty((len(mesh.vertices), 3), dtype=np.float32)
            mesh.vertices.foreach_get("co", points.ravel())
            vertices[mesh.as_pointer()] = points
        matrix = np.array(worlds.get(obj, shown.matrix_world), dtype=np.float64)
        # Three long rows instead of three short columns: several times as fast.
        placed = matrix[:3, :3].astype(np.float32) @ points.T
        corners += [end(axis=1) + matrix[:3, 3] for end in (placed.min, placed.max)]
    if not corners:
        places = [worlds.get(obj, obj.matrix_world).translation for obj in objects]
        corners = [np.array(place, dtype=np.float64) for place in places]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    if not (np.abs([low, high]) < np.finfo(np.float32).max).all():
        raise Unplaceable
    return low, high


# --- one object, or several under one empty ---------------------------------------------------


def _folded(
    objects: Sequence[bpy.types.Object],
    worlds: Mapping[bpy.types.Object, Matrix],
    floor: np.ndarray,
    title: str,
) -> list[bpy.types.Object]:
    """Without the empties between them, standing on the origin; the one to move is the first.

    A mesh that several objects share stays shared, so these keep their turn and scale, and so does
    what cannot have these in its points: lamps, cameras, what is scaled to nothing. Parts keep
    their origins, around which they may be meant to turn.
    """
    above = {obj.parent for obj in objects}
    parts: list[bpy.types.Object] = []
    gone: set[bpy.types.Object] = set()
    for obj in worlds:  # parents first
        if obj.parent in gone:
            _inherit(obj, obj.parent)
        only_a_place = obj.type == "EMPTY" and obj.instance_collection is None
        noted = obj not in above and any(_own(obj))
        if only_a_place and not noted:
            gone.add(obj)
        else:
            parts.append(obj)
    if not all(np.isfinite(worlds[obj]).all() for obj in parts):
        raise Unplaceable  # something without points, or `_box` had seen it
    users = Counter(obj.data for obj in parts if obj.type == "MESH")
    kept = {obj for obj in parts if users[obj.data] != 1 or not _takes(obj.data, worlds[obj])}
    alone = len(parts) == 1 and not kept
    root = parts[0] if alone else bpy.data.objects.new(title, None)
    for obj in parts:
        world = worlds[obj].copy()
        # The file's own numbers: far from its origin, much is lost in mathutils' short ones.
        world.translation = np.array(world.translation, dtype=np.float64) - floor
        place = Matrix() if alone else Matrix.Translation(world.translation)
        obj.parent = None if alone else root
        obj.matrix_parent_inverse = Matrix()  # after the parent, which resets it
        if obj not in kept:
            _apply(obj.data, place.inverted() @ world)
            obj.matrix_basis = place
            continue
        obj.matrix_basis = place if _is_flat(world) else world
        # Below something turned and scaled unevenly, an object may be sheared, which location,
        # rotation and scale cannot say.
        rest = world @ obj.matrix_basis.inverted()
        if not np.allclose(_linear(rest), np.eye(3), rtol=0, atol=SIMILAR):
            obj.matrix_parent_inverse = rest
    bpy.data.batch_remove(list(gone))
    root.name = title  # now that nothing in the file is called so
    if alone:
        root.data.name = title
        return [root]
    bpy.context.scene.collection.objects.link(root)
    return [root, *parts]


def _own(obj: bpy.types.Object) -> Iterator[str]:
    """The custom properties that come from the file; in 4.x add-ons' properties are among them."""
    return (name for name in obj.keys() if name not in obj.bl_rna.properties)  # noqa: SIM118


def _inherit(obj: bpy.types.Object, gone: bpy.types.Object) -> None:
    """The custom properties of an empty that goes, for what hangs on it and does not have them."""
    for name in _own(gone):
        if name not in obj:
            value = gone[name]
            obj[name] = value.to_dict() if hasattr(value, "to_dict") else value


def _takes(mesh: bpy.types.Mesh, world: Matrix) -> bool:
    """Can the mesh have this transform in its points and look the same?"""
    # What shape keys do to custom normals, Blender works out from the faces' own.
    fixed = mesh.shape_keys and mesh.has_custom_normals and _bends(world)
    return not (_is_flat(world) or fixed)


def _is_flat(matrix: Matrix) -> bool:
    """Scaled to nothing in some direction."""
    sizes = np.linalg.svd(_linear(matrix), compute_uv=False)
    return bool(sizes[2] <= 1e-7 * sizes[0])


def _bends(matrix: Matrix) -> bool:
    """Does it mirror, or more than turn and evenly scale?"""
    linear = _linear(matrix)
    square = linear.T @ linear
    even = np.allclose(square / (np.trace(square) / 3), np.eye(3), rtol=0, atol=SIMILAR)
    return not even or bool(np.linalg.det(linear) < 0)


def _linear(matrix: Matrix) -> np.ndarray:
    return np.array(matrix.to_3x3(), dtype=np.float64)


def _apply(mesh: bpy.types.Mesh, matrix: Matrix) -> None:
    """Put a transform into the points, shape keys' too; corner normals go along.

    Custom normals are kept as angles to what the faces around would give (`custom_normal`, two
    shorts), so they turn with these by themselves, but not where the faces change their shape or
    their sides; and a mirrored face looks inwards until it is flipped (`bke::mesh_transform`,
    `bke::mesh_flip_faces`, source/blender/blenkernel/intern/mesh.cc and mesh_flip_faces.cc, which
    takes all that corners have along).
    """
    carrier = ""
    if mesh.has_custom_normals and _bends(matrix):
        normals = np.empty((len(mesh.loops), 3), dtype=np.float32)
        mesh.corner_normals.foreach_get("vector", normals.ravel())
        normals = normals @ np.linalg.inv(_linear(matrix)).astype(np.float32)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
        attribute = mesh.attributes.new("maquette normals", "FLOAT_VECTOR", "CORNER")
        attribute.data.foreach_set("vector", normals.ravel())
        carrier = attribute.name
    mesh.transform(matrix, shape_keys=True)
    if matrix.to_3x3().determinant() < 0:
        mesh.flip_normals()
    if carrier:
        mesh.attributes[carrier].data.foreach_get("vector", normals.ravel())
        mesh.attributes.remove(mesh.attributes[carrier])
        mesh.normals_split_custom_set(normals)
    mesh.update()


def _without_zeros(mesh: bpy.types.Mesh) -> None:
    """Take away what says no more than its absence: a twentieth of a large model's bytes, each
    of which the user's Blender has to copy when it takes the model in. Without them an edge is not
    sharp, and the material the first (`rna_MeshEdge_use_edge_sharp_get`,
    `rna_MeshPolygon_material_index_get`, source/blender/makesrna/intern/rna_mesh.cc)."""
    for name in ("material_index", "sharp_edge"):
        attribute = mesh.attributes.get(name)
        if attribute is not None and attribute.data_type in ("INT", "BOOLEAN"):
            kind = np.int32 if attribute.data_type == "INT" else np.bool_
            values = np.empty(len(attribute.data), dtype=kind)
            attribute.data.foreach_get("value", values)
            if not values.any():
                mesh.attributes.remove(attribute)


# --- what it is called ------------------------------------------------------------------------


def _named(
    meshes: Iterable[bpy.types.Mesh], title: str
) -> tuple[list[bpy.types.Material], list[bpy.types.Image]]:
    """Name materials and images after the task; returns them."""
    materials: dict[bpy.types.Material, str] = {}
    for mesh in meshes:
        others = getattr(mesh, "gltf2_variant_mesh_data", ())  # variants that are not shown
        for material in (*mesh.materials, *(other.material for other in others)):
            if material is not None:
                materials[material] = ""
    if len(materials) > 1:
        known = {material.name for material in materials}
        for material in materials:
            materials[material] = f" – {_in_file(material.name, known)}"
    roles: dict[bpy.types.Image, set[str]] = {}
    parts: dict[bpy.types.Image, set[str]] = {}
    for material, part in materials.items():
        material.name = _fitting(title, part)
        for node in material.node_tree.nodes if material.node_tree else ():
            if node.type == "TEX_IMAGE" and node.image is not None:
                label = node.label.lower() or "texture"
                roles.setdefault(node.image, set()).add(_ROLES.get(label, label))
                parts.setdefault(node.image, set()).add(part)
    for image, found in roles.items():
        (part, *others) = parts[image]
        image.name = _fitting(title, f"{'' if others else part} {' '.join(sorted(found))}")
    return list(materials), list(roles)


def _in_file(name: str, known: Collection[str]) -> str:
    """Without the number that Blender gave it because the user has one of that name."""
    base = re.sub(r"\.\d{3,}$", "", name)
    return base if base in bpy.data.materials and base not in known else name


def _fitting(title: str, rest: str) -> str:
    """Blender cuts a long name at its end, where these differ. length_max: bytes, and one more."""
    room = bpy.types.ID.bl_rna.properties["name"].length_max - 1 - len(rest.encode())
    return title.encode()[: max(room, 16)].decode(errors="ignore").rstrip() + rest
