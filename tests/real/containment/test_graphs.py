"""Graphs that ask for gigabytes are refused before anything of them runs, and tables read the model's own files."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.bridge.warm_worker import Worker

pytestmark = pytest.mark.real


@pytest.fixture
def models(made: Path, workers: dict[str, Worker]) -> tuple[Path, Worker]:
    """The folder of models, and the worker that reads them."""
    return made, workers["tfjs"]


TABLES = ["with_table", "with_table_of_1"]
FROZEN = {
    "constant": "the constant splat claims 2.0 GB",
    "fill": "(Fill) makes a tensor of 2.0 GB",
    "range": "(Range) makes a tensor of 2.0 GB",
    "tile": "(Tile) makes a tensor of 2.0 GB",
    "random": "makes a tensor of 2.0 GB",
    "pad": "(Pad) makes a tensor of 2.0 GB",
    "grown": "of one example",
    "table": "",
}


@pytest.mark.parametrize("job", ["source", "graph"])
@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_graph_that_is_vast_or_reads_files_is_refused(
    name: str, job: str, made: Path, workers: dict[str, Worker], refusal: Callable[..., str]
) -> None:
    said = refusal(workers["tfjs"], job, {"path": str(made / f"{name}.pb"), "format": "tf_frozen_model"})
    assert FROZEN[name] in said


@pytest.mark.parametrize("job", ["source", "graph"])
@pytest.mark.parametrize(("name", "words"), [("of_fill", "(Fill) makes a tensor"), ("of_grown", "of one example")])
def test_so_is_a_saved_model(
    name: str, words: str, job: str, models: tuple[Path, Worker], refusal: Callable[..., str]
) -> None:
    made, worker = models
    said = refusal(worker, job, {"path": str(made / name), "format": "tf_saved_model"})
    assert words in said


def graph_of(worker: Worker, source: dict[str, Any], folder: Path) -> dict[str, Any]:
    return worker.run("graph", {"source": source, "output": str(folder / "out")}, log=folder / "log", timeout=100)


def test_a_sound_graph_passes(made: Path, workers: dict[str, Worker], tmp_path: Path) -> None:
    assert graph_of(workers["tfjs"], {"path": str(made / "sound.pb"), "format": "tf_frozen_model"}, tmp_path)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_reads_an_asset_of_its_own_model_passes(
    name: str, made: Path, workers: dict[str, Worker], tmp_path: Path
) -> None:
    assert graph_of(workers["tfjs"], {"path": str(made / name), "format": "tf_saved_model"}, tmp_path)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("asset", ["../../a.t", "/etc/host"])
def test_a_table_whose_asset_climbs_out_is_refused(
    name: str, asset: str, models: tuple[Path, Worker], refusal: Callable[..., str], tmp_path: Path
) -> None:
    made, worker = models
    folder = shutil.copytree(made / name, tmp_path / "m")
    content = (folder / "saved_model.pb").read_bytes()
    own, other = b"\x09words.txt", b"\x09" + asset.encode()  # of the same length, which stands in front
    assert own in content
    (folder / "saved_model.pb").write_bytes(content.replace(own, other))
    said = refusal(worker, "graph", {"path": str(folder), "format": "tf_saved_model"})
    assert "its asset" in said
