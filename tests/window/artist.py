"""The hands and eyes of a scenario, inside Blender. What may be used: scenario.py.

Everything goes through `Window.event_simulate` (Blender was started with --enable-event-simulate),
so it takes the way of real mouse and keyboard. Where a button lies Blender tells nobody; but it
knows the button under the mouse, and two of its operators copy what that stands for to the
clipboard (`UI_OT_copy_python_command_button`, `UI_OT_copy_data_path_button`,
source/blender/editors/interface/interface_ops.cc). So the mouse is moved over a region until it
is found. Positions are remembered but looked at again before each click.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy

from .scenario import Steps

PACKAGE = "bl_ext.user_default.maquette"
LINE = 20  # height of a button in pixels at scale 1 (U.widget_unit)
# Most buttons are met in the middle of a region. Where the small ones are, in lines from its left
# or (negative) right edge. Others are found, too, but that takes ten times as long.
SMALL = {
    "maquette.balance": -0.9,
    "maquette.quote": -0.9,
    "maquette.remove": -0.9,
    "maquette.select": 2.0,
}


class Failure(Exception):
    """What a scenario waited or looked for was not there."""


class Artist:
    def __init__(self, folder: Path, result: Path) -> None:
        self.folder = folder
        self.window_number = 0
        self._result = result
        self._begun = time.monotonic()
        self._mouse = (0, 0)
        self._places: dict[tuple[str, str, str], tuple[int, int]] = {}
        # What of ours Blender still has: timers, handlers, classes… Set by inside.py.
        self.left: Callable[[], list[str]] = list

    # --- what there is ----------------------------------------------------------------------

    @property
    def window(self) -> bpy.types.Window:
        """Looked up each time: opening a file makes them anew."""
        return bpy.context.window_manager.windows[self.window_number]

    @property
    def session(self) -> ModuleType:
        return sys.modules[f"{PACKAGE}.session"]

    @property
    def arrivals(self) -> ModuleType:
        return sys.modules[f"{PACKAGE}.arrivals"]

    @property
    def sitting(self) -> str:
        """Another one for each file that is open."""
        return sys.modules[f"{PACKAGE}.importing.origins"].sitting

    def task(self) -> Any:
        """The newest task, None if there is none."""
        tasks = self.session.tasks()
        return tasks[0] if tasks else None

    def models(self) -> list[str]:
        """The objects of the window's scene that came from tasks."""
        return sorted(o.name for o in self.window.scene.objects if "maquette_task" in o)

    def area(self, kind: str = "VIEW_3D") -> bpy.types.Area:
        """The largest one of the window. Errors: Failure."""
        found = [area for area in self.window.screen.areas if area.type == kind]
        if not found:
            raise Failure(f"there is no {kind} in the window")
        return max(found, key=lambda area: area.width * area.height)

    def region(self, area: str = "VIEW_3D", region: str = "UI") -> bpy.types.Region:
        found = [r for r in self.area(area).regions if r.type == region and r.width > 1]
        if not found:
            raise Failure(f"{area} shows no region {region}")
        return found[0]

    def override(
        self, area: str = "VIEW_3D", region: str = "WINDOW"
    ) -> AbstractContextManager[None]:
        return bpy.context.temp_override(
            window=self.window, area=self.area(area), region=self.region(area, region)
        )

    def say(self, words: str) -> None:
        print(f"· {time.monotonic() - self._begun:5.1f} {words}", flush=True)

    # --- waits --------------------------------------------------------------------------------

    def until(self, condition: Callable[[], object], seconds: float, what: str) -> Steps:
        """Errors: Failure, if it is not true after so long."""
        self.say(f"waits for {what}")
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"waited {seconds:g} s in vain for {what}")
            yield 0.05

    def settle(self, seconds: float = 60.0) -> Steps:
        """Until ten turns of the main loop in a row were quick: the first frames compile shaders,
        and how long that takes depends on the machine."""
        quick = 0
        end = time.monotonic() + seconds
        while quick < 10:
            before = time.monotonic()
            yield 0.02
            quick = quick + 1 if time.monotonic() - before < 0.2 else 0
            if before > end:
                raise Failure(f"the main loop was not steady after {seconds:g} s")

    # --- mouse and keys -----------------------------------------------------------------------

    def _send(self, kind: str, value: str, **more: Any) -> None:
        self.window.event_simulate(kind, value, x=self._mouse[0], y=self._mouse[1], **more)

    def move(self, x: float, y: float) -> Steps:
        self._mouse = (int(x), int(y))
        self._send("MOUSEMOVE", "NOTHING")
        yield 0.0
        yield 0.0  # in the first turn a button that was just left is still the active one

    def click_at(self, x: float, y: float, button: str = "LEFTMOUSE", **modifiers: bool) -> Steps:
        yield from self.move(x, y)
        yield 0.02
        self._send(button, "PRESS", **modifiers)
        yield 0.02
        self._send(button, "RELEASE", **modifiers)
        yield 0.05

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> Steps:
        yield from self.move(*start)
        yield 0.1
        self._send("LEFTMOUSE", "PRESS")
        for step in range(1, 6):
            yield 0.02
            x, y = (a + (b - a) * step / 5 for a, b in zip(start, end, strict=True))
            yield from self.move(x, y)
        yield 0.05
        self._send("LEFTMOUSE", "RELEASE")
        yield 0.1

    def scroll(self, lines: int) -> Steps:
        """Up where positive, with the wheel."""
        for _ in range(abs(lines)):
            self._send("WHEELUPMOUSE" if lines > 0 else "WHEELDOWNMOUSE", "PRESS")
            yield 0.0

    def key(self, name: str, **modifiers: bool) -> Steps:
        """name: as in bpy.types.Event.type. modifiers: ctrl, shift, alt, oskey."""
        self.say("presses " + "+".join([*modifiers, name]))
        self._send(name, "PRESS", **modifiers)
        yield 0.02
        self._send(name, "RELEASE", **modifiers)
        for held in modifiers:
            # Blender keeps them until told otherwise, and then takes the next grip at an edge for
            # one with Ctrl (`wm_event_init_from_window`, source/blender/windowmanager).
            self._send("OSKEY" if held == "oskey" else f"LEFT_{held.upper()}", "RELEASE")
        yield 0.05

    def type(self, text: str) -> Steps:
        """Between two redraws: one for each letter would be a second of computing."""
        for letter in text:
            # Which key it was counts for nothing in a text field.
            self._send("A", "PRESS", unicode=letter)
            self._send("A", "RELEASE")
        yield 0.0

    def to_view(self) -> Steps:
        """Put the mouse where keys go to the 3D view."""
        region = self.region(region="WINDOW")
        yield from self.move(region.x + region.width * 0.4, region.y + region.height * 0.4)
        yield 0.05

    # --- buttons ------------------------------------------------------------------------------

    def click(
        self, what: str, area: str = "VIEW_3D", region: str = "UI", **properties: Any
    ) -> Steps:
        """Click on the button of an operator, or on the field with that data path."""
        x, y = yield from self.find(what, area, region, **properties)
        self.say(f"clicks {what} at {x}, {y}")
        yield from self.click_at(x, y)

    click_field = click

    def hover(
        self, what: str, area: str = "VIEW_3D", region: str = "UI", **properties: Any
    ) -> Steps:
        """Rest the mouse on it until the tooltip is there."""
        x, y = yield from self.find(what, area, region, **properties)
        yield from self.move(x + 2, y)
        yield 1.5

    def fill(self, path: str, text: str, area: str = "VIEW_3D", region: str = "UI") -> Steps:
        """Click into the text field, replace what is there, press Enter."""
        yield from self.click(path, area, region)
        yield 0.1
        yield from self.key("A", ctrl=True)
        yield from self.type(text)
        yield 0.1
        yield from self.key("RET")
        yield 0.1

    def choose(self, path: str, item: str, area: str = "VIEW_3D", region: str = "UI") -> Steps:
        """Pick an item of a drop-down list; a digit picks that item of an open menu
        (`ui_handle_menu_event`, interface_handlers.cc)."""
        owner, _, name = f"scene.{path}".rpartition(".")
        group = bpy.context.path_resolve(owner)
        number = [i.identifier for i in group.bl_rna.properties[name].enum_items].index(item)
        digits = ("ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "ZERO")
        yield from self.click(path, area, region)
        yield 0.3
        yield from self.key(digits[number])
        yield from self.until(
            lambda: bpy.context.path_resolve(f"scene.{path}") == item, 3, f"{path} to be {item}"
        )
        yield 0.2

    def find(
        self, what: str, area: str = "VIEW_3D", region: str = "UI", **properties: Any
    ) -> Iterator[Any]:
        """Where in the window a button is; scrolls to it if need be.

        what: an operator's idname ("maquette.generate"), with properties if several of it are
        shown, or the end of a field's data path ("maquette.prompt"). Errors: Failure.
        """
        key = (area, region, f"{what}({properties})")
        if key in self._places:
            yield from self.move(*self._places[key])
            if self._matches(self._under(area, region), what, properties):
                return self._places[key]
        began = time.monotonic()
        place = yield from self._scan(what, area, region, properties, usual=True)
        scrolled = True
        for usual in (True, False):
            if place is None and (scrolled or not usual):
                place, scrolled = yield from self._scan_all(what, area, region, properties, usual)
        if place is None:
            raise Failure(f"{area} {region} shows no {what} {properties or ''}".strip())
        if (took := time.monotonic() - began) > 3.0:
            self.say(f"looked for {what} for {took:.1f} s")
        self._places[key] = place
        return place

    def _scan_all(
        self, what: str, area: str, region: str, properties: dict[str, Any], usual: bool
    ) -> Iterator[Any]:
        """From the top down. Returns the place, None if there is none, and whether there was more
        than could be seen at once."""
        shown = self.region(area, region)
        middle = shown.x + shown.width / 2, shown.y + shown.height / 2

        def scrolled(lines: int) -> Iterator[Any]:
            before = shown.view2d.region_to_view(0, 0)[1]
            yield from self.move(*middle)
            yield from self.scroll(lines)
            yield from self.settle()
            return shown.view2d.region_to_view(0, 0)[1] != before

        more = yield from scrolled(100)
        while True:
            place = yield from self._scan(what, area, region, properties, usual)
            if place is not None or not (yield from scrolled(-8)):
                return place, more
            more = True

    def _scan(
        self, what: str, area: str, region: str, properties: dict[str, Any], usual: bool
    ) -> Iterator[Any]:
        """usual: only where such a button is expected."""
        shown = self.region(area, region)
        scale = bpy.context.preferences.system.ui_scale
        step = 0.8 * LINE * scale  # no button is lower than a line
        right = shown.width - (1.5 * LINE * scale if region == "UI" else 0)  # beside the tabs
        edge = SMALL.get(what)
        if not usual:
            columns = [right - offset * LINE * scale for offset in (0.9, 1.8, 2.7)]
            columns += [offset * LINE * scale for offset in (1, 2)]
            columns += [right * part for part in (0.55, 0.1, 0.25, 0.4, 0.7, 0.85)]
        elif edge is None:
            columns = [0.55 * right]
        else:
            columns = [(right if edge < 0 else 0) + edge * LINE * scale]
        if shown.height < 4 * LINE * scale:  # a header: one or two rows
            columns = list(range(8, shown.width, round(0.8 * LINE * scale)))
        # At its lower edge the mouse would grip the area's border. A header has none to spare.
        lowest = 6 if shown.height < 4 * LINE * scale else 22
        count = int((shown.height - 6 - lowest) / step) + 1
        rows = [shown.height - 6 - step * n for n in range(count)]
        # What is wanted next is mostly below what was found last.
        here = self._mouse[1] - shown.y
        rows = [row for row in rows if row <= here] + [row for row in rows if row > here]
        for column in columns:
            for row in rows:
                yield from self.move(shown.x + column, shown.y + row)
                if self._matches(self._under(area, region), what, properties):
                    # Away from its edge, if it is still the same there.
                    place = self._mouse
                    yield from self.move(place[0], place[1] - 0.3 * LINE * scale)
                    if self._matches(self._under(area, region), what, properties):
                        return self._mouse
                    return place
        return None

    def _under(self, area: str, region: str) -> tuple[str, str]:
        """What is under the mouse: an operator as a call ("bpy.ops.x.y(…)"), a field as a path."""
        command = path = ""
        clipboard = bpy.context.window_manager
        with self.override(area, region):
            if bpy.ops.ui.copy_python_command_button.poll():
                bpy.ops.ui.copy_python_command_button()
                command = clipboard.clipboard
            elif bpy.ops.ui.copy_data_path_button.poll():
                bpy.ops.ui.copy_data_path_button(full_path=True)
                path = clipboard.clipboard
            elif field := bpy.context.property:  # of the preferences, which are no data-block
                path = f".{field[1]}"
        return command, path

    @staticmethod
    def _matches(under: tuple[str, str], what: str, properties: dict[str, Any]) -> bool:
        command, path = under
        if path:
            return path.endswith(f".{what}")
        wanted = [f"{name}={value!r}".replace("'", '"') for name, value in properties.items()]
        said = command.replace("'", '"')
        return said.startswith(f"bpy.ops.{what}(") and all(part in said for part in wanted)

    # --- ours ---------------------------------------------------------------------------------

    def open_sidebar(self, *, click_the_tab: bool = False) -> Steps:
        """N, then our tab. click_the_tab: as an artist does; a few seconds more, for what other
        tabs show is drawn on the way."""
        space = self.area().spaces.active
        yield from self.to_view()
        if not space.show_region_ui:
            yield from self.key("N")
            yield from self.until(lambda: space.show_region_ui, 5, "the sidebar")
        yield from self.settle()
        shown = self.region()
        if click_the_tab:
            scale = bpy.context.preferences.system.ui_scale
            x = shown.x + shown.width - 8 * scale
            for y in range(shown.y + shown.height - 20, shown.y + 20, -round(20 * scale)):
                if shown.active_panel_category == "Maquette":
                    break
                yield from self.click_at(x, y)
        else:
            shown.active_panel_category = "Maquette"
        yield from self.settle()
        if shown.active_panel_category != "Maquette":
            raise Failure("the sidebar has no tab Maquette")
        # Where the mouse has just come in, it is not yet over any button (4.3.2).
        yield from self.move(shown.x + shown.width / 2, shown.y + shown.height / 2)
        yield 0.1
        self.say("opened the tab")

    def widen_sidebar(self, pixels: int) -> Steps:
        """Drag its left edge; pixels: by how much, negative: narrower."""
        shown = self.region()
        before = shown.width
        # Beside the first panel: an edge beside nothing cannot be caught. The place across:
        # `region_azone_edge`, source/blender/editors/screen/area.cc.
        line = LINE * bpy.context.preferences.system.ui_scale
        x, y = shown.x + 0.4 * line, shown.y + shown.height - 3 * line
        yield from self.drag((x, y), (x - pixels, y))
        yield from self.settle()
        if shown.width == before:
            raise Failure("the sidebar's edge was not caught")
        self.say(f"sidebar: {before} → {shown.width} pixels")

    # --- pictures and ends --------------------------------------------------------------------

    def screenshot(self, name: str) -> Steps:
        yield 0.3  # what was just changed is drawn by then
        yield from self.settle()
        self.picture(name)

    def picture(self, name: str) -> None:
        """Now, as it is. ImageMagick looks at the screen: `bpy.ops.screen.screenshot` gives black
        under software OpenGL."""
        command = ["import", "-silent", "-window", "root", "-quality", "10"]  # little computing
        command.append(str(self.folder / f"{name}.png"))
        subprocess.run(command, check=False, timeout=30)

    def note(self, ended: str, problems: list[str]) -> None:
        """For the host: how this start ended."""
        self._result.write_text(json.dumps({"ended": ended, "problems": problems}))

    def quit(self) -> Steps:
        self.say("quits")
        self.note("quit", [])
        with self.override():
            bpy.ops.wm.quit_blender()
        yield 30.0
        raise Failure("Blender did not quit")

    def die(self) -> None:
        self.say("is killed")
        self.note("killed", [])
        os.kill(os.getpid(), signal.SIGKILL)
