from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests import ROOT
from workflow.recipe import grammar

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = sorted((ROOT / "recipes").rglob("*.y*ml"))
STEP = {"python_to_js": {"input": "a", "output": "b"}}
PATHS = {"input": "a", "output": "b"}
BAD: dict[str, Any] = {
    "unknown key": {"steps": [STEP], "nmae": "x"},
    "no steps": {"steps": []},
    "two kinds": {"steps": [{**STEP, "graph": {"input": "a", "output": "b"}}]},
    "unknown kind": {"steps": [{"sharrd": {"input": "a", "output": "b"}}]},
    "no output": {"steps": [{"graph": {"input": "a"}}]},
    "no shard size": {"steps": [{"shard": {"input": "a", "output": "b"}}]},
    "bad shard size": {"steps": [{"shard": {"input": "a", "output": "b", "shard_size": "big"}}]},
    "no dtype": {"steps": [{"quantize": {"input": "a", "output": "b"}}]},
    "dtype and goal": {"steps": [{"quantize": {**PATHS, "dtype": "uint8", "auto": {"max_error": 0.1}}}]},
    "two goals": {"steps": [{"quantize": {**PATHS, "auto": {"max_error": 0.1, "max_bytes": "1MB"}}}]},
    "unknown word": {"steps": [{"quantize": {**PATHS, "dtype": "uint8", "keep_float": ["kernels"]}}]},
    "no file": {"steps": [{"graph": {**PATHS, "custom_objects": []}}]},
    "flag as text": {"steps": [{"graph": {"input": "a", "output": "b", "skip_op_check": "yes"}}]},
    "option elsewhere": {"steps": [{"js_to_python": {"input": "a", "output": "b", "experiments": True}}]},
    "two sources": {"steps": [STEP], "model": {"url": "https://x/y", "script": "s", "output": "o"}},
    "no such network": {"steps": [STEP], "model": {"keras_application": "MobilNet", "output": "o.h5"}},
    "no such runtime": {"steps": [STEP], "verify": {"runtimes": ["ruby"]}},
}
jsonschema = pytest.importorskip("jsonschema", reason="an independent validator checks what the schema means")


@pytest.fixture(scope="module")
def validator() -> Any:
    jsonschema.Draft7Validator.check_schema(grammar.schema())
    return jsonschema.Draft7Validator(grammar.schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_editors_accept_the_shipped_recipes(path: Path, validator: Any) -> None:
    validator.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("value", [True, False, "on", "off", {}, {"batches": [2]}])
def test_editors_accept_the_ways_to_switch_verification(value: object, validator: Any) -> None:
    validator.validate({"steps": [STEP], "verify": value})


@pytest.mark.parametrize(
    "step",
    [
        {"quantize": {**PATHS, "auto": {"max_bytes": "5MB"}, "keep_float": "biases"}},
        {"quantize": {**PATHS, "dequantize": True}},
        {"python_to_js": {**PATHS, "format": "auto", "custom_objects": "layers.py", "unsafe": False}},
        {"convert": {**PATHS, "from": "keras", "to": "browser", "repairs": False}},
    ],
)
def test_editors_accept_what_check_accepts(step: object, validator: Any) -> None:
    validator.validate({"steps": [step]})


@pytest.mark.parametrize("recipe", BAD.values(), ids=BAD.keys())
def test_editors_refuse_what_check_refuses(recipe: object, validator: Any) -> None:
    assert not validator.is_valid(recipe)


def test_every_key_explains_itself_to_editors() -> None:
    definitions = {**grammar.schema()["definitions"], "Recipe": grammar.schema()}
    silent = [
        f"{name}.{key}"
        for name, definition in definitions.items()
        for key, field in definition["properties"].items()
        if "description" not in json.dumps(field) and "$ref" not in field and name != "ApplicationOptions"
    ]
    assert silent == []
