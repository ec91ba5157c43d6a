"""Models that strangers made, in Node and in the browser: every backend says the same, wasm bit for bit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.catalogue.formats import Format
    from workflow.verification.runtimes.browser import BrowserRuntime
    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = pytest.mark.real

MODELS: dict[str, tuple[Format, dict[str, tuple[int, ...]], str]] = {
    "layers/doodlenet/model.json": ("tfjs_layers_model", {"conv2d_input": (3, 28, 28, 1)}, "float32"),
    "layers/gru_sentiment/model.json": ("tfjs_layers_model", {"layer_embedding_input": (3, 40)}, "int32"),
    "layers/tfjs_made/model.json": ("tfjs_layers_model", {"embedding_Embedding2_input": (3, 10)}, "int32"),
    "layers/xor/model.json": ("tfjs_layers_model", {"dense_1_input": (3, 2)}, "float32"),
    "graph/blazeface/blazeface.json": ("tfjs_graph_model", {"input": (1, 256, 256, 3)}, "float32"),
    "graph/faceboxes/faceboxes.json": ("tfjs_graph_model", {"image_tensor": (1, 96, 96, 3)}, "int32"),
    "graph/structured_outputs/model_structured_outputs.json": (
        "tfjs_graph_model",
        {"Placeholder": (2, 2)},
        "float32",
    ),
}


def drawn(shapes: dict[str, tuple[int, ...]], dtype: str) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(1)
    if dtype == "int32":
        return {name: rng.integers(0, 5, shape).astype(np.int32) for name, shape in shapes.items()}
    return {name: rng.random(shape, np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("path", MODELS)
def test_every_place_gives_the_same_answer(
    corpus: Path, node: NodeRuntime, browser: BrowserRuntime, run: Callable[..., Any], path: str
) -> None:
    fmt, shapes, dtype = MODELS[path]
    inputs = drawn(shapes, dtype)
    places = [(node, "cpu"), (node, "wasm"), (browser, "wasm"), (browser, "webgl")]
    cpu, wasm, browser_wasm, webgl = (
        run(runtime, corpus / path, inputs, format=fmt, backend=backend).outputs for runtime, backend in places
    )
    for name, expected in cpu.items():
        assert np.isfinite(expected).all()
        assert wasm[name].tobytes() == browser_wasm[name].tobytes()
        assert np.abs(wasm[name] - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())
        assert np.abs(webgl[name] - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


def test_half_float_textures_can_be_imitated(corpus: Path, browser: BrowserRuntime, run: Callable[..., Any]) -> None:
    path = "layers/doodlenet/model.json"
    fmt, shapes, dtype = MODELS[path]
    inputs = drawn(shapes, dtype)
    full, half = (
        run(browser, corpus / path, inputs, format=fmt, backend=backend).outputs["dense_1"]
        for backend in ("webgl", "webgl-f16")
    )
    assert 0 < np.abs(full - half).max() < 0.05


def test_webgpu_runs_where_there_is_an_adapter_and_is_refused_where_not(
    corpus: Path, browser: BrowserRuntime, run: Callable[..., Any]
) -> None:
    absent = browser.missing("webgpu")
    if absent is not None:
        assert "webgpu" in absent.why
        assert "webgpu" not in browser.backends()
        return
    answer = run(
        browser, corpus / "layers/xor/model.json", {"dense_1_input": np.eye(2, dtype=np.float32)},
        format="tfjs_layers_model", backend="webgpu",
    )  # fmt: skip
    assert answer.result.backend == "webgpu"
    assert answer.result.facts["device"]


def test_the_facts_tell_what_ran(corpus: Path, browser: BrowserRuntime, run: Callable[..., Any]) -> None:
    path = corpus / "layers/xor/model.json"
    answer = run(browser, path, {"x": np.eye(2, dtype=np.float32)}, format="tfjs_layers_model", backend="webgl")
    facts = answer.result.facts
    assert facts["versions"]["browser"].split(".")[0].isdigit()
    assert facts["versions"]["tfjs-backend-webgl"] == "4.22.0"
    assert facts["device"]
    assert json.loads(json.dumps(facts)) == facts


def test_node_tells_its_peak_of_memory(corpus: Path, node: NodeRuntime, run: Callable[..., Any]) -> None:
    path = corpus / "layers/xor/model.json"
    answer = run(node, path, {"x": np.eye(2, dtype=np.float32)}, format="tfjs_layers_model", repeat=5)
    assert 20e6 < answer.result.facts["process_peak_bytes"] < 4e9
    timings = answer.result.timings
    assert timings["count"] == 5
    assert 0 < timings["median_ms"] < timings["load_ms"] + timings["first_ms"]
