"""Other ways in than the sidebar: menus, search, a key, the Image Editor; and the status bar."""

from tests.window.scenario import scenario
from tests.window.test_form import browse_to, red


@scenario(network=False)
def test_from_prompt(artist):
    """Model from Prompt… by search, by the Add menu and by a key the user set, which opens the
    dialog in the window where it is pressed. Escape and Cancel order nothing and lose nothing that
    was in the form; Enter orders. The status bar says what is under way, and no longer than that.
    """
    import bpy

    from tests.window import stage

    service = stage.Service(artist)
    service.sandbox.seconds = 3
    told = status_bar(artist)
    yield 0.3
    assert not told, "drawn although nothing changes"
    settings = bpy.context.scene.maquette
    settings.prompt = "an old jug"
    yield from search(artist, "model from pr")
    yield from dialog(artist)
    yield from artist.type("no")
    yield from artist.key("ESC")  # leaves the field
    yield from artist.key("ESC")
    yield from closed(artist)
    assert settings.prompt == "an old jug"
    yield from add_menu(artist, 1)
    yield from dialog(artist)
    yield from artist.type("a cup")
    yield from artist.key("RET")
    artist.picture("dialog")
    shown = region(artist)
    yield from artist.click_at(shown.x + shown.width * 0.25, shown.y + 30)  # Cancel
    yield from closed(artist)
    assert settings.prompt == "a cup"
    yield 0.3
    assert (artist.task(), service.charges, any(told)) == (None, 0, False)

    keys = bpy.context.window_manager.keyconfigs.user.keymaps["3D View"].keymap_items
    (item,) = [item for item in keys if item.idname == "maquette.model_from_prompt"]
    item.type, item.ctrl = "F5", True
    with artist.override():
        bpy.ops.wm.window_new_main()
    artist.window_number = -1
    artist.window.scene = second = bpy.data.scenes.new("Second")
    yield from artist.settle()
    yield from artist.to_view()
    yield from artist.key("F5", ctrl=True)
    yield from dialog(artist)
    yield from artist.type("a vase")
    yield from artist.key("RET")
    artist.picture("second")
    yield from artist.key("RET")
    yield from closed(artist)
    yield from artist.until(lambda: any(told), 10, "the status bar")
    artist.picture("status")
    yield from artist.until(lambda: artist.models() and not told[-1], 20, "the model")
    assert [obj.name for obj in second.objects] == ["a vase"]
    assert (second.maquette.prompt, settings.prompt) == ("a vase", "a cup")
    assert all(line.startswith("“a vase”: ") for line in told if line), told
    artist.picture("model")
    assert service.charges == 1


def takes_a_picture(sandbox):
    """One, the one that was chosen, upright; the form's own stays here."""
    sandbox.seconds = 60
    yield
    assert len(sandbox.charges) == 1
    (picture,) = received(sandbox)
    assert picture.shape == (96, 64, 4)
    assert abs(picture[10, 32].astype(int) - (255, 0, 0, 255)).max() < 5
    assert abs(picture[-10, 32].astype(int) - (0, 0, 255, 255)).max() < 5


def received(sandbox):
    """The pictures that came with the jobs, in their order."""
    from tests.blender.picture_files import read_png

    jobs = [job for _, job, *_ in sandbox.charges]
    return [read_png(sandbox.folder / "jobs" / job / "picture") for job in jobs]


@scenario(online=True, service=takes_a_picture)
def test_from_picture(artist):
    """Add ▸ Maquette ▸ Model from Picture…: file browser, dialog, Enter. The photo, taken with the
    camera held upright, is shown and sent so. The list of pictures in the form is neither sent nor
    touched, nor is its prompt."""
    import bpy
    import numpy as np

    write_photo(artist.folder / "a.jpg")
    settings = bpy.context.scene.maquette
    settings.prompt = "an old jug"
    settings.service = "rodin"
    settings.pictures.add().filepath = "listed.png"
    yield from add_menu(artist, 2)
    yield from browse_to(artist, artist.folder / "a.jpg")
    yield from dialog(artist)
    yield from artist.screenshot("dialog")
    at = region(artist)
    reds = red(artist, "dialog")[at.y : at.y + at.height, at.x : at.x + at.width]
    height, width = np.ptp(np.argwhere(reds), axis=0)
    assert width > 1.2 * height > 30, "lying"
    yield from artist.key("RET")
    yield from closed(artist)
    yield from artist.until(lambda: artist.task() and artist.task().accepted, 20, "the service")
    assert [p.filepath for p in settings.pictures] == ["listed.png"]
    assert settings.prompt == "an old jug"
    assert artist.task().request.prompt == ""
    assert len(artist.task().request.pictures) == 1
    bpy.ops.maquette.cancel(task_id=artist.task().id)


def write_photo(path):
    """Red above, blue below, 64 × 96; in the file it lies on its side."""
    import bpy
    import numpy as np

    from tests.blender.picture_files import with_orientation

    image = bpy.data.images.new("photo", 96, 64)
    pixels = np.zeros((64, 96, 4), np.float32)
    pixels[:, :48] = (1, 0, 0, 1)
    pixels[:, 48:] = (0, 0, 1, 1)
    image.pixels.foreach_set(pixels.ravel())
    image.file_format = "JPEG"
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    path.write_bytes(with_orientation(path.read_bytes(), 6))


