"""Where a node comes from: the layer of the model that it was traced in."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, List

_CALLS = frozenset(["StatefulPartitionedCall", "PartitionedCall"])


def layer_names(model: Any) -> FrozenSet[str]:
    """Return the names of all layers of a Keras model, nested ones too."""
    found = set()
    for layer in getattr(model, "layers", None) or []:
        found |= {layer.name} | layer_names(layer)
    return frozenset(found)


def origin(node: str, layers: Iterable[str]) -> str:
    """Return the innermost layer in a node's name; without one, the name itself."""
    parts = [part for part in node.split("/") if part not in _CALLS]
    known = frozenset(layers)
    named = [part for part in parts if part in known]
    return named[-1] if named else "/".join(parts[:-1] or parts)


def grouped(places: Dict[str, List[str]], layers: Iterable[str]) -> Dict[str, List[str]]:
    """Return for each op the layers that it comes from, each once, in order."""
    known = frozenset(layers)
    return {what: list(dict.fromkeys(origin(node, known) for node in nodes)) for what, nodes in places.items()}
