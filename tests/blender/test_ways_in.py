"""The other ways in: menus, dialog, Image Editor, keymap, status bar; images of every kind.

What is clicked and drawn in a real window is tried in tests/window.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import addon_utils
import bpy
import numpy as np
import pytest
from bl_ext.user_default.maquette import operators, pictures, properties, session
from bl_ext.user_default.maquette.core import sandbox, wording
from bl_ext.user_default.maquette.core.engine import TaskChanged, TaskRemoved
from bl_ext.user_default.maquette.core.errors import BadRequest
from bl_ext.user_default.maquette.core.model import (
    Accepted,
    GenerationRequest,
    Origin,
    Task,
    TaskState,
)
from bl_ext.user_default.maquette.importing import origins
from bl_ext.user_default.maquette.operators import generate, receive, ways
from bl_ext.user_default.maquette.panels import dialog, menus, status

from tests.blender.picture_files import read_png, with_orientation, write_exr, write_png
from tests.blender.recording_layout import Layout, OperatorProperties

PACKAGE = operators.__package__.rpartition(".")[0]


@pytest.fixture(autouse=True)
def root() -> Iterator[Path]:
    """A user who never used Maquette before; the folder where it keeps its things."""
    folder = Path(bpy.utils.extension_path_user(PACKAGE, create=True))

    def forget() -> None:
        session.stop()
        shutil.rmtree(folder, ignore_errors=True)

    forget()
    folder.mkdir(parents=True)
    session.start()
    yield folder
    forget()
    bpy.context.preferences.system.use_online_access = False
    session.start()


@pytest.fixture
def settings() -> properties.MaquetteSettings:
    """Filled in for a small model from the Sandbox, with a list of two pictures."""
    settings = properties.get(bpy.context)
    settings.prompt = "a red chair"
    settings.options.polygons = 500
    for name in ("one.png", "two.png"):
        settings.pictures.add().filepath = name
    sandbox.local(session.folders().service("sandbox")).seconds = 0
    return settings


def wait(until: Callable[[], Any]) -> Any:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        session.tick()
        if found := until():
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited in vain; tasks: {session.tasks()}")


def imported() -> Task:
    wait(lambda: session.tasks() and session.tasks()[0].state is TaskState.IMPORTED)
    (task,) = session.tasks()
    return task


def refused(operator: Callable[..., set[str]], **arguments: Any) -> str:
    with pytest.raises(RuntimeError) as caught:
        operator(**arguments)
    return str(caught.value).strip()


def nothing_happened(root: Path) -> bool:
    inputs = root / "inputs"
    left = list(inputs.iterdir()) if inputs.is_dir() else []
    return not left and not session.tasks() and not (root / "tasks.sqlite3").exists()


def plain(*color: int, size: int = 8) -> np.ndarray:
    return np.full((size, size, len(color)), color, dtype=np.uint8)


def painted(*color: float, is_float: bool = False, size: int = 8) -> bpy.types.Image:
    """An image that exists in Blender only, all of one color."""
    image = bpy.data.images.new("painted", size, size, alpha=True, float_buffer=is_float)
    image.pixels.foreach_set(np.tile(np.float32(color), size * size))
    return image


# --- what is ordered ------------------------------------------------------------------------


def test_from_a_prompt_sends_no_pictures_and_keeps_the_list(
    settings: properties.MaquetteSettings,
) -> None:
    bpy.context.scene.cursor.location = (5, 6, 7)
    assert bpy.ops.maquette.model_from_prompt() == {"FINISHED"}
    task = imported()
    assert task.request.prompt == "a red chair"
    assert task.request.pictures == ()
    assert task.origin.location == (5, 6, 7)
    assert [p.filepath for p in settings.pictures] == ["one.png", "two.png"]


def test_from_a_picture_sends_only_that_one(
    settings: properties.MaquetteSettings, root: Path, tmp_path: Path
) -> None:
    path = write_png(tmp_path / "a.png", plain(1, 2, 3, 255))
    settings.prompt = ""
    assert bpy.ops.maquette.model_from_picture(filepath=str(path)) == {"FINISHED"}
    task = imported()
    (copy,) = map(Path, task.request.pictures)
    assert copy == root / "inputs" / task.id / "1.png"
    assert (read_png(copy) == (1, 2, 3, 255)).all()
    assert [p.filepath for p in settings.pictures] == ["one.png", "two.png"]


def test_generate_itself_takes_an_image_instead_of_the_list(
    settings: properties.MaquetteSettings,
) -> None:
    settings.pictures.remove(1)  # the Sandbox takes one; with two the button is grey
    image = painted(1.0, 0.0, 0.0, 1.0)
    bpy.ops.maquette.generate(listed=False, image=image.session_uid)
    (copy,) = imported().request.pictures
    assert (read_png(Path(copy)) == (255, 0, 0, 255)).all()


def test_generate_itself_takes_a_picture_beside_the_list(
    settings: properties.MaquetteSettings, root: Path
) -> None:
    settings.pictures.remove(1)
    said = refused(bpy.ops.maquette.generate, picture="a.png")
    assert "takes 1 picture at most, not 2" in said
    assert nothing_happened(root)


def test_a_vanished_picture_or_image(
    settings: properties.MaquetteSettings, root: Path, tmp_path: Path
) -> None:
    said = refused(bpy.ops.maquette.model_from_picture, filepath=str(tmp_path / "gone.png"))
    assert "“gone.png” is not there any more" in said
    image = painted(1.0, 0.0, 0.0, 1.0)
    uid = image.session_uid
    bpy.data.images.remove(image)
    settings.pictures.clear()
    said = refused(bpy.ops.maquette.generate, listed=False, image=uid)
    assert "The image is not there any more." in said
    assert nothing_happened(root)


def test_nothing_is_sent_offline(settings: properties.MaquetteSettings, root: Path) -> None:
    settings.service = "rodin"
    assert "work offline" in refused(bpy.ops.maquette.model_from_prompt)
    assert nothing_happened(root)


# --- the Image Editor -----------------------------------------------------------------------


@pytest.fixture
def editor() -> Iterator[bpy.types.SpaceImageEditor]:
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    kind = area.type
    area.type = "IMAGE_EDITOR"
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        yield area.spaces.active
    area.type = kind


def from_image() -> set[str]:
    return bpy.ops.maquette.model_from_image()


def test_why_the_entry_is_grey(editor: bpy.types.SpaceImageEditor, root: Path) -> None:
    assert "No image is open in this editor" in refused(from_image)
    editor.image = bpy.data.images.new("tiles", 8, 8, tiled=True)
    assert "“tiles” is made of tiles (UDIM)." in refused(from_image)
    editor.image = painted(1, 1, 1, 1)
    editor.image.source = "MOVIE"
    assert "“painted” is a movie." in refused(from_image)
    assert nothing_happened(root)


def test_in_another_editor_it_is_grey() -> None:
    assert "No image is open" in refused(from_image)


def test_a_file_is_sent_as_it_lies_on_disk(
    editor: bpy.types.SpaceImageEditor, settings: properties.MaquetteSettings, tmp_path: Path
) -> None:
    path = write_png(tmp_path / "a.png", plain(200, 100, 50, 128))
    editor.image = bpy.data.images.load(str(path))
    assert pictures.file_of(editor.image) == str(path)
    from_image()
    (copy,) = imported().request.pictures
    assert (read_png(Path(copy)) == (200, 100, 50, 128)).all()
    assert [p.filepath for p in settings.pictures] == ["one.png", "two.png"]


def test_what_was_painted_on_it_is_sent(
    editor: bpy.types.SpaceImageEditor, settings: properties.MaquetteSettings, tmp_path: Path
) -> None:
    path = write_png(tmp_path / "a.png", plain(200, 100, 50, 255))
    image = editor.image = bpy.data.images.load(str(path))
    image.pixels[0:4] = (0.0, 1.0, 0.0, 1.0)
    assert image.is_dirty
    from_image()
    (copy,) = imported().request.pictures
    sent = read_png(Path(copy))
    assert sent[-1, 0].tolist() == [0, 255, 0, 255], "the lower left corner"
    assert sent[0, 0].tolist() == [200, 100, 50, 255]
    assert image.is_dirty
    assert (read_png(path) == (200, 100, 50, 255)).all(), "the file is the user's"


def test_a_frame_of_a_sequence(
    editor: bpy.types.SpaceImageEditor, settings: properties.MaquetteSettings, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        write_png(tmp_path / f"shot{number:04}.png", plain(number, number, number))
    image = editor.image = bpy.data.images.load(str(tmp_path / "shot0001.png"))
    image.source = "SEQUENCE"
    editor.image_user.frame_duration = 3
    editor.image_user.frame_current = 2
    assert pictures.file_of(image, editor.image_user) == str(tmp_path / "shot0002.png")


def test_an_image_whose_file_is_gone(
    editor: bpy.types.SpaceImageEditor, root: Path, tmp_path: Path
) -> None:
    path = write_png(tmp_path / "a.png", plain(1, 2, 3))
    editor.image = bpy.data.images.load(str(path))
    path.unlink()
    assert "“a.png” is not there any more" in refused(from_image)
    (tmp_path / "a.png").write_text("no picture")
    editor.image.reload()
    assert "cannot read “a.png” as a picture" in refused(from_image)
    assert nothing_happened(root)


# --- images of every kind -------------------------------------------------------------------


def sent(image: bpy.types.Image, target: Path, limit: int = 2048) -> np.ndarray:
    """What `image_to_png` makes of it; all of Blender's images stay as they were."""
    before = [(i.name, i.as_pointer(), i.is_dirty, tuple(i.size)) for i in bpy.data.images]
    pictures.image_to_png(image, target, bpy.context.scene, limit)
    assert [(i.name, i.as_pointer(), i.is_dirty, tuple(i.size)) for i in bpy.data.images] == before
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    return read_png(target)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "inputs" / "task" / "1.png"


