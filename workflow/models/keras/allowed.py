"""The options with which TensorFlow.js computes what Keras computes, class by class; all else is declined.

An option that is not listed passes when it holds nothing (None, False, an empty list): newer versions of Keras add
such. An option that is listed passes when its test says so. The tables are about TensorFlow.js 4.22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.wording import shown
from workflow.models.keras.tree import InexpressibleError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.models.keras.tree import Config

    Test = Callable[[Any], bool]
    Table = Mapping[str, Test]

ACTIVATIONS = frozenset(
    """
    linear relu relu6 elu selu sigmoid hard_sigmoid tanh softmax softplus softsign log_softmax gelu mish swish
    """.split()  # noqa: SIM905  as a list it would take 15 lines
)
"""The activation functions that TensorFlow.js has, by the names under which it finds them."""

_MOST = 2**31
_TWO = 2


def anything(_: Any) -> bool:
    """Pass every value: the option is of no meaning for prediction, or is checked elsewhere."""
    return True


def positive(value: Any) -> bool:
    """Pass whole numbers from 1 on."""
    return type(value) is int and 0 < value < _MOST


def number(value: Any) -> bool:
    """Pass plain numbers."""
    return type(value) in (int, float)


def truth(value: Any) -> bool:
    """Pass true and false, also as 1 and 0."""
    return isinstance(value, bool) or (type(value) is int and value in (0, 1))


def last(value: Any) -> bool:
    """Pass the channels on the last axis."""
    return value in (None, "channels_last")


def either(value: Any) -> bool:
    """Pass both places of the channels."""
    return value in (None, "channels_last", "channels_first")


def padding(value: Any) -> bool:
    """Pass the two ways of padding that TensorFlow.js has."""
    return value in ("valid", "same")


def activation(value: Any) -> bool:
    """Pass the activation functions that TensorFlow.js has; none is linear."""
    return value is None or (isinstance(value, str) and value in ACTIVATIONS)


def ones(value: Any) -> bool:
    """Pass 1, for each axis."""
    return value in (None, 1, [1], [1, 1], [1, 1, 1])


def sizes(value: Any) -> bool:
    """Pass a positive whole number, or a list of one to three of them."""
    return positive(value) or (isinstance(value, list) and 1 <= len(value) <= 3 and all(map(positive, value)))  # noqa: PLR2004


def optional(test: Test) -> Test:
    """Pass None, and what another test passes."""
    return lambda value: value is None or test(value)


def equal(*values: Any) -> Test:
    """Pass these values alone."""
    return lambda value: any(value == each and type(value) is type(each) for each in values)


def whole(value: Any) -> bool:
    """Pass whole numbers of a sane size."""
    return type(value) is int and -_MOST < value < _MOST


def integers(value: Any) -> bool:
    """Pass lists of whole numbers, with None where a size is open."""
    return isinstance(value, list) and all(each is None or whole(each) for each in value)


def axis(value: Any) -> bool:
    """Pass one axis, also as a list of one that counts from the front."""
    return whole(value) or (isinstance(value, list) and len(value) == 1 and whole(value[0]) and value[0] > 0)


def axes(value: Any) -> bool:
    """Pass axes, one or several."""
    return whole(value) or (isinstance(value, list) and bool(value) and all(map(whole, value)))


def _natural(value: Any) -> bool:
    return whole(value) and value >= 0


def _pair(value: Any, test: Test) -> bool:
    return isinstance(value, list) and len(value) == _TWO and all(map(test, value))


def square(value: Any) -> bool:
    """Pass one number, two, or two times two, as paddings and croppings are given."""
    return _natural(value) or _pair(value, lambda each: _natural(each) or _pair(each, _natural))


def zero(value: Any) -> bool:
    """Pass 0 and None."""
    return value is None or (number(value) and value == 0)


def says_nothing(value: Any) -> bool:
    """Whether a value says nothing: None, False, or empty."""
    return value is None or value is False or value in ([], {}, "")


COMMON: Table = {
    "name": anything,
    "trainable": anything,
    "dtype": anything,
    "batch_input_shape": anything,
    "input_dtype": anything,
    "input_shape": anything,
    "seed": anything,
}
"""The options that every layer may have."""

_TRAINING = ("initializer", "regularizer", "constraint")


def _trained(*prefixes: str) -> Table:
    return {f"{prefix}_{kind}": anything for prefix in prefixes for kind in _TRAINING}


_DENSE: Table = {"units": positive, "activation": activation, "use_bias": truth, **_trained("kernel", "bias")}
_CONVOLUTION: Table = {
    "filters": positive,
    "kernel_size": sizes,
    "strides": sizes,
    "padding": padding,
    "data_format": either,
    "dilation_rate": sizes,
    "groups": ones,
    "activation": activation,
    "use_bias": truth,
    **_trained("kernel", "bias"),
}
_TRANSPOSED: Table = {**_CONVOLUTION, "dilation_rate": ones}
_DEPTHWISE: Table = {
    **{key: test for key, test in _CONVOLUTION.items() if key != "filters"},
    **_trained("depthwise"),
    "depth_multiplier": positive,
    "dilation_rate": ones,
}
_SEPARABLE: Table = {
    **{key: test for key, test in _CONVOLUTION.items() if not key.startswith("kernel_") or key == "kernel_size"},
    **_trained("depthwise", "pointwise"),
    "depth_multiplier": positive,
    "data_format": last,
}
_POOLING: Table = {"pool_size": sizes, "strides": optional(sizes), "padding": padding, "data_format": either}
_RECURRENT: Table = {
    "units": positive,
    "activation": activation,
    "recurrent_activation": activation,
    "use_bias": truth,
    "dropout": number,
    "recurrent_dropout": number,
    "return_sequences": truth,
    "return_state": truth,
    "go_backwards": truth,
    "stateful": truth,
    "unroll": truth,
    "implementation": anything,
    "unit_forget_bias": anything,
    "time_major": equal(False),
    "zero_output_for_mask": equal(False),
    **_trained("kernel", "recurrent", "bias"),
}
_GRU: Table = {**_RECURRENT, "reset_after": equal(False)}
_NORMALIZATION: Table = {"epsilon": number, "center": truth, "scale": truth, **_trained("beta", "gamma")}
_RATE: Table = {"rate": number, "noise_shape": anything}

TABLES: Mapping[str, Table] = {
    "InputLayer": {"batch_input_shape": integers, "sparse": equal(False), "ragged": equal(False)},
    "Dense": _DENSE,
    "Conv1D": {**_CONVOLUTION, "data_format": last},
    **dict.fromkeys(("Conv2D", "Conv3D"), _CONVOLUTION),
    **dict.fromkeys(("Conv2DTranspose", "Conv3DTranspose"), _TRANSPOSED),
    "DepthwiseConv2D": _DEPTHWISE,
    "SeparableConv2D": _SEPARABLE,
    "Embedding": {
        "input_dim": positive,
        "output_dim": positive,
        "mask_zero": optional(truth),
        "input_length": anything,
        **_trained("embeddings"),
    },
    **{f"{kind}Pooling1D": {**_POOLING, "data_format": last} for kind in ("Max", "Average")},
    **{f"{kind}Pooling{rank}D": _POOLING for kind in ("Max", "Average") for rank in (2, 3)},
    **{f"Global{kind}Pooling1D": {"data_format": last, "keepdims": equal(False)} for kind in ("Max", "Average")},
    **{f"Global{kind}Pooling2D": {"data_format": either, "keepdims": equal(False)} for kind in ("Max", "Average")},
    "BatchNormalization": {
        **_NORMALIZATION,
        "axis": axis,
        "momentum": anything,
        "synchronized": anything,
        "fused": anything,
        **_trained("moving_mean", "moving_variance"),
    },
    "LayerNormalization": {**_NORMALIZATION, "axis": axes},
    "Activation": {"activation": activation},
    "ReLU": {"max_value": optional(number), "negative_slope": zero, "threshold": zero},
    "LeakyReLU": {"alpha": number},
    "ELU": {"alpha": equal(1, 1.0)},
    "PReLU": {"shared_axes": optional(integers), **_trained("alpha")},
    "ThresholdedReLU": {"theta": number},
    "Softmax": {"axis": axes},
    **dict.fromkeys(("Dropout", "SpatialDropout1D", "GaussianDropout", "AlphaDropout"), _RATE),
    "GaussianNoise": {"stddev": number},
    "Flatten": {"data_format": either},
    "Reshape": {"target_shape": integers},
    "Permute": {"dims": integers},
    "RepeatVector": {"n": positive},
    "ZeroPadding2D": {"padding": square, "data_format": either},
    "Cropping2D": {"cropping": square, "data_format": equal("channels_last", "channels_first")},
    "UpSampling2D": {"size": integers, "data_format": either, "interpolation": equal("nearest")},
    "Masking": {"mask_value": number},
    "Rescaling": {"scale": number, "offset": number},
    **{name: {} for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")},
    "Concatenate": {"axis": whole},
    "Dot": {"axes": axes, "normalize": truth},
    "SimpleRNN": _RECURRENT,
    "LSTM": _RECURRENT,
    "GRU": _GRU,
    "SimpleRNNCell": _RECURRENT,
    "LSTMCell": _RECURRENT,
    "GRUCell": _GRU,
    "RNN": {**_RECURRENT, "cell": anything},
    "ConvLSTM2D": {
        **_CONVOLUTION,
        **_RECURRENT,
        "data_format": last,
        **{key: equal(False) for key in ("unroll", "return_state", "stateful")},
    },
    "Bidirectional": {"layer": anything, "merge_mode": equal("concat", "sum", "mul", "ave", None)},
    "TimeDistributed": {"layer": anything},
}

QUANTIZED_IN_KERAS = "Keras has quantized it"
"""The words for layers whose weights `model.quantize` has made whole numbers."""

_WORDS = {"reset_after": "is not implemented there (use reset_after=False when training)"}


def require_allowed(class_name: str, config: Config) -> None:
    """Raise ``InexpressibleError`` unless TensorFlow.js computes this layer, with these options, as Keras does."""
    name = config.get("name", "")
    table = TABLES.get(class_name)
    if table is None:
        raise InexpressibleError(f"layer {shown(str(name))}: TensorFlow.js has no layer class {shown(class_name)}")
    for key, value in config.items():
        if (key == "quantization_config" and value) or (key == "dtype" and "QuantizedDTypePolicy" in str(value)):
            raise InexpressibleError(f"layer {shown(str(name))} ({class_name}): {QUANTIZED_IN_KERAS}")
        test = table.get(key) or COMMON.get(key)
        passes = test(value) if test else says_nothing(value)
        if not passes:
            why = _WORDS.get(key, "is not what TensorFlow.js can do")
            raise InexpressibleError(f"layer {shown(str(name))} ({class_name}): {key}={_brief(value)} {why}")


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 40 else f"{text[:40]}…"  # noqa: PLR2004
