"""From what a run wrote into its journal to the typed record that reports are made from."""

from __future__ import annotations

import json
import math
import os
import platform
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import wording
from workflow.report import conclusions
from workflow.report.journal_run import JournalRun, JournalStep
from workflow.report.record import (
    ArtifactSizes,
    Failure,
    Host,
    Level,
    LoadMeasurement,
    OutputDifference,
    PlaceRun,
    RunRecord,
    StepRecord,
)
from workflow.verification.evidence import Attribution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.verification.evidence import Evidence, LevelReport, OutputFigures, PlaceReport
    from workflow.verification.measures import Measures

Json = dict[str, Any]

_LATEST_FIRST = ("python", "tensorflow", "keras", "tensorflowjs", "numpy")
_QUANTIZING = ("--quantize_", "--quantization_bytes")
_DECLARED = {"layers-model": "tfjs_layers_model", "graph-model": "tfjs_graph_model"}
_BY_SUFFIX = {".h5": "keras", ".hdf5": "keras", ".keras": "keras_keras", ".pb": "tf_frozen_model"}
_BY_KIND: Mapping[str, str] = {
    "python_to_js": "tfjs_layers_model",
    "shard": "tfjs_layers_model",
    "quantize": "tfjs_layers_model",
    "graph": "tfjs_graph_model",
}


def read_run(run: Json, *, measures: Measures | None = None) -> RunRecord:
    """Return the record of a run of the journal, with what was measured of its artifacts.

    No text in it acts on what shows it. Tolerates what older or shorter runs lack; raises ``MalformedError`` for what
    is no run.
    """
    run = wording.everywhere(run, _harmless)
    told = JournalRun.from_json(run)
    steps = tuple(_step(step, told.recipe, measures) for step in told.steps)
    loads = tuple(LoadMeasurement(**vars(load)) for load in measures.loads) if measures else ()
    verdict, summary = conclusions.of_run(steps)
    host = _host()
    path = Path(told.recipe)
    return RunRecord(
        recipe=told.name,
        path=_shown(path),
        started=_moment(told.started),
        seconds=told.seconds,
        tool=told.tool,
        command=f"tfjs-workflow convert {shlex.quote(_shown(path))} --force",
        verdict=verdict,
        summary=summary,
        host=host,
        environment=dict(run.get("environment") or {}),
        versions=_versions(told, steps),
        steps=steps,
        loads=loads,
        answers=tuple(conclusions.answers(steps, loads, processors=host.processors)),
    )


def _harmless(text: str) -> str:
    return wording.block(wording.scrubbed(text))


def artifacts(run: Json) -> dict[str, Path]:
    """Return the artifacts that a run made or found good and that are there now, by the names of their steps."""
    good = [step for step in JournalRun.from_json(run).steps if step.status in ("done", "up to date")]
    found = {step.step: Path(step.output) for step in good}
    return {name: path for name, path in found.items() if _is_there(path)}


def layers_step(run: Json) -> str | None:
    """Return the step that stands for the model as such: the first with a TensorFlow.js artifact, not quantized."""
    for step in JournalRun.from_json(run).steps:
        if format_of(step).startswith("tfjs_") and not is_quantized(step):
            return step.step
    return None


def format_of(step: JournalStep) -> str:
    """Return the format of a step's artifact: as recorded, as commanded, as it lies there, as its kind makes it."""
    if step.formats is not None:
        return step.formats.to
    for word in _words(step.facts.command):
        if word.startswith("--output_format="):
            return word.partition("=")[2]
    output = Path(step.output)
    return _lying_there(output) or _BY_SUFFIX.get(output.suffix, "") or _BY_KIND.get(step.kind, "")


def is_quantized(step: JournalStep) -> bool:
    """Tell whether the artifact stores weights in fewer bits than its source."""
    commanded = any(option in step.facts.command for option in _QUANTIZING)
    return step.kind == "quantize" or commanded or bool(step.facts.quantization)


def shown_path(output: str, recipe: str) -> str:
    """Return a path as the recipe has it, relative to the folder that its paths count from."""
    folder = Path(recipe).parent
    base = folder.parent if folder.name == "recipes" else folder
    path = Path(output)
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation mark without its other half: no command of ours
        return []


