"""Entries of the manifest one by one: what is read of each, its bytes, and what is said of one that is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workflow.base.errors import ModelFileError
from workflow.models.weights_manifest import Quantization, Weight, manifest_facts, read_groups

FILE = Path("model.json")
HINT = "The manifest is damaged, or was not written by TensorFlow.js or its converter: convert the model again."


def manifest(*weights: Any, paths: Any = ("a.bin",)) -> dict[str, Any]:
    return {"weightsManifest": [{"paths": list(paths), "weights": list(weights)}]}


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "w", "shape": [2, 3], "dtype": "float32", **changes}


def read(**changes: Any) -> Weight:
    ((weight,),) = (group.weights for group in read_groups(manifest(entry(**changes)), FILE))
    return weight


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(ModelFileError) as caught:
        read_groups(document, FILE)
    assert caught.value.hint == HINT
    return caught.value.message


AFFINE = {"dtype": "uint8", "scale": 0.5, "min": -1.0}


@pytest.mark.parametrize(
    ("field", "wanted", "size"),
    [
        (None, None, 24),
        (AFFINE, Quantization("uint8", 0.5, -1.0), 6),
        ({**AFFINE, "original_dtype": "int32"}, Quantization("uint8", 0.5, -1.0, "int32"), 6),
        ({**AFFINE, "dtype": "uint16"}, Quantization("uint16", 0.5, -1.0), 12),
        (
            {"dtype": "uint16", "scale": 2, "min": -1, "original_dtype": "float32"},
            Quantization("uint16", 2.0, -1.0, "float32"),
            12,
        ),
        ({"dtype": "float16"}, Quantization("float16"), 12),
        ({"dtype": "float16", "original_dtype": "float32"}, Quantization("float16", original_dtype="float32"), 12),
    ],
)
def test_how_a_weight_is_stored_is_read(field: Any, wanted: Quantization | None, size: int) -> None:
    found = read(quantization=field)
    assert found == Weight("w", (2, 3), "float32", wanted, entry(quantization=field))
    assert (found.quantization, found.stored_bytes) == (wanted.dtype if wanted else None, size)


@pytest.mark.parametrize("shape", [[], [0], [1] * 8, [1] * 9, [2**53], [0, 2**53], [2] * 50])
def test_every_shape_of_a_tensor_is_read(shape: list[int]) -> None:
    assert read(shape=shape).shape == tuple(shape)


NO_SHAPE = "model.json: weight 'w' has a shape that is not made of whole numbers that a tensor can have"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"shape": [2**52, 3]}, "model.json: weight 'w' has a shape with more elements than any tensor"),
        ({"shape": [-1]}, NO_SHAPE),
        ({"shape": [1] * 9 + [1.5]}, NO_SHAPE),
        ({"shape": None}, "model.json: weight 'w', shape is null, not a list"),
        ({"name": None}, "model.json: weightsManifest, group 1, weight 1, name is null, not text"),
        ({"dtype": 3}, "model.json: weight 'w', dtype is a number, not text"),
        (
            {"dtype": "float64"},
            (
                "model.json: weight 'w' has the dtype 'float64'; TensorFlow.js knows float32, int32, bool, complex64, "
                "uint8, uint16 and string"
            ),
        ),
        ({"quantization": 3}, "model.json: weight 'w', quantization is a number, not an object"),
        ({"quantization": {}}, "model.json: weight 'w', quantization, dtype is null, not text"),
        (
            {"quantization": {"dtype": "int4"}},
            "model.json: weight 'w', quantization has the dtype 'int4'; known are uint8, uint16, float16",
        ),
        (
            {"quantization": {"dtype": "uint8", "min": True, "scale": 1}},
            "model.json: weight 'w', quantization has no number min, without which its values cannot be restored",
        ),
        (
            {"quantization": {"dtype": "uint8", "min": 1}},
            "model.json: weight 'w', quantization has no number scale, without which its values cannot be restored",
        ),
        (
            {"quantization": {**AFFINE, "min": float("inf")}},
            "model.json: weight 'w', quantization, min is a number too large for any use",
        ),
    ],
)
def test_an_entry_that_is_none_is_refused_by_its_place(changes: dict[str, Any], problem: str) -> None:
    assert refusal(manifest(entry(**changes))) == problem


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "model.json has no weightsManifest, so it names no weight files"),
        ({"weightsManifest": 3}, "model.json: weightsManifest is a number, not a list"),
        ({"weightsManifest": [3]}, "model.json: weightsManifest, group 1 is a number, not an object"),
        ({"weightsManifest": [{"weights": []}]}, "model.json: weightsManifest, group 1, paths is null, not a list"),
        ({"weightsManifest": [{"paths": []}]}, "model.json: weightsManifest, group 1, weights is null, not a list"),
        (manifest(paths=["a", 3]), "model.json: weightsManifest, group 1, path 2 is a number, not text"),
        (manifest(entry(), 3), "model.json: weightsManifest, group 1, weight 2 is a number, not an object"),
    ],
)
def test_a_manifest_that_is_none_is_refused_by_its_place(document: dict[str, Any], message: str) -> None:
    assert refusal(document) == message


PARTS = "/".join(["é" * 127] * 16)


@pytest.mark.parametrize(
    "path", ["x" * 255, "é" * 127, "a/" * 400 + "x", "x" * 255 + "/" + "y" * 255, PARTS + "/" + "x" * 16]
)
def test_a_path_that_a_file_system_can_hold_is_read(path: str) -> None:
    assert len(path.encode()) <= 4096
    ((found,),) = (group.paths for group in read_groups(manifest(paths=[path]), FILE))
    assert found == path


@pytest.mark.parametrize("path", ["x" * 256, "é" * 128, "a/" + "x" * 256, PARTS + "/" + "x" * 17, "a/" * 2048 + "x"])
def test_a_path_that_no_file_system_can_hold_is_refused(path: str) -> None:
    message = refusal(manifest(paths=[path]))
    assert message.startswith(f"model.json: weightsManifest, group 1, path 1 is a name of {len(path):,} characters (")
    assert message.endswith("), and cannot be read: no file has such")


def test_the_facts_of_a_manifest_are_sums_over_its_groups() -> None:
    groups = [
        {"paths": ["a.bin", "b.bin"], "weights": [entry(), entry(name="t", dtype="string", shape=[2])]},
        {"paths": ["c.bin"], "weights": [entry(name="q", quantization=AFFINE), entry(name="i", dtype="int32")]},
    ]
    found = read_groups({"weightsManifest": groups}, FILE)
    assert manifest_facts(found) == {
        "weights": 4,
        "weight_bytes": 24 + 8 + 6 + 24,
        "weight_groups": 2,
        "shards": 3,
        "dtypes": ("float32", "int32", "string"),
        "quantization": ("uint8",),
    }
    assert [(group.stored_bytes, group.exact) for group in found] == [(32, False), (30, True)]
