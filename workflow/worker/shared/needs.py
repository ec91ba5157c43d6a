"""What a model of layers does first with each of its inputs, so that what is drawn for it means something to it.

Read from a configuration in the form of Keras 2, TensorFlow.js or Keras 3, which may be a stranger's: what makes no
sense in it needs nothing. Python 3.8, of the standard library alone.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

Json = Dict[str, Any]

_DEEPEST = 20
_CONTAINERS = frozenset(["Sequential", "Functional", "Model"])
_PASSING = frozenset(
    [
        *("InputLayer", "Masking", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Identity"),
        *("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "ActivityRegularization", "Cast"),
        *("Reshape", "Flatten", "Permute", "RepeatVector", "ExpandDims", "Squeeze"),
        *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D"),
        *("SlicingOpLambda", "GetItem", "Concatenate"),
        *("Resizing", "CenterCrop", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomCrop"),
    ]
)
"""Layers behind which an input's values are still those of the input, where they are at all."""


class Need(NamedTuple):
    """What is known of an input's values: integers below ``bound``, pixels from 0 to 255, and what is masked."""

    bound: Optional[int] = None
    pixels: bool = False
    blank: Optional[float] = None

    def also(self, other: "Need") -> "Need":
        """Return what serves both, where one input goes to several layers."""
        bounds = [one.bound for one in (self, other) if one.bound is not None]
        blanks = [one.blank for one in (self, other) if one.blank is not None]
        return Need(min(bounds, default=None), self.pixels or other.pixels, next(iter(blanks), None))


_NOTHING = Need()


def needs_of(container: Any, names: Sequence[str]) -> List[Need]:
    """Return the needs of a model's inputs, which have these names; of a configuration that makes no sense, none.

    Inputs whose layers have other names are taken in their order.
    """
    try:
        found = _needs(container, 0)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        found = []
    by_name = dict(found)
    if all(name in by_name for name in names):
        return [by_name[name] for name in names]
    return [need for _, need in found] if len(found) == len(names) else [_NOTHING] * len(names)


def _needs(container: Json, depth: int) -> List[Tuple[str, Need]]:
    """Return the names of the layers of a model's inputs and what these need, in order."""
    if depth > _DEEPEST:
        raise ValueError("models in models without end")
    layers = _layers(container)
    if container.get("class_name") == "Sequential":
        return [(_name(layers[0]), _along(layers, depth))]
    config = container["config"]
    users: Dict[str, List[Tuple[Json, int]]] = {}
    for layer in layers:
        for number, name in enumerate(_sources(layer.get("inbound_nodes"))):
            users.setdefault(name, []).append((layer, number))
    return [(name, _below(name, users, depth)) for name, _, _ in _tensors(config.get("input_layers"))]


def _layers(container: Json) -> List[Json]:
    config = container["config"]
    return list(config["layers"] if isinstance(config, dict) else config)


def _name(layer: Json) -> str:
    return str(layer.get("name") or layer["config"]["name"])


def _along(layers: List[Json], depth: int) -> Need:
    """Return the need of a chain of layers."""
    found = _NOTHING
    for layer in layers:
        found = found.also(_own(layer, 0, depth))
        if layer["class_name"] not in _PASSING:
            break
    return found


def _below(start: str, users: Dict[str, List[Tuple[Json, int]]], depth: int) -> Need:
    """Return the need of all layers that see a layer's values as they are."""
    found, waiting, seen = _NOTHING, [start], {start}
    while waiting:
        for layer, number in users.get(waiting.pop(), ()):
            found = found.also(_own(layer, number, depth))
            name = _name(layer)
            if layer["class_name"] in _PASSING and name not in seen:
                seen.add(name)
                waiting.append(name)
    return found


def _own(layer: Json, number: int, depth: int) -> Need:
    """Return what a layer needs of the tensor that it is given as ``number``."""
    class_name, config = layer["class_name"], layer["config"]
    if class_name in _CONTAINERS:
        inner = _needs(layer, depth + 1)
        return inner[number][1] if number < len(inner) else _NOTHING
    if class_name == "TimeDistributed":
        return _own(config["layer"], number, depth + 1)
    rule = _RULES.get(class_name)
    return rule(config) if rule is not None else _NOTHING


def _embedding(config: Json) -> Need:
    return Need(bound=_size(config["input_dim"]), blank=0.0 if config.get("mask_zero") else None)


def _size(number: Any) -> Optional[int]:
    """Return how many there are; None where nothing could be drawn from so few."""
    return int(number) if int(number) > 0 else None


def _masking(config: Json) -> Need:
    return Need(blank=float(config.get("mask_value", 0.0)))


_RULES: Dict[str, Callable[[Json], Need]] = {
    "Embedding": _embedding,
    "Masking": _masking,
    "Rescaling": lambda _: Need(pixels=True),
    "Normalization": lambda _: Need(pixels=True),
    "CategoryEncoding": lambda config: Need(bound=_size(config["num_tokens"])),
}


def _sources(nodes: Any) -> List[str]:
    """Return the names of the layers that the first call of a layer takes tensors of, in order."""
    first = nodes[0] if isinstance(nodes, list) and nodes else []
    return [name for name, _, _ in _tensors(first)]


def _tensors(value: Any) -> List[Tuple[str, int, int]]:
    """Return the tensors that stand anywhere in a value, in order: as layer, call, and output of the layer."""
    return list(_walk(value, 0))


def _walk(value: Any, depth: int) -> Iterator[Tuple[str, int, int]]:
    if depth > _DEEPEST:
        raise ValueError("lists in lists without end")
    if isinstance(value, dict):
        history = (
            value.get("config", {}).get("keras_history") if value.get("class_name") == "__keras_tensor__" else None
        )
        for inner in [history] if history else value.values():
            yield from _walk(inner, depth + 1)
    elif isinstance(value, (list, tuple)):
        if len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):  # noqa: PLR2004  a tensor's key
            yield str(value[0]), int(value[1]), int(value[2])
            value = value[3:]
        for inner in value:
            yield from _walk(inner, depth + 1)
