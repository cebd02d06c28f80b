"""Receive: a finished model from the library into a scene.

Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

import logging

import bpy
from bpy.props import BoolProperty

from .. import session
from ..core.errors import BadRequest, MaquetteError
from ..core.model import TaskState
from ..importing import moment, place
from .tasks import OfTask

log = logging.getLogger(__name__)

LOOK = 0.1  # seconds


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

    _timer: bpy.types.Timer | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if reason := moment.why_not_now(context, asked=True):
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.task_id in session.receiving:
            return {"CANCELLED"}  # a second click on the same button
        if context.window is None:
            return self.execute(context)
        # Blender draws "Importing…" before it is kept busy.
        session.receiving.add(self.task_id)
        window_manager = context.window_manager
        self._timer = window_manager.event_timer_add(LOOK, window=context.window)
        window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        self.cancel(context)
        return self.execute(context) | {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Also called by Blender when it ends the operator: another file, a closed window."""
        session.receiving.discard(self.task_id)
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            task = self.task()
            if task.state not in (TaskState.READY, TaskState.IMPORTED):
                raise BadRequest("This model is not ready yet.")
            if reason := moment.why_not_now(context, asked=self.select):
                raise BadRequest(f"“{task.title}” was not imported. {reason}")
            scene = context.scene if self.select else session.home(task)
            if scene is None:
                raise BadRequest("The scene it was made for is not open.", "Import puts it here.")
            location = scene.cursor.location if self.select else task.origin.location
            place.import_model(context, task, scene, location=location, select=self.select)
        except MaquetteError as error:
            return self._refuse(str(error))
        except Exception as error:
            # A mistake of ours, or something new in this Blender: the row must not look unharmed.
            log.exception("a model could not be imported")
            return self._refuse(
                f"Maquette could not import this model ({type(error).__name__}). It is safe in the"
                " library; the system console holds the details."
            )
        bpy.ops.ed.undo_push(message="Generate 3D model")
        session.notes.pop(task.id, None)
        session.engine().imported(task.id)
        self.report({"INFO"}, f"“{task.title}” is in the scene")
        return {"FINISHED"}

    def _refuse(self, reason: str) -> set[str]:
        """To whoever clicked, a popup; to others, a line in the list and in the status bar."""
        if self.select:
            return self.refuse(reason)
        session.notes[self.task_id] = reason
        self.report({"WARNING"}, reason)
        return {"CANCELLED"}


CLASSES: tuple[type, ...] = (MAQUETTE_OT_receive,)
