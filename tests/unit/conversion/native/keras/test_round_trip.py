"""There and back: a layers model written as a Keras file, and that as a layers model again, answers what it did.

Every layer of the table goes through both sorts of Keras files, and so does a model inside a model.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.conversion.native.keras.answering import answers
from tests.unit.conversion.native.keras.files import (
    called,
    converted,
    dense,
    given,
    graph,
    layer,
    numbers,
    row,
    stored,
    whole_file,
)
from tests.unit.conversion.native.keras.rows import Row, written
from tests.unit.conversion.native.keras.rows_convolution import signed
from tests.unit.conversion.native.keras.rows_recurrent import arrays, lstm, run_lstm
from tests.unit.conversion.native.keras.test_layer_table import ROWS, titled
from workflow.base.events import Recording
from workflow.conversion.job import Job
from workflow.conversion.native.keras.to_keras import layers_to_archive, layers_to_keras

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Arrays, Config

KINDS = ("back.h5", "back.keras")


def to_keras(folder: Path, name: str) -> Path:
    """Write the layers model in a folder as a Keras file of this name beside it."""
    target = folder.parent / name
    job = Job(folder, "tfjs_layers_model", target, "keras", {}, Recording())
    facts = (
        layers_to_keras(job) if name.endswith(".h5") else layers_to_archive(job.replaced(target_format="keras_keras"))
    )
    assert facts["weights"] == len(stored(folder))
    return target


def again(source: Path, name: str) -> tuple[Config, Arrays, list[str]]:
    """Return what comes back of a Keras file that was made of the layers model that was made of it."""
    converted(source)
    return converted(to_keras(source.parent / f"{source.name}.layers", name))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row_", [row_ for row_, spelling in ROWS if spelling == "keras2"], ids=titled)
def test_a_layer_answers_the_same_after_the_way_there_and_back(tmp_path: Path, row_: Row, kind: str) -> None:
    config, weights, _ = again(written(row_, "keras2", tmp_path), kind)
    found = [each["class_name"] for each in config["config"]["layers"] if each["class_name"] != "InputLayer"]
    listed = row_.becomes if kind == "back.h5" else sorted(row_.becomes)  # an archive lists layers as Keras orders them
    assert (found if kind == "back.h5" else sorted(found)) == listed
    inputs = row_.inputs()
    (answer,) = answers(config, weights, *inputs)
    np.testing.assert_allclose(answer, row_.answer(*inputs), rtol=1e-5, atol=1e-5)


def step_model(name: str) -> Config:
    """Return a graph with a Dense and a BatchNormalization, as a layer."""
    norm = layer("BatchNormalization", "norm", axis=-1, epsilon=0.01, center=True, scale=True, momentum=0.9)
    entries = [called(given([None, 3], "in"), *[]), called(dense("d", 3), ["in"]), called(norm, ["d"])]
    return graph(*entries, inputs=["in"], outputs=["norm"], name=name)


STEP: Arrays = {
    "d/kernel": signed(3, 3),
    "d/bias": numbers(3),
    "norm/gamma": numbers(3),
    "norm/beta": signed(3),
    "norm/moving_mean": signed(3),
    "norm/moving_variance": numbers(3),
}


def step(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    linear = x @ STEP["d/kernel"] + STEP["d/bias"]
    scaled = (linear - STEP["norm/moving_mean"]) / np.sqrt(STEP["norm/moving_variance"] + 0.01)
    return np.asarray(scaled * STEP["norm/gamma"] + STEP["norm/beta"])


@pytest.mark.parametrize("kind", KINDS)
def test_models_inside_models_keep_their_weights_there_and_back(tmp_path: Path, kind: str) -> None:
    held = {**step_model("held"), "name": "held", "inbound_nodes": [[["given", 0, 0, {}]]]}
    last = called(dense("d2", 2), ["held"])
    last["inbound_nodes"] = [[["held", 1, 0, {}]]]
    model = graph(called(given([None, 3]), *[]), held, last, inputs=["given"], outputs=["d2"])
    own = {"d2/kernel": signed(3, 2), "d2/bias": numbers(2)}
    config, weights, _ = again(whole_file(tmp_path / "m.h5", model, {"held": STEP, "d2": own}), kind)
    x = np.random.default_rng(0).normal(0, 1, (2, 3))
    wanted = step(x) @ own["d2/kernel"] + own["d2/bias"]
    np.testing.assert_allclose(answers(config, weights, x)[0], wanted, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_at_each_step_keeps_its_weights_there_and_back(tmp_path: Path, kind: str) -> None:
    each = layer("TimeDistributed", "each", layer=step_model("held"))
    model = row(given([None, 4, 3]), each)
    config, weights, _ = again(whole_file(tmp_path / "m.h5", model, {"each": STEP}), kind)
    x = np.random.default_rng(0).normal(0, 1, (2, 4, 3))
    np.testing.assert_allclose(answers(config, weights, x)[0], step(x), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_recurrent_layer_at_each_step_keeps_its_weights_there_and_back(tmp_path: Path, kind: str) -> None:
    each = layer("TimeDistributed", "each", layer=lstm("inner"))
    own = {f"each/{role}": array for role, array in arrays(4).items()}
    config, weights, _ = again(whole_file(tmp_path / "m.h5", row(given([None, 2, 4, 3]), each), {"each": own}), kind)
    x = np.random.default_rng(0).normal(0, 1, (2, 2, 4, 3))
    wanted = np.stack([run_lstm(x[:, k], arrays(4))[0][-1] for k in range(2)], 1)
    np.testing.assert_allclose(answers(config, weights, x)[0], wanted, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_of_one_class_and_those_without_weights_do_not_change_places(tmp_path: Path, kind: str) -> None:
    names = [f"layer_{number}" for number in range(12)]
    layers = [dense(name, 3) if number % 3 else layer("ReLU", name) for number, name in enumerate(names)]
    weights = {
        name: {f"{name}/kernel": signed(3, 3) + np.float32(number), f"{name}/bias": numbers(3) * number}
        for number, name in enumerate(names)
        if number % 3
    }
    _, found, _ = again(whole_file(tmp_path / "m.h5", row(given([None, 3]), *layers), weights), kind)
    flat = {name: array for own in weights.values() for name, array in own.items()}
    assert found.keys() == flat.keys()
    assert all(np.array_equal(found[name], flat[name]) for name in flat)


def test_a_model_made_in_the_browser_is_read_with_what_keras_lacks_put_in(tmp_path: Path) -> None:
    """TensorFlow.js writes RNN with the options of its cell, and GRU without ``reset_after``."""
    options = {"units": 2, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
    gru = layer("GRU", "gru", return_sequences=True, reset_after=False, **options)
    rnn = layer("RNN", "rnn", cell=layer("GRUCell", "cell", reset_after=False, **options))
    weights = {
        "gru": {f"gru/{role}": array for role, array in arrays(3).items()},
        "rnn": {f"rnn/{role}": array for role, array in arrays(3, inputs=2).items()},
    }
    source = whole_file(tmp_path / "m.h5", row(given([None, 4, 3]), gru, rnn), weights)
    config, first, _ = converted(source)
    folder = tmp_path / "m.h5.layers"
    document = json.loads((folder / "model.json").read_text())
    listed = document["modelTopology"]["model_config"]["config"]["layers"]
    del listed[1]["config"]["reset_after"]
    del listed[2]["config"]["cell"]["config"]["reset_after"]
    listed[2]["config"] |= options  # as TensorFlow.js repeats them
    document["modelTopology"]["keras_version"] = "tfjs-layers 4.22.0"
    (folder / "model.json").write_text(json.dumps(document))
    back, second, _ = converted(to_keras(folder, "back.h5"))
    x = np.random.default_rng(0).normal(0, 1, (2, 4, 3))
    np.testing.assert_array_equal(answers(back, second, x)[0], answers(config, first, x)[0])
