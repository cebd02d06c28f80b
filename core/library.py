"""The model on disk: one folder each, which appears only when it is whole.

    <library>/2026-11-23_a-red-teapot_1f2e3d4c/
        model.glb     as the service sent it, checked
        preview.png   or .jpg, .webp; only if the service sent a picture that can be shown
        input_1.png   … the pictures that were sent to the service
        task.json     where it came from; no key, no link, no secret

The folder is built beside its place under a hidden name, every file synced, the model last; then
one rename makes it appear. Whatever dies in between, `find` and the next `store` take it from
there. Names are made of our own task, never of anything a server said. Permissions are what the
user's umask makes of them: the library is the user's. Thread: any but Blender's main one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

from .errors import StorageError
from .language import say
from .model import Task
from .picture_size import is_laden, picture_size
from .storage import storage_error, writing

FORMAT = 1  # of task.json; goes up when a field changes its meaning
MODEL = "model.glb"
RECORD = "task.json"
LONGEST_PATH = 200  # characters; Windows takes 259, and Blender has yet to put something beside
DOOMED = "removed-"  # hidden folders that are being cleared away
PREVIEWS = ("preview.png", "preview.jpg", "preview.webp")
PREVIEW_BYTES = 10 << 20
PREVIEW_SIDE = 4096  # pixels


@dataclass(frozen=True)
class Stored:
    """folder: the model's own. model, preview: names of files in it; preview may be ""."""

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
    """Take a checked model into the library. `glb` and `preview` are moved: gone afterwards, still
    there if this fails. library: made if only itself is missing, not what is above it, since that
    is where a drive would be. about: more for task.json; plain values, no secrets.

    The same model of the same task is never stored twice. Errors: StorageError.
    """
    _make_library(library)
    with writing(library / MODEL):
        sha256, size = _sha256(glb), glb.stat().st_size
        _tidy(library, task)
        for folder in _existing(library, task):
            if (record := _whole(folder, task)) and record["sha256"] == sha256:
                _drop(glb, preview)
                return _stored(folder, record)
        # A name of its own: another Blender may be at the same task (a clock was set, a machine
        # slept), and what one builds must not get its name while the other is half-way.
        token = secrets.token_hex(3)
        incoming = library / f".{_name(library, task)}.{token}.incoming"
        incoming.mkdir()
        try:
            record = {
                **_origin(task),
                "pictures": _put_pictures(task, incoming),
                "preview": _put_preview(preview, incoming),
                "triangles": triangles,
                "bytes": size,
                "sha256": sha256,
                "about": _plain(about),
            }
            _write(incoming / RECORD, json.dumps(record, ensure_ascii=False, indent=2))
            _move(glb, incoming / MODEL)
            folder = _appear(incoming, library, task)
        except BaseException:
            _undo(incoming, glb)
            raise
        _drop(glb, preview)
        return _stored(folder, record)


def find(library: Path, task: Task) -> Stored | None:
    """The task's model, if the library has it whole already: stored, but nobody was told before
    the lights went out. Errors: StorageError."""
    job = task.accepted.job_id if task.accepted else ""
    with writing(library / MODEL):
        _tidy(library, task)
        for folder in _existing(library, task):
            if (record := _whole(folder, task)) and record["job"] == job:
                return _stored(folder, record)
    return None


def usable_preview(path: Path) -> str:
    """The extension for a picture by its content: "png", "jpg", "webp"; "" if it is none of them,
    cut off before its size, over 10 MiB, over 4096 pixels wide or high, or made to take long."""
    try:
        with open(path, "rb") as file:
            if file.seek(0, os.SEEK_END) > PREVIEW_BYTES:
                return ""

            def read(offset: int, count: int) -> bytes:
                file.seek(offset)
                return file.read(count)

            size = picture_size(read)
            if size is None or max(size.width, size.height) > PREVIEW_SIDE:
                return ""
            return "" if is_laden(size.kind, read) else size.kind
    except OSError:
        return ""


# --- names ----------------------------------------------------------------------------------


def _name(library: Path, task: Task) -> str:
    """Date (UTC, as in task.json, so that it is the same wherever the laptop travels), title, id;
    the title cut where the whole path would become too long."""
    date = datetime.fromtimestamp(task.created, UTC).date().isoformat()
    task_id = re.sub(r"[^0-9A-Za-z]", "", task.id)[:8] or "task"
    frame = len(str(library)) + len(f"/.{date}__{task_id}.123456.incoming/preview.webp")
    slug = task.request.slug[: max(1, LONGEST_PATH - frame)].strip("-") or "m"
    return f"{date}_{slug}_{task_id}"


def _places(library: Path, task: Task) -> Iterator[Path]:
    name = _name(library, task)
    yield library / name
    for number in range(2, 1000):
        yield library / f"{name}-{number}"


def _is_taken(folder: Path) -> bool:
    return folder.exists() or folder.is_symlink()


def _existing(library: Path, task: Task) -> Iterator[Path]:
    return takewhile(_is_taken, _places(library, task))


def sweep(library: Path, tasks: Iterable[Task]) -> None:
    """See to what is left of these tasks, at which nobody is any more: a Blender may have died, or
    stood still, over a model that another has put into the library. Errors: OSError, StorageError.
    """
    left = {path.name[1:].rsplit(".", 2)[0] for path in library.glob(".*.incoming")}
    for task in tasks:
        if left and _name(library, task) in left:
            _tidy(library, task)


