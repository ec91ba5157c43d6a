"""From what a run wrote into its journal to the typed record that reports are made from."""

from __future__ import annotations

import os
import platform
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base import wording
from workflow.report import answers, verdicts
from workflow.report import artifacts as artifacts_of
from workflow.report.checks import read_attribution, read_levels, read_runs
from workflow.report.record import ArtifactSizes, Failure, Host, LoadMeasurement, RunRecord, StepRecord

if TYPE_CHECKING:
    from workflow.verification.measures import Measures

Facts = dict[str, Any]

_LATEST_FIRST = ("python", "tensorflow", "keras", "tensorflowjs", "numpy")


def read_run(run: Facts, *, measures: Measures | None = None) -> RunRecord:
    """Return the record of a run of the journal, with what was measured of its artifacts.

    No text in it acts on what shows it. Tolerates what older or shorter runs lack; ``run`` is one that
    ``journal.fault`` finds nothing wrong with.
    """
    run = wording.everywhere(run, _harmless)
    steps = [_step(step, str(run["recipe"]), measures) for step in run["steps"]]
    loads = [LoadMeasurement(**vars(load)) for load in measures.loads] if measures else []
    verdict, summary = verdicts.of_run(steps)
    host = _host(run)
    path = Path(str(run["recipe"]))
    return RunRecord(
        recipe=str(run["name"]),
        path=_shown(path),
        started=_moment(str(run["started"])),
        seconds=float(run["seconds"]),
        tool=str(run.get("tool", "")),
        command=f"tfjs-workflow convert {shlex.quote(_shown(path))} --force",
        verdict=verdict,
        summary=summary,
        host=host,
        environment=dict(run.get("environment") or {}),
        versions=_versions(run, steps),
        steps=steps,
        loads=loads,
        answers=answers.answers(steps, loads, processors=host.processors),
    )


def _harmless(text: str) -> str:
    return wording.block(wording.scrubbed(text))


def artifacts(run: Facts) -> dict[str, Path]:
    """Return the artifacts that a run made or found good and that are there now, by the names of their steps."""
    good = [step for step in run["steps"] if step["status"] in ("done", "up to date")]
    found = {str(step["step"]): Path(str(step["output"])) for step in good}
    return {name: path for name, path in found.items() if artifacts_of.is_there(path)}


def layers_step(run: Facts) -> str | None:
    """Return the step that stands for the model as such: the first with a TensorFlow.js artifact, not quantized."""
    for step in run["steps"]:
        if artifacts_of.format_of(step).startswith("tfjs_") and not artifacts_of.is_quantized(step):
            return str(step["step"])
    return None


def _step(step: Facts, recipe: str, measures: Measures | None) -> StepRecord:
    facts = dict(step.get("facts") or {})
    check = dict(facts.get("check") or {})
    runs = read_runs(check)
    sizes = measures.sizes.get(str(step["step"])) if measures else None
    record = StepRecord(
        step=str(step["step"]),
        kind=str(step["kind"]),
        output=artifacts_of.shown_path(str(step["output"]), recipe),
        format=artifacts_of.format_of(step),
        status=str(step["status"]),
        verdict="incomplete",
        seconds=float(facts.get("seconds") or step.get("seconds") or 0.0),
        reasons=[str(reason) for reason in step.get("reasons") or ()],
        command=artifacts_of.command_of(step),
        engine=str(facts.get("engine", "")),
        quantized=artifacts_of.is_quantized(step),
        degraded=str(facts.get("degraded") or ""),
        bytes=int((step.get("bytes") or {}).get("after") or 0),
        warnings=[str(text) for text in (*(check.get("warnings") or ()), *(facts.get("notes") or ()))],
        levels=read_levels(check),
        runs=runs,
        attribution=read_attribution(check, runs),
        sizes=ArtifactSizes(**vars(sizes)) if sizes else None,
        failure=_failure(step.get("error")),
    )
    return record.model_copy(update={"verdict": verdicts.of_step(record)})


def _failure(error: Facts | None) -> Failure | None:
    if not error:
        return None
    texts = {key: str(error.get(key) or "") for key in ("message", "hint", "details", "log")}
    return Failure(**texts, exit_code=int(error.get("exit_code") or 1))


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}" if path.parent.name == "recipes" else path.name


def _moment(stamp: str) -> str:
    """Write ``20261122T223835`` as ISO 8601; other texts stay."""
    if len(stamp) != len("20261122T223835") or not stamp.replace("T", "").isdigit():
        return stamp
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:{stamp[11:13]}:{stamp[13:]}Z"


def _host(run: Facts) -> Host:
    given = dict(run.get("host") or {})
    return Host(
        system=str(given.get("system") or f"{platform.system()} {platform.machine()}"),
        processors=int(given.get("processors") or os.cpu_count() or 1),
        python=str(given.get("python") or platform.python_version()),
        load_average=given.get("load_average"),
    )


def _versions(run: Facts, steps: list[StepRecord]) -> dict[str, str]:
    found: dict[str, str] = {}
    for step in run["steps"]:
        check = (step.get("facts") or {}).get("check") or {}
        found |= {str(key): str(value) for key, value in (check.get("versions") or {}).items()}
    for place_run in (each for step in steps for each in step.runs):
        found |= place_run.versions
    found = _together(found)
    ordered = [key for key in _LATEST_FIRST if key in found] + sorted(found.keys() - set(_LATEST_FIRST))
    return {"tfjs-workflow": str(run.get("tool", "")), **{key: found[key] for key in ordered}}


def _together(versions: dict[str, str]) -> dict[str, str]:
    """Write the packages of TensorFlow.js as one when their versions are."""
    parts = {key: value for key, value in versions.items() if key.startswith("tfjs-")}
    if not parts or len(set(parts.values())) != 1:
        return versions
    rest = {key: value for key, value in versions.items() if key not in parts}
    return {**rest, "TensorFlow.js": next(iter(parts.values()))}
