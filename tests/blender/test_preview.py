"""The picture that Blender shows of a model, and what is no such picture."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from bl_ext.user_default.maquette.core.model import GenerationRequest, Origin, Task, TaskState
from bl_ext.user_default.maquette.importing import origins, place, preview, shape

from tests.blender.glb_models import MODELS, sandbox
from tests.blender.picture_files import write_exr, write_png


def colors(height: int, width: int) -> np.ndarray:
    """Eight squares of sRGB, first row at the top; the last is half transparent, all are large
    enough to be told apart in an icon."""
    squares = np.zeros((2, 4, 4), np.uint8)
    squares[0] = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [128, 128, 128, 255]]
    squares[1] = [[10, 20, 30, 255], [200, 100, 50, 255], [0, 0, 0, 255], [240, 120, 60, 128]]
    return squares.repeat(height // 2, axis=0).repeat(width // 4, axis=1)


def seen(obj: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    """Picture and icon, as bytes, first row at the top."""
    found = []
    for name in ("image", "icon"):
        across, up = getattr(obj.preview, f"{name}_size")
        values = np.array(getattr(obj.preview, f"{name}_pixels_float"), np.float32)
        found.append(np.rint(values * 255).astype(int).reshape(up, across, 4)[::-1])
    return found[0], found[1]


def thing(*, kind: str = "mesh") -> bpy.types.Object:
    data = bpy.data.meshes.new("thing") if kind == "mesh" else bpy.data.lights.new(kind, "POINT")
    obj = bpy.data.objects.new("thing", data)
    bpy.context.scene.collection.objects.link(obj)
    return obj


# --- what is shown --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(256, 256), (128, 256), (512, 1024), (600, 400), (16, 24)])
def test_it_has_the_colors_of_the_screen_with_alpha_multiplied_in(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    obj, path = thing(), write_png(tmp_path / "preview.png", colors(*size))
    assert preview.give([obj], str(path))
    picture, icon = seen(obj)
    part = min(1.0, 256 / max(size))
    assert picture.shape == (round(size[0] * part), round(size[1] * part), 4)
    assert max(icon.shape[:2]) == min(32, max(size))
    expected = colors(2, 4).astype(float)
    expected[..., :3] *= expected[..., 3:] / 255
    for shown in (picture, icon):
        # In the middle of each square: at their edges they are mixed.
        rows = (np.array([0.25, 0.75]) * shown.shape[0]).astype(int)
        columns = (np.array([0.125, 0.375, 0.625, 0.875]) * shown.shape[1]).astype(int)
        assert np.abs(shown[np.ix_(rows, columns)] - expected).max() <= 1
    assert obj.preview.is_image_custom, "else Blender would render it anew"
    assert obj.preview.is_icon_custom
    assert not bpy.data.images


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_of_other_kinds(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "preview.jpg"  # what it is says its content
    image = bpy.data.images.new("made", 300, 300)
    image.pixels.foreach_set([0.5, 0.25, 0.0, 1.0] * 300 * 300)
    image.filepath_raw, image.file_format = str(path), kind
    image.save()
    bpy.data.images.remove(image)
    obj = thing()
    assert preview.give([obj], str(path))
    picture, _ = seen(obj)
    assert picture.shape == (256, 256, 4)
    assert np.abs(picture - [128, 64, 0, 255]).max() <= 4


def test_it_is_that_of_what_the_model_hangs_on(tmp_path: Path) -> None:
    path = str(write_png(tmp_path / "preview.png", colors(64, 64)))
    lamp, root, part = thing(kind="lamp"), bpy.data.objects.new("root", None), thing()
    bpy.context.scene.collection.objects.link(root)
    part.parent = root
    assert preview.give([lamp, root, part], path)
    assert [obj.preview is not None for obj in (lamp, root, part)] == [False, True, False]
    assert shape.foremost([lamp]) == lamp


def test_it_is_saved_with_the_object_and_appended_with_it(tmp_path: Path) -> None:
    obj = thing()
    preview.give([obj], str(write_png(tmp_path / "preview.png", colors(128, 256))))
    first = seen(obj)
    saved = tmp_path / "saved.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(saved), copy=True)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    with bpy.data.libraries.load(str(saved), link=False) as (_, here):
        here.objects = ["thing"]
    (obj,) = here.objects
    assert all(map(np.array_equal, first, seen(obj)))
    assert obj.preview.is_image_custom


def test_a_small_model_has_it_too(tmp_path: Path) -> None:
    for name, make in (
        ("sandbox", lambda: sandbox("a vase", 2000)),
        ("several", MODELS["several"]),
    ):
        task = made(tmp_path, make(), name)
        names = place.import_model(
            bpy.context, task, bpy.context.scene, location=(0, 0, 0), select=False
        )
        objects = [bpy.data.objects[name] for name in names]
        assert [obj.preview is not None for obj in objects] == [True, *[False] * (len(names) - 1)]
        assert seen(objects[0])[0].shape == (128, 256, 4)
        assert not [image for image in bpy.data.images if "preview" in image.name]


def made(folder: Path, glb: object, name: str) -> Task:
    library = folder / name
    library.mkdir()
    (library / "model.glb").write_bytes(glb if isinstance(glb, bytes) else glb.data())
    write_png(library / "preview.png", colors(128, 256))
    return Task(
        id=name,
        request=GenerationRequest("sandbox", "a red chair"),
        origin=Origin(scene_uid=bpy.context.scene.session_uid, sitting=origins.sitting),
        state=TaskState.READY,
        folder=str(library),
        model="model.glb",
        preview="preview.png",
    )


# --- what is not ----------------------------------------------------------------------------


def claiming(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels, and has none."""
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x06\0\0\0"
    end = b"\0\0\0\0IEND\xaeB`\x82"
    header = b"\0\0\0\r" + header + zlib.crc32(header).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + header + end


def exr_called_png(path: Path) -> None:
    write_exr(path, (0.5, 0.5, 0.5))


WRONG: dict[str, Callable[[Path], object]] = {
    "nothing there": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a pipe": lambda path: os.mkfifo(path),
    "empty": lambda path: path.write_bytes(b""),
    "no picture": lambda path: path.write_text("<html>"),
    "of another kind": exr_called_png,
    "claims gigabytes": lambda path: path.write_bytes(claiming(60_000, 60_000)),
    "without pixels": lambda path: path.write_bytes(claiming(16, 16)),
    "too many pixels": lambda path: write_png(path, np.zeros((1025, 1024, 1), np.uint8)),
    "too many bytes": lambda path: path.write_bytes(
        write_png(path, colors(16, 16)).read_bytes() + bytes(preview.MOST_BYTES)
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_picture_leaves_the_model_as_it_is(tmp_path: Path, what: str) -> None:
    path, obj = tmp_path / "preview.png", thing()
    WRONG[what](path)
    assert not preview.give([obj], str(path))
    assert obj.preview is None, "Blender would take an empty one for the user's"
    assert not bpy.data.images


def test_without_one_there_is_none() -> None:
    obj = thing()
    assert not preview.give([obj], "")
    assert not preview.give([obj], "a\0b")
    assert obj.preview is None
