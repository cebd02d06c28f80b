"""Scenarios that must fail: test_harness.py plays them. Each does one kind of harm."""

from tests.window.scenario import next_start, scenario

PACKAGE = "bl_ext.user_default.maquette"


@scenario(network=False)
def raises(artist):
    yield 0.1
    assert artist.models(), "there is no model"


@scenario(network=False)
def waits_in_vain(artist):
    yield from artist.until(lambda: False, 0.5, "the impossible")


@scenario(network=False)
def misses_a_button(artist):
    yield from artist.find("maquette.no_such_thing", area="DOPESHEET_EDITOR", region="HEADER")


@scenario(network=False)
def leaves_things(artist):
    import subprocess
    import sys
    import threading
    import time

    import bpy

    def left_behind(*_):
        return 1.0

    left_behind.__module__ = f"{PACKAGE}.session"
    bpy.app.timers.register(left_behind, persistent=True)
    bpy.app.handlers.load_post.append(left_behind)
    bpy.types.VIEW3D_MT_add.append(left_behind_menu())
    threading.Thread(target=time.sleep, args=(60,), name="left-behind", daemon=True).start()
    artist.child = subprocess.Popen(["sleep", "60"])
    assert sys.modules[f"{PACKAGE}.session"] is artist.session
    yield 0.1


def left_behind_menu():
    def draw(menu, context):
        pass

    draw.__module__ = f"{PACKAGE}.panels"
    return draw


@scenario(network=False)
def says_wrong_things(artist):
    import sys
    import threading

    import bpy

    def fail():
        raise OSError("in a thread")

    class MAQUETTE_OT_complains(bpy.types.Operator):
        bl_idname = "maquette.complains"
        bl_label = "Complain"

        def invoke(self, context, event):
            self.report({"ERROR"}, "Something is rotten")
            return {"CANCELLED"}

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    # As if it were a file of ours: what counts is where a warning points to.
    code = compile(
        "import warnings; warnings.warn('old', DeprecationWarning)",
        sys.modules[PACKAGE].__file__,
        "exec",
    )
    exec(code, {"__name__": PACKAGE})
    bpy.utils.register_class(MAQUETTE_OT_complains)
    complained = []
    bpy.app.timers.register(lambda: complained.append(complain(artist)))
    yield from artist.until(lambda: complained, 30, "the complaint")
    bpy.utils.unregister_class(MAQUETTE_OT_complains)


def complain(artist):
    import bpy

    try:
        with artist.override():
            bpy.ops.maquette.complains("INVOKE_DEFAULT")
    except RuntimeError:
        pass


@scenario(network=False)
def crashes(artist):
    import os
    import signal

    yield 0.1
    os.kill(os.getpid(), signal.SIGSEGV)
    yield 5.0


@scenario(network=False, seconds=8)
def hangs(artist):
    """A host that does not wait for it: see test_harness.py."""
    import time

    yield 0.1
    time.sleep(300)


@scenario(network=False)
def is_killed(artist):
    """Not broken: what the start after it has to find."""
    (artist.folder / "kept.txt").write_text("here")
    yield 0.1
    artist.die()


@next_start(is_killed)
def comes_back(artist):
    assert (artist.folder / "kept.txt").read_text() == "here"
    yield from artist.quit()
