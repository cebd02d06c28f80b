"""An artist's day with Maquette, and somebody who looks on at the process. Inside Blender.

Generate and the keys are real clicks and keys. The buttons of rows are called: to look for them
takes longer than a job does.
"""

from __future__ import annotations

import ctypes
import gc
import json
import random
import re
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from . import files, mid_job

if TYPE_CHECKING:
    from .artist import Artist
    from .scenario import Steps

SEED = 4
SAMPLE = 10.0  # seconds between looks at the process
TOLD = 0.5  # seconds of silence that the log names
EMPTY_AT = (0.1, 0.4, 0.7)  # parts of the day at which an empty file is opened, and measured
NEW_SCENE_AT = (0.3, 0.6)
AT_ONCE = 0.15  # of the orders are cancelled while they are sent
MOST_MODELS = 8  # in the file, before the artist deletes some
ACTIONS = {
    "order": 10,
    "cancel": 2,
    "resume": 4,
    "remove": 3,
    "delete": 3,
    "undo_and_redo": 2,
    "undo": 1,
    "move_all": 2,
    "change_scene": 1,
    "save": 1,
}  # and how often, relatively
COLORS = ("red", "green", "blue", "brass", "marble")
FORMS = ("vase", "bowl", "rock", "crystal", "lamp")
MARK = "maquette_task"


def marks() -> set[str]:
    """The tasks whose models are in the file."""
    return {o[MARK] for o in bpy.data.objects if MARK in o and o.users_scene}


class Watch:
    """Looks at the process from a timer every few milliseconds, from `begin` to `end`, and notes
    every 10 s what it saw. doing: what the artist is at. others: threads that are not ours.

    samples: see `look`; and of the time since the last: silence, the longest in which the timer was
    not called, ms; doing, what was done then; ours, the most threads of ours. While Blender saves
    or loads a file because the artist wants it, a silence does not count, and nothing is noted.
    """

    def __init__(self, artist: Artist) -> None:
        self.doing = "begin"
        self.others = set(threading.enumerate())
        self.samples: list[dict[str, Any]] = []
        self._artist = artist
        self._began = time.monotonic()
        self._last = self._sampled = 0.0
        self._silence, self._during = 0.0, ""
        self._ours, self._receiving = 0, False
        self._timer = self._beat  # each look at a method makes another object

    def begin(self) -> None:
        self._began = self._last = self._sampled = time.monotonic()
        bpy.app.timers.register(self._timer, persistent=True)

    def end(self) -> None:
        bpy.app.timers.unregister(self._timer)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def _beat(self) -> float:
        now = time.monotonic()
        silence = now - self._last
        at_files = self.doing in ("save", "open a file")
        # While a model is imported no timer is called; that it would be was seen before.
        doing = "a model comes" if self._receiving else self.doing
        if silence > TOLD:
            self._artist.say(f"no timer for {silence:.1f} s: {doing}")
        if silence > self._silence and not at_files:
            self._silence, self._during = silence, doing
        self._receiving = bool(self._artist.arrivals.receiving)
        self._ours = max(self._ours, len(self.ours()))
        if now - self._sampled >= SAMPLE and not at_files:
            seen = {"silence": 1000 * self._silence, "doing": self._during, "ours": self._ours}
            self.samples.append(self.look() | seen)
            self._silence, self._ours, self._sampled = 0.0, 0, now
        self._last = time.monotonic()
        return 0.005

    def ours(self) -> set[threading.Thread]:
        return set(threading.enumerate()) - self.others

    def look(self) -> dict[str, Any]:
        """at: seconds since the beginning. memory: MiB. threads: all of the process. named: those
        that the system knows by our name (Python tells it from 3.14 on). files: open ones. rows: of
        the list. models: in the file."""
        own = Path("/proc/self")
        names = [path.read_text().strip() for path in own.glob("task/*/comm")]
        return {
            "at": self.seconds,
            "memory": int(re.search(r"VmRSS:\s+(\d+)", (own / "status").read_text())[1]) / 1024,
            "threads": len(names),
            "named": names.count("maquette-worker"),
            "files": len(list((own / "fd").iterdir())),
            "rows": len(self._artist.session.tasks()),
            "models": len(marks()),
        }

    def look_at_rest(self) -> dict[str, Any]:
        """`look` when nothing is kept that nobody needs, and blocks: of memory that Python has.
        Debian's Blender 5.2 has an allocator that keeps what is freed until it is told not to
        (TBBMALLOC_CLEAN_ALL_BUFFERS, 0, in oneTBB's scalable_allocator.h); that of 4.3 has not."""
        gc.collect()
        clean = getattr(ctypes.CDLL(None), "scalable_allocation_command", None)
        if clean:
            clean(0, None)
        return self.look() | {"blocks": sys.getallocatedblocks()}


