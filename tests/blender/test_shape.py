"""What an artist gets of a model: one clean object, or several below one, and the same looks.

The models are those of glb_models.py; what is compared with what Blender's own importer makes of
the same file, and how, is in likeness.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from bl_ext.user_default.maquette.core.errors import BadModel
from bl_ext.user_default.maquette.core.model import GenerationRequest, Task, TaskState
from bl_ext.user_default.maquette.importing import place, shape
from bl_ext.user_default.maquette.importing.blocks import KINDS
from mathutils import Matrix

from tests.blender.glb_models import LIVING, MODELS, Glb
from tests.blender.likeness import SNAP, Seen, bottom_centre, compare, look

SPOT = (3.0, -4.0, 5.0)
FRAMES = (0, 6, 15, 24)


@pytest.fixture
def glb(tmp_path: Path) -> Path:
    return tmp_path / "model.glb"


def write(path: Path, model: Glb | bytes) -> None:
    path.write_bytes(model if isinstance(model, bytes) else model.data())


def imported(
    path: Path, prompt: str = "a red chair", location: tuple[float, ...] = SPOT
) -> list[bpy.types.Object]:
    task = Task(
        id="0123",
        request=GenerationRequest("sandbox", prompt),
        state=TaskState.READY,
        folder=str(path.parent),
        model=path.name,
    )
    names = place.import_model(
        bpy.context, task, bpy.context.scene, location=location, select=False
    )
    bpy.context.view_layer.update()
    return [bpy.data.objects[name] for name in names]


def plainly(path: Path) -> list[bpy.types.Object]:
    """By Blender's importer, with what it hides brought to light."""
    before = set(bpy.data.objects)
    bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
    layers = [bpy.context.view_layer.layer_collection]
    for layer in layers:
        layer.exclude = False
        layers += layer.children
    bpy.context.view_layer.update()
    return [obj for obj in bpy.data.objects if obj not in before]


def looks(objects: list[bpy.types.Object], frames: tuple[int, ...]) -> list[Seen]:
    found = []
    for frame in frames:
        if frame != bpy.context.scene.frame_current:
            bpy.context.scene.frame_set(frame)
        found.append(look(objects))
    return found


def empty_file() -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)


@pytest.mark.parametrize("name", MODELS)
def test_it_looks_as_the_file_says(glb: Path, name: str) -> None:
    write(glb, MODELS[name]())
    looks_the_same(glb, name)


def test_it_looks_as_a_compressed_file_says(glb: Path) -> None:
    """Made by Blender's own exporter, which has the library for it where the importer has it."""
    try:
        from io_scene_gltf2.io.com import draco
    except ImportError:  # 4.2 to 4.4
        from io_scene_gltf2.io.com import gltf2_io_draco_compression_extension as draco

    # Asked first: an export without it fails, and 4.2.23 crashes at its end then.
    if not draco.dll_exists(quiet=True):
        pytest.skip(f"Blender {bpy.app.version_string} came without its library for Draco")
    write(glb, MODELS["many materials"]())
    plainly(glb)
    bpy.ops.export_scene.gltf(filepath=str(glb), export_draco_mesh_compression_enable=True)
    assert b"KHR_draco_mesh_compression" in glb.read_bytes()
    empty_file()
    looks_the_same(glb, "Draco")


def looks_the_same(path: Path, name: str) -> None:
    """Living ones at several frames."""
    frames = (bpy.context.scene.frame_current, *(FRAMES if name in LIVING else ()))
    original = plainly(path)
    # Or of triangles so narrow that they turn with the last bit of their corners.
    bent = any(is_bent(obj.matrix_world) for obj in original) or name == "large, with occlusion"
    plain = looks(original, frames)
    empty_file()
    shaped = looks(imported(path, location=(0, 0, 0)), frames)
    for before, after in zip(plain, shaped, strict=True):
        shift = -bottom_centre(plain[0])
        figures = compare(before, after, shift, normals=SNAP if bent else 1e-4)
    print(
        f"{name}: {figures.parts} parts, {figures.corners} corners, points {figures.points:.1e},"
        f" normals {figures.normals:.1e} (mean {figures.mean:.1e})"
    )


def is_bent(matrix: Matrix) -> bool:
    """Mirrored, or scaled unevenly."""
    sizes = np.linalg.svd(np.array(matrix.to_3x3()), compute_uv=False)
    return matrix.determinant() < 0 or sizes[0] > sizes[2] * 1.0001


# --- the object, or the objects below one ------------------------------------------------------


def untouched(obj: bpy.types.Object) -> bool:
    return tuple(obj.rotation_euler) == (0, 0, 0) and tuple(obj.scale) == (1, 1, 1)


