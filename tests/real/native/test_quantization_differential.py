"""Quantization against the reference's own code: the same codes, the same manifest text, for many tensors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workflow.conversion.native.quantization_plans import make_plan
from workflow.conversion.native.tfjs_writing import write_weights
from workflow.models.arrays import arrays_of, of_array
from workflow.models.quantization import encoded
from workflow.models.tensors import Tensor, manifest_dtype, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

pytestmark = pytest.mark.real

SHAPES = ((), (1,), (2,), (3, 5), (1, 1, 7), (256,), (257,), (65537,), (64, 1000), (3, 3, 16, 32), (300_000,))


def tensor(name: str, array: Array) -> Tensor:
    return of_array(name, array.shape, dtype=manifest_dtype(array.dtype.str, name), read=lambda: array)


@pytest.fixture(scope="module")
def arrays() -> dict[str, Array]:
    """Tensors of every sort of range: around zero, beside it, narrow, wide, constant, with outliers, tiny."""
    dice = np.random.default_rng(11)
    made: dict[str, Array] = {}
    for number, shape in enumerate(SHAPES):
        for kind, (scale, shift) in enumerate(
            ((1, 0), (1, -5), (1, 5), (1e-3, 1000), (1e-3, -1000), (1e-30, 0), (1e4, 3), (1e-8, 1), (30, 29))
        ):
            made[f"normal{number}.{kind}"] = dice.standard_normal(shape) * scale + shift
        made[f"positive{number}"] = dice.uniform(0, 1, shape)
        made[f"negative{number}"] = dice.uniform(-1, 0, shape)
        made[f"constant{number}"] = np.full(shape, dice.standard_normal())
        made[f"zero{number}"] = np.zeros(shape)
    outlier = dice.standard_normal(1000) * 0.01
    outlier[3] = -1e4
    made["outlier"] = outlier
    made["ramp"] = np.arange(65536) / 65535
    made["halves"] = np.arange(0, 256, 0.5)
    made["with zero"] = np.concatenate([[0], dice.uniform(0, 3, 99)])
    made["beyond float32"] = np.array([-3.4028e38, 1, 3.4028e38])
    # where the range alone is beyond float32 ([-3.39e38, 3.39e38]) the reference computes infinity and writes garbage
    return {name: np.asarray(array).astype("float32") for name, array in made.items()}


def test_codes_and_fields_are_the_references(
    tmp_path: Path, arrays: dict[str, Array], reference: Callable[..., None]
) -> None:
    np.savez(tmp_path / "arrays.npz", **arrays)  # type: ignore[arg-type]
    reference("quantize", tmp_path / "arrays.npz", tmp_path / "out.npz")
    fields = json.loads((tmp_path / "out.npz.json").read_text(encoding="utf-8"))
    compared = 0
    with np.load(tmp_path / "out.npz") as expected:
        for key in expected:
            name, _, dtype = key.rpartition(".")
            array = arrays[name]
            if dtype == "float16" and not 2**-25 < np.abs(array).max() < 65520 and array.any():
                continue  # refused here: the reference writes infinity, or nothing but zeros
            blocks, field = encoded(tensor(name, array), arrays_of(opened(tensor(name, array)), "float32"), dtype=dtype)
            codes = b"".join(block.tobytes() for block in blocks)
            assert codes == expected[key].tobytes(), key
            assert field == {"dtype": dtype, **fields[key], "original_dtype": "float32"}
            assert json.dumps(field.get("min", 0)) == json.dumps(fields[key].get("min", 0)), key
            compared += 1
    assert compared > 400


@pytest.mark.parametrize("shard", [1000, 4099, 1 << 22])
@pytest.mark.parametrize(
    "quantize",
    [{}, {"uint8": True}, {"uint16": True}, {"float16": True}, {"uint8": ["*kernel"], "float16": ["*/b?as"]}],
    ids=str,
)
def test_files_and_manifest_are_the_references(
    tmp_path: Path, reference: Callable[..., None], quantize: dict[str, Any], shard: int
) -> None:
    dice = np.random.default_rng(5)
    arrays: dict[str, Array] = {}
    for number in range(6):
        arrays[f"layer_{number}/kernel"] = (dice.standard_normal((9, 11, number + 1)) - number / 2).astype("float32")
        arrays[f"layer_{number}/bias"] = dice.standard_normal(11).astype("float32")
    arrays |= {
        "whole": np.arange(7, dtype="int32"),
        "wide": np.arange(3),
        "double": dice.standard_normal(5),
        "half": np.array([1.5], "float16"),
        "flags": np.array([True, False]),
        "complex": np.array([1 + 2j], "complex64"),
        "words": np.array(["é", "", "abc"]),
        "scalar": np.float32(2.5),
    }
    groups = [list(arrays)[:9], list(arrays)[9:]]
    np.savez(tmp_path / "arrays.npz", **arrays)  # type: ignore[arg-type]
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    wish = {"groups": groups, "shard": shard, "quantize": quantize}
    reference("write", tmp_path / "arrays.npz", tmp_path / "theirs", json.dumps(wish))
    given = [[tensor(name, np.asarray(arrays[name])) for name in group] for group in groups]
    globs = {dtype: ["*"] if value is True else value for dtype, value in quantize.items()}
    plan = make_plan([weight for group in given for weight in group], globs, kept={})
    manifest = write_weights(given, tmp_path / "ours", shard_size=shard, quantization=plan)
    assert json.dumps(manifest) == (tmp_path / "theirs/manifest.json").read_text(encoding="ascii")
    names = [name for group in manifest for name in group["paths"]]
    assert names
    for name in names:
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes(), name
