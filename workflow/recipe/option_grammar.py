"""The options of steps, as a recipe may write them, in groups by the kinds of steps that take them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from workflow.recipe import values
from workflow.recipe.entries import ABSENT, Entry, Text

_ITEM = {"type": "string", "pattern": values.ITEM_PATTERN}
_ITEMS = {"type": "array", "items": _ITEM, "minItems": 1}
_TEXT = {"type": "string", "minLength": 1}

Size = Annotated[
    int,
    BeforeValidator(values.size),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": values.SIZE_PATTERN}]}),
]
Patterns = Annotated[
    list[str],
    BeforeValidator(values.patterns),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, _TEXT, _ITEMS]}),
]
Globs = Annotated[list[str], BeforeValidator(values.globs), WithJsonSchema({"anyOf": [_TEXT, _ITEMS]})]
Names = Annotated[list[str], BeforeValidator(values.words), WithJsonSchema({"anyOf": [_TEXT, _ITEMS]})]
Tags = Annotated[
    list[str],
    BeforeValidator(values.tags),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": _ITEM}]}),
]
Metadata = Annotated[
    dict[str, str],
    BeforeValidator(values.metadata),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[^:,]+$"},
            "additionalProperties": {"type": "string", "pattern": "^[^:,]+$"},
        }
    ),
]
FloatWord = Literal["biases", "normalisation"]
_WORD = {"enum": ["biases", "normalisation"]}
FloatWords = Annotated[
    list[FloatWord],
    BeforeValidator(values.listed),
    WithJsonSchema({"anyOf": [_WORD, {"type": "array", "items": _WORD}]}),
]
Modules = Annotated[
    list[Text],
    BeforeValidator(values.listed),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]


class Goal(Entry):
    """What quantization may cost; the tool picks a dtype for each weight."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    max_error: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=ABSENT, description="The largest error of any weight, relative to its values, such as 0.01."
    )
    max_bytes: Size = Field(default=ABSENT, description="What all weights may take together, such as 5MB.")

    @model_validator(mode="before")
    @classmethod
    def _one_goal(cls, value: Any) -> Any:
        known = [key for key in value if key in cls.model_fields] if isinstance(value, dict) else []
        if len(known) > 1:
            raise values.refused("`max_error` and `max_bytes` are two goals", "one of the two", key="max_bytes")
        if isinstance(value, dict) and not value:
            raise values.refused("there is no goal", "`max_error` or `max_bytes`")
        return value


class JsOptions(Entry):
    """Options for every result that is a TensorFlow.js model."""

    weight_shard_size_bytes: Size = Field(
        default=ABSENT,
        description="Largest size of one weight file: bytes, or a size such as 100kB. Default 4 MiB.",
    )
    quantize_float16: Patterns = Field(
        default=ABSENT, description="Weights to store as float16: true, or patterns of names."
    )
    quantize_uint8: Patterns = Field(
        default=ABSENT, description="Weights to store in one byte each: true, or patterns of names."
    )
    quantize_uint16: Patterns = Field(
        default=ABSENT, description="Weights to store in two bytes each: true, or patterns of names."
    )
    quantization_bytes: Literal[1, 2] = Field(
        default=ABSENT,
        description="The old way to say quantize_uint8 (1) or quantize_uint16 (2).",
        json_schema_extra={"deprecated": True},
    )
    quantize_auto: Goal = Field(
        default=ABSENT, description="A goal in place of patterns: max_error or max_bytes; recorded as patterns."
    )
    keep_float: FloatWords = Field(
        default=ABSENT,
        description="What is never quantized: biases, normalisation. A goal keeps both unless this says other.",
    )
    metadata: Metadata = Field(
        default=ABSENT, description="JSON files to put into model.json as userDefinedMetadata, by name."
    )


class LayersOptions(Entry):
    """The option for results that are layers models."""

    split_weights_by_layer: bool = Field(
        default=ABSENT,
        description="One group of weight files for each layer; false makes one group of a layers model's.",
    )


class AgainOptions(Entry):
    """The option for TensorFlow.js models that are written again."""

    dequantize: bool = Field(default=ABSENT, description="Store quantized weights as float32 again.")


class GraphOptions(Entry):
    """Options for graph models that are made of other models."""

    signature_name: Text = Field(default=ABSENT, description="The SavedModel's or Hub module's signature to convert.")
    saved_model_tags: Tags = Field(default=ABSENT, description="The SavedModel's tags; `serve` when left out.")
    output_node_names: Names = Field(
        default=ABSENT, description="Names of the outputs of a frozen graph; found and said when left out."
    )
    skip_op_check: bool = Field(default=ABSENT, description="Convert operations too that TensorFlow.js does not have.")
    strip_debug_ops: bool = Field(default=ABSENT, description="Remove Print, Assert and CheckNumerics. Default true.")
    use_structured_outputs_names: bool = Field(
        default=ABSENT, description="Name outputs by their keys in the model's output dictionary."
    )
    control_flow_v2: bool = Field(default=ABSENT, description="Keep branches and loops as functional operations.")
    experiments: bool = Field(default=ABSENT, description="Switch on the converter's experimental optimisations.")
    repairs: bool = Field(
        default=ABSENT,
        description="Rewrite what TensorFlow.js is known to do wrong. Default true; off for the raw graph.",
    )


class CodeOptions(Entry):
    """Options for Keras models that need Python code of their own."""

    custom_objects: Modules = Field(
        default=ABSENT, description="Python files whose classes and functions the model needs to load."
    )
    unsafe: bool = Field(
        default=ABSENT, description="Let code that is stored in the model run (Lambda layers). Only for your own files."
    )
