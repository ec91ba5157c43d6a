"""The options of conversions: what each one is, for which conversions it means something, and who knows it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.catalogue.formats import JAVASCRIPT, KERAS
from workflow.catalogue.pairs import Pair, pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

OptionValue = bool | int | str | list[str] | dict[str, str] | dict[str, float]
"""An option: flag, size in bytes, name, glob patterns (``["*"]`` for all), words, files, metadata name -> path, or a
goal: ``max_error`` or ``max_bytes`` with a number."""


class Form(Enum):
    """What an option's value is, and so how it is written on the converter's command line."""

    PRESENCE = "a flag that is there or not"
    TRUTH = "yes or no, no by default"
    TRUTH_BY_DEFAULT = "yes or no, yes by default"
    TEXT = "one name"
    NAMES = "a list of names"
    PATTERNS = "glob patterns of weight names"
    SIZE = "a number of bytes"
    METADATA = "names and the JSON files that go with them"
    GOAL = "one goal: max_error or max_bytes"
    FILES = "a list of files"


class Option(Record):
    """One option; ``where`` says in words what ``pairs`` says exactly.

    ``ours`` are those of the pairs for which the reference converter does not have the option. ``required`` are those
    for which it cannot do without. For ``both_ways`` yes, no and leaving the option out are three different things.
    """

    name: str
    form: Form
    pairs: frozenset[Pair]
    where: str
    ours: frozenset[Pair] = frozenset()
    required: frozenset[Pair] = frozenset()
    both_ways: frozenset[Pair] = frozenset()

    def is_idle(self, value: Any, *, pair: Pair) -> bool:
        """Tell whether the value is what happens anyway, so that it can be left out."""
        if self.form is Form.PATTERNS:
            return bool(value == [])
        return value is (self.form is Form.TRUTH_BY_DEFAULT) and pair not in self.both_ways


_LAYERS, _GRAPH = JAVASCRIPT
_TO_JS = pairs(target=JAVASCRIPT)
_LAYERS_AGAIN = pairs(source=(_LAYERS,), target=(_LAYERS,))
_GRAPH_AGAIN = pairs(source=(_GRAPH,), target=(_GRAPH,))
_AGAIN = _LAYERS_AGAIN | _GRAPH_AGAIN
_NEW_GRAPH = pairs(target=(_GRAPH,)) - _GRAPH_AGAIN
_SIGNED = pairs(source=("tf_saved_model", "tf_hub"), target=(_GRAPH,))
_FROZEN = pairs(source=("tf_frozen_model",))
_STRUCTURED = pairs(source=(*KERAS, "tf_saved_model", "tf_hub"), target=(_GRAPH,))
_SPLITTABLE = pairs(source=KERAS, target=(_LAYERS,))
_KERAS_FILES = pairs(source=("keras", "keras_keras"), target=JAVASCRIPT)
_WITH_CODE = _KERAS_FILES | _SIGNED | _FROZEN
_ASKING = _WITH_CODE | pairs(source=("keras_saved_model", *JAVASCRIPT))
_BY_US = _TO_JS - pairs(source=("keras_saved_model",), target=(_LAYERS,))

_WHEN_JS = "when the result is a TensorFlow.js model (tfjs_layers_model or tfjs_graph_model)"
_WHEN_GRAPH = "when a tfjs_graph_model is made of another model"
_WHEN_SIGNED = "from tf_saved_model or tf_hub"
_WHEN_AGAIN = "when a tfjs_layers_model or a tfjs_graph_model is written again"
_WHEN_BY_US = f"{_WHEN_JS}, except from keras_saved_model to tfjs_layers_model"
_WHEN_KERAS_FILES = "from keras or keras_keras to tfjs_graph_model or tfjs_layers_model"
_WHEN_WITH_CODE = f"{_WHEN_KERAS_FILES}, and from all other formats"

_OPTIONS = (
    Option("weight_shard_size_bytes", Form.SIZE, _TO_JS, _WHEN_JS),
    Option("quantize_float16", Form.PATTERNS, _TO_JS, _WHEN_JS),
    Option("quantize_uint8", Form.PATTERNS, _TO_JS, _WHEN_JS),
    Option("quantize_uint16", Form.PATTERNS, _TO_JS, _WHEN_JS),
    Option("quantization_bytes", Form.SIZE, _TO_JS, _WHEN_JS),
    Option("quantize_auto", Form.GOAL, _BY_US, _WHEN_BY_US, ours=_BY_US),
    Option("keep_float", Form.NAMES, _BY_US, _WHEN_BY_US, ours=_BY_US),
    Option("dequantize", Form.PRESENCE, _AGAIN, _WHEN_AGAIN, ours=_AGAIN),
    Option(
        "split_weights_by_layer",
        Form.PRESENCE,
        _SPLITTABLE | _LAYERS_AGAIN,
        "from keras, keras_keras, keras_saved_model or tfjs_layers_model to tfjs_layers_model",
        ours=_LAYERS_AGAIN,
        both_ways=_LAYERS_AGAIN,
    ),
    Option("signature_name", Form.TEXT, _SIGNED, _WHEN_SIGNED),
    Option("saved_model_tags", Form.NAMES, _SIGNED, _WHEN_SIGNED),
    Option("output_node_names", Form.NAMES, _FROZEN, "from tf_frozen_model", required=_FROZEN),
    Option("skip_op_check", Form.PRESENCE, _NEW_GRAPH, _WHEN_GRAPH),
    Option("strip_debug_ops", Form.TRUTH_BY_DEFAULT, _NEW_GRAPH, _WHEN_GRAPH),
    Option(
        "use_structured_outputs_names",
        Form.TRUTH,
        _STRUCTURED,
        "from a Keras model, tf_saved_model or tf_hub to tfjs_graph_model",
    ),
    Option("control_flow_v2", Form.TRUTH, _NEW_GRAPH - _FROZEN, f"{_WHEN_GRAPH}, except from tf_frozen_model"),
    Option("experiments", Form.TRUTH, _NEW_GRAPH, _WHEN_GRAPH),
    Option("metadata", Form.METADATA, _TO_JS, _WHEN_JS, ours=_LAYERS_AGAIN),
    Option("repairs", Form.TRUTH_BY_DEFAULT, _NEW_GRAPH, _WHEN_GRAPH, ours=_NEW_GRAPH),
    Option("custom_objects", Form.FILES, _KERAS_FILES, _WHEN_KERAS_FILES, ours=_KERAS_FILES),
    Option("unsafe", Form.PRESENCE, _ASKING, _WHEN_WITH_CODE, ours=_WITH_CODE),
)
OPTIONS: dict[str, Option] = {option.name: option for option in _OPTIONS}

QUANTIZATIONS: dict[str, str] = {dtype: f"quantize_{dtype}" for dtype in ("float16", "uint8", "uint16")}
"""The option that quantizes to each dtype."""

DTYPE_OF_BYTES: dict[int, str] = {1: "uint8", 2: "uint16"}
"""What the deprecated ``quantization_bytes`` stands for."""


def misplaced(names: Collection[str], pair: Pair) -> list[Option]:
    """Return those of the named options that mean nothing for this conversion, in the table's order."""
    return [option for option in _OPTIONS if option.name in names and pair not in option.pairs]


def lacking(names: Collection[str], pair: Pair) -> list[Option]:
    """Return the options that the reference converter requires for this conversion and that are not in ``names``."""
    return [option for option in _OPTIONS if option.name not in names and pair in option.required]


def ours(names: Collection[str], pair: Pair) -> list[Option]:
    """Return those of the named options that the reference converter does not have for this conversion."""
    return [option for option in _OPTIONS if option.name in names and pair in option.ours]


def applying(options: Mapping[str, OptionValue], pair: Pair) -> dict[str, OptionValue]:
    """Return those of a step's options that mean something for this conversion."""
    return {name: value for name, value in options.items() if pair in OPTIONS[name].pairs}
