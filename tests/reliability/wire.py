"""What may go wrong on the wire, wherever it does; meanings.py says what comes of it."""

from __future__ import annotations

import email.utils
import gzip
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.services import faults
from tests.services.scripted import HEAR, HEAR_HEAD, RESET, WAIT

from .meanings import FILES, Means
from .road import HASTE, Wreck

Meaning = tuple[Means | None, Means | None, Means | None]


@dataclass(frozen=True)
class Fault:
    """means: to an order, to another question to the API, to a file; None: not tried there.
    taken: the Sandbox carries the request out. says: words shown where it ends the story of an
    order. but: what it means to some (service, request). lasting: tried as one that never ends,
    too."""

    name: str
    wreck: Wreck
    means: Meaning
    taken: bool = False
    says: str = ""
    but: Mapping[tuple[str, str], Means | None] = field(default_factory=dict)
    lasting: bool = True

    def means_to(self, service: str, request: str) -> Means | None:
        where = 2 if request in FILES else 0 if request == "order" else 1
        return self.but.get((service, request), self.means[where])


# --- what no Sandbox does ------------------------------------------------------------------------


def dripping(request: Any, carry_out: Any) -> Any:
    """A byte a second, HASTE times as quick, of a body long enough for that to be too slow."""
    reply = carry_out()
    return replace(reply, body=reply.body.ljust(600), drip=(1, 1 / HASTE))


def chunked(*, cut: bool = False) -> faults.Fault:
    def fault(request: Any, carry_out: Any) -> Any:
        reply = carry_out()
        half = len(reply.body) // 2
        pieces = [reply.body[:half], reply.body[half:], b""]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        headers = {**reply.headers, "Transfer-Encoding": "chunked"}
        return replace(reply, headers=headers, body=body[: half + 20] if cut else body, length=-1)

    return fault


def squeezed(bomb: int = 0) -> faults.Fault:
    """gzip though nobody asked for it; bomb: with so many MiB of nothing inside."""
    packed = gzip.compress(bytes(1 << 20)) * bomb

    def fault(request: Any, carry_out: Any) -> Any:
        reply = carry_out()
        headers = {**reply.headers, "Content-Encoding": "gzip"}
        return replace(reply, headers=headers, body=packed or gzip.compress(reply.body))

    return fault


def rewritten(change: Callable[[str], str]) -> faults.Fault:
    def fault(request: Any, carry_out: Any) -> Any:
        reply = carry_out()
        return replace(reply, body=change(reply.body.decode()).encode())

    return fault


def null_last(text: str) -> str:
    """Each key of the answer a second time, with null."""
    return text[:-1] + "".join(f", {json.dumps(key)}: null" for key in json.loads(text)) + "}"


def null_first(text: str) -> str:
    return "{" + "".join(f"{json.dumps(key)}: null, " for key in json.loads(text)) + text[1:]


# --- the faults ----------------------------------------------------------------------------------

M = Means
NOT_SENT: Meaning = (M.NOT_SENT, M.NOT_SENT, M.NOT_SENT)
UNKNOWN: Meaning = (M.UNKNOWN, M.UNKNOWN, M.UNKNOWN)
ODD: Meaning = (M.UNKNOWN, M.UNKNOWN, M.USELESS)  # whole to HTTP, but not what was asked for
FINE: Meaning = (M.NOTHING, M.NOTHING, M.NOTHING)
BUSY: Meaning = (M.BUSY, M.BUSY, M.BUSY)
NO_ENTRY: Meaning = (M.NO, M.NO, M.EXPIRED)
NO: Meaning = (M.NO, M.NO, M.UNKNOWN)
LEADS_AWAY: Meaning = (M.NO, M.NO, M.USELESS)
LONGER: Meaning = (M.NOTHING, M.NOTHING, M.USELESS)
QUESTION: Meaning = (M.UNKNOWN, M.UNKNOWN, None)

PREVIEWS = (("rodin", "preview"), ("triverse", "preview"))
A_PICTURE = dict.fromkeys(PREVIEWS, M.NOTHING)  # which is looked at no further than its size
NO_LINKS = {("triverse", "links"): M.NO_LINK}
STALL = (0.5, 0.1)  # seconds, instead of (10, 60)


def silent(name: str, *, server: Any = None, script: Any = None, taken: bool = False) -> Fault:
    wreck = Wreck(server, script=script, timeout=STALL)
    return Fault(f"silence, {name}", wreck, UNKNOWN, taken=taken, lasting=False)


def odd(name: str, fault: faults.Fault, means: Meaning = ODD, **more: Any) -> Fault:
    """The Sandbox carries it out, and the answer is odd."""
    return Fault(name, Wreck(fault), means, **{"taken": True, "lasting": False, **more})


def status(code: int, means: Meaning, says: str = "", **more: Any) -> Fault:
    fault = faults.json({"error": None, "message": "No."}, code)
    return Fault(f"{code}", Wreck(fault), means, says=says, **more)


def busy(name: str, after: str | None, **more: Any) -> Fault:
    return Fault(f"429 {name}".strip(), Wreck(faults.throttled(after)), BUSY, **more)


