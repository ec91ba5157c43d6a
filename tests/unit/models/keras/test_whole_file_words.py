"""What a Keras HDF5 file is refused or declined for, whole sentences, and what is read beside layers and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import pytest

from tests.unit.conversion.native.keras.files import called, dense, given, graph, layer, numbers, row, whole_file
from workflow.base.errors import DeclinedError, ModelFileError
from workflow.models.inspection import inspect_model
from workflow.models.keras.whole_file import open_whole_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.models.keras.tree import KerasFile

DENSE = {"dense": {"dense/kernel": numbers(3, 2), "dense/bias": numbers(2)}}
AGAIN = "Save the model again, or get the file again."
BYTES = "Get the file again: the copy or the save was interrupted, or the bytes were changed on the way."
WHOLE = (
    "Save the whole model with `model.save('model.h5')`; if you have only these weights, load them into "
    "the code that builds the model (`model.load_weights`), and then call `model.save`."
)


def changed(folder: Path, change: Callable[[Any], None], *, version: str = "2.13.1", **more: Any) -> Path:
    path = whole_file(folder / "m.h5", row(given([None, 3]), dense()), {**DENSE, **more}, version=version)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def opened(path: Path) -> KerasFile:
    with open_whole_file(path) as file:
        return file


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(ModelFileError) as caught:
        opened(path)
    return caught.value.message.replace(str(path), "FILE"), caught.value.hint


def training(text: str) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file.attrs["training_config"] = text

    return change


@pytest.mark.parametrize(("version", "kept"), [("2.13.1", {"loss": "mse"}), ("3.5.0", None)])
def test_how_it_was_trained_is_read_from_what_keras_2_wrote(version: str, kept: Any, tmp_path: Path) -> None:
    found = opened(changed(tmp_path, training('{"loss": "mse"}'), version=version))
    assert (found.training, found.version, found.backend) == (kept, version, "tensorflow")
    assert found.order == ["dense"]
    assert [array.name for array in found.listed] == ["dense/kernel", "dense/bias"]
    assert opened(changed(tmp_path, lambda _: None)).training is None


def test_a_note_of_training_that_is_no_json_is_refused_by_its_name(tmp_path: Path) -> None:
    message, hint = refusal(changed(tmp_path, training("{")))
    assert message.startswith("FILE: training_config is not JSON (")
    assert hint == BYTES


def test_a_configuration_that_is_no_json_is_refused_by_its_name(tmp_path: Path) -> None:
    message, hint = refusal(changed(tmp_path, lambda file: file.attrs.__setitem__("model_config", "{")))
    assert message.startswith("FILE: its model_config is not JSON (")
    assert hint == BYTES


def test_what_keras_noted_beside_the_weights_counts_where_the_root_says_nothing(tmp_path: Path) -> None:
    def moved(file: Any) -> None:
        for key, value in (("keras_version", "2.2.4"), ("backend", "tensorflow")):
            del file.attrs[key]
            file["model_weights"].attrs[key] = value

    found = opened(changed(tmp_path, moved))
    assert (found.version, found.backend) == ("2.2.4", "tensorflow")


def test_what_is_no_model_is_refused_by_what_it_is(tmp_path: Path) -> None:
    def without_weights(file: Any) -> None:
        del file["model_weights"]

    def weights_of_keras_3(file: Any) -> None:
        file.attrs.clear()
        file["layers"] = file["model_weights"]

    def nothing(file: Any) -> None:
        file.attrs.clear()
        file.clear()

    def data(file: Any) -> None:
        nothing(file)
        file["states"], file["x" * 70] = [1], [2]

    assert refusal(changed(tmp_path, without_weights)) == (
        "FILE holds the topology of a model without its weights",
        WHOLE,
    )
    for change in (weights_of_keras_3, lambda file: file.attrs.__setitem__("layer_names0", [b"dense"])):
        found = refusal(changed(tmp_path, change))
        assert found == ("FILE holds weights without the topology of a model", WHOLE)
    assert refusal(changed(tmp_path, nothing)) == ("FILE is an HDF5 file with nothing in it", BYTES)
    message, hint = refusal(changed(tmp_path, data))
    assert message.startswith("FILE is an HDF5 file, but no Keras model: it holds 'states', 'xxx")
    assert hint == "Check that this is the model, and not its data."


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch", "numpy", "openvino", "cntk"])
def test_kernels_of_most_backends_are_laid_out_alike(backend: str, tmp_path: Path) -> None:
    conv = layer("Conv1D", "conv", filters=1, kernel_size=[2], use_bias=False)
    path = whole_file(tmp_path / "m.h5", row(given([None, 4, 1]), conv), {"conv": {"conv/kernel": numbers(2, 1, 1)}})
    with h5py.File(path, "r+") as file:
        file.attrs["backend"] = backend
    assert opened(path).backend == backend


def test_kernels_of_another_backend_are_declined_and_its_dense_layers_are_not(tmp_path: Path) -> None:
    def theano(file: Any) -> None:
        file.attrs["backend"] = "theano"

    assert opened(changed(tmp_path, theano)).backend == "theano"
    conv = layer("SeparableConv2D", "conv", filters=1, kernel_size=[2, 2])
    path = whole_file(tmp_path / "c.h5", row(given([None, 4, 4, 1]), conv), {})
    with h5py.File(path, "r+") as file:
        theano(file)
    with pytest.raises(DeclinedError) as caught:
        opened(path)
    assert caught.value.reason == (
        "the model was saved with the theano backend, whose kernels are laid out differently"
    )


def test_weights_of_no_layer_are_refused_and_those_of_the_model_declined(tmp_path: Path) -> None:
    stray = changed(tmp_path, lambda _: None, other={"other/kernel": numbers(2)})
    assert refusal(stray) == ("the file holds weights of 'other', which the model does not have", AGAIN)
    top = changed(tmp_path, lambda _: None, top_level_model_weights={"scale": numbers(2), "shift": numbers(2)})
    with pytest.raises(DeclinedError) as caught:
        opened(top)
    assert caught.value.reason == "the model has weights of its own, outside of any layer: 'scale', 'shift'"
    assert caught.value.route == "graph"
    none = changed(tmp_path, lambda _: None, top_level_model_weights={}, gone={})
    assert list(opened(none).weights) == [("dense",)]


@pytest.mark.parametrize("name", ["seed_generator_state", "StateVar"])
def test_what_random_layers_remember_is_no_weight(name: str, tmp_path: Path) -> None:
    path = changed(tmp_path, lambda _: None, dropout={f"dropout/{name}": numbers(2)})
    assert list(opened(path).weights) == [("dense",)]


def test_a_group_that_holds_itself_is_refused(tmp_path: Path) -> None:
    def circle(file: Any) -> None:
        del file["model_weights/dense"].attrs["weight_names"]
        file["model_weights/dense/again"] = file["model_weights/dense"]

    assert refusal(changed(tmp_path, circle)) == ("FILE: 'again' holds itself", "Do not trust this file.")


def test_a_weight_that_could_be_of_two_layers_is_declined(tmp_path: Path) -> None:
    def model(name: str) -> dict[str, Any]:
        inside = called(dense("same", 3), ["i"])
        made = graph(called(given([None, 3], "i"), *[]), inside, inputs=["i"], outputs=["same"], name=name)
        return {**made, "name": name, "inbound_nodes": [[["i", 0, 0, {}]]]}

    outer = graph(called(given([None, 3], "i"), *[]), model("a"), model("b"), inputs=["i"], outputs=["a"], name="outer")
    config = row(outer)
    path = whole_file(tmp_path / "m.h5", config, {"outer": {"same/kernel": numbers(3, 3)}})
    with pytest.raises(DeclinedError) as caught:
        opened(path)
    assert caught.value.reason == "the file does not say which layer of 'outer' its weight 'same/kernel' is of"
    assert caught.value.route == "a .keras file, or graph"
    told = whole_file(tmp_path / "told.h5", config, {"outer": {"a/same/kernel": numbers(3, 3), "b/same/k": numbers(1)}})
    assert {path: [array.name for array in arrays] for path, arrays in opened(told).weights.items()} == {
        ("outer", "a", "same"): ["a/same/kernel"],
        ("outer", "b", "same"): ["b/same/k"],
    }


def test_an_inspection_tells_what_a_file_holds(tmp_path: Path) -> None:
    def split(file: Any) -> None:
        attributes = file["model_weights/dense"].attrs
        del attributes["weight_names"]
        attributes["weight_names0"], attributes["weight_names1"] = [b"dense/kernel:0"], [b"dense/bias:0"]

    path = changed(tmp_path, split, version="3.5.0", half={"half/x": numbers(2).astype("f2")})
    summary = inspect_model(path, "keras")
    assert summary.details == {
        "keras_version": "3.5.0",
        "backend": "tensorflow",
        "layers": 2,
        "layer_classes": {"Dense": 1, "InputLayer": 1},
        "weights": 3,
        "weight_bytes": 36,
        "dtypes": ("float16", "float32"),
    }
    assert summary.warnings == (
        (
            "Keras 3.5.0 wrote this file: with `engine: reference`, its layers model does not load in TensorFlow.js, "
            "and there is no graph model"
        ),
        (
            "1 layer with so many weights that Keras split the list of their names: "
            "`engine: reference` cannot make a layers model of it (tfjs#3806)"
        ),
    )


def test_a_model_of_a_class_of_its_own_is_declined_when_it_is_opened(tmp_path: Path) -> None:
    path = whole_file(tmp_path / "m.h5", {"class_name": "Net", "config": {"name": "net", "layers": []}}, DENSE)
    with pytest.raises(DeclinedError) as caught:
        opened(path)
    assert caught.value.reason == "the model is of a class of its own, 'Net', whose code is not in the file"
    assert caught.value.route == "graph"
