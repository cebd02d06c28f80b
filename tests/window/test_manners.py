"""A model arrives while other add-ons run or the interface is in use; whatever is open or set stays
as it is."""

from tests.window.scenario import scenario


@scenario(network=False)
def test_operator_of_an_add_on(artist):
    """One that is still running is waited for, but not for ever: it may run as long as Blender."""
    import bpy

    from tests.window import stage

    class LAB_OT_fence(bpy.types.Operator):
        bl_idname = "lab.fence"
        bl_label = "Draw a Fence"
        goes_on = True
        ticks = 0  # while we import

        def invoke(self, context, event):
            self.timer = context.window_manager.event_timer_add(0.02, window=context.window)
            context.window_manager.modal_handler_add(self)
            return {"RUNNING_MODAL"}

        def modal(self, context, event):
            LAB_OT_fence.ticks += event.type == "TIMER" and stage.ours_running()
            if self.goes_on:
                return {"PASS_THROUGH"}
            context.window_manager.event_timer_remove(self.timer)
            return {"FINISHED"}

    moment = stage.module(artist, "importing.moment")
    moment.PATIENCE = 1e6
    bpy.utils.register_class(LAB_OT_fence)
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin()
    yield from service.begin("a bowl")
    vase = artist.session.tasks()[1]
    with artist.override():
        bpy.ops.lab.fence("INVOKE_DEFAULT")
    yield from service.finish_in_vain()
    why = "Draw a Fence is still running."
    assert (
        artist.arrivals.waits_for(artist.session.task(vase.id))
        == f"{why} It comes by itself afterwards."
    )
    artist.picture("fence")
    # The user's own click does not wait.
    yield from artist.click("maquette.receive", task_id=vase.id)
    yield from artist.until(artist.models, 20, "the model by its button")

    yield from service.finish_in_vain()
    # Its timer is not taken for ours: "Importing…" is to be seen before Blender is kept busy.
    stage.module(artist, "operators.receive").LOOK = 2.0
    LAB_OT_fence.ticks = 0
    moment.PATIENCE = 0.0
    yield from artist.until(lambda: len(artist.models()) == 2, 20, "the other after a while")
    assert LAB_OT_fence.ticks > 1
    assert stage.running() == {"LAB_OT_fence"}
    LAB_OT_fence.goes_on = False
    yield from artist.until(lambda: not stage.running(), 20, "the operator to end")
    bpy.utils.unregister_class(LAB_OT_fence)


@scenario(network=False)
def test_interface_in_use(artist):
    """While text is typed or a menu is open, a model comes and they stay as they are; for a file
    dialog it waits."""
    import bpy

    from tests.window import stage

    windows = bpy.context.window_manager.windows
    service = stage.Service(artist)
    yield from artist.open_sidebar()
    yield from service.begin()
    for prompt in ("a bowl", "a pot"):
        yield from service.begin(prompt)
    yield from artist.click("maquette.prompt")
    yield from artist.key("A", ctrl=True)
    yield from artist.type("a c")
    yield from service.finish()
    yield from artist.until(artist.models, 20, "the model while typing")
    yield from artist.type("up")
    yield 0.2
    artist.picture("types")
    yield from artist.key("RET")
    scene = bpy.context.scene
    yield from artist.until(lambda: scene.maquette.prompt == "a cup", 20, "the whole prompt")

    yield from artist.to_view()
    yield from artist.key("A", shift=True)
    yield from artist.settle()
    yield from service.finish()
    yield from artist.until(lambda: len(artist.models()) == 2, 20, "the model behind the menu")
    artist.picture("menu")
    for name in ("RIGHT_ARROW", "DOWN_ARROW", "RET"):  # whatever that adds
        yield from artist.key(name)
        yield 0.3
    yield from artist.until(lambda: len(scene.objects) == 6, 20, "what the menu adds")
    ours, its = stage.undo_steps()[-2:]
    assert ours == stage.STEP
    assert its.startswith("Add")

    yield from artist.to_view()
    yield from artist.key("S", ctrl=True, shift=True)
    yield from artist.until(lambda: len(windows) == 2, 20, "the file dialog")
    yield from service.finish_in_vain()
    assert stage.waits(artist)[1] == "“a pot” is ready. Save As is still running."
    artist.picture("file")
    artist.window_number = -1
    yield from artist.move(300, 300)
    yield from artist.key("ESC")
    artist.window_number = 0
    yield from artist.until(lambda: len(windows) == 1, 20, "the file dialog to close")
    yield from artist.until(lambda: len(artist.models()) == 3, 20, "the model after it")
    assert service.charges == 3


@scenario(network=False)
def test_nothing_else_changes(artist):
    """Whatever Blender can tell about itself is the same after an import and after its undo, but
    for the model."""
    import re

    import bpy
    from mathutils import Euler

    from tests.window import stage

    yield from artist.open_sidebar()
    # Nothing as it is at first: that could be put back to what it was by chance.
    scene, view = bpy.context.scene, artist.area().spaces.active
    with artist.override():
        bpy.ops.mesh.primitive_cone_add(location=(3, 0, 0))
        bpy.ops.object.select_all(action="SELECT")
        bpy.ops.wm.tool_set_by_id(name="builtin.rotate")
    layer = bpy.context.view_layer
    layer.objects.active = bpy.data.objects["Light"]
    bpy.data.objects["Camera"].select_set(False)
    bpy.data.objects["Cone"].hide_set(True)
    bpy.data.collections.new("Mine")
    scene.collection.children.link(bpy.data.collections["Mine"])
    layer.active_layer_collection = layer.layer_collection.children["Mine"]
    scene.cursor.location = (1, 2, 0.5)
    scene.cursor.rotation_euler = (0.1, 0.2, 0.3)
    scene.frame_set(7)
    scene.tool_settings.use_snap = True
    view.shading.type = "WIREFRAME"
    view.region_3d.view_rotation = Euler((1.0, 0.1, 0.5)).to_quaternion()
    view.region_3d.view_distance = 20
    view.region_3d.update()
    with artist.override():
        bpy.ops.ed.undo_push(message="Stage")
    service = stage.Service(artist)
    scene.maquette.prompt = "a vase"
    with artist.override():
        bpy.ops.ed.undo_push(message="Prompt")
    yield from service.begin()
    yield from artist.to_view()
    yield from artist.settle(120)
    before, steps = stage.everything(), stage.undo_steps()
    assert len(before) > 20_000

    def different(now):
        return {path: now.get(path) for path in before if now.get(path) != before[path]}

    yield from service.finish()
    yield from artist.until(artist.models, 20, "the model")
    yield from artist.until(lambda: not stage.ours_running(), 20, "the import to end")
    after = stage.everything()
    assert not different(after), different(after)
    assert stage.undo_steps() == [*steps, stage.STEP]
    new = after.keys() - before.keys()
    blocks = {path for path in new if re.fullmatch(r"\w+\[[^]]*\]", path)}
    kinds = sorted(path.partition("[")[0] for path in blocks)
    assert kinds == ["collections", "images", "materials", "meshes", "objects"]
    names = {path.partition("[")[2] for path in blocks}
    others = {path for path in new if not any(f"[{name}" in path for name in names)}
    assert not others, others
    artist.picture("came")

    yield from stage.undo(artist)
    undone = stage.everything()
    assert not different(undone), different(undone)
    assert undone.keys() == before.keys(), undone.keys() - before.keys()
