"""Large models: a Blender in the background imports them, this one only appends them. What comes of
that in a window, and of what may happen to the other."""

from tests.window.scenario import next_start, scenario

LARGE = 100_000  # triangles: its UV map comes by itself, too


def large(artist, service, prompt="a vase"):
    """Order a large model; done when the service has taken the job."""
    artist.window.scene.maquette.options.polygons = LARGE
    yield from service.begin(prompt)


def with_large_texture(artist):
    """From now on, of 2 MB. Returns the times when pieces of models came, to be filled."""
    import functools
    import time

    from tests.core.glb_files import part
    from tests.window import stage

    texture = stage.module(artist, "core.sandbox.texture")
    turned_texture = texture.turned_texture

    def heavier(*arguments):
        content = turned_texture(*arguments)
        return content[:33] + part(b"prVt", bytes(1 << 21)) + content[33:]  # after the header

    texture.turned_texture = heavier
    append = stage.module(artist, "importing.append")
    bring, brought = append.bring, []

    @functools.wraps(bring)
    def look_on(*arguments):
        if some := bring(*arguments):
            brought.append(time.perf_counter())
        return some

    append.bring = look_on
    return brought


def held_at_work(artist, service):
    """Let the model be ready, and hold the background Blender when it is at it. Returns its
    process id."""
    import os
    import signal

    from tests.window import stage

    ours = stage.module(artist, "importing.stage")
    ours.warm()
    yield from artist.until(lambda: ours._blender and ours._blender.ready, 60, "its start")
    pid = ours._blender._process.pid
    os.kill(pid, signal.SIGSTOP)
    yield from service.finish()
    yield from artist.until(lambda: ours._order, 20, "it to be given the model")
    return pid


@scenario(network=False)
def test_large_model(artist):
    """It comes by itself; meanwhile the window lives, and afterwards nothing is left but the model,
    which is one undo step."""
    import time

    import bpy

    from tests.window import seen, stage

    beats, drawn = [], []

    def beat():
        beats.append(time.perf_counter())
        return 0.005

    bpy.types.SpaceView3D.draw_handler_add(
        lambda: drawn.append(time.perf_counter()), (), "WINDOW", "POST_PIXEL"
    )
    ours = stage.module(artist, "importing.stage")
    place = stage.module(artist, "importing.place")
    appended = []

    def look_on(*arguments, **options):
        appended.append(time.perf_counter())
        return append(*arguments, **options)

    append, place.append_model = place.append_model, look_on
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    brought = with_large_texture(artist)
    yield from large(artist, service)
    layer = bpy.context.view_layer
    active, chosen = layer.objects.active, list(layer.objects.selected)
    steps = stage.undo_steps()
    bpy.app.timers.register(beat)
    yield 1.0
    yield from service.finish()
    ready = time.perf_counter()
    yield from artist.until(lambda: ours.pending(artist.task().id), 20, "it to be prepared")
    row, status_bar = stage.waits(artist)
    assert status_bar.startswith("“a vase” is ready. It is being prepared")
    assert row == "It is being prepared in the background and comes by itself."
    assert "It is being prepared in the background and comes by itself." in seen.said(artist)
    yield from artist.until(artist.models, 60, "the model")
    yield 0.5
    begun = appended[0]
    assert len([moment for moment in beats if ready <= moment <= begun]) > 20, "it stood still"
    bpy.app.timers.unregister(beat)
    artist.picture("there")
    image, mesh = brought
    assert ready < image < mesh < begun
    for since, to in ((image, mesh), (mesh, begun)):
        assert any(since < moment < to for moment in beats), "both in one tick"
    assert not [moment for moment in drawn if image < moment < begun], "it was drawn in between"

    (name,) = artist.models()
    assert name == "a vase"
    model = bpy.data.objects[name]
    assert len(model.data.polygons) > 0.9 * LARGE
    assert (layer.objects.active, list(layer.objects.selected)) == (active, chosen)
    assert not bpy.data.libraries
    assert texture(model) == ("a vase base color", (512, 512), 1)
    assert not any("maquette_image" in image for image in bpy.data.images)
    assert len({tuple(corner.vector) for corner in model.data.uv_layers[0].uv}) > 10_000
    pictured = list(model.preview.image_pixels_float)
    assert tuple(model.preview.image_size) == (256, 256)
    assert max(pictured) > 0.5
    assert model.preview.is_image_custom
    assert model.preview.is_icon_custom
    assert stage.undo_steps() == [*steps, stage.STEP]
    assert ours.result(artist.task().id) is None
    assert service.charges == 1

    yield from stage.undo(artist)
    assert not artist.models()
    assert not bpy.data.libraries
    assert not bpy.data.images.get("a vase base color")
    assert bpy.data.objects["Cube"].mode == "OBJECT"
    yield from artist.key("Z", ctrl=True, shift=True)
    yield from artist.until(artist.models, 20, "it again")
    assert artist.models() == ["a vase"]
    assert texture(bpy.data.objects[name]) == ("a vase base color", (512, 512), 1)
    assert list(bpy.data.objects[name].preview.image_pixels_float) == pictured
    assert stage.undo_steps() == [*steps, stage.STEP]

    # Asked for once more it is made anew: the button is grey meanwhile, the window is not.
    bpy.context.scene.cursor.location = 3, 0, 0
    yield from artist.click("maquette.receive")
    yield from artist.until(lambda: ours.pending(artist.task().id), 20, "it to be prepared again")
    assert not stage.ours_running(), "Blender saves nothing by itself while an operator runs"
    bpy.context.scene.cursor.location = 0, 0, 9
    artist.picture("prepared")
    assert "Importing…" in seen.said(artist)
    assert "It is being prepared in the background and comes by itself." in seen.said(artist)
    yield from artist.until(lambda: len(artist.models()) == 2, 60, "a second one")
    assert len(appended) == 2
    selected = [obj.name for obj in bpy.context.view_layer.objects.selected]
    assert selected == ["a vase.001"]
    assert bpy.data.objects["a vase.001"].location[:] == (3, 0, 0), "where the cursor was"
    assert stage.undo_steps() == [*steps, stage.STEP, stage.STEP]


