"""The demo server: 127.0.0.1 alone, GET alone, nothing but the table of its site, and that for who knows its address.

Every path begins with a token that is drawn anew for each server: other users of the machine, and pages of other sites
in the same browser, can reach the port and do not know it.
"""

from __future__ import annotations

import contextlib
import hmac
import io
import os
import secrets
import shutil
import socket
import stat
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urlsplit

from workflow.base.errors import UsageError

if TYPE_CHECKING:
    from workflow.report.serving.site import Resource, Site

DEFAULT_PORT = 8137
_HOST = "127.0.0.1"
_IDLE_SECONDS = 30.0  # without a byte of a request, or one of an answer taken
_HEAD_SECONDS = 10.0  # for all of what a request says
_MOST_CONNECTIONS = 64
_TEXT = "text/plain; charset=utf-8"
_HEADERS = {
    # wasm needs its own permission; pictures and the camera come as blobs; nothing comes from elsewhere
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:;"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class DemoServer(ThreadingHTTPServer):
    """Serves a site until it is closed; ``url`` is where."""

    daemon_threads = True

    def __init__(self, site: Site, *, port: int | None = None) -> None:
        self.site = site
        self._token = secrets.token_urlsafe(24)
        self._ticket = ""
        self._places = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__((_HOST, _free(port)), _Handler)

    @property
    def url(self) -> str:
        """The address of the page, which opens it to whoever has it."""
        return f"http://{_HOST}:{self.server_port}/{self._token}/"

    def ticket(self) -> str:
        """Return an address that leads to the page once: what starts a browser is in the list of processes."""
        self._ticket = secrets.token_urlsafe(24)
        return f"http://{_HOST}:{self.server_port}/{self._ticket}"

    def takes_ticket(self, target: str) -> bool:
        """Return whether a request has the ticket, which is worth nothing from then on."""
        ticket = self._ticket
        if not ticket or not hmac.compare_digest(target.encode(errors="replace"), f"/{ticket}".encode()):
            return False
        self._ticket = ""
        return True

    def asked(self, target: str) -> str | None:
        """Return the path below the page's address that a request is for; None when it does not know the address."""
        token, slash, path = unquote(urlsplit(target).path).removeprefix("/").partition("/")
        knows = hmac.compare_digest(token.encode(errors="replace"), self._token.encode())
        return f"{slash}{path}" if knows and slash else None

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own, or hang up where there are too many already."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for another connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: browsers drop connections as they please."""


def _free(port: int | None) -> int:
    """Return the port asked for, else the usual one or any; raises ``UsageError`` when the one asked for is taken."""
    for wanted in (DEFAULT_PORT, 0) if port is None else (port,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UsageError(f"port {port} of this machine is taken", hint="leave --port out, or name another one")


class _Handler(BaseHTTPRequestHandler):
    server: DemoServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    server_version = "tfjs-workflow"
    sys_version = ""

    def handle_one_request(self) -> None:
        """Answer one request, or hang up when it does not say in time what it wants."""
        self._patience = threading.Timer(_IDLE_SECONDS + _HEAD_SECONDS, self._hang_up)
        self._patience.daemon = True
        self._patience.start()
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True
        finally:
            self._patience.cancel()

    def parse_request(self) -> bool:
        """Read the head of a request; from then on it is our turn."""
        read = super().parse_request()
        self._patience.cancel()
        return read

    def do_GET(self) -> None:
        """Answer with the resource of the path."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with its headers."""
        self._answer(with_body=False)

    def send_error(self, code: int, *_: Any) -> None:
        """Refuse what is no request, or no GET, with the headers of every answer."""
        self.close_connection = True
        self._refuse(HTTPStatus(code))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is http.server's
        """Log nothing: the page itself shows what it loads."""

    def _answer(self, *, with_body: bool) -> None:
        if not self._is_addressed():
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        path = self.server.asked(self.path)
        if path is None and self.server.takes_ticket(self.path):
            self._head(HTTPStatus.SEE_OTHER, _TEXT, 0, Location=self.server.url)
            return
        if path is None:
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        resource = self.server.site.resources.get(path)
        if resource is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        try:
            source, size = _opened(resource)
        except OSError:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        with source:
            self._head(HTTPStatus.OK, resource.type, size)
            if with_body:
                shutil.copyfileobj(source, self.wfile)

    def _is_addressed(self) -> bool:
        """Another name for this machine is another site's way to read what is served here (DNS rebinding)."""
        return self.headers.get("Host", "") in {f"{name}:{self.server.server_port}" for name in (_HOST, "localhost")}

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _refuse(self, status: HTTPStatus) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self._head(status, _TEXT, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, size: int, /, **more: str) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(size), **more}.items():
            self.send_header(name, value)
        self.end_headers()


def _opened(resource: Resource) -> tuple[BinaryIO, int]:
    if isinstance(resource.source, Path):
        source = resource.source.open("rb")
        facts = os.fstat(source.fileno())
        if not resource.is_inside() or not stat.S_ISREG(facts.st_mode):
            source.close()
            raise FileNotFoundError(resource.source)  # it was replaced since it was listed
        return source, facts.st_size
    return io.BytesIO(resource.source), len(resource.source)
