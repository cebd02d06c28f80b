"""What the sidebar says, where a button ends, why it is grey: for scenarios, inside Blender."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from .scenario import Steps

if TYPE_CHECKING:
    from .artist import Artist

PACKAGE = "bl_ext.user_default.maquette"


def said(artist: Artist) -> str:
    """All words of our panels as they are drawn now, on one line."""
    return " ".join([*form(artist).words, *tasks(artist).words])


def form(artist: Artist) -> Any:
    """The upper panel, drawn into a layout that keeps it, with the sidebar itself as context. What
    is folded in is left out."""
    import bpy

    from tests.blender.recording_layout import Layout

    layout = Layout(open_panels=False)
    with artist.override(region="UI"):
        sys.modules[f"{PACKAGE}.panels.generate"].draw(layout, bpy.context)
    return layout


def tasks(artist: Artist) -> Any:
    """The lower one."""
    import bpy

    from tests.blender.recording_layout import Layout

    layout = Layout(open_panels=False)
    with artist.override(region="UI"):
        sys.modules[f"{PACKAGE}.panels.tasks"].draw(layout, bpy.context, time.time())
    return layout


def why_grey(artist: Artist, operator: str, **properties: Any) -> str:
    """What the tooltip of a greyed button says: the operator's own words for that. "" if it is
    not grey."""
    import bpy

    group, name = operator.split(".")
    with artist.override(region="UI"):
        if getattr(getattr(bpy.ops, group), name).poll():
            return ""
        try:
            getattr(getattr(bpy.ops, group), name)(**properties)
        except RuntimeError as error:
            return str(error).partition(".poll() ")[2].strip()
    raise AssertionError(f"{operator} ran although it is grey")


def log(artist: Artist) -> str:
    """The console so far; Blender prints its reports there, too."""
    return (artist.folder / "log.txt").read_text(errors="replace")


def ends(artist: Artist, what: str, **properties: Any) -> Steps:
    """Returns the lowest and the highest row of pixels of a button, as they are in the window."""
    x, y = yield from artist.find(what, **properties)
    found = []
    for way in (-1, 1):
        at, step = y, 8
        while step:
            yield from artist.move(x, at + way * step)
            if artist._matches(artist._under("VIEW_3D", "UI"), what, properties):
                at += way * step
            else:
                step //= 2
        found.append(at)
    return tuple(found)
