"""What the Sandbox makes: valid, closed, as many triangles as asked for, the same every time."""

from __future__ import annotations

import hashlib
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import glb
from core.sandbox import facets, lathe, png
from core.sandbox.models import Order, make_model

from .sandbox_client import parts_of, triangles_of
from .sandbox_client import png as make_png

PROMPTS = ["a vase", "blue bowl", "gold goblet", "bottle", "pawn", "crystal", "rock", "ruby gem"]
TYPES = {5126: np.float32, 5125: np.uint32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}


class Model:
    """A GLB taken apart with nothing of the code under test."""

    def __init__(self, content: bytes) -> None:
        self.gltf, self.binary = parts_of(content)
        primitive = self.gltf["meshes"][0]["primitives"][0]
        self.positions = self._array(primitive["attributes"]["POSITION"])
        self.normals = self._array(primitive["attributes"]["NORMAL"])
        self.triangles = self._array(primitive["indices"]).reshape(-1, 3)
        uvs = primitive["attributes"].get("TEXCOORD_0")
        self.uvs = None if uvs is None else self._array(uvs)

    def _array(self, number: int) -> Any:
        accessor = self.gltf["accessors"][number]
        view = self.gltf["bufferViews"][accessor["bufferView"]]
        width = WIDTHS[accessor["type"]]
        values = np.frombuffer(
            self.binary,
            TYPES[accessor["componentType"]],
            accessor["count"] * width,
            view["byteOffset"],
        )
        return values.reshape(-1, width) if width > 1 else values

    @property
    def size(self) -> Any:
        return np.ptp(self.positions, axis=0)

    @property
    def picture(self) -> bytes:
        view = self.gltf["bufferViews"][self.gltf["images"][0]["bufferView"]]
        return self.binary[view["byteOffset"] :][: view["byteLength"]]

    def check(self) -> None:
        assert np.isfinite(self.positions).all()
        assert self.triangles.max() < len(self.positions)
        np.testing.assert_allclose(np.linalg.norm(self.normals, axis=1), 1, atol=2e-4)
        np.testing.assert_allclose(self.positions[:, 1].min(), 0, atol=1e-6)
        bounds = self.gltf["accessors"][0]
        assert bounds["min"] == self.positions.min(axis=0).tolist()
        assert bounds["max"] == self.positions.max(axis=0).tolist()
        assert self.outward() > 0.98

    def outward(self) -> float:
        """The share of triangles whose corners run round the way their normals say."""
        a, b, c = (self.positions[self.triangles[:, k]] for k in range(3))
        face = np.cross(b - a, c - a)
        mean = self.normals[self.triangles].sum(axis=1)
        return float(((face * mean).sum(axis=1) > 0).mean())

    def open_edges(self) -> int:
        """Edges, by the places of their ends, that do not run exactly once there and once back."""
        places = np.unique(self.positions, axis=0, return_inverse=True)[1].ravel()
        corners = places[self.triangles]
        edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
        edges = edges[edges[:, 0] != edges[:, 1]]
        there, times = np.unique(edges @ [len(places), 1], return_counts=True)
        back = np.unique(edges @ [1, len(places)])
        return int((times > 1).sum()) + len(np.setxor1d(there, back))


def model(**order: Any) -> Model:
    return Model(make_model(Order(**order), "model.glb")["model.glb"])


def rgba(pixels: Any) -> bytes:
    height, width, _ = pixels.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)])
    return make_png(width, height, 6, rows.astype(np.uint8).tobytes())


def disc(width: int, height: int, cut: bool = True) -> Any:
    """A ball on nothing, or on black."""
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot((x - width / 2) / width, (y - height / 2) / height) / 0.4
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:, :, :3] = np.clip(255 * (1 - away * away), 0, 255)[:, :, None]
    pixels[:, :, 3] = np.where(away < 1, 255, 0) if cut else 255
    return pixels


