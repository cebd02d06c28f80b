"""Collects scenarios, for pytest. What is done with each: host.py.

Which Blender: the environment variable MAQUETTE_WINDOW, as tools/windows.py names them; the nox
session `window` sets it, and MAQUETTE_WINDOW_MISSING with the reason where there can be none.
"""

from __future__ import annotations

import inspect
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.window import host
from tests.window.host import windows
from tests.window.scenario import Scenario, scenario_of

NAME = os.environ.get("MAQUETTE_WINDOW") or windows.names()[0]

# Half of a scenario is waiting, even where it computes; those that are `idle` wait nearly always.
_lane = ThreadPoolExecutor(2)
_idle_lane = ThreadPoolExecutor(2)


def pytest_report_header() -> str:
    try:
        return f"window: {NAME}, {windows.version(windows.find(NAME))}"
    except windows.Missing as error:
        return f"no window: {error}"


class ScenarioItem(pytest.Item):
    """One scenario."""

    def __init__(self, *, play: Any, **rest: Any) -> None:
        super().__init__(**rest)
        self.scenario = scenario_of(play)
        self.future: Future[None] | None = None
        self.add_marker(pytest.mark.timeout(0))  # it has limits of its own

    def begin(self) -> None:
        lane = _idle_lane if self.scenario.idle else _lane
        blender = windows.find(NAME)
        self.future = lane.submit(host.perform, blender, self.path, self.name, self.scenario)

    def runtest(self) -> None:
        assert self.future
        try:
            self.future.result()
        except host.NotPlayed as slow:
            pytest.skip(str(slow))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if excinfo.errisinstance(host.Failed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        line = inspect.getsourcelines(self.scenario.starts[0])[1]
        return self.path, line - 1, f"{self.name} in Blender {NAME}"


def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str, obj: object
) -> pytest.Item | None:
    if name.startswith("test_") and inspect.isgeneratorfunction(obj):
        return ScenarioItem.from_parent(collector, name=name, play=obj)
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = os.environ.get("MAQUETTE_WINDOW_MISSING", "")
    if not missing:
        try:
            windows.find(NAME)
        except windows.Missing as error:
            missing = str(error)
    for item in items:
        reason = missing or (isinstance(item, ScenarioItem) and _elsewhere(item.scenario))
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
    items.sort(key=lambda item: isinstance(item, ScenarioItem) and item.scenario.idle)


def _elsewhere(scenario: Scenario) -> str:
    """ "" or why it is not played here."""
    if scenario.only is None or (only := windows.names()[scenario.only]) == NAME:
        return ""
    return f"nothing in it depends on the Blender: played in {only}"


def pytest_collection_finish(session: pytest.Session) -> None:
    """All scenarios begin, a few at once; pytest asks for what came of them in its own order."""
    if session.config.option.collectonly:
        return
    for item in session.items:
        if isinstance(item, ScenarioItem) and not item.get_closest_marker("skip"):
            item.begin()


def pytest_sessionfinish() -> None:
    """After -x or Ctrl+C those that have not begun do not."""
    for lane in (_lane, _idle_lane):
        lane.shutdown(wait=False, cancel_futures=True)


@pytest.fixture(scope="session")
def blender() -> windows.Blender:
    """The Blender that is tested, for tests that open its window themselves."""
    return windows.find(NAME)
