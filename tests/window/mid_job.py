"""Jobs that end when the scenario says so, and what happens meanwhile. Its end is told to the
service, so that it stands whatever becomes of the Blender that began it.

The service runs in pytest's process. What shall happen there the scenario tells it by requests of
their own kind; nothing waits for a time:

    def service(sandbox):               # on the host
        told = Told(sandbox)
        yield
        assert len(sandbox.charges) == 1

    yield from begin(artist)            # in Blender
    tell("finish")
"""

from __future__ import annotations

import importlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

if TYPE_CHECKING:
    from core.sandbox.messages import Drop, Reply, Request
    from core.sandbox.server import Sandbox

    from .artist import Artist
    from .scenario import Steps

    Fault = Callable[[Request, Callable[[], Reply]], Reply | Drop | None]

FOR_EVER = 100_000.0  # seconds


class Told:
    """On the host: put into a Sandbox, whose jobs go on until "finish" is told.

    words: all that was told, in order. values: what was told along. fault: for all other requests,
    see tests/services/faults.py. at_word: called with each word, on the thread of its request.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.words: list[str] = []
        self.values: dict[str, str] = {}
        self.fault: Fault | None = None
        self.at_word: Callable[[str], object] = lambda word: None
        self._sandbox = sandbox
        self._ahead = 0.0
        sandbox.seconds = FOR_EVER
        sandbox.clock = sandbox.jobs.clock = lambda: time.time() + self._ahead
        sandbox.intercept = self._hear

    def _hear(self, request: Request, carry_out: Callable[[], Reply]) -> Reply | Drop | None:
        from core.sandbox.messages import Reply

        _, told, word = request.path.partition("/scenario/")
        if not told:
            return self.fault(request, carry_out) if self.fault else None
        self.words.append(word)
        self.values |= request.query
        if word == "finish":
            self._ahead += FOR_EVER
        self.at_word(word)
        return Reply.of({"charges": len(self._sandbox.charges)})


def held(until: threading.Event) -> Fault:
    """A fault for the host: carried out, the answer waits."""

    def fault(request: Request, carry_out: Callable[[], Reply]) -> Reply:
        reply = carry_out()
        until.wait(60)
        return reply

    return fault


def tell(word: str, **values: object) -> int:
    """To the host. Returns how often it has charged until now."""
    url = f"{os.environ['TRIVERSE_BASE_URL']}/scenario/{word}?{urlencode(values)}"
    with urlopen(url, timeout=20) as answer:
        return int(json.load(answer)["charges"])


# --- jobs -----------------------------------------------------------------------------------


def begin(artist: Artist, service: str = "rodin", prompt: str = "a small vase") -> Steps:
    """Generate is clicked; done when the service has taken the job and the button's operator has
    ended. The sidebar is open."""
    yield from press_generate(artist, service, prompt)
    yield from artist.until(lambda: artist.task().accepted, 30, "the service to take the job")
    yield from artist.until(lambda: not modal_operators(), 10, "the operator of the button to end")


def press_generate(artist: Artist, service: str, prompt: str) -> Steps:
    """Generate is clicked; done when the task is noted down. Until Blender ends, the service is
    asked as often as the Sandbox is, about once a second, not after five or more."""
    providers = module(artist, "core.providers")
    pacing = providers.get_provider("sandbox").pacing
    providers.get_provider(service).pacing = pacing
    before = len(artist.session.tasks())
    form = artist.window.scene.maquette
    form.service, form.prompt = service, prompt
    artist.region().tag_redraw()  # the button is grey without a prompt
    yield from artist.click("maquette.generate")
    yield from artist.until(
        lambda: len(artist.session.tasks()) > before, 20, "the task to be noted down"
    )


def ready(artist: Artist) -> Steps:
    """Until no task is under way."""
    yield from artist.until(
        lambda: not any(task.state.is_open for task in artist.session.tasks()), 40, "the model"
    )


def modal_operators() -> set[str]:
    """Without one that only looks on, see `listener`."""
    import bpy

    windows = bpy.context.window_manager.windows
    names = {operator.bl_idname for window in windows for operator in window.modal_operators}
    return names - {"SCENARIO_OT_listen"}


def row(artist: Artist, task: Any = None) -> str:
    """What a task's row says, the newest's if none is given."""
    task = task or artist.task()
    line = module(artist, "core.wording").describe(task, time.time()).line
    retry = module(artist, "panels.tasks")._retry_words(task)
    return " | ".join(filter(None, [line, task.message, artist.arrivals.waits_for(task), retry]))


def module(artist: Artist, name: str) -> Any:
    """One of the extension's."""
    return importlib.import_module(f"{artist.session.__package__}.{name}")


# --- another extension ----------------------------------------------------------------------


def listener(every: float = 0.0) -> Any:
    """The class of a modal operator as other extensions have it: it looks on at everything until
    `stop` is True. events: what it got, and how often. every: seconds between timer events of its
    own; the scenario removes `timer`. To be started with bpy.ops.scenario.listen."""
    import bpy

    class SCENARIO_OT_listen(bpy.types.Operator):
        bl_idname = "scenario.listen"
        bl_label = "Listening"
        stop = False
        events = Counter()
        timer = None

        def invoke(self, context, event):
            if every:
                made = context.window_manager.event_timer_add(every, window=context.window)
                SCENARIO_OT_listen.timer = made
            context.window_manager.modal_handler_add(self)
            return {"RUNNING_MODAL"}

        def modal(self, context, event):
            self.events[event.type] += 1
            return {"CANCELLED"} if self.stop else {"PASS_THROUGH"}

    bpy.utils.register_class(SCENARIO_OT_listen)
    return SCENARIO_OT_listen


def timers_of_window(artist: Artist) -> Iterator[Any]:
    """How many timer events a second modal operators get: Blender has no list of such timers."""
    import bpy

    listening = listener()
    yield from artist.to_view()
    with artist.override():
        bpy.ops.scenario.listen("INVOKE_DEFAULT")
    yield 0.1
    before = listening.events["TIMER"]
    yield 1.0
    count = listening.events["TIMER"] - before
    listening.stop = True
    yield from artist.move(artist._mouse[0] + 5, artist._mouse[1])
    yield from artist.until(lambda: not artist.window.modal_operators, 5, "the listener to end")
    bpy.utils.unregister_class(listening)
    return count


# --- the scene ------------------------------------------------------------------------------


def edit(artist: Artist) -> Steps:
    """A, all is selected, or Alt+A, nothing is: what Blender asks to save, and auto-saves."""

    def selected() -> list[bool]:
        return [each.select_get() for each in artist.window.view_layer.objects]

    wanted = not all(selected())
    yield from artist.to_view()
    yield from artist.key("A", alt=not wanted)
    yield from artist.until(lambda: set(selected()) == {wanted}, 5, "the selection to change")


def move_cube(artist: Artist) -> Steps:
    """G, X, the mouse, Enter: an edit that Blender asks to save, and one undo step."""
    import bpy

    cube = bpy.data.objects["Cube"]
    before = cube.location.x
    yield from artist.to_view()
    yield from artist.key("G")
    yield from artist.key("X")
    x, y = artist._mouse
    yield from artist.move(x + 60, y + 20)
    yield 0.1
    yield from artist.key("RET")
    yield from artist.until(lambda: not modal_operators(), 5, "the transform to end")
    assert bpy.data.objects["Cube"].location.x != before
    assert bpy.data.is_dirty
