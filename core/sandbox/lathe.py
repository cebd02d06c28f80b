"""Turned forms: a profile that goes round the y axis, as on a lathe or a potter's wheel."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .gltf import Mesh

if TYPE_CHECKING:
    from .gltf import Floats, Ints

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Turned:
    """curve: (n, 2), radius and height from the axis at the bottom back to the axis. flutes:
    ridges around it, 0: none; depth: theirs as a share of the radius; twist: turns of the ridges
    over the whole height; to_rim: they reach the top."""

    curve: Floats
    flutes: int = 0
    depth: float = 0.0
    twist: float = 0.0
    to_rim: bool = False


def turned(words: set[str], rng: random.Random) -> Turned:
    """The form that the words ask for, or any."""
    named = [form for names, form in FORMS if words & names]
    form = named[0] if named else FORMS[int(rng.random() * len(FORMS))][1]
    curve = _smooth(form(rng))
    if form is _figure or rng.random() < 0.45:
        return Turned(curve)
    return Turned(
        curve,
        flutes=(6, 8, 10, 12, 16, 20)[int(rng.random() * 6)],
        depth=_between(rng, 0.03, 0.075),
        twist=_between(rng, -0.35, 0.35) if rng.random() < 0.7 else 0.0,
        to_rim=rng.random() < 0.4,
    )


def mesh_of(form: Turned, triangles: int) -> Mesh:
    """At most, and nearly, so many triangles. v of the texture follows the curve."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(form.curve, axis=0).T))])
    around = 2 * math.pi * form.curve[:, 0].mean()
    columns, rows = _grid(triangles, around / length[-1])
    radius, height, along = _resampled(form.curve, length, rows)

    # The last column lies exactly on the first: the same numbers are used again.
    flutes = form.flutes if columns >= 5 * form.flutes else 0  # too few to show them
    turn = np.arange(columns + 1) % columns / columns
    cosine, sine = np.cos(2 * math.pi * turn), np.sin(2 * math.pi * turn)
    depth = _ridges(form, height)[:, None] if flutes else 0.0
    ridges = 1.0 + depth * np.cos(
        2 * math.pi * flutes * (turn[None, :] + form.twist * height[:, None] / height.max())
    )
    ring = radius[:, None] * ridges
    ring[0] = ring[-1] = 0.0
    positions = np.stack(
        [ring * cosine, np.broadcast_to(height[:, None], ring.shape), -ring * sine], axis=-1
    )
    uvs = np.stack(
        [
            np.broadcast_to(np.arange(columns + 1) / columns, ring.shape),
            np.broadcast_to(1.0 - along[:, None], ring.shape),
        ],
        axis=-1,
    )
    faces = _faces(columns, rows)
    return Mesh(
        positions.reshape(-1, 3), _normals(positions).reshape(-1, 3), uvs.reshape(-1, 2), faces
    )


