"""A finished model comes into a scene, stands where it should, and nothing else has changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import addon_utils
import bpy
import numpy as np
import pytest
from bl_ext.user_default.maquette.core.errors import (
    BadModel,
    MaquetteError,
    SetupError,
    StorageError,
)
from bl_ext.user_default.maquette.core.model import GenerationRequest, Task, TaskState
from bl_ext.user_default.maquette.importing import moment, place
from bl_ext.user_default.maquette.importing.blocks import KINDS

from tests.core.glb_files import GOOD, Glb, quad

SPOT = (3.0, -4.0, 5.0)


@pytest.fixture
def scene() -> bpy.types.Scene:
    """Not empty: a selected, active object of the user's in a collection of the user's."""
    scene = bpy.context.scene
    mine = bpy.data.collections.new("Mine")
    scene.collection.children.link(mine)
    view_layer = bpy.context.view_layer
    view_layer.active_layer_collection = view_layer.layer_collection.children["Mine"]
    for name in ("One", "Two"):
        mine.objects.link(bpy.data.objects.new(name, bpy.data.meshes.new(name)))
    bpy.data.objects["Two"].select_set(True)
    view_layer.objects.active = bpy.data.objects["One"]
    scene.frame_set(7)
    scene["of the user"] = "kept"
    return scene


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "2026-11-23_a-red-chair_0123"


def task_of(library: Path, glb: Glb | bytes, prompt: str = "a red chair") -> Task:
    library.mkdir(exist_ok=True)
    (library / "model.glb").write_bytes(glb if isinstance(glb, bytes) else glb.data())
    return Task(
        id="0123",
        request=GenerationRequest("sandbox", prompt),
        state=TaskState.READY,
        folder=str(library),
        model="model.glb",
    )


def place_it(
    task: Task,
    scene: bpy.types.Scene | None = None,
    *,
    location: tuple[float, float, float] = SPOT,
    select: bool = False,
) -> list[bpy.types.Object]:
    names = place.import_model(
        bpy.context, task, scene or bpy.context.scene, location=location, select=select
    )
    return [bpy.data.objects[name] for name in names]


def box(objects: list[bpy.types.Object]) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest corner of what is seen, by Blender's own evaluated vertices."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    shown = [obj.evaluated_get(depsgraph) for obj in objects if obj.type == "MESH"]
    points = np.array([obj.matrix_world @ v.co for obj in shown for v in obj.data.vertices])
    return points.min(axis=0), points.max(axis=0)


def stands_at(objects: list[bpy.types.Object], spot: tuple[float, float, float]) -> bool:
    low, high = box(objects)
    bottom_centre = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]
    return bool(np.allclose(bottom_centre, spot, atol=1e-4))


def nodes(*nodes: dict[str, Any]) -> Glb:
    """A file of the quad with these nodes; those that are nobody's children are the roots."""
    glb = quad()
    children = {child for node in nodes for child in node.get("children", ())}
    glb.json["nodes"] = list(nodes)
    glb.json["scenes"] = [{"nodes": [i for i in range(len(nodes)) if i not in children]}]
    return glb


@pytest.mark.parametrize("name", ["A scene", "\t"])
def test_material_variants_of_the_users_stay(library: Path, name: str) -> None:
    """The importer puts those of a file into the first of all scenes."""
    ui = bpy.context.preferences.addons["io_scene_gltf2"].preferences
    ui.KHR_materials_variants_ui = True
    scene = bpy.context.scene
    scene.name = name
    for number, variant in enumerate(("Summer", "Winter")):
        added = scene.gltf2_KHR_materials_variants_variants.add()
        added.name, added.variant_idx = variant, number
    place_it(task_of(library, GOOD["furnished"]()))
    variants = scene.gltf2_KHR_materials_variants_variants
    assert [variant.name for variant in variants] == ["Summer", "Winter"]
    assert list(bpy.data.scenes) == [scene]


def moving() -> Glb:
    """A root whose place is animated, from 0 to 2 m along x."""
    glb = quad()
    times = glb.add("f", "SCALAR", [(0.0,), (1.0,)], min=[0.0], max=[1.0])
    places = glb.add("f", "VEC3", [(0.0, 0.0, 0.0), (2.0, 0.0, 0.0)])
    glb.json["animations"] = [
        {
            "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
            "samplers": [{"input": times, "output": places}],
        }
    ]
    return glb


