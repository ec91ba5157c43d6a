"""Every pair of formats that there is, as a step of one recipe: each result answers as its source does, in Node too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.conversions.projects import Project
from workflow.base.processes import run
from workflow.catalogue.formats import EDGES, Pair
from workflow.conversion import native

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

BUILD = """
import tensorflow as tf, tf_keras
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
layers = tf_keras.layers
tf_keras.utils.set_random_seed(1)
model = tf_keras.Sequential([
    layers.Input([8, 8, 2], name="picture"), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(),
    layers.Flatten(), layers.Dense(3, activation="softmax")])
model.compile(optimizer=tf_keras.optimizers.Adam(), loss="mse")
model.save("keras.h5")
model.save("keras.keras")
model.save("keras_saved_model", save_format="tf")
call = tf.function(lambda picture: {"answer": model(picture)}, input_signature=[tf.TensorSpec([None, 8, 8, 2])])
traced = call.get_concrete_function()
exported = tf.Module()
exported.model, exported.call = model, call
tf.saved_model.save(exported, "tf_saved_model", signatures=traced)
frozen = convert_variables_to_constants_v2(traced)
tf.io.write_graph(frozen.graph, ".", "frozen.pb", as_text=False)
"""
INPUTS = {
    "keras": "keras.h5",
    "keras_keras": "keras.keras",
    "keras_saved_model": "keras_saved_model",
    "tf_saved_model": "tf_saved_model",
    "tf_hub": "tf_saved_model",
    "tf_frozen_model": "frozen.pb",
    "tfjs_layers_model": "out/keras.tfjs_layers_model",
    "tfjs_graph_model": "out/keras.tfjs_graph_model",
}
ENDINGS = {"keras": ".h5", "keras_keras": ".keras"}


def step(pair: Pair) -> str:
    source, target = pair
    output = f"out/{source}.{target}{ENDINGS.get(target, '')}"
    if source == target:
        output += "_again"
    formats = f"from: {source}, to: {target}"
    return f"  - convert: {{name: {source}.{target}, input: {INPUTS[source]}, output: {output}, {formats}}}\n"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, converter_python: Path) -> dict[str, Any]:
    """The record of the run by step."""
    verify = "verify: {runtimes: [python, node], backends: {node: [cpu]}, require: [node], repeat: 0}\n"
    recipe = f"name: pairs\n{verify}steps:\n{''.join(map(step, EDGES))}"
    project = Project(tmp_path_factory.mktemp("pairs")).write(recipe)
    (project.folder / "build.py").write_text(BUILD)
    built = run([str(converter_python), "build.py"], cwd=project.folder, env=project.environ(), timeout=120)
    assert built.code == 0, built.stderr
    done = project.convert("--json", "--keep-going")
    return {found["step"]: found for found in json.loads(done.stdout)["steps"]}


@pytest.mark.parametrize("pair", EDGES, ids=".".join)
def test_the_conversion_is_done_and_its_result_answers_as_its_source(pairs: dict[str, Any], pair: Pair) -> None:
    found = pairs[".".join(pair)]
    assert found["status"] == "done", found["error"]
    outputs = next(level for level in found["facts"]["check"]["levels"] if level["level"] == "outputs")
    assert outputs["status"] == "passed", outputs


@pytest.mark.parametrize("pair", EDGES, ids=".".join)
def test_our_own_code_does_it(pairs: dict[str, Any], pair: Pair) -> None:
    assert pairs[".".join(pair)]["facts"]["engine"] == ("native" if pair in native.EDGES else "worker")
