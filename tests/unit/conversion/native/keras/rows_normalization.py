"""Normalization and rescaling: the rows of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.arithmetic import normalized
from tests.unit.conversion.native.keras.files import layer, numbers
from tests.unit.conversion.native.keras.rows import Refused, Row
from tests.unit.conversion.native.keras.rows_convolution import signed

if TYPE_CHECKING:
    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Arrays, Config

IMAGE = (3, 2, 4)
VIDEO = (2, 3, 2, 4)
FOUR: Arrays = {
    "gamma": numbers(4),
    "beta": numbers(4) - 1,
    "moving_mean": signed(4),
    "moving_variance": numbers(4) * 3,
}
EPSILON = 0.01


def batch_norm(axis: Any, **options: Any) -> Config:
    base: Config = {"axis": axis, "momentum": 0.9, "epsilon": EPSILON, "center": True, "scale": True}
    return layer("BatchNormalization", "x", **{**base, **options})


def layer_norm(axis: Any, **options: Any) -> Config:
    return layer("LayerNormalization", "x", axis=axis, **{"epsilon": EPSILON, "center": True, "scale": True, **options})


def group_norm(groups: int, **options: Any) -> Config:
    base: Config = {"groups": groups, "axis": -1, "epsilon": EPSILON, "center": True, "scale": True}
    return layer("GroupNormalization", "x", **{**base, **options})


def by_batch(x: Array, axis: int, own: Arrays) -> Array:
    """Return what Keras computes: each place of the axis has its own mean, variance, factor and summand."""
    shape = [-1 if place == axis % x.ndim else 1 for place in range(x.ndim)]
    mean, variance = own["moving_mean"].reshape(shape), own["moving_variance"].reshape(shape)
    gamma, beta = (own[role].reshape(shape) if role in own else None for role in ("gamma", "beta"))
    result = (x - mean) / np.sqrt(variance + EPSILON) * (1 if gamma is None else gamma)
    return np.asarray(result + (0 if beta is None else beta))


def by_groups(x: Array, groups: int) -> Array:
    """Return each group of channels of each picture with mean 0 and variance 1."""
    parts = np.split(x, groups, -1)
    return np.concatenate([normalized(part, tuple(range(1, x.ndim)), EPSILON) for part in parts], -1)


def without(*roles: str) -> Arrays:
    return {role: array for role, array in FOUR.items() if role not in roles}


SCALED = {"gamma": FOUR["gamma"], "beta": FOUR["beta"]}
STATISTICS = {"mean": signed(4), "variance": numbers(4), "count": np.zeros((), "f4")}

ROWS = [
    Row(
        "BatchNormalization over the last axis",
        batch_norm([3]),
        [IMAGE],
        ["BatchNormalization"],
        lambda x: by_batch(x, 3, FOUR),
        FOUR,
        keras3={"axis": -1},
    ),
    Row(
        "BatchNormalization without a scale",
        batch_norm(-1, scale=False),
        [(4,)],
        ["BatchNormalization"],
        lambda x: by_batch(x, 1, without("gamma")),
        without("gamma"),
    ),
    Row(
        "BatchNormalization without a centre",
        batch_norm([-1], center=False),
        [IMAGE],
        ["BatchNormalization"],
        lambda x: by_batch(x, 3, without("beta")),
        without("beta"),
    ),
    Row(
        "BatchNormalization with neither",
        batch_norm(-1, center=False, scale=False),
        [(2, 4)],
        ["BatchNormalization"],
        lambda x: by_batch(x, 2, without("gamma", "beta")),
        without("gamma", "beta"),
    ),
    Row(
        "BatchNormalization over the first axis is brought to the end and back",
        batch_norm([1]),
        [(4, 3, 2)],
        ["Permute", "BatchNormalization", "Permute"],
        lambda x: by_batch(x, 1, FOUR),
        FOUR,
        keras3={"axis": 1},
    ),
    Row(
        "BatchNormalization over the axis in the middle, counted from the end",
        batch_norm(-2),
        [(3, 4, 2)],
        ["Permute", "BatchNormalization", "Permute"],
        lambda x: by_batch(x, 2, FOUR),
        FOUR,
    ),
    Row(
        "BatchNormalization of rank 5, which TensorFlow.js has not, is done in rows",
        batch_norm(-1),
        [VIDEO],
        ["Reshape", "BatchNormalization", "Reshape"],
        lambda x: by_batch(x, 4, FOUR),
        FOUR,
    ),
    Row(
        "BatchNormalization of rank 5 over the first axis, with one size open",
        batch_norm(1),
        [(4, None, 2, 2)],
        ["Permute", "Reshape", "BatchNormalization", "Reshape", "Permute"],
        lambda x: by_batch(x, 1, FOUR),
        FOUR,
    ),
    Row(
        "LayerNormalization",
        layer_norm([3]),
        [IMAGE],
        ["LayerNormalization"],
        lambda x: normalized(x, -1, EPSILON) * SCALED["gamma"] + SCALED["beta"],
        SCALED,
        keras3={"axis": -1},
    ),
    Row(
        "LayerNormalization over two axes",
        layer_norm([2, 3]),
        [IMAGE],
        ["LayerNormalization"],
        lambda x: normalized(x, (2, 3), EPSILON) * signed(2, 4) + numbers(2, 4),
        {"gamma": signed(2, 4), "beta": numbers(2, 4)},
    ),
    Row(
        "LayerNormalization without a scale",
        layer_norm(-1, scale=False),
        [(4,)],
        ["LayerNormalization"],
        lambda x: normalized(x, -1, EPSILON) + SCALED["beta"],
        {"beta": SCALED["beta"]},
    ),
    Row(
        "LayerNormalization of rank 5 is done in rows",
        layer_norm([4]),
        [VIDEO],
        ["Reshape", "LayerNormalization", "Reshape"],
        lambda x: normalized(x, -1, EPSILON) * SCALED["gamma"] + SCALED["beta"],
        SCALED,
    ),
    Row(
        "GroupNormalization of two groups of two channels",
        group_norm(2),
        [IMAGE],
        ["Reshape", "Permute", "Reshape", "LayerNormalization", "Reshape", "Permute", "Reshape", "BatchNormalization"],
        lambda x: by_groups(x, 2) * SCALED["gamma"] + SCALED["beta"],
        SCALED,
    ),
    Row(
        "GroupNormalization with a group for each channel, without a scale, of rank 5",
        group_norm(-1, scale=False, axis=4),
        [VIDEO],
        [
            *("Reshape", "Permute", "Reshape", "LayerNormalization", "Reshape", "Permute", "Reshape"),
            *("Reshape", "BatchNormalization", "Reshape"),
        ],
        lambda x: by_groups(x, 4) + SCALED["beta"],
        {"beta": SCALED["beta"]},
    ),
    Row(
        "Normalization that was adapted",
        layer("Normalization", "x", axis=[-1], mean=None, variance=None, invert=False),
        [IMAGE],
        ["BatchNormalization"],
        lambda x: (x - STATISTICS["mean"]) / np.sqrt(STATISTICS["variance"]),
        STATISTICS,
    ),
    Row(
        "Normalization that was told mean and variance, one of which is 0",
        layer("Normalization", "x", axis=3, mean=[1.0, 2.0, 3.0, 4.0], variance=[4.0, 1.0, 0.0, 0.25], invert=False),
        [IMAGE],
        ["BatchNormalization"],
        lambda x: (x - [1, 2, 3, 4]) / [2, 1, 1e-7, 0.5],
    ),
    Row(
        "Normalization by one mean for all",
        layer("Normalization", "x", axis=None, mean=2.0, variance=4.0, invert=False),
        [(4,)],
        ["Rescaling"],
        lambda x: (x - 2) / 2,
    ),
    Row(
        "Normalization by one mean for all, adapted",
        layer("Normalization", "x", axis=None, mean=None, variance=None),
        [IMAGE],
        ["Rescaling"],
        lambda x: (x - 0.5) / 3,
        {"mean": np.asarray(0.5, "f4"), "variance": np.asarray(9, "f4"), "count": np.zeros((), "f4")},
    ),
    Row(
        "Rescaling",
        layer("Rescaling", "x", scale=0.5, offset=-1.0),
        [IMAGE],
        ["Rescaling"],
        lambda x: x / 2 - 1,
    ),
    Row(
        "Rescaling by lists of one number",
        layer("Rescaling", "x", scale=[0.5], offset=0),
        [IMAGE],
        ["Rescaling"],
        lambda x: x / 2,
        keras3={"scale": {"class_name": "__numpy__", "config": {"value": [0.5], "dtype": "float32"}}},
    ),
    Row(
        "Rescaling of each channel",
        layer("Rescaling", "x", scale=[0.5, 1.0, 2.0, 4.0], offset=3.0),
        [IMAGE],
        ["BatchNormalization"],
        lambda x: x * [0.5, 1, 2, 4] + 3,
    ),
    Row(
        "Rescaling of each channel, of rank 5",
        layer("Rescaling", "x", scale=2.0, offset=[1.0, 2.0, 3.0, 4.0]),
        [VIDEO],
        ["Reshape", "BatchNormalization", "Reshape"],
        lambda x: x * 2 + [1, 2, 3, 4],
    ),
]

REFUSED = [
    Refused(batch_norm([1, 2]), [IMAGE], "layer 'x' (BatchNormalization): axis=[1, 2]", FOUR),
    Refused(batch_norm(0), [IMAGE], "axis 0 is that of the batch", FOUR),
    Refused(batch_norm(-1), [(None, None, 2, 4)], "more than one size of its input is not fixed", FOUR),
    Refused(
        layer_norm([3, 4]),
        [VIDEO],
        "axis=[3, 4] of rank 5 is more than TensorFlow.js can normalize over",
        {"gamma": signed(2, 4), "beta": signed(2, 4)},
    ),
    Refused(group_norm(2, axis=1), [IMAGE], "it does not normalize the last axis", SCALED),
    Refused(group_norm(3), [IMAGE], "groups=3 do not divide 4 channels", SCALED),
    Refused(group_norm(2), [(None, 2, 4)], "the size of its input is not fixed", SCALED),
    Refused(group_norm(2), [IMAGE], "its weights should be gamma, beta, and the file has 1", {"gamma": numbers(4)}),
    Refused(layer("Normalization", "x", axis=-1, invert=True), [IMAGE], "invert=True", STATISTICS),
    Refused(layer("Normalization", "x", axis=[1, 2]), [IMAGE], "axis=[1, 2] is not the last one", STATISTICS),
    Refused(layer("Normalization", "x", axis=-1), [IMAGE], "it was never adapted: the file has no mean and variance"),
    Refused(layer("Normalization", "x", axis=None), [IMAGE], "it has no axis and more than one mean", STATISTICS),
    Refused(
        layer("Rescaling", "x", scale=1e39, offset=[0.0, 1.0]),
        [(2,)],
        "its options make no sense (a number is too large for float32)",
    ),
    Refused(layer("Rescaling", "x", scale=[1.0, 2.0], offset=0.0), [(1 << 25,)], "its input has 33,554,432 channels"),
]
