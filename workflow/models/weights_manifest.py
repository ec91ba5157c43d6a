"""The weights manifest of a TensorFlow.js model: names, shapes, dtypes, and how many bytes they take."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models.strict_json import LONGEST_NAME, MOST_ELEMENTS, At, JsonDocument

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ITEM_BYTES = {"float32": 4, "int32": 4, "bool": 1, "complex64": 8, "uint8": 1, "uint16": 2}
QUANTIZED_BYTES = {"uint8": 1, "uint16": 2, "float16": 2}
_STRING_BYTES = 4  # the length in front of each element; its text comes on top
_LONGEST_PART = 255  # bytes of a file's name, on every file system that is in use
_LONGEST_PATH = 4096
_PLAIN_RANK = 8
_FIELDS = ("name", "shape", "dtype", "quantization")
_HALF = "float16"
_HINT = "The manifest is damaged, or was not written by TensorFlow.js or its converter: convert the model again."


class Quantization(Record):
    """How a weight is stored in fewer bits: its values are ``low + scale * code``; both are 0 for float16."""

    dtype: str
    scale: float = 0.0
    low: float = 0.0
    original_dtype: object = None
    """What the weight was before, where the entry says so."""


class Weight(Record):
    """One entry; ``quantized`` is None when it is stored as what it is, ``entry`` is all that the manifest says."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantized: Quantization | None = None
    entry: Mapping[str, Any] = {}

    @property
    def quantization(self) -> str | None:
        """The dtype on disk when that differs from the weight's own, else None."""
        return self.quantized.dtype if self.quantized else None

    @property
    def stored_bytes(self) -> int:
        """Bytes on disk; for strings the least that they can take."""
        item = QUANTIZED_BYTES[self.quantization] if self.quantization else ITEM_BYTES.get(self.dtype, _STRING_BYTES)
        return math.prod(self.shape) * item


class WeightGroup(Record):
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


_NUMBERED = re.compile(r"shard[-_]?(\d+)of\d+")
_SHOWN = 5


def read_groups(document: dict[str, Any], path: Path) -> tuple[WeightGroup, ...]:
    """Return the manifest of a parsed model.json; raises ``ModelFileError`` for anything that is not one."""
    if isinstance(document, JsonDocument):
        return document.once("groups", lambda: _groups(document, path))
    return _groups(document, path)


def _groups(document: dict[str, Any], path: Path) -> tuple[WeightGroup, ...]:
    if "weightsManifest" not in document:
        raise ModelFileError(f"{path} has no weightsManifest, so it names no weight files", hint=_HINT)
    at = At(path, (("weightsManifest", None),), _HINT)
    groups = at.as_list(document["weightsManifest"])
    return tuple(_group(group, at.inside(f"group {number}")) for number, group in enumerate(groups, 1))


def manifest_facts(groups: tuple[WeightGroup, ...]) -> dict[str, object]:
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


def order_doubts(groups: tuple[WeightGroup, ...]) -> tuple[str, ...]:
    """Return a sentence for each group whose weight files are numbered and not listed by their numbers."""
    found = []
    for group in groups:
        numbers = [int(match[1]) for path in group.paths if (match := _NUMBERED.search(path))]
        if len(numbers) == len(group.paths) and numbers != sorted(numbers):
            listed = ", ".join(map(str, numbers[:_SHOWN]))
            found.append(
                f"the weight files are not listed by their numbers ({listed} ...): if somebody sorted the list after "
                "the model was made, every weight is wrong, and TensorFlow.js reads them in this order, too"
            )
    return tuple(found)


def _group(value: object, at: At) -> WeightGroup:
    group = at.as_object(value)
    paths = at.inside("paths").as_list(group.get("paths"))
    weights = at.inside("weights").as_list(group.get("weights"))
    return WeightGroup(
        paths=tuple(_path(path, at.inside(f"path {number}")) for number, path in enumerate(paths, 1)),
        weights=tuple(_weight(weight, at, number) for number, weight in enumerate(weights, 1)),
    )


