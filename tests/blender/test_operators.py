"""What a click does: generate, receive, the list's buttons, asking about money, registration."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import bpy
import numpy as np
import pytest
from bl_ext.user_default.maquette import arrivals, operators, properties, registration, session
from bl_ext.user_default.maquette.core import sandbox
from bl_ext.user_default.maquette.core.engine import TaskChanged
from bl_ext.user_default.maquette.core.errors import BadRequest
from bl_ext.user_default.maquette.core.events import Relocated
from bl_ext.user_default.maquette.core.ledger import Ledger
from bl_ext.user_default.maquette.core.model import (
    Accepted,
    GenerationRequest,
    Origin,
    Retry,
    Task,
    TaskState,
    new_task_id,
)
from bl_ext.user_default.maquette.importing import origins
from bl_ext.user_default.maquette.operators import generate, orders, receive, tasks

from tests.blender.picture_files import write_png
from tests.core.glb_files import quad

PACKAGE = operators.__package__.rpartition(".")[0]
NEVER = 600.0  # seconds; longer than any test


@pytest.fixture(autouse=True)
def root() -> Iterator[Path]:
    """A user who never used Maquette before; the folder where it keeps its things."""
    folder = Path(bpy.utils.extension_path_user(PACKAGE, create=True))

    def forget() -> None:
        session.stop()
        shutil.rmtree(folder, ignore_errors=True)

    forget()
    folder.mkdir(parents=True)
    session.start()
    yield folder
    forget()
    bpy.context.preferences.system.use_online_access = False
    session.start()


@pytest.fixture
def settings() -> properties.MaquetteSettings:
    """Filled in for a small model from the Sandbox."""
    settings = properties.get(bpy.context)
    settings.prompt = "a red chair"
    settings.options.polygons = 500
    return settings


@pytest.fixture
def online() -> None:
    bpy.context.preferences.system.use_online_access = True


def practice(seconds: float) -> sandbox.Sandbox:
    """The Sandbox that the provider will use: how long its jobs take."""
    service = sandbox.local(session.folders().service("sandbox"))
    service.seconds = seconds
    return service


def wait(until: Callable[[], Any]) -> Any:
    """Tick, as the timer does in a window, until there is something to return."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        session.tick()
        if found := until():
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited in vain; tasks: {session.tasks()}")


def in_state(task_id: str, *states: TaskState) -> Callable[[], Task | None]:
    def look() -> Task | None:
        task = session.task(task_id)
        return task if task and task.state in states else None

    return look


def refused(operator: Callable[..., set[str]], **arguments: Any) -> str:
    """What the user reads when the operator will not."""
    with pytest.raises(RuntimeError) as caught:
        operator(**arguments)
    return str(caught.value).strip()


def stored(root: Path, **fields: Any) -> Task:
    """A task in the ledger as an earlier session left it, and its model in the library."""
    task_id = new_task_id()
    folder = root / "library" / task_id
    folder.mkdir(parents=True)
    (folder / "model.glb").write_bytes(quad().data())
    known: dict[str, Any] = {
        "id": task_id,
        "request": GenerationRequest("sandbox", "a red chair"),
        "state": TaskState.READY,
        "created": time.time(),
        "updated": time.time(),
        "accepted": Accepted(job_id="job-1"),
        "folder": str(folder),
        "model": "model.glb",
    }
    task = Task(**{**known, **fields})
    ledger = Ledger(session.folders().ledger)
    ledger.add(task)
    ledger.release()
    ledger.close()
    session.engine()
    return wait(lambda: session.task(task_id))


def here(location: tuple[float, float, float] = (1.0, 2.0, 3.0), wanted: bool = True) -> Origin:
    return replace(origins.origin(bpy.context, wanted), location=location)


def objects_of(task: Task) -> list[bpy.types.Object]:
    return [obj for obj in bpy.data.objects if obj.get("maquette_task") == task.id]


