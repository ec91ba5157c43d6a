"""The weights manifest of a TensorFlow.js model: names, shapes, dtypes, and how many bytes they take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.errors import ModelFileError
from workflow.formats.wording import kind_of, shown
from workflow.records import Record

if TYPE_CHECKING:
    from pathlib import Path

ITEM_BYTES = {"float32": 4, "int32": 4, "bool": 1, "complex64": 8, "uint8": 1, "uint16": 2}
QUANTIZED_BYTES = {"uint8": 1, "uint16": 2, "float16": 2}
_STRING_BYTES = 4  # the length in front of each element; its text comes on top
_MOST_DIMENSIONS = 254  # TensorFlow's own limit
_MOST_ELEMENTS = 2**53  # beyond it JavaScript cannot count
_HINT = "The manifest is damaged, or was not written by TensorFlow.js or its converter: convert the model again."


class Weight(Record):
    """One entry: ``quantization`` is the dtype on disk when that differs from the weight's own, else None."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: str | None

    @property
    def stored_bytes(self) -> int:
        """Bytes on disk; for strings the least that they can take."""
        item = QUANTIZED_BYTES[self.quantization] if self.quantization else ITEM_BYTES.get(self.dtype, _STRING_BYTES)
        return math.prod(self.shape) * item


class Group(Record):
    """Weights that lie one behind the other in the files ``paths``, relative to model.json."""

    paths: tuple[str, ...]
    weights: tuple[Weight, ...]

    @property
    def stored_bytes(self) -> int:
        """Bytes of all files of the group together; the least, unless ``exact``."""
        return sum(weight.stored_bytes for weight in self.weights)

    @property
    def exact(self) -> bool:
        """Whether the size follows from the manifest alone, which it does not for strings."""
        return all(weight.dtype != "string" for weight in self.weights)


class _At:
    """A place in a file, which can be pointed to and refused."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.what = what

    def bad(self, problem: str) -> ModelFileError:
        return ModelFileError(f"{self.path}: {self.what} {problem}", hint=_HINT)

    def inside(self, what: str) -> _At:
        return _At(self.path, f"{self.what}, {what}")

    def as_object(self, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.bad(f"is {kind_of(value)}, not an object")
        return value

    def as_list(self, value: object) -> list[Any]:
        if not isinstance(value, list):
            raise self.bad(f"is {kind_of(value)}, not a list")
        return value

    def as_text(self, value: object) -> str:
        if not isinstance(value, str):
            raise self.bad(f"is {kind_of(value)}, not text")
        return value


def read_groups(document: dict[str, Any], path: Path) -> tuple[Group, ...]:
    """Return the manifest of a parsed model.json; raises ``ModelFileError`` for anything that is not one."""
    if "weightsManifest" not in document:
        raise ModelFileError(f"{path} has no weightsManifest, so it names no weight files", hint=_HINT)
    at = _At(path, "weightsManifest")
    groups = at.as_list(document["weightsManifest"])
    return tuple(_group(group, at.inside(f"group {number}")) for number, group in enumerate(groups, 1))


def manifest_facts(groups: tuple[Group, ...]) -> dict[str, object]:
    """Return the facts of a manifest that a summary shows."""
    weights = [weight for group in groups for weight in group.weights]
    return {
        "weights": len(weights),
        "weight_bytes": sum(weight.stored_bytes for weight in weights),
        "weight_groups": len(groups),
        "shards": sum(len(group.paths) for group in groups),
        "dtypes": tuple(sorted({weight.dtype for weight in weights})),
        "quantization": tuple(sorted({weight.quantization for weight in weights if weight.quantization})),
    }


def _group(value: object, at: _At) -> Group:
    group = at.as_object(value)
    paths = at.inside("paths").as_list(group.get("paths"))
    weights = at.inside("weights").as_list(group.get("weights"))
    return Group(
        paths=tuple(at.inside(f"path {number}").as_text(path) for number, path in enumerate(paths, 1)),
        weights=tuple(_weight(weight, at.inside(f"weight {number}")) for number, weight in enumerate(weights, 1)),
    )


def _weight(value: object, at: _At) -> Weight:
    weight = at.as_object(value)
    name = at.inside("name").as_text(weight.get("name"))
    here = _At(at.path, f"weight {shown(name)}:")
    dtype = here.inside("dtype").as_text(weight.get("dtype"))
    if dtype not in ITEM_BYTES and dtype != "string":
        raise here.bad(f"has the dtype {shown(dtype)}; TensorFlow.js knows {', '.join(ITEM_BYTES)} and string")
    quantization = _quantization(weight["quantization"], here) if weight.get("quantization") is not None else None
    return Weight(name=name, shape=_shape(weight.get("shape"), here), dtype=dtype, quantization=quantization)


def _shape(value: object, at: _At) -> tuple[int, ...]:
    shape = at.inside("shape").as_list(value)
    if len(shape) > _MOST_DIMENSIONS:
        raise at.bad(f"has {len(shape):,} dimensions")
    for size in shape:
        if type(size) is not int or not 0 <= size <= _MOST_ELEMENTS:
            raise at.bad("has a shape that is not made of whole numbers that a tensor can have")
    if math.prod(shape) > _MOST_ELEMENTS:
        raise at.bad("has a shape with more elements than any tensor")
    return tuple(shape)


def _quantization(value: object, at: _At) -> str:
    here = at.inside("quantization")
    quantization = here.as_object(value)
    dtype = here.inside("dtype").as_text(quantization.get("dtype"))
    if dtype not in QUANTIZED_BYTES:
        raise here.bad(f"has the dtype {shown(dtype)}; known are {', '.join(QUANTIZED_BYTES)}")
    for key in ("min", "scale") if dtype != "float16" else ():
        if type(quantization.get(key)) not in (int, float):
            raise here.bad(f"has no number {key}, without which its values cannot be restored")
    return dtype
