"""A background Blender prepares models: what comes of it, and whatever may happen to it.

It is a real process with the real program, in the bpy module of this environment. There
`bpy.app.binary_path` may be set; it names a script that makes of the arguments what Blender would.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from bl_ext.user_default.maquette import arrivals, pictures, registration, session
from bl_ext.user_default.maquette.core.errors import BadModel
from bl_ext.user_default.maquette.core.model import GenerationRequest, Origin, Task, TaskState
from bl_ext.user_default.maquette.importing import append as pieces
from bl_ext.user_default.maquette.importing import (
    background,
    images,
    origins,
    place,
    stage,
    uv_maps,
)
from bl_ext.user_default.maquette.importing.blocks import KINDS
from bl_ext.user_default.maquette.importing.stage import State
from bl_ext.user_default.maquette.operators import orders

from tests.blender.glb_models import LIVING, MODELS, one, sandbox
from tests.blender.likeness import Seen, compare, look
from tests.blender.picture_files import write_png
from tests.core.glb_files import Glb, quad

SPOT = (3.0, -4.0, 5.0)
NOT_YET = 120.0  # seconds; more than anything here takes

# As Blender: the program after --python, with what comes after --.
RUN = 'while [ "$1" != --python ]; do shift; done\n'
PYTHON = f'exec "{sys.executable}" "$2" "$4" "$5"\n'


def blender(folder: Path, script: str = PYTHON) -> Path:
    """A program that is started as Blender is, and writes a line for each start."""
    path = folder / "blender"
    begun = f'echo "$$" >> "{folder}/starts"\ntr "\\0" "\\n" < /proc/$$/environ > "{folder}/env"\n'
    begun += f'echo "$0 $@" > "{folder}/argv"\n'
    path.write_text(f"#!/bin/sh\n{begun}{RUN}{script}")
    path.chmod(0o700)
    return path


def starts(folder: Path) -> list[int]:
    """The process ids of all that were started."""
    file = folder / "starts"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a working background Blender, whose folders are below it, too."""
    stage.stop()
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setenv("TMPDIR", str(temp))
    before, tempfile.tempdir = tempfile.tempdir, str(temp)
    bpy.app.binary_path = str(blender(tmp_path))
    yield tmp_path
    stage.stop()
    tempfile.tempdir = before
    bpy.app.binary_path = ""
    assert not any(temp.iterdir()), "a folder is left"
    assert not [pid for pid in starts(tmp_path) if runs(pid)], "a process is left"
    assert not [t.name for t in threading.enumerate() if t.name.startswith("maquette-")]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def made(folder: Path, glb: Glb | bytes, number: int = 0, *, triangles: int = 0) -> Task:
    """triangles: as the task says; 0: not known, so it is prepared however small it is."""
    library = folder / f"library-{number}"
    library.mkdir(exist_ok=True)
    (library / "model.glb").write_bytes(glb if isinstance(glb, bytes) else glb.data())
    colors = np.random.default_rng(number).integers(0, 255, (96, 160, 4), dtype=np.uint8)
    write_png(library / "preview.png", colors)
    return Task(
        id=f"task{number}",
        request=GenerationRequest("sandbox", "a red chair"),
        origin=Origin(scene_uid=bpy.context.scene.session_uid, sitting=origins.sitting),
        state=TaskState.READY,
        folder=str(library),
        model="model.glb",
        preview="preview.png",
        triangles=triangles,
    )


def until(condition: Callable[[], Any], what: str) -> Any:
    """Tick, as the timer does."""
    end = time.monotonic() + NOT_YET
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)
        stage.tick()
    return found


def prepared(task: Task) -> stage.Result:
    stage.prepare(task, bpy.context.scene)
    until(lambda: not stage.pending(task.id), "the model to be prepared")
    return stage.result(task.id)


def at_work(task: Task, folder: Path) -> int:
    """The process that has been given the task, stopped in the middle of it."""
    stage.warm()
    until(lambda: stage._blender and stage._blender.ready, "the background Blender")
    pid = starts(folder)[-1]
    os.kill(pid, signal.SIGSTOP)
    stage.prepare(task, bpy.context.scene)
    stage.tick()
    assert stage._order is not None
    return pid


def append(task: Task, *, select: bool = False) -> list[bpy.types.Object]:
    path = stage.result(task.id).path
    names = place.append_model(
        bpy.context, task, bpy.context.scene, path, location=SPOT, select=select
    )
    bpy.context.view_layer.update()
    return [bpy.data.objects[name] for name in names]


# --- what comes -----------------------------------------------------------------------------


def test_a_model_comes_from_the_background(program: Path) -> None:
    scene = bpy.context.scene
    mine = bpy.data.objects.new("Mine", None)
    scene.collection.objects.link(mine)
    mine.select_set(True)
    bpy.context.view_layer.objects.active = mine
    task = made(program, sandbox("a red vase", 4000))
    before = {block.name for kind in KINDS for block in getattr(bpy.data, kind)}
    result = prepared(task)
    assert result.state is State.DONE, result
    assert result.measures["triangles"] > 3000
    assert {"import", "shape", "preview", "save"} <= result.seconds.keys()
    (obj,) = append(task)
    assert pictured(obj)[:6] == (160, 96, 32, 19, True, True)
    assert obj.name == "a red chair"
    assert obj[place.MARK] == task.id
    assert tuple(obj.location) == SPOT
    assert obj.users_collection == (bpy.data.collections["Maquette"],)
    assert bpy.context.selected_objects == [mine]
    assert bpy.context.view_layer.objects.active == mine
    assert not bpy.data.libraries
    assert all(image.packed_file for image in bpy.data.images if image.source == "FILE")
    new = {
        f"{kind} {block.name}"
        for kind in KINDS
        for block in getattr(bpy.data, kind)
        if block.name not in before and not block.users
    }
    assert not new, "left over"
    stage.cancel(task.id)
    until(lambda: not result.path.exists(), "the file to be removed")


def test_asked_for_it_is_selected(program: Path) -> None:
    task = made(program, MODELS["several"]())
    prepared(task)
    objects = append(task, select=True)
    assert len(objects) > 2
    assert set(bpy.context.selected_objects) == set(objects)
    assert bpy.context.view_layer.objects.active == objects[0]
    assert objects[0].type == "EMPTY"