# --- from text -------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("triangles", [500, 20_000])
def test_a_form_is_whole_and_of_its_size(prompt: str, triangles: int) -> None:
    made = model(prompt=prompt, seed=1, triangles=triangles)
    made.check()
    assert made.open_edges() == 0
    assert 0.95 * triangles <= len(made.triangles) <= triangles
    assert made.size.max() == pytest.approx(1, abs=1e-5)
    assert png.read_png(made.picture).shape == (512, 512, 4)
    assert made.uvs is not None
    assert made.gltf["asset"]["generator"] == "Maquette Sandbox"
    assert "uri" not in str(made.gltf)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_our_own_check_takes_it(tmp_path: Path, prompt: str) -> None:
    for name in ("model.glb", "shaded.glb"):
        path = tmp_path / name
        path.write_bytes(make_model(Order(prompt=prompt, triangles=2000), name)[name])
        summary = glb.check(path)
        assert (summary.meshes, summary.materials, summary.images) == (1, 1, 1)
        assert 1800 <= summary.triangles <= 2000


@settings(max_examples=25, deadline=None)
@given(prompt=st.text(max_size=40), seed=st.none() | st.integers(0, 65_535))
@example("%\U000b5ee1)»\U0010b4c4\U000156dbi\U0010faf5\x93\x94\x169", None)  # a tiny facet
def test_any_prompt_makes_a_whole_model(prompt: str, seed: int | None) -> None:
    made = model(prompt=prompt, seed=seed, triangles=1500, texture_size=256)
    made.check()
    assert made.open_edges() == 0
    assert 1350 <= len(made.triangles) <= 1500


def test_the_same_words_and_seed_make_the_same_bytes() -> None:
    order = Order(prompt="an old vase", seed=5, triangles=2000)
    content = make_model(order, "model.glb")["model.glb"]
    assert make_model(order, "model.glb")["model.glb"] == content
    others = [Order(prompt="an old vase", seed=6, triangles=2000), Order("an old jar", 5)]
    assert all(make_model(other, "model.glb")["model.glb"] != content for other in others)


def test_they_are_the_same_on_every_machine() -> None:
    # Seen alike with numpy 1.26 and 2.4, with and without AVX.
    made = b"".join(
        make_model(Order(prompt=prompt, seed=1, triangles=5000), "model.glb")["model.glb"]
        for prompt in ("vase", "crystal", "rock")
    )
    assert hashlib.sha256(made).hexdigest()[:16] == "d3408011e095e883"


@pytest.mark.parametrize("triangles", [500, 501, 777, 1_999, 7_777, 60_001])
def test_any_number_of_triangles(triangles: int) -> None:
    for prompt in ("vase", "pawn", "crystal", "gem", "rock"):
        made = triangles_of(make_model(Order(prompt, 2, None, triangles), "model.glb")["model.glb"])
        assert 0.9 * triangles <= made <= triangles, prompt


def test_too_much_is_cut_down() -> None:
    content = make_model(Order("vase", 1, triangles=9_000_000), "model.glb")["model.glb"]
    assert 1_480_000 <= triangles_of(content) <= 1_500_000


def test_colors_follow_the_words() -> None:
    def mean(prompt: str) -> Any:
        return png.read_png(model(prompt=prompt, triangles=500).picture)[:, :, :3].mean(axis=(0, 1))

    for seed in range(3):
        red, green, blue = (mean(f"a {color} crystal {seed}") for color in ("red", "green", "blue"))
        assert red.argmax() == 0
        assert green.argmax() == 1
        assert blue.argmax() == 2


def test_metals_are_metallic() -> None:
    def surface(prompt: str) -> Any:
        return model(prompt=prompt, triangles=500).gltf["materials"][0]["pbrMetallicRoughness"]

    assert surface("a golden goblet")["metallicFactor"] == 1
    assert surface("a clay goblet")["metallicFactor"] == 0


def test_words_pick_the_form() -> None:
    for prompt, wide in (("a bottle", False), ("a bowl", True), ("chess king", False)):
        x, y, _ = model(prompt=prompt, seed=3, triangles=1000).size
        assert (x > y) == wide, prompt


def test_box_and_height() -> None:
    x, y, z = model(prompt="vase", triangles=1000, box=(100, 50, 200), height=2.0).size
    assert y == pytest.approx(2, rel=1e-5)
    assert (x / y, z / y) == (pytest.approx(2, rel=1e-4), pytest.approx(4, rel=1e-4))
    stretched = model(prompt="crystal", triangles=1000, box=(10, 100, 30))
    stretched.check()
    assert stretched.size == pytest.approx([0.1, 1, 0.3], rel=1e-4)


