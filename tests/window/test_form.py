"""The form: pictures, why a button is grey, keys, money."""

from tests.window import seen
from tests.window.scenario import scenario


def one_picture_job(sandbox):
    """The picture reached the service as a PNG, whole."""
    sandbox.seconds = 1
    yield
    assert [protocol for protocol, *_ in sandbox.charges] == ["rodin"]
    job = sandbox.charges[0][1]
    sent = (sandbox.folder / "jobs" / job / "picture").read_bytes()
    assert sent.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(sent[n : n + 4], "big") for n in (16, 20))
    assert (width, height) == (96, 64)


@scenario(online=True, service=one_picture_job)
def test_picture(artist):
    """A picture through the file browser, by hand; a model comes of it."""
    import bpy

    file = artist.folder / "photos" / "red chair.jpg"
    paint(file, (0.9, 0.02, 0.3))
    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "rodin")
    yield from artist.click("maquette.picture_add")
    yield from browse_to(artist, file)
    listed = bpy.context.scene.maquette.pictures
    yield from artist.until(lambda: len(listed) == 1, 10, "the picture in the list")
    assert bpy.path.abspath(listed[0].filepath) == str(file)
    assert listed[0].label == "red chair.jpg"
    yield from artist.until(lambda: not seen.why_grey(artist, "maquette.generate"), 5, "Generate")
    yield from artist.screenshot("listed")
    sidebar = artist.region()
    pixels = red(artist, "listed")[sidebar.y :, sidebar.x : sidebar.x + sidebar.width]
    assert pixels.mean() > 0.01, f"{pixels.mean():.2%} of the sidebar are red: no thumbnail"
    yield from artist.click("maquette.generate")
    yield from artist.until(lambda: artist.models(), 40, "the model in the scene")
    task = artist.task()
    assert task.request.prompt == ""
    assert [name.rpartition(".")[2] for name in task.request.pictures] == ["png"]
    assert file.is_file()
    yield from artist.screenshot("model")


def paint(file, color):
    import bpy

    file.parent.mkdir()
    image = bpy.data.images.new("photo", 96, 64)
    image.pixels.foreach_set([*color, 1.0] * (96 * 64))
    image.file_format = "JPEG"
    image.save(filepath=str(file))
    bpy.data.images.remove(image)


def browse_to(artist, file):
    """The file browser is a window of its own: its path, its name, its button."""
    import bpy

    windows = bpy.context.window_manager.windows
    yield from artist.until(lambda: len(windows) > 1, 10, "the file browser")
    artist.window_number = -1
    yield from artist.settle()
    yield from artist.fill("params.directory", str(file.parent), "FILE_BROWSER", "UI")
    # Blender 5.2 stays in the field until there is a click beside it.
    names = artist.region("FILE_BROWSER", "WINDOW")
    yield from artist.click_at(names.x + names.width / 2, names.y + 40)
    yield from artist.settle()
    # Its field for the name, which Blender 5.2 tells nothing about, is left of its buttons.
    x, y = yield from artist.find("file.cancel", "FILE_BROWSER", "EXECUTE")
    yield from artist.click_at(x / 2, y)
    yield from artist.key("A", ctrl=True)
    yield from artist.type(file.name)
    yield from artist.key("RET")
    yield from artist.screenshot("browser")
    yield from artist.click("file.execute", "FILE_BROWSER", "EXECUTE")
    artist.window_number = 0
    yield from artist.until(lambda: len(windows) == 1, 10, "the file browser to close")
    yield from artist.settle()


def red(artist, picture):
    """Of each pixel of a screenshot, from the bottom up, whether it is red."""
    import bpy
    import numpy as np

    image = bpy.data.images.load(str(artist.folder / f"{picture}.png"))
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(image.size[1], image.size[0], 4)
    bpy.data.images.remove(image)
    return (pixels[..., 0] > 0.5) & (pixels[..., 1] < 0.4) & (pixels[..., 2] < 0.4)


@scenario(only=0, network=False)
def test_reasons(artist):
    """Every grey button says why: in its tooltip, and the form in words below it."""
    import bpy

    generate = "maquette.generate"
    yield from artist.open_sidebar()
    nothing = "There is nothing to make a model from. Type a prompt or add a picture."
    assert seen.why_grey(artist, generate) == nothing
    assert nothing in seen.said(artist)
    yield from artist.to_view()
    yield from artist.screenshot("no-tooltip")
    yield from artist.hover(generate)
    yield from artist.screenshot("tooltip")
    if bpy.app.version >= (5, 0):  # 4.3 shows no tooltips while events are simulated
        assert red(artist, "tooltip").sum() > red(artist, "no-tooltip").sum() + 300
    empty = "The list of pictures is empty"
    for verb in ("remove", "move", "clear"):
        assert seen.why_grey(artist, f"maquette.picture_{verb}") == empty

    # A click on it does nothing.
    yield from artist.click(generate)
    assert artist.task() is None

    offline = "Blender is set to work offline. Turn on Allow Online Access in Preferences > System."
    yield from artist.choose("maquette.service", "triverse")
    for name in (generate, "maquette.balance", "maquette.quote"):
        assert seen.why_grey(artist, name) == offline
    assert offline in seen.said(artist)
    yield from artist.screenshot("offline")
    yield from artist.click("screen.userpref_show")
    yield from artist.until(lambda: len(windows()) > 1, 10, "the preferences")
    artist.window_number = -1
    yield from artist.settle()
    yield from artist.click("use_online_access", "PREFERENCES", "WINDOW")
    assert bpy.app.online_access
    close_window(artist)

    no_key = "Triverse needs a key. Enter yours in the add-on's preferences"
    for name in (generate, "maquette.balance", "maquette.quote"):
        assert seen.why_grey(artist, name).startswith(no_key), seen.why_grey(artist, name)
    assert no_key in seen.said(artist)
    yield from artist.find("preferences.addon_show")
    yield from artist.find("wm.url_open")
    yield from artist.screenshot("no-key")

    yield from artist.choose("maquette.service", "sandbox")
    yield from artist.fill("maquette.prompt", "an egg")
    yield from artist.click(generate)
    yield from artist.until(lambda: artist.models(), 40, "the model in the scene")
    yield from artist.to_view()
    yield from artist.key("TAB")
    yield from artist.until(lambda: bpy.context.mode == "EDIT_MESH", 5, "Edit Mode")
    assert seen.why_grey(artist, "maquette.receive") == "Leave Edit Mode first."
    yield from artist.hover("maquette.receive")
    yield from artist.screenshot("edit-mode")
    yield from artist.click("maquette.receive")
    yield 0.5
    assert len(artist.models()) == 1
    yield from artist.to_view()
    yield from artist.key("TAB")
    assert not seen.why_grey(artist, "maquette.receive")


