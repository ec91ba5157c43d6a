"""Quantization by a goal: how large an error may be, or how many bytes the weights may take.

The error of a weight at a dtype is the root mean square of the differences, over the root mean square of its values:
0.01 means that quantization adds one part noise to a hundred parts of signal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError
from workflow.base.numerics import np
from workflow.base.records import Record
from workflow.conversion.native.quantization_plans import QuantizationPlan, literal, make_plan, stored_dtype
from workflow.models.arrays import DTYPES, arrays_of
from workflow.models.quantization import LARGEST, affine, affine_blocks, extent
from workflow.models.tensors import ITEM_BYTES, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workflow.models.arrays import Array, Arrays
    from workflow.models.quantization import Affine, Extent
    from workflow.models.tensors import Tensor

_SMALLEST_FIRST = ("uint8", "uint16", "float16")
_FIELD_BYTES = 110  # what a quantization field adds to model.json
_FLOAT_BYTES = 4


class QuantizationGoal(Record):
    """What quantization may cost: the largest error of any weight, or the bytes that all weights may take."""

    max_error: float | None = None
    max_bytes: int | None = None


class DtypeChoice(Record):
    """One dtype for one weight: the bytes that it saves and the error that it makes."""

    name: str
    dtype: str
    saved: int
    error: float


class _Move(Record):
    """A move to a smaller dtype: what it adds to the error for each byte that it saves more."""

    choice: DtypeChoice
    cost: float
    saved: int


def goal_from(value: Mapping[str, Any]) -> QuantizationGoal:
    """Return the goal that an option names; raises ``ConversionError`` unless it is one positive number."""
    unknown = [key for key in value if key not in ("max_error", "max_bytes")]
    if unknown or len(value) != 1:
        raise ConversionError(
            f"quantize auto has {', '.join(map(str, value)) or 'no goal'}",
            hint="Give one goal: max_error (such as 0.005) or max_bytes.",
        )
    ((name, given),) = value.items()
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ConversionError(f"quantize auto: {name} is {given!r}, not a positive number", hint="Give a number.")
    return QuantizationGoal(max_error=number) if name == "max_error" else QuantizationGoal(max_bytes=int(number))


def automatic_plan(weights: Sequence[Tensor], goal: QuantizationGoal, *, kept: Mapping[str, str]) -> QuantizationPlan:
    """Return the plan that saves most within the goal, by explicit patterns.

    Raises ``ConversionError`` when no choice of dtypes reaches ``max_bytes``.
    """
    enough = goal.max_error or 0.0
    choices = {tensor.name: _choices(tensor, enough) for tensor in weights if _worth(tensor, kept)}
    total = sum(_bytes(tensor) for tensor in weights)
    if goal.max_bytes is not None:
        chosen = _within_bytes(choices.values(), total - goal.max_bytes, total)
    else:
        chosen = _within_error(choices.values(), enough)
    globs = _patterns(chosen, [tensor.name for tensor in weights])
    plan = make_plan(weights, globs, kept=kept)
    facts = {
        "goal": _told(goal),
        "chosen": {f"quantize_{dtype}": patterns for dtype, patterns in globs.items()},
        "errors": {choice.name: choice.error for choice in chosen},
        "weight_bytes": total - sum(choice.saved for choice in chosen),
    }
    return QuantizationPlan(plan.dtypes, plan.table, facts)


def _told(goal: QuantizationGoal) -> dict[str, float]:
    every = {"max_error": goal.max_error, "max_bytes": goal.max_bytes}
    return {name: value for name, value in every.items() if value is not None}


def error_of(blocks: Arrays, found: Extent, *, dtype: str) -> float:
    """Return the error that quantization to a dtype makes; infinity when the dtype cannot hold the values."""
    approximate = _half if dtype == "float16" else _affine_approximation(affine(found, dtype))
    noise = signal = 0.0
    for block in blocks():
        exact = block.astype(np.float64)
        difference = approximate(block)
        np.subtract(difference, exact, out=difference)
        noise += float(np.square(difference, out=difference).sum())  # not by dot: its threads cost more than they give
        signal += float(np.square(exact, out=exact).sum())
    return math.sqrt(noise / signal) if signal else 0.0


def _half(block: Array) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        return block.astype(DTYPES["float16"]).astype(np.float64)


def _affine_approximation(numbers: Affine) -> Callable[[Array], Array]:
    """Return what gives the values of a block as they will be restored from their quantized numbers."""
    codes = np.arange(LARGEST[numbers.dtype] + 1, dtype=np.float64)
    restored = (codes * numbers.scale + numbers.low).astype(np.float32).astype(np.float64)
    return lambda block: restored[next(affine_blocks(lambda: iter([block]), numbers))]


def _bytes(tensor: Tensor) -> int:
    """Return what a weight takes now; one that is quantized already stays so."""
    if tensor.encoded is not None:
        return tensor.encoded
    return tensor.size * ITEM_BYTES[stored_dtype(tensor)]


def _worth(tensor: Tensor, kept: Mapping[str, str]) -> bool:
    """Tell whether quantizing a weight would make the model smaller at all."""
    saved = tensor.size * (_FLOAT_BYTES - 1)
    return tensor.dtype == "float32" and tensor.name not in kept and saved > _FIELD_BYTES


def _choices(tensor: Tensor, enough: float) -> list[DtypeChoice]:
    """Return what each dtype would do to a weight, the smallest first, up to one whose error is small enough."""
    blocks = arrays_of(opened(tensor), tensor.dtype)
    limits = extent(blocks, tensor.name)  # refuses NaN and infinity by the weight's name
    found: list[DtypeChoice] = []
    for dtype in _SMALLEST_FIRST:
        saved = tensor.size * (_FLOAT_BYTES - ITEM_BYTES[dtype])
        found.append(DtypeChoice(tensor.name, dtype, saved=saved, error=error_of(blocks, limits, dtype=dtype)))
        if dtype == _SMALLEST_FIRST[0] and found[0].error <= enough:
            break
    return found


def _within_error(choices: Iterable[list[DtypeChoice]], most: float) -> list[DtypeChoice]:
    found = []
    for options in choices:
        fitting = [choice for choice in options if choice.error <= most]
        if fitting:
            found.append(min(fitting, key=lambda choice: (-choice.saved, choice.error)))
    return found


def _within_bytes(choices: Iterable[list[DtypeChoice]], needed: int, total: int) -> list[DtypeChoice]:
    """Take steps, those with the least error per byte first, until enough is saved; then drop what is too much."""
    steps = [step for options in choices for step in _steps(options)]
    taken: list[_Move] = []
    for step in sorted(steps, key=lambda step: step.cost):
        if needed <= 0:
            break
        taken.append(step)
        needed -= step.saved
    if needed > 0:
        raise ConversionError(
            f"the weights cannot be made smaller than {total - sum(step.saved for step in taken):,} bytes, "
            f"and max_bytes asks for {needed:,} less",
            hint="Raise max_bytes, or keep fewer weights in float (keep_float).",
        )
    return _without_surplus(taken, -needed)


def _without_surplus(taken: list[_Move], surplus: int) -> list[DtypeChoice]:
    """Return the choices that stay when steps, costly ones first, that saved more than was needed are taken back."""
    stacks: dict[str, list[_Move]] = {}
    for step in taken:
        stacks.setdefault(step.choice.name, []).append(step)
    for step in reversed(taken):
        stack = stacks[step.choice.name]
        if step.saved <= surplus and stack[-1] is step:
            stack.pop()
            surplus -= step.saved
    return [stack[-1].choice for stack in stacks.values() if stack]


def _steps(options: list[DtypeChoice]) -> list[_Move]:
    """Return the moves from float32 down for one weight, each worth less than the one before."""
    one = options[0]
    if not one.error:
        return [_Move(one, 0.0, one.saved)]
    two = min(options[1:], key=lambda choice: choice.error)
    first = _Move(two, two.error / two.saved, two.saved)
    direct = _Move(one, one.error / one.saved, one.saved)
    if direct.cost <= first.cost:
        return [direct] if math.isfinite(direct.cost) else []
    second = _Move(one, (one.error - two.error) / (one.saved - two.saved), one.saved - two.saved)
    return [step for step in (first, second) if math.isfinite(step.cost)]


def _patterns(chosen: list[DtypeChoice], names: list[str]) -> dict[str, list[str]]:
    """Return patterns that catch exactly the chosen weights: by last name where all of that name are alike."""
    dtypes = {choice.name: choice.dtype for choice in chosen}
    alike: dict[str, set[str | None]] = {}
    for name in names:
        alike.setdefault(name.rpartition("/")[2], set()).add(dtypes.get(name))
    globs: dict[str, list[str]] = {}
    for name, dtype in dtypes.items():
        folder, _, last = name.rpartition("/")
        shared = folder and alike[last] == {dtype}
        glob = f"*/{literal(last)}" if shared else literal(name)
        if glob not in globs.setdefault(dtype, []):
            globs[dtype].append(glob)
    return globs
