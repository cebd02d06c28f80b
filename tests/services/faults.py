"""What goes wrong between a client and a service, to be put into a Sandbox.

A fault is a function for `Sandbox.intercept`: it sees the request and a function that carries it
out, and says what is sent instead. `on` puts a fault where it belongs:

    from tests.services import faults

    # Two 502 pages to polls, then all is well again:
    sandbox.intercept = faults.on(faults.RODIN_STATUS, faults.html(502), times=2)

    # The order is taken, its answer lost:
    sandbox.intercept = faults.on(faults.RODIN_SUBMIT, faults.lose_answer())

    # The model breaks off after 1000 bytes, the second time it is a web page, then it is whole:
    sandbox.intercept = faults.on(
        faults.MODEL, faults.in_turn(faults.cut_body(1000), faults.html(200))
    )

    # Several at once; the first that has something to say is heard:
    sandbox.intercept = faults.any_of(
        faults.on(faults.TRIVERSE_CREATE, faults.triverse_error(5003, 503)),
        faults.on(faults.TRIVERSE_STATUS, faults.edit(lambda a: a["data"].update(progress=None))),
    )

    # Anything else is a function of its own:
    sandbox.intercept = lambda request, carry_out: replace(carry_out(), status=418)

    rule = faults.on(faults.RODIN_STATUS, faults.drop())
    ...
    assert rule.hits == 1

Faults that "carry out" let the Sandbox do what was asked first: a job exists, credits are gone.
Words, endings, snapshots, expiry, throttles and balances are attributes of `sandbox.rodin` and
`sandbox.triverse`; they need no fault.
"""

from __future__ import annotations

import json as json_module
import re
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.sandbox.messages import Drop, Reply, Request

CarryOut = Callable[[], Reply]
Fault = Callable[[Request, CarryOut], Reply | Drop | None]

# Patterns for `on`, searched for in "METHOD /path".
RODIN_SUBMIT = r"^POST /rodin/api/v2/rodin$"
RODIN_STATUS = r"^POST /rodin/api/v2/status$"
RODIN_DOWNLOAD = r"^POST /rodin/api/v2/download$"
RODIN_BALANCE = r"^GET /rodin/api/v2/check_balance$"
TRIVERSE_CREATE = r"^POST /triverse/api/v1/tasks/[a-z]+-to-[a-z]+$"
TRIVERSE_STATUS = r"^GET /triverse/api/v1/tasks/[0-9a-f-]{36}$"
TRIVERSE_URL = r"^GET /triverse/api/v1/tasks/url/"
TRIVERSE_DOWNLOAD = r"^GET /triverse/api/v1/tasks/download/"
TRIVERSE_UPLOAD = r"^POST /triverse/api/v1/upload/image$"
TRIVERSE_BALANCE = r"^GET /triverse/api/v1/users/"
TRIVERSE_QUOTE = r"^POST /triverse/api/v1/tasks/pricing/quote$"
MODEL = r"^GET /(rodin|triverse)/[0-9a-f-]{36}/.*\.glb$"  # on the port for files
PREVIEW = r"^GET /(rodin|triverse)/[0-9a-f-]{36}/preview\.png/"


# --- where and when ----------------------------------------------------------------------------


class on:
    """The fault for requests whose "METHOD /path" matches, `times` times (None: always), after
    letting `after` of them through. hits: how often it struck."""

    def __init__(self, pattern: str, fault: Fault, times: int | None = 1, after: int = 0) -> None:
        self.hits = 0
        self._pattern = re.compile(pattern)
        self._fault = fault
        self._times = times
        self._after = after
        self._lock = threading.Lock()

    def matches(self, asked: str) -> bool:
        return bool(self._pattern.search(asked))

    def __call__(self, request: Request, carry_out: CarryOut) -> Reply | Drop | None:
        if not self.matches(f"{request.method} {request.path}"):
            return None
        with self._lock:
            if self._after > 0:
                self._after -= 1
                return None
            if self._times is not None and self.hits >= self._times:
                return None
            self.hits += 1
        return self._fault(request, carry_out)


def any_of(*rules: Fault) -> Fault:
    """The first rule that has something to say is heard. A rule that carries the request out has
    always something to say."""

    def fault(request: Request, carry_out: CarryOut) -> Reply | Drop | None:
        for rule in rules:
            if (reply := rule(request, carry_out)) is not None:
                return reply
        return None

    return fault


