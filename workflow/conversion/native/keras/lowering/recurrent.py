"""Recurrent layers, and the wrappers around layers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workflow.base.wording import shown
from workflow.conversion.native.keras.expressions import (
    REMOVED,
    Expression,
    LayerCall,
    LayerWeight,
    OutLayer,
    kept,
    matched,
)
from workflow.models.keras.layers import variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.models.keras.tree import Config, Shape, Stored

CELLS = frozenset({"SimpleRNNCell", "GRUCell", "LSTMCell"})
"""The cells that TensorFlow.js has."""

_BOTH_WAYS = frozenset({"SimpleRNN", "GRU", "LSTM"})
_SEVERAL = frozenset({"Add", "Multiply", "Average", "Maximum", "Minimum"})
_NO_STEP = frozenset({"RNN", "Bidirectional", "TimeDistributed", "InputLayer", "Masking", "ConvLSTM2D"})
_SAME_BOTH_WAYS = ("name", "go_backwards", "seed", "dtype", "trainable", "build_config")


def recurrent(layer: LayerCall) -> Expression:
    """Express a recurrent layer; a state given from outside must come as further inputs."""
    expression = Expression(layer)
    expression.core(layer.class_name, {}, weights=None)
    return expression


def with_cell(layer: LayerCall) -> Expression:
    """Express RNN of a cell; several cells on top of each other, which TensorFlow.js confuses, as several layers."""
    cell = layer.config.get("cell")
    if isinstance(cell, list):
        cell = {"class_name": "StackedRNNCells", "config": {"cells": cell}}
    if not isinstance(cell, dict) or not isinstance(cell.get("config"), dict):
        raise layer.refused("it has no cell")
    expression = Expression(layer)
    if cell.get("class_name") == "StackedRNNCells":
        return _stacked(expression, cell["config"].get("cells"))
    undropped = _cell(layer, cell)
    expression.core("RNN", {"cell": undropped} if undropped != cell else {}, weights=None)
    return expression


def bidirectional(layer: LayerCall) -> Expression:
    """Express Bidirectional of a plain recurrent layer, the same both ways."""
    held = _held(layer)
    if held["class_name"] not in _BOTH_WAYS:
        raise layer.refused(f"TensorFlow.js has no Bidirectional of {shown(held['class_name'])}")
    changes: Config = {}
    name = re.sub("^forward_", "", str(held["config"].get("name", "")))
    if name != held["config"].get("name"):
        changes["layer"] = {**held, "config": {**held["config"], "name": name}}
    backward = layer.config.get("backward_layer")
    if backward is not None:
        _require_mirrored(layer, held, backward)
        changes["backward_layer"] = REMOVED
    if held["config"].get("return_state"):
        raise layer.refused("return_state=True")
    expression = Expression(layer)
    expression.core("Bidirectional", changes, weights=None)
    return expression


def time_distributed(layer: LayerCall, express: Callable[[LayerCall], Expression]) -> Expression:
    """Express TimeDistributed: each layer that the inner one becomes is applied to each step."""
    held = _held(layer)
    if held["class_name"] in _NO_STEP:
        raise layer.refused(f"TensorFlow.js cannot apply {shown(held['class_name'])} to each step")
    if len(layer.inputs) != 1:
        raise layer.refused("it is given several inputs")
    if held["config"].get("mask_zero"):
        raise layer.refused("TensorFlow.js does not pass on the mask of each step")
    step: Shape | None = (layer.shape[0], *layer.shape[2:]) if layer.shape else None
    config = {**held["config"], "name": str(held["config"].get("name") or layer.name)}
    inner = express(LayerCall(held["class_name"], config, (step,), layer.weights))
    expression = Expression(layer)
    only = inner.layers[0] if len(inner.layers) == 1 else None
    if only is not None and only.weights is None and (only.class_name, only.config) == (held["class_name"], config):
        expression.core("TimeDistributed", {}, weights=None)
        return expression
    for number, out in enumerate(inner.layers):
        expression.append(_stepwise(layer, out, number))
    expression.notes += inner.notes
    return expression


def bound(out: OutLayer, arrays: Sequence[Stored]) -> tuple[LayerWeight, ...]:
    """Return the weights of a layer that keeps its stored arrays, by the roles that they have in TensorFlow.js."""
    if out.weights is not None:
        return out.weights
    roles = [variable.role for variable in variables(out.class_name, out.config, shape=None)]
    what = f"layer {shown(out.name)} ({out.class_name})"
    return tuple(kept(role, array) for role, array in zip(roles, matched(roles, arrays, what=what), strict=True))


def _stepwise(layer: LayerCall, out: OutLayer, number: int) -> OutLayer:
    """Return a layer of the result applied to each step; what adds or multiplies tensors does so at once."""
    last = out.config["name"]
    if out.class_name in _SEVERAL:
        return OutLayer(out.class_name, {**out.config, "name": f"{layer.name}_{number}"}, out.inputs)
    name = layer.name if out.weights is None or out.weights else f"{layer.name}_{number}_{last}"
    config = {
        "name": name,
        "trainable": layer.config.get("trainable", True),
        "dtype": "float32",
        "layer": {"class_name": out.class_name, "config": out.config},
    }
    return OutLayer("TimeDistributed", config, out.inputs, out.weights)


def _held(layer: LayerCall) -> Config:
    """Return the layer that a wrapper holds; raises for none, and for one that remembers its last batch."""
    held = layer.config.get("layer")
    if (
        not isinstance(held, dict)
        or not isinstance(held.get("class_name"), str)
        or not isinstance(held.get("config"), dict)
    ):
        raise layer.refused("it holds no layer")
    if held["config"].get("stateful"):
        raise layer.refused("the layer that it holds is stateful")
    return held


def _require_mirrored(layer: LayerCall, forward: Config, backward: Any) -> None:
    if not isinstance(backward, dict) or not isinstance(backward.get("config"), dict):
        raise layer.refused("its backward_layer is none")
    one, other = forward["config"], backward["config"]
    keys = (one.keys() | other.keys()) - set(_SAME_BOTH_WAYS)
    same = all(_unseeded(one.get(key)) == _unseeded(other.get(key)) for key in keys)
    turned = bool(one.get("go_backwards")) != bool(other.get("go_backwards"))
    if backward.get("class_name") != forward["class_name"] or not same or not turned:
        raise layer.refused("its backward_layer is another one than its layer")


def _unseeded(value: Any) -> Any:
    """Return a value without seeds, in which the two ways differ and which prediction does not use."""
    if isinstance(value, dict):
        return {key: _unseeded(item) for key, item in value.items() if key != "seed"}
    return value


def _cell(layer: LayerCall, cell: Any) -> Config:
    """Return a cell without dropout, whose mask TensorFlow.js keeps for batches of another size."""
    if not isinstance(cell, dict) or not isinstance(cell.get("config"), dict):
        raise layer.refused("it has no cell")
    if cell.get("class_name") not in CELLS:
        raise layer.refused(f"TensorFlow.js has no cell {shown(str(cell.get('class_name')))}")
    config = cell["config"]
    dropped = {key: 0.0 for key in ("dropout", "recurrent_dropout") if config.get(key)}
    return {**cell, "config": {**config, **dropped}} if dropped else cell


def _stacked(expression: Expression, cells: Any) -> Expression:
    layer = expression.layer
    if not isinstance(cells, list) or not cells:
        raise layer.refused("it has no cells")
    if layer.config.get("return_state") or len(layer.inputs) != 1 or layer.config.get("stateful"):
        raise layer.refused("states of several cells on top of each other")
    rest = list(layer.weights)
    for number, cell in enumerate(cells):
        last = number == len(cells) - 1
        config = {
            **layer.config,
            "name": layer.name if last else f"{layer.name}_{number}",
            "cell": _cell(layer, cell),
            "return_sequences": bool(layer.config.get("return_sequences")) if last else True,
            "go_backwards": bool(layer.config.get("go_backwards")) and not number,
        }
        roles = [variable.role for variable in variables("RNN", config, shape=None)]
        own, rest = rest[: len(roles)], rest[len(roles) :]
        weights = zip(roles, matched(roles, own, what=f"layer {shown(layer.name)} (RNN)"), strict=True)
        expression.append(OutLayer("RNN", config, expression.last, tuple(kept(role, array) for role, array in weights)))
    if rest:
        raise layer.refused("the file has more weights than its cells")
    expression.notes.append(f"{layer.name}: its {len(cells)} cells on top of each other became {len(cells)} layers")
    return expression
