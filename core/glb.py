"""Is this file a whole, safe GLB, and what is in it?

Asked of every download before Blender sees it: Blender's importer opens any local file that a model
names, and fails or hangs on much that a broken or hostile one can hold. What the file describes is
judged in gltf/, what has to be read to be known is judged here.

The binary part is read piece by piece, never as a whole, and worked on in short calls, so that
Blender's main thread is not kept waiting for Python's lock. No memory map: a file that
shrinks under one, or a drive that goes away, kills the whole program. No numpy: a plain sum and a
plain max find what is looked for, everywhere alike.

What this check cannot know: what a Draco-compressed mesh holds, and whether a picture's pixels can
be decoded. Blender's own limits hold there, best in a child process.
"""

from __future__ import annotations

import math
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from .errors import BadModel, CutOff, StorageError
from .gltf import judge
from .gltf.kinds import AGAIN, OTHERWISE, WIDTHS, Json, damaged, other_version, too_much
from .gltf.rules import Findings, Run
from .language import say
from .picture_size import is_laden, picture_size

JSON_BYTES = 8 << 20  # 20,000 nodes take 3; parsing holds Python's lock, 0.1 s for as much
READ_BYTES = 1 << 20  # read in one go. Few and large: a thread that gives up Python's lock for a
# moment at every turn takes it back before Blender's main thread has woken up (measured: 170 ms)
SLICE = 1 << 14  # numbers looked at in one call, under 1 ms
TURN, PAUSE = 0.001, 0.0002  # seconds of work, and of letting others have Python's lock
READINGS = 8  # how often the binary part may be gone over in all; interleaved parts need 4
PICTURE_SIDE = 16384  # pixels
PICTURE_PIXELS = 1 << 30  # of all pictures together: 4 GiB once decoded
Code = Literal["b", "B", "h", "H", "I", "f"]  # of memoryview
CODES: dict[int, Code] = {5120: "b", 5121: "B", 5122: "h", 5123: "H", 5125: "I", 5126: "f"}


@dataclass(frozen=True)
class Summary:
    """What a model holds. bytes: of the file. triangles: each mesh counted once, however often it
    stands in the scene. vertices: points described. nodes, materials, images: entries."""

    bytes: int
    meshes: int
    triangles: int
    vertices: int
    nodes: int
    materials: int
    images: int
    extensions_required: tuple[str, ...] = ()


