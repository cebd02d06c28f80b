"""Generate: from the form to a task under way.

Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from .. import pictures, properties, session
from ..core.engine import new_task_id
from ..core.errors import BadRequest, MaquetteError, SetupError
from ..core.language import say
from ..core.model import GenerationRequest, Origin, Task, TaskState
from ..core.providers import get_provider
from ..importing import stage
from . import timers

log = logging.getLogger(__name__)

# The operator stays for the submit only, never for the minutes that follow: Blender puts off its
# auto-save, by ten seconds each time, while a modal operator runs in any window
# (`wm_autosave_timer`, source/blender/windowmanager/intern/wm_files.cc).
FOLLOW = 20.0  # seconds
DOUBLE_CLICK = 1.0  # seconds; a second click within it was not meant to be paid for
LOOK = 0.1  # seconds between looks at the task


_clicked = -DOUBLE_CLICK


class MAQUETTE_OT_generate(bpy.types.Operator):
    """Have the service make this, and put it into the scene at the 3D cursor"""

    bl_idname = "maquette.generate"
    bl_label = "Generate"
    bl_options = set()

    # A dialog's own picture goes along with one order only; the list in the form is not touched.
    listed: BoolProperty(
        name="Pictures of the List",
        description="Send the pictures of the list along",
        default=True,
        options={"HIDDEN", "SKIP_SAVE"},
    )
    picture: StringProperty(
        name="Picture",
        description="The file of a picture to send along",
        subtype="FILE_PATH",
        options={"HIDDEN", "SKIP_SAVE"},
    )
    image: IntProperty(
        name="Image",
        description="The session_uid of an image to send along",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    _order: "Order | None" = None  # as long as its pictures are being prepared
    _task_id = ""
    _timer: bpy.types.Timer | None = None
    _until = 0.0

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if reason := why_not(context):
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self._task_id = begin(context, self._sources(context))
        except MaquetteError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        global _clicked
        if time.monotonic() - _clicked < DOUBLE_CLICK:
            self.report(
                {"INFO"}, say("Being sent already. Press Generate again for a second model")
            )
            return {"CANCELLED"}
        try:
            order = freeze(context, self._sources(context))
            self._task_id = order.task_id
            with _or_nothing(order):
                if context.window is not None and have_prepared(order, context.scene):
                    self._order = order
                else:
                    prepare(order, context.scene)
                    send(order)
        except MaquetteError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        _clicked = time.monotonic()
        if context.window is None:
            return {"FINISHED"}
        # A refusal is to be read where the user clicked; only an operator can report there.
        self._until = time.monotonic() + FOLLOW
        self._timer = timers.add(context, LOOK)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Looks on: every event goes on to whom it is meant for, ESC too. Nothing but Cancel in
        the list stops a task that is paid for."""
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if self._order is not None:
            return self._go_on(context)
        task = session.task(self._task_id)  # None at first: it is being noted down
        outcome = _outcome(task) if task else None
        if outcome is None and time.monotonic() < self._until:
            return {"PASS_THROUGH"}
        self.cancel(context)
        if outcome:
            self.report({outcome[0]}, outcome[1])
        return {"FINISHED", "PASS_THROUGH"}

    def _go_on(self, context: bpy.types.Context) -> set[str]:
        """When the pictures are there, send the order."""
        stage.tick()
        if stage.pending(self._order.task_id):
            return {"PASS_THROUGH"}
        order, self._order = self._order, None
        self._until = time.monotonic() + FOLLOW
        try:
            with _or_nothing(order):
                _look_at(stage.result(order.task_id))
                prepare(order, context.scene)
                send(order)
        except MaquetteError as error:
            self.cancel(context)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED", "PASS_THROUGH"}
        finally:
            stage.cancel(order.task_id)
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Also called by Blender when it ends the operator: another file, a closed window."""
        if self._order is not None:
            stage.cancel(self._order.task_id)
            shutil.rmtree(_inputs(self._order), ignore_errors=True)
            self._order = None
        if self._timer is not None:
            timers.remove(self._timer)
            self._timer = None

    def _sources(self, context: bpy.types.Context) -> list[str | bpy.types.Image]:
        """Errors: BadRequest: the image was removed meanwhile."""
        settings = properties.get(context)
        sources: list[str | bpy.types.Image] = []
        if self.listed:
            sources += [picture.filepath for picture in settings.pictures]
        if self.picture:
            sources.append(self.picture)
        if self.image:
            sources.append(pictures.find(self.image))
        return sources


def why_not(context: bpy.types.Context) -> str:
    """ "" or why nothing can be generated now. Looks at no files: drawing the button asks this."""
    if stage.converting():
        return say("The pictures are being prepared.")
    if (trouble := session.trouble()) and trouble.stops:
        return f"{trouble.message} {trouble.advice}".strip()
    if reason := session.closed(context.scene):
        return reason
    settings = properties.get(context)
    try:
        provider = settings.provider
    except BadRequest as error:
        return str(error)
    return session.setup_problem(provider) or settings.problem(properties.pictures(context))


@dataclass(frozen=True)
class Order:
    """All that is needed, copied out of Blender at the click. pictures: what is to be sent along,
    as paths or images, each with the PNG that is to be made of it."""

    task_id: str
    request: GenerationRequest
    origin: Origin
    pictures: tuple[tuple[str | bpy.types.Image, Path], ...]


def begin(context: bpy.types.Context, sources: Sequence[str | bpy.types.Image]) -> str:
    """Copy all that is needed out of Blender and hand it to the engine. Returns the task's id.

    sources: the pictures to send along, as paths or images. Errors: BadRequest, SetupError,
    StorageError; nothing is left behind then.
    """
    order = freeze(context, sources)
    with _or_nothing(order):
        prepare(order, context.scene)
        send(order)
    return order.task_id


def freeze(context: bpy.types.Context, sources: Sequence[str | bpy.types.Image]) -> Order:
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
    pairs = tuple(zip(sources, copies, strict=True))
    return Order(task_id, request, session.origin(context, wanted=True), pairs)


def have_prepared(order: Order, scene: bpy.types.Scene) -> bool:
    """Give the background Blender what would take long here. Returns whether it is to be waited
    for; then images, which may be changed meanwhile, are prepared. Errors: as `prepare`."""
    files = [(source, copy) for source, copy in order.pictures if isinstance(source, str)]
    if not any(pictures.is_large(source) for source, _ in files) or stage.unavailable():
        return False
    for source, copy in order.pictures:
        if not isinstance(source, str):
            pictures.image_to_png(source, copy, scene)
    stage.convert(order.task_id, [(pictures.absolute(source), copy) for source, copy in files])
    return True


def prepare(order: Order, scene: bpy.types.Scene) -> None:
    """Make the PNGs that are not there yet. Errors: BadRequest, StorageError."""
    for source, copy in order.pictures:
        if copy.exists():
            continue
        if isinstance(source, str):
            pictures.to_png(source, copy)
        else:
            pictures.image_to_png(source, copy, scene)


def send(order: Order) -> None:
    session.engine().generate(order.request, order.origin, order.task_id)


def _look_at(made: stage.Result | None) -> None:
    """Errors: BadRequest: over a picture that made one Blender crash this one would, too."""
    if made is not None and made.state is stage.State.FAILED:
        log.warning("pictures: %s\n%s", made.message, made.details)
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
    """Leave no picture behind if it fails."""
    try:
        yield
    except BaseException:
        shutil.rmtree(_inputs(order), ignore_errors=True)
        raise


def _outcome(task: Task) -> tuple[str, str] | None:
    """How the submit ended: a kind of report and its text. None: it has not ended yet."""
    label = get_provider(task.request.provider).label
    told = f"{task.message} {task.advice}".strip()
    match task.state:
        case TaskState.FAILED:
            return "ERROR", told
        case TaskState.UNCONFIRMED:
            return "WARNING", told
        case TaskState.STOPPED:
            return "INFO", told
        case _ if task.accepted:
            return "INFO", say("{service} took the job", service=label)
        case TaskState.WAITING:
            return "WARNING", task.note or say("{service} cannot take the job yet", service=label)
    return None


CLASSES: tuple[type, ...] = (MAQUETTE_OT_generate,)
