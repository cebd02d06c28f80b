"""The only sockets: what `Api` and, beside it, download.py need to talk to a host.

Two kinds of session that never mix: API calls carry the key, to the account's own host and
nowhere else (no redirects; an auth callable, so that a `.netrc` entry cannot replace it);
downloads carry no key at all. Runs alike on requests 2.27/urllib3 1.26 (Blender 4.2 before its
first restart) and on current ones; where they differ (a body cut short is silent on 1.26.8) this
module counts for itself. Thread: any, one `Api` by one thread at a time.
"""

from __future__ import annotations

import email.utils
import ipaddress
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import (
    MaquetteError,
    NoAnswer,
    Refused,
    SetupError,
    Unreachable,
)

if TYPE_CHECKING:
    import requests

TIMEOUT = (10.0, 60.0)  # connect, and each silence while reading, seconds
ANSWER_SECONDS = 120.0  # for one whole API answer
ANSWER_BYTES = 8 << 20


@dataclass(frozen=True)
class Account:
    """Where a service is and the key to it. key_from: for the user: where the key was found."""

    provider: str
    base_url: str
    key: str = field(default="", repr=False)
    key_from: str = ""


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
    value = value.strip()
    if value.isdigit() and len(value) < 10:
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError):
        return None
    return max(0.0, date.timestamp() - now())


def load_requests() -> Any:
    """The `requests` module. Errors: SetupError, with what to do, where it is missing."""
    try:
        import requests
    except ImportError as error:
        raise SetupError(
            "Maquette cannot talk to services: the Python package 'requests' is missing.",
            "Restart Blender; if it stays so, install Maquette again from its zip.",
            details=f"{type(error).__name__}: {error}",
        ) from error
    return requests


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_base_url(url: str, label: str = "The service") -> str:
    """The URL without a trailing slash. https only, except to this machine itself.

    Errors: SetupError: a sentence.
    """
    url = url.strip().rstrip("/")
    advice = "Write it like https://host/path in the add-on's preferences."
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise SetupError(f"{label}: the service URL is not a URL.", advice) from None
    if not parts.scheme or not host or any(c.isspace() for c in url):
        raise SetupError(f"{label}: the service URL has no scheme or no host.", advice)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SetupError(f"{label}: the service URL holds more than host and path.", advice)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise SetupError(
            f"{label}: the service URL is not https, so the key could be read on the way.", advice
        )
    return url


def check_result_url(url: str, base_url: str) -> None:
    """Refuse a result link that points anywhere but the public internet over https.

    A service on this machine (the Sandbox, tests) may also hand out links to this machine.
    Errors: Refused, naming the host only: the link itself is a secret.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    local_service = is_loopback(urlsplit(base_url).hostname or "")
    if local_service and parts.scheme in ("http", "https") and is_loopback(host):
        return
    try:
        public = ipaddress.ip_address(host).is_global
    except ValueError:
        public = "." in host and not host.endswith((".local", ".internal", ".localhost"))
    if parts.scheme != "https" or not public or parts.username or parts.password:
        raise Refused(
            "The service handed out a link that is not safe to follow.",
            "Report this to the service.",
            details=f"scheme {parts.scheme or 'none'}, host {host or 'none'}",
        )


class Api:
    """Calls to one service with one account. `label`: how messages name the service."""

    def __init__(self, account: Account, gate: Callable[[], None], label: str) -> None:
        self.account = account
        self.label = label
        self._gate = gate
        self._session: requests.Session | None = None

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
        return self._send("GET", path, False, headers)

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
        lib = load_requests()
        base_url = check_base_url(self.account.base_url, self.label)
        self._gate()
        session = new_session(base_url) if once or self._session is None else self._session
        if not once:
            self._session = session
        try:
            response = session.request(
                method,
                base_url + path,
                headers={"Accept-Encoding": "identity", **headers},
                auth=self._authorize,
                allow_redirects=False,
                timeout=TIMEOUT,
                stream=True,
                **body,
            )
        except lib.exceptions.RequestException as error:
            raise connection_error(error, self.label, f"{method} {path}") from None
        if 300 <= response.status_code < 400:
            response.close()
            raise Refused(
                f"{self.label} answered with a redirect, which is not followed with a key.",
                "Check the service URL in the add-on's preferences.",
                details=f"{method} {path}: HTTP {response.status_code}",
            )
        return response

    def _authorize(self, request: Any) -> Any:
        if self.account.key:
            try:
                self.account.key.encode("ascii")
            except UnicodeEncodeError:
                raise SetupError(
                    f"The key for {self.label} holds characters that no key has.",
                    "Copy it again from the service's page into the add-on's preferences.",
                ) from None
            request.headers["Authorization"] = f"Bearer {self.account.key}"
        return request

    def _read_answer(self, response: requests.Response, asked: str) -> bytes:
        content = bytearray()
        until = time.monotonic() + ANSWER_SECONDS
        for chunk in read_chunks(response, self.label, asked):
            content += chunk
            if len(content) > ANSWER_BYTES or time.monotonic() > until:
                raise NoAnswer(
                    f"{self.label} sent an answer that is too long or too slow to be one.",
                    details=f"{asked}: {len(content)} bytes read",
                )
        expected = response.headers.get("Content-Length", "")
        if expected.isdigit() and len(content) != int(expected):
            raise NoAnswer(
                f"The answer of {self.label} was cut off on the way.",
                details=f"{asked}: {len(content)} of {expected} bytes",
            )
        return bytes(content)


def new_session(url: str) -> requests.Session:
    session: requests.Session = load_requests().Session()
    # Proxies and company certificates come from the environment; this machine needs neither.
    session.trust_env = not is_loopback(urlsplit(url).hostname or "")
    session.headers["User-Agent"] = "Maquette"
    return session


def connection_error(error: BaseException, label: str, asked: str) -> MaquetteError:
    """What a failed request means, told by the lowest error in it. Texts of requests' errors hold
    whole URLs, so only the kinds are passed on."""
    requests = load_requests()
    import urllib3.exceptions as lower

    chain = list(_chain(error))
    kinds = " ← ".join(dict.fromkeys(type(e).__name__ for e in chain))
    details = f"{asked}: {kinds}"
    if any(isinstance(e, ssl.SSLCertVerificationError) for e in chain):
        return Unreachable(
            f"{label} could not be reached safely: its certificate was not accepted.",
            "Check the clock, the service URL, and whether a company proxy needs REQUESTS_CA_BUNDLE.",
            details=details,
        )
    if any(
        isinstance(e, (requests.exceptions.InvalidURL, requests.exceptions.InvalidProxyURL))
        for e in chain
    ):
        return SetupError(f"{label}: the service URL or the proxy is not a URL.", details=details)
    not_sent = (lower.NewConnectionError, lower.ConnectTimeoutError, requests.ConnectTimeout)
    if any(isinstance(e, not_sent) for e in chain):
        return Unreachable(
            f"{label} could not be reached.",
            "Check the network connection and the service URL in the add-on's preferences.",
            details=details,
        )
    return NoAnswer(f"{label} did not answer.", "The connection broke off.", details=details)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all it was made from. urllib3 hides causes in `reason` and in `args`."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        current = todo.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        todo += [current.__cause__, current.__context__, getattr(current, "reason", None)]
        todo += list(current.args)


def read_chunks(response: requests.Response, label: str, asked: str) -> Iterator[bytes]:
    """The raw body. A read of n bytes blocks until all n are there, however slowly they drip, so
    the size follows the speed: it doubles while reads are quick, to 1 MiB, and halves when slow."""
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
