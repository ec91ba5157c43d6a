"""The kinds of steps: which formats each one reads and makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.converters.pairs import FORMATS, JAVASCRIPT, KERAS, PYTHON, Pair, pairs

if TYPE_CHECKING:
    from workflow.recipe.model import Format, Kind


@dataclass(frozen=True)
class KindOfStep:
    """What a kind of step reads and makes; ``task`` and ``otherwise`` are for the sentence that refuses other input."""

    sources: tuple[Format, ...]
    targets: tuple[Format, ...]
    task: str
    otherwise: str
    keeps_format: bool = False

    def pairs(self) -> frozenset[Pair]:
        """Return the conversions that this kind of step can be."""
        return pairs(source=self.sources, target=self.targets)


_LAYERS: tuple[Format, ...] = ("tfjs_layers_model",)

KINDS: dict[Kind, KindOfStep] = {
    "python_to_js": KindOfStep(
        PYTHON,
        JAVASCRIPT,
        "starts from a Python model",
        "use `shard`, `quantize`, `graph` or `js_to_python` for a TensorFlow.js layers model",
    ),
    "js_to_python": KindOfStep(
        _LAYERS,
        KERAS,
        "starts from a TensorFlow.js layers model",
        "use `python_to_js` or `graph` for a Python model",
    ),
    "shard": KindOfStep(
        _LAYERS,
        _LAYERS,
        "starts from a TensorFlow.js layers model",
        "use `python_to_js` for a Python model",
        keeps_format=True,
    ),
    "quantize": KindOfStep(
        _LAYERS,
        _LAYERS,
        "starts from a TensorFlow.js layers model",
        "use `python_to_js` for a Python model",
        keeps_format=True,
    ),
    "graph": KindOfStep((*PYTHON, *_LAYERS), ("tfjs_graph_model",), "makes a graph model", ""),
    "convert": KindOfStep(FORMATS, FORMATS, "converts any model", ""),
}
