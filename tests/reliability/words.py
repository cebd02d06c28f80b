"""What only one service says, and what comes of it: refusals, states, codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.services import faults

from .meanings import Ends

Z = Ends


@dataclass(frozen=True)
class Word:
    """One service's own words at one request. once, always: what comes of it; None: not tried.
    during, after: what is turned at the Sandbox's protocol while it lasts and then."""

    name: str
    service: str
    request: str
    fault: faults.Fault
    once: Ends
    always: Ends | None = None
    taken: bool = False
    says: str = ""
    during: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def rodin(name: str, request: str, fault: faults.Fault, *ends: Ends, **more: Any) -> Word:
    return Word(name, "rodin", request, fault, *ends, **more)


def refusal(code: str, status: int, *ends: Ends, **more: Any) -> Word:
    fault = faults.rodin_error(code, status)
    return rodin(f"{status} {code}", "order", fault, *(ends or (Z.REFUSED, Z.REFUSED)), **more)


def triverse(name: str, request: str, fault: faults.Fault, *ends: Ends, **more: Any) -> Word:
    return Word(name, "triverse", request, fault, *ends, **more)


def code(number: int, status: int, request: str, *ends: Ends, **more: Any) -> Word:
    fault = faults.triverse_error(number, status, carried_out=more.get("taken", False))
    return triverse(f"{status}/{number}", request, fault, *ends, **more)


def task(**fields: object) -> faults.Fault:
    return faults.triverse_data(**fields)


SURE = (Z.GOES_ON, Z.OVER)  # bad news is believed when it comes twice
WORDS = [
    refusal("UNAUTHORIZED", 401, says="key"),
    refusal("NO_ACTIVE_SUBSCRIPTION", 201, says="no active subscription"),
    refusal("SUBSCRIPTION_PLAN_TOO_LOW", 403, says="does not include the API"),
    refusal("API_INSUFFICIENT_FUNDS", 201, says="not enough credits"),
    refusal("API_INSUFFICIENT_FUNDS", 403, says="not enough credits"),
    refusal("PERMISSION_DENIED", 403, says="does not allow this key"),
    refusal("IMAGE_CONTENT_VIOLATION", 400, says="refused the picture"),
    refusal("SOMETHING_NEW", 201, says="SOMETHING_NEW"),
    refusal("API_PARALLELISM_LIMIT_REACHED", 201, Z.LATER, Z.UNSENT, says="as many jobs"),
    refusal("API_PARALLELISM_LIMIT_REACHED", 503, Z.LATER, Z.UNSENT, says="as many jobs"),
    refusal("UNKNOWN", 201, Z.ASKS, Z.ASKS, says="unknown error"),
    refusal("SOMETHING_NEW", 500, Z.ASKS, Z.ASKS, says="HTTP 500"),
    rodin(
        "both ids and an error",
        "order",
        faults.edit(lambda a: a.update(error="NEW_ONE")),
        Z.GOES_ON,
        Z.GOES_ON,
        taken=True,
    ),
    rodin(
        "one id and an error",
        "order",
        faults.edit(lambda a: (a.update(error="NEW_ONE"), a.pop("jobs"))),
        Z.ASKS,
        taken=True,
    ),
    rodin("NO_SUCH_TASK", "poll", faults.rodin_error("NO_SUCH_TASK"), *SURE),
    rodin("NO_SUCH_TASK", "links", faults.rodin_error("NO_SUCH_TASK"), *SURE),
    rodin("NO_SUCH_TASK, 404", "poll", faults.rodin_error("NO_SUCH_TASK", 404), *SURE),
    rodin("Failed", "poll", faults.rodin_jobs("Failed", "Failed"), *SURE),
    rodin("Canceled", "poll", faults.rodin_jobs("Canceled"), *SURE),
    rodin("unknown word", "poll", faults.rodin_jobs("Pondering"), Z.GOES_ON, Z.RESUME),
    rodin("no jobs", "poll", faults.rodin_jobs(), Z.GOES_ON, Z.RESUME),
    rodin("unknown error", "poll", faults.rodin_error("SOMETHING_NEW"), Z.RESUME, Z.RESUME),
    rodin("no files", "links", faults.rodin_files(), Z.GOES_ON, Z.RESUME),
    rodin("only other files", "links", faults.rodin_files("a.fbx", "b.png"), *SURE),
    code(1001, 401, "order", Z.REFUSED, Z.REFUSED, says="key"),
    code(1001, 403, "order", Z.REFUSED, Z.REFUSED, says="key"),
    code(2010, 403, "order", Z.REFUSED, Z.REFUSED, says="not enough credits"),
    code(2010, 200, "order", Z.REFUSED, Z.REFUSED, says="not enough credits"),
    code(1004, 400, "order", Z.REFUSED, Z.REFUSED, says="settings"),
    code(2008, 400, "order", Z.REFUSED, Z.REFUSED, says="content"),
    code(5004, 500, "order", Z.REFUSED, Z.REFUSED, says="cannot run"),
    code(2005, 409, "order", Z.REFUSED, Z.REFUSED, says="already has"),
    code(2000, 429, "order", Z.REPEATED, Z.UNSENT, says="too many requests"),
    code(5003, 503, "order", Z.REPEATED, Z.ASKS),
    code(5005, 500, "order", Z.REPEATED, Z.ASKS, taken=True),
    code(3777, 400, "order", Z.REFUSED, Z.REFUSED, says="refused"),
    code(7777, 500, "order", Z.REPEATED, Z.ASKS, taken=True),
    triverse(
        "409 that names the task", "order", faults.status(409), Z.GOES_ON, Z.GOES_ON, taken=True
    ),
    triverse(
        "answer lost, the repeat gets 409",
        "order",
        faults.lose_answer(),
        Z.ASKS,
        taken=True,
        during={"repeat": "conflict"},
        after={"repeat": "same"},
        says="already has",
    ),
    code(2004, 400, "upload", Z.REFUSED, Z.REFUSED),
    code(2000, 429, "upload", Z.GOES_ON, Z.REFUSED),
    code(1006, 404, "poll", Z.GOES_ON, Z.OVER, during={"visible_within": 60}),
    code(1006, 404, "poll", *SURE, during={"visible_within": 0}),
    code(1005, 404, "poll", *SURE, during={"visible_within": None}),
    code(2005, 409, "links", Z.GOES_ON, Z.RESUME),
    code(1006, 404, "links", Z.PLAIN, Z.PLAIN, during={"visible_within": 0}),
    code(4042, 404, "links", *SURE),
    triverse("FAILED", "poll", task(status="FAILED", error={"message": "Out of clay."}), *SURE),
    triverse("CANCELLED", "poll", task(status="CANCELLED"), *SURE),
    triverse("unknown word", "poll", task(status="PONDERING"), Z.GOES_ON, Z.RESUME),
    triverse("SUCCESS too early", "poll", task(status="SUCCESS"), Z.GOES_ON, Z.GOES_ON),
]
