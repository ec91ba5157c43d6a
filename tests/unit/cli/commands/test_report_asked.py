"""What ``report`` and ``compare`` measure, write, print and open, each as it was asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.golden.screens import require_declared
from tests.unit.report.runs import full_check, run_of, step
from tests.unit.verification.measures.models import write_model
from workflow.base.errors import UsageError
from workflow.cli.boundary import guarded
from workflow.verification import measures

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.cli.console import ConsoleListener

RECIPE = "name: digits\nsteps:\n  - shard: {input: data/web, output: data/shard, shard_size: 1MB}\n"
PAGE = ".tfjs-workflow/digits/report.html"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a project with two runs, the second one quicker in Node and of the same size."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "digits.yml").write_text(RECIPE)
    write_model(tmp_path / "data" / "shard", bytes(2000))
    runs = tmp_path / ".tfjs-workflow" / "digits" / "runs"
    runs.mkdir(parents=True)
    for stamp, median in (("20261122T100000", 2.0), ("20261122T110000", 1.0)):
        made = step("shard", "shard", full_check(median=median), output=str(tmp_path / "data" / "shard"))
        (runs / f"{stamp}.json").write_text(json.dumps(run_of(made, started=stamp)))
    return tmp_path


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Keep what is to be measured, and measure nothing."""
    found: list[tuple[Any, ...]] = []

    def noting(wanted: measures.Wanted, *, memory: Path, listener: ConsoleListener) -> measures.Measures:
        found.append((wanted, memory, listener))
        return measures.Measures({}, ())

    monkeypatch.setattr(measures, "measure", noting)
    return found


@pytest.mark.parametrize(
    ("words", "links", "quiet"),
    [
        ("", True, False),
        ("--no-links", False, False),
        ("--quiet", True, True),
        ("--json", True, True),
        ("--links -q", True, True),
    ],
)
def test_what_is_measured_is_what_was_asked_for(
    words: str, *, links: bool, quiet: bool, project: Path, measured: list[tuple[Any, ...]]
) -> None:
    assert guarded(["report", "digits.yml", *words.split()]) == 0
    ((wanted, memory, listener),) = measured
    assert wanted == measures.Wanted({"shard": project / "data" / "shard"}, cut="shard", with_links=links)
    assert memory == project / ".tfjs-workflow" / "digits" / "measures.json"
    assert listener._quiet is quiet


def test_the_page_is_named_last_and_alone_where_it_is_to_be_quiet(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(["report", "digits.yml", "--no-links"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == f"report: {project / PAGE}"
    assert len(shown) > 5
    assert guarded(["report", "digits.yml", "--no-links", "--quiet", "--html", "out/r.html"]) == 0
    assert capsys.readouterr().out == "out/r.html\n"
    assert (project / "out" / "r.html").is_file()


def test_for_programs_the_record_is_all_that_is_printed_and_the_page_is_there_too(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(["report", "digits.yml", "--no-links", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["recipe"] == "digits"
    assert printed.out.startswith('{\n "version": 1,\n')
    assert printed.out.endswith("\n}\n")
    assert printed.err == ""
    assert (project / PAGE).is_file()


@pytest.mark.usefixtures("project")
def test_only_what_was_asked_for_is_written(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    assert guarded(["report", "digits.yml", "--no-links", "-q", "--markdown", "r.md"]) == 0
    assert guarded(["report", "digits.yml", "--no-links", "-q", "--junit", "r.xml"]) == 0
    assert (project / "r.md").read_text(encoding="utf-8").startswith("## ✅ digits: passed")
    assert (project / "r.xml").read_text(encoding="utf-8").startswith('<testsuites name="digits"')
    assert {path.suffix for path in project.iterdir()} == {"", ".yml", ".md", ".xml"}
    assert capsys.readouterr().err == ""


def test_the_page_is_opened_where_that_is_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why = "not opened: this is a CI machine (CI is set); open it yourself: "
    assert guarded(["report", "digits.yml", "--no-links", "-q", "--open", "--html", "r.html"]) == 0
    assert capsys.readouterr().err == f"{why}{(project / 'r.html').as_uri()}\n"
    assert guarded(["report", "digits.yml", "--no-links", "-q"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("broken", "there"),
    [
        ("workflow.report.html.render", {"r.md", "r.xml"}),
        ("workflow.report.forms.markdown_text", {"r.html"}),
        ("workflow.report.forms.print_report", {"r.html", "r.md", "r.xml"}),
    ],
)
def test_a_bug_in_one_part_leaves_the_others_and_is_told_at_the_end(
    broken: str,
    there: set[str],
    *,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def mistaken(*_: object) -> str:
        raise KeyError("part")

    monkeypatch.setattr(broken, mistaken)
    words = ["--html", "r.html", "--markdown", "r.md", "--junit", "r.xml", "--open"]
    assert guarded(["report", "digits.yml", "--no-links", *words]) == 1
    printed = capsys.readouterr()
    assert "bug in tfjs-workflow: KeyError" in printed.err
    assert "not opened" not in printed.err
    assert "report: r.html" not in printed.out
    assert {path.name for path in project.glob("r.*")} == there


@pytest.mark.usefixtures("project")
def test_what_is_no_bug_ends_the_report_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: object) -> str:
        raise UsageError("no page")

    monkeypatch.setattr("workflow.report.html.render", refused)
    monkeypatch.setattr("workflow.report.forms.print_report", lambda *_: pytest.fail("it went on"))
    assert guarded(["report", "digits.yml", "--no-links"]) == 2


def test_a_run_that_came_to_nothing_is_told_with_the_command_that_goes_on(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".tfjs-workflow" / "digits" / "runs" / "20261122T120000.json").write_text(json.dumps(run_of()))
    assert guarded(["report", "digits.yml"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: the latest run of digits.yml ended before any of its steps did",
        "what to do: run it again, which goes on where it stopped: tfjs-workflow convert digits.yml",
    ]


@pytest.mark.usefixtures("project")
def test_what_is_the_same_is_compared_and_shown_only_where_all_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def rows(*words: str) -> list[str]:
        assert guarded(["compare", "digits.yml~1", "digits.yml", *words]) == 0
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line.strip(" ─")]

    heading, *changed, total = rows()
    assert heading == "step figure before after"
    assert changed == [
        "shard node wasm median 2.0 ms 1.0 ms better",
        "shard browser webgl median 6.0 ms 3.0 ms better",
    ]
    _, *every, again = rows("--all")
    assert total == again == f"{len(every)} figures compared, 0 worse"
    assert {row.split()[-1] for row in every} == {"better", "same"}
    assert [row for row in every if row.endswith("better")] == changed
    assert guarded(["compare", "digits.yml", "digits.yml"]) == 0
    assert capsys.readouterr().out == f"{len(every)} figures compared, 0 worse\n"


def test_what_may_be_typed_is_declared_as_it_was() -> None:
    require_declared("report", "compare")
