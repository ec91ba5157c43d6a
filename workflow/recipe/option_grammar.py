"""The options of steps, as a recipe may write them, in groups by the kinds of steps that take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from workflow.recipe import values
from workflow.recipe.entries import Entry, EntryOf, optional
from workflow.recipe.readers import FLAG, TEXT, ListOf, Reader, choice, number
from workflow.recipe.saying import refused

if TYPE_CHECKING:
    from workflow.recipe.readers import Schema

FloatWord = Literal["biases", "normalisation"]

_ITEM = {"type": "string", "pattern": values.ITEM_PATTERN}
_ITEMS = {"type": "array", "items": _ITEM, "minItems": 1}

SIZE = Reader(
    values.size, {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": values.SIZE_PATTERN}]}
)
PATTERNS = Reader(values.patterns, {"anyOf": [FLAG.schema, TEXT.schema, _ITEMS]})
GLOBS = Reader(values.globs, {"anyOf": [TEXT.schema, _ITEMS]})
NAMES = Reader(values.words, {"anyOf": [TEXT.schema, _ITEMS]})
TAGS = Reader(values.tags, {"anyOf": [{"type": "string"}, {"type": "array", "items": _ITEM}]})
METADATA = Reader(
    values.metadata,
    {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[^:,]+$"},
        "additionalProperties": {"type": "string", "pattern": "^[^:,]+$"},
    },
)
FLOAT_WORDS: ListOf[FloatWord] = ListOf(choice(FloatWord), one=True)
MODULES = ListOf(TEXT, least=1, one=True)


class Goal(Entry):
    """What quantization may cost; the tool picks a dtype for each weight."""

    rules: ClassVar[Schema] = {"minProperties": 1, "maxProperties": 1}

    max_error = optional(
        number(above=0, below=1), "The largest error of any weight, relative to its values, such as 0.01."
    )
    max_bytes = optional(SIZE, "What all weights may take together, such as 5MB.")

    @classmethod
    def meant(cls, value: Any) -> Any:
        """Return the value if it holds one goal, right or wrong."""
        if isinstance(value, dict) and len(cls.keys.keys() & value.keys()) > 1:
            raise refused("`max_error` and `max_bytes` are two goals", "one of the two", at=("max_bytes",))
        if value == {}:
            raise refused("there is no goal", "`max_error` or `max_bytes`")
        return value


class JsOptions(Entry):
    """Options for every result that is a TensorFlow.js model."""

    weight_shard_size_bytes = optional(
        SIZE,
        "Largest size of one weight file: bytes, or a size such as 100kB. Default 4 MiB.",
    )
    quantize_float16 = optional(PATTERNS, "Weights to store as float16: true, or patterns of names.")
    quantize_uint8 = optional(PATTERNS, "Weights to store in one byte each: true, or patterns of names.")
    quantize_uint16 = optional(PATTERNS, "Weights to store in two bytes each: true, or patterns of names.")
    quantization_bytes = optional(
        choice(Literal[1, 2], deprecated=True), "The old way to say quantize_uint8 (1) or quantize_uint16 (2)."
    )
    quantize_auto = optional(
        EntryOf(Goal), "A goal in place of patterns: max_error or max_bytes; recorded as patterns."
    )
    keep_float = optional(
        FLOAT_WORDS,
        "What is never quantized: biases, normalisation. A goal keeps both unless this says other.",
    )
    metadata = optional(METADATA, "JSON files to put into model.json as userDefinedMetadata, by name.")


class LayersOptions(Entry):
    """The option for results that are layers models."""

    split_weights_by_layer = optional(
        FLAG,
        "One group of weight files for each layer; false makes one group of a layers model's.",
    )


class AgainOptions(Entry):
    """The option for TensorFlow.js models that are written again."""

    dequantize = optional(FLAG, "Store quantized weights as float32 again.")


class GraphOptions(Entry):
    """Options for graph models that are made of other models."""

    signature_name = optional(TEXT, "The SavedModel's or Hub module's signature to convert.")
    saved_model_tags = optional(TAGS, "The SavedModel's tags; `serve` when left out.")
    output_node_names = optional(NAMES, "Names of the outputs of a frozen graph; found and said when left out.")
    skip_op_check = optional(FLAG, "Convert operations too that TensorFlow.js does not have.")
    strip_debug_ops = optional(FLAG, "Remove Print, Assert and CheckNumerics. Default true.")
    use_structured_outputs_names = optional(FLAG, "Name outputs by their keys in the model's output dictionary.")
    control_flow_v2 = optional(FLAG, "Keep branches and loops as functional operations.")
    experiments = optional(FLAG, "Switch on the converter's experimental optimisations.")
    repairs = optional(
        FLAG,
        "Rewrite what TensorFlow.js is known to do wrong. Default true; off for the raw graph.",
    )


class UnsafeOption(Entry):
    """The option for models that ask for more than layers and operations that only calculate."""

    unsafe = optional(FLAG, "Let a model run code and name what it likes (Lambda layers). Only for your own files.")


class CodeOptions(UnsafeOption):
    """Options for Keras models that need Python code of their own."""

    custom_objects = optional(MODULES, "Python files whose classes and functions the model needs to load.")
