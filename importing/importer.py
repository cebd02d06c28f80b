"""Blender's glTF importer, called the same way in this Blender and in the background one.

Nothing is imported from the extension here: child.py loads this file by its path. Thread: main.
"""

from pathlib import Path

import bpy

# What the importer looks at in the scene that it imports into: sizes are imported by the unit, key
# frames by the frame rate and the first frame.
_LOOKED_AT = {
    "unit_system": ("unit_settings", "system"),
    "unit_scale": ("unit_settings", "scale_length"),
    "fps": ("render", "fps"),
    "fps_base": ("render", "fps_base"),
    "frame_start": ("", "frame_start"),
    "frame_current": ("", "frame_current"),
}


def settings(scene: bpy.types.Scene) -> dict[str, object]:
    """Fit for JSON. Two scenes for which this is the same get the same of a file."""
    return {
        name: getattr(getattr(scene, of) if of else scene, prop)
        for name, (of, prop) in _LOOKED_AT.items()
    }


def apply(scene: bpy.types.Scene, values: dict[str, object]) -> None:
    for name, (of, prop) in _LOOKED_AT.items():
        setattr(getattr(scene, of) if of else scene, prop, values[name])


def run(path: Path) -> str | None:
    """Import the file into the context's scene. Returns None, or what was wrong in the importer's
    own words (also "")."""
    try:
        done = bpy.ops.import_scene.gltf(**_arguments(path)) == {"FINISHED"}
    except RuntimeError as error:  # its error report, or a mistake in it as a traceback
        return _last_line(str(error))
    return None if done else ""


def _arguments(path: Path) -> dict[str, object]:
    """Those that this Blender's importer has, of: 4.5 brought the second and third."""
    known = bpy.ops.import_scene.gltf.get_rna_type().properties.keys()
    wanted = {
        "filepath": str(path),
        "import_select_created_objects": False,
        "import_scene_extras": False,  # they would end in the user's scene as custom properties
        # Else rigged models bring a hidden collection and a sphere to draw bones with.
        "disable_bone_shape": True,
    }
    return {name: value for name, value in wanted.items() if name in known}


def _last_line(text: str) -> str:
    """Of a traceback, what it ends in; bpy.ops adds a line with the place of its own call."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("Location: ")]
    return lines[-1].removeprefix("Error: ")[:300] if lines else ""
