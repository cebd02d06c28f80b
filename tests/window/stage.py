"""For scenarios about the moment when a model arrives, inside Blender: jobs that end when they are
told to, and what there is to be looked at before and after."""

from __future__ import annotations

import ctypes
import importlib
import os
import re
import tempfile
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d
from mathutils import Vector

if TYPE_CHECKING:
    from .artist import Artist
    from .scenario import Steps

STEP = "Generate 3D model"  # the name of our undo step
_SPAN = 1000.0  # seconds


class Service:
    """The built-in Sandbox with a clock of its own, so that its jobs go on until `finish`: by then
    Blender is in the state that a scenario is about, however slow the machine is."""

    def __init__(self, artist: Artist) -> None:
        self._artist = artist
        self._ahead = 0.0
        self._unfinished = 0
        self.sandbox = module(artist, "core.sandbox").local(
            artist.session.folders().service("sandbox")
        )
        self.sandbox.clock = self.sandbox.jobs.clock = lambda: time.time() + self._ahead
        self.sandbox._record = True

    @property
    def charges(self) -> int:
        return len(self.sandbox.charges)

    def click(self, prompt: str) -> Steps:
        """Press Generate; the prompt is there already."""
        artist = self._artist
        self._unfinished += 1
        self.sandbox.seconds = _SPAN * (self._unfinished - 0.5)
        artist.window.scene.maquette.prompt = prompt
        artist.region().tag_redraw()  # the button is grey without a prompt
        yield 0.1
        # A second click within a second counts as one double click.
        generate = module(artist, "operators.generate")
        generate._clicked = -generate.DOUBLE_CLICK
        yield from artist.click("maquette.generate")

    def begin(self, prompt: str = "a vase") -> Steps:
        """Press Generate; done when the service has taken the job."""
        artist = self._artist
        before = len(artist.session.tasks())
        yield from self.click(prompt)
        yield from artist.until(
            lambda: len(artist.session.tasks()) > before and artist.task().accepted,
            20,
            "the service to take the job",
        )
        yield from artist.until(lambda: not ours_running(), 20, "the button to be done with it")

    def finish(self) -> Steps:
        """The job that was begun first of those under way ends. Done when its model is ready, or in
        the scene already."""
        artist = self._artist
        oldest = [task for task in artist.session.tasks() if task.state.is_open][-1].id
        self._unfinished -= 1
        self._ahead += _SPAN
        yield from artist.until(
            lambda: not artist.session.task(oldest).state.is_open, 20, "the model to be ready"
        )

    def finish_in_vain(self) -> Steps:
        """`finish` while something is in the way: for half a second, nothing is done about it.
        Errors: AssertionError."""
        before = marked()
        yield from self.finish()
        for _ in range(10):
            yield 0.05
            assert marked() == before, "it came although something is in the way"
            assert not ours_running()


def module(artist: Artist, name: str) -> ModuleType:
    """One of the extension's."""
    return importlib.import_module(f"{artist.session.__package__}.{name}")


def waits(artist: Artist) -> tuple[str, str]:
    """What the newest task's row and the status bar say that it waits for."""
    status = module(artist, "panels.status").line(time.time())
    return artist.arrivals.waits_for(artist.task()), status


def running() -> set[str]:
    """The modal operators of all windows."""
    windows = bpy.context.window_manager.windows
    return {operator.bl_idname for window in windows for operator in window.modal_operators}


def ours_running() -> bool:
    return any(name.startswith("MAQUETTE_OT_") for name in running())


def marked() -> set[str]:
    """The objects of all scenes that came from tasks."""
    return {obj.name for obj in bpy.data.objects if "maquette_task" in obj}


def on_screen(artist: Artist, point: Vector) -> tuple[float, float]:
    """Where a point in space is seen in the 3D view, in pixels of the window."""
    region = artist.region(region="WINDOW")
    at = location_3d_to_region_2d(region, artist.area().spaces.active.region_3d, point)
    return region.x + at.x, region.y + at.y


