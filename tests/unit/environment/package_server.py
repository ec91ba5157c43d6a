"""A file server on 127.0.0.1 that resumes, keeps a list of what it was asked, and misbehaves on request."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Behaviour:
    """How the server treats its files: answers by path (the last one stays), bytes after
    which it hangs up, bodies in place of files, seconds per 64 KiB."""

    codes: dict[str, list[int]] = field(default_factory=dict)
    cut_after: dict[str, list[int]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    delay: float = 0.0


@dataclass
class PackageServer:
    """A running server: its folder's URL, what it was asked, and how it behaves."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    behaviour: Behaviour = field(default_factory=Behaviour)

    def fetched(self) -> list[str]:
        return [request.path for request in self.asked if request.method == "GET"]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[PackageServer]:
    """Serve a folder as ``URL/conda-forge``."""
    running = PackageServer("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"folder": folder, "running": running}))
    server.daemon_threads = True
    running.url = f"http://127.0.0.1:{server.server_address[1]}/conda-forge"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    running: PackageServer

    def do_HEAD(self) -> None:
        with contextlib.suppress(ConnectionError):  # whoever asked may have been killed
            self._answer(lambda _: None)

    def do_GET(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._answer(self._send)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass

    def _answer(self, send: Callable[[bytes], None]) -> None:
        self.name = unquote(self.path).removeprefix("/conda-forge/")
        self.running.asked.append(Asked(self.command, self.name, dict(self.headers.items())))
        how = self.running.behaviour
        codes = how.codes.get(self.name) if self.command == "GET" else None
        path = self.folder / self.name
        code = codes.pop(0) if codes and len(codes) > 1 else (codes or [HTTPStatus.OK])[0]
        if code != HTTPStatus.OK:
            self.send_error(code)
        elif self.name not in how.bodies and not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._respond(how.bodies.get(self.name) or path.read_bytes(), send)

    def _respond(self, body: bytes, send: Callable[[bytes], None]) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start >= len(body):
            self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        send(body[start:])

    def _send(self, body: bytes) -> None:
        cuts = self.running.behaviour.cut_after.get(self.name)
        body = body[: cuts.pop(0)] if cuts else body
        for start in range(0, len(body), _CHUNK):
            time.sleep(self.running.behaviour.delay)
            self.wfile.write(body[start : start + _CHUNK])
