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


NOT_READ = "the weight w has the type {}, which TensorFlow.js does not read"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"shape": [9]}, "the weight file FOLDER/0.bin ends 32 bytes before the weights do"),
        ({"shape": [1], "dtype": "string"}, ""),
        ({"dtype": "float16"}, NOT_READ.format("float16")),
        ({"dtype": "int64"}, NOT_READ.format("int64")),
        ({"dtype": "int32", "quantization": {"dtype": "float16"}}, "{'dtype': 'float16'}"),
        ({"quantization": {"dtype": "uint8"}}, "{'dtype': 'uint8'}"),
        ({"quantization": {"dtype": "uint8", "scale": 1}}, "{'dtype': 'uint8', 'scale': 1}"),
        ({"quantization": {"dtype": "int32", "scale": 1, "min": 0}}, "{'dtype': 'int32', 'scale': 1, 'min': 0}"),
        ({"dtype": "bool", "quantization": {"dtype": "uint8", "scale": 1, "min": 0}}, "{'dtype': 'uint8', "),
    ],
)
def test_weights_that_tensorflow_js_does_not_read_are_refused(
    entry: dict[str, Any], words: str, tmp_path: Path
) -> None:
    entry = {**WEIGHT, **entry}
    if words == "":
        assert read(tmp_path, [entry], b"\0\0\0\0")["w"].tolist() == [b""]
        return
    with pytest.raises(JobError) as caught:
        read(tmp_path, [entry], b"\0\0\0\0")
    if words.startswith("{"):
        assert str(caught.value).startswith(f"the weight w is {entry['dtype']} quantized as {words}")
        assert str(caught.value).endswith("}, which nothing reads")
    else:
        assert str(caught.value) == words.replace("FOLDER", str(tmp_path))
    assert caught.value.kind == "source"
    assert caught.value.kind in KINDS


def test_weights_without_a_file_or_with_one_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"^the weights manifest ends 4 bytes before the weights do$"):
        read(tmp_path, [WEIGHT])
    with pytest.raises(JobError) as caught:
        list(values.read([{"paths": ["none.bin"], "weights": [WEIGHT]}], str(tmp_path)))
    assert str(caught.value) == f"the weight file {tmp_path / 'none.bin'} cannot be read: No such file or directory"
    assert list(values.read([{"paths": ["none.bin"], "weights": []}], str(tmp_path))) == []


STORED: list[tuple[str, bytes, Any]] = [
    ("float32", b"\0\0\xc0\x3f", [1.5]),
    ("int32", b"\xfe\xff\xff\xff", [-2]),
    ("bool", b"\1", [True]),
    ("complex64", b"\0\0\x80\x3f\0\0\0\x40", [1 + 2j]),
    ("uint8", b"\xff", [255]),
    ("uint16", b"\1\2", [513]),
]


@pytest.mark.parametrize(("dtype", "raw", "expected"), STORED)
def test_each_type_is_read_as_it_is_stored(dtype: str, raw: bytes, expected: Any, tmp_path: Path) -> None:
    found = read(tmp_path, [{**WEIGHT, "dtype": dtype}], raw)["w"]
    assert (found.dtype, found.tolist()) == (np.dtype(dtype), expected)


@pytest.mark.parametrize(
    ("how", "dtype", "raw", "expected"),
    [
        ({"dtype": "uint8", "scale": 0.5, "min": -1}, "float32", b"\3", [0.5]),
        ({"dtype": "uint16", "scale": 0.5, "min": -1}, "float32", b"\0\1", [127.0]),
        ({"dtype": "uint8", "scale": 2, "min": 1}, "int32", b"\3", [7]),
        ({"dtype": "float16"}, "float32", b"\0\x3e", [1.5]),
        ({"dtype": "uint8", "scale": 1e38, "min": 0}, "float32", b"\xff", [float("inf")]),
    ],
)
def test_quantized_weights_are_read_with_their_numbers(
    how: dict[str, Any], dtype: str, raw: bytes, expected: Any, tmp_path: Path
) -> None:
    found = read(tmp_path, [{**WEIGHT, "dtype": dtype, "quantization": how}], raw)["w"]
    assert (found.dtype, found.tolist()) == (np.dtype(dtype), expected)


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


def graph(*nodes: Any, **parts: Any) -> dict[str, Any]:
    return {"modelTopology": {"node": list(nodes)}, **parts}


def node(**attributes: Any) -> dict[str, Any]:
    return graph({"name": "x", "attr": attributes})


def weights(*entries: Any, **group: Any) -> dict[str, Any]:
    return graph(weightsManifest=[{"paths": [], "weights": list(entries), **group}])


def sized(shape: Any) -> dict[str, Any]:
    return weights({**WEIGHT, "shape": shape})


def quantized(**how: Any) -> dict[str, Any]:
    return weights({**WEIGHT, "quantization": how})


