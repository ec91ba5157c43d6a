"""Network links that are simulated, and loading over one as a browser loads a TensorFlow.js model: real sockets.

The model of a link: connections share its bandwidth; each has a slow start (ten segments, doubling every round trip)
and, where given, a rate of its own, be it a cap of the host or what TCP makes of packet loss (Mathis et al. 1997).
Setting up a connection takes two round trips (TCP, TLS 1.3), each request one.
"""

from __future__ import annotations

import http.client
import math
import queue
import socketserver
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.base.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.verification.measures.artifact_sizes import Payload

_SEGMENT = 1460
_FIRST_WINDOW = 10 * _SEGMENT
_SETUP_ROUND_TRIPS = 2
_MATHIS = math.sqrt(1.5)
_CATCH_UP_SECONDS = 0.003
"""How late a sleeping thread may wake without losing the time: sleeps of an operating system are not exact."""
CONNECTIONS = 6
"""What browsers open to one host over HTTP/1.1."""

_CHUNK = 32_768
_BLANK = bytes(_CHUNK)
_TIMEOUT_SECONDS = 60.0
_AIMED_SECONDS = 0.5
_MOST_TRIES = 3
_SHORTEST_ROUND_TRIP = 0.004
_MOST_BYTES_PER_SECOND = 120e6


@dataclass(frozen=True)
class Link:
    """A connection to the internet: megabits per second, milliseconds there and back, share of packets lost."""

    name: str
    megabits: float
    round_trip_ms: float
    per_connection_megabits: float | None = None
    loss: float = 0.0

    @property
    def bytes_per_second(self) -> float:
        """The rate that all connections share."""
        return self.megabits * 1e6 / 8

    @property
    def round_trip(self) -> float:
        """Seconds there and back."""
        return self.round_trip_ms / 1e3

    @property
    def connection_rate(self) -> float:
        """Bytes per second that one connection reaches at most."""
        caps = [self.bytes_per_second]
        if self.per_connection_megabits is not None:
            caps.append(self.per_connection_megabits * 1e6 / 8)
        if self.loss > 0:
            caps.append(_MATHIS * _SEGMENT / (self.round_trip * math.sqrt(self.loss)))
        return min(caps)


LINKS = (
    Link("mobile: 10 Mbit/s, 40 ms", 10, 40),
    Link("home: 50 Mbit/s, 40 ms", 50, 40),
    Link("far away: 100 Mbit/s, 200 ms", 100, 200),
    Link("lossy: 50 Mbit/s, 100 ms, 0.5% lost", 50, 100, loss=0.005),
    Link("host gives each connection 8 Mbit/s", 100, 40, per_connection_megabits=8),
)
"""From ordinary to limited per connection; figures as in common speed tests."""


class Bucket:
    """Lets bytes pass at a rate; threads that share it take turns."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free = 0.0
        self._lock = threading.Lock()

    def reserve(self, count: int) -> float:
        """Return the time (of ``time.perf_counter``) at which ``count`` more bytes will have passed."""
        with self._lock:
            self._free = max(time.perf_counter() - _CATCH_UP_SECONDS, self._free) + count / self._rate
            return self._free


class Shaper:
    """A link as it runs: ``scale`` times faster than the link it stands for, in rate and in latency alike."""

    def __init__(self, link: Link, *, scale: float) -> None:
        self.round_trip = link.round_trip / scale
        self.connection_rate = link.connection_rate * scale
        self.shared = Bucket(link.bytes_per_second * scale)

    def connection(self) -> LinkConnection:
        """Return the shaping of one new connection."""
        return LinkConnection(self)


class LinkConnection:
    """Decides when the bytes of one connection may leave."""

    def __init__(self, shaper: Shaper) -> None:
        self._shaper = shaper
        self._own = Bucket(shaper.connection_rate)
        self._window = _FIRST_WINDOW
        self._left = self._window
        self._round_began = 0.0
        self._set_up = False

    def await_request(self) -> None:
        """Sleep as long as a request takes to be heard and answered, on a new connection with its setting up."""
        round_trips = 1 if self._set_up else 1 + _SETUP_ROUND_TRIPS
        self._set_up = True
        time.sleep(self._shaper.round_trip * round_trips)
        self._round_began = time.perf_counter()
        self._left = self._window

    def await_bytes(self, wanted: int) -> int:
        """Sleep until bytes may leave and return how many may: ``wanted`` at most."""
        if self._left <= 0:
            self._next_round()
        count = min(wanted, self._left)
        self._left -= count
        _sleep_until(max(self._shaper.shared.reserve(count), self._own.reserve(count)))
        return count

    def _next_round(self) -> None:
        """Nothing more may leave before the window is acknowledged, a round trip after it began to leave."""
        acknowledged = self._round_began + self._shaper.round_trip
        _sleep_until(acknowledged)
        self._round_began = max(acknowledged, time.perf_counter() - _CATCH_UP_SECONDS)
        self._window *= 2
        self._left = self._window


def _sleep_until(moment: float) -> None:
    left = moment - time.perf_counter()
    if left > 0:
        time.sleep(left)


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
