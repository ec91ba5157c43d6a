"""What is declared of weights that a conversion changes, held against what the layers compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.verification.layered import held
from workflow.verification.derivations import alternatives, derived

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workflow.verification.weights_by_layer import WeightedLayer

    Array = NDArray[Any]

RANDOM = np.random.default_rng(2)


def wanted(source: WeightedLayer, *results: WeightedLayer) -> dict[str, Array]:
    found = derived(source, results)
    assert found is not None
    return {one.result.name: one.wanted.shaped() for one in found if one.result and one.wanted}


def test_weights_of_a_kept_layer_are_kept() -> None:
    kernel, bias = RANDOM.normal(size=(3, 2)), RANDOM.normal(size=2)
    own = held("Dense", "dense", kernel=kernel, bias=bias)
    found = wanted(own, own)
    assert np.array_equal(found["dense/kernel"], kernel.astype(np.float32))
    assert np.array_equal(found["dense/bias"], bias.astype(np.float32))


def test_a_kernel_of_groups_in_full_computes_what_the_groups_do() -> None:
    given, kernel = RANDOM.normal(size=6).astype(np.float32), RANDOM.normal(size=(1, 2, 9)).astype(np.float32)
    source = held("Conv1D", "conv", {"groups": 3, "use_bias": False}, kernel=kernel)
    (full,) = wanted(
        source, held("Conv1D", "conv", {"groups": 1, "use_bias": False}, kernel=np.zeros((1, 6, 9)))
    ).values()
    groups = [given[2 * k : 2 * k + 2] @ kernel[0, :, 3 * k : 3 * k + 3] for k in range(3)]
    assert np.allclose(given @ full[0], np.concatenate(groups))
    assert [one.shaped().tolist() for one in alternatives(source, ())] == [full.tolist()]


def test_a_dilated_kernel_in_full_reaches_as_far() -> None:
    kernel = RANDOM.normal(size=(2, 3, 1, 1)).astype(np.float32)
    source = held("DepthwiseConv2D", "d", {"dilation_rate": [3, 2], "use_bias": False}, depthwise_kernel=kernel)
    result = held("DepthwiseConv2D", "d", {"dilation_rate": [1, 1]}, depthwise_kernel=np.zeros((4, 5, 1, 1)))
    (full,) = wanted(source, result).values()
    assert full.shape == (4, 5, 1, 1)
    assert np.array_equal(full[::3, ::2], kernel)
    assert np.count_nonzero(full) == kernel.size


def test_one_dimension_becomes_two_of_width_one() -> None:
    kernels: dict[str, Any] = {
        "depthwise_kernel": RANDOM.normal(size=(3, 4, 2)),
        "pointwise_kernel": RANDOM.normal(size=(1, 8, 5)),
    }
    source = held("SeparableConv1D", "s", **kernels, bias=np.ones(5))
    found = wanted(source, held("SeparableConv2D", "s", **kernels, bias=np.ones(5)))
    assert [one.shape for one in found.values()] == [(3, 1, 4, 2), (1, 1, 8, 5), (5,)]
    assert [one.shape for one in wanted(source, source).values()] == [(3, 4, 2), (1, 8, 5), (5,)]


@pytest.mark.parametrize(("size", "target"), [(4, 8), (7, 3), (5, 5), (2, 9)])
def test_matrices_resize_a_row_as_interpolation_does(size: int, target: int) -> None:
    row = RANDOM.normal(size=size)
    centres = (np.arange(target) + 0.5) * size / target - 0.5
    source = held("Resizing", "r", {"height": target, "width": target, "interpolation": "bilinear"})
    dense = held("Dense", "r_rows", {"use_bias": False}, kernel=np.zeros((size, target)))
    matrix = wanted(source, dense, held("Dense", "r", {"use_bias": False}, kernel=np.zeros((size, target))))
    assert np.allclose(row @ matrix["r_rows/kernel"], np.interp(centres, np.arange(size), row), atol=1e-6)
    nearest = held("Resizing", "r", {"height": target, "width": target, "interpolation": "nearest"})
    taken = wanted(nearest, dense, held("Dense", "r", kernel=np.zeros((size, target))))["r_rows/kernel"]
    assert np.array_equal(np.arange(size) @ taken, np.floor((np.arange(target) + 0.5) * (size / target)))


def test_statistics_become_those_of_a_batch_normalization_or_options() -> None:
    source = held("Normalization", "n", {"axis": -1}, mean=[1.0, 2.0], variance=[4.0, 0.0], count=3)
    own = held("BatchNormalization", "n", {"scale": False}, moving_mean=[0.0, 0.0], moving_variance=[0.0, 0.0])
    found = wanted(source, own)
    assert found["n/moving_mean"].tolist() == [1.0, 2.0]
    assert np.allclose(found["n/moving_variance"], [4.0, 1e-14])
    single = held("Normalization", "n", {"axis": None}, mean=2.0, variance=16.0, count=3)
    right = derived(single, [held("Rescaling", "n", {"scale": 0.25, "offset": -0.5})])
    wrong = derived(single, [held("Rescaling", "n", {"scale": 0.0625, "offset": -0.5})])
    assert [one.problem for one in right or ()] == [""]
    assert "makes it" not in str(right)
    assert [one.problem for one in wrong or ()] == [
        "the option scale of n is 0.0625, and the source's weights make it 0.25"
    ]


def test_cells_on_top_of_each_other_are_layers_from_the_lowest_up() -> None:
    cells = [{"class_name": "SimpleRNNCell", "config": {"use_bias": False}} for _ in range(2)]
    arrays = {f"{number}__{role}": [[float(number)]] for number in range(2) for role in ("kernel", "recurrent_kernel")}
    source = held("RNN", "r", {"cell": cells}, **arrays)
    layers = [held("RNN", name, {"cell": cells[0]}, kernel=[[9.0]], recurrent_kernel=[[9.0]]) for name in ("r_0", "r")]
    found = wanted(source, *layers)
    assert {name: one.item() for name, one in found.items()} == {
        "r_0/kernel": 0.0,
        "r_0/recurrent_kernel": 0.0,
        "r/kernel": 1.0,
        "r/recurrent_kernel": 1.0,
    }


def test_what_a_step_is_given_is_what_the_layer_inside_is() -> None:
    inside = {"layer": {"class_name": "Conv1D", "config": {"groups": 2, "use_bias": False}}}
    plain = {"layer": {"class_name": "Conv1D", "config": {"groups": 1, "use_bias": False}}}
    source = held("TimeDistributed", "t", inside, kernel=np.ones((1, 1, 2)))
    found = wanted(source, held("TimeDistributed", "t", plain, kernel=np.zeros((1, 2, 2))))
    assert found["t/kernel"].tolist() == [[[1.0, 0.0], [0.0, 1.0]]]


def test_of_another_class_nothing_is_declared() -> None:
    kernel = [[1.0]]
    assert derived(held("Dense", "d", kernel=kernel), [held("Conv1D", "d", kernel=kernel)]) is None
    assert derived(held("Mine", "d", kernel=kernel), [held("Mine", "d", kernel=kernel)]) is None
    assert derived(held("RNN", "d", {"cell": 3}, kernel=kernel), [held("RNN", "d", kernel=kernel)]) is None


def test_numbers_of_options_are_found_in_graphs() -> None:
    channels = held("Rescaling", "r", {"scale": [1.0, 2.0], "offset": 0.5})
    assert [(one.name, one.shaped().tolist()) for one in alternatives(channels, ())] == [("r/scale", [1.0, 2.0])]
    larger = held("UpSampling2D", "u", {"size": [2, 3], "interpolation": "bilinear"})
    shapes = [(4, 8), (4, 12), (4, 9), (2, 2, 2)]
    assert [one.shape for one in alternatives(larger, shapes)] == [(4, 8), (4, 12)]
    assert alternatives(held("Rescaling", "r", {"scale": 2.0}), ()) == []
