"""What may stand in a recipe: the one definition that checks recipes and makes the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from workflow.recipe import values
from workflow.recipe.applications import APPLICATIONS
from workflow.recipe.diagnostics import listed, nearest
from workflow.recipe.entries import ABSENT, Entry, Seed, Text
from workflow.recipe.model import Engine, Format  # noqa: TC001  pydantic reads the annotations when it runs
from workflow.recipe.option_grammar import (
    AgainOptions,
    CodeOptions,
    Globs,
    Goal,
    GraphOptions,
    JsOptions,
    LayersOptions,
    Size,
)
from workflow.recipe.verify_grammar import Verify  # noqa: TC001  as above

PythonFormat = Literal["keras", "keras_keras", "keras_saved_model", "tf_saved_model", "tf_hub", "tf_frozen_model"]
GraphSource = Literal[
    "keras",
    "keras_keras",
    "keras_saved_model",
    "tf_saved_model",
    "tf_hub",
    "tf_frozen_model",
    "tfjs_layers_model",
]
PythonTarget = Literal["keras", "keras_keras", "keras_saved_model", "tf_saved_model"]
JsTarget = Literal["tfjs_layers_model", "tfjs_graph_model", "auto", "browser"]
Dtype = Literal["uint8", "uint16", "float16"]

Name = Annotated[str, Field(pattern=values.NAME_PATTERN)]
Seconds = Annotated[float, Field(gt=0)]
Arguments = Annotated[
    list[str],
    BeforeValidator(values.arguments),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "number"]}}),
]
Application = Annotated[
    str, BeforeValidator(values.application), WithJsonSchema({"type": "string", "enum": list(APPLICATIONS)})
]


class StepEntry(Entry):
    """What every step has."""

    input: Text = Field(description="The model to read: a file or folder, or the output of another step.")
    output: Text = Field(description="The file or folder to write.")
    name: Name = Field(default=ABSENT, description="What the step is called; its kind when left out.")
    timeout: Seconds = Field(default=ABSENT, description="Seconds after which the step is stopped and has failed.")
    verify: Verify = Field(
        default=ABSENT, description="What is other than in the recipe's `verify` for this step; off for not at all."
    )
    engine: Engine = Field(default=ABSENT, description="Who converts; the recipe's engine when left out.")


class PythonToJs(CodeOptions, GraphOptions, LayersOptions, JsOptions, StepEntry):
    """A Keras or TensorFlow model becomes a TensorFlow.js model."""

    format: JsTarget = Field(
        default=ABSENT,
        description="What to make; by default what fits the input. auto, browser: layers if that can be, else graph.",
    )
    source: PythonFormat = Field(default=ABSENT, alias="from", description="What the input is, if that cannot be seen.")


class JsToPython(StepEntry):
    """A TensorFlow.js layers model becomes a Keras model or a SavedModel, a graph model a SavedModel."""

    format: PythonTarget = Field(default=ABSENT, description="What to make; by default what the output's name says.")


class Shard(AgainOptions, LayersOptions, JsOptions, StepEntry):
    """A layers or graph model is written again with weight files of another size."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["shard_size"]}, {"required": ["weight_shard_size_bytes"]}]}
    )

    shard_size: Size = Field(default=ABSENT, description="Largest size of one weight file, such as 100kB or 4MiB.")


class Quantize(AgainOptions, LayersOptions, JsOptions, StepEntry):
    """A layers or graph model is written again with smaller weights."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name]}
                for name in (
                    "dtype",
                    "auto",
                    "dequantize",
                    "quantize_auto",
                    "quantize_float16",
                    "quantize_uint8",
                    "quantize_uint16",
                    "quantization_bytes",
                )
            ],
            "not": {"required": ["dtype", "auto"]},
            "dependencies": {"weights": ["dtype"]},
        }
    )

    dtype: Dtype = Field(default=ABSENT, description="What the weights are stored as.")
    weights: Globs = Field(default=ABSENT, description="Patterns of the weights to quantize; all when left out.")
    auto: Goal = Field(default=ABSENT, description="A goal in place of a dtype: max_error or max_bytes.")


class Graph(CodeOptions, GraphOptions, JsOptions, StepEntry):
    """Any model becomes a TensorFlow.js graph model, which predicts faster."""

    source: GraphSource = Field(default=ABSENT, alias="from", description="What the input is, if that cannot be seen.")


class Convert(CodeOptions, GraphOptions, AgainOptions, LayersOptions, JsOptions, StepEntry):
    """Any conversion that there is, with both formats named."""

    source: Format = Field(alias="from", description="What the input is.")
    target: Format | Literal["auto", "browser"] = Field(
        alias="to", description="What to make; browser: a layers model where it can be, else a graph model."
    )


class AnyStep(Entry):
    """One step: a mapping with one key, the kind of step."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    python_to_js: PythonToJs = ABSENT
    js_to_python: JsToPython = ABSENT
    shard: Shard = ABSENT
    quantize: Quantize = ABSENT
    graph: Graph = ABSENT
    convert: Convert = ABSENT

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, value: object) -> object:
        """Refuse what is not one key with a step's kind, before its content is looked at."""
        kinds = listed(cls.model_fields)
        if not isinstance(value, dict) or not value:
            raise values.refused(f"{values.described(value)} is no step", f"one of {kinds} with its settings")
        known = [key for key in value if key in cls.model_fields]
        strange = next((key for key in value if key not in cls.model_fields), "")
        if strange and known:
            what, expected = f"`{strange}` stands beside `{known[0]}`", f"it inside `{known[0]}`, indented further"
            raise values.refused(what, expected, key=strange)
        if strange:
            near = nearest(strange, cls.model_fields)
            raise values.refused(f"there is no step `{strange[:60]}`", kinds, near=near, key=strange)
        if len(known) > 1:
            what = f"`{known[0]}` and `{known[1]}` are two steps in one"
            raise values.refused(what, "a `-` before each", key=known[1])
        return value


