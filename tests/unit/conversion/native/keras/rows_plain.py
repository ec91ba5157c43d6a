"""Layers without weights and those of one matrix: the rows of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.arithmetic import elu, softmax
from tests.unit.conversion.native.keras.files import dense, layer, numbers
from tests.unit.conversion.native.keras.rows import Refused, Row
from tests.unit.conversion.native.keras.rows_convolution import signed

if TYPE_CHECKING:
    from tests.unit.conversion.native.keras.arithmetic import Array

FLAT = (3,)
STEPS = (4, 3)
IMAGE = (3, 2, 4)
VIDEO = (2, 3, 2, 2)
KERNEL, BIAS = signed(3, 2), numbers(2)
_NOTHING_IN_PREDICTION = (
    *("ActivityRegularization", "SpatialDropout2D", "SpatialDropout3D"),
    *("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness"),
    *("RandomHeight", "RandomWidth", "RandomHue", "RandomSaturation", "RandomSharpness", "RandomShear"),
    *("RandomGrayscale", "RandomInvert", "RandomPosterization", "RandomColorJitter", "RandomColorDegeneration"),
    *("RandomErasing", "RandomGaussianBlur", "RandomPerspective", "RandomElasticTransform"),
    *("RandAugment", "AugMix", "CutMix", "MixUp"),
)
_OPTION_OF_NOISE = {"GaussianNoise": {"stddev": 0.1}}


def resampled(x: Array, axis: int, wanted: int) -> Array:
    """Return one axis of pictures at another size: between the centres of pixels in a straight line, ends held."""
    size = x.shape[axis]
    places = (np.arange(wanted) + 0.5) * size / wanted - 0.5
    return np.apply_along_axis(lambda row: np.interp(places, np.arange(size), row), axis, x)


def nearest(x: Array, axis: int, wanted: int) -> Array:
    return np.asarray(x.take(np.floor((np.arange(wanted) + 0.5) * x.shape[axis] / wanted).astype(int), axis))


def attended(query: Array, value: Array, key: Array, scale: float = 1.0) -> Array:
    return np.asarray(softmax(scale * query @ key.swapaxes(1, 2)) @ value)


def bounded(value: float | None, slope: float, threshold: float, x: Array) -> Array:
    """Return Keras's ReLU, by the cases of its documentation."""
    return np.where(
        x >= (np.inf if value is None else value), value or 0, np.where(x >= threshold, x, slope * (x - threshold))
    )


def rectified(value: float | None, slope: float, threshold: float, becomes: list[str]) -> Row:
    return Row(
        f"ReLU up to {value}, with slope {slope} below {threshold}",
        layer("ReLU", "x", max_value=value, negative_slope=slope, threshold=threshold),
        [FLAT],
        becomes,
        lambda x: bounded(value, slope, threshold, x),
    )


_SLOPED = ["Rescaling", "Activation", "Rescaling", "Add"]
RESAMPLED = ["Permute", "Dense", "Permute", "Dense", "Permute"]

