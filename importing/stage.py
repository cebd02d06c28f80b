"""Models are imported by a Blender in the background, so that this one only has to append them; and
large pictures are made into what is sent.

    warm()                  there will be something to do: start that Blender
    prepare(task, scene)    have the model made into a .blend, as it would come into that scene
    convert(task.id, pairs) have pictures made into PNGs, for a task that is to be
    result(task.id)         what came of it; pending(task.id): not yet known
    give_up(task.id)        what failed is to be imported directly from now on
    cancel(task.id)         nobody wants it any more, or it is in the scene
    tick()                  look what has come; whoever waits calls it a few times a second

There is at most one at a time; orders wait for each other. It ends by itself after a minute without
work, and with this Blender however that ends (child.py).

Thread: main; large files are removed in threads. Never waits but in `stop`.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import bpy

from ..core.language import say
from ..core.late import log
from ..core.model import Task
from ..core.storage import written
from . import append, importer

if TYPE_CHECKING:
    from .background import Background

# What runs in the background is read from disk at each start; it must be of the version that this
# Blender has imported.
PROGRAM = Path(__file__).with_name("child.py")
_PROGRAM_WRITTEN = written(PROGRAM)

# Triangles, and bytes of the file's JSON, which is long where there are many parts, each of which
# takes the importer a millisecond: what is below both comes directly, in a tenth of a second.
SMALL, BRIEF = 20_000, 100_000
SLOW_START = 60.0  # seconds until it takes orders: one is usual, more from a slow disk
LIMIT, PER_MILLION = 60.0, 20.0  # seconds for a model, and more for each million triangles
CLOSING = 5.0  # seconds that Blender's end waits for files to go
GRACE = 5.0  # seconds: at the limit it ends itself and says where it hung; then it is killed
PAUSE = 60.0  # seconds after a start in vain, until one is made that nobody asked for yet
STARTS = 2  # in vain, and this Blender is taken for one that cannot start another
TRIES = 3  # of an order, with a Blender that just ended for want of work


class State(Enum):
    PENDING = auto()
    DONE = auto()
    FAILED = auto()  # say so, then `give_up`
    DIRECT = auto()  # import it here


@dataclass(frozen=True)
class Result:
    """path: with DONE, the .blend of a model, which is there until `cancel`. measures: as shape.py
    returns them. seconds: what took how long. message, advice, details: with FAILED, of the error;
    with DIRECT, message is "" or a word on why it is so."""

    state: State
    path: Path | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    advice: str = ""
    details: str = ""


_PENDING = Result(State.PENDING)


@dataclass
class _Order:
    content: dict[str, Any]  # for child.py; what the importer looks at in the scene is part of it
    limit: float
    result: Result = _PENDING
    given_up: bool = False
    number: int = 0  # of the last try
    tries: int = 0
    since: float = 0.0  # monotonic: when it was handed out


_orders: dict[str, _Order] = {}  # by task, first come first
_blender: "Background | None" = None
_order: _Order | None = None  # which it is at
_ending: "list[Background]" = []  # killed, but not gone yet
_removing: list[threading.Thread] = []
_folder: Path | None = None
_in_use: IO[bytes] | None = None  # open as long as the folder is ours
_numbers = 0
_failed_starts = 0
_not_before = 0.0  # monotonic: after something in vain
_never = ""  # why this Blender cannot have one, once that has been seen


def warm() -> None:
    if not unavailable():
        _look(start=True)


def unavailable() -> str:
    """ "" or why this Blender cannot have another in the background, in words."""
    if _never:
        return _never
    program = bpy.app.binary_path
    if "\\windowsapps\\" in program.lower():
        # "Access is denied": github.com/BlenderKit/Blendkit/issues/1143
        return say(
            "Imported directly: a Blender from the Microsoft Store cannot start another in the"
            " background."
        )
    if not os.path.isfile(program):  # "" is that of Blender as a Python module
        return say("Imported directly: this Blender has no program to start in the background.")
    return ""


def prepare(task: Task, scene: bpy.types.Scene) -> None:
    """Asked again for the same, it changes nothing; if the scene's units or frame rate have changed
    meanwhile, what there was is void. The task has a folder and a model."""
    path = Path(task.folder, task.model)
    content: dict[str, Any] = {"glb": str(path), "picture": task.picture, "title": task.title}
    content |= importer.settings(scene)
    known = _orders.get(task.id)
    if known is not None:
        # The present frame counts for where an animated model stands, no more than that: somebody
        # who looks through an animation is not to start it all anew.
        old = {**known.content, "frame_current": content["frame_current"]}
        if old == content or (known.given_up and old["glb"] == content["glb"]):
            return
    cancel(task.id)
    order = _Order(content, LIMIT + PER_MILLION * task.triangles / 1e6)
    _orders[task.id] = order
    if 0 < task.triangles <= SMALL and _has_few_parts(path):
        order.result = Result(State.DIRECT)
    elif reason := unavailable():
        order.result = Result(State.DIRECT, message=reason)
    else:
        _look(start=True)


def _has_few_parts(glb: Path) -> bool:
    """A look at the file's beginning: its header, and how long its JSON is (glTF 2.0, 4.4)."""
    try:
        with glb.open("rb") as file:
            return int.from_bytes(file.read(16)[12:], "little") <= BRIEF
    except OSError:
        return True  # said when it is imported


