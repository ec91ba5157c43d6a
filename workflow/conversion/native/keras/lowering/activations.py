"""Activation functions that TensorFlow.js lacks, composed of the ones that it has, as layers of their own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workflow.models.keras.allowed import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.conversion.native.keras.expressions import Expression

    Composition = Callable[[Expression, int], int]

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
