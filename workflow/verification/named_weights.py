"""One weight of a model on disk, whatever the format: its name, its shape, and its values when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflow.models.arrays import whole
from workflow.models.tensors import dtype_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.models.arrays import Array
    from workflow.models.keras.tree import Stored
    from workflow.models.tfjs_weights import StoredWeight

_NARROWED = {"float16": "float32", "float64": "float32", "int64": "int32"}
"""What a wider or narrower dtype of Keras is in TensorFlow.js."""


@dataclass(frozen=True)
class Named:
    """One weight: ``read`` returns its own values (restored when quantized), flat; ``quantization`` its field.

    ``rounding`` is what computing it may be off by, where it is computed.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array]
    quantization: Mapping[str, Any] | None = None
    rounding: float = 0.0

    @property
    def stored_as(self) -> str | None:
        """The dtype on disk when it is quantized."""
        return None if self.quantization is None else str(self.quantization["dtype"])

    def shaped(self) -> Array:
        """Return its values in its shape."""
        return self.read().reshape(self.shape)

    def called(self, name: str) -> Named:
        """Return the same weight under another name."""
        return replace(self, name=name)


def of_keras(one: Stored, name: str) -> Named:
    """Return an array of a Keras file, in the dtype that it has in TensorFlow.js."""
    plain = dtype_name(one.dtype)
    dtype = _NARROWED.get(plain, plain)
    return Named(name, one.shape, dtype, lambda: one.read().reshape(-1).astype(dtype, copy=False))


def of_script(one: StoredWeight) -> Named:
    """Return a weight of a TensorFlow.js model."""
    weight, field = one.weight, one.entry.get("quantization")
    tensor = one.as_stored() if weight.dtype == "string" else one.restored()
    quantization = field if weight.quantization else None
    return Named(weight.name, weight.shape, weight.dtype, lambda: whole(tensor), quantization)
