"""The only sockets: what `Api` and, beside it, download.py need to talk to a host.

Two kinds of session that never mix: API calls carry the key, to the account's own host and
nowhere else (no redirects; an auth callable, so that a `.netrc` entry cannot replace it);
downloads carry no key at all. Runs alike on requests 2.27/urllib3 1.26 (Blender 4.2 before its
first restart) and on current ones; where they differ (a body cut short is silent on 1.26.8) this
module counts for itself. Thread: any, one `Api` by one thread at a time.
"""

from __future__ import annotations

import email.utils
import http.cookiejar
import io
import json
import logging
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .addresses import Account, address, check_base_url, is_loopback
from .errors import MaquetteError, NoAnswer, Refused, SetupError, Unreachable
from .language import say

if TYPE_CHECKING:
    import requests

TIMEOUT = (10.0, 60.0)  # connect, and each silence while reading, seconds
FAST, PAUSE = 1 << 30, 0.0002  # bytes a second; seconds
ANSWER_SECONDS = 120.0  # for one whole API answer
ANSWER_BYTES = 1 << 20  # the longest documented has a few KiB; parsing holds Python's lock


@dataclass(frozen=True)
class Reply:
    """An answer, whole. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    asked: str = ""  # "POST /rodin", for reports

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds the service asks us to wait (RFC 9110 10.2.3: seconds or a date), or None."""
        return parse_retry_after(self.headers.get("retry-after", ""))

    def json(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None where it is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def is_web_page(self) -> bool:
        start = self.body[:200].lstrip().lower()
        return start.startswith((b"<!doctype html", b"<html"))


def parse_retry_after(value: str, now: Callable[[], float] = time.time) -> float | None:
    if (seconds := whole_number(value)) is not None:
        return float(seconds)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def whole_number(value: str | None) -> int | None:
    """A header's count of bytes or seconds; None for anything else (isdigit() also likes "²")."""
    return int(value) if value and re.fullmatch(r"\s*[0-9]{1,15}\s*", value) else None


def load_requests() -> Any:
    """The `requests` module. Errors: SetupError, with what to do, where it is missing."""
    try:
        import requests
    except ImportError as error:
        raise SetupError(
            say("Maquette cannot talk to services: the Python package 'requests' is missing."),
            say("Restart Blender; if it stays so, install Maquette again from its zip."),
            details=f"{type(error).__name__}: {error}",
        ) from error
    for name in ("urllib3.connectionpool", "urllib3.connection"):  # the second since urllib3 2
        logging.getLogger(name).addFilter(_without_query)  # once, however often
    return requests


# Of each thread. ours: it is in a request of ours. sessions: the kept ones by host; each holds the
# certificates of all authorities, half a MiB, too much to have one for every open task.
_thread = threading.local()


def _without_query(record: logging.LogRecord) -> bool:
    """urllib3 logs whole URLs, where an answer's headers are odd even as a warning; the query of a
    result link is the right to read it. What other extensions ask with urllib3 is left alone."""
    if getattr(_thread, "ours", False):
        record.msg, record.args = re.sub(r"\?[^\s'\")]+", "?…", record.getMessage()), ()
    return True


class Api:
    """Calls to one service with one account. `label`: how messages name the service."""

    def __init__(self, account: Account, gate: Callable[[], None], label: str) -> None:
        self.account = account
        self.label = label
        self.timeout = TIMEOUT
        self._gate = gate

    def get(self, path: str) -> Reply:
        return self._call("GET", path)

    def post(
        self,
        path: str,
        *,
        json_body: Mapping[str, Any] | None = None,
        form: Sequence[tuple[str, str]] | None = None,
        files: Sequence[tuple[str, str, bytes, str]] = (),
        once: bool = False,
    ) -> Reply:
        """form, files: multipart/form-data, even without files; files are (field, name, content,
        content type). once: a paid request: on a connection of its own, since a kept one may turn
        out dead only after the body has left, and then nobody knows whether it arrived.
        """
        if form is None and not files:
            return self._call("POST", path, once=once, json=json_body)
        parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in form or ()]
        parts += [(name, (file, content, kind)) for name, file, content, kind in files]
        return self._call("POST", path, once=once, files=parts)

    def open_download(self, path: str, headers: Mapping[str, str]) -> requests.Response:
        """A GET of a large body with the key. For `download` only."""
        return self._send("GET", path, True, headers)

    def _call(self, method: str, path: str, *, once: bool = False, **body: Any) -> Reply:
        asked = f"{method} {path}"
        response = self._send(method, path, once, {}, **body)
        try:
            content = self._read_answer(response, asked)
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, content, asked)

    def _send(
        self, method: str, path: str, once: bool, headers: Mapping[str, str], **body: Any
    ) -> requests.Response:
        base_url = check_base_url(self.account.base_url, self.label)
        key = self.account.key
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise SetupError(
                say("The key for {service} holds characters that no key has.", service=self.label),
                say("Copy it again from the service's page into the add-on's preferences."),
            )
        self._gate()
        session = new_session(base_url) if once else _kept_session(base_url)
        with closing(session) if once else nullcontext():
            response = send(
                session, method, base_url + path, self.label, f"{method} {path}",
                headers=headers, auth=self._authorize, timeout=self.timeout, **body,
            )  # fmt: skip
        if 300 <= response.status_code < 400:
            response.close()
            # 302 and 303 may stand for "done, see there" (RFC 9110 15.4): a paid request with such
            # an answer may have been carried out.
            unclear = method == "POST" and once and response.status_code in (302, 303)
            raise (NoAnswer if unclear else Refused)(
                say(
                    "{service} answered with a redirect, which is not followed with a key.",
                    service=self.label,
                ),
                say("Check the service URL in the add-on's preferences."),
                details=f"{method} {path}: HTTP {response.status_code}",
            )
        return response

    def _authorize(self, request: Any) -> Any:
        if self.account.key:
            request.headers["Authorization"] = f"Bearer {self.account.key}"
        if isinstance(request.body, bytes):
            # Bytes are sent by one call, which has to be over within the time for connecting: too
            # short for pictures on a slow line. A file goes piece by piece, each with that time.
            request.body = io.BytesIO(request.body)
        return request

    def _read_answer(self, response: requests.Response, asked: str) -> bytes:
        content = bytearray()
        until = time.monotonic() + ANSWER_SECONDS
        for chunk in read_chunks(response, self.label, asked):
            content += chunk
            if len(content) > ANSWER_BYTES or time.monotonic() > until:
                raise NoAnswer(
                    say(
                        "{service} sent an answer that is too long or too slow to be one.",
                        service=self.label,
                    ),
                    details=f"{asked}: {len(content)} bytes read",
                )
        expected = whole_number(response.headers.get("Content-Length"))
        if expected not in (None, len(content)):
            raise NoAnswer(
                say("The answer of {service} was cut off on the way.", service=self.label),
                details=f"{asked}: {len(content)} of {expected} bytes",
            )
        return bytes(content)


