"""The list of tasks: how each stands, and what can be done about it.

Every row has the same lines in every state, so that nothing moves under the eyes or the mouse
while a task goes on: title, service and price, state, how far; then its buttons.
"""

import time

import bpy

from .. import session, translations
from ..core import wording
from ..core.errors import BadRequest
from ..core.language import say
from ..core.model import Retry, Task, TaskState
from ..core.providers import get_provider
from . import NARROW, draw_words, lines_wide, thumbnail

ROWS = 20  # drawn in full; older ones are one line each, folded away
OLDER_ROWS = 200
PICTURE = 2.0  # size of a row's picture, in heights of a line: as high as the two lines beside it
BOX = 0.6  # what a box's margins take of the width, in heights of a line

ICONS = {
    TaskState.SUBMITTING: "EXPORT",
    TaskState.WAITING: "TIME",
    TaskState.GENERATING: "MOD_REMESH",
    TaskState.DOWNLOADING: "IMPORT",
    TaskState.READY: "CHECKMARK",
    TaskState.IMPORTED: "MESH_CUBE",
    TaskState.FAILED: "ERROR",
    TaskState.STOPPED: "PAUSE",
    TaskState.UNCONFIRMED: "QUESTION",
}
AGAIN = wording.RETRY[Retry.PAY_AGAIN]
_HAS_MODEL = (TaskState.READY, TaskState.IMPORTED)
_ENDED_BADLY = (TaskState.FAILED, TaskState.STOPPED, TaskState.UNCONFIRMED)
_ALARMING = (TaskState.FAILED, TaskState.UNCONFIRMED)


class MAQUETTE_PT_tasks(bpy.types.Panel):
    bl_label = "Tasks"
    bl_category = "Maquette"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        translations.follow()
        self.layout.label(text=wording.summary(session.tasks()), translate=False)

    def draw(self, context: bpy.types.Context) -> None:
        draw(self.layout, context, time.time())


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, now: float) -> None:
    trouble = session.trouble()
    if trouble:
        draw_words(layout, context, trouble.message, icon="ERROR" if trouble.stops else "INFO")
        draw_words(layout, context, trouble.advice)
    tasks = session.tasks()
    if not tasks and not trouble:
        draw_words(layout, context, say("What you generate appears here"), dim=True)
    for task in tasks[:ROWS]:
        _draw_task(layout.box(), context, task, now)
    older = tasks[ROWS:]
    if not older:
        return
    header, body = layout.panel("maquette_older_tasks", default_closed=True)
    header.label(text=say("Older ({count:,})", count=len(older)), translate=False)
    if body:
        column = body.column(align=True)
        for task in older[:OLDER_ROWS]:
            _draw_line(column.row(), task, now)
        if len(older) > OLDER_ROWS:
            column.label(text="Still older models are in the library folder")


def _draw_task(
    layout: bpy.types.UILayout, context: bpy.types.Context, task: Task, now: float
) -> None:
    head = layout.row()
    title = head.column(align=True)
    done = not task.state.is_open
    draw_words(title, context, _title(task), beside=BOX + done, most=2)
    draw_words(title, context, wording.terms(task, _label(task)), beside=BOX + done, dim=True)
    if done:
        _task_operator(head, "maquette.remove", task, icon="X", emboss=False)
    _draw_state(layout.row(), context, task, now)
    if task.state in _ENDED_BADLY:
        draw_words(layout, context, task.message, beside=BOX)
        draw_words(layout, context, task.advice, beside=BOX)
    _draw_buttons(layout, context, task)
    _draw_notes(layout, context, task)


def _draw_state(
    row: bpy.types.UILayout, context: bpy.types.Context, task: Task, now: float
) -> None:
    """A picture with the state beside it in a word, or as a bar, and below that how far it is."""
    words = wording.describe(task, now)
    icon, head, tail = ICONS[task.state], words.state, words.tail
    if task.state is TaskState.IMPORTED and not session.is_here(task, context.scene):
        tail = say("not in this scene")
    if task.id in session.receiving:
        icon, head = "IMPORT", say("Importing…")
    beside = BOX
    picture = thumbnail(_picture(task)) if lines_wide(context) > NARROW else 0
    if picture:
        row.template_icon(icon_value=picture, scale=PICTURE)
        beside += PICTURE + 0.4
    elif words.factor is not None:
        row.column().label(text="", icon=icon)  # a bar has no place for it
        beside += 1.4
    column = row.column(align=True)
    if words.factor is None:
        state = column.row()
        state.alert = task.state in _ALARMING
        draw_words(state, context, head, icon=icon, beside=beside)
    else:
        column.progress(text=head, factor=words.factor, type="BAR", translate=False)
    if tail:
        draw_words(column, context, tail, beside=beside, dim=True)
    elif task.state not in _ENDED_BADLY:
        column.label(text="")  # for the buttons and rows below to stay where they are


