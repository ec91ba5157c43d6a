"""The simulated links, against what the figures of the link say: on a clock that only the link moves."""

from __future__ import annotations

import queue
import threading

import pytest

from workflow.verification.measures import links
from workflow.verification.measures.artifact_sizes import Payload
from workflow.verification.measures.links import CONNECTIONS, LINKS, Bucket, Link, LinkConnection, Shaper, load_seconds

WIDE = Link("wide", 200, 40)
NARROW = Link("narrow", 20, 40)
CAPPED = Link("capped", 100, 40, per_connection_megabits=8)
CHUNK = 32_768


class Clock:
    """A clock for threads that do nothing but sleep: when all of them do, the next to wake decides what time it is."""

    def __init__(self) -> None:
        self.now = 0.0
        self.awake = 0
        self._waking: list[float] = []
        self._changed = threading.Condition()

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._changed:
            wake = self.now + seconds
            self._waking.append(wake)
            self.rest()
            self._changed.wait_for(lambda: self.awake == 0 and wake == min(self._waking))
            self._waking.remove(wake)
            self.now = max(self.now, wake)
            self.awake += 1

    def rest(self) -> None:
        """Say that one thread fewer is awake."""
        with self._changed:
            self.awake -= 1
            self._changed.notify_all()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(links, "time", made)
    return made


def seconds(payload: Payload, link: Link, clock: Clock) -> float:
    """Return how long the link's connections take to let a payload pass, as a browser asks for it."""
    shaper = Shaper(link, scale=1.0)
    first, waiting = shaper.connection(), queue.SimpleQueue[int]()
    for size in payload.rest:
        waiting.put(size)
    begin, clock.awake = clock.now, 1
    _pass(first, payload.first)
    others = [shaper.connection() for _ in range(min(CONNECTIONS, len(payload.rest)) - 1)]
    threads = [threading.Thread(target=_drain, args=(each, waiting, clock)) for each in (first, *others)]
    clock.awake = len(threads)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return clock.now - begin


def _pass(connection: LinkConnection, size: int) -> None:
    connection.await_request()
    while size > 0:
        size -= connection.await_bytes(min(size, CHUNK))


def _drain(connection: LinkConnection, waiting: queue.SimpleQueue[int], clock: Clock) -> None:
    try:
        while True:
            _pass(connection, waiting.get_nowait())
    except queue.Empty:
        clock.rest()


def nearly(expected: float) -> object:
    return pytest.approx(expected, rel=0.02)


def test_a_large_file_takes_its_bytes_divided_by_the_bandwidth(clock: Clock) -> None:
    idle = sum(0.04 - window / 2_500_000 for window in (14_600, 29_200, 58_400))  # until the window is wide enough
    assert seconds(Payload(1_000, (2_000_000,)), NARROW, clock) == nearly(2_001_000 / 2_500_000 + 4 * 0.04 + idle)


def test_small_files_take_round_trips(clock: Clock) -> None:
    """TCP, TLS, model.json, and the weights on the same connection."""
    assert seconds(Payload(100, (100,)), WIDE, clock) == nearly(4 * 0.04)


def test_six_connections_share_the_bandwidth(clock: Clock) -> None:
    together = seconds(Payload(1_000, (500_000,) * 4), NARROW, clock)
    assert together == nearly(seconds(Payload(1_000, (2_000_000,)), NARROW, clock))


def test_a_cap_per_connection_makes_pieces_faster(clock: Clock) -> None:
    whole, pieces = (seconds(Payload(1_000, sizes), CAPPED, clock) for sizes in ((2_000_000,), (400_000,) * 5))
    assert whole == nearly(2_001_000 / 1_000_000 + 0.2)
    assert pieces < whole / 2.5


def test_many_small_pieces_cost_a_round_trip_each(clock: Clock) -> None:
    far = Link("far", 100, 200)
    apart = seconds(Payload(1_000, (10_000,) * 36), far, clock)
    assert apart > seconds(Payload(1_000, (360_000,)), far, clock) + 0.4


def test_a_connection_starts_slowly_and_doubles(clock: Clock) -> None:
    shaper = Shaper(Link("fast and far", 100_000, 100), scale=1.0)
    windows = [10 * 1460 * 2**number for number in range(4)]
    clock.awake = 1
    _pass(shaper.connection(), sum(windows))
    assert clock.now == nearly(
        3 * 0.1 + 3 * 0.1
    )  # set up and asked, then a round trip between each window and the next


def test_a_link_is_never_faster_than_it_says() -> None:
    """With real sockets and the machine's clock; how much slower it is, is the machine's affair."""
    assert load_seconds(Payload(1_000, (2_000_000,)), NARROW) > 0.9 * 2_001_000 / 2_500_000
    assert load_seconds(Payload(100, (100,)), WIDE) > 0.9 * 4 * 0.04


def test_loss_limits_a_connection() -> None:
    lossy = Link("lossy", 50, 100, loss=0.005)
    assert lossy.connection_rate == pytest.approx(253_000, rel=0.02)
    assert Link("clean", 50, 100).connection_rate == 50e6 / 8


def test_threads_that_share_a_bucket_get_its_rate_together(clock: Clock) -> None:
    bucket = Bucket(1_000_000)
    ends: list[float] = []
    threads = [threading.Thread(target=lambda: ends.extend(bucket.reserve(1_000) for _ in range(50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == pytest.approx([clock.now + number * 0.001 for number in range(1, 201)])


def test_the_links_have_names_of_their_own_and_one_has_loss_and_one_a_cap() -> None:
    assert len({link.name for link in LINKS}) == len(LINKS)
    assert any(link.loss for link in LINKS)
    assert any(link.per_connection_megabits for link in LINKS)