def lowest(objects: list[bpy.types.Object]) -> np.ndarray:
    depsgraph = bpy.context.evaluated_depsgraph_get()
    shown = [obj.evaluated_get(depsgraph) for obj in objects if obj.type == "MESH"]
    points = np.array([obj.matrix_world @ v.co for obj in shown for v in obj.data.vertices])
    low, high = points.min(axis=0), points.max(axis=0)
    return np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])


def users_cube() -> bpy.types.Object:
    bpy.ops.ed.undo_push(message="Original")
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="Add Cube")
    return bpy.context.active_object


# --- generate -------------------------------------------------------------------------------


def test_from_the_click_to_the_object(
    settings: properties.MaquetteSettings, root: Path, tmp_path: Path
) -> None:
    practice(seconds=0)
    mine = users_cube()
    write_png(tmp_path / "a.png", np.full((8, 8, 4), 200, dtype=np.uint8))
    settings.pictures.add().filepath = str(tmp_path / "a.png")
    bpy.context.scene.cursor.location = (5, 6, 7)
    assert bpy.ops.maquette.generate() == {"FINISHED"}
    bpy.context.scene.cursor.location = (0, 0, 0)  # moved on meanwhile
    wait(lambda: session.tasks() and session.tasks()[0].state is TaskState.IMPORTED)
    (task,) = session.tasks()
    assert task.request.prompt == "a red chair"
    (picture,) = map(Path, task.request.pictures)
    assert picture == root / "inputs" / task.id / "1.png"
    assert np.allclose(lowest(objects_of(task)), (5, 6, 7), atol=1e-4)
    assert bpy.context.active_object == mine
    assert list(bpy.context.selected_objects) == [mine]
    assert task.id not in arrivals.notes


def why_grey() -> str:
    said = refused(bpy.ops.maquette.generate)
    return said.removeprefix("Operator bpy.ops.maquette.generate.poll() ")


def nothing_happened(root: Path) -> bool:
    inputs = root / "inputs"
    left = list(inputs.iterdir()) if inputs.is_dir() else []
    return not left and not session.tasks() and not (root / "tasks.sqlite3").exists()


def test_an_empty_form(settings: properties.MaquetteSettings, root: Path) -> None:
    settings.prompt = "  "
    assert why_grey().startswith("Type a prompt") or "prompt" in why_grey()
    assert nothing_happened(root)