def _is_there(path: Path) -> bool:
    """Whether something stands at a path, which may be one that no file system has."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _lying_there(output: Path) -> str:
    try:
        document = json.loads((output / "model.json").read_bytes())
        return _DECLARED.get(document.get("format"), "")
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return ""


def _step(step: JournalStep, recipe: str, measures: Measures | None) -> StepRecord:
    facts, check = step.facts, step.facts.check
    runs = tuple(places_of(check))
    sizes = measures.sizes.get(step.step) if measures else None
    record = StepRecord(
        step=step.step,
        kind=step.kind,
        output=shown_path(step.output, recipe),
        format=format_of(step),
        status=step.status,
        verdict="incomplete",
        seconds=facts.seconds or step.seconds,
        reasons=step.reasons,
        command=facts.command,
        engine=facts.engine,
        quantized=is_quantized(step),
        degraded=facts.degraded,
        bytes=step.bytes.after,
        warnings=(*(check.warnings or ()), *facts.notes),
        levels=tuple(map(level_of, check.levels)),
        runs=runs,
        attribution=attribution_of(check, runs),
        sizes=ArtifactSizes(**vars(sizes)) if sizes else None,
        failure=None if step.error is None else Failure(**step.error.as_dict()),
    )
    return record.replaced(verdict=conclusions.of_step(record))


def level_of(level: LevelReport) -> Level:
    """Return a level as a report shows it: why it ended so is one of its remarks."""
    findings = tuple(finding.text for finding in level.findings)
    remarks = (*level.remarks, *([level.why] if level.why else ()))
    return Level(level.level, level.status, findings, remarks, _number(level.seconds))


def places_of(check: Evidence) -> Iterator[PlaceRun]:
    """Yield every place where a result was run, or was meant to run; Python, where nothing was run at all."""
    yield from map(_place_run, check.runs)
    if check.not_run and not check.runs:
        yield PlaceRun(runtime="python", status="not run", why=check.not_run)


def _place_run(run: PlaceReport) -> PlaceRun:
    return PlaceRun(
        runtime=run.runtime,
        backend=run.backend,
        status=run.status,
        why=run.why,
        remedy=run.remedy,
        outputs=tuple(map(_output, run.outputs or ())),
        accuracy=run.accuracy,
        timing=run.timings,
        samples=run.samples,
        load_average=_number(run.load_average),
        versions={key: str(value) for key, value in run.versions.items()},
        notes=tuple(_notes(run.facts)),
    )


def _output(output: OutputFigures) -> OutputDifference:
    same = ("max_abs", "mean_abs", "p99", "cosine", "top1", "top5", "bound", "spread")
    return OutputDifference(
        name=output.name,
        relative=_relative(output),
        finite=output.finite.result,
        histogram=output.histogram,
        worst=output.worst,
        **{key: _number(getattr(output, key)) for key in same},
    )


def _relative(output: OutputFigures) -> float | None:
    """Return the largest difference in units of the range, which the first versions did not write."""
    span, largest = _number(output.reference.max - output.reference.min), _number(output.max_abs)
    if output.relative is not None or not span or largest is None:
        return _number(output.relative)
    return largest / span


def _number(value: float | None) -> float | None:
    """JSON has no NaN or infinity; they are unknown in reports, and ``finite`` tells of them."""
    return None if value is None or not math.isfinite(value) else float(value)


def _notes(facts: Mapping[str, Any]) -> Iterator[str]:
    for key, value in facts.items():
        if isinstance(value, (str, bool, int, float, list)) and value:
            told = ", ".join(map(str, value)) if isinstance(value, list) else "yes" if value is True else str(value)
            yield f"{key.replace('_', ' ')}: {told}"


def attribution_of(check: Evidence, runs: Sequence[PlaceRun]) -> Attribution | None:
    """Return where the error comes from, as the check says or as the runs tell.

    From the runs: reloading the result in Python shows what storing the weights did; what another place is further off
    is at least the error of that place.
    """
    if check.attribution is not None:
        return check.attribution
    stored = next((run.max_abs for run in runs if run.runtime == "python"), None)
    elsewhere = [(run.max_abs, run.place) for run in runs if run.runtime != "python" and run.max_abs is not None]
    if stored is None or not elsewhere:
        return None
    total, place = max(elsewhere)
    return Attribution(quantization=stored, runtime=abs(total - stored), place=place)


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}" if path.parent.name == "recipes" else path.name


def _moment(stamp: str) -> str:
    """Write ``20261122T223835`` as ISO 8601; other texts stay."""
    if len(stamp) != len("20261122T223835") or not stamp.replace("T", "").isdigit():
        return stamp
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:{stamp[11:13]}:{stamp[13:]}Z"


def _host() -> Host:
    python = platform.python_version()
    return Host(f"{platform.system()} {platform.machine()}", processors=os.cpu_count() or 1, python=python)


def _versions(run: JournalRun, steps: Sequence[StepRecord]) -> dict[str, str]:
    found: dict[str, str] = {}
    for step in run.steps:
        found |= {key: str(value) for key, value in (step.facts.check.versions or {}).items()}
    for place_run in (each for step in steps for each in step.runs):
        found |= place_run.versions
    found = _together(found)
    ordered = [key for key in _LATEST_FIRST if key in found] + sorted(found.keys() - set(_LATEST_FIRST))
    return {"tfjs-workflow": run.tool, **{key: found[key] for key in ordered}}


def _together(versions: dict[str, str]) -> dict[str, str]:
    """Write the packages of TensorFlow.js as one when their versions are."""
    parts = {key: value for key, value in versions.items() if key.startswith("tfjs-")}
    if not parts or len(set(parts.values())) != 1:
        return versions
    rest = {key: value for key, value in versions.items() if key not in parts}
    return {**rest, "TensorFlow.js": next(iter(parts.values()))}
