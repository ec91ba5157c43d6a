"""What an output may be off by: derived from float32, the model's depth and its quantization, or set by the user."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.errors import DeclinedError, WorkflowError
from workflow.models.graph import read_graph
from workflow.models.sniffing import model_json
from workflow.models.strict_json import read_object
from workflow.models.topology import layers_of
from workflow.verification.weights_by_layer import readable, weights_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.recipe.recipes import Verification
    from workflow.verification.evidence import OutputFigures
    from workflow.verification.requests import Subject

EPSILON = float(np.finfo(np.float32).eps)
PER_LAYER = 64
"""Float32 epsilons by which one layer may shift an output: six times what a MobileNet of random weights shows."""

FLOOR = EPSILON**2
"""What no output is held to: a model that computes with numbers around one makes no difference of it."""

AMPLIFIED = 8.0
"""How many times more than one rounding of the inputs does, all roundings on the way may move an output."""

LEAST_DEPTH = 16
DEFAULT_DEPTH = 64
ROUGHER = {"webgl": 8.0, "webgpu": 8.0, "webgl-f16": 8192.0}
"""Backends whose functions are less exact than a processor's; half floats have 13 bits less."""

_NOISE = 512.0
"""How many times the combined relative error of the weights an output may be off, in units of its magnitude.

Four times what a 28-layer MobileNet with 1000 classes shows: a softmax turns errors of large logits into relative ones.
"""

_FLOAT16_NOISE = 2.0**-11 / math.sqrt(3)

_HALVES = {"DT_HALF": 2.0**-11, 19: 2.0**-11, "DT_BFLOAT16": 2.0**-8, 14: 2.0**-8}
"""The relative error of one rounding to a kind of half floats, by its name or number in a graph."""


@dataclass(frozen=True)
class Tolerances:
    """The bounds for one result; ``noise`` is the relative error that quantizing its weights brings."""

    depth: int
    noise: float
    settings: Verification
    unrest: Mapping[str, float] = field(default_factory=dict)
    """How far each output of the source itself moves when its inputs move by one rounding; asked for in doubt alone."""
    half: float = 0.0
    """The relative error of one rounding to half floats, where TensorFlow computes in those and TensorFlow.js not."""

    def running(self, name: str, magnitude: float, *, backend: str | None) -> float:
        """Return what computing with the same weights elsewhere may shift an output by."""
        factor = ROUGHER.get(backend or "", 1.0)
        deep = max(self.depth, LEAST_DEPTH)
        rounding = max(EPSILON * PER_LAYER * deep, self.half * math.sqrt(deep)) * magnitude
        return max(rounding, AMPLIFIED * self.unrest.get(name, 0.0), FLOOR) * factor

    def storing(self, magnitude: float) -> float:
        """Return what quantized weights may shift an output by, never more than the whole of it and as much again."""
        return min(_NOISE * self.noise, 2.0) * magnitude

    def chosen(self, name: str, magnitude: float) -> float | None:
        """Return the bound that the user set for this output, or for all; None where none is."""
        own = self.settings.outputs.get(name)
        absolute = own.atol if own and own.atol is not None else self.settings.atol
        relative = own.rtol if own and own.rtol is not None else self.settings.rtol
        if own and own.atol is not None and own.rtol is None:
            relative = None
        if absolute is None and relative is None:
            return None
        return (absolute or 0.0) + (relative or 0.0) * magnitude


def magnitude(output: OutputFigures) -> float:
    """Return the largest absolute value of a reference output, from its figures."""
    largest = max(abs(output.reference.min), abs(output.reference.max))
    return largest if math.isfinite(largest) and largest > 0 else 1.0


def depth(subject: Subject) -> int:
    """Return how many layers, or operations, a model has."""
    if not subject.is_tfjs:
        return DEFAULT_DEPTH
    path = model_json(subject.path)
    document = read_object(path, f"the model.json of a {subject.format}")
    if subject.format == "tfjs_graph_model":
        return sum(
            node.op not in ("Const", "Placeholder", "Identity", "NoOp") for node in read_graph(document, path).nodes
        )
    return len(layers_of(document.get("modelTopology"), str(path)))


def half_floats(subjects: Sequence[Subject], *, weights_alone: bool) -> float:
    """Return the error of one rounding to the roughest half floats that graph models among the subjects are made of.

    TensorFlow computes in those, and TensorFlow.js in float32 all the same, with weights that were rounded to them.
    0.0 where there are none.
    """
    found = [0.0]
    for subject in subjects:
        if subject.format == "tfjs_graph_model":
            path = model_json(subject.path)
            topology = read_object(path, "the model.json of a graph model").get("modelTopology")
            found += [_HALVES[kind] for kind in _types(topology, weights_alone=weights_alone) if kind in _HALVES]
    return max(found)


def _types(topology: Any, *, weights_alone: bool) -> Iterator[Any]:
    """Yield the types that the nodes of a graph say, in its functions too."""
    functions = topology.get("library", {}).get("function", [])
    for node in (*topology.get("node", []), *(node for one in functions for node in one.get("nodeDef", []))):
        if node.get("op") == "Const" or not weights_alone:
            yield from (attribute.get("type") for attribute in (node.get("attr") or {}).values())


def deepest(subjects: Sequence[Subject]) -> int:
    """Return how deep the deepest is of those that tell; those of TensorFlow do not."""
    return max((depth(one) for one in subjects if one.is_tfjs), default=DEFAULT_DEPTH)


def noise(result: Subject, source: Subject | None, *, names: frozenset[str] | None = None) -> float:
    """Return the combined relative error of the weights that a result holds more roughly than its source does.

    ``names`` are those that count, where not all do.
    """
    if not result.is_tfjs:
        return 0.0
    held = _stored(source) if source is not None and source.is_tfjs else {}
    return math.sqrt(sum(error**2 for error in _relative_errors(result, held, names)))


def _stored(subject: Subject) -> dict[str, str | None]:
    """Return what each weight of a TensorFlow.js model is stored as."""
    try:
        with weights_of(subject) as weights:
            return {name: one.stored_as for name, one in weights.items()}
    except (DeclinedError, WorkflowError):
        return {}


def _relative_errors(
    subject: Subject, held: Mapping[str, str | None], names: frozenset[str] | None = None
) -> list[float]:
    """Return the error of each quantized weight that is not stored in the same way in ``held``."""
    if not readable(subject):
        return []
    found = []
    try:
        with weights_of(subject) as weights:
            for name, one in weights.items():
                if one.quantization is None or held.get(name) == one.stored_as or name not in (names or weights):
                    continue
                if one.stored_as == "float16":
                    found.append(_FLOAT16_NOISE)
                    continue
                size = float(np.sqrt(np.mean(np.square(one.read().astype(np.float64)))))
                found.append(min(1.0, float(one.quantization["scale"]) / math.sqrt(12) / size) if size else 0.0)
    except (DeclinedError, WorkflowError):
        return []
    return found
