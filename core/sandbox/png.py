"""PNG, read and written with numpy and zlib alone. Source: W3C, PNG (third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 1 << 24
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by color type
STORED = 65_535  # bytes in one uncompressed deflate block


class Damaged(Exception):
    """Not a PNG, or not a whole one."""


class Unsupported(Exception):
    """A PNG that is not read here: 16 or fewer than 8 bits, interlaced, very large."""


def size_of(content: bytes) -> tuple[int, int]:
    """(width, height). Errors: Damaged."""
    if not content.startswith(SIGNATURE) or len(content) < 33:
        raise Damaged
    width, height = struct.unpack_from(">II", content, 16)
    if not width or not height:
        raise Damaged
    return width, height


def read_png(content: bytes) -> Bytes:
    """(height, width, 4), uint8, RGBA. Errors: Damaged, Unsupported."""
    width, height = size_of(content)
    depth, color, _, _, interlaced = struct.unpack_from(">5B", content, 24)
    if depth != 8 or color not in CHANNELS or interlaced or width * height > MOST_PIXELS:
        raise Unsupported
    packed, palette, opacity = b"", b"", b""
    for kind, value in _chunks(content):
        if kind == b"IDAT":
            packed += value
        elif kind == b"PLTE":
            palette = value
        elif kind == b"tRNS":
            opacity = value
    channels = CHANNELS[color]
    try:
        # No more than there should be: a few kilobytes can unpack to gigabytes.
        raw = zlib.decompressobj().decompress(packed, height * (1 + width * channels))
    except zlib.error:
        raise Damaged from None
    if len(raw) != height * (1 + width * channels):
        raise Damaged
    rows = np.frombuffer(raw, np.uint8).reshape(height, 1 + width * channels)
    pixels = _unfilter(rows[:, 0], rows[:, 1:].reshape(height, width, channels))
    if color == 3:
        return _with_palette(pixels[:, :, 0], palette, opacity)
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[:, :, :3] = pixels[:, :, :3] if color in (2, 6) else pixels[:, :, :1]
    if color in (4, 6):
        rgba[:, :, 3] = pixels[:, :, -1]
    return rgba


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if at + 12 + size > len(content):
            raise Damaged
        yield kind, content[at + 8 : at + 8 + size]
        if kind == b"IEND":
            return
        at += 12 + size
    raise Damaged


def _with_palette(indices: Bytes, palette: bytes, opacity: bytes) -> Bytes:
    colors = np.full((256, 4), 255, np.uint8)
    colors[:, :3] = 0
    given = np.frombuffer(palette[: len(palette) // 3 * 3][:768], np.uint8).reshape(-1, 3)
    colors[: len(given), :3] = given
    alphas = np.frombuffer(opacity[:256], np.uint8)
    colors[: len(alphas), 3] = alphas
    return colors[indices]


def _unfilter(filters: Bytes, data: Bytes) -> Bytes:
    """Undo the line filters. Each pixel needs its left, upper and upper left neighbours, so all
    pixels of one diagonal can be done at once: height + width steps instead of height * width."""
    height, width, channels = data.shape
    if filters.max() > 4:
        raise Damaged
    if not filters.any():
        return data
    slanted = np.zeros((height + width, height, channels), np.uint8)
    for y in range(height):
        slanted[y : y + width, y] = data[y]
    kind = filters[:, None]
    up, average, paeth = kind == 2, kind == 3, kind == 4
    left_weight = (kind == 1).astype(np.int16)
    any_average, any_paeth = bool(average.any()), bool(paeth.any())
    # With one row more at the top, so that [:-1] are the rows above.
    before = np.zeros((height + 1, channels), np.int16)
    last = np.zeros((height + 1, channels), np.int16)
    for step in range(height + width - 1):
        first, end = max(0, step - width + 1), min(height, step + 1)
        rows = slice(first, end)
        left, above, corner = last[first + 1 : end + 1], last[rows], before[rows]
        guess = left * left_weight[rows] + np.where(up[rows], above, 0)
        if any_average:
            guess += np.where(average[rows], (left + above) >> 1, 0)
        if any_paeth:
            to_left = np.abs(above - corner)
            to_above = np.abs(left - corner)
            to_corner = np.abs(left + above - 2 * corner)
            nearest = np.where(
                (to_left <= to_above) & (to_left <= to_corner),
                left,
                np.where(to_above <= to_corner, above, corner),
            )
            guess += np.where(paeth[rows], nearest, 0)
        values = (guess + slanted[step, rows]) & 255
        slanted[step, rows] = values
        before, last = last, np.zeros_like(last)
        last[first + 1 : end + 1] = values
    result = np.empty_like(data)
    for y in range(height):
        result[y] = slanted[y : y + width, y]
    return result


def write_indexed(indices: Bytes, palette: Bytes) -> bytes:
    """A PNG of palette indices (height, width) and colors (up to 256, 3). Not compressed: what
    zlib makes of the same bytes differs between its builds, and models are to be the same
    everywhere."""
    height, width = indices.shape
    lines = _lines(indices[:, :, None])
    packed = b"\x78\x01"
    for start in range(0, len(lines), STORED):
        block = lines[start : start + STORED]
        final = start + STORED >= len(lines)
        packed += struct.pack("<BHH", final, len(block), len(block) ^ 0xFFFF) + block
    packed += struct.pack(">I", zlib.adler32(lines))
    return _file(width, height, 3, packed, _chunk(b"PLTE", palette.astype(np.uint8).tobytes()))


def write_rgb(pixels: Bytes) -> bytes:
    """A compressed PNG of (height, width, 3)."""
    height, width, _ = pixels.shape
    return _file(width, height, 2, zlib.compress(_lines(pixels), 6))


def _lines(pixels: Bytes) -> bytes:
    """Each line with its filter byte, 0: none."""
    height = len(pixels)
    return np.hstack([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)]).tobytes()


def _file(width: int, height: int, color: int, packed: bytes, before: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    return (
        SIGNATURE + _chunk(b"IHDR", head) + before + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, value: bytes) -> bytes:
    return (
        struct.pack(">I", len(value)) + kind + value + struct.pack(">I", zlib.crc32(kind + value))
    )
