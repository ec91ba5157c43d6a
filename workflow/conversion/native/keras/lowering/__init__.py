"""Each layer of Keras in terms of the layers that TensorFlow.js computes rightly; most stay what they are."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workflow.conversion.native.keras import expressions
from workflow.conversion.native.keras.expressions import Expression, LayerCall, OutLayer
from workflow.models.keras.allowed import TABLES
from workflow.models.keras.tree import OPERATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.models.keras.tree import Config

    Lowering = Callable[[LayerCall], Expression]

_IMAGE_NOISE = (
    *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness"),
    *("RandomHeight", "RandomWidth", "RandomHue", "RandomSaturation", "RandomSharpness", "RandomShear"),
    *("RandomGrayscale", "RandomInvert", "RandomPosterization", "RandomColorJitter", "RandomColorDegeneration"),
    *("RandomErasing", "RandomGaussianBlur", "RandomPerspective", "RandomElasticTransform"),
    *("RandAugment", "AugMix", "CutMix", "MixUp"),
)
_NOTHING = ("Identity", "ActivityRegularization", "SpatialDropout2D", "SpatialDropout3D", *_IMAGE_NOISE)
_GLOBAL = [f"Global{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3)]
_ELEMENTWISE = frozenset({"ReLU", "LeakyReLU", "ELU", "Softmax", "ThresholdedReLU", "Activation"})
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "ConvLSTM2D"})


def _in(module: str, function: str) -> Callable[..., Expression]:
    """Return a function that imports its module only when it is called: most models have few sorts of layers."""

    def lower(*given: object) -> Expression:
        expression: Expression = getattr(import_module(f"{__name__}.{module}"), function)(*given)
        return expression

    return lower


_AS_IT_IS: Lowering = _in("simple", "as_it_is")
LOWERINGS: dict[str, Lowering] = {
    **dict.fromkeys(_NOTHING, _in("simple", "nothing")),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _in("convolution", "convolution")),
    "DepthwiseConv2D": _in("convolution", "depthwise"),
    "SeparableConv2D": _in("convolution", "separable"),
    "SeparableConv1D": _in("convolution", "separable_1d"),
    "DepthwiseConv1D": _in("convolution", "depthwise_1d"),
    "Conv1DTranspose": _in("convolution", "transposed_1d"),
    **dict.fromkeys(("MaxPooling1D", "AveragePooling1D"), _in("pooling", "pooling")),
    **dict.fromkeys(_GLOBAL, _in("pooling", "global_pooling")),
    "BatchNormalization": _in("normalization", "batch_normalization"),
    "LayerNormalization": _in("normalization", "layer_normalization"),
    "GroupNormalization": _in("normalization", "group_normalization"),
    "Normalization": _in("normalization", "normalization"),
    "Rescaling": _in("normalization", "rescaling"),
    **dict.fromkeys(("ZeroPadding1D", "Cropping1D", "UpSampling1D"), _in("resampling", "one_dimension")),
    **dict.fromkeys(("ZeroPadding3D", "Cropping3D", "UpSampling3D"), _in("resampling", "three_dimensions")),
    "UpSampling2D": _in("resampling", "upsampling"),
    "Resizing": _in("resampling", "resizing"),
    "CenterCrop": _in("resampling", "center_crop"),
    "ReLU": _in("simple", "relu"),
    "ELU": _in("simple", "elu"),
    "Softmax": _in("simple", "softmax"),
    **dict.fromkeys(("Add", "Multiply", "Average", "Maximum", "Minimum"), _in("simple", "merge")),
    "Subtract": _in("simple", "subtract"),
    "Concatenate": _in("simple", "concatenate"),
    "Dot": _in("simple", "dot"),
    "Flatten": _in("simple", "flatten"),
    "SpatialDropout1D": _in("simple", "spatial_dropout"),
    "Attention": _in("simple", "attention"),
    **dict.fromkeys(_RECURRENT, _in("recurrent", "recurrent")),
    "RNN": _in("recurrent", "with_cell"),
    "Bidirectional": _in("recurrent", "bidirectional"),
    "TimeDistributed": lambda layer: _in("recurrent", "time_distributed")(layer, express),
    OPERATION: _in("operations", "operation"),
}


def express(layer: LayerCall) -> Expression:
    """Return the layers of TensorFlow.js that do what a layer does; the last of them has its name.

    Raises ``InexpressibleError`` when there are none. What is returned may still hold options that
    TensorFlow.js does not know: the caller checks each layer.
    """
    function = layer.config.get("activation")
    if layer.class_name in _RECURRENT or function is None:
        return _named(LOWERINGS.get(layer.class_name, _AS_IT_IS)(layer))
    name = expressions.native_name(function) if isinstance(function, str) else None
    if name is not None:
        changed = layer if name == function else _with_activation(layer, name)
        return _named(LOWERINGS.get(layer.class_name, _AS_IT_IS)(changed))
    return _named(_activated(layer, function))


def _activated(layer: LayerCall, function: Any) -> Expression:
    """Express a layer without its activation function, and that by layers behind it."""
    if isinstance(function, str) and expressions.is_composed(function):
        if layer.class_name == "Activation":
            expression = Expression(layer)
        else:
            expression = LOWERINGS.get(layer.class_name, _AS_IT_IS)(_with_activation(layer, "linear"))
        expressions.compose(expression, function)
        return expression
    if isinstance(function, dict) and function.get("class_name") in _ELEMENTWISE:
        expression = LOWERINGS.get(layer.class_name, _AS_IT_IS)(_with_activation(layer, "linear"))
        options = function.get("config")
        config: Config = {**(options if isinstance(options, dict) else {}), "name": f"{layer.name}_activation"}
        expression.extend(_without_weights(express(LayerCall(function["class_name"], config, (None,)))))
        why = "for TensorFlow.js has no such activation"
        expression.notes.append(f"{layer.name}: its activation {function['class_name']} is a layer of its own, {why}")
        return expression
    shown = function.get("class_name") if isinstance(function, dict) else function
    raise layer.refused(f"TensorFlow.js has no activation function {str(shown)[:60]!r}")


def _without_weights(expression: Expression) -> Expression:
    """Say of each layer that it has no weights, lest it be given those of the layer that it is a part of."""
    expression.layers = [OutLayer(out.class_name, out.config, out.inputs) for out in expression.layers]
    return expression


def _with_activation(layer: LayerCall, name: str) -> LayerCall:
    return LayerCall(layer.class_name, {**layer.config, "activation": name}, layer.inputs, layer.weights)


def _named(expression: Expression) -> Expression:
    """Give the last layer of the result the layer's name, unless another one has it."""
    if not any(out.name == expression.layer.name for out in expression.layers):
        last = expression.layers[-1]
        config = {**last.config, "name": expression.layer.name}
        expression.layers[-1] = OutLayer(last.class_name, config, last.inputs, last.weights)
    return expression


KNOWN = frozenset({*LOWERINGS, *TABLES})
"""The classes that can be expressed, if their options can."""