def test_both_ways_give_the_same(program: Path) -> None:
    """All models one after the other, in one process."""
    wrong = []
    for number, (name, make) in enumerate(MODELS.items()):
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        task = made(program, make(), number)
        names = place.import_model(
            bpy.context, task, bpy.context.scene, location=SPOT, select=False
        )
        bpy.context.view_layer.update()
        direct, order = all_of(names, name), description(names)
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        result = prepared(task)
        if result.state is not State.DONE:
            wrong.append(f"{name}: {result}")
            continue
        try:
            staged = [obj.name for obj in append(task)]
            assert description(staged) == order
            assert sum(bool(pictured(bpy.data.objects[name])) for name in staged) == 1
            for one, other in zip(direct, all_of(staged, name), strict=True):
                compare(one, other, (0, 0, 0))
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
        stage.cancel(task.id)
    assert not wrong, "\n".join(wrong)
    assert len(starts(program)) == 1


def all_of(names: list[str], model: str) -> list[Seen]:
    scene, first = bpy.context.scene, bpy.context.scene.frame_current
    seen = []
    for frame in (first, 5, 20) if model in LIVING else (first,):
        scene.frame_set(frame)
        seen.append(look([bpy.data.objects[name] for name in names]))
    scene.frame_set(first)
    return seen


def description(names: list[str]) -> Any:
    """Names and transforms, to the last bit but one."""
    objects = [bpy.data.objects[name] for name in names]
    return sorted(
        (
            obj.name,
            obj.type,
            obj.data.name if obj.data else "",
            obj.parent.name if obj.parent else "",
            obj.rotation_mode,
            np.round(np.array(obj.matrix_basis), 4).tolist(),
            [slot.material.name if slot.material else "" for slot in obj.material_slots],
            sorted(image.name for image in bpy.data.images),
            sorted(action.name for action in bpy.data.actions),
            pictured(obj),
        )
        for obj in objects
    )


def pictured(obj: bpy.types.Object) -> Any:
    """What its preview shows, and whether Blender would render another."""
    if obj.preview is None:
        return ()
    shown = [list(obj.preview.image_pixels_float), list(obj.preview.icon_pixels_float)]
    custom = obj.preview.is_image_custom, obj.preview.is_icon_custom
    return (*obj.preview.image_size, *obj.preview.icon_size, *custom, *shown)


def test_two_models_from_one_process_know_nothing_of_each_other(program: Path) -> None:
    first, second = (made(program, quad(), number) for number in (1, 2))
    for task in (first, second):
        stage.prepare(task, bpy.context.scene)
    for task in (first, second):
        until(lambda task=task: not stage.pending(task.id), "the model")
    assert len(starts(program)) == 1
    (obj,) = append(second)
    assert obj.name == "a red chair"
    assert not [
        block.name for block in (*bpy.data.meshes, *bpy.data.materials) if "." in block.name
    ]
    (obj,) = append(first)
    assert obj.name == "a red chair.001"


def test_what_it_would_be_with_other_units_is_void(program: Path) -> None:
    task = made(program, quad())
    first = prepared(task)
    bpy.context.scene.unit_settings.scale_length = 0.01
    second = prepared(task)
    assert second.path != first.path
    until(lambda: not first.path.exists(), "what is void to be removed")
    ratio = second.measures["dimensions"][0] / first.measures["dimensions"][0]
    assert ratio == pytest.approx(1.0), "in metres it is as large as before"
    (obj,) = append(task)
    assert obj.dimensions.x == pytest.approx(100 * first.measures["dimensions"][0])
    assert prepared(task) is second, "asked again for the same, it is made again"


def test_small_ones_come_directly(program: Path) -> None:
    task = made(program, quad(), triangles=stage.SMALL)
    assert prepared(task) == stage.Result(State.DIRECT)
    assert prepared(made(program, quad(), 1, triangles=stage.SMALL + 1)).state is State.DONE
    assert len(starts(program)) == 1


# --- what happens to it ---------------------------------------------------------------------


def test_when_it_is_killed_one_sentence_says_so_and_the_next_model_comes(program: Path) -> None:
    task, other = made(program, quad(), 1), made(program, quad(), 2)
    pid = at_work(task, program)
    stage.prepare(other, bpy.context.scene)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not stage.pending(task.id), "the crash to be seen")
    result = stage.result(task.id)
    assert result.state is State.FAILED
    assert "crashed" in result.message
    assert "Import brings it in directly" in result.advice
    assert str(-signal.SIGKILL) in result.details
    stage.prepare(task, bpy.context.scene)
    assert stage.result(task.id) is result, "it is tried again unasked"
    assert prepared(other).state is State.DONE
    assert len(starts(program)) == 2
    stage.give_up(task.id)
    stage.prepare(task, bpy.context.scene)
    assert stage.result(task.id).state is State.DIRECT


def test_when_it_hangs_it_is_ended(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "LIMIT", 0.5)
    monkeypatch.setattr(stage, "GRACE", 0.5)
    task = made(program, quad(), 1)
    pid = at_work(task, program)
    until(lambda: not stage.pending(task.id), "the end of patience")
    result = stage.result(task.id)
    assert result.state is State.FAILED
    assert "took longer than" in result.message
    until(lambda: not runs(pid), "its end")
    monkeypatch.undo()
    assert prepared(made(program, quad(), 2)).state is State.DONE


def test_at_the_limit_it_ends_itself_and_says_where_it_was(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "LIMIT", 0.05)
    result = prepared(made(program, sandbox("a red vase", 300_000)))
    assert result.state is State.FAILED
    assert "took longer than" in result.message
    assert "child.py" in result.details


def test_what_the_importer_refuses_is_left_to_the_sentence_of_the_direct_way(program: Path) -> None:
    task = made(program, quad().data()[:-40])
    assert prepared(task) == stage.Result(State.DIRECT)
    with pytest.raises(BadModel, match="could not import"):
        place.import_model(bpy.context, task, bpy.context.scene, location=SPOT, select=False)
    nothing = made(program, Glb({"asset": {"version": "2.0"}}), 2)
    assert prepared(nothing) == stage.Result(State.DIRECT)
    assert prepared(made(program, quad(), 3)).state is State.DONE
    assert len(starts(program)) == 1


def test_small_ones_of_many_parts_are_prepared(program: Path) -> None:
    """Each takes the importer a millisecond."""
    few, many = (scattered(count) for count in (2, 200))
    assert prepared(made(program, few, 1, triangles=1000)) == stage.Result(State.DIRECT)
    assert prepared(made(program, many, 2, triangles=1000)).state is State.DONE


