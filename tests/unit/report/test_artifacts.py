from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.measures.models import write_model
from tests.unit.report.runs import python_check, run_of, step
from workflow.report.artifacts import format_of, is_quantized, shown_path
from workflow.report.reading import read_run

if TYPE_CHECKING:
    from pathlib import Path


def native(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """A step of the native engine, which runs no command."""
    return {**step(name, kind, python_check()), "facts": {"engine": "native", "check": python_check()}, **more}


@pytest.mark.parametrize(
    ("kind", "output", "expected"),
    [
        ("shard", "data/sharded", "tfjs_layers_model"),
        ("quantize", "data/small", "tfjs_layers_model"),
        ("graph", "data/fast", "tfjs_graph_model"),
        ("js_to_python", "data/back.h5", "keras"),
        ("convert", "data/back.keras", "keras_keras"),
        ("convert", "data/unknown", ""),
    ],
)
def test_without_a_command_the_kind_and_the_name_tell_the_format(kind: str, output: str, expected: str) -> None:
    assert format_of(native("x", kind, output=output)) == expected


def test_what_lies_there_tells_it_better(tmp_path: Path) -> None:
    graph = write_model(tmp_path / "small", b"1", graph=True)
    assert format_of(native("small", "quantize", output=str(graph))) == "tfjs_graph_model"
    (graph / "model.json").write_text("[]")
    assert format_of(native("small", "quantize", output=str(graph))) == "tfjs_layers_model"


def test_a_recorded_format_is_believed() -> None:
    assert format_of(native("x", "convert", formats={"from": "keras", "to": "tf_saved_model"})) == "tf_saved_model"


def test_a_native_result_that_ran_in_python_alone_is_incomplete_too() -> None:
    assert read_run(run_of(native("sharded", "shard"))).verdict == "incomplete"


def test_quantization_shows_in_the_kind_the_command_or_the_facts() -> None:
    facts = {"quantization": {"uint8": 14}}
    assert is_quantized(native("x", "quantize"))
    assert is_quantized(native("x", "shard", facts=facts))
    assert is_quantized(native("x", "convert", facts={"command": "tensorflowjs_converter --quantize_float16 a b"}))
    assert not is_quantized(native("x", "shard"))


def test_paths_are_shown_as_the_recipe_has_them() -> None:
    assert shown_path("/p/data/web", "/p/recipes/r.yml") == "data/web"
    assert shown_path("/p/data/web", "/p/r.yml") == "data/web"
    assert shown_path("/elsewhere/web", "/p/r.yml") == "web"
