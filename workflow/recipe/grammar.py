"""What may stand in a recipe: the one definition that checks recipes and makes the JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from workflow.catalogue.formats import Engine
from workflow.catalogue.kinds import KINDS, Kind, KindOfStep
from workflow.catalogue.options import OPTIONS, QUANTIZATIONS, Form, Setting
from workflow.recipe import value_types as types
from workflow.recipe.findings import Refused, described, listed, nearest, refused
from workflow.recipe.model_source import MODEL_SOURCE
from workflow.recipe.value_types import Entry, EntryOf, Key, ListOf, Reader, choice, needed, number, optional, shaped
from workflow.recipe.verify_settings import VERIFICATION

if TYPE_CHECKING:
    from workflow.recipe.value_types import Schema

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
