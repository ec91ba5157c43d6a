"""Files of Keras 3 become graph models by way of the environment `keras3`, and compute in Node.js what they did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.real.keras3.conftest import OWN_LAYERS
from workflow import environment
from workflow.base.errors import ConversionError, ModelFileError, WorkflowError
from workflow.bridge.warm_worker import Worker
from workflow.verification import exchange
from workflow.verification.requests import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.environment import Environment
    from workflow.verification.runtimes.scripted import NodeRuntime

    Export = Callable[..., tuple[Path, dict[str, Any]]]
    Graph = Callable[[Path], tuple[Path, dict[str, Any]]]

pytestmark = pytest.mark.real

OWN = {"custom_objects": [str(OWN_LAYERS)]}
MODELS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "attention.keras": ({}, ["sequence"], ["verdict"]),
    "recurrent.keras": ({}, ["steps"], ["next"]),
    "recurrent.h5": ({}, ["steps"], ["next"]),
    "dictionaries.keras": ({}, ["image", "words"], ["classes", "score"]),
    "unordered.keras": ({}, ["zebra", "ape"], ["head2", "head10", "head1"]),
    "lambdas.keras": ({"unsafe": True}, ["x"], ["twice"]),
    "own.keras": (OWN, ["x"], ["swirled"]),
    "own.h5": (OWN, ["x"], ["swirled"]),
    "whole.keras": (OWN, ["input_0"], ["dense", "sum"]),
    "odd_names.keras": ({}, ["my_input"], ["port_1st_try"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_graph_model_takes_gives_and_computes_what_the_file_did(
    name: str, export: Export, graph: Graph, node: NodeRuntime, zoo: Path
) -> None:
    source, inputs, outputs = MODELS[name]
    saved, facts = export(name, **source)
    assert ([port["name"] for port in facts["inputs"]], facts["saved_by"][:2]) == (inputs, "3.")
    model, _ = graph(saved)
    document = json.loads((model / "model.json").read_text("utf-8"))
    assert (list(document["signature"]["inputs"]), list(document["signature"]["outputs"])) == (inputs, outputs)
    arrays = np.load(zoo / f"{name}.npz")
    exchange.write(model / "in", {key: arrays[f"x{number}"] for number, key in enumerate(inputs)})
    node.run(RunRequest(model, "tfjs_graph_model", model / "in", model / "out", "node", backend="cpu"))
    answers = exchange.read(model / "out")
    assert max(np.abs(answers[key] - arrays[f"y{number}"]).max() for number, key in enumerate(outputs)) < 1e-5


def test_shapes_types_and_dictionaries_are_kept(export: Export, graph: Graph) -> None:
    saved, facts = export("dictionaries.keras")
    assert facts["inputs"] == [
        {"name": "image", "shape": [None, 8, 8, 3], "dtype": "float32"},
        {"name": "words", "shape": [None, 4], "dtype": "int32"},
    ]
    assert facts["structured"] is True
    assert facts["versions"]["tensorflow"].startswith("2.")
    document = json.loads((graph(saved)[0] / "model.json").read_text("utf-8"))
    assert document["userDefinedMetadata"]["structuredOutputKeys"] == ["classes", "score"]
    assert export("odd_names.keras")[1]["inputs"][0]["shape"] == [3, 4]


@pytest.mark.parametrize(
    ("name", "source", "refusal"),
    [
        ("lambdas.keras", {}, (ConversionError, "twice asks for Python code that is stored in it")),
        ("own.keras", {}, (ModelFileError, "needs the class Scaled")),
        ("own.h5", {}, (ModelFileError, "needs the layer lab>Scaled")),
        ("own.keras", {"custom_objects": ["nowhere.py"]}, (ModelFileError, "nowhere.py")),
        ("later.keras", {}, (ModelFileError, "saved by Keras 3.99.0, and the environment has 3.")),
        ("unbuilt.keras", {}, (ModelFileError, "it has never been built")),
        ("stubborn.keras", OWN, (ConversionError, "cannot be made into a graph of TensorFlow")),
        ("lambdas.keras.npz", {}, (ModelFileError, "is none of config.json")),
    ],
)
def test_what_cannot_be_exported_says_why_and_leaves_nothing(
    name: str, source: dict[str, Any], refusal: tuple[type[WorkflowError], str], export: Export, tmp_path: Path
) -> None:
    error, words = refusal
    with pytest.raises(error) as caught:
        export(name, **source)
    assert words in caught.value.message
    assert caught.value.hint
    assert not (tmp_path / f"{name}.saved").exists()


@pytest.mark.parametrize("name", ["dictionaries.keras", "recurrent.h5", "odd_names.keras"])
def test_the_file_itself_can_be_run_for_comparison(name: str, warm: Worker, zoo: Path, tmp_path: Path) -> None:
    _, inputs, outputs = MODELS[name]
    arrays = np.load(zoo / f"{name}.npz")
    exchange.write(tmp_path / "in", {key: arrays[f"x{number}"] for number, key in enumerate(inputs)})
    model = {"path": str(zoo / name), "format": "keras" if name.endswith(".h5") else "keras_keras"}
    job = {"model": model, "inputs": str(tmp_path / "in"), "outputs": str(tmp_path / "out")}
    facts = warm.run("predict", job, log=tmp_path / "job.log", timeout=120)
    assert [port["name"] for port in facts["inputs"]] == inputs
    answers = exchange.read(tmp_path / "out")
    assert max(np.abs(answers[key] - arrays[f"y{number}"]).max() for number, key in enumerate(outputs)) < 1e-6
    drawn = {"model": model, "folder": str(tmp_path / "drawn"), "batches": [1, 3], "seed": 0}
    assert len(warm.run("source", drawn, log=tmp_path / "job.log", timeout=120)["feeds"]) >= 1


def test_the_job_loads_nothing_of_the_converter(keras3: Environment, tmp_path: Path) -> None:
    environ = environment.worker_environ(keras3)
    with Worker(keras3.python, environ=environ, log=tmp_path / "worker.log") as worker:
        versions = worker.run("versions", {}, log=tmp_path / "job.log", timeout=60)
    assert versions["tensorflowjs"] is None
    assert versions["keras"].startswith("3.")
    assert "Traceback" not in (tmp_path / "worker.log").read_text()