def _tidy(library: Path, task: Task) -> None:
    """What earlier tries left where they built is taken into the library if it is whole and not
    there, and cleared away if not."""
    for doomed in library.glob(f".{DOOMED}*"):  # what a death left of the line below
        shutil.rmtree(doomed, ignore_errors=True)
    for incoming in library.glob(f".{_name(library, task)}.*.incoming"):
        with suppress(FileNotFoundError):  # the other Blender was quicker
            if (record := _whole(incoming, task)) and not any(
                (there := _whole(folder, task)) and there["sha256"] == record["sha256"]
                for folder in _existing(library, task)
            ):
                _appear(incoming, library, task)
                continue
            # Out of the way first, which is one step: another Blender may just be making it
            # appear, and then its files must stay.
            doomed = library / f".{DOOMED}{secrets.token_hex(4)}"
            os.rename(incoming, doomed)
            shutil.rmtree(doomed)


def _make_library(library: Path) -> None:
    try:
        library.mkdir(exist_ok=True)
    except (FileNotFoundError, FileExistsError) as error:
        if library.exists():  # a file
            raise storage_error(error, library) from error
        # Nowhere to make it; or it is a link to where nothing is.
        raise StorageError(
            say("The library folder is not there, nor the one above it."),
            say(
                "Connect its drive or choose another in the preferences, then press Resume:"
                " nothing is lost."
            ),
            details=f"{library}: {error.strerror}",
        ) from error
    except OSError as error:
        raise storage_error(error, library) from error


# --- what is there --------------------------------------------------------------------------


def _whole(folder: Path, task: Task) -> dict[str, Any] | None:
    """The record of a folder that holds this task's model, as it was recorded, or None."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
        if record["task"] != task.id or (folder / MODEL).stat().st_size != record["bytes"]:
            return None
        if _sha256(folder / MODEL) != record["sha256"]:
            return None
        return {"job": record["job"], "sha256": record["sha256"], "preview": record["preview"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # not ours, or not whole


def _stored(folder: Path, record: Mapping[str, Any]) -> Stored:
    preview = record["preview"]
    return Stored(folder, MODEL, preview if preview in PREVIEWS else "")


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- what is written ------------------------------------------------------------------------


def _origin(task: Task) -> dict[str, Any]:
    request, accepted = task.request, task.accepted
    return {
        "format": FORMAT,
        "task": task.id,
        "title": task.title,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "service": request.provider,
        "options": dict(request.options),
        "seed": request.options.get("seed"),
        "credits": accepted.cost if accepted else None,
        "job": accepted.job_id if accepted else "",
        "created": _date(task.created),
        "submitted": _date(accepted.at if accepted else 0.0),
        "finished": _date(task.finished),
        "model": MODEL,
    }


def _date(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None


def _plain(about: Mapping[str, object]) -> dict[str, object]:
    """Only plain values, and no addresses: results' links are signed, and whoever has one has the
    model. Providers are not to hand any over; this is the last door."""
    return {
        str(name): value
        for name, value in about.items()
        if value is None
        or isinstance(value, (bool, int))
        or (isinstance(value, float) and math.isfinite(value))
        or (isinstance(value, str) and "://" not in value)
    }


def _put_pictures(task: Task, folder: Path) -> list[str | None]:
    """The sent pictures, in order; None for one that is no longer to be had."""
    names: list[str | None] = []
    for number, picture in enumerate(task.request.pictures, 1):
        try:
            content = Path(picture).read_bytes()
        except OSError:
            names.append(None)
        else:
            names.append(f"input_{number}.png")
            _write(folder / f"input_{number}.png", content)
    return names


def _put_preview(preview: Path | None, folder: Path) -> str:
    kind = usable_preview(preview) if preview else ""
    if not preview or not kind:
        return ""
    _copy(preview, folder / f"preview.{kind}")
    return f"preview.{kind}"


def _write(path: Path, content: str | bytes) -> None:
    # Lone surrogates (from file names, or pasted) become \udxxx, which is JSON for themselves.
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    with open(path, "xb") as file:
        file.write(raw)
        _sync(file)


def _copy(source: Path, target: Path) -> None:
    with open(source, "rb") as read, open(target, "xb") as file:
        shutil.copyfileobj(read, file, 1 << 20)
        _sync(file)


def _move(source: Path, target: Path) -> None:
    """On one file system a rename, which needs no space; else a copy, and `source` stays."""
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, target)
    else:
        with open(target, "r+b") as file:
            _sync(file)


def _appear(incoming: Path, library: Path, task: Task) -> Path:
    _sync_folder(incoming)
    for folder in _places(library, task):
        if _is_taken(folder):
            continue  # another's, or the user's: left alone
        os.rename(incoming, folder)
        _sync_folder(library)
        return folder
    raise StorageError(say("The library has a thousand folders of one name."), details=str(library))


def _undo(incoming: Path, glb: Path) -> None:
    """Nothing half-made stays, and the model is where it was."""
    try:
        if not glb.exists() and (incoming / MODEL).exists():
            os.replace(incoming / MODEL, glb)
        shutil.rmtree(incoming)
    except OSError:
        pass  # it keeps its hidden name; `find` or the next `store` sees to it


def _drop(*paths: Path | None) -> None:
    for path in paths:
        try:
            if path:
                path.unlink(missing_ok=True)
        except OSError:
            pass  # held open by another program (Windows); downloads are swept


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """So that the names in it survive a power cut. Windows has no such call, and some network
    file systems refuse it: then theirs is the promise."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