def texture(model):
    """Of its first material: name, size, users."""
    nodes = model.material_slots[0].material.node_tree.nodes
    (image,) = {node.image for node in nodes if node.type == "TEX_IMAGE"}
    assert image.packed_file
    return image.name, tuple(image.size), image.users


@scenario(network=False)
def test_somebody_is_quicker_than_the_model(artist):
    """When a piece has come and it has not: what was done then stays as it was, and so does what
    can be undone. Nothing is left of the piece until the model can come."""
    import bpy

    from tests.window import stage

    append = stage.module(artist, "importing.append")
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    brought = with_large_texture(artist)
    bring, to_do = append.bring, []

    def then(*arguments):
        some = bring(*arguments)
        if some and to_do:
            to_do.pop()()
        return some

    def enter_edit_mode():
        with bpy.context.temp_override(window=artist.window, area=artist.area(), region=None):
            bpy.ops.object.mode_set(mode="EDIT")

    append.bring = then
    steps = stage.undo_steps()
    to_do.append(enter_edit_mode)
    yield from large(artist, service)
    yield from service.finish()
    yield from artist.until(lambda: not to_do, 60, "the image to come")
    in_the_way = "Leave Edit Mode first. It comes by itself afterwards."
    yield from artist.until(lambda: stage.waits(artist)[0] == in_the_way, 20, "the row to say so")
    assert bpy.context.mode == "EDIT_MESH"
    assert not artist.models()
    assert not bpy.data.images.get("a vase base color")
    assert not bpy.data.libraries
    yield from artist.to_view()
    yield from artist.key("TAB")
    yield from artist.until(artist.models, 60, "the model")
    assert len(brought) == 3
    assert texture(bpy.data.objects["a vase"]) == ("a vase base color", (512, 512), 1)
    assert stage.undo_steps()[-1] == stage.STEP
    assert stage.undo_steps()[: len(steps)] == steps

    # What an undo takes away comes again, before the model.
    yield from stage.undo(artist)
    assert not artist.models()

    def undo():
        assert bpy.data.images.get("a vase base color")
        with bpy.context.temp_override(window=artist.window):
            bpy.ops.ed.undo()
        assert not bpy.data.images.get("a vase base color")
        assert not bpy.data.objects.get("a vase")

    to_do += [undo, lambda: bpy.ops.ed.undo_push(message="something")]
    yield from artist.click("maquette.receive")
    yield from artist.until(artist.models, 60, "the model, clicked for")
    assert not to_do
    assert len(brought) == 7
    model = bpy.data.objects["a vase"]
    assert texture(model) == ("a vase base color", (512, 512), 1)
    assert model.data.uv_layers.keys() == ["UVMap"]
    assert len({tuple(corner.vector) for corner in model.data.uv_layers[0].uv}) > 10_000
    assert not model.data.keys()
    assert len(bpy.data.meshes) == 2, "the cube's and this"
    assert stage.undo_steps()[-1] == stage.STEP
    assert "something" not in stage.undo_steps()


