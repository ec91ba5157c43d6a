"""layers → keras and keras_keras: the order by which Keras finds weights, and both of its archive layouts."""

from __future__ import annotations

import json
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from tests.unit.conversion.native.keras.files import called, dense, given, graph, layer, numbers, row
from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.events import Recording
from workflow.conversion.job import Job
from workflow.conversion.native.keras.keras_order import layers_in_order, weights_in_order
from workflow.conversion.native.keras.to_keras import layers_to_archive, layers_to_keras
from workflow.conversion.native.tfjs_writing import write_weights
from workflow.models.arrays import of_array
from workflow.models.keras.archive import open_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Arrays, Config

NORM = layer("BatchNormalization", "norm", axis=-1, epsilon=1e-3, center=True, scale=True)
ROLES = ("gamma", "beta", "moving_mean", "moving_variance")


def layers_model(folder: Path, config: Config, weights: Arrays, version: str = "2.13.1") -> Path:
    folder.mkdir()
    tensors = [
        of_array(name, array.shape, dtype="float32", read=partial(np.asarray, array)) for name, array in weights.items()
    ]
    manifest = write_weights([tensors], folder)
    topology = {"keras_version": version, "backend": "tensorflow", "model_config": config}
    document = {"format": "layers-model", "modelTopology": topology, "weightsManifest": manifest}
    (folder / "model.json").write_text(json.dumps(document), encoding="ascii")
    return folder


def simple(tmp_path: Path, version: str = "2.13.1", **options: Any) -> Path:
    weights = {"dense/bias": numbers(2), "dense/kernel": numbers(3, 2)}
    weights |= {f"norm/{role}": numbers(2) + number for number, role in enumerate(reversed(ROLES))}
    return layers_model(tmp_path / "layers", row(given([None, 3]), dense(**options), NORM), weights, version)


def made(source: Path, convert: Callable[[Job], Any], name: str, **options: Any) -> Path:
    target = source.parent / name
    kind: Any = "keras" if name.endswith("h5") else "keras_keras"
    convert(Job(source, "tfjs_layers_model", target, kind, options, Recording()))
    return target


def test_an_hdf5_file_lists_weights_as_keras_orders_them(tmp_path: Path) -> None:
    with h5py.File(made(simple(tmp_path), layers_to_keras, "m.h5")) as file:
        root = file["model_weights"]
        assert json.loads(file.attrs["model_config"])["class_name"] == "Sequential"
        assert file.attrs["keras_version"] == "2.15.0"
        assert list(root.attrs["layer_names"]) == [b"given", b"dense", b"norm"]
        assert list(root["dense"].attrs["weight_names"]) == [b"dense/kernel:0", b"dense/bias:0"]
        assert list(root["norm"].attrs["weight_names"]) == [f"norm/{role}:0".encode() for role in ROLES]
        assert np.array_equal(root["dense/dense/kernel:0"], numbers(3, 2))


def test_an_archive_can_be_found_through_by_old_and_newer_keras(tmp_path: Path) -> None:
    with zipfile.ZipFile(made(simple(tmp_path), layers_to_archive, "m.keras")) as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        assert json.loads(archive.read("config.json"))["module"] == "keras"
        with archive.open("model.weights.h5") as raw, h5py.File(raw) as file:
            assert np.array_equal(file["layers/dense/vars/0"], numbers(3, 2))
            assert file["layers/dense"] == file["_layer_checkpoint_dependencies/dense"]
            assert sorted(file["_layer_checkpoint_dependencies"]) == ["batch_normalization", "dense", "input_layer"]


def test_an_archive_lists_layers_in_the_order_that_its_weights_are_counted_in(tmp_path: Path) -> None:
    layers = [
        *(called(given([None, 2], name)) for name in ("left", "right")),
        called(dense("first"), ["left"]),
        called(dense("second"), ["right"]),
        called(layer("Rescaling", "minus", scale=-1.0, offset=0.0), ["second"]),
        called(layer("Add", "sum"), ["first", "minus"]),
    ]
    for entry in layers:
        entry.setdefault("inbound_nodes", [])
    config = graph(*layers, inputs=["left", "right"], outputs=["sum"])
    weights = {"first/kernel": numbers(2, 2), "first/bias": numbers(2)}
    weights |= {"second/kernel": -numbers(2, 2), "second/bias": -numbers(2)}
    source = layers_model(tmp_path / "layers", config, weights)
    with open_archive(made(source, layers_to_archive, "m.keras"), scratch=tmp_path) as file:
        assert np.array_equal(file.weights["first",][0].read(), numbers(2, 2))
        assert np.array_equal(file.weights["second",][0].read(), -numbers(2, 2))


