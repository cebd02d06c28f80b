"""The meeting place of threads and Blender: one queue, one timer.

The engine's threads put notices into a queue; one persistent timer takes them out on the main
thread, keeps the list that the panels draw, and lets models come (arrivals.py). It is armed while
something is open and ends by itself. Thread: main only, but for `online`, the queue's `put` and
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
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import bpy

from . import arrivals, translations
from .core.accounts import Accounts
from .core.errors import MaquetteError, SetupError
from .core.language import say
from .core.late import log
from .core.model import GenerationRequest, Task, TaskState
from .core.providers import get_provider
from .core.providers.base import Provider
from .core.providers.options import same_price
from .core.storage import Folders, written
from .importing import origins, stage

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

_DRAWN = {"VIEW_3D": "UI", "PREFERENCES": "WINDOW"}  # area and region types

_MANIFEST = Path(__file__).with_name("blender_manifest.toml")

# The engine and what it is made of, in pieces that take some milliseconds each; what starts the
# background Blender; and what brings a model into the scene.
_ENGINE = (
    "ssl", "http.cookiejar", ".core.http", "sqlite3", ".core.events", ".core.notices", ".core.glb",
    ".core.job", ".core.ledger", ".core.engine", ".importing.background", ".importing.moment",
    ".importing.place",
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
_redrawn = _looked = 0.0
_due = math.inf  # perf_counter: when the next tick should come
_downloading = False
_started = 0.0  # Unix seconds
_enabled = 0  # nanoseconds: of the manifest, when the extension was enabled

not_sent: dict[str, str] = {}  # task id that it would have had -> why an order was not sent


# --- life -----------------------------------------------------------------------------------


def start() -> None:
    """Called by register(). Opens nothing yet: enabling the extension has to be quick."""
    global _started, _enabled
    origins.new_sitting()
    _started = time.time()
    _enabled = written(_MANIFEST)
    if not bpy.app.background and _root().joinpath("tasks.sqlite3").exists():
        bpy.app.timers.register(_wake_up, first_interval=WAKE_UP, persistent=True)


def _replaced() -> str:
    """ "" or, in words, that another Blender updated or removed the extension before this one has
    imported the engine: that would be another version's, which reads and writes what this one does
    not know."""
    if _engine is None and _preparing is None and written(_MANIFEST) != _enabled:
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
    global _engine, _preparing, _accounts, _price, _trouble, _wanted, _due
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
    arrivals.forget_all()
    for store in (_tasks, _newest_first, _current, _balances, not_sent):
        store.clear()
    _due = math.inf
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
    task_id, reason = arrivals.held() or ("", "")
    return (_tasks[task_id], reason) if task_id in _tasks else None


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


# --- files ----------------------------------------------------------------------------------


def file_loaded() -> None:
    """Another .blend is open: tasks of the one before are not wanted here any more, those that
    were started in this one are."""
    origins.new_sitting()
    arrivals.forget_file()
    for known in _tasks.values():
        arrivals.greet(known)
    if arrivals.any_left():
        wake()


def file_saved() -> None:
    if _engine is not None and bpy.data.filepath:
        _engine.relocate(origins.sitting, bpy.data.filepath, origins.scene_names())
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
    arrivals.tick(_tasks, _due)
    now = time.monotonic()
    if changed or now - _redrawn >= REDRAW:
        _redrawn = now
        redraw()
    elif now - _looked >= REDRAW:  # not in the same tick: each takes a tenth of a millisecond
        _looked = now
        translations.follow()
        for task in _current:
            arrivals.warm(task)
    if staging or _downloading or arrivals.put_off() or not _inbox.empty():
        return SOON
    return TICK if busy or arrivals.any_left() else None


def _drain() -> bool:
    global _downloading
    if _inbox.empty():  # nearly always
        return False
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
            arrivals.warm(changed)
            # Of a file that was saved and opened anew before that was noted, too.
            moved = (
                isinstance(event, events.Relocated) and changed.origin.sitting != origins.sitting
            )
            if first_seen or moved or isinstance(event, events.Ready):
                arrivals.greet(changed)
            if isinstance(event, events.Submitted) and changed.request.provider in _balances:
                engine().balance(changed.request.provider)  # what was shown is no longer true
        case notices.TaskRemoved(task_id=task_id):
            _tasks.pop(task_id, None)
            arrivals.drop(task_id)
        case notices.BalanceKnown(provider=provider):
            _balances[provider] = notice
        case notices.PriceKnown():
            _price, _wanted = notice, None
        case notices.Trouble(message=message):
            _trouble = notice if message else None


def imported(task_id: str, note: str = "") -> None:
    """Its model is in the scene. note: a word on how it came, for its row."""
    arrivals.came(task_id, note)
    engine().imported(task_id)


def later(task_id: str, spot: arrivals.Spot | None = None) -> None:
    """Import it as soon as it is prepared and the moment is good, with the Import button grey if
    there is a spot."""
    if task_id in _tasks:
        arrivals.expect(task_id, spot)
        wake()


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
