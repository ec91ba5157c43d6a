"""The first level: whether the files of a model fit together. No TensorFlow, no numbers read, under a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.models.containment import require_contained
from workflow.models.inspection import inspect_model
from workflow.models.strict_json import read_object
from workflow.verification import manifests, topology_faults
from workflow.verification.evidence import Finding, LevelReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.verification.requests import Subject

_FAULTS: dict[str, Callable[..., list[Finding]]] = {
    "tfjs_layers_model": topology_faults.layer_faults,
    "tfjs_graph_model": topology_faults.graph_faults,
}


def check(subject: Subject) -> LevelReport:
    """Return every fault in the files of a model; the remarks are what is known to go wrong with such a model."""
    begin = time.perf_counter()
    found = _tfjs(subject) if subject.is_tfjs else _other(subject)
    return found.replaced(seconds=time.perf_counter() - begin)


def model_json(subject: Subject) -> Path:
    """Return the model.json of a TensorFlow.js model, given as it or as the folder around it."""
    return subject.path / "model.json" if subject.path.is_dir() else subject.path


def _other(subject: Subject) -> LevelReport:
    try:
        summary = inspect_model(subject.path, subject.format)
    except ModelFileError as error:
        return _failed([_refused(error)])
    return LevelReport("structure", "passed", remarks=summary.warnings, facts={"bytes": summary.bytes})


def _tfjs(subject: Subject) -> LevelReport:
    path = model_json(subject)
    try:
        require_contained(subject.path, subject.format)
        document = read_object(path, f"the model.json of a {subject.format}")
    except ModelFileError as error:
        return _failed([_refused(error, subject=manifests.named_in_broken_json(path))])
    manifest = manifests.read(document, path)
    found = _FAULTS[subject.format](document, path, weights=manifest.weights)
    findings = [*(one.replaced(look=str(path)) for one in found), *manifest.findings]
    try:
        summary = inspect_model(subject.path, subject.format)
    except ModelFileError as error:
        return _failed(findings or [_refused(error)])
    if findings:
        return _failed(findings)
    orphans = manifests.orphans(manifest.groups, path)
    remarks = (*summary.warnings, *(f"{name} belongs to no weight group of {path.name}" for name in orphans.others))
    if orphans.shards:
        return _failed([_orphan(name, path) for name in orphans.shards])
    facts = {"files": len(summary.files), "bytes": summary.bytes, "weights": summary.details.get("weights")}
    return LevelReport("structure", "passed", remarks=remarks, facts=facts)


def _orphan(name: str, path: Path) -> Finding:
    text = f"the weight file {name} lies beside {path.name} and belongs to none of its weight groups"
    return Finding(text, subject=name, look=str(path.parent))


def _refused(error: ModelFileError, subject: str = "") -> Finding:
    named = f"{subject}: {error.message}" if subject else error.message
    return Finding(named, subject=subject, remedy=error.hint)


def _failed(findings: list[Finding]) -> LevelReport:
    return LevelReport("structure", "failed", tuple(findings))
