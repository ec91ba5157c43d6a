from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.package_server import PackageServer, serving
from workflow import __version__
from workflow.base.errors import DownloadError, IntegrityError, StorageError
from workflow.base.events import Recording
from workflow.environment.builder import channels, package_archives
from workflow.environment.builder.channels import PackageSource, Reachability, Supply
from workflow.environment.builder.package_archives import Archives, unpacking
from workflow.environment.pins.conda import LockedPackage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BODY = bytes(range(256)) * 2000
_NAME = "noarch/data-1-0.conda"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PackageServer]:
    path = tmp_path / "channel" / _NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(_BODY)
    with serving(tmp_path / "channel") as running:
        yield running


@pytest.fixture
def news() -> Recording:
    return Recording()


@pytest.fixture
def archives(tmp_path: Path, news: Recording) -> Archives:
    return Archives(tmp_path / "archives", news)


def package(server: PackageServer) -> LockedPackage:
    return LockedPackage("data", "1", f"{server.url}/{_NAME}", sha256=hashlib.sha256(_BODY).hexdigest())


def test_an_archive_is_fetched_once_and_then_found(server: PackageServer, archives: Archives, news: Recording) -> None:
    archives.provide([package(server)], (), offline=False)
    assert news.lines == [
        "1 conda packages: 0 from the cache, 1 to download",
        f"downloading from {server.url}",
    ]
    news.lines.clear()
    archives.provide([package(server)], (), offline=False)
    assert news.lines == ["1 conda packages: 1 from the cache, 0 to download"]
    assert archives.path(package(server)).read_bytes() == _BODY
    assert server.fetched() == [_NAME]
    assert {request.headers["User-Agent"] for request in server.asked} == {f"tfjs-workflow/{__version__}"}
    names = sorted(file.name for file in archives.path(package(server)).parent.iterdir())
    assert names == ["data-1-0.conda", "data-1-0.conda.lock"]


@pytest.mark.parametrize("left", [_BODY[:5000], b"x" * 5000, _BODY, _BODY + b"more"])
def test_whatever_an_interrupted_download_left_does_no_harm(
    server: PackageServer, archives: Archives, left: bytes
) -> None:
    path = archives.path(package(server))
    path.parent.mkdir(parents=True)
    path.with_name(path.name + ".part").write_bytes(left)
    archives.provide([package(server)], (), offline=False)
    assert path.read_bytes() == _BODY
    assert list(path.parent.glob("*.part")) == []


@pytest.mark.parametrize(("left", "asked"), [(_BODY[:5000], ["bytes=5000-"]), (b"x" * 5000, ["bytes=5000-", None])])
def test_what_was_left_is_asked_for_from_its_end_and_when_it_is_wrong_once_more_from_the_beginning(
    server: PackageServer, archives: Archives, left: bytes, asked: list[str | None]
) -> None:
    path = archives.path(package(server))
    path.parent.mkdir(parents=True)
    path.with_name(path.name + ".part").write_bytes(left)
    archives.provide([package(server)], (), offline=False)
    assert [request.headers.get("Range") for request in server.asked if request.method == "GET"] == asked


def test_a_connection_that_always_breaks_is_given_up(
    server: PackageServer, archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.environment.builder.channels._PAUSES", (0.01, 0.01))
    server.behaviour.cut_after[_NAME] = [1000, 1000, 1000]
    with pytest.raises(DownloadError, match="broke off after 3,000 of 512,000"):
        archives.provide([package(server)], (), offline=False)
    archives.provide([package(server)], (), offline=False)
    assert archives.path(package(server)).read_bytes() == _BODY


def test_a_cache_that_cannot_be_written_is_named(server: PackageServer, tmp_path: Path, news: Recording) -> None:
    (tmp_path / "archives").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=r"cannot write .*archives.*: a part of the path is a file"):
        Archives(tmp_path / "archives", news).provide([package(server)], (), offline=False)


def test_one_failure_stops_the_other_downloads(server: PackageServer, archives: Archives) -> None:
    server.behaviour.delay = 0.05
    wrong = LockedPackage("wrong", "1", f"{server.url}/noarch/none-1-0.conda", sha256="0" * 64)
    with pytest.raises(DownloadError, match=r"none-1-0.conda: HTTP 404"):
        archives.provide([package(server), wrong], (), offline=False)
    assert not any(thread.name.startswith("ThreadPool") and not settled(thread) for thread in threading.enumerate())