def test_offline(
    settings: properties.MaquetteSettings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RODIN_API_KEY", "k")
    settings.service = "rodin"
    assert "Allow Online Access in Preferences > System" in why_grey()
    assert nothing_happened(root)


def test_no_key(settings: properties.MaquetteSettings, root: Path, online: None) -> None:
    settings.service = "rodin"
    assert "needs a key. Enter yours in the add-on's preferences" in why_grey()
    assert nothing_happened(root)


def test_too_many_pictures(
    settings: properties.MaquetteSettings,
    root: Path,
    online: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RODIN_API_KEY", "k")
    settings.service = "rodin"
    for number in range(6):
        settings.pictures.add().filepath = f"{number}.png"
    assert "5 pictures at most, not 6" in why_grey()
    assert nothing_happened(root)


def test_a_damaged_list_of_tasks(settings: properties.MaquetteSettings, root: Path) -> None:
    (root / "tasks.sqlite3").write_bytes(b"no database" * 1000)
    session.engine()
    wait(session.trouble)
    assert "The list of tasks was damaged" in session.trouble().message
    assert bpy.ops.maquette.generate.poll(), "it is restored, and told"


def test_a_list_of_a_newer_version(settings: properties.MaquetteSettings, root: Path) -> None:
    with closing(sqlite3.connect(root / "tasks.sqlite3")) as db:
        db.execute("PRAGMA user_version = 99")
    session.engine()
    wait(session.trouble)
    assert "written by a newer Maquette" in why_grey()


def test_a_service_that_is_no_longer_there(settings: properties.MaquetteSettings) -> None:
    settings["service"] = 4711
    assert "no service called" in why_grey()
    settings.service = "sandbox"


def test_a_vanished_picture(
    settings: properties.MaquetteSettings, root: Path, tmp_path: Path
) -> None:
    settings.pictures.add().filepath = str(tmp_path / "gone.png")
    assert bpy.ops.maquette.generate.poll(), "the button looks at no files"
    assert "“gone.png” is not there any more" in refused(bpy.ops.maquette.generate)
    assert nothing_happened(root)


def test_a_picture_that_is_none(
    settings: properties.MaquetteSettings, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_text("not a picture")
    settings.pictures.add().filepath = str(tmp_path / "a.png")
    images = list(bpy.data.images)
    assert "cannot read “a.png” as a picture" in refused(bpy.ops.maquette.generate)
    assert nothing_happened(root)
    assert list(bpy.data.images) == images


def test_a_disk_that_takes_no_pictures(
    settings: properties.MaquetteSettings, root: Path, tmp_path: Path
) -> None:
    write_png(tmp_path / "a.png", np.zeros((8, 8, 4), dtype=np.uint8))
    settings.pictures.add().filepath = str(tmp_path / "a.png")
    (root / "inputs").write_text("a file where a folder should be")
    assert "could not be written" in refused(bpy.ops.maquette.generate)
    assert not session.tasks()


def submitting(**fields: Any) -> Task:
    return Task(id="1", request=GenerationRequest("rodin", "a red chair"), **fields)


@pytest.mark.parametrize(
    ("task", "outcome"),
    [
        (submitting(), None),
        (submitting(note="Sending picture 1 of 2"), None),
        (
            submitting(state=TaskState.WAITING, accepted=Accepted("7")),
            ("INFO", "Hyper3D Rodin took the job"),
        ),
        (
            submitting(state=TaskState.WAITING, note="Busy. It is sent again in 20 s."),
            ("WARNING", "Busy. It is sent again in 20 s."),
        ),
        (
            submitting(state=TaskState.FAILED, message="No credits left.", advice="Buy some."),
            ("ERROR", "No credits left. Buy some."),
        ),
        (
            submitting(state=TaskState.UNCONFIRMED, message="It is not known.", advice="Look."),
            ("WARNING", "It is not known. Look."),
        ),
        (
            submitting(state=TaskState.STOPPED, message="Not watched any more."),
            ("INFO", "Not watched any more."),
        ),
        (
            submitting(state=TaskState.IMPORTED, accepted=Accepted("7")),
            ("INFO", "Hyper3D Rodin took the job"),
        ),
    ],
)
def test_what_is_reported_where_the_user_clicked(
    task: Task, outcome: tuple[str, str] | None
) -> None:
    assert generate._outcome(task) == outcome


# --- receive --------------------------------------------------------------------------------


def test_import_puts_it_at_the_cursor_and_selects_it(root: Path) -> None:
    users_cube()
    task = stored(root, origin=here(wanted=False))
    arrivals.notes[task.id] = "it failed before"
    bpy.context.scene.cursor.location = (-1, 4, 2)
    assert bpy.ops.maquette.receive(task_id=task.id, select=True) == {"FINISHED"}
    (obj,) = objects_of(task)
    assert obj.name == "a red chair"
    assert np.allclose(lowest([obj]), (-1, 4, 2), atol=1e-4)
    assert list(bpy.context.selected_objects) == [obj]
    assert bpy.context.active_object == obj
    assert task.id not in arrivals.notes
    wait(in_state(task.id, TaskState.IMPORTED))
    # And a second one, as often as wanted.
    bpy.ops.maquette.receive(task_id=task.id, select=True)
    assert len(objects_of(task)) == 2


def test_it_is_one_step_to_undo(root: Path) -> None:
    users_cube()
    task = stored(root, origin=here(wanted=False))
    before = sorted(bpy.data.objects.keys())
    bpy.ops.maquette.receive(task_id=task.id, select=True)
    with_model = sorted(bpy.data.objects.keys())
    x = bpy.context.active_object.location.x
    assert len(with_model) == len(before) + 1
    bpy.context.active_object.location.x += 1
    bpy.ops.ed.undo_push(message="Move")

    bpy.ops.ed.undo()
    assert sorted(bpy.data.objects.keys()) == with_model, "the move only"
    assert objects_of(task)[0].location.x == pytest.approx(x)
    bpy.ops.ed.undo()
    assert sorted(bpy.data.objects.keys()) == before, "the model, all of it, and nothing else"
    assert "Maquette" not in bpy.data.collections
    assert [scene.name for scene in bpy.data.scenes] == ["Scene"]
    assert not [mesh for mesh in bpy.data.meshes if mesh.name != "Cube"]
    assert bpy.context.active_object.name == "Cube"
    bpy.ops.ed.redo()
    assert sorted(bpy.data.objects.keys()) == with_model
    assert collections_of(task) == ["Maquette"]


def collections_of(task: Task) -> list[str]:
    return [c.name for obj in objects_of(task) for c in obj.users_collection]


def test_what_is_wanted_here_comes_by_itself(root: Path) -> None:
    mine = users_cube()
    task = stored(root, origin=here((1, 2, 3)))
    wait(in_state(task.id, TaskState.IMPORTED))
    assert np.allclose(lowest(objects_of(task)), (1, 2, 3), atol=1e-4)
    assert list(bpy.context.selected_objects) == [mine]


def test_it_comes_once_even_if_that_cannot_be_noted_down(root: Path) -> None:
    """A full disk: the ledger says "ready" again and again, and so it is after a restart."""
    task = stored(root, origin=here())
    wait(lambda: objects_of(task))
    for _ in range(3):
        session._inbox.put(TaskChanged(replace(task, note="The disk is full.")))
        session.tick()
        session.tick()
    assert len(objects_of(task)) == 1
    session.file_loaded()  # the same file, with the model in it
    session._tasks.clear()
    session._inbox.put(TaskChanged(replace(task, origin=here())))
    session.tick()
    session.tick()
    assert len(objects_of(task)) == 1


def test_where_its_file_lies_is_known_after_that_was_opened_anew(
    root: Path, tmp_path: Path
) -> None:
    """A slow disk: the file is saved and opened before the ledger has noted down where it is."""
    before, path = here(), str(tmp_path / "mine.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert origins.sitting != before.sitting
    task = stored(root, origin=before)
    session.tick()
    assert not objects_of(task)
    moved = replace(task, origin=replace(before, file=path))
    session._inbox.put(TaskChanged(moved, Relocated(file=path, scene=before.scene)))
    session.tick()
    session.tick()
    assert len(objects_of(task)) == 1


def test_a_second_click_at_once_orders_nothing(
    settings: properties.MaquetteSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "_clicked", time.monotonic())

    class Clicked:
        reports: ClassVar[list[str]] = []

        def report(self, kind: set[str], text: str) -> None:
            self.reports.append(text)

        def execute(self, context: bpy.types.Context) -> set[str]:
            raise AssertionError("ordered")

    outcome = generate.MAQUETTE_OT_generate.invoke(Clicked(), bpy.context, None)
    assert outcome == {"CANCELLED"}
    assert "already" in Clicked.reports[0]


def test_it_comes_into_its_own_scene(root: Path) -> None:
    first = bpy.context.scene
    second = bpy.data.scenes.new("Second")
    origin = here()
    origin = replace(origin, scene=second.name, scene_uid=second.session_uid)
    task = stored(root, origin=origin)
    wait(in_state(task.id, TaskState.IMPORTED))
    assert bpy.context.scene == first
    assert [obj.name for obj in second.objects] == ["a red chair"]
    assert not first.objects


def test_into_another_file_nothing_comes(root: Path) -> None:
    task = stored(root, origin=here())
    del task
    session.stop()
    session.start()
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    task = stored(root, origin=Origin(sitting="another", file="/other.blend", wanted=True))
    for _ in range(5):
        session.tick()
    assert not bpy.data.objects
    said = refused_quietly(task)
    assert "scene it was made for is not open" in said
    assert not bpy.data.objects
    assert session.task(task.id).state is TaskState.READY


def refused_quietly(task: Task) -> str:
    """Without a click there is no popup, but a line in the list."""
    assert bpy.ops.maquette.receive(task_id=task.id) == {"CANCELLED"}
    return arrivals.notes[task.id]


def test_it_comes_when_its_file_is_open_again(root: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "a.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    origin = here()
    assert origin.file == file
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    task = stored(root, origin=origin)
    session.tick()
    assert not bpy.data.objects
    bpy.ops.wm.open_mainfile(filepath=file)
    wait(in_state(task.id, TaskState.IMPORTED))
    assert len(objects_of(task)) == 1


def test_in_edit_mode_it_waits(root: Path) -> None:
    users_cube()
    bpy.ops.object.mode_set(mode="EDIT")
    task = stored(root, origin=here())
    for _ in range(5):
        session.tick()
    assert bpy.context.mode == "EDIT_MESH"
    assert not objects_of(task)
    said = refused(bpy.ops.maquette.receive, task_id=task.id, select=True)
    assert said.endswith("Leave Edit Mode first.")
    assert bpy.context.mode == "EDIT_MESH"
    bpy.ops.object.mode_set(mode="OBJECT")
    wait(in_state(task.id, TaskState.IMPORTED))
    assert len(objects_of(task)) == 1


def test_a_model_that_cannot_be_imported(root: Path) -> None:
    users_cube()
    task = stored(root, origin=here(wanted=False))
    model = Path(task.folder) / "model.glb"
    model.write_bytes(b"damaged")
    kinds = {kind: len(getattr(bpy.data, kind)) for kind in ("objects", "meshes", "collections")}
    said = refused(bpy.ops.maquette.receive, task_id=task.id, select=True)
    assert "could not import the model" in said
    assert str(model) in said
    assert said in (f"Error: {refused_quietly(task)}", refused_quietly(task))
    assert {kind: len(getattr(bpy.data, kind)) for kind in kinds} == kinds
    assert session.task(task.id).state is TaskState.READY
    # No undo step either: the next one back is the user's.
    bpy.ops.ed.undo()
    assert not bpy.data.objects


def test_a_moved_library(root: Path) -> None:
    task = stored(root, origin=here(wanted=False))
    shutil.rmtree(task.folder)
    said = refused(bpy.ops.maquette.receive, task_id=task.id, select=True)
    assert f"The model's folder is gone: {task.folder}" in said
    assert f"The model's folder is gone: {task.folder}" in refused(
        bpy.ops.maquette.open_folder, task_id=task.id
    )


def test_what_is_not_ready_is_not_imported(root: Path) -> None:
    task = stored(root, state=TaskState.FAILED, folder="", model="")
    assert "not ready yet" in refused(bpy.ops.maquette.receive, task_id=task.id, select=True)
    assert "no model yet" in refused(bpy.ops.maquette.open_folder, task_id=task.id)


# --- the list -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["receive", "cancel", "retry", "remove", "copy_error", "open_folder"]
)
def test_a_task_that_is_gone(name: str) -> None:
    arguments = {"select": True} if name == "receive" else {}
    said = refused(getattr(bpy.ops.maquette, name), task_id="gone", **arguments)
    assert "no longer in the list" in said


def test_cancel_and_go_on(settings: properties.MaquetteSettings, root: Path) -> None:
    service = practice(seconds=NEVER)
    bpy.ops.maquette.generate()
    task = wait(lambda: session.tasks() and session.tasks()[0].accepted and session.tasks()[0])
    assert "still under way: cancel it first" in refused(bpy.ops.maquette.remove, task_id=task.id)
    assert bpy.ops.maquette.cancel(task_id=task.id) == {"FINISHED"}
    task = wait(in_state(task.id, TaskState.STOPPED))
    assert "ended already" in refused(bpy.ops.maquette.cancel, task_id=task.id)
    now = service.clock()
    service.clock = lambda: now + NEVER  # it has gone on meanwhile
    service.jobs.clock = service.clock
    assert bpy.ops.maquette.retry(task_id=task.id) == {"FINISHED"}
    again = wait(in_state(task.id, TaskState.IMPORTED))
    assert again.accepted.job_id == task.accepted.job_id
    assert "nothing to take up again" in refused(bpy.ops.maquette.retry, task_id=task.id)


def test_remove_keeps_the_model(root: Path) -> None:
    task = stored(root, origin=here(wanted=False))
    assert bpy.ops.maquette.remove(task_id=task.id) == {"FINISHED"}
    wait(lambda: not session.tasks())
    assert (Path(task.folder) / "model.glb").is_file()
    with closing(sqlite3.connect(root / "tasks.sqlite3")) as db:
        assert db.execute("SELECT count(*) FROM tasks").fetchone() == (0,)


TAKEN = Accepted(job_id="job-1")


@pytest.mark.parametrize(
    ("fields", "means", "told", "asked"),
    [
        ({"state": TaskState.READY}, Retry.NONE, "up again", "not imported yet"),
        ({"state": TaskState.IMPORTED}, Retry.NONE, "up again", ""),
        ({"state": TaskState.FAILED, "accepted": None}, Retry.SUBMIT, "Order it", ""),
        ({"state": TaskState.STOPPED}, Retry.RESUME, "same job", "has taken it"),
        ({"state": TaskState.FAILED}, Retry.RESUME, "same job", "has taken it"),
        ({"state": TaskState.FAILED, "final": True}, Retry.PAY_AGAIN, "charged like", ""),
        (
            {"state": TaskState.UNCONFIRMED, "accepted": None},
            Retry.PAY_AGAIN,
            "charged like",
            "may have taken it",
        ),
    ],
)
def test_words_about_money(
    root: Path, fields: dict[str, Any], means: Retry, told: str, asked: str
) -> None:
    task = stored(root, **fields)
    assert tasks._means(task) is means

    class Button:
        task_id = task.id
        look = False

    assert told in tasks.MAQUETTE_OT_retry.description(bpy.context, Button)
    assert asked in " ".join(tasks._paid_and_not_had(task))
    assert bool(asked) == bool(tasks._paid_and_not_had(task))


def test_retry_sends_nothing_offline(root: Path) -> None:
    request = GenerationRequest("rodin", "a red chair")
    task = stored(root, request=request, state=TaskState.FAILED, accepted=None)
    assert "work offline" in refused(bpy.ops.maquette.retry, task_id=task.id)
    assert session.task(task.id).state is TaskState.FAILED


def test_a_copied_error_tells_neither_prompt_nor_ticket(root: Path) -> None:
    task = stored(
        root,
        state=TaskState.FAILED,
        message="The service could not make it.",
        advice="Try another prompt.",
        details="POST /rodin: HTTP 500; 'A red  chair' is odd",
        code="INTERNAL",
        accepted=Accepted(job_id="job-1", ticket={"subscription_key": "secret"}),
    )
    assert bpy.ops.maquette.copy_error(task_id=task.id) == {"FINISHED"}
    text = tasks.report_text(task)
    for part in ("The service could not make it.", "HTTP 500", "INTERNAL", "job-1", "sandbox"):
        assert part in text
    assert bpy.app.version_string in text
    assert "secret" not in text
    assert "chair" not in text


# --- money ----------------------------------------------------------------------------------


def test_the_balance_is_asked_for(settings: properties.MaquetteSettings) -> None:
    assert bpy.ops.maquette.balance(provider="sandbox") == {"FINISHED"}
    known = wait(lambda: session.balance("sandbox"))
    assert known.balance.credits > 0


def test_the_price_is_asked_for(settings: properties.MaquetteSettings) -> None:
    assert bpy.ops.maquette.quote() == {"FINISHED"}
    known = wait(session.price)
    assert known.request.prompt == "a red chair"
    settings.prompt = "x" * 3000
    assert "prompt" in refused(bpy.ops.maquette.quote)


def test_the_price_is_known_before_a_prompt_is(settings: properties.MaquetteSettings) -> None:
    settings.prompt = ""
    assert bpy.ops.maquette.quote() == {"FINISHED"}
    assert wait(session.price).price.credits == 0


def test_offline_nothing_is_asked(settings: properties.MaquetteSettings, root: Path) -> None:
    settings.service = "rodin"
    assert "work offline" in refused(bpy.ops.maquette.balance, provider="rodin")
    assert "work offline" in refused(bpy.ops.maquette.quote)
    settings.service = "sandbox"
    # A script may name another service than the form does.
    assert "work offline" in refused(bpy.ops.maquette.balance, provider="rodin")
    assert "no service called" in refused(bpy.ops.maquette.balance, provider="other")
    assert nothing_happened(root)


# --- all of them ----------------------------------------------------------------------------

OPERATORS = [made for made in registration.CLASSES if issubclass(made, bpy.types.Operator)]


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
def test_every_operator_says_what_it_does_and_is_not_repeated(operator: type) -> None:
    group, _, name = operator.bl_idname.partition(".")
    told = getattr(getattr(bpy.ops, group), name).get_rna_type().description
    assert told
    assert not told.endswith("."), "Blender adds it"
    assert "REGISTER" not in operator.bl_options
    # What is done again by Shift+R is whatever has one of the two.
    if "UNDO" in operator.bl_options:
        assert operator.bl_idname.startswith(("maquette.picture_", "maquette.select"))


def test_receive_leaves_the_undo_step_to_itself() -> None:
    assert "UNDO" not in receive.MAQUETTE_OT_receive.bl_options


# --- registration ---------------------------------------------------------------------------


def traces() -> list[str]:
    handlers = [
        function.__module__
        for name in ("load_post", "save_post")
        for function in getattr(bpy.app.handlers, name)
        if function.__module__.startswith(PACKAGE)
    ]
    types = [name for name in dir(bpy.types) if "maquette" in name.lower()]
    ours = [name for name in ("maquette",) if hasattr(bpy.types.Scene, name)]
    return [*handlers, *types, *dir(bpy.ops.maquette), *ours]


@pytest.mark.parametrize("at", [0, 5, len(registration.CLASSES)])
def test_when_enabling_fails_half_way_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    bpy.ops.preferences.addon_disable(module=PACKAGE)
    assert traces() == []
    classes = registration.CLASSES
    try:
        with monkeypatch.context() as patch:
            # Blender refuses to register what is none of its types.
            patch.setattr(registration, "CLASSES", (*classes[:at], object, *classes[at:]))
            with pytest.raises((TypeError, ValueError, RuntimeError)):
                registration.register()
            assert traces() == []
    finally:
        bpy.ops.preferences.addon_enable(module=PACKAGE)
    assert "maquette" in dir(bpy.types.Scene)
    assert traces() != []


def test_disabling_twice_is_harmless() -> None:
    bpy.ops.preferences.addon_disable(module=PACKAGE)
    registration.unregister()
    assert traces() == []
    bpy.ops.preferences.addon_enable(module=PACKAGE)
    assert os.path.isdir(bpy.utils.extension_path_user(PACKAGE, create=True))


@pytest.mark.parametrize("written", ["//models", "models", "~/models", "  /tmp/models ", "a/../b"])
def test_a_library_folder_is_one_place_whatever_is_open(written: str) -> None:
    assert os.path.isabs(session.absolute(written))
    assert session.absolute(session.absolute(written)) == session.absolute(written)


def test_nothing_is_ordered_for_a_scene_that_takes_nothing(tmp_path: Path) -> None:
    """Linked from another file: said before it is charged."""
    path = str(tmp_path / "other.blend")
    other = bpy.data.scenes.new("Linked")
    bpy.data.libraries.write(path, {other})
    bpy.data.scenes.remove(other)
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.scenes = ["Linked"]
    (linked,) = (scene for scene in bpy.data.scenes if scene.library)
    with bpy.context.temp_override(scene=linked):
        assert "linked from another file" in generate.why_not(bpy.context)
        with pytest.raises(BadRequest, match="linked from another file"):
            orders.begin(bpy.context, [])
    bpy.data.scenes.remove(linked)


def test_another_copy_takes_nothing_away() -> None:
    with pytest.raises(RuntimeError, match="Another copy"):
        registration.register()
    assert hasattr(bpy.types, "MAQUETTE_OT_generate")
