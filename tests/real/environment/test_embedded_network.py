from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.orders import changed
from workflow.base.errors import DownloadError, IntegrityError
from workflow.environment.managers.embedded import EmbeddedManager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.environment.conftest import Bench

pytestmark = pytest.mark.real


@pytest.fixture
def dead() -> str:
    """Return the URL of a server that refuses connections."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    return f"http://127.0.0.1:{port}/conda-forge"


@pytest.fixture
def mute() -> Iterator[str]:
    """Yield the URL of a server that takes connections and never answers, as behind many firewalls."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/conda-forge"


def working(bench: Bench) -> bool:
    return (bench.prefix / "bin" / "python").exists()


def test_mirrors_are_asked_before_the_channel(bench: Bench, dead: str) -> None:
    order = changed(bench.relocked(dead), mirrors=(bench.server.url,))
    EmbeddedManager().create(bench.prefix, order)
    assert working(bench)


def test_a_dead_mirror_is_reported_and_the_next_one_is_used(bench: Bench, dead: str) -> None:
    order = changed(bench.relocked(f"{dead}/x/conda-forge"), mirrors=(dead, bench.server.url))
    EmbeddedManager().create(bench.prefix, order)
    assert working(bench)
    assert [line for line in bench.news.warnings if dead in line and "refused" in line]


def test_a_mirror_that_never_answers_is_left_soon(bench: Bench, mute: str) -> None:
    begin = time.monotonic()
    EmbeddedManager().create(bench.prefix, changed(bench.order, mirrors=(mute,)))
    assert working(bench)
    assert time.monotonic() - begin < 15


def test_a_mirror_without_the_package_is_passed_over(bench: Bench) -> None:
    pip = f"noarch/{bench.channel.package('pip').path.name}"
    bench.server.behaviour.codes[f"empty/conda-forge/{pip}"] = [403]
    mirror = f"{bench.server.url}/empty/conda-forge"
    EmbeddedManager().create(bench.prefix, changed(bench.order, mirrors=(mirror,)))
    assert working(bench)
    assert [line for line in bench.news.warnings if mirror in line]


def test_a_mirror_with_other_bytes_is_passed_over(bench: Bench) -> None:
    pip = f"noarch/{bench.channel.package('pip').path.name}"
    bench.server.behaviour.bodies[f"login/conda-forge/{pip}"] = b"<!DOCTYPE html><title>Please log in</title>"
    mirror = f"{bench.server.url}/login/conda-forge"
    EmbeddedManager().create(bench.prefix, changed(bench.order, mirrors=(mirror,)))
    assert working(bench)
    assert [line for line in bench.news.warnings if "web page" in line]


def test_a_web_page_in_place_of_a_package_is_called_one(bench: Bench) -> None:
    pip = f"noarch/{bench.channel.package('pip').path.name}"
    bench.server.behaviour.bodies[pip] = b"<html>Please log in</html>"
    with pytest.raises(IntegrityError, match="a web page"):
        EmbeddedManager().create(bench.prefix, bench.order)


def test_when_no_server_answers_all_are_named_with_what_to_do(bench: Bench, dead: str, mute: str) -> None:
    begin = time.monotonic()
    order = changed(bench.relocked(f"{dead}/x/conda-forge"), mirrors=(mute, dead))
    with pytest.raises(DownloadError) as raised:
        EmbeddedManager().create(bench.prefix, order)
    assert time.monotonic() - begin < 15
    assert [url in raised.value.details for url in (mute, f"{dead}:", f"{dead}/x/conda-forge:")] == [True] * 3
    assert [word in raised.value.hint for word in ("--mirror", "proxy", "--offline")] == [True] * 3
    assert not bench.prefix.exists()


def test_an_unreachable_channel_is_given_up_at_once(bench: Bench, dead: str) -> None:
    begin = time.monotonic()
    with pytest.raises(DownloadError, match=r"^no conda package server can be reached: .*refused"):
        EmbeddedManager().create(bench.prefix, bench.relocked(dead))
    assert time.monotonic() - begin < 5


def test_a_name_that_does_not_exist_is_given_up_soon(bench: Bench) -> None:
    begin = time.monotonic()
    with pytest.raises(DownloadError):
        EmbeddedManager().create(bench.prefix, bench.relocked("http://no-such-host.invalid/conda-forge"))
    assert time.monotonic() - begin < 15


def test_a_proxy_from_the_environment_is_used(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # our server is no proxy, so what matters is that it is asked for another host's address
    monkeypatch.setenv("http_proxy", bench.server.url.removesuffix("/conda-forge"))
    with pytest.raises(DownloadError, match="404"):
        EmbeddedManager().create(bench.prefix, bench.relocked("http://packages.invalid/conda-forge"))
    assert {request.headers["Host"] for request in bench.server.asked} == {"packages.invalid"}


def test_a_broken_download_is_continued_where_it_ended(bench: Bench) -> None:
    python = bench.channel.package("python")
    name = f"{python.spec.subdir}/{python.path.name}"
    bench.server.behaviour.cut_after[name] = [1_000_000]
    EmbeddedManager().create(bench.prefix, bench.order)
    assert working(bench)
    ranges = [request.headers.get("Range") for request in bench.server.asked if request.path == name]
    assert "bytes=1000000-" in ranges


def test_a_server_that_is_busy_for_a_moment_is_asked_again(bench: Bench) -> None:
    bench.server.behaviour.codes[f"noarch/{bench.channel.package('pip').path.name}"] = [503, 200]
    EmbeddedManager().create(bench.prefix, bench.order)
    assert working(bench)


def test_offline_with_an_empty_cache_says_what_is_lacking_and_asks_nobody(bench: Bench) -> None:
    with pytest.raises(DownloadError, match=r"--offline: 3 of 3 .* python, pip, setuptools") as raised:
        EmbeddedManager().create(bench.prefix, changed(bench.order, offline=True))
    assert "without --offline" in raised.value.hint
    assert bench.server.asked == []


def test_offline_from_a_warm_cache_works_and_asks_nobody(bench: Bench) -> None:
    manager = EmbeddedManager()
    manager.create(bench.prefix, bench.order)
    manager.remove(bench.prefix)
    bench.forget_requests()
    manager.create(bench.prefix, changed(bench.order, offline=True))
    assert working(bench)
    assert bench.server.asked == []


def test_a_warm_cache_needs_no_network_even_without_being_told(bench: Bench) -> None:
    manager = EmbeddedManager()
    manager.create(bench.prefix, bench.order)
    manager.remove(bench.prefix)
    bench.forget_requests()
    manager.create(bench.prefix, bench.order)
    assert bench.server.asked == []
