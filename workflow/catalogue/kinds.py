"""The kinds of steps: which formats each one reads and makes."""

from __future__ import annotations

from typing import Literal

from workflow.base.records import Record
from workflow.catalogue.formats import FORMATS, JAVASCRIPT, KERAS, PYTHON, Format
from workflow.catalogue.pairs import Pair, pairs

Kind = Literal["python_to_js", "js_to_python", "shard", "quantize", "graph", "convert"]


class KindOfStep(Record):
    """What a kind of step reads and makes; ``task`` and ``otherwise`` are for the sentence that refuses other input."""

    sources: tuple[Format, ...]
    targets: tuple[Format, ...]
    task: str
    otherwise: str
    keeps_format: bool = False

    def pairs(self) -> frozenset[Pair]:
        """Return the conversions that this kind of step can be."""
        found = pairs(source=self.sources, target=self.targets)
        return frozenset(pair for pair in found if pair[0] == pair[1] or not self.keeps_format)


_LAYERS: tuple[Format, ...] = ("tfjs_layers_model",)
_AGAIN = KindOfStep(
    JAVASCRIPT,
    JAVASCRIPT,
    "starts from a TensorFlow.js model",
    "use `python_to_js` for a Python model",
    keeps_format=True,
)

KINDS: dict[Kind, KindOfStep] = {
    "python_to_js": KindOfStep(
        PYTHON,
        JAVASCRIPT,
        "starts from a Python model",
        "use `shard`, `quantize`, `graph` or `js_to_python` for a TensorFlow.js model",
    ),
    "js_to_python": KindOfStep(
        JAVASCRIPT,
        (*KERAS, "tf_saved_model"),
        "starts from a TensorFlow.js model",
        "use `python_to_js` or `graph` for a Python model",
    ),
    "shard": _AGAIN,
    "quantize": _AGAIN,
    "graph": KindOfStep(
        (*PYTHON, *_LAYERS),
        ("tfjs_graph_model",),
        "makes a graph model of another model",
        "use `shard` or `quantize` to write a graph model again",
    ),
    "convert": KindOfStep(FORMATS, FORMATS, "converts any model", ""),
}
