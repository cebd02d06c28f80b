"""What is drawn. Panels read prepared values: they compute next to nothing, change nothing, and
touch neither files nor network.

Here: text wrapped to the width there is, and thumbnails. Thread: main.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import blf
import bpy
import bpy.utils.previews

from .. import pictures
from ..core import exif

_SIZES = (("image_size", "image_pixels_float"), ("icon_size", "icon_pixels_float"))
_unseen: set[str] = set()  # paths of photos that a timer will look at

_previews: "bpy.utils.previews.ImagePreviewCollection | None" = None


def register() -> None:
    global _previews
    _previews = bpy.utils.previews.new()


def unregister() -> None:
    global _previews
    if _previews is not None:
        bpy.utils.previews.remove(_previews)
    _previews = None
    _unseen.clear()


def thumbnail(path: str) -> int:
    """The icon id for a picture's file, 0 if there is none or none yet. Reads nothing now: Blender
    loads the file in a job of its own when the icon is first drawn, and draws a blank until then;
    how a photo has to be turned is looked up by a timer."""
    if _previews is None or not path:
        return 0
    shown = _previews.get(path)
    if shown is None and path.lower().endswith((".jpg", ".jpeg")):
        if path not in _unseen:
            _unseen.add(path)
            bpy.app.timers.register(functools.partial(_look_at, path))
        return 0
    return (shown or _previews.load(path, path, "IMAGE")).icon_id


def _look_at(path: str) -> None:
    """A timer: have a thumbnail that stands upright, as the picture is sent; Blender's own lies as
    the file does."""
    prepare(path)
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if (area.type, region.type) == ("VIEW_3D", "UI"):
                    region.tag_redraw()


def prepare(path: str) -> None:
    """So that `thumbnail` knows it at once. Reads the file: not while drawing."""
    _unseen.discard(path)
    if _previews is None or path in _previews:
        return
    turned = exif.orientation(Path(bpy.path.abspath(path)))
    if turned == 1:
        _previews.load(path, path, "IMAGE")
        return
    # Never one that is drawn: Blender may be loading that in another thread.
    loaded = bpy.utils.previews.new()
    try:
        import numpy as np  # takes a while, and few photos need it

        lying = loaded.load(path, path, "IMAGE")
        shown = _previews.new(path)
        for size, pixels in _SIZES:
            across, up = getattr(lying, size)  # loads it
            values = np.array(getattr(lying, pixels), np.float32).reshape(up, across, 4)
            values = pictures.upright(values, turned)
            setattr(shown, size, values.shape[1::-1])
            setattr(shown, pixels, values.ravel())
    finally:
        bpy.utils.previews.remove(loaded)


LONGEST = 1000  # letters that are surely more than one line
DIALOG_WIDTH = 320  # of our own dialogs, in pixels at an interface scale of 1
NARROW = 9.0  # with less room for text, in heights of a line, what stood side by side is stacked
_TABS = 3.1  # the panel's margins, the strip of tabs and a text's own padding, in heights of a line
_DIALOG_MARGINS = 1.5


def draw_words(
    layout: bpy.types.UILayout,
    on: "Paper",
    text: str,
    *,
    icon: str = "NONE",
    beside: float = 0.0,
    dim: bool = False,
    least: int = 1,
    most: int = 100,
) -> None:
    """A sentence, translated already, on as many lines as it needs.

    beside: how much of the width is taken by other things, in heights of a line. dim: drawn as a
    remark. least: draw nothing if it needs fewer lines. most: cut what needs more.
    """
    if not text:
        return
    lines = lines_of(on, text, beside=beside + (icon != "NONE"), most=most)
    if len(lines) >= least:
        draw_lines(layout, lines, icon=icon, dim=dim)


def draw_lines(
    layout: bpy.types.UILayout, lines: Sequence[str], *, icon: str = "NONE", dim: bool = False
) -> None:
    """What `lines_of` has made. Every call of a layout's takes a few microseconds."""
    if not lines:
        return
    if dim or len(lines) > 1:
        layout = layout.column(align=True)
    if dim:
        layout.active = False
    for number, line in enumerate(lines):
        shown = icon if number == 0 or icon == "NONE" else "BLANK1"
        layout.label(text=line, icon=shown, translate=False)


class Paper(NamedTuple):
    """What texts are laid out for. room: pixels for text on a line. unit: the height of a line.
    size: of the font, pixels."""

    room: float
    unit: float
    size: float

    @property
    def lines(self) -> float:
        """The room in heights of a line, so that it does not depend on the interface's scale."""
        return self.room / self.unit

    @property
    def is_wide(self) -> bool:
        return self.lines > NARROW


def paper(context: bpy.types.Context) -> Paper:
    """For the panel or dialog being drawn: asked once for all of it, as it takes a hundredth of a
    millisecond."""
    unit = _unit(context)
    size = context.preferences.ui_styles[0].widget.points / 20 * unit
    return Paper(room(context, unit), unit, round(size, 2))


def lines_of(paper: Paper, text: str, *, beside: float = 0.0, most: int = 100) -> tuple[str, ...]:
    """A text on as many lines as it needs, as `draw_words` draws it."""
    width = int(paper.room - beside * paper.unit)
    lines = wrap(text, width, paper.size)
    if len(lines) > most:
        # Blender would cut a line that the "…" makes too long, by a letter more than need be.
        last = wrap(f"{lines[most - 1]}…", width, paper.size)[0].removesuffix("…")
        lines = (*lines[: most - 1], f"{last}…")
    return lines


def fits(on: Paper, text: str, beside: float) -> bool:
    """On one line? For buttons, which cannot wrap; beside: as above, with the button's edges."""
    return len(lines_of(on, text, beside=beside)) <= 1


def room(context: bpy.types.Context, unit: float = 0.0) -> float:
    """Pixels for text on a line of the panel or dialog being drawn. unit: `_unit`, if known.

    A dialog is drawn with the region below it as context, and before its own has a width
    (`region_popup`; `wm_block_dialog_create`, source/blender/windowmanager/intern/wm_operators.cc).
    """
    unit = unit or _unit(context)
    if getattr(context, "region_popup", None):
        return (DIALOG_WIDTH / 20 - _DIALOG_MARGINS) * unit
    region = context.region
    return (region.width if region else 0) - _TABS * unit


def _unit(context: bpy.types.Context) -> float:
    """The height of a line in pixels (`U.widget_unit`)."""
    return 20 * (context.preferences.system.ui_scale or 1.0)  # 0 before there is a window


@functools.lru_cache(maxsize=256)
def wrap(text: str, width: int, size: float) -> tuple[str, ...]:
    """Lines that fit into `width` pixels in Blender's interface font at `size` pixels.

    Cut at spaces, or inside a word that is too long for a line of its own. At least 8 letters go
    on a line, however narrow the region.
    """
    blf.size(0, size)
    width = max(width, int(blf.dimensions(0, "n" * 8)[0]))
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if blf.dimensions(0, longer)[0] <= width:
            lines[-1] = longer
            continue
        # Measuring takes as long as the text is: of a very long word that would be felt.
        while len(word) > LONGEST or blf.dimensions(0, word)[0] > width:
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
