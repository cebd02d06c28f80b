"""What can be done about a task of the list.

Thread: main. Blender reads the annotations: no `from __future__ import annotations` here.
"""

import re
from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from .. import session
from ..core.errors import BadRequest, MaquetteError
from ..core.language import say
from ..core.model import Retry, Task, TaskState, retry_means
from ..core.providers import get_provider


class OfTask:
    """An operator about one task, named by its id."""

    bl_options = {"INTERNAL"}

    task_id: StringProperty(name="Task", options={"HIDDEN", "SKIP_SAVE"})

    def task(self) -> Task:
        """Errors: BadRequest: it was taken off the list meanwhile."""
        task = session.task(self.task_id)
        if task is None:
            raise BadRequest(say("This task is no longer in the list."))
        return task

    def refuse(self, reason: str) -> set[str]:
        self.report({"ERROR"}, reason)
        return {"CANCELLED"}


class MAQUETTE_OT_cancel(OfTask, bpy.types.Operator):
    """Stop watching this task. What the service has begun may be charged all the same"""

    bl_idname = "maquette.cancel"
    bl_label = "Cancel"

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            task = self.task()
        except BadRequest as error:
            return self.refuse(str(error))
        if not task.state.is_open:
            return self.refuse(say("This task has ended already."))
        session.engine().cancel(task.id)
        return {"FINISHED"}


