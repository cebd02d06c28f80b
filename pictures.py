"""Any picture Blender reads or holds, made into the PNG that is sent.

Thread: main (it needs Blender's images): of the background Blender, where that takes long.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import bpy

from .core import exif
from .core.errors import BadRequest, StorageError
from .core.language import say
from .core.picture_size import PictureSize, is_cut_off, picture_size
from .core.storage import writing

if TYPE_CHECKING:
    import numpy

LIMIT_BYTES = 200_000_000
LARGE = 500_000  # pixels: to prepare so many takes 0.06 s
PNG_END = b"IEND\xaeB`\x82"
_MADE_BY_RENDERING = ("RENDER_RESULT", "COMPOSITING")


def check(source: str | bpy.types.Image) -> None:
    """Could this be sent? Looks at a file's size and first byte, at an image's kind.

    A path may be relative to the .blend (`//chair.png`). Errors: BadRequest.
    """
    if isinstance(source, str):
        _check_file(source)
    else:
        _check_image(source)


def _check_file(path: str) -> None:
    source = absolute(path)
    name = source.name
    try:
        if source.is_dir():
            raise BadRequest(
                say("“{name}” is a folder.", name=name), say("Choose a picture in it.")
            )
        with source.open("rb") as file:
            if not file.read(1):
                raise BadRequest(
                    say("The picture “{name}” is empty.", name=name), say("Choose another file.")
                )
            if os.fstat(file.fileno()).st_size > LIMIT_BYTES:
                limit = LIMIT_BYTES // 1_000_000
                raise BadRequest(
                    say("The picture “{name}” is larger than {limit} MB.", name=name, limit=limit),
                    say("Make it smaller; at most 2,048 pixels a side are sent anyway."),
                )
    except FileNotFoundError:
        raise BadRequest(
            say("The picture “{name}” is not there any more.", name=name),
            say("Choose it again or remove it."),
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise BadRequest(
            say("The picture “{name}” cannot be opened.", name=name),
            say("Check its permissions, or choose another."),
            details=getattr(error, "strerror", None) or type(error).__name__,
        ) from error


def _check_image(image: bpy.types.Image) -> None:
    if image.source == "MOVIE":
        raise _movie(image.name)
    if image.source == "TILED":
        raise BadRequest(
            say("“{name}” is made of tiles (UDIM).", name=image.name),
            say("Save one tile as a picture of its own."),
        )
    if image.type == "MULTILAYER":
        raise BadRequest(
            say("“{name}” is an OpenEXR picture with layers.", name=image.name), _formats()
        )
    if image.type == "RENDER_RESULT" and bpy.app.is_job_running("RENDER"):
        raise BadRequest(say("A render is running."), say("Wait until it is done."))


def check_pixels(image: bpy.types.Image) -> None:
    """Is there something in it? Reads its file, if need be. Not for renders, which have no pixels
    for Python. Errors: BadRequest."""
    if image.type in _MADE_BY_RENDERING or all(image.size):
        return
    if image.source == "FILE" and not image.packed_file:
        _check_file(image.filepath_from_user())
    raise _unreadable(image.name)


def is_large(path: str) -> bool:
    """Would preparing this file be felt? Looks at its beginning. False if there is no such file."""
    try:
        size = claimed(absolute(path))
    except (OSError, ValueError, BadRequest):
        return False
    return size is None or size.width * size.height > LARGE


def claimed(path: Path) -> PictureSize | None:
    """What the file's beginning says that it is. Errors: OSError, ValueError (a NUL)."""
    with path.open("rb") as file:
        return picture_size(partial(_read, file))


