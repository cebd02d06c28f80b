"""Hostile GLBs that are bent as bytes: cut, lying about lengths, with bombs for pictures, or by
chance. The rest of the corpus, and its list, is in hostile_glbs.py."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.core import glb_files as files
from tests.core.glb_files import GOOD, Glb, quad

MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """bad: has to be refused; else it may be refused or taken, as long as Blender takes it then."""

    name: str
    make: Callable[[], bytes]
    bad: bool = False


def bent(change: Callable[[Glb], object], make: Callable[[], Glb] = quad) -> Callable[[], bytes]:
    def made() -> bytes:
        glb = make()
        glb.json = json.loads(json.dumps(glb.json))  # nothing shared
        change(glb)
        return glb.data()

    return made


# --- the container ----------------------------------------------------------------------------


def cuts() -> Iterator[Case]:
    """Cut to every length; with the header's length mended; with the binary part's mended too."""
    for name in GOOD:
        data = GOOD[name]().data()
        size = struct.unpack_from("<I", data, 12)[0]
        for length in range(0, len(data), 1 if name == "bare" else 7):
            cut = data[:length]
            yield Case(f"{name}, {length} bytes", lambda cut=cut: cut, True)
            if length < 12:
                continue
            told = cut[:8] + struct.pack("<I", length) + cut[12:]
            yield Case(f"{name}, {length} bytes, told", lambda told=told: told, True)
            binary = length - 28 - size
            if binary > 0 and binary % 4 == 0:
                at = 20 + size
                mended = told[:at] + struct.pack("<I", binary) + told[at + 4 :]
                yield Case(f"{name}, {length} bytes, mended", lambda mended=mended: mended, True)


def lengths() -> Iterator[Case]:
    """Each length in the container lies."""
    data = quad().data()
    second = 20 + struct.unpack_from("<I", data, 12)[0]
    for what, at in (("file", 8), ("description", 12), ("binary", second)):
        true = struct.unpack_from("<I", data, at)[0]
        for lie in (0, 1, 3, 4, 8, true - 4, true - 1, true + 1, true + 4, 1 << 31, (1 << 32) - 1):
            bytes_ = data[:at] + struct.pack("<I", lie) + data[at + 4 :]
            yield Case(f"{what} {true} told as {lie}", lambda b=bytes_: b, True)


# --- pictures ---------------------------------------------------------------------------------


def png(
    width: int, height: int, *parts: tuple[bytes, bytes], depth: int = 8, color: int = 2
) -> bytes:
    """A PNG of these parts, whatever they hold."""
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = ((b"IHDR", head), *parts, (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(files.part(*part) for part in parts)


def deflated(size: int, first: bytes = b"") -> bytes:
    """`size` zeros, compressed about a thousandfold, without ever being whole in memory."""
    packer = zlib.compressobj(9)
    out = [packer.compress(first)]
    out += [packer.compress(bytes(min(MIB, size - at))) for at in range(0, size, MIB)]
    return b"".join([*out, packer.flush()])


def flat(width: int, height: int, **more: int) -> bytes:
    """A whole PNG of one color, in thousandths of its size."""
    parts = {2: 3, 6: 4}[more.get("color", 2)] * more.get("depth", 8) // 8
    return png(width, height, (b"IDAT", deflated(height * (1 + width * parts))), **more)


def pictures(full: bool) -> Iterator[Case]:
    def of(make: Callable[[], bytes]) -> Callable[[], bytes]:
        return lambda: quad(make()).data()

    small = (b"IDAT", zlib.compress(bytes(14)))
    text = b"Comment\0\0"
    made: dict[str, Callable[[], bytes]] = {
        "30,000 wide, whole": lambda: flat(30_000, 4),
        "30,000 high, whole": lambda: flat(4, 30_000),
        "2 × 2 and 64 MiB of pixels": lambda: png(2, 2, (b"IDAT", deflated(64 * MIB))),
        "64 MiB of profile": lambda: png(2, 2, (b"iCCP", b"x\0\0" + deflated(64 * MIB)), small),
        "64 MiB of text": lambda: png(2, 2, (b"zTXt", text + deflated(64 * MIB)), small),
        "20 × 8 MiB of text": lambda: png(2, 2, *[(b"zTXt", text + deflated(8 * MIB))] * 20, small),
        "100,000 parts": lambda: png(2, 2, *[(b"tEXt", b"a\0b")] * 100_000, small),
        "no pixels": lambda: png(2, 2),
        "pixels of nonsense": lambda: png(2, 2, (b"IDAT", b"nonsense")),
        "two sizes": lambda: png(2, 2, (b"IHDR", bytes(4) + b"\0\0\x70\0\x08\2\0\0\0"), small),
        "an unknown kind of color": lambda: png(2, 2, small, color=77),
        "a depth of 255": lambda: png(2, 2, small, depth=255),
        "4096 × 4096 without pixels": lambda: png(4096, 4096, small),
        "two frames": lambda: files.jpeg_head(1, 1) + files.jpeg_head(30_000, 30_000)[2:],
        "a JPEG of a head only": lambda: files.jpeg_head(16_384, 16_384),
        "a JPEG of 5000 scans": lambda: files.JPEG[:-2] + files.JPEG[-16:-2] * 5000 + b"\xff\xd9",
        "a WebP whose frame is larger": lambda: (
            files.webp_head(2, 2) + b"VP8L\5\0\0\0\x2f\xff\xff\xff\x0f\0"
        ),
        "a WebP of a head only": lambda: files.webp_head(16_383, 16_383),
    }  # fmt: skip
    if full:
        made |= {
            "16,384 × 16,384, whole": lambda: flat(16_384, 16_384),
            "16,384 × 16,384 of 16 bits": lambda: flat(16_384, 16_384, depth=16, color=6),
        }
    for name, make in made.items():
        laden = ("20 × 8 MiB of text", "100,000 parts", "a JPEG of 5000 scans")
        yield Case(name, of(make), name.startswith("30,000") or name in laden)

    def twice(glb: Glb) -> None:
        """16 bits a channel are kept as floats: 4 GiB each."""
        views = [glb.view(png(16_384, 16_384, depth=16)) for _ in range(2)]
        glb.json["images"] = [{"bufferView": view} for view in views]
        glb.json["textures"] = [{"source": 0}, {"source": 1}]

    yield Case("two of 16 bits", bent(twice), True)
    for kind, whole in (
        ("png", files.png(64, 64)),
        ("jpeg", files.JPEG),
        ("webp", files.WEBP_LOSSY),
    ):
        for length in range(0, len(whole), 11):
            yield Case(f"{kind} cut to {length}", of(lambda w=whole, n=length: w[:n] or b"\0"))


# --- anything ---------------------------------------------------------------------------------

Way = tuple[Any, ...]
NAMES = ["mesh", "skin", "children", "sparse", "targets", "mode", "matrix", "indices", "weights"]
ODD: list[Any] = [
    None, True, -1, 0, 1, 2, 7, 0.5, 1e30, 1 << 40, "", "x", "\ud7ff", "VEC2", "VEC4", "SCALAR", [],
    {}, [0], [0, 0], {"a": {}}, 5120, 5121, 5123, 5125, 5126, "LINEAR", "CUBICSPLINE", "weights",
]  # fmt: skip


def places(value: Any, way: Way = ()) -> list[Way]:
    """The way to everything in it."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, (list, tuple)):
        inner = enumerate(value)
    ways = []
    for key, item in inner:
        ways += [(*way, key), *places(item, (*way, key))]
    return ways


