"""Transfers from servers that misbehave, each in one way."""

from __future__ import annotations

import gzip
import hashlib
import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.base.download.rude_server import Piece, answer, serving
from workflow.base.download import reception, transfer
from workflow.base.download.transfer import Transfer
from workflow.base.errors import DownloadError
from workflow.base.events import Recording

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = random.Random(1).randbytes(90_000), random.Random(2).randbytes(95_000)
MOST = 200_000


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_PAUSES", (0.01, 0.01))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def fetched(url: str, folder: Path, *, checked: bool = True, most: int = MOST) -> bytes:
    part = folder / "part"
    Transfer(url, part, most, lambda _done, _total: None, checked).complete(Recording())
    assert {path.name for path in folder.iterdir()} == {"part"}
    return part.read_bytes()


def refused(url: str, folder: Path, *, most: int = MOST) -> DownloadError:
    with pytest.raises(DownloadError) as caught:
        fetched(url, folder, most=most)
    return caught.value


def cut(content: bytes, at: int, **headers: str) -> list[Piece]:
    """Answer with the whole length and only a part of the bytes."""
    return [*answer(content, **headers)[:1], content[:at]]


def rest(content: bytes, start: int, *, total: str = "", **headers: str) -> list[Piece]:
    told = f"bytes {start}-{len(content) - 1}/{total or len(content)}"
    return answer(content[start:], "206 Partial Content", Content_Range=told, **headers)


TAG, OTHER, DATE = '"one"', '"two"', "Mon, 30 Nov 2026 12:00:00 GMT"


def test_a_transfer_goes_on_with_what_tells_the_file_from_a_later_one(tmp_path: Path) -> None:
    for headers, wanted in (
        ({"ETag": TAG, "Last_Modified": DATE}, TAG),
        ({"ETag": "W/" + TAG}, None),
        (
            {"ETag": "W/" + TAG, "Last_Modified": DATE},
            DATE,
        ),
    ):
        with serving(cut(OLD, 70_000, **headers), rest(OLD, 70_000, **headers)) as server:
            assert fetched(server.url(), tmp_path) == OLD
        assert server.asked[1]["range"] == "bytes=70000-"
        assert server.asked[1].get("if-range") == wanted
        (tmp_path / "part").unlink()


