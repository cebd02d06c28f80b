"""What an artist feels, measured inside a real window: the scenarios of bench/responsiveness.py.

They are played as those of tests/window are (scenario.py there). MAQUETTE_BENCH says what to do, a
JSON object; the figures go into <scenario's folder>/figures.json. Times are of time.perf_counter
unless said otherwise, durations in milliseconds, sizes in MiB.

A silence is the time between two calls of a timer that asks to be called every 5 ms: for so long
Blender neither draws nor takes a click.
"""

import bisect
import itertools
import json
import os
import subprocess
import time
from pathlib import Path

IDLE = 10.0  # seconds
TICKS = 30.0  # seconds of ticks with so many open tasks
REDRAWS = 100


def asked():
    return json.loads(os.environ["MAQUETTE_BENCH"])


def write(artist, figures):
    (artist.folder / "figures.json").write_text(json.dumps(figures))


class Heart:
    """beats: when the timer was called. draws: when Blender had drawn a 3D View. drawn: that, or
    its header or sidebar."""

    def __init__(self):
        import bpy

        self.beats, self.draws, self.drawn = [], [], []

        def note(region):
            self.drawn.append(time.perf_counter())
            if region == "WINDOW":
                self.draws.append(self.drawn[-1])

        self._handles = [
            (bpy.types.SpaceView3D.draw_handler_add(note, (region,), region, "POST_PIXEL"), region)
            for region in ("WINDOW", "HEADER", "UI")
        ]

        def beat():
            self.beats.append(time.perf_counter())
            return 0.005

        self._beat = beat
        bpy.app.timers.register(beat)

    def gaps(self, since, until, *, placed=None, still=False):
        """placed: the end of what is measured: Blender's own first drawing of it is left out.
        still: only those in which no 3D View was drawn."""
        times = [beat for beat in self.beats if since <= beat <= until]
        if placed is not None:
            times = [beat for beat in times if beat < placed]
            times.append(placed)
        drawn = sorted(self.drawn) if still else []
        return sorted(
            1000 * (b - a)
            for a, b in itertools.pairwise(times)
            if bisect.bisect(drawn, a) == bisect.bisect(drawn, b)
        )

    def after(self, moment):
        """The first beat after that: what came before it has been drawn."""
        return next((beat for beat in self.beats if beat > moment), None)

    def stop(self):
        import bpy

        bpy.app.timers.unregister(self._beat)
        for handle, region in self._handles:
            bpy.types.SpaceView3D.draw_handler_remove(handle, region)


def p(values, share):
    values = sorted(values)
    return values[min(int(len(values) * share), len(values) - 1)]


# --- one model, from the click until it is seen ---------------------------------------------------


def go(artist, seconds):
    """Put the service's clock; its job takes 100 s."""
    (artist.folder / "clock.txt").write_text(str(seconds))


def test_model(artist):
    """way "maquette": Generate is clicked, and what comes, comes by itself. "usual": as add-ons do
    it: requests on the main thread, then bpy.ops.import_scene.gltf."""
    import bpy

    yield from artist.open_sidebar()
    yield from artist.to_view()
    bpy.context.view_layer.objects.active = None
    heart, way = Heart(), asked()["way"]
    yield 0.5
    figures = {}
    if way == "maquette":
        click, begun, placed = yield from maquette_way(artist, heart, figures)
    else:
        click, begun, placed = yield from usual_way(artist, heart, figures)
    yield from artist.until(
        lambda: any(drawn > placed for drawn in heart.draws) and heart.beats[-1] > heart.draws[-1],
        60,
        "the model to be drawn",
    )
    visible = heart.after(next(drawn for drawn in heart.draws if drawn > placed))
    yield 0.5
    artist.picture("visible")
    heart.stop()
    requested = float((artist.folder / "requested.txt").read_text())  # Unix time
    requested += time.perf_counter() - time.time()
    figures |= {
        "silence": max(heart.gaps(click, visible, placed=placed)),
        # Timers are called right before Blender draws, with no look at events in between
        # (`wm_event_do_notifiers`, wm_event_system.cc): a beat then is no life.
        "silence_with_redraw": max(
            1000 * (visible - max(beat for beat in heart.beats if beat <= begun)),
            *heart.gaps(click, begun),
        ),
        "requested_to_visible": 1000 * (visible - requested),
        "triangles": sum(
            len(mesh.loop_triangles) or len(mesh.polygons) for mesh in bpy.data.meshes
        ),
    }
    write(artist, figures)


def idle(artist, heart, figures):
    """Blender as it is; while it draws a header of its own twice a second, which is hardly anything
    to draw; and while it draws our sidebar so often. Returns the time after that: of the click."""
    for figure, region in (("idle", ""), ("idle_header", "HEADER"), ("idle_sidebar", "UI")):
        since = time.perf_counter()
        for _ in range(6):
            if region:
                artist.region(region=region).tag_redraw()
            yield 0.5
        figures[figure] = max(heart.gaps(since, time.perf_counter()))
    return time.perf_counter()


