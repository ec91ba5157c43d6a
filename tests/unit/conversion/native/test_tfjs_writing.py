from __future__ import annotations

import json
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.base.errors import ConversionError, ModelFileError, StorageError
from workflow.conversion.native.tfjs_writing import with_metadata, write_model_json, write_weights
from workflow.models.arrays import of_array
from workflow.models.tensors import Tensor, manifest_dtype

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def tensor(name: str, array: NDArray[Any]) -> Tensor:
    return of_array(name, array.shape, dtype=manifest_dtype(array.dtype.str, name), read=lambda: array)


def content(folder: Path, names: list[str]) -> bytes:
    return b"".join((folder / name).read_bytes() for name in names)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 39, 40, 41, 1000])
def test_files_are_cut_at_the_shard_size_wherever_a_tensor_is(tmp_path: Path, size: int) -> None:
    array = np.arange(10, dtype="float32")
    (group,) = write_weights([[tensor("a", array[:7]), tensor("b", array[7:])]], tmp_path, shard_size=size)
    count = -(-40 // size)
    assert group["paths"] == [f"group1-shard{i}of{count}.bin" for i in range(1, count + 1)]
    assert [(tmp_path / name).stat().st_size for name in group["paths"][:-1]] == [size] * (count - 1)
    assert content(tmp_path, group["paths"]) == array.tobytes()


def test_entries_have_name_shape_and_dtype_in_this_order(tmp_path: Path) -> None:
    (group,) = write_weights(
        [[tensor("a", np.array([[1, 2]], "float32")), tensor("b", np.array([True], "bool"))]], tmp_path
    )
    assert json.dumps(group["weights"]) == (
        '[{"name": "a", "shape": [1, 2], "dtype": "float32"}, {"name": "b", "shape": [1], "dtype": "bool"}]'
    )


def test_each_group_has_files_of_its_own_and_an_empty_one_none(tmp_path: Path) -> None:
    groups = [
        [tensor("a", np.array([1], "float32"))],
        [tensor("b", np.zeros((0, 3), "float32"))],
        [tensor("c", np.array(2, "int32"))],
    ]
    written = write_weights(groups, tmp_path)
    assert [group["paths"] for group in written] == [["group1-shard1of1.bin"], [], ["group3-shard1of1.bin"]]
    assert written[2]["weights"] == [{"name": "c", "shape": [], "dtype": "int32"}]


@pytest.mark.parametrize(
    ("given", "stored"), [("float64", "float32"), ("float16", "float32"), ("int64", "int32"), (">f4", "float32")]
)
def test_numbers_of_other_widths_become_those_that_javascript_has(tmp_path: Path, given: str, stored: str) -> None:
    (group,) = write_weights([[tensor("a", np.array([1, -2], given))]], tmp_path)
    assert group["weights"][0]["dtype"] == stored
    assert content(tmp_path, group["paths"]) == np.array([1, -2], stored).tobytes()


@pytest.mark.parametrize("array", [np.array([2**31]), np.array([1e39]), np.array([1e39j])])
def test_a_number_that_does_not_fit_is_refused_by_name(tmp_path: Path, array: NDArray[Any]) -> None:
    with pytest.raises(ConversionError, match="'dense/kernel' holds"):
        write_weights([[tensor("dense/kernel", array)]], tmp_path)


def test_text_has_its_length_in_bytes_before_it(tmp_path: Path) -> None:
    (group,) = write_weights([[tensor("t", np.array(["é", b"xyz", ""], object))]], tmp_path, shard_size=5)
    assert content(tmp_path, group["paths"]) == b"\2\0\0\0\xc3\xa9\3\0\0\0xyz\0\0\0\0"
    assert group["weights"] == [{"name": "t", "shape": [3], "dtype": "string"}]


@pytest.mark.parametrize("dtype", ["int8", "uint32", "datetime64[s]"])
def test_a_dtype_that_javascript_does_not_have_is_refused(dtype: str) -> None:
    with pytest.raises(ConversionError, match="'w' has the dtype"):
        manifest_dtype(np.dtype(dtype).str, "w")


def test_two_weights_of_one_name_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    twice = [[tensor("a", np.array([1], "float32"))], [tensor("a", np.array([2], "float32"))]]
    with pytest.raises(ConversionError, match="two weights are called 'a'"):
        write_weights(twice, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, -1])
