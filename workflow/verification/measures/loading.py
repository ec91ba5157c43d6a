"""Loads a payload as a browser loads a TensorFlow.js model, through real sockets and a simulated link."""

from __future__ import annotations

import http.client
import queue
import socketserver
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workflow.base.errors import WorkflowError
from workflow.verification.measures.links import Link, Shaper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.verification.measures.files import Payload

CONNECTIONS = 6
"""What browsers open to one host over HTTP/1.1."""

_CHUNK = 32_768
_BLANK = bytes(_CHUNK)
_TIMEOUT_SECONDS = 60.0
_AIMED_SECONDS = 0.5
_MOST_TRIES = 3
_SHORTEST_ROUND_TRIP = 0.004
_MOST_BYTES_PER_SECOND = 120e6


def load_seconds(payload: Payload, link: Link) -> float:
    """Measure how long the payload takes over the link: model.json first, then the rest on six connections.

    The simulation runs faster than the link it stands for, as far as this machine keeps up; the answer is in seconds of
    the link. What is over in a moment is measured again, and the least counts: other work can only delay it.
    """
    scale = _scale(payload, link)
    times: list[float] = []
    while len(times) < _MOST_TRIES and sum(times) < _AIMED_SECONDS / 2:
        with _serving(payload, Shaper(link, scale=scale)) as port:
            begin = time.perf_counter()
            _fetch_all(payload, port)
            times.append(time.perf_counter() - begin)
    return min(times) * scale


def _scale(payload: Payload, link: Link) -> float:
    """Choose the time scale: a short measurement, whose round trips still can be slept and whose bytes still flow."""
    connections = max(1, min(CONNECTIONS, len(payload.rest)))
    at_best = payload.bytes / min(link.bytes_per_second, connections * link.connection_rate) + 5 * link.round_trip
    allowed = (
        at_best / _AIMED_SECONDS,
        link.round_trip / _SHORTEST_ROUND_TRIP,
        _MOST_BYTES_PER_SECOND / link.bytes_per_second,
    )
    return max(1.0, min(allowed))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = CONNECTIONS

    def __init__(self, payload: Payload, shaper: Shaper) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sizes = (payload.first, *payload.rest)
        self.shaper = shaper

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that has gone reports its own failure."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Server
    disable_nagle_algorithm = True
    timeout = _TIMEOUT_SECONDS

    def handle(self) -> None:
        connection = self.server.shaper.connection()
        while request := self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            size = self.server.sizes[int(request.split()[1][1:])]
            connection.await_request()
            self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            while size > 0:
                count = connection.await_bytes(min(size, _CHUNK))
                self.wfile.write(_BLANK[:count])
                size -= count


@contextmanager
def _serving(payload: Payload, shaper: Shaper) -> Iterator[int]:
    with _Server(payload, shaper) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _fetch_all(payload: Payload, port: int) -> None:
    first = _connection(port)
    _fetch(first, 0)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(1, payload.requests):
        waiting.put(number)
    others = [_connection(port) for _ in range(min(CONNECTIONS, len(payload.rest)) - 1)]
    failures: list[Exception] = []
    threads = [threading.Thread(target=_drain, args=(each, waiting, failures)) for each in (first, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise WorkflowError(f"the simulated link failed: {failures[0]}") from failures[0]


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)


def _drain(connection: http.client.HTTPConnection, waiting: queue.SimpleQueue[int], failures: list[Exception]) -> None:
    try:
        while not failures:
            _fetch(connection, waiting.get_nowait())
    except queue.Empty:
        pass
    except (OSError, http.client.HTTPException) as error:
        failures.append(error)
    finally:
        connection.close()


def _fetch(connection: http.client.HTTPConnection, number: int) -> None:
    connection.request("GET", f"/{number}")
    answer = connection.getresponse()
    buffer = bytearray(_CHUNK)
    while answer.readinto(buffer):
        pass