CHANGES = {
    "the whole new file": (answer(NEW, ETag=OTHER),),
    "a part of a file of another length": (rest(NEW, 70_000, ETag=TAG), answer(NEW)),
    "a part with another tag": (rest(NEW[: len(OLD)], 70_000, ETag=OTHER), answer(NEW)),
    "another part than asked for": (rest(NEW, 60_000, ETag=TAG), answer(NEW)),
    "another part, of which no length is told": (
        [
            answer(b"", "206 x", Content_Range=f"bytes 60000-{len(OLD) - 1}/{len(OLD)}", Content_Length="")[0],
            OLD[60_000:],
        ],
        answer(NEW),
    ),
    "a part that does not say which": (answer(OLD[70_000:], "206 Partial Content"), answer(NEW)),
    "a part that says nonsense": (answer(OLD[70_000:], "206 Partial Content", Content_Range="bytes x"), answer(NEW)),
    "a part that ends early": (
        answer(OLD[70_000:80_000], "206 Partial Content", Content_Range=f"bytes 70000-79999/{len(OLD)}"),
        answer(NEW),
    ),
    "that there is no such part": (answer(b"", "416 Range Not Satisfiable"), answer(NEW)),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_file_that_changed_while_its_transfer_was_interrupted_is_fetched_anew(tmp_path: Path, how: str) -> None:
    with serving(cut(OLD, 70_000, ETag=TAG), *CHANGES[how]) as server:
        assert fetched(server.url(), tmp_path) == NEW
    assert len(server.asked) == 1 + len(CHANGES[how])
    assert "range" in server.asked[1]
    assert all("range" not in asked for asked in server.asked[2:])


def test_a_file_that_changes_again_and_again_is_given_up(tmp_path: Path) -> None:
    script = [cut(OLD, 70_000, ETag=TAG), cut(NEW, 75_000, ETag=OTHER), cut(OLD, 70_000, ETag=TAG), answer(NEW)]
    with serving(*script) as server:
        assert "changes on the server" in refused(server.url(), tmp_path).message
    assert len(server.asked) == 3


def test_a_part_is_not_trusted_where_nobody_knows_the_digest(tmp_path: Path) -> None:
    with serving(cut(OLD, 70_000), answer(NEW)) as server:
        assert fetched(server.url(), tmp_path, checked=False) == NEW
    assert all("range" not in asked for asked in server.asked)
    with serving(cut(OLD, 70_000, ETag=TAG), rest(OLD, 70_000, ETag=TAG)) as server:
        (tmp_path / "part").unlink()
        assert fetched(server.url(), tmp_path, checked=False) == OLD


def test_no_more_is_taken_than_allowed_whatever_the_server_says(tmp_path: Path) -> None:
    chunk = b"%x\r\n" % 10_000 + b"0" * 10_000 + b"\r\n"
    chunked: list[Piece] = [answer(Transfer_Encoding="chunked", Content_Length="")[0], *[chunk] * 50]
    endless: list[Piece] = [b"HTTP/1.0 200 OK\r\n\r\n", *[b"0" * 10_000] * 50]
    for script in (answer(b"0" * 1000, Content_Length="300000"), chunked, endless):
        with serving(script) as server:
            assert "at most 200,000 are taken" in refused(server.url(), tmp_path).message
        assert len(server.asked) == 1
        assert list(tmp_path.iterdir()) == []


def test_bytes_are_kept_as_they_are_sent_and_never_inflated(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    with serving(answer(bomb, Content_Encoding="gzip")) as server:
        found = fetched(server.url(), tmp_path)
    assert hashlib.sha256(found).digest() == hashlib.sha256(bomb).digest()
    assert server.asked[0]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "script",
    [
        [answer(OLD)[0], *[b"1", 0.05] * 200],
        [b"HTTP/1.1 200 OK\r\n", *[b"X-Slow: 1\r\n", 0.05] * 90],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"0", 0.05] * 200],
        [b"HTTP/1.0 200 OK\r\n\r\n", *[b"1", 0.05] * 200],
        [10.0],
    ],
    ids=["body", "headers", "chunk size", "without a length", "silence"],
)
def test_a_connection_that_drips_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: list[Piece]) -> None:
    monkeypatch.setattr(transfer, "_PAUSES", (0.01,))
    monkeypatch.setattr(reception, "_SLOW_SECONDS", 0.4)
    begin = time.monotonic()
    with serving(script) as server:
        assert "less than 4,096 bytes came within" in refused(server.url(), tmp_path).message
    assert time.monotonic() - begin < 5
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("file:///etc/passwd", "file"),
        ("FILE:///etc/passwd", "file"),
        ("ftp://127.0.0.1/x", "ftp"),
        ("data:,x", "data"),
        ("gopher://x", "gopher"),
        ("http://[::1/x", "something else"),
        ("\x1b[31m://x", "http"),
    ],
)
def test_redirects_lead_to_http_and_https_alone(tmp_path: Path, target: str, word: str) -> None:
    gone = answer(b"", "404 Not Found")
    with serving(answer(b"", "302 Found", Location=target), gone) as server:
        message = refused(server.url(), tmp_path).message
    assert (f"it redirects to {word}, and only" in message) == (word != "http")
    assert "passwd" not in message


