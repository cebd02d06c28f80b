"""May a scene be changed right now without getting in somebody's way?

Thread: main. Cheap: the timer and `poll` ask it often.
"""

import time

import bpy
from bpy.app.translations import pgettext_iface

from ..core.language import say

PATIENCE = 60.0  # seconds
PAUSE = 5.0  # seconds

# Of the jobs that are asked for themselves. When one is through, its operator stays on the list
# until the next event of the window it was started in (`screen_render_modal`,
# source/blender/editors/render/render_internal.cc), and the mouse may be over the picture's window.
_OF_JOBS = {"RENDER_OT_render", "OBJECT_OT_bake"}

_redo_since: float | None = None
_redo_asked = 0.0
_running_since: dict[str, float] = {}  # operators of add-ons, see `_running_operator`


def why_not_now(context: bpy.types.Context, *, asked: bool = False, clicked: bool = False) -> str:
    """ "" or, in words, what is in the way.

    asked: the user just clicked for it. No modal operator is in the way then: one that is in the
    middle of something would have taken the click for itself. clicked: the user did so a while ago.

    Every window counts, not just the context's: undo is one for all of them, and in a timer the
    context has none. Not Object Mode: undoing an import that was done in Edit Mode leaves the user
    in Object Mode (seen in 4.3.2 and 5.2.2), and the glTF importer leaves it by itself.
    """
    if bpy.app.is_job_running("RENDER"):
        return say("A render is running.")
    if bpy.app.is_job_running("OBJECT_BAKE"):
        return say("A bake is running.")
    running: set[str] = set()
    for window in context.window_manager.windows:
        active = window.view_layer.objects.active if window.view_layer else None
        if active is not None and active.mode != "OBJECT":
            mode = active.bl_rna.properties["mode"].enum_items[active.mode].name
            return say("Leave {mode} first.", mode=pgettext_iface(mode))
        if window.screen.is_animation_playing:
            return say("The animation is playing: stop it first.")
        try:
            running |= {operator.bl_idname for operator in window.modal_operators}
        except (AttributeError, ValueError):
            # The extension of one was disabled while it ran (`WM_operator_handlers_clear`,
            # source/blender/windowmanager/intern/wm.cc). What is left, None or in 4.x a shell, goes
            # with the window's next event; to start another before that crashes 4.3.2.
            return say("{operator} is still running.", operator=pgettext_iface("Operator"))
    if not asked and (name := _running_operator(running)):
        return say("{operator} is still running.", operator=name)
    if not asked and not clicked and _may_redo(context):
        return say("You have just undone something.")
    return ""


def _may_redo(context: bpy.types.Context) -> bool:
    """Is there something to redo? An import would be a new step, and that be lost. Whoever leaves
    it for a minute does not want it back. The poll of Ctrl+Shift+Z looks at nothing else
    (`ed_redo_poll`, source/blender/editors/undo/ed_undo.cc)."""
    global _redo_since, _redo_asked
    windows = context.window_manager.windows
    if not windows:
        return False
    with context.temp_override(window=windows[0]):
        if not bpy.ops.ed.redo.poll():
            _redo_since = None
            return False
    now = time.monotonic()
    # Asked at every tick while a model waits: after a pause it is another model, and another undo.
    if _redo_since is None or now - _redo_asked > PAUSE:
        _redo_since = now
    _redo_asked = now
    return now - _redo_since < PATIENCE


def closed(scene: bpy.types.Scene) -> str:
    """ "" or, in words, why nothing can be put into this scene at any moment."""
    if scene.library is not None:
        return say(
            "The scene “{scene}” is linked from another file and cannot be changed here.",
            scene=scene.name,
        )
    if scene.override_library is not None:
        return say(
            "The scene “{scene}” is a library override and cannot take new objects.",
            scene=scene.name,
        )
    if scene.is_editable:
        return ""
    return say("The scene “{scene}” cannot be changed.", scene=scene.name)


def _running_operator(running: set[str]) -> str:
    """The label of a modal operator to wait for, or "".

    Blender's own (a transform, a box select) end soon. Those of add-ons may be tools, or run for
    as long as Blender does (showing pressed keys, say): such a one is waited for a minute only.
    """
    others = {name for name in running - _OF_JOBS if not name.startswith("MAQUETTE_OT_")}
    now = time.monotonic()
    for name in _running_since.keys() - others:
        del _running_since[name]
    for name in sorted(others):
        # None for operators written in C, which are Blender's own.
        made_in_python = bpy.types.Operator.bl_rna_get_subclass_py(name)
        if made_in_python is None:
            return _label(name)
        if now - _running_since.setdefault(name, now) < PATIENCE:
            return made_in_python.bl_label or name
    return ""


def _label(name: str) -> str:
    group, _, operator = name.partition("_OT_")
    try:
        label = getattr(getattr(bpy.ops, group.lower()), operator).get_rna_type().name
        return pgettext_iface(label, "Operator") or name
    except (AttributeError, KeyError):
        return name
