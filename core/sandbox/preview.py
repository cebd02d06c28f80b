"""A small picture of a mesh: parallel projection, a depth buffer, two lamps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .gltf import Mesh
from .png import write_rgb

if TYPE_CHECKING:
    from .gltf import Floats, Ints

SIZE = 256
FINE = 2  # so many samples across one pixel, each way


def render(
    mesh: Mesh,
    texels: Floats | None,
    color: tuple[float, float, float] = (0.5, 0.5, 0.5),
    metallic: float = 0.0,
    roughness: float = 0.5,
    turn: float = 28.0,
) -> bytes:
    """A PNG. texels: (h, w, 3), linear, or None for `color`. turn: degrees to the camera's side."""
    size = SIZE * FINE
    view = _camera(math.radians(turn), math.radians(16))
    points = mesh.positions @ view.T
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 0.8 * size / max(high[0] - low[0], high[1] - low[1], 1e-9)
    screen = (points - (low + high) / 2) * [scale, -scale, scale] + [size / 2, size / 2, 0]
    where, depth, uv, normal = _samples(mesh, screen, mesh.normals @ view.T, size)
    # Of several samples in one place the nearest, which is written last, stays.
    order = np.argsort(depth, kind="stable")
    winner = np.full(size * size, -1)
    winner[where[order]] = order
    order = winner[winner >= 0]
    where, uv, normal = where[order], uv[order], normal[order]

    image = _background(size)
    if texels is None:
        base = np.broadcast_to(np.array(color), (len(where), 3))
    else:
        rows, columns = texels.shape[:2]
        base = texels[
            (uv[:, 1] * rows).astype(int) % rows, (uv[:, 0] * columns).astype(int) % columns
        ]
    image[where] = _lit(base, normal, metallic, roughness)
    image = image.reshape(SIZE, FINE, SIZE, FINE, 3).mean(axis=(1, 3))
    return write_rgb((np.clip(image, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8))


def linear(pixels: Floats) -> Floats:
    """sRGB bytes as linear floats, well enough."""
    return (pixels / 255.0) ** 2.2


def _camera(turn: float, lift: float) -> Floats:
    c, s = math.cos(turn), math.sin(turn)
    around = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    c, s = math.cos(lift), math.sin(lift)
    camera: Floats = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ around
    return camera


def _samples(
    mesh: Mesh, screen: Floats, normals: Floats, size: int
) -> tuple[Ints, Floats, Floats, Floats]:
    """Points on all triangles that face the viewer, dense enough to leave no hole: (pixel, depth,
    uv, normal). Triangles of about one size and shape are done at once."""
    corners = screen[mesh.triangles]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    triangles = mesh.triangles[one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] < 0]
    # Seen from the corner opposite to the longest side, so that a splinter gets few samples.
    flat = screen[triangles][:, :, :2]
    opposite = np.linalg.norm(flat[:, [1, 2, 0]] - flat[:, [2, 0, 1]], axis=2).argmax(axis=1)
    triangles = np.take_along_axis(triangles, (opposite[:, None] + [0, 1, 2]) % 3, axis=1)
    flat = screen[triangles][:, :, :2]
    sides = np.linalg.norm(flat[:, 1:] - flat[:, :1], axis=2)
    # In sizes a fifth apart: few groups, and few samples more than needed.
    steps = np.ceil(1.2 ** np.ceil(np.log(np.maximum(sides * 1.3, 1)) / math.log(1.2))).astype(int)
    values = np.concatenate([screen, mesh.uvs, normals], axis=1).astype(np.float32)
    groups, group = np.unique(steps[:, 0] * 10_000 + steps[:, 1], return_inverse=True)
    order, ends = np.argsort(group, kind="stable"), np.cumsum(np.bincount(group.ravel()))
    found: list[Floats] = []
    for key, chosen in zip(groups, np.split(triangles[order], ends[:-1]), strict=True):
        weights = _weights(int(key) // 10_000, int(key) % 10_000)
        pieces = np.array_split(chosen, max(1, len(chosen) * len(weights) // 200_000))
        found += [(weights @ values[some]).reshape(-1, values.shape[1]) for some in pieces]
    samples = np.concatenate(found)
    x, y = samples[:, 0].astype(int), samples[:, 1].astype(int)
    inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    where = (y * size + x)[inside]
    samples = samples[inside]
    return where, samples[:, 2], samples[:, 3:5], samples[:, 5:8]


def _weights(first: int, second: int) -> Floats:
    """Points spread over a triangle with so many steps along two sides, as shares of its corners:
    (count, 3)."""
    i, j = np.meshgrid(np.arange(first + 1) / first, np.arange(second + 1) / second)
    kept = i + j <= 1 + 0.5 / max(first, second)
    a, b = i[kept], np.minimum(j[kept], 1 - i[kept])
    return np.stack([1 - a - b, a, b], axis=1).astype(np.float32)


def _lit(base: Floats, normal: Floats, metallic: float, roughness: float) -> Floats:
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    shine = 4 + 90 * (1 - roughness) ** 2
    sky = 0.5 + 0.5 * normal[:, 1:2]
    diffuse = 0.20 + 0.16 * sky
    gloss = np.zeros_like(diffuse)
    for light, strength in (((-0.55, 0.62, 0.56), 0.95), ((0.85, 0.1, 0.5), 0.3)):
        toward = np.array(light) / np.linalg.norm(light)
        half = toward + np.array([0, 0, 1])
        half = half / np.linalg.norm(half)
        facing = np.clip(normal @ toward, 0, 1)[:, None]
        diffuse = diffuse + strength * facing
        gloss = gloss + strength * np.clip(normal @ half, 0, 1)[:, None] ** shine
    edge = (1 - np.clip(normal[:, 2:3], 0, 1)) ** 4
    mirror = 0.12 + 0.75 * sky**3 + 1.4 * gloss + 0.4 * edge  # what a metal shows of a room
    plain = base * diffuse + (0.55 * gloss + 0.12 * edge) * (1 - roughness)
    return plain * (1 - metallic) + base * mirror * metallic


def _background(size: int) -> Floats:
    """Gray, lighter in the middle."""
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    shade = 0.075 - 0.11 * (x * x + (y - 0.05) ** 2)
    image: Floats = np.repeat(shade.reshape(-1, 1), 3, axis=1)
    return np.maximum(image, 0.012)