def in_turn(*faults: Fault | None) -> Fault:
    """One after the other, None for no fault; afterwards none. Use it in `on(…, times=None)` or
    with `times` as many."""
    waiting = list(faults)
    lock = threading.Lock()

    def fault(request: Request, carry_out: CarryOut) -> Reply | Drop | None:
        with lock:
            current = waiting.pop(0) if waiting else None
        return current(request, carry_out) if current else None

    return fault


# --- no answer, or not a whole one -------------------------------------------------------------


def drop() -> Fault:
    """The connection is reset; nothing was carried out."""
    return lambda request, carry_out: Drop()


def lose_answer() -> Fault:
    """Carried out, then the connection is reset without a word."""

    def fault(request: Request, carry_out: CarryOut) -> Drop:
        carry_out()
        return Drop()

    return fault


def hang(seconds: float, carried_out: bool = False) -> Fault:
    """Silence, then a reset. Ends early when the Sandbox is stopped."""

    def fault(request: Request, carry_out: CarryOut) -> Drop:
        if carried_out:
            carry_out()
        return Drop(pause=seconds)

    return fault


def late(seconds: float) -> Fault:
    """Carried out; the answer comes after so long."""
    return _spoilt(pause=seconds)


def cut_body(count: int, reset: bool = False) -> Fault:
    """Carried out; the connection ends after `count` bytes of the body, the whole length was
    announced. reset: it ends with a TCP reset, not in order."""
    return _spoilt(cut=count, reset=reset)


def slow(count: int, seconds: float) -> Fault:
    """Carried out; the body comes in pieces of `count` bytes, `seconds` apart."""
    return _spoilt(drip=(count, seconds))


def no_length() -> Fault:
    """Carried out; no Content-Length: the end of the connection ends the body."""
    return _spoilt(length=-1)


def cut_without_length(count: int) -> Fault:
    """Carried out; the body ends too early and nothing in HTTP tells."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        return replace(carry_out(), length=-1, cut=count)

    return fault


def wrong_length(difference: int) -> Fault:
    """Carried out; Content-Length is off by so much: positive, and the body never comes to its
    announced end; negative, and more comes than was announced."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        reply = carry_out()
        return replace(reply, length=len(reply.body) + difference)

    return fault


def long_body(count: int) -> Fault:
    """Carried out; `count` more bytes than there are, announced as such."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        reply = carry_out()
        return replace(reply, body=reply.body + b" " * count)

    return fault


def endless(count: int) -> Fault:
    """Carried out; `count` more bytes than there are, and no Content-Length."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        reply = carry_out()
        return replace(reply, body=reply.body + b" " * count, length=-1)

    return fault


def half() -> Fault:
    """Carried out; HTTP is in order but only the first half of the body is there."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        reply = carry_out()
        return replace(reply, body=reply.body[: len(reply.body) // 2])

    return fault


def empty(status: int = 200) -> Fault:
    """Nothing was carried out; the body has no bytes."""
    return answer(status)


# --- another answer ----------------------------------------------------------------------------


def answer(status: int, body: bytes = b"", carried_out: bool = False, **headers: str) -> Fault:
    """Any status, body and headers (`Retry_After="3"` is sent as Retry-After)."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        if carried_out:
            carry_out()
        return Reply(status, sent, body)

    return fault


def json(value: object, status: int = 200, carried_out: bool = False, **headers: str) -> Fault:
    headers = {"Content_Type": "application/json", **headers}
    return answer(status, json_module.dumps(value).encode(), carried_out, **headers)


def html(status: int = 502, carried_out: bool = False) -> Fault:
    """A web page, as proxies send it. html(200): where a model or JSON should be."""
    page = f"<!DOCTYPE html>\n<html><head><title>{status}</title></head><body>Oops</body></html>"
    return answer(status, page.encode(), carried_out, Content_Type="text/html")


def redirect(url: str, status: int = 302) -> Fault:
    return answer(status, Location=url)


def throttled(retry_after: str | None = None, value: object = None) -> Fault:
    """429; retry_after as sent: seconds or an HTTP date."""
    headers = {} if retry_after is None else {"Retry_After": retry_after}
    return json(value or {"error": "TOO_MANY_REQUESTS", "message": "Slow down."}, 429, **headers)


