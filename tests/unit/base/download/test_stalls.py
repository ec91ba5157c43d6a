"""The watch over connections: by what came, and not by how often something came."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from workflow.base.download.stalls import TransferWatch

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_connection_that_brings_too_little_is_cut_and_that_is_known(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, _ = pair
    with TransferWatch(least=10, seconds=0.2) as watch:
        watch.attach(ours)
        watch.received(9)
        assert ours.recv(1) == b""
        assert watch.has_cut
        watch.join(20)
        assert not watch.is_alive()


class Looks:
    """Stands for the event that ends a watch, and for the clock: at each look, so many seconds and bytes later."""

    def __init__(self, watch: TransferWatch, looks: list[tuple[float, int]]) -> None:
        self.watch, self.looks, self.now = watch, looks, 100.0
        self.asked: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.asked.append(seconds)
        if not self.looks:
            return True
        later, count = self.looks.pop(0)
        self.now += later
        self.watch.received(count)
        return False

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("looks", "is_cut"),
    [
        ([(8.0, 9)], True),
        ([(7.9, 9)], False),
        ([(7.9, 9), (0.1, 1)], False),
        ([(100.0, 10)], False),
        ([(7.0, 10), (7.9, 9)], False),
        ([(7.0, 10), (8.0, 9)], True),
        ([(4.0, 5), (4.0, 4)], True),
        ([(1.0, 10)] * 20, False),
    ],
)
def test_enough_must_come_within_each_span(
    looks: list[tuple[float, int]], monkeypatch: pytest.MonkeyPatch, *, is_cut: bool
) -> None:
    watch = TransferWatch(least=10, seconds=8.0)
    clock = Looks(watch, list(looks))
    monkeypatch.setattr(watch, "_done", clock)
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    watch.run()
    monkeypatch.undo()
    assert watch.has_cut is is_cut
    assert set(clock.asked) == {1.0}
    assert watch.daemon


def test_the_watch_ends_with_its_block_and_leaves_our_own_handle_open(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    with TransferWatch(least=10, seconds=60) as watch:
        watch.attach(ours)
        [second] = watch._sockets
        assert second.fileno() not in (-1, ours.fileno())
    assert second.fileno() == -1
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"
