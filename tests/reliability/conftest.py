"""What the tests of this folder have in common, and a line in the table for each that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.sandbox.server import Sandbox
from tests.services import models

from .blenders import Nursery
from .mounts import in_memory
from .outcomes import Noted, note, told
from .road import Road
from .story import the_road

each_model_is_made_once = pytest.fixture(scope="module", autouse=True)(models.made_once)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Its jobs are done at once, and as many are taken as come. Only the order number makes two
    orders one."""
    with Sandbox(tmp_path / "sandbox", seconds=0, record=True) as sandbox:
        sandbox.rodin.parallel_limit = sandbox.triverse.parallel_limit = 10_000
        sandbox.triverse.uploads_per_minute = 10_000  # an hour passes in seconds
        sandbox.triverse.duplicate_seconds = 0.0
        yield sandbox


@pytest.fixture
def road(monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    with in_memory() as folder, the_road(folder, monkeypatch) as road:
        yield road


@pytest.fixture(scope="session")
def _nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def nursery(_nursery: Nursery) -> Iterator[Nursery]:
    yield _nursery
    _nursery.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """What no trial has noted by itself is noted here: also a test that hung or died."""
    report = yield
    if report.failed and call.excinfo and not isinstance(call.excinfo.value, Noted):
        area = item.path.stem.removeprefix("test_").replace("_", " ")
        note(area, "", item.name, "broke off", wrong=[told(call.excinfo.value)])
    return report
