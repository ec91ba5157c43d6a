"""A server that asks for a password, behind TLS if wanted, and a proxy that asks for one of its own."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "me:p%40ss"
"""Name and password as they stand in an address; the password is ``p@ss``."""
PROXY_USER = "out:side"


def basic(plain: str) -> str:
    return f"Basic {base64.b64encode(plain.encode()).decode()}"


_WANTED = {"Authorization": basic("me:p@ss"), "Proxy-Authorization": basic("out:side")}


@dataclass
class Guarded:
    """A running server: whom it serves as which address, and what it was asked with which header of its guard."""

    port: int
    scheme: str = "http"
    content: bytes = b""
    cuts: list[int] = field(default_factory=list)
    """After how many bytes the connections of coming requests end."""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)

    def url(self, path: str = "", *, user: str = "") -> str:
        return f"{self.scheme}://{user}{'@' if user else ''}127.0.0.1:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    running: Guarded
    header = "Authorization"
    refusal = 401

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its signature
        pass

    def is_let_in(self) -> bool:
        given = self.headers.get(self.header)
        self.running.asked.append((self.command, self.path, given))
        if given == _WANTED[self.header]:
            return True
        self.send_response(self.refusal)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        if not self.is_let_in():
            return
        body = self.running.content
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if self.command == "GET":
            end = start + self.running.cuts.pop(0) if self.running.cuts else len(body)
            self.wfile.write(body[start:end])


class _Proxy(_Handler):
    header = "Proxy-Authorization"
    refusal = 407

    def answer(self) -> None:
        """Pass a request for ``http://host:port/path`` on, without what was meant for us."""
        if self.is_let_in():
            host, _, path = self.path.removeprefix("http://").partition("/")
            given = [f"{name}: {value}" for name, value in self.headers.items() if name != self.header]
            with self._connected(host) as onward:
                onward.sendall("\r\n".join([f"{self.command} /{path} HTTP/1.0", *given, "", ""]).encode())
                while data := onward.recv(65536):
                    self.wfile.write(data)
            self.close_connection = True

    def do_CONNECT(self) -> None:
        if self.is_let_in():
            with self._connected(self.path) as onward:
                self.send_response(200)
                self.end_headers()
                _carry(self.connection, onward)
            self.close_connection = True

    def _connected(self, host: str) -> socket.socket:
        name, _, port = host.partition(":")
        return socket.create_connection((name, int(port)), timeout=20)


def _carry(one: socket.socket, other: socket.socket) -> None:
    """Hand on what comes from either to the other until one of them closes."""
    while True:
        for ready in select.select([one, other], [], [], 20)[0]:
            data = ready.recv(65536)
            if not data:
                return
            (other if ready is one else one).sendall(data)


@contextlib.contextmanager
def guarded(content: bytes, *, certificate: Path | None = None) -> Iterator[Guarded]:
    """Serve ``content`` at every path to whom knows the password; over TLS with a file of certificate and key."""
    with _running(_Handler, certificate) as running:
        running.content = content
        yield running


@contextlib.contextmanager
def proxy() -> Iterator[Guarded]:
    """Run a proxy for http, and for https by tunnels."""
    with _running(_Proxy, None) as running:
        yield running


@contextlib.contextmanager
def _running(kind: type[_Handler], certificate: Path | None) -> Iterator[Guarded]:
    running = Guarded(0, "https" if certificate else "http")
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (kind,), {"running": running})) as server:
        server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        running.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()
