from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.models.models import graph_document, layers_document, weight, write_model
from tests.unit.models.refusals import refused
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path


def model(folder: Path, paths: list[Any], weights: list[Any], **sizes: int) -> Path:
    return write_model(folder, layers_document(weightsManifest=[{"paths": paths, "weights": weights}]), **sizes)


@pytest.mark.parametrize(
    ("entry", "size"),
    [
        (weight(), 24),
        (weight(dtype="int32"), 24),
        (weight(dtype="bool"), 6),
        (weight(dtype="complex64"), 48),
        (weight(dtype="uint8"), 6),
        (weight(dtype="uint16"), 12),
        (weight(shape=[]), 4),
        (weight(shape=[0, 5]), 0),
        (weight(quantization={"dtype": "uint8", "min": -1, "scale": 0.1}), 6),
        (weight(quantization={"dtype": "uint16", "min": -1, "scale": 0.1}), 12),
        (weight(quantization={"dtype": "float16"}), 12),
        (weight(quantization=None), 24),
        (weight(dtype="string"), 24),
        (weight(dtype="string"), 99),
    ],
)
def test_the_bytes_of_every_dtype_are_known(entry: dict[str, Any], size: int, tmp_path: Path) -> None:
    path = model(tmp_path, ["a.bin"], [entry], a=size)
    assert inspect_model(path, "tfjs_layers_model").bytes == path.stat().st_size + size


def test_a_model_without_weights_has_no_files(tmp_path: Path) -> None:
    assert len(inspect_model(model(tmp_path, [], [], unused=1), "tfjs_layers_model").files) == 1


def test_a_missing_shard_is_named_with_the_bytes(tmp_path: Path) -> None:
    path = model(tmp_path, ["a.bin", "b.bin"], [weight()], b=8)
    refused(path, "tfjs_layers_model", "1 of 2 weight files is missing", "a.bin", "8 bytes found", "24 expected")


@pytest.mark.parametrize(("size", "words"), [(23, "is short"), (25, "is too long"), (0, "it is empty")])
def test_a_shard_of_the_wrong_length_is_named_with_the_bytes(size: int, words: str, tmp_path: Path) -> None:
    path = model(tmp_path, ["a.bin"], [weight()], a=size)
    refused(path, "tfjs_layers_model", words, "a.bin", f"{size} bytes", "24 expected")


def test_the_short_one_of_several_shards_is_found(tmp_path: Path) -> None:
    path = model(tmp_path, ["a.bin", "b.bin", "c.bin"], [weight()], a=10, b=9, c=4)
    message = refused(path, "tfjs_layers_model", "b.bin", "9 bytes, 10 expected").message
    assert "a.bin" not in message


def test_uneven_shards_are_judged_by_their_sum(tmp_path: Path) -> None:
    fitting = model(tmp_path, ["a.bin", "b.bin"], [weight()], a=1, b=23)
    assert len(inspect_model(fitting, "tfjs_layers_model").files) == 3
    refused(model(tmp_path, ["a.bin", "b.bin"], [weight()], a=1, b=40), "tfjs_layers_model", "41 bytes", "24")


def test_short_strings_are_refused(tmp_path: Path) -> None:
    refused(model(tmp_path, ["a.bin"], [weight(dtype="string")], a=23), "tfjs_layers_model", "at least 24")


def test_all_problems_are_in_the_details(tmp_path: Path) -> None:
    groups = [{"paths": [f"{name}.bin"], "weights": [weight(name)]} for name in "abcde"]
    path = write_model(tmp_path, graph_document(weightsManifest=groups), a=24, b=1)
    error = refused(path, "tfjs_graph_model", "b.bin", "in all 4 problems")
    assert "e.bin" in error.details


def test_a_pointer_in_place_of_a_shard_is_recognised(tmp_path: Path) -> None:
    path = model(tmp_path, ["a.bin"], [weight()])
    (tmp_path / "a.bin").write_text("version https://git-lfs.github.com/spec/v1\nsize 24\n", encoding="ascii")
    refused(path, "tfjs_layers_model", "git-LFS pointer")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../a.bin", "leads out"),
        ("sub/../../a.bin", "leads out"),
        ("..\\a.bin", "leads out"),
        ("/etc/passwd", "absolute"),
        ("C:\\a.bin", "absolute"),
        ("\\\\host\\share\\a.bin", "absolute"),
        ("https://host/a.bin", "web address"),
        ("", "no regular file"),
        (".", "no regular file"),
        ("a\0b", "cannot be read"),
        ("\ud800", ""),
        ("x" * 5000, ""),
    ],
)
def test_weight_files_stay_in_the_folder(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(24))
    refused(model(tmp_path / "model", [name], [weight()]), "tfjs_layers_model", words)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.bin").write_bytes(bytes(24))
    path = model(tmp_path / "model", ["link.bin"], [weight()])
    (path.parent / "link.bin").symlink_to(tmp_path / "outside.bin")
    refused(path, "tfjs_layers_model", "link", "leads out")


def test_a_link_inside_the_folder_and_a_subfolder_pass(tmp_path: Path) -> None:
    path = model(tmp_path, ["sub/link.bin"], [weight()])
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "link.bin").symlink_to(tmp_path / "a.bin")
    assert inspect_model(path, "tfjs_layers_model").files[1] == tmp_path / "sub" / "link.bin"


def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    path = model(tmp_path, ["x.bin"], [weight()])
    (tmp_path / "x.bin").symlink_to("x.bin")
    refused(path, "tfjs_layers_model", "x.bin")


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"name": "w"},
        {"shape": [1], "dtype": "float32"},
        weight(dtype="float64"),
        weight(dtype=["float32"]),
        weight(shape=[-1]),
        weight(shape=[1.5]),
        weight(shape=[True]),
        weight(shape=["2"]),
        weight(shape=[None, 3]),
        weight(shape=[10**400]),
        weight(shape=[2**40, 2**40]),
        weight(shape=[1] * 5000),
        {**weight(), "shape": 3},
        weight(quantization=1),
        weight(quantization={}),
        weight(quantization={"dtype": "int4"}),
        weight(quantization={"dtype": "uint8", "min": 0}),
        weight(quantization={"dtype": "uint8", "min": "0", "scale": 1}),
    ],
)
def test_a_malformed_weight_is_refused(entry: object, tmp_path: Path) -> None:
    refused(model(tmp_path, ["a.bin"], [entry]), "tfjs_layers_model", "weight")


@pytest.mark.parametrize(
    "group", [None, [], {}, {"paths": "a.bin", "weights": []}, {"paths": [1], "weights": []}, {"paths": []}]
)
def test_a_malformed_group_is_refused(group: object, tmp_path: Path) -> None:
    path = write_model(tmp_path, layers_document(weightsManifest=[group]))
    refused(path, "tfjs_layers_model", "group 1")
