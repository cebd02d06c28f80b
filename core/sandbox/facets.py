"""Faceted forms: crystals, stones, a cut gem."""

from __future__ import annotations

import itertools
import math
import random
from typing import TYPE_CHECKING

import numpy as np

from .gltf import Mesh
from .solids import cut, moved, on_ground, plane, stretched, tilt

if TYPE_CHECKING:
    from .gltf import Floats, Ints
    from .solids import Solid


def faceted(words: set[str], rng: random.Random, triangles: int) -> tuple[Mesh, bool]:
    """(the form that the words ask for, or any; whether it is of rock). At most, and nearly, so
    many triangles.

    Of crystals, v of the texture is the height and u one place for each facet, so that it has a
    tint of its own. On rock the texture lies flat on each facet.
    """
    named = [form for names, form in FORMS if words & names]
    form = named[0] if named else FORMS[int(rng.random() * len(FORMS))][1]
    solids: list[Solid] = form(rng)
    solids.sort(key=lambda solid: -np.ptp(np.concatenate([c for c, _ in solid]), axis=0).max())
    points: list[Floats] = []
    faces: list[Ints] = []
    facet_of: list[int] = []
    normals: list[Floats] = []
    for solid in solids:
        corners, solid_faces, owners = _triangulated(solid)
        if len(facet_of) + len(owners) > triangles and facet_of:
            continue
        faces += [face + sum(len(p) for p in points) for face in solid_faces]
        facet_of += [owner + len(normals) for owner in owners]
        points.append(corners)
        normals += [normal for _, normal in solid]
    stony = form is _rocks
    lay = _lay_flat if stony else _lay_by_height
    points_, faces_, owner = _refined(
        np.concatenate(points), np.array(faces), np.array(facet_of), triangles
    )
    # Each facet with its own corners, so that light breaks at its edges.
    keys, index = np.unique((owner[:, None] * len(points_) + faces_).ravel(), return_inverse=True)
    owner, positions = keys // len(points_), points_[keys % len(points_)]
    directions = np.array(normals)[owner]
    starts = np.array([rng.random() for _ in normals])[owner]
    uvs = lay(positions, directions, starts)
    return Mesh(positions, directions, uvs, index.reshape(-1, 3)), stony


def _lay_by_height(positions: Floats, normals: Floats, starts: Floats) -> Floats:
    height = positions[:, 1]
    across = positions[:, 0] * 0.05 + positions[:, 2] * 0.03
    down = (height.max() - height) / (height.max() - height.min())
    return np.stack([starts + across, down], axis=1)


def _lay_flat(positions: Floats, normals: Floats, starts: Floats) -> Floats:
    side = np.cross(normals, [0.31, 0.9, 0.3])
    side = side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    across, along = (
        (positions * axis).sum(axis=1) * 0.4 for axis in (side, np.cross(normals, side))
    )
    return np.stack([starts + across, along], axis=1)


def _triangulated(solid: Solid) -> tuple[Floats, list[Ints], list[int]]:
    """(points, triangles, facet of each). Corners that are the same but for rounding become one."""
    corners = np.concatenate([face for face, _ in solid])
    near = np.linalg.norm(corners[:, None] - corners[None], axis=2) < 1e-5
    first = near.argmax(axis=1)
    kept, index = np.unique(first, return_inverse=True)
    faces: list[Ints] = []
    owners: list[int] = []
    start = 0
    for owner, (face, _) in enumerate(solid):
        ring = list(dict.fromkeys(index[start : start + len(face)].tolist()))
        start += len(face)
        for b, c in itertools.pairwise(ring[1:]):
            faces.append(np.array([ring[0], b, c]))
            owners.append(owner)
    return corners[kept], faces, owners


def _refined(points: Floats, faces: Ints, facet: Ints, triangles: int) -> tuple[Floats, Ints, Ints]:
    """Divide triangles until there are nearly so many; the surface stays closed."""
    rounds = 0
    while triangles >> 2 * (rounds + 1) >= max(4 * len(faces), 4000):
        rounds += 1
    points, faces, facet = _halved(points, faces, facet, triangles >> 2 * rounds)
    for _ in range(rounds):
        points, faces, facet = _quartered(points, faces, facet)
    return points, faces, facet


