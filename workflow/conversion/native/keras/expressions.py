"""What layers are expressed by: layers of the result, their weights when their turn comes, and composed activations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models.keras.allowed import ACTIVATIONS
from workflow.models.keras.tree import InexpressibleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.models.arrays import Array
    from workflow.models.keras.tree import Config, Shape, Stored

    Composition = Callable[["Expression", int], int]


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


def matched(roles: Sequence[str], arrays: Sequence[Stored], *, what: str) -> list[Stored]:
    """Return the arrays in the order of these roles, by their names where those say it, else as they are ordered.

    Raises ``InexpressibleError`` when there are more or fewer of them; ``what`` names the layer.
    """
    if len(roles) != len(arrays):
        wanted = ", ".join(roles) or "none"
        raise InexpressibleError(f"{what}: its weights should be {wanted}, and the file has {len(arrays)}")
    last = [role.rpartition("/")[2] for role in roles]
    by_name = {array.role: array for array in arrays}
    if len(by_name) == len(arrays) and set(by_name) == set(last) and len(set(last)) == len(last):
        return [by_name[role] for role in last]
    return list(arrays)


def of(layer: LayerCall, *roles: str) -> dict[str, Stored]:
    """Return the stored arrays of a layer by role; raises ``InexpressibleError`` when they are not these."""
    what = f"layer {shown(layer.name)} ({layer.class_name})"
    return dict(zip(roles, matched(roles, layer.weights, what=what), strict=True))


def kept(role: str, array: Stored) -> LayerWeight:
    """Return a stored array as it is, as a weight of this role."""
    return LayerWeight(role, array.shape, None, array)


def reshaped(role: str, array: Stored, *, shape: Sequence[int]) -> LayerWeight:
    """Return a stored array with other axes, its values in the same order."""
    return LayerWeight(role, tuple(shape), None, array)


def made(role: str, shape: Sequence[int], *, read: Callable[[], Array], source: Stored | None = None) -> LayerWeight:
    """Return a weight whose values are computed when they are written."""
    return LayerWeight(role, tuple(shape), read, source)


_SLOPE = 0.2  # of leaky_relu, in TensorFlow and in Keras 3 alike
_THRESHOLD = 0.5  # of hard_shrink and soft_shrink
_SAME = {"silu": "swish", "celu": "elu"}


def native_name(name: str | None) -> str | None:
    """Return the name under which TensorFlow.js has an activation function; None when it has it not."""
    found = _SAME.get(name or "linear", name or "linear")
    return found if found in ACTIVATIONS else None


def is_composed(name: object) -> bool:
    """Whether an activation function can be composed of layers."""
    return isinstance(name, str) and name in COMPOSITIONS


def compose(expression: Expression, name: str) -> int:
    """Append the layers that compute an activation function of the last layer (or the input)."""
    what = f"its activation {name.removeprefix('keras3_')} is computed by layers of its own"
    expression.notes.append(f"{expression.layer.name}: {what}, for TensorFlow.js has no such activation")
    return COMPOSITIONS[name](expression, expression.last[0])


def affine(expression: Expression, suffix: str, *, given: int, scale: float = 1.0, offset: float = 0.0) -> int:
    """Append ``scale * x + offset``."""
    return expression.helper("Rescaling", suffix, config={"scale": scale, "offset": offset}, inputs=(given,))


def applied(expression: Expression, suffix: str, *, given: int, function: str) -> int:
    """Append an activation function that TensorFlow.js has."""
    return expression.helper("Activation", suffix, config={"activation": function}, inputs=(given,))


def _clipped(expression: Expression, suffix: str, given: int, *, most: float) -> int:
    return expression.helper("ReLU", suffix, config={"max_value": most}, inputs=(given,))


def _hard_sigmoid(expression: Expression, given: int) -> int:
    raised = affine(expression, "hs_add", given=given, offset=3.0)
    return affine(expression, "hs_scale", given=_clipped(expression, "hs_clip", raised, most=6.0), scale=1 / 6)


def _hard_swish(expression: Expression, given: int) -> int:
    return expression.helper("Multiply", "hs_times", config={}, inputs=(given, _hard_sigmoid(expression, given)))


def _hard_tanh(expression: Expression, given: int) -> int:
    raised = affine(expression, "ht_add", given=given, offset=1.0)
    return affine(expression, "ht_take", given=_clipped(expression, "ht_clip", raised, most=2.0), offset=-1.0)


def _leaky_relu(expression: Expression, given: int) -> int:
    return expression.helper("LeakyReLU", "leaky", config={"alpha": _SLOPE}, inputs=(given,))


def _log_sigmoid(expression: Expression, given: int) -> int:
    flipped = affine(expression, "ls_flip", given=given, scale=-1.0)
    return affine(
        expression, "ls_back", given=applied(expression, "ls_plus", given=flipped, function="softplus"), scale=-1.0
    )


def _tanh_shrink(expression: Expression, given: int) -> int:
    taken = affine(
        expression, "ts_flip", given=applied(expression, "ts_tanh", given=given, function="tanh"), scale=-1.0
    )
    return expression.helper("Add", "ts_add", config={}, inputs=(given, taken))


def _soft_shrink(expression: Expression, given: int) -> int:
    above = applied(
        expression, "ss_up", given=affine(expression, "ss_less", given=given, offset=-_THRESHOLD), function="relu"
    )
    flipped = affine(expression, "ss_flip", given=given, scale=-1.0, offset=-_THRESHOLD)
    below = affine(
        expression, "ss_back", given=applied(expression, "ss_down", given=flipped, function="relu"), scale=-1.0
    )
    return expression.helper("Add", "ss_add", config={}, inputs=(above, below))


def _hard_shrink(expression: Expression, given: int) -> int:
    above = expression.helper("ThresholdedReLU", "hk_up", config={"theta": _THRESHOLD}, inputs=(given,))
    flipped = affine(expression, "hk_flip", given=given, scale=-1.0)
    kept = expression.helper("ThresholdedReLU", "hk_down", config={"theta": _THRESHOLD}, inputs=(flipped,))
    return expression.helper(
        "Add", "hk_add", config={}, inputs=(above, affine(expression, "hk_back", given=kept, scale=-1.0))
    )


def squared(expression: Expression, suffix: str, *, given: int) -> int:
    """Append ``x * x``; the second factor is a layer of its own, as TensorFlow.js drops tensors used twice at once."""
    again = applied(expression, f"{suffix}_again", given=given, function="linear")
    return expression.helper("Multiply", suffix, config={}, inputs=(given, again))


def _approximate_gelu(expression: Expression, given: int) -> int:
    root = math.sqrt(2 / math.pi)
    factor = affine(
        expression, "ge_scale", given=squared(expression, "ge_square", given=given), scale=0.044715 * root, offset=root
    )
    inside = expression.helper("Multiply", "ge_inner", config={}, inputs=(given, factor))
    half = affine(
        expression,
        "ge_half",
        given=applied(expression, "ge_tanh", given=inside, function="tanh"),
        scale=0.5,
        offset=0.5,
    )
    return expression.helper("Multiply", "ge_times", config={}, inputs=(given, half))


COMPOSITIONS: dict[str, Composition] = {
    "keras3_hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_swish,
    "hard_swish": _hard_swish,
    "hard_tanh": _hard_tanh,
    "leaky_relu": _leaky_relu,
    "log_sigmoid": _log_sigmoid,
    "tanh_shrink": _tanh_shrink,
    "soft_shrink": _soft_shrink,
    "hard_shrink": _hard_shrink,
    "approximate_gelu": _approximate_gelu,
}
