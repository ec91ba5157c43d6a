"""The converter's options: what each one is, and for which conversions it means something."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from workflow.converters.pairs import JAVASCRIPT, KERAS, Pair, pairs

if TYPE_CHECKING:
    from collections.abc import Collection


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


@dataclass(frozen=True)
class Option:
    """One option of the converter; ``where`` says in words what ``pairs`` says exactly."""

    name: str
    form: Form
    pairs: frozenset[Pair]
    where: str
    required: frozenset[Pair] = frozenset()


_TO_JS = pairs(target=JAVASCRIPT)
_TO_GRAPH = pairs(target=("tfjs_graph_model",))
_SIGNED = pairs(source=("tf_saved_model", "tf_hub"), target=("tfjs_graph_model",))
_FROZEN = pairs(source=("tf_frozen_model",))
_STRUCTURED = pairs(source=("keras", "tf_saved_model", "tf_hub"), target=("tfjs_graph_model",))
_TRACED = _TO_GRAPH - _FROZEN
_SPLITTABLE = pairs(source=KERAS, target=("tfjs_layers_model",))
_RESAVED = pairs(source=("tfjs_layers_model",), target=("tfjs_layers_model",))

_WHEN_JS = "when the result is a TensorFlow.js model (tfjs_layers_model or tfjs_graph_model)"
_WHEN_GRAPH = "when the result is a tfjs_graph_model"
_WHEN_SIGNED = "from tf_saved_model or tf_hub"

_OPTIONS = (
    Option("weight_shard_size_bytes", Form.SIZE, _TO_JS, _WHEN_JS),
    Option("quantize_float16", Form.PATTERNS, _TO_JS, _WHEN_JS),
    Option("quantize_uint8", Form.PATTERNS, _TO_JS, _WHEN_JS),
    Option("quantize_uint16", Form.PATTERNS, _TO_JS, _WHEN_JS),
    Option("quantization_bytes", Form.SIZE, _TO_JS, _WHEN_JS),
    Option(
        "split_weights_by_layer",
        Form.PRESENCE,
        _SPLITTABLE,
        "from keras, keras_keras or keras_saved_model to tfjs_layers_model",
    ),
    Option("signature_name", Form.TEXT, _SIGNED, _WHEN_SIGNED),
    Option("saved_model_tags", Form.NAMES, _SIGNED, _WHEN_SIGNED),
    Option("output_node_names", Form.NAMES, _FROZEN, "from tf_frozen_model, where it is required", _FROZEN),
    Option("skip_op_check", Form.PRESENCE, _TO_GRAPH, _WHEN_GRAPH),
    Option("strip_debug_ops", Form.TRUTH_BY_DEFAULT, _TO_GRAPH, _WHEN_GRAPH),
    Option(
        "use_structured_outputs_names",
        Form.TRUTH,
        _STRUCTURED,
        "from keras, tf_saved_model or tf_hub to tfjs_graph_model",
    ),
    Option("control_flow_v2", Form.TRUTH, _TRACED, f"{_WHEN_GRAPH}, except from tf_frozen_model"),
    Option("experiments", Form.TRUTH, _TO_GRAPH, _WHEN_GRAPH),
    Option(
        "metadata",
        Form.METADATA,
        _TO_JS - _RESAVED,
        f"{_WHEN_JS}, except from tfjs_layers_model to tfjs_layers_model, where the reference converter ignores it",
    ),
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
    """Return the options that this conversion requires and that are not among ``names``."""
    return [option for option in _OPTIONS if option.name not in names and pair in option.required]


def applicable(among: Collection[Pair]) -> tuple[str, ...]:
    """Return the names of the options that mean something for at least one of these conversions."""
    return tuple(option.name for option in _OPTIONS if not option.pairs.isdisjoint(among))
