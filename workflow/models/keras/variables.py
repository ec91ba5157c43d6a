"""The weights that each layer of TensorFlow.js makes for itself: names below the layer's, and shapes if known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.models.keras.shapes import channels_last, spatial

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.models.keras.tree import Config, Shape

    Rule = Callable[[Config, Shape | None], list["Variable"]]


class Variable(Record):
    """One weight: its role (``kernel``, ``forward_lstm/kernel``) and its shape, None where that is not known."""

    role: str
    shape: Shape | None
    trainable: bool = True


def variables(class_name: str, config: Config, *, shape: Shape | None) -> list[Variable]:
    """Return the weights of a layer that is given tensors of this shape, in the order in which Keras lists them."""
    rule = _RULES.get(class_name)
    return rule(config, shape) if rule else []


def _biased(config: Config, kernels: list[Variable], size: int | None) -> list[Variable]:
    return [*kernels, *([Variable("bias", (size,))] if config.get("use_bias", True) else [])]


def _channels(config: Config, shape: Shape | None) -> int | None:
    if shape is None:
        return None
    return shape[-1] if channels_last(config) else shape[1]


def _times(one: int | None, other: int) -> int | None:
    return None if one is None else one * other


def _dense(config: Config, shape: Shape | None) -> list[Variable]:
    units = config["units"]
    return _biased(config, [Variable("kernel", (shape[-1] if shape else None, units))], units)


def _embedding(config: Config, _: Shape | None) -> list[Variable]:
    return [Variable("embeddings", (config["input_dim"], config["output_dim"]))]


def _convolution(rank: int, *, transposed: bool = False) -> Rule:
    def rule(config: Config, shape: Shape | None) -> list[Variable]:
        ends = (_channels(config, shape), config["filters"])
        kernel = (*spatial(config, "kernel_size", rank=rank), *(reversed(ends) if transposed else ends))
        return _biased(config, [Variable("kernel", kernel)], config["filters"])

    return rule


def _depthwise(config: Config, shape: Shape | None) -> list[Variable]:
    channels, times = _channels(config, shape), config.get("depth_multiplier") or 1
    kernel = Variable("depthwise_kernel", (*spatial(config, "kernel_size", rank=2), channels, times))
    return _biased(config, [kernel], _times(channels, times))


def _separable(config: Config, shape: Shape | None) -> list[Variable]:
    channels, times = _channels(config, shape), config.get("depth_multiplier") or 1
    kernels = [
        Variable("depthwise_kernel", (*spatial(config, "kernel_size", rank=2), channels, times)),
        Variable("pointwise_kernel", (1, 1, _times(channels, times), config["filters"])),
    ]
    return _biased(config, kernels, config["filters"])


def _axes(config: Config, shape: Shape | None) -> Shape | None:
    axis = config.get("axis", -1)
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    return None if shape is None else tuple(shape[each] for each in axes)


def _batch_normalization(config: Config, shape: Shape | None) -> list[Variable]:
    size = _axes(config, shape)
    moving = [Variable(role, size, trainable=False) for role in ("moving_mean", "moving_variance")]
    return [*_scaled(config, size), *moving]


def _layer_normalization(config: Config, shape: Shape | None) -> list[Variable]:
    return _scaled(config, _axes(config, shape))


def _scaled(config: Config, size: Shape | None) -> list[Variable]:
    wanted = (("scale", "gamma"), ("center", "beta"))
    return [Variable(role, size) for option, role in wanted if config.get(option, True)]


def _prelu(config: Config, shape: Shape | None) -> list[Variable]:
    shared = set(config.get("shared_axes") or ())
    if shape is None:
        return [Variable("alpha", None)]
    return [Variable("alpha", tuple(1 if axis in shared else size for axis, size in enumerate(shape[1:], 1)))]


def _recurrent(gates: int) -> Rule:
    def rule(config: Config, shape: Shape | None) -> list[Variable]:
        units = config["units"]
        kernels = [
            Variable("kernel", (shape[-1] if shape else None, units * gates)),
            Variable("recurrent_kernel", (units, units * gates)),
        ]
        return _biased(config, kernels, units * gates)

    return rule


def _with_cell(config: Config, shape: Shape | None) -> list[Variable]:
    cell = config["cell"]
    return variables(cell["class_name"], cell["config"], shape=shape)


def _convolution_lstm(config: Config, shape: Shape | None) -> list[Variable]:
    filters, window = config["filters"], spatial(config, "kernel_size", rank=2)
    channels = _channels(config, (shape[0], *shape[2:])) if shape else None
    kernels = [
        Variable("kernel", (*window, channels, filters * 4)),
        Variable("recurrent_kernel", (*window, filters, filters * 4)),
    ]
    return _biased(config, kernels, filters * 4)


def _both_ways(config: Config, shape: Shape | None) -> list[Variable]:
    held = config["layer"]
    own = variables(held["class_name"], held["config"], shape=shape)
    prefixes = [f"{way}_{held['config']['name']}" for way in ("forward", "backward")]
    return [Variable(f"{prefix}/{one.role}", one.shape) for prefix in prefixes for one in own]


def _each_step(config: Config, shape: Shape | None) -> list[Variable]:
    held = config["layer"]
    return variables(held["class_name"], held["config"], shape=(shape[0], *shape[2:]) if shape else None)


_RULES: dict[str, Rule] = {
    "Dense": _dense,
    "Embedding": _embedding,
    "Conv1D": _convolution(1),
    "Conv2D": _convolution(2),
    "Conv3D": _convolution(3),
    "Conv2DTranspose": _convolution(2, transposed=True),
    "Conv3DTranspose": _convolution(3, transposed=True),
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "PReLU": _prelu,
    **dict.fromkeys(("SimpleRNN", "SimpleRNNCell"), _recurrent(1)),
    **dict.fromkeys(("GRU", "GRUCell"), _recurrent(3)),
    **dict.fromkeys(("LSTM", "LSTMCell"), _recurrent(4)),
    "RNN": _with_cell,
    "ConvLSTM2D": _convolution_lstm,
    "Bidirectional": _both_ways,
    "TimeDistributed": _each_step,
}
