"""A layers model run in numpy as TensorFlow.js runs it: it reads the options that TensorFlow.js reads and no others.

So a layer whose options TensorFlow.js would ignore gives another answer here than in Keras, as it does there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.arithmetic import ACTIVATIONS
from tests.unit.conversion.native.keras.layers_in_numpy import ELEMENTWISE, MERGING, RECURRENT, WEIGHTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Arrays, Config

_MODELS = ("Sequential", "Functional", "Model")


class _Weights:
    """The weights of the model; each is asked for by its layer and its role."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.used: set[str] = set()

    def of(self, layer: str, part: str = "") -> Arrays:
        found = {}
        for name, array in self.arrays.items():
            if name.startswith(f"{layer}/{part}"):
                found[name.rpartition("/")[2]] = array.astype("f8")
                self.used.add(name)
        return found


def answers(model: Config, arrays: Arrays, *inputs: Array) -> list[Array]:
    """Return what a model of TensorFlow.js answers; every weight must be one that a layer of it looks for."""
    weights = _Weights(arrays)
    found = _model(model, list(inputs), weights)
    assert weights.used == set(arrays)
    return found


def _model(model: Config, inputs: list[Array], weights: _Weights) -> list[Array]:
    if model["class_name"] == "Sequential":
        for entry in model["config"]["layers"]:
            inputs = _called(entry, inputs, weights)
        return inputs
    config = model["config"]
    made = {tuple(place): value for place, value in zip(config["input_layers"], inputs, strict=True)}
    waiting = [
        (entry, number, node)
        for entry in config["layers"]
        for number, node in enumerate(entry.get("inbound_nodes", []), entry["class_name"] in _MODELS)
    ]
    while waiting:
        ready = [each for each in waiting if all(tuple(place[:3]) in made for place in each[2])]
        assert ready, "the layers wait for each other"
        for entry, number, node in ready:
            results = _called(entry, [made[tuple(place[:3])] for place in node], weights)
            made.update({(entry["name"], number, k): result for k, result in enumerate(results)})
        waiting = [each for each in waiting if each not in ready]
    return [made[tuple(place)] for place in config["output_layers"]]


def _called(entry: Config, inputs: list[Array], weights: _Weights) -> list[Array]:
    class_name, config = entry["class_name"], entry["config"]
    if class_name in _HOLDING:
        return _HOLDING[class_name](entry, inputs, weights)
    if class_name in RECURRENT:
        found = RECURRENT[class_name](config, inputs, weights.of(config["name"]))
        return found if config.get("return_state") else found[:1]
    if class_name in MERGING:
        assert len(inputs) > 1, "TensorFlow.js merges no single tensor"
        return [MERGING[class_name](config, inputs)]
    assert len(inputs) == 1, f"{class_name} is given {len(inputs)} tensors"
    if class_name in ELEMENTWISE:
        return [ELEMENTWISE[class_name](config, inputs[0])]
    result = WEIGHTED[class_name](config, inputs[0], weights.of(config["name"]))
    return [ACTIVATIONS[config.get("activation") or "linear"](result)]


def _each_step(entry: Config, inputs: list[Array], weights: _Weights) -> list[Array]:
    config, (x,) = entry["config"], inputs
    held = config["layer"]
    named = {**held, "config": {**held["config"], "name": config["name"]}}
    inner = held if held["class_name"] in _MODELS else named
    return [np.stack([_called(inner, [x[:, step]], weights)[0] for step in range(x.shape[1])], 1)]


def _both_ways(entry: Config, inputs: list[Array], weights: _Weights) -> list[Array]:
    config = entry["config"]
    held: Any = config["layer"]
    name = held["config"]["name"]
    ways = []
    for way, turned in (("forward", False), ("backward", True)):
        options = {**held["config"], "go_backwards": bool(held["config"].get("go_backwards")) != turned}
        own = weights.of(config["name"], f"{way}_{name}/")
        ways.append(RECURRENT[held["class_name"]](options, inputs, own)[0])
    if held["config"].get("return_sequences"):
        ways[1] = ways[1][:, ::-1]
    if config.get("merge_mode", "concat") is None:
        return ways
    return [_MERGED[config.get("merge_mode", "concat")](*ways)]


_MERGED: dict[str, Callable[[Array, Array], Array]] = {
    "concat": lambda one, other: np.concatenate([one, other], -1),
    "sum": lambda one, other: one + other,
    "ave": lambda one, other: (one + other) / 2,
    "mul": lambda one, other: one * other,
}
_HOLDING: dict[str, Callable[[Config, list[Array], _Weights], list[Array]]] = {
    "InputLayer": lambda _, inputs, __: inputs,
    **dict.fromkeys(_MODELS, _model),
    "TimeDistributed": _each_step,
    "Bidirectional": _both_ways,
}