def maquette_way(artist, heart, figures):
    """Returns the time of the click, and when the last of what the main thread does with the model
    began and ended: the whole import, or what comes after its pieces."""
    import bpy

    from tests.window import stage

    place = stage.module(artist, "importing.place")
    append = stage.module(artist, "importing.append")
    spans, pieces = [], []

    def timed(function, spans):
        def measured(*arguments, **options):
            begun = time.perf_counter()
            result = function(*arguments, **options)
            if result:  # else nothing has come
                spans.append((begun, time.perf_counter()))
            return result

        return measured

    place.append_model = timed(place.append_model, spans)
    place.import_model = timed(place.import_model, spans)
    append.bring = timed(append.bring, pieces)
    session, ends = artist.session, []
    noted = session.imported
    session.imported = lambda *arguments: ends.append(time.perf_counter()) or noted(*arguments)
    providers = stage.module(artist, "core.providers")
    providers.get_provider("triverse").pacing = providers.get_provider("sandbox").pacing
    form = bpy.context.scene.maquette
    form.service, form.prompt = "triverse", "a tall vase"
    artist.region().tag_redraw()
    yield 0.1
    x, y = yield from artist.find("maquette.generate")
    click = yield from idle(artist, heart, figures)
    yield from artist.click_at(x, y)
    yield from artist.until(lambda: artist.task() and artist.task().accepted, 30, "the job")
    go(artist, 50)
    yield 2.0
    go(artist, 95)  # nearly done
    yield 5.0
    go(artist, 200)
    task = artist.task().id
    yield from artist.until(artist.models, 200, "the model")
    yield from artist.until(
        lambda: artist.session.task(task).state.name == "IMPORTED", 20, "that to be noted down"
    )
    session.imported = noted
    (span,) = spans
    figures["way"] = "appended" if pieces else "imported directly"
    taken = [1000 * (end - begun) for begun, end in [*pieces, (span[0], ends[-1])]]
    figures |= {"in_the_way": sum(taken), "piece": max(taken)}
    return click, span[0], ends[-1]  # with the undo step


def usual_way(artist, heart, figures):
    """The same job, asked for once a second. The model is fetched twice, so that it is known how
    much sooner or later it would be there with curl."""
    import bpy
    import requests

    click = yield from idle(artist, heart, figures)
    base = os.environ["TRIVERSE_BASE_URL"] + "/usual/"
    requests.get(base + "order", timeout=30)
    go(artist, 95)
    yield 2.0
    go(artist, 200)
    while not requests.get(base + "status", timeout=30).json()["done"]:
        yield 1.0
    path = Path(bpy.app.tempdir, "model.glb")
    curl = ["curl", "-sS", "--noproxy", "*", "-o", str(path), base + "model.glb"]
    begun = time.perf_counter()
    subprocess.run(curl, check=True)
    by_curl = time.perf_counter() - begun
    yield 0.0
    begun = time.perf_counter()
    path.write_bytes(requests.get(base + "model.glb", timeout=300).content)
    figures["curl_instead"] = 1000 * (by_curl - (time.perf_counter() - begun))
    begun = time.perf_counter()
    with artist.override(region="WINDOW"):
        bpy.ops.import_scene.gltf(filepath=str(path))
    placed = time.perf_counter()
    figures["in_the_way"] = 1000 * (placed - begun)
    yield 0.0
    return click, begun, placed


# --- a large download -----------------------------------------------------------------------------


