"""The meeting place of threads and Blender: one queue, one timer.

The engine's threads put notices into a queue; one persistent timer takes them out on the main
thread, keeps the list that the panels draw, and starts imports. The timer is armed while something
is open and ends by itself. Thread: main only, but for `online`, the queue's `put` and
`_import_engine`.

Imported when the extension is enabled, so the engine and what it is made of is not imported here:
see `prepare`.
"""

from __future__ import annotations

import functools
import importlib
import math
import os
import queue
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import bpy

from . import translations
from .core.accounts import Accounts
from .core.errors import MaquetteError, SetupError
from .core.language import say
from .core.late import log
from .core.model import GenerationRequest, Origin, Task, TaskState
from .core.providers import get_provider
from .core.providers.base import Provider
from .core.providers.options import same_price
from .core.storage import Folders
from .importing import stage

if TYPE_CHECKING:
    from .core.engine import Engine
    from .core.notices import BalanceKnown, Notice, PriceKnown, Trouble

TICK = 0.1  # seconds between looks at the queue while something is open
SOON = 0.02  # the same while a model comes, which somebody waits for, or much has been reported
TICK_BUDGET = 0.0005  # seconds of draining in one look; the rest waits for the next
WAKE_UP = 1.0  # seconds after start before the ledger is opened
PAUSE = 0.005  # seconds between imports on a thread: a redraw may wait for one, not for all
REDRAW = 0.5  # seconds between redraws that only move the clock on
LEFT_ALONE = 0.8  # seconds without an edit before a price is asked for
LATE = 0.01  # seconds after its time: Blender has been busy, most often with drawing
PUT_OFF = 0.3  # seconds for which that is a reason to import a little later
NEAR_SHARE, NEAR = 0.8, 10.0  # of a job, or seconds left: then its model is near
LOOK_THROUGH = 1.0  # seconds between looks through the scene's objects

_DRAWN = {"VIEW_3D": "UI", "PREFERENCES": "WINDOW"}  # area and region types

# The engine and what it is made of, in pieces that take some milliseconds each.
_ENGINE = (
    "ssl", "http.cookiejar", ".core.http", "sqlite3", ".core.events", ".core.notices", ".core.glb",
    ".core.job", ".core.ledger", ".core.engine",
)  # fmt: skip

# Blender draws its status bar anew when somebody says that this changed. It belongs to no screen,
# so Python cannot tag it; nothing else is drawn for this but the header of the Info editor and, in
# some tabs, of the Properties editor (`statusbar_header_region_message_subscribe`,
# source/blender/editors/space_statusbar/space_statusbar.cc, and those of space_info and
# space_buttons).
_STATUS_BAR = (bpy.types.ViewLayer, "name")

_inbox: queue.SimpleQueue[Notice] = queue.SimpleQueue()
_engine: Engine | None = None
_preparing: threading.Thread | None = None  # imports the engine, or has done so
_hurry = threading.Event()  # somebody waits for that
_accounts: Accounts | None = None
_tasks: dict[str, Task] = {}
_newest_first: list[Task] = []
_current: list[Task] = []
_balances: dict[str, BalanceKnown] = {}
_price: PriceKnown | None = None
_wanted: GenerationRequest | None = None  # what the next price is asked for
_trouble: Trouble | None = None
_objects: dict[str, str] = {}  # task id -> the name of one of its objects
_look_through = 0.0
# Ready, wanted here, not imported yet; in order. Those for which Import was clicked come to a spot
# (the uid of a scene, a place in it) and are selected then, the others to where they were ordered.
Spot = tuple[int, tuple[float, float, float]]
_arrived: dict[str, Spot | None] = {}
_warmed: set[str] = set()  # tasks for which a background Blender was started early
_in_the_way: dict[str, str] = {}  # why those could not be imported at the last tick
_redrawn = _looked = 0.0
_due = math.inf  # perf_counter: when the next tick should come
_put_off = 0.0  # perf_counter: since when an import waits for a moment without drawing
_downloading = False
_started = 0.0  # Unix seconds
_enabled = 0  # nanoseconds: of the manifest, when the extension was enabled

