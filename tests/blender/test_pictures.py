"""Pictures of all kinds become the PNG that is sent; what is none is refused in words."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from bl_ext.user_default.maquette import pictures
from bl_ext.user_default.maquette.core.errors import BadRequest, StorageError

from tests.blender.picture_files import (
    read_png,
    with_orientation,
    write_exr,
    write_hdr,
    write_png,
)


@pytest.fixture(autouse=True)
def images_as_before() -> None:
    """Whatever a test does, no data-block is left behind and none is gone."""
    before = [(image.name, image.as_pointer()) for image in bpy.data.images]
    yield
    assert [(image.name, image.as_pointer()) for image in bpy.data.images] == before


def plain(color: tuple[int, ...], kind: type = np.uint8, size: int = 8) -> np.ndarray:
    return np.full((size, size, len(color)), color, dtype=kind)


def sent(source: Path, target: Path, limit: int = 2048) -> np.ndarray:
    pictures.to_png(str(source), target, limit)
    pixels = read_png(target)
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 4
    return pixels


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "inputs" / "task" / "1.png"


# --- colors ---------------------------------------------------------------------------------


def test_8_bit_colors_and_transparency_stay_as_they_are(tmp_path: Path, target: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 30, 4), dtype=np.uint8)
    pixels[:5, :5] = (200, 100, 50, 0)  # a color under full transparency, too
    source = write_png(tmp_path / "a.png", pixels)
    assert np.array_equal(sent(source, target), pixels)


def test_opaque_and_gray_pictures(tmp_path: Path, target: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    result = sent(write_png(tmp_path / "rgb.png", pixels), target)
    assert np.array_equal(result[..., :3], pixels)
    assert (result[..., 3] == 255).all()
    result = sent(write_png(tmp_path / "gray.png", pixels[..., :1]), target)
    assert np.array_equal(result[..., :3], pixels[..., :1].repeat(3, axis=2))
    result = sent(write_png(tmp_path / "gray alpha.png", pixels[..., :2]), target)
    assert np.array_equal(result[..., 2:], pixels[..., :2])


def test_16_bit_pictures_keep_their_look(tmp_path: Path, target: Path) -> None:
    # Image.save would write (255, 143, 68) here.
    color = tuple(257 * value for value in (200, 100, 50, 128))
    result = sent(write_png(tmp_path / "deep.png", plain(color, np.uint16)), target)
    assert np.abs(result.astype(int) - (200, 100, 50, 128)).max() <= 1
    gray = sent(write_png(tmp_path / "deep gray.png", plain((257 * 100,), np.uint16)), target)
    assert np.abs(gray.astype(int) - (100, 100, 100, 255)).max() <= 1


def srgb(linear: float) -> int:
    """IEC 61966-2-1, written down once more on purpose."""
    value = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(255 * min(value, 1.0))


def test_linear_pictures_become_srgb(tmp_path: Path, target: Path) -> None:
    result = sent(write_hdr(tmp_path / "a.hdr", (0.5, 0.25, 0.125)), target)
    expected = (srgb(0.5), srgb(0.25), srgb(0.125), 255)
    assert np.abs(result.astype(int) - expected).max() <= 1
    bright = sent(write_hdr(tmp_path / "b.hdr", (8.0, 0.5, 0.001)), target)
    # RGBE keeps 8 bits beside the brightest channel: 0.001 is gone, 0.5 is not.
    assert np.abs(bright.astype(int) - (255, srgb(0.5), 0, 255)).max() <= 1


def test_multiplied_alpha_is_taken_out(tmp_path: Path, target: Path) -> None:
    source = write_exr(tmp_path / "a.exr", (0.25, 0.125, 0.0625, 0.5))
    expected = (srgb(0.5), srgb(0.25), srgb(0.125), 128)
    assert np.abs(sent(source, target).astype(int) - expected).max() <= 1


def test_odd_numbers_in_a_float_picture(tmp_path: Path, target: Path) -> None:
    source = write_exr(tmp_path / "a.exr", (float("nan"), float("inf"), -1.0, 1.0))
    assert (sent(source, target) == (0, 255, 0, 255)).all()


def test_one_channel_exr(tmp_path: Path, target: Path) -> None:
    result = sent(write_exr(tmp_path / "y.exr", (0.25,)), target)
    assert np.abs(result.astype(int) - (srgb(0.25), srgb(0.25), srgb(0.25), 255)).max() <= 1


def test_nothing_else_goes_along(tmp_path: Path, target: Path) -> None:
    source = write_png(tmp_path / "a.png", plain((1, 2, 3, 255)), text="a secret prompt")
    sent(source, target)
    assert b"secret" not in target.read_bytes()
    assert str(tmp_path).encode() not in target.read_bytes()


# --- size and position ----------------------------------------------------------------------


def test_large_pictures_are_made_smaller(tmp_path: Path, target: Path) -> None:
    pixels = np.zeros((300, 600, 4), np.uint8)
    pixels[:150] = (255, 0, 0, 255)
    pixels[150:] = (0, 0, 255, 64)
    result = sent(write_png(tmp_path / "a.png", pixels), target, limit=200)
    assert result.shape == (100, 200, 4)
    assert (result[:48] == (255, 0, 0, 255)).all()
    assert (result[-48:] == (0, 0, 255, 64)).all()


@pytest.mark.parametrize(
    ("size", "expected"), [((200, 200), (200, 200)), ((201, 1), (200, 1)), ((1, 999), (1, 200))]
)
def test_sizes_at_the_limit(
    tmp_path: Path, target: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    source = write_png(tmp_path / "a.png", np.full((*size[::-1], 3), 90, np.uint8))
    assert sent(source, target, limit=200).shape[1::-1] == expected


@pytest.mark.parametrize(
    ("name", "content", "large"),
    [
        ("small.png", (700, 700, 1), False),
        ("large.png", (700, 720, 1), True),
        ("unknown.tif", b"II*\0", True),
        ("gone.png", None, False),
        ("//beside.png", None, False),
    ],
)
def test_which_take_long(
    tmp_path: Path, name: str, content: tuple[int, ...] | bytes | None, large: bool
) -> None:
    path = tmp_path / name if not name.startswith("//") else name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        write_png(path, np.zeros(content, np.uint8))
    assert pictures.is_large(str(path)) == large


def test_12000_pixels(tmp_path: Path, target: Path) -> None:
    side = 12_000
    pixels = np.zeros((side, side, 1), np.uint8)
    pixels[: side // 2] = 255
    source = write_png(tmp_path / "big.png", pixels)
    del pixels
    pictures.to_png(str(source), target)
    content = target.read_bytes()
    assert content[16:24] == (2048).to_bytes(4, "big") * 2
    shown = bpy.data.images.load(str(target), check_existing=False)
    assert shown.pixels[0:4] == (0.0, 0.0, 0.0, 1.0)
    last = 4 * 2048 * 2047
    assert shown.pixels[last : last + 4] == (1.0, 1.0, 1.0, 1.0)
    bpy.data.images.remove(shown)


CORNERS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "gray": (128, 128, 128)}
# Exif 2.3, 4.6.4 A: where row 0 and column 0 of the file belong, as the corners of the file's four
# quarters (top left, top right, bottom left, bottom right) seen in the picture held right.
UPRIGHT = {
    1: ("red", "green", "blue", "gray"),
    2: ("green", "red", "gray", "blue"),
    3: ("gray", "blue", "green", "red"),
    4: ("blue", "gray", "red", "green"),
    5: ("red", "blue", "green", "gray"),
    6: ("blue", "red", "gray", "green"),
    7: ("gray", "green", "blue", "red"),
    8: ("green", "gray", "red", "blue"),
}


@pytest.fixture
def jpeg(tmp_path: Path) -> bytes:
    """96 × 64 pixels in four colored quarters."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:32, :48], pixels[:32, 48:] = CORNERS["red"], CORNERS["green"]
    pixels[32:, :48], pixels[32:, 48:] = CORNERS["blue"], CORNERS["gray"]
    image = bpy.data.images.load(str(write_png(tmp_path / "quarters.png", pixels)))
    image.size[:]  # reads the file
    image.filepath_raw = str(tmp_path / "quarters.jpg")
    image.file_format = "JPEG"
    image.save(quality=95)
    bpy.data.images.remove(image)
    return (tmp_path / "quarters.jpg").read_bytes()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_photos_are_sent_as_the_camera_was_held(
    tmp_path: Path, target: Path, jpeg: bytes, orientation: int, order: str
) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(with_orientation(jpeg, orientation, order))
    result = sent(source, target).astype(int)
    assert result.shape[:2] == ((64, 96) if orientation < 5 else (96, 64))
    corners = [result[8, 8], result[8, -8], result[-8, 8], result[-8, -8]]
    for found, name in zip(corners, UPRIGHT[orientation], strict=True):
        assert np.abs(found[:3] - CORNERS[name]).max() < 30, name


