"""Which hosts may be talked to: a service's own URL, and the links it hands out to results.

Checked as text, before any look-up of a name: a public name that leads to a private address is
stopped by TLS, since nothing there has a certificate for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import Refused, SetupError
from .language import mark, say


@dataclass(frozen=True)
class Account:
    """Where a service is and the key to it. key_from: for the user: where the key was found."""

    provider: str
    base_url: str
    key: str = field(default="", repr=False)
    key_from: str = ""


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    import ipaddress  # 2 ms, which enabling need not take

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_base_url(url: str, label: str = mark("The service")) -> str:
    """The URL without a trailing slash. https only, except to this machine itself.

    Errors: SetupError: a sentence.
    """
    url = url.strip().rstrip("/")
    service = say(label)
    advice = say("Write it like https://host/path in the add-on's preferences.")
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]", url):
        raise SetupError(
            say("{service}: the service URL has no scheme or no host.", service=service), advice
        )
    if any(c in url for c in "@?#"):
        raise SetupError(
            say("{service}: the service URL holds more than host and path.", service=service),
            advice,
        )
    scheme, host = address(url)
    if not host or " " in url:
        raise SetupError(say("{service}: the service URL is not a URL.", service=service), advice)
    if scheme != "https" and not (scheme == "http" and is_loopback(host)):
        raise SetupError(
            say(
                "{service}: the service URL is not https, so the key could be read on the way.",
                service=service,
            ),
            advice,
        )
    return url


def check_result_url(url: str, base_url: str) -> None:
    """Refuse a result link that points anywhere but the public internet over https.

    A service on this machine (the Sandbox, tests) may also hand out links to this machine.
    Errors: Refused, naming the host only: the link itself is a secret.
    """
    scheme, host = address(url)
    local = is_loopback(host) and is_loopback(address(base_url)[1])
    if not (local and scheme in ("http", "https")) and not (scheme == "https" and _is_public(host)):
        raise Refused(
            say("The service handed out a link that is not safe to follow."),
            say("Report this to the service."),
            details=f"scheme {scheme or 'none'}, host {host or 'none'}",
        )


def address(url: str) -> tuple[str, str]:
    """(scheme, host), or two "" for a URL that not everything on the way reads alike: urlsplit and
    urllib3 see different hosts around backslashes, user names and control characters."""
    try:
        parts = urlsplit(url)
        _port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError:
        return "", ""
    plain = re.fullmatch(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?", parts.netloc)
    return (parts.scheme, host) if plain and url.isprintable() else ("", "")


def _is_public(host: str) -> bool:
    import ipaddress

    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        # "127.1" and "0x7f.1" are addresses to the system's resolver, though not to Python.
        a_number = re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last)
        return (
            "." in host
            and not a_number
            and last not in ("local", "localhost", "localdomain", "internal")
        )
    return number.is_global and not number.is_multicast
