"""Weights by the layers that they are of, as each format names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.conversion.native.keras.files import archive, dense, given, layer, numbers, row, whole_file
from tests.unit.verification.models import GRAPH, graph_model, layers_model
from workflow.verification.requests import Subject
from workflow.verification.weights_by_layer import model_weights, readable, weights_of

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.verification.weights_by_layer import ModelWeights

CONFIG = row(given([None, 3]), dense("dense"), row(given([None, 2], "within"), layer("Mine", "mine"), name="inner"))


def roles(found: ModelWeights) -> dict[str, tuple[list[str], bool]]:
    return {"/".join(one.path): (list(one.by_role), one.known) for one in found.layers}


def test_an_hdf5_file_has_names_of_its_own(tmp_path: Path) -> None:
    weights = {
        "dense": {"odd/bias": numbers(2), "odd/kernel": numbers(3, 2)},
        "inner": {"mine/w": numbers(2)},
    }
    with model_weights(Subject(whole_file(tmp_path / "m.h5", CONFIG, weights), "keras")) as found:
        assert roles(found)["dense"] == (["bias", "kernel"], True)
        assert roles(found)["inner/mine"] == (["0"], False)
        assert list(found.by_name) == ["odd/bias", "odd/kernel", "mine/w"]


def test_an_archive_has_places_and_no_names(tmp_path: Path) -> None:
    inside = "layers/sequential/layers/mine/vars/0"
    places = {"layers/dense/vars/0": numbers(3, 2), "layers/dense/vars/1": numbers(2), inside: numbers(2)}
    path = archive(tmp_path / "m.keras", CONFIG, places, version="2.15.0")
    with model_weights(Subject(path, "keras_keras")) as found:
        assert list(found.by_name) == ["dense/kernel", "dense/bias", "inner/mine/0"]
        assert found.by_name["dense/kernel"].shaped().tolist() == numbers(3, 2).tolist()


def test_a_layer_with_other_weights_than_keras_says_is_not_known(tmp_path: Path) -> None:
    path = whole_file(tmp_path / "m.h5", row(given([None, 3]), dense()), {"dense": {"dense/kernel": numbers(3, 2)}})
    with model_weights(Subject(path, "keras")) as found:
        assert roles(found)["dense"] == (["0"], False)


def test_a_layers_model_has_names_that_tensorflow_js_looks_for(tmp_path: Path) -> None:
    with model_weights(layers_model(tmp_path / "web")) as found:
        assert roles(found)["second"] == (["kernel", "bias"], True)
        assert found.in_script


def test_a_graph_has_weights_and_no_layers(tmp_path: Path) -> None:
    subject = graph_model(tmp_path / "graph")
    with model_weights(subject) as found, weights_of(subject) as weights:
        assert found.layers == ()
        assert list(weights) == list(found.by_name)
    assert readable(Subject(tmp_path, GRAPH))


@pytest.mark.parametrize("kind", ["tf_saved_model", "tf_frozen_model"])
def test_other_formats_are_read_by_tensorflow_alone(kind: str, tmp_path: Path) -> None:
    assert not readable(Subject(tmp_path, kind))  # type: ignore[arg-type]
