"""What an artist's window feels of Maquette: silences of a heartbeat, and time spent drawing.

In real windows (tools/windows.py), each figure beside its baseline in the same Blender:
- the longest silence of a 5 ms timer while Blender idles with the sidebar open, while it idles and
  the sidebar is drawn twice a second (Blender's own share in what follows), while three Sandbox
  jobs run, and while their three models are imported (20,000 triangles each);
- the Python time of our panels per redraw with 0, 10 and 100 tasks.

    python bench/window.py [--write] [4.3.2 …]

The software renderer and the simulated input keep the main loop slow: compare, do not quote.
"""

import itertools
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IDLE = 10.0  # seconds
REDRAWS = 200
TASKS = (0, 10, 100)


# --- inside Blender ---------------------------------------------------------------------------


def heartbeat():
    """A timer function, and the moments at which Blender called it."""
    beats = []

    def beat():
        beats.append(time.perf_counter())
        return 0.005

    return beat, beats


def silences(beats, since):
    """Milliseconds between beats: the longest, the 99th percentile, the median."""
    times = [moment for moment in beats if moment >= since]
    gaps = sorted(1000 * (b - a) for a, b in itertools.pairwise(times))
    return {
        "longest": gaps[-1],
        "p99": gaps[int(len(gaps) * 0.99)],
        "median": gaps[len(gaps) // 2],
        "seconds": times[-1] - times[0],
    }


def test_heartbeat(artist):
    import bpy

    preferences = bpy.context.preferences.addons["bl_ext.user_default.maquette"].preferences
    preferences.import_when_ready = False
    found = {}
    yield from artist.open_sidebar()
    yield from artist.fill("maquette.prompt", "a tall blue porcelain vase")
    x, y = yield from artist.find("maquette.generate")
    yield from artist.to_view()
    beat, beats = heartbeat()
    bpy.app.timers.register(beat)
    yield 1.0
    since = time.perf_counter()
    yield IDLE
    found["idle"] = silences(beats, since)
    since = time.perf_counter()
    for _ in range(20):
        artist.region().tag_redraw()
        yield 0.5
    found["idle, redrawn"] = silences(beats, since)
    since = time.perf_counter()
    for _ in range(3):
        yield from artist.click_at(x, y)
        yield 1.1  # clicks within a second are one
    yield from artist.to_view()
    yield from artist.until(
        lambda: sum(task.state.name == "READY" for task in artist.session.tasks()) == 3,
        60,
        "three models in the library",
    )
    found["three jobs"] = silences(beats, since)
    since = time.perf_counter()
    for task in list(artist.session.tasks()):
        with artist.override():
            bpy.ops.maquette.receive("INVOKE_DEFAULT", task_id=task.id, select=True)
        state = artist.session.task
        yield from artist.until(
            lambda task=task, state=state: state(task.id).state.name == "IMPORTED", 30, "an import"
        )
    yield 0.5
    found["three imports"] = silences(beats, since)
    bpy.app.timers.unregister(beat)
    (artist.folder / "heartbeat.json").write_text(json.dumps(found))


def test_draw(artist):
    import sys

    import bpy

    package = "bl_ext.user_default.maquette"
    spent = []

    def timed(draw):
        def draw_timed(self, context):
            start = time.perf_counter()
            draw(self, context)
            spent[-1] += 1000 * (time.perf_counter() - start)

        return draw_timed

    yield from artist.open_sidebar()
    kinds = (bpy.types.MAQUETTE_PT_generate, bpy.types.MAQUETTE_PT_tasks)
    kept = [(kind, name, getattr(kind, name)) for kind in kinds for name in vars(kind)]
    kept = [(kind, name, found) for kind, name, found in kept if name.startswith("draw")]
    for kind, name, found in kept:
        setattr(kind, name, timed(found))
    figures = {}
    for count in TASKS:
        tell_tasks(sys.modules[package], count)
        spent.clear()
        for _ in range(REDRAWS):
            spent.append(0.0)
            artist.region().tag_redraw()
            yield 0.02
        drawn = sorted(time for time in spent if time)
        figures[count] = {
            "median": drawn[len(drawn) // 2],
            "max": drawn[-1],
            "redraws": len(drawn),
        }
    for kind, name, found in kept:
        setattr(kind, name, found)
    tell_tasks(sys.modules[package], 0)
    (artist.folder / "draw.json").write_text(json.dumps(figures))


def tell_tasks(maquette, count):
    """As the engine does, so that the list holds so many: a mixture as it stands in one's day."""
    import importlib

    model = importlib.import_module(f"{maquette.__name__}.core.model")
    notices = importlib.import_module(f"{maquette.__name__}.core.notices")
    session = importlib.import_module(f"{maquette.__name__}.session")
    for task in list(session.tasks()):
        session._inbox.put(notices.TaskRemoved(task.id))
    states = list(model.TaskState)
    now = time.time()
    for number in range(count):
        state = states[number % len(states)]
        task = model.Task(
            id=f"{number:032x}",
            request=model.GenerationRequest("rodin", f"a wooden chair with {number} carved legs"),
            state=state,
            accepted=model.Accepted("job", cost=0.5, at=now - 60),
            created=now - number,
            share=0.4 if state is model.TaskState.GENERATING else None,
            message="The service said no." if state is model.TaskState.FAILED else "",
            advice="Ask it nicely." if state is model.TaskState.FAILED else "",
            triangles=20_000,
            folder="/nowhere",
        )
        session._inbox.put(notices.TaskChanged(task))
    while not session._inbox.empty():
        session.tick()


# --- on this machine --------------------------------------------------------------------------


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
    import windows

    from tests.window import host
    from tests.window.scenario import Scenario

    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    lines = []
    for name in wanted or windows.names():
        try:
            blender = windows.find(name)
        except windows.Missing as error:
            print(f"Blender {name}: not measured. {error}")
            continue
        results = {}
        for play, kept in ((test_heartbeat, "heartbeat"), (test_draw, "draw")):
            host.perform(blender, Path(__file__), play.__name__, Scenario(starts=[play]))
            folder = ROOT / ".nox" / "window" / blender.name / play.__name__
            results[kept] = json.loads((folder / f"{kept}.json").read_text())
        idle = results["heartbeat"]["idle"]["longest"]
        lines.append(f"Blender {name}, a 5 ms timer's silences (longest, 99th percentile, median):")
        for what, found in results["heartbeat"].items():
            lines.append(
                f"  {what:14} {found['longest']:7.1f} ms {found['p99']:7.1f} ms"
                f" {found['median']:6.1f} ms in {found['seconds']:4.1f} s,"
                f" {found['longest'] / idle:5.1f} × idle"
            )
        lines.append(f"Blender {name}, our panels' Python per redraw (median, longest):")
        for count, found in results["draw"].items():
            lines.append(
                f"  {int(count):4} tasks     {found['median']:7.2f} ms {found['max']:7.2f} ms"
                f" of {found['redraws']} redraws"
            )
    print("\n".join(lines))
    if "--write" in sys.argv and lines:
        kept = ROOT / "bench" / "results" / "window.txt"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