def resident():
    """Of this process, in MiB (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def test_download(artist):
    """As many downloads as there are told, one after the other, and, if it is told so, as many by
    curl before them. A job is open all the time, so that the same is drawn."""
    import bpy

    from tests.window import stage

    preferences = bpy.context.preferences.addons["bl_ext.user_default.maquette"].preferences
    preferences.import_when_ready = False
    providers = stage.module(artist, "core.providers")
    providers.get_provider("triverse").pacing = providers.get_provider("sandbox").pacing
    yield from artist.open_sidebar()
    heart = Heart()
    yield from order(artist, 0)
    yield 1.0
    since = time.perf_counter()
    yield IDLE
    figures = {}

    def silences(name, spans):
        for figure, still in ((name, False), (f"{name}_still", True)):
            gaps = itertools.chain(*(heart.gaps(*span, still=still) for span in spans))
            figures[figure] = p(gaps, 0.999)

    silences("idle", [(since, time.perf_counter())])
    if asked()["curl"]:
        silences("curl", (yield from by_curl(artist)))
    spans, grown = [], []
    for number in range(asked()["downloads"]):
        if number:
            yield from order(artist, number)
        go(artist, 200 * number + 95)
        yield 3.0
        before, most = resident(), 0.0
        since = time.perf_counter()
        go(artist, 200 * number + 200)
        while artist.task().state.is_open:
            most = max(most, resident())
            yield 0.01
        spans.append((since, time.perf_counter()))
        grown.append(most - before)
        assert artist.task().state.name == "READY", artist.task()
    heart.stop()
    silences("download", spans)
    seconds = sum(until - since for since, until in spans) / len(spans)
    write(artist, figures | {"seconds": seconds, "grown": max(grown)})


def order(artist, number):
    """Click Generate; done when the service has taken the job."""
    import bpy

    form = bpy.context.scene.maquette
    form.service, form.prompt = "triverse", f"a vase with {number} handles"
    artist.region().tag_redraw()
    yield 1.0  # a second click within a second is none
    before = len(artist.session.tasks())
    yield from artist.click("maquette.generate")
    yield from artist.to_view()
    yield from artist.until(
        lambda: len(artist.session.tasks()) > before and artist.task().accepted, 30, "the job"
    )


def by_curl(artist):
    """Returns the times of its downloads, of the same file from the same service; drawn is as often
    as during ours."""
    spans, target = [], artist.folder / "by-curl.glb"
    url = os.environ["TRIVERSE_BASE_URL"] + "/usual/model.glb"
    for _ in range(asked()["downloads"]):
        since = time.perf_counter()
        curl = subprocess.Popen(["curl", "-sS", "--noproxy", "*", "-o", str(target), url])
        for turn in itertools.count():
            if curl.poll() is not None:
                break
            if turn % 20 == 10:
                artist.region().tag_redraw()
            yield 0.01
        spans.append((since, time.perf_counter()))
        assert curl.returncode == 0
        target.unlink()
        yield 1.0
    return spans


# --- a large picture ------------------------------------------------------------------------------


def test_picture(artist):
    """A click on Generate with a picture of 12,000 pixels square. way "usual": made smaller there
    and then."""
    import bpy

    from tests.window import stage

    pictures = stage.module(artist, "pictures")
    yield from artist.open_sidebar()
    form = bpy.context.scene.maquette
    form.service = "triverse"
    with artist.override():
        bpy.ops.maquette.picture_add(filepath=asked()["picture"])
    yield 3.0  # nobody clicks sooner
    heart, figures = Heart(), {}
    artist.region().tag_redraw()
    yield 0.1
    x, y = yield from artist.find("maquette.generate")
    click = yield from idle(artist, heart, figures)
    if asked()["way"] == "maquette":
        yield from artist.click_at(x, y)
        yield from artist.until(lambda: artist.task() and artist.task().accepted, 60, "the job")
    else:
        pictures.to_png(asked()["picture"], artist.folder / "sent.png")
    end = time.perf_counter()
    yield 0.3
    heart.stop()
    last = max(beat for beat in heart.beats if beat <= click)  # before it stands still
    figures |= {"silence": max(heart.gaps(last, heart.beats[-1])), "seconds": end - click}
    write(artist, figures)


# --- what open and finished tasks cost ------------------------------------------------------------


def test_ticks(artist):
    """As many open tasks as there are told, of a service that has them all under way."""
    from tests.window import stage

    session = artist.session
    model, options = (
        stage.module(artist, "core.model"),
        stage.module(artist, "core.providers.options"),
    )
    kind = stage.module(artist, "core.providers").get_provider("triverse")
    yield from artist.open_sidebar()
    for number in range(asked()["tasks"]):
        request = options.make_request(kind, prompt=f"a vase with {number} handles")
        session.engine().generate(request, model.Origin())
        if number % 20 == 19:
            yield 0.1
    yield from artist.until(
        lambda: sum(task.accepted is not None for task in session.tasks()) == asked()["tasks"],
        150,
        "all of them at work",
    )
    yield 2.0
    spent, tick = [], session._tick

    def timed():
        begun = time.perf_counter()
        result = tick()
        spent.append(1000 * (time.perf_counter() - begun))
        return result

    session._tick = timed
    yield TICKS
    session._tick = tick
    write(artist, {"ticks": len(spent), "median": p(spent, 0.5), "p99": p(spent, 0.99)})
    artist.die()  # a thousand open tasks need not be put in order


def test_draw(artist):
    import sys

    import bpy

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
    for count in (0, 10, 100):
        tell_tasks(sys.modules["bl_ext.user_default.maquette"], count)
        spent.clear()
        for _ in range(REDRAWS):
            spent.append(0.0)
            artist.region().tag_redraw()
            yield 0.02
        drawn = [time for time in spent if time]
        figures[count] = {"median": p(drawn, 0.5), "p99": p(drawn, 0.99), "redraws": len(drawn)}
    for kind, name, found in kept:
        setattr(kind, name, found)
    tell_tasks(sys.modules["bl_ext.user_default.maquette"], 0)
    write(artist, figures)


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
