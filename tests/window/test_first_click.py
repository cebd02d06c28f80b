"""Freshly installed, no key, no network: what somebody does who wants to see what it is."""

from tests.window.scenario import scenario


@scenario(network=False)
def test_first_click(artist):
    """Tab, prompt, Generate: a model. Ctrl+Z takes exactly it away, Ctrl+Shift+Z brings it back."""
    import bpy

    def names():
        return sorted(o.name for o in bpy.data.objects)

    before = names()
    yield from artist.open_sidebar(click_the_tab=True)
    yield from artist.screenshot("first-run")
    yield from artist.fill("maquette.prompt", "a tall blue porcelain vase")
    assert bpy.context.scene.maquette.prompt == "a tall blue porcelain vase"
    yield from artist.click("maquette.generate")
    yield from artist.until(lambda: artist.models(), 40, "the model in the scene")
    with_model = names()
    came = set(with_model) - set(before)
    assert came
    assert set(before) < set(with_model)
    yield from artist.screenshot("model")
    yield from artist.to_view()
    yield from artist.key("Z", ctrl=True)
    yield from artist.until(lambda: names() == before, 5, "Ctrl+Z to remove the model")
    yield from artist.screenshot("undone")
    yield from artist.key("Z", ctrl=True, shift=True)
    yield from artist.until(lambda: names() == with_model, 5, "Ctrl+Shift+Z to bring it back")
    assert artist.task().state.name == "IMPORTED"