def _draw_notes(layout: bpy.types.UILayout, context: bpy.types.Context, task: Task) -> None:
    """What comes and goes. Below the buttons, which must not move while somebody aims at them."""
    failed_here = session.notes.get(task.id, "") if task.state in _HAS_MODEL else ""
    for line in (task.note, failed_here, session.waits_for(task)):
        draw_words(layout, context, line, beside=BOX, dim=line is not failed_here)


def _draw_buttons(layout: bpy.types.UILayout, context: bpy.types.Context, task: Task) -> None:
    wide = lines_wide(context) > NARROW
    row = layout.row(align=True) if wide else layout.column(align=True)
    if task.state.is_open:
        _task_operator(row, "maquette.cancel", task, text=say("Cancel"))
        return
    here = task.state is TaskState.IMPORTED and session.is_here(task, context.scene)
    if task.state is TaskState.IMPORTED:
        select = row.row(align=True)
        select.enabled = here
        _task_operator(select, "maquette.select", task, text=say("Select"))
    if task.state in _HAS_MODEL:
        again = say("Import Again") if here else say("Import")
        receive = row.row(align=True)
        receive.enabled = task.id not in session.receiving
        _task_operator(receive, "maquette.receive", task, text=again).select = True
    if retry := _retry_words(task):
        if retry == AGAIN and task.accepted:
            # One answer that the job is over may be wrong; to ask once more costs nothing.
            _task_operator(row, "maquette.retry", task, text=say("Look Again")).look = True
        _task_operator(row, "maquette.retry", task, text=say(retry))
    if task.folder:
        text = "" if wide else say("Open Folder")
        _task_operator(row, "maquette.open_folder", task, text=text, icon="FILE_FOLDER")
    if task.message and task.state in _ENDED_BADLY:
        _task_operator(layout, "maquette.copy_error", task, text=say("Copy Details"))


def _draw_line(row: bpy.types.UILayout, task: Task, now: float) -> None:
    row.label(text=task.title, icon=ICONS[task.state], translate=False)
    if task.state.is_open:
        row.label(text=wording.describe(task, now).line, translate=False)
        _task_operator(row, "maquette.cancel", task, icon="CANCEL", emboss=False)
        return
    if task.state in _HAS_MODEL:
        _task_operator(row, "maquette.receive", task, icon="IMPORT", emboss=False).select = True
    if task.message and task.state in _ENDED_BADLY:
        _task_operator(row, "maquette.copy_error", task, icon="COPYDOWN", emboss=False)
    if _retry_words(task):
        _task_operator(row, "maquette.retry", task, icon="FILE_REFRESH", emboss=False)
    _task_operator(row, "maquette.remove", task, icon="X", emboss=False)


def _task_operator(
    layout: bpy.types.UILayout,
    name: str,
    task: Task,
    *,
    text: str = "",
    icon: str = "NONE",
    emboss: bool = True,
) -> bpy.types.OperatorProperties:
    properties = layout.operator(name, text=text, icon=icon, emboss=emboss, translate=False)
    properties.task_id = task.id
    return properties


def _retry_words(task: Task) -> str:
    """Untranslated: one of wording.RETRY."""
    try:
        return wording.retry_words(task, get_provider(task.request.provider))
    except BadRequest:  # a service that is no longer there
        return ""


def _label(task: Task) -> str:
    try:
        return get_provider(task.request.provider).label
    except BadRequest:
        return task.request.provider


def _title(task: Task) -> str:
    """The whole prompt, cut where it is drawn, or what there is in its place."""
    return task.request.prompt or say(task.title)


def _picture(task: Task) -> str:
    """The path of what shows the task best: its result, else its first picture, else ""."""
    if task.preview and task.folder:
        return f"{task.folder}/{task.preview}"
    return task.request.pictures[0] if task.request.pictures else ""


CLASSES: tuple[type, ...] = (MAQUETTE_PT_tasks,)
