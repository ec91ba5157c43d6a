"""Wishes come from options, then variables, then the config file; what is wrong is named with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import UsageError
from workflow.environment.entries import Wishes
from workflow.environment.settings import MIRRORS, Settings, resolve

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = ("MANAGER", "MIRROR", "OFFLINE", "STRICT")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFJS_WORKFLOW_HOME", str(tmp_path))
    for name in VARIABLES:
        monkeypatch.delenv(f"TFJS_WORKFLOW_{name}", raising=False)
    return tmp_path


def write(home: Path, text: str) -> None:
    (home / "config.yml").write_text(text)


def test_without_any_wish_the_defaults_hold() -> None:
    assert resolve(Wishes()) == Settings(manager=None, strict=False, offline=False, mirrors=())


def test_options_go_before_variables_and_those_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, "manager: conda\nmirror: https://file.example/cf\noffline: true\n")
    monkeypatch.setenv("TFJS_WORKFLOW_MIRROR", "https://variable.example/cf")
    monkeypatch.setenv("TFJS_WORKFLOW_MANAGER", "mamba")
    found = resolve(Wishes(manager="embedded"))
    assert found == Settings(manager="embedded", offline=True, mirrors=("https://variable.example/cf",))


def test_a_variable_can_switch_off_what_the_file_switches_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, "offline: yes\nstrict: on\n")
    monkeypatch.setenv("TFJS_WORKFLOW_OFFLINE", "0")
    assert resolve(Wishes()) == Settings(strict=True, offline=False)


@pytest.mark.parametrize("text", ["tuna", " tuna", "tuna,"])
def test_tuna_is_known_by_name(text: str) -> None:
    assert resolve(Wishes(mirror=text)).mirrors == (MIRRORS["tuna"],)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://m.example/conda-forge", "file:///srv/conda-forge"])
def test_any_web_or_file_address_is_a_mirror(url: str) -> None:
    assert resolve(Wishes(mirror=f"{url}/")).mirrors == (url,)


def test_several_mirrors_keep_their_order(home: Path) -> None:
    write(home, "mirror: [https://a.example/cf, tuna]\n")
    assert resolve(Wishes()).mirrors == ("https://a.example/cf", MIRRORS["tuna"])
    assert resolve(Wishes(mirror="tuna,https://a.example/cf")).mirrors == (
        MIRRORS["tuna"],
        "https://a.example/cf",
    )


@pytest.mark.parametrize("text", ["ftp://m.example/cf", "tsinghua", "/srv/mirror", "https://", "file://x"])
def test_other_mirrors_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--mirror: there is no mirror") as caught:
        resolve(Wishes(mirror=text))
    assert "tuna" in caught.value.hint


def test_an_unknown_manager_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="--manager: there is no manager 'micromaba'; did you mean 'micromamba'"):
        resolve(Wishes(manager="micromaba"))


@dataclass(frozen=True)
class Wrong:
    text: str
    words: str


WRONG = [
    Wrong(
        "manager: conda\nmiror: tuna\n",
        r"config\.yml:2: there is no setting 'miror'; did you mean 'mirror'\?",
    ),
    Wrong("\n\noffline: perhaps\n", r"config\.yml:3: expected true or false, found 'perhaps'"),
    Wrong("mirror: {a: 1}\n", r"config\.yml:1: expected a mirror or a list of mirrors"),
    Wrong("- tuna\n", r"config\.yml:1: expected settings like `mirror: tuna`"),
    Wrong("mirror: tuna\nmirror: tuna\n", r"config\.yml:2: mirror is set twice"),
    Wrong("manager: [\n", r"config\.yml: is not valid YAML"),
    Wrong("manager: 3\n", r"config\.yml:1: there is no manager '3'"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.text)
def test_a_wrong_config_file_is_refused_with_file_and_line(home: Path, wrong: Wrong) -> None:
    write(home, wrong.text)
    with pytest.raises(UsageError, match=wrong.words):
        resolve(Wishes())


def test_an_empty_config_file_is_no_wish(home: Path) -> None:
    write(home, "# nothing yet\n")
    assert resolve(Wishes()) == Settings()


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFJS_WORKFLOW_STRICT", "maybe")
    with pytest.raises(UsageError, match="TFJS_WORKFLOW_STRICT: expected true or false, found 'maybe'"):
        resolve(Wishes())
