"""Faults of a weights manifest, each with the weight or file that it is about: entries, bytes, files."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models.weight_files import check_shards
from workflow.models.weights_manifest import read_groups
from workflow.verification.evidence import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from workflow.models.weights_manifest import Weight, WeightGroup

    Entry = dict[str, Any]

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


def read(document: dict[str, Any], path: Path) -> Manifest:
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


def orphans(groups: tuple[WeightGroup, ...], path: Path) -> Orphans:
    """Return the weight files in the model's folder that no group names; nothing where several models lie there."""
    folder = path.resolve().parent
    named = {name for group in groups for name in group.paths}
    files = list(folder.iterdir())
    if sum(file.name.endswith(".json") and not file.name.endswith(".tfjs-workflow.json") for file in files) > 1:
        return Orphans()
    loose = sorted(file.name for file in files if _is_weights(file.name) and file.name not in named and file.is_file())
    if loose:  # a name may also lead to a file by another way
        meant = {(folder / name).resolve() for name in named}
        loose = [name for name in loose if (folder / name).resolve() not in meant]
    shards = tuple(name for name in loose if _SHARD.match(name))
    return Orphans(shards, tuple(name for name in loose if name not in shards))


def _is_weights(name: str) -> bool:
    return name.endswith(".bin") or _SHARD.match(name) is not None


def named_in_broken_json(path: Path) -> str:
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
