"""A model arrives while the artist edits, sculpts, moves things, plays or renders: that goes on
undisturbed, the model comes afterwards, as one undo step."""

from tests.window.scenario import scenario


@scenario(network=False)
def test_edit_mode(artist):
    """It waits for Tab, and says so; its button is grey."""
    import bmesh
    import bpy

    from tests.window import seen, stage

    cube = bpy.data.objects["Cube"]

    def chosen():
        mesh = bmesh.from_edit_mesh(cube.data)
        return [vertex.index for vertex in mesh.verts if vertex.select]

    def state():
        layer = bpy.context.view_layer
        return cube.mode, chosen(), layer.objects.active, list(layer.objects.selected)

    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin()
    yield from artist.to_view()
    yield from artist.key("TAB")
    yield from artist.until(lambda: cube.mode == "EDIT", 20, "Edit Mode")
    yield from artist.settle()
    yield from artist.click_at(*stage.on_screen(artist, cube.data.vertices[4].co))
    yield from artist.click_at(*stage.on_screen(artist, cube.data.vertices[6].co), shift=True)
    yield from artist.until(lambda: chosen() == [4, 6], 20, "two vertices to be selected")
    before, steps = state(), stage.undo_steps()

    yield from service.finish_in_vain()
    assert stage.waits(artist) == (
        "Leave Edit Mode first. It comes by itself afterwards.",
        "“a vase” is ready. Leave Edit Mode first.",
    )
    assert seen.why_grey(artist, "maquette.receive") == "Leave Edit Mode first."
    assert (state(), stage.undo_steps()) == (before, steps)
    artist.picture("waits")

    yield from artist.to_view()
    yield from artist.key("TAB")
    yield from artist.until(artist.models, 20, "the model after Edit Mode")
    came = stage.undo_steps()
    assert came[:-2] == steps
    assert came[-1] == stage.STEP
    assert cube.mode == "OBJECT"
    yield from stage.undo(artist)
    cube = bpy.data.objects["Cube"]
    assert not artist.models()
    assert cube.mode == "OBJECT"
    layer = bpy.context.view_layer
    assert (layer.objects.active, list(layer.objects.selected)) == (cube, [cube])
    yield from stage.undo(artist)
    cube = bpy.data.objects["Cube"]
    assert (cube.mode, chosen()) == before[:2]


@scenario(network=False)
def test_brush_stroke(artist):
    """In Sculpt Mode, while the mouse button is down."""
    import bpy

    from tests.window import stage

    with artist.override():
        bpy.ops.object.delete()
        bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24)
        bpy.ops.ed.undo_push(message="Stage")
    ball = bpy.context.view_layer.objects.active
    before = [vertex.co.copy() for vertex in ball.data.vertices]

    def touched():
        pairs = zip(before, ball.data.vertices, strict=True)
        return sum((old - vertex.co).length > 1e-5 for old, vertex in pairs)

    def stroke(first, last):
        for step in range(first, last):
            yield from artist.move(middle[0] + 5 * step, middle[1])
            yield 0.05

    # On a slow machine, a tap must not be taken for a key that is held and let go over no item.
    bpy.context.preferences.view.pie_tap_timeout = 1000
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin()
    yield from artist.to_view()
    yield from artist.key("TAB", ctrl=True)
    yield from artist.settle()  # the pie menu opens
    yield from artist.key("TWO")
    yield from artist.until(lambda: ball.mode == "SCULPT", 20, "Sculpt Mode")
    yield from artist.settle()
    if bpy.context.tool_settings.sculpt.brush is None:  # Debian's 4.3 comes without brushes
        bpy.data.brushes.new("Draw", mode="SCULPT").asset_mark()
        with artist.override():
            bpy.ops.brush.asset_activate(
                asset_library_type="LOCAL", relative_asset_identifier="Brush/Draw"
            )
        yield from artist.settle()
    view = artist.region(region="WINDOW")
    middle = view.x + view.width * 0.5, view.y + view.height * 0.5
    yield from artist.move(*middle)
    yield 0.2
    artist._send("LEFTMOUSE", "PRESS")
    yield from stroke(0, 4)
    yield from artist.until(touched, 20, "the brush to do something")
    steps, so_far = stage.undo_steps(), touched()
    assert "SCULPT_OT_brush_stroke" in stage.running()

    yield from service.finish_in_vain()
    assert stage.waits(artist)[0] == "Leave Sculpt Mode first. It comes by itself afterwards."
    assert "SCULPT_OT_brush_stroke" in stage.running()
    yield from stroke(4, 12)
    yield from artist.until(lambda: touched() > so_far, 20, "the stroke to go on")
    artist._send("LEFTMOUSE", "RELEASE")
    yield from artist.until(lambda: not stage.running(), 20, "the stroke to end")
    assert len(stage.undo_steps()) == len(steps) + 1
    assert not stage.marked()
    artist.picture("waits")

    sculpted = touched()
    yield from artist.key("TAB", ctrl=True)
    yield from artist.settle()
    yield from artist.key("FOUR")
    yield from artist.until(artist.models, 20, "the model after Sculpt Mode")
    assert (ball.mode, touched()) == ("OBJECT", sculpted)
    yield from stage.undo(artist)
    assert not artist.models()
    ball = bpy.data.objects["Sphere"]
    assert (ball.mode, touched()) == ("OBJECT", sculpted)


