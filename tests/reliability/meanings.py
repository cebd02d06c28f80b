"""What a fault on the wire may mean to a request, and what comes of it then.

The table is what docs/reliability.md states under "The wire".
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from tests.services import faults

REQUESTS = {
    "rodin": {
        "balance": faults.RODIN_BALANCE,
        "order": faults.RODIN_SUBMIT,
        "poll": faults.RODIN_STATUS,
        "links": faults.RODIN_DOWNLOAD,
        "model": faults.MODEL,
        "preview": faults.PREVIEW,
    },
    "triverse": {
        "upload": faults.TRIVERSE_UPLOAD,
        "order": faults.TRIVERSE_CREATE,
        "poll": faults.TRIVERSE_STATUS,
        "links": faults.TRIVERSE_URL,
        "model": faults.MODEL,
        "model by key": faults.TRIVERSE_DOWNLOAD,  # the only one where there are no links
        "preview": faults.PREVIEW,
    },
}
FILES = ("model", "model by key", "preview")


class Ends(enum.Enum):
    """What came of it."""

    GOES_ON = "goes on by itself"
    REPEATED = "goes on by itself: the same order number is sent again"
    LATER = "goes on by itself: the order is sent again, since it was not taken"
    PLAIN = "goes on by itself, without a picture"
    REFUSED = "Failed, nothing charged; Retry sends it"
    UNSENT = "Stopped after an hour, nothing charged; Retry sends it"
    ASKS = "Not confirmed"
    RESUME = "stops; Resume fetches the model for nothing"
    OVER = "said to be over; Resume looks again for nothing"

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", " ")


class Means(enum.Enum):
    """What a fault tells."""

    NOTHING = "a correct answer, if an odd one"
    NOT_SENT = "the request surely did not arrive"
    UNKNOWN = "nobody knows what became of the request"
    BUSY = "not now"
    NO = "a refusal"
    GONE = "there is no such job"
    NO_LINK = "an answer without a link"
    EXPIRED = "the link is no longer good"
    USELESS = "what comes is not the file"


E, M = Ends, Means
ALWAYS_ON = (E.GOES_ON, E.GOES_ON)
PLAIN = (E.PLAIN, E.PLAIN)
_READ = {
    M.NOTHING: ALWAYS_ON,
    M.NOT_SENT: (E.GOES_ON, E.RESUME),
    M.UNKNOWN: (E.GOES_ON, E.RESUME),
    M.BUSY: (E.GOES_ON, E.RESUME),
    M.NO: (E.RESUME, E.RESUME),
    M.GONE: (E.GOES_ON, E.OVER),
    M.NO_LINK: PLAIN,
}
_FILE = {
    M.NOTHING: ALWAYS_ON,
    **dict.fromkeys((M.NOT_SENT, M.UNKNOWN, M.BUSY), (E.GOES_ON, E.RESUME)),
    M.EXPIRED: (E.GOES_ON, E.RESUME),
    **dict.fromkeys((M.USELESS, M.NO), (E.RESUME, E.RESUME)),
}
# (once, always), by service ("": both), request and meaning.
OUTCOMES: Mapping[tuple[str, str], Mapping[Means, tuple[Ends, Ends]]] = {
    ("", "balance"): dict.fromkeys(Means, ALWAYS_ON),
    ("", "upload"): {
        M.NOTHING: ALWAYS_ON,
        **dict.fromkeys((M.NOT_SENT, M.UNKNOWN, M.BUSY), (E.GOES_ON, E.REFUSED)),
        M.NO: (E.REFUSED, E.REFUSED),
    },
    ("rodin", "order"): {
        M.NOTHING: ALWAYS_ON,
        M.NOT_SENT: (E.REFUSED, E.REFUSED),
        M.UNKNOWN: (E.ASKS, E.ASKS),
        M.BUSY: (E.LATER, E.UNSENT),
        M.NO: (E.REFUSED, E.REFUSED),
    },
    ("triverse", "order"): {
        M.NOTHING: ALWAYS_ON,
        M.NOT_SENT: (E.REFUSED, E.REFUSED),
        M.BUSY: (E.REPEATED, E.UNSENT),
        M.UNKNOWN: (E.REPEATED, E.ASKS),
        M.NO: (E.REFUSED, E.REFUSED),
    },
    ("", "poll"): _READ,
    ("", "links"): _READ,
    ("rodin", "model"): _FILE,
    # The API has the file, too.
    ("triverse", "model"): {
        **_FILE,
        **dict.fromkeys((M.NOT_SENT, M.EXPIRED, M.USELESS, M.NO), ALWAYS_ON),
    },
    ("", "model by key"): {
        means: (E.PLAIN if once is E.GOES_ON else once, E.PLAIN if ever is E.GOES_ON else ever)
        for means, (once, ever) in _FILE.items()
    },
    ("", "preview"): {**dict.fromkeys(Means, PLAIN), M.NOTHING: ALWAYS_ON},
}


def expected(service: str, request: str, means: Means, *, always: bool) -> Ends:
    rows = OUTCOMES.get((service, request)) or OUTCOMES["", request]
    return rows[means][always]
