from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workflow.base.errors import RecipeError
from workflow.recipe import load
from workflow.recipe.recipes import Recipe

Write = Callable[[str | bytes], Path]
Load = Callable[[str | bytes], Recipe]
Refuse = Callable[[str | bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the text of a recipe into an empty folder."""

    def written(text: str | bytes) -> Path:
        path = tmp_path / "recipe.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


@pytest.fixture
def loaded(write: Write) -> Load:
    """Load a recipe from its text, whether or not the files that it reads exist."""
    return lambda text: load(write(text), check_files=False)


@pytest.fixture
def refusal(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Load a recipe that is wrong and return what its error shows; missing files count."""
    monkeypatch.chdir(tmp_path)

    def refused(text: str | bytes) -> str:
        with pytest.raises(RecipeError) as caught:
            load(write(text))
        return caught.value.details

    return refused
