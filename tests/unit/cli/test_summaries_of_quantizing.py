"""Quantization by goals and words, from a recipe to the screen and the record; all of it native."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.conversion.native.models import Stored, entries, graph_node, numbers, save
from workflow.cli.boundary import guarded
from workflow.cli.summaries import detour_lines, quantization_lines

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]


SHAPES = {
    "first/kernel": (16, 200),
    "first/bias": (200,),
    **{f"norm/{name}": (200,) for name in ("gamma", "beta", "moving_mean", "moving_variance")},
    "second/kernel": (200, 10),
}


def weights() -> list[Stored]:
    drawn = np.random.default_rng(0)
    return [Stored(name, drawn.normal(size=shape).astype("float32")) for name, shape in SHAPES.items()]


def layers() -> dict[str, Any]:
    made = [
        {"class_name": "Dense", "config": {"name": "first", "units": 200, "batch_input_shape": [None, 16]}},
        {"class_name": "BatchNormalization", "config": {"name": "norm", "axis": -1}},
        {"class_name": "Dense", "config": {"name": "second", "units": 10, "use_bias": False}},
    ]
    return {"model_config": {"class_name": "Sequential", "config": {"name": "model", "layers": made}}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "web", [weights()], format="layers-model", modelTopology=layers())
    nodes = [graph_node(stored.name, "Const") for stored in weights()]
    nodes.append(graph_node("add", "BiasAdd", "first/kernel", "first/bias"))
    save(tmp_path / "graph", [weights()], format="graph-model", modelTopology={"node": nodes})
    return tmp_path


def convert(folder: Path, *steps: str, code: int = 0) -> None:
    text = "verify: off\nsteps:\n" + "".join(f"- {step}\n" for step in steps)
    (folder / "recipe.yml").write_text(text, encoding="utf-8")
    assert guarded(["convert", "recipe.yml"]) == code


def record(output: Path) -> dict[str, Any]:
    parsed = json.loads((output.parent / f"{output.name}.tfjs-workflow.json").read_text(encoding="utf-8"))
    facts: dict[str, Any] = parsed["facts"]
    return facts


def dtypes(output: Path) -> dict[str, str]:
    return {name: entry.get("quantization", {}).get("dtype", "") for name, entry in entries(output).items()}


@pytest.mark.parametrize("model", ["web", "graph"])
def test_a_goal_is_met_and_its_patterns_are_on_the_screen_and_in_the_record(
    model: str, folder: Path, capfd: Capture
) -> None:
    convert(folder, f"quantize: {{input: {model}, output: small, auto: {{max_error: 0.02}}, keep_float: biases}}")
    screen = capfd.readouterr().err
    assert "quantized to an error of at most 0.02 in each weight; the largest error of any weight is 0.0" in screen
    assert "quantize_uint8 '*/kernel': 2 weights, 20.8 kB -> 5.2 kB" in screen
    assert dtypes(folder / "small")["first/kernel"] == "uint8"
    assert dtypes(folder / "small")["first/bias"] == ""
    facts = record(folder / "small")
    assert facts["engine"] == "native"
    assert "*/kernel" in facts["quantization"]["chosen"]["quantize_uint8"]
    assert facts["quantization"]["globs"][0]["quantized"] == ["first/kernel", "second/kernel"]
    for name, exact in numbers(folder / model).items():
        noise = np.sqrt(np.mean((numbers(folder / "small")[name] - exact) ** 2) / np.mean(exact**2))
        assert noise <= 0.02


def test_the_patterns_of_the_record_make_the_same_model_again(folder: Path) -> None:
    convert(folder, "quantize: {input: web, output: small, auto: {max_error: 0.001}}")
    chosen = record(folder / "small")["quantization"]["chosen"]
    options = json.dumps(chosen)[1:-1]
    convert(folder, f"quantize: {{input: web, output: again, {options}}}")
    assert (folder / "again" / "model.json").read_bytes() == (folder / "small" / "model.json").read_bytes()
    assert [path.read_bytes() for path in sorted((folder / "again").glob("*.bin"))] == [
        path.read_bytes() for path in sorted((folder / "small").glob("*.bin"))
    ]


def test_a_size_as_goal_is_kept_and_one_that_cannot_be_is_an_error(folder: Path, capfd: Capture) -> None:
    convert(folder, "quantize: {input: web, output: small, auto: {max_bytes: 12kB}}")
    assert sum(path.stat().st_size for path in (folder / "small").glob("*.bin")) <= 12000
    assert "quantized to at most 12.0 kB" in capfd.readouterr().err
    convert(folder, "quantize: {input: web, output: tiny, auto: {max_bytes: 1kB}}", code=30)
    assert "Raise max_bytes" in capfd.readouterr().err
    assert not (folder / "tiny").exists()


def test_a_goal_keeps_what_is_delicate_in_float_unless_told_otherwise(folder: Path) -> None:
    convert(
        folder,
        "quantize: {input: web, output: careful, auto: {max_error: 0.02}}",
        "quantize: {input: web, output: bold, auto: {max_error: 0.02}, keep_float: [], name: bold}",
    )
    careful = {name for name, dtype in dtypes(folder / "careful").items() if dtype}
    assert careful == {"first/kernel", "second/kernel"}
    assert all(dtypes(folder / "bold").values())


def test_what_was_quantized_comes_back_as_float(folder: Path) -> None:
    convert(
        folder,
        "quantize: {input: graph, output: small, dtype: uint16}",
        "quantize: {input: small, output: wide, dequantize: true, name: back}",
    )
    assert set(dtypes(folder / "small").values()) == {"uint16"}
    assert set(dtypes(folder / "wide").values()) == {""}


def test_a_layers_model_is_split_and_put_together_again_by_a_step(folder: Path) -> None:
    convert(
        folder,
        "shard: {input: web, output: split, shard_size: 1MB, split_weights_by_layer: true}",
        "shard: {input: split, output: whole, shard_size: 1MB, split_weights_by_layer: false, name: whole}",
    )
    assert len(list((folder / "split").glob("*.bin"))) == 3
    assert [path.name for path in (folder / "whole").glob("*.bin")] == ["group1-shard1of1.bin"]


def test_metadata_can_be_added_to_a_model_that_is_there(folder: Path) -> None:
    (folder / "labels.json").write_text('["cat", "dog"]')
    convert(folder, "shard: {input: graph, output: out, shard_size: 1MB, metadata: {labels: labels.json}}")
    document = json.loads((folder / "out" / "model.json").read_text())
    assert document["userDefinedMetadata"] == {"labels": ["cat", "dog"]}


def test_the_plan_has_no_command_for_what_the_reference_lacks(folder: Path, capfd: Capture) -> None:
    (folder / "a.h5").touch()
    (folder / "recipe.yml").write_text(
        "steps:\n- shard: {input: graph, output: g, shard_size: 1kB}\n"
        "- quantize: {input: web, output: q, auto: {max_error: 0.1}}\n"
        "- python_to_js: {input: a.h5, output: w, format: browser}\n"
        "- quantize: {input: w, output: x, dtype: uint8, name: either}\n"
    )
    assert guarded(["plan", "recipe.yml", "--commands"]) == 0
    undecided = "which formats it goes between is found out when it runs"
    assert [line.removeprefix("# no command of the reference converter: ") for line in _lines(capfd)] == [
        "it does not convert tfjs_graph_model to tfjs_graph_model (step shard)",
        "it has no `quantize_auto` from tfjs_layers_model to tfjs_layers_model (step quantize)",
        f"{undecided} (step python_to_js)",
        f"{undecided} (step either)",
    ]
    assert guarded(["plan", "recipe.yml"]) == 0
    printed = "\n".join(_lines(capfd))
    assert "a.h5 (keras) -> w (tfjs_layers_model, else tfjs_graph_model)" in printed
    assert "(tfjs_layers_model or tfjs_graph_model) -> x (tfjs_layers_model or tfjs_graph_model)" in printed


def _lines(capfd: Capture) -> list[str]:
    return capfd.readouterr().out.splitlines()


def test_many_patterns_are_cut_short_and_what_they_left_is_said() -> None:
    row = {"glob": "a b", "dtype": "uint8", "quantized": ["x"], "bytes_before": 4000, "bytes_after": 1000}
    left = {"is empty": ["e"], "is int32, and only float32 is quantized": ["i", "j"]}
    lines = quantization_lines({"quantization": {"globs": [{**row, "left": left}] * 6}})
    assert lines[0] == (
        "quantize_uint8 'a b': 1 weight, 4.0 kB -> 1.0 kB; 1 not: e is empty; "
        "2 not: each is int32, and only float32 is quantized"
    )
    assert lines[4:] == ["... and 2 patterns more, in the record beside the result"]


def test_a_goal_that_nothing_meets_is_said() -> None:
    facts = {"quantization": {"globs": [], "goal": {"max_error": 1e-9}, "errors": {}}}
    assert quantization_lines(facts) == [
        "quantized to an error of at most 1e-09 in each weight; no weight can be made smaller so"
    ]
    assert quantization_lines({}) == []


def test_another_way_is_said_with_its_reason() -> None:
    assert detour_lines({"engine": "worker", "declined": "layer gru is one of GRU", "said": ["outputs: y"]}) == [
        "as a graph model, because layer gru is one of GRU",
        "outputs: y",
    ]
    assert detour_lines({"engine": "native"}) == []