sitting = ""  # one .blend open in this Blender, from load to load
receiving: set[str] = set()  # tasks whose receive operator runs
notes: dict[str, str] = {}  # task id -> why its import failed here
not_sent: dict[str, str] = {}  # task id that it would have had -> why an order was not sent


# --- life -----------------------------------------------------------------------------------


def start() -> None:
    """Called by register(). Opens nothing yet: enabling the extension has to be quick."""
    global sitting, _started, _enabled
    sitting = uuid.uuid4().hex
    _started = time.time()
    _enabled = _on_disk()
    if not bpy.app.background and _root().joinpath("tasks.sqlite3").exists():
        bpy.app.timers.register(_wake_up, first_interval=WAKE_UP, persistent=True)


def _on_disk() -> int:
    """When what is installed was written, 0 if it is gone."""
    try:
        return Path(__file__).with_name("blender_manifest.toml").stat().st_mtime_ns
    except OSError:
        return 0


def _replaced() -> str:
    """ "" or, in words, that another Blender updated or removed the extension before this one has
    imported the engine: that would be another version's, which reads and writes what this one does
    not know."""
    if _engine is None and _preparing is None and _on_disk() != _enabled:
        return say("Maquette was updated or removed by another Blender. Restart this one.")
    return ""


def prepare() -> None:
    """The form is drawn, or the list is about to be read, so the engine will soon be wanted: import
    it on a thread that ends with it. Cheap: for drawing."""
    global _preparing
    if _preparing is None and _engine is None and not _replaced():
        _hurry.clear()
        thread = threading.Thread(target=_import_engine, name="maquette-import", daemon=True)
        with suppress(RuntimeError):  # no more threads: `engine` imports it, too
            thread.start()
            _preparing = thread


def _import_engine() -> None:
    for name in _ENGINE:
        importlib.import_module(name, __package__)
        _hurry.wait(PAUSE)


def _prepared() -> None:
    """Wait for what is being imported: no two threads at once, which could meet half-way."""
    if _preparing is not None:
        _hurry.set()
        _preparing.join()


def stop() -> None:
    """Called by unregister(). Open tasks stay open in the ledger; the next start goes on."""
    global _engine, _preparing, _accounts, _price, _trouble, _wanted, _due, _put_off
    for timer in (tick, _wake_up, _ask_price):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    _prepared()
    if _engine is not None:
        _engine.close()
        from .core import sandbox

        sandbox.stop_all()
    _engine = _preparing = _accounts = _price = _trouble = _wanted = None
    stage.stop()
    _root.cache_clear()
    stores = (_tasks, _newest_first, _current, _balances, _arrived, _objects, receiving, notes)
    for store in (*stores, _warmed, _in_the_way, not_sent):
        store.clear()
    _due, _put_off = math.inf, 0.0
    while not _inbox.empty():
        _inbox.get()


def engine() -> Engine:
    """Built on first use, which also takes up what an earlier Blender left open. Errors:
    SetupError."""
    global _engine
    if _engine is None:
        if problem := _replaced():
            raise SetupError(problem)
        _prepared()
        from .core.engine import Engine

        _engine = Engine(
            folders(), accounts(), online=online, publish=_inbox.put, deadline=_deadline()
        )
        _engine.open()
    wake()
    return _engine


def wake() -> None:
    """Arm the timer. In background Blender timers never fire: whoever waits there calls `tick`."""
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=TICK, persistent=True)


def _wake_up() -> float | None:
    if _replaced():  # the form says so
        return None
    prepare()
    if _engine is None and _preparing is not None and _preparing.is_alive():
        return TICK
    engine()
    return None


# --- what the rest of the extension reads ---------------------------------------------------


def tasks() -> list[Task]:
    """Newest first."""
    return _newest_first


def current() -> list[Task]:
    """What is under way, and what became ready since Blender started and is in no scene yet; newest
    first. Kept, not made: the status bar is drawn often."""
    return _current