def test_painted_8_bit(target: Path) -> None:
    image = painted(200 / 255, 100 / 255, 50 / 255, 128 / 255)
    assert (sent(image, target) == (200, 100, 50, 128)).all()


def test_painted_float_is_shown_as_srgb(target: Path) -> None:
    # Scene linear with alpha multiplied in: 0.5 is 188 in sRGB, 0.25 is 137, 0.125 is 99.
    image = painted(0.25, 0.125, 0.0625, 0.5, is_float=True)
    assert np.abs(sent(image, target).astype(int) - (188, 137, 99, 128)).max() <= 1


def test_alpha_that_is_none_is_not_divided_by(target: Path) -> None:
    image = painted(0.5, 0.25, 0.125, 0.5, is_float=True)
    image.alpha_mode = "CHANNEL_PACKED"
    assert np.abs(sent(image, target).astype(int) - (188, 137, 99, 128)).max() <= 1


def test_data_is_sent_by_its_numbers(target: Path) -> None:
    image = painted(0.0, 0.0, 0.0, 1.0)
    image.colorspace_settings.name = "Non-Color"  # makes it anew
    image.pixels.foreach_set(np.tile(np.float32((200, 100, 50, 255)) / 255, 64))
    assert (sent(image, target) == (200, 100, 50, 255)).all()


