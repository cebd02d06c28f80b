"""The built-in local service: two ports of this machine that speak the services' protocols.

The one port is the API: Rodin's under /rodin/api/v2, Triverse's under /triverse/api/v1, both with
one random key. The other stands for the object store that result links lead to. Nothing here goes
out to the network, and nothing but this machine gets in: bound to 127.0.0.1, random ports, a Host
header that names anything else is refused (DNS rebinding), no file but its own is ever served.
It never prints.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from . import rodin, triverse
from .files import Files
from .jobs import Jobs, secret
from .messages import Drop, Reply, Request
from .ports import Run

Intercept = Callable[[Request, Callable[[], Reply]], Reply | Drop | None]


class Sandbox:
    """folder: where jobs are kept: a new Sandbox on it goes on with them; may not exist yet.
    key: what requests have to bring, random unless given. seconds: how long a new job takes.
    idle_seconds: it stops by itself after so long without a request. record: keep `requests` and
    `charges`. clock: Unix seconds; a test may turn it.

    `rodin`, `triverse`, `files` are the protocols, with plain attributes to turn. `intercept` sees
    every request before its protocol does; see `Intercept` and messages.Reply.
    requests: (method, path, headers). charges: (protocol, job id, credits, submit key or "").

    Thread: any. Errors: OSError if the folder, or in `start` a port, is not to be had.
    """

    def __init__(
        self,
        folder: Path,
        *,
        key: str = "",
        seconds: float = 2.0,
        idle_seconds: float | None = None,
        record: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.key = key or secrets.token_urlsafe(24)
        self.seconds = seconds
        self.idle_seconds = idle_seconds
        self.intercept: Intercept | None = None
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.charges: list[tuple[str, str, float, str]] = []
        self.clock = clock
        self._record = record
        folder.mkdir(parents=True, exist_ok=True)
        signing = secret(folder)
        self.jobs = Jobs(folder, clock)
        self.files = Files(self.jobs, signing)
        self.rodin = rodin.RodinProtocol(self, signing)
        self.triverse = triverse.TriverseProtocol(self)
        self._lock = threading.Lock()
        self._run: Run | None = None

    @property
    def running(self) -> bool:
        run = self._run
        return run is not None and not run.ending.is_set()

    @property
    def rodin_url(self) -> str:
        return f"{self._origin}/rodin/api/v2"

    @property
    def triverse_url(self) -> str:
        return f"{self._origin}/triverse/api/v1"

    @property
    def _origin(self) -> str:
        if self._run is None:
            raise RuntimeError("the Sandbox was not started")
        return self._run.api.origin

    def start(self) -> None:
        """Open both ports; at once ready. Does nothing while it runs."""
        with self._lock:
            if self.running:
                return
            self.jobs.sweep()
            self._run = Run(self)
            self.files.base_url = self._run.files.origin
            self._run.start()

    def stop(self) -> None:
        """Close both ports and what is connected to them. Afterwards its threads are gone."""
        with self._lock:
            run = self._run
        if run:
            run.stop()

    def touch(self) -> bool:
        """Put off the idle stop. False: too late, it does not run."""
        run = self._run
        return run is not None and run.touch()

    def refill(self) -> None:
        """Give both practice accounts the credits they start with."""
        self.rodin.balance = rodin.START_BALANCE
        self.triverse.balance = triverse.START_BALANCE

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def note_charge(self, protocol: str, job_id: str, credits: float, submit_key: str) -> None:
        if self._record:
            self.charges.append((protocol, job_id, credits, submit_key))

    def answer(self, request: Request, on_files: bool) -> Reply | Drop:
        """What is sent for a request. Thread: that of its connection."""
        if self._record:
            self.requests.append((request.method, request.path, dict(request.headers)))

        def carry_out() -> Reply:
            return self._route(request, on_files)

        try:
            reply = self.intercept(request, carry_out) if self.intercept else None
            return carry_out() if reply is None else reply
        except Exception as error:
            # A mistake of ours is an answer, too: a client has to cope with it anyway.
            return Reply.of({"error": "UNKNOWN", "message": repr(error)}, 500)

    def _route(self, request: Request, on_files: bool) -> Reply:
        if on_files:
            return self.files.answer(request)
        for protocol in (self.rodin, self.triverse):
            if request.path.startswith(protocol.prefix + "/"):
                return protocol.answer(request, request.path.removeprefix(protocol.prefix))
        return Reply.of({"error": "NOT_FOUND"}, 404)
