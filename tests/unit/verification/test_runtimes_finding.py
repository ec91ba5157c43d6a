"""Finding Node and a browser: the right one is chosen, and what is missing is said with its remedy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workflow.base.events import Recording
from workflow.verification.requests import NotRun
from workflow.verification.runtimes import browsers, node_program

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="makes programs of shell scripts")


def program(path: Path, text: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def node(folder: Path, version: str, *, npm: bool = True) -> Path:
    made = folder / "bin" / "node"
    program(made, f"""echo '["{version}", "{made}"]'""")
    if npm:
        program(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    return made


@POSIX
def test_the_variable_decides_about_the_browser(tmp_path: Path) -> None:
    chosen = program(tmp_path / "mine")
    program(tmp_path / "bin" / "chromium")
    known = {browsers.VARIABLE: str(chosen), "PATH": str(tmp_path / "bin")}
    assert browsers.find(known) == chosen


def test_a_variable_that_names_nothing_is_said(tmp_path: Path) -> None:
    found = browsers.find({browsers.VARIABLE: str(tmp_path / "gone"), "PATH": ""})
    assert isinstance(found, NotRun)
    assert str(tmp_path / "gone") in found.why
    assert browsers.VARIABLE in found.remedy


@POSIX
@pytest.mark.parametrize(
    "name",
    [
        *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
        *("microsoft-edge", "microsoft-edge-stable"),
    ],
)
def test_browsers_on_the_path_are_found(tmp_path: Path, name: str) -> None:
    there = program(tmp_path / name)
    assert there in browsers.places({"PATH": str(tmp_path)}, platform="linux")


def test_the_program_comes_before_the_wrapper_of_debian(tmp_path: Path) -> None:
    listed = [str(place) for place in browsers.places({"PATH": str(tmp_path)}, platform="linux")]
    assert listed[0] == "/usr/lib/chromium/chromium"


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("darwin", {"HOME": "/home"}, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        ("darwin", {"HOME": "/home"}, "/home/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"),
        ("win32", {"PROGRAMFILES": "C:/Programs"}, "C:/Programs/Google/Chrome/Application/chrome.exe"),
        ("win32", {"PROGRAMFILES(X86)": "C:/86"}, "C:/86/Microsoft/Edge/Application/msedge.exe"),
    ],
)
def test_the_usual_places_of_other_systems_are_known(platform: str, environ: dict[str, str], expected: str) -> None:
    assert Path(expected) in browsers.places({"PATH": "", **environ}, platform=platform)


def test_no_browser_at_all_says_how_to_get_one(tmp_path: Path) -> None:
    found = browsers.find({"PATH": "", "HOME": str(tmp_path)}, platform="win32")
    assert isinstance(found, NotRun)
    assert "apt-get install chromium" in found.remedy


@pytest.mark.parametrize(
    ("version", "enough"), [("18.0.0", True), ("24.1.0", True), ("16.20.2", False), ("9.0.0", False), ("odd", False)]
)
def test_node_is_new_enough_from_18(version: str, *, enough: bool) -> None:
    assert node_program.is_new_enough(version) is enough


@POSIX
def test_node_on_the_path_is_taken_with_its_npm(tmp_path: Path) -> None:
    made = node(tmp_path, "20.1.0")
    found = node_program.on_path(str(made.parent))
    assert isinstance(found, node_program.NodeProgram)
    assert (found.program, found.version) == (made, "20.1.0")
    assert found.npm == tmp_path / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@POSIX
def test_a_node_that_is_too_old_is_said(tmp_path: Path) -> None:
    found = node_program.on_path(str(node(tmp_path, "16.3.0").parent))
    assert isinstance(found, NotRun)
    assert "16.3.0" in found.why


@POSIX
def test_a_node_that_does_not_run_is_said(tmp_path: Path) -> None:
    found = node_program.on_path(str(program(tmp_path / "node", "exit 1").parent))
    assert isinstance(found, NotRun)
    assert "does not run" in found.why


def test_offline_and_without_node_there_is_a_reason_and_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TFJS_WORKFLOW_OFFLINE", "1")
    listener = Recording()
    found = node_program.find(listener)
    assert isinstance(found, NotRun)
    assert "no Node.js on PATH" in found.why
    assert "offline" in found.why
    assert "install Node.js" in found.remedy
    assert any("Node.js" in line for line in listener.lines)
