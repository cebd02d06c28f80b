"""What disks do to a job: full, read-only, gone. While it lasts the user is told so in a sentence;
afterwards nothing is lost, and nothing was charged twice.

Full and read-only disks are real ones, small file systems in memory, for which it takes root.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from core.sandbox.server import Sandbox

from .blenders import Nursery
from .ending import judge, next_starts, press_resume, sentences, under_way, until_said
from .mounts import Impossible, bind, mount, read_only, with_private_mounts
from .outcomes import Wrong, all_hold, caught

FULL = bool(os.environ.get("MAQUETTE_CAMPAIGN"))
PAGE = 4096
SERVICES = ("rodin", "triverse")
# The smallest of them differ each in what has no room: the ledger, its second record, a download;
# the others cut the model, which has some 300 pages, here or there.
PAGES = (*range(64), *range(64, 480, 8)) if FULL else (0, 9, 12, 15, 20, 250)
FILES = range(18) if FULL else (4, 9)
Make = Callable[[Path, int], Path]
FULL_DISK = re.compile(r"The disk is full|cannot be written|could not be written")


# --- full ---------------------------------------------------------------------------------------


def fill(disk: Path, pages: int) -> Path:
    """Leave room for so many pages. Returns the file to remove."""
    ballast = disk / "ballast"
    with open(ballast, "wb") as file:
        free = os.statvfs(disk).f_bfree - pages
        os.posix_fallocate(file.fileno(), 0, max(free, 1) * PAGE)
    return ballast


def use_up(disk: Path, files: int) -> Path:
    """Leave room for so many files and folders. Returns the folder to remove."""
    ballast = disk / "ballast"
    ballast.mkdir()
    for number in range(os.statvfs(disk).f_ffree - files):
        (ballast / str(number)).touch()
    return ballast


def remove(ballast: Path) -> None:
    if ballast.is_dir():
        for file in ballast.iterdir():
            file.unlink()
        ballast.rmdir()
    else:
        ballast.unlink()


def with_room(
    nursery: Nursery, disk: Path, service: str, sandbox: Sandbox, make: Make, left: int
) -> tuple[str, list[Wrong]]:
    """A job on a disk with so much room. Returns what was said, and what is wrong."""
    folder, case = disk / f"{service}-{left}", f"{make.__name__} {left}"
    folder.mkdir()
    sandbox.charges.clear()
    sandbox.refill()
    said, wrong = "", list[Wrong]()
    ballast = make(disk, left)
    with caught(wrong):
        blender = nursery.start(folder, sandbox)
        task_id = blender.generate(service, "a blue vase")

        def full() -> str:
            return next((s for s in sentences(blender) if FULL_DISK.search(s)), "")

        blender.until(lambda: full() or blender.state(task_id) == "ready")
        said = full()
        remove(ballast)
        press_resume(blender)
        blender.quit()
        next_starts(nursery, sandbox, folder)
    wrong += nursery.clear()
    wrong = judge("disk full", case, folder, sandbox, Counter({service: 1}), wrong)
    return said, [each._replace(what=f"{case}: {each.what}") for each in wrong]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("service", SERVICES)
def test_disk_full_at_every_write(tmp_path, sandbox, service):
    wrong, told = [], Counter()

    def play() -> None:
        disk = tmp_path / "disk"
        disk.mkdir()
        with Nursery() as nursery:
            for make, left in [*((fill, n) for n in PAGES), *((use_up, n) for n in FILES)]:
                mount("tmpfs", disk, data="size=4m,nr_inodes=100")
                said, found = with_room(nursery, disk, service, sandbox, make, left)
                told[said or "(there was room enough)"] += 1
                wrong.extend(found)

    try:
        with_private_mounts(play)
    except Impossible as reason:
        pytest.skip(str(reason))
    print(f"{service}: full disks: {sum(told.values())}, told: {dict(told)}")
    all_hold(wrong)
    assert told["The disk is full."]


# --- read-only, gone ----------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_read_only_folders(tmp_path, sandbox, service):
    """First the library, while a model is made; then the other folder, from a start on."""
    folder, wrong = tmp_path / "folder", []

    def play() -> None:
        for name in ("user", "library"):
            (folder / name).mkdir(parents=True)
            bind(folder / name, folder / name)
        with Nursery() as nursery:
            sandbox.seconds = 0.5
            blender = nursery.start(folder, sandbox)
            under_way(blender, service)
            read_only(folder / "library")
            until_said(blender, re.compile("The folder cannot be written to"))
            read_only(folder / "library", False)
            press_resume(blender)
            second = under_way(blender, service)
            blender.kill()
            read_only(folder / "user")
            blender = nursery.start(folder, sandbox)
            until_said(blender, re.compile("The list of tasks cannot be written"))
            read_only(folder / "user", False)
            blender.until_ready(second)
            blender.idle()
            assert blender.troubles[-1] == ""
            blender.quit()
            wrong[:] = judge("read-only", "both folders", folder, sandbox, Counter({service: 2}))

    try:
        with_private_mounts(play)
    except Impossible as reason:
        pytest.skip(str(reason))
    all_hold(wrong)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("how", ["moved", "gone"])
def test_library_moved_or_gone(tmp_path, nursery, sandbox, service, how):
    """gone: it lies on another drive, which is pulled out and comes back."""
    folder, drive = tmp_path / "folder", tmp_path / "drive"
    folder.mkdir()
    if how == "gone":
        (drive / "library").mkdir(parents=True)
        (folder / "library").symlink_to(drive / "library")
    sandbox.seconds = 0.5
    blender = nursery.start(folder, sandbox)
    task_id = under_way(blender, service)
    if how == "moved":
        (folder / "library").mkdir(exist_ok=True)
        (folder / "library").rename(tmp_path / "elsewhere")
    else:
        drive.rename(tmp_path / "pulled out")
        until_said(blender, re.compile("The library folder is not there"))
        blender.until(lambda: blender.settled)
        (tmp_path / "pulled out").rename(drive)
        press_resume(blender)
    blender.until_ready(task_id)
    blender.quit()
    all_hold(judge("library", how, folder, sandbox, Counter({service: 1})))
