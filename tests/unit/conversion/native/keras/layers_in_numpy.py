"""The layers of TensorFlow.js in numpy, by their classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras import arithmetic
from tests.unit.conversion.native.keras.arithmetic import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Arrays, Config

    Weighted = Callable[[Config, Array, Arrays], Array]

_HIGHEST_RANK = 4  # up to which TensorFlow.js has normalization


def _listed(value: Any, rank: int) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return values * rank if len(values) == 1 else values


def _last(config: Config, x: Array) -> Array:
    return np.moveaxis(x, 1, -1) if config.get("data_format") == "channels_first" else x


def _back(config: Config, x: Array) -> Array:
    return np.moveaxis(x, -1, 1) if config.get("data_format") == "channels_first" else x


def _window(config: Config, x: Array) -> dict[str, Any]:
    rank = x.ndim - 2
    strides = _listed(config.get("strides") or 1, rank)
    return {"strides": strides, "padding": config["padding"]}


def _rates(config: Config, x: Array) -> list[int]:
    return _listed(config.get("dilation_rate") or 1, x.ndim - 2)


def _dense(_: Config, x: Array, own: Arrays) -> Array:
    return np.asarray(x @ own["kernel"] + own.get("bias", 0))


def _convolution(config: Config, x: Array, own: Arrays) -> Array:
    result = arithmetic.convolved(_last(config, x), own["kernel"], rates=_rates(config, x), **_window(config, x))
    return _back(config, result + own.get("bias", 0))


def _transposed(config: Config, x: Array, own: Arrays) -> Array:
    result = arithmetic.transposed(_last(config, x), own["kernel"], **_window(config, x))
    return _back(config, result + own.get("bias", 0))


def _depthwise(config: Config, x: Array, own: Arrays) -> Array:
    result = arithmetic.depthwise(_last(config, x), own["depthwise_kernel"], **_window(config, x))  # no dilation there
    return _back(config, result + own.get("bias", 0))


def _separable(config: Config, x: Array, own: Arrays) -> Array:
    assert not any(f"kernel_{kind}" in config for kind in ("initializer", "regularizer", "constraint"))
    deep = arithmetic.depthwise(x, own["depthwise_kernel"], rates=_rates(config, x), **_window(config, x))
    return np.asarray(deep @ own["pointwise_kernel"][0, 0] + own.get("bias", 0))


def _batch_normalization(config: Config, x: Array, own: Arrays) -> Array:
    assert x.ndim <= _HIGHEST_RANK
    assert config["axis"] in (-1, x.ndim - 1, [x.ndim - 1])
    scale = own.get("gamma", 1) / np.sqrt(own["moving_variance"] + config["epsilon"])
    return np.asarray((x - own["moving_mean"]) * scale + own.get("beta", 0))


def _layer_normalization(config: Config, x: Array, own: Arrays) -> Array:
    assert x.ndim <= _HIGHEST_RANK
    axis = config["axis"]
    axes = tuple(each % x.ndim for each in (axis if isinstance(axis, list) else [axis]))
    shape = [size if place in axes else 1 for place, size in enumerate(x.shape)]
    gamma, beta = (np.reshape(own[role], shape) if role in own else None for role in ("gamma", "beta"))
    result = arithmetic.normalized(x, axes, config["epsilon"])
    return np.asarray(result * (1 if gamma is None else gamma) + (0 if beta is None else beta))


def _prelu(_: Config, x: Array, own: Arrays) -> Array:
    return np.where(x > 0, x, own["alpha"] * x)


WEIGHTED: dict[str, Weighted] = {
    "Dense": _dense,
    "Embedding": lambda _, x, own: own["embeddings"][x.astype(int)],
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _convolution),
    **dict.fromkeys(("Conv2DTranspose", "Conv3DTranspose"), _transposed),
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "PReLU": _prelu,
}


def _pooling(config: Config, x: Array, *, most: bool) -> Array:
    window = _listed(config["pool_size"], x.ndim - 2)
    strides = _listed(config["strides"], x.ndim - 2) if config.get("strides") else window
    return _back(config, arithmetic.pooled(_last(config, x), window, strides, padding=config["padding"], most=most))


def _global(config: Config, x: Array, *, most: bool) -> Array:
    x = _last(config, x)
    axes = tuple(range(1, x.ndim - 1))
    return np.asarray(x.max(axes) if most else x.mean(axes))


def _softmax(config: Config, x: Array) -> Array:
    axis = config.get("axis", -1)
    if isinstance(axis, list) and len(axis) > 1:
        return arithmetic.softmax(x, tuple(axis))
    only = axis[0] if isinstance(axis, list) else axis
    assert only in (-1, x.ndim - 1), "TensorFlow.js knows the softmax over the last axis alone"
    return arithmetic.softmax(x)


def _flatten(config: Config, x: Array) -> Array:
    assert x.ndim > 2, "TensorFlow.js flattens nothing flat"
    return _last(config, x).reshape(len(x), -1)


def _sides(value: Any) -> list[tuple[int, int]]:
    values = value if isinstance(value, list) else [value, value]
    return [tuple(each) if isinstance(each, list) else (each, each) for each in values]


def _padded(config: Config, x: Array) -> Array:
    return _back(config, np.pad(_last(config, x), [(0, 0), *_sides(config["padding"]), (0, 0)]))


def _cropped(config: Config, x: Array) -> Array:
    x = _last(config, x)
    (top, bottom), (left, right) = _sides(config["cropping"])
    return _back(config, x[:, top : x.shape[1] - bottom, left : x.shape[2] - right])


def _upsampled(config: Config, x: Array) -> Array:
    assert config["interpolation"] == "nearest"
    rows, columns = config["size"]
    return _back(config, _last(config, x).repeat(rows, 1).repeat(columns, 2))


def _relu(config: Config, x: Array) -> Array:
    most = config.get("max_value")
    return np.clip(x, 0, np.inf if most is None else most)


def _unmasked(config: Config, x: Array) -> Array:
    return np.where((x != config["mask_value"]).any(-1, keepdims=True), x, 0)


_IN_TRAINING = ("Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "AlphaDropout")

ELEMENTWISE: dict[str, Callable[[Config, Array], Array]] = {
    "Activation": lambda config, x: ACTIVATIONS[config["activation"]](x),
    "ReLU": _relu,
    "LeakyReLU": lambda config, x: np.where(x > 0, x, config["alpha"] * x),
    "ELU": lambda config, x: arithmetic.elu(x, config.get("alpha", 1)),
    "ThresholdedReLU": lambda config, x: np.where(x > config["theta"], x, 0),
    "Softmax": _softmax,
    **dict.fromkeys(_IN_TRAINING, lambda _, x: x),
    **{f"MaxPooling{rank}D": lambda config, x: _pooling(config, x, most=True) for rank in (1, 2, 3)},
    **{f"AveragePooling{rank}D": lambda config, x: _pooling(config, x, most=False) for rank in (1, 2, 3)},
    **{f"GlobalMaxPooling{rank}D": lambda config, x: _global(config, x, most=True) for rank in (1, 2)},
    **{f"GlobalAveragePooling{rank}D": lambda config, x: _global(config, x, most=False) for rank in (1, 2)},
    "Flatten": _flatten,
    "Reshape": lambda config, x: x.reshape(len(x), *config["target_shape"]),
    "Permute": lambda config, x: x.transpose(0, *config["dims"]),
    "RepeatVector": lambda config, x: np.stack([x] * config["n"], 1),
    "ZeroPadding2D": _padded,
    "Cropping2D": _cropped,
    "UpSampling2D": _upsampled,
    "Masking": _unmasked,
    "Rescaling": lambda config, x: x * config["scale"] + config["offset"],
}


def _concatenated(config: Config, inputs: list[Array]) -> Array:
    axis = config.get("axis", -1)
    return np.concatenate(inputs, -1 if axis < 0 else axis)  # every negative axis is the last one there


def _dot(config: Config, inputs: list[Array]) -> Array:
    assert all(each.ndim in (2, 3) for each in inputs)
    axes = config["axes"] if isinstance(config["axes"], list) else [config["axes"]] * 2
    places = [axis % each.ndim for axis, each in zip(axes, inputs, strict=True)]
    if config.get("normalize"):
        pairs = zip(inputs, places, strict=True)
        inputs = [each / np.sqrt((each**2).sum(axis, keepdims=True)) for each, axis in pairs]
    one, other = inputs
    found = [np.tensordot(a, b, axes=(places[0] - 1, places[1] - 1)) for a, b in zip(one, other, strict=True)]
    return np.stack([np.atleast_1d(each) for each in found])


MERGING: dict[str, Callable[[Config, list[Array]], Array]] = {
    "Add": lambda _, inputs: np.asarray(sum(inputs)),
    "Multiply": lambda _, inputs: np.prod(np.broadcast_arrays(*inputs), 0),
    "Average": lambda _, inputs: np.mean(np.broadcast_arrays(*inputs), 0),
    "Maximum": lambda _, inputs: np.max(np.broadcast_arrays(*inputs), 0),
    "Minimum": lambda _, inputs: np.min(np.broadcast_arrays(*inputs), 0),
    "Concatenate": _concatenated,
    "Dot": _dot,
}


def _run(config: Config, inputs: list[Array], own: Arrays, *, kind: str) -> list[Array]:
    """Return the result of a recurrent layer and its last states; further inputs are the states it begins with."""
    x, units = inputs[0], config["units"]
    states = inputs[1:] or [np.zeros((len(x), units))] * (2 if kind == "LSTM" else 1)
    outputs = []
    for step in range(x.shape[1])[:: -1 if config.get("go_backwards") else 1]:
        states = _STEPS[kind](config, x[:, step], states, own=own)
        outputs.append(states[0])
    return [np.stack(outputs, 1) if config.get("return_sequences") else outputs[-1], *states]


def _functions(config: Config) -> list[Callable[[Array], Array]]:
    return [ACTIVATIONS[config[key]] for key in ("activation", "recurrent_activation") if key in config]


def _simple(config: Config, x: Array, states: list[Array], *, own: Arrays) -> list[Array]:
    whole = x @ own["kernel"] + own.get("bias", 0) + states[0] @ own["recurrent_kernel"]
    return [_functions(config)[0](whole)]


def _lstm(config: Config, x: Array, states: list[Array], *, own: Arrays) -> list[Array]:
    inner, outer = _functions(config)
    whole = x @ own["kernel"] + states[0] @ own["recurrent_kernel"] + own.get("bias", 0)
    enter, forget, new, leave = arithmetic.gates(whole, 4)
    carry = outer(forget) * states[1] + outer(enter) * inner(new)
    return [outer(leave) * inner(carry), carry]


def _gru(config: Config, x: Array, states: list[Array], *, own: Arrays) -> list[Array]:
    inner, outer = _functions(config)
    (past,) = states
    given = arithmetic.gates(x @ own["kernel"] + own.get("bias", 0), 3)
    kernels = arithmetic.gates(own["recurrent_kernel"], 3)
    update, reset = (outer(given[k] + past @ kernels[k]) for k in (0, 1))
    new = inner(given[2] + (reset * past) @ kernels[2])
    return [update * past + (1 - update) * new]


_STEPS: dict[str, Callable[..., list[Array]]] = {"SimpleRNN": _simple, "LSTM": _lstm, "GRU": _gru}


def _with_cell(config: Config, inputs: list[Array], own: Arrays) -> list[Array]:
    cell = config["cell"]
    kind = cell["class_name"].removesuffix("Cell")
    return _run({**config, **cell["config"], "name": config["name"]}, inputs, own, kind=kind)


def _convolution_lstm(config: Config, inputs: list[Array], own: Arrays) -> list[Array]:
    inner, outer = _functions(config)
    x = inputs[0]
    window = {"strides": _listed(config["strides"], 2), "padding": config["padding"]}
    state = carry = outputs = None
    for step in range(x.shape[1])[:: -1 if config.get("go_backwards") else 1]:
        given = arithmetic.convolved(x[:, step], own["kernel"], rates=_listed(config["dilation_rate"], 2), **window)
        state = np.zeros((*given.shape[:-1], config["filters"])) if state is None else state
        carry = np.zeros_like(state) if carry is None else carry
        past = arithmetic.convolved(state, own["recurrent_kernel"], strides=[1, 1], padding="same")
        enter, forget, new, leave = arithmetic.gates(given + past + own.get("bias", 0), 4)
        carry = outer(forget) * carry + outer(enter) * inner(new)
        state = outer(leave) * inner(carry)
        outputs = [*(outputs or []), state]
    assert outputs is not None
    return [np.stack(outputs, 1) if config.get("return_sequences") else outputs[-1]]


RECURRENT: dict[str, Callable[[Config, list[Array], Arrays], list[Array]]] = {
    "SimpleRNN": lambda config, inputs, own: _run(config, inputs, own, kind="SimpleRNN"),
    "LSTM": lambda config, inputs, own: _run(config, inputs, own, kind="LSTM"),
    "GRU": lambda config, inputs, own: _run(config, inputs, own, kind="GRU"),
    "RNN": _with_cell,
    "ConvLSTM2D": _convolution_lstm,
}
