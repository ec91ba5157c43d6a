"""What models can take and give, the same in Node and in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.runtimes import tiny
from tests.real.runtimes.tiny import kind, node, placeholder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.verification.requests import Runtime

pytestmark = pytest.mark.real
FLOAT = kind("float32")


def test_a_layers_model_answers_as_its_weights_say(tmp_path: Path, runtime: Runtime, run: Callable[..., Any]) -> None:
    model = tiny.dense_model(tmp_path / "model", tiny.dense_weights())
    answer = run(runtime, model, {"out_input": np.array([[1, 2]], np.float32)}, format="tfjs_layers_model", repeat=3)
    assert answer.outputs["out"].tolist() == [[3, 5]]
    assert [(spec.name, spec.shape) for spec in answer.result.specs_in] == [("out_input", (None, 2))]
    assert [(spec.name, spec.shape, spec.dtype) for spec in answer.result.specs_out] == [("out", (None, 2), "float32")]
    assert answer.result.timings["count"] == 3
    assert answer.result.timings.keys() == {"load_ms", "first_ms", "median_ms", "spread_ms", "count"}
    assert answer.result.facts["versions"]["tfjs-core"] == "4.22.0"


def two_in_two_out(folder: Path, extra: dict[str, Any] | None = None) -> Path:
    nodes = [
        placeholder("a", [-1, 2]),
        placeholder("b", [-1, 2], "int32"),
        node("b_float", "Cast", "b", SrcT=kind("int32"), DstT=FLOAT, Truncate={"b": False}),
        node("sum", "AddV2", "a", "b_float", T=FLOAT),
        node("scaled", "Mul", "sum", "w", T=FLOAT),
        node("whole", "Mul", "b", "b", T=kind("int32")),
    ]
    weights = {"w": np.array([10, 100], np.float32)}
    return tiny.graph_model(folder, nodes, weights=weights, shards=3, extra=extra)


def test_inputs_go_by_name_and_dtypes_come_back(tmp_path: Path, runtime: Runtime, run: Callable[..., Any]) -> None:
    inputs = {"b": np.array([[3, 4]], np.int32), "a": np.array([[1, 2]], np.float32)}
    answer = run(runtime, two_in_two_out(tmp_path / "model"), inputs)
    assert answer.outputs["scaled"].tolist() == [[40, 600]]
    assert answer.outputs["whole"].tolist() == [[9, 16]]
    assert {name: array.dtype.name for name, array in answer.outputs.items()} == {"scaled": "float32", "whole": "int32"}


def test_inputs_with_foreign_names_go_by_order(tmp_path: Path, runtime: Runtime, run: Callable[..., Any]) -> None:
    inputs = {"first": np.array([[1, 2]], np.float32), "second": np.array([[3, 4]], np.int32)}
    answer = run(runtime, two_in_two_out(tmp_path / "model"), inputs)
    assert answer.outputs["scaled"].tolist() == [[40, 600]]


def test_outputs_have_the_names_of_the_signature(tmp_path: Path, runtime: Runtime, run: Callable[..., Any]) -> None:
    def port(name: str, dtype: str) -> dict[str, Any]:
        return {
            "name": f"{name}:0",
            "dtype": kind(dtype)["type"],
            "tensorShape": {"dim": [{"size": "-1"}, {"size": "2"}]},
        }

    signature = {
        "inputs": {"left": port("a", "float32"), "right": port("b", "int32")},
        "outputs": {"squares": port("whole", "int32"), "answer": port("scaled", "float32")},
    }
    model = two_in_two_out(tmp_path / "model", {"signature": signature})
    inputs = {"right": np.array([[3, 4]], np.int32), "left": np.array([[1, 2]], np.float32)}
    answer = run(runtime, model, inputs)
    assert {name: array.tolist() for name, array in answer.outputs.items()} == {
        "squares": [[9, 16]],
        "answer": [[40, 600]],
    }


def test_a_dictionary_of_outputs_comes_back_by_its_keys(
    tmp_path: Path, runtime: Runtime, run: Callable[..., Any]
) -> None:
    model = two_in_two_out(tmp_path / "model", {"userDefinedMetadata": {"structuredOutputKeys": ["one", "two"]}})
    answer = run(runtime, model, {"a": np.ones((1, 2), np.float32), "b": np.ones((1, 2), np.int32)})
    assert answer.outputs.keys() == {"one", "two"}


def branching(folder: Path) -> Path:
    nodes = [
        placeholder("x", [-1]),
        placeholder("flip", [], "bool"),
        node("fork", "Switch", "x", "flip", T=FLOAT),
        node("kept", "Identity", "fork:0", T=FLOAT),
        node("negated", "Neg", "fork:1", T=FLOAT),
        node("y", "Merge", "kept", "negated", T=FLOAT, N={"i": "2"}),
    ]
    return tiny.graph_model(folder, nodes)


@pytest.mark.parametrize(("flip", "expected"), [(False, [1, 2]), (True, [-1, -2])])
def test_control_flow_is_run_asynchronously(
    tmp_path: Path, runtime: Runtime, run: Callable[..., Any], *, flip: bool, expected: list[int]
) -> None:
    inputs = {"x": np.array([1, 2], np.float32), "flip": np.array(flip)}
    answer = run(runtime, branching(tmp_path / "model"), inputs)
    assert answer.outputs["y"].tolist() == expected
    assert answer.result.facts["execute_async"] is True


def test_text_goes_in_and_comes_out(tmp_path: Path, runtime: Runtime, run: Callable[..., Any]) -> None:
    pattern = {"pattern": tiny.text("a+"), "rewrite": tiny.text("o"), "replace_global": {"b": True}}
    nodes = [placeholder("x", [-1], "string"), node("y", "StaticRegexReplace", "x", **pattern)]
    model = tiny.graph_model(tmp_path / "model", nodes)
    answer = run(runtime, model, {"x": np.array(["banaana", "", "日本"], object)}, backend="cpu")
    assert [text.decode() for text in answer.outputs["y"]] == ["bonono", "", "日本"]


def test_truth_values_come_out_as_truth_values(tmp_path: Path, runtime: Runtime, run: Callable[..., Any]) -> None:
    nodes = [placeholder("x", [-1], "bool"), node("y", "LogicalNot", "x")]
    answer = run(runtime, tiny.graph_model(tmp_path / "model", nodes), {"x": np.array([True, False])})
    assert answer.outputs["y"].dtype == bool
    assert answer.outputs["y"].tolist() == [False, True]


def test_a_kernel_that_wasm_lacks_is_tried_on_cpu_and_said(
    tmp_path: Path, runtime: Runtime, run: Callable[..., Any]
) -> None:
    nodes = [
        placeholder("x", [-1, 2]),
        node("y", "Einsum", "x", "w", equation=tiny.text("ij,jk->ik"), N={"i": "2"}, T=FLOAT),
    ]
    model = tiny.graph_model(tmp_path / "model", nodes, weights={"w": np.eye(2, dtype=np.float32) * 3})
    answer = run(runtime, model, {"x": np.array([[1, 2]], np.float32)}, backend="wasm")
    assert answer.outputs["y"].tolist() == [[3, 6]]
    assert answer.result.backend == "cpu"
    assert answer.result.facts["asked_backend"] == "wasm"
    assert answer.result.facts["fallback"]["kernels"] == ["Einsum"]


def test_a_model_is_loaded_once_for_runs_in_a_row_and_again_when_its_files_change(
    tmp_path: Path, runtime: Runtime, run: Callable[..., Any]
) -> None:
    model, inputs = tmp_path / "model", {"out_input": np.array([[1, 2]], np.float32)}
    tiny.dense_model(model, tiny.dense_weights())
    first = run(runtime, model, inputs, format="tfjs_layers_model")
    second = run(runtime, model, inputs, format="tfjs_layers_model")
    assert (first.result.facts["warm"], second.result.facts["warm"]) == (False, True)
    raw = b"".join(array.tobytes() for array in tiny.dense_weights(4.0).values())
    (model / "group1-shard1of1.bin").write_bytes(raw)
    third = run(runtime, model, inputs, format="tfjs_layers_model")
    assert third.outputs["out"].tolist() == [[5, 9]]