def _path(value: object, at: At) -> str:
    """Return the path of a weight file, which is one that a file system can hold."""
    path = at.as_text(value)
    raw = path.encode("utf-8", "surrogatepass")
    if len(raw) > _LONGEST_PART and (len(raw) > _LONGEST_PATH or max(map(len, raw.split(b"/"))) > _LONGEST_PART):
        raise at.bad(f"is a name of {len(path):,} characters ({shown(path)}), and cannot be read: no file has such")
    return path


def _weight(value: object, around: At, number: int) -> Weight:
    """Return one entry: most are plain, and need no words for where they stand."""
    if type(value) is dict:
        name, shape, dtype, quantization = map(value.get, _FIELDS)
        if type(name) is str and len(name) <= LONGEST_NAME and type(dtype) is str and dtype in ITEM_BYTES:
            sizes = _plain_shape(shape)
            quantized = _plain_quantization(quantization) if quantization is not None else None
            if sizes is not None and (quantized is None) is (quantization is None):
                return Weight(name, sizes, dtype, quantized, value)
    return _any_weight(value, around, number)


def _plain_quantization(field: object) -> Quantization | None:
    """Return how a weight is stored in fewer bits where the numbers that say so are finite; None for all else."""
    if type(field) is not dict:
        return None
    dtype, scale, low = field.get("dtype"), field.get("scale"), field.get("min")
    if type(dtype) is not str or dtype not in QUANTIZED_BYTES or dtype == _HALF:
        return None
    if type(scale) is float and type(low) is float and math.isfinite(scale) and math.isfinite(low):
        return Quantization(dtype, scale, low, field.get("original_dtype"))
    return None


def _plain_shape(shape: object) -> tuple[int, ...] | None:
    """Return a shape of few sizes, each of which a tensor can have; None for any other."""
    if type(shape) is not list or len(shape) > _PLAIN_RANK:
        return None
    elements = 1
    for size in shape:
        if type(size) is not int or size < 0:
            return None
        elements *= size or 1
    return tuple(shape) if elements <= MOST_ELEMENTS else None


def _any_weight(value: object, around: At, number: int) -> Weight:
    at = around.inside(f"weight {number}")
    entry = at.as_object(value)
    name = at.inside("name").as_text(entry.get("name"))
    here = At(at.path, (("weight", name),), at.hint)
    dtype = here.inside("dtype").as_text(entry.get("dtype"))
    if dtype not in ITEM_BYTES and dtype != "string":
        raise here.bad(f"has the dtype {shown(dtype)}; TensorFlow.js knows {', '.join(ITEM_BYTES)} and string")
    quantized = _quantization(entry["quantization"], here) if entry.get("quantization") is not None else None
    return Weight(name, _shape(entry.get("shape"), here), dtype, quantized, entry)


def _shape(value: object, at: At) -> tuple[int, ...]:
    shape = at.inside("shape").as_list(value)
    return at.as_sizes([size if type(size) is int else -1 for size in shape])


def _quantization(value: object, at: At) -> Quantization:
    here = at.inside("quantization")
    quantization = here.as_object(value)
    dtype = here.inside("dtype").as_text(quantization.get("dtype"))
    if dtype not in QUANTIZED_BYTES:
        raise here.bad(f"has the dtype {shown(dtype)}; known are {', '.join(QUANTIZED_BYTES)}")
    former = quantization.get("original_dtype")
    if dtype == _HALF:
        return Quantization(dtype, original_dtype=former)
    for key in ("min", "scale"):
        if type(quantization.get(key)) not in (int, float):
            raise here.bad(f"has no number {key}, without which its values cannot be restored")
    scale, low = (here.inside(key).as_number(quantization[key]) for key in ("scale", "min"))
    return Quantization(dtype, scale, low, former)
