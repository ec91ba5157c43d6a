"""The kinds of steps: what each one reads and makes, what it does, and what it may be told beside the options."""

from __future__ import annotations

import functools
from typing import Literal

from workflow.base.records import Record
from workflow.catalogue.formats import FORMATS, JAVASCRIPT, KERAS, PYTHON, Format, Pair, pairs
from workflow.catalogue.options import Form, Option, Setting, listed

Kind = Literal["python_to_js", "js_to_python", "shard", "quantize", "graph", "convert"]

AUTOMATIC = ("auto", "browser")
"""The words for: a layers model where the model can be expressed as one, else a graph model."""

KERAS3 = "keras3"
"""The word for: an archive (keras_keras) that today's Keras reads and Keras 2 does not."""


class KindOfStep(Record):
    """What a kind of step is; ``task`` and ``otherwise`` are for the sentence that refuses other input.

    ``settings`` are its own keys, beside what every step has and beside the options that apply to its conversions.
    With ``keeps_format`` the result is in the input's format.
    """

    about: str
    sources: tuple[Format, ...]
    targets: tuple[Format, ...]
    task: str
    otherwise: str
    settings: tuple[Setting, ...] = ()
    keeps_format: bool = False

    @functools.cached_property
    def pairs(self) -> frozenset[Pair]:
        """The conversions that this kind of step can be."""
        found = pairs(source=self.sources, target=self.targets)
        return frozenset(pair for pair in found if pair[0] == pair[1] or not self.keeps_format)

    @property
    def options(self) -> list[Option]:
        """The options that mean something for one of its conversions."""
        return listed(self.pairs)

    @functools.cached_property
    def own(self) -> tuple[str, ...]:
        """The names of its own keys."""
        return tuple(setting.name for setting in self.settings)


_LAYERS: tuple[Format, ...] = ("tfjs_layers_model",)
_SAVED: tuple[Format, ...] = (*KERAS, "tf_saved_model")
_WHAT_IT_IS = "What the input is, if that cannot be seen."
_FROM_JAVASCRIPT = ("starts from a TensorFlow.js model", "use `python_to_js` for a Python model")

KINDS: dict[Kind, KindOfStep] = {
    "python_to_js": KindOfStep(
        "A Keras or TensorFlow model becomes a TensorFlow.js model.",
        PYTHON,
        JAVASCRIPT,
        task="starts from a Python model",
        otherwise="use `shard`, `quantize`, `graph` or `js_to_python` for a TensorFlow.js model",
        settings=(
            Setting(
                "format",
                Form.WORD,
                "What to make; by default what fits the input. auto, browser: layers if that can be, else graph.",
                words=(*JAVASCRIPT, *AUTOMATIC),
            ),
            Setting("from", Form.WORD, _WHAT_IT_IS, words=PYTHON),
        ),
    ),
    "js_to_python": KindOfStep(
        "A TensorFlow.js layers model becomes a Keras model or a SavedModel, a graph model a SavedModel.",
        JAVASCRIPT,
        _SAVED,
        task="starts from a TensorFlow.js model",
        otherwise="use `python_to_js` or `graph` for a Python model",
        settings=(
            Setting(
                "format",
                Form.WORD,
                "What to make; by default what the output's name says. keras3: a .keras for Keras 3 alone.",
                words=(*_SAVED, KERAS3),
            ),
        ),
    ),
    "shard": KindOfStep(
        "A layers or graph model is written again with weight files of another size.",
        JAVASCRIPT,
        JAVASCRIPT,
        *_FROM_JAVASCRIPT,
        settings=(Setting("shard_size", Form.SIZE, "Largest size of one weight file, such as 100kB or 4MiB."),),
        keeps_format=True,
    ),
    "quantize": KindOfStep(
        "A layers or graph model is written again with smaller weights.",
        JAVASCRIPT,
        JAVASCRIPT,
        *_FROM_JAVASCRIPT,
        settings=(
            Setting("dtype", Form.WORD, "What the weights are stored as.", words=("uint8", "uint16", "float16")),
            Setting("weights", Form.GLOBS, "Patterns of the weights to quantize; all when left out."),
            Setting("auto", Form.GOAL, "A goal in place of a dtype: max_error or max_bytes."),
        ),
        keeps_format=True,
    ),
    "graph": KindOfStep(
        "Any model becomes a TensorFlow.js graph model, which predicts faster.",
        (*PYTHON, *_LAYERS),
        ("tfjs_graph_model",),
        task="makes a graph model of another model",
        otherwise="use `shard` or `quantize` to write a graph model again",
        settings=(Setting("from", Form.WORD, _WHAT_IT_IS, words=(*PYTHON, *_LAYERS)),),
    ),
    "convert": KindOfStep(
        "Any conversion that there is, with both formats named.",
        FORMATS,
        FORMATS,
        task="converts any model",
        otherwise="",
        settings=(
            Setting("from", Form.WORD, "What the input is.", words=FORMATS, needed=True),
            Setting(
                "to",
                Form.WORD,
                "What to make; browser: a layers model if that can be, else a graph model. keras3: a .keras for that.",
                words=(*FORMATS, *AUTOMATIC, KERAS3),
                needed=True,
            ),
        ),
    ),
}
"""Every kind by the word that recipes have for it."""
