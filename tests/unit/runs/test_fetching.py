from __future__ import annotations

import errno
import hashlib
import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.file_server import FileServer, serving
from workflow.base import storage
from workflow.base.download import transfer
from workflow.base.errors import DownloadError, IntegrityError, StorageError
from workflow.base.events import Recording
from workflow.models.file_contents import recognise
from workflow.recipe.findings import Spot
from workflow.recipe.recipes import FetchedModel
from workflow.runs import fetching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = random.Random(7).randbytes(300_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Desk:
    """A target, a cache, a listener, and one call to fetch with them."""

    folder: Path
    listener: Recording

    @property
    def target(self) -> Path:
        return self.folder / "data" / "model.h5"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def fetch(self, url: str, *, sha256: str = DIGEST, most: int = 10**6) -> None:
        source = FetchedModel(url, sha256, self.target, Spot(path=self.folder / "recipe.yml"), most)
        fetching.fetch(source, self.target, cache=self.cache, listener=self.listener)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(transfer, "_PAUSES", (0.01, 0.01, 0.01))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return Desk(tmp_path, Recording())


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(CONTENT) as running:
        yield running


def test_a_file_is_fetched_checked_and_reported(desk: Desk, server: FileServer) -> None:
    desk.fetch(server.url())
    assert desk.target.read_bytes() == CONTENT
    assert desk.listener.progress[-1] == ("model.h5", len(CONTENT), len(CONTENT))


def test_the_second_time_it_comes_from_the_cache_as_a_copy(desk: Desk, server: FileServer) -> None:
    desk.fetch(server.url())
    desk.target.write_bytes(b"changed in place")
    desk.fetch(server.url())
    assert desk.target.read_bytes() == CONTENT
    assert len(server.ranges) == 1


def test_a_changed_cache_is_noticed_and_fetched_again(desk: Desk, server: FileServer) -> None:
    desk.fetch(server.url())
    (desk.cache / DIGEST).write_bytes(b"x" + CONTENT[1:])
    desk.fetch(server.url())
    assert desk.target.read_bytes() == CONTENT
    assert len(server.ranges) == 2
    assert "changed" in desk.listener.warnings[0]


def test_a_cut_connection_is_resumed_where_it_broke(desk: Desk, server: FileServer) -> None:
    server.cuts = [100_000, 50_000]
    desk.fetch(server.url())
    assert desk.target.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_the_part_of_an_earlier_run_is_resumed(desk: Desk, server: FileServer) -> None:
    desk.cache.mkdir()
    (desk.cache / f"{DIGEST}.part").write_bytes(CONTENT[:1000])
    desk.fetch(server.url())
    assert server.ranges == ["bytes=1000-"]
    assert desk.target.read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_sends_everything_again(desk: Desk, server: FileServer) -> None:
    server.ignores_range = True
    server.cuts = [100_000]
    desk.fetch(server.url())
    assert desk.target.read_bytes() == CONTENT


@pytest.mark.parametrize("left", [b"foreign", CONTENT + b"longer than the file"])
def test_a_part_with_other_bytes_is_given_up(desk: Desk, server: FileServer, left: bytes) -> None:
    desk.cache.mkdir()
    (desk.cache / f"{DIGEST}.part").write_bytes(left)
    desk.fetch(server.url())
    assert desk.target.read_bytes() == CONTENT


def test_a_complete_part_needs_no_request(desk: Desk, server: FileServer) -> None:
    desk.cache.mkdir()
    (desk.cache / f"{DIGEST}.part").write_bytes(CONTENT)
    desk.fetch(server.url())
    assert server.ranges == []


def test_wrong_bytes_are_refused_with_both_digests_and_deleted(desk: Desk, server: FileServer) -> None:
    wanted = "0" * 64
    with pytest.raises(IntegrityError) as caught:
        desk.fetch(server.url(), sha256=wanted)
    assert wanted in caught.value.message
    assert DIGEST in caught.value.message
    assert not desk.target.exists()
    assert [file.name for file in desk.cache.iterdir() if file.suffix != ".lock"] == []


def test_a_web_page_in_place_of_the_model_is_named(desk: Desk, server: FileServer) -> None:
    server.content = b"<!DOCTYPE html><title>Sign in</title>"
    with pytest.raises(IntegrityError, match="web page"):
        desk.fetch(server.url())


def test_a_file_that_is_longer_than_allowed_is_refused_and_nothing_of_it_stays(desk: Desk, server: FileServer) -> None:
    with pytest.raises(DownloadError, match="it has 300,000 bytes or more, and at most 299,999 are taken"):
        desk.fetch(server.url(), most=len(CONTENT) - 1)
    assert [file.name for file in desk.cache.iterdir() if file.suffix != ".lock"] == []
    desk.fetch(server.url(), most=len(CONTENT))
    assert desk.target.read_bytes() == CONTENT


def test_what_is_said_of_a_fetch_has_no_secrets(desk: Desk, server: FileServer) -> None:
    server.statuses = [500]
    desk.fetch(server.url("model?sig=t0ken").replace("//", "//me:s3cret@"))
    desk.fetch(server.url("model?sig=t0ken").replace("//", "//me:s3cret@"))
    (desk.cache / DIGEST).write_bytes(b"changed")
    desk.fetch(server.url("model?sig=t0ken").replace("//", "//me:s3cret@"))
    told = f"{desk.listener.lines}{desk.listener.warnings}{desk.listener.progress}{sorted(desk.cache.iterdir())}"
    assert "model?..." in told
    assert "s3cret" not in told
    assert "t0ken" not in told


def test_a_failure_leaves_the_old_target_alone(desk: Desk, server: FileServer) -> None:
    desk.target.parent.mkdir()
    desk.target.write_bytes(b"old")
    with pytest.raises(IntegrityError):
        desk.fetch(server.url(), sha256="1" * 64)
    assert desk.target.read_bytes() == b"old"


def test_a_missing_file_is_not_asked_for_twice(desk: Desk, server: FileServer) -> None:
    server.statuses = [404]
    with pytest.raises(DownloadError, match="404") as caught:
        desk.fetch(server.url())
    assert server.url() in caught.value.message
    assert len(server.ranges) == 1


def test_a_server_that_is_not_ready_is_asked_again(desk: Desk, server: FileServer) -> None:
    server.statuses = [500, 503]
    desk.fetch(server.url())
    assert desk.target.read_bytes() == CONTENT
    assert len(server.ranges) == 3


def test_attempts_are_bounded(desk: Desk, server: FileServer) -> None:
    server.statuses = [500] * 20
    with pytest.raises(DownloadError, match="500") as caught:
        desk.fetch(server.url())
    assert len(server.ranges) == 4
    assert "same command" in caught.value.hint


def test_a_redirect_is_followed(desk: Desk, server: FileServer) -> None:
    desk.fetch(server.url("moved"))
    assert desk.target.read_bytes() == CONTENT


def test_a_circle_of_redirects_ends(desk: Desk, server: FileServer) -> None:
    with pytest.raises(DownloadError, match="redirects in a circle"):
        desk.fetch(server.url("circle"))


def test_a_refused_connection_is_reported(desk: Desk) -> None:
    with serving(b"") as gone:
        url = gone.url()
    with pytest.raises(DownloadError, match="refused"):
        desk.fetch(url)


def test_a_file_url_works(desk: Desk, tmp_path: Path) -> None:
    origin = tmp_path / "origin model.h5"
    origin.write_bytes(CONTENT)
    desk.fetch(origin.as_uri())
    assert desk.target.read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["file:///no/such/file", "ftp://127.0.0.1/model", "http:///model"])
