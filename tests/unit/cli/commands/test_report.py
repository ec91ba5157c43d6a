"""``report`` and ``compare`` on a project that has run; the load times are not measured here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from tests.unit.report.runs import full_check, run_of, step
from tests.unit.verification.measures.models import write_model
from workflow.base.errors import UsageError, WorkflowError
from workflow.cli.commands import report
from workflow.cli.console import console, error_console
from workflow.report.html import embedded_json
from workflow.report.run_files import record_of

if TYPE_CHECKING:
    from pathlib import Path


RECIPE = """
name: digits
steps:
  - shard: {input: data/web, output: data/shard, shard_size: 1MB}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "digits.yml").write_text(RECIPE)
    write_model(tmp_path / "data" / "shard", bytes(2000))
    record_run(tmp_path, "20261122T100000", median=2.0)
    record_run(tmp_path, "20261122T110000", median=1.0)
    return tmp_path


def record_run(project: Path, stamp: str, *, median: float, status: str = "done") -> None:
    output = str(project / "data" / "shard")
    made = step("shard", "shard", full_check(median=median), output=output, status=status)
    runs = project / ".tfjs-workflow" / "digits" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    (runs / f"{stamp}.json").write_text(json.dumps(run_of(made, started=stamp)))


def run(*arguments: str) -> Any:
    console.cache_clear()
    error_console.cache_clear()
    app = typer.Typer()
    app.command("report")(report.report)
    app.command("compare")(report.compare)
    result: Any = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, WorkflowError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_report_writes_the_page_beside_the_runs(project: Path) -> None:
    result = run("report", "digits.yml", "--no-links")
    page = project / ".tfjs-workflow" / "digits" / "report.html"
    assert f"report: {page}" in result.output.replace("\n", "")
    text = embedded_json(page.read_text())
    assert text is not None
    record = json.loads(text)
    assert record["started"] == "2026-11-22T11:00:00Z"
    assert record["steps"][0]["sizes"]["raw"] > 2000
    assert record["loads"] == []


def test_report_writes_the_other_forms_where_they_are_wanted(project: Path) -> None:
    run(
        "report",
        "digits.yml",
        "--no-links",
        "--html",
        "out/r.html",
        "--markdown",
        "out/r.md",
        "--junit",
        "out/r.xml",
        "-q",
    )
    assert {path.name for path in (project / "out").iterdir()} == {"r.html", "r.md", "r.xml"}


def test_report_appends_to_the_summary_of_a_github_job(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = project / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run("report", "digits.yml", "--no-links", "-q")
    assert summary.read_text().startswith("before\n## ✅ digits: passed")


def test_report_prints_the_record_as_json_and_nothing_else(project: Path) -> None:
    assert json.loads(run("report", "digits.yml", "--no-links", "--json").stdout)["recipe"] == "digits"


def test_report_before_any_run_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.yml").write_text(RECIPE)
    with pytest.raises(UsageError, match="has not run yet"):
        run("report", "digits.yml")


def test_report_after_a_run_that_was_interrupted_in_its_first_step_says_so(project: Path) -> None:
    interrupted = run_of(started="20261122T120000") | {"interrupted": {"step": "shard", "output": "x"}}
    (project / ".tfjs-workflow" / "digits" / "runs" / "20261122T120000.json").write_text(json.dumps(interrupted))
    with pytest.raises(UsageError, match="ended before any of its steps did") as caught:
        run("report", "digits.yml")
    assert "tfjs-workflow convert digits.yml" in caught.value.hint
    assert not (project / ".tfjs-workflow" / "digits" / "report.html").exists()


def test_compare_takes_recipes_journal_files_and_pages(project: Path) -> None:
    run("report", "digits.yml", "--no-links", "-q")
    page = ".tfjs-workflow/digits/report.html"
    old = ".tfjs-workflow/digits/runs/20261122T100000.json"
    assert "better" in run("compare", "digits.yml~1", "digits.yml").output
    assert "better" in run("compare", old, page).output
    assert "0 worse" in run("compare", page, "digits.yml").output


def test_compare_as_json_lists_what_changed_and_with_all_every_figure(project: Path) -> None:
    found = json.loads(run("compare", "digits.yml~1", "digits.yml", "--json").stdout)
    assert {
        "step": "shard",
        "figure": "node wasm median",
        "before": "2.0 ms",
        "after": "1.0 ms",
        "tendency": "better",
    } in found
    assert "same" not in {change["tendency"] for change in found}
    everything = json.loads(run("compare", "digits.yml~1", "digits.yml", "--json", "--all").stdout)
    assert "same" in {change["tendency"] for change in everything}


def test_runs_that_found_everything_up_to_date_are_not_counted(project: Path) -> None:
    record_run(project, "20261122T120000", median=1.0, status="up to date")
    record_run(project, "20261122T130000", median=1.0, status="up to date")
    assert record_of("digits.yml").started.endswith("11:00:00Z")
    assert record_of("digits.yml~1").started.endswith("10:00:00Z")
    assert "better" in run("compare", "digits.yml~1", "digits.yml").output


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it cannot be read as JSON"),
        ("[]", "it holds no object"),
        ('["version"]', "it holds no object"),
        ("{}", ""),
        ('{"version": 99}', "it is a record of version '99', and this tool reads version 1"),
        ('{"steps": 3, "recipe": "x"}', ""),
    ],
)
def test_files_that_are_no_runs_are_refused_by_name(project: Path, text: str, why: str) -> None:
    (project / "other.json").write_text(text)
    with pytest.raises(UsageError, match=r"other\.json is no run") as refused:
        record_of("other.json")
    assert why in f"{refused.value.message} {refused.value.details} {refused.value.hint}"


