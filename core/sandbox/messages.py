"""What comes in and goes out of the Sandbox, as values: requests, replies, parts of a form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Part:
    """One part of a multipart form. file_name None: a plain field."""

    name: str
    file_name: str | None
    content_type: str
    content: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


@dataclass(frozen=True)
class Request:
    """A request, read to its end. path: without the query. headers: names in lower case.

    allowed: it carries the key (on the port for files: needs none). The body of a request that is
    not allowed is read and thrown away.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    allowed: bool = True

    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def form(self) -> dict[str, str]:
        """A urlencoded body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def parts(self) -> list[Part] | None:
        """The parts of a multipart/form-data body in their order, None if it is not one."""
        kind = self.headers.get("content-type", "")
        found = re.match(r'multipart/form-data\s*;.*?boundary="?([^";]{1,200})"?', kind, re.I)
        if not found:
            return None
        pieces = (b"\r\n" + self.body).split(b"\r\n--" + found[1].encode("latin-1"))
        if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
            return None
        return [part for piece in pieces[1:-1] if (part := _part(piece))]


def _part(piece: bytes) -> Part | None:
    head, divider, content = piece.partition(b"\r\n\r\n")
    headers = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        field_name, _, value = line.partition(":")
        headers[field_name.strip().lower()] = value.strip()
    disposition = headers.get("content-disposition", "")
    name = re.search(r'[;\s]name="([^"]*)"', disposition)
    if not divider or not name:
        return None
    file_name = re.search(r'[;\s]filename\*?="?([^";]*)', disposition)
    return Part(
        name[1], file_name[1] if file_name else None, headers.get("content-type", ""), content
    )


@dataclass(frozen=True)
class Reply:
    """What is sent. All after `body` is for tests: how a network spoils an answer.

    length: the Content-Length announced instead of the true one; -1: none, the end of the
    connection ends the body. cut: after so many bytes of the body the connection ends. reset: it
    ends with a reset, not in order. pause: seconds before the first byte. drip: (bytes, seconds):
    the body comes in such pieces with such pauses between.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    length: int | None = None
    cut: int | None = None
    reset: bool = False
    pause: float = 0.0
    drip: tuple[int, float] | None = None

    @classmethod
    def of(cls, value: object, status: int = 200, **headers: str) -> Reply:
        """A JSON answer."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, {"Content-Type": "application/json; charset=utf-8", **headers}, body)


@dataclass(frozen=True)
class Drop:
    """No answer at all: the connection is reset after `pause` seconds."""

    pause: float = 0.0


def picture_type(content: bytes) -> str:
    """ "image/png", "image/jpeg", "image/webp" or "", told from the first bytes."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return ""