@scenario(network=False)
def test_held_in_edit_mode(artist):
    """It is prepared while the artist edits, and comes with Tab."""
    import bpy

    from tests.window import stage

    ours = stage.module(artist, "importing.stage")
    cube = bpy.data.objects["Cube"]
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from large(artist, service)
    yield from artist.to_view()
    yield from artist.key("TAB")
    yield from artist.until(lambda: cube.mode == "EDIT", 20, "Edit Mode")
    steps = stage.undo_steps()
    yield from service.finish_in_vain()
    assert stage.waits(artist)[0] == "Leave Edit Mode first. It comes by itself afterwards."
    task = artist.task().id
    yield from artist.until(
        lambda: ours.result(task) and not ours.pending(task), 60, "it to be prepared"
    )
    assert ours.result(task).state is ours.State.DONE
    yield 0.5
    assert cube.mode == "EDIT"
    assert not artist.models()
    assert stage.undo_steps() == steps
    yield from artist.key("TAB")
    yield from artist.until(artist.models, 20, "the model after Edit Mode")
    came = stage.undo_steps()
    assert came[:-2] == steps
    assert came[-1] == stage.STEP
    yield from stage.undo(artist)
    assert not artist.models()
    assert bpy.data.objects["Cube"].mode == "OBJECT"


@scenario(only=-1, network=False, expected=("crashed; in this one nothing has changed",))
def test_killed_at_work(artist):
    """One sentence; Import does it here."""
    import os
    import signal

    import bpy

    from tests.window import seen, stage

    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from large(artist, service)
    steps = stage.undo_steps()
    pid = yield from held_at_work(artist, service)
    os.kill(pid, signal.SIGKILL)
    said = (
        "The Blender in the background that prepared the model crashed; in this one nothing has"
        " changed. Import brings it in directly: save your work first."
    )
    yield from artist.until(lambda: said in seen.said(artist), 20, "the sentence in the row")
    yield from artist.screenshot("crashed")
    yield 1.0
    assert not artist.models()
    assert stage.undo_steps() == steps
    assert artist.task().state.name == "READY"
    yield from artist.click("maquette.receive")
    yield from artist.until(artist.models, 60, "the model")
    assert stage.undo_steps() == [*steps, stage.STEP]
    assert said not in seen.said(artist)
    # And the next large one comes from another Blender in the background.
    place = stage.module(artist, "importing.place")
    append, ways = place.append_model, []
    place.append_model = lambda *a, **o: ways.append(1) or append(*a, **o)
    bpy.context.view_layer.objects.active = None
    yield from large(artist, service, "a bowl")
    yield from service.finish()
    yield from artist.until(lambda: len(artist.models()) == 2, 60, "the next model")
    assert ways


@scenario(only=0, network=False)
def test_disabled_while_it_is_at_work(artist):
    """What is looked at afterwards: no process, thread or timer is left (inside.py)."""
    from tests.window import stage

    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from large(artist, service)
    yield from held_at_work(artist, service)
    yield from artist.click("maquette.receive")
    yield from artist.until(
        lambda: artist.arrivals.is_coming(artist.task().id), 10, "the click to be heard"
    )
    assert not artist.models()


@scenario(only=0, network=False)
def test_quit_while_it_is_at_work(artist):
    """Nothing is left running when Blender is gone (windows.py)."""
    from tests.window import stage

    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from large(artist, service)
    yield from held_at_work(artist, service)
    yield from artist.quit()


@scenario(only=-1, network=False)
def test_killed_while_it_is_at_work(artist):
    """Nor after a crash; and the next start imports what was ready."""
    from pathlib import Path

    import bpy

    from tests.window import stage

    ours = stage.module(artist, "importing.stage")
    with artist.override():
        bpy.ops.wm.save_as_mainfile(filepath=str(artist.folder / "mine.blend"))
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    # It hears of it between two steps of the importer: those take seconds where models are larger.
    yield from large(artist, service)
    yield from service.finish()
    yield from artist.until(lambda: ours._order, 60, "the background Blender to be at work")
    assert Path(f"/proc/{ours._blender._process.pid}").exists()
    artist.die()


@next_start(test_killed_while_it_is_at_work)
def afterwards(artist):
    import tempfile
    from pathlib import Path

    import bpy

    from tests.window import stage

    assert not list(Path(tempfile.gettempdir()).glob("maquette-*"))
    ours = stage.module(artist, "importing.stage")
    bpy.ops.wm.open_mainfile(filepath=str(artist.folder / "mine.blend"))
    yield from artist.until(artist.models, 60, "the model")
    assert ours._blender
    yield from artist.open_sidebar()


