"""The topology of a Keras model, a tree of layer configurations walked without trust, and what goes wrong with such."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import kind_of, shown, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MODEL_CLASSES = frozenset({"Sequential", "Functional", "Model"})
_INNER = ("layer", "cell", "backward_layer", "forward_layer")  # what wrappers and RNNs hold
_LISTED = ("layers", "cells")
_HINT = "The topology is damaged, or no Keras or TensorFlow.js wrote it: save or convert the model again."


class Layer(Record):
    """One layer (or cell, or nested model) of a topology."""

    class_name: str
    name: str
    config: Mapping[str, Any]


def model_config(topology: object, where: str) -> dict[str, Any]:
    """Return the model's configuration out of a topology, which may also be it; raises ``ModelFileError``."""
    if not isinstance(topology, dict):
        raise ModelFileError(f"{where}: the topology is {kind_of(topology)}, not an object", hint=_HINT)
    config = topology.get("model_config", topology)
    if not isinstance(config, dict):
        raise ModelFileError(f"{where}: model_config is {kind_of(config)}, not an object", hint=_HINT)
    return config


def layers_of(topology: object, where: str) -> list[Layer]:
    """Return every layer of a topology with those of nested models and wrappers, outermost first.

    ``where`` names the file; raises ``ModelFileError`` when the tree is not one of layers.
    """
    root = model_config(topology, where)
    found: list[Layer] = []
    waiting: list[tuple[object, str]] = [(root, "the model")]
    while waiting:
        value, what = waiting.pop()
        layer = _layer(value, what=what, where=where)
        found.append(layer)
        waiting += reversed(_children(layer, where))
    return found[1:]


def layer_facts(layers: Iterable[Layer]) -> dict[str, object]:
    """Return the facts of a topology that a summary shows."""
    classes = Counter(layer.class_name for layer in layers)
    return {"layers": classes.total(), "layer_classes": dict(sorted(classes.items()))}


def _layer(value: object, *, what: str, where: str) -> Layer:
    if not isinstance(value, dict):
        raise ModelFileError(f"{where}: {what} is {kind_of(value)}, not an object", hint=_HINT)
    class_name = value.get("class_name")
    config = value.get("config")
    if not isinstance(class_name, str):
        raise ModelFileError(f"{where}: {what} has no class_name", hint=_HINT)
    if isinstance(config, list) and class_name == "Sequential":
        config = {"layers": config}  # as Keras wrote Sequential models until 2.2
    if not isinstance(config, dict):
        raise ModelFileError(f"{where}: {what} ({shown(class_name)}) has no config", hint=_HINT)
    name = config.get("name", value.get("name"))
    return Layer(class_name=class_name, name=name if isinstance(name, str) else "", config=config)


def _children(value: Layer, where: str) -> list[tuple[object, str]]:
    """Return what a layer holds: a model its layers, which must be there; wrappers and RNNs theirs."""
    layers = value.config.get("layers")
    called = f"the model {shown(value.name)}" if value.name else "the model"
    if value.class_name in MODEL_CLASSES:
        if not isinstance(layers, list):
            problem = "has no layers" if layers is None else f"has {kind_of(layers)} in place of its layers"
            raise ModelFileError(f"{where}: {called} {problem}", hint=_HINT)
        return [(layer, f"layer {number} of {called}") for number, layer in enumerate(layers, 1)]
    inner = [value.config.get(key) for key in _INNER]
    listed = [entry for key in _LISTED if isinstance(entries := value.config.get(key), list) for entry in entries]
    return [(entry, f"a part of {shown(value.name)}") for entry in (*inner, *listed) if _is_layer(entry)]


def _is_layer(value: object) -> bool:
    return (
        isinstance(value, dict) and isinstance(value.get("class_name"), str) and isinstance(value.get("config"), dict)
    )


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
    texts = [name.replace("_", "").lower() for name in names if isinstance(name, str) and name != "gelu_new"]
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
    Hazard(
        None,
        _option(lambda c: "gelu_new" in (c.get("activation"), c.get("recurrent_activation"))),
        _REFUSED,
        "it has gelu_new, and looks for geluNew when it loads",
        remedy="use gelu, or build the model in the page",
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


def refusals_of(layers: Iterable[Layer]) -> tuple[str, ...]:
    """Return those of the sentences that say why TensorFlow.js will not load the model."""
    every = list(layers)
    pairs = [(one, [layer for layer in every if _hits(one, layer)]) for one in HAZARDS if one.effect == _REFUSED]
    return tuple(_sentence(hazard, hit) for hazard, hit in pairs if hit)


def _hits(hazard: Hazard, layer: Layer) -> bool:
    return (hazard.classes is None or layer.class_name in hazard.classes) and hazard.when(layer)


def _sentence(hazard: Hazard, layers: list[Layer]) -> str:
    classes = some(sorted({shown(layer.class_name)[1:-1] for layer in layers}))
    names = some([shown(layer.name) for layer in layers], limit=3)
    issue = f"; {hazard.issue}" if hazard.issue else ""
    return f"{hazard.effect}: {hazard.what} {classes} (layer {names}{issue}): {hazard.remedy}"
