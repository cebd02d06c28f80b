"""The model on disk: one folder a task, which appears when it is whole.

    <library>/<date>_<words>_<id>/model.glb, preview.*, input_1.png …, task.json

All names are ours; none comes from a server. Thread: any but Blender's main one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .errors import StorageError
from .model import Task
from .picture_size import picture_size
from .storage import writing

FORMAT = 1  # of task.json
PREVIEW_BYTES = 10 << 20
PREVIEW_SIDE = 4096  # pixels
MODEL, STORY = "model.glb", "task.json"


@dataclass(frozen=True)
class Stored:
    """folder: absolute. model, preview: file names in it; preview "" if there is none."""

    folder: Path
    model: str
    preview: str


def store(
    library: Path,
    task: Task,
    glb: Path,
    preview: Path | None,
    *,
    triangles: int,
    about: Mapping[str, object],
) -> Stored:
    """Move a checked model into the library, with all that belongs to it.

    Built in a hidden folder beside its place, synced, then renamed. If that has been done already
    (a crash came before anybody knew), what is there is taken. Errors: StorageError; `glb` is left
    where it is then, so that nothing has to be fetched again.
    """
    if found := find(library, task):
        return found
    name = f"{datetime.fromtimestamp(task.created, UTC):%Y-%m-%d}_{task.request.slug}_{task.id[:8]}"
    incoming = library / f".{name}.incoming"
    with writing(incoming):
        library.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir()
        try:
            # A link where both are on one disk, else a copy: the original stays until the end.
            digest = _take(glb, incoming / MODEL)
            shown = _take_preview(preview, incoming)
            inputs = _take_inputs(task, incoming)
            story = {
                **_story(task, triangles, about),
                "pictures": inputs,
                "bytes": (incoming / MODEL).stat().st_size,
                "sha256": digest,
            }
            _write(incoming / STORY, json.dumps(story, ensure_ascii=False, indent=2).encode())
            _sync_folder(incoming)
            folder = _rename(incoming, library, name)
            _sync_folder(library)
        except BaseException:
            shutil.rmtree(incoming, ignore_errors=True)
            raise
    return Stored(folder, MODEL, shown)


def find(library: Path, task: Task) -> Stored | None:
    """The whole model of a task, if the library has it. Trusts only a model whose hash is right:
    folders are copied and synced by other programs."""
    with suppress(OSError):
        for folder in sorted(library.glob(f"*_{task.id[:8]}*")):
            try:
                story = json.loads((folder / STORY).read_bytes())
                whole = story["task"] == task.id and _digest(folder / MODEL) == story["sha256"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if whole and not folder.name.startswith("."):
                previews = sorted(path.name for path in folder.glob("preview.*"))
                return Stored(folder, MODEL, previews[0] if previews else "")
    return None


def usable_preview(path: Path) -> str:
    """The extension by content, "" for what is not shown: not a picture, too big to be one."""
    try:
        if path.stat().st_size > PREVIEW_BYTES:
            return ""
        content = path.read_bytes()
    except OSError:
        return ""
    size = picture_size(lambda offset, count: content[offset : offset + count])
    if size is None or max(size.width, size.height) > PREVIEW_SIDE:
        return ""
    return size.kind


def _story(task: Task, triangles: int, about: Mapping[str, object]) -> dict[str, object]:
    """What made this model. No key, no ticket, no link: the folder may be given to others."""
    request, accepted = task.request, task.accepted
    return {
        "format": FORMAT,
        "task": task.id,
        "title": task.title,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "service": request.provider,
        "job_id": accepted.job_id if accepted else None,
        "options": dict(request.options),
        "seed": request.options.get("seed"),
        "cost_credits": accepted.cost if accepted else None,
        "created": _date(task.created),
        "submitted": _date(accepted.at) if accepted else None,
        "finished": _date(task.finished),
        "triangles": triangles,
        "about": dict(about),
    }


def _date(seconds: float) -> str | None:
    """ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None


def _take(source: Path, target: Path) -> str:
    """Link or copy, synced; returns the SHA-256."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise
        shutil.copyfile(source, target)
    _sync(target)
    return _digest(target)


def _take_preview(preview: Path | None, folder: Path) -> str:
    kind = usable_preview(preview) if preview else ""
    if not preview or not kind:
        return ""
    _take(preview, folder / f"preview.{kind}")
    return f"preview.{kind}"


def _take_inputs(task: Task, folder: Path) -> list[str]:
    names = []
    for number, picture in enumerate(task.request.pictures, 1):
        with suppress(FileNotFoundError):  # swept, or never ours: the model matters more
            _take(Path(picture), folder / f"input_{number}.png")
            names.append(f"input_{number}.png")
    return names


def _rename(incoming: Path, library: Path, name: str) -> Path:
    for suffix in ("", *(f"_{number}" for number in range(2, 100))):
        folder = library / f"{name}{suffix}"
        if not folder.exists():
            return incoming.rename(folder)
    raise StorageError("The library has too many folders of one name.", f"Look into {library}.")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A rename is safe from a power cut once its folder is synced; Windows has no such thing."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
