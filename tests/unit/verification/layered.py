"""Layers with weights in memory, as the readers of model files give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.verification.keras_roles import roles_of
from workflow.verification.named_weights import Named
from workflow.verification.weights_by_layer import ModelWeights, WeightedLayer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def named(name: str, values: Any) -> Named:
    array = np.asarray(values, np.float32)
    return Named(name, array.shape, "float32", lambda: array.reshape(-1))


def held(class_name: str, place: str, config: dict[str, Any] | None = None, **weights: Any) -> WeightedLayer:
    """Return a layer at a place (``inner/dense``); names of weights have ``__`` where roles have a slash."""
    options = {"name": place.rpartition("/")[2], **(config or {})}
    roles = {key.replace("__", "/"): value for key, value in weights.items()}
    found = {role: named(f"{options['name']}/{role}", value) for role, value in roles.items()}
    known = roles_of(class_name, options) is not None
    return WeightedLayer(tuple(place.split("/")), class_name, options, found, known=known)


def model(*layers: WeightedLayer, in_script: bool = False) -> ModelWeights:
    by_name = {one.name: one for layer in layers for one in layer.by_role.values()}
    return ModelWeights(by_name, layers, in_script=in_script)