def by_a_clock(sandbox):
    """It stands where the scenario puts it."""
    hand = sandbox.folder.parent / "clock.txt"
    begun = sandbox.clock()
    sandbox.seconds = 100
    sandbox.clock = lambda: begun + (float(hand.read_text() or 0) if hand.exists() else 0)
    yield
    assert len(sandbox.charges) == 1


@scenario(only=0, online=True, service=by_a_clock)
def test_it_is_started_before_the_model_is_there(artist):
    """When the service says that the job is nearly done; not before, and only once."""
    import os
    import signal

    import bpy

    from tests.window import stage

    ours = stage.module(artist, "importing.stage")

    def go(seconds):
        (artist.folder / "clock.txt").write_text(str(seconds))

    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "triverse")
    bpy.context.scene.maquette.options_triverse.polygon_limit = LARGE
    yield from artist.fill("maquette.prompt", "a red apple")
    yield from artist.click("maquette.generate")
    yield from artist.until(lambda: artist.task() and artist.task().accepted, 20, "the job")
    go(60)
    yield from artist.until(lambda: (artist.task().share or 0) > 0.3, 30, "it to be half done")
    assert not ours._blender
    go(95)
    yield from artist.until(lambda: ours._blender, 30, "the background Blender")
    assert artist.task().state.name == "GENERATING"
    yield from artist.until(lambda: ours._blender.ready, 60, "its start")
    pid = ours._blender._process.pid
    go(200)
    yield from artist.until(artist.models, 60, "the model")
    assert ours._blender._process.pid == pid
    os.kill(pid, signal.SIGCONT)  # it is still there, for the next one


def a_picture_of_2048(sandbox):
    sandbox.seconds = 1
    yield
    (charge,) = sandbox.charges
    sent = (sandbox.folder / "jobs" / charge[1] / "picture").read_bytes()
    assert sent[16:24] == (2048).to_bytes(4, "big") * 2


@scenario(only=-1, online=True, service=a_picture_of_2048)
def test_large_picture(artist):
    """12,000 pixels square: the window lives while it is made smaller, and nothing is sent before;
    what is edited meanwhile does not count."""
    import time

    import bpy
    import numpy as np

    from tests.blender.picture_files import write_png
    from tests.window import seen, stage

    ours = stage.module(artist, "importing.stage")
    path = artist.folder / "large.png"
    write_png(path, np.zeros((12_000, 12_000, 1), np.uint8))
    beats = []

    def beat():
        beats.append(time.perf_counter())
        return 0.005

    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "rodin")
    with artist.override():
        bpy.ops.maquette.picture_add(filepath=str(path))
    form = bpy.context.scene.maquette
    assert ours._blender, "it is started when the picture is chosen"
    yield from artist.click("maquette.generate")
    yield from artist.until(ours.converting, 20, "the picture to be prepared")
    bpy.app.timers.register(beat)
    begun = time.perf_counter()
    yield 0.3
    assert "Preparing Pictures…" in seen.said(artist)
    artist.picture("preparing")
    assert seen.why_grey(artist, "maquette.generate") == "The pictures are being prepared."
    form.prompt = "something else"
    form.pictures.clear()
    yield from artist.until(lambda: not ours.converting(), 60, "that to be over")
    ended = time.perf_counter()
    bpy.app.timers.unregister(beat)
    assert len(beats) > 10 * (ended - begun), "it stood still"
    yield from artist.until(lambda: artist.task() and artist.task().accepted, 20, "the job")
    assert not artist.task().request.prompt
    assert len(artist.task().request.pictures) == 1
    yield from artist.until(artist.models, 60, "the model")


@scenario(network=False, only=-1)
def test_blender_is_busy(artist):
    """A model does not come on top of what keeps Blender busy, but it does not wait for ever."""
    import time

    import bpy

    from tests.window import stage

    asked, arrivals = [], artist.arrivals

    def look_on(due, since):
        asked.append((time.monotonic(), is_late(due, since)))
        return asked[-1][1]

    def busy():
        time.sleep(0.04)
        return 0.0

    is_late, arrivals._is_late = arrivals._is_late, look_on
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin()
    bpy.app.timers.register(busy)
    yield from service.finish()
    yield from artist.until(artist.models, 20, "the model")
    bpy.app.timers.unregister(busy)
    *late, last = [answer for _, answer in asked]
    assert late
    assert all(late)
    assert not last
    waited = asked[-1][0] - asked[0][0]
    assert waited > arrivals.PUT_OFF
    assert not arrivals.put_off()
    assert artist.models() == ["a vase"]
