"""Reads ``facts.check`` of a step: the levels of its verification and the places where its result was run.

Two shapes are read. The full one has ``levels`` and ``runs``; a check that ran in Python alone has the numbers of that
one run at its top. Whatever is absent stays unknown; nothing is taken as passed because it is not there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from workflow.report.record import (
    Accuracy,
    Attribution,
    Histogram,
    Level,
    LevelStatus,
    OutputDifference,
    PlaceRun,
    Status,
    Timing,
    WorstElement,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Facts = dict[str, Any]

_STATUS: Mapping[object, Status] = {
    True: "passed",
    False: "failed",
    "passed": "passed",
    "ok": "passed",
    "failed": "failed",
    "not run": "not run",
    "not_run": "not run",
    "skipped": "not run",
}


def read_levels(check: Facts) -> list[Level]:
    """Return the levels that a check went through, in its own order."""
    levels = check.get("levels") or {}
    entries = levels.items() if isinstance(levels, dict) else ((_name_of(each), each) for each in levels)
    return [_level(str(name), entry) for name, entry in entries]


def read_runs(check: Facts) -> list[PlaceRun]:
    """Return every place where the result was run, or was meant to run."""
    runs = next((check[key] for key in ("runs", "runtimes", "results") if isinstance(check.get(key), list)), None)
    if runs:
        return [_run(dict(run)) for run in runs if isinstance(run, dict)]
    if check.get("not_run"):
        return [_run({"runtime": "python", "not_run": check["not_run"]})]
    return [_run(check)] if check.get("outputs") else []


def read_attribution(check: Facts, runs: list[PlaceRun]) -> Attribution | None:
    """Return where the error comes from, as the check says or as the runs tell.

    From the runs: reloading the result in Python shows what storing the weights did; what another place is further off
    is at least the error of that place.
    """
    given = check.get("attribution")
    if isinstance(given, dict) and {"quantization", "runtime"} <= given.keys():
        place = str(given.get("place", ""))
        return Attribution(quantization=float(given["quantization"]), runtime=float(given["runtime"]), place=place)
    stored = next((run.max_abs for run in runs if run.runtime == "python"), None)
    elsewhere = [(run.max_abs, run.place) for run in runs if run.runtime != "python" and run.max_abs is not None]
    if stored is None or not elsewhere:
        return None
    total, place = max(elsewhere)
    return Attribution(quantization=stored, runtime=abs(total - stored), place=place)


def _name_of(entry: Any) -> str:
    return str(entry.get("level") or entry.get("name") or "") if isinstance(entry, dict) else str(entry)


def _level(name: str, entry: Any) -> Level:
    if not isinstance(entry, dict):
        return Level(name=name, status=_level_status(entry))
    findings: Any = next((entry[key] for key in ("findings", "problems", "errors") if entry.get(key)), [])
    remarks = [*(entry.get("remarks") or ()), *([entry["why"]] if entry.get("why") else ())]
    return Level(
        name=name,
        status=_level_status(next((entry[key] for key in ("status", "passed", "ok") if key in entry), None)),
        findings=[_sentence(each) for each in ([findings] if isinstance(findings, str) else findings)],
        remarks=[_sentence(remark) for remark in remarks],
        seconds=_number(entry.get("seconds")),
    )


def _level_status(value: object) -> LevelStatus:
    if value == "no proof":
        return "no proof"
    return "not applicable" if value == "not applicable" else _STATUS.get(value, "not run")


def _sentence(finding: Any) -> str:
    """Write a finding as text: it is one, or an object with a text and where to look."""
    if not isinstance(finding, dict):
        return str(finding)
    return " ".join(str(finding[key]) for key in ("text", "message", "look") if finding.get(key))


def _run(run: Facts) -> PlaceRun:
    facts = dict(run.get("facts") or {})
    outputs = [_output(dict(output)) for output in run.get("outputs") or [] if isinstance(output, dict)]
    why, remedy = _why(run)
    return PlaceRun(
        runtime=str(run.get("runtime", "python")),
        backend=_text_or_none(run.get("backend")),
        status=_run_status(run, outputs),
        why=why,
        remedy=remedy,
        outputs=outputs,
        accuracy=_accuracy(run.get("accuracy")),
        timing=_timing(dict(run.get("timings") or run.get("timing") or {})),
        samples=run.get("samples"),
        load_average=_number(run.get("load_average")),
        versions={str(key): str(value) for key, value in (run.get("versions") or facts.get("versions") or {}).items()},
        notes=_notes(run, facts),
    )


def _run_status(run: Facts, outputs: list[OutputDifference]) -> Status:
    if run.get("not_run"):
        return "not run"
    given = next((run[key] for key in ("status", "passed", "ok") if key in run), None)
    if given in _STATUS:
        return _STATUS[given]
    beyond = any(each.bound is not None and not (each.max_abs or 0.0) <= each.bound for each in outputs)
    failed = bool(run.get("failure") or run.get("error")) or beyond or not all(each.finite for each in outputs)
    return "failed" if failed else "passed" if outputs else "not run"


def _why(run: Facts) -> tuple[str, str]:
    reason = run.get("not_run") or run.get("failure") or run.get("error") or run.get("why") or ""
    if isinstance(reason, dict):
        why = reason.get("why") or reason.get("message") or ""
        return str(why), str(reason.get("remedy") or reason.get("hint") or "")
    return str(reason), str(run.get("remedy") or "")


def _notes(run: Facts, facts: Facts) -> list[str]:
    notes = list(run.get("notes") or facts.get("notes") or ())
    return [str(note) for note in notes] + [
        f"{key.replace('_', ' ')}: {_plain(value)}"
        for key, value in facts.items()
        if key not in ("versions", "notes") and isinstance(value, (str, bool, int, float, list, tuple)) and value
    ]


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "yes" if value is True else str(value)


def _output(output: Facts) -> OutputDifference:
    reference = output.get("reference") or {}
    finite = output.get("finite", True)
    return OutputDifference(
        name=str(output.get("name", "")),
        max_abs=_number(output.get("max_abs")),
        mean_abs=_number(output.get("mean_abs")),
        p99=_number(output.get("p99")),
        relative=_relative(output, reference),
        cosine=_number(output.get("cosine")),
        top1=_number(output.get("top1")),
        top5=_number(output.get("top5")),
        finite=bool(finite.get("result", True)) if isinstance(finite, dict) else bool(finite),
        bound=_first_number(output, ("bound", "tolerance", "allowed")),
        spread=_number(output.get("spread")),
        histogram=_histogram(output.get("histogram")),
        worst=[found for each in output.get("worst") or [] if (found := _worst(each)) is not None],
    )


def _relative(output: Facts, reference: Facts) -> float | None:
    given = _first_number(output, ("relative", "max_relative", "relative_to_range"))
    low, high, largest = (
        _number(value) for value in (reference.get("min"), reference.get("max"), output.get("max_abs"))
    )
    if given is not None or low is None or high is None or largest is None or high <= low:
        return given
    return largest / (high - low)


def _histogram(value: Any) -> Histogram | None:
    try:
        return Histogram.model_validate(value)
    except ValidationError:  # as with all that a check says: what is not a figure is not known
        return None


def _worst(value: Any) -> WorstElement | None:
    try:
        return WorstElement.model_validate(value)
    except ValidationError:
        return None


def _accuracy(value: Any) -> Accuracy | None:
    if not isinstance(value, dict) or not {"source", "result"} <= value.keys():
        return None
    return Accuracy(source=float(value["source"]), result=float(value["result"]))


def _timing(value: Facts) -> Timing:
    count = value.get("count")
    known = {key: _number(value.get(key)) for key in ("load_ms", "first_ms", "median_ms", "spread_ms")}
    return Timing(**known, count=count if isinstance(count, int) else None)


def _first_number(values: Facts, keys: Iterable[str]) -> float | None:
    return next((number for key in keys if (number := _number(values.get(key))) is not None), None)


def _number(value: Any) -> float | None:
    """JSON has no NaN or infinity; they are unknown here, and ``finite`` tells of them."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
