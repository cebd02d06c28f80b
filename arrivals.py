"""Models on their way into the scene: which are ready, where each is to come, what it waits for.

`session` tells of each task that has changed (`greet`, `warm`) and gives the turn to import one
(`tick`). Thread: main. Imported when the extension is enabled, so what brings a model into the
scene is imported with the first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path

import bpy

from .core.errors import MaquetteError
from .core.language import say
from .core.model import Task, TaskState
from .core.providers import get_provider
from .importing import origins, stage

LATE = 0.01  # seconds after its time: Blender has been busy, most often with drawing
PUT_OFF = 0.3  # seconds for which that is a reason to import a little later
NEAR_SHARE, NEAR = 0.8, 10.0  # of a job, or seconds left: then its model is near
LOOK_THROUGH = 1.0  # seconds between looks through the scene's objects

# Ready, wanted here, not imported yet; in order. Those for which Import was clicked come to a spot
# (the uid of a scene, a place in it) and are selected then, the others to where they were ordered.
Spot = tuple[int, tuple[float, float, float]]
_arrived: dict[str, Spot | None] = {}
_in_the_way: dict[str, str] = {}  # why those could not be imported at the last tick
_warmed: set[str] = set()  # tasks for which a background Blender was started early
_objects: dict[str, str] = {}  # task id -> the name of one of its objects
_look_through = 0.0
_put_off = 0.0  # perf_counter: since when an import waits for a moment without drawing

receiving: set[str] = set()  # tasks whose receive operator runs
notes: dict[str, str] = {}  # task id -> why its import failed here


# --- what becomes of them -------------------------------------------------------------------


def forget_all() -> None:
    """The extension is disabled."""
    global _put_off
    for store in (_arrived, _in_the_way, _warmed, _objects, receiving, notes):
        store.clear()
    _put_off = 0.0


def forget_file() -> None:
    """Another .blend is open: what was on its way to the one before is not, any more."""
    for store in (_arrived, _in_the_way, receiving):
        store.clear()
    stage.forget()


def greet(task: Task) -> None:
    """Put a model on the way into the scene if it is wanted here and is not there yet: that it was
    imported may not have been noted down (a full disk, a crash after the file was saved)."""
    from .importing.place import MARK

    if (
        task.state is TaskState.READY
        and (scene := _comes_to(task)) is not None
        and not any(obj.get(MARK) == task.id for obj in scene.objects)
    ):
        _arrived.setdefault(task.id, None)  # Import may have been clicked for another spot
        if not bpy.app.background:
            stage.prepare(task, scene)


def came(task_id: str, note: str) -> None:
    """It is in the scene. note: a word on how, for its row, or ""."""
    global _look_through
    notes.pop(task_id, None)
    if note:
        notes[task_id] = note
    drop(task_id)  # what was on its way by itself was asked for meanwhile
    _look_through = 0.0  # for the row to say that it is here


def expect(task_id: str, spot: Spot | None) -> None:
    """Import it as soon as it is prepared and the moment is good. See `session.later`."""
    _arrived[task_id] = spot


def drop(task_id: str) -> None:
    """It is in the scene, or nobody wants it any more."""
    _off_the_way(task_id)
    stage.cancel(task_id)


def _off_the_way(task_id: str) -> None:
    _arrived.pop(task_id, None)
    _in_the_way.pop(task_id, None)


def warm(task: Task) -> None:
    """Start the background Blender when a model is near, so that its start costs no time; once for
    each: one that is near for long needs none that starts anew every minute. Not for the Sandbox,
    whose models are small."""
    if task.id not in _warmed and not bpy.app.background and _is_near(task):
        _warmed.add(task.id)
        stage.warm()


def _is_near(task: Task) -> bool:
    match task.state:
        case TaskState.DOWNLOADING:
            near = True
        case TaskState.GENERATING:
            left = (task.expected_seconds or math.inf) - (time.time() - task.started)
            near = (task.share or 0.0) > NEAR_SHARE or left < NEAR
        case _:
            near = False
    try:
        return (
            near
            and get_provider(task.request.provider).needs_network
            and _comes_to(task) is not None
        )
    except MaquetteError:  # a service that is no longer there
        return False


def _comes_to(task: Task) -> bpy.types.Scene | None:
    """The scene into which it is to come by itself."""
    from . import preferences

    wanted = task.origin.wanted and preferences.get().import_when_ready
    return origins.home(task) if wanted else None


# --- what is said of them -------------------------------------------------------------------


def any_left() -> bool:
    return bool(_arrived)


def put_off() -> bool:
    """Does an import wait for a moment without drawing?"""
    return _put_off > 0


def held() -> tuple[str, str] | None:
    """The id of the next to come by itself, and what it waits for, in words."""
    if _in_the_way:
        return next(iter(_in_the_way.items()))
    preparing = next((task_id for task_id in _arrived if stage.pending(task_id)), None)
    return (preparing, _prepared()) if preparing else None


def _prepared() -> str:
    return say("It is being prepared in the background and comes by itself.")


def is_coming(task_id: str) -> bool:
    """Was Import clicked, and is it on its way? Not while something is in the way: another click
    may be for another place."""
    clicked = _arrived.get(task_id) is not None and task_id not in _in_the_way
    return task_id in receiving or clicked


def is_arriving(task_id: str) -> bool:
    """Will it be in the scene in a moment?"""
    return task_id in receiving or (task_id in _arrived and task_id not in _in_the_way)


def waits_for(task: Task) -> str:
    """ "" or why a model that is to come is not in the scene yet, in words. Cheap: for drawing."""
    if task.id in _in_the_way:
        return say("{reason} It comes by itself afterwards.", reason=_in_the_way[task.id])
    if task.id in _arrived:
        return _prepared() if stage.pending(task.id) else ""
    if task.state is not TaskState.READY or not task.origin.wanted:
        return ""
    where = task.origin
    if origins.home(task) is not None:
        return ""
    if where.sitting == origins.sitting or (where.file and where.file == bpy.data.filepath):
        return say("Its scene “{scene}” is gone; Import puts it here", scene=where.scene)
    if where.file:
        return say("Made for {file}; Import puts it here", file=Path(where.file).name)
    return say("Made for a file that was not saved; Import puts it here")


def is_here(task: Task, scene: bpy.types.Scene) -> bool:
    """Is anything of this imported task in the scene? Undone, deleted, in another file: no. For
    drawing: the objects are looked through once in a while, else their names are remembered."""
    global _look_through
    from .importing.place import MARK

    found = scene.objects.get(_objects.get(task.id, ""))
    if found is not None and found.get(MARK) == task.id:
        return True
    now = time.monotonic()
    if now < _look_through:
        return False
    _objects.update({obj[MARK]: obj.name for obj in scene.objects if MARK in obj})
    # However many there are: at most a hundredth of the time.
    _look_through = now + max(LOOK_THROUGH, 100 * (time.monotonic() - now))
    return task.id in _objects and scene.objects.get(_objects[task.id]) is not None


# --- importing them -------------------------------------------------------------------------


def tick(tasks: Mapping[str, Task], due: float) -> None:
    """Import the first for which all is well; others do not wait for one that is still being
    prepared. due: perf_counter, when this tick should have come."""
    global _put_off
    since, _put_off = _put_off, 0.0
    if not _arrived:
        return
    from .importing import moment

    reasons: dict[bool, str] = {}
    for task_id, spot in list(_arrived.items()):
        known = tasks.get(task_id)
        scene = _scene_of(known, spot) if known else None
        if scene is None:
            drop(task_id)
            if spot is not None:
                notes[task_id] = say("The scene it was to come to is gone.")
            continue
        clicked = spot is not None
        if clicked not in reasons:
            reasons[clicked] = moment.why_not_now(bpy.context, clicked=clicked)
        if reason := reasons[clicked]:
            _in_the_way[task_id] = reason
            continue
        _in_the_way.pop(task_id, None)
        if not bpy.app.background:
            stage.prepare(known, scene)  # anew if the scene's units have changed meanwhile
        if not receiving and not stage.pending(task_id):
            if _is_late(due, since):
                _put_off = since or time.perf_counter()
                return
            _off_the_way(task_id)
            _receive(known, scene, spot)
            return


def _is_late(due: float, since: float) -> bool:
    """Has Blender been busy until this tick? Then it has not looked yet at what somebody did
    meanwhile: timers come first. That need not wait for an import, too, but for ever it cannot.
    since: when that was the case for the first time, 0 if it was not."""
    now = time.perf_counter()  # the other clock of Windows goes in steps longer than LATE
    enough = since and now - since > PUT_OFF
    return not (bpy.app.background or enough) and now - due > LATE


def _scene_of(known: Task, spot: Spot | None) -> bpy.types.Scene | None:
    """Into which it is to come; None if it is not any more."""
    if spot is not None:
        return origins.scene_of(spot[0])
    return origins.home(known) if known.state is TaskState.READY else None


def _receive(known: Task, scene: bpy.types.Scene, spot: Spot | None) -> None:
    asked: dict[str, object] = {"task_id": known.id}
    if spot is not None:
        asked |= {"select": True, "scene_uid": spot[0], "location": spot[1]}
    try:
        if bpy.app.background:
            bpy.ops.maquette.receive(**asked)
            return
        windows = list(bpy.context.window_manager.windows)
        window = next((w for w in windows if w.scene == scene), windows[0] if windows else None)
        if window is None:
            return
        # Not executed here: what an operator reports that Python calls is only printed.
        with bpy.context.temp_override(window=window):
            bpy.ops.maquette.receive("INVOKE_DEFAULT", **asked)
    except RuntimeError as error:
        # An operator's error report, seen from Python. The row keeps its Import button.
        notes[known.id] = str(error).removeprefix("Error: ").strip()