def held() -> tuple[Task, str] | None:
    """The next model to come by itself, and what it waits for, in words."""
    known = _tasks.get(next(iter(_in_the_way), ""))
    return (known, _in_the_way[known.id]) if known else None


def task(task_id: str) -> Task | None:
    return _tasks.get(task_id)


def balance(provider_id: str) -> BalanceKnown | None:
    return _balances.get(provider_id)


def price() -> PriceKnown | None:
    """The last quote that was asked for."""
    return _price


def want_price(request: GenerationRequest) -> None:
    """The price of this is to be shown, and not known. For drawing: sends nothing itself. It is
    asked for when the form has been left alone for a moment, and only if the user asked this
    service for one before, and was told."""
    global _wanted
    if _price is None or _price.message or _price.request.provider != request.provider:
        return
    if _wanted and same_price(_wanted, request, get_provider(request.provider)):
        return
    _wanted = request
    if bpy.app.timers.is_registered(_ask_price):
        bpy.app.timers.unregister(_ask_price)
    bpy.app.timers.register(_ask_price, first_interval=LEFT_ALONE)


def _ask_price() -> None:
    if _wanted is not None and _engine is not None:
        engine().quote(_wanted)


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


def trouble() -> Trouble | None:
    return _trouble


def accounts() -> Accounts:
    global _accounts
    if _accounts is None:
        _accounts = Accounts(_root() / "keys.json")
        _read_preferences()
    return _accounts


def folders() -> Folders:
    from . import preferences

    chosen = preferences.get().library_folder
    root = _root()
    return Folders(root, Path(absolute(chosen)) if chosen else root / "library")


def closed(scene: bpy.types.Scene) -> str:
    """ "" or why nothing can be put into this scene, in words."""
    from .importing import moment

    return moment.closed(scene)


def absolute(folder: str) -> str:
    """The same place whatever .blend is open and wherever Blender was started: what is relative
    then is the user's home's. "" stays."""
    folder = folder.strip()
    if not folder:
        return ""
    home = os.path.expanduser("~")
    return os.path.normpath(os.path.join(home, os.path.expanduser(bpy.path.abspath(folder))))


def online() -> bool:
    """May requests leave this machine? Thread: any, as the one thing here: before each request the
    present state counts, not that of the last tick. The getter reads one bit of a global
    (`bpy_app_global_flag_get`, source/blender/python/intern/bpy_app.cc) and touches no data."""
    return bool(bpy.app.online_access)


def setup_problem(provider: type[Provider]) -> str:
    """ "" or why nothing can be asked of the service from here, whatever the form says."""
    if problem := _replaced():
        return problem
    if provider.needs_network and not online():
        return say(
            "Blender is set to work offline. Turn on Allow Online Access in Preferences > System."
        )
    try:
        return accounts().problem(provider)
    except MaquetteError as error:
        return str(error)


def preferences_changed() -> None:
    """URLs or the library folder were edited: jobs that begin from now on see it."""
    if _accounts is not None:
        _read_preferences()
    if _engine is not None:
        _engine.folders = folders()
        _engine.deadline = _deadline()


def _deadline() -> float:
    from . import preferences

    return 60.0 * preferences.get().deadline_minutes


def _read_preferences() -> None:
    from . import preferences

    accounts().urls.update(preferences.get().service_urls())


@functools.cache
def _root() -> Path:
    """The extension's own folder. Cached: making sure that it exists costs a look at the disk."""
    return Path(bpy.utils.extension_path_user(__package__, create=True))


# --- which file and scene a task belongs to -------------------------------------------------


def origin(context: bpy.types.Context, wanted: bool) -> Origin:
    scene = context.scene
    return Origin(
        sitting=sitting,
        file=bpy.data.filepath,
        scene=scene.name,
        scene_uid=scene.session_uid,
        location=tuple(scene.cursor.location),
        wanted=wanted,
    )


