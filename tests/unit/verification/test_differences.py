"""Bounds of weights: what quantization may do, to the last float, and what it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification.models import LAYERS, graph_model, layers_document, layers_model, quantized, save
from workflow.verification import weights
from workflow.verification.differences import compare
from workflow.verification.named_weights import Named
from workflow.verification.requests import Subject
from workflow.verification.weights_by_layer import weights_of

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(11)
TENSORS = {
    "plain": RNG.normal(0, 1, 400),
    "far from zero": RNG.normal(1000, 0.01, 400),
    "positive": RNG.uniform(3, 5, 400),
    "tiny": RNG.normal(0, 1e-6, 400),
    "large": RNG.normal(0, 1e4, 400),
    "constant": np.full(400, 0.37),
    "zero": np.zeros(400),
    "two values": np.repeat([-1.0, 2.0], 200),
    "one outlier": np.append(RNG.normal(0, 0.01, 399), 50.0),
    "subnormal halves": RNG.normal(0, 1e-5, 400),
}


def named(values: Any, *, quantization: dict[str, Any] | None = None, name: str = "w") -> Named:
    array = np.asarray(values, np.float32)
    return Named(name, array.shape, "float32", lambda: array.reshape(-1), quantization)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
@pytest.mark.parametrize("kind", TENSORS)
def test_what_the_converter_makes_is_within_the_bound(kind: str, dtype: str, tmp_path: Path) -> None:
    values = {"first/kernel": TENSORS[kind].astype(np.float32).reshape(20, 20)}
    source = Subject(save(tmp_path / "web", layers_document(), values, shard=4000), LAYERS)
    found = weights.check(quantized(source, tmp_path / "small", dtype), source)
    assert found.status == "passed", [finding.text for finding in found.findings]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_one_step_beyond_half_a_step_is_caught(dtype: str, tmp_path: Path) -> None:
    source = Subject(save(tmp_path / "web", layers_document(), {"w": TENSORS["plain"].astype(np.float32)}), LAYERS)
    small = quantized(source, tmp_path / "small", dtype)
    with weights_of(source) as before, weights_of(small) as after:
        restored, field = after["w"].read(), dict(after["w"].quantization or {})
        spoilt = restored.copy()
        spoilt[5] += np.float32(field["scale"] * 1.01)
        assert compare(before["w"], named(restored, quantization=field), may_quantize=True).problem == ""
        assert "allows" in compare(before["w"], named(spoilt, quantization=field), may_quantize=True).problem


def test_an_outlier_that_flattened_the_rest_is_named(tmp_path: Path) -> None:
    values = {"first/kernel": TENSORS["one outlier"].astype(np.float32).reshape(20, 20)}
    source = Subject(save(tmp_path / "web", layers_document(), values, shard=4000), LAYERS)
    found = weights.check(quantized(source, tmp_path / "small", "uint8"), source)
    assert any("an outlier (50) flattened the rest" in remark for remark in found.remarks)


def test_an_overflow_of_float16_is_named() -> None:
    half = {"dtype": "float16"}
    found = compare(named([1.0, 7e4]), named([1.0, np.inf], quantization=half), may_quantize=True)
    assert "infinity where its source has 70000" in found.problem


def test_a_nan_that_the_source_has_too_is_a_remark() -> None:
    found = compare(named([1.0, np.nan]), named([1.0, np.nan]), may_quantize=False)
    assert (found.problem, found.remarks) == ("", ("the weight w holds 1 times NaN, in the source too",))


def test_minus_zero_is_not_zero() -> None:
    assert "every bit" in compare(named([0.0, 1.0]), named([-0.0, 1.0]), may_quantize=False).problem


def test_a_model_alone_is_searched_for_nan(tmp_path: Path) -> None:
    values = {"first/kernel": np.array([[1.0, np.nan]], np.float32)}
    found = weights.alone(Subject(save(tmp_path / "web", layers_document(), values), LAYERS))
    assert [finding.subject for finding in found.findings] == ["first/kernel"]


def test_a_table_shows_the_worst_weights_first(tmp_path: Path) -> None:
    before = {"a": np.ones(3, np.float32), "b": np.ones(3, np.float32), "c": np.ones(3, np.float32)}
    after = {"a": before["a"] + 1, "b": before["b"], "c": before["c"] + 5}
    source = Subject(save(tmp_path / "one", layers_document(), before), LAYERS)
    found = weights.check(Subject(save(tmp_path / "two", layers_document(), after), LAYERS), source)
    lines = found.table.splitlines()
    assert lines[0].split()[:3] == ["weight", "difference", "bound"]
    assert [line.split()[0] for line in lines[1:]] == ["c", "a"]
    assert "3 of 3" in lines[1]


def test_a_graph_with_a_weight_that_cannot_be_restored_fails(tmp_path: Path) -> None:
    source, graph = layers_model(tmp_path / "layers"), graph_model(tmp_path / "graph")
    (graph.path / "group1-shard2of4.bin").unlink()
    found = weights.check(graph, source)
    assert found.status == "failed"
    assert "group1-shard2of4.bin" in found.findings[0].text
