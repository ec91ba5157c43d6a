"""Activation functions that TensorFlow.js lacks, composed of the ones that it has, as layers of their own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workflow.models.keras.allowed import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.conversion.native.keras.layers import Chain

    Composition = Callable[[Chain, int], int]

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


def compose(chain: Chain, name: str) -> int:
    """Append the layers that compute an activation function of the last piece (or the input)."""
    what = f"its activation {name.removeprefix('keras3_')} is computed by layers of its own"
    chain.notes.append(f"{chain.layer.name}: {what}, for TensorFlow.js has no such activation")
    return COMPOSITIONS[name](chain, chain.last[0])


def affine(chain: Chain, suffix: str, *, given: int, scale: float = 1.0, offset: float = 0.0) -> int:
    """Append ``scale * x + offset``."""
    return chain.helper("Rescaling", suffix, config={"scale": scale, "offset": offset}, inputs=(given,))


def applied(chain: Chain, suffix: str, *, given: int, function: str) -> int:
    """Append an activation function that TensorFlow.js has."""
    return chain.helper("Activation", suffix, config={"activation": function}, inputs=(given,))


def _clipped(chain: Chain, suffix: str, given: int, *, most: float) -> int:
    return chain.helper("ReLU", suffix, config={"max_value": most}, inputs=(given,))


def _hard_sigmoid(chain: Chain, given: int) -> int:
    raised = affine(chain, "hs_add", given=given, offset=3.0)
    return affine(chain, "hs_scale", given=_clipped(chain, "hs_clip", raised, most=6.0), scale=1 / 6)


def _hard_swish(chain: Chain, given: int) -> int:
    return chain.helper("Multiply", "hs_times", config={}, inputs=(given, _hard_sigmoid(chain, given)))


def _hard_tanh(chain: Chain, given: int) -> int:
    raised = affine(chain, "ht_add", given=given, offset=1.0)
    return affine(chain, "ht_take", given=_clipped(chain, "ht_clip", raised, most=2.0), offset=-1.0)


def _leaky_relu(chain: Chain, given: int) -> int:
    return chain.helper("LeakyReLU", "leaky", config={"alpha": _SLOPE}, inputs=(given,))


def _log_sigmoid(chain: Chain, given: int) -> int:
    flipped = affine(chain, "ls_flip", given=given, scale=-1.0)
    return affine(chain, "ls_back", given=applied(chain, "ls_plus", given=flipped, function="softplus"), scale=-1.0)


def _tanh_shrink(chain: Chain, given: int) -> int:
    taken = affine(chain, "ts_flip", given=applied(chain, "ts_tanh", given=given, function="tanh"), scale=-1.0)
    return chain.helper("Add", "ts_add", config={}, inputs=(given, taken))


def _soft_shrink(chain: Chain, given: int) -> int:
    above = applied(chain, "ss_up", given=affine(chain, "ss_less", given=given, offset=-_THRESHOLD), function="relu")
    flipped = affine(chain, "ss_flip", given=given, scale=-1.0, offset=-_THRESHOLD)
    below = affine(chain, "ss_back", given=applied(chain, "ss_down", given=flipped, function="relu"), scale=-1.0)
    return chain.helper("Add", "ss_add", config={}, inputs=(above, below))


def _hard_shrink(chain: Chain, given: int) -> int:
    above = chain.helper("ThresholdedReLU", "hk_up", config={"theta": _THRESHOLD}, inputs=(given,))
    flipped = affine(chain, "hk_flip", given=given, scale=-1.0)
    kept = chain.helper("ThresholdedReLU", "hk_down", config={"theta": _THRESHOLD}, inputs=(flipped,))
    return chain.helper("Add", "hk_add", config={}, inputs=(above, affine(chain, "hk_back", given=kept, scale=-1.0)))


def squared(chain: Chain, suffix: str, *, given: int) -> int:
    """Append ``x * x``; the second factor is a layer of its own, as TensorFlow.js drops tensors used twice at once."""
    again = applied(chain, f"{suffix}_again", given=given, function="linear")
    return chain.helper("Multiply", suffix, config={}, inputs=(given, again))


def _approximate_gelu(chain: Chain, given: int) -> int:
    root = math.sqrt(2 / math.pi)
    factor = affine(
        chain, "ge_scale", given=squared(chain, "ge_square", given=given), scale=0.044715 * root, offset=root
    )
    inside = chain.helper("Multiply", "ge_inner", config={}, inputs=(given, factor))
    half = affine(
        chain, "ge_half", given=applied(chain, "ge_tanh", given=inside, function="tanh"), scale=0.5, offset=0.5
    )
    return chain.helper("Multiply", "ge_times", config={}, inputs=(given, half))


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
