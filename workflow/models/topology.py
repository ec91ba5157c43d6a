"""The topology of a Keras model: a tree of layer configurations, walked without recursion or trust."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