def undo_steps() -> list[str]:
    """The names of the undo steps up to the active one, oldest first: what Blender prints for
    developers (`BKE_undosys_print`, source/blender/blenkernel/intern/undo_system.cc)."""
    libc = ctypes.CDLL(None)
    with tempfile.TemporaryFile() as file:
        libc.fflush(None)
        stdout = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            bpy.context.window_manager.print_undo_steps()
            libc.fflush(None)
        finally:
            os.dup2(stdout, 1)
            os.close(stdout)
        file.seek(0)
        printed = file.read().decode()
    steps = re.findall(r"^\[(.).*?\].* name='(.*)'$", printed, re.MULTILINE)
    active = [mark for mark, _ in steps].index("*")
    return [name for _, name in steps[: active + 1]]


def undo(artist: Artist) -> Steps:
    """Ctrl+Z in the 3D view; done when it is done."""
    before = len(undo_steps())
    yield from artist.to_view()
    yield from artist.key("Z", ctrl=True)
    yield from artist.until(lambda: len(undo_steps()) == before - 1, 20, "one step to be undone")


# --- all there is -----------------------------------------------------------------------------

_LARGE = 1000  # longer lists and arrays are left out
# What is no state of the user's: counters, caches, what follows from other things, the list of
# reports, and what cannot be read without harm.
_LEFT_OUT = {
    *("rna_type", "bl_rna", "session_uid", "is_evaluated", "users", "tag", "icon_id", "reports"),
    *("preview", "keyconfigs", "depsgraph", "collection_objects", "collection_children"),
    *("storage_type", "enabled", "is_unavailable"),
    "particle_edit",  # which object it names is lost with any undo
    "uv_sculpt",  # crashes 4.3.2
}


def everything() -> dict[str, object]:
    """All of Blender's data that Python can see, by its path from bpy.data: scenes with objects and
    settings, windows with editors, views and tools, the list of last operators."""
    found: dict[str, object] = {}
    for kind in bpy.data.bl_rna.properties:
        if kind.type == "COLLECTION" and kind.identifier not in ("all_ids", "screens"):
            _walk_all(getattr(bpy.data, kind.identifier), kind.identifier, found, top=True)
    # Editors that were never shown are not made whole (a node editor crashes 4.3.2).
    shown = [window.screen for window in bpy.context.window_manager.windows]
    _walk_all(shown, "screens", found, top=True)
    return found


def _walk(thing: bpy.types.bpy_struct, path: str, found: dict[str, object]) -> None:
    for prop in thing.bl_rna.properties:
        name = prop.identifier
        below = f"{path}.{name}"
        if name in _LEFT_OUT or len(below) > 300:
            continue
        try:
            if getattr(prop, "is_array", False) and prop.array_length > _LARGE:
                continue
            value = getattr(thing, name)
        except (AttributeError, RuntimeError, UnicodeDecodeError):
            continue  # not there in this state
        if prop.type == "COLLECTION":
            _walk_all(value, below, found)
        elif isinstance(value, bpy.types.bpy_struct):
            _walk_one(value, below, found)
        else:
            found[below] = repr(value[:]) if getattr(prop, "is_array", False) else repr(value)


def _walk_one(thing: bpy.types.bpy_struct, path: str, found: dict[str, object]) -> None:
    if isinstance(thing, bpy.types.ID) and not thing.is_embedded_data:
        found[path] = thing.name_full
    elif thing.as_pointer() not in _above:
        _above.append(thing.as_pointer())
        _walk(thing, path, found)
        _above.pop()


def _walk_all(items: Any, path: str, found: dict[str, object], top: bool = False) -> None:
    if len(items) > _LARGE:
        return
    if hasattr(items, "bl_rna"):  # some have properties of their own: which one is active
        _walk(items, path, found)
    for number, item in enumerate(items):
        name = f"{path}[{getattr(item, 'name', '') or number}]"
        found[name] = type(item).__name__
        if top:
            _walk(item, name, found)
        elif isinstance(item, bpy.types.bpy_struct):
            _walk_one(item, name, found)


_above: list[int] = []
