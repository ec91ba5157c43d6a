"""Which run a word means: a journal's, one before it, a file; and what is said where there is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.report.runs import full_run, python_check, run_of, step
from workflow.base.errors import UsageError
from workflow.recipe import load
from workflow.report.html import render
from workflow.report.run_files import journal_runs, latest_run, record_of, working_run
from workflow.report.run_reading import read_run

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = "steps: [{shard: {input: data/web, output: data/shard, shard_size: 1MB}}]"
NO_RUN = "give a recipe, RECIPE~1 for the run before the last, a file of .tfjs-workflow/*/runs, or a report.html"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.yml").write_text(RECIPE)
    return tmp_path


def keep(folder: Path, *statuses: str) -> None:
    """Write runs, one a minute, whose only step ended so."""
    runs = folder / ".tfjs-workflow" / "digits" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    for number, status in enumerate(statuses):
        made = [step("shard", "shard", python_check(), status=status)] if status else []
        run = run_of(*made, started=f"20261122T10{number:02}00")
        (runs / f"20261122T10{number:02}00.json").write_text(json.dumps(run))


def told(folder: Path, back: int) -> tuple[str, str]:
    with pytest.raises(UsageError) as refused:
        working_run(load(folder / "digits.yml", check_files=False), back=back)
    return refused.value.message, refused.value.hint


@pytest.mark.parametrize("back", [0, 1])
def test_before_the_first_run_there_is_none(folder: Path, back: int) -> None:
    assert journal_runs(load(folder / "digits.yml", check_files=False)) == []
    assert told(folder, back) == ("digits.yml has not run yet", "run it first: tfjs-workflow convert digits.yml")


def test_runs_are_counted_from_the_latest_that_did_something(folder: Path) -> None:
    keep(folder, "done", "failed", "up to date", "not run", "")
    recipe = load(folder / "digits.yml", check_files=False)
    assert latest_run(recipe)["started"] == "20261122T100400"
    assert [working_run(recipe, back=back)["started"] for back in (0, 1)] == ["20261122T100100", "20261122T100000"]
    said, there = told(folder, 2)
    assert said == "digits.yml has run 2 times only; runs that found everything up to date do not count"
    assert there == "there are digits.yml (20261122T100100), digits.yml~1 (20261122T100000)"


def test_one_run_is_there_once(folder: Path) -> None:
    keep(folder, "done")
    said = "digits.yml has run once only; runs that found everything up to date do not count"
    assert told(folder, 1) == (said, "there are digits.yml (20261122T100000)")


def test_where_nothing_was_ever_done_the_latest_run_stands_for_all(folder: Path) -> None:
    keep(folder, "up to date", "up to date")
    recipe = load(folder / "digits.yml", check_files=False)
    assert working_run(recipe)["started"] == "20261122T100100"
    said = "digits.yml has run 0 times only; runs that found everything up to date do not count"
    assert told(folder, 1) == (said, "")


def test_a_record_is_found_by_recipe_by_number_and_by_file(folder: Path) -> None:
    keep(folder, "done", "done")
    assert [record_of(word).started[11:16] for word in ("digits", "digits.yml", "digits~1")] == [
        "10:01",
        "10:01",
        "10:00",
    ]
    record = read_run(full_run())
    (folder / "record.json").write_text(record.to_json())
    (folder / "page.html").write_text(render(record), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(full_run()))
    assert record_of("record.json") == record_of("page.html") == record
    assert record_of("run.json").steps == record.steps


DEEP = "[" * 600 + "]" * 600
NO_RUNS = [
    ("{", "it cannot be read as JSON"),
    ("[]", "it holds no object"),
    (f'{{"a": {DEEP}}}', "it is nested more deeply than any"),
    ('{"version": 2}', "it is a record of version '2', and this tool reads version 1"),
    ('{"version": "\\n"}', "it is a record of version '\\n', and this tool reads version 1"),
    ('{"version": 1, "recipe": 3}', "recipe: "),
    ('{"recipe": 3}', "recipe: "),
]


@pytest.mark.parametrize(("text", "why"), NO_RUNS, ids=[why for _, why in NO_RUNS])
def test_a_file_that_is_no_run_says_why(folder: Path, text: str, why: str) -> None:
    (folder / "r.json").write_text(text)
    with pytest.raises(UsageError) as refused:
        record_of("r.json")
    assert refused.value.message.startswith(f"r.json is no run: {why}")
    assert refused.value.hint == NO_RUN


def test_a_page_without_a_record_is_no_run(folder: Path) -> None:
    (folder / "page.html").write_text("<html></html>")
    with pytest.raises(UsageError, match=r"^page\.html is no run: it cannot be read as JSON$"):
        record_of("page.html")