def redirect(code: int, url: str, means: Meaning = LEADS_AWAY) -> Fault:
    return Fault(f"{code} to {url}", Wreck(faults.redirect(url, code)), means, says="redirect")


def said(body: bytes, **more: Any) -> Fault:
    name = f"JSON {body[:9].decode('latin-1')}"
    return odd(name, faults.answer(200, body, carried_out=True), **more)


HTTP = b"HTTP/1.1 200 OK\r\n"
SOON = email.utils.formatdate(time.time() + 60, usegmt=True)
FAULTS = [
    # Before the request has arrived.
    Fault("refused", Wreck(road="refused"), NOT_SENT, says="not be reached"),
    Fault("name not known", Wreck(road="no name"), NOT_SENT, says="not be reached"),
    Fault("connect timeout", Wreck(road="no way", timeout=(0.05, 0.05)), NOT_SENT, lasting=False),
    # No answer, or none that is whole.
    Fault(
        "reset before the body was taken", Wreck(script=[HEAR_HEAD, RESET]), UNKNOWN, lasting=False
    ),
    Fault("reset after the body was taken", Wreck(faults.drop()), UNKNOWN),
    Fault("carried out, then reset", Wreck(faults.lose_answer()), UNKNOWN, taken=True),
    Fault("closed without a word", Wreck(script=[HEAR]), UNKNOWN, lasting=False),
    silent("request not read", script=[WAIT]),
    silent("request read", server=faults.hang(2.0)),
    silent("carried out", server=faults.hang(2.0, carried_out=True), taken=True),
    silent("in the answer's head", script=[HEAR, HTTP + b"Cont", WAIT]),
    silent("in the answer's body", server=faults.slow(8, 2.0), taken=True),
    Fault("a byte a second", Wreck(dripping, slow=True), UNKNOWN, taken=True, lasting=False),
    Fault("no HTTP", Wreck(script=[HEAR, b"SSH-2.0-OpenSSH_9.9\r\n"]), UNKNOWN, lasting=False),
    Fault("half a head", Wreck(script=[HEAR, HTTP + b"Content-Le"]), ODD, lasting=False),
    Fault(
        "a head of 200 lines",
        Wreck(script=[HEAR, HTTP + b"X: y\r\n" * 200]),
        UNKNOWN,
        lasting=False,
    ),
    odd("cut body", faults.cut_body(9), UNKNOWN, lasting=True),
    odd("cut body, reset", faults.cut_body(9, reset=True), UNKNOWN),
    odd("fewer bytes than announced", faults.wrong_length(5), UNKNOWN),
    odd("more bytes than announced", faults.wrong_length(-9), but=A_PICTURE),
    odd("too long", faults.long_body(4), LONGER, but=A_PICTURE),
    odd("too long, no length", faults.endless(4), LONGER, but=A_PICTURE),
    odd("no length", faults.no_length(), FINE),
    odd("no length, cut", faults.cut_without_length(40), UNKNOWN, but=A_PICTURE),
    odd("chunked", chunked(), FINE),
    odd("chunked, cut", chunked(cut=True), UNKNOWN),
    odd("gzip", squeezed(), lasting=True),
    odd("gzip bomb of 1 GB", squeezed(1024)),
    # Another answer.
    odd("web page with 200", faults.html(200, carried_out=True), lasting=True),
    Fault("web page with 502", Wreck(faults.html(502)), UNKNOWN),
    Fault("204", Wreck(faults.empty(204)), UNKNOWN),
    Fault("200 without a body", Wreck(faults.empty(200)), ODD),
    redirect(301, "https://elsewhere.example/x"),
    redirect(302, "https://elsewhere.example/x", (M.UNKNOWN, M.NO, M.USELESS)),
    redirect(307, "https://elsewhere.example/x"),
    redirect(307, "http://elsewhere.example/x"),
    Fault("401 without a body", Wreck(faults.answer(401)), NO_ENTRY, says="key"),
    status(401, NO_ENTRY, "key"),
    status(403, NO_ENTRY, "key"),
    status(404, NO_ENTRY),
    status(408, UNKNOWN, lasting=False),
    status(409, NO),
    status(410, NO_ENTRY, lasting=False),
    status(413, NO, lasting=False),
    status(418, NO, lasting=False),
    busy("", None),
    busy("in 7 seconds", "7", lasting=False),
    busy("until a date", SOON, lasting=False),
    busy("for an hour", "3600"),
    busy("for a million years", "9" * 14, lasting=False),
    *[Fault(f"{n}", Wreck(faults.answer(n)), UNKNOWN) for n in (500, 502, 503, 504)],
    odd("500, carried out", faults.answer(500, carried_out=True), UNKNOWN),
    odd("503, carried out", faults.answer(503, carried_out=True), UNKNOWN),
    odd("half JSON", faults.half(), but=A_PICTURE),
    *[said(body) for body in (b"null", b"[]", b'"yes"', b"5", b"NaN", b"\xff\xfe{}", b"1" * 5000)],
    said(b"[" * 200_000),
    said(b'{"a":' * 200_000),
    said(b"{}", but=NO_LINKS),
    odd("each key twice, null last", rewritten(null_last), QUESTION, but=NO_LINKS),
    odd("each key twice, null first", rewritten(null_first), (M.NOTHING, M.NOTHING, None)),
]
