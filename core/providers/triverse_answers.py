"""What an answer of Triverse means: its `data`, or the error that says what happened.

Every answer is an envelope {code, message, data}, code 0 meaning success
[docs.triverse.ai/getting-started/responses]. The status of an answer and its code are both looked
at; the code decides, since one status stands for several things: 403 for a key or for credits,
404 for a task, a file or a wrong address [getting-started/errors, getting-started/authentication].
What 401 and 403 hold for a bad key is not documented, so they are judged by the status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..addresses import Account
from ..errors import Busy, MaquetteError, NoAnswer, Refused
from ..language import mark, say
from .base import number, text

if TYPE_CHECKING:
    from ..http import Reply

URL_ADVICE = mark("Check the service URL in the add-on's preferences.")
SETTINGS_ADVICE = mark("Change the settings; the details hold the service's own words.")

# code: (kind, message, advice) [getting-started/errors]. What 1005, 1006 and 4042 mean about a
# task, and 2005 about an order, is for triverse.py, which asked.
ERRORS: Mapping[int, tuple[type[MaquetteError], str, str]] = {
    1004: (Refused, mark("Triverse did not accept one of the settings."), SETTINGS_ADVICE),
    1005: (
        Refused,
        mark("Triverse does not find something that the request names."),
        mark("Generate again, so that a picture is sent anew; else check the service URL."),
    ),
    1006: (Refused, mark("Triverse does not know this task."), URL_ADVICE),
    2000: (Busy, mark("Triverse gets too many requests just now, or its queue is full."), ""),
    2002: (Refused, mark("Triverse does not offer this kind of task."), SETTINGS_ADVICE),
    2004: (Refused, mark("Triverse does not take this file."), mark("Use another picture.")),
    2005: (NoAnswer, mark("Triverse cannot tell this yet."), ""),
    2008: (
        Refused,
        mark("Triverse refused the prompt or the picture for its content."),
        mark("Change the prompt or use another picture."),
    ),
    2010: (
        Refused,
        mark("There are not enough credits left at Triverse."),
        mark("Check the balance and buy more on the service's website."),
    ),
    4042: (Refused, mark("Triverse has no files of this task."), ""),
    5003: (NoAnswer, mark("Triverse is not available just now."), ""),
    5004: (Refused, mark("Triverse cannot run this kind of task."), SETTINGS_ADVICE),
    5005: (NoAnswer, mark("Triverse could not store the request."), ""),
}


class Reading:
    """How answers to one account are read."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self, reply: Reply) -> dict[str, Any]:
        """The `data` of a success. Errors: Refused, Busy, NoAnswer, with the code as it came."""
        body = reply.json()
        code = code_of(body or {})
        if reply.ok and body is not None and not code:
            return data_of(body)
        if row := ERRORS.get(code) or (ERRORS[2000] if reply.status == 429 else None):
            kind, message, advice = row[0], say(row[1]), say(row[2])
        else:
            kind, message, advice = self._by_status(reply, body, code)
        error = kind(message, advice, details=self.details(reply), code=str(code or ""))
        if isinstance(error, (Busy, NoAnswer)):
            error.retry_after = reply.retry_after
        raise error

    def _by_status(
        self, reply: Reply, body: dict[str, Any] | None, code: int
    ) -> tuple[type[MaquetteError], str, str]:
        """What an answer without a known code means."""
        if reply.status >= 500 or reply.status == 408 or code >= 5000:
            return NoAnswer, say("Triverse has trouble and gave no proper answer."), ""
        if reply.is_web_page:
            message = say("A web page came back instead of an answer of Triverse.")
            # With 200, something on the way may have made it of an order that arrived.
            return NoAnswer if reply.ok else Refused, message, say(URL_ADVICE)
        if reply.ok and body is None:
            return NoAnswer, say("The answer of Triverse could not be read."), ""
        if reply.status in (401, 403):
            source = self._account.key_from or say("preferences")
            advice = say("Check the key; it comes from the {source}.", source=source)
            return Refused, say("Triverse did not accept the key."), advice
        said = self.shown((body or {}).get("message")) or f"HTTP {reply.status}"
        return Refused, say("Triverse refused the request: {said}", said=said), say(URL_ADVICE)

    def details(self, reply: Reply) -> str:
        """For a report: what was asked, and the service's own words about it."""
        body = reply.json() or {}
        said = [self.shown(body.get(name)) for name in ("message", "suggestion")]
        head = f"{reply.asked}: HTTP {reply.status}, code {code_of(body)}"
        return "; ".join([head, *filter(None, said)])

    def shown(self, value: object, limit: int = 300) -> str:
        """The service's words without links and the key."""
        words = "" if value is None else str(value)
        words = re.sub(r"\w{1,10}://\S+|\S*\?\S+=\S+", "(link)", words)
        key = self._account.key
        return text(words.replace(key, "(key)") if key else words, limit)


def data_of(body: dict[str, Any]) -> dict[str, Any]:
    """What an envelope holds. Only /tasks/url is documented without one: then the body itself."""
    data = body.get("data")
    return data if isinstance(data, dict) else body


def code_of(body: Mapping[str, Any]) -> int:
    """0 for success, and where there is none."""
    return int(number(body.get("code")) or 0)