def test_a_shard_size_that_is_not_positive_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(ConversionError, match="makes no files"):
        write_weights([[tensor("a", np.array([1], "float32"))]], tmp_path, shard_size=size)


def test_millions_of_files_are_refused_before_the_first(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="would be 4,000,000 files"):
        write_weights([[tensor("a", np.zeros(1_000_000, "float32"))]], tmp_path, shard_size=1)
    assert list(tmp_path.iterdir()) == []


def test_an_array_of_another_shape_than_announced_is_refused(tmp_path: Path) -> None:
    wrong = of_array("a", (3,), dtype="float32", read=lambda: np.zeros(2, "float32"))
    with pytest.raises(ConversionError, match=r"'a' has the shape \(2,\), and \(3,\) was announced"):
        write_weights([[wrong]], tmp_path)


def test_a_tensor_is_read_only_when_its_turn_comes(tmp_path: Path) -> None:
    alive: list[str] = []

    def read(name: str) -> NDArray[Any]:
        alive.append(name)
        return np.zeros(2, "float32")

    write_weights(
        [[of_array(name, (2,), dtype="float32", read=partial(read, name)) for name in "abc"]],
        tmp_path,
        written=lambda _: alive.append("written"),
    )
    assert alive == ["a", "written", "b", "written", "c", "written"]


def test_a_folder_that_is_not_there_is_a_failure_of_storage_or_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        write_weights([[tensor("a", np.array([1], "float32"))]], tmp_path / "file")


def test_model_json_is_one_ascii_line_in_the_converters_own_form(tmp_path: Path) -> None:
    write_model_json(tmp_path / "model.json", {"a": [1, 0.1], "é": None})
    assert (tmp_path / "model.json").read_bytes() == b'{"a": [1, 0.1], "\\u00e9": null}'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_model_json_never_holds_what_json_does_not_have(tmp_path: Path, number: float) -> None:
    with pytest.raises(ModelFileError, match="number that JSON does not have"):
        write_model_json(tmp_path / "model.json", {"a": number})
    assert list(tmp_path.iterdir()) == []


def test_much_that_is_computed_is_written_side_by_side_and_just_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    arrays = {f"w{number}": np.full(3 << 20, number, np.float32) for number in range(4)} | {
        "s": np.arange(5, dtype=np.float32)
    }
    tensors = [tensor(name, one) for name, one in arrays.items()]
    heard: list[int] = []
    (group,) = write_weights([tensors], tmp_path, shard_size=5_000_001, written=heard.append)
    assert [entry["name"] for entry in group["weights"]] == list(arrays)
    assert heard == [one.nbytes for one in arrays.values()]
    assert content(tmp_path, group["paths"]) == b"".join(one.tobytes() for one in arrays.values())
    assert {(tmp_path / name).stat().st_size for name in group["paths"][:-1]} == {5_000_001}


