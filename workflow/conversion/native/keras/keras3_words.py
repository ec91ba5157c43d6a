"""A layers model in the words of Keras 3, for an archive that Keras 2 does not read.

Keras 3 counts the calls of a model inside of a graph from 0 where Keras 2 counts from 1 (``deserialize_node`` in
keras/src/models/functional.py of 3.15), takes the states of a recurrent layer by name alone, and has another function
under the name hard_sigmoid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError
from workflow.base.wording import shown
from workflow.models.keras.dialect import HARD_SIGMOID
from workflow.models.keras.layers import calls, tensor_refs
from workflow.models.keras.tree import entries, inner, is_container, layer_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.models.keras.layers import Call, TensorRef
    from workflow.models.keras.tree import Config, Shape

    ShapesOf = Callable[[Config], "tuple[Shape, Shape] | None"]

_ACTIVATIONS = ("activation", "recurrent_activation")
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D", "Bidirectional"})


def in_keras3_words(container: Config, depth: int = 0) -> Config:
    """Return a model in which Keras 3 computes what Keras 2 does with the one given.

    Raises ``DeclinedError`` with the name of a layer that Keras 3 does not have so.
    """
    config = container["config"]
    listed = entries(container, depth)
    models = {layer_name(entry): entry["class_name"] for entry in listed if is_container(entry)}
    layers = [_layer(entry, frozenset(models), depth) for entry in listed]
    if not isinstance(config, dict):
        return {**container, "config": layers}
    rows = frozenset(name for name, class_name in models.items() if class_name == "Sequential")
    ends = {
        key: [list(_from_zero(ref, rows)) for ref in tensor_refs(config[key])]
        for key in ("input_layers", "output_layers")
        if key in config
    }
    return {**container, "config": {**config, **ends, "layers": layers}}


def _layer(entry: Config, models: frozenset[str], depth: int) -> Config:
    name = layer_name(entry)
    if "/" in name:
        raise _declined(entry, "Keras 3 takes no layer names with a slash: give it another name in TensorFlow.js")
    found = in_keras3_words(entry, depth + 1) if is_container(entry) else {**entry, "config": _options(entry, depth)}
    if "inbound_nodes" in entry:
        found["inbound_nodes"] = [_node(call, entry, models) for call in calls(entry)]
    return found


def _options(entry: Config, depth: int) -> Config:
    config = dict(entry["config"])
    for key in _ACTIVATIONS:
        if config.get(key) == "hard_sigmoid":
            config[key] = HARD_SIGMOID
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) > 1 and entry["class_name"] in _OF_ONE_AXIS:
        raise _declined(entry, _OF_ONE_AXIS[entry["class_name"]])
    held = inner(entry)
    if held is not None:
        config["layer"] = _layer(held, frozenset(), depth + 1)
    return config


_OF_ONE_AXIS: Mapping[str, str] = {
    "Softmax": "over several axes, Keras 3 computes something else",
    "LayerNormalization": "over several axes, Keras 3 does not build it from a file",
}


def _node(call: Call, entry: Config, models: frozenset[str]) -> Any:
    refs = [_from_zero(ref, models) for ref in call.inputs]
    if entry["class_name"] in _RECURRENT and len(refs) > 1:
        return {"args": [_tensor(refs[0])], "kwargs": {"initial_state": [_tensor(ref) for ref in refs[1:]]}}
    found = [[*ref, {}] for ref in refs]
    if found:
        found[0][-1] = dict(call.arguments)
    return found


def _tensor(ref: TensorRef) -> Config:
    """Return a tensor as Keras 3 notes it; it looks for the layer's, of whatever shape that is."""
    return {"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": "float32", "keras_history": [*ref]}}


def _from_zero(ref: TensorRef, models: frozenset[str]) -> TensorRef:
    name, call, tensor = ref
    return (name, max(call - 1, 0), tensor) if name in models else ref


def _declined(entry: Config, why: str) -> DeclinedError:
    return DeclinedError(f"layer {shown(layer_name(entry))} ({entry['class_name']}): {why}", route="none")
