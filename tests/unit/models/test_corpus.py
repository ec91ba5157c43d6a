"""Real models of the open world, where the corpus is at hand: beside the checkout, as shared/corpus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.unit.models.refusals import refused
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

CORPUS = ROOT.parent / "shared" / "corpus"
INDEX = CORPUS / "index.json"
pytestmark = pytest.mark.skipif(not INDEX.is_file(), reason=f"the corpus of example models is not at {CORPUS}")

FORMATS: dict[str, Format] = {
    "h5": "keras",
    "saved_model": "tf_saved_model",
    "frozen": "tf_frozen_model",
    "layers": "tfjs_layers_model",
    "graph": "tfjs_graph_model",
}
REFUSED: dict[str, tuple[Format, tuple[str, ...]]] = {
    "h5/keras1_2_sequential": ("keras", ("Keras 1.2.0",)),
    "h5_weights_only/cartpole_keras2": ("keras", ("without the topology", "load_weights")),
    "h5_weights_only/catcher_hdf5_named_keras": ("keras", ("without the topology", "model.save")),
    "broken/lenet_lfs_pointer": ("keras", ("git-LFS pointer", "3,156,272 bytes", "git lfs pull")),
    "broken/lenet_crlf": ("keras", ("line ends", ".gitattributes")),
    "broken/empty_hdf5": ("keras", ("nothing in it",)),
    "broken/dataset_hdf5": ("keras", ("no Keras model", "'states'")),
    "broken/missing_shards": (
        "tfjs_layers_model",
        ("5 of 6 weight files are missing", "group1-shard1of6", "1,389,349 bytes found", "22,360,869 expected"),
    ),
}
NAMES = [str(item["name"]) for item in json.loads(INDEX.read_text())] if INDEX.is_file() else []
GOOD = [name for name in NAMES if name not in REFUSED]


def model_in(name: str) -> Path:
    folder = CORPUS / name
    if name.startswith("saved_model/"):
        return folder
    (model,) = list(folder.glob("*.json")) or list(folder.iterdir())
    return model


def test_every_refused_item_is_in_the_index() -> None:
    assert set(REFUSED) <= set(NAMES)


@pytest.mark.parametrize("name", GOOD)
def test_a_sound_model_passes_with_all_its_bytes(name: str) -> None:
    summary = inspect_model(model_in(name), FORMATS[name.partition("/")[0]])
    total = sum(file.stat().st_size for file in (CORPUS / name).rglob("*") if file.is_file())
    assert summary.bytes == total


@pytest.mark.parametrize("name", [name for name in REFUSED if name in NAMES])
def test_a_broken_one_is_refused_with_the_right_words(name: str) -> None:
    expected, words = REFUSED[name]
    refused(model_in(name), expected, *words)


def test_hdf5_weights_under_a_keras_name_are_no_archive() -> None:
    refused(model_in("h5_weights_only/catcher_hdf5_named_keras"), "keras_keras", "it is an HDF5 file")


def test_keras_3_in_hdf5_is_warned_about() -> None:
    assert "Keras 3.7.0" in inspect_model(model_in("h5/keras3_7_resnet"), "keras").warnings[0]


@pytest.mark.parametrize("name", ["keyword_spotting", "keras_two_inputs"])
def test_keras_folders_from_before_tensorflow_2_5_can_give_layers(name: str) -> None:
    summary = inspect_model(CORPUS / "saved_model" / name, "keras_saved_model")
    assert summary.details["keras_notes"] is False


@pytest.mark.parametrize("name", ["half_plus_two_tf1", "multi_output"])
def test_folders_without_keras_cannot(name: str) -> None:
    refused(CORPUS / "saved_model" / name, "keras_saved_model", "keras_metadata.pb")
