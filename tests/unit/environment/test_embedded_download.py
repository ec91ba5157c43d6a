from __future__ import annotations

import hashlib
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from tests.unit.environment.package_server import PackageServer, serving
from workflow.base.download import opening
from workflow.base.errors import DownloadError, IntegrityError, StorageError
from workflow.base.events import Recording
from workflow.environment.conda_lock import LockedPackage
from workflow.environment.engine.archives import Archives
from workflow.environment.engine.network import shown
from workflow.environment.engine.sources import sources

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


def test_mirrors_come_before_the_channel_and_none_twice() -> None:
    locked = LockedPackage("a", "1", "https://host/conda-forge/noarch/a.conda", md5="0")
    mirrors = ("https://m/cf/", "https://host/conda-forge", "https://m/cf")
    assert [source.url for source in sources(locked, mirrors)] == ["https://m/cf/noarch/a.conda", locked.url]


def test_mirrors_of_conda_forge_do_not_stand_in_for_other_channels() -> None:
    locked = LockedPackage("a", "1", "https://host/own-channel/noarch/a.conda", md5="0")
    assert [source.url for source in sources(locked, ["https://m/cf"])] == [locked.url]


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


def test_a_connection_that_always_breaks_is_given_up(
    server: PackageServer, archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.environment.engine.download._PAUSES", (0.01, 0.01, None))
    server.behaviour.cut_after[_NAME] = [1000, 1000, 1000]
    with pytest.raises(DownloadError, match="broke off after 3,000 of 512,000"):
        archives.provide([package(server)], (), offline=False)
    archives.provide([package(server)], (), offline=False)
    assert archives.path(package(server)).read_bytes() == _BODY


def test_a_cache_that_cannot_be_written_is_named(server: PackageServer, tmp_path: Path, news: Recording) -> None:
    (tmp_path / "archives").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=r"archives.*cannot be written"):
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
    ("body", "said"), [(b"\n<!DOCTYPE html><p>Log in", " (a web page, not a package)"), (b"PK\x03\x04", "")]
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


def test_a_url_is_shown_without_its_password() -> None:
    assert shown("https://me:secret@host:1/a?b") == "https://host:1/a?..."
    assert shown("https://host/a") == "https://host/a"


def test_the_certificates_of_the_environment_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    opening.tls_context.cache_clear()
    assert opening.tls_context().cert_store_stats()["x509_ca"] == 0
    assert opening.tls_context().verify_mode is ssl.CERT_REQUIRED
    opening.tls_context.cache_clear()
