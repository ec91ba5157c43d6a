"""A graph model with the right weights and one thing in its graph or signature wrong: it fails, and says where."""

from __future__ import annotations

import json
import shutil
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.verification.conftest import Lab

    Json = dict[str, Any]
    Change = Callable[[Json], None]

pytestmark = pytest.mark.real

PLACES: Json = {"runtimes": ("python", "node"), "backends": {"node": ("cpu",)}}


def _node(document: Json, ending: str) -> Json:
    (found,) = (node for node in document["modelTopology"]["node"] if node["name"].endswith(f"/{ending}"))
    return dict(found)


def _attributes(ending: str, **changes: Any) -> Change:
    def change(document: Json) -> None:
        attributes = _node(document, ending)["attr"]
        assert {key: attributes[key] for key in changes} != changes
        attributes.update(changes)

    return change


def _operation(ending: str, op: str) -> Change:
    def change(document: Json) -> None:
        for node in document["modelTopology"]["node"]:
            node["op"] = op if node["name"].endswith(f"/{ending}") else node["op"]

    return change


def _text(word: str) -> Json:
    return {"s": b64encode(word.encode()).decode()}


def _fused(*ops: str) -> Json:
    return {"list": {"s": [b64encode(op.encode()).decode() for op in ops]}}


def _list(*numbers: int) -> Json:
    return {"list": {"i": list(map(str, numbers))}}


def _renamed(side: str, old: str, new: str) -> Change:
    def change(document: Json) -> None:
        ports = document["signature"][side]
        document["signature"][side] = {new if name == old else name: port for name, port in ports.items()}

    return change


def _exchanged(side: str, one: str, other: str) -> Change:
    """Have two names of a signature stand for each other's tensors."""

    def change(document: Json) -> None:
        ports = document["signature"][side]
        ports[one], ports[other] = ports[other], ports[one]

    return change


def _gone(document: Json) -> None:
    del document["signature"]["outputs"]["sums"]


def _fixed(document: Json) -> None:
    document["signature"]["inputs"]["image"]["tensorShape"]["dim"][1]["size"] = "16"


def _typed(document: Json) -> None:
    document["signature"]["inputs"]["image"]["dtype"] = "DT_INT32"


def _skipped(ending: str) -> Change:
    """Have whoever reads a node read what that one reads first."""

    def change(document: Json) -> None:
        node = _node(document, ending)
        for each in document["modelTopology"]["node"]:
            each["input"] = [node["input"][0] if name == node["name"] else name for name in each.get("input", ())]

    return change


SEEN: dict[str, tuple[str, str, Change]] = {
    "an output renamed": ("windows", "last", _renamed("outputs", "last", "best")),
    "an input renamed": ("windows", "image", _renamed("inputs", "image", "photo")),
    "an output left out": ("two_ends", "sums", _gone),
    "an open height taken for a fixed one": ("windows", "image", _fixed),
    "another type of an input": ("windows", "image", _typed),
}
"""What the files alone show: the model, what is named, and what is wrong."""

ANSWERED: dict[str, tuple[str, Change]] = {
    "strides forgotten": (
        "windows",
        _attributes("separable/separable_conv2d/depthwise", strides=_list(1, 1, 1, 1)),
    ),
    "valid for same": ("windows", _attributes("pool/MaxPool", padding=_text("VALID"))),
    "a pool of another size": ("windows", _attributes("pool/MaxPool", ksize=_list(1, 2, 2, 1))),
    "a mean for a maximum": ("windows", _operation("pool/MaxPool", "AvgPool")),
    "another activation of a fused operation": (
        "windows",
        _attributes("conv/Relu6", fused_ops=_fused("BiasAdd", "Relu")),
    ),
    "an activation left out of a fused operation": ("windows", _attributes("conv/Relu6", fused_ops=_fused("BiasAdd"))),
    "another slope": ("windows", _attributes("bent/LeakyRelu", leakyrelu_alpha={"f": 1.0})),
    "another activation": ("windows", _operation("spread/Elu", "Selu")),
    "a difference for a sum": ("windows", _operation("norm/FusedBatchNormV3", "Sub")),
    "a normalization passed over": ("windows", _skipped("norm/FusedBatchNormV3")),
    "a factor passed over": ("windows", _skipped("norm/FusedBatchNormV3/Mul")),
    "a crop that begins at the edge": ("windows", _attributes("inner/strided_slice", begin_mask={"i": "15"})),
    "logarithms of shares": ("windows", _operation("shares/Softmax", "LogSoftmax")),
    "a maximum for a mean": ("windows", _operation("mean/Mean", "Max")),
    "an axis kept": ("windows", _attributes("mean/Mean", keep_dims={"b": True})),
    "a kernel transposed when it is used": ("windows", _attributes("last/Tanh/matmul", transpose_b={"b": True})),
    "outputs exchanged": ("two_ends", _exchanged("outputs", "classes", "sums")),
}
"""What only running it shows."""


def _written(lab: Lab, model: str, folder: Path, change: Change) -> tuple[Subject, Subject]:
    source = lab.source(model)
    right = lab.graph(source)
    shutil.copytree(right.path, folder / "graph")
    document = json.loads((folder / "graph" / "model.json").read_text())
    change(document)
    (folder / "graph" / "model.json").write_text(json.dumps(document))
    return Subject(folder / "graph", "tfjs_graph_model"), source


@pytest.mark.parametrize("model", ["windows", "two_ends"])
def test_what_is_written_rightly_passes_on_all_levels(lab: Lab, model: str, tmp_path: Path) -> None:
    report = lab.verify(*_written(lab, model, tmp_path, lambda _: None), **PLACES)
    assert report.verdict == "passed", report


@pytest.mark.parametrize("what", SEEN)
def test_what_the_files_show_is_seen_with_nothing_run(lab: Lab, what: str, tmp_path: Path) -> None:
    model, name, change = SEEN[what]
    report = lab.verify(*_written(lab, model, tmp_path, change), enabled=False)
    assert report.failed is not None, report
    assert name in report.failed.findings[0].text


@pytest.mark.parametrize("what", ANSWERED)
def test_what_computes_otherwise_fails_and_something_of_the_model_is_named(lab: Lab, what: str, tmp_path: Path) -> None:
    model, change = ANSWERED[what]
    result, source = _written(lab, model, tmp_path, change)
    report = lab.verify(result, source, **PLACES)
    assert report.failed is not None, report
    document = json.loads((result.path / "model.json").read_text())
    ports = [name for side in ("inputs", "outputs") for name in document["signature"][side]]
    names = [*ports, *(node["name"] for node in document["modelTopology"]["node"] if "/" in node["name"])]
    told = [finding.text for finding in report.failed.findings]
    assert any(name in told[0] for name in names), told


def test_a_node_that_fails_is_named(lab: Lab, tmp_path: Path) -> None:
    _, change = ANSWERED["a kernel transposed when it is used"]
    report = lab.verify(*_written(lab, "windows", tmp_path, change), **PLACES)
    assert report.failed is not None
    assert report.failed.findings[0].text.endswith("(in the node StatefulPartitionedCall/model/last/Tanh/matmul)")
