"""Conversions without TensorFlow, and the sha256 of every file that they write."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.files import (
    archive,
    called,
    dense,
    given,
    graph,
    layer,
    numbers,
    row,
    whole_file,
)
from tests.unit.conversion.native.models import Stored, graph_node, quantized, save, texts
from tests.unit.golden.store import FOLDER
from workflow.base.errors import DeclinedError
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

FILE = "native_results.json"
_GALLERY = FOLDER.parent / "keras3"
_DATE = re.compile(rb'("date_saved": ?")[^"]*')

_H5: Format = "keras"
_ARCHIVE: Format = "keras_keras"
_LAYERS: Format = "tfjs_layers_model"
_GRAPH: Format = "tfjs_graph_model"
_ENDINGS = {_H5: ".h5", _ARCHIVE: ".keras"}
_Case = tuple[str, "Format", "Format", dict[str, Any]]
"""What is converted (a source or an earlier case's result), from what, to what, with which options."""

_PARTS = {"quantize_uint8": ["*kernel*"], "quantize_uint16": ["*bias"]}
_CASES: dict[str, _Case] = {
    "h5": ("m.h5", _H5, _LAYERS, {}),
    "h5 in shards": ("m.h5", _H5, _LAYERS, {"weight_shard_size_bytes": 50}),
    "h5 by layer": ("m.h5", _H5, _LAYERS, {"split_weights_by_layer": True}),
    "h5 quantized in parts": ("m.h5", _H5, _LAYERS, _PARTS),
    "layers by a goal": ("layers", _LAYERS, _LAYERS, {"quantize_auto": {"max_error": 0.01}}),
    "h5 with metadata": ("m.h5", _H5, _LAYERS, {"metadata": {"labels": "labels.json"}}),
    "h5 of branches": ("branches.h5", _H5, _LAYERS, {}),
    "archive of Keras 2": ("m.keras", _ARCHIVE, _LAYERS, {}),
    "back to h5": ("h5", _LAYERS, _H5, {}),
    "back to an archive": ("h5", _LAYERS, _ARCHIVE, {}),
    "back from branches": ("h5 of branches", _LAYERS, _H5, {}),
    "back from branches to an archive": ("h5 of branches", _LAYERS, _ARCHIVE, {}),
    "back from quantized": ("h5 quantized in parts", _LAYERS, _H5, {}),
    "there again": ("back to an archive", _ARCHIVE, _LAYERS, {}),
    "layers as they are": ("layers", _LAYERS, _LAYERS, {}),
    "layers in shards": ("layers", _LAYERS, _LAYERS, {"weight_shard_size_bytes": 777}),
    "layers in uint8": ("layers", _LAYERS, _LAYERS, {"quantize_uint8": ["*"]}),
    "layers in uint16": ("layers", _LAYERS, _LAYERS, {"quantize_uint16": ["*"]}),
    "layers in float16": ("layers", _LAYERS, _LAYERS, {"quantize_float16": ["*"], "keep_float": ["biases"]}),
    "layers in one byte": ("layers", _LAYERS, _LAYERS, {"quantization_bytes": 1}),
    "layers in so many bytes": ("layers", _LAYERS, _LAYERS, {"quantize_auto": {"max_bytes": 3000}}),
    "layers in floats again": ("layers in uint8", _LAYERS, _LAYERS, {"dequantize": True}),
    "layers by layer": ("layers", _LAYERS, _LAYERS, {"split_weights_by_layer": True}),
    "layers in one group": ("layers by layer", _LAYERS, _LAYERS, {"split_weights_by_layer": False}),
    "layers with metadata": ("layers", _LAYERS, _LAYERS, {"metadata": {"labels": "labels.json"}}),
    "every dtype": ("dtypes", _LAYERS, _LAYERS, {"weight_shard_size_bytes": 11}),
    "graph in shards": ("graph", _GRAPH, _GRAPH, {"weight_shard_size_bytes": 250}),
    "graph in uint8": ("graph", _GRAPH, _GRAPH, {"quantize_uint8": ["*"]}),
    "graph in float16": ("graph", _GRAPH, _GRAPH, {"quantize_float16": ["w*"]}),
    "graph with metadata": ("graph", _GRAPH, _GRAPH, {"metadata": {"labels": "labels.json"}}),
    "back from recurrent": ("3.15-rnn_stacked m.keras", _LAYERS, _H5, {}),
    "back from recurrent to an archive": ("3.15-rnn_stacked m.keras", _LAYERS, _ARCHIVE, {}),
    "back from nested": ("3.15-nested_lowered m.h5", _LAYERS, _H5, {}),
    "back from nested to an archive": ("3.15-nested_lowered m.h5", _LAYERS, _ARCHIVE, {}),
}


def all_results(scratch: Path) -> dict[str, Any]:
    """Return for each conversion what it says of itself and the digests of its files, or why it is declined."""
    sources = scratch / "sources"
    sources.mkdir()
    _write_sources(sources)
    results: dict[str, Path] = {path.name: path for path in sources.iterdir()}
    results |= {f"{_name(path)} itself": path for path in _gallery()}
    found = {}
    for number, (name, (source, have, want, options)) in enumerate(cases().items()):
        target = scratch / f"{number}{_ENDINGS.get(want, '')}"
        results[name] = target
        job = Job(results[source], have, target, want, _with_paths(options, sources), Silent())
        found[name] = _result(job)
    return found


def cases() -> dict[str, _Case]:
    """Return every conversion, an earlier one before those that read its result."""
    found: dict[str, _Case] = {}
    for path in _gallery():
        found[_name(path)] = (f"{_name(path)} itself", _H5 if path.suffix == ".h5" else _ARCHIVE, _LAYERS, {})
    return {**found, **_CASES}


def _gallery() -> list[Path]:
    """Return the models of Keras 3 in the tests' data."""
    return sorted(_GALLERY.glob("*/m.*"))


def _name(path: Path) -> str:
    return f"{path.parent.name} {path.name}"


def _result(job: Job) -> dict[str, Any]:
    try:
        facts = EDGES[job.source_format, job.target_format](job)
    except DeclinedError as refusal:
        return {"declined": refusal.reason, "route": refusal.route}
    return {"files": _digests(job.target), "facts": _rounded(json.loads(json.dumps(facts)))}


def _digests(made: Path) -> dict[str, str]:
    if made.is_dir():
        return {path.name: _digest(path.read_bytes()) for path in sorted(made.iterdir())}
    if made.suffix == ".keras":
        return _of_members(made)
    return {made.suffix: _digest(made.read_bytes())}


def _of_members(made: Path) -> dict[str, str]:
    """Return the digest of each member of an archive.

    The archive's own bytes hold the time of its making, once for each member, and ``metadata.json`` holds it again in
    ``date_saved``, which is blank here.
    """
    with zipfile.ZipFile(made) as archived:
        members = {info.filename: archived.read(info) for info in archived.infolist()}
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archived.infolist())
    members["metadata.json"], dates = _DATE.subn(rb"\1", members["metadata.json"])
    assert dates == 1
    return {f"member {name}": _digest(content) for name, content in members.items()}


