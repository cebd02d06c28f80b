"""The story of one generation, told top to bottom: submit, wait, download, check, keep.

A job is a generator of events. No line of it runs before the event yielded above it is on disk
(if it is durable) and its wait is over, so at every `yield` it may be killed, and a new job for
the stored task goes on from there. All I/O is in the calls to the provider, `download`, `glb` and
`library`; all waiting is in the events.
"""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from . import glb, library
from .addresses import Account
from .download import MODEL_BYTES, download, drop_part, take_over
from .endings import other_payer, rested, same_order, stopped, unconfirmed, unsent
from .errors import (
    BadModel,
    BadRequest,
    Busy,
    CutOff,
    Expired,
    Gone,
    JobFailed,
    MaquetteError,
    NoAnswer,
    Offline,
    Refused,
    Transient,
    Unreachable,
)
from .events import (
    Downloading,
    Event,
    Failed,
    Generating,
    Interrupted,
    Postponed,
    Queued,
    Ready,
    Submitted,
    Submitting,
    Unconfirmed,
    Uploading,
)
from .http import TIMEOUT
from .language import mark, say
from .model import Accepted, Task
from .pace import Pace, Patience
from .providers.base import Provider, ResultFile, Results, Status
from .wording import duration
from .worker import Cancelled

Events = Generator[Event, None, None]
T = TypeVar("T")

OFFLINE_WAIT = 5.0  # looks at a switch, sends nothing
LONGEST_RETRY_AFTER = 3600.0
TRIES = 5  # uploads, and fresh links for one download that does not get on
PROGRESS_BYTES = 1 << 18  # what counts as getting on
BALANCE_SECONDS = 5.0  # of silence; the order waits for it
PREVIEW_BYTES = 10 << 20
PREVIEW_SECONDS = 15.0  # the model, which is paid for, waits for it


class _End(Exception):
    """Leaves the story from any depth with its last event."""

    def __init__(self, event: Event) -> None:
        self.event = event