def test_generated_is_upright(target: Path) -> None:
    image = bpy.data.images.new("grid", 64, 32, alpha=True)
    image.generated_type = "BLANK"
    image.generated_color = (0, 0, 1, 1)
    assert image.source == "GENERATED"
    assert not image.is_dirty
    assert (sent(image, target) == (0, 0, 255, 255)).all()
    pixels = np.zeros((32, 64, 4), np.float32)
    pixels[:16, :, 0] = 1.0  # Blender's first row is the lowest
    pixels[:, :, 3] = 1.0
    image.pixels.foreach_set(pixels.ravel())
    result = sent(image, target)
    assert result.shape == (32, 64, 4)
    assert (result[16:] == (255, 0, 0, 255)).all()
    assert (result[:16] == (0, 0, 0, 255)).all()


def test_large_ones_are_made_smaller(target: Path) -> None:
    assert sent(painted(1.0, 0.0, 0.0, 1.0, size=64), target, limit=16).shape == (16, 16, 4)


def test_packed_is_read_from_the_blend(tmp_path: Path, target: Path) -> None:
    path = write_png(tmp_path / "a.png", plain(200, 100, 50, 128))
    image = bpy.data.images.load(str(path))
    image.pack()
    path.unlink()
    assert pictures.file_of(image) == ""
    assert (sent(image, target) == (200, 100, 50, 128)).all()
    image.pixels[0:4] = (0.0, 1.0, 0.0, 1.0)  # painted on since
    assert sent(image, target)[-1, 0].tolist() == [0, 255, 0, 255]
    image.pack()
    assert not image.is_dirty
    assert sent(image, target)[-1, 0].tolist() == [0, 255, 0, 255]


