"""Polyhedra cut by planes, as a cutter of gems does it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .gltf import Floats

    Corner = tuple[float, float, float]
    Plane = tuple[Floats, float]  # outward unit normal, distance from the origin
    Solid = list[tuple[Floats, Floats]]  # of each face: corners (n, 3), outward normal


def cut(planes: list[Plane]) -> Solid:
    """What is below all the planes: they have to enclose the origin."""
    # Plain numbers: faces have few corners, and numpy would take ten times as long.
    cutters = [(*(float(x) for x in normal), distance) for normal, distance in planes]
    solid: Solid = []
    for number, (normal, _) in enumerate(planes):
        face = _square(cutters[number])
        for other, cutter in enumerate(cutters):
            if other != number and face:
                face = _clipped(face, cutter)
        # However small: its neighbors end at its corners, so without it there would be a hole.
        if len(face) >= 3:
            solid.append((np.array(face), normal))
    return solid


def _square(plane: tuple[float, ...]) -> list[Corner]:
    """A large one on the plane, counterclockwise as seen from above it."""
    a, b, c, d = plane
    u = _cross((a, b, c), (1.0, 0.0, 0.0) if abs(a) < 0.8 else (0.0, 1.0, 0.0))
    size = math.hypot(*u) / 9
    u = (u[0] / size, u[1] / size, u[2] / size)
    v = _cross((a, b, c), u)
    ways = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [
        (a * d + s * u[0] + t * v[0], b * d + s * u[1] + t * v[1], c * d + s * u[2] + t * v[2])
        for s, t in ways
    ]


def _cross(one: Corner, two: Corner) -> Corner:
    (a, b, c), (x, y, z) = one, two
    return b * z - c * y, c * x - a * z, a * y - b * x


def _clipped(face: list[Corner], plane: tuple[float, ...]) -> list[Corner]:
    """The part of a convex polygon below a plane."""
    a, b, c, d = plane
    over = [a * x + b * y + c * z - d for x, y, z in face]
    if max(over) <= 1e-9:
        return face
    kept: list[Corner] = []
    for i, (x, y, z) in enumerate(face):
        j = (i + 1) % len(face)
        if over[i] <= 1e-9:
            kept.append((x, y, z))
        if (over[i] > 1e-9) != (over[j] > 1e-9):
            share = over[i] / (over[i] - over[j])
            p, q, r = face[j]
            kept.append((x + (p - x) * share, y + (q - y) * share, z + (r - z) * share))
    return kept


def plane(azimuth: float, elevation: float, distance: float) -> Plane:
    """azimuth round y, elevation over the horizon; radians."""
    flat = math.cos(elevation)
    normal = [flat * math.cos(azimuth), math.sin(elevation), flat * math.sin(azimuth)]
    return np.array(normal), distance


def moved(solid: Solid, turn: Floats, offset: Floats, scale: float = 1.0) -> Solid:
    return [(face @ turn.T * scale + offset, normal @ turn.T) for face, normal in solid]


def tilt(azimuth: float, angle: float) -> Floats:
    """The rotation that leans the y axis by `angle` towards `azimuth`."""
    c, s = math.cos(azimuth), math.sin(azimuth)
    around = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    c, s = math.cos(angle), math.sin(angle)
    lean = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    tilt: Floats = around.T @ lean @ around
    return tilt


def stretched(solid: Solid, stretch: Floats, offset: Floats) -> Solid:
    return [
        (face * stretch + offset, normal / stretch / np.linalg.norm(normal / stretch))
        for face, normal in solid
    ]


def on_ground(solid: Solid) -> Solid:
    """Without what is below y = 0."""
    corners = np.concatenate([face for face, _ in solid])
    middle = corners.mean(axis=0)
    planes = [(normal, float((face[0] - middle) @ normal)) for face, normal in solid]
    planes.append((np.array([0.0, -1.0, 0.0]), float(middle[1])))
    return [(face + middle, normal) for face, normal in cut(planes)]
