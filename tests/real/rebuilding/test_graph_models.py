"""Graph models as SavedModels answer in Python what they answer in TensorFlow.js, or what they were made of does."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.rebuilding.conftest import Lab
    from workflow.verification.requests import Tensors
    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = pytest.mark.real

CORPUS = {
    "basic_pitch/model.json": ("input_2", (1, 43844, 1), np.float32),
    "blazeface/blazeface.json": ("input:0", (1, 256, 256, 3), np.float32),
    "faceboxes/faceboxes.json": ("image_tensor", (1, 96, 96, 3), np.int32),
    "structured_outputs/model_structured_outputs.json": ("Placeholder:0", (2, 2), np.float32),
}
ZOO: dict[str, dict[str, object]] = {
    "activations": {},
    "convolutions": {"repairs": False},
    "residual": {"repairs": False},
    "dictionary": {},
    "gru": {},
    "rnn": {"options": {"control_flow_v2": True}},
}


def worst(one: Tensors, other: Tensors) -> float:
    assert set(one) == set(other)
    assert all(one[name].shape == other[name].shape for name in one)
    return max(float(np.abs(one[name].astype(np.float64) - other[name]).max()) for name in one)


def inputs_of(graph: Path, case: np.lib.npyio.NpzFile) -> Tensors:
    signature = json.loads((graph / "model.json").read_text("utf-8"))["signature"]
    return {key: case[f"x{number}"] for number, key in enumerate(signature["inputs"])}


def outputs_of(graph: Path, case: np.lib.npyio.NpzFile) -> Tensors:
    signature = json.loads((graph / "model.json").read_text("utf-8"))["signature"]
    return {key: case[f"y{number}"] for number, key in enumerate(signature["outputs"])}


@pytest.mark.parametrize("path", CORPUS)
def test_strangers_graph_models_answer_as_in_tensorflow_js(
    path: str, lab: Lab, node: NodeRuntime, corpus: Path
) -> None:
    name, shape, dtype = CORPUS[path]
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 255, shape) if dtype is np.int32 else rng.uniform(-1, 1, shape)
    inputs = {name: drawn.astype(dtype)}
    saved, _ = lab.saved(corpus / "graph" / path)
    expected = lab.in_node(node, corpus / "graph" / path, inputs)
    assert any(np.ptp(array) > 0.01 for array in expected.values())
    size = max(1.0, *(float(np.abs(array).max()) for array in expected.values()))
    assert worst(lab.answer(saved, inputs), expected) <= 1e-5 * size


@pytest.mark.parametrize("name", ZOO)
def test_models_of_ours_come_back_equal_to_where_they_started(name: str, lab: Lab, models: Path) -> None:
    case = np.load(models / f"{name}.npz")
    graph = lab.graph(models / f"{name}.h5", **ZOO[name])
    saved, _ = lab.saved(graph)
    assert worst(lab.answer(saved, inputs_of(graph, case)), outputs_of(graph, case)) <= 1e-5


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
def test_quantized_weights_are_the_ones_that_tensorflow_js_computes(
    dtype: str, lab: Lab, node: NodeRuntime, models: Path
) -> None:
    case = np.load(models / "convolutions.npz")
    graph = lab.graph(models / "convolutions.h5", options={f"quantize_{dtype}": "*"})
    saved, facts = lab.saved(graph)
    assert facts["lowered"] == {"FusedDepthwiseConv2dNative": 1, "_FusedConv2D": 1}
    answer = lab.answer(saved, inputs_of(graph, case))
    assert worst(answer, outputs_of(graph, case)) > 1e-5
    assert worst(answer, lab.in_node(node, graph, inputs_of(graph, case))) <= 1e-5


MADE: dict[str, Tensors] = {
    "tables": {"number": np.array([0, 1, 2], np.int32)},
    "flow": {"x": np.array([[0.5, -1.0, 0.2], [0.1, 0.9, 0.3]], np.float32)},
    "types": {"at": np.array([2, 0, 1], np.int32), "turn": np.array(True)},
}


@pytest.mark.parametrize("flags", [(), ("--control_flow_v2=True",)])
@pytest.mark.parametrize("name", MADE)
def test_tables_control_flow_and_types_survive_both_ways(
    name: str, flags: tuple[str, ...], lab: Lab, models: Path
) -> None:
    graph = lab.reference(models / name, *flags)
    saved, facts = lab.saved(graph)
    assert set(facts["signature"]["inputs"]) == set(MADE[name])
    before, after = lab.answer(models / name, MADE[name]), lab.answer(saved, MADE[name])
    assert before["word"].tolist() == [10, 20, -1] if name == "tables" else True
    ordered = sorted(after, key=lambda key: (len(key), key))
    renamed = {old: after[new] for old, new in zip(sorted(before), ordered, strict=True)}
    assert worst(before, renamed if set(after) != set(before) else after) <= 1e-6
    assert worst(lab.answer(graph, MADE[name], "tfjs_graph_model"), after) == 0.0


def test_the_same_model_gives_the_same_bytes(lab: Lab, corpus: Path) -> None:
    sums = set()
    for _ in range(2):
        saved, _ = lab.saved(corpus / "graph" / "faceboxes" / "faceboxes.json")
        sums.add(hashlib.sha256((saved / "saved_model.pb").read_bytes()).hexdigest())
        saved.rename(lab.folder / f"saved_{len(list(lab.folder.iterdir()))}")
    assert len(sums) == 1


def test_metadata_goes_along_as_an_extra(lab: Lab, corpus: Path) -> None:
    source = corpus / "graph" / "structured_outputs"
    copy = lab.folder / "copy"
    copy.mkdir()
    model = json.loads((source / "model_structured_outputs.json").read_text("utf-8"))
    model["userDefinedMetadata"]["labels"] = ["a", "b"]
    (copy / "model.json").write_text(json.dumps(model), "utf-8")
    (copy / "weights.bin").write_bytes((source / "weights.bin").read_bytes())
    saved, facts = lab.saved(copy)
    assert json.loads((saved / facts["metadata"]).read_text("utf-8")) == {"labels": ["a", "b"]}
    assert list(facts["signature"]["outputs"]) == ["testName"]
