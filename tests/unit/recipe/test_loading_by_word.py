from __future__ import annotations

from pathlib import Path

import pytest

from workflow.base.errors import RecipeNotFoundError
from workflow.recipe import find


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recipes").mkdir()
    for name in ("recipes/mobilenet.yml", "recipes/digits.yaml", "own.yml"):
        (tmp_path / name).write_text("steps: []\n")
    (tmp_path / "environment.yml").write_text("name: tfjs\ndependencies: []\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("recipes/mobilenet.yml", "recipes/mobilenet.yml"),
        ("mobilenet.yml", "recipes/mobilenet.yml"),
        ("mobilenet", "recipes/mobilenet.yml"),
        ("digits", "recipes/digits.yaml"),
        ("own", "own.yml"),
    ],
)
def test_a_recipe_is_found_by_path_or_name(text: str, found: str, folder: Path) -> None:
    assert find(text, cwd=folder) == folder / found


def test_an_absolute_path_is_taken_as_it_is(folder: Path) -> None:
    assert find(str(folder / "own.yml"), cwd=Path("/")) == folder / "own.yml"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("mobilnet.yml", "there is no recipe mobilnet.yml", "did you mean mobilenet.yml?"),
        ("digit", "there is no recipe digit", "did you mean digits.yaml?"),
        ("zzzz", "there is no recipe zzzz", "there are digits.yaml, mobilenet.yml, own.yml"),
        ("recipes", "recipes is a folder, not a recipe", "there are"),
        ("", "there is no recipe (empty name)", "there are"),
        ("a\0b", "recipe", ""),
        ("x" * 5000, "recipe", ""),
        (f"{'folder/' * 30}lost.yml", f"there is no recipe {'folder/' * 30}lost.yml", ""),
    ],
)
def test_what_is_not_found_names_what_is_near(text: str, message: str, hint: str, folder: Path) -> None:
    with pytest.raises(RecipeNotFoundError) as caught:
        find(text, cwd=folder)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_only_recipes_are_named_those_of_the_folder_that_was_meant_first(folder: Path) -> None:
    (folder / "my").mkdir()
    (folder / "my" / "first.yml").write_text("name: x\nsteps: []\n")
    (folder / "my" / "compose.yml").write_text("services: {}\n")
    with pytest.raises(RecipeNotFoundError) as caught:
        find("my/zzzz.yml", cwd=folder)
    assert caught.value.hint == "there are my/first.yml, digits.yaml, mobilenet.yml, own.yml"


def test_of_a_very_long_path_both_ends_are_shown(folder: Path) -> None:
    with pytest.raises(RecipeNotFoundError) as caught:
        find(f"first/{'folder/' * 500}lost.yml", cwd=folder)
    assert caught.value.message.startswith("there is no recipe first/folder/")
    assert caught.value.message.endswith("/folder/lost.yml")
    assert len(caught.value.message) < 500
