"""Entries in Blender's own menus, and operators listed in its keymap without a key."""

from collections.abc import Callable

import bpy


class MAQUETTE_MT_add(bpy.types.Menu):
    bl_label = "Maquette"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        # The Add menu has its operators executed at once; the one for pictures has to ask first.
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator(
            "maquette.model_from_prompt", text="Model from Prompt…", icon="OUTLINER_OB_FONT"
        )
        layout.operator(
            "maquette.model_from_picture", text="Model from Picture…", icon="IMAGE_DATA"
        )


def draw_add(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.separator()
    # An icon of its own would stand out: of Blender's menus there, each kind of object has one.
    menu.layout.menu("MAQUETTE_MT_add", icon="MOD_REMESH")


def draw_image(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.operator(
        "maquette.model_from_image", text="Generate 3D from This Image…", icon="MOD_REMESH"
    )


CLASSES: tuple[type, ...] = (MAQUETTE_MT_add,)

_ENTRIES: tuple[tuple[str, Callable[..., None]], ...] = (
    ("VIEW3D_MT_add", draw_add),
    ("IMAGE_MT_image", draw_image),
)
# The keymaps by which Blender knows the editors, see Preferences > Keymap.
_KEYS = (
    ("3D View", "VIEW_3D", "maquette.model_from_prompt"),
    ("3D View", "VIEW_3D", "maquette.model_from_picture"),
    ("Image", "IMAGE_EDITOR", "maquette.model_from_image"),
)
_listed: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """After CLASSES."""
    for name, draw in _ENTRIES:
        getattr(bpy.types, name).append(draw)
    # None where Blender runs without a user interface.
    if keys := bpy.context.window_manager.keyconfigs.addon:
        for name, space, operator in _KEYS:
            keymap = keys.keymaps.new(name=name, space_type=space)
            _listed.append((keymap, keymap.keymap_items.new(operator, "NONE", "PRESS")))


def unregister() -> None:
    """Before CLASSES."""
    for keymap, item in _listed:
        keymap.keymap_items.remove(item)
    _listed.clear()
    for name, draw in reversed(_ENTRIES):
        getattr(bpy.types, name).remove(draw)
