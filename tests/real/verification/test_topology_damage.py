"""Changes of a topology that leave every weight as it is: caught by running, and located."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.verification import changes
from workflow.verification.levels import verify
from workflow.verification.requests import NotRun, Subject
from workflow.verification.searching import SearchResult, search

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.verification.conftest import Lab
    from workflow.catalogue.formats import Format

pytestmark = pytest.mark.real

LAYERS: Format = "tfjs_layers_model"
GRAPH: Format = "tfjs_graph_model"


def _class(folder: Path, name: str, class_name: str) -> None:
    def change(config: dict[str, Any]) -> None:
        next(layer for layer in config["layers"] if layer["config"]["name"] == name)["class_name"] = class_name

    changes.model_config(change)(folder)


def _pool(folder: Path) -> None:
    _class(folder, "pool", "AveragePooling2D")


def _multiply(folder: Path) -> None:
    _class(folder, "add", "Multiply")


CHANGES = [
    ("a pool that averages", "pool", _pool),
    ("another stride", "depthwise", changes.layer("depthwise", strides=[1, 1])),
    ("another padding", "depthwise", changes.layer("depthwise", padding="valid")),
    ("a product for a sum", "add", _multiply),
]


SEEN = [
    ("conv_1", changes.layer("conv_1", activation="linear")),
    ("hidden", changes.layer("hidden", activation="relu")),
    ("norm", changes.layer("norm", epsilon=0.5)),
]


@pytest.mark.parametrize(("layer", "hurt"), SEEN, ids=[layer for layer, _ in SEEN])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "uint16"])
def test_an_option_that_the_files_show_names_its_layer_whatever_quantizing_does(
    layer: str, hurt: Callable[[Path], None], dtype: str, lab: Lab, tmp_path: Path
) -> None:
    source = lab.source("network")
    flags = [] if dtype == "float32" else [f"--quantize_{dtype}=*"]
    shutil.copytree(lab.converted(source, LAYERS, *flags).path, tmp_path / "bad")
    hurt(tmp_path / "bad")
    case = lab.case(Subject(tmp_path / "bad", LAYERS), source)
    report = verify(case, lab.places)
    assert report.failed is not None
    assert (report.failed.level, report.failed.findings[0].subject) == ("contract", layer)
    found = search(case, lab.places, report=report, keep=tmp_path / "keep")
    assert isinstance(found, NotRun)
    assert found.why == "nothing to locate: the contract level names the layers, inputs or outputs"


@pytest.mark.parametrize(("what", "layer", "hurt"), CHANGES, ids=[change[0] for change in CHANGES])
def test_a_changed_layer_is_caught_and_located(
    what: str, layer: str, hurt: Callable[[Path], None], lab: Lab, tmp_path: Path
) -> None:
    source = lab.source("network")
    shutil.copytree(lab.converted(source, LAYERS).path, tmp_path / "bad")
    hurt(tmp_path / "bad")
    case = lab.case(Subject(tmp_path / "bad", LAYERS), source)
    report = verify(case, lab.places)
    assert report.failed is not None
    assert report.failed.level == "outputs"
    found = search(case, lab.places, report=report, keep=tmp_path / "keep")
    assert isinstance(found, SearchResult), found
    assert found.located.point.name == layer
    assert found.located.cuts <= 9


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_changed_layer_is_told_from_what_quantizing_does(dtype: str, lab: Lab, tmp_path: Path) -> None:
    source = lab.source("network")
    shutil.copytree(lab.converted(source, LAYERS, f"--quantize_{dtype}=*").path, tmp_path / "bad")
    changes.layer("depthwise", strides=[1, 1])(tmp_path / "bad")
    case = lab.case(Subject(tmp_path / "bad", LAYERS), source)
    report = verify(case, lab.places)
    assert report.failed is not None
    found = search(case, lab.places, report=report, keep=tmp_path / "keep")
    assert isinstance(found, SearchResult), found
    assert found.located.point.name == "depthwise"


@pytest.mark.parametrize(("name", "target", "kind"), [("bilinear", LAYERS, "UpSampling2D")])
def test_what_javascript_computes_otherwise_is_located(
    name: str, target: Format, kind: str, lab: Lab, tmp_path: Path
) -> None:
    source = lab.source(name)
    case = lab.case(lab.converted(source, target), source)
    found = search(case, lab.places, report=verify(case, lab.places), keep=tmp_path / "keep")
    assert isinstance(found, SearchResult), found
    assert found.located.point.kind == kind
    assert found.place == "node wasm"


def test_a_normalization_that_javascript_computes_otherwise_is_located_in_the_graph(lab: Lab, tmp_path: Path) -> None:
    source = lab.source("layer_normalization")
    case = lab.case(lab.converted(source, GRAPH), source)
    found = search(case, lab.places, report=verify(case, lab.places), keep=tmp_path / "keep")
    assert isinstance(found, SearchResult), found
    assert found.located.point.kind == "FusedBatchNormV3"
