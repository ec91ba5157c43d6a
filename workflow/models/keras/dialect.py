"""The words of Keras 3 in those of Keras 2, which TensorFlow.js reads; what Keras 2 itself wrote stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.wording import shown
from workflow.models.keras.allowed import COMMON, TABLES, says_nothing
from workflow.models.keras.layers import SHAPES, keras2_call, recorded_shapes, tensor_refs
from workflow.models.keras.tree import CONTAINERS, OPERATION, entries, is_container, layer_name

if TYPE_CHECKING:
    from workflow.models.keras.tree import Config

_OURS = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras")
_OPS = ("keras.src.ops", "keras.ops")
_OF_LAYERS = frozenset({"trainable", "batch_shape", "batch_input_shape", "layers"})
_WITHOUT_SEED = frozenset({"LSTM", "GRU", "SimpleRNN", "ConvLSTM2D", "LSTMCell", "GRUCell", "SimpleRNNCell"})
_OF_KERAS3_INITIALIZERS = frozenset({"input_axes", "output_axes"})
_WITH_DTYPE = frozenset({"Cast"})
_DROPPED = frozenset(
    {"renorm_momentum", "build_config", "compile_config", "shared_object_id", "module", "registered_name"}
)
_HOLD_LAYERS = ("layer", "cell", "backward_layer", "forward_layer")
_ACTIVATIONS = ("activation", "recurrent_activation")
_RENAMED_OPTIONS = {
    "InputLayer": {"batch_shape": "batch_input_shape"},
    "LeakyReLU": {"negative_slope": "alpha"},
}
_OTHERWISE_IN_KERAS3 = {"hard_sigmoid": "keras3_hard_sigmoid"}
HARD_SIGMOID: Config = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {
        "name": "hard_sigmoid",
        "layers": [
            {
                "module": "keras.layers",
                "class_name": "Rescaling",
                "config": {"name": "hard_sigmoid_slope", "scale": 0.2, "offset": 0.5},
                "registered_name": None,
            },
            {
                "module": "keras.layers",
                "class_name": "ReLU",
                "config": {"name": "hard_sigmoid_bounds", "max_value": 1.0},
                "registered_name": None,
            },
        ],
    },
    "registered_name": None,
}
"""The hard_sigmoid of Keras 2 and TensorFlow.js as an activation of Keras 3, whose own is steeper by a sixth less."""

_TENSORFLOW_OPS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})
_HINT = "The model's configuration is damaged: save the model again."


def as_keras2(config: Any, version: str) -> tuple[Config, tuple[str, ...]]:
    """Return a model's configuration in the words of Keras 2, and what was changed in what Keras 2 wrote.

    Raises ``ModelFileError`` when it is no configuration of a model.
    """
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ModelFileError("the model's configuration has no class_name", hint=_HINT)
    if not is_container(config):
        return config, ()
    if not version.startswith("2"):
        return _Translation(keras3=True).layer(config), ()
    if "module" in config:
        return _Translation(keras3=False).layer(config), ()
    return _operations_named(config), ()


def own_class(config: Config) -> DeclinedError:
    """Return the error for a model of a class that its author wrote."""
    return DeclinedError(
        f"the model is of a class of its own, {shown(str(config['class_name']))}, whose code is not in the file",
        route="graph",
    )


def _operations_named(container: Config, depth: int = 0) -> Config:
    """Return a model of Keras 2 with its operations of TensorFlow under the names that this package knows."""
    listed = entries(container, depth)
    if not any(entry["class_name"] in _TENSORFLOW_OPS or is_container(entry) for entry in listed):
        return container
    layers = [
        _operations_named(entry, depth + 1)
        if is_container(entry)
        else _operation(entry)
        if entry["class_name"] in _TENSORFLOW_OPS
        else entry
        for entry in listed
    ]
    config = container["config"]
    return {**container, "config": {**config, "layers": layers} if isinstance(config, dict) else layers}


def _operation(entry: Config, containers: frozenset[str] | None = None) -> Config:
    """Return an operation of TensorFlow, or where ``containers`` are given of Keras 3, under the name it has here."""
    from workflow.models.keras import op_names  # noqa: PLC0415  for the few models that have such alone

    return op_names.from_tensorflow(entry) if containers is None else op_names.from_keras3(entry, containers)


class _Translation:
    """Turns layers of Keras 3, or of a .keras archive of Keras 2, into those that Keras 2 writes into HDF5."""

    def __init__(self, *, keras3: bool) -> None:
        self.keras3 = keras3

    def layer(self, entry: Config, containers: frozenset[str] = frozenset(), *, depth: int = 0) -> Config:
        """Return one layer with its calls; ``containers`` are the models among its neighbours."""
        if self.keras3 and _is_operation(entry):
            return _operation(entry, containers)
        if entry["class_name"] in _TENSORFLOW_OPS:
            return _operation(entry)
        name = _qualified(entry)
        config = entry["config"]
        result: Config = {"class_name": name, "config": self._config(name, config, depth)}
        if "name" in entry:
            result["name"] = entry["name"]
        if "inbound_nodes" in entry:
            nodes = _list(entry["inbound_nodes"])
            shift = containers if self.keras3 else frozenset()
            result["inbound_nodes"] = [keras2_call(_from_one(node, shift), containers) for node in nodes]
            if self.keras3:
                result[SHAPES] = [recorded_shapes(node) for node in nodes]
        return result

    def _config(self, class_name: str, config: Any, depth: int) -> Any:
        if class_name in CONTAINERS:
            return self._container(config, depth)
        if not isinstance(config, dict):
            raise ModelFileError(f"a layer ({shown(class_name)}) of the model has no config", hint=_HINT)
        renamed = _RENAMED_OPTIONS.get(class_name, {}) if self.keras3 else {}
        kept = {key: value for key, value in config.items() if key not in _DROPPED}
        result = {str(renamed.get(key, key)): self._option(key, value, depth) for key, value in kept.items()}
        return {key: value for key, value in result.items() if not self._is_newer(class_name, key, value)}

    def _is_newer(self, class_name: str, key: str, value: Any) -> bool:
        """Whether an option is one that Keras 2 does not know and that says nothing."""
        if not self.keras3:
            return False
        if key == "seed" and class_name in _WITHOUT_SEED:
            return True
        return class_name in TABLES and key not in TABLES[class_name] and key not in COMMON and says_nothing(value)

    def _option(self, key: str, value: Any, depth: int) -> Any:
        if key == "dtype":
            return _dtype(value)
        if key in _ACTIVATIONS:
            return self._activation(value, depth)
        if key in _HOLD_LAYERS and _is_object(value):
            return self.layer(value, depth=depth + 1)
        if key == "cells" and isinstance(value, list):
            return [self.layer(cell, depth=depth + 1) if _is_object(cell) else cell for cell in value]
        return _stripped(value)

    def _activation(self, value: Any, depth: int) -> Any:
        if _is_object(value):
            return "hard_sigmoid" if _is_hard_sigmoid(value) else self.layer(value, depth=depth + 1)
        if isinstance(value, dict):  # a function: {"module": ..., "class_name": "function", "config": its name}
            value = _function_name(value)
        return _OTHERWISE_IN_KERAS3.get(value, value) if self.keras3 and isinstance(value, str) else value

    def _container(self, config: Any, depth: int) -> Config:
        listed = entries({"config": config}, depth)
        models = frozenset(layer_name(entry) for entry in listed if is_container(entry))
        layers = [self.layer(entry, models, depth=depth + 1) for entry in listed]
        if not isinstance(config, dict):
            return {"layers": layers}
        kept = {key: value for key, value in config.items() if key not in {"layers", "dtype", *_DROPPED}}
        result: Config = {**kept, "layers": layers}
        rows = frozenset(layer_name(entry) for entry in listed if entry["class_name"] == "Sequential")
        shift = rows if self.keras3 else frozenset()  # the others Keras 3 counts from 1 here, as Keras 2 does
        for key in ("input_layers", "output_layers"):
            if key in config:
                result[key] = [list(ref) for ref in tensor_refs(config[key], shift)]
        return result


def _from_one(node: Any, containers: frozenset[str]) -> Any:
    """Return a call in the form of Keras 2 with those of models counted from 1; Keras 3 counts them from 0 there, too.

    Other forms stay as they are.
    """
    if not isinstance(node, list) or not all(isinstance(item, list) and item for item in node):
        return node
    return [[*item[:1], item[1] + 1, *item[2:]] if _is_call_of(item, containers) else item for item in node]


def _is_call_of(item: list[Any], containers: frozenset[str]) -> bool:
    return isinstance(item[0], str) and item[0] in containers and len(item) > 1 and type(item[1]) is int


def _is_hard_sigmoid(value: Config) -> bool:
    """Whether an activation is what ``HARD_SIGMOID`` is, also as Keras 3 has saved it again."""
    if value["class_name"] != "Sequential" or not isinstance(value["config"].get("layers"), list):
        return False
    layers = [layer for layer in value["config"]["layers"] if _is_object(layer) and layer["class_name"] != "InputLayer"]
    wanted = HARD_SIGMOID["config"]["layers"]
    return len(layers) == len(wanted) and all(
        layer["class_name"] == one["class_name"]
        and all(layer["config"].get(key) == said for key, said in one["config"].items() if key != "name")
        and not any(layer["config"].get(key) for key in ("negative_slope", "threshold"))
        for layer, one in zip(layers, wanted, strict=True)
    )


def _is_operation(entry: Config) -> bool:
    """Whether an entry is an operation; where the module is not written, operations have no dtype of their own."""
    module = entry.get("module")
    if isinstance(module, str):
        return module.startswith(_OPS)
    config = entry["config"]
    if not isinstance(config, dict) or _OF_LAYERS & config.keys() or "inbound_nodes" not in entry:
        return False
    return "dtype" not in config or entry["class_name"] in _WITH_DTYPE


def _qualified(entry: Config) -> str:
    """Return the class name, with the package in front where a class is not one of Keras's own."""
    class_name: str = entry["class_name"]
    module = entry.get("module")
    registered = entry.get("registered_name")
    if (
        isinstance(module, str)
        and module.partition(".")[0] not in {"keras", "tf_keras"}
        and not module.startswith(_OURS)
    ):
        return registered if isinstance(registered, str) and ">" in registered else f"{module}>{class_name}"
    return registered if isinstance(registered, str) and ">" in registered else class_name


