"""Generate: from the form to a task under way.

Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

import time

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from .. import pictures, properties, session
from ..core.errors import BadRequest, MaquetteError
from ..core.language import say
from ..core.model import Task, TaskState
from ..core.providers import get_provider
from ..importing import stage
from . import orders, timers

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
            self._task_id = orders.begin(context, self._sources(context))
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
        begin = orders.begin_soon if context.window else orders.begin
        try:
            self._task_id = begin(context, self._sources(context))
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
        if problem := session.not_sent.pop(self._task_id, ""):
            self.cancel(context)
            self.report({"ERROR"}, problem)
            return {"CANCELLED", "PASS_THROUGH"}
        task = session.task(self._task_id)  # None at first: it is prepared or being noted down
        outcome = _outcome(task) if task else None
        if outcome is None and time.monotonic() < self._until:
            return {"PASS_THROUGH"}
        self.cancel(context)
        if outcome:
            self.report({outcome[0]}, outcome[1])
        return {"FINISHED", "PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Also called by Blender when it ends the operator: another file, a closed window."""
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


class MAQUETTE_OT_stop_preparing(bpy.types.Operator):
    """Send nothing: the pictures are still being prepared"""

    bl_idname = "maquette.stop_preparing"
    bl_label = "Do Not Send"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        dropped = orders.drop()
        session.redraw()
        if not dropped:  # clicked on what was drawn a moment before
            told = say("Nothing is being prepared any more. What was sent stands in the list")
            self.report({"WARNING"}, told)
            return {"CANCELLED"}
        self.report({"INFO"}, say("Nothing was sent"))
        return {"FINISHED"}


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
    return session.setup_problem(provider) or settings.checked(properties.pictures(context)).problem


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


CLASSES: tuple[type, ...] = (MAQUETTE_OT_generate, MAQUETTE_OT_stop_preparing)
