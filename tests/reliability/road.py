"""An engine in one thread and in no time, and a road from it to the Sandbox that can be spoilt.

    road = Road(monkeypatch, sandbox, clock)
    with road.spoilt(faults.RODIN_STATUS, Wreck(faults.drop()), times=1):
        ...                           # a story, see story.py

The engine is the real one with its ledger, jobs, sockets; only its workers are replaced, by an
agenda that steps whatever is due next and turns the clock to it. The Sandbox has the same clock.
A spoilt request is known by its URL when it leaves; where it connects to is changed in the name
look-up, so that what goes wrong there goes wrong in real sockets.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

import core.download
import core.engine
import core.http
import core.job
import core.providers.triverse
from core.sandbox.server import Sandbox
from tests.services.faults import Fault
from tests.services.scripted import Certificate, Scripted, Step

from .outcomes import Hung

HASTE = 1000.0  # how much quicker a slow body and the patience with it are
LONGEST = 3 * 86400.0  # of the clock; a story that is not over by then hangs


class Clock:
    """It only moves when it is set or looked at."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


@dataclass(eq=False)
class Agenda:
    """What is due when. Thread: one."""

    clock: Clock
    due: dict[tuple[Hand, str], float] = field(default_factory=dict)

    def run(self) -> None:
        end = self.clock.now + LONGEST
        while self.due:
            (hand, name), when = min(self.due.items(), key=lambda item: item[1])
            if when >= end:
                raise Hung(f"{name} goes on and on")
            self.clock.now = max(self.clock.now, when)
            del self.due[hand, name]
            try:
                wait = next(hand.works[name][0])
            except StopIteration:
                wait = 0.0
                hand.works[name].pop(0)
            if hand.works[name]:
                self.due.setdefault((hand, name), self.clock.now + wait)


class Hand:
    """Stands in for a Worker. A mistake in what it steps ends the test."""

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda
        self.works: dict[str, list[Iterator[float]]] = {}

    def add(self, name: str, steps: Iterator[float], *, once: bool = False) -> None:
        works = self.works.setdefault(name, [])
        if not (once and len(works) > 1):
            works.append(steps)
            self.agenda.due.setdefault((self, name), self.agenda.clock.now)

    def __contains__(self, name: str) -> bool:
        return bool(self.works.get(name))

    def hurry(self, name: str) -> None:
        if self.works.get(name):
            self.agenda.due[self, name] = self.agenda.clock.now

    def close(self, patience: float) -> bool:
        return True


@dataclass(frozen=True)
class Wreck:
    """What befalls a request; at least one of these.

    server: what the Sandbox does instead. script: the connection ends at a server that does this.
    road: "refused", "no name", "no way"; over TLS also "self-signed", "expired", "other host".
    timeout: for this request, instead of (10 s, 60 s). slow: the body drips, and the patience with
    it is shorter by HASTE.
    """

    server: Fault | None = None
    script: list[Step] | None = None
    road: str = ""
    timeout: tuple[float, float] | None = None
    slow: bool = False