def _is_object(value: Any) -> bool:
    return (
        isinstance(value, dict) and isinstance(value.get("class_name"), str) and isinstance(value.get("config"), dict)
    )


def _function_name(value: Config) -> str:
    name = value.get("config")
    module = value.get("module")
    own = module in (None, "builtins") or str(module).startswith(_OURS)
    if value.get("class_name") != "function" or not isinstance(name, str) or not own:
        return f"{module}>{name if isinstance(name, str) else value.get('class_name')}"
    return f"custom>{value['registered_name']}" if ">" in str(value.get("registered_name")) else name


def _dtype(value: Any) -> Any:
    """Return a dtype's name out of a policy, as float32 where Keras computed with less or more."""
    if isinstance(value, dict):
        value = (value.get("config") or {}).get("name") if isinstance(value.get("config"), dict) else None
    if not isinstance(value, str):
        return "float32" if value is None else value
    return "float32" if value.startswith(("mixed_", "float", "bfloat")) else value


def _stripped(value: Any) -> Any:
    """Return an object of Keras 3 (an initializer, a constraint...) as Keras 2 wrote it: class and configuration."""
    if isinstance(value, list):
        return [_stripped(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("class_name"), str) and "config" in value:
        config = _stripped(value["config"])
        if isinstance(config, dict):
            config = {key: item for key, item in config.items() if key not in _OF_KERAS3_INITIALIZERS}
        return {"class_name": _qualified(value), "config": config}
    return {key: _stripped(item) for key, item in value.items()}


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ModelFileError("the calls of a layer are not a list", hint=_HINT)
    return value


__all__ = ["HARD_SIGMOID", "OPERATION", "as_keras2"]
