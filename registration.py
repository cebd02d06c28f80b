"""What Blender is told when the extension is enabled, and untold when it is disabled.

Everything is a pair: a step and its way back. The ways back are run in reverse order, also when
enabling fails half-way. Thread: main.
"""

from collections.abc import Sequence
from contextlib import ExitStack

import bpy
from bpy.app.handlers import persistent

from . import panels, preferences, properties, session, translations
from .core.language import say
from .importing import append
from .operators import account, generate, images, orders, receive, tasks, timers, ways
from .panels import dialog, menus, status
from .panels import generate as generate_panel
from .panels import tasks as tasks_panel

CLASSES: tuple[type, ...] = (
    *properties.CLASSES,
    *preferences.CLASSES,
    *generate.CLASSES,
    *images.CLASSES,
    *tasks.CLASSES,
    *receive.CLASSES,
    *account.CLASSES,
    *ways.CLASSES,
    *generate_panel.CLASSES,
    *tasks_panel.CLASSES,
    *dialog.CLASSES,
    *menus.CLASSES,
)

_undo = ExitStack()


def register() -> None:
    if hasattr(bpy.types, generate.MAQUETTE_OT_generate.__name__):
        # A second copy, from another repository, would take the classes away from the first.
        raise RuntimeError(say("Another copy of Maquette is enabled: disable it first."))
    with ExitStack() as undo:
        for made in CLASSES:
            bpy.utils.register_class(made)
            undo.callback(bpy.utils.unregister_class, made)
        undo.callback(timers.unregister)
        undo.callback(append.drop_all)
        undo.callback(orders.drop)
        undo.callback(dialog.unregister)
        properties.register()
        undo.callback(properties.unregister)
        translations.register(preferences.PACKAGE)
        undo.callback(translations.unregister, preferences.PACKAGE)
        for part in (panels, menus, status):
            part.register()
            undo.callback(part.unregister)
        for handlers, handler in (
            (bpy.app.handlers.load_post, _file_loaded),
            (bpy.app.handlers.save_pre, _before_save),
            (bpy.app.handlers.save_post, _file_saved),
        ):
            handlers.append(handler)
            undo.callback(handlers.remove, handler)
        command = bpy.utils.register_cli_command("maquette", _run_command)
        undo.callback(bpy.utils.unregister_cli_command, command)
        session.start()
        undo.callback(session.stop)
        _undo.push(undo.pop_all())


def unregister() -> None:
    _undo.close()


@persistent
def _file_loaded(*_: object) -> None:
    session.file_loaded()


@persistent
def _before_save(*_: object) -> None:
    append.drop_all()


@persistent
def _file_saved(*_: object) -> None:
    session.file_saved()


def _run_command(arguments: Sequence[str]) -> int:
    from . import cli

    return cli.main(arguments)