def scattered(count: int) -> Glb:
    glb = quad()
    glb.json["nodes"] = [{"mesh": 0, "translation": [n, 0, 0]} for n in range(count)]
    glb.json["scenes"] = [{"nodes": list(range(count))}]
    glb.json["extras"] = ["a part" * 100] * count  # as long as parts of their own are told
    return glb


def test_a_full_temporary_folder(program: Path) -> None:
    disk = program / "temp"
    order = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(order, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no mount: {error}")
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    try:
        result = prepared(made(program, sandbox("a red vase", 150_000)))
        assert result.state is State.DIRECT
        assert result.message.endswith("the temporary folder cannot be used (it is full).")
        # And with room in it: as ever.
        assert prepared(made(program, quad(), 2)).state is State.DONE
        stage.stop()
    finally:
        stage.stop()
        subprocess.run(["umount", str(disk)], check=True)


def test_the_folder_goes_while_it_waits(program: Path) -> None:
    assert prepared(made(program, quad(), 1)).state is State.DONE
    shutil.rmtree(stage._folder)
    result = prepared(made(program, quad(), 2))
    assert result.state is State.DIRECT
    assert result.message.endswith("the temporary folder cannot be used (it is gone).")
    assert prepared(made(program, quad(), 3)).state is State.DONE


@pytest.mark.parametrize("said", ["[]", "{}", '{"ok": 1}', "{", '{"ok": false}'])
def test_an_answer_that_is_none(program: Path, said: str) -> None:
    task = made(program, quad())
    at_work(task, program)
    number, folder = stage._order.number, stage._blender.folder
    (folder / f"{number}.json").write_text(said)
    stage.tick()
    assert stage.result(task.id).state is State.FAILED
    assert "could not be prepared" in stage.result(task.id).message
    stage.cancel(task.id)


@pytest.mark.parametrize("where", ["gone", "a file"])
def test_no_temporary_folder(program: Path, where: str) -> None:
    path = program / "elsewhere"
    if where == "a file":
        path.write_text("")
    tempfile.tempdir = str(path)
    result = prepared(made(program, quad()))
    assert result.state is State.DIRECT
    assert "temporary folder cannot be used" in result.message
    assert not starts(program)
    tempfile.tempdir = str(program / "temp")
    assert prepared(made(program, quad(), 2)).state is State.DONE


@pytest.mark.parametrize("script", ["exit 3\n", "kill -SEGV $$\n"])
def test_where_it_does_not_start_that_is_remembered(program: Path, script: str) -> None:
    blender(program, script)
    result = prepared(made(program, quad(), 1))
    assert result.state is State.DIRECT
    assert "could not start another in the background" in result.message
    assert len(starts(program)) == stage.STARTS
    assert prepared(made(program, quad(), 2)) == result
    stage.warm()
    stage.tick()
    assert len(starts(program)) == stage.STARTS


def test_what_may_not_be_run_is_remembered(program: Path) -> None:
    (program / "blender").chmod(0o600)
    result = prepared(made(program, quad(), 1))
    assert result.state is State.DIRECT
    assert "Permission denied" in result.message
    (program / "blender").chmod(0o700)
    assert prepared(made(program, quad(), 2)) == result


def test_one_that_never_gets_ready(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "SLOW_START", 0.2)
    blender(program, "exec sleep 600\n")
    result = prepared(made(program, quad(), 1))
    assert result.state is State.DIRECT
    assert "not ready after" in result.message


def test_where_there_is_no_program_to_start_it_is_said(program: Path) -> None:
    bpy.app.binary_path = ""
    result = prepared(made(program, quad()))
    assert result.state is State.DIRECT
    assert "no program to start" in result.message
    bpy.app.binary_path = r"C:\Program Files\WindowsApps\Blender_4.5\blender.exe"
    assert "Microsoft Store" in stage.unavailable()
    stage.warm()
    assert not starts(program)


def test_it_ends_for_want_of_work_and_comes_again(program: Path) -> None:
    # The same program, less patient.
    shorter = "import sys; source = open(sys.argv[1]).read().replace('IDLE = 60.0', 'IDLE = 0.2');"
    shorter += "names = {'__name__': '__main__', '__file__': sys.argv[1]};"
    shorter += "exec(compile(source, sys.argv[1], 'exec'), names)"
    blender(program, f'exec "{sys.executable}" -c "{shorter}" "$2" "$4" "$5"\n')
    first = made(program, quad(), 1)
    assert prepared(first).state is State.DONE
    # Nobody ticks while nothing is open: what is to be seen then is seen later.
    pid = starts(program)[0]
    end = time.monotonic() + NOT_YET
    while runs(pid):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert stage.result(first.id).path.exists()
    assert prepared(made(program, quad(), 2)).state is State.DONE
    assert len(starts(program)) == 2
    append(first)


def test_cancelled_at_work_it_is_killed(program: Path) -> None:
    task, other = made(program, quad(), 1), made(program, quad(), 2)
    pid = at_work(task, program)
    stage.cancel(task.id)
    assert stage.result(task.id) is None
    until(lambda: not runs(pid), "its end")
    assert prepared(other).state is State.DONE
    stage.cancel(task.id)
    stage.cancel("never heard of")


def test_of_what_is_killed_at_work_nothing_stays(program: Path) -> None:
    """Hundreds of megabytes, of a large model."""
    task = made(program, quad(), 1)
    pid = at_work(task, program)
    folder, number = stage._blender.folder, stage._order.number
    halves = [folder / f"{number}{end}" for end in (".part", ".part@", "-images.blend")]
    others = folder / f"{number}0.blend"
    for file in (*halves, others):
        file.touch()
    stage.cancel(task.id)
    until(lambda: not any(file.exists() for file in halves), "what it had written to go")
    assert not runs(pid)
    assert others.exists()


def test_cancelled_while_it_waits_its_turn(program: Path) -> None:
    task, other = made(program, quad(), 1), made(program, quad(), 2)
    pid = at_work(task, program)
    stage.prepare(other, bpy.context.scene)
    stage.cancel(other.id)
    os.kill(pid, signal.SIGCONT)
    until(lambda: not stage.pending(task.id), "the first")
    assert stage.result(task.id).state is State.DONE
    assert stage.result(other.id) is None


def test_another_file_drops_all_of_it(program: Path) -> None:
    task, other = made(program, quad(), 1), made(program, quad(), 2)
    path = prepared(task).path
    at_work(other, program)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert stage.result(task.id) is None
    assert stage.result(other.id) is None
    until(lambda: not path.exists(), "the file to be removed")


def test_stopped_at_any_time_nothing_is_left(program: Path) -> None:
    stage.warm()
    stage.stop()
    left(program)
    stage.warm()
    stage.tick()
    stage.stop()
    left(program)
    pid = at_work(made(program, quad()), program)
    stage.stop()
    assert not runs(pid)
    left(program)
    task = made(program, quad())
    assert prepared(task).state is State.DONE
    stage.stop()
    left(program)
    assert stage.result(task.id) is None


def left(program: Path) -> None:
    assert not any((program / "temp").iterdir())
    assert not [pid for pid in starts(program) if runs(pid)]


# --- pictures ---------------------------------------------------------------------------------


def converted(task_id: str, *pairs: tuple[Path, Path]) -> stage.Result:
    stage.convert(task_id, pairs)
    until(lambda: not stage.pending(task_id), "the pictures")
    return stage.result(task_id)


def test_pictures_come_from_the_background_as_they_would_from_here(program: Path) -> None:
    colors = np.random.default_rng(1).integers(0, 255, (900, 700, 4), dtype=np.uint8)
    sources = [
        write_png(program / "colors.png", colors),
        write_png(program / "deep.png", colors.astype(np.uint16) * 257),
    ]
    pairs = [(source, program / "in" / f"{source.stem}.png") for source in sources]
    assert converted("new", *pairs).state is State.DONE
    for source, made_there in pairs:
        here = program / "here.png"
        pictures.to_png(str(source), here)
        assert made_there.read_bytes() == here.read_bytes()
    stage.cancel("new")
    assert all(made_there.exists() for _, made_there in pairs)


@pytest.fixture
def large(program: Path) -> Iterator[str]:
    """A picture in the form that takes long."""
    root = Path(bpy.utils.extension_path_user(session.__package__, create=True))
    session.stop()
    shutil.rmtree(root, ignore_errors=True)
    session.start()
    bpy.context.scene.maquette.service = "sandbox"
    yield str(write_png(program / "large.png", np.full((900, 900, 3), 90, np.uint8)))
    orders.drop()
    session.stop()
    shutil.rmtree(root, ignore_errors=True)
    session.start()


def ordered(path: str) -> str:
    settings = bpy.context.scene.maquette
    settings.prompt = "a red chair"
    return orders.begin_soon(bpy.context, [path])


def sent(task_id: str) -> Task | None:
    session.tick()
    return session.task(task_id)


def test_an_order_goes_out_when_its_picture_is_ready(large: str, program: Path) -> None:
    task_id = ordered(large)
    assert orders.is_waiting(task_id)
    assert stage.converting()
    assert session.task(task_id) is None
    session.file_loaded()  # whoever pressed Generate has ordered
    until(lambda: orders._look() is None, "the picture")
    task = until(lambda: sent(task_id), "the order")
    assert [Path(p).read_bytes()[:4] for p in task.request.pictures] == [b"\x89PNG"]
    assert stage.result(task_id) is None
    assert not session.not_sent


def test_its_file_is_the_one_it_was_saved_as_meanwhile(large: str, program: Path) -> None:
    task_id = ordered(large)
    bpy.context.scene.name = "Renamed"
    bpy.ops.wm.save_as_mainfile(filepath=str(program / "mine.blend"))
    until(lambda: orders._look() is None, "the picture")
    origin = until(lambda: sent(task_id), "the order").origin
    assert (origin.file, origin.scene) == (str(program / "mine.blend"), "Renamed")
    bpy.ops.wm.read_homefile(use_empty=False)


def test_what_cannot_be_sent_is_said_and_leaves_nothing(large: str, program: Path) -> None:
    Path(large).write_bytes(b"\x89PNG, but no picture" * 100)
    task_id = ordered(large)
    until(lambda: orders._look() is None, "that to be seen")
    assert "cannot read “large.png” as a picture" in session.not_sent[task_id]
    assert sent(task_id) is None
    assert not session.folders().inputs(task_id).exists()
    assert stage.result(task_id) is None


def test_over_a_crash_nothing_is_sent(large: str, program: Path) -> None:
    pid = at_work(made(program, quad(), 1), program)
    stage.cancel("task1")  # ends that one
    until(lambda: not runs(pid), "its end")
    stage.warm()
    until(lambda: stage._blender and stage._blender.ready, "the next")
    pid = starts(program)[-1]
    os.kill(pid, signal.SIGSTOP)
    task_id = ordered(large)
    os.kill(pid, signal.SIGKILL)
    until(lambda: orders._look() is None, "that to be seen")
    assert "nothing was sent" in session.not_sent[task_id]
    assert sent(task_id) is None


def test_it_can_be_stopped_before_it_is_sent(large: str) -> None:
    task_id = ordered(large)
    bpy.ops.maquette.stop_preparing()
    assert not orders.is_waiting(task_id)
    assert not stage.converting()
    assert not session.folders().inputs(task_id).exists()
    assert not bpy.app.timers.is_registered(orders._look)
    assert sent(task_id) is None
    # A second click, on a button that was not drawn anew: what was sent meanwhile is not denied.
    assert bpy.ops.maquette.stop_preparing() == {"CANCELLED"}


def test_disabled_meanwhile_it_is_not_sent_and_leaves_nothing(large: str) -> None:
    task_id = ordered(large)
    inputs = session.folders().inputs(task_id)
    inputs.mkdir(parents=True, exist_ok=True)
    registration.unregister()
    try:
        assert not orders.is_waiting(task_id)
        assert not bpy.app.timers.is_registered(orders._look)
        assert not inputs.exists()
    finally:
        registration.register()
    assert sent(task_id) is None


def test_what_is_wrong_with_a_picture_is_said_here(program: Path) -> None:
    (program / "bad.png").write_bytes(b"no picture")
    target = program / "in" / "1.png"
    assert converted("new", (program / "bad.png", target)).state is State.DIRECT
    assert not target.exists()


def test_pictures_come_before_models_and_a_crash_is_no_answer(program: Path) -> None:
    task = made(program, quad())
    source = write_png(program / "a.png", np.zeros((900, 900, 3), np.uint8))
    pid = at_work(made(program, quad(), 1), program)
    stage.prepare(task, bpy.context.scene)
    stage.convert("new", [(source, program / "1.png")])
    assert stage.converting()
    os.kill(pid, signal.SIGCONT)
    until(lambda: not stage.converting(), "the picture")
    assert stage.result("new").state is State.DONE
    assert stage.pending(task.id)
    stage.cancel("new")
    until(lambda: not stage.pending(task.id), "the model after it")
    os.kill(pid, signal.SIGSTOP)
    stage.convert("new", [(source, program / "2.png")])
    os.kill(pid, signal.SIGKILL)
    until(lambda: not stage.converting(), "that to be seen")
    assert stage.result("new").state is State.FAILED


# --- its own life ---------------------------------------------------------------------------


def child(folder: Path) -> list[str]:
    """In folder/its."""
    program = str(Path(background.__file__).with_name("child.py"))
    (folder / "its").mkdir(parents=True)
    return [sys.executable, program, str(folder), "its"]


@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_and_takes_its_folder_along_when_nobody_speaks_to_it(
    tmp_path: Path, busy: bool
) -> None:
    folder = tmp_path / "shared"
    process = subprocess.Popen(child(folder), stdin=subprocess.PIPE, env=in_its_folder(folder))
    waited_for(folder / "its" / "ready.json")
    if busy:
        process.stdin.write(order_of(made(tmp_path, sandbox("a red vase", 300_000))))
        process.stdin.flush()
    process.stdin.close()
    assert process.wait(NOT_YET) == 0
    assert not folder.exists()


def test_it_ends_when_its_blender_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    parent = (
        "import subprocess, sys, time; p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE);"
        " print(p.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", parent, *child(folder)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=in_its_folder(folder)
    )
    pid = int(process.stdout.readline())
    waited_for(folder / "its" / "ready.json")
    assert runs(pid)
    process.kill()
    process.wait()
    process.stdout.close()
    end = time.monotonic() + NOT_YET
    while runs(pid):
        assert time.monotonic() < end, "it lives on"
        time.sleep(0.05)
    assert not folder.exists()


def in_its_folder(folder: Path) -> dict[str, str]:
    """As background.py has it, for what Blender itself leaves when it is killed."""
    return os.environ | {"TMPDIR": str(folder / "its")}


def waited_for(path: Path) -> None:
    end = time.monotonic() + NOT_YET
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def order_of(task: Task) -> bytes:
    order = {"number": 1, "limit": 60.0, "glb": f"{task.folder}/model.glb", "title": "x"}
    order |= {"unit_system": "METRIC", "unit_scale": 1.0, "fps": 24, "fps_base": 1.0}
    order |= {"frame_start": 1, "frame_current": 1}
    return json.dumps(order).encode() + b"\n"


def test_it_is_told_no_secret(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "TRIVERSE_API_KEY": "s-1",
        "HYPER3D_API_KEY": "s-2",
        "RODIN_BASE_URL": "s-3",
        "AWS_SECRET_ACCESS_KEY": "s-4",
        "GITHUB_TOKEN": "s-5",
        "Database_Password": "s-6",
        "https_proxy": "http://me:s-7@proxy",
        "MY_CREDENTIALS": "s-8",
        "MAQUETTE_THING": "s-9",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BLENDER_USER_SCRIPTS", "/of/the/user")
    monkeypatch.setenv("HARMLESS", "kept")
    task = made(program, quad())
    assert prepared(task).state is State.DONE
    told = (program / "env").read_text() + (program / "argv").read_text()
    assert "HARMLESS=kept" in told
    assert "/of/the/user" not in told
    assert f"BLENDER_USER_RESOURCES={program / 'temp'}/" in told
    assert bpy.utils.user_resource("CONFIG") not in told
    for name, value in secrets.items():
        assert name not in told
        assert value not in told
    arguments = (program / "argv").read_text().split()
    options = ["--background", "--factory-startup", "--offline-mode", "-noaudio"]
    assert arguments[1:5] == options
    assert arguments[5:7] == ["--python-exit-code", "1"]


def test_on_a_full_disk_it_is_not_started_again_and_again(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bpy.app.binary_path = str(blender(program, "exit 1\n"))
    monkeypatch.setattr(background.Background, "folder_problem", "it is full")
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        stage.warm()  # as at every tick while a model is near
        stage.tick()
        time.sleep(0.01)
    assert len(starts(program)) == 1


def test_the_present_frame_voids_nothing(program: Path) -> None:
    task = made(program, sandbox("a red vase", 30_000))
    scene = bpy.context.scene
    path = prepared(task).path
    scene.frame_set(scene.frame_current + 1)
    stage.prepare(task, scene)
    assert stage.result(task.id).path == path
    stage.give_up(task.id)
    scene.unit_settings.scale_length = 0.5
    stage.prepare(task, scene)
    assert stage.result(task.id).state is State.DIRECT
    scene.unit_settings.scale_length = 1.0


def test_what_a_killed_blender_left_goes(program: Path) -> None:
    left = Path(tempfile.gettempdir()) / "maquette-left"
    left.mkdir()
    for name in ("in-use", "1.blend"):
        (left / name).touch()
    others, in_use = background.shared_folder()
    stage.warm()
    waited_for_end(left)
    for thread in stage._removing:
        thread.join()  # or it would look at the other folder when nobody has that any more
    assert others.is_dir()
    in_use.close()
    shutil.rmtree(others)


def test_none_of_another_version_is_started(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another Blender has updated the extension: this one's modules are those of before."""
    monkeypatch.setattr(stage, "PROGRAM", program / "child.py")  # removed
    task = made(program, quad())
    result = prepared(task)
    assert result.state is State.DIRECT
    assert "updated or removed by another Blender" in result.message
    assert starts(program) == []
    assert stage.unavailable() == result.message


def test_its_folder_is_for_nobody_else(program: Path) -> None:
    path = prepared(made(program, quad())).path
    for folder in (path.parent, path.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert path.is_relative_to(program / "temp")


# --- what comes in pieces -------------------------------------------------------------------


@pytest.fixture
def textured(program: Path) -> tuple[Task, Path]:
    """A model with two large images, prepared, and its .blend."""
    return in_pieces(program, "large textures", 1)


@pytest.fixture
def mapped(program: Path) -> tuple[Task, Path]:
    """One with a large image, and three large UV maps in two meshes."""
    return in_pieces(program, "large UV maps", 2)


def in_pieces(folder: Path, name: str, number: int) -> tuple[Task, Path]:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    task = made(folder, MODELS[name](), number)
    return task, prepared(task).path


def blocks() -> dict[str, list[str]]:
    return {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in KINDS}


def test_large_images_come_first_and_one_at_a_time(textured: tuple[Task, Path]) -> None:
    task, path = textured
    assert images.beside(path).stat().st_size > 2_000_000 > path.stat().st_size
    bpy.data.images.new("a red chair – Bark base color", 1, 1)  # the name is taken
    assert pieces.bring(path, 0.0)
    assert len(bpy.data.images) == 2
    assert pieces.bring(path, 0.0)
    assert len(bpy.data.images) == 3
    assert not pieces.bring(path, 0.0)
    assert len(bpy.data.images) == 3
    assert not bpy.data.objects
    append(task)
    assert not bpy.data.libraries
    used = {image.name: image.users for image in bpy.data.images if image.packed_file}
    assert used == {
        "a red chair – Bark base color.001": 1,
        "a red chair occlusion roughness metallic": 3,
    }
    assert len(bpy.data.images) == 3
    assert not any(image.keys() for image in bpy.data.images)
    gone(task, path)


def gone(task: Task, path: Path) -> None:
    stage.cancel(task.id)
    for file in pieces.files(path):
        until(lambda file=file: not file.exists(), "the file to be removed")


def test_large_uv_maps_come_last(mapped: tuple[Task, Path]) -> None:
    task, path = mapped
    size = 2 * 3 * 4  # bytes a triangle and map
    triangles = 2 * 300 * 149
    assert uv_maps.beside(path).stat().st_size == 3 * size * triangles
    seen = []
    while pieces.bring(path, 0.0):
        seen.append((len(bpy.data.images), [len(mesh.uv_layers) for mesh in bpy.data.meshes]))
    assert seen == [(1, []), (2, [0, 1, 0])]
    before = blocks()
    assert before.pop("libraries")
    append(task)
    after = blocks()
    assert after.pop("collections") == ["Maquette"]
    assert after.pop("libraries") == []
    assert after.pop("images") == ["a red chair base color"]
    assert after.items() <= before.items()
    assert [mesh.uv_layers.keys() for mesh in bpy.data.meshes] == [
        ["UVMap", "UVMap.001"],
        ["UVMap"],
        ["UVMap"],
    ]
    assert not any(mesh.keys() for mesh in bpy.data.meshes)
    gone(task, path)


def test_which_uv_map_is_active_stays_so(program: Path) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    mesh = bpy.data.meshes.new("sheet")
    count = uv_maps.LARGE // uv_maps.CORNER + 1
    mesh.vertices.add(count)
    mesh.loops.add(count)
    mesh.polygons.add(1)
    mesh.polygons[0].loop_start = 0
    for number in range(3):
        layer = mesh.uv_layers.new(name="Ä" * 20 + str(number))
        layer.uv.foreach_set("vector", np.arange(2 * count, dtype=np.float32) * (1 + number))
    mesh.uv_layers.active_index = 1
    mesh.uv_layers[2].active_render = True

    def state() -> object:
        layers = mesh.uv_layers
        values = np.empty((len(layers), 2 * count), np.float32)
        for layer, row in zip(layers, values, strict=True):
            layer.uv.foreach_get("vector", row)
        shown = [layer.active_render for layer in layers]
        return layers.keys(), layers.active_index, shown, values.tobytes()

    before = state()
    obj = bpy.data.objects.new("sheet", mesh)
    uv_maps.set_apart([obj], program / "1.blend")
    assert not mesh.uv_layers
    uv_maps.give(mesh, program / "1.blend")
    assert state() == before
    assert not mesh.keys()


@pytest.mark.parametrize("come", range(3))
def test_before_a_save_they_go_and_come_again(
    mapped: tuple[Task, Path], program: Path, come: int
) -> None:
    task, path = mapped
    mine = program / "mine" / "deep" / "mine.blend"
    mine.parent.mkdir(parents=True)
    before = blocks()
    for _ in range(come):
        pieces.bring(path, 0.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(mine))
    assert blocks() == before
    assert mine.stat().st_size < 2_000_000
    assert pieces.bring(path, 0.0)
    assert len(append(task)) == 4
    assert not bpy.data.libraries
    assert [len(mesh.uv_layers) for mesh in bpy.data.meshes] == [2, 1, 1]


def test_what_the_importer_shares_is_shared(textured: tuple[Task, Path]) -> None:
    task, _ = textured
    first, second = append(task), append(task)
    assert [group.name for group in bpy.data.node_groups] == ["glTF Material Output"]
    for objects in (first, second):
        materials = {slot.material for obj in objects for slot in obj.material_slots} - {None}
        groups = [n for m in materials for n in m.node_tree.nodes if n.type == "GROUP"]
        assert groups
        for node in groups:
            assert node.node_tree == bpy.data.node_groups[0]
            assert node.inputs["Occlusion"].is_linked


def test_an_image_that_somebody_uses_meanwhile_stays(textured: tuple[Task, Path]) -> None:
    task, path = textured
    assert pieces.bring(path, 0.0)
    (image,) = bpy.data.images
    image.use_fake_user = True
    stage.cancel(task.id)
    assert list(bpy.data.images) == [image]


@pytest.mark.parametrize("what", ["object", "mesh", "material", "image", "image, fake", "group"])
def test_what_somebody_uses_meanwhile_stays(program: Path, what: str) -> None:
    """With all that it uses; the rest goes."""
    task, path = in_pieces(program, "large, with occlusion", 1)
    while pieces.bring(path, 0.0):
        pass
    (obj,), (mesh,), (group,) = bpy.data.objects, bpy.data.meshes, bpy.data.node_groups
    (material,) = bpy.data.materials
    image = next(image for image in bpy.data.images if image.packed_file)
    mine = bpy.data.objects.new("mine", None if what == "object" else bpy.data.meshes.new("mine"))
    bpy.context.scene.collection.objects.link(obj if what == "object" else mine)
    tree = bpy.data.node_groups.new("mine", "ShaderNodeTree")
    if what == "mesh":
        mine.data = mesh
    elif what == "material":
        mine.data.materials.append(material)
    elif what == "image":
        tree.nodes.new("ShaderNodeTexImage").image = image
    elif what == "image, fake":
        image.use_fake_user = True
    elif what == "group":
        tree.nodes.new("ShaderNodeGroup").node_tree = group
    counts = {kind: len(names) for kind, names in blocks().items()}
    stage.cancel(task.id)
    left = {kind: counts[kind] - len(names) for kind, names in blocks().items()}
    assert left.pop("libraries") == 2
    all_of_it = {"objects": 1, "meshes": 1, "materials": 1, "node_groups": 1, "images": 4}
    stays = {
        "object": [*all_of_it],
        "mesh": [*all_of_it][1:],
        "material": [*all_of_it][2:],
        "group": ["node_groups"],
    }.get(what, [])
    expected = {kind: count for kind, count in all_of_it.items() if kind not in stays}
    if what.startswith("image"):
        expected["images"] -= 1
    if "images" not in expected:  # of the images, those that nothing uses: stand-ins are used
        expected["images"] = 2
    assert {kind: number for kind, number in left.items() if number} == expected


def test_two_models_at_once_keep_what_they_share(program: Path) -> None:
    first, one = in_pieces(program, "large, with occlusion", 1)
    second = made(program, MODELS["large, with occlusion"](), 2)
    prepared(second)
    while pieces.bring(one, 0.0):
        pass
    append(second)
    stage.cancel(first.id)
    (material,), (group,) = bpy.data.materials, bpy.data.node_groups
    (node,) = (node for node in material.node_tree.nodes if node.type == "GROUP")
    assert node.node_tree == group
    assert node.inputs["Occlusion"].is_linked


def undo_steps(*, appended: bool, program: Path) -> tuple[Task, Path]:
    """A step that somebody made when all pieces had come is undone to."""
    task, path = in_pieces(program, "large UV maps", 1)
    bpy.ops.ed.undo_push(message="before")
    while pieces.bring(path, 0.0):
        pass
    bpy.ops.ed.undo_push(message="just then")
    if appended:
        append(task)
        bpy.ops.ed.undo_push(message="after")
    else:
        pieces.drop(path)
        bpy.ops.ed.undo()
        bpy.ops.ed.redo()
        return task, path
    bpy.ops.ed.undo()
    return task, path


@pytest.mark.parametrize("appended", [True, False])
def test_what_an_undo_brings_back_goes_into_no_save(program: Path, appended: bool) -> None:
    task, _ = undo_steps(appended=appended, program=program)
    assert len(bpy.data.objects) == 4
    file = program / "mine.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    assert not any((*bpy.data.objects, *bpy.data.meshes, *bpy.data.materials, *bpy.data.images))
    assert not bpy.data.libraries
    assert file.stat().st_size < 2_000_000
    assert len(append(task)) == 4
    assert {obj.name for obj in bpy.data.objects if not obj.parent} == {"a red chair"}


def test_what_a_redo_brings_back_beside_the_model_goes(
    mapped: tuple[Task, Path], program: Path
) -> None:
    task, path = mapped
    bpy.ops.ed.undo_push(message="before")
    while pieces.bring(path, 0.0):
        pass
    bpy.ops.ed.undo_push(message="just then")
    bpy.ops.ed.undo()
    while pieces.bring(path, 0.0):
        pass
    bpy.ops.ed.redo()
    append(task)
    assert len(bpy.data.objects) == 8
    bpy.ops.wm.save_as_mainfile(filepath=str(program / "mine.blend"))
    assert (len(bpy.data.objects), len(bpy.data.meshes), len(bpy.data.images)) == (4, 3, 1)
    assert not bpy.data.libraries


def test_a_whole_model_that_somebody_has_unlinked_stays(
    mapped: tuple[Task, Path], program: Path
) -> None:
    task, _ = mapped
    for obj in append(task):
        bpy.data.collections["Maquette"].objects.unlink(obj)
    bpy.ops.wm.save_as_mainfile(filepath=str(program / "mine.blend"))
    assert len(bpy.data.objects) == 4


def test_imported_again_it_has_the_names_of_the_first(program: Path) -> None:
    task, _ = undo_steps(appended=True, program=program)
    append(task)
    assert not [
        block.name for block in (*bpy.data.meshes, *bpy.data.materials) if "." in block.name
    ]
    assert not bpy.data.libraries


def test_an_image_that_was_taken_away_alone_comes_again(mapped: tuple[Task, Path]) -> None:
    task, path = mapped
    while pieces.bring(path, 0.0):
        pass
    bpy.data.images.remove(next(image for image in bpy.data.images if image.packed_file))
    append(task)
    assert [(image.users, bool(image.packed_file)) for image in bpy.data.images] == [(1, True)]
    assert len(bpy.data.meshes) == 3


@pytest.mark.parametrize("kind", ["objects", "meshes", "images"])
def test_what_was_taken_away_meanwhile_comes_again(mapped: tuple[Task, Path], kind: str) -> None:
    """As an undo does."""
    task, path = mapped
    before = blocks()
    while pieces.bring(path, 1.0):
        pass
    bpy.data.batch_remove([*bpy.data.objects, *getattr(bpy.data, kind)])
    append(task)
    assert all(image.packed_file and image.users == 1 for image in bpy.data.images)
    stage.cancel(task.id)
    bpy.data.batch_remove([*bpy.data.objects, bpy.data.collections["Maquette"]])
    bpy.ops.outliner.orphans_purge(do_recursive=True)
    assert blocks() == before


@pytest.mark.parametrize("said", [5, "{}", '{"at": 0, "names": ["x"], "active": 0, "shown": 0}'])
@pytest.mark.parametrize("rows", [6, 150])
def test_what_a_file_calls_as_we_do_is_nothing_to_us(program: Path, said: Any, rows: int) -> None:
    glb = one(rows=rows)
    names = {"maquette_uv_maps": said, "maquette_image": said}
    glb.json["meshes"][0]["extras"] = glb.json["images"][0]["extras"] = names
    task = made(program, glb)
    assert prepared(task).state is State.DONE
    (obj,) = append(task)
    assert obj.data.uv_layers.keys() == ["UVMap"]


@pytest.mark.parametrize("through", ["stage.cancel", "stage.give_up", "disabling"])
@pytest.mark.parametrize("come", [1, 2])
def test_of_a_model_that_does_not_come_nothing_stays(
    mapped: tuple[Task, Path], through: str, come: int
) -> None:
    task, path = mapped
    before = blocks()
    for _ in range(come):
        assert pieces.bring(path, 0.0)
    assert blocks() != before
    if through == "disabling":
        registration.unregister()
        registration.register()
    else:
        getattr(stage, through.partition(".")[2])(task.id)
    assert blocks() == before


@pytest.mark.parametrize(
    "damage", ["gone", "cut off", "another", "of the model", "of the UV maps", "no objects"]
)
@pytest.mark.parametrize("brought", [0, 1, 2])
def test_damaged_pieces_are_said_and_then_it_comes_directly(
    ready: Task, program: Path, damage: str, brought: int
) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    Path(ready.folder, ready.model).write_bytes(MODELS["large UV maps"]().data())
    path = prepared(ready).path
    before = blocks()
    for _ in range(brought):
        pieces.bring(path, 0.0)
    file = images.beside(path)
    if damage == "gone":
        file.unlink()
    elif damage == "cut off":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "of the model":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "no objects":
        path.write_bytes(file.read_bytes())
    elif damage == "of the UV maps":
        os.truncate(uv_maps.beside(path), 2 * uv_maps.LARGE)
    else:
        file.write_bytes(path.read_bytes())
    told = receive(ready)
    needed = {"of the UV maps": 3, "of the model": 2, "no objects": 2}.get(damage, 1)  # pieces
    if brought >= needed:  # nobody reads what has come
        assert told == ""
    else:
        assert "cannot be read" in told
        assert blocks() == before
        assert receive(ready) == ""
    assert len(models()) == 4
    assert [len(mesh.uv_layers) for mesh in bpy.data.meshes] == [2, 1, 1]
    assert [image.users for image in bpy.data.images] == [1]


# --- the operator ---------------------------------------------------------------------------


@pytest.fixture
def ready(program: Path) -> Iterator[Task]:
    """A task in the list whose model is ready."""
    from bl_ext.user_default.maquette.core.engine import TaskChanged

    root = Path(bpy.utils.extension_path_user(session.__package__, create=True))
    session.stop()
    shutil.rmtree(root, ignore_errors=True)
    session.start()
    task = made(program, quad())
    session._take(TaskChanged(task, None))
    yield task
    session.stop()
    shutil.rmtree(root, ignore_errors=True)
    session.start()


def receive(task: Task) -> str:
    """What it reports, if it refuses."""
    try:
        assert bpy.ops.maquette.receive(task_id=task.id, select=True) == {"FINISHED"}
    except RuntimeError as error:
        return str(error)
    return ""


def models() -> list[str]:
    return [obj.name for obj in bpy.data.objects if place.MARK in obj]


def test_import_takes_what_is_prepared(ready: Task, program: Path) -> None:
    path = prepared(ready).path
    # Not from the library: what is prepared is the model.
    Path(ready.folder, ready.model).unlink()
    assert receive(ready) == ""
    assert models() == ["a red chair"]
    assert not bpy.data.libraries
    assert stage.result(ready.id) is None
    until(lambda: not path.exists(), "the file to be removed")


def test_after_a_crash_import_says_so_once_and_then_does_it_here(
    ready: Task, program: Path
) -> None:
    pid = at_work(ready, program)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not stage.pending(ready.id), "the crash to be seen")
    said = receive(ready)
    assert "crashed" in said
    assert "Import brings it in directly" in said
    assert not models()
    assert receive(ready) == ""
    assert models() == ["a red chair"]


def test_a_damaged_blend_is_said_and_then_it_comes_directly(ready: Task, program: Path) -> None:
    path = prepared(ready).path
    path.write_bytes(path.read_bytes()[:100])
    blocks = {kind: len(getattr(bpy.data, kind)) for kind in KINDS}
    assert "cannot be read" in receive(ready)
    assert {kind: len(getattr(bpy.data, kind)) for kind in KINDS} == blocks
    assert not path.exists() or waited_for_end(path)
    assert prepared(ready).state is State.DIRECT
    assert receive(ready) == ""
    assert models() == ["a red chair"]


def waited_for_end(path: Path) -> bool:
    end = time.monotonic() + NOT_YET
    while path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    return True


def test_why_it_came_directly_stands_in_its_row(ready: Task, program: Path) -> None:
    bpy.app.binary_path = ""
    prepared(ready)
    assert receive(ready) == ""
    assert models() == ["a red chair"]
    assert "no program to start" in arrivals.notes[ready.id]


def test_asked_for_while_it_is_on_its_way_by_itself_it_comes_once(ready: Task) -> None:
    arrivals.expect(ready.id, None)
    assert receive(ready) == ""
    arrivals.tick(session._tasks, math.inf)
    assert models() == ["a red chair"]


def test_clicked_it_comes_later_to_the_place_of_the_click(ready: Task) -> None:
    scene = bpy.context.scene
    scene.cursor.location = 9, 9, 9
    session.later(ready.id, (scene.session_uid, (1.0, 2.0, 3.0)))
    assert arrivals.is_coming(ready.id)
    arrivals.tick(session._tasks, math.inf)
    (name,) = models()
    assert bpy.data.objects[name].location[:] == (1, 2, 3)
    assert bpy.data.objects[name].select_get()
    assert not arrivals.is_coming(ready.id)
    # Also once it has been imported; not into a scene that is gone, which is said.
    other = bpy.data.scenes.new("other")
    session.later(ready.id, (other.session_uid, (0.0, 0.0, 0.0)))
    bpy.data.scenes.remove(other)
    arrivals.tick(session._tasks, math.inf)
    assert len(models()) == 1
    assert not arrivals.is_coming(ready.id)
    assert arrivals.notes[ready.id] == "The scene it was to come to is gone."


def test_what_is_ready_does_not_wait_for_what_is_not(ready: Task, program: Path) -> None:
    from bl_ext.user_default.maquette.core.engine import TaskChanged

    slow = made(program, quad(), 1)
    session._take(TaskChanged(slow, None))
    spot = (bpy.context.scene.session_uid, (0.0, 0.0, 0.0))
    at_work(slow, program)
    assert stage.pending(slow.id)
    for task in (slow, ready):
        session.later(task.id, spot)
    arrivals.tick(session._tasks, math.inf)
    assert [obj[place.MARK] for obj in bpy.data.objects if place.MARK in obj] == [ready.id]
    assert arrivals.is_coming(slow.id)


def test_what_is_put_off_is_not_looked_for_when_it_is_gone(
    ready: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bl_ext.user_default.maquette.core.engine import TaskRemoved

    monkeypatch.setattr(arrivals, "_is_late", lambda due, since: True)
    arrivals.expect(ready.id, None)
    arrivals.tick(session._tasks, math.inf)
    since = arrivals._put_off
    assert since
    arrivals.tick(session._tasks, math.inf)
    assert arrivals._put_off == since
    assert not models()
    session._take(TaskRemoved(ready.id))
    arrivals.tick(session._tasks, math.inf)
    assert not arrivals.put_off()


def test_taken_off_the_list_nothing_is_kept_of_it(ready: Task, program: Path) -> None:
    from bl_ext.user_default.maquette.core.engine import TaskRemoved

    path = prepared(ready).path
    session._take(TaskRemoved(ready.id))
    assert stage.result(ready.id) is None
    until(lambda: not path.exists(), "the file to be removed")
