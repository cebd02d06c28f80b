"""The list of tasks: how each stands, and what can be done about it."""

import time

import bpy

from .. import session
from ..core import wording
from ..core.errors import BadRequest
from ..core.model import Retry, Task, TaskState
from ..core.providers import get_provider
from . import draw_words, thumbnail

ROWS = 20  # drawn in full; older ones are one line each, folded away
OLDER_ROWS = 200
PICTURE = 2.2  # size of a row's picture, in heights of a line
BOX = 0.6  # what a box's margins take of the width, likewise

_ICONS = {
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


class MAQUETTE_PT_tasks(bpy.types.Panel):
    bl_label = "Tasks"
    bl_category = "Maquette"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw(self, context: bpy.types.Context) -> None:
        draw(self.layout, context, time.time())


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, now: float) -> None:
    trouble = session.trouble()
    if trouble:
        words = layout.column(align=True)
        draw_words(words, context, trouble.message, icon="ERROR")
        draw_words(words, context, trouble.advice)
    tasks = session.tasks()
    if not tasks and not trouble:
        row = layout.row()
        row.active = False
        row.label(text="What you generate appears here")
    for task in tasks[:ROWS]:
        _draw_task(layout.box(), context, task, now)
    older = tasks[ROWS:]
    if not older:
        return
    header, body = layout.panel("maquette_older_tasks", default_closed=True)
    header.label(text=f"Older ({len(older):,})")
    if body:
        column = body.column(align=True)
        for task in older[:OLDER_ROWS]:
            _draw_line(column.row(), task, now)
        if len(older) > OLDER_ROWS:
            column.label(text="Still older models are in the library folder")


def _draw_task(
    layout: bpy.types.UILayout, context: bpy.types.Context, task: Task, now: float
) -> None:
    row = layout.row()
    icon = thumbnail(_picture(task))
    if icon:
        row.template_icon(icon_value=icon, scale=PICTURE)
    column = row.column(align=True)
    head = column.row()
    head.label(text=task.title)
    if not task.state.is_open:
        _task_operator(head, "maquette.remove", task, icon="X", emboss=False)
    _draw_state(column, context, task, now, beside=BOX + (PICTURE + 0.5 if icon else 0.0))
    _draw_reasons(layout, context, task)
    _draw_buttons(layout, task)


def _draw_state(
    layout: bpy.types.UILayout, context: bpy.types.Context, task: Task, now: float, beside: float
) -> None:
    if task.id in session.receiving:
        layout.label(text="Importing…", icon="IMPORT")
        return
    words = wording.describe(task, now)
    if words.factor is None:
        draw_words(layout, context, words.line, icon=_ICONS[task.state], beside=beside)
    else:
        layout.progress(text=words.line, factor=words.factor, type="BAR")


def _draw_reasons(layout: bpy.types.UILayout, context: bpy.types.Context, task: Task) -> None:
    """What happened, and below it, dimmed, what to do."""
    has_model = task.state in _HAS_MODEL
    failed_here = session.notes.get(task.id, "") if has_model else ""
    lines = [task.note, failed_here, session.waits_for(task)]
    ended = not task.state.is_open and not has_model
    if not any(lines) and not ended:
        return
    column = layout.column(align=True)
    for line in (*lines, task.message if ended else ""):
        draw_words(column, context, line, beside=BOX)
    if ended:
        advice = column.column(align=True)
        advice.active = False
        draw_words(advice, context, task.advice, beside=BOX)


def _draw_buttons(layout: bpy.types.UILayout, task: Task) -> None:
    row = layout.row(align=True)
    if task.state.is_open:
        _task_operator(row, "maquette.cancel", task, text="Cancel")
        return
    if task.state in _HAS_MODEL:
        again = "Import Again" if task.state is TaskState.IMPORTED else "Import"
        _task_operator(row, "maquette.receive", task, text=again).select = True
    if retry := _retry_words(task):
        if retry == AGAIN and task.accepted:
            # One answer that the job is over may be wrong; to ask once more costs nothing.
            _task_operator(row, "maquette.retry", task, text="Look Again").look = True
        _task_operator(row, "maquette.retry", task, text=retry)
    if task.folder:
        _task_operator(row, "maquette.open_folder", task, icon="FILE_FOLDER")
    if task.message and task.state not in _HAS_MODEL:
        _task_operator(row, "maquette.copy_error", task, icon="COPYDOWN")


def _draw_line(row: bpy.types.UILayout, task: Task, now: float) -> None:
    row.label(text=task.title, icon=_ICONS[task.state])
    if task.state.is_open:
        row.label(text=wording.describe(task, now).line)
        _task_operator(row, "maquette.cancel", task, icon="CANCEL", emboss=False)
        return
    if task.state in _HAS_MODEL:
        _task_operator(row, "maquette.receive", task, icon="IMPORT", emboss=False).select = True
    if task.message and task.state not in _HAS_MODEL:
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
    properties = layout.operator(name, text=text, icon=icon, emboss=emboss)
    properties.task_id = task.id
    return properties


def _retry_words(task: Task) -> str:
    try:
        return wording.retry_words(task, get_provider(task.request.provider))
    except BadRequest:  # a service that is no longer there
        return ""


def _picture(task: Task) -> str:
    """The path of what shows the task best: its result, else its first picture, else ""."""
    if task.preview and task.folder:
        return f"{task.folder}/{task.preview}"
    return task.request.pictures[0] if task.request.pictures else ""


CLASSES: tuple[type, ...] = (MAQUETTE_PT_tasks,)
