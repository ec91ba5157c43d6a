"""Judges what a result answered in one place: the bound for the figures of each output, and whose fault it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflow.verification import exchange, figures
from workflow.verification.evidence import Finding
from workflow.verification.tolerances import AMPLIFIED, EPSILON, FLOOR, Tolerances, magnitude

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.verification.asking import OutputNames
    from workflow.verification.evidence import OutputFigures

    Outputs = dict[str, NDArray[Any]]

LIVELY = 16 * EPSILON
"""Change between inputs, in units of the output's magnitude, below which an output proves nothing."""

_EXACT = ("string", "bool")
_SAME_FILE = ("the same file gives in Python", "the runtime computes otherwise")
_SAME_WEIGHTS = ("the source gives with the same weights", "the conversion changed more than the weights")


@dataclass(frozen=True)
class Judgement:
    """The outputs of one place with their figures and bounds, and what is wrong with them."""

    outputs: tuple[OutputFigures, ...]
    findings: tuple[Finding, ...] = ()
    joined: Mapping[str, Any] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()
    """The names of the source's outputs and the result's for them."""

    unsteady: tuple[str, ...] = ()
    """Outputs of a source that one rounding of its inputs moves as much as other inputs do."""

    @property
    def max_abs(self) -> float:
        """The largest difference of all outputs."""
        return max((one.max_abs for one in self.outputs), default=0.0)


def read_all(folders: Sequence[Path]) -> Outputs:
    """Return the outputs of several feeds, joined; raises ``ValueError`` where feeds have different outputs."""
    pieces = [exchange.read(folder) for folder in folders]
    names = list(pieces[0]) if pieces else []
    if any(list(piece) != names for piece in pieces):
        raise ValueError("the outputs are not the same ones for every batch")
    return {name: figures.joined([piece[name] for piece in pieces]) for name in names}


@dataclass(frozen=True)
class Judge:
    """Knows the reference, the result's names for its outputs, and what is allowed."""

    reference: Outputs
    names: OutputNames
    tolerances: Tolerances
    knows_weights: bool = False
    """Whether it is known what the source answers with the result's weights: then what these lose is no fault."""
    is_each: bool = False
    """Whether the source is asked in every place for itself."""

    def judge(self, answers: Outputs, place: str, *, reload: Outputs | None = None) -> Judgement:
        """Compare the answers of one place with the reference; ``reload`` is what they must be but for rounding."""
        pairs = self.names.pairs(list(self.reference), list(answers))
        if not pairs:
            told = f"the outputs {', '.join(answers) or '(none)'}, and its source {', '.join(self.reference)}"
            return Judgement((), (Finding(f"run in {place}, the result has {told}"),))
        outputs, findings = [], []
        for name, other in pairs:
            theirs, ours = self.reference[name], answers[other]
            if theirs.shape != ours.shape:
                shapes = f"{list(ours.shape)}, and {list(theirs.shape)} in the source"
                findings.append(Finding(f"run in {place}, the output {name} has the shape {shapes}", name))
                continue
            output = figures.measure(theirs, ours).replaced(name=name, result_name=other)
            legs = _legs(theirs, ours, (reload or {}).get(name))
            output = output.replaced(**self._bounds(output, place), **legs)
            finding = self._fault(output, place)
            outputs.append(output if self._holds(output) else output.replaced(bound=None))
            findings += [finding] if finding else []
        joined = {name: answers[other] for name, other in pairs}
        unsteady = tuple(
            one.name for one in outputs if AMPLIFIED * self.tolerances.unrest.get(one.name, 0.0) > one.spread
        )
        return Judgement(tuple(outputs), tuple(findings), joined, tuple(pairs), unsteady)

    def dead(self) -> list[str]:
        """Return the outputs of the reference that hardly change between inputs, so that agreement proves nothing."""
        found = []
        for name, values in self.reference.items():
            output = figures.measure(values, values)
            if output.spread <= max(LIVELY * magnitude(output), FLOOR):
                found.append(name)
        return found

    def _bounds(self, output: OutputFigures, place: str) -> dict[str, float]:
        """Return what the output may be off the source's, and off what the same file gives in Python."""
        size = magnitude(output)
        exact = output.dtype in _EXACT
        running = 0.0 if exact else self.tolerances.running(output.name, size, backend=place.partition(" ")[2] or None)
        chosen = self.tolerances.chosen(output.name, size)
        if chosen is not None:
            return {"bound": chosen, "running_bound": chosen}
        return {"bound": running + (0.0 if exact else self.tolerances.storing(size)), "running_bound": running}

    def _is_a_cost(self, output: OutputFigures) -> bool:
        """Whether a difference is what quantizing lost, as the same weights give it elsewhere."""
        chosen = self.tolerances.chosen(output.name, magnitude(output)) is not None
        return self.knows_weights and not chosen and output.dtype not in _EXACT

    def _holds(self, output: OutputFigures) -> bool:
        """Whether its bound says something: one that quantizing makes as wide as all answers together holds always."""
        bound, running = output.bound or 0.0, output.running_bound or 0.0
        if bound <= running:
            return True
        return not self._is_a_cost(output) and bound < output.reference.max - output.reference.min

    def _fault(self, output: OutputFigures, place: str) -> Finding | None:
        name, look = output.name, "--locate"
        bound, running_bound = output.bound or 0.0, output.running_bound or 0.0
        where = f"run in {place} on the same inputs, the output {name}"
        if output.lost:
            first = next((one for one in output.worst if isinstance(one.expected, float)), None)
            what = f"NaN or infinity {output.lost} times"
            if first is not None:
                what = f"{first.actual} at [{', '.join(map(str, first.index))}]"
            text = f"{where} holds {what} where its source has a number"
            return Finding(text + _blame(output, place), name, look=look)
        if not output.max_abs <= bound and not self._is_a_cost(output):
            text = f"{where} differs by up to {output.max_abs:.3g}, allowed is {bound:.3g}"
            return Finding(text + _blame(output, place), name, output.max_abs, bound, look)
        beyond = output.beyond_python
        if beyond is not None and not beyond <= running_bound:
            other, blame = _SAME_WEIGHTS if self.is_each or place == "python" else _SAME_FILE
            allowed = f"{beyond:.3g} from what {other}, allowed is {running_bound:.3g}"
            text = f"{where} differs by up to {allowed}: {blame}"
            return Finding(text, name, beyond, running_bound, look)
        return None


def _legs(reference: Any, answer: Any, reload: Any) -> dict[str, float]:
    """Return how far the same weights are from the source in Python, and how far the place is from those."""
    if reload is None or reload.shape != answer.shape or reference.dtype.kind not in "fiub":
        return {}
    return {
        "in_python": float(figures.distance(reference, reload)),
        "beyond_python": float(figures.distance(reload, answer)),
    }


def _blame(output: OutputFigures, place: str) -> str:
    """Say whether the conversion or the runtime changed the numbers."""
    if place == "python":
        return ": the conversion changed what it computes"
    if output.in_python is None or output.beyond_python is None:
        return ""
    told = f"; in Python the same file is off by {output.in_python:.3g}"
    if output.beyond_python <= output.in_python:
        return f"{told}: the conversion changes what it computes"
    return f"{told}, the rest is what {place} makes of it"
