"""What a step may be told: what each setting is, for which conversions an option means something, who knows it."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.catalogue.formats import JAVASCRIPT, KERAS, Pair, pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

OptionValue = bool | int | str | list[str] | dict[str, str] | dict[str, float]
"""An option: flag, size in bytes, name, glob patterns (``["*"]`` for all), words, files, metadata name -> path, or a
goal: ``max_error`` or ``max_bytes`` with a number."""


class Form(Enum):
    """What a setting's value is: so it is read in a recipe, and so written on the converter's command line."""

    PRESENCE = auto()  # a flag that is there or not
    TRUTH = auto()  # yes or no, no by default
    TRUTH_BY_DEFAULT = auto()  # yes or no, yes by default
    TEXT = auto()  # one name
    WORD = auto()  # one of the declared words or numbers
    WORDS = auto()  # some of the declared words
    NAMES = auto()  # a list of names
    TAGS = auto()  # a list of names, which may be empty
    PATTERNS = auto()  # glob patterns of weight names, or yes for all weights
    GLOBS = auto()  # glob patterns of weight names
    SIZE = auto()  # a number of bytes
    METADATA = auto()  # names and the JSON files that go with them
    GOAL = auto()  # one goal: max_error or max_bytes
    FILES = auto()  # a list of files


class Role(Enum):
    """What an option is about, and so who is told."""

    SOURCE = auto()  # what of the source is read: to be said whenever the source is read
    CODE = auto()  # whose code may run: to be said whenever the source is read
    RESULT = auto()  # what is made of it
    WEIGHTS = auto()  # how weights are stored: our own code can do so to any finished TensorFlow.js model


class Setting(Record):
    """A key of a step: ``about`` is its sentence, ``words`` are those that it may be, where its form says so."""

    name: str
    form: Form
    about: str
    words: tuple[str | int, ...] = ()
    needed: bool = False
    deprecated: bool = False


class Option(Setting):
    """A setting of conversions, whatever the kind of step; ``where`` says in words what ``pairs`` says exactly.

    ``ours`` are those of the pairs for which the reference converter does not have the option. ``required`` are those
    for which it cannot do without. For ``both_ways`` yes, no and leaving the option out are three different things.
    """

    pairs: frozenset[Pair] = frozenset()
    where: str = ""
    role: Role = Role.RESULT
    ours: frozenset[Pair] = frozenset()
    required: frozenset[Pair] = frozenset()
    both_ways: frozenset[Pair] = frozenset()
    format: str = ""
    """The word that says it where a step names the format of its result; then it is no key of its own."""

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
_ASKING = pairs()
_ARCHIVES = pairs(source=(_LAYERS,), target=("keras_keras",))
_BY_US = _TO_JS - pairs(source=("keras_saved_model",), target=(_LAYERS,))

_WHEN_JS = "when the result is a TensorFlow.js model (tfjs_layers_model or tfjs_graph_model)"
_WHEN_GRAPH = "when a tfjs_graph_model is made of another model"
_WHEN_SIGNED = "from tf_saved_model or tf_hub"
_WHEN_AGAIN = "when a tfjs_layers_model or a tfjs_graph_model is written again"
_WHEN_BY_US = f"{_WHEN_JS}, except from keras_saved_model to tfjs_layers_model"
_WHEN_KERAS_FILES = "from keras or keras_keras to tfjs_graph_model or tfjs_layers_model"
_WHEN_WITH_CODE = f"{_WHEN_KERAS_FILES}, and from all other formats"

FLOAT_WORDS = ("biases", "normalisation")
"""What ``keep_float`` may keep."""
_PATTERNS = "Weights to store {}: `true`, or patterns of their names; a pattern that catches nothing is an error."

_OPTIONS = (
    Option(
        "weight_shard_size_bytes",
        Form.SIZE,
        "Largest size of one weight file: bytes, or a size such as `100kB`; 4 MiB when left out.",
        role=Role.WEIGHTS,
        pairs=_TO_JS,
        where=_WHEN_JS,
    ),
    Option(
        "quantize_float16",
        Form.PATTERNS,
        _PATTERNS.format("as float16"),
        role=Role.WEIGHTS,
        pairs=_TO_JS,
        where=_WHEN_JS,
    ),
    Option(
        "quantize_uint8",
        Form.PATTERNS,
        _PATTERNS.format("in one byte each"),
        role=Role.WEIGHTS,
        pairs=_TO_JS,
        where=_WHEN_JS,
    ),
    Option(
        "quantize_uint16",
        Form.PATTERNS,
        _PATTERNS.format("in two bytes each"),
        role=Role.WEIGHTS,
        pairs=_TO_JS,
        where=_WHEN_JS,
    ),
    Option(
        "quantization_bytes",
        Form.WORD,
        "The old way to say `quantize_uint8` (1) or `quantize_uint16` (2).",
        words=(1, 2),
        deprecated=True,
        role=Role.WEIGHTS,
        pairs=_TO_JS,
        where=_WHEN_JS,
    ),
    Option(
        "quantize_auto",
        Form.GOAL,
        "A goal in place of patterns, `{max_error: 0.01}` or `{max_bytes: 5MB}`: a dtype for each weight, and the "
        "patterns that say the same, on the screen and in the record; in `quantize` also called `auto`.",
        role=Role.WEIGHTS,
        pairs=_BY_US,
        where=_WHEN_BY_US,
        ours=_BY_US,
    ),
    Option(
        "keep_float",
        Form.WORDS,
        "What is never quantized: `biases`, `normalisation` or both. A goal keeps both unless this says other "
        "(`[]`: neither).",
        words=FLOAT_WORDS,
        role=Role.WEIGHTS,
        pairs=_BY_US,
        where=_WHEN_BY_US,
        ours=_BY_US,
    ),
    Option(
        "split_weights_by_layer",
        Form.PRESENCE,
        "One group of weight files for each layer; `false` puts those of a layers model into one.",
        role=Role.WEIGHTS,
        pairs=_SPLITTABLE | _LAYERS_AGAIN,
        where="from keras, keras_keras, keras_saved_model or tfjs_layers_model to tfjs_layers_model",
        ours=_LAYERS_AGAIN,
        both_ways=_LAYERS_AGAIN,
    ),
    Option(
        "dequantize",
        Form.PRESENCE,
        "Quantized weights as float32 again.",
        role=Role.WEIGHTS,
        pairs=_AGAIN,
        where=_WHEN_AGAIN,
        ours=_AGAIN,
    ),
    Option(
        "signature_name",
        Form.TEXT,
        "The signature of a SavedModel or hub module to convert.",
        role=Role.SOURCE,
        pairs=_SIGNED,
        where=_WHEN_SIGNED,
    ),
    Option(
        "saved_model_tags",
        Form.TAGS,
        "The tags of a SavedModel's or hub module's graph; `serve` when left out.",
        role=Role.SOURCE,
        pairs=_SIGNED,
        where=_WHEN_SIGNED,
    ),
    Option(
        "output_node_names",
        Form.NAMES,
        "The outputs of a frozen graph; without it they are found, and the screen says which.",
        role=Role.SOURCE,
        pairs=_FROZEN,
        where="from tf_frozen_model",
        required=_FROZEN,
    ),
    Option(
        "skip_op_check",
        Form.PRESENCE,
        "Convert operations too that TensorFlow.js does not have.",
        pairs=_NEW_GRAPH,
        where=_WHEN_GRAPH,
    ),
    Option(
        "strip_debug_ops",
        Form.TRUTH_BY_DEFAULT,
        "Remove Print, Assert and CheckNumerics; `true` when left out.",
        pairs=_NEW_GRAPH,
        where=_WHEN_GRAPH,
    ),
    Option(
        "use_structured_outputs_names",
        Form.TRUTH,
        "Name outputs by their keys in the model's output dictionary.",
        pairs=_STRUCTURED,
        where="from a Keras model, tf_saved_model or tf_hub to tfjs_graph_model",
    ),
    Option(
        "control_flow_v2",
        Form.TRUTH,
        "Keep branches and loops as functional operations.",
        pairs=_NEW_GRAPH - _FROZEN,
        where=f"{_WHEN_GRAPH}, except from tf_frozen_model",
    ),
    Option(
        "experiments",
        Form.TRUTH,
        "Switch on the converter's experimental optimisations.",
        pairs=_NEW_GRAPH,
        where=_WHEN_GRAPH,
    ),
    Option(
        "metadata",
        Form.METADATA,
        "JSON files by name, which model.json gets as `userDefinedMetadata`.",
        pairs=_TO_JS,
        where=_WHEN_JS,
        ours=_LAYERS_AGAIN,
    ),
    Option(
        "repairs",
        Form.TRUTH_BY_DEFAULT,
        "Rewrite what TensorFlow.js is known to do wrong; `off` for the graph as it comes.",
        pairs=_NEW_GRAPH,
        where=_WHEN_GRAPH,
        ours=_NEW_GRAPH,
    ),
    Option(
        "unsafe",
        Form.PRESENCE,
        "`true` lets a model run code (Lambda layers) and ask for more than Keras's own objects and operations that "
        "only calculate, which are all that a model gets otherwise; for your own files only.",
        role=Role.CODE,
        pairs=_ASKING,
        where=_WHEN_WITH_CODE,
        ours=_WITH_CODE,
    ),
    Option(
        "custom_objects",
        Form.FILES,
        "Python files with the classes that a Keras model needs; they may import the modules that lie in their folder "
        "and read the files there that they name (up to 16 MB), and nothing else of yours; a change in one makes the "
        "step run again.",
        role=Role.CODE,
        pairs=_KERAS_FILES,
        where=_WHEN_KERAS_FILES,
        ours=_KERAS_FILES,
    ),
    Option(
        "for_keras3",
        Form.PRESENCE,
        "An archive for today's Keras alone, in its own words.",
        pairs=_ARCHIVES,
        where="from tfjs_layers_model to keras_keras",
        ours=_ARCHIVES,
        format="keras3",
    ),
)
OPTIONS: dict[str, Option] = {option.name: option for option in _OPTIONS}
"""Every option by its name, in the order of the converter's command line."""

