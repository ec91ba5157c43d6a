"""The first level: whether the files of a model fit together, its manifest first. No TensorFlow, no numbers read."""

from __future__ import annotations

import json
import math
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models.inspection import inspect_model, require_contained
from workflow.models.sniffing import model_json
from workflow.models.strict_json import read_object
from workflow.models.tfjs_model import check_shards
from workflow.models.topology import layers_of, refusals_of
from workflow.models.weights_manifest import read_groups
from workflow.verification import topology_faults
from workflow.verification.evidence import Finding, LevelReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from workflow.models.weights_manifest import Weight, WeightGroup
    from workflow.verification.requests import Subject

    Entry = dict[str, Any]

_FAULTS: dict[str, Callable[..., list[Finding]]] = {
    "tfjs_layers_model": topology_faults.layer_faults,
    "tfjs_graph_model": topology_faults.graph_faults,
}

_GRAPH = "a graph model of what it was made of (`graph`, or `format: auto`) has no such limits"


def check(subject: Subject, *, is_to_load: bool = False) -> LevelReport:
    """Return every fault in the files of a model; the remarks are what is known to go wrong with such a model.

    ``is_to_load`` makes it a fault, too, that TensorFlow.js will not load the model.
    """
    begin = time.perf_counter()
    found = _tfjs(subject) if subject.is_tfjs else _other(subject)
    if is_to_load and found.status == "passed" and subject.format == "tfjs_layers_model":
        found = _loading(subject, found)
    return found.replaced(seconds=time.perf_counter() - begin)


def _loading(subject: Subject, found: LevelReport) -> LevelReport:
    path = model_json(subject.path)
    topology = read_object(path, f"the model.json of a {subject.format}").get("modelTopology")
    refusals = refusals_of(layers_of(topology, str(path)))
    if not refusals:
        return found
    others = tuple(remark for remark in found.remarks if remark not in refusals)
    return _failed([Finding(text, look=str(path), remedy=_GRAPH) for text in refusals]).replaced(remarks=others)


def _other(subject: Subject) -> LevelReport:
    try:
        summary = inspect_model(subject.path, subject.format)
    except ModelFileError as error:
        return _failed([_refused(error)])
    return LevelReport("structure", "passed", remarks=summary.doubts, facts={"bytes": summary.bytes})  # not of inputs


def _tfjs(subject: Subject) -> LevelReport:
    path = model_json(subject.path)
    try:
        require_contained(subject.path, subject.format)
        document = read_object(path, f"the model.json of a {subject.format}")
    except ModelFileError as error:
        return _failed([_refused(error, subject=_named_in_broken_json(path))])
    manifest = _read(document, path)
    found = _FAULTS[subject.format](document, path, weights=manifest.weights)
    findings = [*(one.replaced(look=str(path)) for one in found), *manifest.findings]
    try:
        summary = inspect_model(subject.path, subject.format)
    except ModelFileError as error:
        return _failed(findings or [_refused(error)])
    if findings:
        return _failed(findings)
    orphans = _orphans(manifest.groups, path)
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


_SHARD = re.compile(r"^group\d+-shard\d+of\d+(\.bin)?$")
_RESTORABLE = {"uint8": ("float32", "int32"), "uint16": ("float32", "int32"), "float16": ("float32",)}
_LARGEST = {"uint8": 255, "uint16": 65535}
_LARGEST_FLOAT32 = 3.4028235677973366e38


class Orphans(Record):
    """Files beside a model.json that it does not name: ``shards`` have a shard's name, ``others`` end in .bin."""

    shards: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class Manifest(Record):
    """A manifest as it was read, with the faults of it and of its weight files; ``weights`` is None when it is none."""

    findings: tuple[Finding, ...]
    groups: tuple[WeightGroup, ...] = ()
    weights: Mapping[str, Weight] | None = None


def _read(document: dict[str, Any], path: Path) -> Manifest:
    """Return the manifest of a parsed model.json with its faults."""
    try:
        groups = read_groups(document, path)
    except ModelFileError as error:
        return Manifest((Finding(error.message, subject=_first_named(error.message, document), remedy=error.hint),))
    weights = [weight for group in groups for weight in group.weights]
    found = _doubles(groups)
    for weight in weights:
        found += _quantization_problems(weight)
    return Manifest((*found, *_byte_problems(groups, path)), groups, {weight.name: weight for weight in weights})


