"""Little room: a narrow sidebar, a long prompt, a large interface."""

from tests.window import seen
from tests.window.scenario import scenario

LONG = (
    "a medieval watch tower of rough grey stone with a crooked wooden roof, moss on its north"
    " side, a small door and three lanterns"
)


@scenario(network=False)
def test_little_room(artist):
    """A sidebar of 180 pixels, a long prompt, the interface at 1.5: nothing that matters is cut,
    and every button is there to be clicked."""
    import bpy

    yield from artist.open_sidebar()
    yield from artist.widen_sidebar(180 - artist.region().width)
    assert artist.region().width <= 190
    artist.picture("first")
    wrong = cut(artist)
    bpy.context.scene.maquette.prompt = LONG
    yield from artist.settle()
    yield from artist.click("maquette.generate")
    yield from artist.until(lambda: artist.models(), 40, "the model in the scene")
    assert artist.task().request.prompt == LONG
    for name in ("select", "receive", "open_folder", "remove"):
        yield from artist.find(f"maquette.{name}")  # looks inside the region
    artist.picture("task")
    wrong += cut(artist)
    bpy.context.scene.maquette.service = "triverse"
    yield from artist.settle()
    yield from artist.find("maquette.generate")
    artist.picture("form")
    wrong += cut(artist)

    # The sidebar becomes wider with it, and longer than the window is high.
    bpy.context.preferences.view.ui_scale = 1.5
    yield from artist.settle()
    artist.picture("large")
    wrong += cut(artist)
    yield from artist.scroll(-20)
    yield from artist.find("maquette.open_folder")
    artist.picture("end")
    assert not wrong, wrong


def cut(artist):
    """The texts of our panels, on labels and buttons, that are wider than their place. How wide
    that is follows from the sidebar's width and the layout above it."""
    import bpy

    line = 20 * bpy.context.preferences.system.ui_scale
    # What is left of the region as seen in 4.3.2 and 5.2.2: the width of the button Generate.
    inside = artist.region().width - 2.6 * line
    found = []
    for panel in (seen.form(artist), seen.tasks(artist)):
        for where, name, arguments, _ in panel.drawn():
            if name not in ("label", "operator") or not arguments.get("text"):
                continue
            if name == "label" and arguments["text"].endswith("…"):
                continue  # shortened by us: a title, a long prompt
            needs = text_width(arguments["text"]) + 0.25 * line  # UI_TEXT_CLIP_MARGIN
            if arguments.get("icon", "NONE") != "NONE":
                needs += line
            if needs > room(where, arguments, inside, line):
                found.append(arguments["text"])
    return found


def text_width(text):
    import blf
    import bpy

    scale = bpy.context.preferences.system.ui_scale
    blf.size(0, bpy.context.preferences.ui_styles[0].widget.points * scale)
    return blf.dimensions(0, text)[0]


def room(layout, thing, width, line):
    """Pixels for one thing in a layout that is part of one as wide as `width`."""
    number = number_of(layout, thing)
    if layout.parent is None:
        return width
    kind, options, _ = layout.parent.calls[number_of(layout.parent, layout)]
    width = room(layout.parent, layout, width, line)
    if kind == "box":
        return width - 0.5 * line
    if kind == "split":
        return width * (1 - options["factor"] if number else options["factor"])
    if kind == "row":
        others = [call for n, call in enumerate(layout.calls) if n != number]
        pictures = [a.get("scale", 1) for name, a, _ in others if "icon" in name + " ".join(a)]
        return width - line * sum(pictures)
    return width


def number_of(layout, thing):
    for number, (_, arguments, result) in enumerate(layout.calls):
        if thing is arguments or thing is result or (isinstance(result, tuple) and thing in result):
            return number
    raise AssertionError("it is not drawn there")
