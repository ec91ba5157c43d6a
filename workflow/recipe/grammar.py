"""What may stand in a recipe: the one definition that checks recipes and makes the JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from workflow.catalogue.applications import APPLICATIONS
from workflow.catalogue.engines import Engine
from workflow.catalogue.formats import Format
from workflow.catalogue.options import QUANTIZATIONS
from workflow.recipe import values
from workflow.recipe.diagnostics import listed, nearest
from workflow.recipe.entries import Entry, EntryOf, needed, optional
from workflow.recipe.model import MOST_FETCHED
from workflow.recipe.option_grammar import (
    GLOBS,
    SIZE,
    AgainOptions,
    CodeOptions,
    Goal,
    GraphOptions,
    JsOptions,
    LayersOptions,
    UnsafeOption,
)
from workflow.recipe.quantizing import GOAL, OLD
from workflow.recipe.readers import FLAG, SEED, TEXT, ListOf, Reader, choice, number, shaped, whole
from workflow.recipe.saying import Refused, described
from workflow.recipe.verify_grammar import VERIFY

if TYPE_CHECKING:
    from workflow.recipe.readers import Schema
    from workflow.recipe.saying import Said

PythonFormat = Literal["keras", "keras_keras", "keras_saved_model", "tf_saved_model", "tf_hub", "tf_frozen_model"]
GraphSource = Literal[PythonFormat, "tfjs_layers_model"]
PythonTarget = Literal["keras", "keras_keras", "keras_saved_model", "tf_saved_model"]
JsTarget = Literal["tfjs_layers_model", "tfjs_graph_model", "auto", "browser"]
Automatic = Literal["auto", "browser"]
Dtype = Literal["uint8", "uint16", "float16"]
Offline = Literal["fail", "seeded"]
Pooling = Literal["avg", "max"]

NAME = shaped(
    r"^[\w][\w .+-]{0,79}$",
    "is no name",
    expected="letters, digits, spaces and `_ . - +`, at most 80, starting with a letter",
)
ENVIRONMENT = shaped(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    "is no environment name",
    expected="ASCII letters, digits and `. _ -`, at most 64",
)
SHA256 = shaped(r"^[0-9A-Fa-f]{64}$", "is no sha256", expected="64 hexadecimal digits, as `sha256sum FILE` prints them")
URL = shaped(
    r"^(https?|file)://\S+$", "is no URL that can be fetched", expected="`https://...`, `http://...` or `file:///...`"
)
ARGUMENTS = Reader(values.arguments, {"type": "array", "items": {"type": ["string", "number"]}})
APPLICATION = Reader(values.application, {"type": "string", "enum": list(APPLICATIONS)})
SECONDS = number(above=0)
COUNT = whole(above=0)
SHARE = number(least=0, below=1)


class StepEntry(Entry):
    """What every step has."""

    input = needed(TEXT, "The model to read: a file or folder, or the output of another step.")
    output = needed(TEXT, "The file or folder to write.")
    name = optional(NAME, "What the step is called; its kind when left out.")
    timeout = optional(SECONDS, "Seconds after which the step is stopped and has failed.")
    verify = optional(VERIFY, "What is other than in the recipe's `verify` for this step; off for not at all.")
    engine: Engine = optional(choice(Engine), "Who converts; the recipe's engine when left out.")


class PythonToJs(CodeOptions, GraphOptions, LayersOptions, JsOptions, StepEntry):
    """A Keras or TensorFlow model becomes a TensorFlow.js model."""

    format: JsTarget = optional(
        choice(JsTarget),
        "What to make; by default what fits the input. auto, browser: layers if that can be, else graph.",
    )
    source: PythonFormat = optional(choice(PythonFormat), "What the input is, if that cannot be seen.", name="from")


class JsToPython(UnsafeOption, StepEntry):
    """A TensorFlow.js layers model becomes a Keras model or a SavedModel, a graph model a SavedModel."""

    format: PythonTarget = optional(choice(PythonTarget), "What to make; by default what the output's name says.")


class Shard(UnsafeOption, AgainOptions, LayersOptions, JsOptions, StepEntry):
    """A layers or graph model is written again with weight files of another size."""

    rules: ClassVar[Schema] = {"anyOf": [{"required": ["shard_size"]}, {"required": ["weight_shard_size_bytes"]}]}

    shard_size = optional(SIZE, "Largest size of one weight file, such as 100kB or 4MiB.")


class Quantize(UnsafeOption, AgainOptions, LayersOptions, JsOptions, StepEntry):
    """A layers or graph model is written again with smaller weights."""

    rules: ClassVar[Schema] = {
        "anyOf": [{"required": [name]} for name in ("dtype", "auto", "dequantize", GOAL, *QUANTIZATIONS.values(), OLD)],
        "not": {"required": ["dtype", "auto"]},
        "dependencies": {"weights": ["dtype"]},
    }

    dtype: Dtype = optional(choice(Dtype), "What the weights are stored as.")
    weights = optional(GLOBS, "Patterns of the weights to quantize; all when left out.")
    auto = optional(EntryOf(Goal), "A goal in place of a dtype: max_error or max_bytes.")


class Graph(CodeOptions, GraphOptions, JsOptions, StepEntry):
    """Any model becomes a TensorFlow.js graph model, which predicts faster."""

    source: GraphSource = optional(choice(GraphSource), "What the input is, if that cannot be seen.", name="from")


class Convert(CodeOptions, GraphOptions, AgainOptions, LayersOptions, JsOptions, StepEntry):
    """Any conversion that there is, with both formats named."""

    source: Format = needed(choice(Format), "What the input is.", name="from")
    target: Format | Automatic = needed(
        choice(Format, Automatic),
        "What to make; browser: a layers model where it can be, else a graph model.",
        name="to",
    )


class AnyStep(Entry):
    """One step: a mapping with one key, the kind of step."""

    rules: ClassVar[Schema] = {"minProperties": 1, "maxProperties": 1}

    python_to_js = optional(EntryOf(PythonToJs))
    js_to_python = optional(EntryOf(JsToPython))
    shard = optional(EntryOf(Shard))
    quantize = optional(EntryOf(Quantize))
    graph = optional(EntryOf(Graph))
    convert = optional(EntryOf(Convert))

    @classmethod
    def meant(cls, value: Any) -> Any:
        """Return the value if it is one key with a step's kind."""
        kinds = listed(cls.keys)
        if not isinstance(value, dict) or not value:
            what = f"{described(value)} is no step"
            raise Refused(what, f"one of {kinds} with its settings", alone=True)
        known = [key for key in value if key in cls.keys]
        strange = next((key for key in value if key not in cls.keys), None)
        if strange is not None and known:
            what, expected = f"`{strange}` stands beside `{known[0]}`", f"it inside `{known[0]}`, indented further"
            raise Refused(what, expected, at=(strange,), alone=True)
        if strange is not None:
            what = f"there is no step `{strange[:60]}`"
            raise Refused(what, kinds, near=nearest(strange, cls.keys), at=(strange,), alone=True)
        if len(known) > 1:
            what = f"`{known[0]}` and `{known[1]}` are two steps in one"
            raise Refused(what, "a `-` before each", at=(known[1],), alone=True)
        return value


