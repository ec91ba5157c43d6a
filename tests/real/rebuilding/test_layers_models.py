"""Layers models as SavedModels: their signature has Keras's names and answers what TensorFlow.js does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from workflow.base.errors import ModelFileError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.rebuilding.conftest import Lab
    from workflow.catalogue.formats import Format
    from workflow.verification.runtimes.scripted import NodeRuntime

pytestmark = pytest.mark.real
LAYERS: Format = "tfjs_layers_model"


@pytest.mark.parametrize("target", ["tf_saved_model", "keras_saved_model"])
def test_a_layers_model_answers_by_its_names(target: str, lab: Lab, node: NodeRuntime, corpus: Path) -> None:
    inputs = {"conv2d_input": np.random.default_rng(1).random((3, 28, 28, 1), np.float32)}
    model = corpus / "layers" / "doodlenet" / "model.json"
    saved, _ = lab.saved(model, LAYERS, target=target)
    answer = lab.answer(saved, inputs)
    expected = lab.in_node(node, model, inputs, LAYERS)
    assert list(answer) == ["dense_1"]
    np.testing.assert_allclose(answer["dense_1"], expected["dense_1"], atol=1e-5)


GRUS = {"gru_sentiment": ("layer_embedding_input", 40), "tfjs_made": ("embedding_Embedding2_input", 10)}


@pytest.mark.parametrize("name", GRUS)
def test_grus_that_tensorflow_js_made_answer_alike(name: str, lab: Lab, node: NodeRuntime, corpus: Path) -> None:
    port, length = GRUS[name]
    inputs = {port: np.random.default_rng(1).integers(0, 5, (2, length)).astype(np.int32)}
    saved, _ = lab.saved(corpus / "layers" / name / "model.json", LAYERS)
    (answer,) = lab.answer(saved, inputs).values()
    (expected,) = lab.in_node(node, corpus / "layers" / name / "model.json", inputs, LAYERS).values()
    np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_several_inputs_and_outputs_keep_their_names(lab: Lab, models: Path) -> None:
    case = np.load(models / "many_outputs.npz")
    lab.job("convert", argv=["--input_format=keras", str(models / "many_outputs.h5"), str(lab.folder / "web")])
    saved, facts = lab.saved(lab.folder / "web", LAYERS)
    assert facts["variables"]
    answer = lab.answer(saved, {"z_first": case["x0"], "a_second": case["x1"]})
    for number in range(12):
        np.testing.assert_allclose(answer[f"output_{number}"], case[f"y{number}"], atol=1e-6)


def test_keras_makes_the_same_layers_of_it_again(lab: Lab, corpus: Path) -> None:
    source = corpus / "layers" / "doodlenet" / "model.json"
    saved, _ = lab.saved(source, LAYERS, target="keras_saved_model")
    lab.job("convert", argv=["--input_format=keras_saved_model", str(saved), str(lab.folder / "back")])
    one, other = (
        [(layer["class_name"], layer["config"]["name"]) for layer in config["layers"]]
        for config in (
            json.loads(path.read_text("utf-8"))["modelTopology"]["model_config"]["config"]
            for path in (source, lab.folder / "back" / "model.json")
        )
    )
    assert [layer for layer in other if layer[0] != "InputLayer"] == one


def test_a_layers_model_that_keras_declines_leaves_nothing(lab: Lab, corpus: Path) -> None:
    model = lab.folder / "model.json"
    described = json.loads((corpus / "layers" / "xor" / "model.json").read_text("utf-8"))
    model.write_text(json.dumps({**described, "weightsManifest": []}), "utf-8")
    with pytest.raises(ModelFileError, match="has no weights"):
        lab.saved(model, LAYERS)
    assert sorted(path.name for path in lab.folder.iterdir()) == ["job.log", "model.json"]
