"""Receive: a finished model from the library into a scene.

Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

from collections.abc import Sequence

import bpy
from bpy.props import BoolProperty, FloatVectorProperty, IntProperty

from .. import arrivals, session
from ..core.errors import BadRequest, MaquetteError
from ..core.language import say
from ..core.late import log
from ..core.model import Task, TaskState
from ..importing import append, moment, origins, stage
from . import timers
from .tasks import OfTask

LOOK, AT_ONCE = 0.1, 0.005  # seconds
PIECE = 0.005  # seconds of taking a model in, a piece at least, between which Blender draws
BRINGING = 10.0  # seconds, after which those that are missing come with the model
LATE = 0.03  # seconds between two looks: Blender was busy, most often with drawing
_HAS_MODEL = (TaskState.READY, TaskState.IMPORTED)


class MAQUETTE_OT_receive(OfTask, bpy.types.Operator):
    """Put this model into the scene at the 3D cursor"""

    # Without the option UNDO: the importer, called from here, makes no undo step, and Blender
    # would make one after a refusal, too. There is exactly one, and only when a model came.
    bl_idname = "maquette.receive"
    bl_label = "Import Model"

    select: BoolProperty(
        name="At the Cursor",
        description="Put it at the 3D cursor of this scene and select it. Otherwise it goes where"
        " it was asked for, and the selection stays",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    # Where that is, if the click was a while ago: see session.later.
    scene_uid: IntProperty(options={"HIDDEN", "SKIP_SAVE"})
    location: FloatVectorProperty(options={"HIDDEN", "SKIP_SAVE"})

    _timer: bpy.types.Timer | None = None
    _clicked = False  # just now
    _quick = False  # it is prepared
    _looked = 0.0  # `time_duration` of the timer
    _put_off = 0.0  # seconds

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if reason := moment.why_not_now(context, asked=True):
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.task_id in arrivals.receiving:
            return {"CANCELLED"}  # a second click on the same button
        if context.window is None:
            return self.execute(context)
        self._clicked = self.select and not self.scene_uid
        if self._clicked:
            self.scene_uid = context.scene.session_uid
            self.location = context.scene.cursor.location
            task = session.task(self.task_id)
            if task and task.state in _HAS_MODEL and task.folder:
                stage.prepare(task, context.scene)
                if stage.pending(task.id):
                    # Not waited for here: while an operator runs, Blender saves nothing by itself.
                    session.later(task.id, self._spot)
                    return {"CANCELLED"}
        arrivals.receiving.add(self.task_id)
        ready = stage.result(self.task_id)
        # What takes long is not begun before Blender has drawn "Importing…".
        self._quick = ready is not None and ready.state is stage.State.DONE
        self._timer = timers.add(context, AT_ONCE if self._quick else LOOK)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # The timers of others come by here, too: those of add-ons, many times a second.
        if event.type != "TIMER" or self._timer.time_duration == self._looked:
            return {"PASS_THROUGH"}
        self._looked = self._timer.time_duration
        if self._is_late() or self._pieces_come(context):
            return {"PASS_THROUGH"}
        self._stop()
        return self.execute(context) | {"PASS_THROUGH"}

    def _is_late(self) -> bool:
        """Has Blender been busy until now? Then it is to look first at what somebody did meanwhile,
        as in `arrivals.tick`; but it may be busy all the time."""
        if not self._quick or self._timer.time_delta <= LATE:
            self._put_off = 0.0
            return False
        self._put_off += self._timer.time_delta
        return self._put_off < arrivals.PUT_OFF

    def _pieces_come(self, context: bpy.types.Context) -> bool:
        """The next pieces of a prepared model. Returns whether any came in this tick."""
        ready = stage.result(self.task_id)
        if ready is None or ready.path is None or moment.why_not_now(context, clicked=True):
            return False
        if self._timer.time_duration > BRINGING:  # somebody takes them away again and again
            return False
        try:
            return append.bring(ready.path, PIECE)
        except (OSError, RuntimeError):
            return False  # said when the model comes

    def _drop_pieces(self) -> None:
        ready = stage.result(self.task_id)
        if ready is not None and ready.path is not None:
            append.drop(ready.path)

    @property
    def _spot(self) -> arrivals.Spot | None:
        return (self.scene_uid, tuple(self.location)) if self.scene_uid else None

    def _scene(self, context: bpy.types.Context, task: Task) -> bpy.types.Scene | None:
        if not self.select:
            return origins.home(task)
        if not self.scene_uid:
            return context.scene
        return origins.scene_of(self.scene_uid)

    def cancel(self, context: bpy.types.Context) -> None:
        """Called by Blender when it ends the operator: another file, a closed window."""
        self._stop()
        self._drop_pieces()
        if not self._clicked:
            session.later(self.task_id, self._spot)

    def _stop(self) -> None:
        arrivals.receiving.discard(self.task_id)
        if self._timer is not None:
            timers.remove(self._timer)
            self._timer = None
        session.redraw()

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            return self._receive(context)
        finally:
            self._drop_pieces()  # if the model has not come

    def _receive(self, context: bpy.types.Context) -> set[str]:
        from ..importing import place  # as arrivals.py does when a model is ready

        try:
            task = self.task()
            if task.state not in _HAS_MODEL:
                raise BadRequest(say("This model is not ready yet."))
            asked = self.select and (self._clicked or not self.scene_uid)
            if reason := moment.why_not_now(context, asked=asked, clicked=self.select):
                if not asked:  # somebody was quicker: the moment was good just now
                    session.later(task.id, self._spot)
                    return {"CANCELLED"}
                told = say("“{title}” was not imported. {reason}", title=task.title, reason=reason)
                raise BadRequest(told)
            scene = self._scene(context, task)
            if scene is None:
                raise BadRequest(
                    say("The scene it was made for is not open."), say("Import puts it here.")
                )
            location = task.origin.location
            if self.select:
                location = self.location if self.scene_uid else scene.cursor.location
            names, note = self._bring(context, task, scene, location)
        except MaquetteError as error:
            return self._refuse(str(error))
        except Exception as error:
            # A mistake of ours, or something new in this Blender: the row must not look unharmed.
            log(__name__).exception("a model could not be imported")
            told = say(
                "Maquette could not import this model ({error}). It is safe in the library; the"
                " system console holds the details.",
                error=type(error).__name__,
            )
            return self._refuse(told)
        bpy.ops.ed.undo_push(message=say("Generate 3D model"))
        session.imported(task.id, note)
        if outer := place.enclosing(context, names):
            told = say(
                "“{title}” is in the scene, inside “{object}”", title=task.title, object=outer
            )
        else:
            told = say("“{title}” is in the scene", title=task.title)
        told = f"{told}. {say('Size: {size}', size=place.size(scene, names))}"
        if _colors_unseen(context, names):
            told = f"{told}. {say('Its colors show in Material Preview')}"
        if place.left_out(context, names):
            told = f"{told}. {say('Leave Local View to see it')}"
        self.report({"INFO"}, told)
        return {"FINISHED"}

    def _bring(
        self,
        context: bpy.types.Context,
        task: Task,
        scene: bpy.types.Scene,
        location: Sequence[float],
    ) -> tuple[list[str], str]:
        """Returns the objects' names, and a word on how they came, or "". Errors: MaquetteError."""
        from ..importing import place

        ready = stage.result(task.id)
        if ready and ready.state is stage.State.FAILED:
            stage.give_up(task.id)  # the next Import does it here
            log(__name__).warning("%s %s\n%s", task.id, ready.message, ready.details)
            raise MaquetteError(ready.message, ready.advice, details=ready.details)
        if ready and ready.state is stage.State.DONE:
            try:
                names = place.append_model(
                    context, task, scene, ready.path, location=location, select=self.select
                )
            except Exception:
                if not moment.closed(scene):  # that says nothing about the model
                    stage.give_up(task.id)
                raise
            log(__name__).info("%s: %s, seconds: %s", task.id, ready.measures, ready.seconds)
            return names, ""
        names = place.import_model(context, task, scene, location=location, select=self.select)
        return names, ready.message if ready else ""

    def _refuse(self, reason: str) -> set[str]:
        """To whoever clicked, a popup; to others, a line in the list and in the status bar."""
        if self.select:
            return self.refuse(reason)
        arrivals.notes[self.task_id] = reason
        session.redraw()
        self.report({"WARNING"}, reason)
        return {"CANCELLED"}


def _colors_unseen(context: bpy.types.Context, names: list[str]) -> bool:
    """Has the model materials, and do all open 3D Views show objects without them?"""
    from ..importing import place

    if not any(obj.material_slots for obj in place.named(names)):
        return False
    shadings = [
        area.spaces.active.shading
        for window in context.window_manager.windows
        for area in window.screen.areas
        if area.type == "VIEW_3D"
    ]
    return bool(shadings) and not any(
        shading.type in ("MATERIAL", "RENDERED")
        or (shading.type == "SOLID" and shading.color_type == "TEXTURE")
        for shading in shadings
    )


CLASSES: tuple[type, ...] = (MAQUETTE_OT_receive,)