def test_a_circle_and_a_chain_of_redirects_end(tmp_path: Path) -> None:
    with serving(*(answer(b"", "302 Found", Location=f"/{number}") for number in range(50))) as server:
        assert "too often" in refused(server.url(), tmp_path).message
    assert len(server.asked) == 11


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
def test_a_password_is_sent_to_its_host_and_to_no_other(tmp_path: Path, status: str) -> None:
    with serving(answer(OLD)) as other:
        stays, leaves = (
            answer(b"", status, Location="/moved"),
            answer(b"", status, Location=other.url(host="localhost")),
        )
        with serving(stays, leaves) as server:
            assert fetched(server.url(user="me:s%40cret"), tmp_path) == OLD
    (tmp_path / "part").unlink()
    assert [asked.get("authorization") for asked in server.asked] == ["Basic bWU6c0BjcmV0"] * 2
    assert [asked.get("authorization") for asked in other.asked] == [None]
    assert "cret" not in str(other.asked)


def test_another_port_of_the_same_host_is_another_server(tmp_path: Path) -> None:
    with serving(answer(OLD)) as other, serving(answer(b"", "302 x", Location=other.url(user="a:b"))) as server:
        fetched(server.url(user="me:secret"), tmp_path)
    assert "authorization" not in other.asked[0]


def test_the_password_of_a_proxy_stays_with_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(OLD)) as other, serving(answer(b"", "302 x", Location=other.url())) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url("", user="me:secret"))
        monkeypatch.setenv("no_proxy", f"127.0.0.1:{other.port}")
        assert fetched("http://models.invalid/model", tmp_path) == OLD
    assert proxy.asked[0]["proxy-authorization"] == "Basic bWU6c2VjcmV0"
    assert "proxy-authorization" not in other.asked[0]


SECRETS = ("s3cret", "t0ken", "fr4gment")


@pytest.mark.parametrize(
    "script",
    [
        answer(b"", "403 Forbidden"),
        answer(b"", "500 x"),
        answer(b"", "302 x", Location="/m?sig=t0ken"),
        [b"junk\r\n\r\n"],
        [],
    ],
)
def test_no_message_has_the_secrets_of_an_address(tmp_path: Path, script: list[Piece]) -> None:
    with serving(script) as server:
        error = refused(server.url("dir/model.h5?sig=t0ken#fr4gment", user="me:s3cret"), tmp_path)
    assert f"http://127.0.0.1:{server.port}/dir/model.h5?..." in error.message
    assert not [secret for secret in SECRETS if secret in f"{error.as_json()}"]


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///x",
        "http://[::1/x",
        "http://host:s3cret/x",
        "http://me:s3cret@/x",
        "http://me:s3cret/x@127.0.0.1/x",
        "http://127.0.0.1:99999/?s3cret",
        "http://127.0.0.1:1/\x00?s3cret",
        "http://127.0.0.1:1/a b?s3cret",
        "http://127.0.0.1:1/\udc80?s3cret",
        "http://\udc80/?s3cret",
        f"http://{'a' * 300}.invalid/?s3cret",
        "http://a..b/?s3cret",
        "file://elsewhere/x",
        "file:///dev/zero",
        "file:///",
        "data:,x",
        "ftp://me:s3cret@127.0.0.1/x",
        "model",
        "",
    ],
)
def test_an_address_that_cannot_be_asked_is_an_error_without_its_secrets(tmp_path: Path, url: str) -> None:
    error = refused(url, tmp_path)
    assert "s3cret" not in error.message


def test_letters_beyond_ascii_are_escaped_on_the_way(tmp_path: Path) -> None:
    with serving(answer(OLD)) as server:
        fetched(server.url("模型/m b.h5?q=é%20"), tmp_path)
    assert server.asked[0]["first"] == "GET /%E6%A8%A1%E5%9E%8B/m%20b.h5?q=%C3%A9%20 HTTP/1.1"


def test_what_a_server_says_is_cut(tmp_path: Path) -> None:
    with serving(answer(b"", "404 " + "x" * 5000)) as server:
        assert len(refused(server.url(), tmp_path).message) < 300