def up_to_date(where: Origin) -> Origin:
    """For what was asked for a while ago: its file may have been saved since, its scene renamed."""
    if where.sitting != sitting:
        return where
    scenes = {scene.session_uid: scene.name for scene in bpy.data.scenes}
    name = scenes.get(where.scene_uid, where.scene)
    return replace(where, file=bpy.data.filepath, scene=name)


def home(task: Task) -> bpy.types.Scene | None:
    """The open scene a task was started in; None if another file is open or the scene is gone."""
    where = task.origin
    if where.sitting == sitting:
        for scene in bpy.data.scenes:
            if scene.session_uid == where.scene_uid:
                return scene
        return None
    if where.file and where.file == bpy.data.filepath:
        return bpy.data.scenes.get(where.scene)
    return None


def file_loaded() -> None:
    """Another .blend is open: tasks of the one before are not wanted here any more, those that
    were started in this one are."""
    global sitting
    sitting = uuid.uuid4().hex
    for store in (_arrived, _in_the_way, receiving):
        store.clear()
    stage.forget()
    for known in _tasks.values():
        _greet(known)
    if _arrived:
        wake()


def file_saved() -> None:
    if _engine is not None and bpy.data.filepath:
        scenes = {scene.session_uid: scene.name for scene in bpy.data.scenes}
        _engine.relocate(sitting, bpy.data.filepath, scenes)
        wake()


# --- the timer ------------------------------------------------------------------------------


def tick() -> float | None:
    """Take in what the threads reported. Returns the seconds to the next look, None to end."""
    global _due
    try:
        wait = _tick()
    except Exception:
        # A timer that raises is removed by Blender; then nothing would ever arrive again.
        log(__name__).exception("Maquette's timer made a mistake")
        wait = TICK
    _due = math.inf if wait is None else time.perf_counter() + wait
    return wait


def _tick() -> float | None:
    global _redrawn, _looked
    busy = _engine is not None and _engine.busy  # asked first: what it published is in the queue
    changed = _drain()
    staging = stage.tick()
    _import_arrived()
    now = time.monotonic()
    if changed or now - _redrawn >= REDRAW:
        _redrawn = now
        redraw()
    elif now - _looked >= REDRAW:  # not in the same tick: each takes a tenth of a millisecond
        _looked = now
        translations.follow()
        for task in _current:
            _warm(task)
    if staging or _downloading or _put_off or not _inbox.empty():
        return SOON
    return TICK if busy or _arrived else None


def _drain() -> bool:
    global _downloading
    until = time.perf_counter() + TICK_BUDGET
    changed = False
    while time.perf_counter() < until:
        try:
            notice = _inbox.get_nowait()
        except queue.Empty:
            break
        _take(notice)
        changed = True
    if changed:
        _newest_first[:] = sorted(_tasks.values(), key=lambda task: task.created, reverse=True)
        _current[:] = [task for task in _newest_first if _is_current(task)]
        _downloading = any(task.state is TaskState.DOWNLOADING for task in _current)
    return changed


def _is_current(task: Task) -> bool:
    ready = task.state is TaskState.READY and task.finished >= _started
    return ready or task.state.is_open


@functools.cache
def _kinds() -> tuple[ModuleType, ModuleType]:
    """What threads report, imported with the engine and looked up once: every tick asks."""
    from .core import events, notices

    return events, notices


def _take(notice: Notice) -> None:
    global _price, _trouble, _wanted
    events, notices = _kinds()
    match notice:
        case notices.TaskChanged(task=changed, event=event):
            first_seen = changed.id not in _tasks
            _tasks[changed.id] = changed
            _warm(changed)
            if first_seen or isinstance(event, events.Ready):
                _greet(changed)
            if isinstance(event, events.Submitted) and changed.request.provider in _balances:
                engine().balance(changed.request.provider)  # what was shown is no longer true
        case notices.TaskRemoved(task_id=task_id):
            _tasks.pop(task_id, None)
            _off_the_way(task_id)
            stage.cancel(task_id)
        case notices.BalanceKnown(provider=provider):
            _balances[provider] = notice
        case notices.PriceKnown():
            _price, _wanted = notice, None
        case notices.Trouble(message=message):
            _trouble = notice if message else None