def _kept_session(base_url: str) -> requests.Session:
    """This thread's, whose connections are used again. Nothing of an account is in it."""
    sessions: dict[str, requests.Session] = _thread.__dict__.setdefault("sessions", {})
    if base_url not in sessions:
        sessions[base_url] = new_session(base_url)
    return sessions[base_url]


def new_session(url: str) -> requests.Session:
    session: requests.Session = load_requests().Session()
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    # Proxies and company certificates come from the environment; this machine needs neither.
    session.trust_env = not is_loopback(address(url)[1])
    session.headers["User-Agent"] = "Maquette"
    # Even where none is followed, requests reads a redirect's body to its end, however long.
    session.get_redirect_target = lambda response: None  # type: ignore[assignment, method-assign]
    return session


def send(
    session: requests.Session,
    method: str,
    url: str,
    label: str,
    asked: str,
    *,
    headers: Mapping[str, str],
    auth: Callable[[Any], Any],
    timeout: tuple[float, float] = TIMEOUT,
    **body: Any,
) -> requests.Response:
    """One request; the answer's body is still to be read, and read raw. Sessions may be closed
    right after. auth: never None, or requests would look into `.netrc`."""
    import urllib3.exceptions as lower

    _thread.ours = True
    try:
        return session.request(
            method,
            url,
            headers={"Accept-Encoding": "identity", **headers},
            auth=auth,
            allow_redirects=False,
            timeout=timeout,
            stream=True,
            **body,
        )
    except (OSError, ValueError, lower.HTTPError) as error:
        raise connection_error(error, label, asked) from None
    finally:
        _thread.ours = False