def test_packed_float(tmp_path: Path, target: Path) -> None:
    image = bpy.data.images.load(str(write_exr(tmp_path / "a.exr", (0.25, 0.125, 0.0625, 0.5))))
    image.pack()
    assert np.abs(sent(image, target).astype(int) - (188, 137, 99, 128)).max() <= 1


def test_a_packed_photo_is_turned_upright(tmp_path: Path, target: Path) -> None:
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, :48] = (255, 0, 0)
    image = bpy.data.images.load(str(write_png(tmp_path / "halves.png", pixels)))
    assert all(image.size)  # reads the file
    image.filepath_raw = str(tmp_path / "photo.jpg")
    image.file_format = "JPEG"
    image.save()
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(with_orientation(photo.read_bytes(), 6))  # its left is the true top
    image = bpy.data.images.load(str(photo))
    image.pack()
    result = sent(image, target).astype(int)
    assert result.shape == (96, 64, 4)
    assert result[10, 32, 0] > 200
    assert result[-10, 32, 0] < 50


def test_what_has_no_pixels(target: Path) -> None:
    nothing = bpy.data.images.new("nothing", 8, 8)
    nothing.source = "FILE"
    nothing.filepath = "//gone.png"
    with pytest.raises(BadRequest) as caught:
        pictures.image_to_png(nothing, target, bpy.context.scene)
    assert caught.value.message
    assert not target.parent.exists()


# --- the result of a render -----------------------------------------------------------------


@pytest.fixture
def render() -> Iterator[bpy.types.Image]:
    """Above, light of a known color; below, nothing. Only Cycles renders without a window."""
    cycles_was_on = addon_utils.check("cycles")[1]
    addon_utils.enable("cycles")
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.cycles.use_denoising = False
    scene.render.resolution_x, scene.render.resolution_y = 32, 16
    scene.render.resolution_percentage = 100
    scene.render.film_transparent = True
    scene.view_settings.view_transform = "Standard"
    scene.collection.objects.link(camera := bpy.data.objects.new("eye", bpy.data.cameras.new("e")))
    scene.camera = camera
    mesh = bpy.data.meshes.new("light")
    mesh.from_pydata([(-99, 0, -5), (99, 0, -5), (99, 99, -5), (-99, 99, -5)], [], [(0, 1, 2, 3)])
    scene.collection.objects.link(bpy.data.objects.new("light", mesh))
    material = bpy.data.materials.new("light")
    if bpy.app.version < (5, 0):  # since then all have nodes
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    shine, out = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    shine.inputs["Color"].default_value = (0.5, 0.25, 0.125, 1.0)
    tree.links.new(shine.outputs[0], out.inputs[0])
    mesh.materials.append(material)
    bpy.ops.render.render()
    yield next(image for image in bpy.data.images if image.type == "RENDER_RESULT")
    if not cycles_was_on:
        addon_utils.disable("cycles")


def assert_is_the_render(result: np.ndarray) -> None:
    assert result.shape == (16, 32, 4)
    assert np.abs(result[:6].astype(int) - (188, 137, 99, 255)).max() <= 2
    assert (result[-6:, :, 3] == 0).all()


def test_a_render_is_sent_as_it_is_shown(render: bpy.types.Image, target: Path) -> None:
    assert_is_the_render(sent(render, target))
    bpy.context.scene.view_settings.exposure = -1.0  # half the light
    darker = sent(render, target)
    assert np.abs(darker[:6].astype(int) - (137, 99, 71, 255)).max() <= 2


def kept_settings(scene: bpy.types.Scene) -> dict[str, Any]:
    """All that a scene knows about its output."""
    return {
        f"{owner}.{name}": tuple(value) if hasattr(value, "__len__") else value
        for owner, group in (
            ("image", scene.render.image_settings),
            ("ffmpeg", scene.render.ffmpeg),
            ("render", scene.render),
        )
        for name in group.bl_rna.properties.keys()  # noqa: SIM118 (a collection of RNA, no dict)
        if isinstance(value := getattr(group, name), (bool, int, float, str))
    }


