"""`make screenshots`: the docs' pictures, docs/images/*.png, taken in a real window.

Scenarios as in tests/window; each leaves one picture. Those with a service show Triverse's panel
and speak to a practice service on this machine. Look at each one before it is committed.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from tests.window.scenario import scenario  # noqa: E402

BLENDER = "5.2.2"
SIZE = (1280, 800)
TALL = (1280, 960)
LIMIT_BYTES = 300_000
WIDER = 60  # pixels more than the sidebar has by itself


def slow(sandbox):
    sandbox.seconds = 60
    yield


def without_credits(sandbox):
    from tests.services import faults

    refusal = faults.triverse_error(2010, 403)
    sandbox.intercept = faults.on(faults.TRIVERSE_CREATE, refusal, times=None)
    yield


def stage(artist):
    """Our tab open and a little wider, edges smooth, no default cube."""
    import bpy

    bpy.context.preferences.system.viewport_aa = "8"
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    yield from artist.open_sidebar()
    yield from artist.widen_sidebar(WIDER)


def take(artist, part=""):
    """part: of the window, as ImageMagick's -crop has it."""
    yield from artist.screenshot("picture")
    picture = artist.folder / "picture.png"
    crop = ["-crop", part, "+repage"] if part else []
    # A palette makes a third of it, and nobody sees the difference.
    palette = ["+dither", "-colors", "250", f"PNG8:{picture}"]
    subprocess.run(["convert", picture, *crop, *palette], check=True)


@scenario(network=False, size=SIZE)
def first_run(artist):
    yield from stage(artist)
    yield from artist.to_view()
    yield from take(artist)


@scenario(service=slow, online=True, size=TALL, seconds=170)
def running(artist):
    yield from stage(artist)
    yield from artist.choose("maquette.service", "triverse")
    for number, prompt in enumerate(("a tall blue porcelain vase", "a stone well"), 1):
        yield from artist.fill("maquette.prompt", prompt)
        yield from artist.click("maquette.generate")
        yield from artist.until(
            lambda number=number: sum(bool(t.accepted) for t in artist.session.tasks()) == number,
            20,
            "the service to take it",
        )
        yield 1.5
    yield from artist.until(
        lambda: all((task.share or 0) > 0.25 for task in artist.session.tasks()), 60, "bars"
    )
    yield from artist.to_view()
    yield from take(artist)


@scenario(network=False, size=SIZE)
def result(artist):
    import bpy

    yield from stage(artist)
    yield from artist.fill("maquette.prompt", "a tall blue porcelain vase")
    yield from artist.click("maquette.generate")
    yield from artist.until(lambda: artist.models(), 60, "the model")
    artist.area().spaces.active.shading.type = "MATERIAL"
    yield from artist.click("maquette.select")
    with artist.override():
        bpy.ops.view3d.view_selected()
    yield from artist.to_view()
    yield 8.0  # materials are compiled, and the result's picture is loaded
    yield from take(artist)


@scenario(service=without_credits, online=True, size=TALL, expected=(".",))
def error(artist):
    yield from stage(artist)
    yield from artist.choose("maquette.service", "triverse")
    yield from artist.fill("maquette.prompt", "a stone well with a wooden roof")
    yield from artist.click("maquette.generate")
    yield from artist.until(
        lambda: artist.task() and artist.task().state.name == "FAILED", 30, "the refusal"
    )
    yield 3.0
    yield from artist.key("ESC")
    yield from artist.to_view()
    yield from take(artist)


@scenario(online=True, size=SIZE)
def preferences(artist):
    import bpy

    yield 0.1
    artist.area().type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.ops.preferences.addon_show(module="bl_ext.user_default.maquette")
    yield 1.0
    # Below stand folders of the machine it is taken on.
    yield from take(artist, "850x228+180+280")


PICTURES = {
    "first-run": first_run,
    "running": running,
    "result": result,
    "error": error,
    "preferences": preferences,
}


def main() -> None:
    import windows

    from tests.window import host
    from tests.window.scenario import scenario_of

    wanted = sys.argv[1:] or list(PICTURES)
    blender = windows.find(BLENDER)
    for name in wanted:
        play = PICTURES[name]
        host.perform(blender, Path(__file__), play.__name__, scenario_of(play))
        taken = ROOT / ".nox" / "window" / blender.name / play.__name__ / "picture.png"
        size = taken.stat().st_size
        if size > LIMIT_BYTES:
            sys.exit(f"{taken} has {size:,} bytes, more than {LIMIT_BYTES:,}.")
        shutil.copy(taken, ROOT / "docs" / "images" / f"{name}.png")
        print(f"docs/images/{name}.png: {size:,} bytes")


if __name__ == "__main__":
    main()
