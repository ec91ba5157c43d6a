"""Faults of a weights manifest, each with the weight or file that it is about: entries, bytes, files."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from workflow.errors import ModelFileError
from workflow.formats.shards import check_shards
from workflow.formats.weights_manifest import QUANTIZED_BYTES, read_groups
from workflow.records import Record
from workflow.verification.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TypeGuard

    from workflow.formats.weights_manifest import Group

    Entry = dict[str, Any]

_SHARD = re.compile(r"^group\d+-shard\d+of\d+(\.bin)?$")
_RESTORABLE = {"uint8": ("float32", "int32"), "uint16": ("float32", "int32"), "float16": ("float32",)}
_LARGEST = {"uint8": 255, "uint16": 65535}
_LARGEST_FLOAT32 = 3.4028235677973366e38


class Orphans(Record):
    """Files beside a model.json that it does not name: ``shards`` have a shard's name, ``others`` end in .bin."""

    shards: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def problems(document: dict[str, Any], path: Path) -> list[Finding]:
    """Return the faults of a parsed model.json's manifest and of its weight files."""
    entries = list(_entries(document))
    found = _doubles(entries, document)
    for entry in entries:
        found += _quantization_problems(entry)
    try:
        groups = read_groups(document, path)
    except ModelFileError as error:
        return found or [Finding(error.message, subject=_first_named(error.message, entries), look=error.hint)]
    return found + _byte_problems(groups, path)


def orphans(document: dict[str, Any], path: Path) -> Orphans:
    """Return the weight files in the model's folder that no group names; nothing where several models lie there."""
    folder = path.resolve().parent
    named = {name for group in document["weightsManifest"] for name in group["paths"]}
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


def _doubles(entries: list[Entry], document: dict[str, Any]) -> list[Finding]:
    names = Counter(name for entry in entries if isinstance(name := entry.get("name"), str))
    found = [
        Finding(f"{count} weights are called {name}", subject=name, figure=count, bound=1)
        for name, count in names.items()
        if count > 1
    ]
    groups = document.get("weightsManifest")
    listed = [group.get("paths") for group in groups if isinstance(group, dict)] if isinstance(groups, list) else []
    paths = Counter(path for paths in listed if isinstance(paths, list) for path in paths if isinstance(path, str))
    return found + [
        Finding(f"the manifest names the weight file {path} {count} times", subject=path)
        for path, count in paths.items()
        if count > 1
    ]


def _quantization_problems(entry: Entry) -> list[Finding]:
    field, name = entry.get("quantization"), str(entry.get("name"))
    if not isinstance(field, dict):
        return []
    dtype = field.get("dtype")
    found = []
    if dtype not in QUANTIZED_BYTES:
        found.append(f"is quantized to {dtype!r}; TensorFlow.js knows {', '.join(QUANTIZED_BYTES)}")
    elif entry.get("dtype") not in _RESTORABLE[str(dtype)]:
        found.append(f"is {entry.get('dtype')} quantized to {dtype}, which TensorFlow.js does not restore")
    if field.get("original_dtype") not in (None, entry.get("dtype")):
        found.append(f"says that it was {field['original_dtype']} before and is {entry.get('dtype')}")
    if dtype in _LARGEST:
        found += _affine_problems(field, str(dtype))
    return [Finding(f"the weight {name} {problem}", subject=name) for problem in found]


def _affine_problems(field: Entry, dtype: str) -> list[str]:
    scale, low = field.get("scale"), field.get("min")
    if not _is_number(scale) or not _is_number(low):
        return [f"is quantized with scale {scale!r} and min {low!r}: finite numbers are needed"]
    if scale <= 0:
        return [f"is quantized with scale {scale:g}: it must be above zero, or all its values are the same"]
    if max(abs(low), abs(low + scale * _LARGEST[dtype])) > _LARGEST_FLOAT32:
        return [f"is quantized with scale {scale:g} and min {low:g}: its values would be infinite"]
    return []


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _first_named(message: str, entries: list[Entry]) -> str:
    names = [str(entry["name"]) for entry in entries if isinstance(entry.get("name"), str)]
    return next((name for name in sorted(names, key=len, reverse=True) if name in message), "")


def _byte_problems(groups: tuple[Group, ...], path: Path) -> list[Finding]:
    try:
        check_shards(groups, path)
    except ModelFileError as error:
        lines = error.details.splitlines() or [error.message]
        return [_with_weight(line, groups, path) for line in lines]
    return []


def _with_weight(line: str, groups: tuple[Group, ...], path: Path) -> Finding:
    """Say which file a fault of bytes is about, and the first weight that it makes unreadable."""
    group = next((one for one in groups if any(name in line for name in one.paths)), None)
    if group is None:
        return Finding(line, look=str(path))
    file = next(name for name in group.paths if name in line)
    cut = _first_cut(group, path)
    return Finding(f"{line}; the weight {cut} is cut off" if cut else line, subject=file, look=str(path.parent / file))


def _first_cut(group: Group, path: Path) -> str:
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
