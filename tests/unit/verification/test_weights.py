"""The second level as a whole: what passes, what fails, and what is said of weights that nothing is known of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.conversion.native.keras.files import archive, dense, given, layer, numbers, row
from tests.unit.verification.models import LAYERS, save
from workflow.verification import weights
from workflow.verification.evidence import Finding
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Arrays

CONFIG = row(given([None, 3]), dense("dense"), layer("Mine", "mine"))
PLACES = {
    "layers/dense/vars/0": numbers(3, 2),
    "layers/dense/vars/1": numbers(2),
    "layers/mine/vars/0": numbers(2),
}
KEPT = {"dense/kernel": numbers(3, 2), "dense/bias": numbers(2)}


def source(tmp_path: Path) -> Subject:
    return Subject(archive(tmp_path / "m.keras", CONFIG, PLACES, version="2.15.0"), "keras_keras")


def result(tmp_path: Path, values: Arrays) -> Subject:
    topology = {"keras_version": "2.15.0", "model_config": CONFIG}
    return Subject(save(tmp_path / "web", {"format": "layers-model", "modelTopology": topology}, values), LAYERS)


def test_weights_of_which_nothing_is_known_are_told_as_a_fact(tmp_path: Path) -> None:
    found = weights.check(result(tmp_path, {**KEPT, "mine/w": numbers(2)}), source(tmp_path))
    assert (found.status, found.findings) == ("not applicable", ())
    assert found.why == (
        "1 of its 3 weights are computed from the source's in ways not known here; the others are the source's"
    )
    assert found.facts["others"] == ["mine/w"]
    assert (found.facts["tensors"], found.facts["bit_equal"]) == (3, 2)


def test_weights_of_the_source_that_went_elsewhere_are_told_as_a_fact(tmp_path: Path) -> None:
    found = weights.check(result(tmp_path, KEPT), source(tmp_path))
    assert (found.status, found.findings) == ("not applicable", ())
    assert found.why.startswith("1 of the source's weights are used in ways not known here")


def test_a_wrong_weight_fails_beside_those_of_which_nothing_is_known(tmp_path: Path) -> None:
    values = {"dense/kernel": numbers(3, 2), "dense/bias": -numbers(2), "mine/w": numbers(2)}
    found = weights.check(result(tmp_path, values), source(tmp_path))
    assert found.status == "failed"
    (finding,) = found.findings
    assert finding == Finding(
        "the weight dense/bias differs in 2 of 2 values, by up to 0.5 "
        "(not quantized, so every bit must be the same; first at [0])",
        "dense/bias",
        figure=0.5,
        bound=0.0,
    )
    assert found.seconds > 0
    assert [line.split() for line in found.table.splitlines()] == [
        ["weight", "difference", "bound", "beyond", "stored", "as"],
        ["dense/bias", "0.5", "0", "2", "of", "2", "itself"],
    ]


TO_GRAPH = "a graph model's weights are folded and renamed on the way, so none stands for one of the source's"
WHYS = [
    ("tfjs_graph_model", "tf_saved_model", TO_GRAPH),
    ("tfjs_graph_model", "tf_frozen_model", TO_GRAPH),
    ("tf_saved_model", "tfjs_graph_model", "the weights of a tf_saved_model are read by TensorFlow alone"),
    ("tf_saved_model", "keras_saved_model", "the weights of a keras_saved_model are read by TensorFlow alone"),
    ("tfjs_layers_model", "tf_hub", "the weights of a tf_hub are read by TensorFlow alone"),
    ("tfjs_layers_model", "tfjs_graph_model", "layers and graphs hold their weights differently"),
    ("keras", "tfjs_graph_model", "layers and graphs hold their weights differently"),
]


@pytest.mark.parametrize(("ours", "theirs", "why"), WHYS)
def test_weights_that_cannot_be_compared_are_told_with_why(ours: Any, theirs: Any, why: str, tmp_path: Path) -> None:
    found = weights.check(Subject(tmp_path / "a", ours), Subject(tmp_path / "b", theirs))
    assert (found.status, found.findings) == ("not applicable", ())
    assert found.why.startswith(why)


def test_the_weights_of_a_model_alone_are_looked_at_for_what_is_no_number(tmp_path: Path) -> None:
    sick = {**KEPT, "dense/bias": np.array([np.nan, np.inf], "f4")}
    found = weights.alone(result(tmp_path, sick))
    assert found.status == "failed"
    assert [(one.text, one.subject) for one in found.findings] == [
        ("the weight dense/bias holds 1 times NaN and 1 times infinity", "dense/bias")
    ]
    assert weights.alone(result(tmp_path / "sound", KEPT)).status == "passed"
    unread = weights.alone(Subject(tmp_path, "tf_hub"))
    assert (unread.status, unread.why) == (
        "not applicable",
        "the weights of a tf_hub are read by TensorFlow alone; the outputs are compared",
    )
