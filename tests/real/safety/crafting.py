"""Writers of Keras files by hand: no TensorFlow, so that they may say what Keras would never write."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import h5py

from tests.real.safety.attacks import LAYER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.real.safety.scene import Scene

Json = dict[str, Any]
CONSTANT = "_CONSTANT_VALUE"
FEATURES = 3


def entry(name: str = "x", *, shape: Sequence[int | None] = (None, FEATURES), dtype: str = "float32") -> Json:
    """Return an input layer of Keras 2."""
    config = {"batch_input_shape": list(shape), "dtype": dtype, "name": name}
    return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


def layer(class_name: str, config: Json, inbound: list[Any], *, name: str = LAYER, **more: Any) -> Json:
    """Return a layer of Keras 2 as its newer releases write it."""
    head = {"module": "keras.layers", "class_name": class_name, "registered_name": None, "name": name, **more}
    return {**head, "config": {"name": name, "trainable": True, "dtype": "float32", **config}, "inbound_nodes": inbound}


def of_constant(value: Any, /, **arguments: Any) -> list[Any]:
    """Return inbound nodes that call a layer with a constant."""
    return [[CONSTANT, -1, value, arguments]]


def of_layer(name: str = "x", **arguments: Any) -> list[Any]:
    """Return inbound nodes that call a layer of one input with what another one gives."""
    return [[[name, 0, 0, arguments]]]


def of_op(name: str = "x", **arguments: Any) -> list[Any]:
    """Return the same for layers that keep the structure of their inputs, which those of operations do."""
    return [[name, 0, 0, arguments]]


def relu(source: str = "x", name: str = "y") -> Json:
    return layer("Activation", {"activation": "relu"}, of_layer(source), name=name)


def functional(layers: list[Json], *, inputs: Sequence[str] = ("x",), outputs: Sequence[str] = ("y",)) -> Json:
    """Return a model of Keras 2."""
    ends = {"input_layers": [[name, 0, 0] for name in inputs], "output_layers": [[name, 0, 0] for name in outputs]}
    return {"class_name": "Functional", "config": {"name": "m", "trainable": True, "layers": layers, **ends}}


def beside(evil: Json, *more: Json) -> Json:
    """Return a sound model in which one more layer stands, on which nothing depends."""
    return functional([entry(), *more, evil, relu()])


def between(evil: Json, *more: Json, last: str = LAYER) -> Json:
    """Return a model whose answers go through the layer."""
    return functional([entry(), evil, *more, relu(last)])


def alone(evil: Json) -> Json:
    """Return a Sequential of the layer; its inbound nodes go."""
    plain = {key: value for key, value in evil.items() if key not in ("inbound_nodes", "name")}
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [{**entry()}, plain]}}


def layers_model(scene: Scene, model: Json, *, text: str | None = None, **more: Any) -> Path:
    """Write a layers model without weights."""
    folder = scene.here / "model"
    folder.mkdir(exist_ok=True)
    topology = {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": model}
    content = {"format": "layers-model", "modelTopology": topology, "weightsManifest": [], **more}
    (folder / "model.json").write_text(text or json.dumps(content))
    return folder


def hdf5(
    scene: Scene, model: Json | str, *, version: str = "2.15.0", name: str = "model.h5", **attributes: Any
) -> Path:
    """Write a Keras HDF5 file without weights."""
    path = scene.here / name
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = model if isinstance(model, str) else json.dumps(model)
        for key, value in attributes.items():
            file.attrs[key] = json.dumps(value)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = []
        group.attrs["backend"], group.attrs["keras_version"] = "tensorflow", version
    return path


def archive(
    scene: Scene, model: Json | bytes, *, version: str = "2.15.0", more: Sequence[tuple[str, bytes]] = ()
) -> Path:
    """Write a .keras archive without weights."""
    path, weights = scene.here / "model.keras", scene.here / "model.weights.h5"
    with h5py.File(weights, "w") as file:
        file.create_group("vars")
        file.create_group("layers")
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("metadata.json", json.dumps({"keras_version": version, "date_saved": "2024-01-01@00:00:00"}))
        target.writestr("config.json", model if isinstance(model, bytes) else json.dumps(_headed(model, version)))
        target.writestr("model.weights.h5", weights.read_bytes())
        for name, content in more:
            target.writestr(name, content)
    weights.unlink()
    return path


def _headed(model: Json, version: str) -> Json:
    if version.startswith("3") or "module" in model:
        return model
    module = "keras" if model["class_name"] == "Sequential" else "keras.src.engine.functional"
    return {"module": module, "registered_name": model["class_name"], **model}


WRITERS: dict[str, Callable[[Scene, Json], Path]] = {"layers": layers_model, "h5": hdf5, "keras": archive}
"""Where one config of Keras 2 can stand."""
SAVED = ("keras_saved_model",)


def function(module: str, name: str, **more: Any) -> Json:
    """Return how Keras writes a function that it fetches by module and name."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": name, **more}


def calling(fetched: Any, inbound: list[Any], *, kind: str = "function", **more: Any) -> Json:
    """Return a Lambda layer that calls a function."""
    shape: Json = {"output_shape": None, "output_shape_type": "raw", "output_shape_module": None, "arguments": {}}
    config = {"function": fetched, "function_type": kind, "module": "builtins", **shape, **more}
    return layer("Lambda", config, inbound)


def operation(symbol: str, inbound: list[Any]) -> Json:
    """Return a layer that calls a function of TensorFlow by its public name."""
    return layer("TFOpLambda", {"function": symbol}, inbound)


# Keras 3


def entry3(name: str = "x", *, shape: Sequence[int | None] = (None, FEATURES), dtype: str = "float32") -> Json:
    config = {"batch_shape": list(shape), "dtype": dtype, "sparse": False, "name": name}
    return {**_head3("InputLayer", name), "config": config, "inbound_nodes": []}


def layer3(class_name: str, config: Json, args: list[Any], *, name: str = LAYER, **more: Any) -> Json:
    """Return a layer of Keras 3 that is called with ``args``."""
    kwargs = more.pop("kwargs", {})
    node = {"args": args, "kwargs": kwargs}
    filled = {"name": name, "trainable": True, "dtype": "float32", **config}
    return {**_head3(class_name, name), "config": filled, **more, "inbound_nodes": [node]}


def tensor3(name: str = "x") -> Json:
    config = {"shape": [None, FEATURES], "dtype": "float32", "keras_history": [name, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def model3(*evil: Json, last: str = "x") -> Json:
    """Return a model of Keras 3 with one more layer, through which its answers go where ``last`` says so."""
    end = layer3("Activation", {"activation": "relu"}, [tensor3(last)], name="y")
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["y", 0, 0]]}
    config = {"name": "m", "trainable": True, "layers": [entry3(), *evil, end], **ends}
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config,
            "registered_name": "Functional"}  # fmt: skip


def _head3(class_name: str, name: str) -> Json:
    return {"module": "keras.layers", "class_name": class_name, "registered_name": None, "name": name}


def archive3(scene: Scene, model: Json | bytes, **more: Any) -> Path:
    return archive(scene, model, version="3.8.0", **more)


def hdf5_3(scene: Scene, model: Json) -> Path:
    return hdf5(scene, model, version="3.8.0")
