"""How a photo's camera was held, as it noted it down (Exif 2.3, 4.6.4 A, tag Orientation)."""

from __future__ import annotations

import struct
from pathlib import Path


def orientation(path: Path) -> int:
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
                return _tagged(head[at + 10 : at + 2 + length])
            at += 2 + length
    except (OSError, IndexError, struct.error):
        pass
    return 1


def _tagged(tiff: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "<")
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, directory)
    for number in range(entries):
        tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, directory + 2 + 12 * number)
        if tag == 0x0112:
            return value if 1 <= value <= 8 else 1
    return 1