class MAQUETTE_OT_retry(OfTask, bpy.types.Operator):
    """Take this task up again"""

    bl_idname = "maquette.retry"
    bl_label = "Retry"

    look: BoolProperty(
        name="Look Again",
        description="Only ask the service once more; order nothing",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        task = session.task(properties.task_id)
        if properties.look:
            return say("Ask the service once more for the same job. Nothing is charged for that")
        match _means(task) if task else Retry.NONE:
            case Retry.RESUME:
                return say("Go on with the same job. Nothing is charged for that")
            case Retry.SUBMIT:
                return say("Order it. The service has not taken it yet, so it is charged now")
            case Retry.PAY_AGAIN:
                return say("Order a new job, which is charged like the first. You are asked before")
        return say("Take this task up again")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        try:
            task = self.task()
            if self.look or _means(task) is not Retry.PAY_AGAIN:
                return self.execute(context)
        except MaquetteError as error:
            return self.refuse(str(error))
        # Unlike invoke_confirm, this can have Cancel as what Enter means.
        return context.window_manager.invoke_props_dialog(
            self,
            width=480,
            title=say("Generate Again?"),
            confirm_text=say("Generate Again"),
            cancel_default=True,
        )

    def draw(self, context: bpy.types.Context) -> None:
        if task := session.task(self.task_id):
            for number, sentence in enumerate(_price_of_again(task)):
                icon = "BLANK1" if number else "ERROR"
                self.layout.label(text=sentence, icon=icon, translate=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            task = self.task()
            means = _means(task)
            problem = session.setup_problem(get_provider(task.request.provider))
        except MaquetteError as error:
            return self.refuse(str(error))
        if means is Retry.NONE:
            return self.refuse(say("There is nothing to take up again."))
        if problem:
            return self.refuse(problem)
        session.engine().resume(task.id, again=means is Retry.PAY_AGAIN and not self.look)
        return {"FINISHED"}


class MAQUETTE_OT_remove(OfTask, bpy.types.Operator):
    """Take this task off the list. Its model stays in the library folder"""

    bl_idname = "maquette.remove"
    bl_label = "Remove"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        try:
            doubt = _paid_and_not_had(self.task())
        except BadRequest as error:
            return self.refuse(str(error))
        if not doubt:
            return self.execute(context)
        # Unlike invoke_confirm, this can have Cancel as what Enter means.
        return context.window_manager.invoke_props_dialog(
            self,
            width=480,
            title=say("Remove This Task?"),
            confirm_text=say("Remove"),
            cancel_default=True,
        )

    def draw(self, context: bpy.types.Context) -> None:
        if task := session.task(self.task_id):
            for number, sentence in enumerate(_paid_and_not_had(task)):
                icon = "BLANK1" if number else "ERROR"
                self.layout.label(text=sentence, icon=icon, translate=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            task = self.task()
        except BadRequest as error:
            return self.refuse(str(error))
        if task.state.is_open:
            return self.refuse(say("This task is still under way: cancel it first."))
        session.engine().remove(task.id)
        return {"FINISHED"}


class MAQUETTE_OT_select(OfTask, bpy.types.Operator):
    """Select what was imported from this task"""

    bl_idname = "maquette.select"
    bl_label = "Select Objects"
    bl_options = {"INTERNAL", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            task = self.task()
        except BadRequest as error:
            return self.refuse(str(error))
        from ..importing import place

        if reason := place.select(context, task.id):
            self.report({"INFO"}, reason)
            return {"CANCELLED"}
        return {"FINISHED"}


class MAQUETTE_OT_copy_error(OfTask, bpy.types.Operator):
    """Copy what went wrong to the clipboard, for a report. Your prompt and keys are not in it"""

    bl_idname = "maquette.copy_error"
    bl_label = "Copy Details"

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            task = self.task()
        except BadRequest as error:
            return self.refuse(str(error))
        context.window_manager.clipboard = report_text(task)
        self.report({"INFO"}, say("Copied to the clipboard"))
        return {"FINISHED"}


class MAQUETTE_OT_open_folder(OfTask, bpy.types.Operator):
    """Show the model's folder in the library"""

    bl_idname = "maquette.open_folder"
    bl_label = "Open Folder"

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            task = self.task()
        except BadRequest as error:
            return self.refuse(str(error))
        if not task.folder:
            return self.refuse(say("This task has no model yet."))
        if not Path(task.folder).is_dir():
            return self.refuse(say("The model's folder is gone: {folder}", folder=task.folder))
        try:
            bpy.ops.wm.path_open(filepath=task.folder)
        except RuntimeError:
            return self.refuse(say("The folder could not be opened: {folder}", folder=task.folder))
        return {"FINISHED"}


def report_text(task: Task) -> str:
    """For a request for help: nothing secret, and nothing of what was asked for."""
    lines = {
        "Service": task.request.provider,
        "State": task.state.value,
        "Message": task.message,
        "Advice": task.advice,
        "Code": task.code,
        "Details": task.details,
        "Job": task.accepted.job_id if task.accepted else "",
        "Blender": bpy.app.version_string,
    }
    text = "\n".join(f"{name}: {value}" for name, value in lines.items() if value)
    for asked in (task.request.prompt, task.request.negative_prompt):
        if words := r"\s+".join(re.escape(word) for word in asked.split()):
            # Services quote what they refuse.
            text = re.sub(rf"(?<!\w){words}(?!\w)", "(prompt)", text, flags=re.IGNORECASE)
    return text


def _means(task: Task) -> Retry:
    """Errors: BadRequest: its service is no longer there."""
    return retry_means(task, get_provider(task.request.provider).repeatable)


def _price_of_again(task: Task) -> list[str]:
    """Sentences, each short enough for a line of the dialog."""
    label = get_provider(task.request.provider).label
    if task.state is TaskState.UNCONFIRMED:
        return [
            say("{service} may have taken the first order.", service=label),
            say("A second one is charged, too."),
        ]
    return [say("{service} charges the new job like the first.", service=label)]


def _paid_and_not_had(task: Task) -> list[str]:
    """What is lost sight of when the task is removed: sentences, each short enough for a line of
    the dialog; [] if there is nothing."""
    match task.state:
        case TaskState.READY:
            return [
                say("Its model was not imported yet."),
                say("It stays in the library: {folder}", folder=Path(task.folder).name),
            ]
        case TaskState.UNCONFIRMED:
            return [
                say("The service may have taken it."),
                say("Maquette will not know of it any more."),
            ]
        case TaskState.FAILED | TaskState.STOPPED if task.accepted and not task.final:
            return [
                say("The service has taken it."),
                say("Maquette will not be able to fetch it any more."),
            ]
    return []


CLASSES: tuple[type, ...] = (
    MAQUETTE_OT_cancel,
    MAQUETTE_OT_retry,
    MAQUETTE_OT_remove,
    MAQUETTE_OT_select,
    MAQUETTE_OT_copy_error,
    MAQUETTE_OT_open_folder,
)
