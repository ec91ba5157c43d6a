"""What an output may be off by: each bound by its numbers."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification.models import graph_model, layers_model, quantized, weights
from workflow.recipe.recipes import Tolerance, Verification
from workflow.verification.evidence import OutputFigures, ValueRange
from workflow.verification.requests import Subject
from workflow.verification.tolerances import EPSILON, Tolerances, deepest, depth, half_floats, magnitude, noise

if TYPE_CHECKING:
    from pathlib import Path


def limits(depth: int = 20, noise: float = 0.0, **settings: Any) -> Tolerances:
    return Tolerances(depth, noise, Verification(**settings))


@pytest.mark.parametrize(("depth", "layers"), [(0, 16), (15, 16), (16, 16), (17, 17), (100, 100)])
@pytest.mark.parametrize(
    ("backend", "factor"), [(None, 1), ("wasm", 1), ("cpu", 1), ("webgl", 8), ("webgpu", 8), ("webgl-f16", 8192)]
)
def test_running_elsewhere_may_shift_by_64_epsilons_for_each_layer(
    depth: int, layers: int, backend: str | None, factor: int
) -> None:
    assert EPSILON == 2.0**-23
    assert limits(depth).running("y", 3.0, backend=backend) == pytest.approx(2.0**-23 * 64 * layers * factor * 3)


@pytest.mark.parametrize(
    ("half", "depth", "share"), [(0.0, 16, 2.0**-13), (2.0**-11, 16, 2.0**-9), (2.0**-8, 64, 2.0**-5)]
)
def test_where_half_floats_are_rounded_to_an_output_may_move_by_the_root_of_the_depth(
    half: float, depth: int, share: float
) -> None:
    assert Tolerances(depth, 0.0, Verification(), half=half).running("y", 3.0, backend="wasm") == pytest.approx(
        3 * share
    )


@pytest.mark.parametrize(
    ("kinds", "half"),
    [
        ([], 0.0),
        (["DT_FLOAT", 1, "DT_INT32"], 0.0),
        (["DT_FLOAT", "DT_HALF"], 2.0**-11),
        ([19], 2.0**-11),
        (["DT_BFLOAT16"], 2.0**-8),
        ([14, 19], 2.0**-8),
    ],
)
@pytest.mark.parametrize("inside", [True, False], ids=["in a function", "in the graph"])
def test_a_graph_says_which_half_floats_it_is_made_of(
    kinds: list[Any], half: float, *, inside: bool, tmp_path: Path
) -> None:
    subject = graph_model(tmp_path / "g")
    file = subject.path / "model.json"
    document = json.loads(file.read_text())
    topology = document["modelTopology"]
    nodes = [
        {"name": f"cast_{number}", "op": "Cast", "attr": {"DstT": {"type": kind}}} for number, kind in enumerate(kinds)
    ]
    if inside:
        topology["library"] = {"function": [{"signature": {"name": "f"}, "nodeDef": nodes}]}
    else:
        topology["node"] += nodes
    file.write_text(json.dumps(document))
    assert half_floats([layers_model(tmp_path / "l"), subject], weights_alone=False) == half
    assert half_floats([subject], weights_alone=True) == 0.0
    for node in nodes:
        node["op"] = "Const"
    file.write_text(json.dumps(document))
    assert half_floats([subject], weights_alone=True) == half


@pytest.mark.parametrize(("noise", "share"), [(0.0, 0.0), (1e-3, 0.512), (2 / 512, 2.0), (0.5, 2.0)])
def test_storing_may_shift_by_the_noise_of_the_weights_and_never_by_more_than_twice_the_output(
    noise: float, share: float
) -> None:
    assert limits(noise=noise).storing(3.0) == pytest.approx(share * 3)


@pytest.mark.parametrize(
    ("settings", "bound"),
    [
        ({}, None),
        ({"atol": 0.5}, 0.5),
        ({"rtol": 0.5}, 2.0),
        ({"atol": 0.5, "rtol": 0.5}, 2.5),
        ({"atol": 0.0}, 0.0),
        ({"outputs": {"z": Tolerance(atol=9.0)}}, None),
        ({"atol": 0.5, "outputs": {"y": Tolerance(atol=0.25)}}, 0.25),
        ({"rtol": 0.5, "outputs": {"y": Tolerance(atol=0.25)}}, 0.25),
        ({"rtol": 0.5, "outputs": {"y": Tolerance(rtol=0.25)}}, 1.0),
        ({"atol": 0.5, "outputs": {"y": Tolerance(rtol=0.25)}}, 1.5),
        ({"atol": 0.5, "outputs": {"y": Tolerance(atol=0.25, rtol=0.25)}}, 1.25),
    ],
)
def test_what_is_set_for_an_output_counts_before_what_is_set_for_all(
    settings: dict[str, Any], bound: float | None
) -> None:
    assert limits(**settings).chosen("y", 4.0) == bound


@pytest.mark.parametrize(
    ("low", "high", "size"),
    [(-3.0, 2.0, 3.0), (1.0, 4.0, 4.0), (0.0, 0.0, 1.0), (-math.inf, 2.0, 1.0), (0.0, 0.5, 0.5)],
)
def test_the_magnitude_of_an_output_is_its_largest_value_or_one(low: float, high: float, size: float) -> None:
    assert magnitude(OutputFigures(reference=ValueRange(low, high))) == size


def test_the_deepest_model_that_tells_counts(tmp_path: Path) -> None:
    layers, graph = layers_model(tmp_path / "layers"), graph_model(tmp_path / "graph")
    keras = Subject(tmp_path / "m.h5", "keras")
    assert [depth(one) for one in (layers, graph, keras)] == [4, 9, 64]
    assert deepest([layers, graph, keras]) == 9
    assert deepest([keras]) == deepest([]) == 64


def test_the_noise_of_weights_is_what_their_steps_are_to_their_size(tmp_path: Path) -> None:
    plain = layers_model(tmp_path / "plain")
    coarse, half = quantized(plain, tmp_path / "coarse", "uint8"), quantized(plain, tmp_path / "half", "float16")
    assert noise(plain, plain) == noise(Subject(tmp_path, "keras"), plain) == 0.0
    assert noise(half, plain) == noise(half, None) == pytest.approx(math.sqrt(6) * 2.0**-11 / math.sqrt(3))
    assert noise(half, half) == noise(coarse, coarse) == noise(plain, half) == 0.0
    assert noise(coarse, half) == pytest.approx(noise(coarse, plain), rel=1e-3)
    entries = json.loads((coarse.path / "model.json").read_text())["weightsManifest"][0]["weights"]
    shares = [
        one["quantization"]["scale"] / math.sqrt(12) / math.sqrt(np.mean(np.square(weights()[one["name"]])))
        for one in entries
    ]
    assert noise(coarse, plain) == pytest.approx(math.sqrt(sum(share**2 for share in shares)), rel=1e-3)