SINGLE = [
    "single", "single below empties", "from the sandbox", "mirrored", "uneven", "by a matrix",
    "far away", "tiny", "no normals", "vertex colours, mirrored", "all textures", "shapes",
]  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_one_part_is_the_model(glb: Path, name: str) -> None:
    write(glb, MODELS[name]())
    (model,) = imported(glb)
    assert model.name == model.data.name == "a red chair"
    assert model.parent is None
    assert untouched(model)
    assert model.rotation_mode == "XYZ"
    assert np.allclose(model.location, SPOT)
    low, high = np.array(model.bound_box)[[0, 6]]
    size = np.abs(high - low).max()
    assert np.allclose([low[0] + high[0], low[1] + high[1], low[2]], 0, atol=size * 1e-6)
    assert [*bpy.data.objects] == [model]
    assert [*bpy.data.meshes] == [model.data]


@pytest.mark.parametrize("name", ["several", "nested", "mirrored and sheared", "many materials"])
def test_several_parts_hang_on_one_empty(glb: Path, name: str) -> None:
    write(glb, MODELS[name]())
    root, *parts = imported(glb)
    assert (root.type, root.name) == ("EMPTY", "a red chair")
    assert np.allclose(root.matrix_world, Matrix.Translation(SPOT))
    assert len(parts) == 2
    assert all(part.parent == root and part.type == "MESH" for part in parts)
    assert all(untouched(part) for part in parts)
    assert {*bpy.data.objects} == {root, *parts}
    sizes = [max(part.dimensions) for part in parts]
    assert max(sizes) / 2 <= root.empty_display_size < sum(sizes)


def test_parts_keep_names_and_origins(glb: Path) -> None:
    write(glb, MODELS["several"]())
    _, *parts = imported(glb)
    body, lid = sorted(parts, key=lambda part: part.name)
    assert (body.name, lid.name) == ("body", "lid")
    assert np.allclose(lid.matrix_world.translation - body.matrix_world.translation, (0, 0, 2))


def test_who_moves_the_empty_moves_the_model(glb: Path) -> None:
    write(glb, MODELS["instances"]())
    root, *parts = imported(glb)
    before = [part.matrix_world.copy() for part in parts]
    root.location.x += 2
    bpy.context.view_layer.update()
    for was, part in zip(before, parts, strict=True):
        assert np.allclose(part.matrix_world, Matrix.Translation((2, 0, 0)) @ was, atol=1e-5)


@pytest.mark.parametrize(("name", "count"), [("instances", 5), ("instances by extension", 3)])
def test_what_is_shared_stays_shared(glb: Path, name: str, count: int) -> None:
    write(glb, MODELS[name]())
    root, *parts = imported(glb)
    assert len(parts) == count
    assert {part.data for part in parts} == {*bpy.data.meshes}
    assert len(bpy.data.meshes) == 1
    assert root.name == "a red chair"


@pytest.mark.parametrize("name", ["flat", "shapes, mirrored", "shapes, uneven"])
def test_what_points_cannot_take_stays_with_the_object(glb: Path, name: str) -> None:
    write(glb, MODELS[name]())
    root, part = imported(glb)
    assert (root.type, part.parent) == ("EMPTY", root)
    assert np.linalg.matrix_rank(np.array([v.co for v in part.data.vertices])) == 3


def test_lamps_and_cameras_stay_beside_it(glb: Path) -> None:
    write(glb, MODELS["lamp and camera"]())
    root, *parts = imported(glb)
    assert sorted(part.type for part in parts) == ["CAMERA", "LIGHT", "MESH"]
    assert {part.parent for part in parts} == {root}


def test_custom_properties_of_what_goes_are_handed_on(glb: Path) -> None:
    write(glb, MODELS["custom properties"]())
    _, *parts = imported(glb)
    own = {part.name: dict(part.items()) for part in parts}
    assert own["geometry_0"]["maker"] == "Y"
    assert [*own["geometry_0"]["size"]] == [1, 2]
    assert own["socket"]["for"].to_dict() == {"a": "sword"}
    assert own["socket"]["maker"] == "X"
    assert bpy.data.meshes[0]["of the mesh"] == 1


def test_a_camera_beyond_numbers_has_no_place(glb: Path) -> None:
    model = MODELS["lamp and camera"]()
    assert isinstance(model, Glb)
    model.json["nodes"][0]["scale"] = [1e30] * 3
    model.json["nodes"][2]["translation"] = [1e30, 0, 0]
    model.json["nodes"][1]["scale"] = [1e-30] * 3
    write(glb, model)
    with pytest.raises(BadModel, match="not a number"):
        imported(glb)
    assert not bpy.data.objects


def test_empties_with_nothing_on_them_go(glb: Path) -> None:
    write(glb, MODELS["nested"]())
    assert "left over" not in [obj.name for obj in imported(glb)]