class Road:
    """asked: "METHOD /path" of all requests. orders: the order numbers of all orders ("" where
    there is none). hits: how many requests were spoilt."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, clock: Clock) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.agenda = Agenda(clock)
        self.asked: list[str] = []
        self.orders: list[str] = []
        self.hits = 0
        self.scheme = "http"
        self._relays: Mapping[str, Relay] = {}
        self._pattern = ""
        self._left = 0.0
        self._wreck = Wreck()
        self._now = Wreck()  # what befalls the request that is under way
        self._since = 0.0
        self._door = 0
        self._really_ask = requests.Session.request
        self._really_look_up = socket.getaddrinfo
        monkeypatch.setattr(core.engine, "Worker", lambda limit: Hand(self.agenda))
        monkeypatch.setattr(core.engine, "HEARTBEAT", 600.0)  # it is alone in the world
        monkeypatch.setattr(requests.Session, "request", lambda *a, **o: self._ask(*a, **o))
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)
        for module in (core.http, core.download, core.job):
            times = SimpleNamespace(**{**vars(time), "monotonic": self._monotonic})
            monkeypatch.setattr(module, "time", times)
        monkeypatch.setattr(core.providers.triverse, "time", SimpleNamespace(time=clock))
        sandbox.intercept = self._answer

    def secure(self, relays: Mapping[str, Relay]) -> None:
        """From here on all is https. relays: by the name of a road; "": the good one."""
        self.scheme = "https"
        self._relays = relays
        self.sandbox.files.base_url = self.sandbox.files.base_url.replace("http:", "https:")

    @contextlib.contextmanager
    def spoilt(self, pattern: str, wreck: Wreck, times: int | None = 1) -> Iterator[None]:
        """The next `times` requests that match (None: all) meet the wreck."""
        self._pattern, self._wreck, self.hits = pattern, wreck, 0
        self._left = float("inf") if times is None else times
        with contextlib.ExitStack() as stack:
            if wreck.script is not None:
                self._door = stack.enter_context(Scripted(*[wreck.script] * 1000)).port
            elif wreck.road in ("refused", "no way"):
                listener = stack.enter_context(contextlib.closing(socket.socket()))
                listener.bind(("127.0.0.1", 0))
                self._door = listener.getsockname()[1]
                # The queue of a listener that never accepts: once it is full, connecting hangs.
                for _ in range(4 if wreck.road == "no way" else 0):
                    listener.listen(0)
                    waiting = stack.enter_context(contextlib.closing(socket.socket()))
                    waiting.setblocking(False)
                    waiting.connect_ex(listener.getsockname())
            try:
                yield
            finally:
                self._left, self._now = 0, Wreck()

    # --- in the client's thread ---

    def _ask(self, session: Any, method: str, url: str, **options: Any) -> Any:
        path = urlsplit(url).path
        self.asked.append(f"{method} {path}")
        if "client_order_id" in (options.get("json") or {}):
            self.orders.append(options["json"]["client_order_id"])
        elif path.endswith("/rodin"):
            self.orders.append("")
        self._now = Wreck()
        if self._left > 0 and re.search(self._pattern, self.asked[-1]):
            self._left -= 1
            self.hits += 1
            self._since = time.monotonic()
            self._now = self._wreck
            session.close()  # a kept connection would lead nowhere else
            options["timeout"] = self._now.timeout or options["timeout"]
        return self._really_ask(session, method, url, **options)

    def _look_up(self, host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if self._now.road == "no name":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if self._now.script is not None or self._now.road in ("refused", "no way"):
            port = self._door
        elif self._relays:
            relay = self._relays[self._now.road]
            relay.to, port = port, relay.port
        return self._really_look_up(host, port, *more, **options)

    def _monotonic(self) -> float:
        now = time.monotonic()
        return self._since + (now - self._since) * HASTE if self._now.slow else now

    # --- in the Sandbox's ---

    def _answer(self, request: Any, carry_out: Any) -> Any:
        server = self._now.server
        return server(request, carry_out) if server else None


class Relay:
    """TLS for a port that has none. to: that port. rate: bytes a second it takes in, 0: any."""

    def __init__(self, certificate: Certificate) -> None:
        self.to = 0
        self.rate = 0
        self._context = certificate.server()
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Else the system takes in megabytes by itself.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(connection,), daemon=True).start()

    def _relay(self, plain: socket.socket) -> None:
        # A client that does not like the certificate goes away: that is what some tests are about.
        with (
            contextlib.suppress(OSError),
            contextlib.closing(plain),
            self._context.wrap_socket(plain, server_side=True) as outer,
            socket.socket() as inner,
        ):
            inner.connect(("127.0.0.1", self.to))
            while True:
                both = [outer, inner]
                for source in [outer] if outer.pending() else select.select(both, [], [])[0]:
                    if not (data := source.recv(1 << 16)):
                        return
                    if source is outer and self.rate:
                        time.sleep(len(data) / self.rate)
                    (inner if source is outer else outer).sendall(data)
