"""An order from the click until the engine has it; in between its pictures are made ready.

Where that takes long, the background Blender does it and a timer sends the order afterwards, also
if the window, the file or the scene that it was clicked in is gone by then: who pressed Generate
has ordered. What fails then is reported by the operator, or stands in the panel
(`session.not_sent`). With Blender, or when the extension is disabled, an order ends that was not
sent yet. Thread: main.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import bpy

from .. import pictures, properties, session
from ..core.errors import BadRequest, MaquetteError, SetupError
from ..core.language import say
from ..core.late import log
from ..core.model import GenerationRequest, Origin, new_task_id
from ..importing import origins, stage

LOOK = 0.1  # seconds between looks at what is being prepared


class Order(NamedTuple):
    """All that is needed, copied out of Blender at the click. pictures: what is to be sent along,
    as absolute paths or images, each with the PNG that is to be made of it."""

    task_id: str
    request: GenerationRequest
    origin: Origin
    pictures: tuple[tuple[str | bpy.types.Image, Path], ...]


_waiting: dict[str, Order] = {}


def begin(context: bpy.types.Context, sources: Sequence[str | bpy.types.Image]) -> str:
    """Copy all that is needed out of Blender and hand it to the engine. Returns the task's id.

    sources: the pictures to send along, as paths or images. Errors: BadRequest, SetupError,
    StorageError; nothing is left behind then.
    """
    order = _frozen(context, sources)
    with _or_nothing(order):
        _prepare(order, context.scene)
        _send(order)
    return order.task_id


def begin_soon(context: bpy.types.Context, sources: Sequence[str | bpy.types.Image]) -> str:
    """The same without keeping Blender from answering: large pictures are made ready elsewhere, and
    the order goes out when they are. Errors: as above, as far as they are known now."""
    order = _frozen(context, sources)
    files = [(source, copy) for source, copy in order.pictures if isinstance(source, str)]
    with _or_nothing(order):
        if stage.unavailable() or not any(pictures.is_large(source) for source, _ in files):
            _prepare(order, context.scene)
            _send(order)
            return order.task_id
        for source, copy in order.pictures:
            if not isinstance(source, str):  # it may be changed before it is its turn
                pictures.image_to_png(source, copy, context.scene)
        stage.convert(order.task_id, [(Path(source), copy) for source, copy in files])
    _waiting[order.task_id] = order
    session.redraw()
    if not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=LOOK, persistent=True)
    return order.task_id


def is_waiting(task_id: str) -> bool:
    """Are its pictures still being prepared?"""
    return task_id in _waiting


def drop() -> bool:
    """Send nothing of what has not been sent. Returns whether there was any."""
    some = bool(_waiting)
    for order in _waiting.values():
        _forget(order)
    _waiting.clear()
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)
    return some


def _look() -> float | None:
    for order in list(_waiting.values()):
        try:
            stage.tick()
            if stage.pending(order.task_id):
                continue
            del _waiting[order.task_id]
            with _or_nothing(order):
                _look_at(stage.result(order.task_id))
                _prepare(order, bpy.context.scene)
                _send(order._replace(origin=origins.up_to_date(order.origin)))
        except MaquetteError as error:
            session.not_sent[order.task_id] = str(error)
        except Exception as error:
            _waiting.pop(order.task_id, None)
            log(__name__).exception("an order could not be sent")
            session.not_sent[order.task_id] = say(
                "Maquette could not send this order ({error}).", error=type(error).__name__
            )
        stage.cancel(order.task_id)
        session.redraw()
    return LOOK if _waiting else None


def _frozen(context: bpy.types.Context, sources: Sequence[str | bpy.types.Image]) -> Order:
    """Looks at all that can be wrong without reading a picture. Errors: BadRequest, SetupError."""
    if reason := session.closed(context.scene):
        raise BadRequest(reason, say("Open another scene."))
    settings = properties.get(context)
    if problem := session.setup_problem(settings.provider):
        raise SetupError(problem)
    task_id = new_task_id()
    inputs = session.folders().inputs(task_id)
    copies = [inputs / f"{number}.png" for number in range(1, len(sources) + 1)]
    request = settings.request([str(copy) for copy in copies])
    for source in sources:
        pictures.check(source)
    found = [str(pictures.absolute(s)) if isinstance(s, str) else s for s in sources]
    pairs = tuple(zip(found, copies, strict=True))
    return Order(task_id, request, origins.origin(context, wanted=True), pairs)


def _prepare(order: Order, scene: bpy.types.Scene) -> None:
    """Make the PNGs that are not there yet. Errors: BadRequest, StorageError."""
    for source, copy in order.pictures:
        if copy.exists():
            continue
        if isinstance(source, str):
            pictures.to_png(source, copy)
        else:
            pictures.image_to_png(source, copy, scene)


def _send(order: Order) -> None:
    session.not_sent.clear()
    session.engine().generate(order.request, order.origin, order.task_id)


def _look_at(made: stage.Result | None) -> None:
    """Errors: BadRequest: over a picture that made one Blender crash this one would, too."""
    if made is not None and made.state is stage.State.FAILED:
        log(__name__).warning("pictures: %s\n%s", made.message, made.details)
        raise BadRequest(
            say(
                "The Blender in the background that prepared the pictures crashed or took too long;"
                " nothing was sent."
            ),
            say("Choose another picture."),
        )


def _inputs(order: Order) -> Path:
    return session.folders().inputs(order.task_id)


@contextmanager
def _or_nothing(order: Order) -> Iterator[None]:
    """Leave nothing behind if it fails."""
    try:
        yield
    except BaseException:
        _forget(order)
        raise


def _forget(order: Order) -> None:
    import shutil  # not before it is needed: it brings much along

    stage.cancel(order.task_id)
    shutil.rmtree(_inputs(order), ignore_errors=True)