def test_an_address_that_cannot_work_fails_at_once(desk: Desk, url: str) -> None:
    with pytest.raises(DownloadError):
        desk.fetch(url)


def test_a_proxy_is_read_from_the_environment(desk: Desk, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    desk.fetch("http://models.invalid/model")
    assert desk.target.read_bytes() == CONTENT


def test_a_full_disk_is_a_storage_error(desk: Desk, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(StorageError, match="full"):
        desk.fetch(server.url())
    assert list(desk.target.parent.iterdir()) == []


def test_what_is_said_of_a_fetch_is_this(desk: Desk, server: FileServer) -> None:
    url = server.url()
    desk.cache.mkdir()
    (desk.cache / f"{DIGEST}.part").write_bytes(CONTENT[:1000])
    desk.fetch(url)
    desk.fetch(url, sha256=DIGEST.upper())
    (desk.cache / DIGEST).write_bytes(b"changed")
    desk.fetch(url)
    assert desk.listener.lines == [f"resuming {url}", f"{url} is in the cache", f"fetching {url}"]
    assert desk.listener.warnings == [f"the copy of {url} in the cache was changed: fetching it again"]
    (desk.cache / DIGEST).unlink()
    (desk.cache / f"{DIGEST}.part").write_bytes(b"x" * 1000)
    desk.fetch(url)
    assert desk.listener.warnings[1:] == [
        "what was left of an earlier transfer does not fit: fetching the whole file again"
    ]
    assert sorted(path.name for path in desk.cache.iterdir()) == [DIGEST, f"{DIGEST}.lock"]


def test_a_changed_copy_is_gone_also_where_the_file_cannot_be_fetched_again(desk: Desk, server: FileServer) -> None:
    desk.fetch(server.url())
    (desk.cache / DIGEST).write_bytes(b"changed")
    server.statuses = [404]
    with pytest.raises(DownloadError):
        desk.fetch(server.url())
    assert not (desk.cache / DIGEST).exists()


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "html"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "lfs"),
        (b'{"error": "none"}', "json"),
        (b"something else", ""),
    ],
)
def test_another_file_is_refused_with_both_digests_what_it_is_and_what_to_do(
    content: bytes, known: str, *, desk: Desk, server: FileServer
) -> None:
    server.content = content
    part = desk.folder / "content"
    part.write_bytes(content)
    phrase = f" ({recognise(part).phrase})" if known else ""
    assert not known or recognise(part).name == known
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(IntegrityError) as caught:
        desk.fetch(server.url())
    assert caught.value.message == (
        f"{server.url()} is not the file that the recipe names{phrase}: its sha256 is {found}, expected is {DIGEST}"
    )
    assert caught.value.hint == (
        "If the file was replaced on purpose, put the new sha256 into the recipe after you have made sure of it; "
        "otherwise do not use the file."
    )


def test_a_second_run_waits_for_the_one_that_fetches_the_same(desk: Desk, server: FileServer) -> None:
    lock = desk.cache / f"{DIGEST}.lock"
    handle = fetching.held(lock, Recording(), what="file")
    thread = threading.Thread(target=desk.fetch, args=(server.url(),))
    thread.start()
    end = time.monotonic() + 20
    while not desk.listener.lines and time.monotonic() < end:
        time.sleep(0.01)
    assert desk.listener.lines == ["waiting for another run that fetches the same file"]
    assert server.ranges == []
    handle.close()
    thread.join()
    assert desk.target.read_bytes() == CONTENT


def test_all_bytes_are_on_disk_before_a_file_has_its_name(
    desk: Desk, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = storage.sync_artifact

    def noting(path: Path) -> None:
        synced.append(path.name)
        assert path.exists()
        sync(path)

    monkeypatch.setattr(fetching, "sync_artifact", noting)
    desk.fetch(server.url())
    first, second = synced
    assert first == f"{DIGEST}.part"
    assert second != "model.h5"
    assert [path.name for path in desk.target.parent.iterdir()] == ["model.h5"]
