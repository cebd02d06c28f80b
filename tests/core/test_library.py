"""The model on disk: whole or not at all, once, under our own names, and nothing secret beside it.

Real files, real small file systems, and processes that really die at every step.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import core.library
from core.errors import StorageError
from core.library import LONGEST_PATH, PREVIEW_BYTES, Stored, find, store, sweep, usable_preview
from core.model import Accepted, GenerationRequest, Task

from . import glb_files as files

CREATED = 1795305600.0  # 2026-11-22, midnight in UTC
MODEL = files.quad().data()
NAME = "2026-11-22_a-red-teapot_1f2e3d4c"
TASK = Task(
    id="1f2e3d4c5b6a79880123456789abcdef",
    request=GenerationRequest(
        provider="rodin",
        prompt="A red teapot",
        options={"seed": 7, "material": "PBR", "bbox_condition": (1, 2, 3), "hd": True},
    ),
    created=CREATED,
    finished=CREATED + 90.5,
    submit_key="SECRET-key",
    accepted=Accepted(
        job_id="job-1",
        ticket={"subscription_key": "SECRET-ticket"},
        base_url="https://SECRET.example.com",
        cost=1.5,
        at=CREATED + 3,
    ),
)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def glb(tmp_path: Path) -> Path:
    return download(tmp_path)


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the downloads."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


def download(folder: Path, content: bytes = MODEL) -> Path:
    path = folder / "downloads" / "task.glb.part"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def put(
    library: Path,
    glb: Path,
    task: Task = TASK,
    preview: Path | None = None,
    about: Mapping[str, object] | None = None,
) -> Stored:
    return store(library, task, glb, preview, triangles=2, about=about or {})


def record(stored: Stored) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((stored.folder / "task.json").read_text("utf-8"))
    return content


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(library: Path, glb: Path, task: Task = TASK, preview: Path | None = None) -> str:
    with pytest.raises(StorageError) as caught:
        put(library, glb, task, preview)
    return str(caught.value)


# --- what is stored -------------------------------------------------------------------------


def test_a_model_with_all_that_belongs_to_it(library: Path, glb: Path, tmp_path: Path) -> None:
    sent = []
    for number in (1, 2):
        sent.append(tmp_path / f"own name {number}.png")
        sent[-1].write_bytes(files.png(number, number))
    task = replace(TASK, request=replace(TASK.request, pictures=tuple(map(str, sent))))
    preview = tmp_path / "task.preview.part"
    preview.write_bytes(files.WEBP)

    stored = put(library, glb, task, preview)

    assert stored == Stored(library / NAME, "model.glb", "preview.webp")
    assert names(library) == [NAME]
    expected = ["input_1.png", "input_2.png", "model.glb", "preview.webp", "task.json"]
    assert names(stored.folder) == expected
    assert (stored.folder / "model.glb").read_bytes() == MODEL
    assert (stored.folder / "preview.webp").read_bytes() == files.WEBP
    assert (stored.folder / "input_2.png").read_bytes() == files.png(2, 2)
    assert not glb.exists()
    assert not preview.exists()
    assert all(picture.exists() for picture in sent)


def test_the_record(library: Path, glb: Path) -> None:
    stored = put(library, glb, about={"prompt": "a teapot, red", "parts": 2})
    assert record(stored) == {
        "format": 1,
        "task": TASK.id,
        "title": "A red teapot",
        "prompt": "A red teapot",
        "negative_prompt": "",
        "service": "rodin",
        "options": {"seed": 7, "material": "PBR", "bbox_condition": [1, 2, 3], "hd": True},
        "seed": 7,
        "credits": 1.5,
        "job": "job-1",
        "created": "2026-11-22T00:00:00+00:00",
        "submitted": "2026-11-22T00:00:03+00:00",
        "finished": "2026-11-22T00:01:30+00:00",
        "model": "model.glb",
        "pictures": [],
        "preview": "",
        "triangles": 2,
        "bytes": len(MODEL),
        "sha256": hashlib.sha256(MODEL).hexdigest(),
        "about": {"prompt": "a teapot, red", "parts": 2},
    }


def test_no_secret_is_written_down(library: Path, glb: Path, tmp_path: Path) -> None:
    picture = tmp_path / "SECRET folder" / "a.png"
    picture.parent.mkdir()
    picture.write_bytes(files.png())
    task = replace(TASK, request=replace(TASK.request, pictures=(str(picture),)))
    about = {
        "link": "https://cdn.example.com/a.glb?sig=SECRET",
        "nested": {"key": "SECRET"},
        "number": float("nan"),
        "kept": "yes",
    }
    stored = put(library, glb, task, about=about)
    assert "SECRET" not in (stored.folder / "task.json").read_text()
    assert record(stored)["about"] == {"kept": "yes"}


def test_what_is_not_known_is_null(library: Path, glb: Path) -> None:
    request = GenerationRequest(provider="sandbox", prompt="x", pictures=("/nowhere/a.png",))
    stored = put(library, glb, Task(id="abc", request=request, created=CREATED))
    known = record(stored)
    assert [known[name] for name in ("credits", "submitted", "finished", "seed")] == [None] * 4
    assert known["pictures"] == [None]
    assert known["job"] == ""


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\CON", "c-con"),
        ("茶壺", "model"),
        ("Théière\u202eglb.exe", "theiereglb-exe"),
        ("", "model-from-picture"),
        ("x" * 300, "x" * 39),
        ("a lone \ud800 surrogate", "a-lone-surrogate"),
    ],
)
def test_names_are_tame_and_prompts_are_kept(
    library: Path, glb: Path, prompt: str, slug: str
) -> None:
    stored = put(library, glb, replace(TASK, request=replace(TASK.request, prompt=prompt)))
    assert stored.folder.name == f"2026-11-22_{slug}_1f2e3d4c"
    assert record(stored)["prompt"] == prompt


def test_an_odd_task_id_makes_no_odd_name(library: Path, glb: Path) -> None:
    stored = put(library, glb, replace(TASK, id="../.."))
    assert stored.folder.parent == library
    assert re.fullmatch(r"[a-z0-9_-]+", stored.folder.name)


def test_paths_stay_short_enough_for_windows(tmp_path: Path, glb: Path) -> None:
    library = tmp_path / ("l" * max(1, LONGEST_PATH - 60 - len(str(tmp_path))))
    stored = put(library, glb)
    assert stored.folder.is_dir()
    built = library / f".{stored.folder.name}.123456.incoming"
    assert len(str(built / "preview.webp")) <= LONGEST_PATH
    assert find(library, TASK) == stored


def test_the_folders_are_the_users_own(library: Path, glb: Path) -> None:
    before = os.umask(0o027)
    try:
        stored = put(library, glb)
    finally:
        os.umask(before)
    if os.name == "posix":
        assert stat.S_IMODE(stored.folder.stat().st_mode) == 0o750
        assert stat.S_IMODE((stored.folder / "task.json").stat().st_mode) == 0o640


# --- previews -------------------------------------------------------------------------------

USABLE = {"png": files.png(), "jpg": files.JPEG, "webp": files.WEBP_LOSSY}
USELESS = {
    "empty": b"",
    "web page": b"<html>",
    "gif": b"GIF89a" + bytes(40),
    "cut off": files.png()[:20],
    "too wide": files.png_head(4097, 8),
    "too high": files.jpeg_head(8, 4097),
    "many scans": files.laden_jpeg(101),
    "many texts": files.laden_png(9),
    "too long": files.png() + bytes(PREVIEW_BYTES),
}


@pytest.mark.parametrize("kind", USABLE)
def test_a_preview_is_named_by_its_content(
    kind: str, library: Path, glb: Path, tmp_path: Path
) -> None:
    preview = tmp_path / "preview.exe"
    preview.write_bytes(USABLE[kind])
    assert usable_preview(preview) == kind
    stored = put(library, glb, preview=preview)
    assert stored.preview == f"preview.{kind}"
    assert (stored.folder / stored.preview).read_bytes() == USABLE[kind]


@pytest.mark.parametrize("name", USELESS)
def test_a_useless_preview_is_left_out(name: str, library: Path, glb: Path, tmp_path: Path) -> None:
    preview = tmp_path / "preview.png"
    preview.write_bytes(USELESS[name])
    assert usable_preview(preview) == ""
    stored = put(library, glb, preview=preview)
    assert stored.preview == ""
    assert names(stored.folder) == ["model.glb", "task.json"]


def test_a_preview_that_is_not_there_is_left_out(library: Path, glb: Path, tmp_path: Path) -> None:
    assert put(library, glb, preview=tmp_path / "missing").preview == ""


# --- once -----------------------------------------------------------------------------------


def test_stored_but_never_told(library: Path, glb: Path, tmp_path: Path) -> None:
    first = put(library, glb)
    assert find(library, TASK) == first
    again = put(library, download(tmp_path))
    assert again == first
    assert names(library) == [NAME]
    assert not glb.exists()


def test_another_model_of_the_same_task_stands_beside(
    library: Path, glb: Path, tmp_path: Path
) -> None:
    first = put(library, glb)
    ordered_anew = replace(TASK, accepted=Accepted(job_id="job-2"))
    assert find(library, ordered_anew) is None
    second = put(library, download(tmp_path, files.rigged().data()), ordered_anew)
    assert second.folder.name == f"{NAME}-2"
    assert (first.folder / "model.glb").read_bytes() == MODEL
    assert find(library, TASK) == first
    assert find(library, ordered_anew) == second
    # Both are found again, too.
    assert put(library, download(tmp_path, files.rigged().data()), ordered_anew) == second
    assert put(library, download(tmp_path)) == first
    assert names(library) == [NAME, f"{NAME}-2"]


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"task": "another"}', "[" * 100_000])
def test_what_is_not_ours_is_left_alone(
    library: Path, glb: Path, tmp_path: Path, content: str
) -> None:
    (library / NAME).mkdir(parents=True)
    (library / NAME / "task.json").write_text(content)
    (library / f"{NAME}-2").write_text("a file of the user's")
    stored = put(library, glb)
    assert stored.folder.name == f"{NAME}-3"
    assert (library / NAME / "task.json").read_text() == content
    assert (library / f"{NAME}-2").read_text() == "a file of the user's"
    assert put(library, download(tmp_path)) == stored


@pytest.mark.parametrize("size", [0, len(MODEL) - 1])
def test_a_stored_model_that_was_damaged_since_is_not_taken_for_whole(
    library: Path, glb: Path, tmp_path: Path, size: int
) -> None:
    first = put(library, glb)
    (first.folder / "model.glb").write_bytes(MODEL[:size] + b"x" * (len(MODEL) - size))
    assert find(library, TASK) is None
    assert put(library, download(tmp_path)).folder.name == f"{NAME}-2"


def test_nothing_is_found_where_nothing_is(library: Path) -> None:
    assert find(library, TASK) is None
    assert not library.exists()


# --- dying in between -----------------------------------------------------------------------


def test_leftovers_of_an_earlier_try_are_cleared_away(library: Path, glb: Path) -> None:
    stale = library / f".{NAME}.123456.incoming"
    (stale / "deeper").mkdir(parents=True)
    (stale / "model.glb").write_bytes(MODEL[:100])
    (stale / "task.json").write_text('{"half')
    assert find(library, TASK) is None
    stored = put(library, glb)
    assert names(library) == [NAME]
    assert names(stored.folder) == ["model.glb", "task.json"]


def test_a_whole_model_that_only_lacked_its_name_is_taken(library: Path, glb: Path) -> None:
    stored = put(library, glb)
    stored.folder.rename(library / f".{NAME}.123456.incoming")
    assert find(library, TASK) == stored
    assert names(library) == [NAME]


def test_an_earlier_paid_model_that_lacked_its_name_is_not_cleared_away(
    library: Path, glb: Path, tmp_path: Path
) -> None:
    stored = put(library, glb)
    stored.folder.rename(library / f".{NAME}.123456.incoming")
    second = put(library, download(tmp_path, files.rigged().data()))
    assert second.folder.name == f"{NAME}-2"
    assert (library / NAME / "model.glb").read_bytes() == MODEL


@pytest.mark.parametrize("whole", [False, True])
def test_what_a_late_death_left_beside_the_model_goes(
    library: Path, glb: Path, whole: bool
) -> None:
    stored = put(library, glb)
    late = library / f".{NAME}.123456.incoming"
    shutil.copytree(stored.folder, late)
    if not whole:
        (late / "model.glb").unlink()
    others = library / ".2026-11-23_another_fedcba98.123456.incoming"
    others.mkdir()
    sweep(library, [TASK])
    assert names(library) == sorted([others.name, NAME])
    assert find(library, TASK) == stored


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same disk", "another disk"])
def test_dying_at_any_step_loses_and_doubles_nothing(
    elsewhere: bool, tmp_path: Path, other_disk: Path
) -> None:
    for steps in range(100):
        folder = tmp_path / str(steps)
        folder.mkdir()
        library = (other_disk if elsewhere else folder) / f"library {steps}"
        (folder / "glb").write_bytes(MODEL)
        (folder / "preview").write_bytes(files.JPEG)
        if not dies(library, folder, steps):
            break
        there = [*folder.rglob("*"), *library.rglob("*")]
        assert MODEL in [path.read_bytes() for path in there if path.is_file()]
        for path in library.glob("[!.]*"):
            assert names(path) == ["model.glb", "preview.jpg", "task.json"]
        # The next start: look, else fetch once more and store.
        if find(library, TASK):
            told = True
        else:
            put(library, download(folder))
        assert names(library) == [NAME]
        assert (library / NAME / "model.glb").read_bytes() == MODEL
    assert told
    assert 10 < steps < 99


def dies(library: Path, folder: Path, steps: int) -> bool:
    """Store in a child that ends, without any goodbye, before its file operation number `steps`."""
    child = os.fork()
    if not child:
        left = [steps]

        def count(event: str, arguments: object) -> None:
            if event == "open" or event.startswith(("os.", "shutil.")):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)

        try:
            sys.addaudithook(count)
            put(library, folder / "glb", preview=folder / "preview")
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_folder_that_cannot_get_its_name_gives_the_model_back(library: Path, glb: Path) -> None:
    # As Windows does while a virus scanner holds a new file open.
    child = os.fork()
    if not child:

        def hold(event: str, arguments: Any) -> None:
            if event == "os.rename" and str(arguments[0]).endswith(".incoming"):
                raise PermissionError(13, "Permission denied")

        try:
            sys.addaudithook(hold)
            words = refused(library, glb)
            os._exit(0 if "cannot be written to" in words else 2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert glb.read_bytes() == MODEL
    assert names(library) == []


# --- disks ----------------------------------------------------------------------------------


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A small file system, by its mount options; skips where it may not be made."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mounted(options: str) -> Path:
        order = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            done = subprocess.run(order, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f"no mount: {error}")
        if done.returncode:
            pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
        return folder

    yield mounted
    if os.path.ismount(folder):
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_and_then_a_free_one(mount: Callable[[str], Path], tmp_path: Path) -> None:
    disk = mount("size=1m")
    content = files.pack(b"{}", bytes(2 << 20))
    glb = download(tmp_path, content)
    words = refused(disk / "library", glb)
    assert "disk is full" in words
    assert "nothing is lost" in words
    assert glb.read_bytes() == content
    assert names(disk / "library") == []
    subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
    stored = put(disk / "library", glb)
    assert (stored.folder / "model.glb").read_bytes() == content


def test_a_disk_that_is_full_before_the_model(mount: Callable[[str], Path], tmp_path: Path) -> None:
    disk = mount("size=64k")
    picture = tmp_path / "input.png"
    picture.write_bytes(files.png() + bytes(100_000))
    task = replace(TASK, request=replace(TASK.request, pictures=(str(picture),)))
    glb = download(tmp_path)
    assert "disk is full" in refused(disk / "library", glb, task)
    assert glb.read_bytes() == MODEL
    assert names(disk / "library") == []


def test_a_model_on_the_librarys_own_disk_needs_no_space(mount: Callable[[str], Path]) -> None:
    disk = mount("size=3m")
    glb = download(disk, files.pack(b"{}", bytes(2 << 20)))
    stored = put(disk / "library", glb)
    assert (stored.folder / "model.glb").stat().st_size > 2 << 20


def test_a_disk_that_may_only_be_read(mount: Callable[[str], Path], tmp_path: Path) -> None:
    disk = mount("size=1m")
    (disk / "library").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    glb = download(tmp_path)
    words = refused(disk / "library", glb)
    assert "cannot be written to" in words
    assert "preferences" in words
    assert glb.read_bytes() == MODEL


def test_a_drive_that_went_away(tmp_path: Path, glb: Path) -> None:
    words = refused(tmp_path / "drive" / "library", glb)
    assert "not there" in words
    assert "Connect its drive" in words
    assert glb.read_bytes() == MODEL
    assert not (tmp_path / "drive").exists()


def test_a_file_in_the_librarys_place(library: Path, glb: Path) -> None:
    library.write_text("not a folder")
    assert "could not be written" in refused(library, glb)
    assert glb.read_bytes() == MODEL


def test_a_file_where_a_folder_was_built(library: Path, glb: Path) -> None:
    library.mkdir()
    (library / f".{NAME}.123456.incoming").write_text("not a folder")
    assert "could not be written" in refused(library, glb)
    assert glb.read_bytes() == MODEL


def test_two_blenders_that_build_at_once_never_show_what_is_half_built(
    library: Path, glb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other took the first's work for a leftover, and has just begun with its own when the
    first gives its own a name."""
    (tmp_path / "other").mkdir()
    other = download(tmp_path / "other")
    whole, appear, put_pictures = (
        core.library._whole,
        core.library._appear,
        core.library._put_pictures,
    )
    shown = []

    def the_other_begins(incoming: Path, *where: Any) -> Path:
        def goes_on(task: Task, folder: Path) -> list[str | None]:
            monkeypatch.setattr(core.library, "_put_pictures", put_pictures)
            with suppress(FileNotFoundError):
                appear(incoming, *where)
            shown.extend(path.name for path in library.iterdir() if path.name[0] != ".")
            return put_pictures(task, folder)

        monkeypatch.setattr(core.library, "_appear", appear)
        monkeypatch.setattr(core.library, "_put_pictures", goes_on)
        monkeypatch.setattr(core.library, "_whole", lambda *_: None)
        put(library, other)
        monkeypatch.setattr(core.library, "_whole", whole)
        return appear(incoming, *where)

    monkeypatch.setattr(core.library, "_appear", the_other_begins)
    with suppress(StorageError):
        put(library, glb)
    assert shown == []
    assert names(library) == [NAME]
    assert names(library / NAME) == ["model.glb", "task.json"]
    assert find(library, TASK)