def output_kinds() -> Iterator[tuple[str, str, str]]:
    """(media type, format, depth) of all that a scene can be set to write."""
    output = bpy.context.scene.render.image_settings
    kinds = [""]
    if hasattr(output, "media_type"):
        kinds = [item.identifier for item in output.bl_rna.properties["media_type"].enum_items]
    formats = [item.identifier for item in output.bl_rna.properties["file_format"].enum_items]
    for kind in kinds:
        if kind:
            output.media_type = kind
        for file_format in formats:
            try:
                output.file_format = file_format
            except TypeError:  # not of this media type
                continue
            for depth in ("8", "10", "12", "16", "32"):
                try:
                    output.color_depth = depth
                except TypeError:
                    continue
                yield kind, file_format, depth


def test_the_scenes_output_stays_as_it_was_set(render: bpy.types.Image, target: Path) -> None:
    scene = bpy.context.scene
    tried = []
    for kind in output_kinds():
        scene.render.image_settings.color_management = "OVERRIDE"
        scene.render.image_settings.view_settings.exposure = 0.0
        before = kept_settings(scene)
        assert_is_the_render(sent(render, target))
        assert kept_settings(scene) == before, kind
        tried.append(kind)
    assert len({file_format for _, file_format, _ in tried}) >= 10, tried


def test_where_nothing_was_rendered(render: bpy.types.Image, target: Path) -> None:
    other = bpy.data.scenes.new("not rendered")
    before = kept_settings(other)
    with pytest.raises(BadRequest) as caught:
        pictures.image_to_png(render, target, other)
    assert caught.value.message == "“Render Result” holds no picture that could be saved."
    assert kept_settings(other) == before
    assert not list(target.parent.iterdir())


# --- the dialog -----------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Layout]:
    real = Layout._result

    def result(self: Layout, name: str, arguments: dict[str, Any]) -> Any:
        if name == "template_popup_confirm":
            return OperatorProperties(arguments["operator"])
        return real(self, name, arguments)

    monkeypatch.setattr(Layout, "_result", result)

    def show(picture: str = "", image: int = 0) -> Layout:
        layout = Layout()
        dialog.draw(layout, bpy.context, picture, image)
        return layout

    return show


def told(layout: Layout) -> str:
    """All words, however they are wrapped."""
    return " ".join(layout.text.split())


def ordered(layout: Layout) -> OperatorProperties:
    """What Generate would be called with."""
    (found,) = [r for _, name, _, r in layout.drawn() if name == "template_popup_confirm"]
    return found


def test_the_dialog_for_words(
    settings: properties.MaquetteSettings, shown: Callable[..., Layout]
) -> None:
    layout = shown()
    assert {"service", "prompt"} <= layout.properties().keys()
    assert not layout.named("template_icon")
    assert layout.named("context_string_set") == [{"name": "maquette_picture", "value": "="}]
    order = ordered(layout)
    assert (order.listed, order.picture, order.image) == (False, "", 0)


