"""Runs that have all that a run can have, and what each form of a report makes of them; charts; two runs compared."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from rich.console import Console

from tests.unit.report.runs import full_check, full_run, output, place, python_check, run_of, step
from workflow.report import comparing, conclusions, drawing, forms, html, report_tables, run_reading
from workflow.report.drawing import Dots, NamedPoint, Strip
from workflow.report.record import Host, RunRecord
from workflow.verification.measures import Measures
from workflow.verification.measures.artifact_sizes import Sizes
from workflow.verification.measures.sweep import LoadTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Json = dict[str, Any]

FILE = "reports.json"
_HOST = Host("Linux x86_64", processors=2, python="3.12.1")
_FAILURE = {
    "message": "it stopped",
    "hint": "try *again*",
    "details": "line 1\nline 2",
    "log": "/a.log",
    "exit_code": 31,
}
_LINKS = ("home: 50 Mbit/s", "far away: 100 Mbit/s", "host gives each connection 8 Mbit/s")


def all_reports(_folder: Path) -> Json:
    """Return every form of every run, by the run's name."""
    records = {name: _record(*made()) for name, made in _RUNS.items()}
    pairs = (("whole", "other"), ("other", "whole"), ("whole", "mixed"), ("mixed", "whole"), ("noisy", "whole"))
    return {
        **{name: _forms(record) for name, record in records.items()},
        "pages": {name: _page(records[name]) for name in ("whole", "mixed", "empty")},
        "compared": {f"{a} {b}": _compared(records[a], records[b]) for a, b in pairs},
        "charts": {name: _tags(draw()) for name, draw in _CHARTS.items()},
    }


def _record(run: Json, measures: Measures | None) -> RunRecord:
    """Return the record as it is on one machine, wherever this runs."""
    found = run_reading.read_run(run, measures=measures)
    answers = conclusions.answers(found.steps, found.loads, processors=_HOST.processors)
    return found.replaced(host=_HOST, answers=tuple(answers))


def _forms(record: RunRecord) -> Json:
    return {
        "record": record.as_json(),
        "markdown": forms.markdown_text(record).splitlines(),
        "junit": forms.junit_text(record).splitlines(),
        "screen": _screen(record),
        "narrow screen": _screen(record, width=60),
        "in colour": _screen(record, force_terminal=True, color_system="standard"),
        "shortfalls": conclusions.shortfalls(record.steps),
        "worst": [[each.step, each.place, each.output] for each in report_tables.worst_elements(record)],
    }


def _page(record: RunRecord) -> list[str]:
    page = html.render(record)
    for name in ("report.css", "report.js"):
        page = page.replace((html._TEMPLATES / name).read_text(encoding="utf-8"), name)
    embedded = html.embedded_json(page)
    assert embedded is not None
    assert json.loads(embedded) == record.as_json()
    return _tags(page.replace(embedded, "the record"))


def _screen(record: RunRecord, *, width: int = 150, **terminal: Any) -> list[str]:
    screen = Console(file=io.StringIO(), width=width, highlight=False, **terminal)
    forms.print_report(record, screen)
    assert isinstance(screen.file, io.StringIO)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def _compared(before: RunRecord, after: RunRecord) -> list[str]:
    return [" | ".join(vars(each).values()) for each in comparing.compare(before, after)]


def _tags(page: str) -> list[str]:
    """Return a page with one element in a line."""
    return [line.strip() for line in page.replace("><", ">\n<").splitlines() if line.strip()]


def _times(artifact: str, layouts: Mapping[str, tuple[float | None, ...]]) -> list[LoadTime]:
    return [
        LoadTime(artifact, layout, link, 2 + number, 1000 * (number + 1), seconds)
        for number, (layout, times) in enumerate(layouts.items())
        for link, seconds in zip(_LINKS, times, strict=True)
    ]


