"""The only threads: at most eight step any number of jobs, and there are none when nothing is open.

A job here is a generator of waits: each `next()` does one piece of work (at most about one
request) and returns the seconds until the next piece is due. Threads are daemons: Blender must be
able to quit while a server keeps a socket hanging; what matters is on disk before each piece.
"""

from __future__ import annotations

import heapq
import inspect
import itertools
import logging
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

log = logging.getLogger(__name__)

Steps = Generator[float, None, None]


class Cancelled(Exception):
    """Thrown into a job's generator where it last yielded, when the user cancels it."""


@dataclass(eq=False)
class _Work:
    name: str
    steps: Steps
    cancelled: bool = False
    running: bool = False
    entry: int = -1  # its one valid entry in the heap; others were overtaken by a cancel or hurry
    next: _Work | None = None  # added under the same name meanwhile; begins when this one ends


class Worker:
    """Thread: all methods may be called from any thread and return at once (close: soon)."""

    def __init__(self, limit: int = 8, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._changed = threading.Condition()
        self._works: dict[str, _Work] = {}
        self._due: list[tuple[float, int, _Work]] = []
        self._order = itertools.count()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._closed = False

    def add(self, name: str, steps: Steps, *, once: bool = False) -> None:
        """Begin stepping. Jobs of one name run one after the other, never side by side.
        once: at most one of that name waits behind the one that runs."""
        with self._changed:
            if self._closed:
                steps.close()
                return
            work = _Work(name, steps)
            if last := self._works.get(name):
                if once and last.next:
                    return
                while last.next:
                    last = last.next
                last.next = work
            else:
                self._works[name] = work
                self._schedule(work, 0.0)

    def cancel(self, name: str) -> bool:
        """Have `Cancelled` thrown into the job once its present piece is done. False: no job."""
        with self._changed:
            work = self._works.get(name)
            if work is None:
                return False
            work.cancelled = True
            if not work.running:
                self._schedule(work, 0.0)
            return True

    def __contains__(self, name: str) -> bool:
        """Is there a job of that name, running, waiting or yet to begin?"""
        with self._changed:
            return name in self._works

    def hurry(self, name: str) -> None:
        """Have the job's next piece run now, whatever it waits for."""
        with self._changed:
            work = self._works.get(name)
            if work and not work.running:
                self._schedule(work, 0.0)

    @property
    def busy(self) -> bool:
        # Without the lock: Blender's main thread asks this at every tick, and whoever holds the
        # lock may be waiting for Python's own, milliseconds long.
        return bool(self._works)

    def close(self, patience: float) -> bool:
        """Begin nothing more and wait up to `patience` seconds for the pieces under way, so that
        an answer already on the wire still reaches the disk. True: none is left running."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._threads, patience)

    def _schedule(self, work: _Work, wait: float) -> None:
        work.entry = next(self._order)
        heapq.heappush(self._due, (self._clock() + wait, work.entry, work))
        self._changed.notify()
        self._ensure_watcher()

    def _ensure_watcher(self) -> None:
        if self._due and not self._idle and len(self._threads) < self._limit and not self._closed:
            thread = threading.Thread(target=self._run, name="maquette-worker", daemon=True)
            thread.start()
            self._threads.add(thread)

    def _run(self) -> None:
        try:
            while (work := self._take()) is not None:
                wait = self._step(work)
                with self._changed:
                    work.running = False
                    if wait is not None:
                        self._schedule(work, 0.0 if work.cancelled else max(0.0, wait))
                    elif work.next:
                        self._works[work.name] = work.next
                        self._schedule(work.next, 0.0)
                    else:
                        del self._works[work.name]
        finally:
            with self._changed:
                self._threads.discard(threading.current_thread())
                self._changed.notify_all()

    def _take(self) -> _Work | None:
        """Wait for the next due piece. None: this thread is not needed any more."""
        with self._changed:
            while not self._closed:
                while self._due and self._due[0][1] != self._due[0][2].entry:
                    heapq.heappop(self._due)
                if not self._due or self._idle:
                    return None
                due, _, work = self._due[0]
                if (wait := due - self._clock()) <= 0:
                    heapq.heappop(self._due)
                    work.running, work.entry = True, -1
                    self._ensure_watcher()
                    return work
                self._idle += 1
                try:
                    self._changed.wait(wait)
                finally:
                    self._idle -= 1
            return None

    def _step(self, work: _Work) -> float | None:
        try:
            # A generator that has not begun cannot catch anything: its first piece runs before.
            if work.cancelled and inspect.getgeneratorstate(work.steps) != inspect.GEN_CREATED:
                work.cancelled = False
                return work.steps.throw(Cancelled())
            return next(work.steps)
        except (StopIteration, Cancelled):
            return None
        except Exception:
            # The engine's generators handle their errors; this is a mistake of ours.
            log.exception("a job of Maquette's ended by a mistake: %s", work.name)
            return None
