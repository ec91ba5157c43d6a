"""The weights that Keras says each class of layer has, in its order: an own list, for converters are held against it.

A role is the last part of a weight's name (``kernel``); those of wrapped layers have the way (``forward/kernel``) or
the number of the cell (``0/kernel``) in front. See keras.io/api/layers, and the sources of TensorFlow.js's layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Config = Mapping[str, Any]
    Roles = tuple[str, ...]

_DEPTHWISE = ("depthwise_kernel",)
_SEPARABLE = ("depthwise_kernel", "pointwise_kernel")
_RECURRENT = ("kernel", "recurrent_kernel")
_MOVING = ("moving_mean", "moving_variance")


def roles_of(class_name: str, config: Config) -> Roles | None:
    """Return the roles of a layer's weights in Keras's order; None for a class that is not known here."""
    rule = _RULES.get(class_name)
    try:
        return rule(config) if rule is not None else None
    except (KeyError, TypeError, AttributeError):  # options that make no sense
        return None


def name_in_script(role: str, class_name: str, *, config: Config) -> str:
    """Return what TensorFlow.js calls a weight below the name of its layer: ``forward_lstm/kernel`` in both ways."""
    if class_name != "Bidirectional":
        return role
    way, _, last = role.partition("/")
    return f"{way}_{config['layer']['config']['name']}/{last}"


def role_in(name: str) -> str:
    """Return the role that the name of a weight in a Keras file tells, the way of a Bidirectional in front."""
    *above, last = name.split("/")
    way = next((way for part in above for way in ("forward", "backward") if part.startswith(f"{way}_")), "")
    return f"{way}/{last}" if way else last


def cells_of(config: Config) -> list[Config] | None:
    """Return the cells that an RNN has on top of each other; None when it has a single one."""
    cell = config["cell"]
    if isinstance(cell, list):
        return list(cell)
    if cell["class_name"] != "StackedRNNCells":
        return None
    return list(cell["config"]["cells"])


def _of(*kernels: str) -> Callable[[Config], Roles]:
    return lambda config: (*kernels, *(("bias",) if config.get("use_bias", True) else ()))


def _only(*roles: str) -> Callable[[Config], Roles]:
    return lambda _: roles


def _scaled(config: Config) -> Roles:
    wanted = (("scale", "gamma"), ("center", "beta"))
    return tuple(role for option, role in wanted if config.get(option, True))


def _normalized(config: Config) -> Roles | None:
    return None if config.get("renorm") else (*_scaled(config), *_MOVING)


def _statistics(config: Config) -> Roles:
    given = config.get("mean") is not None and config.get("variance") is not None
    return () if given else ("mean", "variance", "count")


def _attention(config: Config) -> Roles:
    concat = ("concat_score_weight",) if config.get("score_mode") == "concat" else ()
    return (*(("scale",) if config.get("use_scale") else ()), *concat)


def _held(config: Config) -> Roles | None:
    held = config["layer"]
    return roles_of(held["class_name"], held["config"])


def _both_ways(config: Config) -> Roles | None:
    forward = _held(config)
    other = config.get("backward_layer") or config["layer"]
    backward = roles_of(other["class_name"], other["config"])
    if forward is None or backward is None:
        return None
    return (*(f"forward/{role}" for role in forward), *(f"backward/{role}" for role in backward))


def _of_cells(config: Config) -> Roles | None:
    cells = cells_of(config)
    if cells is None:
        return roles_of(config["cell"]["class_name"], config["cell"]["config"])
    found = [roles_of(cell["class_name"], cell["config"]) for cell in cells]
    if any(roles is None for roles in found):
        return None
    return tuple(f"{number}/{role}" for number, roles in enumerate(found) for role in roles or ())


_CHANCE = (
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    *("GaussianDropout", "GaussianNoise", "AlphaDropout"),
)
_WITHOUT = (
    *_CHANCE,
    *("InputLayer", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "ThresholdedReLU", "Identity"),
    *("Flatten", "Reshape", "Permute", "RepeatVector", "Masking", "Rescaling", "Resizing", "CenterCrop"),
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
    *("ActivityRegularization", "CategoryEncoding", "UnitNormalization"),
    *(f"{kind}{rank}D" for kind in ("ZeroPadding", "Cropping", "UpSampling") for rank in (1, 2, 3)),
    *(f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3)),
    *(f"Global{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3)),
)

_RULES: Mapping[str, Callable[[Config], Roles | None]] = {
    **dict.fromkeys(_WITHOUT, _only()),
    **dict.fromkeys(("Dense", *(f"Conv{rank}D" for rank in (1, 2, 3))), _of("kernel")),
    **dict.fromkeys((f"Conv{rank}DTranspose" for rank in (1, 2, 3)), _of("kernel")),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _of(*_DEPTHWISE)),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _of(*_SEPARABLE)),
    **dict.fromkeys(("SimpleRNN", "GRU", "LSTM", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _of(*_RECURRENT)),
    **dict.fromkeys(("SimpleRNNCell", "GRUCell", "LSTMCell"), _of(*_RECURRENT)),
    "BatchNormalization": _normalized,
    **dict.fromkeys(("LayerNormalization", "GroupNormalization"), _scaled),
    "Normalization": _statistics,
    "Embedding": _only("embeddings"),
    "PReLU": _only("alpha"),
    "Attention": _attention,
    "RNN": _of_cells,
    "Bidirectional": _both_ways,
    "TimeDistributed": _held,
}

WITHOUT_MEANING: Mapping[str, frozenset[str]] = {"Normalization": frozenset({"count"})}
"""Weights that no prediction uses, and that need not be in the result."""
