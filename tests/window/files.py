"""Blender's own keys and dialogs for files, as an artist uses them. Inside Blender."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .artist import Artist
    from .scenario import Steps


def new_file(artist: Artist) -> Steps:
    """Ctrl+N, General, and Don't Save if that is asked."""
    sitting = artist.sitting
    yield from artist.to_view()
    yield from artist.key("N", ctrl=True)
    yield 0.5
    yield from artist.key("ONE")
    yield from _asked_to_save(artist, "D")
    yield from artist.until(lambda: artist.sitting != sitting, 20, "the new file")
    yield from artist.settle()


def open_file(artist: Artist, path: Path) -> Steps:
    """Ctrl+O, Don't Save if that is asked, the folder, the name, Enter."""
    import bpy

    yield from artist.to_view()
    yield from artist.key("O", ctrl=True)
    yield from _asked_to_save(artist, "D")
    yield from _in_file_browser(artist, path)
    yield from artist.until(lambda: bpy.data.filepath == str(path), 20, f"{path.name} to be open")
    yield from artist.settle()


def open_recent(artist: Artist, path: Path, number: str = "ONE") -> Steps:
    """Ctrl+Shift+O, and the key of its place in the list. What is open has no changes."""
    import bpy

    yield from artist.to_view()
    yield from artist.key("O", ctrl=True, shift=True)
    yield 0.5
    artist.picture("recent-files")
    yield from artist.key(number)
    yield from artist.until(lambda: bpy.data.filepath == str(path), 20, f"{path.name} to be open")
    yield from artist.settle()


def save(artist: Artist) -> Steps:
    """Ctrl+S. Of Blender's own ways to save only those by hand put the file among the recent."""
    import bpy

    yield from artist.to_view()
    yield from artist.key("S", ctrl=True)
    recent = Path(bpy.utils.user_resource("CONFIG"), "recent-files.txt")
    yield from artist.until(
        lambda: recent.is_file() and bpy.data.filepath in recent.read_text(), 10, "the file's save"
    )


def save_as(artist: Artist, path: Path) -> Steps:
    """Ctrl+Shift+S, the folder, the name, which Blender completes, Enter."""
    import bpy

    yield from artist.to_view()
    yield from artist.key("S", ctrl=True, shift=True)
    yield from _in_file_browser(artist, path.with_suffix(""))
    yield from artist.until(lambda: bpy.data.filepath == str(path), 20, f"{path.name} to be saved")
    yield from artist.settle()


def quit_by_keys(artist: Artist, answer: str = "") -> Steps:
    """Ctrl+Q, and the key that answers the question what to do with changes ("RET": Save, "D":
    Don't Save)."""
    import bpy

    assert bpy.data.is_dirty is bool(answer)
    artist.note("quit", [])
    yield from artist.to_view()
    yield from artist.key("Q", ctrl=True)
    if answer:
        yield from _asked_to_save(artist, answer)
    yield 30.0
    artist.note("", [])
    raise AssertionError("Blender did not quit")


def _asked_to_save(artist: Artist, answer: str) -> Steps:
    import bpy

    yield 0.5
    if bpy.data.is_dirty:
        artist.picture("save-changes")
        yield from artist.key(answer)
        yield 0.3


def _in_file_browser(artist: Artist, path: Path) -> Steps:
    """Blender opens it in a window of its own."""
    import bpy

    windows = bpy.context.window_manager.windows
    yield from artist.until(lambda: len(windows) > 1, 10, "the file browser")
    artist.window_number = -1
    yield from artist.settle()
    shown = artist.area("FILE_BROWSER").spaces.active.params.directory
    if Path(os.fsdecode(shown)) != path.parent:
        yield from artist.fill("params.directory", f"{path.parent}/", "FILE_BROWSER", "UI")
        yield from _leave_field(artist)
    # The field for the name has no data path in 5.x. It is left of the buttons.
    below = artist.region("FILE_BROWSER", "EXECUTE")
    yield from artist.click_at(below.x + below.width * 0.3, below.y + below.height / 2)
    yield from artist.key("A", ctrl=True)
    yield from artist.type(path.name)
    yield from _leave_field(artist)
    artist.picture(f"file-browser-{path.stem}")
    yield from artist.key("RET")
    artist.window_number = 0


def _leave_field(artist: Artist) -> Steps:
    """In 5.x these two stay open after Enter. Below the bookmarks there is nothing to hit."""
    beside = artist.region("FILE_BROWSER", "TOOLS")
    yield from artist.click_at(beside.x + beside.width / 2, beside.y + 40)
    yield from artist.settle()
