"""Model files that were made to do harm: each is refused with a ``ModelFileError``, at once, with nothing written."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.conversion.native.models import Stored, rewrite, save, texts
from workflow.base.errors import ModelFileError

if TYPE_CHECKING:
    from pathlib import Path


def refused(source: Path, target: Path, **options: Any) -> str:
    with pytest.raises(ModelFileError) as caught:
        rewrite(source, target, **options)
    assert not target.exists()
    return caught.value.message


def edited(folder: Path, change: dict[str, Any], *, group: dict[str, Any] | None = None) -> Path:
    """Change the first weight's manifest entry, or its group, in place."""
    file = folder / "model.json"
    fields = json.loads(file.read_text())
    fields["weightsManifest"][0]["weights"][0].update(change)
    fields["weightsManifest"][0].update(group or {})
    file.write_text(json.dumps(fields))
    return folder


@pytest.mark.parametrize(
    "shape",
    [[10**18], [2**40, 2**40], [-5, 7], [5.0, 7], [True, 35], ["5", 7], None, 35, {"5": 7}, [[5], 7], [1] * 300, [36]],
)
def test_shapes_that_no_tensor_has_are_refused(small: Path, tmp_path: Path, shape: object) -> None:
    assert "dense/kernel" in refused(edited(small, {"shape": shape}), tmp_path / "out") or shape == [36]


@pytest.mark.parametrize("shape", [[10**9], [2**26, 2**26]])
def test_nothing_is_allocated_by_a_shape_before_the_files_are_that_large(
    small: Path, tmp_path: Path, shape: list[int]
) -> None:
    edited(small, {"shape": shape})
    tracemalloc.start()
    refused(small, tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "path",
    [
        "../secret.bin",
        "/etc/passwd",
        "C:\\x.bin",
        "a/../../x",
        "https://x/y",
        "..",
        ".",
        "a\0b",
        "\ud800",
        "x" * 5000,
        3,
    ],
)
def test_weight_files_outside_the_folder_are_refused(small: Path, tmp_path: Path, path: object) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(180))
    refused(edited(small, {}, group={"paths": [path]}), tmp_path / "out")


def test_a_link_out_of_the_folder_is_refused(small: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(180))
    (small / "link.bin").symlink_to(tmp_path / "secret.bin")
    assert "leads out" in refused(edited(small, {}, group={"paths": ["link.bin"]}), tmp_path / "out")


@pytest.mark.parametrize("second", ["all.bin", "./all.bin", "link.bin"])
def test_a_file_named_twice_is_refused(tmp_path: Path, second: str) -> None:
    source = save(
        tmp_path / "in", [[Stored("a", np.array([1, 2], "float32"))], [Stored("b", np.array([3, 4], "float32"))]]
    )
    fields = json.loads((source / "model.json").read_text())
    (source / "group1-shard1of1.bin").rename(source / "all.bin")
    (source / "link.bin").symlink_to(source / "all.bin")
    for group, path in zip(fields["weightsManifest"], ("all.bin", second), strict=True):
        group["paths"] = [path]
    (source / "model.json").write_text(json.dumps(fields))
    assert "two places" in refused(source, tmp_path / "out")


def test_two_weights_of_one_name_are_refused(tmp_path: Path) -> None:
    source = save(tmp_path / "in", [[Stored("a", np.array([1], "float32"))], [Stored("a", np.array([2], "float32"))]])
    assert "two weights are called 'a'" in refused(source, tmp_path / "out")


@pytest.mark.parametrize("change", [-1, 1, 100])
def test_files_that_are_too_short_or_too_long_are_refused(small: Path, tmp_path: Path, change: int) -> None:
    file = small / "group1-shard4of4.bin"
    file.write_bytes(bytes(max(file.stat().st_size + change, 0)))
    assert "180" in refused(small, tmp_path / "out") or change


@pytest.mark.parametrize(
    "raw", [b"\xff\xff\xff\xff", b"\2\0\0\0a", b"\1\0\0\0ab", b"\0\0\0\0" * 3, b"\1\0\0\0a\xf0\0\0\0"]
)
def test_text_whose_lengths_lie_is_refused(tmp_path: Path, raw: bytes) -> None:
    source = save(tmp_path / "in", [[Stored("t", None, {"shape": [2], "dtype": "string"}, raw)]])
    refused(source, tmp_path / "out")


