"""Every Keras file and layers model of the corpus to the other side and back, or declined with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.conversion.native.models import numbers, rewrite
from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

pytestmark = pytest.mark.real

CONVERTED = [
    *("h5/keras2_0_mini_xception", "h5/keras2_13_wakeword", "h5/keras2_4_autoencoder"),
    *("h5/keras2_4_nested_sequential", "h5/keras2_4_resnet", "h5/keras3_7_resnet", "h5/lenet", "h5/xor"),
]
DECLINED = {
    "h5/keras2_11_magika": "layer 'tf.cast'",
    "h5/keras2_2_srgan_generator": "TensorFlowOpLayer",
}
REFUSED = {
    "broken/dataset_hdf5": "no Keras model",
    "broken/empty_hdf5": "an HDF5 file with nothing in it",
    "broken/lenet_crlf": "not a sound HDF5|damaged",
    "broken/lenet_lfs_pointer": "not",
    "h5/keras1_2_sequential": "Keras 1",
    "h5_weights_only/cartpole_keras2": "weights without the topology",
    "h5_weights_only/catcher_hdf5_named_keras": "weights without the topology",
}
LAYERS = ("crepe", "doodlenet", "gru_sentiment", "nsfw_mobilenet_v2", "tfjs_made", "xor")
BACK: tuple[tuple[Format, str], ...] = (("keras", "back.h5"), ("keras_keras", "back.keras"))


def only_file(folder: Path) -> Path:
    (file,) = (file for file in folder.iterdir() if file.suffix in {".h5", ".hdf5", ".keras"})
    return file


def convert(source: Path, target: Path, formats: tuple[Format, Format]) -> Path:
    EDGES[formats](Job(source, formats[0], target, formats[1], {}, Silent()))
    return target


def test_every_keras_file_of_the_corpus_is_spoken_of(corpus: Path) -> None:
    folders = {*(corpus / "h5").iterdir(), *(corpus / "h5_weights_only").iterdir(), *(corpus / "broken").iterdir()}
    names = {folder.relative_to(corpus).as_posix() for folder in folders} - {"broken/missing_shards"}
    assert names == {*CONVERTED, *DECLINED, *REFUSED}
    assert {folder.name for folder in (corpus / "layers").iterdir()} == set(LAYERS)


@pytest.mark.parametrize("name", CONVERTED)
def test_a_keras_file_comes_back_with_the_same_weights(corpus: Path, tmp_path: Path, name: str) -> None:
    source = only_file(corpus / name)
    layers = convert(source, tmp_path / "layers", ("keras", "tfjs_layers_model"))
    require_the_same_both_ways(layers, tmp_path)
    rewrite(layers, tmp_path / "small", quantize_uint8=["*"])
    rewrite(tmp_path / "small", tmp_path / "large", dequantize=True)
    assert numbers(tmp_path / "large").keys() == numbers(layers).keys()


@pytest.mark.parametrize("name", LAYERS)
def test_a_layers_model_comes_back_with_the_same_weights(corpus: Path, tmp_path: Path, name: str) -> None:
    require_the_same_both_ways(corpus / "layers" / name, tmp_path)


def require_the_same_both_ways(layers: Path, folder: Path) -> None:
    """Go to both Keras formats and back, which must give the same weights."""
    expected = sorted(array.tobytes() for array in numbers(layers).values())
    for kind, file in BACK:
        made = convert(layers, folder / file, ("tfjs_layers_model", kind))
        back = convert(made, folder / f"{file}.layers", (kind, "tfjs_layers_model"))
        assert sorted(array.tobytes() for array in numbers(back).values()) == expected, file


@pytest.mark.parametrize("name", DECLINED)
def test_what_layers_cannot_say_is_declined_by_layer(corpus: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(DeclinedError, match=DECLINED[name]) as declined:
        convert(only_file(corpus / name), tmp_path / "layers", ("keras", "tfjs_layers_model"))
    assert declined.value.route == "graph"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_model_is_refused(corpus: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelFileError, match=REFUSED[name]):
        convert(only_file(corpus / name), tmp_path / "layers", ("keras", "tfjs_layers_model"))
    assert not (tmp_path / "layers").exists()
