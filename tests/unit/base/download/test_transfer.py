"""Models and packages come the same way: with their passwords, through proxies, by one's own certificates, resumed."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

from tests import ROOT
from tests.unit.base.download.certificates import made_certificate
from tests.unit.base.download.guarded_server import PROXY_USER, USER, Guarded, basic, guarded, proxy
from workflow.base import processes
from workflow.base.download import opening, transfer
from workflow.base.download.reception import InterruptedTransferError
from workflow.base.download.transfer import Transfer
from workflow.base.errors import DownloadError
from workflow.base.events import Recording
from workflow.environment.builder.package_archives import Archives
from workflow.environment.pins.conda import LockedPackage
from workflow.recipe.findings import Spot
from workflow.recipe.recipes import FetchedModel
from workflow.runs import fetching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = random.Random(3).randbytes(400_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
MODEL = ROOT / "tests" / "data" / "keras3" / "3.15-shared_layer" / "m.h5"
RECIPE = """\
verify: off
model: {{url: '{url}', sha256: {digest}, output: m.h5}}
steps:
  - python_to_js: {{input: m.h5, output: web, engine: native}}
"""


class Fetch(Protocol):
    def __call__(self, url: str, folder: Path, listener: Recording) -> bytes: ...


def model(url: str, folder: Path, listener: Recording) -> bytes:
    target = folder / "data" / "model.h5"
    source = FetchedModel(f"{url}/model.h5", DIGEST, target, Spot(path=folder / "recipe.yml"), 10**6)
    fetching.fetch(source, target, cache=folder / "cache", listener=listener)
    return target.read_bytes()


def package(url: str, folder: Path, listener: Recording) -> bytes:
    locked = LockedPackage("data", "1", f"{url}/noarch/data-1-0.conda", sha256=DIGEST)
    archives = Archives(folder / "archives", listener)
    archives.provide([locked], (), offline=False)
    return archives.path(locked).read_bytes()


both = pytest.mark.parametrize("fetch", [model, package])


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(transfer, "_PAUSES", (0.01, 0.01))
    monkeypatch.setattr("workflow.environment.builder.channels._PAUSES", (0.01, 0.01))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    opening.tls_context.cache_clear()
    yield
    opening.tls_context.cache_clear()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_certificate(tmp_path_factory.mktemp("tls"))


def guards(asked: list[tuple[str, str, str | None]]) -> set[str | None]:
    return {given for _, _, given in asked}


@both
def test_a_server_that_asks_for_a_password_gets_the_one_of_the_address(fetch: Fetch, tmp_path: Path) -> None:
    with guarded(CONTENT) as server:
        assert fetch(server.url(user=USER), tmp_path, Recording()) == CONTENT
    assert guards(server.asked) == {basic("me:p@ss")}


@both
def test_without_it_or_with_a_wrong_one_the_server_s_refusal_is_told_and_no_password(
    fetch: Fetch, tmp_path: Path
) -> None:
    listener = Recording()
    with guarded(CONTENT) as server:
        for user in ("", "me:wr0ng"):
            with pytest.raises(DownloadError, match="401 Unauthorized") as caught:
                fetch(server.url(user=user), tmp_path, listener)
            assert "wr0ng" not in f"{caught.value.message}{caught.value.details}{listener.lines}{listener.warnings}"


@both
def test_what_broke_off_goes_on_where_it_did_with_the_password_again(fetch: Fetch, tmp_path: Path) -> None:
    with guarded(CONTENT) as server:
        server.cuts = [150_000, 100_000]
        assert fetch(server.url(user=USER), tmp_path, Recording()) == CONTENT
    assert [command for command, _, _ in server.asked if command == "GET"] == ["GET"] * 3
    assert guards(server.asked) == {basic("me:p@ss")}


@both
def test_a_connection_that_brings_much_each_time_is_tried_more_often_than_one_that_brings_little(
    fetch: Fetch, tmp_path: Path
) -> None:
    with guarded(CONTENT) as server:
        server.cuts = [70_000] * 5
        assert fetch(server.url(user=USER), tmp_path, Recording()) == CONTENT
        server.cuts = [10] * 3
        with pytest.raises(DownloadError, match="broke off after 30 of 400,000 bytes"):
            fetch(server.url("/other", user=USER), tmp_path / "anew", Recording())


@both
def test_a_proxy_gets_its_own_password_and_the_server_its_own(
    fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with guarded(CONTENT) as server, proxy() as between:
        monkeypatch.setenv("http_proxy", between.url(user=PROXY_USER))
        assert fetch(server.url(user=USER), tmp_path, Recording()) == CONTENT
    assert guards(between.asked) == {basic("out:side")}
    assert guards(server.asked) == {basic("me:p@ss")}
    assert all(path.startswith(server.url()) for _, path, _ in between.asked)


@both
def test_over_tls_the_certificates_of_the_environment_decide_also_through_a_proxy(
    fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    with guarded(CONTENT, certificate=certificate) as server, proxy() as between:
        monkeypatch.setenv("https_proxy", between.url(user=PROXY_USER))
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(DownloadError, match="certificate"):
            fetch(server.url(user=USER), tmp_path, Recording())
        assert server.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        opening.tls_context.cache_clear()
        assert fetch(server.url(user=USER), tmp_path, Recording()) == CONTENT
    assert {command for command, _, _ in between.asked} == {"CONNECT"}
    assert guards(between.asked) == {basic("out:side")}
    assert guards(server.asked) == {basic("me:p@ss")}


def convert(server: Guarded, folder: Path, **environ: str) -> processes.Completed:
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    (folder / "r.yml").write_text(RECIPE.format(url=server.url("/m.h5", user=USER), digest=digest), encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    variables = {**clean, "TFJS_WORKFLOW_HOME": str(folder / "home"), **environ}
    return processes.run([sys.executable, "-m", "workflow", "convert", "r.yml"], cwd=folder, env=variables, timeout=60)


@pytest.mark.parametrize("way", ["plain", "through a proxy", "with a certificate of one's own"])
def test_the_model_of_a_recipe_is_fetched_with_the_password_of_its_address_and_converted(
    tmp_path: Path, certificate: Path, way: str
) -> None:
    secured = certificate if way.startswith("with") else None
    with guarded(MODEL.read_bytes(), certificate=secured) as server, proxy() as between:
        environ = {"through": {"http_proxy": between.url(user=PROXY_USER)}, "with": {"SSL_CERT_FILE": str(certificate)}}
        done = convert(server, tmp_path, **environ.get(way.split(maxsplit=1)[0], {}))
    assert done.code == 0, done.stderr
    assert json.loads((tmp_path / "web" / "model.json").read_bytes())["format"] == "layers-model"
    assert guards(server.asked) == {basic("me:p@ss")}
    assert bool(between.asked) == (way == "through a proxy")
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "r.yml"]
    assert not any(b"p%40ss" in content or b"p@ss" in content for content in (*written, done.stderr.encode()))


def test_what_helps_is_told_with_the_address_and_what_goes_on_later(tmp_path: Path) -> None:
    pauses: list[str] = []
    listener = Recording()
    refused = Transfer("ftp://me:s@host/x", tmp_path / "part", 1, lambda *_: None)
    with pytest.raises(DownloadError) as caught:
        refused.complete(listener)
    assert caught.value.message == ("cannot fetch ftp://host/x: only http, https, file addresses can be fetched")
    assert caught.value.hint == (
        "Check the address, and that this machine may fetch it (a proxy is read from HTTPS_PROXY)."
    )
    broken = Transfer("http://127.0.0.1:9/x", tmp_path / "part", 1, lambda *_: None, pauses=(0.01, 0.02))
    with pytest.raises(DownloadError) as caught:
        broken.complete(listener)
    words = "[Errno 111] Connection refused"
    assert listener.lines == [f"{words}; trying again in 0.01 s", f"{words}; trying again in 0.02 s"]
    assert caught.value.message == f"cannot fetch http://127.0.0.1:9/x: {words} (tried again and again)"
    assert caught.value.hint == (
        "Check the network, then run the same command again: it goes on where this one stopped."
    )
    with pytest.raises(InterruptedTransferError):
        broken.gather(lambda reason, seconds: pauses.append(f"{reason} {seconds}"))
    assert pauses == [f"{words} 0.01", f"{words} 0.02"]


def test_after_fifty_attempts_it_is_given_up_however_much_each_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transfer._MOST_ATTEMPTS == 50
    monkeypatch.setattr(transfer, "_MOST_ATTEMPTS", 3)
    with guarded(CONTENT) as server:
        server.cuts = [70_000] * 4
        wanted = Transfer(f"{server.url(user=USER)}/model.h5", tmp_path / "part", 10**6, lambda *_: None)
        with pytest.raises(InterruptedTransferError):
            wanted.gather(lambda *_: None)
        assert [command for command, _, _ in server.asked] == ["GET"] * 3
    assert (tmp_path / "part").stat().st_size == 210_000
