"""One line in the status bar while something runs: for those who have the sidebar closed.

Appended to what Blender shows there and not `WorkSpace.status_text_set`, which would take the
place of the hints for the tool that is running. Who hides the status bar finds all of it in the
sidebar. What makes Blender draw it anew is in session.py.
"""

import time

import bpy

from .. import session
from ..core import wording
from ..core.language import say


def draw(header: bpy.types.Header, context: bpy.types.Context) -> None:
    if text := line(time.time()):
        header.layout.label(text=text, translate=False)


def line(now: float) -> str:
    """ "" while nothing runs and nothing that is ready is held up or being prepared."""
    current = session.current()
    if any(task.state.is_open for task in current):
        if len(current) > 1:
            return say("Maquette: {counts}", counts=wording.summary(current))
        (task,) = current
        return say("“{title}”: {state}", title=task.title, state=wording.describe(task, now).line)
    if held := session.held():
        return say("“{title}” is ready. {reason}", title=held[0].title, reason=held[1])
    return ""


def register() -> None:
    bpy.types.STATUSBAR_HT_header.append(draw)


def unregister() -> None:
    bpy.types.STATUSBAR_HT_header.remove(draw)