# --- what lives --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(LIVING))
def test_what_lives_keeps_its_tree(glb: Path, name: str) -> None:
    write(glb, MODELS[name]())

    def tree() -> set[tuple[str, str, str]]:
        return {(obj.type, obj.parent_type, obj.parent_bone) for obj in bpy.data.objects}

    plain = [obj for obj in plainly(glb) if obj.name in bpy.context.view_layer.objects]
    count, before = len(plain), tree()
    actions = sorted(action.name for action in bpy.data.actions)
    empty_file()
    objects = imported(glb)
    roots = [obj for obj in objects if obj.parent is None]
    assert len(objects) == count
    assert tree() == before
    assert sorted(action.name for action in bpy.data.actions) == actions
    assert (roots[0].name == "a red chair") == (len(roots) == 1)


# --- names -------------------------------------------------------------------------------------


def names(kind: str) -> list[str]:
    return sorted(block.name for block in getattr(bpy.data, kind) if block.users)


def test_materials_and_pictures_are_named_after_the_task(glb: Path) -> None:
    write(glb, MODELS["all textures"]())
    imported(glb)
    assert names("materials") == ["a red chair"]
    assert names("images") == [
        "a red chair base color",
        "a red chair emissive",
        "a red chair normal",
        "a red chair occlusion roughness metallic",
    ]
    assert all(image.packed_file for image in bpy.data.images)


def test_several_materials_keep_their_part_of_the_name(glb: Path) -> None:
    write(glb, MODELS["many materials"]())
    imported(glb)
    assert names("materials") == [
        "a red chair – Bark",
        "a red chair – Leaf",
        "a red chair – Plain",
    ]
    assert names("images") == [
        "a red chair occlusion roughness metallic",  # of two of them
        "a red chair – Bark base color",
    ]


@pytest.mark.parametrize(("name", "told"), [("all textures", [0]), ("many materials", [0, 1])])
def test_what_says_only_zero_is_not_kept(glb: Path, name: str, told: list[int]) -> None:
    write(glb, MODELS[name]())
    meshes = [obj.data for obj in imported(glb) if obj.type == "MESH"]
    assert sorted({"material_index" in mesh.attributes for mesh in meshes}) == told
    for mesh in meshes:
        used = any(face.material_index for face in mesh.polygons)
        assert ("material_index" in mesh.attributes) == used
        assert ("sharp_edge" in mesh.attributes) == any(e.use_edge_sharp for e in mesh.edges)


def test_names_of_the_users_things_do_not_show(glb: Path) -> None:
    for name in ("Bark", "Plain"):
        bpy.data.materials.new(name).use_fake_user = True
    write(glb, MODELS["many materials"]())
    imported(glb)
    assert names("materials")[:4] == ["Bark", "Plain", "a red chair – Bark", "a red chair – Leaf"]


def test_a_long_title_leaves_room_for_what_tells_names_apart(glb: Path) -> None:
    write(glb, MODELS["many materials"]())
    imported(glb, "龍" * 40)
    assert {name.rpartition(" – ")[2] for name in names("materials")} == {"Bark", "Leaf", "Plain"}
    assert {name.rpartition("龍")[2] for name in names("images")} == {
        " occlusion roughness metallic",
        " – Bark base color",
    }


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_left_over(glb: Path, name: str) -> None:
    write(glb, MODELS[name]())
    objects = imported(glb)
    loose = [
        block
        for kind in KINDS
        for block in getattr(bpy.data, kind)
        if not block.users and kind not in ("window_managers", "workspaces", "screens", "scenes")
    ]
    assert loose == []
    assert {*bpy.data.objects} == {*objects}
    assert [*bpy.data.collections] == [bpy.data.collections[place.COLLECTION]]
    assert len(bpy.data.scenes) == 1


# --- measures ----------------------------------------------------------------------------------


def shaped(path: Path) -> dict[str, Any]:
    objects = plainly(path)
    _, measures = shape.shape(objects, "a red chair")
    assert json.loads(json.dumps(measures)) == measures
    return measures


def test_it_is_measured(glb: Path) -> None:
    write(glb, MODELS["many materials"]())
    measures = shaped(glb)
    sizes = measures.pop("dimensions")
    assert measures == {
        "triangles": 5 * 120,
        "vertices": sum(len(mesh.vertices) for mesh in bpy.data.meshes),
        "objects": 3,
        "materials": 3,
        "textures": 2,
    }
    seen = look(bpy.data.objects)
    points = np.concatenate([part.points for part in seen.parts.values()])
    assert np.allclose(sizes, points.max(axis=0) - points.min(axis=0), rtol=1e-5)


def test_its_size_is_in_metres(glb: Path) -> None:
    write(glb, MODELS["single"]())
    sizes = shaped(glb)["dimensions"]
    empty_file()
    bpy.context.scene.unit_settings.scale_length = 0.01
    assert np.allclose(shaped(glb)["dimensions"], sizes, rtol=1e-5)


def test_pictures_are_not_decoded(glb: Path) -> None:
    write(glb, MODELS["WebP"]())
    assert shaped(glb)["textures"] == 1
    assert not any(image.has_data for image in bpy.data.images)
