"""Reliefs: a picture as a closed plate whose front stands out where the picture is bright.

A transparent picture is cut out along its outline. The plate stands upright and faces +z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .gltf import Mesh

if TYPE_CHECKING:
    import numpy.typing as npt

    from .gltf import Floats, Ints
    from .png import Bytes

    Mask = npt.NDArray[np.bool_]

THICKNESS, RISE = 0.05, 0.13  # shares of the larger side
SOLID = 0.5  # opacity from which a part of the picture belongs to the plate


def relief(pixels: Bytes | None, width: int, height: int, triangles: int) -> Mesh:
    """pixels: (height, width, 4) RGBA, or None: a flat plate of that aspect. At most, and nearly,
    so many triangles."""
    side = max(width, height)
    size = (width / side, height / side)
    if pixels is None:
        light, opacity = np.ones((8, 8)), np.ones((8, 8))
    else:
        light = (pixels[:, :, :3] @ np.array([0.2126, 0.7152, 0.0722])) / 255
        opacity = pixels[:, :, 3] / 255
        if (opacity >= SOLID).mean() < 0.01:  # nothing would be left
            opacity = np.ones_like(opacity)
        light = light * opacity
    cells, opaque = _cells(opacity, size, triangles)
    rows, columns = cells.shape
    points = _outline(opaque, cells)
    rise = _rise(light, opacity, rows, columns)
    return _plate(cells, points, rise, size)


def _cells(opacity: Floats, size: tuple[float, float], triangles: int) -> tuple[Mask, Floats]:
    """(which cells of the grid are solid, opacity at its corners) for the finest grid that gives
    no more triangles than wanted: two in front and two behind for each cell, two for each side."""
    share = max(float((opacity >= SOLID).mean()), 0.02)
    whole = bool((opacity >= SOLID).all())
    step = (4 * share * size[0] * size[1] / max(triangles, 1)) ** 0.5
    best: tuple[Mask, Floats] | None = None
    for _ in range(60):
        rows, columns = max(2, round(size[1] / step)), max(2, round(size[0] / step))
        if whole:
            rows, columns = _whole_grid(columns, triangles)
            return np.ones((rows, columns), bool), np.ones((rows + 1, columns + 1))
        opaque = _sampled(opacity, rows + 1, columns + 1)
        middle = (opaque[1:, 1:] + opaque[:-1, 1:] + opaque[1:, :-1] + opaque[:-1, :-1]) / 4
        cells = _without_corner_contacts(middle >= SOLID)
        if not cells.any():
            cells = _without_corner_contacts(middle >= middle.max())
        best = cells, opaque
        if 4 * int(cells.sum()) + 2 * _sides(cells) <= triangles or rows + columns <= 4:
            break
        step *= 1.012
    assert best is not None
    return best


def _whole_grid(columns: int, triangles: int) -> tuple[int, int]:
    """(rows, columns) of a plate without holes, near to `columns`, that uses up the triangles."""
    grids = []
    for count in range(max(2, int(columns * 0.85)), int(columns * 1.1) + 2):
        rows = max(2, (triangles - 4 * count) // (4 * count + 4))
        grids.append((4 * (rows * count + rows + count), rows, count))
    return max(grid for grid in grids if grid[0] <= triangles or grid is grids[0])[1:]


def _sides(cells: Mask) -> int:
    framed = np.pad(cells, 1).astype(np.int8)
    return int(np.abs(np.diff(framed, axis=0)).sum() + np.abs(np.diff(framed, axis=1)).sum())


def _without_corner_contacts(cells: Mask) -> Mask:
    """Cells that touch at a corner only would share an edge with four walls: fill beside them."""
    cells = cells.copy()
    while True:
        a, b, c, d = cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]
        falling, rising = a & d & ~b & ~c, b & c & ~a & ~d
        if not (falling.any() or rising.any()):
            return cells
        b |= falling
        a |= rising


def _sampled(values: Floats, rows: int, columns: int) -> Floats:
    """Averages of the picture around the points of a grid that spans it."""
    for axis, count in ((0, rows), (1, columns)):
        length = values.shape[axis]
        edges = (np.arange(count + 1) - 0.5) / (count - 1) * length
        total = np.concatenate(
            [np.zeros_like(values.take([0], axis)), np.cumsum(values, axis=axis)], axis=axis
        )
        edges = np.clip(edges, 0, length)
        at = np.minimum(edges.astype(int), length - 1)
        part = edges - at
        shape = (-1, 1) if axis == 0 else (1, -1)
        sums = total.take(at, axis) + values.take(at, axis) * part.reshape(shape)
        values = np.diff(sums, axis=axis) / np.diff(edges).reshape(shape)
    return values


def _blurred(values: Floats, radius: int) -> Floats:
    """Three running averages, nearly a Gaussian."""
    for _ in range(3):
        for axis in (0, 1):
            window = min(2 * radius + 1, 2 * values.shape[axis] - 1)
            half = window // 2
            ends = [(half + 1, half) if a == axis else (0, 0) for a in (0, 1)]
            total = np.cumsum(np.pad(values, ends, mode="edge"), axis=axis)
            length = values.shape[axis]
            upper = total.take(range(2 * half + 1, 2 * half + 1 + length), axis)
            values = (upper - total.take(range(length), axis)) / (2 * half + 1)
    return values


def _rise(light: Floats, opacity: Floats, rows: int, columns: int) -> Floats:
    """How far the front stands out at each point of the grid, 0..1: the picture's light without
    its grain, rounded off towards the outline."""
    bright = _sampled(light, rows + 1, columns + 1)
    solid = _sampled(np.clip(opacity, 0, 1), rows + 1, columns + 1)
    scale = max(rows, columns)
    fine = _blurred(bright, max(1, round(scale * 0.006)))
    coarse = _blurred(bright, max(1, round(scale * 0.03)))
    shape = 0.65 * fine + 0.35 * coarse
    low, high = float(shape.min()), float(shape.max())
    if high - low > 0.02:
        shape = (shape - low) / (high - low)
    else:
        shape = np.zeros_like(shape)
    if solid.min() < SOLID:
        round_off = np.clip(_blurred(solid, max(1, round(scale * 0.025))) * 2 - 1, 0, 1)
        shape = (0.35 + 0.65 * shape) * np.sqrt(round_off)
    else:
        y, x = np.ogrid[0 : rows + 1, 0 : columns + 1]
        border = np.minimum(np.minimum(x, columns - x), np.minimum(y, rows - y)) / scale
        ease = np.clip(border / 0.03, 0, 1)
        shape = shape * ease * ease * (3 - 2 * ease)
    return shape


def _outline(opaque: Floats, cells: Mask) -> Floats:
    """The grid's points as (x, y) in picture shares; near an outline they are drawn onto it, so
    that it runs smoothly and not in steps: (rows + 1, columns + 1, 2)."""
    rows, columns = cells.shape
    grid: Floats = np.moveaxis(np.mgrid[0 : rows + 1, 0 : columns + 1].astype(float), 0, -1)
    if opaque.min() < SOLID:
        # A fine grid has steps of its own; a coarse one was averaged already.
        soft = _blurred(opaque, 1) if max(rows, columns) > 48 else opaque
        slope = np.stack([np.gradient(soft, axis=axis) for axis in (0, 1)], axis=-1)
        steep = (slope * slope).sum(axis=2)
        way = np.where(steep > 1e-3, (SOLID - soft) / np.maximum(steep, 1e-3), 0)
        size = np.abs(way) * np.sqrt(steep)
        way = np.where(size > 0.9, 0, way * np.minimum(1, 0.45 / np.maximum(size, 1e-9)))
        still, move = grid.copy(), way[:, :, None] * slope
        for _ in range(8):
            grid = still + move
            folded = _folded(grid, cells)
            if not folded.any():
                break
            move[folded] *= 0.5
        move[_folded(grid, cells)] = 0
        grid = still + move
    points: Floats = np.clip(grid[:, :, ::-1] / [columns, rows], 0, 1)
    return points


def _folded(grid: Floats, cells: Mask) -> Mask:
    """The points of solid cells one of whose triangles has become a splinter or turned over."""
    folded = np.zeros(grid.shape[:2], bool)
    bad = cells & (np.maximum(*_smallest(grid)) < 0.15)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        folded[down : down + cells.shape[0], right : right + cells.shape[1]] |= bad
    return folded


def _smallest(grid: Floats) -> tuple[Floats, Floats]:
    """Twice the area, in cells, of the smaller triangle of each cell, if it is divided from upper
    left to lower right, and if the other way."""
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    doubled = []
    for one, two, three in ((a, c, d), (a, d, b), (a, c, b), (b, c, d)):
        u, v = two - one, three - one
        doubled.append(u[:, :, 0] * v[:, :, 1] - u[:, :, 1] * v[:, :, 0])
    return np.minimum(*doubled[:2]), np.minimum(*doubled[2:])


def _plate(cells: Mask, points: Floats, rise: Floats, size: tuple[float, float]) -> Mesh:
    rows, columns = cells.shape
    uv = points.reshape(-1, 2)
    flat = np.stack([uv[:, 0] * size[0], (1 - uv[:, 1]) * size[1]], axis=1)
    count = len(flat)
    front = np.column_stack([flat, THICKNESS + RISE * rise.reshape(-1)])
    back = np.column_stack([flat, np.zeros(count)])

    r, c = np.nonzero(cells)
    a = r * (columns + 1) + c  # upper left; then upper right, lower left, lower right
    b, d, e = a + 1, a + columns + 1, a + columns + 2
    falling, rising = _smallest(points[:, :, ::-1] * [rows, columns])
    other = (rising > falling)[r, c]  # divided where it gives the better triangles
    facing = np.concatenate(
        [
            np.stack([a, d, np.where(other, b, e)], 1),
            np.stack([np.where(other, b, a), np.where(other, d, e), np.where(other, e, b)], 1),
        ]
    )
    starts, ends = _walls(cells, columns).T

    normals_front = _front_normals(front.reshape(rows + 1, columns + 1, 3))
    along = front[ends] - front[starts]
    out = np.column_stack([along[:, 1], -along[:, 0], np.zeros(len(along))])
    ways_out = _smoothed_round(out, starts, ends, count)
    n = len(starts)
    quad = np.arange(n)
    wall_faces = np.concatenate(
        [
            np.stack([quad, quad + n, quad + 2 * n], 1),
            np.stack([quad + n, quad + 3 * n, quad + 2 * n], 1),
        ]
    )
    positions = np.concatenate([front, back, back[starts], back[ends], front[starts], front[ends]])
    normals = np.concatenate(
        [normals_front, np.tile([0.0, 0.0, -1.0], (count, 1)), *ways_out, *ways_out]
    )
    uvs = np.concatenate([uv, uv, uv[starts], uv[ends], uv[starts], uv[ends]])
    faces = np.concatenate([facing, facing[:, ::-1] + count, wall_faces + 2 * count])
    used, index = np.unique(faces.ravel(), return_inverse=True)
    return Mesh(positions[used], normals[used], uvs[used], index.reshape(-1, 3))


def _walls(cells: Mask, columns: int) -> Ints:
    """(start, end) of each side between a solid cell and none, the solid one at its left as seen
    from the front."""
    framed = np.pad(cells, 1)
    inner = framed[1:-1, 1:-1]
    found = []
    for empty, start, end in (
        (~framed[:-2, 1:-1], (0, 1), (0, 0)),  # above: from right to left
        (~framed[2:, 1:-1], (1, 0), (1, 1)),
        (~framed[1:-1, :-2], (0, 0), (1, 0)),
        (~framed[1:-1, 2:], (1, 1), (0, 1)),
    ):
        r, c = np.nonzero(inner & empty)
        found.append(
            np.stack([(r + dy) * (columns + 1) + c + dx for dy, dx in (start, end)], axis=1)
        )
    return np.concatenate(found)


def _front_normals(grid: Floats) -> Floats:
    down, right = np.gradient(grid, axis=0), np.gradient(grid, axis=1)
    normals = np.cross(down, right).reshape(-1, 3)
    size = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(size > 1e-12, normals / np.maximum(size, 1e-12), [0.0, 0.0, 1.0])


def _smoothed_round(out: Floats, starts: Ints, ends: Ints, count: int) -> tuple[Floats, Floats]:
    """The walls' normals at their starts and ends: as the neighbouring wall's where the outline
    bends softly, hard at corners."""
    out = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
    total = np.zeros((count, 3))
    np.add.at(total, starts, out)
    np.add.at(total, ends, out)
    both = []
    for corner in (starts, ends):
        mean = total[corner]
        mean = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        soft = (mean * out).sum(axis=1, keepdims=True) > 0.8
        both.append(np.where(soft, mean, out))
    return both[0], both[1]
