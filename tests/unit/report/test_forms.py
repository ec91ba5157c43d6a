"""Markdown, JUnit and the terminal."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from rich.console import Console

from tests.unit.report.runs import failed_step, full_check, full_run, python_check, run_of, step
from workflow.base.wording import UNKNOWN
from workflow.report.forms import junit_text, markdown_text, print_report
from workflow.report.run_reading import read_run


def missing_backend() -> dict[str, object]:
    check = full_check()
    check["runs"].append(
        {"runtime": "browser", "backend": "webgpu", "status": "not run", "why": "no adapter", "remedy": "buy one"}
    )
    return check


def test_markdown_tells_verdict_matrix_and_answers() -> None:
    text = markdown_text(read_run(full_run()))
    lines = text.splitlines()
    assert lines[0] == "## ✅ digits: passed"
    table = [line for line in lines if line.startswith("|")]
    assert table[0] == "| artifact | size | gzip | accuracy | python | node wasm | browser webgl |"
    assert {line.count("|") for line in table} == {table[0].count("|")}
    assert "- *A graph model predicts faster than a layers model*: **2.00\N{MULTIPLICATION SIGN} as fast**." in text


def test_markdown_escapes_what_would_break_the_table() -> None:
    text = markdown_text(read_run(run_of(step("a|b<i>", "shard", python_check()))))
    assert "a\\|b&lt;i\\>" in text


def test_markdown_tells_failures() -> None:
    assert "**python_to_js** failed: output digit differs by up to 1.6" in markdown_text(
        read_run(run_of(failed_step()))
    )


def test_junit_counts_cases_failures_and_skips() -> None:
    run = run_of(failed_step("broken"), step("web", "shard", missing_backend()))
    root = ET.fromstring(junit_text(read_run(run)))  # noqa: S314  our own text
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("10", "1", "1")
    suites = {suite.get("name"): suite for suite in root}
    assert len(suites["digits.web"]) == 9
    skipped = suites["digits.web"].findall("testcase/skipped")
    assert [each.get("message") for each in skipped] == ["no adapter; buy one"]


def failed_check() -> dict[str, Any]:
    """The third level failed, the fourth was not reached, the second did not apply."""
    return {
        "levels": [
            {"level": "structure", "status": "passed"},
            {"level": "weights", "status": "not applicable", "why": "folded"},
            {"level": "contract", "status": "failed", "findings": ["the output a is called b", "c is gone"]},
        ]
    }


def unproven_check() -> dict[str, Any]:
    check = full_check()
    check["levels"][-1] = {"level": "outputs", "status": "no proof", "why": "it answers alike"}
    return check


def printed(*steps: dict[str, Any]) -> str:
    screen = Console(file=io.StringIO(), width=140, highlight=False)
    print_report(read_run(run_of(*steps)), screen)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_every_form_says_how_each_level_of_a_failure_ended() -> None:
    step_of_it = failed_step("broken", failed_check())
    assert "levels: structure passed, weights not applicable, contract failed" in printed(step_of_it)
    assert "c is gone" in printed(step_of_it)
    text = markdown_text(read_run(run_of(step_of_it)))
    assert "✅ structure, · weights, ❌ contract" in text
    assert "- c is gone" in text
    root = ET.fromstring(junit_text(read_run(run_of(step_of_it))))  # noqa: S314  our own text
    failed = {case.get("name"): case[0].get("message") for case in root.iterfind("testsuite/testcase[failure]")}
    assert failed == {"contract": "the output a is called b"}
    skipped = {case.get("name"): case[0].get("message") for case in root.iterfind("testsuite/testcase[skipped]")}
    assert skipped == {"weights": "not applicable: folded"}


def test_no_proof_is_neither_passed_nor_not_applicable() -> None:
    unproven = step("web", "shard", unproven_check())
    assert "web: outputs: no proof: it answers alike" in printed(unproven)
    record = read_run(run_of(unproven))
    assert record.verdict == "incomplete"
    assert "⚠️ web: outputs: no proof: it answers alike" in markdown_text(record)
    assert 'message="no proof: it answers alike"' in junit_text(record)


def test_a_step_that_was_never_verified_says_so() -> None:
    assert "web: not verified" in printed(step("web", "js_to_python", {}, to="keras"))


def test_junit_skips_javascript_that_was_not_tried() -> None:
    root = ET.fromstring(junit_text(read_run(run_of(step("web", "shard", python_check())))))  # noqa: S314  our own text
    assert [case.get("name") for case in root.iterfind("testsuite/testcase[skipped]")] == ["outputs in JavaScript"]


def test_junit_survives_control_characters() -> None:
    broken = failed_step()
    broken["error"]["details"] = "a\x00b\x1b[31m"
    root = ET.fromstring(junit_text(read_run(run_of(broken))))  # noqa: S314  our own text
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert (failure.text or "").endswith("a\\x00b\\x1b[31m")


def test_the_terminal_shows_the_matrix_and_says_once_what_was_not_run() -> None:
    screen = Console(file=io.StringIO(), width=140, highlight=False)
    record = read_run(run_of(step("web", "shard", missing_backend()), step("two", "shard", missing_backend())))
    print_report(record, screen)
    assert isinstance(screen.file, io.StringIO)
    text = screen.file.getvalue()
    assert "browser webgl" in text
    assert text.count("no adapter; buy one") == 1
    assert "digits: incomplete." in text


@pytest.mark.parametrize(
    ("check", "colour", "mark"),
    [(full_check(), 32, "✓"), (missing_backend(), 33, UNKNOWN)],
    ids=["passed", "incomplete"],
)
def test_on_a_terminal_the_colour_of_a_steps_name_is_its_verdicts(check: Any, colour: int, mark: str) -> None:
    screen = Console(file=io.StringIO(), width=140, force_terminal=True, color_system="standard", highlight=False)
    print_report(read_run(run_of(step("web", "graph", check, to="tfjs_graph_model"))), screen)
    assert isinstance(screen.file, io.StringIO)
    assert f"\x1b[{colour}m{mark} web" in screen.file.getvalue()


def test_markup_in_names_is_printed_as_it_is() -> None:
    screen = Console(file=io.StringIO(), width=140)
    print_report(read_run(run_of(step("[red]x[/red]", "shard", python_check()), failed_step("[bold]"))), screen)
    assert isinstance(screen.file, io.StringIO)
    assert "[red]x[/red]" in screen.file.getvalue()