def _orphans(groups: tuple[WeightGroup, ...], path: Path) -> Orphans:
    """Return the weight files in the model's folder that no group names; nothing where several models lie there."""
    folder = path.resolve().parent
    named = {name for group in groups for name in group.paths}
    files = list(folder.iterdir())
    if sum(file.name.endswith(".json") and not file.name.endswith(".tfjs-workflow.json") for file in files) > 1:
        return Orphans()
    meant = {(folder / name).resolve() for name in named}  # a name may lead to a file by another way, too
    loose = sorted(
        file.name for file in files if _is_weights(file.name) and file.is_file() and file.resolve() not in meant
    )
    shards = tuple(name for name in loose if _SHARD.match(name))
    return Orphans(shards, tuple(name for name in loose if name not in shards))


def _is_weights(name: str) -> bool:
    return name.endswith(".bin") or _SHARD.match(name) is not None


def _named_in_broken_json(path: Path) -> str:
    """Return the weight whose entry holds NaN or Infinity, which no JSON does; empty when that is not the fault."""
    try:
        document = json.loads(path.read_bytes(), parse_constant=lambda _: math.nan)
    except (OSError, ValueError, RecursionError):
        return ""
    broken = [entry for entry in _entries(document) if any(_is_nan(value) for value in _numbers(entry))]
    return str(broken[0].get("name", "")) if broken else ""


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _entries(document: object) -> Iterator[Entry]:
    groups = document.get("weightsManifest") if isinstance(document, dict) else None
    for group in groups if isinstance(groups, list) else ():
        weights = group.get("weights") if isinstance(group, dict) else None
        yield from (entry for entry in (weights if isinstance(weights, list) else ()) if isinstance(entry, dict))


def _numbers(entry: Entry) -> list[object]:
    quantization = entry.get("quantization")
    return list(quantization.values()) if isinstance(quantization, dict) else []


def _doubles(groups: tuple[WeightGroup, ...]) -> list[Finding]:
    names = Counter(weight.name for group in groups for weight in group.weights)
    paths = Counter(path for group in groups for path in group.paths)
    return [
        *(Finding(f"{count} weights are called {name}", name, count, 1) for name, count in names.items() if count > 1),
        *(
            Finding(f"the manifest names the weight file {path} {count} times", subject=path)
            for path, count in paths.items()
            if count > 1
        ),
    ]


def _quantization_problems(weight: Weight) -> list[Finding]:
    quantized = weight.quantized
    if quantized is None:
        return []
    found = []
    if weight.dtype not in _RESTORABLE[quantized.dtype]:
        found.append(f"is {weight.dtype} quantized to {quantized.dtype}, which TensorFlow.js does not restore")
    if quantized.original_dtype not in (None, weight.dtype):
        found.append(f"says that it was {shown(str(quantized.original_dtype))} before and is {weight.dtype}")
    if quantized.dtype in _LARGEST:
        found += _affine_problems(quantized.scale, quantized.low, _LARGEST[quantized.dtype])
    return [Finding(f"the weight {weight.name} {problem}", subject=weight.name) for problem in found]


def _affine_problems(scale: float, low: float, largest: int) -> list[str]:
    if scale <= 0:
        return [f"is quantized with scale {scale:g}: it must be above zero, or all its values are the same"]
    if max(abs(low), abs(low + scale * largest)) > _LARGEST_FLOAT32:
        return [f"is quantized with scale {scale:g} and min {low:g}: its values would be infinite"]
    return []


def _first_named(message: str, document: dict[str, Any]) -> str:
    """Return the weight that a refusal names: of several, the one whose name says most."""
    names = [str(entry["name"]) for entry in _entries(document) if isinstance(entry.get("name"), str)]
    return next((name for name in sorted(names, key=len, reverse=True) if name in message), "")


def _byte_problems(groups: tuple[WeightGroup, ...], path: Path) -> list[Finding]:
    try:
        check_shards(groups, path)
    except ModelFileError as error:
        lines = error.details.splitlines() or [error.message]
        return [_with_weight(line, groups, path) for line in lines]
    return []


def _with_weight(line: str, groups: tuple[WeightGroup, ...], path: Path) -> Finding:
    """Say which file a fault of bytes is about, and the first weight that it makes unreadable."""
    group = next((one for one in groups if any(name in line for name in one.paths)), None)
    if group is None:
        return Finding(line, look=str(path))
    file = next(name for name in group.paths if name in line)
    cut = _first_cut(group, path)
    return Finding(f"{line}; the weight {cut} is cut off" if cut else line, subject=file, look=str(path.parent / file))


def _first_cut(group: WeightGroup, path: Path) -> str:
    files = [path.parent / name for name in group.paths]
    there = 0
    for file in files:
        if not file.is_file():
            break
        there += file.stat().st_size
    end = 0
    for weight in group.weights:
        end += weight.stored_bytes
        if end > there:
            return weight.name
    return ""
