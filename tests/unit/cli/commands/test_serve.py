"""``serve`` up to the server, which is real: what is served, where, what is opened, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.golden.screens import require_declared
from tests.unit.verification.measures.models import write_model
from workflow.cli.boundary import guarded
from workflow.report.serving import site
from workflow.report.serving.server import DemoServer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[DemoServer]:
    """Keep the servers, which are ended with ^C as soon as they serve."""
    found: list[DemoServer] = []

    def interrupted(server: DemoServer) -> None:
        found.append(server)
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")
    monkeypatch.setattr(site, "tfjs_packages", lambda _: tmp_path / "modules")
    monkeypatch.setattr(DemoServer, "serve_forever", interrupted)
    write_model(tmp_path / "web", b"first", names=("a.bin",))
    return found


def test_the_page_has_an_address_is_opened_and_ends_with_an_interruption(
    served: list[DemoServer], capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(["serve", "web"]) == 0
    (server,) = served
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [f"web: {server.url} (^C ends it)", "stopped"]
    assert printed.err == f"not opened: this is a CI machine (CI is set); open it yourself: {server.url}\n"
    assert server.fileno() == -1  # closed


def test_the_browser_is_started_with_an_address_that_is_good_once(
    served: list[DemoServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("typer.launch", opened.append)
    monkeypatch.delenv("CI")
    monkeypatch.setenv("DISPLAY", ":0")
    assert guarded(["serve", "web/model.json"]) == 0
    assert opened != [served[0].url]
    assert len(opened) == 1
    assert guarded(["serve", "web", "--no-open"]) == 0
    assert len(opened) == 1


def test_the_port_and_the_names_of_classes_are_those_that_are_given(
    served: list[DemoServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    made = DemoServer.__init__

    def noting(self: DemoServer, *args: object, port: int | None) -> None:
        asked.append(port)
        made(self, *args, port=None)  # type: ignore[arg-type]

    monkeypatch.setattr(DemoServer, "__init__", noting)
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    assert guarded(["serve", "web", "--port", "8200", "--labels", "labels.txt", "--no-open"]) == 0
    assert guarded(["serve", "web", "--no-open"]) == 0
    assert asked == [8200, None]
    first, second = (server.site.resources["/about.json"].source for server in served)
    assert b'"labels": ["cat", "dog"]' in bytes(first)
    assert b'"labels": []' in bytes(second)


def test_what_is_no_model_is_refused_before_anything_is_installed(
    served: list[DemoServer], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(site, "tfjs_packages", lambda _: pytest.fail("something is installed"))
    assert guarded(["serve", "nowhere"]) == 31
    assert "nowhere does not exist" in capsys.readouterr().err
    assert served == []


def test_what_may_be_typed_is_declared_as_it_was() -> None:
    require_declared("serve")
