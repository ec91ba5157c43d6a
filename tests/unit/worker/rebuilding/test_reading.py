"""What needs no TensorFlow: model.json's parts, and weights with the numbers of TensorFlow.js."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.bridge.failure_kinds import KINDS
from workflow.worker.failure import JobError
from workflow.worker.rebuilding import artifacts, values

if TYPE_CHECKING:
    from pathlib import Path


WEIGHT = {"name": "w", "shape": [1], "dtype": "float32"}


def read(folder: Path, entries: list[dict[str, Any]], *files: bytes) -> dict[str, Any]:
    names = [f"{number}.bin" for number, _ in enumerate(files)]
    for name, content in zip(names, files, strict=True):
        (folder / name).write_bytes(content)
    return dict(values.read([{"paths": names, "weights": entries}], str(folder)))


def test_weights_go_on_in_the_next_file_wherever_one_ends(tmp_path: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"name": "a", "shape": [2], "dtype": "float32"},
        {"name": "b", "shape": [], "dtype": "bool"},
    ]
    raw = np.array([1.5, -2], "<f4").tobytes() + b"\1"
    found = read(tmp_path, entries, raw[:3], b"", raw[3:])
    assert found["a"].tolist() == [1.5, -2.0]
    assert found["b"].tolist() is True


def test_texts_are_bytes_of_any_length(tmp_path: Path) -> None:
    raw = b"\2\0\0\0\xc3\xbc" + b"\0\0\0\0" + b"\1\0\0\0\xff"
    found = read(tmp_path, [{"name": "t", "shape": [3, 1], "dtype": "string"}], raw)
    assert [bytes(text) for text in found["t"].reshape(-1)] == ["ü".encode(), b"", b"\xff"]
    assert found["t"].shape == (3, 1)


def test_affine_weights_are_computed_in_double_precision_and_rounded_once() -> None:
    entry = {"dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.1, "min": -0.3}}
    stored = np.arange(256, dtype=np.uint8)
    expected = np.array([number * 0.1 + -0.3 for number in range(256)], np.float32)
    assert values.dequantized(stored, entry).tobytes() == expected.tobytes()


def test_integers_are_rounded_as_javascript_does() -> None:
    entry = {"dtype": "int32", "quantization": {"dtype": "uint16", "scale": 0.5, "min": -1.5}}
    assert values.dequantized(np.array([0, 1, 2, 3, 4, 6, 8], np.uint16), entry).tolist() == [-1, -1, 0, 0, 1, 2, 3]


def test_half_floats_keep_infinities_and_the_smallest_numbers() -> None:
    entry = {"dtype": "float32", "quantization": {"dtype": "float16"}}
    stored = np.array([np.inf, 6e-8, -65504], np.float16)
    found = values.dequantized(stored, entry)
    assert found.dtype == np.float32
    assert found.tolist() == [float(number) for number in stored]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "w", "shape": [9], "dtype": "float32"}, "ends 32 bytes before"),
        ({"name": "w", "shape": [1], "dtype": "float16"}, "type float16"),
        ({"name": "w", "shape": [1], "dtype": "int32", "quantization": {"dtype": "float16"}}, "which nothing reads"),
        ({"name": "w", "shape": [1], "dtype": "float32", "quantization": {"dtype": "uint8"}}, "which nothing reads"),
    ],
)
def test_weights_that_tensorflow_js_does_not_read_are_refused(
    entry: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=words) as caught:
        read(tmp_path, [entry], b"\0\0\0\0")
    assert caught.value.kind in KINDS


def model(folder: Path, **parts: Any) -> str:
    (folder / "model.json").write_text(json.dumps({"weightsManifest": [], **parts}), "utf-8")
    return str(folder)


def test_the_signature_in_the_metadata_comes_first_as_in_tensorflow_js(tmp_path: Path) -> None:
    metadata = {"signature": {"outputs": {"old": {}}}, "structuredOutputKeys": ["y"], "labels": [1]}
    topology: dict[str, Any] = {"node": []}
    found = artifacts.read(
        model(tmp_path, modelTopology=topology, signature={"outputs": {"new": {}}}, userDefinedMetadata=metadata)
    )
    assert list(found.signature["outputs"]) == ["old"]
    assert found.output_names == ["y"]
    assert found.metadata == {"labels": [1]}


@pytest.mark.parametrize(
    "parts",
    [
        {"modelTopology": {"model_config": {}}},
        {"modelTopology": None},
        {"modelTopology": {"node": []}, "weightsManifest": [{"weights": [{"name": "w"}], "paths": []}]},
        {"modelTopology": {"node": []}, "weightsManifest": [{"weights": []}]},
        {"modelTopology": {"node": [3]}},
        {"modelTopology": {"node": [{"name": "x", "attr": {"T": 5}}]}},
        {"modelTopology": {"node": [{"name": "x", "attr": {"T": {"list": {"s": [[300]]}}}}]}},
        {"modelTopology": {"node": []}, "signature": {"outputs": {"y": {"tensorShape": {"dim": [{"size": "x"}]}}}}},
        {"modelTopology": {"node": []}, "userDefinedMetadata": {"structuredOutputKeys": 3}},
        {"modelTopology": {"node": []}, "modelInitializer": [1]},
        {"modelTopology": {"node": []}, "weightsManifest": [{"paths": [], "weights": [{**WEIGHT, "shape": [-1]}]}]},
        {"modelTopology": {"node": []}, "weightsManifest": [{"paths": [], "weights": [{**WEIGHT, "name": {}}]}]},
        {
            "modelTopology": {"node": []},
            "weightsManifest": [
                {"paths": [], "weights": [{**WEIGHT, "quantization": {"dtype": "uint8", "scale": "x", "min": 0}}]}
            ],
        },
    ],
)
def test_what_is_no_graph_model_is_refused(parts: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(JobError) as caught:
        artifacts.read(model(tmp_path, **parts))
    assert caught.value.kind == "source"


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(b"\xff{")
    with pytest.raises(JobError, match=r"no model\.json"):
        artifacts.read(str(tmp_path / "model.json"))
