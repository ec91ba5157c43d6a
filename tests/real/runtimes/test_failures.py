"""What is wrong with a model comes back as a kind and a sentence, and the runtime goes on working."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.runtimes import tiny
from tests.real.runtimes.tiny import kind, node, placeholder
from workflow.verification.requests import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.verification.requests import Runtime
    from workflow.verification.runtimes.browser import BrowserRuntime
    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = pytest.mark.real
ONE = {"out_input": np.array([[1, 2]], np.float32)}


def good(folder: Path) -> Path:
    return tiny.dense_model(folder, tiny.dense_weights())


def unknown_layer(folder: Path) -> Path:
    return tiny.dense_model(folder, tiny.dense_weights(), class_name="TextVectorization")


def weights_missing(folder: Path) -> Path:
    return tiny.dense_model(folder, {"out/kernel": tiny.dense_weights()["out/kernel"]})


def weights_of_another_shape(folder: Path) -> Path:
    return tiny.dense_model(folder, tiny.dense_weights() | {"out/kernel": np.ones((3, 2), np.float32)})


def shard_gone(folder: Path) -> Path:
    (good(folder) / "group1-shard1of1.bin").unlink()
    return folder


def shard_short(folder: Path) -> Path:
    shard = good(folder) / "group1-shard1of1.bin"
    shard.write_bytes(shard.read_bytes()[:-4])
    return folder


def not_json(folder: Path) -> Path:
    file = good(folder) / "model.json"
    file.write_text(file.read_text(encoding="utf-8")[:-10], encoding="utf-8")
    return folder


def with_nan_literal(folder: Path) -> Path:
    file = good(folder) / "model.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["userDefinedMetadata"] = float("nan")
    file.write_text(json.dumps(document), encoding="utf-8")
    return folder


BROKEN = [
    (unknown_layer, "layer", "TextVectorization"),
    (weights_missing, "weights", "out"),
    (weights_of_another_shape, "shape", "[2,2]"),
    (shard_gone, "files", "group1-shard1of1.bin"),
    (shard_short, "weights", ""),
    (not_json, "json", ""),
    (with_nan_literal, "json", "N"),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[0].__name__)
def test_a_broken_layers_model_is_named(
    tmp_path: Path, runtime: Runtime, run: Callable[..., Any], case: tuple[Callable[[Path], Path], str, str]
) -> None:
    make, expected, word = case
    with pytest.raises(RuntimeFailure) as caught:
        run(runtime, make(tmp_path / "model"), ONE, format="tfjs_layers_model")
    assert caught.value.kind == expected, caught.value.message
    assert word in caught.value.message
    assert "\n" not in caught.value.message
    answer = run(runtime, good(tmp_path / "good"), ONE, format="tfjs_layers_model")
    assert answer.outputs["out"].tolist() == [[3, 5]]


def graph(folder: Path) -> Path:
    return tiny.graph_model(folder, [placeholder("x", [-1, 2]), node("y", "Neg", "x", T=kind("float32"))])


def test_an_operation_that_tensorflow_js_lacks_is_named(
    tmp_path: Path, runtime: Runtime, run: Callable[..., Any]
) -> None:
    nodes = [placeholder("x", [-1, 2]), node("y", "Cholesky", "x", T=kind("float32"))]
    with pytest.raises(RuntimeFailure, match="no operation Cholesky") as caught:
        run(runtime, tiny.graph_model(tmp_path / "model", nodes), {"x": np.ones((2, 2), np.float32)})
    assert caught.value.kind == "op"


WRONG_INPUTS = {
    "too many": {"x": np.ones((1, 2), np.float32), "z": np.ones((1, 2), np.float32)},
    "dtype": {"x": np.ones((1, 2), np.int32)},
    "shape": {"x": np.ones((1, 3), np.float32)},
    "int64 beyond int32": {"x": np.full((1, 2), 2**40, np.int64)},
}


@pytest.mark.parametrize("inputs", WRONG_INPUTS.values(), ids=WRONG_INPUTS.keys())
def test_wrong_inputs_are_named(tmp_path: Path, node: NodeRuntime, run: Callable[..., Any], inputs: Any) -> None:
    with pytest.raises(RuntimeFailure) as caught:
        run(node, graph(tmp_path / "model"), inputs)
    assert caught.value.kind == "inputs", caught.value.message


def test_a_model_that_does_not_live_in_javascript_is_refused(
    tmp_path: Path, node: NodeRuntime, run: Callable[..., Any]
) -> None:
    with pytest.raises(RuntimeFailure, match="keras does not run"):
        run(node, tmp_path / "model.h5", {}, format="keras")


def test_a_backend_that_is_not_there_is_not_run(tmp_path: Path, node: NodeRuntime, run: Callable[..., Any]) -> None:
    absent = node.missing("webgl")
    assert absent is not None
    assert "webgl" in absent.why
    with pytest.raises(RuntimeFailure, match="webgl"):
        run(node, graph(tmp_path / "model"), {"x": np.ones((1, 2), np.float32)}, backend="webgl")


def test_the_mobilenet_way_of_keeping_dimensions_is_caught(
    tmp_path: Path, node: NodeRuntime, run: Callable[..., Any]
) -> None:
    pool = {"class_name": "GlobalAveragePooling2D", "config": {"name": "pool", "keepdims": True}}
    model = good(tmp_path / "model")
    document = json.loads((model / "model.json").read_text(encoding="utf-8"))
    conv = {"name": "out", "filters": 2, "kernel_size": [1, 1], "use_bias": True}
    first = {"class_name": "InputLayer", "config": {"name": "image", "batch_input_shape": [None, 4, 4, 2]}}
    layers = [first, pool, {"class_name": "Conv2D", "config": conv}]
    document["modelTopology"]["model_config"]["config"]["layers"] = layers
    (model / "model.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(RuntimeFailure, match="incompatible with layer out") as caught:
        run(node, model, {"image": np.ones((1, 4, 4, 2), np.float32)}, format="tfjs_layers_model")
    assert caught.value.kind == "shape"


@pytest.mark.parametrize("place", ["node", "browser"])
def test_a_run_that_takes_too_long_is_stopped_and_the_next_one_works(
    tmp_path: Path, request: pytest.FixtureRequest, run: Callable[..., Any], place: str
) -> None:
    runtime: NodeRuntime | BrowserRuntime = request.getfixturevalue(place)
    with pytest.raises(RuntimeFailure, match="longer than 2 s") as caught:
        run(runtime, tiny.slow_model(tmp_path / "slow"), {"x": np.ones((1, 1), np.float32)}, backend="cpu", timeout=2)
    assert caught.value.kind == "timeout"
    assert runtime.pid is None
    answer = run(runtime, graph(tmp_path / "model"), {"x": np.ones((1, 2), np.float32)})
    assert answer.outputs["y"].tolist() == [[-1, -1]]
