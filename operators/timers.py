"""The window timers of our modal operators.

When an extension is disabled, Blender ends its modal operators without calling `cancel`
(`WM_operator_handlers_clear`, source/blender/windowmanager/intern/wm.cc: whoever unregisters the
operator has to clean up), and a timer left behind ticks until its window is closed. Thread: main.
"""

import bpy

_running: list[bpy.types.Timer] = []


def add(context: bpy.types.Context, seconds: float) -> bpy.types.Timer:
    """TIMER events for the context's window, `seconds` apart."""
    timer = context.window_manager.event_timer_add(seconds, window=context.window)
    _running.append(timer)
    return timer


def remove(timer: bpy.types.Timer) -> None:
    _running.remove(timer)
    bpy.context.window_manager.event_timer_remove(timer)


def unregister() -> None:
    while _running:
        remove(_running[-1])
