"""The Sandbox's models, made once for many jobs: making them is most of what tests with many jobs
compute."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace

import pytest

import core.sandbox.jobs
from core.sandbox.models import Order, make_model

_made_once = functools.lru_cache(64)(make_model)


def made(order: Order, name: str) -> dict[str, bytes]:
    """As make_model, but with four seeds of all those that Rodin draws: enough to tell one job's
    model from another's."""
    return _made_once(replace(order, seed=order.seed and order.seed % 4), name)


def made_once() -> Iterator[None]:
    """For a fixture: all of a Sandbox's models are such."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.sandbox.jobs, "make_model", made)
        yield
