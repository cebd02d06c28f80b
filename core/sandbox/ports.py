"""The two ports of a Sandbox and the threads that serve them.

Built on http.server; what is answered is asked of the Sandbox.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import selectors
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from .messages import Drop, Reply, Request

if TYPE_CHECKING:
    from .server import Sandbox

BODY_BYTES = 60 << 20
CONNECTION_SECONDS = 60.0  # a kept connection without a request
STOP_SECONDS = 3.0


class Run:
    """One start to one stop: two listening ports, one thread for both, one per connection."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.ending = threading.Event()
        self.api = Port(self, on_files=False)
        self.files = Port(self, on_files=True)
        self._wake, self._woken = socket.socketpair()
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._busy = 0
        self._last = time.monotonic()
        self._thread = threading.Thread(target=self._listen, name="Maquette Sandbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.ending.set()
        with contextlib.suppress(OSError):
            self._wake.send(b"x")
        until = time.monotonic() + STOP_SECONDS
        with self._lock:
            threads = [self._thread, *self._connections]
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    def touch(self) -> bool:
        with self._lock:
            self._last = time.monotonic()
            return not self.ending.is_set()

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            for port in (self.api, self.files):
                selector.register(port, selectors.EVENT_READ, port)
            selector.register(self._woken, selectors.EVENT_READ)
            while not self.ending.is_set():
                for event, _ in selector.select(self._time_left()):
                    if event.data:
                        event.data.handle_request()
                self._end_if_idle()
        self._close()

    def _time_left(self) -> float | None:
        idle = self.sandbox.idle_seconds
        if idle is None:
            return None
        with self._lock:
            return max(self._last + idle - time.monotonic(), 0.01) if not self._busy else idle

    def _end_if_idle(self) -> None:
        idle = self.sandbox.idle_seconds
        with self._lock:
            if idle is not None and not self._busy and time.monotonic() - self._last >= idle:
                self.ending.set()

    def _close(self) -> None:
        self.api.server_close()
        self.files.server_close()
        with self._lock:
            connections = list(self._connections.items())
        for _, connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread, _ in connections:
            thread.join(STOP_SECONDS)
        self._wake.close()
        self._woken.close()

    def connected(self, port: Port, connection: socket.socket, address: Any) -> None:
        thread = threading.Thread(
            target=port.converse, args=(connection, address), name="Maquette Sandbox", daemon=True
        )
        with self._lock:
            self._connections[thread] = connection
        thread.start()

    def disconnected(self) -> None:
        with self._lock:
            self._connections.pop(threading.current_thread(), None)

    @contextlib.contextmanager
    def working(self) -> Any:
        """While a request is dealt with, it is not idle."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1
                self._last = time.monotonic()


class Port(ThreadingHTTPServer):
    timeout = 0  # handle_request is called when somebody knocks
    request_queue_size = 64

    def __init__(self, run: Run, on_files: bool) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.run = run
        self.on_files = on_files

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def server_bind(self) -> None:
        # HTTPServer's own looks the host's name up, which may ask a name server.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.run.connected(self, request, client_address)

    def converse(self, connection: Any, address: Any) -> None:
        try:
            self.finish_request(connection, address)
        except Exception:  # noqa: S110 — a client that went away is no news, and we never print
            pass
        finally:
            self.shutdown_request(connection)
            self.run.disconnected()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class Conversation(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "MaquetteSandbox"
    sys_version = ""
    timeout = CONNECTION_SECONDS
    disable_nagle_algorithm = True
    server: Port

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        with self.server.run.working():
            reply = self._refusal() or self._ask()
            if isinstance(reply, Drop):
                self.server.run.ending.wait(reply.pause)
                self._reset()
            else:
                self._send(reply)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def _refusal(self) -> Reply | None:
        """Why the request is not even looked at. Its body is read: a client that is still sending
        would not see the answer."""
        host = urlsplit(f"//{self.headers.get('Host', '')}")
        length = self.headers.get("Content-Length", "0")
        try:
            ours = host.hostname in ("127.0.0.1", "localhost") and host.port in (
                None,
                self.server.server_address[1],
            )
        except ValueError:
            ours = False
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,12}", length):
            self.close_connection = True
            return Reply(411)
        if not ours:
            self._read(int(length), keep=False)
            return Reply(421)
        if int(length) > BODY_BYTES:
            self._read(int(length), keep=False)
            return Reply(413)
        return None

    def _ask(self) -> Reply | Drop:
        sandbox, on_files = self.server.run.sandbox, self.server.on_files
        headers = {name.lower(): value for name, value in self.headers.items()}
        presented = headers.get("authorization", "").encode()
        allowed = on_files or hmac.compare_digest(presented, f"Bearer {sandbox.key}".encode())
        body = self._read(int(headers.get("content-length", "0")), keep=allowed)
        url = urlsplit(self.path)
        request = Request(
            self.command, url.path, dict(parse_qsl(url.query)), headers, body, allowed
        )
        return sandbox.answer(request, on_files)

    def _read(self, length: int, keep: bool) -> bytes:
        if keep:
            return self.rfile.read(length)
        while length > 0 and (chunk := self.rfile.read(min(length, 1 << 16))):
            length -= len(chunk)
        return b""

    def _send(self, reply: Reply) -> None:
        ending = self.server.run.ending
        ending.wait(reply.pause)
        length = len(reply.body) if reply.length is None else reply.length
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        spoilt = length != len(body) or reply.reset
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if length >= 0:
            self.send_header("Content-Length", str(length))
        if length < 0:
            self.send_header("Connection", "close")
        self.end_headers()
        size, rest = reply.drip or (1 << 20, 0.0)
        for start in range(0, len(body), size):
            self.wfile.write(body[start : start + size])
            if ending.wait(rest) if rest else ending.is_set():
                break
        if spoilt:
            self.close_connection = True
        if reply.reset:
            self._reset()

    def _reset(self) -> None:
        """End with a TCP reset instead of an orderly close."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            # Windows has two shorts there.
            linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
