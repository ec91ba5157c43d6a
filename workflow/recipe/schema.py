"""The JSON Schema of recipes, for editors: generated from the grammar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("schema.json")
_DIALECT = "http://json-schema.org/draft-07/schema#"
_OFF = {"enum": [True, False, "on", "off"]}


def schema() -> dict[str, Any]:
    """Return the schema, in the dialect that editors know best."""
    from workflow.recipe.grammar import RecipeEntry  # noqa: PLC0415  pydantic's schema builder is not needed to run

    made = RecipeEntry.model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs")
    for place in (made, *definitions.values()):
        verify = place.get("properties", {}).get("verify")
        if verify is not None:
            verify["anyOf"] = [_OFF, {"$ref": verify.pop("$ref")}]
    backends = definitions["VerifyEntry"]["properties"]["backends"]
    names = definitions["BackendsEntry"]["properties"]["browser"]["items"]
    backends["anyOf"] = [names, {"type": "array", "items": names}, {"$ref": backends.pop("$ref")}]
    for place, keys in (("VerifyEntry", ("runtimes", "require")), ("BackendsEntry", ("node", "browser"))):
        for key in keys:
            _allow_one(definitions[place]["properties"], key)
    cleaned = _without_empty_defaults({"$schema": _DIALECT, **made, "definitions": definitions})
    return dict(cleaned)


def text() -> str:
    """Return the schema as the committed file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _allow_one(properties: dict[str, Any], key: str) -> None:
    """Let one word stand for a list of it, as the grammar does."""
    listed = properties[key]
    about = {name: listed.pop(name) for name in ("default", "description") if name in listed}
    properties[key] = {"anyOf": [listed["items"], listed], **about}


def _without_empty_defaults(value: Any) -> Any:
    """Drop ``default: null``, which stands for a key that need not be there, and pydantic's titles of keys."""
    if isinstance(value, list):
        return [_without_empty_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_empty_defaults(item)
        for key, item in value.items()
        if not (key == "default" and item is None) and not (key == "title" and isinstance(item, str))
    }
