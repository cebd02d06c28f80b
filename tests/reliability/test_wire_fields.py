"""Every field of every answer of both services, in both of their documented shapes, with every
wrong type. What comes of it follows from what the field is needed for."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.services import faults

from .meanings import FILES, REQUESTS, Ends, Means, expected
from .outcomes import all_hold
from .road import Road, Wreck
from .story import Story, play, some

pytestmark = pytest.mark.timeout(600)  # hundreds of stories in a test
PLACES = [
    (service, request, shape)
    for service, requests in REQUESTS.items()
    for request in requests
    if request not in FILES
    for shape in ("new", "old")
]
DEEP: Any = None
for _ in range(300):
    DEEP = {"a": [DEEP]}
WRONG = (None, True, 5, 1e308, "x", [], {}, [None], DEEP)

# Fields without which an answer tells nothing; all else may be wrong and is then not known.
NEEDED = {
    ("rodin", "order"): ("uuid", "jobs", "jobs.subscription_key"),
    ("rodin", "poll"): ("jobs", "jobs.0", "jobs.0.status"),
    ("rodin", "links"): ("list", "list.0", "list.0.url", "list.0.name"),
    ("triverse", "upload"): ("data", "data.file_key"),
    ("triverse", "order"): ("data", "data.task_uuid"),
    ("triverse", "poll"): ("data", "data.status"),
}
PICTURE = {
    "rodin": ("list", "list.1", "list.1.url", "list.1.name"),
    "triverse": ("data", "data.preview_url"),
}


def fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of all that is in an answer."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for name, part in inner:
        yield f"{path}{name}", part
        yield from fields(part, f"{path}{name}.")


def put(answer: Any, path: str, value: Any) -> None:
    *way, last = path.split(".")
    for name in way:
        answer = answer[int(name) if isinstance(answer, list) else name]
    answer[int(last) if isinstance(answer, list) else last] = value


def comes_of(service: str, request: str, path: str, value: Any) -> Ends:
    """By what is documented of the field."""
    if request == "balance":
        return Ends.GOES_ON
    if service == "rodin" and path == "error" and value and request in ("poll", "links"):
        # Anything that is true may be a word of the service's; the order's ids go before it.
        return Ends.RESUME
    if service == "triverse" and path == "code" and value == 1e308 and request != "order":
        return expected(service, request, Means.UNKNOWN, always=False)
    if path in NEEDED.get((service, request), ()):
        return expected(service, request, Means.UNKNOWN, always=False)
    named = path.endswith(".name") and not value  # else the link's last part is the name
    if request == "links" and path in PICTURE[service] and not named:
        return Ends.PLAIN
    return Ends.GOES_ON


@pytest.mark.parametrize(("service", "request_", "shape"), PLACES)
def test_wrong_types(road: Road, service: str, request_: str, shape: str) -> None:
    getattr(road.sandbox, service).snapshot = shape
    answers: list[Any] = []
    look = Wreck(faults.edit(lambda answer: answers.append(copy.deepcopy(answer))))
    first, pattern = Story(road, service), REQUESTS[service][request_]
    with first, road.spoilt(pattern, look):
        first.generate()
    rows = [
        (path, other)
        for path, value in fields(answers[0])
        for other in WRONG
        if type(other) is not type(value)
    ]
    wrong = []
    for path, value in some(rows, f"{service} {request_} {shape}", 40):
        shown = json.dumps(value)[:9]
        with Story(road, service) as story:
            wrong += play(
                story,
                request_,
                Wreck(faults.edit(lambda answer, p=path, v=value: put(answer, p, v))),
                comes_of(service, request_, path, value),
                name=f"{path}: {shown}",
                taken=True,
            )
    print(f"{service}, {request_}, {shape}: {len(rows)} wrong types")
    all_hold(wrong)
