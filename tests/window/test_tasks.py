"""The list of tasks: several at once, cancelled, refused, offline, and what a row's buttons do."""

import json

from tests.window import seen
from tests.window.scenario import scenario

PROMPTS = ("a red apple", "a green pear", "a blue plum")


def three_jobs(sandbox):
    """Each prompt was ordered and charged once, and came back as the model of its task. Its clock
    stands where the scenario puts it, so that all jobs are in the same state for as long as that
    looks at them."""
    folder = sandbox.folder.parent
    begun = sandbox.clock()
    sandbox.seconds = 100

    def clock():
        hand = folder / "clock.txt"
        return begun + (float(hand.read_text() or 0) if hand.exists() else 0)

    sandbox.clock = clock
    yield
    jobs = [sandbox.jobs.get(charge[1], "triverse") for charge in sandbox.charges]
    ordered = {job.id: job.order.prompt for job in jobs}
    assert sorted(ordered.values()) == sorted(PROMPTS)
    assert (folder / "models.json").exists()
    assert ordered == json.loads((folder / "models.json").read_text())


@scenario(only=-1, online=True, service=three_jobs, size=(1300, 1150))
def test_three_at_once(artist):
    """Three rows, newest on top; while their states change no button moves."""
    import bpy

    def tasks():
        return artist.session.tasks()

    def states():
        return [task.state.name for task in tasks()]

    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "triverse")
    for number, prompt in enumerate(PROMPTS, 1):
        yield from artist.fill("maquette.prompt", prompt)
        yield from artist.click("maquette.generate")
        yield 1.0  # so long a second click counts as one of a double click
        yield from artist.until(lambda n=number: len(tasks()) == n, 10, f"row {number}")
    assert [task.request.prompt for task in tasks()] == list(reversed(PROMPTS))
    yield from artist.until(lambda: tasks()[0].queue_position, 20, "all to be in the queue")
    assert states() == ["WAITING"] * 3
    before = yield from ends_of(artist, "maquette.cancel")
    assert before == sorted(before, reverse=True), "the newest is not on top"
    yield from artist.screenshot("waiting")
    (artist.folder / "clock.txt").write_text("60")
    yield from artist.until(lambda: states() == ["GENERATING"] * 3, 20, "all to be at work")
    assert (yield from ends_of(artist, "maquette.cancel")) == before
    yield from artist.screenshot("generating")
    (artist.folder / "clock.txt").write_text("200")
    yield from artist.until(lambda: states() == ["IMPORTED"] * 3, 40, "all models")
    assert (yield from ends_of(artist, "maquette.receive")) == before
    yield from artist.screenshot("models")
    made = {o["maquette_task"]: o.name for o in bpy.context.scene.objects if "maquette_task" in o}
    models = {task.accepted.job_id: made[task.id] for task in tasks()}
    (artist.folder / "models.json").write_text(json.dumps(models))


def ends_of(artist, button):
    """Where this button is in all rows, newest task first."""
    places = []
    for task in artist.session.tasks():
        places += [(yield from seen.ends(artist, button, task_id=task.id))]
    return places


def slow_job(sandbox):
    """Not even an equal order counts as the same here: only Resume fetches for nothing."""
    sandbox.seconds = 7
    sandbox.triverse.duplicate_seconds = 0.0
    yield
    assert len(sandbox.charges) == 1


@scenario(online=True, service=slow_job)
def test_cancel_and_resume(artist):
    """Cancelled while it is made: Stopped, and what is said to that is true: Resume fetches it."""
    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "triverse")
    yield from artist.fill("maquette.prompt", "a paper boat")
    yield from artist.click("maquette.generate")
    yield from artist.until(artist.task, 10, "the row")
    yield from artist.until(
        lambda: artist.task().state.name == "GENERATING", 20, "the job to be at work"
    )
    yield from artist.click("maquette.cancel")
    yield from artist.until(lambda: artist.task().state.name == "STOPPED", 10, "it to be stopped")
    yield from artist.screenshot("stopped")
    said = seen.said(artist)
    assert "Stopped" in said
    assert artist.task().message in said
    assert "Resume" in said
    assert "Generate Again" not in said
    yield from artist.click("maquette.retry")
    yield from artist.until(lambda: artist.models(), 30, "the model in the scene")
    yield from artist.screenshot("resumed")


def refused_once(sandbox):
    """The refusal quotes what was sent, as services do."""
    from tests.services import faults

    said = f"The prompt 'a green frog on a lily' is not allowed for {sandbox.key}."
    refusal = faults.triverse_error(2008, 400, message=said)
    sandbox.intercept = faults.on(faults.TRIVERSE_CREATE, refusal)
    sandbox.seconds = 1
    yield
    assert sandbox.intercept.hits == 1
    assert len(sandbox.charges) == 1


