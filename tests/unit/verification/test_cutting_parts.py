"""What a cut writes: the topology that is left, its ends, and the weights that belong to it, byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification.models import graph_document, graph_model, layers_document, layers_model, save, weights
from workflow.verification.cutting import Point, ancestors, carries_tensor, cut, outputs_of, points_of
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from pathlib import Path

VALUES = weights()


def written(subject: Subject) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((subject.path / "model.json").read_text())
    return document


def held(subject: Subject) -> dict[str, bytes]:
    """Return the bytes of each weight of a model that was cut."""
    (group,) = written(subject)["weightsManifest"]
    assert group["paths"] == ["weights.bin"]
    content = (subject.path / "weights.bin").read_bytes()
    found, at = {}, 0
    for entry in group["weights"]:
        size = 4 * int(np.prod(entry["shape"]))
        found[entry["name"]] = content[at : at + size]
        at += size
    assert at == len(content)
    return found


def of(*names: str) -> dict[str, bytes]:
    return {name: VALUES[name].tobytes() for name in names}


def test_a_layers_model_is_cut_behind_a_layer(tmp_path: Path) -> None:
    document = layers_document()
    document["modelTopology"]["training_config"] = {"loss": "mse"}
    document["trainingConfig"] = {"loss": "mse"}
    whole = Subject(save(tmp_path / "m", document, VALUES), "tfjs_layers_model", {"signature_name": "s"})
    part = cut(whole, "second", into=tmp_path / "deep" / "part")
    assert part == Subject(tmp_path / "deep" / "part", "tfjs_layers_model", {"signature_name": "s"})
    left = written(part)
    assert left.keys() == {"format", "modelTopology", "weightsManifest"}
    assert left["modelTopology"].keys() == {"keras_version", "model_config"}
    config = left["modelTopology"]["model_config"]["config"]
    assert [layer["name"] for layer in config["layers"]] == ["x", "first", "second"]
    assert (config["input_layers"], config["output_layers"]) == ([["x", 0, 0]], [["second", 0, 0]])
    assert held(part) == of("first/kernel", "first/bias", "second/kernel", "second/bias")


def test_inputs_that_a_part_does_not_need_are_left_out(tmp_path: Path) -> None:
    document = layers_document()
    config = document["modelTopology"]["model_config"]["config"]
    config["layers"].append({**config["layers"][0], "name": "y", "config": {"name": "y"}})
    config["input_layers"] = [["y", 0, 0], ["x", 0, 0]]
    whole = Subject(save(tmp_path / "m", document, VALUES), "tfjs_layers_model")
    part = written(cut(whole, "first", into=tmp_path / "part"))["modelTopology"]["model_config"]["config"]
    assert [layer["name"] for layer in part["layers"]] == ["x", "first"]
    assert part["input_layers"] == [["x", 0, 0]]


@pytest.mark.parametrize("old", [False, True])
def test_a_row_of_layers_is_cut_behind_one(tmp_path: Path, *, old: bool) -> None:
    document = layers_document()
    layers = document["modelTopology"]["model_config"]["config"]["layers"]
    row = [{"class_name": layer["class_name"], "config": layer["config"]} for layer in layers]
    document["modelTopology"]["model_config"] = {
        "class_name": "Sequential",
        "config": row if old else {"name": "net", "layers": row},
    }
    whole = Subject(save(tmp_path / "m", document, VALUES), "tfjs_layers_model")
    assert points_of(whole) == [
        Point("x", "InputLayer", ()),
        Point("first", "Dense", ("x",)),
        Point("second", "Dense", ("first",)),
        Point("third", "Dense", ("second",)),
    ]
    assert outputs_of(whole) == {"third"}
    part = cut(whole, "first", into=tmp_path / "part")
    config = written(part)["modelTopology"]["model_config"]["config"]
    assert (config if old else config["layers"]) == row[:2]
    assert held(part) == of("first/kernel", "first/bias")


def test_a_graph_is_cut_behind_a_node_and_keeps_what_can_be_fed(tmp_path: Path) -> None:
    document = graph_document(VALUES)
    document["modelTopology"]["node"].append({"name": "mask", "op": "Placeholder"})
    former = {"signature": {"outputs": {}}, "structuredOutputKeys": ["a"], "labels": [1]}
    document["userDefinedMetadata"] = former
    whole = Subject(save(tmp_path / "m", document, VALUES), "tfjs_graph_model")
    part = cut(whole, "first/BiasAdd", into=tmp_path / "part")
    left = written(part)
    assert [node["name"] for node in left["modelTopology"]["node"]] == [
        *("x", "first/kernel", "first/bias", "first/MatMul", "first/BiasAdd", "mask"),
    ]
    assert left["signature"] == {
        "inputs": document["signature"]["inputs"],
        "outputs": {"first/BiasAdd": {"name": "first/BiasAdd:0"}},
    }
    assert left["userDefinedMetadata"] == {"labels": [1]}
    assert held(part) == of("first/kernel", "first/bias")


def test_the_signature_of_an_old_converter_is_taken_over(tmp_path: Path) -> None:
    document = graph_document(VALUES)
    document["userDefinedMetadata"] = {"signature": document.pop("signature")}
    whole = Subject(save(tmp_path / "m", document, VALUES), "tfjs_graph_model")
    assert outputs_of(whole) == {"Identity"}
    left = written(cut(whole, "first/Tanh", into=tmp_path / "part"))
    assert list(left["signature"]["inputs"]) == ["x"]
    assert left["signature"]["outputs"] == {"first/Tanh": {"name": "first/Tanh:0"}}
    assert left["userDefinedMetadata"] == {}


def test_the_optimizers_weights_are_left_out(tmp_path: Path) -> None:
    whole = layers_model(tmp_path / "m")
    document = written(whole)
    document["weightsManifest"][0]["weights"][1]["group"] = "optimizer"
    (whole.path / "model.json").write_text(json.dumps(document))
    assert held(cut(whole, "first", into=tmp_path / "part")) == of("first/kernel")


def test_weights_of_layers_inside_and_of_layers_with_slashes_are_kept(tmp_path: Path) -> None:
    values = {"a/b/kernel": VALUES["first/kernel"], "ab/kernel": VALUES["first/kernel"], "a": VALUES["first/bias"]}
    layers: list[Any] = [
        {"class_name": "Dense", "config": {"name": name, "units": 6}, "name": name, "inbound_nodes": []}
        for name in ("a/b", "ab", "c")
    ]
    config = {"name": "net", "layers": layers, "input_layers": [], "output_layers": [["ab", 0, 0]]}
    document = {"format": "layers-model", "modelTopology": {"class_name": "Functional", "config": config}}
    whole = Subject(save(tmp_path / "m", document, values), "tfjs_layers_model")
    assert list(held(cut(whole, "a/b", into=tmp_path / "part"))) == ["a/b/kernel"]
    assert list(held(cut(whole, "ab", into=tmp_path / "other"))) == ["ab/kernel"]


def test_without_a_signature_the_outputs_are_what_nothing_reads(tmp_path: Path) -> None:
    document = graph_document(VALUES)
    del document["signature"]
    document["modelTopology"]["node"].append({"name": "check", "op": "Assert", "input": ["x"]})
    whole = Subject(save(tmp_path / "m", document, VALUES), "tfjs_graph_model")
    assert outputs_of(whole) == {"Identity"}
    assert outputs_of(layers_model(tmp_path / "layers")) == {"third"}


def test_a_point_depends_on_all_that_feeds_it(tmp_path: Path) -> None:
    points = points_of(graph_model(tmp_path / "m"))
    assert ancestors(points, "first/MatMul") == {"first/MatMul", "first/kernel", "x"}
    assert ancestors(points, "gone") == set()
    assert [point.name for point in points if carries_tensor(point)] == [
        *(
            f"{name}/{op}"
            for name, last in (("first", "Tanh"), ("second", "Relu"), ("third", "Softmax"))
            for op in ("MatMul", "BiasAdd", last)
        ),
        "Identity",
    ]
