"""Network links that are simulated, and the shaping of bytes that pass through one.

The model of a link: connections share its bandwidth; each has a slow start (ten segments, doubling every round trip)
and, where given, a rate of its own, be it a cap of the host or what TCP makes of packet loss (Mathis et al. 1997).
Setting up a connection takes two round trips (TCP, TLS 1.3), each request one.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

_SEGMENT = 1460
_FIRST_WINDOW = 10 * _SEGMENT
_SETUP_ROUND_TRIPS = 2
_MATHIS = math.sqrt(1.5)
_CATCH_UP_SECONDS = 0.003
"""How late a sleeping thread may wake without losing the time: sleeps of an operating system are not exact."""


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

    def connection(self) -> Connection:
        """Return the shaping of one new connection."""
        return Connection(self)


class Connection:
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