def function(**parts: Any) -> dict[str, Any]:
    return {"modelTopology": {"node": [], "library": {"function": [{}, parts]}}}


def output(**port: Any) -> dict[str, Any]:
    return graph(signature={"outputs": {"y": port}})


def dims(*sizes: Any) -> dict[str, Any]:
    return output(tensorShape={"dim": list(sizes)})


NO_GRAPH = " holds no graph: it may be a layers model, or weights alone"
IN_WEIGHT = ": weightsManifest, group 1, weight 1, "
IN_NODE = ": modelTopology, node, 1, attr "
IN_OUTPUT = ": signature, outputs, y, "
NO_NUMBER = "is no number that a weight could have"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"modelTopology": {"model_config": {}}}, NO_GRAPH),
    ({"modelTopology": None}, NO_GRAPH),
    ({"modelTopology": {"node": {}}}, NO_GRAPH),
    (graph(3), ": modelTopology, node, 1 is not an object"),
    (graph({}, {"attr": []}), ": modelTopology, node, 2, attr is not an object"),
    (node(T=5), ": modelTopology, node, 1 (x): attr T is not an object"),
    (node(T={"list": 1}), f"{IN_NODE}T, list is not an object"),
    (node(T={"s": [256]}), f"{IN_NODE}T, list holds text that is no list of bytes"),
    (node(T={"s": [-1]}), f"{IN_NODE}T, list holds text that is no list of bytes"),
    (node(T={"s": [True]}), f"{IN_NODE}T, list holds text that is no list of bytes"),
    (node(T={"list": {"s": [[0], [300]]}}), f"{IN_NODE}T, list holds text that is no list of bytes"),
    ({"modelTopology": {"node": [], "library": 1}}, ": modelTopology, library is not an object"),
    ({"modelTopology": {"node": [], "library": {"function": 1}}}, ": modelTopology, function is not a list"),
    ({"modelTopology": {"node": [], "library": {"function": [1]}}}, ": modelTopology, function 1 is not an object"),
    (function(nodeDef=1), ": modelTopology, function 2, nodeDef is not a list"),
    (function(node_def=[1]), ": modelTopology, function 2, nodeDef, 1 is not an object"),
    (graph(modelInitializer=[1]), ": modelInitializer is not an object"),
    (graph(modelInitializer={"node": [1]}), ": modelInitializer, node, 1 is not an object"),
    (graph(initializerSignature=3), ": initializerSignature is not an object"),
    (graph(initializerSignature={"inputs": 3}), ": initializerSignature, inputs is not an object"),
    (graph(userDefinedMetadata=3), ": userDefinedMetadata is not an object"),
    (graph(userDefinedMetadata={"structuredOutputKeys": 3}), ": structuredOutputKeys is not a list"),
    (graph(userDefinedMetadata={"structuredOutputKeys": [3]}), ": structuredOutputKeys is no text"),
    (graph(signature=[1]), ": signature is not an object"),
    (graph(signature={"inputs": {"x": 1}}), ": signature, inputs, x is not an object"),
    (output(name=1), f"{IN_OUTPUT}name is no text"),
    (output(tensorShape=1), f"{IN_OUTPUT}tensorShape is not an object"),
    (output(tensorShape={"dim": 1}), f"{IN_OUTPUT}tensorShape is not a list"),
    (dims({}, 1), f"{IN_OUTPUT}tensorShape, dim 2 is not an object"),
    (dims({"size": "x"}), f"{IN_OUTPUT}tensorShape, dim 1 has no size"),
    (dims({"size": 1.5}), f"{IN_OUTPUT}tensorShape, dim 1 has no size"),
    (dims({"size": 2**53 + 1}), f"{IN_OUTPUT}tensorShape, dim 1 has no size"),
    (dims({"size": -(2**53) - 1}), f"{IN_OUTPUT}tensorShape, dim 1 has no size"),
    (graph(weightsManifest=3), ": weightsManifest is not a list"),
    (graph(weightsManifest=[3]), ": weightsManifest, group 1 is not an object"),
    (graph(weightsManifest=[{"weights": []}]), ": weightsManifest, group 1 has no paths, or no weights"),
    (graph(weightsManifest=[{"paths": []}]), ": weightsManifest, group 1 has no paths, or no weights"),
    (weights(paths=3), ": weightsManifest, group 1, paths is not a list"),
    (weights(paths=[3]), ": weightsManifest, group 1, a path is no text"),
    (weights(weights=3), ": weightsManifest, group 1, weights is not a list"),
    (weights(WEIGHT, 3), ": weightsManifest, group 1, weight 2 is not an object"),
    (weights({"name": "w"}), f"{IN_WEIGHT}dtype is no text"),
    (weights({**WEIGHT, "name": {}}), f"{IN_WEIGHT}name is no text"),
    (sized(None), f"{IN_WEIGHT}shape is no list of sizes"),
    (sized([1] * 255), f"{IN_WEIGHT}shape is no list of sizes"),
    (sized([-1]), f"{IN_WEIGHT}shape has a size that no tensor has"),
    (sized([True]), f"{IN_WEIGHT}shape has a size that no tensor has"),
    (sized([2**53 + 1]), f"{IN_WEIGHT}shape has a size that no tensor has"),
    (sized([2**53, 2]), f"{IN_WEIGHT}shape has more elements than any tensor"),
    (sized([2**27, 0, 2**27]), f"{IN_WEIGHT}shape has more elements than any tensor"),
    (weights({**WEIGHT, "quantization": 1}), f"{IN_WEIGHT}quantization is not an object"),
    (quantized(scale=1), f"{IN_WEIGHT}quantization, dtype is no text"),
    (quantized(dtype="uint8"), f"{IN_WEIGHT}quantization, scale is no number"),
    (quantized(dtype="uint8", scale=1), f"{IN_WEIGHT}quantization, min is no number"),
    (quantized(dtype="uint8", scale=True, min=0), f"{IN_WEIGHT}quantization, scale is no number"),
    (quantized(dtype="float16", min="x"), f"{IN_WEIGHT}quantization, min is no number"),
    (quantized(dtype="uint8", scale=1e300, min=0), f"{IN_WEIGHT}quantization, scale {NO_NUMBER}"),
    (quantized(dtype="uint8", scale=-1e300, min=0), f"{IN_WEIGHT}quantization, scale {NO_NUMBER}"),
    (quantized(dtype="uint8", scale=1, min=float("nan")), f"{IN_WEIGHT}quantization, min {NO_NUMBER}"),
]


