"""What an answer of Hyper3D Rodin means: its JSON, or the error that says what happened.

Sources, by page: [errors] the error tables of developer.hyper3d.ai/api-specification/* and, with
the API_ spellings, of docs.hyper3d.ai: documented. [live] answers others have published: a refusal
may come with HTTP 201, a missing key with HTTP 401, and HTTP 500 for a field whose JSON cannot be
parsed. What a 403, 429 or other 5xx holds is not documented; they are judged by the status alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import Busy, Gone, MaquetteError, NoAnswer, Refused
from ..http import Reply
from .base import text

KEY_ADVICE = "Check the key in the add-on's preferences."
URL_ADVICE = "Check the service URL in the add-on's preferences."

# [errors], without the API_ that newer pages put before some. {0} is the service's name.
REFUSALS = {
    "UNAUTHORIZED": ("{0} did not accept the key.", KEY_ADVICE),
    "NO_ACTIVE_SUBSCRIPTION": (
        "The {0} account of this key has no active subscription.",
        "Subscribe or buy API credits on the service's website.",
    ),
    "SUBSCRIPTION_PLAN_TOO_LOW": (
        "The {0} plan of this key does not include the API.",
        "Change to a plan that does (Business), or buy API credits, on the service's website.",
    ),
    "INSUFFICIENT_FUND": (
        "There are not enough credits left at {0}.",
        "Check the balance and buy more on the service's website.",
    ),
    "OBJECT_NOT_FOUND_ON_IMAGE": (
        "{0} found no object in the picture.",
        "Use another picture: one object, whole, on a plain background.",
    ),
    "IMAGE_CONTENT_VIOLATION": (
        "{0} refused the picture for its content.",
        "Use another picture.",
    ),
    "IMAGE_LABEL_LENGTH_TOO_LONG": (
        "{0} got more directions than pictures.",
        "Name one direction for each picture, or none.",
    ),
    "INVALID_REQUEST": (
        "{0} did not accept the settings.",
        "Change them; the details hold the service's own words.",
    ),
    "USER_NOT_FOUND": ("{0} knows no user for this key.", KEY_ADVICE),
    "GROUP_NOT_FOUND": ("{0} knows no group for this key.", KEY_ADVICE),
    "PERMISSION_DENIED": (
        "{0} does not allow this key to do that.",
        "Check the key and its plan on the service's website.",
    ),
}
REFUSALS["INSUFFICIENT_FUNDS"] = REFUSALS["INSUFFICIENT_FUND"]
PARALLEL, NO_SUCH_TASK, UNKNOWN = "PARALLELISM_LIMIT_REACHED", "NO_SUCH_TASK", "UNKNOWN"


@dataclass(frozen=True)
class Reading:
    """How answers are read. paid: they are to a submit, which must not be repeated on a guess.
    secrets: what may not be shown even if the service says it."""

    label: str
    paid: bool
    secrets: Sequence[str] = field(repr=False)

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
        words = re.sub(r"\w{1,10}://\S+|\S{80,}", "(left out)", str(value or ""))
        for secret in self.secrets:
            if secret:
                words = words.replace(secret, "(secret)")
        return text(words, limit)

    def _error(self, reply: Reply, answer: dict[str, Any] | None) -> MaquetteError | None:
        error = answer.get("error") if answer else None
        # "OK" for success stands in one documented sample; one client also knows "none".
        code = "" if error in (None, False, "", "OK", "none") else self.shown(error, 60)
        if reply.status == 429 and code.removeprefix("API_") not in REFUSALS:
            return Busy(
                f"{self.label} gets too many requests just now.",
                code=code,
                retry_after=reply.retry_after,
            )
        if answer is None:
            return self._no_json(reply)
        said = (self.shown(answer.get("message")) or code).rstrip(".")
        if reply.status == 500 and b"Unexpected token" in reply.body:
            return Refused(
                f"{self.label} could not read the settings: {said}.",
                "Change them, and report this: Maquette should not have sent it.",
                code=code,
            )
        return self._known(code, reply) or self._by_status(code, said, reply, answer)

    def _known(self, code: str, reply: Reply) -> MaquetteError | None:
        name = code.removeprefix("API_")
        if name in REFUSALS:
            message, advice = REFUSALS[name]
            return Refused(message.format(self.label), advice, code=code)
        if name == PARALLEL:
            return Busy(
                f"{self.label} is already working on as many jobs as this account may have.",
                code=code,
                retry_after=reply.retry_after,
            )
        if name == NO_SUCH_TASK and not self.paid:
            return Gone(
                f"{self.label} does not know this job any more.",
                "Results are kept for 7 days; after that it has to be made anew.",
                code=code,
            )
        if name == UNKNOWN:
            return NoAnswer(
                f"{self.label} reports an unknown error on its side.",
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
        if code and self.paid and answer.get("uuid"):
            return NoAnswer(f"{self.label} named a job and an error, {code}.", code=code)
        if code:
            return Refused(
                f"{self.label} said no: {said if code in said else f'{code}: {said}'}.",
                KEY_ADVICE if reply.status in (401, 403) else "Its documentation may explain this.",
                code=code,
            )
        return None if reply.ok else self._refused_status(reply)

    def _no_json(self, reply: Reply) -> MaquetteError:
        if reply.status >= 500 or reply.status == 408:
            return self._no_answer(reply)
        if reply.status == 413:
            return Refused(
                f"The pictures are too large for {self.label}.", "Use fewer or smaller ones."
            )
        if reply.is_web_page:
            message = f"{self.label} answered with a web page, not with its API."
            # While waiting for a job, a maintenance page or a hotel's login passes.
            return Refused(message, URL_ADVICE) if self.paid else NoAnswer(message, URL_ADVICE)
        if reply.status in (401, 403):
            return self._unauthorized()
        if reply.ok:
            return NoAnswer(f"The answer of {self.label} could not be read.")
        return self._refused_status(reply)

    def _unauthorized(self) -> MaquetteError:
        message, advice = REFUSALS["UNAUTHORIZED"]
        return Refused(message.format(self.label), advice, code="UNAUTHORIZED")

    def _no_answer(self, reply: Reply, code: str = "") -> MaquetteError:
        return NoAnswer(
            f"{self.label} has trouble (HTTP {reply.status}).",
            code=code,
            retry_after=reply.retry_after,
        )

    def _refused_status(self, reply: Reply) -> MaquetteError:
        advice = URL_ADVICE if reply.status in (404, 405) else "The details hold what it said."
        return Refused(f"{self.label} did not accept the request (HTTP {reply.status}).", advice)
