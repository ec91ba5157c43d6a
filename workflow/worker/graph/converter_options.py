"""The options of a conversion, by the reference converter's own names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from ..failure import JobError

SHARD_BYTES = 4 * 1024 * 1024
_QUANTIZED = ("float16", "uint8", "uint16")
_OF_BYTES = {1: "uint8", 2: "uint16"}


@dataclass(frozen=True)
class Options:
    """What the stages are told. ``quantize`` holds glob patterns for each dtype, or True for all weights."""

    shard_bytes: int = SHARD_BYTES
    quantize: Dict[str, Any] = field(default_factory=dict)
    skip_op_check: bool = False
    strip_debug_ops: bool = True
    control_flow_v2: bool = False
    experiments: bool = False
    structured_names: bool = False
    metadata: Dict[str, Any] = field(default_factory=dict)
    signature_name: Optional[str] = None
    saved_model_tags: Optional[Tuple[str, ...]] = None
    """None for the usual ones; an empty tuple for a graph without tags."""
    output_node_names: Tuple[str, ...] = ()


def parse(given: Dict[str, Any]) -> Options:
    """Return the options; raises ``JobError`` for values that make no sense, and for options that nothing is made of.

    Which options there are is declared in the host's catalogue; a test compares.
    """
    strange = sorted(given.keys() - TAKEN)
    if strange:
        raise JobError("usage", "making a graph model has no option {}".format(", ".join(strange)))
    read: Dict[str, Any] = {
        field: take(given[name]) for name, (field, take) in _READ.items() if given.get(name) is not None
    }
    return Options(quantize=_quantized(given), **read)


def _names(given: Any) -> List[str]:
    """Return names out of a list, or out of a text that divides them by commas."""
    listed = given.split(",") if isinstance(given, str) else given
    return [name.strip() for name in map(str, listed) if name.strip()]


def _quantized(given: Dict[str, Any]) -> Dict[str, Any]:
    found = {name: given[f"quantize_{name}"] for name in _QUANTIZED if given.get(f"quantize_{name}")}
    count = given.get("quantization_bytes")
    if count is None:
        return {name: patterns if patterns is True else _listed(patterns) for name, patterns in found.items()}
    if found or count not in _OF_BYTES:
        raise JobError("usage", "quantization_bytes is 1 or 2, and excludes quantize_*")
    return {_OF_BYTES[count]: True}


def _listed(patterns: Any) -> Any:
    """Return patterns as a list; ``*`` alone means all weights, as the option without a value does."""
    names: List[str] = patterns.split(",") if isinstance(patterns, str) else list(patterns)
    return True if names == ["*"] else names


def _metadata(files: Dict[str, str]) -> Dict[str, Any]:
    found = {}
    for key, path in files.items():
        try:
            with open(path, encoding="utf-8") as text:
                found[key] = json.load(text)
        except (OSError, ValueError) as problem:  # noqa: PERF203  few, and each error names its own
            raise JobError("metadata", f"the metadata {key} cannot be read from {path}: {problem}") from problem
    return found


def _size(value: Any) -> int:
    if not isinstance(value, int) or value <= 0:
        raise JobError("usage", f"weight_shard_size_bytes is {value!r}, not a positive number")
    return value


def _all_names(given: Any) -> Tuple[str, ...]:
    return tuple(_names(given))


def _name(value: Any) -> Optional[str]:
    return value or None


_READ = {
    "weight_shard_size_bytes": ("shard_bytes", _size),
    "metadata": ("metadata", _metadata),
    "signature_name": ("signature_name", _name),
    "saved_model_tags": ("saved_model_tags", _all_names),
    "output_node_names": ("output_node_names", _all_names),
    "skip_op_check": ("skip_op_check", bool),
    "strip_debug_ops": ("strip_debug_ops", bool),
    "use_structured_outputs_names": ("structured_names", bool),
    "control_flow_v2": ("control_flow_v2", bool),
    "experiments": ("experiments", bool),
}
TAKEN = frozenset((*_READ, "quantization_bytes", *(f"quantize_{dtype}" for dtype in _QUANTIZED)))
"""The names of the options that graph models are made with."""
