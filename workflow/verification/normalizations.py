"""What normalizations multiply by and add, from their weights and what a model's configuration says of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

_PARTS = {"mean": "moving_mean", "variance": "moving_variance"}
"""What the layer Normalization calls its weights, and BatchNormalization its."""

_USUAL = 1e-3
_TINY = 1e-30


class Normalization(Record):
    """One layer's weights, flat, by their roles; ``epsilons`` are what it may add to the variance."""

    layer: str
    parts: Mapping[str, Any]
    epsilons: tuple[float, ...]

    def ratios(self) -> Iterator[Array]:
        """Yield what it multiplies by."""
        for epsilon in self.epsilons:
            yield self.parts.get("gamma", 1.0) / np.sqrt(np.maximum(self.parts["moving_variance"] + epsilon, _TINY))

    def offsets(self, biases: Iterable[tuple[str, Array]]) -> Iterator[tuple[str, Array, Array]]:
        """Yield what it adds behind each of these biases: the layer that says most, the sum, and its terms' size."""
        mean = self.parts["moving_mean"]
        yield self.layer, -mean, np.abs(mean)
        for ratio in self.ratios():
            beta = self.parts.get("beta", np.zeros(mean.size))
            for layer, bias in (("", np.zeros(mean.size)), *biases):
                size = np.abs(beta) + np.abs(mean * ratio) + np.abs(bias * ratio)
                yield layer or self.layer, beta + (bias - mean) * ratio, size


def normalizations(vectors: Mapping[str, Array], declared: object) -> list[Normalization]:
    """Return those among weights by name whose layers ``declared`` configures, in whatever model."""
    layers: dict[str, dict[str, Array]] = {}
    plain = set()
    for name, values in vectors.items():
        layer, _, part = name.rpartition("/")
        layers.setdefault(layer, {})[_PARTS.get(part, part)] = values
        plain |= {layer} if part in _PARTS else set()
    known, every = _epsilons(declared), tuple(epsilons_in(declared)) or (_USUAL,)
    return [
        Normalization(layer, parts, (0.0,) if layer in plain else known.get(layer.rpartition("/")[2], every))
        for layer, parts in layers.items()
        if {"moving_mean", "moving_variance"} <= parts.keys()
    ]


def _epsilons(declared: object) -> dict[str, tuple[float, ...]]:
    """Return the epsilons of layers by name: several where layers of several models share one."""
    found: dict[str, tuple[float, ...]] = {}
    waiting = [declared]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            name, own = here.get("name"), here.get("epsilon")
            if isinstance(name, str) and isinstance(own, (int, float)):
                found[name] = (*found.get(name, ()), float(own))
        waiting += here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
    return found


def epsilons_in(configuration: object) -> list[float]:
    """Return every ``epsilon`` that stands in a model's configuration, however deep."""
    if isinstance(configuration, list):
        return sorted({epsilon for one in configuration for epsilon in epsilons_in(one)})
    if not isinstance(configuration, dict):
        return []
    own = configuration.get("epsilon")
    inner = [epsilon for one in configuration.values() for epsilon in epsilons_in(one)]
    return sorted({*inner, *([float(own)] if isinstance(own, (int, float)) else [])})


def numbers_in(configuration: object) -> list[float]:
    """Return every number that stands in a model's configuration, however deep."""
    if isinstance(configuration, (list, dict)):
        inner = configuration.values() if isinstance(configuration, dict) else configuration
        return sorted({number for one in inner for number in numbers_in(one)})
    return [float(configuration)] if isinstance(configuration, (int, float)) else []
