"""Transfers over TLS, with a certificate made for the test."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from tests.unit.base.download.certificates import made_certificate
from tests.unit.base.download.rude_server import Piece, RudeServer, answer, serving
from workflow.base.download import opening, reception, transfer
from workflow.base.download.transfer import Transfer
from workflow.base.errors import DownloadError
from workflow.base.events import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = bytes(range(256)) * 400


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(transfer, "_PAUSES", (0.01,))
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    opening.tls_context.cache_clear()
    yield certificate
    opening.tls_context.cache_clear()


class Secured(RudeServer):
    """The same server behind TLS."""

    certificate: Path

    def serve(self, connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.certificate.with_suffix(".key"))
        try:
            super().serve(context.wrap_socket(connection, server_side=True))
        except OSError:
            connection.close()


@pytest.fixture
def secured(trusted: Path) -> Iterator[Secured]:
    server = Secured([])
    server.certificate = trusted
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]

        def accept() -> None:
            while True:
                try:
                    connection = listening.accept()[0]
                except OSError:
                    return
                threading.Thread(target=server.serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server
        listening.shutdown(socket.SHUT_RDWR)


def fetched(url: str, folder: Path) -> bytes:
    Transfer(url, folder / "part", 10**6, lambda _done, _total: None).complete(Recording())
    return (folder / "part").read_bytes()


def over_tls(server: Secured, rest: str = "x", user: str = "") -> str:
    return server.url(rest, user=user).replace("http:", "https:")


def test_a_file_is_fetched_over_tls_with_a_password(secured: Secured, tmp_path: Path) -> None:
    secured.script = [answer(BODY)]
    assert fetched(over_tls(secured, user="me:s3cret"), tmp_path) == BODY
    assert secured.asked[0]["authorization"] == "Basic bWU6czNjcmV0"


def test_a_certificate_that_nobody_knows_is_not_trusted(
    secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    opening.tls_context.cache_clear()
    secured.script = [answer(BODY)]
    with pytest.raises(DownloadError, match="certificate cannot be trusted"):
        fetched(over_tls(secured, "x?t0ken", user="me:s3cret"), tmp_path)
    assert secured.asked == []


def test_from_https_to_http_nothing_goes_on_where_a_password_was_sent(secured: Secured, tmp_path: Path) -> None:
    with serving(answer(BODY)) as plain:
        secured.script = [answer(b"", "302 x", Location=plain.url())]
        with pytest.raises(DownloadError, match="from https to http"):
            fetched(over_tls(secured, user="me:s3cret"), tmp_path)
        assert plain.asked == []
        assert fetched(over_tls(secured), tmp_path) == BODY
    assert "authorization" not in plain.asked[0]


def test_a_drip_behind_tls_is_cut(secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "_SLOW_SECONDS", 0.4)
    drip: list[Piece] = [b"1", 0.05]
    secured.script = [[answer(BODY)[0], *drip * 200]]
    with pytest.raises(DownloadError, match="less than"):
        fetched(over_tls(secured), tmp_path)


def test_a_handshake_that_never_comes_is_cut(trusted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "_SLOW_SECONDS", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(DownloadError, match="less than"):
        fetched(f"https://127.0.0.1:{silent.getsockname()[1]}/x", tmp_path)
    assert trusted.is_file()


def test_the_certificates_of_the_environment_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    opening.tls_context.cache_clear()
    assert opening.tls_context().cert_store_stats()["x509_ca"] == 0
    assert opening.tls_context().verify_mode is ssl.CERT_REQUIRED
    opening.tls_context.cache_clear()


@pytest.fixture
def bare(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A Python whose own places hold no certificates, on a system that has them elsewhere."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ssl, "create_default_context", lambda: context)
    monkeypatch.setattr(opening, "_BUNDLES", ("/nowhere.pem", str(certificate), "/later.pem"))
    monkeypatch.setattr(opening, "_default_folder_filled", lambda: False)
    opening.tls_context.cache_clear()
    yield context
    opening.tls_context.cache_clear()


def known(context: ssl.SSLContext) -> int:
    return context.cert_store_stats()["x509"]


def test_where_nothing_is_trusted_the_first_of_the_systems_bundles_is(bare: ssl.SSLContext) -> None:
    assert opening.tls_context() is bare
    assert known(bare) == 1
    assert opening.tls_context() is bare


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_where_the_environment_says_whom_to_trust_no_bundle_is_added(
    bare: ssl.SSLContext, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "/mine")
    assert known(opening.tls_context()) == 0


def test_where_the_usual_folder_holds_certificates_no_bundle_is_added(
    bare: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_default_folder_filled", lambda: True)
    assert known(opening.tls_context()) == 0


def test_where_no_bundle_is_there_nothing_is_trusted(bare: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_BUNDLES", ("/nowhere.pem",))
    assert known(opening.tls_context()) == 0


def test_the_usual_folder_counts_when_something_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = ssl.get_default_verify_paths()
    for capath, filled in ((None, False), ("", False), (str(tmp_path), False)):
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda capath=capath: paths._replace(capath=capath))
        assert opening._default_folder_filled() is filled
    (tmp_path / "a.pem").touch()
    assert opening._default_folder_filled()


def test_certificates_of_company_proxies_are_taken_as_before_python_3_13(bare: ssl.SSLContext) -> None:
    bare.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_TRUSTED_FIRST
    assert opening.tls_context().verify_flags & ssl.VERIFY_X509_STRICT == 0
    assert opening.tls_context().verify_flags & ssl.VERIFY_X509_TRUSTED_FIRST


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://host/a", "only http, https, file addresses can be fetched"),
        ("file://elsewhere/a", "a file: address names a file of this machine, as file:///path/to/file"),
        ("file:///", "it is no file"),
        ("http://host:port/", "it is no address that can be asked: its host, port or letters are impossible"),
    ],
)
def test_what_is_never_asked_is_told_why(url: str, reason: str) -> None:
    with pytest.raises(opening.NotOpenedError) as caught:
        opening.opened(url, timeout=1)
    assert caught.value.reason == reason


def test_a_file_of_this_machine_is_opened_with_and_without_its_host(tmp_path: Path) -> None:
    (tmp_path / "a b").write_bytes(b"content")
    for host in ("", "localhost"):
        with opening.opened(f"FILE://{host}{tmp_path}/a%20b", timeout=1) as response:
            assert response.read() == b"content"