class ApplicationOptions(Entry):
    """Arguments of the network's constructor."""

    input_shape: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=3, max_length=3)] = ABSENT
    alpha: Annotated[float, Field(gt=0)] = ABSENT
    depth_multiplier: Annotated[int, Field(gt=0)] = ABSENT
    dropout: Annotated[float, Field(ge=0, lt=1)] = ABSENT
    dropout_rate: Annotated[float, Field(ge=0, lt=1)] = ABSENT
    include_top: bool = ABSENT
    include_preprocessing: bool = ABSENT
    minimalistic: bool = ABSENT
    pooling: Literal["avg", "max"] = ABSENT
    classes: Annotated[int, Field(gt=0)] = ABSENT
    classifier_activation: Text = ABSENT


class ApplicationEntry(Entry):
    """The first model is a network of keras.applications, saved as Keras HDF5."""

    keras_application: Application = Field(description="The network, such as MobileNet or ResNet50.")
    output: Text = Field(description="The .h5 file to write.")
    weights: Text = Field(default="imagenet", description="imagenet, seeded (made here), or the path of a .h5 file.")
    offline: Literal["fail", "seeded"] = Field(
        default="fail", description="What to do when the imagenet weights cannot be fetched."
    )
    seed: Seed = Field(default=0, description="The seed of seeded weights.")
    options: ApplicationOptions = Field(default=ABSENT, description="Arguments of the network's constructor.")


class UrlEntry(Entry):
    """The first model is fetched."""

    url: Annotated[str, Field(pattern=values.URL_PATTERN)] = Field(description="An http, https or file URL.")
    sha256: Annotated[str, Field(pattern=values.SHA256_PATTERN)] = Field(description="The file's sha256, 64 digits.")
    output: Text = Field(description="The file to write.")


class ScriptEntry(Entry):
    """The first model is made by a Python script in the converter environment."""

    script: Text = Field(description="The Python script to run.")
    output: Text = Field(description="The file or folder that the script writes.")
    arguments: Arguments = Field(default=ABSENT, description="The script's arguments.")
    depends: list[Text] = Field(default=ABSENT, description="Further files that the result depends on.")


SOURCES: dict[str, type[Entry]] = {
    "keras_application": ApplicationEntry,
    "url": UrlEntry,
    "script": ScriptEntry,
}


def source_kind(value: object) -> str | None:
    """Return which of the three model sources a mapping describes; None when it is none of them, or several."""
    found = [key for key in SOURCES if isinstance(value, dict) and key in value]
    return found[0] if len(found) == 1 else None


ModelEntry = Annotated[
    Annotated[ApplicationEntry, Tag("keras_application")]
    | Annotated[UrlEntry, Tag("url")]
    | Annotated[ScriptEntry, Tag("script")],
    Discriminator(source_kind),
]


class RecipeEntry(Entry):
    """A recipe of tfjs-workflow: where a model comes from, and the conversions to run."""

    name: Name = Field(default=ABSENT, description="What the recipe is called; its file's name when left out.")
    environment: Annotated[str, Field(pattern=values.FOLDER_PATTERN)] = Field(
        default="tfjs", description="The converter environment to use."
    )
    engine: Engine = Field(
        default="auto",
        description="Who converts: native (without TensorFlow), reference, or auto: native wherever it can.",
    )
    model: ModelEntry = Field(default=ABSENT, description="Where the first model comes from when it is not there yet.")
    steps: Annotated[list[AnyStep], Field(min_length=1)] = Field(description="The conversions, in any order.")
    verify: Verify = Field(default=ABSENT, description="How the results are run and compared; off for not at all.")