class Day:
    """What the artist does.

    ordered: how often at each service. removed: service and job of rows taken off the list. gone:
    tasks whose models the artist has undone or deleted. did: how often what was done. at_rest: see
    Watch.look_at_rest, each time with an empty file.
    """

    def __init__(self, artist: Artist, seconds: float) -> None:
        self.artist, self.seconds = artist, seconds
        self.file = artist.folder / "mine.blend"
        self.watch = Watch(artist)
        self.ordered: Counter[str] = Counter()
        self.did: Counter[str] = Counter()
        self.removed: list[tuple[str, str]] = []
        self.gone: set[str] = set()
        self.at_rest = [self.watch.look_at_rest()]
        self._luck = random.Random(SEED)

    def begin(self) -> Steps:
        bpy.ops.wm.save_as_mainfile(filepath=str(self.file))
        yield from files.save(self.artist)
        yield from self.artist.open_sidebar()
        self.watch.begin()

    def go_on(self) -> Steps:
        """Until the time is over."""
        watch, luck = self.watch, self._luck
        empty, scenes = list(EMPTY_AT), list(NEW_SCENE_AT)
        while watch.seconds < self.seconds:
            if empty and watch.seconds > empty[0] * self.seconds:
                empty.pop(0)
                yield from self.open_an_empty_file()
            if scenes and watch.seconds > scenes[0] * self.seconds:
                scenes.pop(0)
                yield from self.make_a_scene()
            watch.doing = luck.choices(list(ACTIONS), ACTIONS.values())[0]
            yield from getattr(self, watch.doing)()
            watch.doing = "rest"
            self.tell()
            yield luck.uniform(0.3, 1.5)

    def finish(self) -> Steps:
        """The services are well again: everything free is resumed, and every model comes."""
        self.watch.doing = "finish"
        session = self.artist.session
        for _ in range(5):
            yield from self.artist.until(
                lambda: not any(task.state.is_open for task in session.tasks()), 90, "all jobs"
            )
            if not (free := self._free()):
                break
            for task in free:
                self._press("retry", task)
            yield 1.0
        yield from self.artist.until(lambda: not self._tasks("READY"), 90, "all models to come")

    def tell(self) -> None:
        """For the host, at any time."""
        told = {
            "version": bpy.app.version_string,
            "ordered": self.ordered,
            "removed": self.removed,
            "did": self.did,
            "samples": self.watch.samples,
            "at_rest": self.at_rest,
        }
        (self.artist.folder / "soak.json").write_text(json.dumps(told))

    # --- orders -------------------------------------------------------------------------------

    def order(self) -> Steps:
        service = self._luck.choice(("rodin", "triverse"))
        words = f"a {self._luck.choice(COLORS)} {self._luck.choice(FORMS)}"
        x, y = self._luck.uniform(-4, 4), self._luck.uniform(-4, 4)
        self.artist.window.scene.cursor.location = (x, y, 0)
        self.ordered[service] += 1
        prompt = f"{words} number {self.ordered.total()}"
        yield from mid_job.press_generate(self.artist, service, prompt)
        self.did["order"] += 1
        task = self.artist.task()
        if self._luck.random() < AT_ONCE:
            self._press("cancel", task)
        yield 1.2  # sooner than a second after it, a click is taken for a double click's second
        yield from self.artist.until(
            lambda: "MAQUETTE_OT_generate" not in mid_job.modal_operators(), 30, "the outcome"
        )
        if self.artist.session.task(task.id).state.name == "FAILED":
            # A popup says why; the next click would only close it.
            yield from self.artist.to_view()
            yield from self.artist.key("ESC")

    def cancel(self) -> Steps:
        for task in self._tasks("SUBMITTING", "WAITING", "GENERATING", "DOWNLOADING")[:1]:
            self._press("cancel", task)
        yield 0.2

    def resume(self) -> Steps:
        for task in self._free()[:2]:
            self._press("retry", task)
        yield 0.2

    def remove(self) -> Steps:
        """The oldest row whose model is not needed any more, or that came to nothing."""
        done = [task for task in self._tasks("IMPORTED") if task.id in self.gone]
        done += [task for task in self._tasks("FAILED") if not task.accepted]
        for task in done[-1:]:
            if task.accepted:
                self.removed.append((task.request.provider, task.accepted.job_id))
            self._press("remove", task)
            yield from self.artist.until(
                lambda t=task: not self.artist.session.task(t.id), 20, "its row to go"
            )

    def _tasks(self, *states: str) -> list[Any]:
        return [task for task in self.artist.session.tasks() if task.state.name in states]

    def _free(self) -> list[Any]:
        """What can be taken up again for nothing, or was never taken."""
        means = mid_job.module(self.artist, "operators.tasks")._means
        return [t for t in self.artist.session.tasks() if means(t).name in ("RESUME", "SUBMIT")]

    def _press(self, button: str, task: Any) -> None:
        """A button of a row."""
        self.artist.say(f"{button}: {task.title}, {task.state.name}")
        with self.artist.override(region="UI"):
            try:
                getattr(bpy.ops.maquette, button)("INVOKE_DEFAULT", task_id=task.id)
                self.did[button] += 1
            except RuntimeError as error:  # it is in another state by now
                self.artist.say(str(error))

    # --- the scene ----------------------------------------------------------------------------

    def delete(self) -> Steps:
        """Models, down to a number that one can look at."""
        here = [o for o in self.artist.window.scene.objects if MARK in o]
        too_many = len(marks()) - MOST_MODELS
        if too_many <= 0 or not here:
            return
        for each in self.artist.window.view_layer.objects:
            each.select_set(each in here[:too_many])
        before = marks()
        yield from self.artist.to_view()
        yield from self.artist.key("DEL")
        yield from self.artist.until(lambda: before - marks(), 10, "the models to be deleted")
        self.did["delete"] += 1
        self.gone |= before - marks()

    def undo(self, redo: bool = False) -> Steps:
        if not bpy.ops.ed.undo.poll():
            return
        last: set[str] = set()

        def note(*_: object) -> None:
            last.update(marks())

        bpy.app.handlers.undo_pre.append(note)  # a model may come just before
        yield from self.artist.to_view()
        yield from self.artist.key("Z", ctrl=True)
        yield from self.artist.until(bpy.ops.ed.redo.poll, 20, "the undo")
        bpy.app.handlers.undo_pre.remove(note)
        yield 0.5
        if redo:
            yield from self.artist.key("Z", ctrl=True, shift=True)
            yield from self.artist.until(lambda: not bpy.ops.ed.redo.poll(), 20, "the redo")
            assert last <= marks(), f"not back after the redo: {last - marks()}"
        self.did["undo_and_redo" if redo else "undo"] += 1
        self.gone = (self.gone | last) - marks()
        if not redo:
            yield from self.move_all()  # as long as something can be redone, no model comes

    def undo_and_redo(self) -> Steps:
        yield from self.undo(redo=True)

    def move_all(self) -> Steps:
        """A, G, X, the mouse, Enter. Models that become ready meanwhile have to wait."""

        def moving() -> bool:
            return "TRANSFORM_OT_translate" in mid_job.modal_operators()

        artist = self.artist
        yield from artist.to_view()
        yield from artist.key("A")
        yield 0.2
        yield from artist.key("G")
        yield from artist.until(moving, 10, "the move")
        yield from artist.key("X")
        x, y = artist._mouse
        yield from artist.move(x + self._luck.choice((-30, 30)), y)
        yield self._luck.uniform(0.1, 1.5)
        yield from artist.key("RET")
        yield from artist.until(lambda: not moving(), 10, "its end")
        self.did["move_all"] += 1

    def make_a_scene(self) -> Steps:
        with self.artist.override():
            bpy.ops.scene.new(type="EMPTY")
            bpy.ops.mesh.primitive_cube_add(size=0.5)
        self.did["make_a_scene"] += 1
        yield from self.artist.settle()
        yield from self.move_all()  # one undo does not take the scene away

    def change_scene(self) -> Steps:
        self.artist.window.scene = self._luck.choice(list(bpy.data.scenes))
        self.did["change_scene"] += 1
        yield from self.artist.settle()

    # --- files --------------------------------------------------------------------------------

    def save(self) -> Steps:
        before = self.file.stat().st_mtime_ns
        yield from files.save(self.artist)
        yield from self.artist.until(
            lambda: self.file.stat().st_mtime_ns > before, 20, "the file to be saved"
        )
        self.did["save"] += 1

    def open_an_empty_file(self) -> Steps:
        """Saved, a new file, a look at the process, and the saved one again with all models."""
        self.watch.doing = "save"
        saved = marks()
        yield from self.save()
        self.watch.doing = "open a file"
        last: set[str] = set()
        bpy.app.handlers.load_pre.append(lambda *_: last.update(marks()))  # once
        yield from files.new_file(self.artist)
        yield 3.0
        self.at_rest.append(self.watch.look_at_rest())
        yield from files.open_recent(self.artist, self.file)
        assert saved <= marks(), f"not in the file any more: {saved - marks()}"
        self.gone |= last - marks()  # came too late to be saved
        yield from self.artist.open_sidebar()
        self.did["open_an_empty_file"] += 1
