"""A small http server on the loopback device that misbehaves as told."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class FileServer:
    """Serves ``content`` at every path; what goes wrong is switched on in its fields.

    ``cuts`` holds for each coming request after how many bytes its connection ends; ``statuses`` the codes of
    coming requests; ``/moved`` redirects to ``/model`` and ``/circle`` to itself. ``ranges`` collects what was asked.
    """

    content: bytes
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ignores_range: bool = False
    ranges: list[str | None] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = "model") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        redirect = {"/moved": "/model", "/circle": "/circle"}.get(request.path)
        if redirect:
            self._head(request, 302, {"Location": redirect, "Content-Length": "0"})
            return
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        if self.statuses:
            self._head(request, self.statuses.pop(0), {"Content-Length": "0"})
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not self.ignores_range else 0
        if asked and start >= len(self.content):
            self._head(request, 416, {"Content-Length": "0"})
            return
        body = self.content[start:]
        headers = {"Content-Length": str(len(body))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        self._head(request, 206 if start else 200, headers)
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)

    def _head(self, request: BaseHTTPRequestHandler, code: int, headers: dict[str, str]) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()


@contextlib.contextmanager
def serving(content: bytes) -> Iterator[FileServer]:
    """Serve until the block ends."""
    server = FileServer(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its signature
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
