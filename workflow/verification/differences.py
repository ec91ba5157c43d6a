"""One weight against its namesake: the difference, the bound that follows from how it is stored, and the words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workflow.verification import explain

if TYPE_CHECKING:
    from workflow.models.arrays import Array
    from workflow.verification.named_weights import Named

_LARGEST = {"uint8": 255, "uint16": 65535}
_ULPS = 3
_COARSER = 1.001
_HALF_ULP_SMALLEST = 2.0**-25  # half the distance of two float16 numbers next to zero


@dataclass(frozen=True)
class Difference:
    """``worst`` is the largest absolute difference, ``bound`` what is allowed there; ``problem`` is empty if it holds.

    ``noise`` is the root mean square of the difference in units of that of the weight.
    """

    name: str
    worst: float = 0.0
    bound: float = 0.0
    problem: str = ""
    remarks: tuple[str, ...] = ()
    stored_as: str | None = None
    noise: float = 0.0
    elements: int = 0
    beyond: int = 0

    @property
    def bit_equal(self) -> bool:
        """Whether not a bit differs."""
        return not self.problem and self.worst == 0.0

    @property
    def excess(self) -> float:
        """How many times the bound the difference is; what has no figure comes first."""
        if not self.problem or not self.beyond:
            return float("inf") if self.problem else 0.0
        return self.worst / self.bound if self.bound else self.worst * 1e30


def compare(source: Named, result: Named, *, may_quantize: bool) -> Difference:
    """Return how far a weight of the result is from the source's."""
    name = result.name
    if source.shape != result.shape:
        shapes = f"the shape {list(result.shape)}, and {list(source.shape)} in the source"
        return Difference(name, problem=f"the weight {name} has {shapes}")
    if source.dtype != result.dtype:
        return Difference(name, problem=f"the weight {name} is {result.dtype}, and {source.dtype} in the source")
    return _values(source, result, may_quantize=may_quantize)


def _values(source: Named, result: Named, *, may_quantize: bool) -> Difference:
    name, ours, theirs = result.name, result.read(), source.read()
    if ours.size != theirs.size:
        return Difference(
            name, problem=f"the weight {name} has {ours.size:,} values, and {theirs.size:,} in the source"
        )
    if ours.tobytes() == theirs.tobytes():
        return Difference(name, remarks=_same_but_sick(name, theirs), stored_as=None, elements=ours.size)
    if result.quantization is None or source.quantization == result.quantization:
        return _exact(source, theirs, ours)
    if not may_quantize and source.quantization is None:
        stored = result.stored_as
        return Difference(name, problem=f"the weight {name} is quantized to {stored}, which was not asked for")
    return _within(result, theirs, ours, rounding=source.rounding)


def table(wrong: list[Difference]) -> str:
    """Return the worst weights in columns: name, largest difference, bound, elements beyond it."""
    width = max(len(one.name) for one in wrong)
    head = f"{'weight':<{width}}  {'difference':>11}  {'bound':>11}  {'beyond':>17}  stored as"
    rows = [
        f"{one.name:<{width}}  {one.worst:>11.3g}  {one.bound:>11.3g}  "
        f"{f'{one.beyond:,} of {one.elements:,}':>17}  {one.stored_as or 'itself'}"
        for one in wrong
    ]
    return "\n".join([head, *rows])


def _same_but_sick(name: str, values: Array) -> tuple[str, ...]:
    sick = explain.kinds_of_sickness(values)
    return (f"the weight {name} holds {sick}, in the source too",) if sick else ()


def _exact(source: Named, theirs: Array, ours: Array) -> Difference:
    """Every bit counts, unless the source was quantized and is not any more: restoring rounds in one way or another."""
    name = source.name
    if source.dtype == "string" or ours.dtype.kind not in "fiub":
        return Difference(name, problem=f"the weight {name} holds other text than in the source")
    far = _distances(theirs, ours)
    bound = source.rounding if source.quantization is None else _ULPS * _ulp(theirs)
    beyond = (theirs.view(_bits(theirs)) != ours.view(_bits(ours))) if bound == 0.0 else ~(far <= bound)
    if not beyond.any():
        return Difference(name, worst=float(far.max()), bound=bound, elements=far.size)
    count = int(beyond.sum())
    sick = explain.new_sickness(theirs, ours)
    what = sick or f"differs in {count:,} of {far.size:,} values, by up to {_largest(far):.3g}"
    allowed = "not quantized, so every bit must be the same" if bound == 0.0 else f"allowed is {bound:.3g}"
    place = explain.place(beyond, source.shape)
    return Difference(
        name,
        worst=_largest(far),
        bound=bound,
        problem=f"the weight {name} {what} ({allowed}; first at {place})",
        elements=far.size,
        beyond=count,
    )