def test_going_back_further_than_there_are_runs_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="2 times only") as refused:
        record_of("digits.yml~5")
    assert refused.value.hint == "there are digits.yml (20261122T110000), digits.yml~1 (20261122T100000)"


def test_a_bug_in_the_page_leaves_the_other_parts_be(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(_: object) -> str:
        raise KeyError("page")

    monkeypatch.setattr("workflow.report.html.render", mistaken)
    with pytest.raises(WorkflowError, match="bug in tfjs-workflow: KeyError") as caught:
        run("report", "digits.yml", "--no-links", "--markdown", "report.md", "--junit", "report.xml")
    assert caught.value.exit_code == 1
    assert "shard" in (project / "report.md").read_text()
    assert (project / "report.xml").exists()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"steps": 3}, "steps: "),
        ({"seconds": "long"}, "seconds: "),
        ({"recipe": None}, "recipe: "),
        ({"environment": {"lock": 5}}, "environment, lock: "),
        ({"steps": [{"step": "shard", "kind": "shard", "output": "x", "status": []}]}, "steps, 0, status: "),
        ({"steps": [step("s", "shard", {"runs": [{"outputs": 3}]})]}, "steps, 0, facts, check, runs, 0, outputs: "),
        ({"steps": [step("s", "shard", {"versions": 3})]}, "steps, 0, facts, check, versions: "),
    ],
)
def test_a_damaged_record_of_a_run_is_refused_by_its_place(project: Path, change: Any, place: str) -> None:
    file = max((project / ".tfjs-workflow" / "digits" / "runs").glob("*.json"))
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    for words in (("report", "digits.yml", "--no-links"), ("compare", str(file), str(file))):
        with pytest.raises(UsageError, match=f"is no run: {place}") as caught:
            run(*words)
        assert file.name in caught.value.message


def test_half_a_character_in_a_record_does_not_keep_it_from_being_shown(project: Path) -> None:
    file = max((project / ".tfjs-workflow" / "digits" / "runs").glob("*.json"))
    file.write_text(file.read_text().replace('"no finished result yet"', '"\\ud800"'))
    run("report", "digits.yml", "--no-links")
    text = embedded_json((project / ".tfjs-workflow" / "digits" / "report.html").read_text(encoding="utf-8"))
    assert text is not None
    assert json.loads(text)["steps"][0]["reasons"] == ["?"]


def test_a_record_that_is_nested_too_deeply_is_refused(project: Path) -> None:
    file = max((project / ".tfjs-workflow" / "digits" / "runs").glob("*.json"))
    deep = "[" * 300 + "]" * 300
    file.write_text(file.read_text().replace('"no finished result yet"', deep))
    with pytest.raises(UsageError, match="nested more deeply"):
        run("report", "digits.yml", "--no-links")
