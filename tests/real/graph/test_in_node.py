"""Repaired graphs compute in TensorFlow.js what their models compute in Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.verification import exchange
from workflow.verification.requests import RunRequest
from workflow.worker.shared import kernels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = pytest.mark.real

RIGHT = ["activations", "convolutions", "residual", "grouped", "lstm", "gru", "rnn", "many_outputs", "dictionary"]


def difference(node: NodeRuntime, model: Path, cases: Path, backend: str) -> float:
    """Return the largest difference, the outputs taken in the order of the model's signature."""
    signature = json.loads((model / "model.json").read_text("utf-8"))["signature"]
    arrays = np.load(cases)
    given = {key: arrays[f"x{number}"] for number, key in enumerate(signature["inputs"])}
    exchange.write(model / "in", given)
    request = RunRequest(model, "tfjs_graph_model", model / "in", model / f"out-{backend}", "node", backend=backend)
    node.run(request)
    answers = exchange.read(request.outputs)
    worst = [np.abs(answers[key] - arrays[f"y{number}"]).max() for number, key in enumerate(signature["outputs"])]
    return float(np.max(worst))


@pytest.mark.parametrize("backend", ["cpu", "wasm"])
@pytest.mark.parametrize("name", RIGHT)
def test_graphs_are_right_on_every_backend(
    name: str, backend: str, node: NodeRuntime, zoo: Path, graph: Callable[..., Any]
) -> None:
    folder, facts = graph(name)
    assert facts["unsupported"] == {}
    assert difference(node, folder, zoo / f"{name}.npz", backend) < 1e-5


def test_attention_is_right_on_cpu_and_known_not_to_run_on_wasm(
    node: NodeRuntime, zoo: Path, graph: Callable[..., Any]
) -> None:
    folder, facts = graph("normalised")
    assert kernels.report(facts["unsupported"]) == "runs on cpu, webgl, webgpu; not on wasm: Einsum"
    assert "multi_head_attention" in facts["unsupported"]["wasm"]["Einsum"]
    assert difference(node, folder, zoo / "normalised.npz", "cpu") < 1e-5
    request = RunRequest(folder, "tfjs_graph_model", folder / "in", folder / "out", "node", backend="wasm")
    assert node.run(request).facts["fallback"]["kernels"] == ["Einsum"]


def test_an_archive_of_this_environments_keras_converts_and_is_right(
    node: NodeRuntime, zoo: Path, graph: Callable[..., Any]
) -> None:
    folder, _ = graph("lstm", suffix=".keras")
    assert difference(node, folder, zoo / "lstm.npz", "cpu") < 1e-5
