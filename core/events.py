"""What a job reports, and what each report makes of its task.

Frozen values, like the nouns of model.py. The only place where a task changes is `advance`, one
line per cause. Not needed before there is a task: enabling the extension does not import it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from .errors import Gone, JobFailed, MaquetteError
from .language import say
from .model import Accepted, Task, TaskState


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a job reports. `wait`: seconds until its next step is due.

    A durable event is on disk before it is shown and before the job's next line runs. The others
    only say how things are going and may be lost without harm.
    """

    wait: float = 0.0
    durable: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Uploading(Event):
    """Picture `number` of `count` is about to be sent. No money is involved yet."""

    number: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Submitting(Event):
    """The next line sends the paid request, under this key. uploads: the service's names for the
    pictures it was sent before, so that a repeat is the same order. balance: credits just before,
    where that may help to tell whether it was taken."""

    submit_key: str
    payer: str = ""
    uploads: tuple[str, ...] = ()
    balance: float | None = None


@dataclass(frozen=True, kw_only=True)
class Postponed(Event):
    """The service did not take the job now; it is sent again after `wait`.

    submit_key: the key to send it under, if it may have been taken under that one before."""

    message: str
    submit_key: str = ""


@dataclass(frozen=True, kw_only=True)
class Submitted(Event):
    accepted: Accepted


@dataclass(frozen=True, kw_only=True)
class Queued(Event):
    durable: ClassVar[bool] = False
    position: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Generating(Event):
    durable: ClassVar[bool] = False
    share: float | None = None


@dataclass(frozen=True, kw_only=True)
class Interrupted(Event):
    """One try failed and the next follows after `wait`; nothing is decided."""

    durable: ClassVar[bool] = False
    message: str


@dataclass(frozen=True, kw_only=True)
class Downloading(Event):
    """received, total: bytes; total None where the server did not say."""

    durable: ClassVar[bool] = False
    received: int = 0
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class Ready(Event):
    """The checked model is in the library."""

    folder: str
    model: str
    preview: str = ""
    triangles: int = 0
    warning: str = ""


@dataclass(frozen=True, kw_only=True)
class Imported(Event):
    pass


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """`final`: the service is done with the job and has nothing to fetch."""

    message: str
    advice: str = ""
    details: str = ""
    code: str = ""
    final: bool = False

    @classmethod
    def because(cls, error: MaquetteError) -> Failed:
        return cls(
            message=error.message,
            advice=error.advice,
            details=error.details,
            code=error.code,
            final=isinstance(error, (JobFailed, Gone)),
        )


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """No longer watched. `unsent`: it is certain that the service never got the submit."""

    message: str
    advice: str = ""
    unsent: bool = False


@dataclass(frozen=True, kw_only=True)
class Unconfirmed(Event):
    message: str
    advice: str = ""
    details: str = ""


@dataclass(frozen=True, kw_only=True)
class Resumed(Event):
    """The user wants the task taken up again. `again`: as a new, newly charged submit."""

    again: bool = False


@dataclass(frozen=True, kw_only=True)
class Relocated(Event):
    """The .blend of a task was saved under another path, or its scene under another name."""

    file: str
    scene: str = ""


def advance(task: Task, event: Event, now: float) -> Task:
    """The task after the event. The only place where a task's state changes."""
    task = replace(task, updated=now, note="")
    match event:
        case Uploading(number=number, count=count):
            note = say("Sending picture {number} of {count}", number=number, count=count)
            return replace(task, state=TaskState.SUBMITTING, note=note)
        case Submitting(submit_key=key, payer=payer, uploads=uploads, balance=balance):
            task = replace(task, sent=now, balance=balance, payer=payer)
            return replace(task, state=TaskState.SUBMITTING, submit_key=key, uploads=uploads)
        case Postponed(message=message, submit_key=key):
            return replace(task, state=TaskState.WAITING, submit_key=key, note=message)
        case Submitted(accepted=accepted):
            return replace(task, state=TaskState.WAITING, accepted=replace(accepted, at=now))
        case Queued(position=position, seconds=seconds):
            return replace(
                task, state=TaskState.WAITING, queue_position=position, queue_seconds=seconds
            )
        case Generating(share=share):
            # Services reorder their words (QUEUED after RUNNING); shown progress never goes back.
            share = max(share, task.share or 0.0) if share is not None else task.share
            return replace(task, state=TaskState.GENERATING, share=share, queue_position=None)
        case Interrupted(message=message):
            return replace(task, note=message)
        case Downloading(received=received, total=total):
            return replace(
                task,
                state=TaskState.DOWNLOADING,
                received=received,
                total=total,
                finished=task.finished or now,
            )
        case Ready(folder=folder, model=model, preview=preview, triangles=n, warning=warning):
            return replace(
                task,
                state=TaskState.READY,
                folder=folder,
                model=model,
                preview=preview,
                triangles=n,
                note=warning,
                finished=task.finished or now,
            )
        case Imported():
            return replace(task, state=TaskState.IMPORTED)
        case Failed():
            # Jobs only fail before acceptance when the service surely did not take the order.
            return replace(
                task,
                submit_key=task.submit_key if task.accepted else "",
                state=TaskState.FAILED,
                message=event.message,
                advice=event.advice,
                details=event.details,
                code=event.code,
                final=event.final,
            )
        case Stopped(message=message, advice=advice, unsent=unsent):
            key = "" if unsent else task.submit_key
            return replace(
                task, state=TaskState.STOPPED, message=message, advice=advice, submit_key=key
            )
        case Unconfirmed(message=message, advice=advice, details=details):
            return replace(
                task, state=TaskState.UNCONFIRMED, message=message, advice=advice, details=details
            )
        case Resumed(again=again):
            task = replace(task, message="", advice="", details="", code="", final=False)
            if again:
                task = replace(
                    task,
                    accepted=None,
                    submit_key="",
                    uploads=(),
                    share=None,
                    received=0,
                    total=None,
                )
                task = replace(task, finished=0.0, queue_position=None, queue_seconds=None)
            return replace(task, state=TaskState.WAITING if task.accepted else TaskState.SUBMITTING)
        case Relocated(file=file, scene=scene):
            where = replace(task.origin, file=file, scene=scene or task.origin.scene)
            return replace(task, origin=where)
    raise TypeError(f"unknown event {type(event).__name__}")
