"""The JSON Schema of recipes, for editors: generated from the grammar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.recipe.grammar import RecipeEntry

if TYPE_CHECKING:
    from workflow.recipe.entries import Entry, Key

FILE = Path(__file__).with_name("schema.json")
_DIALECT = "http://json-schema.org/draft-07/schema#"


def schema() -> dict[str, Any]:
    """Return the schema, in the dialect that editors know best."""
    definitions: dict[str, Any] = {}
    made = _referring({"$schema": _DIALECT, **_entry(RecipeEntry)}, definitions)
    return {**made, "definitions": {name: definitions[name] for name in sorted(definitions)}}


def text() -> str:
    """Return the schema as the committed file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _entry(entry: type[Entry]) -> dict[str, Any]:
    required = [name for name, key in entry.keys.items() if key.needed]
    return {
        "type": "object",
        "description": entry.__doc__,
        "properties": {name: _key(key) for name, key in entry.keys.items()},
        "additionalProperties": False,
        **({"required": required} if required else {}),
        **entry.rules,
    }


def _key(key: Key) -> dict[str, Any]:
    about = {"description": key.about, "default": key.default}
    return {**key.reader.schema, **{name: value for name, value in about.items() if value not in ("", None)}}


def _referring(value: Any, definitions: dict[str, Any], *, ordered: bool = False) -> Any:
    """Return the schema with the names of entries in their places, which grow ``definitions``, and sorted keywords."""
    if isinstance(value, list):
        return [_referring(item, definitions) for item in value]
    if isinstance(value, type):
        if value.__name__ not in definitions:
            definitions[value.__name__] = {}  # an entry may lead to itself
            definitions[value.__name__] = _referring(_entry(value), definitions)
        return f"#/definitions/{value.__name__}"
    if not isinstance(value, dict):
        return value
    keywords = value if ordered else sorted(value)
    return {key: _referring(value[key], definitions, ordered=key == "properties") for key in keywords}
