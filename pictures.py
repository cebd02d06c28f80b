"""Any picture Blender reads, made into the PNG that is sent.

Thread: main (it needs Blender's images).
"""

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from .core.errors import BadRequest, StorageError
from .core.storage import writing

if TYPE_CHECKING:
    import numpy

LIMIT_BYTES = 200_000_000
PNG_END = b"IEND\xaeB`\x82"
FORMATS = "Use a PNG, JPEG, WebP, TIFF or plain OpenEXR file."


def check(path: str) -> None:
    """Is there a file that could be a picture? Looks at its size and first byte only.

    path: may be relative to the .blend (`//chair.png`). Errors: BadRequest.
    """
    source = _absolute(path)
    name = f"“{source.name}”"
    try:
        if source.is_dir():
            raise BadRequest(f"{name} is a folder.", "Choose a picture in it.")
        with source.open("rb") as file:
            if not file.read(1):
                raise BadRequest(f"The picture {name} is empty.", "Choose another file.")
            if os.fstat(file.fileno()).st_size > LIMIT_BYTES:
                raise BadRequest(
                    f"The picture {name} is larger than {LIMIT_BYTES // 1_000_000} MB.",
                    "Make it smaller; at most 2,048 pixels a side are sent anyway.",
                )
    except FileNotFoundError:
        raise BadRequest(
            f"The picture {name} is not there any more.", "Choose it again or remove it."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise BadRequest(
            f"The picture {name} cannot be opened.",
            "Check its permissions, or choose another.",
            details=getattr(error, "strerror", None) or type(error).__name__,
        ) from error


def to_png(source: str, target: Path, limit: int = 2048) -> None:
    """Write `source` to `target` as 8-bit RGBA, sRGB, no side longer than `limit` pixels.

    Transparency is kept; 8-bit colors stay as they are, deeper ones are clipped to what a screen
    shows (as the "Standard" view does); nothing else that was in the file (camera, place, author,
    prompts) goes along. `target` appears when it is whole. `bpy.data.images` is as before
    afterwards. Takes about half a second at 2,048 pixels a side and 3 s at 12,000 (two slow cores).
    Errors: BadRequest about the source, StorageError about the target.
    """
    check(source)
    path = _absolute(source)
    # Never the data-block that the user may have of the same file: this one is scaled and removed.
    image = bpy.data.images.load(str(path), check_existing=False)
    try:
        if image.source == "MOVIE":
            raise BadRequest(f"“{path.name}” is a movie.", f"Save one frame of it. {FORMATS}")
        width, height = image.size  # reads the file
        if not width or not height:  # also layered OpenEXR
            raise BadRequest(f"Blender cannot read “{path.name}” as a picture.", FORMATS)
        if max(width, height) > limit:
            part = limit / max(width, height)
            image.scale(max(1, round(width * part)), max(1, round(height * part)))
        pixels = _upright(_straight_srgb(image), _orientation(path))
    finally:
        bpy.data.images.remove(image)
    _write(pixels, target)


def _absolute(path: str) -> Path:
    absolute = bpy.path.abspath(path)
    if not path or (path.startswith("//") and not bpy.data.filepath):
        raise BadRequest(
            f"It is not known where the picture “{path[2:]}” is.",
            "Save the .blend file first, or choose the picture again.",
        )
    return Path(absolute)


def _straight_srgb(image: bpy.types.Image) -> "numpy.ndarray":
    """float32 (height, width, 4), first row at the bottom: sRGB 0..1, alpha not multiplied in.

    `Image.save` is no way to get there. Deeper files it writes in their own color space with 16
    bits: a linear HDR comes out much too dark, a transparent 16-bit PNG too bright (seen with
    4.2.23, 4.5.15 and 5.0.1). `Image.pixels` are display values for 8-bit images; for all others
    scene linear with alpha multiplied in.
    """
    import numpy as np
    from mathutils import Color

    width, height = image.size
    channels = image.channels
    pixels = np.empty(width * height * channels, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(height, width, channels)
    rgba = np.ones((height, width, 4), dtype=np.float32)
    rgba[..., :3] = pixels[..., :3] if channels >= 3 else pixels[..., :1]
    if channels == 4:
        rgba[..., 3] = pixels[..., 3]
    if not image.is_float:
        return rgba
    np.nan_to_num(rgba, copy=False, posinf=65504.0, neginf=0.0)
    alpha = rgba[..., 3:]
    linear = np.divide(rgba[..., :3], alpha, out=rgba[..., :3].copy(), where=alpha > 1e-6)
    # What "scene linear" means is up to the user's color configuration. One row for each axis.
    axes = np.array([Color(axis).from_scene_linear_to_rec709_linear() for axis in np.eye(3)])
    if not np.allclose(axes, np.eye(3), atol=1e-4):
        linear = linear @ axes.astype(np.float32)
    linear = np.clip(linear, 0.0, 1.0)
    rgba[..., :3] = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return np.clip(rgba, 0.0, 1.0)


def _upright(pixels: "numpy.ndarray", orientation: int) -> "numpy.ndarray":
    """Turned and mirrored as the camera said (Exif 2.3, tag Orientation, 1..8).

    Blender shows such photos lying on their side; a service would model them lying.
    """
    import numpy as np

    top_down = pixels[::-1]
    if orientation >= 5:
        top_down = top_down.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        top_down = top_down[:, ::-1]
    if orientation in (3, 4, 7, 8):
        top_down = top_down[::-1]
    return np.ascontiguousarray(top_down[::-1])


def _orientation(path: Path) -> int:
    """Of a JPEG that names one; 1 (as it is) for everything else, also for damaged Exif."""
    try:
        with path.open("rb") as file:
            head = file.read(65_536 * 4)
        if head[:2] != b"\xff\xd8":
            return 1
        at = 2
        while head[at] == 0xFF and head[at + 1] != 0xDA:  # up to the first scan
            (length,) = struct.unpack_from(">H", head, at + 2)
            if head[at + 1] == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
                return _tagged_orientation(head[at + 10 : at + 2 + length])
            at += 2 + length
    except (OSError, IndexError, struct.error):
        pass
    return 1


def _tagged_orientation(tiff: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "<")
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, directory)
    for number in range(entries):
        tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, directory + 2 + 12 * number)
        if tag == 0x0112:
            return value if 1 <= value <= 8 else 1
    return 1


def _write(pixels: "numpy.ndarray", target: Path) -> None:
    part = target.with_name(target.name + ".part")
    height, width, _ = pixels.shape
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        image = bpy.data.images.new(target.stem, width, height, alpha=True)
        try:
            image.pixels.foreach_set(pixels.ravel())
            image.filepath_raw = str(part)
            image.file_format = "PNG"
            image.save()
            with part.open("rb+") as file:
                os.fsync(file.fileno())
                file.seek(-len(PNG_END), os.SEEK_END)
                if file.read() != PNG_END:
                    raise _unwritten(target, "cut short")
            os.replace(part, target)
        except RuntimeError as error:
            raise _unwritten(target, "not written by Blender") from error
        finally:
            bpy.data.images.remove(image)
            part.unlink(missing_ok=True)


def _unwritten(target: Path, details: str) -> StorageError:
    return StorageError(
        "The prepared picture could not be written.",
        "Check the disk and the folder.",
        details=f"{target.parent}: {details}",
    )
