"""Ends connections that bring next to nothing: a socket's own timeout begins anew with each single byte."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class TransferWatch(threading.Thread):
    """Cuts the connections that it was given when less than ``least`` bytes came within ``seconds``."""

    def __init__(self, *, least: int, seconds: float) -> None:
        super().__init__(name="watching a transfer", daemon=True)
        self._least = least
        self._seconds = seconds
        self._sockets: list[socket.socket] = []
        self._bytes = 0
        self._done = threading.Event()
        self._lock = threading.Lock()
        self.has_cut = False
        """Whether it ended a connection, which then looks as if the other side had closed it."""

    def __enter__(self) -> TransferWatch:  # noqa: PYI034  Self is not in Python 3.10
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()

    def attach(self, connection: socket.socket) -> None:
        """Take care of a connection that has just been made; TLS takes the socket over, so a second handle is kept."""
        with self._lock:
            self._sockets.append(connection.dup())

    def received(self, count: int) -> None:
        """Note that bytes came."""
        with self._lock:
            self._bytes += count

    def run(self) -> None:
        """Look every now and then until the transfer is over."""
        begin = time.monotonic()
        while not self._done.wait(self._seconds / 8):
            with self._lock:
                if self._bytes >= self._least:
                    self._bytes, begin = 0, time.monotonic()
                elif time.monotonic() - begin >= self._seconds:
                    self.has_cut = True
                    self._cut()
                    return

    def _cut(self) -> None:
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
