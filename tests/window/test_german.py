"""The whole way of the first click, in German. What the words are: translations/de.py."""

from tests.window import mid_job
from tests.window.scenario import scenario

PROMPT = "eine Vase in Grün"


@scenario(only=-1, network=False, language="de_DE")
def test_german(artist):
    import subprocess

    import bpy

    from tests.window.stage import Service

    yield from artist.open_sidebar()
    artist.picture("form")
    yield from artist.fill("maquette.prompt", PROMPT)
    service = Service(artist)
    yield from service.begin(PROMPT)
    yield from artist.screenshot("running")
    yield from service.finish()
    yield from artist.until(artist.models, 20, "the model in the scene")
    yield from artist.until(
        lambda: artist.task().state.name == "IMPORTED", 5, "the task to be imported"
    )
    yield from artist.to_view()
    yield from artist.screenshot("model")
    assert mid_job.row(artist).startswith("Importiert, ")
    assert mid_job.row(artist).endswith(" Dreiecke")
    # Labels and tooltips that Blender translates by itself.
    words = bpy.app.translations
    assert words.pgettext_iface("Generate", "Operator") == "Erzeugen"
    assert artist.task().title == PROMPT
    # The command line stays English, for programs that read it.
    bpy.ops.wm.save_userpref()
    command = [bpy.app.binary_path, "--command", "maquette", "tasks"]
    listed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert " Imported " in listed.stdout, listed.stdout
    assert "Importiert" not in listed.stdout
