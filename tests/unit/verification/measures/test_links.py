"""The simulated links, against what the figures of the link say: real sockets, so with some tolerance."""

from __future__ import annotations

import threading
import time

import pytest

from workflow.verification.measures.artifact_sizes import Payload
from workflow.verification.measures.links import LINKS, Bucket, Link
from workflow.verification.measures.links import load_seconds as measured_seconds

WIDE = Link("wide", 200, 40)
NARROW = Link("narrow", 20, 40)
CAPPED = Link("capped", 100, 40, per_connection_megabits=8)


def load_seconds(payload: Payload, link: Link) -> float:
    return min(measured_seconds(payload, link) for _ in range(2))  # other work of the machine can only delay it


def nearly(expected: float) -> object:
    return pytest.approx(expected, rel=0.25)  # the machine that runs the tests does other things too


def test_a_large_file_takes_its_bytes_divided_by_the_bandwidth() -> None:
    payload = Payload(1_000, (2_000_000,))
    assert load_seconds(payload, NARROW) == nearly(2_001_000 / 2_500_000 + 4 * 0.04)


def test_small_files_take_round_trips() -> None:
    one = load_seconds(Payload(100, (100,)), WIDE)
    assert one == nearly(4 * 0.04)  # TCP, TLS, model.json, weights on the same connection


def test_six_connections_share_the_bandwidth() -> None:
    together = load_seconds(Payload(1_000, (500_000,) * 4), NARROW)
    assert together == nearly(load_seconds(Payload(1_000, (2_000_000,)), NARROW))


def test_a_cap_per_connection_makes_pieces_faster() -> None:
    whole, pieces = (load_seconds(Payload(1_000, sizes), CAPPED) for sizes in ((2_000_000,), (400_000,) * 5))
    assert whole == nearly(2_001_000 / 1_000_000 + 0.2)
    assert pieces < whole / 2.5


def test_many_small_pieces_cost_a_round_trip_each() -> None:
    far = Link("far", 100, 200)
    assert load_seconds(Payload(1_000, (10_000,) * 36), far) > load_seconds(Payload(1_000, (360_000,)), far) + 0.4


def test_loss_limits_a_connection() -> None:
    lossy = Link("lossy", 50, 100, loss=0.005)
    assert lossy.connection_rate == pytest.approx(253_000, rel=0.01)
    assert Link("clean", 50, 100).connection_rate == 50e6 / 8


def test_threads_that_share_a_bucket_get_its_rate_together() -> None:
    bucket = Bucket(1_000_000)
    begin = time.perf_counter()
    ends: list[float] = []
    threads = [threading.Thread(target=lambda: ends.extend(bucket.reserve(1_000) for _ in range(50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(ends) - begin == pytest.approx(0.2, abs=0.02)


def test_the_links_have_names_of_their_own_and_one_has_loss_and_one_a_cap() -> None:
    assert len({link.name for link in LINKS}) == len(LINKS)
    assert any(link.loss for link in LINKS)
    assert any(link.per_connection_megabits for link in LINKS)