# --- where it stands ------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOOD)
def test_any_model_stands_with_its_bottom_centre_on_the_spot(library: Path, name: str) -> None:
    objects = place_it(task_of(library, GOOD[name]()))
    assert objects
    assert stands_at(objects, SPOT)
    assert {obj[place.MARK] for obj in objects} == {"0123"}


def test_it_is_turned_by_angles(library: Path) -> None:
    objects = place_it(task_of(library, quad()))
    assert {obj.rotation_mode for obj in objects} == {"XYZ"}


def test_its_parts_keep_their_places_to_each_other(library: Path) -> None:
    half_turn = [0.0, 0.38268343, 0.0, 0.92387953]  # 45 degrees: its box is not its corners'
    glb = nodes(
        {"name": "Top", "translation": [7, 8, 9], "rotation": half_turn, "children": [1, 2]},
        {"name": "Left", "mesh": 0, "scale": [2, 2, 2]},
        {"name": "Right", "mesh": 0, "translation": [5, 1, 0], "children": [3]},
        {"name": "Nothing"},
    )
    objects = place_it(task_of(library, glb))
    assert stands_at(objects, SPOT)
    low, high = box(objects)
    assert np.allclose(high - low, (6 * 0.5**0.5, 6 * 0.5**0.5, 2), atol=1e-4)
    assert [obj.name for obj in objects if obj.parent is None] == ["a red chair"]


def test_a_model_whose_place_is_animated_moves_from_there(library: Path) -> None:
    scene = bpy.context.scene
    scene.frame_set(0)
    objects = place_it(task_of(library, moving()))
    assert stands_at(objects, SPOT)
    scene.frame_set(scene.render.fps)
    assert stands_at(objects, (SPOT[0] + 2, *SPOT[1:]))


def test_its_size_is_in_the_units_of_the_scene(library: Path) -> None:
    bpy.context.scene.unit_settings.scale_length = 0.01
    objects = place_it(task_of(library, quad()))
    low, high = box(objects)
    assert np.allclose(high - low, (100, 0, 100), atol=1e-2)
    assert stands_at(objects, SPOT)


def test_a_model_without_geometry_stands_by_its_origins(library: Path) -> None:
    glb = nodes({"name": "A", "translation": [0, 0, 0]}, {"name": "B", "translation": [4, 2, 0]})
    objects = place_it(task_of(library, glb))
    bpy.context.view_layer.update()
    places = sorted(tuple(obj.matrix_world.translation) for obj in objects)
    assert np.allclose(places, [(1, -4, 5), (5, -4, 7)], atol=1e-5)
    assert {obj.type for obj in objects} == {"EMPTY"}