def settled(thread: threading.Thread) -> bool:
    thread.join(timeout=5)
    return not thread.is_alive()


def test_both_checksums_are_named_when_they_differ(server: PackageServer, archives: Archives) -> None:
    wrong = LockedPackage("data", "1", f"{server.url}/{_NAME}", sha256="0" * 64)
    with pytest.raises(IntegrityError, match=f"expected {'0' * 64}, got {hashlib.sha256(_BODY).hexdigest()}"):
        archives.provide([wrong], (), offline=False)
    assert not archives.path(wrong).exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\n<!DOCTYPE html><p>Log in", " (a web page, not a package)"),
        (b" " * 55 + b"<!doctype", " (a web page, not a package)"),
        (b"<HTML>", " (a web page, not a package)"),
        (b"PK\x03\x04", ""),
        (b" " * 56 + b"<!doctype", ""),
    ],
)
def test_a_web_page_in_place_of_a_package_is_named(
    tmp_path: Path, server: PackageServer, archives: Archives, body: bytes, said: str
) -> None:
    (tmp_path / "channel" / _NAME).write_bytes(body)
    with pytest.raises(IntegrityError) as raised:
        archives.provide([package(server)], (), offline=False)
    assert f"got {hashlib.sha256(body).hexdigest()}{said}" in raised.value.message
    assert ("web page" in raised.value.message) is bool(said)


def test_a_password_in_a_mirror_is_sent_and_never_shown(
    server: PackageServer, archives: Archives, news: Recording
) -> None:
    base = server.url.replace("http://", "http://me:secret@")
    server.behaviour.codes[_NAME] = [401]
    with pytest.raises(DownloadError) as raised:
        archives.provide([package(server)], (base,), offline=False)
    assert {request.headers.get("Authorization") for request in server.asked} == {"Basic bWU6c2VjcmV0", None}
    assert "secret" not in f"{raised.value.message}{raised.value.details}{news.lines}{news.warnings}"


def folders(place: Path) -> set[str]:
    return {path.name for path in place.iterdir() if path.is_dir()}


