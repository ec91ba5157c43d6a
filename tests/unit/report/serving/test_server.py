"""The demo server over real sockets: what it answers, and what it does not."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.unit.verification.measures.models import write_model
from workflow.base.errors import ModelFileError, UsageError
from workflow.report.serving import server as serving
from workflow.report.serving.server import DemoServer
from workflow.report.serving.site import site_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    file = tmp_path / "node_modules" / "@tensorflow" / "tfjs-core" / "dist" / "tf-core.es2017.min.js"
    file.parent.mkdir(parents=True)
    file.write_text("tf = {}")
    return tmp_path / "node_modules"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = write_model(tmp_path / "project" / "web model", b"first", b"second", names=("a b.bin", "sub/c%20d.bin"))
    (folder / "private.txt").write_text("not part of the model")
    (folder.parent / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def server(model: Path, packages: Path) -> Iterator[DemoServer]:
    with DemoServer(site_of(model, packages=packages), port=None) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(
    server: DemoServer, path: str, *, method: str = "GET", host: str | None = None, token: str | None = None
) -> tuple[int, bytes, dict[str, str]]:
    """Ask for a path below the page's address, or below another token; an empty one stands for none at all."""
    if token != "":
        path = f"{urlsplit(server.url).path.rstrip('/') if token is None else f'/{token}'}{path}"
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    try:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host or f"127.0.0.1:{server.server_port}")
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def test_the_page_its_scripts_and_the_model_are_served(server: DemoServer) -> None:
    assert b"<title>" in ask(server, "/")[1]
    assert ask(server, "/demo.js")[2]["content-type"] == "text/javascript; charset=utf-8"
    assert ask(server, "/tfjs/core.js")[1] == b"tf = {}"
    assert json.loads(ask(server, "/model/model.json")[1])["format"] == "layers-model"
    assert ask(server, "/model/a%20b.bin")[1] == b"first"
    assert ask(server, "/model/sub/c%2520d.bin?x=1")[1] == b"second"


def test_about_tells_the_files_and_their_sizes(server: DemoServer) -> None:
    about = json.loads(ask(server, "/about.json")[1])
    assert about["name"] == "web model"
    assert about["format"] == "tfjs_layers_model"
    assert [(file["path"], file["bytes"]) for file in about["files"][1:]] == [("a b.bin", 5), ("sub/c%20d.bin", 6)]


@pytest.mark.parametrize(
    "path",
    [
        "/model/private.txt",
        "/model/../secret.txt",
        "/model/%2e%2e/secret.txt",
        "/model/..%2fsecret.txt",
        "//etc/passwd",
        "/../../../../etc/passwd",
        "/model/sub/../../secret.txt",
        "/model/",
        "/tfjs/",
        "/tfjs/layers.js",  # in the table, but not installed here
        "/static/../site.py",
    ],
)
def test_nothing_beside_the_table_is_served(server: DemoServer, path: str) -> None:
    assert ask(server, path)[0] == 404


def test_a_shard_that_goes_away_is_not_found(server: DemoServer, model: Path) -> None:
    (model / "a b.bin").unlink()
    assert ask(server, "/model/a%20b.bin")[0] == 404


def test_other_names_for_this_machine_are_refused(server: DemoServer) -> None:
    assert ask(server, "/about.json", host=f"evil.example:{server.server_port}")[0] == 403
    assert ask(server, "/about.json", host=f"localhost:{server.server_port}")[0] == 200


def test_only_reading_is_possible(server: DemoServer) -> None:
    assert ask(server, "/about.json", method="POST")[0] == 501
    status, body, headers = ask(server, "/model/a%20b.bin", method="HEAD")
    assert (status, body, headers["content-length"]) == (200, b"", "5")