def connection_error(error: BaseException, label: str, asked: str) -> MaquetteError:
    """What a failed request means, told by the lowest error in it. Texts of requests' errors hold
    whole URLs, so only the kinds are passed on."""
    from requests import exceptions as upper
    from urllib3 import exceptions as lower

    chain = list(_chain(error))
    kinds = dict.fromkeys(type(e).__name__ for e in chain)
    details = f"{asked}: {' ← '.join(kinds)}"

    def among(*types: type[BaseException]) -> bool:
        return any(isinstance(e, types) for e in chain)

    # The second is urllib3 1.26's own.
    if "SSLCertVerificationError" in kinds or "CertificateError" in kinds:
        return Unreachable(
            say(
                "{service} could not be reached safely: its certificate was not accepted.",
                service=label,
            ),
            say(
                "Check the clock and the service URL; a company's proxy may need"
                " REQUESTS_CA_BUNDLE."
            ),
            details=details,
        )
    if among(upper.InvalidURL, upper.InvalidSchema, lower.LocationValueError, UnicodeError):
        return SetupError(
            say("{service}: the service URL or the proxy's URL cannot be used.", service=label),
            say("Check the add-on's preferences and the environment variable HTTPS_PROXY."),
            details=details,
        )
    if type(error) is OSError and error.errno is None:  # requests' own, before it connects
        return SetupError(
            say("The certificates named by REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE cannot be read."),
            say("Correct or remove that environment variable."),
            details=details,
        )
    if among(lower.NewConnectionError, lower.ConnectTimeoutError) or _while_connecting(chain):
        return Unreachable(
            say("{service} could not be reached.", service=label),
            say("Check the network connection and the service URL in the add-on's preferences."),
            details=details,
        )
    return NoAnswer(
        say("{service} did not answer.", service=label),
        say("The connection broke off."),
        details=details,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all it was made from: urllib3 hides causes in `reason` and in `args`. Not
    `__context__`: it may lead to an earlier request's error that the caller is just handling."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        current = todo.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        todo += [current.__cause__, getattr(current, "reason", None), *current.args]


def _while_connecting(chain: Sequence[BaseException]) -> bool:
    """Did it break inside a connection's `connect`? That takes in the proxy's tunnel and the TLS
    handshake, which come before the request and for which urllib3 has no error of their own."""
    frames = (frame for e in chain for frame, _line in traceback.walk_tb(e.__traceback__))
    return any(frame.f_code.co_name == "connect" for frame in frames)


def read_chunks(response: requests.Response, label: str, asked: str) -> Iterator[bytes]:
    """The raw body. A read of n bytes blocks until all n are there, however slowly they drip, so
    the size follows the speed: it doubles while reads are quick, to 1 MiB, and halves when slow.

    What comes faster than from a network is sent by this machine. Where it has few cores, both ends
    together would keep Blender from drawing: so there is a pause after each read."""
    import urllib3.exceptions as lower

    size = 256
    while True:
        began = time.monotonic()
        try:
            chunk = response.raw.read(size, decode_content=False)
        except (lower.HTTPError, OSError) as error:
            raise connection_error(error, label, asked) from None
        if not chunk:
            return
        took = time.monotonic() - began
        size = min(size * 2, 1 << 20) if took < 0.05 else max(size // 2, 64) if took > 1 else size
        yield chunk
        if took < len(chunk) / FAST:
            time.sleep(PAUSE)
