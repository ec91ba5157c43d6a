"""What a step's options have quantized: patterns or a goal, less what a word keeps in float."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError
from workflow.base.wording import shown
from workflow.catalogue.options import FLOAT_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workflow.conversion.native.quantization_plans import QuantizationPlan
    from workflow.models.graph import Graph, Node
    from workflow.models.tensors import Tensor

_QUANTIZING = "quantiz"  # so begin the names of all options that have anything quantized
_NONE: Mapping[str, str] = {}


def plan_for(
    weights: Callable[[], Sequence[Tensor]],
    options: Mapping[str, Any],
    *,
    words: Callable[[], Mapping[str, str]],
    spared: Mapping[str, str] = _NONE,
) -> QuantizationPlan | None:
    """Return the plan for all weights of a model; None when the options have nothing quantized.

    ``words`` returns which word of ``keep_float`` applies to which weight (``keeping.by_name``), ``spared`` why a
    weight is left in float unless a pattern names it. A goal (``quantize_auto``) keeps in float whatever a word
    applies to, unless ``keep_float`` is given, and leaves quantized weights alone.
    """
    if not any(value for name, value in options.items() if name.startswith(_QUANTIZING)):
        return None
    from workflow.conversion.native.quantization_plans import make_plan, requested  # noqa: PLC0415  copies need no plan

    requests = requested(options)
    goal = options.get("quantize_auto")
    if not goal:
        kept = kept_in_float(options, words)
        return make_plan(weights(), requests, kept=kept, spared=spared) if requests else None
    if requests:
        raise ConversionError(
            "quantize auto and quantize_* are both given, and each says what is quantized",
            hint="Give patterns, or a goal.",
        )
    from workflow.conversion.native.quantization_goals import automatic_plan, goal_from  # noqa: PLC0415  rarely needed

    kept = kept_in_float({"keep_float": WORDS, **options}, words)
    tensors = weights()
    return automatic_plan(tensors, goal_from(goal), kept={**spared, **_left_alone(tensors), **kept})


def kept_in_float(options: Mapping[str, Any], words: Callable[[], Mapping[str, str]]) -> dict[str, str]:
    """Return why each weight stays in float, for those that ``keep_float`` keeps."""
    kept = required_words(options.get("keep_float") or ())
    return reasons(words(), kept) if kept else {}


def _left_alone(weights: Sequence[Tensor]) -> dict[str, str]:
    """Return the weights that a goal does not touch, with the reason."""
    left = {}
    for tensor in weights:
        entry = tensor.entry or {}
        if entry.get("quantization"):
            left[tensor.name] = "is quantized already"
        if entry.get("group") == "optimizer":
            left[tensor.name] = "belongs to the optimizer"
    return left


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
