"""Tests in a real Blender window. Start reading here.

A scenario is a generator function `test_…(artist)` in a file `test_….py` of this folder. Blender
runs it, one process each, with an empty profile into which the built zip was installed; pytest
collects and judges it. The file is imported on both sides, so it imports neither bpy nor pytest
at its top; inside the functions all of Blender is there.

    from tests.window.scenario import scenario

    @scenario(network=False)
    def test_first_click(artist):
        yield from artist.open_sidebar()                # N, then our tab
        yield from artist.fill("maquette.prompt", "a blue vase")
        yield from artist.click("maquette.generate")    # finds the button, clicks on it
        yield from artist.until(lambda: artist.models(), 30, "the model in the scene")
        yield from artist.key("Z", ctrl=True)
        yield from artist.screenshot("undone")          # kept beside the log
        assert not artist.models()

`yield seconds` (or plain `yield`: the next turn of the main loop) lets Blender go on; whatever
takes time is a generator itself: `yield from`. An assert that fails, a wait that runs out and any
exception end the scenario with a picture. All of artist.py is meant to be used:

    waits     until(condition, seconds, what) · settle() until the main loop runs smoothly
    mouse     move(x, y) · click_at(x, y) · drag((x, y), (x, y)) · scroll(lines)
              Pixels of the window, origin at the bottom left. `artist.window` is meant, the
              first one; another after artist.window_number = -1 (the newest).
    keys      key("Z", ctrl=True) · type("words") · both go to what is under the mouse:
              to_view() puts it over the middle of the 3D view
    buttons   find, click, hover("maquette.generate") by operator, also with properties:
              click("maquette.cancel", task_id=…) · fields by data path: fill("maquette.prompt", …),
              click_field("maquette.service"), choose("maquette.service", "rodin")
              all take area="VIEW_3D", region="UI": click("file.execute", area="FILE_BROWSER",
              region="EXECUTE") · labels and headers of sub-panels cannot be found: click beside
              what is found: x, y = yield from artist.find("maquette.picture_add")
    ours      open_sidebar() · widen_sidebar(pixels) · session (the extension's module) · task()
              models(): names of objects that came from tasks · folder: files kept between starts
              left(): what of the extension Blender has: timers, operators, classes, keys…
    more      screenshot(name) · say(words) into the log · override(): a bpy context for operators
              of Blender's own that only prepare the stage
    ends      at the last line (open tasks go on until the extension is disabled), or
              `yield from artist.quit()`: Blender is quit now as it stands, or
              artist.die(): SIGKILL, now.

Several starts on one profile are several functions; each but the last says how it ends:

    @scenario(service=slow)
    def test_killed_mid_job(artist):
        …
        artist.die()

    @next_start(test_killed_mid_job)
    def afterwards(artist): …

A service with faults is a Sandbox in pytest's process; Blender gets the URLs and keys of both
protocols in its environment:

    def slow(sandbox):                  # runs on the host: may import tests.services.faults
        sandbox.seconds = 20
        yield
        assert len(sandbox.charges) == 1

After a scenario nothing of ours may be left: see `tidy` in inside.py and `problems_in_log` in
host.py for what is looked at. Expected errors are named: expected=("The key is wrong",).

    nox -s "window(4.3.2)" -- -k first_click        one scenario, in one Blender
    python tools/windows.py 5.2.2 -- try.py         the scenarios of any file, without pytest

Log and pictures are in .nox/window/<Blender>/<scenario>, the profile too if it failed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.sandbox.server import Sandbox

    from .artist import Artist

Steps = Generator[float | None, None, None]
Play = Callable[["Artist"], Steps]


@dataclass
class Scenario:
    """network: False: the machine hears only itself. online: True: --online-mode, which services
    other than the built-in Sandbox need, also one on this machine; False: --offline-mode; None: as
    in the preferences, where Allow Online Access is off at first. environment: for Blender.
    service: see above. size: of screen and window, pixels. scale: of the interface. language: as in
    the preferences ("de_DE"). seconds: for each start of Blender. idle: takes long but computes
    little; runs beside the others. nap: seconds that the main loop sleeps at a time, while nothing
    is due. only: where nothing depends on the Blender, the one in which it is played, 0 the first,
    -1 the last. expected: patterns (re.search) of lines in the log that would otherwise fail it,
    such as "The key is wrong"."""

    network: bool = True
    online: bool | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    service: Callable[[Sandbox], Iterator[None]] | None = None
    size: tuple[int, int] = (1280, 960)
    scale: float = 1.0
    language: str = ""
    seconds: float = 120.0
    idle: bool = False
    nap: float = 0.01
    only: int | None = None
    expected: tuple[str, ...] = ()
    starts: list[Play] = field(default_factory=list)


def scenario(**options: object) -> Callable[[Play], Play]:
    """Says under which circumstances a scenario is played: the fields of Scenario."""

    def mark(play: Play) -> Play:
        play.scenario = Scenario(**options, starts=[play])  # type: ignore[attr-defined, arg-type]
        return play

    return mark


def next_start(first: Play) -> Callable[[Play], Play]:
    """What is done when Blender starts once more on the profile that `first` leaves."""

    def add(play: Play) -> Play:
        scenario_of(first).starts.append(play)
        return play

    return add


def scenario_of(play: Play) -> Scenario:
    if not hasattr(play, "scenario"):
        scenario()(play)
    return play.scenario  # type: ignore[attr-defined, no-any-return]
