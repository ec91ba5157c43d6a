from __future__ import annotations

import pytest

from workflow.cli import web_pages

NO_CI = "this is a CI machine (CI is set)"
NO_SCREEN = "there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set)"


@pytest.mark.parametrize(
    ("environ", "platform", "why"),
    [
        ({"CI": "true", "DISPLAY": ":0"}, "linux", NO_CI),
        ({"CI": "1"}, "win32", NO_CI),
        ({"CI": "yes"}, "linux", NO_CI),
        ({}, "linux", NO_SCREEN),
        ({"CI": "0"}, "linux", NO_SCREEN),
        ({"DISPLAY": "", "WAYLAND_DISPLAY": ""}, "linux", NO_SCREEN),
        ({"DISPLAY": ":0"}, "linux", ""),
        ({"CI": "", "WAYLAND_DISPLAY": "wayland-0"}, "linux", ""),
        ({"CI": "FALSE", "WAYLAND_DISPLAY": "wayland-0"}, "linux2", ""),
        ({}, "darwin", ""),
        ({}, "win32", ""),
    ],
)
def test_pages_are_opened_where_somebody_can_look_at_them(environ: dict[str, str], platform: str, why: str) -> None:
    assert web_pages.why_not(environ, platform=platform) == why


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr("typer.launch", found.append)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    return found


def test_a_page_that_is_not_opened_is_named(
    opened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "1")
    web_pages.open_page("file:///a.html", by=lambda: pytest.fail("nothing is opened by it"))
    printed = capsys.readouterr()
    assert printed.err == f"not opened: {NO_CI}; open it yourself: file:///a.html\n"
    assert (printed.out, opened) == ("", [])


def test_a_page_is_opened_by_its_address_or_by_one_that_others_may_see(
    opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    web_pages.open_page("file:///a.html")
    web_pages.open_page("http://127.0.0.1/secret", by=lambda: "http://127.0.0.1/ticket")
    assert opened == ["file:///a.html", "http://127.0.0.1/ticket"]
    assert capsys.readouterr().err == ""
