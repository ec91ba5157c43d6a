"""The demo server: 127.0.0.1 alone, GET alone, and nothing but the table of its site."""

from __future__ import annotations

import io
import shutil
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urlsplit

from workflow.errors import UsageError

if TYPE_CHECKING:
    from workflow.serving.site import Resource, Site

DEFAULT_PORT = 8137
_HOST = "127.0.0.1"
_HEADERS = {
    # wasm needs its own permission; pictures and the camera come as blobs; nothing comes from elsewhere
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:;"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class DemoServer(ThreadingHTTPServer):
    """Serves a site until it is closed; ``url`` is where."""

    daemon_threads = True

    def __init__(self, site: Site, *, port: int | None = None) -> None:
        self.site = site
        super().__init__((_HOST, _free(port)), _Handler)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{_HOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: browsers drop connections as they please."""


def _free(port: int | None) -> int:
    """Return the port asked for, else the usual one or any; raises ``UsageError`` when the one asked for is taken."""
    import socket  # noqa: PLC0415  for this alone

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
    server_version = "tfjs-workflow"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the resource of the path."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with its headers."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is http.server's
        """Log nothing: the page itself shows what it loads."""

    def _answer(self, *, with_body: bool) -> None:
        if not self._is_addressed():
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        resource = self.server.site.resources.get(unquote(urlsplit(self.path).path))
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

    def _refuse(self, status: HTTPStatus) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self._head(status, "text/plain; charset=utf-8", len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, size: int, /) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(size)}.items():
            self.send_header(name, value)
        self.end_headers()


def _opened(resource: Resource) -> tuple[BinaryIO, int]:
    if isinstance(resource.source, Path):
        return resource.source.open("rb"), resource.source.stat().st_size
    return io.BytesIO(resource.source), len(resource.source)
