"""One group of weight files for each layer, in place of the groups that a layers model has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.models.topology import layers_of

if TYPE_CHECKING:
    from workflow.models.tfjs_weights import StoredModel, StoredWeight

_OPTIMIZER = "\0optimizer"  # no layer is called so


def by_layer(model: StoredModel) -> list[list[StoredWeight]]:
    """Return the weights by layer, in the order in which layers and weights first appear; the optimizer's last."""
    names = frozenset(layer.name for layer in layers_of(model.file.topology, str(model.file.path)))
    groups: dict[str, list[StoredWeight]] = {}
    for weight in model.weights:
        key = _OPTIMIZER if weight.is_optimizer else _layer_of(weight.weight.name, names)
        groups.setdefault(key, []).append(weight)
    last = groups.pop(_OPTIMIZER, None)
    return [*groups.values(), *([last] if last else [])]


def _layer_of(weight: str, layers: frozenset[str]) -> str:
    """Return the longest part of a weight's name that is a layer's; without one, all but its last part."""
    parts = weight.split("/")
    candidates = ("/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((name for name in candidates if name in layers), weight.rpartition("/")[0])
