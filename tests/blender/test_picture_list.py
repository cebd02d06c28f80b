"""The buttons beside the list of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from bl_ext.user_default.maquette import panels, properties

from tests.blender.picture_files import with_orientation, write_png


def names() -> list[str]:
    return [picture.label for picture in properties.get(bpy.context).pictures]


def active() -> int:
    return properties.get(bpy.context).active_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "abc":
        write_png(tmp_path / f"{name}.png", np.full((4, 4, 3), 90, np.uint8))
    return tmp_path


def add(folder: Path, *chosen: str) -> set[str]:
    """As the file browser does."""
    files = [{"name": name} for name in chosen]
    result: set[str] = bpy.ops.maquette.picture_add(directory=f"{folder}/", files=files)
    return result


def test_several_pictures_at_once(folder: Path) -> None:
    assert add(folder, "a.png", "b.png") == {"FINISHED"}
    assert names() == ["a.png", "b.png"]
    paths = [Path(picture.filepath) for picture in properties.get(bpy.context).pictures]
    assert paths == [folder / "a.png", folder / "b.png"]
    assert active() == 1


def test_one_picture_by_its_path(folder: Path) -> None:
    assert bpy.ops.maquette.picture_add(filepath=str(folder / "a.png")) == {"FINISHED"}
    assert names() == ["a.png"]


def test_what_is_no_file_and_what_is_there_already_is_left_out(folder: Path) -> None:
    add(folder, "a.png")
    (folder / "empty.png").touch()
    assert add(folder, "a.png", "gone.png", "empty.png", "b.png") == {"FINISHED"}
    assert names() == ["a.png", "b.png"]
    assert add(folder, "a.png", "empty.png") == {"CANCELLED"}


def test_nothing_chosen() -> None:
    assert bpy.ops.maquette.picture_add() == {"CANCELLED"}
    assert names() == []


def test_moving(folder: Path) -> None:
    add(folder, "a.png", "b.png", "c.png")
    bpy.ops.maquette.picture_move(direction="UP")
    assert (names(), active()) == (["a.png", "c.png", "b.png"], 1)
    bpy.ops.maquette.picture_move(direction="UP")
    assert (names(), active()) == (["c.png", "a.png", "b.png"], 0)
    assert bpy.ops.maquette.picture_move(direction="UP") == {"CANCELLED"}
    bpy.ops.maquette.picture_move(direction="DOWN")
    assert (names(), active()) == (["a.png", "c.png", "b.png"], 1)


def test_removing_and_clearing(folder: Path) -> None:
    add(folder, "a.png", "b.png", "c.png")
    bpy.ops.maquette.picture_remove()
    assert (names(), active()) == (["a.png", "b.png"], 1)
    properties.get(bpy.context).active_picture = 99  # left by a longer list
    bpy.ops.maquette.picture_remove()
    assert (names(), active()) == (["a.png"], 0)
    bpy.ops.maquette.picture_clear()
    assert (names(), active()) == ([], 0)
    assert (folder / "a.png").exists()


@pytest.mark.parametrize("verb", ["picture_remove", "picture_move", "picture_clear"])
def test_an_empty_list_has_nothing_to_press(verb: str) -> None:
    assert not getattr(bpy.ops.maquette, verb).poll()


def test_undo(folder: Path) -> None:
    def undoable(call: Any, **arguments: object) -> None:
        call("EXEC_DEFAULT", True, **arguments)  # with an undo step, as from a button

    bpy.ops.ed.undo_push(message="before")
    undoable(bpy.ops.maquette.picture_add, filepath=str(folder / "a.png"))
    undoable(bpy.ops.maquette.picture_clear)
    assert names() == []
    bpy.ops.ed.undo()
    assert names() == ["a.png"]
    bpy.ops.ed.undo()
    assert names() == []


def test_a_photo_is_shown_upright_as_it_is_sent(tmp_path: Path) -> None:
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, :48] = (255, 0, 0)
    image = bpy.data.images.load(str(write_png(tmp_path / "halves.png", pixels)))
    assert all(image.size)  # reads the file
    image.filepath_raw = photo = str(tmp_path / "photo.JPG")
    image.file_format = "JPEG"
    image.save()
    Path(photo).write_bytes(with_orientation(Path(photo).read_bytes(), 6))  # its left is the top
    panels.prepare(photo)
    shown = panels._previews[photo]
    for size, colors in (
        (shown.image_size, shown.image_pixels_float),
        (shown.icon_size, shown.icon_pixels_float),
    ):
        width, height = size
        assert height > width
        rows = np.array(colors).reshape(height, width, 4)  # the lowest first
        assert rows[-2, width // 2, 0] > 0.8
        assert rows[1, width // 2, 0] < 0.2
    assert panels.thumbnail(photo) == shown.icon_id


def test_drawing_reads_no_photo(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    assert panels.thumbnail(str(photo)) == 0
    photo.write_bytes(b"\xff\xd8 no photo")
    assert panels.thumbnail(str(photo)) == 0
    panels.prepare(str(photo))
    assert str(photo) in panels._previews
