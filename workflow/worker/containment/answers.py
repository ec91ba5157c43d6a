"""Models before they are run or optimised: what they make of one example fits into moderate memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, Tuple

from ..failure import VastError
from ..shared import containment_rules as rules
from . import bounds

_ITEM = 4


@dataclass(frozen=True)
class Limit:
    """The bytes of the largest tensor, what it is the limit of, and the error for what is larger."""

    size: int
    words: str
    error: Callable[[str], Exception]


RUN = Limit(bounds.LARGEST_ANSWER, "models are compared", VastError)
CONVERSION = Limit(bounds.LARGEST_CONVERTED, "models are converted", bounds.too_much)


def require_moderate_layers(layers: Iterable[Any], limit: Limit = RUN) -> None:
    """Raise the limit's error where a layer of either Keras makes a huge tensor of one example."""
    for layer in layers:
        for tensor in _made_by(layer):
            _require(f"the layer {layer.name}", tuple(tensor.shape), limit)


def require_moderate_graph(graph: Any, limit: Limit = RUN) -> None:
    """Raise the limit's error where an op of a ``tf.Graph`` or of its functions makes a huge tensor of one example.

    Sizes that are known only as it runs are not looked at.
    """
    for operation in graph.get_operations():
        for tensor in operation.outputs:
            if tensor.shape.rank is not None:
                _require(f"the node {operation.name}", tuple(tensor.shape.as_list()), limit)


def require_moderate_function(function: Any, limit: Limit = RUN) -> None:
    """Raise the limit's error as ``require_moderate_graph``, for a concrete function with all that it calls."""
    described = function.graph.as_graph_def(add_shapes=True)
    for nodes in (described.node, *(inner.node_def for inner in described.library.function)):
        for node in nodes:
            for shape in node.attr["_output_shapes"].list.shape if "_output_shapes" in node.attr else ():
                if not shape.unknown_rank:
                    _require(f"the node {node.name}", tuple(dim.size for dim in shape.dim), limit)


def _made_by(layer: Any) -> Iterator[Any]:
    import tensorflow as tf

    for node in getattr(layer, "_inbound_nodes", None) or ():
        made = getattr(node, "output_tensors", None)
        for tensor in tf.nest.flatten(node.outputs if made is None else made):
            if getattr(tensor, "shape", None) is not None and getattr(tensor.shape, "rank", 0) is not None:
                yield tensor


def _require(what: str, shape: Tuple[Any, ...], limit: Limit) -> None:
    size = bounds.count(shape) * _ITEM
    if size > limit.size:
        sizes = " x ".join("?" if one is None or one < 0 else f"{one:,}" for one in shape)
        words = f"{what} makes {sizes} values of one example, {rules.in_words(size)}"
        raise limit.error(f"{words}; {limit.words} up to {rules.in_words(limit.size)}")
