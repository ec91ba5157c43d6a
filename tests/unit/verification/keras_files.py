"""Small Keras models as files of both kinds, with every layer whose weights are not simply kept; made without Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.files import archive, called, dense, given, graph, layer, row, whole_file
from workflow.models.keras.archive_layout import Counter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.unit.conversion.native.keras.files import Arrays, Config

    Shapes = Mapping[str, Mapping[str, tuple[int, ...]]]

KERNEL_BIAS = ("kernel", "bias")
GATED = {"kernel": (4, 16), "recurrent_kernel": (4, 16), "bias": (16,)}
MOVING = {"gamma": (8,), "beta": (8,), "moving_mean": (8,), "moving_variance": (8,)}
SAME = {"strides": [1, 1], "padding": "same", "activation": "linear", "use_bias": True}
STEPS = {"strides": [1], "padding": "same", "dilation_rate": [1], "activation": "linear", "use_bias": True}
LSTM = {"units": 4, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
SCALES = {"scale": [0.5, 1.5, 2.0, 0.25, 1.0, 3.0, 0.75, 1.25], "offset": [0.1 * number for number in range(8)]}


def images() -> tuple[Config, Shapes]:
    """Return a row of layers of images, and the shapes of their weights."""
    config = row(
        given([None, 8, 8, 4]),
        layer("Conv2D", "conv", filters=8, kernel_size=[3, 3], groups=2, dilation_rate=[1, 1], **SAME),
        layer("BatchNormalization", "norm", axis=[3], epsilon=1e-3, center=True, scale=True),
        layer("DepthwiseConv2D", "depth", kernel_size=[3, 3], dilation_rate=[2, 2], depth_multiplier=1, **SAME),
        layer("Resizing", "smaller", height=5, width=6, interpolation="bilinear"),
        layer("Resizing", "nearer", height=7, width=4, interpolation="nearest"),
        layer("GroupNormalization", "group", groups=2, axis=-1, epsilon=1e-3, center=True, scale=True),
        layer("Rescaling", "rescale", **SCALES),
        layer("Normalization", "statistics", axis=[-1]),
        layer("PReLU", "slopes", shared_axes=[1, 2]),
        layer("Conv2D", "second", filters=8, kernel_size=[1, 1], dilation_rate=[1, 1], **SAME),
    )
    return config, {
        "conv": {"kernel": (3, 3, 2, 8), "bias": (8,)},
        "norm": MOVING,
        "depth": {"depthwise_kernel": (3, 3, 8, 1), "bias": (8,)},
        "group": {"gamma": (8,), "beta": (8,)},
        "statistics": {"mean": (8,), "variance": (8,), "count": ()},
        "slopes": {"alpha": (1, 1, 8)},
        "second": {"kernel": (1, 1, 8, 8), "bias": (8,)},
    }


def steps() -> tuple[Config, Shapes]:
    """Return a row of layers of steps, and the shapes of their weights."""
    cells = [{"class_name": "LSTMCell", "config": {**LSTM, "name": f"cell_{number}"}} for number in range(2)]
    stacked = {"class_name": "StackedRNNCells", "config": {"name": "stacked", "cells": cells}}
    both = layer("LSTM", "lstm", return_sequences=True, **LSTM)
    config = row(
        given([None, 6, 4]),
        layer("SeparableConv1D", "separable", filters=4, kernel_size=[3], depth_multiplier=1, **STEPS),
        layer("DepthwiseConv1D", "depth", kernel_size=[3], depth_multiplier=1, **{**STEPS, "dilation_rate": [2]}),
        layer("Conv1DTranspose", "transposed", filters=4, kernel_size=[3], **STEPS),
        layer("LSTM", "gated", return_sequences=True, **LSTM),
        layer("Bidirectional", "both", layer=both, merge_mode="sum"),
        layer("RNN", "cells", cell=stacked, return_sequences=True),
        layer("LayerNormalization", "norm", axis=[2], epsilon=1e-3, center=True, scale=True),
        layer("TimeDistributed", "each", layer=dense("inside", 4)),
        dense("first", 4),
        dense("second", 4),
    )
    twice = {f"{way}_lstm/{role}": shape for way in ("forward", "backward") for role, shape in GATED.items()}
    return config, {
        "separable": {"depthwise_kernel": (3, 4, 1), "pointwise_kernel": (1, 4, 4), "bias": (4,)},
        "depth": {"depthwise_kernel": (3, 4, 1), "bias": (4,)},
        "transposed": {"kernel": (3, 4, 4), "bias": (4,)},
        "gated": GATED,
        "both": twice,
        "cells": {f"lstm_cell_{number}/{role}": shape for number in range(2) for role, shape in GATED.items()},
        "norm": {"gamma": (4,), "beta": (4,)},
        **{name: {"kernel": (4, 4), "bias": (4,)} for name in ("each", "first", "second")},
    }


def options() -> tuple[Config, Shapes]:
    """Return layers whose weights become options, and an embedding."""
    layers = [
        called(given([None, 5], dtype="int32")),
        called(layer("Embedding", "words", input_dim=9, output_dim=4, mask_zero=False), ["given"]),
        called(layer("Normalization", "statistics", axis=None), ["words"]),
        called(layer("Attention", "look", use_scale=True, score_mode="dot"), ["statistics", "words"]),
    ]
    layers[0]["inbound_nodes"] = []
    config = graph(*layers, inputs=["given"], outputs=["look"])
    statistics: Mapping[str, tuple[int, ...]] = {"mean": (), "variance": (), "count": ()}
    return config, {"words": {"embeddings": (9, 4)}, "statistics": statistics, "look": {"scale": ()}}


def nested() -> tuple[Config, Shapes]:
    """Return a model in a model, with a layer of the same name in both."""
    config = row(
        given([None, 4]), dense("dense", 4), row(given([None, 4], "inner_given"), dense("dense", 4), name="inner")
    )
    shape: Mapping[str, tuple[int, ...]] = {"kernel": (4, 4), "bias": (4,)}
    return config, {"dense": shape, "inner/dense": shape}


MODELS = {"images": images, "steps": steps, "options": options, "nested": nested}


def saved(folder: Path, model: str, ending: str) -> Path:
    """Write one of the models with numbers of a fixed seed."""
    config, shapes = MODELS[model]()
    random = np.random.default_rng(5)
    arrays = {
        name: {role: random.uniform(0.1, 2, shape).astype(np.float32) for role, shape in roles.items()}
        for name, roles in shapes.items()
    }
    path = folder / f"m.{ending}"
    if ending == "keras":
        return archive(path, config, dict(_places(config, arrays, "")), version="2.15.0")
    weights = {name: {f"{name}/{role}": array for role, array in own.items()} for name, own in arrays.items()}
    for name in [name for name in weights if "/" in name]:  # a model's own group holds those of its layers
        weights[name.split("/")[0]] = weights.pop(name)
    names = [entry["config"]["name"] for entry in config["config"]["layers"]]
    return whole_file(path, config, {name: weights.get(name, {}) for name in names})


def _places(config: Config, arrays: Mapping[str, Arrays], above: str) -> Iterator[tuple[str, Any]]:
    """Yield the arrays by the places where Keras keeps them: class and count, and numbers."""
    count = Counter()
    for entry in config["config"]["layers"]:
        place, name = f"layers/{count.take(entry['class_name'])}", entry["config"]["name"]
        if "layers" in entry["config"]:
            inside = {key.partition("/")[2]: own for key, own in arrays.items() if key.startswith(f"{name}/")}
            yield from ((f"{above}{place}/{inner}", array) for inner, array in _places(entry, inside, ""))
            continue
        own = list(arrays.get(name, {}).values())
        groups = _groups(entry["class_name"])
        each = len(own) // len(groups)
        for number, group in enumerate(groups):
            yield from _numbered(f"{above}{place}/{group}", own[number * each : (number + 1) * each])


def _groups(class_name: str) -> Sequence[str]:
    return {
        "LSTM": ["cell/vars"],
        "Bidirectional": ["forward_layer/cell/vars", "backward_layer/cell/vars"],
        "RNN": ["cell/cells/lstm_cell/vars", "cell/cells/lstm_cell_1/vars"],
        "TimeDistributed": ["layer/vars"],
    }.get(class_name, ["vars"])


def _numbered(group: str, arrays: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    yield from ((f"{group}/{number}", array) for number, array in enumerate(arrays))
