"""What is drawn. Panels read prepared values: they compute next to nothing, change nothing, and
touch neither files nor network.

Here: text wrapped to the width there is, and thumbnails. Thread: main.
"""

import functools

import blf
import bpy
import bpy.utils.previews

_previews: "bpy.utils.previews.ImagePreviewCollection | None" = None


def register() -> None:
    global _previews
    _previews = bpy.utils.previews.new()


def unregister() -> None:
    global _previews
    if _previews is not None:
        bpy.utils.previews.remove(_previews)
    _previews = None


def thumbnail(path: str) -> int:
    """The icon id for a picture's file, 0 if there can be none. Reads nothing now: Blender loads
    the file in a job of its own when the icon is first drawn, and draws a blank until then."""
    if _previews is None or not path:
        return 0
    shown = _previews.get(path)
    if shown is None:
        shown = _previews.load(path, path, "IMAGE")
    return shown.icon_id


def draw_words(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    text: str,
    *,
    icon: str = "NONE",
    beside: float = 0.0,
) -> None:
    """A sentence on as many lines as it needs. beside: how much of the width is taken by other
    things, in heights of a line."""
    unit = 20 * context.preferences.system.ui_scale  # U.widget_unit: the height of a line
    region = context.region
    # The panel's margins, the strip of tabs and the text's own padding.
    width = (region.width if region else 0) - (3.1 + beside) * unit
    if icon != "NONE":
        width -= unit
    points = context.preferences.ui_styles[0].widget.points
    size = points * context.preferences.system.ui_scale
    for number, line in enumerate(wrap(text, int(width), round(size, 2))):
        layout.label(
            text=line, icon=icon if number == 0 else "BLANK1" if icon != "NONE" else "NONE"
        )


@functools.lru_cache(maxsize=256)
def wrap(text: str, width: int, size: float) -> tuple[str, ...]:
    """Lines that fit into `width` pixels in Blender's interface font at `size` pixels.

    Cut at spaces, or inside a word that is too long for a line of its own. At least 8 letters go
    on a line, however narrow the region.
    """
    blf.size(0, size)
    width = max(width, int(blf.dimensions(0, "m" * 8)[0]))
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if blf.dimensions(0, longer)[0] <= width:
            lines[-1] = longer
            continue
        while blf.dimensions(0, word)[0] > width:
            fits = _fitting(word, width)
            lines.append(word[:fits])
            word = word[fits:]
        lines.append(word)
    return tuple(line for line in lines if line)


def _fitting(word: str, width: int) -> int:
    """How many of its letters fit; at least one."""
    fits = 1
    while blf.dimensions(0, word[: fits + 1])[0] <= width:
        fits += 1
    return fits