@scenario(network=False)
def test_transform_and_playback(artist):
    """G goes on under the mouse, and the next G, too, that has begun when the import was about to;
    their steps come before the model's. The animation plays on."""
    import bpy

    from tests.window import stage

    def place():
        return tuple(bpy.data.objects["Cube"].location)

    def drag(first, last):
        for step in range(first, last):
            yield from artist.move(left + 16 * step, low)

    vase_waits = "Move is still running. It comes by itself afterwards."
    receive = stage.module(artist, "operators.receive")
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin()
    vase = artist.task().id
    yield from service.begin("a bowl")
    yield from artist.to_view()
    view = artist.region(region="WINDOW")
    left, low = view.x + view.width * 0.4, view.y + view.height * 0.4
    yield from artist.key("G")
    yield from drag(1, 3)
    yield from artist.until(lambda: place() != (0, 0, 0), 20, "the cube to move")
    yield from service.finish_in_vain()
    assert artist.arrivals.waits_for(artist.session.task(vase)) == vase_waits
    assert stage.running() == {"TRANSFORM_OT_translate"}
    halfway = place()
    yield from drag(3, 5)
    yield from artist.until(lambda: place() != halfway, 20, "the cube to move on")

    usual, receive.LOOK = receive.LOOK, 1.5  # a long moment between decision and import
    yield from artist.click_at(left + 80, low)
    yield from artist.until(stage.ours_running, 20, "the import to begin")
    moved = place()
    yield from artist.key("G")
    yield from drag(5, 7)
    yield from artist.until(lambda: not stage.ours_running(), 20, "the import to be put off")
    receive.LOOK = usual
    yield 0.3
    assert artist.arrivals.waits_for(artist.session.task(vase)) == vase_waits
    assert (stage.running(), stage.marked()) == ({"TRANSFORM_OT_translate"}, set())
    yield from artist.click_at(left + 112, low)
    yield from artist.until(artist.models, 20, "the model after the transforms")
    assert stage.undo_steps()[-3:] == ["Move", "Move", stage.STEP]
    moved_on = place()
    assert moved_on != moved != halfway
    for expected in (moved_on, moved, (0, 0, 0)):
        yield from stage.undo(artist)
        assert (artist.models(), place()) == ([], expected)
    yield from artist.key("A")  # a step of one's own: there is nothing to redo any more

    scene = bpy.context.scene

    def playing():
        return artist.window.screen.is_animation_playing

    yield from artist.to_view()
    yield from artist.key("SPACE")
    yield from artist.until(lambda: playing() and scene.frame_current > 1, 20, "the animation")
    first = scene.frame_current
    yield from service.finish_in_vain()
    assert stage.waits(artist)[1] == "“a bowl” is ready. The animation is playing: stop it first."
    ready = scene.frame_current
    assert ready > first
    yield from artist.until(lambda: scene.frame_current > ready + 1, 20, "it to play on")
    assert playing()
    assert not stage.marked()
    artist.picture("plays")
    yield from artist.to_view()
    yield from artist.key("SPACE")
    yield from artist.until(lambda: not playing(), 20, "the animation to stop")
    frame = scene.frame_current
    yield from artist.until(artist.models, 20, "the model after the animation")
    assert scene.frame_current == frame
    assert stage.undo_steps()[-1] == stage.STEP
    assert service.charges == 2


@scenario(network=False)
def test_render(artist):
    """F12 ends as it would have; the model comes then, wherever the mouse is."""
    import threading

    import bpy

    from tests.window import stage

    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    scene.cycles.samples = 4
    scene.cycles.use_denoising = False  # Debian's 4.3 cannot
    go_on = threading.Event()
    told = []
    # Called in the render's own thread: it takes as long as the scenario needs.
    bpy.app.handlers.render_pre.append(lambda *_: go_on.wait(60))
    for name in ("render_complete", "render_cancel"):
        getattr(bpy.app.handlers, name).append(lambda *_, name=name: told.append(name))

    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin()
    yield from artist.to_view()
    steps = stage.undo_steps()
    yield from artist.key("F12")
    yield from artist.until(lambda: bpy.app.is_job_running("RENDER"), 20, "the render to begin")
    yield from service.finish_in_vain()
    assert stage.waits(artist)[0] == "A render is running. It comes by itself afterwards."
    assert bpy.app.is_job_running("RENDER")
    artist.picture("renders")
    go_on.set()
    yield from artist.until(lambda: told, 60, "the render to end")
    assert told == ["render_complete"]
    yield from artist.until(artist.models, 20, "the model after the render")
    assert stage.undo_steps() == [*steps, stage.STEP]

    file = artist.folder / "render.png"
    bpy.data.images["Render Result"].save_render(str(file))
    image = bpy.data.images.load(str(file))
    values = set(image.pixels)
    assert tuple(image.size) == (96, 64)
    assert len(values) > 50, "the picture is empty"
    bpy.data.images.remove(image)