def windows():
    import bpy

    return bpy.context.window_manager.windows


def close_window(artist):
    """The one in hand, then go on in the first; nobody manages windows here, so it has no frame."""
    import bpy

    with bpy.context.temp_override(window=artist.window):
        bpy.ops.wm.window_close()
    artist.window_number = 0


def knows_one_key(sandbox):
    """A wrong key costs nothing."""
    sandbox.triverse.wrong_key_status = 401
    sandbox.seconds = 1
    yield
    orders = [path for method, path, _ in sandbox.requests if path.endswith("/text-to-model")]
    assert len(orders) == 2, orders
    assert [protocol for protocol, *_ in sandbox.charges] == ["triverse"]


@scenario(only=0, online=True, service=knows_one_key, expected=("Triverse did not accept the key",))
def test_wrong_key(artist):
    """It is refused in words; the right one, typed into the preferences, makes it work, and lies
    nowhere but in its own file."""
    import os
    import stat

    import bpy

    right = os.environ.pop("TRIVERSE_API_KEY")
    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "triverse")
    yield from artist.fill("maquette.prompt", "a brass key")
    yield from artist.click("preferences.addon_show")
    yield from enter_key(artist, "wrong-key-0123456789")
    yield from artist.click("maquette.generate")
    failed = "Triverse did not accept the key. Check the key; it comes from the preferences."
    yield from artist.until(lambda: failed in seen.log(artist), 20, "the report")
    yield from artist.screenshot("refused")
    assert artist.task().state.name == "FAILED"
    assert failed in seen.said(artist)
    assert artist.task().accepted is None

    # Away from the report, and to the preferences as everybody knows them.
    yield from artist.to_view()
    yield from artist.key("ESC")
    yield from artist.key("COMMA", ctrl=True)
    yield from enter_key(artist, right)
    file = artist.session.folders().keys
    assert right in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    yield from artist.click("maquette.retry")
    yield from artist.until(lambda: artist.models(), 40, "the model in the scene")
    bpy.ops.wm.save_userpref()
    blend = artist.folder / "saved.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=False)
    profile = artist.folder / "profile"
    holders = [p for p in profile.rglob("*") if p.is_file() and right.encode() in p.read_bytes()]
    assert holders == [file]
    assert (profile / "config" / "userpref.blend").read_bytes()[:7] == b"BLENDER"
    assert blend.read_bytes()[:7] == b"BLENDER"
    assert right.encode() not in blend.read_bytes()
    assert right not in seen.log(artist)


def enter_key(artist, key):
    """Into the window of the preferences, which opens at ours, and is closed again."""
    yield from artist.until(lambda: len(windows()) > 1, 10, "the preferences")
    artist.window_number = -1
    yield from artist.settle()
    yield from artist.fill("triverse_key", key, "PREFERENCES", "WINDOW")
    yield from artist.screenshot("preferences")
    close_window(artist)
    yield from artist.settle()


def little_money(sandbox):
    """Asking costs nothing; the account is filled up between two askings."""
    from tests.services import faults

    sandbox.triverse.balance = 7.0
    filled_up = faults.json({"code": 0, "message": "ok", "data": {"balance": 500, "frozen": 20}})
    sandbox.intercept = faults.on(faults.TRIVERSE_BALANCE, filled_up, times=None, after=1)
    yield
    assert not sandbox.charges
    assert [path.rpartition("/")[2] for _, path, _ in sandbox.requests] == [
        "quote",
        "balance",
        "balance",
        "quote",
    ]


@scenario(only=0, online=True, service=little_money)
def test_money(artist):
    """Price and balance come by a click; too little money is said, and no longer when there is
    more. The price then follows the form."""
    import bpy

    yield from artist.open_sidebar()
    yield from artist.choose("maquette.service", "triverse")
    assert "Price Not asked yet" in seen.said(artist)
    assert "Balance Not asked yet" in seen.said(artist)
    yield from artist.click("maquette.quote")
    yield from shown(artist, "Price 120 credits")
    assert "lower than the price" not in seen.said(artist)
    yield from artist.click("maquette.balance")
    yield from shown(artist, "Balance 7 credits")
    assert "The balance is lower than the price." in seen.said(artist)
    yield from artist.screenshot("too-little")
    yield from artist.click("maquette.balance")
    yield from shown(artist, "Balance 500 credits, 20 more held for running jobs")
    assert "lower than the price" not in seen.said(artist)
    yield from artist.screenshot("enough")
    bpy.context.scene.maquette.options_triverse.output = "mesh"
    artist.region().tag_redraw()
    yield from shown(artist, "Price 60 credits")


def shown(artist, words):
    yield from artist.until(lambda: words in seen.said(artist), 10, f"“{words}”")
