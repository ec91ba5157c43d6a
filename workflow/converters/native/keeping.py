"""The weights that a word keeps in float: small, and the ones whose errors a model feels most.

``biases``: what a layer adds to its result. ``normalisation``: scale, offset, mean and variance of normalisation
layers. In a layers model they are known by their names, in a graph by the operation that they enter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.errors import ConversionError
from workflow.formats.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BIASES = "biases"
NORMALISATION = "normalisation"
WORDS = (BIASES, NORMALISATION)

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


def by_operation(topology: Mapping[str, Any]) -> dict[str, str]:
    """Return the word for each constant of a graph that one applies to; what is malformed says nothing."""
    words: dict[str, str] = {}
    for prefix, nodes in _bodies(topology):
        inputs = {node["name"]: _inputs(node) for node in nodes}
        passing = {node["name"] for node in nodes if node.get("op") in _PASSES_ON}
        for node in nodes:
            word, begin, end = _place(node)
            for name in inputs[node["name"]][begin:end]:
                words[prefix + _origin(name, inputs, passing)] = word
    return words


def reasons(words: Mapping[str, str], kept: Sequence[str]) -> dict[str, str]:
    """Return for each weight to keep why it is kept, as the table of the plan says it."""
    return {name: f"is kept in float ({word})" for name, word in words.items() if word in kept}


def _bodies(topology: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    yield "", _nodes(topology.get("node"))
    library = topology.get("library")
    functions = library.get("function") if isinstance(library, dict) else None
    for function in functions if isinstance(functions, list) else []:
        if isinstance(function, dict) and isinstance(function.get("signature"), dict):
            yield f"{function['signature'].get('name')}/", _nodes(function.get("nodeDef"))


def _nodes(value: object) -> list[Mapping[str, Any]]:
    every = value if isinstance(value, list) else []
    return [node for node in every if isinstance(node, dict) and isinstance(node.get("name"), str)]


def _inputs(node: Mapping[str, Any]) -> list[str]:
    value = node.get("input")
    every = value if isinstance(value, list) else []
    return [text.partition(":")[0] for text in every if isinstance(text, str) and not text.startswith("^")]


def _place(node: Mapping[str, Any]) -> tuple[str, int, int]:
    op = node.get("op")
    if not isinstance(op, str):
        return "", 0, 0
    if op in _FUSED:
        return _BY_FUSED.get(_first_fused(node), ("", 0, 0))
    return _BY_INPUT.get(op, ("", 0, 0))


def _first_fused(node: Mapping[str, Any]) -> bytes:
    from binascii import a2b_base64  # noqa: PLC0415  only for graphs

    try:
        return a2b_base64(node["attr"]["fused_ops"]["list"]["s"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return b""


def _origin(name: str, inputs: Mapping[str, list[str]], passing: set[str]) -> str:
    for _ in range(_LONGEST_CHAIN):
        if name not in passing or not inputs[name]:
            break
        name = inputs[name][0]
    return name