def test_a_download_that_is_not_there(library: Path, tmp_path: Path) -> None:
    refused(library, tmp_path / "missing")
    assert names(library) == []


def test_a_library_on_another_disk(other_disk: Path, tmp_path: Path, glb: Path) -> None:
    preview = tmp_path / "preview"
    preview.write_bytes(files.png())
    stored = put(other_disk / "library", glb, preview=preview)
    assert names(stored.folder) == ["model.glb", "preview.png", "task.json"]
    assert (stored.folder / "model.glb").read_bytes() == MODEL
    assert not glb.exists()
    assert not preview.exists()


def test_what_appears_while_it_is_cleared_away_stays(library: Path, monkeypatch) -> None:
    """Two Blenders on one task, after a clock was set: one looks at a folder that is not whole yet,
    the other makes it appear that moment."""
    incoming = library / f".{NAME}.123456.incoming"
    incoming.mkdir(parents=True)
    (incoming / "model.glb").write_bytes(MODEL)

    def look(folder: Path, task: Task) -> None:
        if folder == incoming and incoming.exists():
            incoming.rename(library / NAME)

    monkeypatch.setattr(core.library, "_whole", look)
    assert core.library.find(library, TASK) is None
    assert (library / NAME / "model.glb").read_bytes() == MODEL
    assert os.listdir(library) == [NAME]


def test_what_a_death_left_of_clearing_away_is_cleared_away(library: Path) -> None:
    doomed = library / ".removed-12345678"
    doomed.mkdir(parents=True)
    (doomed / "model.glb").write_bytes(MODEL)
    assert core.library.find(library, TASK) is None
    assert not os.listdir(library)
