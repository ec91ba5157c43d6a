"""The order in which Keras 2 lists layers and weights, by which it finds the weights in an HDF5 file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.models.keras.layers import calls, tensor_refs
from workflow.models.keras.tree import entries, inner_model, layer_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workflow.models.keras.tree import Config

    Names = Callable[[Config], list[tuple[str, bool]]]
    """Returns the weights of a leaf in the order of its making, and whether each can be trained at all."""

_HINT = "The topology is damaged: convert the model again."
_Node = tuple[str, int]


class _Weights(Record):
    trainable: list[str]
    fixed: list[str]


def layers_in_order(container: Config) -> list[Config]:
    """Return the entries of a model's layers as Keras lists them: by their distance from the results, far ones first.

    Layers of a Sequential are listed as they stand.
    """
    listed = entries(container)
    config = container["config"]
    if container["class_name"] == "Sequential" or not isinstance(config, dict):
        return listed
    by_name = {layer_name(entry): entry for entry in listed}
    graph = _Graph(by_name)
    for name, call, _ in tensor_refs(config.get("output_layers")):
        graph.visit((name, call))
    return [by_name[name] for name in graph.by_depth()]


def weights_in_order(entry: Config, names: Names) -> list[str]:
    """Return the names of a layer's weights as Keras 2 stores them: what is trained first, then all else."""
    found = _weights(entry, names)
    return [*found.trainable, *found.fixed]


def _weights(entry: Config, names: Names) -> _Weights:
    model = inner_model(entry)
    config = entry["config"]
    frozen = isinstance(config, dict) and config.get("trainable") is False
    if model is None:
        own = names(entry)
        if frozen:
            first = [name for name, trains in own if trains]
            return _Weights([], [*first, *(name for name, trains in own if not trains)])
        return _Weights([name for name, trains in own if trains], [name for name, trains in own if not trains])
    inside = [_weights(layer, names) for layer in layers_in_order(model)]
    trainable = [name for each in inside for name in each.trainable]
    fixed = [name for each in inside for name in each.fixed]
    return _Weights([], [*trainable, *fixed]) if frozen else _Weights(trainable, fixed)


class _Graph:
    """The calls of a model's layers, met from its results backwards, as Keras meets them."""

    def __init__(self, entries: dict[str, Config]) -> None:
        self.entries = entries
        self.finished: list[_Node] = []
        self.met: dict[str, int] = {}
        self._done: set[_Node] = set()

    def visit(self, start: _Node) -> None:
        """Note the calls that a call depends on, each before those that depend on it."""
        waiting: list[tuple[_Node, Iterable[_Node]]] = [(start, iter(self._enter(start)))]
        under_way = {start}
        while waiting:
            node, before = waiting[-1]
            following = next(iter(before), None)
            if following is None:
                waiting.pop()
                under_way.discard(node)
                if node not in self._done:
                    self._done.add(node)
                    self.finished.append(node)
            elif following in under_way:
                raise ModelFileError("the layers of a model follow each other in a circle", hint=_HINT)
            elif following not in self._done:
                under_way.add(following)
                waiting.append((following, iter(self._enter(following))))

    def by_depth(self) -> list[str]:
        """Return the layers, the furthest from the results first, and those met earlier first among equals."""
        depths: dict[_Node, int] = {}
        layers: dict[str, int] = {}
        for node in reversed(self.finished):
            depth = max(depths.get(node, 0), layers.get(node[0], 0))
            layers[node[0]] = depths[node] = depth
            for before in self._before(node):
                depths[before] = max(depth + 1, depths.get(before, 0))
        return sorted(layers, key=lambda name: (-layers[name], self.met[name]))

    def _enter(self, node: _Node) -> list[_Node]:
        if node[0] not in self.entries:
            raise ModelFileError("the topology names a layer that it does not have", hint=_HINT)
        self.met.setdefault(node[0], len(self.met))
        return self._before(node)

    def _before(self, node: _Node) -> list[_Node]:
        entry = self.entries[node[0]]
        made = calls(entry)
        number = node[1] - (1 if inner_model(entry) is entry else 0)
        if not made:
            return []
        if not 0 <= number < len(made):
            raise ModelFileError("the topology names a call that a layer does not have", hint=_HINT)
        return [place[:2] for place in made[number].inputs]
