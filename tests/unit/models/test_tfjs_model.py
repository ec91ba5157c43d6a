from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.models.models import DENSE, SEQUENTIAL, graph_document, layers_document, weight, write_model
from tests.unit.models.refusals import refused
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path


def test_a_layers_model_is_summarised(tmp_path: Path) -> None:
    path = write_model(tmp_path, layers_document())
    summary = inspect_model(path, "tfjs_layers_model")
    assert summary.files == (path, tmp_path / "a.bin")
    assert summary.bytes == path.stat().st_size + 24
    assert summary.details["layer_classes"] == {"Dense": 1}
    assert summary.details["weight_bytes"] == 24
    assert summary.details["keras_version"] == "2.13.1"


def test_a_graph_model_is_summarised(tmp_path: Path) -> None:
    summary = inspect_model(write_model(tmp_path, graph_document()), "tfjs_graph_model")
    assert summary.details["ops"] == {"Const": 1, "Placeholder": 1}
    assert summary.details["inputs"] == ("x",)


def test_the_folder_stands_for_its_model_json(tmp_path: Path) -> None:
    write_model(tmp_path, layers_document())
    assert inspect_model(tmp_path, "tfjs_layers_model").files[0] == tmp_path / "model.json"


def test_a_model_of_2018_passes(tmp_path: Path) -> None:
    old = {
        "modelTopology": {"class_name": "Sequential", "config": [DENSE]},
        "weightsManifest": [
            {"paths": ["group1-shard1of1"], "weights": [weight()]},
            {"paths": ["group2-shard1of1"], "weights": [weight("dense/bias", [2])]},
        ],
    }
    (tmp_path / "group1-shard1of1").write_bytes(bytes(24))
    (tmp_path / "group2-shard1of1").write_bytes(bytes(8))
    assert inspect_model(write_model(tmp_path, old), "tfjs_layers_model").details["layers"] == 1


def test_a_graph_without_format_is_told_by_its_topology(tmp_path: Path) -> None:
    document = graph_document()
    del document["format"]
    path = write_model(tmp_path, document)
    assert inspect_model(path, "tfjs_graph_model").format == "tfjs_graph_model"
    refused(path, "tfjs_layers_model", "is a graph model", "layers model is needed")


def test_a_graph_model_is_no_layers_model(tmp_path: Path) -> None:
    refused(write_model(tmp_path, graph_document()), "tfjs_layers_model", "graph model", "cannot be turned back")


def test_a_layers_model_is_no_graph_model(tmp_path: Path) -> None:
    refused(write_model(tmp_path, layers_document()), "tfjs_graph_model", "layers model", "`graph` step")


BAD_DOCUMENTS: dict[str, tuple[Any, str]] = {
    "a list": ([{"paths": []}], "a list"),
    "not a model": ({"name": "package"}, "no modelTopology"),
    "empty": ({}, "no modelTopology"),
    "topology null": (layers_document(modelTopology=None), "without a topology"),
    "topology text": (layers_document(modelTopology="x"), "text, not an object"),
    "topology of neither kind": ({"modelTopology": {"a": 1}, "weightsManifest": []}, "neither layers nor a graph"),
    "model_config text": (layers_document(modelTopology={"model_config": "{}"}), "not an object"),
    "no layers": (layers_document(modelTopology={"class_name": "Functional", "config": {}}), "no layers"),
    "layers no list": (
        layers_document(modelTopology={"class_name": "Model", "config": {"layers": 3}}),
        "a number in place of its layers",
    ),
    "layer no object": (
        layers_document(modelTopology={"class_name": "Sequential", "config": {"layers": [None]}}),
        "layer 1",
    ),
    "layer without class": (
        layers_document(modelTopology={"class_name": "Sequential", "config": {"layers": [{"config": {}}]}}),
        "class_name",
    ),
    "manifest missing": ({"modelTopology": {"model_config": SEQUENTIAL}}, "no weightsManifest"),
    "manifest null": (layers_document(weightsManifest=None), "null, not a list"),
    "format contradicts": (layers_document(modelTopology={"node": []}), "class_name"),
}


@pytest.mark.parametrize("case", BAD_DOCUMENTS)
def test_what_is_no_layers_model_is_refused(case: str, tmp_path: Path) -> None:
    document, words = BAD_DOCUMENTS[case]
    refused(write_model(tmp_path, document), "tfjs_layers_model", words, "model.json")


@pytest.mark.parametrize("nodes", [None, [], {}, [None], [{"name": "x"}], [{"op": "Const", "name": 1}]])
def test_a_graph_without_proper_nodes_is_refused(nodes: object, tmp_path: Path) -> None:
    path = write_model(tmp_path, graph_document(modelTopology={"node": nodes}))
    refused(path, "tfjs_graph_model", "graph", "node")


BAD_TEXTS = {
    "NaN": (b'{"a": NaN}', "NaN"),
    "Infinity": (b'{"a": -Infinity}', "Infinity"),
    "cut short": (b'{"modelTopology": {"a": [1, 2', "cut short"),
    "broken": (b'{"a" 1}', "line 1, column 6"),
    "no end of a text": (b'{"a": "b}', "is not JSON: Unterminated string starting at line 1, column 7"),
    "deep": (b'{"a":' + b"[" * 200_000, "deep"),
    "long number": (b'{"a": ' + b"9" * 10_000 + b"}", ""),
    "byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "Latin-1": (b'{"a": "\xe9"}', "UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "not"),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_what_is_no_json_is_refused_with_its_place(case: str, tmp_path: Path) -> None:
    text, words = BAD_TEXTS[case]
    path = tmp_path / "model.json"
    path.write_bytes(text)
    refused(path, "tfjs_layers_model", words)


def nested(depth: int) -> dict[str, Any]:
    config: dict[str, Any] = SEQUENTIAL
    for _ in range(depth):
        config = {"class_name": "Sequential", "config": {"layers": [config]}}
    return layers_document(modelTopology={"model_config": config})


def test_models_in_models_are_walked_as_deep_as_any_are(tmp_path: Path) -> None:
    assert inspect_model(write_model(tmp_path, nested(25)), "tfjs_layers_model").details["layers"] == 26


def test_deeper_nesting_is_refused_though_it_parses(tmp_path: Path) -> None:
    refused(write_model(tmp_path, nested(150)), "tfjs_layers_model", "nested too deeply", "model.json")


def test_what_a_file_says_cannot_reach_the_terminal_raw(tmp_path: Path) -> None:
    document = layers_document(
        weightsManifest=[{"paths": [], "weights": [weight("\x1b[31m\ud800" + "x" * 500, ["?"])]}]
    )
    path = tmp_path / "model.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    message = refused(path, "tfjs_layers_model", "\\x1b[31m\\ud800").message
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize(("topology", "held"), [({}, "nothing"), ({"a": 1}, "'a'"), ({"a": 1, "b": 2}, "'a', 'b'")])
def test_a_topology_of_neither_kind_is_told_by_what_it_has(topology: dict[str, Any], held: str, tmp_path: Path) -> None:
    path = write_model(tmp_path, {"modelTopology": topology, "weightsManifest": []})
    error = refused(path, "tfjs_layers_model")
    assert error.message == f"{path}: modelTopology is neither layers nor a graph; it has {held}"
