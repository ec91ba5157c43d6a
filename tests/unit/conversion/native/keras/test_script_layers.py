"""What TensorFlow.js computes, written with layers of Keras that compute the same, or declined by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.conversion.native.keras.files import called, given, graph, layer, row
from workflow.base.errors import DeclinedError
from workflow.conversion.native.keras.script_layers import as_computed, require_agreement

Array = Any


def enlarged_in_script(image: Array, size: tuple[int, int]) -> Array:
    """Return what TensorFlow.js makes of an image: ``resizeBilinear`` without half pixels, by its own formula."""
    for axis, factor in enumerate(size):
        count = image.shape[axis]
        at = np.arange(count * factor) / factor
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, count - 1)
        share = (at - low).reshape([-1 if axis == one else 1 for one in range(image.ndim)])
        image = image.take(low, axis) * (1 - share) + image.take(high, axis) * share
    return image


def in_keras(image: Array, entries: list[dict[str, Any]]) -> Array:
    """Return what Keras makes of an image by nearest enlarging, and means over what is there with padding ``same``."""
    for entry in entries:
        config = entry["config"]
        if entry["class_name"] == "UpSampling2D":
            assert config["interpolation"] == "nearest"
            for axis, factor in enumerate(config["size"]):
                image = image.repeat(factor, axis)
        else:
            assert (config["strides"], config["padding"]) == ([1, 1], "same")
            image = means(image, config["pool_size"])
    return image


def means(image: Array, window: list[int]) -> Array:
    """Average over windows that begin (size - 1) // 2 before each pixel, as TensorFlow pads for ``same``."""
    found = np.empty_like(image)
    for row_, column in np.ndindex(image.shape[:2]):
        top, left = (at - (size - 1) // 2 for at, size in zip((row_, column), window, strict=True))
        piece = image[max(top, 0) : top + window[0], max(left, 0) : left + window[1]]
        found[row_, column] = piece.mean(axis=(0, 1))
    return found


@pytest.mark.parametrize("size", [[2, 2], [1, 2], [2, 1], [1, 1]])
def test_enlarging_without_half_pixels_is_nearest_enlarging_and_means_of_neighbours(size: list[int]) -> None:
    config = row(given([None, 4, 3, 2]), layer("UpSampling2D", "up", size=size, interpolation="bilinear"))
    first, *made = as_computed(config)["config"]["layers"]
    assert (first["class_name"], [entry["config"]["name"] for entry in made]) == (
        "InputLayer",
        ["up_upsampling2d", "up"],
    )
    image = np.random.default_rng(1).normal(size=(4, 3, 2))
    assert np.allclose(in_keras(image, made), enlarged_in_script(image, (size[0], size[1])), atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"size": [3, 3], "interpolation": "bilinear"},
        {"size": [2, 2], "interpolation": "nearest"},
        {"size": [2, 2], "interpolation": "bilinear", "data_format": "channels_first"},
        {"size": 2, "interpolation": "bilinear"},
    ],
)
def test_other_enlarging_is_left_as_it_is(options: dict[str, Any]) -> None:
    config = row(given([None, 4, 3, 2]), layer("UpSampling2D", "up", **options))
    assert as_computed(config) is config


def test_pieces_are_called_as_often_as_the_layer_and_the_last_has_its_name() -> None:
    up = called(layer("UpSampling2D", "up", size=[2, 2], interpolation="bilinear"), ["a"], ["b"])
    inner = {
        **row(given([None, 2, 2, 1]), layer("UpSampling2D", "deep", size=[2, 2], interpolation="bilinear")),
        "name": "in",
    }
    inner["config"]["name"] = "in"
    ends = [called(given([None, 2, 2, 1], name), *[]) for name in ("a", "b")]
    config = graph(*ends, up, called(inner, ["up"]), inputs=["a", "b"], outputs=["in"])
    made = as_computed(config)["config"]["layers"]
    assert [entry["config"]["name"] for entry in made] == ["a", "b", "up_upsampling2d", "up", "in"]
    assert made[2]["inbound_nodes"] == up["inbound_nodes"]
    assert made[3]["inbound_nodes"] == [[["up_upsampling2d", 0, 0, {}]], [["up_upsampling2d", 1, 0, {}]]]
    assert [one["config"]["name"] for one in made[4]["config"]["layers"]] == ["given", "deep_upsampling2d", "deep"]