@pytest.mark.skipif(os.name == "nt", reason="what is open cannot be removed there")
def test_half_unpacked_packages_go_when_nobody_else_unpacks(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    (packages / ".python-3.8-x1").mkdir(parents=True)
    (packages / "python-3.8").mkdir()
    (packages / ".cache.lock").touch()
    with unpacking(tmp_path, ".*"):
        assert folders(packages) == {"python-3.8"}
        (packages / ".mine").mkdir()
        with unpacking(tmp_path, ".*"):
            assert folders(packages) == {"python-3.8", ".mine"}
    with unpacking(tmp_path, ".*"):
        assert folders(packages) == {"python-3.8"}
    assert (packages / ".cache.lock").exists()
    with unpacking(tmp_path / "deep" / "er", ".*"):
        assert [path.name for path in (tmp_path / "deep" / "er").iterdir()] == ["in-use.lock"]


ONLINE = "run this once without --offline, or copy the cache folder from a machine that has it"


def test_offline_names_the_packages_that_are_not_there_and_what_is_damaged(
    server: PackageServer, archives: Archives, tmp_path: Path
) -> None:
    others = [LockedPackage(name, "1", f"{server.url}/noarch/{name}-1-0.conda", md5="0" * 32) for name in "ab"]
    archives.provide([package(server)], (), offline=False)
    with pytest.raises(DownloadError) as caught:
        archives.provide([package(server), *others], (), offline=True)
    assert caught.value.message == f"--offline: 2 of 3 conda packages are not in the cache {tmp_path}/archives: a, b"
    assert caught.value.hint == ONLINE
    path = archives.path(others[1])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    got = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    with pytest.raises(IntegrityError) as damaged:
        archives.provide([package(server), *others], (), offline=True)
    assert damaged.value.message == (
        f"{path}: the cached archive is damaged: md5 expected {'0' * 32}, got {got}; "
        "--offline forbids fetching it again"
    )
    assert damaged.value.hint == ONLINE


def test_what_is_received_is_counted(server: PackageServer, archives: Archives, news: Recording) -> None:
    archives.provide([package(server)], (), offline=False)
    counted = [(done, total) for what, done, total in news.progress if what == "conda packages downloaded"]
    assert counted == [(1, 1)]
    received = [(done, total) for what, done, total in news.progress if what == "bytes downloaded"]
    assert received
    assert all(0 < done <= len(_BODY) and total == 0 for done, total in received)


def test_a_package_that_the_mirror_lacks_is_had_elsewhere_which_is_told_once(
    server: PackageServer, archives: Archives, news: Recording, tmp_path: Path
) -> None:
    (tmp_path / "mirror").mkdir()
    mirror = (tmp_path / "mirror").as_uri()
    archives.provide([package(server)], (mirror,), offline=False)
    assert news.lines[1] == f"downloading from {mirror}, then {server.url}"
    assert news.warnings == [f"{mirror}/{_NAME}: No such file or directory"]
    with pytest.raises(DownloadError) as caught:
        archives.provide(
            [LockedPackage("none", "2", f"{server.url}/noarch/n.conda", md5="0")], (mirror,), offline=False
        )
    assert caught.value.message.startswith("none 2 could not be fetched: ")
    assert caught.value.details == (
        f"tried, in this order:\n{mirror}/noarch/n.conda: No such file or directory\n"
        f"{server.url}/noarch/n.conda: HTTP 404 Not Found"
    )


def test_when_no_server_can_be_reached_that_is_what_is_told(archives: Archives) -> None:
    gone = LockedPackage("a", "1", "http://127.0.0.1:9/conda-forge/noarch/a-1-0.conda", md5="0" * 32)
    with pytest.raises(DownloadError) as caught:
        archives.provide([gone], (), offline=False)
    assert caught.value.message == (
        "no conda package server can be reached: http://127.0.0.1:9/conda-forge: Connection refused"
    )


def test_a_server_that_breaks_off_is_given_up_for_all_packages(
    server: PackageServer, archives: Archives, news: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.environment.builder.channels._PAUSES", ())
    (tmp_path / "channel" / "noarch" / "more-1-0.conda").write_bytes(_BODY + b"more")
    digest = hashlib.sha256(_BODY + b"more").hexdigest()
    more = LockedPackage("more", "1", f"{server.url}/noarch/more-1-0.conda", sha256=digest)
    with serving(tmp_path / "channel") as mirror:
        mirror.behaviour.cut_after[_NAME] = [1000]
        supply = Supply(Reachability(dict(bases(mirror, server)), news), lambda _: None)
        for one in (package(server), more):
            supply.fetch(one, channels.sources(one, [mirror.url]), target=tmp_path / one.file_name)
            assert (tmp_path / one.file_name).read_bytes().startswith(_BODY)
        assert mirror.fetched() == [_NAME]
    assert server.fetched() == [_NAME, "noarch/more-1-0.conda"]
    assert news.warnings[0].startswith(f"{mirror.url} cannot be used: the connection broke off after 1,000 of 512,000")
    assert len(news.warnings) == 1


def bases(*servers: PackageServer) -> Iterator[tuple[str, PackageSource]]:
    for server in servers:
        yield server.url, PackageSource(server.url, f"{server.url}/{_NAME}")


def test_a_download_that_is_given_up_stops_at_its_next_bytes(server: PackageServer, tmp_path: Path) -> None:
    received: list[int] = []
    supply = Supply(Reachability(dict(bases(server)), Recording()), received.append)
    one = package(server)
    supply.fetch(one, channels.sources(one, ()), target=tmp_path / "whole")
    assert sum(received) == len(_BODY)
    supply.stop.set()
    with pytest.raises(channels.StoppedError):
        supply.fetch(one, channels.sources(one, ()), target=tmp_path / "stopped")
    assert not (tmp_path / "stopped").exists()


def test_of_several_failures_the_one_is_told_that_stopped_the_others() -> None:
    stopped, cause, later = channels.StoppedError(), DownloadError("no net"), DownloadError("later")
    assert package_archives._cause([stopped, cause, later]) is cause
    assert package_archives._cause([stopped]) is stopped
