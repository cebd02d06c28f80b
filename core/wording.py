"""A task, a price and a stretch of time put into words, for the panels and the command line.

Nothing is made up: a share is shown only where the service or the download tells one, and a time
that is left only where the service says so or this user's own finished tasks do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from .language import mark, number, say
from .model import Retry, Task, TaskState, retry_means
from .providers.base import Balance, Price, Provider

LATE = 1.25  # times the median; half of all tasks take longer than the median itself

_STATES = {
    TaskState.SUBMITTING: mark("Sending"),
    TaskState.WAITING: mark("Waiting"),
    TaskState.GENERATING: mark("Generating"),
    TaskState.DOWNLOADING: mark("Downloading"),
    TaskState.READY: mark("Ready"),
    TaskState.IMPORTED: mark("Imported"),
    TaskState.FAILED: mark("Failed"),
    TaskState.STOPPED: mark("Stopped"),
    TaskState.UNCONFIRMED: mark("Not confirmed"),
}
RETRY = {
    Retry.NONE: "",
    Retry.RESUME: mark("Resume"),
    Retry.SUBMIT: mark("Retry"),
    Retry.PAY_AGAIN: mark("Generate Again…"),
}


class Words(NamedTuple):
    """state: one or two words. detail: how far, in numbers, or "". left: about how long still, or
    "". factor: 0..1 for a progress bar, None where nothing tells a share."""

    state: str
    detail: str = ""
    factor: float | None = None
    left: str = ""

    @property
    def tail(self) -> str:
        """All but the state: "#3 in the queue, about 2 min", or ""."""
        return ", ".join(filter(None, [self.detail, self.left]))

    @property
    def line(self) -> str:
        """All of it: "Waiting, #3 in the queue, about 2 min"."""
        return ", ".join(filter(None, [self.state, self.tail]))


def describe(task: Task, now: float) -> Words:
    """How a task stands at `now` (Unix seconds). Reasons and notes are the task's own words."""
    state = say(_STATES[task.state])
    match task.state:
        case TaskState.WAITING if not task.accepted:
            return Words(state, say("not sent yet"))
        case TaskState.WAITING if task.queue_position is not None or task.queue_seconds is not None:
            left = ""
            if task.queue_seconds:
                left = say("about {time}", time=_roughly(task.queue_seconds))
            return Words(state, _place(task.queue_position), left=left)
        case TaskState.WAITING | TaskState.GENERATING:
            # Services with few steps begin with a share of 0, which says no more than the state.
            if task.share and task.state is TaskState.GENERATING:
                # Never 100 %: that is what "Downloading" and "Ready" say.
                share = min(task.share, 1.0)
                state = f"{state} {min(int(share * 100), 99)} %"
                return Words(state, factor=share, left=_left(task, now))
            so_far = say("{amount} so far", amount=duration(_elapsed(task, now)))
            return Words(state, so_far, left=_left(task, now))
        case TaskState.DOWNLOADING:
            if task.total:
                factor = min(task.received / task.total, 1.0)
                return Words(state, _of(task.received, task.total), factor)
            so_far = say("{amount} so far", amount=size(task.received)) if task.received else ""
            return Words(state, so_far)
        case TaskState.READY | TaskState.IMPORTED:
            if not task.triangles:
                return Words(state)
            return Words(state, say("{count} triangles", count=number(f"{task.triangles:,}")))
    return Words(state)


def terms(task: Task, service: str) -> str:
    """Who makes it, and what that was said to cost: "Triverse, 20 credits"."""
    cost = task.accepted.cost if task.accepted else None
    if cost is None:
        return service
    return f"{service}, {credits(cost) if cost else say('free')}"


def summary(tasks: Collection[Task]) -> str:
    """ "2 running, 1 ready, 1 not confirmed", as far as there are any; "" when nothing waits for
    anybody."""
    states = Counter(task.state for task in tasks)
    ready, unconfirmed = states[TaskState.READY], states[TaskState.UNCONFIRMED]
    running = sum(count for state, count in states.items() if state.is_open)
    counts = [say("{count} running", count=running)] if running else []
    counts += [say("{count} ready", count=ready)] if ready else []
    counts += [say("{count} not confirmed", count=unconfirmed)] if unconfirmed else []
    return ", ".join(counts)


def retry_words(task: Task, provider: type[Provider]) -> str:
    """What the button that takes a task up again says; "" where there is nothing to take up."""
    return RETRY[retry_means(task, provider.repeatable)]


def credits(amount: float) -> str:
    """ "0.5 credits", "1 credit", "1,250 credits"."""
    if amount == 1:
        return say("1 credit")
    return say("{count} credits", count=_plain(amount, 2))


def price(price: Price) -> str:
    if price.exact and not price.credits:
        return say("free")
    if price.exact:
        return credits(price.credits)
    return say("{credits}, by the price list", credits=credits(price.credits))


def balance(balance: Balance) -> str:
    free = credits(balance.credits)
    if not balance.frozen:
        return free
    held = _plain(balance.frozen, 2)
    return say("{credits}, {held} more held for running jobs", credits=free, held=held)


def duration(seconds: float) -> str:
    """ "8 s", "1 min 20 s", "12 min", "1 h 5 min", "3 days". At least 1 s."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return _two(whole, 60, "min", "s")
    minutes = round(whole / 60)
    if minutes < 48 * 60:
        return f"{minutes} min" if minutes < 60 else _two(minutes, 60, "h", "min")
    return say("{count} days", count=round(minutes / 1440))


def size(count: int) -> str:
    """Bytes in decimal units, as in file managers: "812 bytes", "12.3 MB", "140 MB"."""
    divisor, unit = _unit(count)
    return f"{_plain(count / divisor, 1 if count < 100 * divisor else 0)} {unit}"


def _of(received: int, total: int) -> str:
    divisor, unit = _unit(total)
    digits = 1 if total < 100 * divisor else 0
    # The first number keeps its digits, so that the line does not jump while it counts.
    had, whole = number(f"{received / divisor:,.{digits}f}"), _plain(total / divisor, digits)
    return say("{had} of {whole}", had=had, whole=f"{whole} {unit}")


def _unit(count: int) -> tuple[int, str]:
    for divisor, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= divisor:
            return divisor, unit
    return 1, say("bytes")


def _elapsed(task: Task, now: float) -> float:
    return max(0.0, now - task.started)  # clocks get set back


def _left(task: Task, now: float) -> str:
    if not task.expected_seconds:
        return ""
    left = task.expected_seconds - _elapsed(task, now)
    if left > 0:
        return say("about {time} left", time=_roughly(left))
    return say("longer than usual") if left < (1 - LATE) * task.expected_seconds else ""


def _roughly(seconds: float) -> str:
    """As exact as an estimate deserves: steps of 5 s under a minute, then whole minutes."""
    if seconds < 57.5:
        return f"{max(5, 5 * round(seconds / 5))} s"
    return duration(60 * max(1, round(seconds / 60)))


def _place(position: int | None) -> str:
    if position is None:
        return ""
    if position <= 1:
        return say("next in the queue")
    return say("#{position} in the queue", position=number(f"{position:,}"))


def _two(count: int, per: int, large: str, small: str) -> str:
    whole, rest = divmod(count, per)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def _plain(amount: float, digits: int) -> str:
    """With at most so many decimals, without trailing zeros."""
    written = f"{amount:,.{digits}f}"
    return number(written.rstrip("0").rstrip(".") if "." in written else written)