def test_a_tensor_that_fails_while_others_are_written_ends_all_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)

    def broken() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        raise ConversionError("it cannot be read")

    whole = np.zeros(3 << 20, np.float32)
    tensors = [
        of_array(f"w{number}", whole.shape, dtype="float32", read=broken if number == 2 else lambda: whole)
        for number in range(4)
    ]
    with pytest.raises(ConversionError, match="it cannot be read"):
        write_weights([tensors], tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_weight_files_may_be_read_as_the_users_mask_says(tmp_path: Path) -> None:
    before = os.umask(0o024)
    try:
        write_weights([[tensor("a", np.array([1], "float32"))]], tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "group1-shard1of1.bin").stat().st_mode & 0o777 == 0o642


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("content", "problem", "hint"),
    [
        (None, "cannot be read: No such file or directory", "Check the path."),
        (DEEP, "is nested too deeply", "Flatten it."),
        ("{", "is not JSON in UTF-8: Expecting property name", "The whole file has to be one JSON value."),
        ("[NaN]", "is not JSON in UTF-8: it holds NaN, which is no JSON", "The whole file has to be one JSON value."),
    ],
)
def test_metadata_that_cannot_be_added_is_refused(content: str | None, problem: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConversionError) as caught:
        with_metadata({}, {"labels": path}, flavour="layers")
    assert caught.value.message.startswith(f"the metadata file {path} {problem}")
    assert caught.value.hint == hint


def test_metadata_is_added_where_the_reference_puts_it(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text('["a"]')
    files = {"labels": str(path)}
    document = {"format": "x", "modelTopology": {}, "weightsManifest": []}
    for flavour, place in (("layers", 1), ("graph", 2)):
        found = with_metadata(document, files, flavour=flavour)  # type: ignore[arg-type]
        assert list(found).index("userDefinedMetadata") == place
        assert found["userDefinedMetadata"] == {"labels": ["a"]}
    assert list(with_metadata({"a": 1}, files, flavour="layers")) == ["a", "userDefinedMetadata"]
    former = {"userDefinedMetadata": {"labels": 1, "other": 2}, "weightsManifest": []}
    assert with_metadata(former, files, flavour="graph") == {
        "userDefinedMetadata": {"labels": ["a"], "other": 2},
        "weightsManifest": [],
    }
    assert with_metadata(document, None, flavour="graph") == document
    with pytest.raises(ModelFileError) as caught:
        with_metadata({"userDefinedMetadata": 3}, files, flavour="graph")
    assert caught.value.message == (
        "model.json: userDefinedMetadata is a number, not an object, so nothing can be added to it"
    )
    assert caught.value.hint == "Correct it in the source model, or leave the metadata option out."


def test_what_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    one = tensor("a", np.array([1], "float32"))
    for groups, size, hint in (
        ([[one]], 0, "Give a positive number of bytes."),
        ([[one], [one]], 9, "Give the layers of the model distinct names and save it again."),
    ):
        with pytest.raises(ConversionError) as caught:
            write_weights(groups, tmp_path, shard_size=size)
        assert caught.value.hint == hint
    many = tensor("a", np.zeros(1_000_001, "int8").astype("bool"))
    with pytest.raises(ConversionError) as caught:
        write_weights([[many]], tmp_path, shard_size=1)
    assert caught.value.message == "1,000,001 bytes of weights in files of 1 bytes would be 1,000,001 files"
    assert caught.value.hint == "Give a larger shard size (weight_shard_size_bytes)."
    with pytest.raises(ModelFileError) as damaged:
        write_model_json(tmp_path / "model.json", {"a": float("nan")})
    assert damaged.value.hint == (
        "Browsers could not read the result: look for NaN, Infinity or 1e999 in the source model."
    )
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ModelFileError) as damaged:
        write_model_json(tmp_path / "model.json", {"a": deep})
    assert (damaged.value.message, damaged.value.hint) == (
        "the model's description is nested too deeply",
        "It is damaged.",
    )


@pytest.mark.parametrize(
    ("count", "words"),
    [(3, "1 bytes of weights were announced and did not come"), (5, "more bytes of weights came than were announced")],
)
def test_another_count_of_bytes_than_announced_is_a_bug_of_ours(count: int, words: str, tmp_path: Path) -> None:
    wrong = Tensor("a", (4,), "bool", lambda: lambda: iter([memoryview(bytes(count))]))
    with pytest.raises(RuntimeError) as caught:
        write_weights([[wrong]], tmp_path)
    assert str(caught.value) == words
