from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.golden.screens import require_declared
from workflow.base.errors import RecipeError
from workflow.cli.commands.recipe import StaleSchemaError, check, schema
from workflow.recipe import grammar

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "steps: [{graph: {input: a.h5, output: g}}]"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.h5").touch()
    (tmp_path / "good.yml").write_text(GOOD)
    (tmp_path / "bad.yml").write_text("nmae: x")
    (tmp_path / "worse.yml").write_text("- x")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_check_names_the_steps_of_a_good_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    check(["good.yml"])
    assert capsys.readouterr().out == "good.yml: no errors, 1 step: graph\n"


@pytest.mark.usefixtures("folder")
def test_check_reports_every_recipe_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        check(["bad", "good", "worse", "gone"])
    assert caught.value.message == "bad.yml has 2 errors; worse.yml has 1 error; there is no recipe gone"
    first, second, third, gone = caught.value.details.split("\n\n")
    assert first.startswith("bad.yml:1:1: `steps` is missing.")
    assert second.startswith("bad.yml:1:1: there is no key `nmae`.")
    assert third.startswith("worse.yml:1:1: a recipe cannot be a list.")
    assert gone == "there is no recipe gone; there are good.yml"
    assert caught.value.hint.startswith("`tfjs-workflow schema` prints what a recipe may hold")
    assert "good.yml" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_check_of_one_missing_recipe_says_so() -> None:
    with pytest.raises(RecipeError, match="there is no recipe goood"):
        check(["goood"])


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    schema()
    assert capsys.readouterr().out == grammar.schema_text()


def test_schema_check_notices_a_stale_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "SCHEMA", tmp_path / "schema.json")
    for there in (False, True):
        with pytest.raises(StaleSchemaError) as caught:
            schema(compare=True)
        assert caught.value.message == "workflow/recipe/schema.json is out of date"
        assert caught.value.hint == "python scripts/write_schema.py"
        assert grammar.SCHEMA.is_file() is there
        grammar.SCHEMA.write_text("{}")


def test_schema_check_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    schema(compare=True)
    assert capsys.readouterr().out == "workflow/recipe/schema.json is up to date\n"


def test_what_may_be_typed_is_declared_as_it_was() -> None:
    require_declared("check", "schema")