def convert(task_id: str, pairs: Sequence[tuple[Path, Path]]) -> None:
    """Pictures, as pictures.to_png does it: what is to be read, and what written, absolute. Before
    the models that wait: whoever pressed Generate waits for it."""
    content = {"pictures": [[str(source), str(target)] for source, target in pairs]}
    models = dict(_orders)
    _orders.clear()
    _orders[task_id] = _Order(content, LIMIT)
    _orders.update(models)
    if reason := unavailable():
        _orders[task_id].result = Result(State.DIRECT, message=reason)
    else:
        _look(start=True)


def converting() -> bool:
    return any(
        "pictures" in order.content and order.result is _PENDING for order in _orders.values()
    )


def result(task_id: str) -> Result | None:
    order = _orders.get(task_id)
    return order.result if order else None


def pending(task_id: str) -> bool:
    return task_id in _orders and _orders[task_id].result is _PENDING


def give_up(task_id: str) -> None:
    if order := _orders.get(task_id):
        if order.result.path is not None:
            _remove(order.result.path)
        order.result, order.given_up = Result(State.DIRECT), True


def cancel(task_id: str) -> None:
    order = _orders.pop(task_id, None)
    if order is None:
        return
    if order is _order:
        _kill()
    if order.result.path is not None:
        _remove(order.result.path)


def forget() -> None:
    """Another file is open: no model that was prepared is wanted."""
    for task_id, order in list(_orders.items()):
        if "pictures" not in order.content:
            cancel(task_id)
    append.forget()


def tick() -> bool:
    """Returns whether it has to be called again: somebody waits, or a process has to go."""
    if not _orders and _blender is None and not _ending:  # nearly always
        return False
    waiting = any(order.result is _PENDING for order in _orders.values())
    if waiting or _blender is not None or _ending:
        _look(start=False)
    return waiting or bool(_ending)


def stop() -> None:
    """Leaves no process, no file, no thread. `prepare` would begin anew."""
    global _folder, _in_use, _failed_starts, _never, _not_before
    _orders.clear()
    _kill()
    for blender in _ending:
        blender.close()
    until = time.monotonic() + CLOSING  # not for what hangs on a dead drive
    for thread in _removing:
        thread.join(max(0.0, until - time.monotonic()))
    hangs = any(thread.is_alive() for thread in _removing)
    _ending.clear()
    _removing.clear()
    if _in_use is not None:
        _in_use.close()
    if _folder is not None and not hangs:  # else the next start removes it
        import shutil  # background.py has done so

        shutil.rmtree(_folder, ignore_errors=True)
    _folder, _in_use, _failed_starts, _never, _not_before = None, None, 0, "", 0.0


# --- the background Blender -------------------------------------------------------------------


def _look(*, start: bool) -> None:
    """Take in what has come, hand out the next order. start: also if there is none."""
    _ending[:] = [blender for blender in _ending if not blender.kill()]
    _removing[:] = [thread for thread in _removing if thread.is_alive()]
    if _blender is not None:
        _take(_blender)
    waiting = next((order for order in _orders.values() if order.result is _PENDING), None)
    early = start and time.monotonic() >= _not_before
    if _blender is None and (waiting or early) and not unavailable():
        _start()
    elif _blender is not None and _order is None and waiting and _blender.ready:
        _hand_out(waiting, _blender)


