"""What may stand in a recipe: the one definition that checks recipes and makes the JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from workflow.catalogue.formats import Backend, Engine, NodeBackend, RuntimeName, backends_by_runtime
from workflow.catalogue.kinds import KINDS, Kind, KindOfStep
from workflow.catalogue.options import OPTIONS, QUANTIZATIONS, Form, Setting
from workflow.recipe import value_types as types
from workflow.recipe.findings import Refused, described, listed, nearest, refused
from workflow.recipe.model_source import MODEL_SOURCE
from workflow.recipe.paths import path_at
from workflow.recipe.recipes import Tolerance, Verification
from workflow.recipe.value_types import (
    SEED,
    TEXT,
    Entry,
    EntryOf,
    Key,
    ListOf,
    MapOf,
    Reader,
    choice,
    needed,
    number,
    optional,
    shaped,
    whole,
)

if TYPE_CHECKING:
    from workflow.recipe.document import RecipeDocument
    from workflow.recipe.value_types import Schema

VERIFY = "verify"

DISTANCE = number(least=0)
RUNTIMES: ListOf[RuntimeName] = ListOf(choice(get_args(RuntimeName)), least=1, most=3, one=True)
BACKEND = choice(get_args(Backend))
NODE_BACKENDS: ListOf[NodeBackend] = ListOf(choice(get_args(NodeBackend)), least=1, most=2, one=True)
BACKENDS: ListOf[Backend] = ListOf(BACKEND, least=1, most=5, one=True)


class ToleranceEntry(Entry):
    """What one output may differ by."""

    atol = optional(DISTANCE, "Largest difference.")
    rtol = optional(DISTANCE, "Largest difference in units of the output's largest value.")


class BackendsEntry(Entry):
    """The backends of each runtime on which results are run."""

    short = (BACKEND.schema, {"type": "array", "items": BACKEND.schema})

    node = optional(NODE_BACKENDS, "In Node.js; wasm when left out.")
    browser = optional(BACKENDS, "In the browser; webgl and wasm when left out.")

    @classmethod
    def meant(cls, value: Any) -> Any:
        """Return one list of backends as the backends of each runtime that has them."""
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, list):
            return words
        known = get_args(Backend)
        strange = next((word for word in words if word not in known), None)
        if strange is not None:
            what, expected = f"{described(strange)} is no backend", ", ".join(sorted(known))
            raise refused(what, expected, near=nearest(str(strange), known))
        return {runtime: list(found) for runtime, found in backends_by_runtime(words).items()}


class VerifyEntry(Entry):
    """How the results are run and compared with their source; `off` for not at all."""

    short = ({"enum": [True, False, "on", "off"]},)

    runtimes = optional(
        RUNTIMES, "Where the results are run; what is not there is said.", default=["python", "node", "browser"]
    )
    backends = optional(EntryOf(BackendsEntry), "The backends of each runtime, or one list for those that have them.")
    require = optional(RUNTIMES, "Runtimes without which the verification fails.")
    inputs = optional(TEXT, "A .npy or .npz file, an image or a folder of images; drawn at random when left out.")
    labels = optional(TEXT, "A .npy or .npz file of class indices for the inputs.")
    image_range = optional(
        ListOf(number(), least=2, most=2), "What black and white of images become: [-1, 1], [0, 1] or [0, 255]."
    )
    samples = optional(whole(least=1, most=65536), "How many inputs to draw, or to take of those given.")
    batches = optional(
        ListOf(whole(least=1, most=4096), least=1, most=16),
        "How many inputs go in at once, first, second...; the rest follows.",
        default=[1, 3],
    )
    seed = optional(SEED, "The seed of drawn inputs.", default=0)
    atol = optional(DISTANCE, "Largest difference of an output; derived from the data types when left out.")
    rtol = optional(DISTANCE, "Largest difference in units of an output's largest value, beside atol.")
    outputs = optional(MapOf(EntryOf(ToleranceEntry)), "Other differences, by the output's name.")
    accuracy_drop = optional(
        number(least=0, most=1), "By how much the accuracy on labelled inputs may fall; 0.01 is one percent."
    )
    agreement = optional(
        number(least=0, most=1),
        "For which share of inputs a quantized result must give its source's largest element; 0 accepts anything.",
    )
    repeat = optional(
        whole(least=0, most=1000), "How many predictions to time, as far as half a second goes.", default=30
    )

    @classmethod
    def meant(cls, value: Any) -> Any:
        """Return ``on`` as all defaults; ``off`` has nothing to check."""
        return {} if _switched_off(value) or value is True or value == "on" else value


VERIFICATION = EntryOf(VerifyEntry)


def verification_of(document: RecipeDocument, entry: VerifyEntry, *, base: Verification | None = None) -> Verification:
    """Return what the entry says, on top of ``base``; findings go to the document."""
    base = base or Verification()
    if _switched_off(document.value_at(entry.at)):
        return base.replaced(enabled=False)
    given = entry.given()
    found = {key: _READ.get(key, _same)(value) for key, value in given.items()}
    for key in ("inputs", "labels"):
        if key in given:
            found[key] = path_at(document, (*entry.at, key))
    if "inputs" in given and "labels" not in given:
        found["labels"] = None  # those of the recipe are for its own inputs
    chosen = base.replaced(**{**found, "enabled": True})
    if "labels" in given and chosen.inputs is None:
        what = "`labels` without `inputs` cannot be compared"
        document.blame_key((*entry.at, "labels"), what, expected="`inputs` beside them")
    unlabelled = [key for key in ("accuracy_drop", "inputs") if key in given]
    if unlabelled and chosen.accuracy_drop is not None and chosen.labels is None:
        what = "`accuracy_drop` without `labels` cannot be held to"
        document.blame_key((*entry.at, unlabelled[0]), what, expected="`labels` beside it")
    for name in chosen.require:
        if name not in chosen.runtimes:
            what, key = (
                f"`{name}` is required and not among the runtimes",
                "require" if "require" in given else "runtimes",
            )
            document.blame_key((*entry.at, key), what, expected="it in `runtimes`")
    return chosen


def _switched_off(value: object) -> bool:
    """Tell whether the recipe says ``verify: off`` (YAML reads ``off`` as false, other readers as a text)."""
    return value is False or value == "off"


def _same(value: Any) -> Any:
    return value


def _backends(entry: Any) -> dict[str, tuple[str, ...]]:
    return {runtime: tuple(names) for runtime, names in entry.given().items()}


def _outputs(entries: Any) -> dict[str, Tolerance]:
    return {name: Tolerance(**entry.given()) for name, entry in entries.items()}


_READ: dict[str, Any] = {
    "runtimes": tuple,
    "require": tuple,
    "batches": tuple,
    "image_range": tuple,
    "backends": _backends,
    "outputs": _outputs,
}


STEPS = "steps"
SCHEMA = Path(__file__).with_name("schema.json")
_DIALECT = "http://json-schema.org/draft-07/schema#"

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
SECONDS = number(above=0)


class Goal(Entry):
    """What quantization may cost; the tool picks a dtype for each weight."""

    rules: ClassVar[Schema] = {"minProperties": 1, "maxProperties": 1}

    max_error = optional(
        number(above=0, below=1), "The largest error of any weight, relative to its values, such as 0.01."
    )
    max_bytes = optional(types.SIZE, "What all weights may take together, such as 5MB.")

    @classmethod
    def meant(cls, value: Any) -> Any:
        """Return the value if it holds one goal, right or wrong."""
        if isinstance(value, dict) and len(cls.keys.keys() & value.keys()) > 1:
            raise refused("`max_error` and `max_bytes` are two goals", "one of the two", at=("max_bytes",))
        if value == {}:
            raise refused("there is no goal", "`max_error` or `max_bytes`")
        return value


_READERS: dict[Form, Reader[Any]] = {
    Form.PRESENCE: types.FLAG,
    Form.TRUTH: types.FLAG,
    Form.TRUTH_BY_DEFAULT: types.FLAG,
    Form.TEXT: types.TEXT,
    Form.NAMES: types.NAMES,
    Form.TAGS: types.TAGS,
    Form.PATTERNS: types.PATTERNS,
    Form.GLOBS: types.GLOBS,
    Form.SIZE: types.SIZE,
    Form.METADATA: types.METADATA,
    Form.GOAL: EntryOf(Goal),
    Form.FILES: types.FILES,
}
"""How a setting of each form is read, but for those whose words are declared with it."""

_RULES: dict[Kind, Schema] = {
    "shard": {"anyOf": [{"required": ["shard_size"]}, {"required": ["weight_shard_size_bytes"]}]},
    "quantize": {
        "anyOf": [
            {"required": [name]}
            for name in ("dtype", "auto", "dequantize", "quantize_auto", *QUANTIZATIONS.values(), "quantization_bytes")
        ],
        "not": {"required": ["dtype", "auto"]},
        "dependencies": {"weights": ["dtype"]},
    },
}
"""What the JSON Schema says of a kind of step beyond its keys."""


class StepEntry(Entry):
    """A step as the recipe writes it; what stands here every kind of step has."""

    kind: ClassVar[Kind]

    input = needed(types.TEXT, "The model to read: a file or folder, or the output of another step.")
    output = needed(types.TEXT, "The file or folder to write.")
    name = optional(NAME, "What the step is called; its kind when left out.")
    timeout = optional(SECONDS, "Seconds after which the step is stopped and has failed.")
    verify = optional(VERIFICATION, "What is other than in the recipe's `verify` for this step; off for not at all.")
    engine: Engine = optional(choice(get_args(Engine)), "Who converts; the recipe's engine when left out.")


def _key(setting: Setting) -> Key:
    """Return the key of a setting as it is declared in the catalogue."""
    if setting.form is Form.WORD:
        about = {"deprecated": True} if setting.deprecated else {}
        reader = choice(setting.words, **about)
    elif setting.form is Form.WORDS:
        reader = ListOf(choice(setting.words), one=True)
    else:
        reader = _READERS[setting.form]
    return Key(reader, setting.about, needed=setting.needed)


_OPTIONS = {name: _key(option) for name, option in OPTIONS.items()}


def _entry_of(kind: Kind, declared: KindOfStep) -> type[StepEntry]:
    """Return the entry of a kind of step: what every step has, the options of its conversions, and its own settings."""
    keys = {option.name: _OPTIONS[option.name] for option in declared.options}
    keys |= {setting.name: _key(setting) for setting in declared.settings}
    name = "".join(word.capitalize() for word in kind.split("_"))
    return type(name, (StepEntry,), {"__doc__": declared.about, "kind": kind, "rules": _RULES.get(kind, {}), **keys})


class AnyStep(Entry):
    """One step: a mapping with one key, the kind of step."""

    keys: ClassVar[dict[str, Key]] = {kind: Key(EntryOf(_entry_of(kind, declared))) for kind, declared in KINDS.items()}
    rules: ClassVar[Schema] = {"minProperties": 1, "maxProperties": 1}

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


class RecipeEntry(Entry):
    """A recipe of tfjs-workflow: where a model comes from, and the conversions to run."""

    name = optional(NAME, "What the recipe is called; its file's name when left out.")
    environment = optional(ENVIRONMENT, "The converter environment to use.", default="tfjs")
    engine: Engine = optional(
        choice(get_args(Engine)),
        "Who converts: native (without TensorFlow), reference, or auto: native wherever it can.",
        default="auto",
    )
    model = optional(MODEL_SOURCE, "Where the first model comes from when it is not there yet.")
    steps = needed(ListOf(EntryOf(AnyStep), least=1), "The conversions, in any order.")
    verify = optional(VERIFICATION, "How the results are run and compared; off for not at all.")


def schema() -> dict[str, Any]:
    """Return the schema, in the dialect that editors know best."""
    definitions: dict[str, Any] = {}
    made = _referring({"$schema": _DIALECT, **_entry_schema(RecipeEntry)}, definitions)
    return {**made, "definitions": {name: definitions[name] for name in sorted(definitions)}}


def schema_text() -> str:
    """Return the schema as the committed file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _entry_schema(entry: type[Entry]) -> dict[str, Any]:
    required = [name for name, key in entry.keys.items() if key.needed]
    return {
        "type": "object",
        "description": entry.__doc__,
        "properties": {name: _key_schema(key) for name, key in entry.keys.items()},
        "additionalProperties": False,
        **({"required": required} if required else {}),
        **entry.rules,
    }


def _key_schema(key: Key) -> dict[str, Any]:
    about = {"description": key.about, "default": key.default}
    return {**key.reader.schema, **{name: value for name, value in about.items() if value not in ("", None)}}


def _referring(value: Any, definitions: dict[str, Any], *, ordered: bool = False) -> Any:
    """Return the schema with the names of entries in their places, which grow ``definitions``, and sorted keywords."""
    if isinstance(value, list):
        return [_referring(item, definitions) for item in value]
    if isinstance(value, type):
        if value.__name__ not in definitions:
            definitions[value.__name__] = {}  # an entry may lead to itself
            definitions[value.__name__] = _referring(_entry_schema(value), definitions)
        return f"#/definitions/{value.__name__}"
    if not isinstance(value, dict):
        return value
    keywords = value if ordered else sorted(value)
    return {key: _referring(value[key], definitions, ordered=key == "properties") for key in keywords}
