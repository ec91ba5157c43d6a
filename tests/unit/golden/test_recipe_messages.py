"""What users read of recipes that are wrong, to the letter; ``scripts/write_golden.py`` writes it anew.

A recipe that is added to ``tests/data/golden/bad_recipes.json`` gets its message in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.golden import bad_recipes
from tests.unit.golden.store import require_equal, stored
from workflow.cli.boundary import guarded

if TYPE_CHECKING:
    from pathlib import Path


def test_every_wrong_recipe_is_refused_in_the_words_of_before(tmp_path: Path) -> None:
    require_equal(bad_recipes.FILE, bad_recipes.all_messages(tmp_path))


def test_at_least_two_hundred_recipes_are_refused_in_many_words() -> None:
    golden = stored(bad_recipes.FILE)
    refused = [found["shown"] for found in golden.values() if found["shown"][0].startswith("error: ")]
    assert len(refused) >= 200
    assert len({line.split(": ", 1)[1] for shown in refused for line in shown if line.startswith("recipe.yml:")}) >= 200


@pytest.mark.parametrize("name", ["no dtype", "two goals", "misspelt input"])
def test_the_command_prints_what_is_kept_here(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipe.yml").write_text(stored(bad_recipes.BY_HAND)[name], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "500")
    assert guarded(["check", "recipe.yml"]) == 10
    shown = stored(bad_recipes.FILE)[name]["shown"]
    assert [each.rstrip() for each in capsys.readouterr().err.rstrip("\n").split("\n")] == shown
