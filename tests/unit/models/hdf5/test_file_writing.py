"""HDF5 written by ourselves: h5py reads it, and goes on with it, as if it had written it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from workflow.models.hdf5 import file_reading
from workflow.models.hdf5.file_writing import NewData, NewGroup, write_file
from workflow.models.hdf5.objects import StoredGroup

if TYPE_CHECKING:
    from pathlib import Path

    Array = np.ndarray[Any, Any]

ARRAYS = {
    "floats": np.arange(6, dtype="float32").reshape(2, 3),
    "whole": np.arange(-2, 2, dtype="int32"),
    "flags": np.array([True, False, True]),
    "single": np.array(1.5, "float32"),
    "empty": np.zeros((0, 3), "float32"),
    "deep/down/here": np.ones((2, 1, 2), "float32"),
}
TEXTS: dict[str, str | list[bytes]] = {
    "text": "é 模型",
    "long": "x" * 200_000,
    "empty": "",
    "names": [b"a", b"bcd", b""],
    "none": [],
}


def data(array: Array) -> NewData:
    raw = array.tobytes()
    halves = [raw[:3], raw[3:]]
    return NewData(array.shape, str(array.dtype), lambda: [memoryview(half) for half in halves if half])


def written(path: Path, root: NewGroup) -> Path:
    write_file(path, root)
    return path


def filled() -> NewGroup:
    root = NewGroup(attrs=dict(TEXTS))
    for name, array in ARRAYS.items():
        root.add(name, data(array))
    return root


def test_h5py_reads_arrays_and_texts(tmp_path: Path) -> None:
    with h5py.File(written(tmp_path / "m.h5", filled()), "r") as file:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(file[name][()], array, strict=True)
        found = dict(file.attrs)
        assert {name: found[name] for name in ("text", "long", "empty")} == {
            name: TEXTS[name] for name in ("text", "long", "empty")
        }
        assert (found["names"].tolist(), found["none"].tolist()) == (TEXTS["names"], [])


def test_the_bytes_of_a_file_are_always_the_same(tmp_path: Path) -> None:
    content = written(tmp_path / "m.h5", filled()).read_bytes()
    assert hashlib.sha256(content).hexdigest() == "0810d6f666255ca6969c3ce7b187572b93d1fcbc2f09798d611206617df7065c"


def test_our_own_reader_needs_no_library_for_it(tmp_path: Path) -> None:
    with written(tmp_path / "m.h5", filled()).open("rb") as raw, file_reading.opened(raw) as root:
        assert isinstance(root, StoredGroup)
        assert root.attrs["text"] == TEXTS["text"]
        assert root.data("floats").read().tobytes() == ARRAYS["floats"].tobytes()


@pytest.mark.parametrize("count", [0, 1, 8, 9, 256, 257, 3000])
def test_groups_of_any_size_are_found_by_name_and_can_be_added_to(tmp_path: Path, count: int) -> None:
    names = [f"n{number * 7919 % 10007}" for number in range(count)]
    root = NewGroup()
    for name in names:
        root.group(f"many/{name}")
    root.group("many")
    path = written(tmp_path / "m.h5", root)
    with h5py.File(path, "a") as file:
        many = file["many"]
        assert list(many) == sorted(names)
        assert all(name in many for name in names)
        assert "absent" not in many
        for number in range(40):
            many.create_group(f"later{number}")
    with h5py.File(path, "r") as file:
        assert len(file["many"]) == count + 40


def test_one_group_may_have_two_names(tmp_path: Path) -> None:
    root = filled()
    root.put("again", root.group("deep"))
    with h5py.File(written(tmp_path / "m.h5", root), "r") as file:
        assert file["again"] == file["deep"]
        assert file["again/down/here"].shape == (2, 1, 2)
        assert h5py.h5o.get_info(file["deep"].id).rc == 2


@pytest.mark.parametrize("name", ["floats", "floats/inner", "", ".", "a//b", "a\0b"])
def test_what_a_group_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot hold|is an array already"):
        filled().add(name, data(ARRAYS["whole"]))


def test_a_list_of_names_beyond_64_kb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="64 kB are the most"):
        write_file(tmp_path / "m.h5", NewGroup(attrs={"names": [b"x" * 100] * 1000}))


def test_an_array_of_another_size_than_announced_is_a_bug_of_ours(tmp_path: Path) -> None:
    root = NewGroup()
    root.add("short", NewData((3,), "float32", lambda: [memoryview(bytes(8))]))
    with pytest.raises(ValueError, match="8 bytes came for an array of 12"):
        write_file(tmp_path / "m.h5", root)