def test_the_dialog_for_a_picture(
    settings: properties.MaquetteSettings,
    shown: Callable[..., Layout],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = str(write_png(tmp_path / "a chair.png", plain(1, 2, 3)))
    monkeypatch.setattr(dialog, "thumbnail", {path: 7}.get)  # without a window there is none
    layout = shown(path)
    assert "a chair.png" in layout.words
    assert [icon["icon_value"] for icon in layout.named("template_icon")] == [7]
    assert layout.named("context_string_set")[0]["value"] == f"={path}"
    order = ordered(layout)
    assert (order.listed, order.picture, order.image) == (False, path, 0)


def test_the_dialog_for_an_image(
    settings: properties.MaquetteSettings, shown: Callable[..., Layout]
) -> None:
    image = painted(1, 1, 1, 1)
    layout = shown("", image.session_uid)
    assert "painted" in layout.words
    assert ordered(layout).image == image.session_uid
    bpy.data.images.remove(image)
    assert not shown("", ordered(layout).image).named("template_popup_confirm"), "nothing to order"


def test_the_dialog_says_why_not(
    settings: properties.MaquetteSettings, shown: Callable[..., Layout], tmp_path: Path
) -> None:
    settings.prompt = ""
    assert "nothing to make a model from" in told(shown())
    path = str(write_png(tmp_path / "a.png", plain(1, 2, 3)))
    assert "nothing to make a model from" not in told(shown(path))
    settings.service = "rodin"
    assert "work offline" in told(shown(path))


def test_its_button_is_grey_for_its_own_picture(settings: properties.MaquetteSettings) -> None:
    """A picture given to the dialog is enough, and the form's list does not count there."""
    settings.prompt = ""
    settings.pictures.clear()
    context = {name: getattr(bpy.context, name) for name in ("scene", "preferences")}
    assert "nothing to make" in generate.why_not(SimpleNamespace(**context))
    assert generate.why_not(SimpleNamespace(**context, maquette_picture="=a.png")) == ""
    settings.pictures.add().filepath = "b.png"
    assert generate.why_not(SimpleNamespace(**context)) == ""
    assert "nothing to make" in generate.why_not(SimpleNamespace(**context, maquette_picture="="))


def test_another_file_may_name_a_service_that_is_not_there(
    settings: properties.MaquetteSettings, shown: Callable[..., Layout]
) -> None:
    settings["service"] = 4711
    layout = shown()
    assert "no service called" in told(layout)
    assert not layout.named("template_popup_confirm")
    settings.service = "sandbox"


# --- menus and keymap -----------------------------------------------------------------------


def test_the_menus_offer_them() -> None:
    layout = Layout()
    menus.MAQUETTE_MT_add.draw(SimpleNamespace(layout=layout), bpy.context)
    assert layout.words == ["Model from Prompt…", "Model from Picture…"]
    assert layout.set["operator_context"] == "INVOKE_DEFAULT"
    for draw, entry in ((menus.draw_add, "menu"), (menus.draw_image, "operator")):
        layout = Layout()
        draw(SimpleNamespace(layout=layout), bpy.context)
        assert [name for name, _, _ in layout.calls] == ["separator", entry]


ENTRIES = {
    "VIEW3D_MT_add": menus.draw_add,
    "IMAGE_MT_image": menus.draw_image,
    "STATUSBAR_HT_header": status.draw,
}


def test_they_are_in_blenders_menus_once_and_gone_afterwards() -> None:
    def found() -> list[str]:
        return [
            name
            for name in ENTRIES
            for function in getattr(bpy.types, name).draw._draw_funcs
            if function.__module__.startswith(PACKAGE)
        ]

    assert found() == list(ENTRIES)
    bpy.ops.preferences.addon_disable(module=PACKAGE)
    try:
        assert found() == []
    finally:
        bpy.ops.preferences.addon_enable(module=PACKAGE)
    assert found() == list(ENTRIES)


def listed() -> list[tuple[str, str, str]]:
    keys = bpy.context.window_manager.keyconfigs.addon
    return [
        (keymap.name, item.idname, item.type)
        for keymap in keys.keymaps
        for item in keymap.keymap_items
        if item.idname.startswith("maquette.")
    ]


def test_they_are_in_the_keymap_without_a_key_and_gone_afterwards() -> None:
    expected = [
        ("3D View", "maquette.model_from_prompt", "NONE"),
        ("3D View", "maquette.model_from_picture", "NONE"),
        ("Image", "maquette.model_from_image", "NONE"),
    ]
    assert sorted(listed()) == sorted(expected)
    bpy.ops.preferences.addon_disable(module=PACKAGE)
    try:
        assert listed() == []
    finally:
        bpy.ops.preferences.addon_enable(module=PACKAGE)
    assert sorted(listed()) == sorted(expected)


def test_without_keymaps_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    none = SimpleNamespace(
        types=bpy.types,
        context=SimpleNamespace(
            window_manager=SimpleNamespace(keyconfigs=SimpleNamespace(addon=None))
        ),
    )
    menus.unregister()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(menus, "bpy", none)
            menus.register()
            menus.unregister()
            assert menus._listed == []
    finally:
        menus.register()


@pytest.mark.parametrize("operator", ways.CLASSES, ids=lambda operator: operator.__name__)
def test_they_can_be_found_by_searching(operator: type) -> None:
    assert "INTERNAL" not in operator.bl_options
    assert not operator.bl_label.endswith("…"), "the menus add it"


# --- the status bar -------------------------------------------------------------------------

NOW = 1_000_000.0


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Gives the session a task in some state and tells what the status bar shows then."""
    monkeypatch.setattr(session, "_started", NOW - 100)

    def told(name: str, **fields: Any) -> str:
        known: dict[str, Any] = {"accepted": Accepted("j", at=NOW - 8), "created": NOW - 10}
        request = GenerationRequest("sandbox", name)
        task = Task(id=name, request=request, **{**known, **fields})
        session._inbox.put(TaskChanged(task))
        session.tick()
        return status.line(NOW)

    return told


def drawn() -> list[dict[str, Any]]:
    layout = Layout()
    status.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout.named("label")


def test_the_status_bar_is_empty_while_nothing_runs(tell: Callable[..., str]) -> None:
    assert drawn() == []
    assert tell("a", state=TaskState.FAILED) == ""
    assert tell("b", state=TaskState.IMPORTED, finished=NOW) == ""
    assert tell("c", state=TaskState.READY, finished=NOW) == ""
    assert drawn() == []


def test_one_task_is_told_in_full(tell: Callable[..., str]) -> None:
    said = tell("a blue vase", state=TaskState.GENERATING, share=0.45)
    assert said == "“a blue vase”: Generating 45 %"
    said = tell("a blue vase", state=TaskState.GENERATING)
    assert said == f"“a blue vase”: Generating, {wording.duration(8)} so far"
    (label,) = drawn()
    assert label["translate"] is False, "a prompt is the user's"
    assert label["text"].startswith("“a blue vase”")


def test_several_are_counted(tell: Callable[..., str]) -> None:
    tell("old", state=TaskState.READY, finished=NOW - 1000)  # before Blender was started
    tell("a", state=TaskState.GENERATING)
    assert tell("b", state=TaskState.WAITING) == "Maquette: 2 running"
    assert tell("c", state=TaskState.READY, finished=NOW) == "Maquette: 2 running, 1 ready"
    assert tell("a", state=TaskState.FAILED) == "Maquette: 1 running, 1 ready"
    session._inbox.put(TaskRemoved("b"))
    session.tick()
    assert status.line(NOW) == ""


def test_what_a_model_waits_for(tell: Callable[..., str]) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    origin = replace(origins.origin(bpy.context, wanted=True), location=(0.0, 0.0, 0.0))
    said = tell("a vase", state=TaskState.READY, finished=NOW, origin=origin)
    assert said == "“a vase” is ready. Leave Edit Mode first."
    session.file_loaded()
    assert status.line(NOW) == ""
    bpy.ops.object.mode_set(mode="OBJECT")


def test_drawing_it_costs_little_whatever_the_list_holds(tell: Callable[..., str]) -> None:
    for number in range(2000):
        session._tasks[str(number)] = Task(
            id=str(number),
            request=GenerationRequest("sandbox", "x"),
            origin=Origin(),
            state=TaskState.IMPORTED,
        )
    tell("a", state=TaskState.GENERATING)
    tell("b", state=TaskState.GENERATING)
    assert session.current() == [session.task("a"), session.task("b")]


# --- after an import ------------------------------------------------------------------------


def test_where_no_view_shows_colors_it_is_said(
    settings: properties.MaquetteSettings, capfd: pytest.CaptureFixture[str]
) -> None:
    bpy.ops.maquette.model_from_prompt()
    task = imported()
    said = capfd.readouterr().out
    side = r"[\d.]+ c?m"
    told = (
        rf"“a red chair” is in the scene\. Size: {side} × {side} × {side}\. Its colors show in Mat"
    )
    assert re.search(told, said), said
    names = [obj.name for obj in bpy.data.objects if obj.get("maquette_task") == task.id]
    (area,) = [a for a in bpy.context.window.screen.areas if a.type == "VIEW_3D"]
    shading = area.spaces.active.shading
    for kind, color, unseen in (
        ("SOLID", "MATERIAL", True),
        ("WIREFRAME", "MATERIAL", True),
        ("SOLID", "TEXTURE", False),
        ("MATERIAL", "MATERIAL", False),
        ("RENDERED", "MATERIAL", False),
    ):
        shading.type = "SOLID"
        shading.color_type = color
        shading.type = kind
        assert receive._colors_unseen(bpy.context, names) is unseen, (kind, color)
    shading.type = "SOLID"
    shading.color_type = "MATERIAL"
    bare = bpy.data.objects.new("bare", bpy.data.meshes.new("bare"))
    assert not receive._colors_unseen(bpy.context, [bare.name])
    area.type = "OUTLINER"
    assert not receive._colors_unseen(bpy.context, names), "no view is open"
    area.type = "VIEW_3D"
