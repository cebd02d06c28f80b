"""Parts of the background Blender's program, without the process: what comes of it is in test_stage
and test_shape."""

from __future__ import annotations

import numpy as np
import pytest
from bl_ext.user_default.maquette.importing import child


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "i4", "i8"])
def test_indices_are_counted_as_numpy_would_sort_them(kind: str) -> None:
    def sorts(*_arguments: object, **_options: object) -> None:
        pytest.fail("they were sorted")

    random = np.random.default_rng(3)
    for size, highest in ((1, 1), (7, 20), (3000, 100), (100, 127)):
        values = random.integers(0, highest, size).astype(kind)
        seen = child.unique(np, sorts, values, return_inverse=True)
        for ours, theirs in zip(seen, np.unique(values, return_inverse=True), strict=True):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    "values",
    [
        [3, 1, 3],
        np.array([], "u4"),
        np.array([-1, 2], "i4"),
        np.array([4_000_000_000, 2], "u4"),
        np.array([0.5, 0.5]),
        np.array([[1, 1], [2, 1]]),
    ],
    ids=str,
)
def test_what_cannot_be_counted_is_sorted(values: object) -> None:
    seen = child.unique(np, np.unique, values, return_inverse=True)
    for ours, theirs in zip(seen, np.unique(values, return_inverse=True), strict=True):
        assert np.array_equal(ours, theirs)


def test_what_else_is_asked_is_answered() -> None:
    values = np.array([7, 2, 7])
    assert child.unique(np, np.unique, values).tolist() == [2, 7]
    _, counts = child.unique(np, np.unique, values, return_counts=True)
    assert counts.tolist() == [1, 2]
