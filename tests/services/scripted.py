"""A server on this machine that says byte for byte what it is told, connection by connection.

For what a proper server cannot be made to do: resets, broken TLS, odd headers, proxies.

    with Scripted([HEAR, answer(200, b"{}")], [HEAR, RESET]) as server:
        ...                       # the first connection gets an answer, the second a reset
        server.heard[0].headers   # what came, in order

A script is a list of steps; at its end the connection is closed in order. Connections beyond the
last script are closed at once. bytes: sent. HEAR: a request is read to its end. HEAR_HEAD: its
body stays unread. TLS: the handshake (needs `certificate`). RESET: closed with a TCP reset.
WAIT: nothing more until the server is stopped. A function: called, then its bytes are sent.
"""

from __future__ import annotations

import contextlib
import enum
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest


class Act(enum.Enum):
    HEAR = enum.auto()
    HEAR_HEAD = enum.auto()
    TLS = enum.auto()
    RESET = enum.auto()
    WAIT = enum.auto()


HEAR, HEAR_HEAD, TLS, RESET, WAIT = Act
Step = bytes | Act | Callable[[], bytes]


@dataclass(frozen=True)
class Heard:
    """A request. connection: counted from 0. headers: names in lower case."""

    connection: int
    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


def answer(
    status: int = 200, body: bytes = b"", *, length: int | None = None, **more: str
) -> bytes:
    """A whole answer. length: announced instead of the true one, -1: none. Retry_After="3" is
    sent as Retry-After."""
    lines = [f"HTTP/1.1 {status} Scripted"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    if length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Scripted:
    """heard: all requests in their order. url: http or, with a certificate, https."""

    def __init__(self, *scripts: list[Step], certificate: Certificate | None = None) -> None:
        self.heard: list[Heard] = []
        self._scripts = scripts
        self._certificate = certificate
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"

    def __enter__(self) -> Scripted:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        for number in range(1 << 30):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[number] if number < len(self._scripts) else []
            self._sockets.append(connection)
            self._start(self._converse, number, connection, script)

    def _converse(self, number: int, connection: socket.socket, script: list[Step]) -> None:
        # A client that goes away, or will not shake hands, is what some tests are about.
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(lambda: connection.close())
            stream = connection.makefile("rb")
            for step in script:
                if isinstance(step, bytes):
                    connection.sendall(step)
                elif not isinstance(step, Act):
                    connection.sendall(step())
                elif step is TLS:
                    stream.close()
                    assert self._certificate is not None
                    connection = self._certificate.server().wrap_socket(
                        connection, server_side=True
                    )
                    self._sockets.append(connection)
                    stream = connection.makefile("rb")
                elif step is RESET:
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    stream.close()
                    return
                elif step is WAIT:
                    self._over.wait(30)
                else:
                    self._hear(number, stream.readline, stream.read, step is HEAR)
            stream.close()

    def _hear(
        self,
        number: int,
        readline: Callable[[], bytes],
        read: Callable[[int], bytes],
        whole: bool,
    ) -> None:
        first = readline().decode("latin-1").split(" ")
        headers = {}
        while (line := readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = read(int(headers.get("content-length", "0"))) if whole else b""
        if len(first) > 1:
            self.heard.append(Heard(number, first[0], first[1], headers, body))


@dataclass(frozen=True)
class Certificate:
    """A certificate that only itself vouches for. file: certificate and key, PEM."""

    file: Path

    @classmethod
    def make(cls, folder: Path, *names: str) -> Certificate:
        """names: DNS names or IP addresses. Skips the test where there is no openssl."""
        openssl = shutil.which("openssl")
        if not openssl:
            pytest.skip("no openssl on this machine to make a certificate with")
        file = folder / "certificate.pem"
        kinds = ("IP" if name[0].isdigit() else "DNS" for name in names)
        alternatives = ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names, strict=True))
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=Scripted"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-addext", f"subjectAltName={alternatives}"),
                *("-keyout", str(file), "-out", str(file) + ".crt"),
            ],
            check=True,
            capture_output=True,
        )
        file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
        return cls(file)

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context