ROWS = [
    Row("Dense", dense("x"), [FLAT], ["Dense"], lambda x: x @ KERNEL + BIAS, {"kernel": KERNEL, "bias": BIAS}),
    Row(
        "Dense over each step, without a bias",
        dense("x", use_bias=False),
        [STEPS],
        ["Dense"],
        lambda x: x @ KERNEL,
        {"kernel": KERNEL},
    ),
    Row(
        "Embedding",
        layer("Embedding", "x", input_dim=4, output_dim=2, mask_zero=False, input_length=None),
        [(5,)],
        ["Embedding"],
        lambda x: signed(4, 2)[x.astype(int)],
        {"embeddings": signed(4, 2)},
        whole=True,
    ),
    Row(
        "PReLU with one slope for all steps",
        layer("PReLU", "x", shared_axes=[1]),
        [STEPS],
        ["PReLU"],
        lambda x: np.where(x > 0, x, x * [0.125, 0.25, 0.375]),
        {"alpha": numbers(1, 3)},
    ),
    *[
        Row(f"{name} does nothing", layer(name, "x"), [IMAGE], ["Activation"], lambda x: x)
        for name in (*_NOTHING_IN_PREDICTION, "Identity")
    ],
    *[
        Row(
            f"{name} does nothing, in TensorFlow.js as in Keras",
            layer(name, "x", **_OPTION_OF_NOISE.get(name, {"rate": 0.5})),
            [STEPS],
            [name],
            lambda x: x,
        )
        for name in ("Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout")
    ],
    Row(
        "SpatialDropout1D loses a noise shape",
        layer("SpatialDropout1D", "x", rate=0.5, noise_shape=[1, 3]),
        [STEPS],
        ["SpatialDropout1D"],
        lambda x: x,
    ),
    rectified(None, 0.0, 0.0, ["ReLU"]),
    rectified(1.0, 0.0, 0.0, ["ReLU"]),
    rectified(None, 0.25, 0.0, ["LeakyReLU"]),
    rectified(None, 0.0, 0.5, ["ThresholdedReLU"]),
    rectified(1.5, 0.0, 0.5, ["ThresholdedReLU", "ReLU"]),
    rectified(1.5, 0.25, 0.0, ["ReLU", *_SLOPED]),
    rectified(None, 0.25, 0.5, ["ThresholdedReLU", *_SLOPED]),
    rectified(1.5, 0.25, 0.5, ["ThresholdedReLU", "ReLU", *_SLOPED]),
    Row(
        "LeakyReLU",
        layer("LeakyReLU", "x", alpha=0.25),
        [FLAT],
        ["LeakyReLU"],
        lambda x: np.where(x > 0, x, x / 4),
        keras3={"negative_slope": 0.25, "alpha": None},
    ),
    Row("ELU", layer("ELU", "x", alpha=1.0), [FLAT], ["ELU"], elu),
    Row(
        "ELU with a slope of its own",
        layer("ELU", "x", alpha=0.5),
        [FLAT],
        ["Activation", "Activation", "Rescaling", "Activation", "Rescaling", "Add"],
        lambda x: elu(x, 0.5),
    ),
    Row(
        "ThresholdedReLU",
        layer("ThresholdedReLU", "x", theta=0.75),
        [FLAT],
        ["ThresholdedReLU"],
        lambda x: np.where(x > 0.75, x, 0),
        spellings=("keras2",),
    ),
    Row("Softmax", layer("Softmax", "x", axis=-1), [STEPS], ["Softmax"], softmax),
    Row("Softmax over the last axis by its number", layer("Softmax", "x", axis=2), [STEPS], ["Softmax"], softmax),
    Row("Softmax over a list of the last axis", layer("Softmax", "x", axis=[-1]), [STEPS], ["Softmax"], softmax),
    Row(
        "Softmax over two axes at once",
        layer("Softmax", "x", axis=[1, 2]),
        [STEPS],
        ["Softmax"],
        lambda x: softmax(x, (1, 2)),
    ),
    Row(
        "Softmax over the steps is brought to the end and back",
        layer("Softmax", "x", axis=-2),
        [STEPS],
        ["Permute", "Activation", "Permute"],
        lambda x: softmax(x, 1),
    ),
    Row(
        "Softmax over the first axis of an image",
        layer("Softmax", "x", axis=[1]),
        [IMAGE],
        ["Permute", "Activation", "Permute"],
        lambda x: softmax(x, 1),
    ),
    *[
        Row(f"{name} of three", layer(name, "x"), [STEPS] * 3, [name], lambda *x, way=way: way(np.stack(x), axis=0))
        for name, way in (
            ("Add", np.sum),
            ("Multiply", np.prod),
            ("Average", np.mean),
            ("Maximum", np.max),
            ("Minimum", np.min),
        )
    ],
    Row("Subtract", layer("Subtract", "x"), [STEPS] * 2, ["Rescaling", "Add"], lambda a, b: a - b),
    *[
        Row(
            f"Concatenate along axis {axis}",
            layer("Concatenate", "x", axis=axis),
            [STEPS, STEPS],
            ["Concatenate"],
            lambda a, b, axis=axis: np.concatenate([a, b], axis),
        )
        for axis in (-1, 1, -2)
    ],
    *[
        Row(
            f"Dot over axes {axes}",
            layer("Dot", "x", axes=axes, normalize=unit),
            [one, other],
            ["Dot"],
            answer,
        )
        for axes, unit, one, other, answer in (
            (-1, False, FLAT, FLAT, lambda a, b: (a * b).sum(-1, keepdims=True)),
            ([-1, 2], False, STEPS, (2, 3), lambda a, b: a @ b.swapaxes(1, 2)),
            ([2, 1], False, STEPS, (3, 2), lambda a, b: a @ b),
            (
                1,
                True,
                FLAT,
                FLAT,
                lambda a, b: (
                    (a * b).sum(-1, keepdims=True)
                    / np.sqrt((a**2).sum(-1, keepdims=True) * (b**2).sum(-1, keepdims=True))
                ),
            ),
        )
    ],
    Row(
        "Attention, whose key is its value",
        layer("Attention", "x", use_scale=False, score_mode="dot"),
        [(2, 3), (4, 3)],
        ["Dot", "Activation", "Dot"],
        lambda query, value: attended(query, value, value),
    ),
    Row(
        "Attention with a scale, and a key of its own",
        layer("Attention", "x", use_scale=True, score_mode="dot"),
        [(2, 3), (4, 2), (4, 3)],
        ["Dot", "Rescaling", "Activation", "Dot"],
        lambda query, value, key: attended(query, value, key, 0.5),
        {"scale": np.asarray(0.5, "f4")},
    ),
    Row(
        "Flatten", layer("Flatten", "x", data_format="channels_last"), [IMAGE], ["Flatten"], lambda x: x.reshape(2, -1)
    ),
    Row(
        "Flatten whose channels come first",
        layer("Flatten", "x", data_format="channels_first"),
        [(2, 3, 4)],
        ["Flatten"],
        lambda x: np.moveaxis(x, 1, -1).reshape(2, -1),
    ),
    Row("Flatten of what is flat", layer("Flatten", "x"), [FLAT], ["Activation"], lambda x: x),
    Row("Flatten of single numbers", layer("Flatten", "x"), [()], ["Reshape"], lambda x: x[:, None]),
    Row("Flatten of an open size", layer("Flatten", "x"), [(None, 2)], ["Reshape"], lambda x: x.reshape(2, -1)),
    Row("Reshape", layer("Reshape", "x", target_shape=[2, -1]), [IMAGE], ["Reshape"], lambda x: x.reshape(2, 2, 12)),
    Row("Permute", layer("Permute", "x", dims=[3, 1, 2]), [IMAGE], ["Permute"], lambda x: x.transpose(0, 3, 1, 2)),
    Row("RepeatVector", layer("RepeatVector", "x", n=3), [FLAT], ["RepeatVector"], lambda x: np.stack([x] * 3, 1)),
    Row(
        "ZeroPadding2D, another number on each side",
        layer("ZeroPadding2D", "x", padding=[[1, 2], [0, 3]], data_format="channels_last"),
        [IMAGE],
        ["ZeroPadding2D"],
        lambda x: np.pad(x, [(0, 0), (1, 2), (0, 3), (0, 0)]),
    ),
    Row(
        "Cropping2D",
        layer("Cropping2D", "x", cropping=[[1, 0], [0, 1]], data_format="channels_last"),
        [IMAGE],
        ["Cropping2D"],
        lambda x: x[:, 1:, :1],
    ),
    Row(
        "UpSampling2D, nearest",
        layer("UpSampling2D", "x", size=[2, 3], data_format="channels_last", interpolation="nearest"),
        [IMAGE],
        ["UpSampling2D"],
        lambda x: x.repeat(2, 1).repeat(3, 2),
    ),
    Row(
        "UpSampling2D by one number",
        layer("UpSampling2D", "x", size=2, data_format="channels_first", interpolation="nearest"),
        [(2, 3, 4)],
        ["UpSampling2D"],
        lambda x: x.repeat(2, 2).repeat(2, 3),
    ),
    Row(
        "UpSampling2D, bilinear, by a matrix along each axis",
        layer("UpSampling2D", "x", size=[2, 3], data_format="channels_last", interpolation="bilinear"),
        [IMAGE],
        RESAMPLED,
        lambda x: resampled(resampled(x, 1, 6), 2, 6),
    ),
    Row(
        "Resizing, bilinear",
        layer("Resizing", "x", height=5, width=1, interpolation="bilinear", crop_to_aspect_ratio=False),
        [IMAGE],
        RESAMPLED,
        lambda x: resampled(resampled(x, 1, 5), 2, 1),
    ),
    Row(
        "Resizing, nearest",
        layer("Resizing", "x", height=2, width=5, interpolation="nearest"),
        [IMAGE],
        RESAMPLED,
        lambda x: nearest(nearest(x, 1, 2), 2, 5),
    ),
    Row(
        "CenterCrop, the odd row at the end",
        layer("CenterCrop", "x", height=2, width=2),
        [(5, 4, 1)],
        ["Cropping2D"],
        lambda x: x[:, 1:3, 1:3],
    ),
    *[
        Row(
            f"{name} by that of two dimensions",
            layer(name, "x", **options),
            [STEPS],
            ["Reshape", two, "Reshape"],
            answer,
        )
        for name, two, options, answer in (
            ("ZeroPadding1D", "ZeroPadding2D", {"padding": [1, 2]}, lambda x: np.pad(x, [(0, 0), (1, 2), (0, 0)])),
            ("Cropping1D", "Cropping2D", {"cropping": [1, 0]}, lambda x: x[:, 1:]),
            ("UpSampling1D", "UpSampling2D", {"size": 3}, lambda x: x.repeat(3, 1)),
        )
    ],
    *[
        Row(
            f"{name} by that of two dimensions, twice",
            layer(name, "x", **options),
            [VIDEO],
            ["Reshape", two, "Reshape", two, "Reshape"],
            answer,
        )
        for name, two, options, answer in (
            (
                "ZeroPadding3D",
                "ZeroPadding2D",
                {"padding": [[1, 2], [0, 1], [3, 0]]},
                lambda x: np.pad(x, [(0, 0), (1, 2), (0, 1), (3, 0), (0, 0)]),
            ),
            ("Cropping3D", "Cropping2D", {"cropping": [[1, 0], [0, 2], [0, 1]]}, lambda x: x[:, 1:, :-2, :-1]),
            (
                "UpSampling3D",
                "UpSampling2D",
                {"size": [2, 1, 3]},
                lambda x: x.repeat(2, 1).repeat(3, 3),
            ),
        )
    ],
    Row(
        "Masking",
        layer("Masking", "x", mask_value=2.0),
        [STEPS],
        ["Masking"],
        lambda x: np.where((x != 2).any(-1, keepdims=True), x, 0),
        whole=True,
    ),
]