def takes_images(sandbox):
    """What was painted over, and what was rendered."""
    import numpy as np

    sandbox.seconds = 60
    yield
    assert len(sandbox.charges) == 2
    painted, rendered = received(sandbox)
    assert painted.shape == (64, 64, 4)
    assert (painted[:32] == (255, 0, 0, 255)).all()
    assert (painted[32:] == (0, 0, 255, 255)).all()
    assert rendered.shape == (24, 40, 4)
    # 4.3.2's background is not quite the colour it was told.
    assert np.abs(rendered - np.array((0, 255, 0, 255))).max() <= 2, rendered[0, 0]


@scenario(online=True, service=takes_images)
def test_from_image(artist):
    """Image ▸ Generate 3D from This Image… in the Image Editor: of what was painted and not saved,
    and of a render. Without an image it is grey and says why."""
    import bpy

    scene = bpy.context.scene
    scene.maquette.service = "rodin"
    scene.maquette.prompt = "a stone well"  # of another model
    area = artist.area()
    area.ui_type = "IMAGE_EDITOR"
    editor = area.spaces.active
    yield from artist.settle()
    with artist.override("IMAGE_EDITOR"):
        try:
            bpy.ops.maquette.model_from_image()
        except RuntimeError as error:
            why = str(error)
    assert "No image is open in this editor" in why
    yield from image_menu(artist)
    artist.picture("no-image")
    assert region(artist) is None
    yield from artist.key("ESC")

    editor.image = image = bpy.data.images.new("sketch", 64, 64)
    image.generated_color = (1, 0, 0, 1)
    image.pixels[: 64 * 32 * 4] = (0, 0, 1, 1) * (64 * 32)
    assert image.is_dirty
    yield from order(artist)
    artist.picture("painted")

    # An engine without Python: where Cycles' thread and a timer met, 4.3.2 refused every change of
    # data from then on.
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = 40, 24
    scene.render.dither_intensity = 0.0
    scene.view_settings.view_transform = "Standard"
    scene.world.color = (0, 1, 0)
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.context.preferences.view.render_display_type = "NONE"
    rendered = []
    bpy.app.handlers.render_complete.append(lambda *_: rendered.append(True))
    yield from artist.key("F12")
    # The handler is called by the job itself, which ends one of the main loop's turns later: until
    # then the entry is grey, as the picture may still change.
    yield from artist.until(
        lambda: rendered and not bpy.app.is_job_running("RENDER"), 30, "the render"
    )
    editor.image = bpy.data.images["Render Result"]
    yield from order(artist)
    artist.picture("rendered")


def order(artist):
    """By the menu, the dialog and Enter. The job need not end."""
    import bpy

    before = len(artist.session.tasks())
    yield from image_menu(artist)
    yield from dialog(artist)
    artist.picture(f"dialog-{before}")
    yield from artist.key("RET")
    yield from closed(artist)
    yield from artist.until(
        lambda: len(artist.session.tasks()) > before and artist.task().accepted, 20, "the service"
    )
    assert artist.task().request.prompt == ""
    assert bpy.context.scene.maquette.prompt == "a stone well"
    bpy.ops.maquette.cancel(task_id=artist.task().id)


def image_menu(artist):
    """Our entry is the last one there."""
    import bpy

    shown = artist.region("IMAGE_EDITOR", "WINDOW")
    yield from artist.move(shown.x + shown.width * 0.4, shown.y + shown.height * 0.6)
    with artist.override("IMAGE_EDITOR"):
        bpy.ops.wm.call_menu(name="IMAGE_MT_image")
    yield 0.2
    yield from artist.key("END")
    yield from artist.key("RET")


def search(artist, words):
    """F3, for what is in menus."""
    yield from artist.to_view()
    yield from artist.key("F3")
    yield 0.3
    yield from artist.type(words)
    yield 0.3
    artist.picture("search")
    yield from artist.key("RET")


def status_bar(artist):
    """A list to which is added what our part of it says, each time it is drawn."""
    from tests.window import stage

    module = stage.module(artist, "panels.status")
    line, told = module.line, []

    def overheard(now):
        told.append(line(now))
        return told[-1]

    module.line = overheard
    return told


def add_menu(artist, entry):
    """Shift+A; our menu is the last one there."""
    yield from artist.to_view()
    yield from artist.key("A", shift=True)
    yield 0.3
    yield from artist.key("END")
    yield from artist.key("RIGHT_ARROW")
    yield 0.2
    for _ in range(entry - 1):
        yield from artist.key("DOWN_ARROW")
    yield from artist.key("RET")


def dialog(artist):
    """Waits until it is there, with its text field open."""
    yield from artist.until(lambda: region(artist), 10, "the dialog")
    yield 0.3


def closed(artist):
    yield from artist.until(lambda: not region(artist), 5, "the dialog to close")


def region(artist):
    from tests.window import stage

    return stage.module(artist, "panels.dialog")._region