def heights(form: Turned, count: int) -> tuple[Floats, float]:
    """(height, 0..1, at `count` steps along the curve; the step's share where the rim is)."""
    steps = np.hypot(*np.diff(form.curve, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    height = form.curve[:, 1] / form.curve[:, 1].max()
    return np.interp(np.linspace(0, 1, count), along, height), float(along[height.argmax()])


def _grid(triangles: int, ratio: float) -> tuple[int, int]:
    """(columns, rows) with columns / rows about `ratio` and the most triangles that are allowed:
    two for each cell, one for each cell at the two poles."""
    wanted = max(6, round(math.sqrt(triangles / 2 * ratio)))
    best = (0, 0, 0)
    for columns in range(max(6, int(wanted * 0.85)), max(8, int(wanted * 1.15)) + 1):
        rows = triangles // columns // 2 + 1
        if rows >= 3:
            best = max(best, (columns * (2 * rows - 2), columns, rows))
    return (best[1], best[2]) if best[0] else (max(6, triangles // 4), 3)


def _resampled(curve: Floats, length: Floats, rows: int) -> tuple[Floats, Floats, Floats]:
    """rows + 1 points along the curve, closer where it bends: (radius, height, share of length)."""
    even = np.linspace(0, length[-1], 1025)
    steps = [np.diff(np.interp(even, length, curve[:, axis])) for axis in (0, 1)]
    bend = np.abs(np.diff(np.unwrap(np.arctan2(steps[1], steps[0])), prepend=0.0))
    bend[0] = 0.0
    # An edge is spread a little, or many points would fall on one spot.
    bend = np.convolve(bend, np.full(21, 1 / 21), "same")
    weight = 1 / len(bend) + 0.6 * bend / max(bend.sum(), 1e-9)
    measure = np.concatenate([[0.0], np.cumsum(weight)])
    at = np.interp(np.linspace(0, measure[-1], rows + 1), measure, even)
    radius, height = (np.interp(at, length, curve[:, axis]) for axis in (0, 1))
    return radius, height, at / length[-1]


def _ridges(form: Turned, height: Floats) -> Floats:
    """How deep the flutes are at each height."""
    share = height / height.max()
    fade = np.clip((share - 0.06) / 0.25, 0, 1)
    depth = fade * fade * (3 - 2 * fade)
    if not form.to_rim:
        fade = np.clip((0.94 - share) / 0.25, 0, 1)
        depth = depth * fade * fade * (3 - 2 * fade)
    depths: Floats = form.depth * depth
    return depths


def _faces(columns: int, rows: int) -> Ints:
    row, column = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    a = (row * (columns + 1) + column).ravel()
    b, c, d = a + 1, a + columns + 1, a + columns + 2
    lower = np.stack([a, b, d], axis=1)[columns:]  # at the lower pole a and b are one point
    upper = np.stack([a, d, c], axis=1)[: (rows - 1) * columns]
    return np.concatenate([lower, upper])


def _normals(grid: Floats) -> Floats:
    """Across the grid of points, round the seam."""
    along = np.gradient(grid, axis=0)
    ring = grid[:, :-1]
    round_it = np.roll(ring, -1, axis=1) - np.roll(ring, 1, axis=1)
    round_it = np.concatenate([round_it, round_it[:, :1]], axis=1)
    normals = np.cross(round_it, along)
    normals[0], normals[-1] = (0, -1, 0), (0, 1, 0)
    unit: Floats = normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-12)
    return unit


def _smooth(points: Points) -> Floats:
    """A uniform cubic B-spline: stays within its points, touches its ends, and comes the closer
    to a point the more often it is given."""
    control = np.array([points[0]] * 2 + points + [points[-1]] * 2)
    t = np.linspace(0, 1, 33)[:-1, None]
    basis = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    pieces = [
        sum(weight / 6 * control[i + k] for k, weight in enumerate(basis))
        for i in range(len(control) - 3)
    ]
    curve: Floats = np.concatenate([*pieces, control[-1:]])
    curve = curve[np.concatenate([[True], np.hypot(*np.diff(curve, axis=0).T) > 1e-9])]
    return curve


def _between(rng: random.Random, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


# --- forms: (radius, height) from the bottom's middle outwards, up, and back to the axis --------


def _vase(rng: random.Random) -> Points:
    foot, belly = _between(rng, 0.2, 0.3), _between(rng, 0.42, 0.62)
    middle, throat = _between(rng, 0.34, 0.6), _between(rng, 0.76, 0.87)
    neck = _between(rng, 0.09, 0.22)
    rim = neck + _between(rng, 0.05, 0.17)
    return [
        (0, 0.02), (foot * 0.8, 0.02), (foot * 0.86, 0), (foot, 0), (foot, 0), (foot, 0.035),
        (foot * 0.86, 0.075), (belly * 0.85, middle * 0.55), (belly, middle),
        (belly * 0.72, (middle + throat) / 2 + 0.02), (neck, throat), (neck * 1.02, throat + 0.06),
        (rim, 0.985), (rim, 1), (rim, 1), (rim - 0.03, 1.0), (neck - 0.03, throat + 0.05),
        (neck - 0.03, throat), (belly * 0.7 - 0.05, (middle + throat) / 2), (belly - 0.05, middle),
        (belly * 0.8 - 0.05, middle * 0.55), (foot * 0.7, 0.13), (0, 0.1),
    ]  # fmt: skip


def _bowl(rng: random.Random) -> Points:
    foot, wide, high = _between(rng, 0.2, 0.28), _between(rng, 0.5, 0.6), _between(rng, 0.4, 0.6)
    flare = _between(rng, -0.05, 0.08)
    return [
        (0, 0.03), (foot * 0.8, 0.03), (foot * 0.85, 0), (foot, 0), (foot, 0), (foot * 0.97, 0.05),
        (foot * 1.05, 0.08), (wide * 0.92, high * 0.38), (wide, high * 0.75),
        (wide + flare, high), (wide + flare, high), (wide + flare - 0.025, high + 0.005),
        (wide - 0.045, high * 0.77), (wide * 0.87 - 0.02, high * 0.45), (foot * 0.9, 0.13),
        (0, 0.12),
    ]  # fmt: skip


def _goblet(rng: random.Random) -> Points:
    foot, stem = _between(rng, 0.26, 0.34), _between(rng, 0.04, 0.06)
    knot, at = _between(rng, 0.12, 0.2), _between(rng, 0.24, 0.34)
    cup, lip = _between(rng, 0.36, 0.46), _between(rng, 0.24, 0.36)
    return [
        (0, 0.02), (foot * 0.7, 0.015), (foot, 0), (foot, 0), (foot, 0.025), (foot * 0.7, 0.05),
        (stem * 1.6, 0.09), (stem, 0.15), (stem, at - 0.06), (knot, at - 0.015), (knot, at + 0.015),
        (stem, at + 0.06), (stem, 0.42), (stem * 1.7, 0.46), (cup * 0.9, 0.53), (cup, 0.68),
        (lip + 0.02, 0.9), (lip, 1), (lip, 1), (lip - 0.02, 1), (lip - 0.005, 0.9),
        (cup - 0.035, 0.68), (cup * 0.8, 0.56), (0.05, 0.5), (0, 0.5),
    ]  # fmt: skip


def _bottle(rng: random.Random) -> Points:
    body, shoulder = _between(rng, 0.2, 0.32), _between(rng, 0.45, 0.62)
    neck = _between(rng, 0.055, 0.085)
    return [
        (0, 0.03), (body * 0.7, 0.02), (body * 0.9, 0), (body, 0.02), (body, 0.05), (body, 0.2),
        (body, shoulder), (body * 0.9, shoulder + 0.1), (neck, shoulder + 0.17), (neck, 0.9),
        (neck, 0.925), (neck * 1.5, 0.93), (neck * 1.5, 0.93), (neck * 1.5, 0.995),
        (neck * 1.5, 0.995), (neck * 0.75, 1), (neck * 0.7, 0.97), (neck * 0.7, 0.8), (0, 0.79),
    ]  # fmt: skip


def _figure(rng: random.Random) -> Points:
    """A chess piece: a stepped foot, a waist, a collar, a head."""
    foot, waist = _between(rng, 0.29, 0.35), _between(rng, 0.1, 0.14)
    collar, neck = _between(rng, 0.19, 0.24), _between(rng, 0.56, 0.64)
    base: Points = [
        (0, 0), (foot, 0), (foot, 0), (foot, 0), (foot, 0.07), (foot, 0.09), (foot * 0.86, 0.1),
        (foot * 0.82, 0.11), (foot * 0.9, 0.14), (foot * 0.84, 0.17), (foot * 0.6, 0.19),
        (waist * 1.25, 0.32), (waist, 0.45), (waist * 0.95, neck - 0.05), (collar, neck - 0.02),
        (collar, neck - 0.01), (collar, neck + 0.02), (collar * 0.55, neck + 0.035),
    ]  # fmt: skip
    rest = 1 - neck - 0.04
    heads: list[Points] = [
        [(0.09, 0.05), (0.2, 0.2), (0.23, 0.5), (0.2, 0.82), (0.1, 1.0), (0, 1)],  # a ball
        [(0.1, 0.04), (0.2, 0.25), (0.19, 0.45), (0.09, 0.75), (0.045, 0.83), (0.05, 0.88),
         (0.06, 0.94), (0.03, 1), (0, 1)],  # an onion with a knob
        [(0.11, 0.04), (0.12, 0.35), (0.22, 0.62), (0.24, 0.75), (0.24, 0.76), (0.2, 0.76),
         (0.12, 0.86), (0.05, 0.9), (0.06, 0.95), (0.04, 1), (0, 1)],  # a crown
    ]  # fmt: skip
    head = heads[int(rng.random() * len(heads))]
    return base + [(radius, neck + 0.04 + share * rest) for radius, share in head]


Form = Callable[[random.Random], Points]
FORMS: tuple[tuple[set[str], Form], ...] = (
    ({"vase", "urn", "pot", "amphora", "jar", "jug", "pitcher", "lamp"}, _vase),
    ({"goblet", "cup", "chalice", "glass", "trophy", "grail", "mushroom"}, _goblet),
    ({"bowl", "dish", "basin", "plate", "fountain"}, _bowl),
    ({"bottle", "flask", "potion", "vial"}, _bottle),
    ({"pawn", "chess", "figure", "king", "queen", "bishop", "column", "tower", "robot", "man",
      "woman", "knight", "statue", "character", "person"}, _figure),
)  # fmt: skip
NAMES = frozenset[str]().union(*(names for names, _ in FORMS))