@scenario(only=-1, online=True, service=refused_once, expected=("Triverse refused the prompt",))
def test_refusal(artist):
    """Said where the click was and in the row; the details tell no secrets; Retry sends it."""
    import os

    import bpy

    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "triverse")
    yield from artist.fill("maquette.prompt", "a green frog on a lily")
    yield from artist.click("maquette.generate")
    said = "Triverse refused the prompt or the picture for its content."
    yield from artist.until(lambda: said in seen.log(artist), 20, "the report")
    yield from artist.screenshot("report")
    assert artist.task().state.name == "FAILED"
    assert said in seen.said(artist)
    assert "Change the prompt or use another picture." in seen.said(artist)
    yield from artist.to_view()
    yield from artist.key("ESC")
    yield from artist.screenshot("row")

    yield from artist.click("maquette.copy_error")
    copied = bpy.context.window_manager.clipboard
    assert said in copied
    assert "2008" in copied
    assert os.environ["TRIVERSE_API_KEY"] not in copied
    assert "frog" not in copied, copied

    yield from artist.click("maquette.retry")
    yield from artist.until(lambda: artist.models(), 30, "the model in the scene")
    assert artist.models() == ["a green frog on a lily"]


def listens(sandbox):
    """Nothing was asked while Blender was set to work offline."""
    import time

    sandbox.seconds = 3
    heard = []

    def note(request, carry_out):
        heard.append(time.time())

    sandbox.intercept = note
    yield
    assert len(sandbox.charges) == 1
    switched = sandbox.folder.parent / "offline.json"
    assert switched.exists()
    off, on = json.loads(switched.read_text())
    assert on - off > 5
    assert [moment for moment in heard if moment < off]
    assert [moment for moment in heard if moment > on]
    assert not [moment for moment in heard if off < moment < on]


@scenario(only=0, service=listens)
def test_offline_switch(artist):
    """Allow Online Access is turned off while a job runs: it rests and says why; then goes on."""
    import time

    import bpy

    bpy.context.preferences.system.use_online_access = True
    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "triverse")
    yield from artist.fill("maquette.prompt", "a lighthouse")
    yield from artist.click("maquette.generate")
    yield from artist.until(lambda: artist.task() and artist.task().accepted, 10, "the job")
    yield from switch(artist)
    assert not bpy.app.online_access
    off = time.time()
    yield from artist.until(lambda: "offline" in artist.task().note, 20, "the row to say why")
    yield from artist.screenshot("offline")
    assert artist.task().note in seen.said(artist)
    assert artist.task().state.is_open
    # Longer than the row waits between two looks at the switch.
    yield 5.5
    on = time.time()
    (artist.folder / "offline.json").write_text(json.dumps([off, on]))
    yield from switch(artist)
    assert bpy.app.online_access
    yield from artist.until(lambda: artist.models(), 30, "the model in the scene")


def switch(artist):
    """Ctrl+Comma, Allow Online Access."""
    import bpy

    windows = bpy.context.window_manager.windows
    bpy.context.preferences.active_section = "SYSTEM"
    yield from artist.to_view()
    yield from artist.key("COMMA", ctrl=True)
    yield from artist.until(lambda: len(windows) > 1, 10, "the preferences")
    artist.window_number = -1
    yield from artist.settle()
    yield from artist.click("use_online_access", "PREFERENCES", "WINDOW")
    with bpy.context.temp_override(window=artist.window):
        bpy.ops.wm.window_close()
    artist.window_number = 0


@scenario(network=False)
def test_buttons_of_a_row(artist):
    """Select, Import Again, and the cross that takes it off the list and leaves the library be."""
    import bpy
    from mathutils import Vector

    yield from artist.open_sidebar()
    yield from artist.fill("maquette.prompt", "a small statue")
    yield from artist.click("maquette.generate")
    yield from artist.until(lambda: artist.models(), 40, "the model in the scene")
    assert selected() == ["Cube"]
    first = set(artist.models())
    yield from artist.click("maquette.select")
    yield from artist.until(lambda: set(selected()) == first, 5, "it to be selected")
    assert bpy.context.active_object.name in first

    # The artist's Shift+right-click, without aiming.
    bpy.context.scene.cursor.location = (3.0, -2.0, 1.0)
    yield from artist.click("maquette.receive")
    yield from artist.until(lambda: len(artist.models()) == 2 * len(first), 20, "the second one")
    second = set(artist.models()) - first
    assert set(selected()) == second
    low, high = bounds(second)
    foot = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))
    assert (foot - Vector((3.0, -2.0, 1.0))).length < 1e-3, foot
    yield from artist.screenshot("second")

    folder = artist.session.folders().library
    before = sorted(path.name for path in folder.rglob("*"))
    assert "model.glb" in before
    yield from artist.click("maquette.remove")
    yield from artist.until(lambda: artist.task() is None, 10, "the row to go")
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert len(artist.models()) == 2 * len(first)
    yield from artist.screenshot("removed")
    assert "What you generate appears here" in seen.said(artist)


def selected():
    import bpy

    return sorted(o.name for o in bpy.context.view_layer.objects if o.select_get())


def bounds(names):
    """Of objects, in world space."""
    import bpy
    from mathutils import Vector

    bpy.context.view_layer.update()
    objects = [bpy.data.objects[name] for name in names]
    corners = [o.matrix_world @ Vector(c) for o in objects if o.type == "MESH" for c in o.bound_box]
    return (Vector(f(c[axis] for c in corners) for axis in range(3)) for f in (min, max))
