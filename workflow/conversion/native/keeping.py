"""The weights that a word keeps in float: small, and the ones whose errors a model feels most.

``biases``: what a layer adds to its result. ``normalisation``: scale, offset, mean and variance of normalisation
layers. In a layers model they are known by their names, in a graph by the operation that they enter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import ConversionError
from workflow.base.wording import shown
from workflow.catalogue.options import FLOAT_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflow.models.graph import Graph, Node

WORDS = FLOAT_WORDS
BIASES, NORMALISATION = WORDS

_BY_LAST_NAME = {
    **dict.fromkeys(("bias", "recurrent_bias"), BIASES),
    **dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance", "mean", "variance"), NORMALISATION),
}
_BY_INPUT = {
    "BiasAdd": (BIASES, 1, 2),
    "BiasAddV1": (BIASES, 1, 2),
    "FusedBatchNorm": (NORMALISATION, 1, 5),
    "FusedBatchNormV2": (NORMALISATION, 1, 5),
    "FusedBatchNormV3": (NORMALISATION, 1, 5),
}
"""For an operation, the word for its inputs from one number up to another."""

_FUSED = ("_FusedConv2D", "_FusedMatMul", "FusedDepthwiseConv2dNative", "_FusedDepthwiseConv2dNative")
_BY_FUSED = {b"BiasAdd": (BIASES, 2, 3), b"FusedBatchNorm": (NORMALISATION, 2, 6)}
_PASSES_ON = ("Identity", "ReadVariableOp", "Enter")
_LONGEST_CHAIN = 8


def required_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words if all are known, else raise ``ConversionError``."""
    every = tuple(words)
    for word in every:
        if word not in WORDS:
            import difflib  # noqa: PLC0415  only for a word that is wrong

            near = difflib.get_close_matches(word, WORDS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It knows {' and '.join(WORDS)}."
            raise ConversionError(f"keep_float does not know {shown(word)}", hint=hint)
    return every


def by_name(names: Iterable[str]) -> dict[str, str]:
    """Return the word for each weight of a layers model (or Keras model) that one applies to."""
    found = ((name, _BY_LAST_NAME.get(name.rpartition("/")[2])) for name in names)
    return {name: word for name, word in found if word}


def by_operation(graph: Graph) -> dict[str, str]:
    """Return the word for each constant of a graph that one applies to."""
    words: dict[str, str] = {}
    for prefix, nodes in graph.bodies():
        inputs = {node.name: _inputs(node) for node in nodes}
        passing = {node.name for node in nodes if node.op in _PASSES_ON}
        for node in nodes:
            word, begin, end = _place(node)
            for name in inputs[node.name][begin:end]:
                words[prefix + _origin(name, inputs, passing)] = word
    return words


def reasons(words: Mapping[str, str], kept: Sequence[str]) -> dict[str, str]:
    """Return for each weight to keep why it is kept, as the table of the plan says it."""
    return {name: f"is kept in float ({word})" for name, word in words.items() if word in kept}


def _inputs(node: Node) -> list[str]:
    return [text.partition(":")[0] for text in node.inputs if not text.startswith("^")]


def _place(node: Node) -> tuple[str, int, int]:
    if node.op in _FUSED:
        return _BY_FUSED.get(_first_fused(node), ("", 0, 0))
    return _BY_INPUT.get(node.op, ("", 0, 0))


def _first_fused(node: Node) -> bytes:
    from binascii import Error, a2b_base64  # noqa: PLC0415  only for graphs

    try:
        return a2b_base64(node.fused[0]) if node.fused else b""
    except (Error, ValueError):  # what is no base64 names no operation that is known here
        return b""


def _origin(name: str, inputs: Mapping[str, list[str]], passing: set[str]) -> str:
    for _ in range(_LONGEST_CHAIN):
        if name not in passing or not inputs[name]:
            break
        name = inputs[name][0]
    return name