def _quartered(points: Floats, faces: Ints, facet: Ints) -> tuple[Floats, Ints, Ints]:
    """Every triangle into four, at the middles of its edges."""
    starts, ends = faces[:, [1, 2, 0]], faces[:, [2, 0, 1]]
    keys = np.minimum(starts, ends) * len(points) + np.maximum(starts, ends)
    edges, index = np.unique(keys.ravel(), return_inverse=True)
    middles = len(points) + index.reshape(-1, 3)  # middle k is opposite to corner k
    halves = (points[edges // len(points)] + points[edges % len(points)]) / 2
    (a, b, c), (p, q, r) = faces.T, middles.T
    parts = [np.stack(part, axis=1) for part in ((a, r, q), (r, b, p), (q, p, c), (p, q, r))]
    return np.concatenate([points, halves]), np.concatenate(parts), np.tile(facet, 4)


def _halved(points: Floats, faces: Ints, facet: Ints, triangles: int) -> tuple[Floats, Ints, Ints]:
    """Until there are so many, or one less: halve edges that are the longest of both their
    triangles, both at once."""
    while len(faces) + 2 <= triangles:
        # Edge k is opposite to corner k.
        starts, ends = faces[:, [1, 2, 0]], faces[:, [2, 0, 1]]
        lengths = np.round(((points[starts] - points[ends]) ** 2).sum(axis=2), 12)
        low, high = np.minimum(starts, ends), np.maximum(starts, ends)
        keys = low * len(points) + high
        # The longest; of equals the one with the greatest key, so that both sides agree.
        longest = np.argmax(
            np.where(lengths == lengths.max(axis=1, keepdims=True), keys, -1), axis=1
        )
        row = np.arange(len(faces))
        chosen = keys[row, longest]
        order = np.argsort(chosen, kind="stable")
        pairs = np.flatnonzero(chosen[order][1:] == chosen[order][:-1])
        left, right = order[pairs], order[pairs + 1]
        size = lengths[row, longest][left]
        best = np.argsort(-size, kind="stable")[: (triangles - len(faces)) // 2]
        # Not those much shorter than the longest: the next rounds will find better ones.
        best = best[size[best] >= size.max() * 0.4]
        left, right = left[best], right[best]
        a, b = low[left, longest[left]], high[left, longest[left]]
        middle = len(points) + np.arange(len(left))
        points = np.concatenate([points, (points[a] + points[b]) / 2])
        halves = []
        for half in (left, right):
            k = longest[half]
            top, p, q = faces[half, k], faces[half, (k + 1) % 3], faces[half, (k + 2) % 3]
            halves.append(np.stack([top, middle, q], axis=1))
            faces[half] = np.stack([top, p, middle], axis=1)
        faces = np.concatenate([faces, *halves])
        facet = np.concatenate([facet, facet[left], facet[right]])
    return points, faces, facet


# --- forms -----------------------------------------------------------------------------------


def _crystal(rng: random.Random, slim: float) -> Solid:
    """A six-sided prism with a point, about 2 high; its foot is at y = -1."""
    offset = rng.random() * math.pi
    planes = [plane(0, -math.pi / 2, 1)]
    for side in range(6):
        azimuth = offset + side * math.pi / 3
        planes.append(plane(azimuth, 0, slim * (0.88 + 0.24 * rng.random())))
        steep = math.radians(32 + 12 * rng.random())
        planes.append(plane(azimuth, steep, math.sin(steep) * (1.0 + 0.1 * rng.random())))
    return cut(planes)


def _cluster(rng: random.Random) -> list[Solid]:
    """Crystals growing out of a stone."""
    solids = [moved(_crystal(rng, 0.3), np.eye(3), np.array([0, 1.02, 0]))]
    count = 6 + int(rng.random() * 4)
    for number in range(count):
        azimuth = 2 * math.pi * (number + 0.6 * rng.random()) / count
        turn = tilt(azimuth, math.radians(18 + 30 * rng.random()))
        scale = 0.42 + 0.35 * rng.random()
        foot = np.array([0.17 * math.cos(azimuth), 0.06, 0.17 * math.sin(azimuth)])
        offset = foot + turn @ np.array([0, scale * 0.95, 0])
        crystal = moved(_crystal(rng, 0.27 + 0.1 * rng.random()), turn, offset, scale)
        solids.append(on_ground(crystal))
    stone = stretched(_stone(rng, 34), np.array([0.62, 0.27, 0.62]), np.array([0, 0.15, 0]))
    return [*solids, on_ground(stone)]


def _stone(rng: random.Random, cuts: int) -> Solid:
    """A ball cut by planes spread evenly (on a spiral) and shaken a little."""
    planes = []
    for number in range(cuts):
        height = 1 - 2 * (number + 0.5) / cuts
        azimuth = number * 2.399963 + 0.9 * rng.random()
        elevation = math.asin(max(-1.0, min(1.0, height + 0.12 * (rng.random() - 0.5))))
        planes.append(plane(azimuth, elevation, 0.86 + 0.16 * rng.random()))
    return cut(planes)


def _rocks(rng: random.Random) -> list[Solid]:
    """One boulder and a few smaller stones beside it, lying flat on the ground."""
    rocks = []
    away = rng.random() * 2 * math.pi
    for number in range(1 + 2 + int(rng.random() * 2)):
        size = 1.0 if number == 0 else 0.24 + 0.26 * rng.random()
        stretch = np.array([1.0 + 0.3 * rng.random(), 0.62 + 0.25 * rng.random(), 0.9]) * size
        reach = 0.0 if number == 0 else 1.05 + 0.1 * rng.random()
        turned = away + number * (1.3 + 0.5 * rng.random())
        offset = np.array([math.cos(turned) * reach, 0.7 * stretch[1], math.sin(turned) * reach])
        rocks.append(on_ground(stretched(_stone(rng, 46 if number == 0 else 28), stretch, offset)))
    return rocks


def _gem(rng: random.Random) -> list[Solid]:
    """A round brilliant, standing on its point: table, crown, girdle, pavilion."""
    crown, pavilion = math.radians(90 - 34), math.radians(-90 + 41)
    planes = [plane(0, math.pi / 2, 0.34)]
    for number in range(8):
        azimuth = number * math.pi / 4
        planes.append(plane(azimuth, crown, 0.62))
        planes.append(plane(azimuth + math.pi / 8, crown - 0.12, 0.65))
        planes.append(plane(azimuth + math.pi / 8, crown + 0.28, 0.515))
        planes.append(plane(azimuth, pavilion, 0.665))
        planes.append(plane(azimuth + math.pi / 8, pavilion + 0.045, 0.685))
    planes += [plane((number + 0.5) * math.pi / 8, 0, 0.985) for number in range(16)]
    return [cut(planes)]


FORMS = (
    ({"crystal", "crystals", "quartz", "amethyst", "ice", "cluster", "geode"}, _cluster),
    ({"rock", "rocks", "stone", "stones", "boulder", "mountain", "asteroid", "coal"}, _rocks),
    ({"gem", "jewel", "diamond", "ruby", "emerald", "sapphire", "brilliant"}, _gem),
)
NAMES = frozenset[str]().union(*(names for names, _ in FORMS))