def _within(result: Named, theirs: Array, ours: Array, *, rounding: float) -> Difference:
    """Hold a quantized weight to half a step, and to steps no larger than its range needs."""
    name, stored = result.name, str(result.stored_as)
    far = _distances(theirs, ours)
    bounds, step = bounds_of(result, theirs)
    bounds = bounds + rounding
    beyond = ~(far <= bounds)
    remarks = explain.flattened(name, theirs, step=step)
    problem = ""
    if beyond.any():
        sick = explain.new_sickness(theirs, ours) or explain.overflow(stored, theirs)
        worst = int(np.argmax(np.where(beyond, np.nan_to_num(far, nan=np.inf), -1.0)))
        what = sick or f"differs by {float(far[worst]):.3g} at {explain.place_of(worst, result.shape)}"
        allowed = f"{_words(stored)} allows {float(np.broadcast_to(bounds, far.shape)[worst]):.3g}"
        problem = f"the weight {name} {what}; {allowed}, and {int(beyond.sum()):,} of {far.size:,} values are beyond"
    elif remarks and step > _COARSER * _needed(stored, theirs):
        problem = (
            f"the weight {name} is stored in steps of {step:.3g}, and its range needs {_needed(stored, theirs):.3g}"
        )
    return Difference(
        name,
        worst=_largest(far),
        bound=float(np.max(bounds)),
        problem=problem,
        remarks=remarks,
        stored_as=stored,
        noise=_noise(far, theirs),
        elements=far.size,
        beyond=int(beyond.sum()),
    )


def bounds_of(result: Named, theirs: Array) -> tuple[Array, float]:
    """Return what each value may be off by, and the step between stored values (0 for float16)."""
    field = result.quantization or {}
    if field["dtype"] == "float16":
        with np.errstate(over="ignore", invalid="ignore"):
            half = np.spacing(np.abs(theirs).astype(np.float16)).astype(np.float64) / 2
        return np.maximum(np.nan_to_num(half, nan=16.0, posinf=16.0), _HALF_ULP_SMALLEST), 0.0
    step = float(field["scale"])
    rounding = _ULPS * _ulp(theirs) + (0.5 if theirs.dtype.kind in "iu" else 0.0)
    finite = theirs[np.isfinite(theirs)]
    constant = finite.size > 0 and float(finite.min()) == float(finite.max())
    half_step = 0.0 if constant else min(step, _COARSER * max(_needed(str(field["dtype"]), theirs), 1e-300)) / 2
    return np.asarray(half_step + rounding), 0.0 if constant else step


def _needed(stored: str, values: Array) -> float:
    """Return the step that the range of the values needs."""
    finite = values[np.isfinite(values)]
    if not finite.size or stored not in _LARGEST:
        return 0.0
    return (float(finite.max()) - float(finite.min())) / _LARGEST[stored]


def _ulp(values: Array) -> float:
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return float(np.spacing(np.float32(np.abs(finite).max()))) if finite.size and values.dtype.kind == "f" else 0.0


def _distances(theirs: Array, ours: Array) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        far = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    same = ours.view(_bits(ours)) == theirs.view(_bits(theirs))
    return np.asarray(np.where(same, 0.0, far))


def _bits(values: Array) -> np.dtype[np.generic]:
    return np.dtype(f"u{values.dtype.itemsize}")


def _largest(far: Array) -> float:
    finite = far[np.isfinite(far)]
    return float(finite.max()) if finite.size else float("nan")


def _noise(far: Array, theirs: Array) -> float:
    size = float(np.sqrt(np.mean(np.square(theirs.astype(np.float64)))))
    return float(np.sqrt(np.mean(np.square(far)))) / size if size and np.isfinite(size) else 0.0


def _words(stored: str) -> str:
    return "half a float16 ulp" if stored == "float16" else f"half a step of {stored}"
