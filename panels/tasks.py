"""The list of tasks: how each stands, and what can be done about it.

Every row has the same lines in every state, so that nothing moves under the eyes or the mouse
while a task goes on: title, service and price, state, how far; then its buttons.
"""

import time
from typing import NamedTuple

import bpy

from .. import arrivals, session, translations
from ..core import language, wording
from ..core.errors import BadRequest
from ..core.language import say
from ..core.model import Retry, Task, TaskState
from ..core.providers import get_provider
from . import Paper, draw_lines, draw_words, lines_of, paper, thumbnail

ROWS = 10  # drawn in full; older ones are one line each, folded away
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
    trouble, on = session.trouble(), paper(context)
    if trouble:
        draw_words(layout, on, trouble.message, icon="ERROR" if trouble.stops else "INFO")
        draw_words(layout, on, trouble.advice)
    tasks = session.tasks()
    if not tasks and not trouble:
        draw_words(layout, on, say("What you generate appears here"), dim=True)
    for task in tasks[:ROWS]:
        _draw_task(layout.box(), context, on, task, now)
    older = tasks[ROWS:]
    if not older:
        return
    header, body = layout.panel("maquette_older_tasks", default_closed=True)
    head = say("Older ({count:,})", count=len(older))
    if waiting := wording.summary(older):
        head = f"{head}: {waiting}"
    header.label(text=head, translate=False)
    if body:
        column = body.column(align=True)
        for task in older[:OLDER_ROWS]:
            _draw_line(column.row(), task, now)
        if len(older) > OLDER_ROWS:
            column.label(text="Still older models are in the library folder")


def _draw_task(
    layout: bpy.types.UILayout, context: bpy.types.Context, on: Paper, task: Task, now: float
) -> None:
    row = _prepared(task, on)
    here = task.state is TaskState.IMPORTED and arrivals.is_here(task, context.scene)
    head = layout.row()
    title = head.column(align=True)
    draw_lines(title, row.title)
    draw_lines(title, row.terms, dim=True)
    if not task.state.is_open:
        _task_operator(head, "maquette.remove", task, icon="X", emboss=False)
    _draw_state(layout.row(), on, task, row, here, now)
    draw_lines(layout, row.message)
    draw_lines(layout, row.advice)
    _draw_buttons(layout, on, task, row, here)
    # What comes and goes is below the buttons, which must not move while somebody aims at them.
    failed_here = arrivals.notes.get(task.id, "") if task.state in _HAS_MODEL else ""
    for line in (task.note, failed_here, arrivals.waits_for(task)):
        if line:
            draw_lines(layout, lines_of(on, line, beside=BOX), dim=line is not failed_here)


class _Row(NamedTuple):
    """What a task's row says as long as the task, the sidebar and the language stay the same:
    lines, the words of a state that does not go on, what Retry is called, a picture's path."""

    title: tuple[str, ...]
    terms: tuple[str, ...]
    message: tuple[str, ...]
    advice: tuple[str, ...]
    words: wording.Words | None
    retry: str
    picture: str


_rows: dict[str, tuple[Task, Paper, int, _Row]] = {}


def _prepared(task: Task, on: Paper) -> _Row:
    kept = _rows.get(task.id)
    if kept and kept[0] is task and kept[1] == on and kept[2] == language.changes:
        return kept[3]
    done, bad = not task.state.is_open, task.state in _ENDED_BADLY
    row = _Row(
        lines_of(on, _title(task), beside=BOX + done, most=2),
        lines_of(on, wording.terms(task, _label(task)), beside=BOX + done),
        lines_of(on, task.message, beside=BOX) if bad else (),
        lines_of(on, task.advice, beside=BOX) if bad else (),
        wording.describe(task, 0.0) if done else None,
        _retry_words(task),
        _picture(task) if on.is_wide else "",
    )
    if len(_rows) > 2 * ROWS:
        _rows.clear()
    _rows[task.id] = (task, on, language.changes, row)
    return row