def _start() -> None:
    # Here: what starts processes takes a hundredth of a second to load.
    from .background import Background, shared_folder, sweep

    global _blender, _folder, _in_use, _not_before, _never
    if written(PROGRAM) != _PROGRAM_WRITTEN:
        _never = say(
            "Imported directly: Maquette was updated or removed by another Blender. Restart this"
            " one."
        )
        _all_directly(_never)
        return
    try:
        if _folder is None or not _folder.is_dir():
            _folder, _in_use = shared_folder()
            _in_a_thread(sweep, _folder.parent)
        _blender = Background(_folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: no more threads
        _not_before = time.monotonic() + PAUSE
        _all_directly(_unusable(getattr(error, "strerror", None) or type(error).__name__))


def _hand_out(order: _Order, blender: "Background") -> None:
    global _numbers, _order, _failed_starts
    _failed_starts = 0
    _numbers += 1
    _order = order
    order.number, order.since, order.tries = _numbers, time.monotonic(), order.tries + 1
    blender.send({"number": order.number, "limit": order.limit, **order.content})


def _take(blender: "Background") -> None:
    """See what it did."""
    global _order
    ended = blender.ended  # asked first: what it wrote before it ended is there
    if not blender.ready:
        if ended:
            _not_started(blender, ended)
        elif time.monotonic() - blender.since > SLOW_START:
            _not_started(blender, say("not ready after {seconds:.0f} s", seconds=SLOW_START))
        return
    if _order is not None:
        waited = time.monotonic() - _order.since
        if (answer := _answer(_order, blender)) is not None:
            _order.result, _order = answer, None
        elif waited > _order.limit + (0.0 if ended else GRACE):
            _order.result = _too_slow(_order.limit, blender)
            _kill()
        elif ended and (ended != "0" or _order.tries >= TRIES):
            _order.result = _crashed(ended, blender)
    if ended:
        _kill()


def _answer(order: _Order, blender: "Background") -> Result | None:
    try:
        told = blender.answer(order.number)
    except (OSError, ValueError) as error:
        told = {"ok": False, "kind": "other", "error": type(error).__name__}
    if told is None:
        return None
    kind, error = told.get("kind"), str(told.get("error"))
    if told["ok"]:
        path = blender.blend(order.number) if "glb" in order.content else None
        return Result(State.DONE, path, told.get("measures", {}), told.get("seconds", {}))
    if kind == "disk":
        return Result(State.DIRECT, message=_unusable(error or say("it is full")))
    if kind in ("model", "picture"):
        # The same will be said here, and place.py and pictures.py have the sentence for that.
        return Result(State.DIRECT)
    return Result(
        State.FAILED,
        message=say("The model could not be prepared in the background ({error}).", error=error),
        advice=_stands_still(),
        details=blender.tail,
    )


def _too_slow(limit: float, blender: "Background") -> Result:
    return Result(
        State.FAILED,
        message=say(
            "Preparing the model in the background took longer than {seconds:.0f} s and was"
            " stopped.",
            seconds=limit,
        ),
        advice=_stands_still(),
        details=blender.tail,
    )


def _crashed(ended: str, blender: "Background") -> Result:
    if problem := blender.folder_problem:
        return Result(State.DIRECT, message=_unusable(problem))
    return Result(
        State.FAILED,
        message=say(
            "The Blender in the background that prepared the model crashed; in this one nothing"
            " has changed."
        ),
        advice=say("Import brings it in directly: save your work first."),
        details=f"{ended}\n{blender.tail}".strip(),
    )


def _stands_still() -> str:
    return say("Import brings it in directly: Blender stands still meanwhile.")


def _unusable(error: str) -> str:
    return say("Imported directly: the temporary folder cannot be used ({error}).", error=error)


def _not_started(blender: "Background", why: str) -> None:
    global _failed_starts, _never, _not_before
    _not_before = time.monotonic() + PAUSE
    log(__name__).warning("No Blender in the background: %s\n%s", why, blender.tail)
    problem = blender.folder_problem
    _kill()
    _failed_starts += 1
    if problem:
        _all_directly(_unusable(problem))
    elif _failed_starts >= STARTS:
        _never = say(
            "Imported directly: Blender could not start another in the background ({error}).",
            error=why,
        )
        _all_directly(_never)


def _all_directly(why: str) -> None:
    for order in _orders.values():
        if order.result is _PENDING:
            order.result = Result(State.DIRECT, message=why)


def _kill() -> None:
    """What it has prepared stays; what it is at goes to the next."""
    global _blender, _order
    blender, order = _blender, _order
    _blender = _order = None
    if blender is None:
        return
    if not blender.kill():
        _ending.append(blender)
    if order is not None:
        _in_a_thread(_drop_half, blender, order.number)


def _drop_half(blender: "Background", number: int) -> None:
    """What it had written of an order when it was killed: hundreds of megabytes of a large model.
    Thread: any."""
    blender.close()
    for file in blender.folder.glob(f"{number}[.-]*"):
        with suppress(OSError):
            file.unlink()


def _remove(path: Path) -> None:
    """Large files take their time to go: 80 MB 20 ms."""

    def work() -> None:
        for file in append.files(path):
            with suppress(OSError):  # there is none, or it goes with the folder
                file.unlink()

    append.drop(path)
    _in_a_thread(work)


def _in_a_thread(work: Callable[..., None], *arguments: object) -> None:
    thread = threading.Thread(target=work, args=arguments, name="maquette-remove", daemon=True)
    _removing.append(thread)
    thread.start()