def norm(axis: Any) -> dict[str, Any]:
    return layer("BatchNormalization", "norm", axis=axis, epsilon=1e-3, center=True, scale=True)


@pytest.mark.parametrize(
    ("shape", "axis", "agreed"),
    [
        ([None, 8, 8, 2], -1, True),
        ([None, 8, 8, 2], 3, True),
        ([None, 8, 8, 2], [3], True),
        ([None, 8, 8, 2], 1, False),
        ([None, 8, 8, 2], 2, False),
        ([None, 8, 8, 2], [1], False),
        ([None, 5], 1, True),
        ([None, 5, 2], 1, False),
    ],
)
def test_an_axis_on_which_the_backends_disagree_is_declined(shape: list[Any], axis: Any, *, agreed: bool) -> None:
    inner = {**row(norm(axis)), "name": "inner"}
    inner["config"]["name"] = "inner"
    for config in (row(given(shape), norm(axis)), row(given(shape), inner)):
        if agreed:
            require_agreement(config)
            continue
        with pytest.raises(
            DeclinedError, match=r"'norm' .*axis \d, TensorFlow\.js computes one thing on cpu"
        ) as caught:
            require_agreement(config)
        assert caught.value.route == "none"


def test_behind_layers_of_which_no_shape_is_known_only_the_second_axis_is_declined() -> None:
    strange = layer("Strange", "strange")
    require_agreement(row(given([None, 4]), strange, norm(3)))
    with pytest.raises(DeclinedError, match="axis 1"):
        require_agreement(row(given([None, 4]), strange, norm(1)))


def test_thresholded_relu_is_the_relu_that_every_keras_has() -> None:
    entry = layer("ThresholdedReLU", "above", theta=0.3)
    (_, made) = as_computed(row(given([None, 4]), entry))["config"]["layers"]
    assert (made["class_name"], made["config"]["name"], made["config"]["threshold"]) == ("ReLU", "above", 0.3)
    assert "theta" not in made["config"]


@pytest.mark.parametrize(("theta", "threshold"), [(None, 1.0), (0, 0), (0.5, 0.5)])
def test_the_threshold_is_what_tensorflow_js_takes(theta: float | None, threshold: float) -> None:
    (_, made) = as_computed(row(given([None, 4]), layer("ThresholdedReLU", "above", theta=theta)))["config"]["layers"]
    assert (made["class_name"], made["config"]["threshold"]) == ("ReLU", threshold)


@pytest.mark.parametrize("theta", [-0.5, "much"])
def test_a_threshold_that_no_relu_takes_stays_where_it_is(theta: Any) -> None:
    config = row(given([None, 4]), layer("ThresholdedReLU", "above", theta=theta))
    assert as_computed(config) is config


def test_each_step_of_a_sequence_is_computed_so_too() -> None:
    held = layer("UpSampling2D", "up", size=[2, 2], interpolation="bilinear")
    config = row(given([None, 5, 4, 4, 1]), layer("TimeDistributed", "steps", layer=held))
    _, first, last = as_computed(config)["config"]["layers"]
    assert [one["config"]["name"] for one in (first, last)] == ["steps_timedistributed", "steps"]
    inside = [one["config"]["layer"] for one in (first, last)]
    assert [one["class_name"] for one in inside] == ["UpSampling2D", "AveragePooling2D"]
    assert [one["config"]["name"] for one in inside] == ["up", "up"]
    assert inside[0]["config"]["interpolation"] == "nearest"


def test_pieces_get_names_that_no_layer_has() -> None:
    up = layer("UpSampling2D", "up", size=[2, 2], interpolation="bilinear")
    other = layer("ReLU", "up_upsampling2d")
    made = as_computed(row(given([None, 4, 4, 1]), up, other))["config"]["layers"]
    assert [one["config"]["name"] for one in made] == ["given", "up_upsampling2d_", "up", "up_upsampling2d"]


@pytest.mark.parametrize(("axis", "agreed"), [(1, False), (2, False), (3, True), (-1, True)])
def test_an_axis_inside_of_each_step_is_looked_at(axis: int, *, agreed: bool) -> None:
    config = row(given([None, 5, 8, 8, 2]), layer("TimeDistributed", "steps", layer=norm(axis)))
    if agreed:
        require_agreement(config)
        return
    with pytest.raises(DeclinedError, match=f"'norm' .*axis {axis}"):
        require_agreement(config)