@pytest.mark.parametrize(("parts", "words"), REFUSED)
def test_what_is_no_graph_model_is_refused_by_its_place(parts: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(JobError) as caught:
        artifacts.read(model(tmp_path, **parts))
    assert (caught.value.kind, str(caught.value)) == ("source", f"{tmp_path / 'model.json'}{words}")


@pytest.mark.parametrize(
    "parts",
    [
        *(graph({}, {"attr": None}), node(T={"s": [0, 255]}, U={"s": "text", "list": {"s": [[1], "more"]}})),
        *(node(T={"list": None}), graph(signature=None), graph(weightsManifest=None), function(nodeDef=[{}])),
        *(dims({}, {"size": "-1"}, {"size": 2**53}, {"size": -(2**53)}), output(name=None, tensorShape=None)),
        *(sized([]), sized([1] * 254), sized([2**53]), sized([0, 2**53])),
        *(quantized(), quantized(dtype="float16"), quantized(dtype="float16", scale=2)),
        *(quantized(dtype="uint8", scale=9e299, min=-9e299), quantized(dtype="uint16", scale=0.5, min=0)),
    ],
)
def test_what_stands_at_the_edge_of_what_can_be_is_read(parts: dict[str, Any], tmp_path: Path) -> None:
    found = artifacts.read(model(tmp_path, **parts))
    assert found.topology == parts["modelTopology"]
    assert found.manifest == (parts.get("weightsManifest") or [])
    assert (found.folder, found.metadata) == (str(tmp_path.resolve()), {})


def test_each_part_of_a_model_json_is_where_it_belongs(tmp_path: Path) -> None:
    entries = [{**WEIGHT, "name": name} for name in "ab"]
    manifest = [{"paths": ["1"], "weights": entries[:1]}, {"paths": [], "weights": entries[1:]}]
    parts = {
        "signature": {"inputs": {"x": {"name": "x:0"}}, "outputs": {"y": {}}},
        "modelInitializer": {"node": [{"name": "fill"}]},
        "initializerSignature": {"outputs": {"z": {}}},
        "weightsManifest": manifest,
    }
    found = artifacts.read(model(tmp_path, **graph({"name": "x"}, **parts)))
    assert (found.signature, found.initializer, found.filled) == (
        parts["signature"],
        parts["modelInitializer"],
        parts["initializerSignature"],
    )
    assert (found.manifest, found.output_names) == (manifest, [])
    assert found.entries() == {"a": entries[0], "b": entries[1]}
    with pytest.raises(AttributeError):
        found.folder = ""  # type: ignore[misc]


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    for content, words in (
        (b"\xff{", "is no model.json: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"[" * 100_000, "is nested too deeply for a model"),
        (b"[]", "holds no graph: it may be a layers model, or weights alone"),
    ):
        path.write_bytes(content)
        with pytest.raises(JobError) as caught:
            artifacts.read(str(path))
        assert (caught.value.kind, str(caught.value)) == ("source", f"{path} {words}")
    with pytest.raises(JobError, match=r"is no model\.json: .*No such file"):
        artifacts.read(str(tmp_path / "nothing.json"))
