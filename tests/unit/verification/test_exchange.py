"""Exchange sets: what is written is read again, the same in the worker's own code, byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.verification import exchange
from workflow.verification.asking import Feed, save_feed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DTYPES = ("float32", "float64", "float16", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64")


def some(dtype: str) -> NDArray[Any]:
    return np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)


@pytest.mark.parametrize("counts", [(2,), (1, 3)])
def test_all_feeds_are_saved_as_one_file_of_samples(tmp_path: Path, counts: tuple[int, ...]) -> None:
    every = np.arange(2 * sum(counts), dtype=np.float32).reshape(-1, 2)
    feeds, begin = [], 0
    for number, count in enumerate(counts):
        exchange.write(
            tmp_path / str(number), {"x": every[begin : begin + count], "y": every[begin : begin + count, :1]}
        )
        feeds.append(Feed(tmp_path / str(number), tmp_path / "none", count))
        begin += count
    save_feed(feeds, tmp_path / "kept" / "inputs.npz")
    with np.load(tmp_path / "kept" / "inputs.npz") as saved:
        assert {name: saved[name].tolist() for name in saved} == {"x": every.tolist(), "y": every[:, :1].tolist()}


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_come_back_exactly(tmp_path: Path, dtype: str) -> None:
    exchange.write(tmp_path, {"x": some(dtype)})
    back = exchange.read(tmp_path)["x"]
    assert back.dtype == np.dtype(dtype)
    assert np.array_equal(back, some(dtype))


def test_what_is_not_finite_comes_back_bit_for_bit(tmp_path: Path) -> None:
    odd = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], np.float32)
    exchange.write(tmp_path, {"x": odd})
    assert exchange.read(tmp_path)["x"].tobytes() == odd.tobytes()


def test_text_of_any_length_comes_back(tmp_path: Path) -> None:
    words = np.array([["", "ü"], ["a\0b", "日本語"]], object)
    exchange.write(tmp_path, {"x": words})
    back = exchange.read(tmp_path)["x"]
    assert back.shape == (2, 2)
    assert [text.decode() for text in back.ravel()] == words.ravel().tolist()


def test_shapes_without_and_with_no_values_come_back(tmp_path: Path) -> None:
    exchange.write(tmp_path, {"scalar": np.array(1.5, np.float32), "empty": np.zeros((0, 3), np.int32)})
    assert {name: array.shape for name, array in exchange.read(tmp_path).items()} == {"scalar": (), "empty": (0, 3)}


def test_order_and_odd_names_are_kept(tmp_path: Path) -> None:
    names = ["z/y:0", "a b", "../up", "名"]
    exchange.write(tmp_path, {name: np.zeros(1, np.float32) for name in names})
    assert list(exchange.read(tmp_path)) == names
    assert {entry.name for entry in tmp_path.iterdir()} == {"tensors.json", "0.bin", "1.bin", "2.bin", "3.bin"}


def test_files_are_little_endian_whatever_the_array_is(tmp_path: Path) -> None:
    exchange.write(tmp_path, {"x": np.array([1, 2], ">i4"), "y": np.arange(4, dtype=np.float32).reshape(2, 2).T})
    assert (tmp_path / "0.bin").read_bytes() == b"\1\0\0\0\2\0\0\0"
    assert exchange.read(tmp_path)["y"].tolist() == [[0, 2], [1, 3]]


def test_the_index_says_what_is_there(tmp_path: Path) -> None:
    exchange.write(tmp_path, {"flags": np.array([True]), "words": np.array(["x"])})
    index = json.loads((tmp_path / "tensors.json").read_text(encoding="utf-8"))
    assert index == [
        {"name": "flags", "shape": [1], "dtype": "bool", "file": "0.bin"},
        {"name": "words", "shape": [1], "dtype": "string", "file": "1.bin"},
    ]


def test_a_file_that_is_short_is_refused(tmp_path: Path) -> None:
    exchange.write(tmp_path, {"x": np.zeros(4, np.float32)})
    (tmp_path / "0.bin").write_bytes(bytes(12))
    with pytest.raises(ValueError, match="reshape"):
        exchange.read(tmp_path)
