"""What users read at the end, word for word: a verification, a run as it goes on, and the table behind it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.base.errors import OutputsError
from workflow.bridge.usage import JobUsage
from workflow.cli import console, screens, summaries, verify_screens
from workflow.cli.summaries import detour_lines, quantization_lines
from workflow.recipe import load
from workflow.recipe.recipes import Verification
from workflow.runs import planning
from workflow.runs.tasks import Outcome, Selection
from workflow.verification.cutting import Point
from workflow.verification.evidence import Attribution, Evidence, Finding, LevelReport, PlaceReport
from workflow.verification.levels import Case
from workflow.verification.locate import Located
from workflow.verification.requests import NotRun, Subject
from workflow.verification.searching import NOTHING, SearchResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.recipe.recipes import Recipe

GOLDEN = Path(__file__).resolve().parents[2] / "data" / "screens"
WEB, SOURCE = Subject(Path("/m/web"), "tfjs_layers_model"), Subject(Path("/m/a.h5"), "keras")
CASE = Case(WEB, SOURCE, Verification(), Path("/m"))


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLUMNS", "140")
    console.console.cache_clear()
    console.error_console.cache_clear()
    yield
    console.console.cache_clear()
    console.error_console.cache_clear()


def output(name: str = "probs", **figures: Any) -> dict[str, Any]:
    return {"name": name, "max_abs": 1.25e-3, "bound": 1e-3, "relative": 0.01, "p99": 1e-4, "cosine": 0.999, **figures}


RUNS_JSON: list[dict[str, Any]] = [
    {
        "runtime": "python",
        "status": "passed",
        "outputs": [output(max_abs=0.0, top1=1.0, top5=1.0), output("score", max_abs=2e-6)],
        "accuracy": {"source": 0.9, "result": 0.9},
        "timings": {"median_ms": 12.34},
    },
    {
        "runtime": "node",
        "backend": "wasm",
        "status": "failed",
        "outputs": [output(top1=0.5, top5=0.75)],
        "accuracy": {"source": 0.9, "result": 0.85},
    },
    {"runtime": "browser", "backend": "webgl", "status": "not run", "why": "no Chromium", "remedy": "make browser"},
    {"runtime": "browser", "backend": "wasm", "status": "not run", "why": "no Chromium", "remedy": "make browser"},
]
RUNS = tuple(map(PlaceReport.from_json, RUNS_JSON))
WITHOUT_ACCURACY = [{**run, "accuracy": None} for run in RUNS_JSON[:2]]
LEVELS = (
    LevelReport("structure", "passed", seconds=0.0123),
    LevelReport("weights", "passed", facts={"tensors": 7, "bit_equal": 4, "quantized": 2, "folded": 1}),
    LevelReport("contract", "not run", why="the source is gone", remarks=("output y is called probs",)),
    LevelReport(
        "outputs",
        "failed",
        findings=tuple(Finding(f"probs differs in row {number}", "probs") for number in range(7)),
        facts={"samples": 4, "places": ["python", "node wasm"]},
        table="layer  max\nconv   0.1",
    ),
)
FAILED = Evidence(LEVELS, RUNS, Attribution(quantization=0.001, runtime=2e-5, place="node wasm"))
POINT = Located(Point("conv", "Conv2D", ("pad",)), 0.125, 0.001, cuts=3, fine=("pad",))
ANSWER = SearchResult(POINT, "node wasm", "tfjs-workflow verify /keep/model")


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def told(text: str) -> str:
    """Return what was printed, without the spaces at the ends of lines and without the clock."""
    lines = [re.sub(r"^ +\d+\.\ds ", "", line).rstrip() for line in text.splitlines()]
    return "\n".join(lines) + "\n"


def shown(report: Evidence, answer: Any, capsys: pytest.CaptureFixture[str]) -> str:
    verify_screens.print_report(CASE, report, answer)
    return told(capsys.readouterr().out)


def test_a_verification_that_failed_reads_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(FAILED, ANSWER, capsys) == golden("verification_failed")


STATUSES: tuple[Any, ...] = ("passed", "failed", "not run", "not applicable", "no proof")


@pytest.mark.parametrize("status", STATUSES)
def test_each_level_says_how_it_ended(status: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(Evidence((LevelReport("structure", status, why="so it is"),)), None, capsys).splitlines()
    assert lines[1] == f"  structure {status}  so it is"
    verdict = "passed" if status == "not applicable" else status
    assert lines[2] == f"verdict: {verdict}"


def test_a_verification_that_lacks_a_place_alone_is_incomplete(capsys: pytest.CaptureFixture[str]) -> None:
    report = Evidence((LevelReport("outputs", "passed"),), RUNS[2:])
    assert shown(report, None, capsys).endswith("verdict: incomplete (not run in browser webgl, browser wasm)\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NotRun(f"{NOTHING}: nothing was run", ""), "nothing to locate: nothing was run"),
        (NotRun("no cut differs", ""), "not located: no cut differs"),
        (ANSWER, "to see it again: tfjs-workflow verify /keep/model"),
    ],
)
def test_what_was_located_is_said(answer: Any, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in shown(Evidence(()), answer, capsys).splitlines()


def test_a_verification_for_programs_has_these_keys(capsys: pytest.CaptureFixture[str]) -> None:
    verify_screens.print_json(CASE, FAILED, ANSWER)
    found = json.loads(capsys.readouterr().out)
    kept = {key: found[key] for key in ("artifact", "format", "against", "verdict", "located", "max_abs", "top1")}
    assert kept == {
        "artifact": "/m/web",
        "format": "tfjs_layers_model",
        "against": "/m/a.h5",
        "verdict": "failed",
        "located": {
            "name": "conv",
            "kind": "Conv2D",
            "place": "node wasm",
            "cuts": 3,
            "sentence": POINT.sentence(),
            "command": "tfjs-workflow verify /keep/model",
        },
        "max_abs": 1.25e-3,
        "top1": 0.5,
    }
    assert found["accuracy"] == {"source": 0.9, "result": 0.85}
    assert Evidence.from_json(found).runs == RUNS
    assert [list(level) for level in found["levels"]] == [
        ["level", "status", "findings", "subjects", "why", "remarks", "facts", "seconds"]
    ] * 4
    assert set(found) - set(kept) == {"levels", "runs", "attribution", "runtime", "outputs", "accuracy"}


def test_what_was_not_located_is_said_to_programs_too(capsys: pytest.CaptureFixture[str]) -> None:
    for answer, wanted in ((None, None), (NotRun("no cut differs", ""), {"not_located": "no cut differs"})):
        verify_screens.print_json(CASE, Evidence(()), answer)
        assert json.loads(capsys.readouterr().out)["located"] == wanted


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    path = tmp_path / "all.yml"
    path.write_text(
        "name: all\nsteps:\n"
        "  - python_to_js: {input: a.h5, output: out/web}\n"
        "  - shard: {input: out/web, output: out/sharded, shard_size: 1MB}\n"
        "  - graph: {input: a.h5, output: out/graph}\n"
        "  - quantize: {input: out/web, output: out/small, dtype: uint8}\n"
    )
    return load(path, check_files=False)


def outcomes(recipe: Recipe) -> list[Outcome]:
    first, second, third, fourth = planning.plan(recipe, Selection(), environment="")
    check: dict[str, Any] = {"runs": RUNS_JSON}
    job = JobUsage("convert", 1.0, {"before": 1, "peak": 990_500_000, "now": 2})
    done = Outcome(
        first, "done", 10.34, 17_300_000, 17_100_000, {"check": check, "degraded": "seeded weights"}, jobs=(job,)
    )
    same = Outcome(
        second.replaced(runs=False, reasons=("all is as before",)), "up to date", facts={"check": {"not_run": "off"}}
    )
    failed = Outcome(third, "failed", 2.0, error=OutputsError("web: outputs: probs differs", hint="look at it"))
    return [done, same, failed, Outcome(fourth.replaced(reasons=("graph has failed",)), "not run")]


def test_a_run_reads_so_line_by_line_and_at_its_end(recipe: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    found = outcomes(recipe)
    screen = screens.PlainScreen(recipe)
    screen.planned([each.task for each in found])
    for each in found:
        if each.status in ("done", "failed"):
            screen.began(each.task)
        screen.ended(each)
    screen.finished(found, {"seconds": 54.1})
    printed = capsys.readouterr()
    assert told(printed.err) == golden("run_lines")
    assert told(printed.out) == golden("run_summary")


def test_a_quiet_run_shows_its_failure_alone(recipe: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    screen = screens.QuietScreen()
    found = outcomes(recipe)
    screen.planned([each.task for each in found])
    for each in found:
        screen.began(each.task)
        screen.ended(each)
    screen.finished(found, {"seconds": 1.0})
    printed = capsys.readouterr()
    assert printed.err == "error: web: outputs: probs differs\nwhat to do: look at it\n"
    assert printed.out == ""


def test_a_run_for_programs_is_its_record(capsys: pytest.CaptureFixture[str]) -> None:
    screens.JsonScreen().finished([], {"name": "all", "steps": []})
    assert json.loads(capsys.readouterr().out) == {"name": "all", "steps": []}


def test_the_screen_is_the_one_that_was_asked_for(recipe: Recipe) -> None:
    asked = [(False, True), (True, True), (True, False), (False, False)]
    kinds = [type(screens.watcher_for(recipe, quiet=quiet, as_json=as_json)) for quiet, as_json in asked]
    assert kinds == [screens.JsonScreen, screens.JsonScreen, screens.QuietScreen, screens.PlainScreen]


PATTERN: dict[str, Any] = {
    "glob": "conv*",
    "dtype": "uint8",
    "quantized": ["a", "b"],
    "bytes_before": 4000,
    "bytes_after": 1000,
    "left": {"is too small": ["c"], "is constant": ["d", "e"]},
}


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        ({}, []),
        (
            {"quantization": {"globs": [PATTERN]}},
            ["quantize_uint8 'conv*': 2 weights, 4.0 kB -> 1.0 kB; 1 not: c is too small; 2 not: each is constant"],
        ),
        (
            {"quantization": {"globs": [], "goal": {"max_error": 0.01}, "errors": {"a": 0.002, "b": 0.004}}},
            [
                "quantized to an error of at most 0.01 in each weight; "  # noqa: ISC004  one line of two
                "the largest error of any weight is 0.004 (root mean square, relative to its values)",
            ],
        ),
        (
            {"quantization": {"globs": [], "goal": {"max_bytes": 2000.0}}},
            ["quantized to at most 2.0 kB of weights; no weight can be made smaller so"],
        ),
    ],
)
def test_what_was_quantized_is_said(facts: dict[str, Any], lines: list[str]) -> None:
    assert quantization_lines(facts) == lines


def test_beyond_four_patterns_the_rest_is_counted() -> None:
    lines = quantization_lines({"quantization": {"globs": [PATTERN] * 6}})
    assert lines[4:] == ["... and 2 patterns more, in the record beside the result"]


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        ({}, []),
        ({"declined": "x is a GRU", "engine": "reference"}, ["by the reference converter, because x is a GRU"]),
        (
            {"declined": "x is a GRU", "engine": "worker", "said": ["and"]},
            ["as a graph model, because x is a GRU", "and"],
        ),
    ],
)
def test_another_way_is_said_with_its_reason(facts: dict[str, Any], lines: list[str]) -> None:
    assert detour_lines(facts) == lines


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ({}, ""),
        ({"not_run": "it is off"}, "not run: it is off"),
        ({"runs": [RUNS_JSON[0] | {"accuracy": None, "outputs": [output(max_abs=0.0)]}]}, "python: max difference 0"),
        ({"runs": WITHOUT_ACCURACY}, "python node: max difference 0.0013, top-1 agrees 50.0%"),
    ],
)
def test_a_check_in_a_few_words(check: dict[str, Any], words: str) -> None:
    assert summaries.check_text({"check": check}) == words
