"""The README can be believed: its commands exist, its recipes are recipes, its links lead somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from workflow import recipe
from workflow.catalogue.kinds import KINDS
from workflow.catalogue.options import OPTIONS
from workflow.cli.boundary import guarded

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")), *(ROOT / "docs").rglob("*.md")]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = sorted(path.parent.name for path in (ROOT / "workflow").glob("*/__init__.py"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def command_lines() -> list[str]:
    lines = [line.removeprefix("$ ").split("#")[0] for block in blocks("console") for line in block.splitlines()]
    return [line.strip() for line in lines]


TOOL = sorted({words for line in command_lines() for words in re.findall(r"tfjs-workflow ([a-z]+(?: [a-z]+)?)", line)})
TARGETS = sorted({target for line in command_lines() for target in re.findall(r"^make ([a-z-]+)", line)})


@pytest.mark.parametrize("words", [words for words in TOOL if words.split()[0] != "env" or " " in words])
def test_every_command_of_the_readme_exists(words: str, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = words.split() if words.startswith("env ") else words.split()[:1]
    assert guarded([*arguments, "--help"]) == 0
    assert "Usage" in capfd.readouterr().out


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_of_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("text", blocks("yaml"), ids=range(len(blocks("yaml"))))
def test_every_recipe_of_the_readme_is_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "readme.yml"
    path.write_text(text, encoding="utf-8")
    assert recipe.load(path, check_files=False).steps


def test_ci_runs_exactly_the_test_command_of_the_readme() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line.strip() for line in lines if re.search(r"\bmake\b", line) and not line.startswith("#")]
    assert commands[:3] == ["make lint", "make browser", "make test"]
    assert [line.rpartition(" -- ")[2] for line in commands[3:]] == ["make test-unit"]
    assert "make test " in README


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yml")), ids=lambda path: path.name)
def test_every_shipped_recipe_is_sound_and_known_to_editors(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../workflow/recipe/schema.json")
    assert recipe.load(path, check_files=False).steps


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS[:2] + DOCUMENTS[3:], ids=lambda path: path.name)  # not of the past
def test_files_that_are_named_exist(document: Path) -> None:
    pattern = r"`((?:workflow|tests|scripts)/[\w/]+(?:\.(?:py|json)|/))`"
    named = re.findall(pattern, document.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_architecture_shows_every_room_and_names_modules_that_exist() -> None:
    assert [room for room in ROOMS if f" {room}/" not in ARCHITECTURE.split("```")[1]] == []
    named = re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w/]+\.py)`", ARCHITECTURE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / "workflow" / name).exists()] == []


def test_the_commands_that_the_readme_shows_are_those_that_the_plan_prints(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert guarded(["plan", "recipes/mobilenet.yml", "--commands"]) == 0
    printed = [line for line in capfd.readouterr().out.splitlines() if not line.startswith("#")]
    shown = [line for line in README.splitlines() if line.startswith("tensorflowjs_converter --")]
    assert printed == shown


def test_every_kind_of_step_and_every_option_is_in_the_tables_of_the_readme() -> None:
    table = "".join(line for line in README.splitlines(keepends=True) if line.startswith("| `"))
    deprecated = {"quantization_bytes"}
    keys = [name for name, option in OPTIONS.items() if not option.format]  # the others are words of `format`
    assert [name for name in (*KINDS, *keys) if f"`{name}`" not in table and name not in deprecated] == []


def test_the_stars_of_the_readme_are_the_options_that_the_reference_lacks() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    starred = {name for row in rows if row.endswith("* |") for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    lacking = {option.name for option in OPTIONS.values() if option.ours and not option.format}
    assert starred & OPTIONS.keys() == lacking