def _whole() -> tuple[Json, Measures]:
    """Every conversion that was run everywhere, with its sizes and load times."""
    sizes = {
        "python_to_js": Sizes(2, 4_000_000, 3_700_000, 3_600_000),
        "quantize": Sizes(2, 1_010_000, 700_000, 650_000),
        "graph": Sizes(3, 3_900_000, 3_600_000, 3_500_000),
    }
    made = {"as made": (None, 1.5, 3.9), "1 file": (0.8, 1.2, 3.9), "1 MB": (0.8, 1.5, 1.0), "100 kB": (1.1, None, 0.7)}
    loads = [*_times("quantize", {"as made": (0.3, 0.9, 1.1)}), *_times("python_to_js", made)]
    run = full_run()
    run["steps"].insert(0, step("model", "model", {}, output="/home/user/project/data/in", facts={}))
    return run, Measures(sizes, tuple(loads))


def _other() -> tuple[Json, None]:
    """The same with other figures: slower, less exact, larger, and one place less."""
    check = full_check(3e-6, median=2.6)
    check["runs"].pop()
    steps = (
        step("python_to_js", "python_to_js", check, seconds=2.5, bytes={"after": 1800}, facts={"check": check}),
        step("js_to_python", "js_to_python", python_check(1e-7) | {"accuracy": {"source": 0.99, "result": 0.99}}),
        step("graph", "graph", full_check(2e-6, median=1.0), to="tfjs_graph_model"),
        step("shard", "shard", full_check(), to="tfjs_layers_model"),
    )
    return run_of(*steps, started="yesterday", environment={}), None


def _noisy() -> tuple[Json, None]:
    """A busy machine, times within noise and just beyond, a timer too coarse, one speed in all places."""
    check = full_check(median=0.9)
    check["runs"][1] |= {"load_average": 7.25, "timings": {"median_ms": 2.5}}
    slow = full_check(2.02e-6, median=2.5)
    steps = (
        step("python_to_js", "python_to_js", check, seconds=1.5, facts={"check": check, "seconds": 1.5}),
        step("graph", "graph", slow, to="tfjs_graph_model"),
    )
    return run_of(*steps, recipe="/somewhere/else.yml"), None


def _mixed() -> tuple[Json, Measures]:
    """Steps that failed, were not run, were not verified, or not everywhere, and odd names and figures."""
    lost = full_check()
    lost["runs"][1] = place("node", "wasm", 1.6, status="failed", why="digit differs")
    lost["runs"][2] = {
        "runtime": "browser",
        "backend": "webgl",
        "status": "not run",
        "why": "no browser",
        "remedy": "r",
    }
    lost["runs"].append(
        {"runtime": "browser", "backend": "wasm", "status": "not run", "why": "no browser", "remedy": "r"}
    )
    findings = [f"weight {number} is off" for number in range(8)]
    told = {
        "levels": [
            {"level": "structure", "status": "passed", "remarks": ["renamed"], "seconds": 0.25},
            {"level": "weights", "status": "failed", "findings": findings, "remarks": ["all of them"], "seconds": 1},
            {"level": "contract", "status": "not applicable", "why": "no names"},
            {"level": "outputs", "status": "not run", "why": "weights failed"},
        ]
    }
    unproven = full_check()
    unproven["levels"][-1] = {"level": "outputs", "status": "no proof", "why": "it answers alike"}
    odd = output(float("nan"), name="nan_out", finite={"source": True, "result": False}, top1=0.25, top5=0.5)
    second = output(
        0.5,
        name="b",
        top1=0.75,
        relative=0.125,
        worst=[{"index": [], "expected": "nan", "actual": 1, "difference": "inf"}],
    )
    unfinite = full_check()
    unfinite["runs"][1] |= {"outputs": [odd, second], "status": "failed", "why": "", "accuracy": None}
    unfinite["runs"][2] |= {"facts": {"one_thing": True, "other": 3, "none": 0, "list": ["a", 2], "map": {"a": 1}}}
    unfinite["attribution"] = {"quantization": 0.25, "runtime": 1e-7, "place": "node wasm"}
    shown = {"output": "/home/user/project/data/in", "facts": {}, "bytes": {}}
    steps = (
        {**step("model", "model", {}), **shown, "status": "up to date"},
        step(
            "lost",
            "shard",
            lost,
            facts={"check": lost, "degraded": "no engine", "notes": ["a note"], "quantization": [1]},
        ),
        step("told", "python_to_js", told, status="failed", error=_FAILURE),
        step("plain failure", "python_to_js", {}, status="failed", error={**_FAILURE, "hint": "", "details": ""}),
        step("unproven", "quantize", unproven),
        step("un|finite", "graph", unfinite, to="tfjs_graph_model", output="/elsewhere/web"),
        step("waiting", "shard", {}, status="not run", reasons=["told failed", "so did others"]),
        step("silent", "shard", {}, status="not run", reasons=[]),
        step("nothing", "js_to_python", {"not_run": "no Python", "warnings": ["beware"]}, to="keras"),
    )
    sizes = {"un|finite": Sizes(1, 900, 800, 700), "unproven": Sizes(1, 100, 90, 80)}
    loads = _times("lost", {"as made": (1.0, 2.0, 3.0), "1 file": (1.0, 2.0, 3.0), "1 MB": (1.2, 2.2, 3.3)})
    return run_of(*steps, name="a *mixed* run", environment={"manager": "mamba"}), Measures(sizes, tuple(loads))


