"""What the parts of this package hand to each other: layers to express, and what expresses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.models.keras.file import InexpressibleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.models.arrays import Array
    from workflow.models.keras.file import Config, Shape, Stored


class LayerWeight(Record):
    """One weight of a layer of the result: the last weight(s) of its name, and how its values come about.

    Without ``compute`` they are those of its source, in the order in which they are stored.
    """

    role: str
    shape: tuple[int, ...]
    compute: Callable[[], Array] | None
    source: Stored | None = None

    def read(self) -> Array:
        """Return all of its values."""
        if self.compute is not None:
            return self.compute()
        if self.source is None:
            raise TypeError(f"{self.role} has no values")
        return self.source.read().reshape(self.shape)


class OutLayer(Record):
    """One layer of the result. ``inputs``: a number from 0 is an earlier layer, -1 - k the k-th input of the whole.

    ``weights`` is None when the layer keeps its stored weights as they are.
    """

    class_name: str
    config: Config
    inputs: tuple[int, ...]
    weights: tuple[LayerWeight, ...] | None = ()

    @property
    def name(self) -> str:
        """The name of the layer."""
        name: str = self.config["name"]
        return name


class LayerCall(Record):
    """One call of one layer that is to be expressed: its options, the shapes it is given, and its stored arrays."""

    class_name: str
    config: Config
    inputs: tuple[Shape | None, ...]
    weights: Sequence[Stored] = ()

    @property
    def name(self) -> str:
        """The name of the layer."""
        name: str = self.config["name"]
        return name

    @property
    def shape(self) -> Shape | None:
        """The shape of its first input, if it is known."""
        return self.inputs[0] if self.inputs else None

    def refused(self, reason: str) -> InexpressibleError:
        """Return the error that declines the model on account of this layer."""
        return InexpressibleError(f"layer {self.name!r} ({self.class_name}): {reason}")

    def static(self) -> tuple[int, ...]:
        """Return the shape of the first input without its batch, when all of it is fixed; raises if not."""
        if self.shape is None or any(size is None for size in self.shape[1:]):
            raise self.refused("the size of its input is not fixed")
        return tuple(size for size in self.shape[1:] if size is not None)

    def channels(self) -> int:
        """Return the size of the last axis of the first input; raises when it is not known."""
        if not self.shape or self.shape[-1] is None:
            raise self.refused("the number of channels of its input is not known")
        return self.shape[-1]

    def rank(self) -> int:
        """Return the rank of the first input with the batch; raises when it is not known."""
        if self.shape is None:
            raise self.refused("the rank of its input is not known")
        return len(self.shape)


class Expression:
    """Layers that together do what one layer does, the last giving the result; ``notes`` says what was changed."""

    def __init__(self, layer: LayerCall, layers: Sequence[OutLayer] = ()) -> None:
        self.layer = layer
        self.layers = list(layers)
        self.notes: list[str] = []

    @property
    def last(self) -> tuple[int, ...]:
        """The inputs of the next layer, unless it says otherwise: the last layer, or what the layer is given."""
        return (len(self.layers) - 1,) if self.layers else tuple(-1 - k for k in range(len(self.layer.inputs)))

    def helper(self, class_name: str, suffix: str, *, config: Config, inputs: tuple[int, ...] | None = None) -> int:
        """Append a layer that the source does not have, without weights, and return its number."""
        base = {"name": f"{self.layer.name}_{suffix}", "trainable": True, "dtype": "float32"}
        return self.append(OutLayer(class_name, {**base, **config}, inputs or self.last))

    def core(self, class_name: str, changes: Config, *, weights: Sequence[LayerWeight] | None = None) -> int:
        """Append the layer itself, with some of its options changed (None takes one away), and return its number."""
        config = {**self.layer.config, **changes}
        kept = {key: value for key, value in config.items() if key not in changes or value is not REMOVED}
        return self.append(OutLayer(class_name, kept, self.last, tuple(weights) if weights is not None else None))

    def plain(self, class_name: str, config: Config, *, inputs: tuple[int, ...] | None = None) -> int:
        """Append a layer under the layer's own name, with these options alone and without weights."""
        base = {"name": self.layer.name, "trainable": self.layer.config.get("trainable", True), "dtype": "float32"}
        return self.append(OutLayer(class_name, {**base, **config}, inputs or self.last))

    def extend(self, other: Expression) -> int:
        """Append the layers of another expression, whose only input is the last one here; return the last number."""
        start, given = len(self.layers), self.last[0]
        for out in other.layers:
            inputs = tuple(number + start if number >= 0 else given for number in out.inputs)
            self.append(OutLayer(out.class_name, out.config, inputs, out.weights))
        self.notes += other.notes
        return len(self.layers) - 1

    def append(self, out: OutLayer) -> int:
        """Append any layer and return its number."""
        self.layers.append(out)
        return len(self.layers) - 1


class _Removed:
    """The value of an option that is to be taken away."""


REMOVED = _Removed()