def test_long_lists_of_names_are_split_as_keras_does(tmp_path: Path) -> None:
    names = [f"{'long' * 100}{number}" for number in range(200)]
    inner = graph(
        called(given([None, 1], "i"), *[]),
        *[called(dense(name, 1), ["i" if not k else names[k - 1]]) for k, name in enumerate(names)],
        inputs=["i"],
        outputs=[names[-1]],
        name="inner",
    )
    weights = {
        f"{name}/{role}": numbers(*shape) for name in names for role, shape in (("kernel", (1, 1)), ("bias", (1,)))
    }
    source = layers_model(tmp_path / "layers", row(given([None, 1]), inner), weights)
    with h5py.File(made(source, layers_to_keras, "m.h5")) as file:
        attributes = file["model_weights/inner"].attrs
        parts = [attributes[f"weight_names{number}"] for number in range(len(attributes))]
        assert len(parts) > 1
        assert sum(len(part) for part in parts) == 400


def test_a_missing_weight_is_refused_by_name(tmp_path: Path) -> None:
    source = layers_model(tmp_path / "layers", row(given([None, 3]), dense()), {"dense/kernel": numbers(3, 2)})
    with pytest.raises(ModelFileError, match="'dense/bias' is not in the manifest"):
        made(source, layers_to_keras, "m.h5")


def test_a_weight_of_no_layer_is_refused(tmp_path: Path) -> None:
    weights = {"dense/kernel": numbers(3, 2), "dense/bias": numbers(2), "ghost/kernel": numbers(1)}
    source = layers_model(tmp_path / "layers", row(given([None, 3]), dense()), weights)
    with pytest.raises(ModelFileError, match="has 3 weights, and the layers of the model use 2"):
        made(source, layers_to_keras, "m.h5")


def test_what_tensorflow_js_computes_otherwise_is_declined_when_it_made_the_model(tmp_path: Path) -> None:
    entry = layer("UpSampling2D", "up", size=[3, 3], interpolation="bilinear")
    source = layers_model(tmp_path / "layers", row(given([None, 2, 2, 1]), entry), {}, "tfjs-layers 4.22.0")
    with pytest.raises(DeclinedError, match=r"layer 'up'.*computes something else"):
        made(source, layers_to_keras, "m.h5")


def test_options_of_other_conversions_are_declined(tmp_path: Path) -> None:
    with pytest.raises(DeclinedError, match="weight_shard_size_bytes"):
        made(simple(tmp_path), layers_to_keras, "m.h5", weight_shard_size_bytes=3)


def test_layers_are_ordered_by_their_distance_from_the_results() -> None:
    model = graph(
        called(dense("late", 1), ["early"]),
        called(dense("aside", 1), ["i"]),
        called(layer("Add", "sum"), ["late", "aside"]),
        called(dense("early", 1), ["i"]),
        called(given([None, 1], "i"), *[]),
        inputs=["i"],
        outputs=["sum"],
    )
    assert [entry["config"]["name"] for entry in layers_in_order(model)] == ["i", "early", "late", "aside", "sum"]


def test_weights_that_are_not_trained_come_last() -> None:
    def names(entry: Config) -> list[tuple[str, bool]]:
        name = entry["config"]["name"]
        return [] if entry["class_name"] == "InputLayer" else [(f"{name}/kernel", True), (f"{name}/state", False)]

    frozen = dense("cold", 1, trainable=False)
    model = row(given([None, 1]), dense("warm", 1), frozen, dense("last", 1))
    assert weights_in_order(model, names) == [
        *("warm/kernel", "last/kernel", "warm/state", "cold/kernel", "cold/state", "last/state")
    ]