class ApplicationOptions(Entry):
    """Arguments of the network's constructor."""

    input_shape = optional(ListOf(COUNT, least=3, most=3))
    alpha = optional(number(above=0))
    depth_multiplier = optional(COUNT)
    dropout = optional(SHARE)
    dropout_rate = optional(SHARE)
    include_top = optional(FLAG)
    include_preprocessing = optional(FLAG)
    minimalistic = optional(FLAG)
    pooling: Pooling = optional(choice(Pooling))
    classes = optional(COUNT)
    classifier_activation = optional(TEXT)


class ApplicationEntry(Entry):
    """The first model is a network of keras.applications, saved as Keras HDF5."""

    keras_application = needed(APPLICATION, "The network, such as MobileNet or ResNet50.")
    output = needed(TEXT, "The .h5 file to write.")
    weights = optional(TEXT, "imagenet, seeded (made here), or the path of a .h5 file.", default="imagenet")
    offline: Offline = optional(
        choice(Offline), "What to do when the imagenet weights cannot be fetched.", default="fail"
    )
    seed = optional(SEED, "The seed of seeded weights.", default=0)
    options = optional(EntryOf(ApplicationOptions))


class UrlEntry(Entry):
    """The first model is fetched."""

    url = needed(URL, "An http, https or file URL.")
    sha256 = needed(SHA256, "The file's sha256, 64 digits.")
    output = needed(TEXT, "The file to write.")
    max_bytes = optional(SIZE, "Of a longer file nothing is kept; 10GB when left out.", default=MOST_FETCHED)


class ScriptEntry(Entry):
    """The first model is made by a Python script in the converter environment."""

    script = needed(TEXT, "The Python script to run.")
    output = needed(TEXT, "The file or folder that the script writes.")
    arguments = optional(ARGUMENTS, "The script's arguments.")
    depends = optional(ListOf(TEXT), "Further files that the result depends on.")


SOURCES: dict[str, EntryOf[Any]] = {
    "keras_application": EntryOf(ApplicationEntry),
    "url": EntryOf(UrlEntry),
    "script": EntryOf(ScriptEntry),
}


def source_kind(value: object) -> str | None:
    """Return which of the three model sources a mapping describes; None when it is none of them, or several."""
    found = [key for key in SOURCES if isinstance(value, dict) and key in value]
    return found[0] if len(found) == 1 else None


class _Source(Reader[Any]):
    """One of the three model sources."""

    def read(self, said: Said) -> Any:
        """Return the entry of the source whose key is there."""
        kind = source_kind(said.value)
        return SOURCES[kind].read(said) if kind else super().read(said)


def _no_source(value: Any) -> Any:
    """Refuse what is none of the model sources, or several."""
    keys = list(value) if isinstance(value, dict) else []
    present = [key for key in keys if key in SOURCES]
    expected = f"exactly one of {listed(SOURCES)}, which says where the first model comes from"
    if len(present) > 1:
        what = f"`model` has {listed(present)} at once".replace(" or ", " and ")
        raise Refused(what, expected, at=(present[1],), alone=True)
    near = {key: nearest(key, SOURCES) for key in keys}
    for key in filter(near.get, keys):
        raise Refused(f"there is no key `{key}` in `model`", expected, near=near[key], at=(key,), alone=True)
    raise Refused("`model` does not say where the model comes from", expected, at=(), alone=True)


class RecipeEntry(Entry):
    """A recipe of tfjs-workflow: where a model comes from, and the conversions to run."""

    name = optional(NAME, "What the recipe is called; its file's name when left out.")
    environment = optional(ENVIRONMENT, "The converter environment to use.", default="tfjs")
    engine: Engine = optional(
        choice(Engine),
        "Who converts: native (without TensorFlow), reference, or auto: native wherever it can.",
        default="auto",
    )
    model = optional(
        _Source(_no_source, {"oneOf": [source.schema for source in SOURCES.values()]}),
        "Where the first model comes from when it is not there yet.",
    )
    steps = needed(ListOf(EntryOf(AnyStep), least=1), "The conversions, in any order.")
    verify = optional(VERIFY, "How the results are run and compared; off for not at all.")
