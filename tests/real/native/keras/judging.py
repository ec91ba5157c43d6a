"""Conversions in bulk, and their results in TensorFlow.js against those of Keras."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.errors import DeclinedError
from workflow.base.events import Silent
from workflow.base.processes import run
from workflow.conversion.job import Job
from workflow.conversion.native.keras.to_layers import archive_to_layers, keras_to_layers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workflow.base.processes import Process
    from workflow.catalogue.formats import Format
    from workflow.catalogue.options import OptionValue

TOLERANCE = 1e-4
_BY_SUFFIX: dict[str, tuple[Format, Any]] = {
    ".h5": ("keras", keras_to_layers),
    ".hdf5": ("keras", keras_to_layers),
    ".keras": ("keras_keras", archive_to_layers),
}


@dataclass
class Verdicts:
    """What became of each model: right, wrong with the reason, or declined with the reason."""

    right: set[str] = field(default_factory=set)
    wrong: dict[str, str] = field(default_factory=dict)
    declined: dict[str, str] = field(default_factory=dict)


def assert_all_well(started: Iterable[Process]) -> None:
    """Wait for programs that run side by side, each of which must end well."""
    for process in list(started):
        _, problems = process.communicate()
        assert process.returncode == 0, problems.decode(errors="replace")[-2000:]


def converted(source: Path, target: Path, **options: OptionValue) -> list[str]:
    """Convert a Keras file natively and return what was changed; raises ``DeclinedError``."""
    kind, convert = _BY_SUFFIX[source.suffix]
    target.parent.mkdir(parents=True, exist_ok=True)
    facts = convert(Job(source, kind, target, "tfjs_layers_model", options, Silent()))
    changes: list[str] = facts["changes"]
    return changes


def tensors(folder: Path, kind: str) -> list[np.ndarray[Any, Any]]:
    """Return the inputs or outputs that were saved beside a model."""
    listed = json.loads((folder / "io.json").read_text(encoding="utf-8"))[kind]
    return [np.fromfile(folder / each["file"], each["dtype"]).reshape(each["shape"]) for each in listed]


class Judge:
    """Runs the check in Node; ``folder`` holds it with its packages, ``scratch`` is for what it reads and writes."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder = folder
        self.scratch = scratch

    def judged(self, sources: dict[str, Path]) -> Verdicts:
        """Convert each named file, whose inputs and outputs lie beside it, and compare what TensorFlow.js gives."""
        verdicts = Verdicts()
        models: dict[str, Path] = {}
        work = self.scratch / f"{len(list(self.scratch.iterdir()))}"
        for name, source in sources.items():
            try:
                converted(source, work / name)
            except DeclinedError as error:  # noqa: PERF203  a loop over models, not over data
                verdicts.declined[name] = error.reason
            else:
                models[name] = work / name / "model.json"
        results = self.predicted({name: (model, sources[name].parent) for name, model in models.items()}, work)
        for name, result in results.items():
            reason = result if isinstance(result, str) else _difference(result, sources[name].parent)
            if reason:
                verdicts.wrong[name] = reason
            else:
                verdicts.right.add(name)
        return verdicts

    def predicted(self, models: dict[str, tuple[Path, Path]], work: Path) -> dict[str, Any]:
        """Return what TensorFlow.js gives for each model, or why it gives nothing."""
        jobs = [self._job(name, model, samples, work=work) for name, (model, samples) in models.items()]
        listed = work / "jobs.json"
        listed.write_text(json.dumps(jobs), encoding="utf-8")
        done = run(["node", "check.mjs", str(listed)], cwd=self.folder)
        assert done.code == 0, done.stderr[-2000:]
        return {name: _result(work / f"{name}.out") for name in models}

    def _job(self, name: str, model: Path, samples: Path, *, work: Path) -> dict[str, Any]:
        listed = json.loads((samples / "io.json").read_text(encoding="utf-8"))["inputs"]
        inputs = [{**each, "file": str(samples / each["file"])} for each in listed]
        return {"model": str(model), "inputs": inputs, "outputs": str(work / f"{name}.out")}


def _result(folder: Path) -> Any:
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    if "error" in report:
        return f"TensorFlow.js: {report['error']}"
    shapes = enumerate(report["shapes"])
    return [np.fromfile(folder / f"{number}.bin", "<f4").reshape(shape) for number, shape in shapes]


def _difference(results: list[np.ndarray[Any, Any]], samples: Path) -> str:
    wanted = tensors(samples, "outputs")
    if [result.shape for result in results] != [want.shape for want in wanted]:
        return f"shapes {[result.shape for result in results]}, and {[want.shape for want in wanted]} are right"
    for result, want in zip(results, wanted, strict=True):
        difference = float(np.abs(result - want).max(initial=0)) / max(1.0, float(np.abs(want).max(initial=0)))
        if not difference <= TOLERANCE:
            return f"differs by {difference}"
    return ""
