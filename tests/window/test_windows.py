"""Several scenes, several windows, and none in which a model could be seen to arrive."""

from tests.window.scenario import scenario


@scenario(network=False)
def test_two_scenes(artist):
    """A model goes into the scene it was asked for, at its cursor; another that is shown meanwhile
    is left alone. If its scene is gone, Import puts it here."""
    import bpy

    from tests.window import stage

    first = bpy.context.scene
    first.cursor.location = (3, 2, 1)
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin()
    yield from service.begin("a bowl")
    with artist.override():
        bpy.ops.scene.new(type="NEW")
    second = artist.window.scene
    assert second != first
    second.name = "Second"
    second.cursor.location = (-5, 0, 0)
    yield from artist.settle()

    yield from service.finish()
    yield from artist.until(stage.marked, 20, "the model in the scene that is not shown")
    (vase,) = [obj for obj in first.objects if "maquette_task" in obj]
    assert tuple(vase.location.xy) == (3, 2)
    assert (len(second.objects), artist.window.scene) == (0, second)

    name = first.name
    bpy.data.scenes.remove(first)
    yield from service.finish_in_vain()
    assert stage.marked() == {"a vase"}  # still in the file, in no scene
    assert stage.waits(artist)[0] == f"Its scene “{name}” is gone; Import puts it here"
    artist.picture("gone")
    yield from artist.click("maquette.receive", task_id=artist.task().id)
    yield from artist.until(lambda: artist.models() == ["a bowl"], 20, "the model by its button")
    bowl = second.objects["a bowl"]
    assert tuple(bowl.location.xy) == (-5, 0)
    assert bowl.select_get()
    assert service.charges == 2


@scenario(network=False)
def test_two_windows(artist):
    """Each window its scene, each scene its job; the first window is closed meanwhile."""
    import bpy

    from tests.window import stage

    first = bpy.context.scene
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin("for the first")
    with artist.override():
        bpy.ops.wm.window_new_main()
    artist.window_number = 1
    second = bpy.data.scenes.new("Second")
    artist.window.scene = second
    assert bpy.context.window_manager.windows[0].scene == first
    yield from artist.settle()
    # It opened at another tab; drawing each on the way to ours takes seconds in 5.x.
    artist.region().active_panel_category = "Maquette"
    yield from service.begin("for the second")
    artist.picture("both")
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.wm.window_close()
    artist.window_number = 0
    yield from artist.settle()
    assert artist.window.scene == second
    yield from service.finish()
    yield from artist.until(stage.marked, 20, "the first model")
    yield from service.finish()
    yield from artist.until(artist.models, 20, "the second model")
    assert {obj.name for obj in first.objects if "maquette_task" in obj} == {"for the first"}
    assert artist.models() == ["for the second"]
    assert service.charges == 2


@scenario(network=False)
def test_window_closed_at_work(artist):
    """The window is closed in which a submit is followed: the job goes on. And the one in which an
    import has begun: the model comes all the same."""
    import threading

    import bpy

    from tests.window import stage

    def open_window():
        artist.window_number = 0
        with artist.override():
            bpy.ops.wm.window_new_main()
        artist.window_number = 1
        artist.window.scene = second
        yield from artist.settle()

    def close_window():
        with bpy.context.temp_override(window=artist.window):
            bpy.ops.wm.window_close()
        assert not stage.running()
        artist.window_number = 0
        yield from artist.settle()
        assert (len(bpy.context.window_manager.windows), artist.window.scene) == (1, first)

    service = stage.Service(artist)
    receive = stage.module(artist, "operators.receive")
    answer = threading.Event()

    def hold(request, carry_out):
        reply = carry_out()
        if request.method == "POST" and request.path.endswith("/rodin"):
            answer.wait(60)
        return reply

    service.sandbox.intercept = hold
    first, second = bpy.context.scene, bpy.data.scenes.new("Second")
    yield from open_window()
    yield from artist.open_sidebar()
    yield from service.click("a vase")
    yield from artist.until(lambda: service.charges == 1, 20, "the order to arrive")
    assert stage.running() == {"MAQUETTE_OT_generate"}
    yield from close_window()
    answer.set()
    yield from artist.until(lambda: artist.task().accepted, 20, "the answer to be noted")

    yield from open_window()
    usual, receive.LOOK = receive.LOOK, 30.0  # time to close it
    yield from service.finish()
    yield from artist.until(stage.ours_running, 20, "the import to begin")
    assert [o.bl_idname for o in artist.window.modal_operators] == ["MAQUETTE_OT_receive"]
    receive.LOOK = usual
    yield from close_window()
    yield from artist.until(stage.marked, 20, "the model all the same")
    assert [obj.name for obj in second.objects] == ["a vase"]
    assert service.charges == 1


@scenario(network=False)
def test_nothing_to_see_it_in(artist):
    """Sidebar closed, no 3D View at all, an editor on the whole screen, another workspace."""
    import bpy

    from tests.window import stage

    service = stage.Service(artist)
    yield from artist.open_sidebar()
    for prompt in ("one", "two", "three"):
        yield from service.begin(prompt)
    view = artist.area()
    yield from artist.to_view()
    yield from artist.key("N")
    yield from artist.until(lambda: not view.spaces.active.show_region_ui, 20, "no sidebar")
    yield from service.finish()
    yield from artist.until(lambda: len(artist.models()) == 1, 20, "the model without a sidebar")

    def kinds():
        return {area.type for area in artist.window.screen.areas}

    yield from artist.to_view()
    yield from artist.key("F11", shift=True)  # the Text Editor in its place
    yield from artist.until(lambda: view.type == "TEXT_EDITOR", 20, "the Text Editor")
    assert "VIEW_3D" not in kinds()
    yield from artist.move(view.x + view.width / 2, view.y + view.height / 2)
    yield from artist.key("SPACE", ctrl=True)
    yield from artist.until(
        lambda: artist.window.screen.show_fullscreen, 20, "the maximized editor"
    )
    yield from service.finish()
    yield from artist.until(lambda: len(artist.models()) == 2, 20, "the model without a view")
    assert kinds() == {"TEXT_EDITOR"}
    yield from artist.key("SPACE", ctrl=True)
    yield from artist.until(
        lambda: not artist.window.screen.show_fullscreen, 20, "all editors to be back"
    )

    # That workspace goes into Edit Mode, which has to be left first.
    before = artist.window.workspace
    yield from artist.key("PAGE_DOWN", ctrl=True)
    yield from artist.until(lambda: artist.window.workspace != before, 20, "another workspace")
    yield from artist.settle()
    cube = bpy.data.objects["Cube"]
    assert (artist.window.workspace.name, cube.mode) == ("Modeling", "EDIT")
    yield from service.finish_in_vain()
    assert stage.waits(artist)[1] == "“three” is ready. Leave Edit Mode first."
    yield from artist.key("PAGE_UP", ctrl=True)
    yield from artist.until(lambda: len(artist.models()) == 3, 20, "the model back in Layout")
    assert (artist.window.workspace, cube.mode) == (before, "OBJECT")
    assert stage.undo_steps().count(stage.STEP) == 3
    assert service.charges == 3