def with_headers(**headers: str) -> Fault:
    """Carried out; headers replaced or added; "" takes one away."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        reply = carry_out()
        changed = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        kept = {k: v for k, v in reply.headers.items() if k.lower() not in changed}
        return replace(reply, headers={**kept, **{k: v for k, v in changed.items() if v}})

    return fault


def edit(change: Callable[[dict[str, Any]], object]) -> Fault:
    """Carried out; `change` alters the decoded JSON object in place."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        reply = carry_out()
        value = json_module.loads(reply.body)
        change(value)
        return replace(reply, body=json_module.dumps(value).encode())

    return fault


def status(code: int) -> Fault:
    """Carried out and answered as usual, but with another HTTP status."""
    return _spoilt(status=code)


# --- Rodin -------------------------------------------------------------------------------------


def rodin_error(code: str, status: int = 201, message: str = "No.") -> Fault:
    """A refusal; those of /rodin come with 201 as well. Nothing is carried out."""
    return json({"error": code, "message": message}, status)


def rodin_jobs(*words: str) -> Fault:
    """An answer to /status with these words; none: `jobs: []`."""
    jobs = [{"uuid": f"00000000-0000-4000-8000-{i:012}", "status": w} for i, w in enumerate(words)]
    return json({"jobs": jobs}, 201)


def rodin_files(*names: str) -> Fault:
    """/download lists the files under these names (a name more than there are files: the first
    file again); none: an empty list."""

    def change(value: dict[str, Any]) -> None:
        files = value["list"]
        value["list"] = [
            {"name": name, "url": (files[i] if i < len(files) else files[0])["url"]}
            for i, name in enumerate(names)
        ]

    return edit(change)


# --- Triverse ----------------------------------------------------------------------------------


def triverse_error(
    code: int, status: int = 200, message: str = "No.", carried_out: bool = False
) -> Fault:
    """An error's envelope. status 200: an error inside a good HTTP answer."""
    envelope = {"code": code, "message": message, "suggestion": "Look it up."}
    return json(envelope, status, carried_out)


def triverse_data(**values: object) -> Fault:
    """Carried out; fields of `data` replaced or added."""
    return edit(lambda answer: answer["data"].update(values))


# --- models: for `on(MODEL, …)` ----------------------------------------------------------------


def glb(change: Callable[[dict[str, Any]], object]) -> Fault:
    """A GLB whose JSON was altered in place by `change` and which is otherwise in order."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        reply = carry_out()
        return (
            replace(reply, body=altered_glb(reply.body, change)) if reply.status == 200 else reply
        )

    return fault


def altered_glb(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    size = struct.unpack_from("<I", content, 12)[0]
    gltf = json_module.loads(content[20 : 20 + size])
    change(gltf)
    head = json_module.dumps(gltf).encode()
    head += b" " * (-len(head) % 4)
    rest = content[20 + size :]
    return (
        struct.pack("<4sIIII", b"glTF", 2, 20 + len(head) + len(rest), len(head), 0x4E4F534A)
        + head
        + rest
    )


def outside_file(uri: str = "../../../../etc/passwd") -> Fault:
    """A GLB that names a file outside it: an importer would read it."""
    return glb(lambda gltf: gltf.setdefault("images", []).append({"uri": uri}))


def outside_buffer(uri: str = "model.bin") -> Fault:
    return glb(lambda gltf: gltf["buffers"].append({"byteLength": 4, "uri": uri}))


def over_range() -> Fault:
    """A GLB whose first bufferView reaches beyond the end of the buffer."""

    def change(gltf: dict[str, Any]) -> None:
        gltf["bufferViews"][0]["byteLength"] = gltf["buffers"][0]["byteLength"] + 4096

    return glb(change)


def too_many_vertices() -> Fault:
    """A GLB whose first accessor counts more than its bufferView holds."""

    def change(gltf: dict[str, Any]) -> None:
        gltf["accessors"][0]["count"] = 1 << 30

    return glb(change)


def needs_extension(name: str = "KHR_draco_mesh_compression") -> Fault:
    def change(gltf: dict[str, Any]) -> None:
        gltf["extensionsUsed"] = gltf["extensionsRequired"] = [name]

    return glb(change)


def short_glb(count: int) -> Fault:
    """The first `count` bytes of a GLB as a whole answer: its own header tells that bytes lack."""

    def fault(request: Request, carry_out: CarryOut) -> Reply:
        reply = carry_out()
        return replace(reply, body=reply.body[:count])

    return fault


def _spoilt(**changes: Any) -> Fault:
    return lambda request, carry_out: replace(carry_out(), **changes)
