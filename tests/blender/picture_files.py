"""Pictures whose bytes are known, written and read without Blender."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

CHANNELS_OF_COLOR_TYPE = {0: 1, 2: 3, 4: 2, 6: 4}  # PNG, 11.2.2


def write_png(path: Path, pixels: np.ndarray, text: str = "") -> Path:
    """pixels: (height, width, channels) of uint8 or uint16, top row first. text: a comment."""
    height, width, channels = pixels.shape
    color_type = {v: k for k, v in CHANNELS_OF_COLOR_TYPE.items()}[channels]
    depth = 8 * pixels.dtype.itemsize
    rows = pixels.astype(pixels.dtype.newbyteorder(">"))
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
    if text:
        content += _chunk(b"tEXt", b"Comment\0" + text.encode())
    content += _chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r.tobytes() for r in rows), 1))
    path.write_bytes(content + _chunk(b"IEND", b""))
    return path


def read_png(path: Path) -> np.ndarray:
    """(height, width, channels), top row first, as stored: no color management."""
    content, at, packed = path.read_bytes(), 8, b""
    width = height = depth = color_type = 0
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, chunk = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            width, height, depth, color_type = struct.unpack_from(">IIBB", chunk)
        elif kind == b"IDAT":
            packed += chunk
    channels = CHANNELS_OF_COLOR_TYPE[color_type]
    step = channels * depth // 8
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width * step + 1)
    rows = np.zeros((height, width * step), np.uint8)
    for y, (kind, line) in enumerate(zip(raw[:, 0], raw[:, 1:].astype(int), strict=True)):
        above = rows[y - 1].astype(int) if y else np.zeros(width * step, int)
        rows[y] = _unfiltered(int(kind), line, above, step)
    return rows.view(f">u{depth // 8}").reshape(height, width, channels)


def write_hdr(path: Path, color: tuple[float, float, float]) -> Path:
    """8 × 8 pixels of one linear color, Radiance RGBE."""
    mantissa, exponent = np.frexp(max(color))
    scale = mantissa * 256 / max(color)
    pixel = bytes([*(int(value * scale) for value in color), exponent + 128])
    path.write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 8\n" + pixel * 64)
    return path


def write_exr(path: Path, color: tuple[float, ...]) -> Path:
    """8 × 8 pixels of one linear color with alpha multiplied in, uncompressed 32-bit floats."""

    def attribute(name: bytes, kind: bytes, value: bytes) -> bytes:
        return name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value

    names = b"ABGR"[-len(color) :] if len(color) > 1 else b"Y"  # in alphabetical order
    channel = struct.pack("<iBBBBii", 2, 0, 0, 0, 0, 1, 1)
    channels = b"".join(bytes([name]) + b"\0" + channel for name in names) + b"\0"
    box = struct.pack("<iiii", 0, 0, 7, 7)
    header = struct.pack("<ii", 20000630, 2)
    header += attribute(b"channels", b"chlist", channels)
    header += attribute(b"compression", b"compression", b"\0")
    header += attribute(b"dataWindow", b"box2i", box) + attribute(b"displayWindow", b"box2i", box)
    header += attribute(b"lineOrder", b"lineOrder", b"\0")
    header += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1))
    header += attribute(b"screenWindowCenter", b"v2f", struct.pack("<ff", 0, 0))
    header += attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)) + b"\0"
    line = b"".join(struct.pack("<f", value) * 8 for value in reversed(color))
    first = len(header) + 8 * 8
    offsets = b"".join(struct.pack("<Q", first + y * (8 + len(line))) for y in range(8))
    lines = b"".join(struct.pack("<ii", y, len(line)) + line for y in range(8))
    path.write_bytes(header + offsets + lines)
    return path


def with_orientation(jpeg: bytes, orientation: int, order: str = "<") -> bytes:
    """A JPEG with an Exif segment that says how the camera was held (Exif 2.3, 4.6.4)."""
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    other = struct.pack(order + "HHII", 0x010F, 2, 4, 0x41424300)
    tiff = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    tiff += struct.pack(order + "H", 2) + other + entry + struct.pack(order + "I", 0)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def _unfiltered(kind: int, line: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    """PNG, 9.2."""
    if kind == 0:
        return line
    if kind == 2:
        return (line + above) % 256
    for x in range(len(line)):
        left = line[x - step] if x >= step else 0
        corner = above[x - step] if x >= step else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + above[x]) // 2
        else:
            estimate = left + above[x] - corner
            guess = min((left, above[x], corner), key=lambda value: abs(estimate - value))
        line[x] = (line[x] + guess) % 256
    return line
