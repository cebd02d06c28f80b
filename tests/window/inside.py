"""Runs in Blender (--python): plays one start of a scenario, step by step from an app timer, looks
at what is left afterwards, writes it down for conftest.py, and quits."""

from __future__ import annotations

import faulthandler
import gc
import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType

import bl_pkg
import bpy

ASKED = json.loads(os.environ["MAQUETTE_SCENARIO"])
# Last, so that none of our names hides a module of Blender's.
sys.path.append(ASKED["root"])

from tests.window.artist import PACKAGE, Artist, Failure  # noqa: E402
from tests.window.scenario import Scenario, Steps, scenario_of  # noqa: E402

LATE = 10.0  # seconds in which what is idle has to have ended


def asked_for() -> Scenario:
    spec = importlib.util.spec_from_file_location("scenario_file", ASKED["file"])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return scenario_of(getattr(module, ASKED["name"]))


def play() -> Steps:
    before = set(threading.enumerate())
    yield from artist.settle()
    artist.say("the window is steady")
    yield from scenario.starts[ASKED["start"]](artist)
    problems: list[str] = []
    yield from tidy(before, problems, last=ASKED["start"] + 1 == len(scenario.starts))
    artist.note("end", problems)
    artist.say(f"ends; {time.process_time():.1f} s of CPU")
    for problem in problems:
        artist.say(f"LEFT BEHIND: {problem}")


def tidy(before: set[threading.Thread], problems: list[str], last: bool) -> Steps:
    """What of ours is still there when nothing is open, and when the extension is disabled (not
    if Blender starts once more: that would be remembered)."""
    end = time.monotonic() + LATE
    while (left := busy()) and time.monotonic() < end:
        yield 0.1
    if not unfinished():
        problems += [f"{name} although nothing is open" for name in left]
    if not last:
        return
    if PACKAGE in bpy.context.preferences.addons:
        artist.say("disables the extension")
        bpy.ops.preferences.addon_disable(module=PACKAGE)
    yield 0.2
    problems += [f"{name} after disabling" for name in (*busy(), *registered())]
    threads = [t.name for t in threading.enumerate() if t not in before]
    problems += [f"thread {name} after disabling" for name in threads]
    problems += [f"process {name} after disabling" for name in children()]


def unfinished() -> bool:
    """Has the extension still to do, as it should?"""
    if PACKAGE not in bpy.context.preferences.addons:
        return False
    waits_for = artist.arrivals.waits_for
    return any(task.state.is_open or waits_for(task) for task in artist.session.tasks())


def busy() -> list[str]:
    """Timers, modal operators and threads of ours. The Sandbox' threads are let be: they wait
    twenty seconds for another request."""
    # By exact type: Blender's own objects may be gone and raise when they are looked at.
    kinds = (FunctionType, MethodType, partial)
    functions = [f for f in gc.get_objects() if type(f) in kinds and _ours(f)]
    found = [f"timer {f!r}" for f in functions if bpy.app.timers.is_registered(f)]
    windows = bpy.context.window_manager.windows
    running = [_name(operator) for window in windows for operator in window.modal_operators]
    found += [f"operator {name}" for name in running if name.startswith("MAQUETTE")]
    found += [f"thread {t.name}" for t in threading.enumerate() if t.name == "maquette-worker"]
    return found


def registered() -> list[str]:
    """What Blender would still call."""
    found = []
    for name in dir(bpy.app.handlers):
        handlers = getattr(bpy.app.handlers, name)
        if isinstance(handlers, list):
            found += [f"handler {name}: {h!r}" for h in handlers if _ours(h)]
    for name in dir(bpy.types):
        kind = getattr(bpy.types, name)
        if name.startswith("MAQUETTE_"):
            found.append(f"class {name}")
        drawn = getattr(getattr(kind, "draw", None), "_draw_funcs", ())
        found += [f"menu entry in {name}" for f in drawn if _ours(f)]
    keymaps = bpy.context.window_manager.keyconfigs.addon.keymaps
    items = [item.idname for keymap in keymaps for item in keymap.keymap_items]
    found += [f"key for {name}" for name in items if name.startswith("maquette.")]
    return found


def _name(operator: bpy.types.Operator) -> str:
    """Until Blender's next event one whose class was unregistered is None, or in 4.x a shell."""
    try:
        return operator.bl_idname
    except (AttributeError, ValueError):
        return ""


def _ours(thing: object) -> bool:
    if isinstance(thing, partial):
        thing = thing.func
    return str(getattr(thing, "__module__", "")).startswith(PACKAGE)


def children() -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (entry / "stat").read_text().rpartition(")")
        except OSError:
            continue  # it ended meanwhile
        if int(rest.split()[1]) == os.getpid():
            found.append(name.partition("(")[2])
    return found


def step() -> float | None:
    """Blender's timer. With --enable-event-simulate its main loop never sleeps
    (`wm_window_events_process`, source/blender/windowmanager/intern/wm_window.cc), which would take
    a core from the other Blender: so here is where it does."""
    global due
    if time.monotonic() < due:
        time.sleep(nap)
        return 0.0
    try:
        if time.monotonic() > DEADLINE:
            raise Failure(f"the scenario was not over after {ASKED['seconds']:g} s")
        due = time.monotonic() + (next(steps) or 0.0)
        return 0.0
    except StopIteration:
        pass
    except BaseException as error:
        artist.note("failed", ["".join(traceback.format_exception(error))])
        artist.say(f"FAILED: {type(error).__name__}: {error}")
        artist.picture("failure")
    faulthandler.dump_traceback_later(30, exit=True)
    bpy.ops.wm.quit_blender()
    return None


def begin() -> None:
    """When the window is there."""
    global artist, steps
    artist = Artist(Path(ASKED["file"]).parent, Path(ASKED["result"]))
    artist.left = lambda: [*busy(), *registered()]
    steps = play()
    bpy.app.timers.register(step, persistent=True)


DEADLINE = time.monotonic() + ASKED["seconds"]
# If Blender hangs, the log says where, before the host kills it.
faulthandler.dump_traceback_later(ASKED["seconds"] + 5)
scenario = asked_for()
view = bpy.context.preferences.view
view.ui_scale = scenario.scale
if scenario.language:
    view.language = scenario.language
# Where Allow Online Access is on, 5.2 fetches lists of its own assets from the network, and of one
# library it does so whatever the preferences say (scripts/addons_core/bl_pkg/__init__.py).
bl_pkg.remote_asset_library_sync = lambda *arguments, **options: None
# Blender's own naps are of 5 ms. Longer ones, where nothing is measured, leave others more.
nap = 0.05 if scenario.idle else ASKED["nap"]
artist: Artist
steps: Steps
due = 0.0
bpy.app.timers.register(begin, first_interval=0.1, persistent=True)