def test_text_that_is_quantized_is_refused(tmp_path: Path) -> None:
    word = texts("t", [b"x"])
    word.entry["quantization"] = {"dtype": "uint8", "min": 0, "scale": 1}
    word.raw = b"x"
    assert "text and quantized" in refused(save(tmp_path / "in", [[word]]), tmp_path / "out")


@pytest.mark.parametrize(
    "field",
    [
        {"dtype": "uint8"},
        {"dtype": "uint8", "min": None, "scale": 1},
        {"dtype": "uint8", "min": "0", "scale": 1},
        {"dtype": "int4", "min": 0, "scale": 1},
        {"dtype": ["uint8"], "min": 0, "scale": 1},
        "uint8",
        [],
    ],
)
def test_quantization_that_means_nothing_is_refused(tmp_path: Path, field: object) -> None:
    weight = Stored("a", np.array([1, 2], "uint8"), {"dtype": "float32", "quantization": field})
    refused(save(tmp_path / "in", [[weight]]), tmp_path / "out", dequantize=True)


def test_a_dtype_that_is_never_quantized_is_not_restored(tmp_path: Path) -> None:
    field = {"dtype": "uint8", "min": 0, "scale": 1}
    source = save(tmp_path / "in", [[Stored("a", np.array([1], "uint8"), {"dtype": "bool", "quantization": field})]])
    rewrite(source, tmp_path / "copied")
    assert "does not restore" in refused(source, tmp_path / "out", dequantize=True)


@pytest.mark.parametrize(
    "text",
    [
        '{"modelTopology": ' + '{"a":' * 100_000,
        '{"modelTopology": {"class_name": "S", "x": NaN}, "weightsManifest": []}',
        '{"modelTopology": {"class_name": "S"}, "weightsManifest": {}}',
        '{"modelTopology": {"class_name": "S"}, "weightsManifest": [[]]}',
        '{"modelTopology": {"class_name": "S"}, "weightsManifest": [{"paths": [], "weights": [3]}]}',
        '{"modelTopology": {"class_name": "S"}, "weightsManifest": [{"paths": null, "weights": []}]}',
        "[]",
        "",
    ],
)
def test_json_that_is_no_model_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    refused(tmp_path, tmp_path / "out")


def test_a_number_that_json_does_not_have_is_never_written(small: Path, tmp_path: Path) -> None:
    file = small / "model.json"
    file.write_text(file.read_text().replace('"units": 1', '"units": 1e999'))
    with pytest.raises(ModelFileError, match="number that JSON does not have"):
        rewrite(small, tmp_path / "out")


def test_a_name_that_is_not_utf8_is_refused(small: Path, tmp_path: Path) -> None:
    file = small / "model.json"
    file.write_bytes(file.read_bytes().replace(b"dense/kernel", b"dense/\xff\xfe"))
    assert "UTF-8" in refused(small, tmp_path / "out")


def test_a_terminal_never_sees_what_a_name_holds(small: Path, tmp_path: Path) -> None:
    edited(small, {"name": "a\x1b[2J", "shape": [-1]})
    assert "\x1b" not in refused(small, tmp_path / "out")


def test_names_are_never_paths_of_files(small: Path, tmp_path: Path) -> None:
    rewrite(edited(small, {"name": "../../escaped"}), tmp_path / "out", split_weights_by_layer=True)
    assert all(path.name.startswith("group") or path.name == "model.json" for path in (tmp_path / "out").iterdir())


def test_a_file_that_shrinks_while_it_is_read_is_noticed(small: Path, tmp_path: Path) -> None:
    class Cutting:
        def say(self, text: str) -> None: ...
        def warn(self, text: str) -> None: ...
        def advance(self, what: str, done: int, total: int) -> None:
            (small / "group1-shard4of4.bin").write_bytes(b"")

    with pytest.raises(ModelFileError, match="became shorter"):
        rewrite(small, tmp_path / "out", listener=Cutting())