def refused(class_name: str, words: str, *shapes: tuple[int | None, ...], **options: Any) -> Refused:
    return Refused(layer(class_name, "x", **options), list(shapes), words)


REFUSED = [
    refused("ELU", "alpha=0.5", FLAT, alpha="0.5"),
    refused("Softmax", "it adds up over the batch", STEPS, axis=0),
    refused("Subtract", "it needs two inputs", FLAT, FLAT, FLAT),
    refused("Dot", "TensorFlow.js multiplies tensors of rank 2 and 3 alone", IMAGE, IMAGE, axes=1, normalize=False),
    refused("Dot", "axes=[1]", FLAT, FLAT, axes=[1], normalize=False),
    refused("Dot", "axes=[1, '1']", FLAT, FLAT, axes=[1, "1"], normalize=False),
    refused("Dot", "it multiplies over the batch", FLAT, FLAT, axes=0, normalize=False),
    refused(
        "Flatten",
        "the channels come first, and a size of its input is not fixed",
        (2, None, 3),
        data_format="channels_first",
    ),
    refused("Attention", "score_mode=concat", STEPS, STEPS, score_mode="concat"),
    refused("Attention", "it is not given a query, a value and a key of rank 3", FLAT, FLAT),
    refused("Attention", "it has no scale in the file", STEPS, STEPS, use_scale=True),
    refused("ZeroPadding1D", "the channels come first", STEPS, padding=1, data_format="channels_first"),
    refused("ZeroPadding1D", "the number of channels of its input is not known", (3, None), padding=1),
    refused("Cropping3D", "the channels come first", VIDEO, cropping=1, data_format="channels_first"),
    refused("Cropping3D", "the size of its input is not fixed", (None, 2, 2, 1), cropping=1),
    refused("ZeroPadding1D", "its options make no sense", STEPS, padding=[1, 2, 3]),
    refused(
        "UpSampling2D", "the channels come first", IMAGE, size=2, interpolation="bilinear", data_format="channels_first"
    ),
    refused("UpSampling2D", "size=[0, 2]", IMAGE, size=[0, 2], interpolation="bilinear"),
    refused("Resizing", "interpolation=area", IMAGE, height=2, width=2, interpolation="area"),
    refused("Resizing", "crop_to_aspect_ratio=True", IMAGE, height=2, width=2, crop_to_aspect_ratio=True),
    refused("Resizing", "antialias=True", IMAGE, height=2, width=2, antialias=True),
    refused("Resizing", "the channels come first", IMAGE, height=2, width=2, data_format="channels_first"),
    refused("Resizing", "it resizes to (0, 2)", IMAGE, height=0, width=2),
    refused("Resizing", "its input is no batch of images", STEPS, height=2, width=2),
    refused("Resizing", "9000 x 9000 to 9000 x 9000 is too large", (9000, 9000, 1), height=9000, width=9000),
    refused("CenterCrop", "the channels come first", IMAGE, height=1, width=1, data_format="channels_first"),
    refused("CenterCrop", "the size of its input is not fixed", (None, 2, 1), height=1, width=1),
    refused("CenterCrop", "it crops to (1.5, 1)", IMAGE, height=1.5, width=1),
]
