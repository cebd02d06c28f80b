"""What an answer of Hyper3D Rodin means: its JSON, or the error that says what happened.

Sources, by page: [errors] the error tables of developer.hyper3d.ai/api-specification/* and, with
the API_ spellings, of docs.hyper3d.ai: documented. [live] answers others have published: a refusal
may come with HTTP 201, a missing key with HTTP 401, and HTTP 500 for a field whose JSON cannot be
parsed. What a 403, 429 or other 5xx holds is not documented; they are judged by the status alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import Busy, Gone, MaquetteError, NoAnswer, Refused
from ..language import mark, say
from .base import text

if TYPE_CHECKING:
    from ..http import Reply

KEY_ADVICE = mark("Check the key in the add-on's preferences.")
URL_ADVICE = mark("Check the service URL in the add-on's preferences.")

# [errors], without the API_ that newer pages put before some. {service} is its name.
REFUSALS = {
    "UNAUTHORIZED": (mark("{service} did not accept the key."), KEY_ADVICE),
    "NO_ACTIVE_SUBSCRIPTION": (
        mark("The {service} account of this key has no active subscription."),
        mark("Subscribe or buy API credits on the service's website."),
    ),
    "SUBSCRIPTION_PLAN_TOO_LOW": (
        mark("The {service} plan of this key does not include the API."),
        mark(
            "Change to a plan that does (Business), or buy API credits, on the service's website."
        ),
    ),
    "INSUFFICIENT_FUND": (
        mark("There are not enough credits left at {service}."),
        mark("Check the balance and buy more on the service's website."),
    ),
    "OBJECT_NOT_FOUND_ON_IMAGE": (
        mark("{service} found no object in the picture."),
        mark("Use another picture: one object, whole, on a plain background."),
    ),
    "IMAGE_CONTENT_VIOLATION": (
        mark("{service} refused the picture for its content."),
        mark("Use another picture."),
    ),
    "IMAGE_LABEL_LENGTH_TOO_LONG": (
        mark("{service} got more directions than pictures."),
        mark("Name one direction for each picture, or none."),
    ),
    "INVALID_REQUEST": (
        mark("{service} did not accept the settings."),
        mark("Change them; the details hold the service's own words."),
    ),
    "USER_NOT_FOUND": (mark("{service} knows no user for this key."), KEY_ADVICE),
    "GROUP_NOT_FOUND": (mark("{service} knows no group for this key."), KEY_ADVICE),
    "PERMISSION_DENIED": (
        mark("{service} does not allow this key to do that."),
        mark("Check the key and its plan on the service's website."),
    ),
}
REFUSALS["INSUFFICIENT_FUNDS"] = REFUSALS["INSUFFICIENT_FUND"]
PARALLEL, NO_SUCH_TASK, UNKNOWN = "PARALLELISM_LIMIT_REACHED", "NO_SUCH_TASK", "UNKNOWN"


class Reading:
    """How answers are read. paid: they are to a submit, which must not be repeated on a guess.
    secrets: what may not be shown even if the service says it."""

    def __init__(self, label: str, paid: bool, secrets: Sequence[str]) -> None:
        self._label = label
        self._paid = paid
        self._secrets = secrets

    def read(self, reply: Reply) -> dict[str, Any]:
        """The answer's JSON object, if it is neither refusal nor failure.

        Errors: Refused, Busy, NoAnswer; Gone for a job that is not known.
        """
        answer = reply.json()
        error = self._error(reply, answer)
        if error is not None:
            said = self.shown((answer or {}).get("message") or (answer or {}).get("error"))
            error.details = f"{reply.asked}: HTTP {reply.status}" + (f": {said}" if said else "")
            raise error
        return answer or {}

    def shown(self, value: object, limit: int = 300) -> str:
        """The service's words without links, secrets and what is long enough to be one: a
        subscription key looks like a JWT (vendor's clients), and no word is that long."""
        words = re.sub(r"\w{1,10}://\S+|\S*\?\S+=\S+|\S{80,}", "(left out)", str(value or ""))
        for secret in self._secrets:
            if secret:
                words = words.replace(secret, "(secret)")
        return text(words, limit)

    def _error(self, reply: Reply, answer: dict[str, Any] | None) -> MaquetteError | None:
        error = answer.get("error") if answer else None
        # "OK" for success stands in one documented sample; one client also knows "none".
        code = "" if error in (None, False, "", "OK", "none") else self.shown(error, 60)
        if reply.status == 429 and code.removeprefix("API_") not in REFUSALS:
            return Busy(
                say("{service} gets too many requests just now.", service=self._label),
                code=code,
                retry_after=reply.retry_after,
            )
        if answer is None:
            return self._no_json(reply)
        said = (self.shown(answer.get("message")) or code).rstrip(".")
        if reply.status == 500 and b"Unexpected token" in reply.body:
            return Refused(
                say(
                    "{service} could not read the settings: {said}.", service=self._label, said=said
                ),
                say("Change them, and report this: Maquette should not have sent it."),
                code=code,
            )
        return self._known(code, reply) or self._by_status(code, said, reply, answer)

    def _known(self, code: str, reply: Reply) -> MaquetteError | None:
        name = code.removeprefix("API_")
        if name in REFUSALS:
            message, advice = REFUSALS[name]
            return Refused(say(message, service=self._label), say(advice), code=code)
        if name == PARALLEL:
            return Busy(
                say(
                    "{service} is already working on as many jobs as this account may have.",
                    service=self._label,
                ),
                code=code,
                retry_after=reply.retry_after,
            )
        if name == NO_SUCH_TASK and not self._paid:
            return Gone(
                say("{service} does not know this job any more.", service=self._label),
                say("Results are kept for 7 days; after that it has to be made anew."),
                code=code,
            )
        if name == UNKNOWN:
            return NoAnswer(
                say("{service} reports an unknown error on its side.", service=self._label),
                code=code,
                retry_after=reply.retry_after,
            )
        return None

    def _by_status(
        self, code: str, said: str, reply: Reply, answer: dict[str, Any]
    ) -> MaquetteError | None:
        if reply.status in (401, 403) and not code:
            return self._unauthorized()
        if reply.status >= 500 or reply.status == 408:
            return self._no_answer(reply, code)
        if code and self._paid and answer.get("uuid"):
            return NoAnswer(
                say("{service} named a job and an error, {code}.", service=self._label, code=code),
                code=code,
            )
        if code:
            said = said if code in said else f"{code}: {said}"
            return Refused(
                say("{service} said no: {said}.", service=self._label, said=said),
                say(KEY_ADVICE)
                if reply.status in (401, 403)
                else say("Its documentation may explain this."),
                code=code,
            )
        return None if reply.ok else self._refused_status(reply)

    def _no_json(self, reply: Reply) -> MaquetteError:
        if reply.status >= 500 or reply.status == 408:
            return self._no_answer(reply)
        if reply.status == 413:
            return Refused(
                say("The pictures are too large for {service}.", service=self._label),
                say("Use fewer or smaller ones."),
            )
        if reply.is_web_page:
            # While waiting for a job, a maintenance page or a hotel's login passes. With 200 it may
            # also be what something on the way makes of an order that arrived.
            return (Refused if self._paid and not reply.ok else NoAnswer)(
                say("{service} answered with a web page, not with its API.", service=self._label),
                say(URL_ADVICE),
            )
        if reply.status in (401, 403):
            return self._unauthorized()
        if reply.ok:
            return NoAnswer(say("The answer of {service} could not be read.", service=self._label))
        return self._refused_status(reply)

    def _unauthorized(self) -> MaquetteError:
        message, advice = REFUSALS["UNAUTHORIZED"]
        return Refused(say(message, service=self._label), say(advice), code="UNAUTHORIZED")

    def _no_answer(self, reply: Reply, code: str = "") -> MaquetteError:
        return NoAnswer(
            say("{service} has trouble (HTTP {status}).", service=self._label, status=reply.status),
            code=code,
            retry_after=reply.retry_after,
        )

    def _refused_status(self, reply: Reply) -> MaquetteError:
        return Refused(
            say(
                "{service} did not accept the request (HTTP {status}).",
                service=self._label,
                status=reply.status,
            ),
            say(URL_ADVICE)
            if reply.status in (404, 405)
            else say("The details hold what it said."),
        )