_RUNS: dict[str, Callable[[], tuple[Json, Measures | None]]] = {
    "whole": _whole,
    "other": _other,
    "noisy": _noisy,
    "mixed": _mixed,
    "empty": lambda: (run_of(), None),
    "not compared": lambda: (run_of(step("web", "shard", python_check()), step("web2", "shard", python_check())), None),
}


def _dots(rows: tuple[str, ...], series: dict[str, list[float | None]]) -> str:
    return drawing.draw_dots('dots & "dots"', Dots(rows, series, lambda value: f"{value:g} s"))


def _spots(*points: NamedPoint) -> str:
    labels: Any = (lambda value: f"{value:.0f} B", "size", "error")
    return drawing.draw_spots("spots", points, labels=labels)


def _strips(*strips: Strip) -> str:
    return drawing.draw_strips("strips", strips, x_title="difference")


_LONG = "a name that is longer than the 28 letters shown"
_CHARTS: dict[str, Callable[[], str]] = {
    "dots: none": lambda: _dots((), {}),
    "dots: no values": lambda: _dots(("a", "b"), {"one": [None, 0.0]}),
    "dots: one": lambda: _dots(("a",), {"one": [3.0]}),
    "dots: series and shapes": lambda: _dots(
        ("first\nrow", "@wide 模型", _LONG), {f"series <{n}>": [n + 1.0, 10.0**n, None] for n in range(7)}
    ),
    "spots: none": _spots,
    "spots: one without error": lambda: _spots(NamedPoint("exact", 1000.0, 0.0, 0)),
    "spots: near each other": lambda: _spots(
        NamedPoint("far", 1000.0, 1e-3, 0),
        *(NamedPoint(f"number {n}", 5000.0 + 10 * n, 1.1e-6, n) for n in range(6)),
        NamedPoint(_LONG, 2700.0, 2e-9, 3),
        NamedPoint("beside", 2620.0, 2.1e-9, 3),
        NamedPoint("above", 2700.0, 9e-9, 3),
    ),
    "spots: many decades": lambda: _spots(NamedPoint("a", 1.0, 1e-12, 0), NamedPoint("b", 70_000.0, 10.0, 1)),
    "strips: none": _strips,
    "strips: zeros alone": lambda: _strips(Strip("exact", 12_000, -8, ())),
    "strips: several": lambda: _strips(
        Strip("one", 10, -8, (3, 0, 4)), Strip("two & more", 0, -3, (1, 2, 3000)), Strip(_LONG, 0, -9, ())
    ),
}
