"""A task, a price and a stretch of time put into words, for the panels and the command line.

Nothing is made up: a share is shown only where the service or the download tells one, and a time
that is left only where the service says so or this user's own finished tasks do.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import Retry, Task, TaskState, retry_means
from .providers.base import Balance, Price, Provider

LATE = 1.25  # times the median; half of all tasks take longer than the median itself

_STATES = {
    TaskState.SUBMITTING: "Sending",
    TaskState.WAITING: "Waiting",
    TaskState.GENERATING: "Generating",
    TaskState.DOWNLOADING: "Downloading",
    TaskState.READY: "Ready",
    TaskState.IMPORTED: "Imported",
    TaskState.FAILED: "Failed",
    TaskState.STOPPED: "Stopped",
    TaskState.UNCONFIRMED: "Not confirmed",
}
RETRY = {
    Retry.NONE: "",
    Retry.RESUME: "Resume",
    Retry.SUBMIT: "Retry",
    Retry.PAY_AGAIN: "Generate Again…",
}


@dataclass(frozen=True)
class Words:
    """state: one or two words. detail: how far, in numbers, or "". left: about how long still, or
    "". factor: 0..1 for a progress bar, None where nothing tells a share."""

    state: str
    detail: str = ""
    factor: float | None = None
    left: str = ""

    @property
    def line(self) -> str:
        """All of it: "Downloading 12.3 of 40 MB", "Waiting, 3rd in the queue, about 2 min"."""
        head = f"{self.state} {self.detail}" if self.factor is not None else self.state
        rest = [] if self.factor is not None else [self.detail]
        return ", ".join(filter(None, [head, *rest, self.left]))


def describe(task: Task, now: float) -> Words:
    """How a task stands at `now` (Unix seconds). Reasons and notes are the task's own words."""
    state = _STATES[task.state]
    match task.state:
        case TaskState.WAITING if not task.accepted:
            return Words(state, "not sent yet")
        case TaskState.WAITING if task.queue_position is not None or task.queue_seconds is not None:
            left = f"about {_roughly(task.queue_seconds)}" if task.queue_seconds else ""
            return Words(state, _place(task.queue_position), left=left)
        case TaskState.WAITING | TaskState.GENERATING:
            # Services with few steps begin with a share of 0, which says no more than the state.
            if task.share and task.state is TaskState.GENERATING:
                # Never 100 %: that is what "Downloading" and "Ready" say.
                share = min(task.share, 1.0)
                return Words(state, f"{min(int(share * 100), 99)} %", share, _left(task, now))
            return Words(state, f"{duration(_elapsed(task, now))} so far", left=_left(task, now))
        case TaskState.DOWNLOADING:
            if task.total:
                factor = min(task.received / task.total, 1.0)
                return Words(state, _of(task.received, task.total), factor)
            return Words(state, f"{size(task.received)} so far" if task.received else "")
        case TaskState.READY | TaskState.IMPORTED:
            return Words(state, f"{task.triangles:,} triangles" if task.triangles else "")
    return Words(state)


def retry_words(task: Task, provider: type[Provider]) -> str:
    """What the button that takes a task up again says; "" where there is nothing to take up."""
    return RETRY[retry_means(task, provider.repeatable)]


def credits(amount: float) -> str:
    """ "0.5 credits", "1 credit", "1,250 credits"."""
    return f"{_plain(amount, 2)} {'credit' if amount == 1 else 'credits'}"


def price(price: Price) -> str:
    if price.exact and not price.credits:
        return "free"
    return credits(price.credits) if price.exact else f"{credits(price.credits)}, by the price list"


def balance(balance: Balance) -> str:
    held = f", {_plain(balance.frozen, 2)} more held for running jobs" if balance.frozen else ""
    return credits(balance.credits) + held


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
    return f"{round(minutes / 1440)} days"


def size(count: int) -> str:
    """Bytes in decimal units, as in file managers: "812 bytes", "12.3 MB", "140 MB"."""
    divisor, unit = _unit(count)
    return f"{_plain(count / divisor, 1 if count < 100 * divisor else 0)} {unit}"


def _of(received: int, total: int) -> str:
    divisor, unit = _unit(total)
    digits = 1 if total < 100 * divisor else 0
    # The first number keeps its digits, so that the line does not jump while it counts.
    return f"{received / divisor:,.{digits}f} of {_plain(total / divisor, digits)} {unit}"


def _unit(count: int) -> tuple[int, str]:
    for divisor, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= divisor:
            return divisor, unit
    return 1, "bytes"


def _elapsed(task: Task, now: float) -> float:
    return max(0.0, now - task.started)  # clocks get set back


def _left(task: Task, now: float) -> str:
    if not task.expected_seconds:
        return ""
    left = task.expected_seconds - _elapsed(task, now)
    if left > 0:
        return f"about {_roughly(left)} left"
    return "longer than usual" if left < (1 - LATE) * task.expected_seconds else ""


def _roughly(seconds: float) -> str:
    """As exact as an estimate deserves: steps of 5 s under a minute, then whole minutes."""
    if seconds < 57.5:
        return f"{max(5, 5 * round(seconds / 5))} s"
    return duration(60 * max(1, round(seconds / 60)))


def _place(position: int | None) -> str:
    if position is None:
        return ""
    if position <= 1:
        return "next in the queue"
    ends = {1: "st", 2: "nd", 3: "rd"}
    end = "th" if position % 100 in (11, 12, 13) else ends.get(position % 10, "th")
    return f"{position:,}{end} in the queue"


def _two(count: int, per: int, large: str, small: str) -> str:
    whole, rest = divmod(count, per)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def _plain(amount: float, digits: int) -> str:
    """With at most so many decimals, without trailing zeros."""
    number = f"{amount:,.{digits}f}"
    return number.rstrip("0").rstrip(".") if "." in number else number