@pytest.mark.parametrize("orientation", [0, 9, 700])
def test_orientations_that_are_none(
    tmp_path: Path, target: Path, jpeg: bytes, orientation: int
) -> None:
    source = tmp_path / "photo.jpg"
    source.write_bytes(with_orientation(jpeg, orientation))
    assert sent(source, target).shape == (64, 96, 4)


def test_a_jpeg_without_its_end_is_refused(tmp_path: Path, target: Path, jpeg: bytes) -> None:
    """Blender makes gray of what is missing, and that would be paid for."""
    source = tmp_path / "photo.jpg"
    source.write_bytes(jpeg[:-100])
    with pytest.raises(BadRequest, match=r"“photo.jpg” is cut off"):
        pictures.to_png(str(source), target)
    assert not target.exists()
    source.write_bytes(jpeg)
    pictures.to_png(str(source), target)
    assert target.exists()


def test_damaged_exif_is_passed_over(tmp_path: Path, target: Path, jpeg: bytes) -> None:
    whole = with_orientation(jpeg, 6)
    at = whole.index(b"II*\0")
    for damage in (b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", b"II", b"XX*\0\0\0\0\0"):
        source = tmp_path / "photo.jpg"
        source.write_bytes(whole[:at] + damage + whole[at + len(damage) :])
        assert sent(source, target).shape[2] == 4


# --- what is refused ------------------------------------------------------------------------


def refusal(path: str | Path, do: Callable[[str], None] = pictures.check) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        do(str(path))
    assert caught.value.message.endswith(".")
    assert caught.value.advice.endswith(".")
    return caught.value


def test_what_check_refuses(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(200_000_001)
    assert refusal(tmp_path / "gone.png").message == "The picture “gone.png” is not there any more."
    assert refusal(tmp_path / "empty.png").message == "The picture “empty.png” is empty."
    assert refusal(tmp_path / "folder.png").message == "“folder.png” is a folder."
    assert refusal(large).message == "The picture “large.png” is larger than 200 MB."
    assert "cannot be opened" in refusal(tmp_path / "a\0b.png").message
    assert "not known where" in refusal("").message
    assert "Save the .blend file first" in refusal("//a.png").advice
    for path in ("gone.png", "empty.png", "folder.png", "large.png"):
        do = lambda source: pictures.to_png(source, tmp_path / "out.png")  # noqa: E731
        assert refusal(tmp_path / path, do).message == refusal(tmp_path / path).message
    assert not (tmp_path / "out.png").exists()


def test_check_is_cheap(tmp_path: Path) -> None:
    # Content is not its concern: 200 MB of nothing pass at once.
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(200_000_000)
    pictures.check(str(tmp_path / "a.png"))


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    source = write_png(tmp_path / "a.png", plain((1, 2, 3)))
    source.chmod(0)
    assert "permissions" in refusal(source).advice


GIF = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b"
)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("text.png", b"Dear diary,", "cannot read"),
        ("page.jpg", b"<!DOCTYPE html><title>404</title>", "cannot read"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "cannot read"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "cannot read"),
        ("cut.exr", b"v/1\x01\x02\0\0\0channels", "cannot read"),
        ("moving.gif", GIF, "is a movie"),
        ("film.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "is a movie"),
    ],
)
def test_what_is_no_picture(
    tmp_path: Path, target: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    error = refusal(tmp_path / name, lambda source: pictures.to_png(source, target))
    assert words in error.message
    assert name in error.message
    assert not target.parent.exists() or not list(target.parent.iterdir())


# --- files and data-blocks ------------------------------------------------------------------


def test_relative_paths(tmp_path: Path, target: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    (tmp_path / "pictures").mkdir()
    write_png(tmp_path / "pictures" / "a.png", plain((9, 8, 7, 255)))
    pictures.check("//pictures/a.png")
    pictures.to_png("//pictures/a.png", target)
    assert (read_png(target) == (9, 8, 7, 255)).all()


def test_names_in_all_scripts(tmp_path: Path) -> None:
    source = write_png(tmp_path / "椅子 стул 'a' & b.png", plain((9, 8, 7, 255)))
    assert (sent(source, tmp_path / "ziel ü" / "1.png") == (9, 8, 7, 255)).all()


def test_the_users_own_image_is_left_alone(tmp_path: Path, target: Path) -> None:
    source = write_png(tmp_path / "a.png", plain((200, 100, 50, 255), size=64))
    own = bpy.data.images.load(str(source))
    own.pixels[0] = 0.2  # painted on, not saved
    dirty, name = own.is_dirty, own.name
    assert sent(source, target, limit=16).shape == (16, 16, 4)
    assert (own.name, own.is_dirty, tuple(own.size)) == (name, dirty, (64, 64))
    assert round(own.pixels[0], 4) == 0.2
    bpy.data.images.remove(own)


def test_the_source_is_never_written(tmp_path: Path) -> None:
    source = write_png(tmp_path / "a.png", plain((200, 100, 50, 255), size=64))
    before = hashlib.sha256(source.read_bytes()).digest(), source.stat().st_mtime_ns
    pictures.to_png(str(source), tmp_path / "b.png", limit=16)
    assert (hashlib.sha256(source.read_bytes()).digest(), source.stat().st_mtime_ns) == before


def test_an_older_target_is_replaced_and_no_part_is_left(tmp_path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_text("older")
    sent(write_png(tmp_path / "a.png", plain((1, 2, 3))), target)
    assert [path.name for path in target.parent.iterdir()] == ["1.png"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    source = write_png(tmp_path / "a.png", plain((1, 2, 3)))
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        pictures.to_png(str(source), tmp_path / "file" / "1.png")
    assert caught.value.message
    # What stands in the way of the part is not removed, and nothing appears.
    (tmp_path / "inputs" / "1.png.part").mkdir(parents=True)
    with pytest.raises(StorageError):
        pictures.to_png(str(source), tmp_path / "inputs" / "1.png")
    assert not (tmp_path / "inputs" / "1.png").exists()


def test_no_undo_step(tmp_path: Path, target: Path) -> None:
    bpy.ops.ed.undo_push(message="before")
    bpy.context.scene.maquette.prompt = "a"
    bpy.ops.ed.undo_push(message="the user's last step")
    sent(write_png(tmp_path / "a.png", plain((1, 2, 3))), target)
    bpy.ops.ed.undo()
    # One undo takes back the user's step, not one of ours.
    assert bpy.context.scene.maquette.prompt == ""
