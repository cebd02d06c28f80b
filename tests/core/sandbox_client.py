"""What the tests of the Sandbox share: a clock to turn, the key, small pictures, a look at GLBs."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

from core.sandbox.server import Sandbox


class Clock:
    """Unix seconds that go on by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def key(sandbox: Sandbox) -> dict[str, str]:
    return {"Authorization": f"Bearer {sandbox.key}"}


def png(
    width: int = 4,
    height: int = 4,
    color: int = 2,
    rows: bytes | None = None,
    *,
    depth: int = 8,
    interlaced: int = 0,
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """rows: filter byte and content of every line; gray-ish ones by default."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    if rows is None:
        rows = (b"\0" + bytes(range(100, 100 + width)) * channels) * height

    def chunk(kind: bytes, value: bytes) -> bytes:
        sums = struct.pack(">I", zlib.crc32(kind + value))
        return struct.pack(">I", len(value)) + kind + value + sums

    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    chunks = [(b"IHDR", head), *more, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def parts_of(glb: bytes) -> tuple[dict[str, Any], bytes]:
    """(the JSON, the binary chunk) of a GLB; its framing is checked."""
    magic, version, length, size, kind = struct.unpack_from("<4sIII4s", glb)
    assert (magic, version, length, kind) == (b"glTF", 2, len(glb), b"JSON")
    rest, kind = struct.unpack_from("<I4s", glb, 20 + size)
    assert kind == b"BIN\0"
    assert 28 + size + rest == length
    return json.loads(glb[20 : 20 + size]), glb[28 + size :]


def triangles_of(glb: bytes) -> int:
    gltf, _ = parts_of(glb)
    count: int = gltf["accessors"][gltf["meshes"][0]["primitives"][0]["indices"]]["count"]
    return count // 3
