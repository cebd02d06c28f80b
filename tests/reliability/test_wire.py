"""Every fault of wire.py at every request of both services, once and without end; and what comes of
it is what OUTCOMES says, costs what it may, and leaves a model that can be had."""

from __future__ import annotations

import pytest

from .meanings import REQUESTS, expected
from .outcomes import all_hold
from .road import Road, Wreck
from .story import Story, play, some, turn
from .wire import FAULTS
from .words import WORDS

pytestmark = pytest.mark.timeout(600)  # hundreds of stories in a test
PLACES = [(service, request) for service, requests in REQUESTS.items() for request in requests]


@pytest.mark.parametrize("always", [False, True], ids=["once", "without end"])
@pytest.mark.parametrize(("service", "request_"), PLACES)
def test_faults(road: Road, service: str, request_: str, always: bool) -> None:
    rows = [
        (fault, means)
        for fault in FAULTS
        if (means := fault.means_to(service, request_)) and (fault.lasting or not always)
    ]
    road.sandbox.triverse.links = request_ != "model by key"
    wrong = []
    for fault, means in some(rows, f"{service} {request_} {always}"):
        with Story(road, service) as story:
            wrong += play(
                story,
                request_,
                fault.wreck,
                expected(service, request_, means, always=always),
                name=fault.name,
                taken=fault.taken,
                says=fault.says if request_ == "order" else "",
                always=always,
            )
    all_hold(wrong)


def test_what_only_one_service_says(road: Road) -> None:
    rows = [(word, False) for word in WORDS] + [(word, True) for word in WORDS if word.always]
    wrong = []
    for word, always in some(rows, "words", 6):
        turn(road, word.service, word.during)
        wanted = word.always if always else word.once
        assert wanted
        with Story(road, word.service) as story:
            wrong += play(
                story,
                word.request,
                Wreck(word.fault),
                wanted,
                name=word.name,
                taken=word.taken,
                says=word.says,
                always=always,
                then=word.after,
            )
    all_hold(wrong)
