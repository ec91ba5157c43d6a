"""Damaged models, from fixed seeds: whatever the damage, the result is a model or a ``WorkflowError``."""

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.conversion.native.models import Stored, quantized, read, rewrite, save, texts, topology
from tests.unit.conversion.native.mutations import damage
from workflow.base.errors import WorkflowError

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = 12
ROUNDS = 100
WISHES: tuple[dict[str, Any], ...] = (
    {},
    {"weight_shard_size_bytes": 13},
    {"dequantize": True},
    {"quantize_uint8": ["*"]},
    {"quantize_float16": ["*"], "keep_float": ["biases"]},
    {"split_weights_by_layer": True},
    {"quantize_auto": {"max_error": 0.01}},
)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dice = np.random.default_rng(3)
    weights = [
        Stored("dense/kernel", dice.standard_normal((6, 10)).astype("float32")),
        quantized("dense/bias", dice.integers(0, 256, 7).astype("uint8"), low=-1.0, scale=0.01),
        texts("table/keys", [b"one", b"", b"three"]),
        Stored("half", np.array([1, 2, 3], "float16"), {"dtype": "float32", "quantization": {"dtype": "float16"}}),
        Stored("flags", np.array([True, False], "bool")),
    ]
    extra = [
        Stored("whole", np.array([1, 2], "int32")),
        Stored("z", np.array([1j], "complex64")),
        Stored("s", np.array(1, "float32")),
    ]
    return save(
        tmp_path_factory.mktemp("fuzz") / "model", [weights, extra], cut=100, modelTopology=topology("dense", "table")
    )


@pytest.mark.parametrize("seed", range(SEEDS))
def test_damage_gives_a_model_or_a_clear_error(pristine: Path, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(ROUNDS):
        source, target = tmp_path / f"in{number}", tmp_path / f"out{number}"
        shutil.copytree(pristine, source)
        damage(source, dice)
        with suppress(WorkflowError):
            rewrite(source, target, **dice.choice(WISHES))
            with np.errstate(all="ignore"):
                read(target)
