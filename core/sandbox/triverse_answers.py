"""How Triverse answers: everything in an envelope, errors with numbers of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .messages import Reply

# code: (HTTP status, message); docs.triverse.ai/getting-started/errors
ERRORS = {
    1004: (400, "A parameter is not valid."),
    1005: (404, "The resource does not exist."),
    1006: (404, "The task does not exist."),
    2000: (429, "Too many requests."),
    2004: (400, "The file type is unsupported."),
    2005: (409, "The task is not in a state for this."),
    2008: (400, "The content violates the rules."),
    2010: (403, "There are not enough credits."),
    4042: (404, "The task has no assets."),
}


class Problem(Exception):
    """code: one of ERRORS."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or ERRORS[code][1])
        self.code = code


def done(value: dict[str, Any]) -> Reply:
    return Reply.of({"code": 0, "message": "success", "data": value})


def failed(code: int, message: str, status: int, **headers: str) -> Reply:
    advice = "See the documentation of the API."
    return Reply.of({"code": code, "message": message, "suggestion": advice}, status, **headers)


def as_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
