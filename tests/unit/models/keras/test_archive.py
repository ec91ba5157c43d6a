"""The .keras archive: weights by class and count, names as a check, zips that are not what they seem."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from tests.unit.conversion.native.keras.files import archive, converted, dense, given, numbers, row
from workflow.base.errors import DeclinedError, ModelFileError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Arrays, Config


def keras3(entry: Config) -> Config:
    """Return a layer as Keras 3 writes it."""
    config = dict(entry["config"])
    if entry["class_name"] == "InputLayer":
        config["batch_shape"] = config.pop("batch_input_shape")
        config["optional"] = False
    else:
        config["dtype"] = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    return {"module": "keras.layers", "registered_name": None, "class_name": entry["class_name"], "config": config}


def two(units: tuple[int, int] = (2, 1)) -> Config:
    model = row(keras3(given([None, 3])), keras3(dense("b", units[0])), keras3(dense("a", units[1])))
    return {**model, "module": "keras", "registered_name": None}


def places(prefix: str = "layers", second: str = "dense_1") -> Arrays:
    return {
        f"{prefix}/dense/vars/0": numbers(3, 2),
        f"{prefix}/dense/vars/1": numbers(2),
        f"{prefix}/{second}/vars/0": numbers(2, 1),
        f"{prefix}/{second}/vars/1": numbers(1),
    }


def test_weights_lie_under_class_and_count_and_not_under_names(tmp_path: Path) -> None:
    config, weights, _ = converted(archive(tmp_path / "m.keras", two(), places()))
    assert list(weights) == ["b/kernel", "b/bias", "a/kernel", "a/bias"]
    assert np.array_equal(weights["b/kernel"], numbers(3, 2))
    first = config["config"]["layers"][0]
    assert first["config"]["batch_input_shape"] == [None, 3]
    assert "module" not in json.dumps(config)


def test_keras_2_counts_layers_with_weights_twice(tmp_path: Path) -> None:
    config = row(given([None, 3]), dense("b", 2), dense("a", 1))
    old = {**config, "module": "keras", "registered_name": None}
    source = archive(tmp_path / "m.keras", old, places("_layer_checkpoint_dependencies", "dense_2"), version="2.13.1")
    assert list(converted(source)[1]) == ["b/kernel", "b/bias", "a/kernel", "a/bias"]


def test_the_name_in_the_archive_is_a_check(tmp_path: Path) -> None:
    source = archive(tmp_path / "m.keras", two(), places())
    swap_names(source, "a")
    with pytest.raises(DeclinedError, match="keeps the weights of 'a' where those of 'b' should be"):
        converted(source)


def swap_names(source: Path, name: str) -> None:
    with zipfile.ZipFile(source) as zipped:
        members = {info: zipped.read(info) for info in zipped.namelist()}
    weights = source.with_suffix(".h5")
    weights.write_bytes(members["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        file["layers/dense/vars"].attrs["name"] = name
    with zipfile.ZipFile(source, "w") as zipped:
        for member, raw in members.items():
            zipped.writestr(member, weights.read_bytes() if member == "model.weights.h5" else raw)


def test_a_compressed_archive_is_read(tmp_path: Path) -> None:
    plain = archive(tmp_path / "plain.keras", two(), places())
    packed = tmp_path / "packed.keras"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert list(converted(packed)[1]) == list(converted(plain)[1])
    assert {path.name for path in tmp_path.iterdir()} == {
        *("plain.keras", "packed.keras", "plain.keras.layers", "packed.keras.layers")
    }


@pytest.mark.parametrize("missing", ["config.json", "metadata.json", "model.weights.h5"])
def test_an_archive_without_one_of_its_members_is_refused(tmp_path: Path, missing: str) -> None:
    whole = archive(tmp_path / "whole.keras", two(), places())
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "m.keras", "w") as target:
        for name in set(source.namelist()) - {missing}:
            target.writestr(name, source.read(name))
    with pytest.raises(ModelFileError, match=f"it has no {missing}"):
        converted(tmp_path / "m.keras")


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    source = archive(tmp_path / "m.keras", two(), places())
    raw = source.read_bytes().replace(numbers(3, 2).tobytes(), numbers(3, 2)[::-1].tobytes())
    source.write_bytes(raw)
    with pytest.raises(ModelFileError, match="not those that the archive was made of"):
        converted(source)


def test_custom_classes_are_declined_by_layer_name_even_under_a_known_class_name(tmp_path: Path) -> None:
    own: dict[str, Any] = {**keras3(dense("mine", 2)), "module": "my_layers"}
    model = {**row(keras3(given([None, 3])), own), "module": "keras", "registered_name": None}
    with pytest.raises(DeclinedError, match=r"layer 'mine'.*'my_layers>Dense'") as caught:
        converted(archive(tmp_path / "m.keras", model, places()))
    assert caught.value.route == "graph"


def test_a_subclassed_model_is_declined(tmp_path: Path) -> None:
    model = {"module": "mine", "class_name": "Net", "config": {"name": "net"}, "registered_name": "Mine>Net"}
    with pytest.raises(DeclinedError, match="a class of its own, 'Net'"):
        converted(archive(tmp_path / "m.keras", model, places()))
