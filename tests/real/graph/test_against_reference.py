"""The direct way against the reference converter: same weight files, same ops, better names."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.bridge.warm_worker import Worker

pytestmark = pytest.mark.real


def model_of(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "model.json").read_text("utf-8"))
    return loaded


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.bin"))}


def ops_of(folder: Path) -> Counter[str]:
    return Counter(node["op"] for node in model_of(folder)["modelTopology"]["node"])


def reference(worker: Worker, source: Path, output: Path, *flags: str) -> Path:
    formats = ["--input_format=keras", "--output_format=tfjs_graph_model"]
    worker.run("convert", {"argv": [*formats, *flags, str(source), str(output)]}, log=output.parent / "r.log")
    return output


@pytest.mark.parametrize("name", ["residual", "lstm", "gru", "rnn", "many_outputs", "normalised"])
def test_weight_files_ops_and_weight_names_are_the_references(
    name: str, worker: Worker, zoo: Path, graph: Callable[..., Any], tmp_path: Path
) -> None:
    slow = reference(worker, zoo / f"{name}.h5", tmp_path / "slow")
    fast, _ = graph(name, repairs=False)
    assert files_of(fast) == files_of(slow)
    assert ops_of(fast) == ops_of(slow)
    entries = [[entry["dtype"] for entry in model_of(one)["weightsManifest"][0]["weights"]] for one in (fast, slow)]
    assert entries[0] == entries[1]


def test_quantized_and_resharded_files_are_the_references(
    worker: Worker, zoo: Path, graph: Callable[..., Any], tmp_path: Path
) -> None:
    flags = ("--weight_shard_size_bytes=1000", "--quantize_uint8=*dense*", "--quantize_uint16=*lstm*")
    slow = reference(worker, zoo / "lstm.h5", tmp_path / "slow", *flags)
    options = {"weight_shard_size_bytes": 1000, "quantize_uint8": ["*dense*"], "quantize_uint16": ["*lstm*"]}
    fast, _ = graph("lstm", repairs=False, options=options)
    assert files_of(fast) == files_of(slow)
    manifests = [model_of(folder)["weightsManifest"] for folder in (fast, slow)]
    assert manifests[0] == manifests[1]


def test_model_json_has_the_references_keys_in_its_order(
    worker: Worker, zoo: Path, graph: Callable[..., Any], tmp_path: Path
) -> None:
    slow = reference(worker, zoo / "residual.h5", tmp_path / "slow")
    fast, _ = graph("residual")
    ours, theirs = model_of(fast), model_of(slow)
    assert list(ours) == list(theirs)
    assert {key: ours[key] for key in ("format", "generatedBy", "convertedBy", "signature")} == {
        key: theirs[key] for key in ("format", "generatedBy", "convertedBy", "signature")
    }


def test_outputs_of_one_shape_keep_their_names_and_the_models_order(graph: Callable[..., Any]) -> None:
    folder, _ = graph("many_outputs")
    signature = model_of(folder)["signature"]
    assert list(signature["outputs"]) == [f"output_{number}" for number in range(12)]
    assert signature["outputs"]["output_10"]["name"] == "Identity_2:0"  # TensorFlow numbers them by spelling
    assert list(signature["inputs"]) == ["z_first", "a_second"]


def test_a_dictionary_of_outputs_is_told_to_tensorflow_js(graph: Callable[..., Any]) -> None:
    folder, _ = graph("dictionary")
    model = model_of(folder)
    assert list(model["signature"]["outputs"]) == ["first", "later"]
    assert model["userDefinedMetadata"]["structuredOutputKeys"] == ["first", "later"]