def _digest(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()} of {len(content)} bytes"


def _rounded(value: Any) -> Any:
    """Return facts with the measured errors to six digits: their sums are other in the last one by processor."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def _with_paths(options: dict[str, Any], folder: Path) -> dict[str, Any]:
    metadata = {key: str(folder / name) for key, name in options.get("metadata", {}).items()}
    return {**options, "metadata": metadata} if metadata else options


def _write_sources(folder: Path) -> None:
    """Write models of every format from arithmetic alone and from draws with a fixed seed."""
    (folder / "labels.json").write_bytes(b'{"zero": ["a", "\\u00e9"], "one": 1.5}')
    norm = layer("BatchNormalization", "norm", axis=-1, epsilon=1e-3, momentum=0.99, center=True, scale=True)
    config = row(given([None, 3]), dense("zebra", 4, activation="relu"), norm, dense("ant", 2))
    roles = ("gamma", "beta", "moving_mean", "moving_variance")
    weights = {
        "zebra": {"zebra/kernel": numbers(3, 4), "zebra/bias": numbers(4) - 0.3},
        "norm": {f"norm/{role}": numbers(4) + number for number, role in enumerate(roles)},
        "ant": {"ant/kernel": numbers(4, 2) / 3, "ant/bias": numbers(2)},
    }
    whole_file(folder / "m.h5", config, weights)
    old = {**row(given([None, 3]), dense("b", 2), dense("a", 1)), "module": "keras", "registered_name": None}
    places = {f"layers/dense{end}/vars/{at}": numbers(*shape) for end, at, shape in _TWO_DENSE}
    archive(folder / "m.keras", old, places, version="2.15.0")
    _write_branches(folder / "branches.h5")
    _write_rewritten(folder)


_TWO_DENSE = (("", 0, (3, 2)), ("", 1, (2,)), ("_1", 0, (2, 1)), ("_1", 1, (1,)))


def _write_branches(path: Path) -> None:
    entry = given([None, 3], "entry")
    config = graph(
        {**entry, "name": "entry", "inbound_nodes": []},
        called(dense("left", 2), ["entry"]),
        called(dense("right", 2, activation="tanh"), ["entry"]),
        called(dense("twice", 2), ["left"], ["right"]),
        {**layer("Add", "sum"), "name": "sum", "inbound_nodes": [[["twice", 0, 0, {}], ["twice", 1, 0, {}]]]},
        inputs=["entry"],
        outputs=["sum"],
    )
    names = {"left": (3, 2), "right": (3, 2), "twice": (2, 2)}
    weights = {
        name: {f"{name}/kernel": numbers(*shape) + at, f"{name}/bias": numbers(2) - at}
        for at, (name, shape) in enumerate(names.items())
    }
    whole_file(path, config, weights)


def _write_rewritten(folder: Path) -> None:
    """Write the models that conversions from a format to itself start from."""
    dice = np.random.Generator(np.random.PCG64(11))
    drawn = {name: (dice.random(shape) - 0.5).astype("f4") for name, shape in _DRAWN.items()}
    save(folder / "layers", [[Stored(name, array) for name, array in drawn.items()]], cut=500, format="layers-model")
    codes = np.array([[0, 7, 255], [128, 1, 2]], "uint8")
    dtypes = [
        Stored("flags", np.array([True, False, True], "bool")),
        texts("words", [b"", "ü".encode(), b"\xff\x00"]),
        Stored("complex", np.array([1 + 2j], "complex64")),
        Stored("scalar", np.array(3, "float32")),
        Stored("none", np.zeros((0, 2), "float32")),
        Stored("whole", np.array([[1], [-2]], "int32")),
        quantized("codes", codes, low=-1, scale=0.5),
    ]
    save(folder / "dtypes", [dtypes], cut=7)
    nodes = [
        graph_node("x", "Placeholder"),
        graph_node("w", "Const"),
        graph_node("b", "Const"),
        graph_node("shape", "Const"),
        graph_node("product", "MatMul", "x", "w"),
        graph_node("sum", "BiasAdd", "product", "b"),
        graph_node("y", "Reshape", "sum", "shape"),
    ]
    weights = [
        Stored("w", drawn["dense/kernel"]),
        Stored("b", drawn["dense/bias"]),
        Stored("shape", np.array([-1, 7], "int32")),
    ]
    topology = {"node": nodes, "library": {}, "versions": {}}
    save(folder / "graph", [weights], format="graph-model", modelTopology=topology)


_DRAWN: dict[str, tuple[int, ...]] = {
    "dense/kernel": (30, 7),
    "dense/bias": (7,),
    "conv/kernel": (3, 3, 7, 16),
    "conv/bias": (16,),
    "batch_normalization/gamma": (16,),
    "batch_normalization/moving_variance": (16,),
}
