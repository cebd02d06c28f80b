"""Patterns for generated models: every texel is one of three colors in one of many shades."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .palette import Color, Palette
from .png import write_indexed

if TYPE_CHECKING:
    from .gltf import Floats, Ints

MAIN, ACCENT, LINE = 0, 1, 2
SHADES = 84  # of each color


@dataclass
class Canvas:
    """What patterns are drawn on. u: round the form, y: up, cloud: noise, all 0..1; tones and
    colors as in `picture`. All (size, size)."""

    rng: random.Random
    u: Floats
    y: Floats
    cloud: Floats
    tones: Floats
    colors: Ints


def picture(tones: Floats, colors: Ints, palette: Palette) -> bytes:
    """A PNG. tones: 0 dark to 1 light; colors: MAIN, ACCENT or LINE; both (size, size)."""
    shades = np.rint(np.round(np.clip(tones, 0, 1), 6) * (SHADES - 1))
    indices = (colors * SHADES + shades).astype(np.uint8)
    ramps = [_ramp(color) for color in (palette.main, palette.accent, palette.line)]
    return write_indexed(indices, np.concatenate(ramps).astype(np.uint8))


def _ramp(color: Color) -> Floats:
    """From a deep to a light shade of a color; the color itself at two thirds."""
    base = np.array(color, float)
    share = np.linspace(-1, 0.5, SHADES)[:, None]
    dark, light = base * [0.5, 0.5, 0.58], base + (255 - base) * 0.45
    toward = np.where(share < 0, base - dark, light - base)
    ramp: Floats = np.rint(base + toward * share)
    return ramp


def noise(rng: random.Random, size: int, cells: int, octaves: int = 4) -> Floats:
    """Smooth noise that repeats at its edges, about 0 to 1, (size, size)."""
    total, weight = np.zeros((size, size)), 0.0
    for octave in range(octaves):
        count = cells << octave
        if count > size // 2:
            break
        grid = np.array([rng.random() for _ in range(count * count)]).reshape(count, count)
        at = np.arange(size) * count / size
        cell, t = at.astype(int), at % 1
        t = t * t * (3 - 2 * t)
        after = (cell + 1) % count
        rows = grid[cell] * (1 - t)[:, None] + grid[after] * t[:, None]
        total += (rows[:, cell] * (1 - t) + rows[:, after] * t) * 0.5**octave
        weight += 0.5**octave
    return np.round(total / weight, 9)


def turned_texture(
    rng: random.Random, size: int, palette: Palette, height: Floats, rim: float
) -> bytes:
    """For a turned form. height: 0..1 for each row of the texture; rim: share of rows from the
    bottom of the texture where the inside begins. Row 0 is the end of the curve."""
    u = np.broadcast_to(np.arange(size) / size, (size, size))
    v = 1 - (np.arange(size) + 0.5) / size
    y = np.broadcast_to(height[:, None], (size, size))
    cloud = noise(rng, size, 3, 5)
    fine = noise(rng, size, 48, 3)
    tones = 0.52 + 0.34 * (cloud - 0.5) + 0.22 * (fine - 0.5)
    canvas = Canvas(rng, u, y, cloud, tones, np.zeros((size, size), np.int64))
    PATTERNS[int(rng.random() * len(PATTERNS))](canvas)
    tones, colors = canvas.tones, canvas.colors
    if rim < 0.9:
        inside = v > rim + 0.008
        colors[inside] = ACCENT if rng.random() < 0.5 else MAIN
        tones[inside] = (0.5 + 0.2 * (fine - 0.5))[inside]
        lip = np.abs(v - rim) < 0.012
        colors[lip], tones[lip] = LINE, 0.6
    return picture(tones, colors, palette)


def _drip(canvas: Canvas) -> None:
    """Glaze that ran down."""
    rng, u, y = canvas.rng, canvas.u, canvas.y
    level = 0.3 + 0.25 * rng.random()
    waves = sum(
        np.sin(2 * np.pi * (k * u + rng.random())) * (0.06 + 0.05 * rng.random()) / (1 + 0.35 * i)
        for i, k in enumerate((2, 3, 5, 9, 14))
    )
    edge = y - level - 0.6 * waves - 0.05 * (canvas.cloud - 0.5)
    canvas.colors[edge < 0] = ACCENT
    canvas.tones += 0.25 * np.exp(-np.abs(edge) * 26) * np.where(edge < 0, -1, -0.6)
    canvas.tones += np.clip(edge, 0, 0.6) * 0.25


def _bands(canvas: Canvas) -> None:
    """Rings of the brush, and a frieze of diamonds, waves or dots."""
    rng, u, y = canvas.rng, canvas.u, canvas.y
    wobble = y + 0.006 * np.sin(2 * np.pi * (3 * u + rng.random()))
    low = 0.36 + 0.12 * rng.random()
    high = low + 0.16 + 0.08 * rng.random()
    zone = (wobble > low) & (wobble < high)
    canvas.colors[zone] = ACCENT
    count = (10, 12, 16, 20)[int(rng.random() * 4)]
    across = np.abs((u * count) % 1 * 2 - 1)
    up = np.abs((wobble - low) / (high - low) * 2 - 1)
    kind = rng.random()
    if kind < 0.4:
        figure = across + up < 0.8
        canvas.colors[zone & (np.abs(across + up - 0.95) < 0.06)] = LINE
    elif kind < 0.7:
        wave = 0.5 * np.sin(2 * np.pi * u * count)
        figure = np.abs(((wobble - low) / (high - low) * 2 - 1) - wave) < 0.2
    else:
        figure = across**2 + up**2 < 0.3
    canvas.colors[zone & figure] = MAIN
    for line in (low - 0.018, low, high, high + 0.018, 0.12, 0.86):
        canvas.colors[np.abs(wobble - line) < 0.0055] = LINE
    for _ in range(2):
        at = 0.12 + 0.72 * rng.random()
        if not low - 0.05 < at < high + 0.05:
            canvas.colors[np.abs(wobble - at) < 0.012 + 0.012 * rng.random()] = ACCENT


def _marbled(canvas: Canvas) -> None:
    """Veins."""
    rng, u, y = canvas.rng, canvas.u, canvas.y
    warp = canvas.cloud + 0.5 * noise(rng, len(u), 6, 3)
    vein = np.abs(np.sin(np.pi * (2 * u + 2.5 * y + 3.2 * warp)))
    thin = np.abs(np.sin(np.pi * (3 * u - 2 * y + 4.1 * warp)))
    canvas.colors[vein < 0.1] = ACCENT
    canvas.colors[(thin < 0.03) & (canvas.cloud > 0.4)] = LINE
    canvas.tones += 0.16 * (vein - 0.6)


def _speckled(canvas: Canvas) -> None:
    """Sprinkled, denser towards the bottom."""
    rng, u, y = canvas.rng, canvas.u, canvas.y
    size = len(u)
    spots = noise(rng, size, 64, 1) + 0.25 * noise(rng, size, 8, 2)
    canvas.colors[spots > 0.98 + 0.16 * y - 0.1] = ACCENT
    dots = noise(rng, size, 96, 1)
    canvas.colors[dots > 0.93] = LINE
    canvas.colors[y < 0.14 + 0.03 * (canvas.cloud - 0.5)] = LINE
    canvas.tones += 0.2 * (y - 0.5)


def _spiral(canvas: Canvas) -> None:
    """Swirled stripes."""
    rng, u, y = canvas.rng, canvas.u, canvas.y
    count = (3, 4, 5, 6)[int(rng.random() * 4)]
    slope = (1 if rng.random() < 0.5 else -1) * (1.0 + 1.6 * rng.random())
    phase = (count * u + slope * y * 2 + 0.12 * (canvas.cloud - 0.5)) % 1
    canvas.colors[phase < 0.36] = ACCENT
    canvas.colors[(np.abs(phase - 0.4) < 0.02) | (np.abs(phase - 0.96) < 0.02)] = LINE


PATTERNS = (_drip, _bands, _bands, _marbled, _speckled, _spiral)


def gem_texture(rng: random.Random, size: int, palette: Palette) -> bytes:
    """For crystals: a tint for each column, from pale at the top to deep below, with clouds."""
    v = np.broadcast_to(((np.arange(size) + 0.5) / size)[:, None], (size, size))
    tint = noise(rng, size, 24, 1)[:1]
    cloud, streaks = noise(rng, size, 5, 4), noise(rng, size, 40, 2)
    depth = 0.08 + 0.8 * v + 0.3 * (cloud - 0.5) + 0.55 * (tint - 0.5) + 0.1 * (streaks - 0.5)
    stops = np.array([palette.accent, palette.main, palette.main, palette.line], float)
    at = np.linspace(0, 1, 256)
    ramp = np.stack([np.interp(at, [0, 0.4, 0.6, 1], stops[:, k]) for k in range(3)], axis=1)
    indices = np.rint(np.round(np.clip(depth, 0, 1), 6) * 255).astype(np.uint8)
    return write_indexed(indices, np.rint(ramp).astype(np.uint8))


def rock_texture(rng: random.Random, size: int, palette: Palette) -> bytes:
    """For stones: speckled, with patches of another tone."""
    cloud, grain = noise(rng, size, 4, 5), noise(rng, size, 90, 2)
    colors = np.zeros((size, size), np.int64)
    colors[cloud + 0.3 * grain > 0.74] = ACCENT
    colors[grain + 0.3 * cloud > 0.93] = LINE
    return picture(0.55 + 0.8 * (cloud - 0.5) + 0.5 * (grain - 0.5), colors, palette)
