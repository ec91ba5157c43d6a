from __future__ import annotations

import pytest

from workflow.cli import web_pages


@pytest.mark.parametrize(
    ("environ", "platform", "words"),
    [
        ({"CI": "true", "DISPLAY": ":0"}, "linux", "CI"),
        ({}, "linux", "no screen"),
        ({"DISPLAY": ":0"}, "linux", ""),
        ({"CI": "false", "WAYLAND_DISPLAY": "wayland-0"}, "linux", ""),
        ({}, "darwin", ""),
        ({"CI": "1"}, "win32", "CI"),
    ],
)
def test_pages_are_opened_where_somebody_can_look_at_them(environ: dict[str, str], platform: str, words: str) -> None:
    why = web_pages.why_not(environ, platform=platform)
    assert bool(why) == bool(words)
    assert words in why


def test_a_page_that_is_not_opened_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "1")
    monkeypatch.setattr("typer.launch", lambda url: pytest.fail(f"opened {url}"))
    web_pages.open_page("file:///a.html")
    assert "open it yourself: file:///a.html" in capsys.readouterr().err
