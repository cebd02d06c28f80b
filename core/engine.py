"""All of the core put together: what a Blender session and the command line both run.

Every method returns at once; the work is done on the worker's threads and what comes of it is
handed to `publish` there. The order within one task is kept.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial

from . import library
from .accounts import Accounts
from .endings import stopped, unconfirmed
from .errors import LedgerError, MaquetteError, Offline, StorageError
from .events import Event, Failed, Imported, Relocated, Resumed, Stopped, Unconfirmed, advance
from .job import Events, Job
from .language import mark, say
from .ledger import LeaseLost, Ledger
from .model import GenerationRequest, Origin, Retry, Task, TaskState, new_task_id, retry_means
from .notices import BalanceKnown, Notice, PriceKnown, TaskChanged, TaskRemoved, Trouble
from .providers import get_provider
from .providers.base import Provider
from .restore import Restored
from .storage import Folders
from .worker import Cancelled, Steps, Worker

log = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds; a quarter of a lease
LEDGER_RETRY = 2.0
UNSENT_SECONDS = 3600.0  # an order older than this is not sent any more without asking
MISTAKE, REPORT = mark("Maquette made a mistake."), mark("Copy the details into a report.")
UNKNOWN_SECONDS = 3600.0  # pictures of no task we know are left alone for so long


class Engine:
    """online: True when requests may leave this machine; asked before each. publish: called on
    worker threads. deadline: seconds a job is watched before it rests. adopt: go on with open
    tasks that no living Blender holds."""

    def __init__(
        self,
        folders: Folders,
        accounts: Accounts,
        *,
        online: Callable[[], bool],
        publish: Callable[[Notice], None],
        deadline: float = 3600.0,
        adopt: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folders = folders
        self.accounts = accounts
        self.deadline = deadline
        self._adopt = adopt
        self._online = online
        self._publish = publish
        self._clock = clock
        self._ledger = Ledger(folders.ledger, clock, folders.library)
        self._told: Restored | None = None
        # Eight threads in all. The desk never touches the network, so that services which hang
        # hold up neither a click nor the leases.
        self._worker = Worker(7)
        self._desk = Worker(1)
        self._looked = clock()  # at what other Blenders have done
        self._unwritten: dict[str, Event] = {}
        self._noting_lock = threading.Lock()  # held while the disk works
        self._lock = threading.Lock()  # guards _live, held for a moment only
        self._live: dict[str, Task] = {}
        self._answered: dict[tuple[str, str], str] = {}  # service and job id → the first task

    # --- what can be asked of it ---

    def open(self) -> None:
        """Read the ledger, publish every task, go on with the open ones, sweep old downloads."""
        self._desk.add("open", self._open())

    def generate(
        self, request: GenerationRequest, origin: Origin | None = None, task_id: str = ""
    ) -> str:
        """Note the task down, then submit it. Returns the task's id; a TaskChanged follows."""
        task = Task(
            id=task_id or new_task_id(),
            request=request,
            origin=origin or Origin(),
            kind=get_provider(request.provider).kind_of(request),
            created=self._clock(),
            updated=self._clock(),
        )
        self._desk.add(task.id, self._generate(task))
        return task.id

    def resume(self, task_id: str, *, again: bool = False) -> None:
        """Take a task up again as it is seen now; if it changes before that is done, nothing
        happens. again: order a new job for it, which is charged anew."""
        with self._lock:
            seen = self._live.get(task_id)
        if seen:
            self._desk.add(task_id, self._resume(seen, again))

    def cancel(self, task_id: str) -> None:
        """Stop watching. What the service does with the job is up to it."""
        if self._worker.cancel(task_id):
            with self._lock:
                live = self._live.get(task_id)
            if live:  # a request may be on its way; its answer is waited for
                self._publish(TaskChanged(replace(live, note=say("Cancelling…"))))
        else:
            self._desk.add(task_id, self._stop(task_id))

    def remove(self, task_id: str) -> None:
        """Take a task off the list. Its model in the library stays."""
        # Behind the job, should one be running: it has to end first.
        self._worker.cancel(task_id)
        self._worker.add(task_id, self._remove(task_id))

    def imported(self, task_id: str) -> None:
        self._desk.add(task_id, self._note(task_id, Imported()))

    def relocate(self, sitting: str, file: str, scenes: Mapping[int, str] = {}) -> None:
        """The .blend of a sitting was saved as `file`: its tasks belong there from now on, in the
        scenes as they are called now. scenes: `ID.session_uid` → name."""
        moved = {}
        with self._lock:
            for task in self._live.values():
                where = task.origin
                scene = scenes.get(where.scene_uid, where.scene)
                if where.sitting == sitting and (where.file, where.scene) != (file, scene):
                    moved[task.id] = Relocated(file=file, scene=scene)
        for task_id, event in moved.items():
            # Under a name of its own: a job may keep the task's name busy for minutes.
            self._desk.add(f"{task_id} file", self._note(task_id, event))

    def balance(self, provider_id: str) -> None:
        self._worker.add(f"balance {provider_id}", self._balance(provider_id))

    def quote(self, request: GenerationRequest) -> None:
        self._worker.add("quote", self._quote(request))

    @property
    def busy(self) -> bool:
        return self._desk.busy or self._worker.busy  # the one hands work to the other

    def close(self, patience: float = 3.0) -> None:
        """Begin nothing more; wait up to `patience` seconds for what is on the wire."""
        ended = all([self._desk.close(patience), self._worker.close(patience)])
        for task_id, event in list(self._unwritten.items()):
            with suppress(LedgerError):  # its last chance: what a service said must not be lost
                self._apply(task_id, event)
        if ended:
            with suppress(LedgerError):
                self._ledger.release()
            self._ledger.close()

    # --- one generator each, stepped by the worker ---

    def _open(self) -> Steps:
        while True:
            try:
                # Nothing of ours is written between reading and showing. After some vain tries (a
                # full disk) jobs may run already, which know more than what is read.
                with self._noting_lock:
                    tasks = self._ledger.tasks()
                    with self._lock:
                        known = set(self._live)
                    for task in tasks:
                        if task.id not in known:
                            self._show(task)
                break
            except LedgerError as error:
                self._publish(Trouble(error.message, error.advice))
                yield LEDGER_RETRY
        self._publish(Trouble(""))
        self._tell_restored()
        self._sweep(tasks)
        if any(task.state.is_open for task in tasks):
            self._desk.add("heartbeat", self._heartbeat(), once=True)
        return
        yield

    def _heartbeat(self) -> Steps:
        """While anything is open: keep our leases, leave to another Blender what it has taken over
        (this machine, or this Blender, was stopped for minutes), take over what a dead one left,
        and show what another Blender that shares the ledger has done."""
        while True:
            try:
                held = self._ledger.renew()
                here = {task_id for task_id in held if task_id in self._worker}
                for task_id in here:
                    if held[task_id]:
                        self._worker.cancel(task_id)
                for task in self._ledger.claim(here) if self._adopt else ():
                    self._worker.add(task.id, self._take_up(task))
                now, since = self._clock(), self._looked
                # Also the end of the last one; all, where the clock was set back.
                self._show_others(since - 1 if since <= now else 0.0)
                self._tell_restored()
                self._looked = now
                if not held:
                    return
            except LedgerError as error:
                log.warning("the ledger did not answer: %s", error.code)
            yield HEARTBEAT

    def _tell_restored(self) -> None:
        restored = self._ledger.restored
        if restored is None or restored is self._told:
            return
        self._told = restored
        if restored.kept:
            message = say(
                "The list of tasks was damaged. Tasks restored: {count}.", count=restored.count
            )
            advice = say("The damaged file is kept: {file}", file=restored.kept)
        else:
            message = say(
                "The list of tasks was gone. Tasks restored: {count}.", count=restored.count
            )
            advice = ""
        self._publish(Trouble(message, advice, stops=False))

    def _show_others(self, since: float) -> None:
        with self._noting_lock:  # nothing of ours is written or removed between reading and showing
            for task in self._ledger.tasks(since):
                with self._lock:
                    live = self._live.get(task.id)
                # A job here knows more than is written. Not by which is later: clocks are set.
                other = live is None or (task.step, task.updated) != (live.step, live.updated)
                if other and task.id not in self._worker:
                    self._show(task)

    def _take_up(self, task: Task) -> Steps:
        with self._lock:
            self._live[task.id] = task
        unsent = not task.accepted and not task.submit_key
        if unsent and self._clock() - task.created > UNSENT_SECONDS:
            yield from self._noting(
                task.id,
                Stopped(
                    message=say("It was not sent before Blender closed."),
                    advice=say("Nothing was charged. Retry sends it."),
                    unsent=True,
                ),
            )
        else:
            yield from self._run(task)

    def _generate(self, task: Task) -> Steps:
        with suppress(MaquetteError):
            expected = self._ledger.typical_seconds(task.request.provider, task.kind)
            task = replace(task, expected_seconds=expected)
        with self._lock:
            self._live[task.id] = task
        # What cannot be noted down is not sent. Such a line is shown without being stored.
        try:
            self._ledger.add(task)
        except LedgerError as error:
            self._show(advance(task, Failed.because(error), self._clock()))
            return
        except Exception as error:
            log.exception("a task could not be noted down")
            details = type(error).__name__
            mistake = Failed(message=say(MISTAKE), advice=say(REPORT), details=details)
            self._show(advance(task, mistake, self._clock()))
            return
        self._show(task)
        self._desk.add("heartbeat", self._heartbeat(), once=True)
        self._worker.add(task.id, self._run(task))
        return
        yield

    def _resume(self, seen: Task, again: bool) -> Steps:
        means = retry_means(seen, get_provider(seen.request.provider).repeatable)
        # To look once more for a job that is said to be over is free, and always allowed.
        free = means in (Retry.RESUME, Retry.SUBMIT) or (not again and seen.accepted is not None)
        if means is Retry.NONE or not (free or again):
            return
        event = Resumed(again=means is Retry.PAY_AGAIN and again)
        task = yield from self._noting(seen.id, event, seen)
        if task:
            self._desk.add("heartbeat", self._heartbeat(), once=True)
            self._worker.add(task.id, self._run(task))

    def _run(self, task: Task) -> Steps:
        """The job of one task: each event to the ledger, then to the user, then the next line."""
        try:
            provider = self._provider(task.request.provider)
        except MaquetteError as error:
            end: Event = Failed.because(error)
            if task.submit_key and not task.accepted:  # the order may stand
                service = get_provider(task.request.provider)
                end = unconfirmed(service, error, None, None, task.sent)
            yield from self._noting(task.id, end)
            return
        job = Job(
            task,
            provider,
            downloads=self.folders.downloads,
            library_folder=self.folders.library,
            gate=self._gate(type(provider)),
            deadline=self.deadline,
            clock=self._clock,
            is_known=partial(self._has_job, task),
            crowd=partial(self._crowd, task.request.provider),
        ).run()
        with closing(job):
            try:
                yield from self._follow(task.id, job)
            except Exception as error:
                # A mistake of ours must not leave a task that looks alive. If an order may stand,
                # it is not called a failure either.
                log.exception("a task ended by a mistake of Maquette's")
                with self._lock:
                    live = self._live.get(task.id, task)
                kind = Unconfirmed if live.submit_key and not live.accepted else Failed
                details = type(error).__name__
                yield from self._noting(
                    task.id, kind(message=say(MISTAKE), advice=say(REPORT), details=details)
                )

    def _crowd(self, provider: str) -> int:
        """How many jobs of the service are polled."""
        with self._lock:
            return sum(
                task.state in (TaskState.WAITING, TaskState.GENERATING)
                and task.accepted is not None
                and task.request.provider == provider
                for task in self._live.values()
            )

    def _has_job(self, task: Task, job_id: str) -> bool:
        """Has another task of this service that job, or is about to have it noted? One that was
        removed from the list has it no more: then it is this one's, else nobody's."""
        with self._lock:
            answered = (task.request.provider, job_id)
            if self._answered.get(answered) not in self._live:
                self._answered[answered] = task.id
            first = self._answered[answered]
            return first != task.id or any(
                other.accepted is not None
                and other.accepted.job_id == job_id
                and other.request.provider == task.request.provider
                and other.id != task.id
                for other in self._live.values()
            )

    def _follow(self, task_id: str, job: Events) -> Steps:
        event = next(job, None)
        while event is not None:
            try:
                task = yield from self._noting(task_id, event)
                if task is None or not task.state.is_open:
                    return  # the story is over; a cancel that comes now changes nothing
                yield event.wait
                event = next(job, None)
            except Cancelled:
                event = job.throw(Cancelled())

    def _noting(
        self, task_id: str, event: Event, seen: Task | None = None
    ) -> Generator[float, None, Task | None]:
        """Apply an event: on disk if it is durable or changes the state, then shown. Tries until
        the disk takes it: what happened cannot be undone by not noting it. None: not our task."""
        cancelled = False
        while True:
            try:
                task = self._apply(task_id, event, seen)
                self._unwritten.pop(task_id, None)
                break
            except LeaseLost as lost:
                self._unwritten.pop(task_id, None)
                self._show_stored(task_id, lost.stored)
                return None
            except LedgerError as error:
                if seen is None:  # a click may come to nothing; what a service said may not
                    self._unwritten[task_id] = event
                with self._lock:
                    live = self._live.get(task_id)
                if live:
                    self._publish(TaskChanged(replace(live, note=str(error))))
            try:
                yield LEDGER_RETRY
            except Cancelled:
                cancelled = True
        if cancelled and task.state.is_open:
            raise Cancelled
        return task

    def _show_stored(self, task_id: str, stored: Task | None) -> None:
        """What another Blender made of a task; nothing may look alive here that is not."""
        self._desk.add("heartbeat", self._heartbeat(), once=True)
        if stored:
            self._show(stored)
            return
        with self._lock:
            self._live.pop(task_id, None)
        self._publish(TaskRemoved(task_id))

    def _apply(self, task_id: str, event: Event, seen: Task | None = None) -> Task:
        with self._noting_lock:
            with self._lock:
                live = self._live.get(task_id)
            after = advance(live, event, self._clock()) if live else None
            if not live or not after or event.durable or after.state is not live.state:
                after = self._ledger.record(task_id, event, live, seen)
            with self._lock:
                self._live[task_id] = after
            self._publish(TaskChanged(after, event))
        if not after.state.is_open:
            self._desk.hurry("heartbeat")  # it may have been the last
        return after

    def _note(self, task_id: str, event: Event) -> Steps:
        yield from self._noting(task_id, event)

    def _stop(self, task_id: str) -> Steps:
        with self._lock:
            task = self._live.get(task_id)
        if task and task.state.is_open and not self._worker.cancel(task_id):
            # No job of it runs here: a Blender died over it, and nobody has taken it up yet.
            kind = get_provider(task.request.provider)
            yield from self._noting(task_id, stopped(kind, task, is_free=False))

    def _remove(self, task_id: str) -> Steps:
        while True:
            try:
                with self._noting_lock:
                    self._ledger.remove(task_id)
                    with self._lock:
                        removed = self._live.pop(task_id, None)
                break
            except LeaseLost as lost:
                self._show_stored(task_id, lost.stored)
                return
            except LedgerError as error:
                self._publish(Trouble(error.message, error.advice))
                yield LEDGER_RETRY
        self._sweep_task(task_id)
        yield from self._sweep_library([removed] if removed else [])
        self._publish(TaskRemoved(task_id))

    def _balance(self, provider_id: str) -> Steps:
        try:
            balance = self._provider(provider_id).balance()
            self._publish(BalanceKnown(provider_id, balance))
        except MaquetteError as error:
            self._publish(BalanceKnown(provider_id, None, error.message, error.advice))
        return
        yield

    def _quote(self, request: GenerationRequest) -> Steps:
        try:
            self._publish(PriceKnown(request, self._provider(request.provider).quote(request)))
        except MaquetteError as error:
            self._publish(PriceKnown(request, None, error.message, error.advice))
        return
        yield

    # --- small parts ---

    def _provider(self, provider_id: str) -> Provider:
        kind = get_provider(provider_id)
        return kind(
            self.accounts.account(kind), self._gate(kind), self.folders.service(provider_id)
        )

    def _gate(self, kind: type[Provider]) -> Callable[[], None]:
        def gate() -> None:
            if kind.needs_network and not self._online():
                raise Offline(
                    say("Blender is set to work offline."),
                    say("Turn on Allow Online Access in Preferences > System."),
                )

        return gate

    def _show(self, task: Task) -> None:
        with self._lock:
            self._live[task.id] = task
        self._publish(TaskChanged(task))

    def _sweep(self, tasks: list[Task]) -> None:
        """Remove what cut downloads left; keep what a task may still go on from."""
        wanted = {
            task.id for task in tasks if task.state not in (TaskState.READY, TaskState.IMPORTED)
        }
        known = {task.id for task in tasks}
        # Pictures are made before their task is noted down, here and in other Blenders.
        old = time.time() - UNKNOWN_SECONDS
        with suppress(OSError):
            for part in self.folders.downloads.iterdir():
                if part.name.partition(".")[0] not in wanted:
                    part.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in self.folders.inputs("x").parent.iterdir():
                if folder.name not in known and folder.stat().st_mtime < old:
                    self._sweep_task(folder.name)

        # Not here on the desk: the library may lie on a drive that hangs.
        done = [task for task in tasks if task.id not in wanted]
        self._worker.add("sweep", self._sweep_library(done), once=True)

    def _sweep_library(self, tasks: list[Task]) -> Steps:
        with suppress(OSError, StorageError):
            library.sweep(self.folders.library, tasks)
        return
        yield

    def _sweep_task(self, task_id: str) -> None:
        with suppress(OSError):
            for part in self.folders.downloads.glob(f"{task_id}.*"):
                part.unlink(missing_ok=True)
        folder = self.folders.inputs(task_id)
        with suppress(OSError):
            for picture in folder.iterdir():
                picture.unlink(missing_ok=True)
            folder.rmdir()


__all__ = [
    "BalanceKnown",
    "Engine",
    "Folders",
    "Notice",
    "PriceKnown",
    "TaskChanged",
    "TaskRemoved",
    "Trouble",
]
