"""How a job ends without a model, in words: what is known, and what may be pressed now.

Each says what is charged. Thread: any; nothing here waits or asks.
"""

from __future__ import annotations

import time

from .errors import MaquetteError, NoAnswer
from .events import Stopped, Unconfirmed
from .language import say
from .model import Task
from .providers.base import Provider
from .wording import duration


def unconfirmed(
    provider: Provider | type[Provider],
    error: MaquetteError,
    before: float | None,
    after: float | None,
    sent: float,
) -> Unconfirmed:
    """Nobody knows whether the order was taken. before, after: the balance in credits just before
    the order, sent at `sent` (seconds since the epoch), and now; None where it is not known."""
    if provider.repeatable:
        advice = say("Resume sends the same order again, which is charged once.")
    elif before is not None and after is not None:
        advice = say(
            "It was sent at {time}. Your balance was {before} credits before that and is"
            " {after} now: look for other jobs of that time before you send it again, which"
            " is charged again.",
            time=time.strftime("%H:%M", time.localtime(sent)),
            before=f"{before:,g}",
            after=f"{after:,g}",
        )
    else:
        advice = say(
            "Look at your balance or job list at {service} before you send it again:"
            " if the job was taken, sending it again is charged again.",
            service=provider.label,
        )
    return Unconfirmed(
        message=say(
            "It is not known whether {service} took this job. {trouble}",
            service=provider.label,
            trouble=error.message,
        ),
        advice=advice,
        details=error.details,
    )


def other_payer(provider: Provider, *, taken: bool) -> Stopped | Unconfirmed:
    """It was sent with another key, or to another place: there is no repeating it with this one,
    and no asking for the job. taken: that is known."""
    message = say(
        "This order went to {service} with another key or service URL than the present ones.",
        service=provider.label,
    )
    advice = say("Enter those again and press Resume: it is charged once.")
    return (Stopped if taken else Unconfirmed)(message=message, advice=advice)


def same_order(provider: Provider) -> Stopped:
    """The service gave a job that another task has."""
    return Stopped(
        message=say(
            "{service} took this for the same order as the one before: nothing new is"
            " made, and nothing more is charged.",
            service=provider.label,
        ),
        advice=say("Change something or wait a little, then press Retry."),
        unsent=True,
    )


def unsent(why: str = "") -> Stopped:
    return Stopped(
        message=why or say("Stopped before it was sent."),
        advice=say("Nothing was charged. Retry sends it."),
        unsent=True,
    )


def stopped(
    provider: Provider | type[Provider], task: Task, *, is_free: bool
) -> Stopped | Unconfirmed:
    """By the user. task: as it stands; with a `submit_key` but not accepted, it is somewhere
    between its order and the answer."""
    if task.accepted and is_free:
        return Stopped(
            message=say("Not watched any more."), advice=say("Resume fetches the result.")
        )
    if task.accepted:
        return Stopped(
            message=say("Not watched any more."),
            advice=say(
                "{service} has no way to cancel: it may finish the job and charge for it."
                " Resume fetches the result.",
                service=provider.label,
            ),
        )
    if not task.submit_key:
        return unsent()
    if provider.repeatable:
        return Stopped(
            message=say("Stopped before the answer came; the job may have been taken."),
            advice=say("Resume sends the same order again, which is charged once."),
        )
    closed = NoAnswer(say("Blender closed before the answer came."))
    return unconfirmed(provider, closed, None, None, task.sent)


def rested(provider: Provider, deadline: float) -> Stopped:
    """Watched for `deadline` seconds, which is enough."""
    return Stopped(
        message=say("Not watched any more after {time}.", time=duration(deadline)),
        advice=say("{service} may still finish it: Resume looks again.", service=provider.label),
    )