HEADERS = {
    "server": "tfjs-workflow ",
    "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:;"
    " worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
ANSWERS = [
    ("GET", "/model/a%20b.bin", None, 200, b"first", {"content-type": "application/octet-stream"}),
    ("HEAD", "/model/a%20b.bin", None, 200, b"", {"content-type": "application/octet-stream", "content-length": "5"}),
    ("GET", "/tfjs/core.js", None, 200, b"tf = {}", {"content-type": "text/javascript; charset=utf-8"}),
    ("GET", "/nothing", None, 404, b"404 Not Found\n", {}),
    ("HEAD", "/nothing", None, 404, b"", {"content-length": "14"}),
    ("GET", "/nothing", "0", 403, b"403 Forbidden\n", {}),
    ("POST", "/", None, 501, b"501 Not Implemented\n", {}),
]


@pytest.mark.parametrize(("asked", "status", "body", "more"), [(each[:3], *each[3:]) for each in ANSWERS])
def test_an_answer_has_these_headers_and_no_others(
    server: DemoServer, asked: tuple[str, str, str | None], status: int, body: bytes, more: dict[str, str]
) -> None:
    method, path, token = asked
    found, content, headers = ask(server, path, method=method, token=token)
    assert (found, content) == (status, body)
    assert headers.pop("date")
    plain = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
    assert headers == {**HEADERS, **plain, **more}


def test_a_ticket_is_answered_without_a_body(server: DemoServer) -> None:
    _, content, headers = ask(server, urlsplit(server.ticket()).path, token="")
    assert (content, headers["content-type"], headers["content-length"]) == (b"", "text/plain; charset=utf-8", "0")


def test_it_listens_on_this_machine_alone(server: DemoServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert re.fullmatch(rf"http://127\.0\.0\.1:{server.server_port}/[\w-]{{32}}/", server.url)


def test_a_taken_port_is_refused_when_it_was_asked_for(model: Path, packages: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="is taken"):
            DemoServer(site_of(model, packages=packages), port=taken.getsockname()[1])


def test_two_demos_can_run_at_once(model: Path, packages: Path) -> None:
    site = site_of(model, packages=packages)
    with DemoServer(site) as one, DemoServer(site) as two:
        assert one.server_port != two.server_port


def test_model_json_itself_may_be_named(model: Path, packages: Path) -> None:
    assert site_of(model / "model.json", packages=packages).title == "web model"


def test_what_is_no_tfjs_model_is_refused(tmp_path: Path, packages: Path) -> None:
    with pytest.raises(ModelFileError, match=r"nothere does not exist"):
        site_of(tmp_path / "nothere", packages=packages)
    with pytest.raises(ModelFileError, match=r"no TensorFlow\.js model"):
        site_of(tmp_path, packages=packages)


def test_labels_come_from_a_file(model: Path, packages: Path, tmp_path: Path) -> None:
    names = tmp_path / "labels.txt"
    names.write_text("cat\ndog\n")
    about = site_of(model, packages=packages, labels=names).resources["/about.json"].source
    assert isinstance(about, bytes)
    assert json.loads(about)["labels"] == ["cat", "dog"]
    with pytest.raises(UsageError, match="labels"):
        site_of(model, packages=packages, labels=tmp_path / "gone.txt")


def test_graph_models_are_told_apart(tmp_path: Path, packages: Path) -> None:
    about = site_of(write_model(tmp_path / "g", b"1", graph=True), packages=packages).resources["/about.json"].source
    assert isinstance(about, bytes)
    assert json.loads(about)["format"] == "tfjs_graph_model"


@pytest.mark.parametrize("token", ["", "0" * 32, "%C3%A9%80", "%00", "..", "//"])
@pytest.mark.parametrize("path", ["/", "/about.json", "/model/model.json", "/nothing", ""])
def test_who_does_not_know_the_address_learns_nothing(server: DemoServer, token: str, path: str) -> None:
    if token or path:
        status, body, _ = ask(server, path, token=token)
        assert (status, body) == (403, b"403 Forbidden\n")


def test_every_server_has_an_address_of_its_own(model: Path, packages: Path) -> None:
    site = site_of(model, packages=packages)
    with DemoServer(site) as one, DemoServer(site) as two:
        assert urlsplit(one.url).path != urlsplit(two.url).path


def test_a_ticket_leads_to_the_page_once(server: DemoServer) -> None:
    ticket = urlsplit(server.ticket()).path
    assert server.url not in server.ticket()
    assert ask(server, ticket, token="")[0] == 403  # the second one has taken its place
    newest = urlsplit(server.ticket()).path
    status, _, headers = ask(server, newest, token="")
    assert (status, headers["location"]) == (303, server.url)
    assert ask(server, newest, token="")[0] == 403


@pytest.mark.parametrize("target", ["/about.json", "/nothing", "/model/model.json"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "NONSENSE"])
def test_every_answer_says_that_nothing_of_it_is_for_others(server: DemoServer, target: str, method: str) -> None:
    headers = ask(server, target, method=method)[2]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert not [name for name in headers if name.startswith("access-control")]


def test_links_that_lead_out_of_the_model_are_not_served(model: Path, packages: Path, tmp_path: Path) -> None:
    inside = model / "a b.bin"
    kept = inside.read_bytes()
    inside.unlink()
    (model / "sub" / "copy.bin").write_bytes(kept)
    inside.symlink_to(model / "sub" / "copy.bin")
    assert site_of(model, packages=packages).title == "web model"
    inside.unlink()
    inside.symlink_to(model.parent / "secret.txt")
    with pytest.raises(ModelFileError, match=r"outside of its own folder|leads out"):
        site_of(model, packages=packages)
    topology = (model / "model.json").read_bytes()
    inside.unlink()
    inside.write_bytes(kept)
    (model / "model.json").unlink()
    (tmp_path / "model.json").write_bytes(topology)
    (model / "model.json").symlink_to(tmp_path / "model.json")
    with pytest.raises(ModelFileError, match=r"leads out"):
        site_of(model, packages=packages)


def test_a_file_that_becomes_a_link_while_it_is_served_is_not_found(server: DemoServer, model: Path) -> None:
    (model / "a b.bin").unlink()
    (model / "a b.bin").symlink_to(model.parent / "secret.txt")
    assert ask(server, "/model/a%20b.bin")[0] == 404
    (model / "sub" / "c%20d.bin").unlink()
    (model / "sub" / "c%20d.bin").mkdir()
    assert ask(server, "/model/sub/c%2520d.bin")[0] == 404


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nX-Slow: ", b"GET"])
def test_who_says_nothing_more_is_hung_up_on(server: DemoServer, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(serving._Handler, "timeout", 0.2)
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
        connection.sendall(said)
        while connection.recv(4096):
            pass
    assert time.monotonic() - begin < 3


def test_a_request_is_waited_for_forty_seconds_at_most(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    patience: list[float] = []

    class Noting(threading.Timer):
        def __init__(self, interval: float, function: Any) -> None:
            patience.append(interval)
            super().__init__(interval, function)

    monkeypatch.setattr(threading, "Timer", Noting)
    assert ask(server, "/")[0] == 200
    assert set(patience) == {40.0}
    assert (serving._Handler.timeout, serving._MOST_CONNECTIONS, serving.DEFAULT_PORT) == (30.0, 64, 8137)


def test_who_drips_a_request_is_hung_up_on(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_IDLE_SECONDS", 0.2)
    monkeypatch.setattr(serving, "_HEAD_SECONDS", 0.2)
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError, match=r"."):
            while time.monotonic() - begin < 5:
                connection.sendall(b"X")  # one line that never ends: of many, the hundred and first would be refused
                time.sleep(0.02)
    assert time.monotonic() - begin < 3


def test_connections_are_counted(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_places", threading.BoundedSemaphore(3))
    held = [socket.create_connection(("127.0.0.1", server.server_port), timeout=5) for _ in range(3)]
    time.sleep(0.2)
    with pytest.raises(ConnectionError):  # it is hung up on at once, and does not wait for a place
        ask(server, "/")
    for connection in held:
        connection.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert ask(server, "/")[0] == 200
            break
        except OSError:
            time.sleep(0.05)
    assert ask(server, "/")[0] == 200
