"""A layers model in the words of Keras 2: what every Keras reads, where TensorFlow.js writes otherwise."""

from __future__ import annotations

from typing import Any

from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.wording import shown
from workflow.models.keras.tree import Config, inner, is_container

_HINT = "The weights are those of another model, or the manifest is damaged: convert the model again."
_GRUS = frozenset({"GRU", "GRUCell"})
_CELL_OPTIONS = frozenset({"cell", "return_sequences", "return_state", "go_backwards", "stateful", "unroll"})
_ALWAYS = frozenset({"name", "trainable", "dtype", "batch_input_shape"})
_IDLE = ("time_major", "implementation")
_GROUPED = frozenset({"Conv1D", "Conv2D", "Conv3D"})
_OF_KERAS = {"module": "keras.layers", "registered_name": None}
"""Whose a layer inside another one is: newer Keras takes one that does not say so for somebody else's."""

_MODEL_OF_KERAS = {"module": "keras", "registered_name": None}


def in_keras_words(value: Any, where: str) -> Config:
    """Return a model's configuration without what Keras would stumble over in what TensorFlow.js wrote.

    Raises ``ModelFileError`` for a damaged one, ``DeclinedError`` for one of an unknown class.
    """
    if not is_container(value):
        raise DeclinedError(f"{where}: the model is of the class {shown(str(value.get('class_name')))}")
    config = value["config"]
    listed = config.get("layers") if isinstance(config, dict) else config
    if not isinstance(listed, list):
        raise ModelFileError(f"{where}: the model has no layers", hint=_HINT)
    layers = [_layer(entry, where) for entry in listed]
    if value["class_name"] == "Sequential":
        layers = [*_input_of(layers), *layers]
    if not isinstance(config, dict):
        return {"class_name": value["class_name"], "config": {"name": "sequential", "layers": layers}}
    return {"class_name": value["class_name"], "config": {**config, "layers": layers}}


def _input_of(layers: list[Any]) -> list[Config]:
    """Return the InputLayer of a row of layers that has none and knows its shape: newer Keras does not go by shapes."""
    first = layers[0] if layers else {}
    config = first.get("config")
    if not isinstance(config, dict) or first["class_name"] == "InputLayer" or not config.get("batch_input_shape"):
        return []
    name = f"{config.get('name') or first.get('name')}_input"
    dtype = config.get("dtype") or "float32"
    options = {"batch_input_shape": config["batch_input_shape"], "dtype": dtype, "sparse": False, "name": name}
    return [{"class_name": "InputLayer", "config": options}]


def _layer(entry: Any, where: str) -> Any:
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("class_name"), str)
        or not isinstance(entry.get("config"), dict | list)
    ):
        raise ModelFileError(f"{where}: a layer of the model has no config", hint=_HINT)
    if is_container(entry):
        return {**entry, **_with_one_result(in_keras_words(entry, where))}
    if not isinstance(entry["config"], dict):
        return entry
    config = _options(entry["class_name"], entry["config"])
    held = inner(entry)
    if held is not None:
        config = {**config, "layer": _inside(held, where)}
    if entry["class_name"] == "RNN" and isinstance(config.get("cell"), dict):
        config = {key: value for key, value in config.items() if key in _CELL_OPTIONS | _ALWAYS}
        config["cell"] = _inside(config["cell"], where)
    return {**entry, "config": config} if config is not entry["config"] else entry


def _with_one_result(model: Config) -> Config:
    """Return a model inside another one, whose result is no list if it is one alone: Keras 3 would hand the list on."""
    config = model["config"]
    results = config.get("output_layers") if isinstance(config, dict) else None
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], list):
        return model
    return {**model, "config": {**config, "output_layers": results[0]}}


def _inside(held: Config, where: str) -> Config:
    """Return a layer that another one holds; a model is given the name under which every Keras finds its class."""
    if is_container(held):
        class_name = "Sequential" if held["class_name"] == "Sequential" else "Model"
        return {**_MODEL_OF_KERAS, **_layer(held, where), "class_name": class_name}
    return {**_OF_KERAS, **_layer(held, where)}


def _options(class_name: str, config: Config) -> Config:
    """Return a layer's options, itself where all of them are words of every Keras."""
    dropped = [key for key in config if _says_nothing_new(class_name, key, config[key])]
    found = {key: value for key, value in config.items() if key not in dropped} if dropped else config
    if class_name in _GRUS and "reset_after" not in found:
        found = {**found, "reset_after": False}  # as before Keras 2.2, and as TensorFlow.js always does
    shape = found.get("target_shape")
    if class_name == "Reshape" and isinstance(shape, list) and None in shape:
        found = {**found, "target_shape": [-1 if size is None else size for size in shape]}
    return found


def _says_nothing_new(class_name: str, key: str, value: Any) -> bool:
    """Whether an option says what every Keras does unasked, in a word that not every Keras knows of this layer."""
    if key == "groups":
        return value == 1 and class_name not in _GROUPED
    if class_name.startswith("SpatialDropout"):
        return key == "trainable" or (key == "noise_shape" and not value)
    return not value and key in _IDLE