def check(path: Path, *, limit_bytes: int = 1 << 30) -> Summary:
    """Thread: any but Blender's main one; a second for the largest models.

    Errors: BadModel: what is wrong and what to do; StorageError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return _check(file, limit_bytes)
    except OSError as error:
        raise StorageError(
            say("The downloaded model could not be read."),
            say("Check the disk, then press Resume to fetch it once more, which costs nothing."),
            details=f"{path.parent}: {error.strerror}",
        ) from error


def _check(file: BinaryIO, limit_bytes: int) -> Summary:
    size = file.seek(0, 2)
    if size > limit_bytes:
        raise BadModel(
            say("The model is too big: {size:,} MiB.", size=size >> 20),
            say(
                "At most {limit:,} MiB are opened. {advice}",
                limit=limit_bytes >> 20,
                advice=say(OTHERWISE),
            ),
        )
    raw, binary = _open(file, size)
    content, found = judge(raw, binary.length)
    _check_numbers(binary, found)
    _check_pictures(binary, content)
    for start, where in found.compressed.items():
        if binary.read(start, 5) != b"DRACO":
            raise damaged("its compressed points cannot be read", where)
    return Summary(
        bytes=size,
        meshes=len(content["meshes"]),
        triangles=found.triangles,
        vertices=found.vertices,
        nodes=len(content["nodes"]),
        materials=len(content.get("materials") or []),
        images=len(content.get("images") or []),
        extensions_required=tuple(content.get("extensionsRequired") or []),
    )


# --- the container ----------------------------------------------------------------------------


@dataclass
class _Binary:
    """The binary part. start, length: bytes; read(): from its own beginning, within itself."""

    file: BinaryIO
    start: int
    length: int

    def read(self, start: int, count: int) -> bytes:
        self.file.seek(self.start + start)
        return self.file.read(max(0, min(count, self.length - start)))


def _open(file: BinaryIO, size: int) -> tuple[bytes, _Binary]:
    """The JSON part and where the binary part is. glTF 2.0, section 4: a header of 12 bytes, then
    chunks of a length, a kind and as many bytes, a multiple of four each."""
    file.seek(0)
    start = file.read(512)
    if start[:4] != b"glTF" or size < 20:
        raise _not_a_glb(start)
    version, length = struct.unpack_from("<II", start, 4)
    if version != 2:
        raise other_version(version)
    if length > size:
        raise CutOff(
            say("The model is cut off: a part of the file is missing."),
            say(AGAIN),
            details=f"{size} of {length} bytes",
        )
    if length < size:
        raise damaged("the file is longer than it says", f"{size}, not {length} bytes")
    raw, binary, at = b"", _Binary(file, 0, 0), 12
    while at < size:
        file.seek(at)
        head = file.read(8)
        count, kind = struct.unpack("<I4s", head) if len(head) == 8 else (size, b"")
        if count % 4 or at + 8 + count > size:
            raise damaged("its parts do not add up", f"{kind!r} at {at}: {count} bytes")
        if at == 12:
            if kind != b"JSON":
                raise damaged("it has no description", f"first part is {kind!r}")
            if count > JSON_BYTES:
                raise too_much("its description is too long", f"JSON: {count} bytes")
            raw = file.read(count)
        elif kind == b"JSON" or (kind == b"BIN\0" and binary.start):
            raise damaged("it has a part twice", f"{kind!r} at {at}")
        elif kind == b"BIN\0":
            if at != 20 + len(raw):  # the importer looks for it right after the description
                raise damaged("its parts are out of order", f"{kind!r} at {at}")
            binary = _Binary(file, at + 8, count)
        at += 8 + count
    return raw, binary


def _not_a_glb(start: bytes) -> BadModel:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        message = say("The service sent an empty file instead of a model.")
    elif start[:4] == b"glTF":
        return CutOff(say("The model is cut off: hardly anything of it arrived."), say(AGAIN))
    elif text.startswith((b"<!doctype html", b"<html")):
        message = say("The service sent a web page instead of a model.")
    elif text.startswith((b"<", b"{", b"[")):  # XML is what storage services answer with
        message = say("The service sent a message instead of a model.")
    elif start.startswith(b"PK\3\4"):
        message = say("The service sent a zip archive instead of a model.")
    elif picture_size(lambda at, count: start[at : at + count]):
        message = say("The service sent a picture instead of a model.")
    else:
        return BadModel(
            say("The service sent something that is not a GLB model."),
            say(OTHERWISE),
            details=f"begins with {start[:8].hex()}",
        )
    return BadModel(message, say(AGAIN))


# --- what has to be read ----------------------------------------------------------------------


def _check_numbers(binary: _Binary, found: Findings) -> None:
    runs = [*found.finite, *found.below]
    if sum(run.rows * run.stride for run in runs) > READINGS * binary.length:
        raise damaged("its pieces overlap more than makes sense", f"{len(runs)} runs of numbers")
    for run, where in found.finite.items():
        # Finite 32-bit numbers never add up to infinity in 64 bits; with one that is not finite,
        # every sum comes out so, or as NaN.
        if not all(math.isfinite(sum(slice_)) for slice_ in _slices(binary, run)):
            raise damaged("one of its points is nowhere", f"{where}: not a finite number")
    for run, (limit, complaint) in found.below.items():
        for slice_ in _slices(binary, run):
            if (highest := max(slice_)) >= limit:
                raise damaged(complaint, f"{highest} of {limit}")


def _slices(binary: _Binary, run: Run) -> Iterator[memoryview[int] | memoryview[float]]:
    """The numbers of a run, a slice at a time; of rows with gaps, column by column of a slice."""
    code = CODES[run.component]
    width = WIDTHS[run.component]
    used = run.parts * width
    at_once = max(1, READ_BYTES // run.stride)
    assert sys.byteorder == "little"  # as on every machine that runs Blender 4.2 or newer
    since = time.perf_counter()
    for first in range(0, run.rows, at_once):
        rows = min(at_once, run.rows - first)
        count = (rows - 1) * run.stride + used
        raw = binary.read(run.start + first * run.stride, count)
        if len(raw) != count:
            raise BadModel(say("The model changed while it was looked at."), say(AGAIN))
        numbers = memoryview(raw).cast(code)
        gap = run.stride // width if run.stride > used else 1
        for column in range(run.parts if gap > 1 else 1):
            for at in range(column, len(numbers), SLICE * gap):
                yield numbers[at : at + SLICE * gap : gap]
                # Whoever waits for Python's lock may demand it only after 5 ms (`sys.
                # getswitchinterval`), and Blender's main thread needs it many times for one
                # redraw. A pause of 0 would be none on macOS and Windows: this thread had the
                # lock back before the other has woken up. Not at every slice: where timers are
                # coarse a pause may take 15 ms.
                if time.perf_counter() - since > TURN:
                    time.sleep(PAUSE)
                    since = time.perf_counter()


def _check_pictures(binary: _Binary, content: Json) -> None:
    """Blender tells a picture's kind by its content, and knows kinds (OpenEXR, TIFF …) that have no
    business in a GLB. Pictures that no texture uses are not opened: those of the fallback kind of
    an extension that Blender does not know may be anything."""
    used: set[int | None] = set()
    for texture in content.get("textures") or []:
        webp = (texture.get("extensions") or {}).get("EXT_texture_webp") or {}
        used |= {texture.get("source"), webp.get("source")}
    pixels = 0
    for number, image in enumerate(content.get("images") or []):
        if number not in used:
            continue
        view = content["bufferViews"][image["bufferView"]]
        inside = _Binary(
            binary.file, binary.start + (view.get("byteOffset") or 0), view["byteLength"]
        )
        size = picture_size(inside.read)
        where = f"images[{number}]"
        if size is None:
            raise damaged("one of its pictures is neither PNG nor JPEG nor WebP", where)
        if is_laden(size.kind, inside.read):
            raise damaged("one of its pictures is made to take long", where)
        # Blender keeps PNGs of 16 bits as floats: 16 bytes a pixel instead of 4.
        deep = size.kind == "png" and inside.read(24, 1) == b"\x10"
        pixels += size.width * size.height * (4 if deep else 1)
        if max(size.width, size.height) > PICTURE_SIDE or pixels > PICTURE_PIXELS:
            raise too_much(
                "one of its pictures has {width:,} × {height:,} pixels",
                where,
                width=size.width,
                height=size.height,
            )
