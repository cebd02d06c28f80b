"""Blender's auto-save goes on while a job of minutes runs, and not while a modal operator does.

That is why no operator of ours lives for long: while any is running, in any window, Blender puts
its auto-save off by ten seconds, again and again (`wm_autosave_timer`,
source/blender/windowmanager/intern/wm_files.cc).
"""

from tests.window import mid_job
from tests.window.scenario import scenario

EVERY = 1  # minutes between auto-saves, the least Blender takes
LONG, SHORT = 300.0, 80.0  # seconds a job takes


def five_minutes(sandbox):
    sandbox.seconds = LONG
    yield
    assert len(sandbox.charges) == 1


def over_a_minute(sandbox):
    sandbox.seconds = SHORT
    yield
    assert len(sandbox.charges) == 1


def works_until(artist, done, saved, most):
    """An edit every 20 s until `done`. saved: gets (seconds since the start, file's name) for each
    auto-save."""
    import os
    import time
    from pathlib import Path

    import bpy

    # Two redraws a second take a fifth of a core from the other scenarios, and nothing from this.
    artist.session.REDRAW = 10.0
    bpy.context.preferences.filepaths.auto_save_time = EVERY
    folder = Path(os.environ["TMPDIR"])
    known, begun, edited = {}, time.monotonic(), -20.0
    while not done():
        now = time.monotonic() - begun
        assert now < most, f"not done after {most:g} s"
        for file in folder.rglob("*autosave*.blend"):
            changed = file.stat().st_mtime_ns
            if known.get(file) != changed:
                known[file] = changed
                saved.append((round(now), file.name))
                artist.say(f"auto-save after {now:.0f} s: {file.name}")
        if now - edited >= 20:
            edited = now
            yield from mid_job.edit(artist)
        yield 0.5


@scenario(service=five_minutes, online=True, idle=True, size=(1000, 800), seconds=LONG + 120)
def test_auto_save_during_a_long_job(artist):
    saved = []
    yield from artist.open_sidebar()
    yield from mid_job.begin(artist)
    yield from works_until(artist, artist.models, saved, LONG + 60)
    artist.say(f"auto-saves during {LONG:g} s: {saved}")
    assert len(saved) >= 4


@scenario(service=over_a_minute, online=True, idle=True, size=(1000, 800), seconds=SHORT + 120)
def test_none_while_a_modal_operator_runs(artist):
    """As other extensions wait: by an operator with a timer that lives as long as their job. It is
    disabled in the end as it runs; then come the auto-save and the model that wait for it."""
    import bpy

    saved, later = [], []
    yield from artist.open_sidebar()
    yield from mid_job.begin(artist)
    listening = mid_job.listener(every=0.5)
    yield from artist.to_view()
    with artist.override():
        bpy.ops.scenario.listen("INVOKE_DEFAULT")
    yield from works_until(artist, lambda: artist.task().state.name == "READY", saved, SHORT + 60)
    artist.say(f"auto-saves during {SHORT:g} s beside it: {saved}")
    assert saved == []
    assert "Listening is still running." in mid_job.row(artist)
    assert not artist.models()
    bpy.context.window_manager.event_timer_remove(listening.timer)
    bpy.utils.unregister_class(listening)
    yield 0.5  # a few ticks, which must not mind what is left of the operator
    yield from artist.to_view()
    yield from artist.until(artist.models, 10, "the model")
    yield from works_until(artist, lambda: later, later, 30)