OF_FORMATS: dict[str, Option] = {option.format: option for option in _OPTIONS if option.format}
"""The options that a word for a format says, by the word."""

READING = tuple(option.name for option in _OPTIONS if option.role in (Role.SOURCE, Role.CODE))
"""The options that are said whenever the source is read."""

QUANTIZATIONS: dict[str, str] = {dtype: f"quantize_{dtype}" for dtype in ("float16", "uint8", "uint16")}
"""The option that quantizes to each dtype."""

DTYPE_OF_BYTES: dict[int, str] = {1: "uint8", 2: "uint16"}
"""What the deprecated ``quantization_bytes`` stands for."""


QUANTIZING = (*QUANTIZATIONS.values(), "quantization_bytes", "quantize_auto")
"""The options that make weights smaller."""


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


def listed(wanted: Collection[Pair]) -> list[Option]:
    """Return the options for one of these conversions or more, those of every TensorFlow.js result first.

    What the word for a format says is not among them.
    """
    found = [option for option in _OPTIONS if not option.format and not option.pairs.isdisjoint(wanted)]
    return sorted(found, key=lambda option: not _BY_US <= option.pairs <= _TO_JS)


def understood(pair: Pair) -> frozenset[str]:
    """Return the names of the options that mean something for this conversion."""
    return frozenset(option.name for option in _OPTIONS if pair in option.pairs)


def of_the_reference(pair: Pair) -> frozenset[str]:
    """Return the names of the options that the reference converter has for this conversion, by which it is known.

    Whose code may run is not among them: that is said of the source.
    """
    known = (option for option in _OPTIONS if pair in option.pairs - option.ours)
    return frozenset(option.name for option in known if option.role is not Role.CODE)
