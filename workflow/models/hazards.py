"""Layers models that convert without complaint and then do not load or answer wrongly in TensorFlow.js."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.base.wording import shown, some
from workflow.models.topology import layers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from workflow.models.topology import Layer

_VERSION = "TensorFlow.js 4.22"
_REFUSED = f"{_VERSION} will not load this layers model"
_WRONG = f"{_VERSION} computes other numbers than Keras with this layers model"
_GRAPH = "use a graph model (a `graph` step)"

# The classes that the layers runtime registers when it is imported.
_KNOWN = frozenset(
    """
    Activation Add AlphaDropout Average AveragePooling1D AveragePooling2D AveragePooling3D
    BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate Conv1D Conv2D
    Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM2D ConvLSTM2DCell Cropping2D Dense DepthwiseConv2D
    Dot Dropout ELU Embedding Flatten Functional GRU GRUCell GaussianDropout GaussianNoise
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D InputLayer LSTM
    LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum
    Model Multiply PReLU Permute RNN RandomWidth ReLU RepeatVector Rescaling Reshape Resizing
    SeparableConv2D Sequential SimpleRNN SimpleRNNCell Softmax SpatialDropout1D StackedRNNCells
    ThresholdedReLU TimeDistributed UpSampling2D ZeroPadding2D
    """.split()  # noqa: SIM905  as a list it would take 70 lines
)
_ACTIVATIONS = frozenset(
    """
    elu gelu hardsigmoid linear logsoftmax mish relu relu6 selu sigmoid softmax softplus softsign swish
    tanh
    """.split()  # noqa: SIM905  likewise
)
_POOLING = frozenset({"GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"})
_KERNEL_KEYS = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")


class Hazard(Record):
    """A kind of layer that goes wrong: which classes (None: any), when, how, and the issue to read."""

    classes: frozenset[str] | None
    when: Callable[[Layer], bool]
    effect: str
    what: str
    issue: str = ""
    remedy: str = _GRAPH


def _option(test: Callable[[Mapping[str, Any]], bool]) -> Callable[[Layer], bool]:
    return lambda layer: test(layer.config)


def _has_unknown_activation(layer: Layer) -> bool:
    names = [layer.config.get(key) for key in ("activation", "recurrent_activation")]
    texts = [name.replace("_", "").lower() for name in names if isinstance(name, str)]
    return layer.class_name in _KNOWN and any(text not in _ACTIVATIONS for text in texts)


def _is_grouped(config: Mapping[str, Any]) -> bool:
    groups = config.get("groups")
    return isinstance(groups, int) and groups > 1


HAZARDS: tuple[Hazard, ...] = (
    Hazard(None, lambda layer: layer.class_name not in _KNOWN, _REFUSED, "it does not know", "tfjs#1521"),
    Hazard(
        _POOLING, _option(lambda c: c.get("keepdims") is True), _REFUSED, "keepdims=True is ignored in", "tfjs#5381"
    ),
    Hazard(
        frozenset({"SeparableConv2D"}),
        _option(lambda c: any(c.get(key) is not None for key in _KERNEL_KEYS)),
        _REFUSED,
        "kernel_* options are refused in",
        "tfjs#4479",
    ),
    Hazard(
        frozenset({"GRU", "GRUCell"}),
        _option(lambda c: c.get("reset_after") is True),
        _REFUSED,
        "reset_after=True is not supported in",
        "tfjs#5728",
        remedy=f"{_GRAPH} and call executeAsync, or train with reset_after=False",
    ),
    Hazard(
        frozenset({"Conv1D"}),
        _option(lambda c: c.get("padding") == "causal"),
        _REFUSED,
        "causal padding is not supported in",
        "tfjs#3578",
    ),
    Hazard(frozenset({"Resizing"}), _option(lambda _: True), _REFUSED, "it cannot set up"),
    Hazard(
        frozenset({"Conv1D", "Conv2D", "Conv3D"}),
        _option(_is_grouped),
        _REFUSED,
        "groups are not supported in",
        remedy="build it in Keras from one convolution for each group, as a graph model of it cannot be made either",
    ),
    Hazard(None, _has_unknown_activation, _REFUSED, "it does not know the activation function of"),
    Hazard(
        frozenset({"UpSampling2D"}),
        _option(lambda c: c.get("interpolation") == "bilinear"),
        _WRONG,
        "bilinear interpolation differs in",
        "tfjs#4364",
    ),
)


def browser_hazards(topology: object, where: str = "model.json") -> tuple[str, ...]:
    """Return one sentence per thing in a layers topology that is known to go wrong in TensorFlow.js.

    ``topology`` is ``modelTopology`` of a layers model; raises ``ModelFileError`` when it is not one.
    """
    return hazards_of(layers_of(topology, where))


def hazards_of(layers: Iterable[Layer]) -> tuple[str, ...]:
    """Return the sentences of ``browser_hazards`` for layers that have been read already."""
    every = list(layers)
    pairs = [(hazard, [layer for layer in every if _hits(hazard, layer)]) for hazard in HAZARDS]
    return tuple(_sentence(hazard, hit) for hazard, hit in pairs if hit)


def _hits(hazard: Hazard, layer: Layer) -> bool:
    return (hazard.classes is None or layer.class_name in hazard.classes) and hazard.when(layer)


def _sentence(hazard: Hazard, layers: list[Layer]) -> str:
    classes = some(sorted({shown(layer.class_name)[1:-1] for layer in layers}))
    names = some([shown(layer.name) for layer in layers], limit=3)
    issue = f"; {hazard.issue}" if hazard.issue else ""
    return f"{hazard.effect}: {hazard.what} {classes} (layer {names}{issue}): {hazard.remedy}"