def found(value: Any, way: Way) -> Any:
    for step in way:
        value = value[step]
    return value


def mutations(count: int = 6000) -> Iterator[Case]:
    names = sorted(GOOD)
    for seed in range(count):
        random = Random(seed)
        name = random.choice(names)
        how = random.choice([_in_json, _in_json, _in_json, _in_binary, _in_bytes])
        yield Case(
            f"{name}, {how.__name__[1:]}, {seed}", lambda h=how, n=name, r=seed: h(n, Random(r))
        )


def _in_json(name: str, random: Random) -> bytes:
    """Something replaced, removed, repeated, swapped or grown anywhere in the description."""
    glb = GOOD[name]()
    glb.json = json.loads(json.dumps(glb.json))
    for _ in range(random.randint(1, 3)):
        *way, last = random.choice(places(glb.json) or [("asset",)])
        parent = found(glb.json, tuple(way))
        match random.randrange(7):
            case 0:
                parent.pop(last)
            case 1 if isinstance(parent, list):
                parent.insert(last, parent[last])
            case 2 if isinstance(parent[last], (int, float)):
                parent[last] += random.choice([-1, 1, 4, 100, 0.5])
            case 3 if isinstance(parent, dict):
                parent[random.choice(NAMES)] = random.choice(ODD)
            case 4 if isinstance(parent, dict):  # another's place
                parent[last] = parent[random.choice(list(parent))]
            case 5 if isinstance(parent[last], list):
                parent[last] = parent[last] * random.choice([0, 2, 30])
            case _:
                parent[last] = random.choice(ODD)
        glb.json = json.loads(json.dumps(glb.json))
    return glb.data()


def _in_binary(name: str, random: Random) -> bytes:
    """Bytes of the binary part set, as a whole run or here and there."""
    glb = GOOD[name]()
    for _ in range(random.randint(1, 8)):
        at, run = random.randrange(len(glb.bin)), random.choice([1, 2, 4, 16])
        value = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])
        glb.bin[at : at + run] = bytes([value]) * len(glb.bin[at : at + run])
    return glb.data()


def _in_bytes(name: str, random: Random) -> bytes:
    """Bytes of the file flipped, taken out, put in, moved."""
    data = bytearray(GOOD[name]().data())
    for _ in range(random.randint(1, 3)):
        at, to = random.randrange(len(data)), random.randrange(len(data))
        match random.randrange(4):
            case 0:
                data[at] ^= 1 << random.randrange(8)
            case 1:
                del data[at : at + random.randint(1, 64)]
            case 2:
                data[at:at] = random.randbytes(random.randint(1, 8))
            case _:
                data[at:at] = data[to : to + 16]
    if random.random() < 0.7:  # else hardly any gets past the header
        struct.pack_into("<I", data, 8, len(data))
    return bytes(data)
