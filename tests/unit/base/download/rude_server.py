"""A server on the loopback device that sends what a test tells it, byte for byte, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Piece = bytes | float
"""Bytes to send, or seconds to wait."""


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> list[Piece]:
    """Return an answer with these headers (``_`` for ``-``) and the body's length, unless another one is given."""
    told = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in told.items() if value), "", ""]
    return ["\r\n".join(lines).encode("latin-1"), body]


@dataclass
class RudeServer:
    """Gives the answers of ``script`` one after the other, the last one for ever; ``asked`` has the requests."""

    script: list[list[Piece]]
    port: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    def url(self, rest: str = "model", *, user: str = "", host: str = "127.0.0.1") -> str:
        return f"http://{user}{'@' if user else ''}{host}:{self.port}/{rest}"

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(65536)
                if not more:
                    return
                head += more
            first, *rest = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
            self.asked.append({"first": first, **headers})
            for piece in self.script.pop(0) if len(self.script) > 1 else self.script[0]:
                if isinstance(piece, bytes):
                    connection.sendall(piece)
                else:
                    time.sleep(piece)


@contextlib.contextmanager
def serving(*script: list[Piece]) -> Iterator[RudeServer]:
    """Serve until the block ends."""
    server = RudeServer(list(script))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=server.serve, args=(listening.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