def test_a_thousand_parts(scene: bpy.types.Scene, library: Path) -> None:
    parts = [
        {"mesh": 0, "name": f"part {i}", "translation": [i % 25, i // 250, i // 25 % 10]}
        for i in range(1000)
    ]
    objects = place_it(task_of(library, nodes(*parts)), select=True)
    assert len(objects) == 1001  # and what they hang on
    assert stands_at(objects, SPOT)
    assert set(bpy.context.selected_objects) == set(objects)
    assert len(bpy.data.collections[place.COLLECTION].objects) == 1001


# --- names and marks ------------------------------------------------------------------------


def test_it_is_named_after_the_task(library: Path) -> None:
    glb = nodes({"name": "world", "children": [1]}, {"name": "geometry_0", "mesh": 0})
    assert [obj.name for obj in place_it(task_of(library, glb))] == ["a red chair"]
    assert [obj.name for obj in place_it(task_of(library, glb))] == ["a red chair.001"]


def test_parts_keep_their_names_below_one_of_the_tasks(library: Path) -> None:
    glb = nodes({"name": "lid", "mesh": 0}, {"name": "a red chair", "mesh": 0})
    root, *parts = place_it(task_of(library, glb))
    assert {part.parent for part in parts} == {root}
    assert sorted(part.name for part in parts) == ["a red chair", "lid"]
    assert root.name == "a red chair.001"


def test_several_roots_of_what_moves_keep_their_names(library: Path) -> None:
    glb = moving()
    glb.json["nodes"] = [{"name": "lid", "mesh": 0}, {"name": "box", "mesh": 0}]
    glb.json["scenes"] = [{"nodes": [0, 1]}]
    assert sorted(obj.name for obj in place_it(task_of(library, glb))) == ["box", "lid"]


def test_a_long_foreign_title_is_cut_between_letters(library: Path) -> None:
    (obj,) = place_it(task_of(library, quad(), prompt="龍" * 40))
    assert set(obj.name) == {"龍"}


# --- the collection -------------------------------------------------------------------------


def collection_of(obj: bpy.types.Object) -> bpy.types.Collection:
    (collection,) = obj.users_collection
    return collection


def test_models_are_gathered_in_one_collection(scene: bpy.types.Scene, library: Path) -> None:
    (first,) = place_it(task_of(library, quad()))
    (second,) = place_it(task_of(library, quad()))
    assert collection_of(first).name == "Maquette"
    assert collection_of(first) == collection_of(second)
    assert collection_of(first) in list(scene.collection.children)
    assert {c.name for c in bpy.data.collections} == {"Mine", "Maquette"}


def test_the_users_own_place_for_the_collection_is_kept(
    scene: bpy.types.Scene, library: Path
) -> None:
    mine = bpy.data.collections.new("Maquette")
    bpy.data.collections["Mine"].children.link(mine)
    (obj,) = place_it(task_of(library, quad()))
    assert collection_of(obj) == mine


@pytest.mark.parametrize("how", ["exclude", "hide_viewport", "hidden everywhere", "parent hidden"])
def test_a_collection_that_is_switched_off_is_left_alone(
    scene: bpy.types.Scene, library: Path, how: str
) -> None:
    mine = bpy.data.collections.new("Maquette")
    above = bpy.data.collections["Mine"] if how == "parent hidden" else scene.collection
    above.children.link(mine)
    top = bpy.context.view_layer.layer_collection
    match how:
        case "hidden everywhere":
            mine.hide_viewport = True
        case "parent hidden":
            top.children["Mine"].hide_viewport = True
        case _:
            setattr(top.children["Maquette"], how, True)
    (obj,) = place_it(task_of(library, quad()), select=True)
    assert collection_of(obj) != mine
    assert not mine.objects
    assert obj.visible_get()
    assert list(bpy.context.selected_objects) == [obj]
    # And so does the next one, into the same.
    (other,) = place_it(task_of(library, quad()))
    assert collection_of(other) == collection_of(obj)


def test_an_unlinked_collection_comes_back_only_if_it_is_empty(
    scene: bpy.types.Scene, library: Path
) -> None:
    (first,) = place_it(task_of(library, quad()))
    old = collection_of(first)
    scene.collection.children.unlink(old)
    (second,) = place_it(task_of(library, quad()))
    assert collection_of(second) != old, "what the user took out would be back"
    scene.collection.children.unlink(collection_of(second))
    old.objects.unlink(first)
    (third,) = place_it(task_of(library, quad()))
    assert collection_of(third) == old


def test_each_scene_has_a_collection_of_its_own(scene: bpy.types.Scene, library: Path) -> None:
    (here,) = place_it(task_of(library, quad()))
    other = bpy.data.scenes.new("Other")
    (there,) = place_it(task_of(library, quad()), other)
    (there_too,) = place_it(task_of(library, quad()), other)
    assert collection_of(here) in list(scene.collection.children)
    assert collection_of(there) in list(other.collection.children)
    assert collection_of(there) == collection_of(there_too) != collection_of(here)


# --- what stays as it was -------------------------------------------------------------------


def values(owner: Any) -> dict[str, Any]:
    found = {}
    for name, kind in owner.bl_rna.properties.items():
        # The importer's own add-on gives scenes more properties while it is at work.
        if kind.type in ("POINTER", "COLLECTION") or name.startswith(("gltf2_", "use_nodes")):
            continue
        value = getattr(owner, name)
        if not isinstance(value, (str, set)) and hasattr(value, "__len__"):
            value = np.array(value).tolist()
        found[name] = value
    return found


def everything_of_the_users() -> dict[str, Any]:
    context, scene = bpy.context, bpy.context.scene
    owners = {
        "scene": scene,
        "render": scene.render,
        "units": scene.unit_settings,
        "tools": scene.tool_settings,
        "cursor": scene.cursor,
        "view": scene.view_settings,
        "view layer": context.view_layer,
        "screen": context.window.screen,
    }
    return {name: values(owner) for name, owner in owners.items()} | {
        "custom": {key: scene[key] for key in scene.keys() if key != "maquette"},  # noqa: SIM118
        "selected": sorted(obj.name for obj in context.selected_objects),
        "active": context.view_layer.objects.active.name,
        "mode": context.mode,
        "collection": context.view_layer.active_layer_collection.name,
        "window": (context.window.scene.name, context.window.view_layer.name),
        "places": {obj.name: np.array(obj.matrix_world).tolist() for obj in scene.objects},
        "worlds": [world.name for world in bpy.data.worlds],
        "scenes": [scene.name for scene in bpy.data.scenes],
        "workspace": context.window.workspace.name,
    }


CUSTOMS = {"nobody": "asked for this"}


@pytest.mark.parametrize("name", ["quad", "rigged", "morphed", "scene extras", "two scenes"])
@pytest.mark.parametrize("where", ["this scene", "another scene"])
def test_all_else_stays_as_it_was(
    scene: bpy.types.Scene, library: Path, name: str, where: str
) -> None:
    glb = GOOD[name]() if name in GOOD else quad()
    if name == "scene extras":
        glb.json["scenes"][0]["extras"] = CUSTOMS
    if name == "two scenes":
        glb.json["nodes"].append({"name": "Elsewhere", "mesh": 0})
        glb.json["scenes"].append({"name": "Second", "nodes": [1]})
    other = bpy.data.scenes.new("Other")
    extra = scene.view_layers.new("Extra")
    bpy.context.window.view_layer = extra
    extra.objects.active = bpy.data.objects["Two"]
    bpy.data.objects["One"].select_set(True)
    bpy.data.objects["Two"].select_set(False)
    target = scene if where == "this scene" else other
    before = everything_of_the_users()
    objects = place_it(task_of(library, glb), target)
    after = everything_of_the_users()
    for obj in objects:
        assert obj.name in target.objects
        after["places"].pop(obj.name, None)
    assert after == before
    assert before["selected"] == ["One"]
    assert before["active"] == "Two"
    assert not set(CUSTOMS) & set(other.keys())
    assert {c.name for c in bpy.data.collections} == {"Mine", "Maquette"}


def test_a_users_collection_called_scene_collection_is_not_taken_for_the_scenes(
    scene: bpy.types.Scene, library: Path
) -> None:
    trap = bpy.data.collections.new("Scene Collection")
    scene.collection.children.link(trap)
    place_it(task_of(library, quad()))
    assert not trap.objects


def test_selecting_means_exactly_the_model(scene: bpy.types.Scene, library: Path) -> None:
    glb = nodes({"name": "Lid", "mesh": 0}, {"name": "Body", "children": [2]}, {"mesh": 0})
    objects = place_it(task_of(library, glb), select=True)
    assert len(objects) == 3
    assert set(bpy.context.selected_objects) == set(objects)
    assert bpy.context.view_layer.objects.active.name == "a red chair"
    assert bpy.context.view_layer.active_layer_collection.name == "Mine"


def test_what_was_imported_is_found_and_selected(scene: bpy.types.Scene, library: Path) -> None:
    task = task_of(library, quad())
    assert place.select(bpy.context, task.id) == "Nothing of this task is in this scene."
    (model,) = place_it(task)
    assert [obj.name for obj in bpy.context.selected_objects] == ["Two"]
    assert place.select(bpy.context, task.id) == ""
    assert bpy.context.selected_objects == [model]
    assert bpy.context.view_layer.objects.active == model
    (again,) = place_it(task)
    assert place.select(bpy.context, task.id) == ""
    assert set(bpy.context.selected_objects) == {model, again}


def test_what_cannot_be_selected_is_said_and_leaves_the_selection(
    scene: bpy.types.Scene, library: Path
) -> None:
    task = task_of(library, quad())
    (model,) = place_it(task)
    model.hide_set(True)
    assert place.select(bpy.context, task.id) == "All of it is hidden in this scene."
    model.hide_set(False)
    bpy.ops.object.mode_set(mode="EDIT")
    assert "Object Mode" in place.select(bpy.context, task.id)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert [obj.name for obj in bpy.context.selected_objects] == ["Two"]
    bpy.data.objects.remove(model)
    assert place.select(bpy.context, task.id) == "Nothing of this task is in this scene."


def test_textures_are_packed_into_the_file(library: Path) -> None:
    place_it(task_of(library, quad()))
    (image,) = [image for image in bpy.data.images if image.source == "FILE"]
    assert image.packed_file


# --- failing --------------------------------------------------------------------------------


def data_blocks() -> dict[str, list[int]]:
    return {kind: sorted(b.session_uid for b in getattr(bpy.data, kind)) for kind in KINDS}


def looped() -> Glb:
    return nodes({"name": "A", "mesh": 0, "children": [1]}, {"name": "B", "children": [0]})


def boundless() -> Glb:
    return nodes({"name": "A", "mesh": 0, "translation": [1e39, 0, 0]})


def unknown_extension() -> Glb:
    glb = quad()
    glb.json |= {"extensionsUsed": ["XX_new"], "extensionsRequired": ["XX_new"]}
    return glb


def late_mistake() -> Glb:
    """Fails after a mesh, a material and an image were made."""
    glb = quad()
    glb.json["animations"] = [
        {
            "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
            "samplers": [{"input": 99, "output": 99}],
        }
    ]
    return glb


BAD: dict[str, bytes] = {
    "empty": b"",
    "a web page": b"<!doctype html><title>Not found</title>",
    "cut": quad().data()[:-40],
    "a loop of nodes": looped().data(),
    "a place beyond numbers": boundless().data(),
    "unknown extension": unknown_extension().data(),
    "late mistake": late_mistake().data(),
    "nothing in it": Glb({"asset": {"version": "2.0"}}).data(),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_imported_leaves_nothing_and_stays_in_the_library(
    scene: bpy.types.Scene, library: Path, name: str
) -> None:
    task = task_of(library, BAD[name])
    before, mine = data_blocks(), everything_of_the_users()
    with pytest.raises(BadModel) as caught:
        place_it(task, select=True)
    assert data_blocks() == before
    assert everything_of_the_users() == mine
    assert caught.value.message.endswith(".")
    assert (library / "model.glb").read_bytes() == BAD[name]
    # And the next model comes as ever.
    assert stands_at(place_it(task_of(library, quad())), SPOT)


@pytest.fixture
def no_gltf() -> Iterator[None]:
    bpy.ops.preferences.addon_disable(module="io_scene_gltf2")
    yield
    bpy.ops.preferences.addon_enable(module="io_scene_gltf2")


def test_with_the_gltf_add_on_disabled_it_says_so_and_leaves_it_disabled(
    no_gltf: None, scene: bpy.types.Scene, library: Path
) -> None:
    before = data_blocks()
    with pytest.raises(SetupError, match=r"glTF add-on is disabled.*Enable “glTF 2.0 format”"):
        place_it(task_of(library, quad()))
    assert data_blocks() == before
    assert addon_utils.check("io_scene_gltf2") == (False, False)


def test_a_moved_library_is_named(tmp_path: Path, library: Path) -> None:
    task = task_of(library, quad())
    library.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="folder is gone") as caught:
        place_it(task)
    assert str(library) in str(caught.value)
    library.mkdir()
    with pytest.raises(StorageError, match=r"model is gone.*model\.glb"):
        place_it(task)


def test_a_linked_scene_takes_nothing(tmp_path: Path, library: Path) -> None:
    file = tmp_path / "other.blend"
    bpy.data.libraries.write(str(file), {bpy.context.scene})
    with bpy.data.libraries.load(str(file), link=True) as (theirs, ours):
        ours.scenes = theirs.scenes
    (linked,) = [scene for scene in bpy.data.scenes if scene.library]
    before = data_blocks()
    with pytest.raises(MaquetteError, match="linked from another file"):
        place_it(task_of(library, quad()), linked)
    assert data_blocks() == before


def test_a_linked_object_of_the_same_name_is_not_taken_for_the_new_one(
    tmp_path: Path, library: Path
) -> None:
    theirs = bpy.data.objects.new("Quad", None)
    file = tmp_path / "other.blend"
    bpy.data.libraries.write(str(file), {theirs})
    bpy.data.objects.remove(theirs)
    with bpy.data.libraries.load(str(file), link=True) as (there, here):
        here.objects = there.objects
    (obj,) = place_it(task_of(library, quad()))
    assert obj.library is None
    assert obj.type == "MESH"
    assert len(bpy.data.objects) == 2


# --- the moment -----------------------------------------------------------------------------


def test_object_mode_is_the_moment(scene: bpy.types.Scene) -> None:
    assert moment.why_not_now(bpy.context) == ""
    assert moment.why_not_now(bpy.context, asked=True) == ""


@pytest.mark.parametrize(("mode", "said"), [("EDIT", "Edit Mode"), ("SCULPT", "Sculpt Mode")])
def test_other_modes_are_not(scene: bpy.types.Scene, mode: str, said: str) -> None:
    bpy.ops.object.mode_set(mode=mode)
    assert moment.why_not_now(bpy.context) == f"Leave {said} first."
    assert moment.why_not_now(bpy.context, asked=True) == f"Leave {said} first."
    bpy.ops.object.mode_set(mode="OBJECT")
    assert moment.why_not_now(bpy.context) == ""