def _read(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def find(uid: int) -> bpy.types.Image:
    """The image with this `session_uid`. Errors: BadRequest."""
    for image in bpy.data.images:
        if image.session_uid == uid:
            return image
    raise BadRequest(say("The image is not there any more."), say("Choose another."))


def file_of(image: bpy.types.Image, user: bpy.types.ImageUser | None = None) -> str:
    """The absolute path of a file that holds just what the image shows; "" if there is none, and
    `image_to_png` is for it. user: which frame of a sequence is shown."""
    if image.source not in ("FILE", "SEQUENCE") or image.is_dirty or image.packed_file:
        return ""
    path = image.filepath_from_user(**({"image_user": user} if user else {}))
    return path if os.path.isfile(path) else ""


def to_png(source: str, target: Path, limit: int = 2048) -> None:
    """Write `source` to `target` as 8-bit RGBA, sRGB, no side longer than `limit` pixels.

    Transparency is kept; 8-bit colors stay as they are, deeper ones are clipped to what a screen
    shows (as the "Standard" view does); nothing else that was in the file (camera, place, author,
    prompts) goes along. `target` appears when it is whole. `bpy.data.images` is as before
    afterwards. Takes about half a second at 2,048 pixels a side and 3 s at 12,000 (two slow cores).
    Errors: BadRequest about the source, StorageError about the target.
    """
    check(source)
    path = absolute(source)
    _file_to_png(path, path.name, target, limit)


def image_to_png(
    image: bpy.types.Image, target: Path, scene: bpy.types.Scene, limit: int = 2048
) -> None:
    """The same for an image data-block as it is now: painted on and not saved, packed, generated,
    or the result of a render.

    scene: whose render is meant, and whose view transform makes it what the Image Editor shows; a
    render has no pixels for Python. The image itself is left as it is. Errors: as `to_png`.
    """
    check(image)
    if image.type in _MADE_BY_RENDERING:
        with _beside(target) as file:
            _save_render(image, scene, file)
            _file_to_png(file, image.name, target, limit)
    elif image.packed_file and not image.is_dirty:
        with _beside(target) as file:
            with writing(file):
                file.write_bytes(image.packed_file.data)
            _file_to_png(file, image.name, target, limit)
    else:
        check_pixels(image)
        _write(_straight_srgb(image), target, limit)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A file that is gone afterwards, in the folder where the target is to be."""
    file = target.with_name(target.name + ".source")
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _save_render(image: bpy.types.Image, scene: bpy.types.Scene, file: Path) -> None:
    """As 8-bit PNG through the scene's view transform, whatever the scene's output is set to.

    `save_render` takes its format from the scene that was rendered and from nowhere else: a copy
    of the scene has no render ("does not have any image data", 4.2.23, 4.5.15, 5.0.1). The color
    management of the output is not touched: to switch an override off and on would reset it.
    """
    settings = scene.render.image_settings
    as_png = {"media_type": "IMAGE", "file_format": "PNG", "color_mode": "RGBA", "color_depth": "8"}
    # In this order, back too: each limits what the next can be. media_type: since Blender 5.0.
    kept = {name: getattr(settings, name) for name in as_png if hasattr(settings, name)}
    try:
        for name in kept:
            setattr(settings, name, as_png[name])
        image.save_render(str(file), scene=scene)
    except RuntimeError as error:
        raise BadRequest(
            say("“{name}” holds no picture that could be saved.", name=image.name),
            say("Render first."),
            details=str(error).strip(),
        ) from error
    finally:
        for name, value in kept.items():
            setattr(settings, name, value)


def _file_to_png(path: Path, name: str, target: Path, limit: int) -> None:
    """name: how to call it when it is refused."""
    with suppress(OSError), path.open("rb") as file:  # what cannot be read is said below
        read = partial(_read, file)
        size = picture_size(read)
        if size and size.kind == "jpg" and is_cut_off(read):
            raise BadRequest(
                say("The picture “{name}” is cut off: its end is missing.", name=name),
                say("Save it anew from where you have it, or choose another file."),
            )
    _write(pixels(path, limit, name), target, limit)


def pixels(path: Path, limit: int, name: str = "") -> "numpy.ndarray":
    """The file's picture, upright, no side longer than `limit` pixels, as `_straight_srgb` returns
    it. name: how to call it when it is refused. Errors: BadRequest, RuntimeError."""
    # Never the data-block that the user may have of the same file: this one is scaled and removed.
    image = bpy.data.images.load(str(path), check_existing=False)
    try:
        if image.source == "MOVIE":
            raise _movie(name or path.name)
        width, height = image.size  # reads the file
        if not width or not height:  # also layered OpenEXR
            raise _unreadable(name or path.name)
        _shrink(image, limit)
        return upright(_straight_srgb(image), exif.orientation(path))
    finally:
        bpy.data.images.remove(image)


def _shrink(image: bpy.types.Image, limit: int) -> None:
    width, height = image.size
    if max(width, height) > limit:
        part = limit / max(width, height)
        image.scale(max(1, round(width * part)), max(1, round(height * part)))


def _movie(name: str) -> BadRequest:
    return BadRequest(
        say("“{name}” is a movie.", name=name), f"{say('Save one frame of it.')} {_formats()}"
    )


def _unreadable(name: str) -> BadRequest:
    return BadRequest(say("Blender cannot read “{name}” as a picture.", name=name), _formats())


def _formats() -> str:
    return say("Use a PNG, JPEG, WebP, TIFF or plain OpenEXR file.")


def absolute(path: str) -> Path:
    """Where the file is. Errors: BadRequest: relative to a .blend that was not saved."""
    found = bpy.path.abspath(path)
    if not path or (path.startswith("//") and not bpy.data.filepath):
        raise BadRequest(
            say("It is not known where the picture “{name}” is.", name=path[2:]),
            say("Save the .blend file first, or choose the picture again."),
        )
    return Path(found)


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
    linear = rgba[..., :3].copy()
    if image.alpha_mode != "CHANNEL_PACKED":
        alpha = rgba[..., 3:]
        np.divide(linear, alpha, out=linear, where=alpha > 1e-6)
    # What "scene linear" means is up to the user's color configuration. One row for each axis.
    axes = np.array([Color(axis).from_scene_linear_to_rec709_linear() for axis in np.eye(3)])
    if not np.allclose(axes, np.eye(3), atol=1e-4):
        linear = linear @ axes.astype(np.float32)
    linear = np.clip(linear, 0.0, 1.0)
    rgba[..., :3] = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return np.clip(rgba, 0.0, 1.0)


def upright(pixels: "numpy.ndarray", orientation: int) -> "numpy.ndarray":
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


def _write(pixels: "numpy.ndarray", target: Path, limit: int) -> None:
    part = target.with_name(target.name + ".part")
    height, width, _ = pixels.shape
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        image = bpy.data.images.new(target.stem, width, height, alpha=True)
        try:
            image.pixels.foreach_set(pixels.ravel())
            _shrink(image, limit)
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
        say("The prepared picture could not be written."),
        say("Check the disk and the folder."),
        details=f"{target.parent}: {details}",
    )
