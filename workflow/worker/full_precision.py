"""A Keras model that computes in half floats, computed in float32: what it means, without its own rounding.

TensorFlow.js has float32 alone, and a result that is held against answers in float16 could be off by a thousandth of
them in every layer before anyone noticed.
"""

from __future__ import annotations

from typing import Any, Iterable

HALF = frozenset(["float16", "bfloat16"])
_POLICIES = frozenset(["Policy", "DTypePolicy", "PolicyV1"])
_FULL = "float32"


def half_of(layers: Iterable[Any]) -> str:
    """Return the kind of half floats that layers compute in; empty where none does."""
    found = {str(getattr(layer, "compute_dtype", "")) for layer in layers} & HALF
    return min(found, default="")


def in_full(model: Any) -> Any:
    """Return the same model, with its weights, computing in float32; raises what Keras raises where that cannot be."""
    made = type(model).from_config(_full(model.get_config()))
    made.set_weights(model.get_weights())
    return made


def _full(value: Any) -> Any:
    """Return a configuration in which every policy and dtype of half floats is float32."""
    if isinstance(value, dict):
        if value.get("class_name") in _POLICIES:
            return _FULL if _is_half(value.get("config", {}).get("name")) else value
        return {key: _FULL if key == "dtype" and _is_half(inner) else _full(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_full(inner) for inner in value)
    return value


def _is_half(name: Any) -> bool:
    return isinstance(name, str) and name.replace("mixed_", "") in HALF
