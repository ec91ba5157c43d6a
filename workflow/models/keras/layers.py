"""Layers as Keras has them: how they are called, in the forms of Keras 2 and 3, and the weights that each makes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.models.keras.shapes import channels_last, spatial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.models.keras.tree import Config, Shape

    Rule = Callable[[Config, Shape | None], list["Variable"]]

TensorRef = tuple[str, int, int]
"""A tensor: the layer's name, which of its calls, and which of the results of that call."""

_HINT = "The model's configuration is damaged: save the model again."
_TENSOR = "__keras_tensor__"
_PARTS = 3
SHAPES = "recorded shapes"
"""The field of a layer that keeps, while it is converted, what Keras 3 recorded at its calls."""

_UNTOLD = frozenset({"initial_state", "training"})  # a state is an input; predict() says itself that it does not train
MASK = "mask"
"""The argument that holds the place of a mask."""


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Call(Record):
    """One call of a layer: the tensors that it is given and the other arguments that mean something."""

    inputs: tuple[TensorRef, ...]
    arguments: Mapping[str, Any] = _NOTHING
    shapes: tuple[Any, ...] = ()
    """What Keras recorded as the shapes of the inputs, where it did."""

    @property
    def needs(self) -> tuple[TensorRef, ...]:
        """The tensors that have to be known before the call: its inputs and its mask."""
        place = self.arguments.get(MASK)
        return (*self.inputs, tensor_ref(place)) if isinstance(place, list) else self.inputs


def keras2_call(node: Any, containers: frozenset[str]) -> Any:
    """Return a call as Keras 2 writes it: ``[[name, call, tensor, arguments], ...]``.

    Keras 3 counts the calls of a model from 0, Keras 2 from 1, as its making is a call as well.
    """
    if not isinstance(node, dict) or "args" not in node:
        return node
    args, kwargs = node.get("args"), node.get("kwargs")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ModelFileError("a call of a layer has no arguments", hint=_HINT)
    inputs = [list(ref) for ref in tensors(args, containers)]
    initial = [list(ref) for ref in tensors(kwargs.get("initial_state"), containers)]
    extra = _meaningful(kwargs, args)
    found = [[*ref, {}] for ref in (*inputs, *initial)]
    if found and extra:
        found[0][-1] = extra
    return found


def recorded_shapes(node: Any) -> list[Any]:
    """Return the shapes that Keras 3 recorded for the tensors of a call, in their order."""
    found: list[Any] = []
    if isinstance(node, dict) and "args" in node:
        kwargs = node.get("kwargs")
        initial = kwargs.get("initial_state") if isinstance(kwargs, dict) else None
        _collect(node["args"], found)
        _collect(initial, found)
    return found


def _collect(value: Any, found: list[Any]) -> None:
    if isinstance(value, dict) and value.get("class_name") == _TENSOR:
        config = value.get("config")
        found.append(config.get("shape") if isinstance(config, dict) else None)
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            _collect(value[key], found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, found)


def tensors(value: Any, containers: frozenset[str] = frozenset()) -> Iterator[TensorRef]:
    """Yield the tensors of Keras 3 in nested arguments, dictionaries by their sorted keys."""
    if isinstance(value, dict):
        if value.get("class_name") == _TENSOR:
            yield _shifted(_history(value), containers)
            return
        for key in sorted(value, key=str):
            yield from tensors(value[key], containers)
    elif isinstance(value, list):
        for item in value:
            yield from tensors(item, containers)


def tensor_refs(value: Any, containers: frozenset[str] = frozenset()) -> list[TensorRef]:
    """Return the places of tensors in ``input_layers`` or ``output_layers``: one, a list, or a dictionary of them."""
    if isinstance(value, dict):
        return [found for key in sorted(value, key=str) for found in tensor_refs(value[key], containers)]
    if not isinstance(value, list):
        raise ModelFileError("the inputs or outputs of a model are not listed", hint=_HINT)
    if value and isinstance(value[0], str):
        return [_shifted(tensor_ref(value), containers)]
    return [found for item in value for found in tensor_refs(item, containers)]


def tensor_ref(value: Any) -> TensorRef:
    """Return the place of one tensor as Keras 2 writes it; raises ``ModelFileError`` when it is none."""
    if (
        isinstance(value, list | tuple)
        and len(value) >= _PARTS
        and isinstance(value[0], str)
        and all(type(number) is int and number >= 0 for number in value[1:_PARTS])
    ):
        return value[0], value[1], value[2]
    raise ModelFileError(f"{shown(str(value))} is not the place of a tensor", hint=_HINT)


def calls(entry: Mapping[str, Any]) -> list[Call]:
    """Return the calls of a layer whose configuration is in the words of Keras 2."""
    nodes = entry.get("inbound_nodes", [])
    if not isinstance(nodes, list):
        raise ModelFileError("the calls of a layer are not a list", hint=_HINT)
    shapes = entry.get(SHAPES)
    try:
        made = [_call(node) for node in nodes]
    except ModelFileError as error:
        raise ModelFileError(f"the layer {shown(str(entry.get('name')))}: {error.message}", hint=error.hint) from None
    if not isinstance(shapes, list) or len(shapes) != len(made):
        return made
    return [Call(call.inputs, call.arguments, tuple(each)) for call, each in zip(made, shapes, strict=True)]


def _call(node: Any) -> Call:
    if isinstance(node, dict):
        inputs = [found for key in sorted(node, key=str) for found in _call(node[key]).inputs]
        return Call(tuple(inputs), {"a dictionary of inputs": True} if len(inputs) > 1 else {})
    if not isinstance(node, list):
        raise ModelFileError("a call of a layer is not a list", hint=_HINT)
    listed = [node] if node and isinstance(node[0], str) else node
    arguments: dict[str, Any] = {}
    for item in listed:
        given = item[_PARTS] if isinstance(item, list) and len(item) > _PARTS else None
        arguments.update(given if isinstance(given, dict) else {})
    told = {key: value for key, value in arguments.items() if not _is_silent(value)}
    return Call(tuple(tensor_ref(item) for item in listed), told)


def _meaningful(kwargs: Mapping[str, Any], args: list[Any]) -> dict[str, Any]:
    """Return the arguments of a call of Keras 3 that could change what the layer computes."""
    told = {key: _as_told(key, value) for key, value in kwargs.items() if key not in _UNTOLD and not _is_silent(value)}
    further = [value for value in args[1:] if list(tensors(value))]
    if further:
        told["further arguments"] = len(further)
    if any(isinstance(value, dict) and value.get("class_name") != _TENSOR for value in args):
        told["a dictionary of inputs"] = True
    return told


def _is_silent(value: Any) -> bool:
    """Whether an argument says nothing: None, False, or a list of such."""
    return value is None or value is False or (isinstance(value, list) and all(map(_is_silent, value)))


def _as_told(key: str, value: Any) -> Any:
    found = list(tensors(value))
    if key == MASK and len(found) == 1 and isinstance(value, dict):
        return list(found[0])
    return "another tensor" if found else value


def _history(value: Mapping[str, Any]) -> TensorRef:
    config = value.get("config")
    return tensor_ref(config.get("keras_history") if isinstance(config, dict) else None)


def _shifted(found: TensorRef, containers: frozenset[str]) -> TensorRef:
    name, call, tensor = found
    return (name, call + 1, tensor) if name in containers else found


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