def test_shape_only_and_baked() -> None:
    bare = model(prompt="vase", triangles=500, textured=False)
    assert not {"materials", "images", "textures"} & set(bare.gltf)
    assert bare.uvs is None
    baked = Model(make_model(Order("vase", triangles=500), "shaded.glb")["shaded.glb"])
    material = baked.gltf["materials"][0]
    assert material["emissiveFactor"] == [1, 1, 1]
    assert "baseColorTexture" not in material["pbrMetallicRoughness"]
    with pytest.raises(KeyError):
        make_model(Order("vase"), "other.glb")


def test_every_form_can_be_asked_for() -> None:
    words = [min(names) for names, _ in (*lathe.FORMS, *facets.FORMS)]
    assert len(words) == 8
    made = {make_model(Order(word, 1, triangles=500), "model.glb")["model.glb"] for word in words}
    assert len(made) == 8


# --- from pictures ---------------------------------------------------------------------------


@pytest.mark.parametrize("triangles", [500, 5_000, 60_000])
@pytest.mark.parametrize(("width", "height"), [(120, 120), (160, 90), (40, 200)])
@pytest.mark.parametrize("cut", [True, False])
def test_a_relief_is_closed(width: int, height: int, cut: bool, triangles: int) -> None:
    picture = rgba(disc(width, height, cut))
    made = model(picture=picture, triangles=triangles)
    made.check()
    assert made.open_edges() == 0
    assert 0.9 * triangles <= len(made.triangles) <= triangles
    assert made.picture == picture
    x, y, z = made.size
    assert x / y == pytest.approx(width / height, rel=0.1 if triangles < 1000 else 0.06)
    assert 0.1 < z < 0.3


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 24))
def test_any_transparency_gives_a_closed_relief(seed: int, width: int, height: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    made = model(picture=rgba(noise), triangles=3000)
    assert made.open_edges() == 0
    assert len(made.triangles) <= 3000


def test_the_bright_stands_out() -> None:
    made = model(picture=rgba(disc(100, 100, cut=False)), triangles=20_000)
    front = made.positions[made.normals[:, 2] > 0.3]
    middle = front[np.hypot(front[:, 0], front[:, 1] - 0.5) < 0.1]
    edge = front[np.hypot(front[:, 0], front[:, 1] - 0.5) > 0.45]
    assert middle[:, 2].min() > edge[:, 2].max() + 0.05


def test_the_transparent_is_cut_away() -> None:
    made = model(picture=rgba(disc(200, 200)), triangles=20_000)
    away = np.hypot(made.positions[:, 0], made.positions[:, 1] - made.size[1] / 2)
    assert away.max() < 0.52
    assert made.size[:2] == pytest.approx([1, 1], abs=0.02)
    # Nothing to see: the plate is kept.
    empty = np.zeros((20, 30, 4), np.uint8)
    plate = model(picture=rgba(empty), triangles=1000)
    assert plate.size[0] / plate.size[1] == pytest.approx(1.5, rel=0.05)
    assert plate.open_edges() == 0


def test_upright_and_not_mirrored() -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[:, :, 3] = 255
    pixels[:10, :10] = 255  # upper left
    made = model(picture=rgba(pixels), triangles=20_000)
    highest = made.positions[made.positions[:, 2].argmax()]
    assert highest[0] < -0.2
    assert highest[1] > 0.7
    at = made.uvs[made.positions[:, 2].argmax()]
    assert (at < 0.3).all()


def jpeg(width: int, height: int) -> bytes:
    head = b"\xff\xd8\xff\xe0\x00\x04ab" + b"\xff\xc0\x00\x11\x08"
    return head + struct.pack(">HH", height, width) + bytes(10) + b"\xff\xd9"


@pytest.mark.parametrize(
    ("picture", "embedded", "aspect"),
    [
        (jpeg(300, 200), "image/jpeg", 1.5),
        (make_png(40, 20, 2, b"\0" * (241 * 20), depth=16), "image/png", 2),
        (make_png(40, 20, interlaced=1), "image/png", 2),
        (make_png(40, 20)[:-30], None, 2),
        (make_png(40, 20, rows=b"\0" * 100), None, 2),
        (make_png(40, 20, rows=b"\7" + b"\0" * 2419), None, 2),
        (b"RIFF1234WEBPVP8 " + bytes(20), None, 1),
        (b"\xff\xd8\xff", None, 1),
        (b"nothing known", None, 1),
    ],
)
def test_what_cannot_be_read_becomes_a_flat_plate(
    picture: bytes, embedded: str | None, aspect: float
) -> None:
    made = model(picture=picture, triangles=2000)
    made.check()
    assert made.open_edges() == 0
    assert made.size[0] / made.size[1] == pytest.approx(aspect, rel=0.05)
    if embedded:
        assert made.gltf["images"][0]["mimeType"] == embedded
        assert made.picture == picture
    else:
        assert "images" not in made.gltf
    assert make_model(Order(picture=picture), "preview.png")["preview.png"].startswith(b"\x89PNG")


# --- pictures, read and written --------------------------------------------------------------


def filtered(pixels: Any, kinds: list[int]) -> bytes:
    """PNG lines, filtered byte by byte, as the specification has it (9.2)."""
    height, width, channels = pixels.shape
    lines, above = b"", bytes(width * channels)
    for y in range(height):
        line, out = pixels[y].tobytes(), bytearray()
        for i, value in enumerate(line):
            a = line[i - channels] if i >= channels else 0
            b, c = above[i], above[i - channels] if i >= channels else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            guess = (0, a, b, (a + b) // 2, nearest)[kinds[y % len(kinds)]]
            out.append((value - guess) % 256)
        lines += bytes([kinds[y % len(kinds)]]) + bytes(out)
        above = line
    return lines


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([0, 2, 4, 6]),
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
)
def test_png_lines_are_unfiltered(
    seed: int, width: int, height: int, color: int, kinds: list[int]
) -> None:
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[color]
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    read = png.read_png(make_png(width, height, color, filtered(pixels, kinds)))
    assert (read[:, :, 0] == pixels[:, :, 0]).all()
    assert (read[:, :, 2] == pixels[:, :, 2 if channels > 2 else 0]).all()
    assert (read[:, :, 3] == (pixels[:, :, -1] if color in (4, 6) else 255)).all()


def test_png_palettes() -> None:
    rows = b"\0\0\1\2" + b"\0\2\1\3"
    more = ((b"PLTE", bytes(range(9))), (b"tRNS", b"\x80\x40"))
    read = png.read_png(make_png(3, 2, 3, rows, more=more))
    assert read[0].tolist() == [[0, 1, 2, 128], [3, 4, 5, 64], [6, 7, 8, 255]]
    assert read[1][2].tolist() == [0, 0, 0, 255]  # beyond the palette


def test_png_bombs_are_not_unpacked() -> None:
    started = time.process_time()
    with pytest.raises(png.Unsupported):
        png.read_png(make_png(60_000, 60_000, rows=b""))
    huge = zlib.compress(bytes(200 << 20), 1)
    bomb = make_png(4, 4, rows=b"").replace(zlib.compress(b""), b"")
    at = bomb.index(b"IDAT") - 4
    sums = struct.pack(">I", zlib.crc32(b"IDAT" + huge))
    bomb = bomb[:at] + struct.pack(">I", len(huge)) + b"IDAT" + huge + sums + bomb[at + 12 :]
    assert png.read_png(bomb).shape == (4, 4, 4)
    assert time.process_time() - started < 30


def test_written_pngs_can_be_read() -> None:
    indices = np.arange(300 * 300).reshape(300, 300) % 7
    palette = np.arange(21).reshape(7, 3)
    read = png.read_png(png.write_indexed(indices.astype(np.uint8), palette))
    assert (read[:, :, :3] == palette[indices]).all()
    pixels = np.random.default_rng(1).integers(0, 256, (40, 30, 3), np.uint8)
    assert (png.read_png(png.write_rgb(pixels))[:, :, :3] == pixels).all()


# --- previews --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order",
    [
        Order("a red vase", 1),
        Order("a red crystal", 1),
        Order("a red vase", 1, textured=False),
        Order(picture=rgba(disc(64, 64)), triangles=100_000),
    ],
)
def test_previews_show_something_in_the_middle(order: Order) -> None:
    shown = png.read_png(make_model(order, "preview.png")["preview.png"]).astype(int)
    assert shown.shape == (256, 256, 4)
    background = shown[2:20, 2:20, :3].mean()
    assert abs(shown[100:156, 100:156, :3].mean() - background) > 15
    inside = shown[80:176, 80:176, :3].reshape(-1, 3)
    if order.prompt and order.textured:
        assert inside[:, 0].mean() > inside[:, 1].mean() + 10
    # No hole: no pixel of the background within the form.
    assert (np.abs(inside - background).max(axis=1) > 3).mean() > 0.7
