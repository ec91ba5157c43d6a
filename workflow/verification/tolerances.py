"""What an output may be off by: derived from float32, the model's depth and its quantization, or set by the user."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workflow.base.errors import DeclinedError, WorkflowError
from workflow.models.graph import read_graph
from workflow.models.sniffing import model_json
from workflow.models.strict_json import read_object
from workflow.models.topology import layers_of
from workflow.verification.weights_by_layer import readable, weights_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.recipe.recipes import Verification
    from workflow.verification.evidence import OutputFigures
    from workflow.verification.requests import Subject

EPSILON = float(np.finfo(np.float32).eps)
PER_LAYER = 64
"""Float32 epsilons by which one layer may shift an output: six times what a MobileNet of random weights shows."""

LEAST_DEPTH = 16
DEFAULT_DEPTH = 64
ROUGHER = {"webgl": 8.0, "webgpu": 8.0, "webgl-f16": 8192.0}
"""Backends whose functions are less exact than a processor's; half floats have 13 bits less."""

_NOISE = 512.0
"""How many times the combined relative error of the weights an output may be off, in units of its magnitude.

Four times what a 28-layer MobileNet with 1000 classes shows: a softmax turns errors of large logits into relative ones.
"""

_FLOAT16_NOISE = 2.0**-11 / math.sqrt(3)


@dataclass(frozen=True)
class Tolerances:
    """The bounds for one result; ``noise`` is the relative error that quantizing its weights brings."""

    depth: int
    noise: float
    settings: Verification

    def running(self, magnitude: float, backend: str | None) -> float:
        """Return what computing with the same weights elsewhere may shift an output by."""
        factor = ROUGHER.get(backend or "", 1.0)
        return EPSILON * PER_LAYER * max(self.depth, LEAST_DEPTH) * factor * magnitude

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


def deepest(subjects: Sequence[Subject]) -> int:
    """Return how deep the deepest is of those that tell; those of TensorFlow do not."""
    return max((depth(one) for one in subjects if one.is_tfjs), default=DEFAULT_DEPTH)


def noise(result: Subject, source: Subject | None) -> float:
    """Return the combined relative error of the quantized weights of a result whose source has them in full."""
    if not result.is_tfjs or (source is not None and source.is_tfjs and _relative_errors(source)):
        return 0.0
    return math.sqrt(sum(error**2 for error in _relative_errors(result)))


def _relative_errors(subject: Subject) -> list[float]:
    if not readable(subject):
        return []
    found = []
    try:
        with weights_of(subject) as weights:
            for one in weights.values():
                if one.quantization is None:
                    continue
                if one.stored_as == "float16":
                    found.append(_FLOAT16_NOISE)
                    continue
                size = float(np.sqrt(np.mean(np.square(one.read().astype(np.float64)))))
                found.append(min(1.0, float(one.quantization["scale"]) / math.sqrt(12) / size) if size else 0.0)
    except (DeclinedError, WorkflowError):
        return []
    return found
