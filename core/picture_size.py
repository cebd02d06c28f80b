"""What kind of picture some bytes are and how many pixels they claim, from their beginning alone.

Nothing is decoded: a picture of a few kilobytes may claim gigabytes of pixels, and it is this
claim that has to be judged before Blender decodes it. Thread: any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

JPEG_SEGMENTS = 1000  # metadata segments looked through before giving up; real files have < 300
JPEG_SCANS = 100  # of progressive files; encoders make about ten
PNG_CHUNKS = 100_000  # encoders write one of 8 kB or more
PNG_TEXTS = 8  # with a color profile
BLOCK = 1 << 20  # bytes looked through at a time


class PictureSize(NamedTuple):
    """kind: also the file extension. width, height: pixels, at least 1."""

    kind: Literal["png", "jpg", "webp"]
    width: int
    height: int


def picture_size(read: Callable[[int, int], bytes]) -> PictureSize | None:
    """read(offset, count): bytes of the picture, fewer where it ends. None: no picture of a kind
    that both services and Blender 4.2 and newer know (PNG, JPEG, WebP), or cut off too early."""
    start = read(0, 32)
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        sized = _png(start)
    elif start.startswith(b"\xff\xd8\xff"):
        sized = _jpeg(read)
    elif start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        sized = _webp(start)
    else:
        return None
    return sized if sized and sized.width and sized.height else None


def is_laden(kind: str, read: Callable[[int, int], bytes]) -> bool:
    """Does a picture hold so much beside its pixels that decoding it takes seconds, however few
    they are? Of a JPEG, each scan goes over all of them; of a PNG, libpng unpacks every compressed
    text, 8 MB at most. A WebP has nothing of the kind."""
    if kind == "jpg":
        at, scans = 0, 0
        while block := read(at, BLOCK):
            scans += block.count(b"\xff\xda")
            at += max(len(block) - 1, 1)  # the two bytes may lie on both sides of a cut
        return scans > JPEG_SCANS
    at, texts = 8, 0
    for _ in range(PNG_CHUNKS if kind == "png" else 0):
        head = read(at, 8)
        if len(head) < 8 or head[4:] == b"IEND":
            return False
        if head[4:] == b"iTXt":  # PNG 11.3.4.5: a keyword of at most 79, a zero, whether compressed
            texts += read(at + 8, 81).partition(b"\0")[2][:1] == b"\1"
        texts += head[4:] in (b"zTXt", b"iCCP")
        if texts > PNG_TEXTS:
            return True
        at += 12 + _big(head[:4])
    return kind == "png"


def is_cut_off(read: Callable[[int, int], bytes]) -> bool:
    """Does a JPEG end amid its pixels, so that what is missing would be shown gray? Then no marker
    of the end follows that of the first scan; among pixels its two bytes are never side by side
    (T.81 B.1.1.5). Other damage is not looked for, nor whether it is nothing but the marker that
    is missing, which it never is in a file that keeps to the standard (B.2.1)."""
    at = 2
    for _ in range(JPEG_SEGMENTS):
        segment = read(at, 4)
        if len(segment) < 4 or segment[0] != 0xFF:
            return False
        if (marker := segment[1]) == 0xDA:
            break
        bare = marker == 0x01 or 0xD0 <= marker <= 0xD8
        at += 1 if marker == 0xFF else 2 if bare else 2 + _big(segment[2:4])
    else:
        return False
    while block := read(at, BLOCK):
        if b"\xff\xd9" in block:
            return False
        at += max(len(block) - 1, 1)  # the two bytes may lie on both sides of a cut
    return True


def _png(start: bytes) -> PictureSize | None:
    """PNG 11.2.2: the header chunk comes first and is 13 bytes long."""
    if len(start) < 24 or start[8:16] != b"\0\0\0\rIHDR":
        return None
    return PictureSize("png", _big(start[16:20]), _big(start[20:24]))


def _jpeg(read: Callable[[int, int], bytes]) -> PictureSize | None:
    """ITU-T T.81 B.1.1: segments of a marker, a length that counts itself, and content; the size
    stands in the frame header, SOF0 to SOF15 without DHT, JPG and DAC."""
    at = 2
    for _ in range(JPEG_SEGMENTS):
        segment = read(at, 9)
        if len(segment) < 4 or segment[0] != 0xFF:
            return None
        marker = segment[1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif 0x01 < marker < 0xC0 or not marker:
            return None  # libjpeg passes over the marker alone, not over what follows
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:  # markers without content
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if len(segment) < 9:
                return None
            return PictureSize("jpg", _big(segment[7:9]), _big(segment[5:7]))
        elif marker in (0xD8, 0xD9, 0xDA):  # pixels begin or the file ends without a size
            return None
        else:
            at += 2 + _big(segment[2:4])
    return None


def _webp(start: bytes) -> PictureSize | None:
    """RFC 9649 2.5 to 2.7: extended, lossless, lossy."""
    form, content = start[12:16], start[20:]
    if len(content) < 10:
        return None
    if form == b"VP8X":
        width, height = _little(content[4:7]) + 1, _little(content[7:10]) + 1
    elif form == b"VP8L" and content[0] == 0x2F:
        bits = _little(content[1:5])
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif form == b"VP8 " and content[3:6] == b"\x9d\x01\x2a":
        width, height = _little(content[6:8]) & 0x3FFF, _little(content[8:10]) & 0x3FFF
    else:
        return None
    return PictureSize("webp", width, height)


def _big(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _little(value: bytes) -> int:
    return int.from_bytes(value, "little")