def _greet(task: Task) -> None:
    """Put a model on the way into the scene if it is wanted here and is not there yet: that it was
    imported may not have been noted down (a full disk, a crash after the file was saved)."""
    from .importing.place import MARK

    if (
        task.state is TaskState.READY
        and (scene := _comes_to(task)) is not None
        and not any(obj.get(MARK) == task.id for obj in scene.objects)
    ):
        _arrived[task.id] = None
        if not bpy.app.background:
            stage.prepare(task, scene)


def _comes_to(task: Task) -> bpy.types.Scene | None:
    """The scene into which it is to come by itself."""
    from . import preferences

    wanted = task.origin.wanted and preferences.get().import_when_ready
    return home(task) if wanted else None


def _warm(task: Task) -> None:
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


def imported(task_id: str, note: str = "") -> None:
    """Its model is in the scene. note: a word on how it came, for its row."""
    notes.pop(task_id, None)
    if note:
        notes[task_id] = note
    _off_the_way(task_id)  # what was on its way by itself was asked for meanwhile
    stage.cancel(task_id)
    engine().imported(task_id)


def later(task_id: str, spot: Spot | None = None) -> None:
    """Import it as soon as it is prepared and the moment is good, with the Import button grey if
    there is a spot."""
    if task_id in _tasks:
        _arrived[task_id] = spot
        wake()


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
        return say("It is being prepared in the background.") if stage.pending(task.id) else ""
    if task.state is not TaskState.READY or not task.origin.wanted:
        return ""
    where = task.origin
    if home(task) is not None:
        return ""
    if where.sitting == sitting or (where.file and where.file == bpy.data.filepath):
        return say("Its scene “{scene}” is gone; Import puts it here", scene=where.scene)
    if where.file:
        return say("Made for {file}; Import puts it here", file=Path(where.file).name)
    return say("Made for a file that was not saved; Import puts it here")


def _off_the_way(task_id: str) -> None:
    _arrived.pop(task_id, None)
    _in_the_way.pop(task_id, None)


def _import_arrived() -> None:
    """The first for which all is well; others do not wait for one that is still being prepared."""
    global _put_off
    put_off, _put_off = _put_off, 0.0
    if not _arrived:
        return
    from .importing import moment

    reasons: dict[bool, str] = {}
    for task_id, spot in list(_arrived.items()):
        known = _tasks.get(task_id)
        scene = _scene_of(known, spot) if known else None
        if scene is None:
            _off_the_way(task_id)
            stage.cancel(task_id)
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
            if _is_late(put_off):
                _put_off = put_off or time.perf_counter()
                return
            _off_the_way(task_id)
            _receive(known, scene, spot)
            return


def _is_late(put_off: float) -> bool:
    """Has Blender been busy until this tick? Then it has not looked yet at what somebody did
    meanwhile: timers come first. That need not wait for an import, too, but for ever it cannot.
    put_off: when that was the case for the first time, 0 if it was not."""
    now = time.perf_counter()  # the other clock of Windows goes in steps longer than LATE
    enough = put_off and now - put_off > PUT_OFF
    return not (bpy.app.background or enough) and now - _due > LATE


def _scene_of(known: Task, spot: Spot | None) -> bpy.types.Scene | None:
    """Into which it is to come; None if it is not any more."""
    if spot is not None:
        return next((scene for scene in bpy.data.scenes if scene.session_uid == spot[0]), None)
    return home(known) if known.state is TaskState.READY else None


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


def redraw() -> None:
    """The sidebars and the status bar only: drawing a heavy scene anew twice a second would be
    felt."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if drawn := _DRAWN.get(area.type):
                for region in area.regions:
                    if region.type == drawn:
                        region.tag_redraw()
                        break
    bpy.msgbus.publish_rna(key=_STATUS_BAR)
