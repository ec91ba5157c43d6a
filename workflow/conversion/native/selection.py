"""What a step's options have quantized: patterns or a goal, less what a word keeps in float."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError
from workflow.conversion.native.keeping import WORDS, reasons, required_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflow.conversion.native.plans import QuantizationPlan
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
    from workflow.conversion.native.plans import make_plan, requested  # noqa: PLC0415  copies need no plan

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
    from workflow.conversion.native.automatic import automatic_plan, goal_from  # noqa: PLC0415  rarely needed

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