class Job:
    """task: as stored. downloads: the folder for what is under way. deadline: seconds of watching
    after which the job rests until the user resumes it; the service may go on meanwhile. is_known:
    has another task this job_id? crowd: how many jobs of this service are polled, with this one."""

    def __init__(
        self,
        task: Task,
        provider: Provider,
        *,
        downloads: Path,
        library_folder: Path,
        gate: Callable[[], None],
        deadline: float = 3600.0,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        is_known: Callable[[str], bool] = lambda job_id: False,
        crowd: Callable[[], int] = lambda: 1,
    ) -> None:
        self.task = task
        self.provider = provider
        self.accepted = task.accepted
        self.downloads = downloads
        self.library = library_folder
        self.gate = gate
        self.is_known = is_known
        self.deadline = deadline
        self.clock = clock
        self.token = uuid.uuid4().hex[:6]
        self.pace = Pace(provider.pacing, rng or random.Random(), crowd)
        self.patience = Patience(deadline, clock)
        self.maybe_sent = bool(task.submit_key) and not task.accepted
        self.balance, self.sent = task.balance, task.sent

    def run(self) -> Events:
        """Throw `Cancelled` into it to have it end with `Stopped`."""
        try:
            accepted = self.accepted or (yield from self._submit())
            if not self._is_here(accepted):
                yield from self._watch(accepted)
            yield from self._fetch(accepted)
        except _End as end:
            yield end.event
        except Cancelled:
            yield self._cancelled()
        except MaquetteError as error:
            if isinstance(error, Gone) and self.task.payer not in ("", self._payer_now):
                yield other_payer(self.provider, taken=True)
                return
            # What goes wrong while an order may stand does not undo the order.
            unclear = self.maybe_sent and not self.accepted
            yield self._unconfirmed(error) if unclear else Failed.because(error)

    @property
    def _payer_now(self) -> str:
        return _payer(self.task.submit_key, self.provider.api.account)

    # --- submit ---

    def _submit(self) -> Generator[Event, None, Accepted]:
        provider, request = self.provider, self.task.request
        if self.maybe_sent and not provider.repeatable:
            # Died between the request and its answer. Only the user may decide to pay again.
            raise NoAnswer(say("Blender closed before the answer came."))
        submit_key = self.task.submit_key or uuid.uuid4().hex
        payer = _payer(submit_key, provider.api.account)
        if self.maybe_sent and self.task.payer not in ("", payer):
            raise _End(other_payer(provider, taken=False))
        uploads = list(self.task.uploads) if self.maybe_sent else []
        if provider.capabilities.uploads and not uploads:
            for number, picture in enumerate(request.pictures, 1):
                yield Uploading(number=number, count=len(request.pictures))
                uploads.append((yield from self._upload(Path(picture))))
        # Of an order before this one. Now, since nothing may come between an answer and its note.
        self._drop_parts()
        self.balance = self._balance()
        while True:
            self.sent = self.clock()
            yield Submitting(
                submit_key=submit_key,
                payer=payer,
                uploads=tuple(uploads),
                balance=self.balance,
            )
            try:
                accepted = provider.submit(request, submit_key, uploads)
                break
            except Busy as error:
                wait = self._wait(error)
                if self.patience.is_over(wait):
                    why = say("{trouble} It was not taken in time.", trouble=error.message)
                    raise _End(self._cancelled() if self.maybe_sent else unsent(why)) from None
                yield Postponed(
                    message=_then(mark("{trouble} It is sent again in {time}."), error, wait),
                    submit_key=submit_key if self.maybe_sent else "",
                    wait=wait,
                )
            except NoAnswer as error:
                self.maybe_sent = True
                yield from self._repeat_later(error)
            except Unreachable as error:
                if not self.maybe_sent:
                    raise
                yield from self._repeat_later(error)
            except MaquetteError:
                # Also of a repeat: that says nothing sure about the first try; the order may
                # stand, and be what used up the credits.
                raise
            except Exception as error:
                # A mistake of ours after the request may have left: never taken for a refusal.
                self.maybe_sent = True
                raise NoAnswer(
                    say("The answer could not be read."), details=type(error).__name__
                ) from error
        if self.is_known(accepted.job_id):
            # Triverse counts equal orders within a short time as one (`allow_duplicate`,
            # docs.triverse.ai): it gave the job it had.
            raise _End(same_order(provider))
        self.accepted = replace(accepted, at=self.clock())  # from here on, a cancel knows of it
        yield Submitted(accepted=accepted, wait=accepted.first_poll)
        return self.accepted

    def _repeat_later(self, error: Transient) -> Events:
        """Only for services that charge a repeat under the same key once."""
        wait = self._wait(error)
        if not self.provider.repeatable or self.patience.is_over(wait):
            raise error
        yield Interrupted(
            message=_then(mark("{trouble} The same order is sent again in {time}."), error, wait),
            wait=wait,
        )

    def _upload(self, picture: Path) -> Generator[Event, None, str]:
        for tries_left in reversed(range(TRIES)):
            try:
                return self.provider.upload(picture)
            except OSError as error:
                raise BadRequest(
                    say("The prepared picture is gone."),
                    say("Generate again."),
                    details=str(error.strerror),
                ) from error
            except Transient as error:
                if not tries_left:
                    # Uploads are not paid: this is a plain failure, fit to be retried.
                    raise Refused(error.message, error.advice, details=error.details) from None
                wait = self._wait(error)
                yield Interrupted(
                    message=_then(mark("{trouble} Trying again in {time}."), error, wait),
                    wait=wait,
                )
        raise AssertionError("the last try returns or raises")

    def _balance(self) -> float | None:
        """Credits, where only they can tell whether an order was taken. Worth one short try."""
        price = self.provider.estimate(self.task.request)
        if self.provider.repeatable or not (price and price.credits):
            return None
        api = self.provider.api
        api.timeout = (BALANCE_SECONDS, BALANCE_SECONDS)
        try:
            return self.provider.balance().credits
        except MaquetteError:
            return None
        finally:
            api.timeout = TIMEOUT

    def _unconfirmed(self, error: MaquetteError) -> Unconfirmed:
        after = self._balance() if self.balance is not None else None
        return unconfirmed(self.provider, error, self.balance, after, self.sent)

    def _cancelled(self) -> Event:
        price = self.provider.estimate(self.task.request)
        # As far as this job has come: what it was stored with is behind that.
        key = (self.task.submit_key or "sent") if self.maybe_sent else ""
        task = replace(self.task, accepted=self.accepted, submit_key=key)
        return stopped(self.provider, task, is_free=bool(price and not price.credits))

    # --- wait ---

    def _watch(self, accepted: Accepted) -> Events:
        self.patience = Patience(self.deadline, self.clock)
        while True:
            status: Status = yield from self._ask(lambda: self.provider.poll(accepted))
            if status.phase == "done":
                return
            elapsed = self.clock() - accepted.at
            queue = status.queue_seconds
            if queue is None:
                # What has waited so long and is not begun is not about to be done either.
                queue = elapsed / 2 if status.phase == "waiting" else 0.0
            wait = self.pace.next(elapsed, self.task.expected_seconds, queue)
            self._go_on(wait)
            if status.phase == "waiting":
                yield Queued(
                    position=status.queue_position, seconds=status.queue_seconds, wait=wait
                )
            else:
                yield Generating(share=status.share, wait=wait)

    def _ask(self, question: Callable[[], T]) -> Generator[Event, None, T]:
        """A read, repeated until it is answered: one failed poll is not a failed job. That a job
        is lost or has failed is believed when it is said twice: it would be the end of paid work.
        """
        verdicts = 0
        while True:
            try:
                return question()
            except (Gone, JobFailed) as error:
                verdicts += 1
                if verdicts == 2:
                    raise
                wait = self.pace.again()
                message = _then(mark("{trouble} To be sure, asking again in {time}."), error, wait)
            except Offline as error:
                message, wait = error.message, OFFLINE_WAIT
            except Transient as error:
                wait = self._wait(error)
                message = _then(mark("{trouble} Asking again in {time}."), error, wait)
            self._go_on(wait)
            yield Interrupted(message=message, wait=wait)

    def _wait(self, error: Transient) -> float:
        return max(self.pace.again(), min(error.retry_after or 0.0, LONGEST_RETRY_AFTER))

    def _go_on(self, wait: float) -> None:
        """Ends the watching when its time is over."""
        if self.patience.is_over(wait):
            raise _End(rested(self.provider, self.deadline))

    # --- download, check, keep ---

    def _is_here(self, accepted: Accepted) -> bool:
        """Was the model fetched before, and not noted or not taken by the library? The service may
        have forgotten it by now."""
        if self.task.accepted is None:
            return False
        with suppress(MaquetteError):
            if library.find(self.library, replace(self.task, accepted=accepted)):
                return True
        self._take_part()
        return self._kept(self._part) is not None

    def _fetch(self, accepted: Accepted) -> Events:
        request = self.task.request
        task = replace(self.task, accepted=accepted, finished=self.clock())
        if stored := library.find(self.library, task):
            # It got there, and Blender died before that was noted down.
            summary = glb.check(stored.folder / stored.model)
            self._drop_parts()
            yield _ready(stored, summary)
            return
        self._take_part()
        part = self._part
        if kept := self._kept(part):
            # Fetched before, but the library could not take it. The rest is worth one try.
            results, summary = Results(models=()), kept
            with suppress(MaquetteError):
                results = self.provider.results(accepted, request)
        else:
            results, summary = yield from self._fetch_whole(accepted, part)
        preview = self._fetch_preview(results.preview)
        stored = library.store(
            self.library,
            task,
            part,
            preview,
            triangles=summary.triangles,
            about=results.about,
        )
        self._drop_parts()
        yield _ready(stored, summary, results.warning)

    @property
    def _part(self) -> Path:
        """Of this job alone: another Blender that stands still may have one of the same task."""
        return self.downloads / f"{self.task.id}.{self.token}.glb.part"

    @property
    def _preview_part(self) -> Path:
        return self.downloads / f"{self.task.id}.{self.token}.preview.part"

    def _take_part(self) -> None:
        """What an earlier try has left: the most of it."""
        left = [part for part in self.downloads.glob(f"{self.task.id}.*glb.part") if part.is_file()]
        for old in sorted(left, key=lambda part: part.stat().st_size, reverse=True):
            if old == self._part or take_over(old, self._part):
                break

    def _drop_parts(self) -> None:
        """With what earlier tries left. A Blender that stands still loses nothing by it."""
        for file in self.downloads.glob(f"{self.task.id}.*"):
            with suppress(OSError):
                file.unlink()

    def _kept(self, part: Path) -> glb.Summary | None:
        try:
            return glb.check(part)
        except MaquetteError:
            return None  # not there, or not whole: `download` knows what to do with it

    def _fetch_whole(
        self, accepted: Accepted, part: Path
    ) -> Generator[Event, None, tuple[Results, glb.Summary]]:
        """Links, and the model they lead to; fresh ones where they are no longer good."""
        request = self.task.request
        tries_left, reached = TRIES, 0
        while True:
            tries_left -= 1
            results = yield from self._ask(lambda: self.provider.results(accepted, request))
            try:
                return results, (yield from self._fetch_model(results, part))
            except Transient as error:
                size = part.stat().st_size if part.exists() else 0
                if size >= reached + PROGRESS_BYTES:  # slowly, but it gets there
                    tries_left, reached = TRIES - 1, size
                if not tries_left:
                    raise
                wait = self._wait(error)
                yield Interrupted(
                    message=_then(mark("{trouble} Going on in {time}."), error, wait),
                    wait=wait,
                )
            except Expired as error:
                if not tries_left:
                    raise
                # A fresh link at once; if that one is no good either, not in a hurry.
                hurry = tries_left == TRIES - 1
                yield Interrupted(message=error.message, wait=0.0 if hurry else self.pace.again())

    def _fetch_model(self, results: Results, part: Path) -> Generator[Event, None, glb.Summary]:
        """The first candidate that is to be had and is a whole, safe GLB."""
        failure: MaquetteError = Expired(say("The service listed no model."))
        for file in results.models:
            try:
                announced = yield from self._download(file, part)
                return glb.check(part)
            except (Expired, Refused, Unreachable) as error:
                failure = error  # the next may come from another host
            except BadModel as error:
                drop_part(part)
                failure = error
                if isinstance(error, CutOff) and not announced:
                    raise NoAnswer(error.message, details=error.details) from error
        raise failure

    def _download(self, file: ResultFile, part: Path) -> Generator[Event, None, bool]:
        """Returns whether the server had said how long it is. Where it had not, only the file
        itself tells that its end is missing."""
        total = None
        with closing(self._slices(file, part)) as slices:
            try:
                for received, total in slices:
                    yield Downloading(received=received, total=total)
            except Offline as error:
                raise NoAnswer(error.message, error.advice, retry_after=OFFLINE_WAIT) from None
        return total is not None

    def _fetch_preview(self, file: ResultFile | None) -> Path | None:
        """A picture is worth one try, and never the model."""
        part = self._preview_part
        if file is None:
            return None
        until = time.monotonic() + PREVIEW_SECONDS
        with closing(self._slices(file, part, PREVIEW_BYTES)) as slices, suppress(MaquetteError):
            if all(time.monotonic() < until for _ in slices):
                return part
        drop_part(part)
        return None

    def _slices(
        self, file: ResultFile, part: Path, limit: int = MODEL_BYTES
    ) -> Generator[tuple[int, int | None], None, None]:
        return download(
            file.url,
            part,
            gate=self.gate,
            label=self.provider.label,
            base_url=self.provider.api.account.base_url,
            api=self.provider.api if file.with_key else None,
            limit=limit,
        )


def _payer(submit_key: str, account: Account) -> str:
    """Tells two accounts apart without telling the key."""
    return hashlib.sha256(repr((submit_key, account.base_url, account.key)).encode()).hexdigest()


def _then(sentence: str, trouble: MaquetteError, wait: float) -> str:
    """What went wrong, and when what follows."""
    return say(sentence, trouble=trouble.message, time=duration(wait))


def _ready(stored: library.Stored, summary: glb.Summary, warning: str = "") -> Ready:
    return Ready(
        folder=str(stored.folder),
        model=stored.model,
        preview=stored.preview,
        triangles=summary.triangles,
        warning=warning,
    )
