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
    """Return the options; raises ``JobError`` for values that make no sense. Options of other formats are ignored."""
    shard_bytes = given.get("weight_shard_size_bytes", SHARD_BYTES)
    if not isinstance(shard_bytes, int) or shard_bytes <= 0:
        raise JobError("usage", f"weight_shard_size_bytes is {shard_bytes!r}, not a positive number")
    tags = given.get("saved_model_tags")
    return Options(
        shard_bytes=shard_bytes,
        quantize=_quantized(given),
        skip_op_check=bool(given.get("skip_op_check", False)),
        strip_debug_ops=bool(given.get("strip_debug_ops", True)),
        control_flow_v2=bool(given.get("control_flow_v2", False)),
        experiments=bool(given.get("experiments", False)),
        structured_names=bool(given.get("use_structured_outputs_names", False)),
        metadata=_metadata(given.get("metadata") or {}),
        signature_name=given.get("signature_name") or None,
        saved_model_tags=None if tags is None else tuple(_names(tags)),
        output_node_names=tuple(_names(given.get("output_node_names") or [])),
    )


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