def _draw_state(
    layout: bpy.types.UILayout, on: Paper, task: Task, row: _Row, here: bool, now: float
) -> None:
    """A picture with the state beside it in a word, or as a bar, and below that how far it is."""
    words = row.words or wording.describe(task, now)
    icon, head, tail = ICONS[task.state], words.state, words.tail
    if task.state is TaskState.IMPORTED and not here:
        tail = say("not in this scene")
    if arrivals.is_coming(task.id):
        icon, head = "IMPORT", say("Importing…")
    beside = BOX
    # When one has been loaded, Blender draws all of its window anew, and then once more
    # (`ui_icon_ensure_deferred`, source/blender/editors/interface/interface_icons.cc: its job's
    # notifiers are NC_WINDOW). That is for when the model is there.
    picture = 0 if arrivals.is_arriving(task.id) else thumbnail(row.picture)
    if picture:
        layout.template_icon(icon_value=picture, scale=PICTURE)
        beside += PICTURE + 0.4
    elif words.factor is not None:
        layout.column().label(text="", icon=icon)  # a bar has no place for it
        beside += 1.4
    column = layout.column(align=True)
    if words.factor is None:
        state = column
        if task.state in _ALARMING:
            state = column.row()
            state.alert = True
        draw_lines(state, lines_of(on, head, beside=beside + 1), icon=icon)
    else:
        column.progress(text=head, factor=words.factor, type="BAR", translate=False)
    if tail:
        draw_lines(column, lines_of(on, tail, beside=beside), dim=True)
    elif task.state not in _ENDED_BADLY:
        column.label(text="")  # for the buttons and rows below to stay where they are


def _draw_buttons(layout: bpy.types.UILayout, on: Paper, task: Task, row: _Row, here: bool) -> None:
    buttons = layout.row(align=True) if on.is_wide else layout.column(align=True)
    if task.state.is_open:
        _task_operator(buttons, "maquette.cancel", task, text=say("Cancel"))
        return
    if task.state is TaskState.IMPORTED:
        select = buttons
        if not here:
            select = buttons.row(align=True)
            select.enabled = False
        _task_operator(select, "maquette.select", task, text=say("Select"))
    if task.state in _HAS_MODEL:
        again = say("Import Again") if here else say("Import")
        if arrivals.is_coming(task.id):
            # Not a grey button: the one that the mouse rests on would stay grey when the model is
            # there (seen in 4.3.2: it is carried over from draw to draw, with that flag).
            coming = buttons.row(align=True)
            coming.active = False
            coming.label(text=again, translate=False)
        else:
            _task_operator(buttons, "maquette.receive", task, text=again).select = True
    if row.retry:
        if row.retry == AGAIN and task.accepted:
            # One answer that the job is over may be wrong; to ask once more costs nothing.
            _task_operator(buttons, "maquette.retry", task, text=say("Look Again")).look = True
        _task_operator(buttons, "maquette.retry", task, text=say(row.retry))
    if task.folder:
        text = "" if on.is_wide else say("Open Folder")
        _task_operator(buttons, "maquette.open_folder", task, text=text, icon="FILE_FOLDER")
    if task.message and task.state in _ENDED_BADLY:
        _task_operator(layout, "maquette.copy_error", task, text=say("Copy Details"))


def _draw_line(row: bpy.types.UILayout, task: Task, now: float) -> None:
    row.label(text=task.title, icon=ICONS[task.state], translate=False)
    if task.state.is_open or task.state in _ENDED_BADLY:
        row.label(text=wording.describe(task, now).line, translate=False)
    if task.state.is_open:
        _task_operator(row, "maquette.cancel", task, icon="CANCEL", emboss=False)
        return
    if task.state in _HAS_MODEL:
        _task_operator(row, "maquette.receive", task, icon="IMPORT", emboss=False).select = True
    if task.message and task.state in _ENDED_BADLY:
        _task_operator(row, "maquette.copy_error", task, icon="COPYDOWN", emboss=False)
    if words := _retry_words(task):  # which may order: no picture says that
        _task_operator(row, "maquette.retry", task, text=say(words), emboss=False)
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
    return task.picture or next(iter(task.request.pictures), "")


CLASSES: tuple[type, ...] = (MAQUETTE_PT_tasks,)
