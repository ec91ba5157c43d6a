"""Keras files and layers models of a few kilobytes that ask for gigabytes; made of JSON and HDF5 alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Json = dict[str, Any]


def layer(class_name: str, name: str, **config: Any) -> Json:
    return {"class_name": class_name, "config": {"name": name, "trainable": True, "dtype": "float32", **config}}


def entry(*shape: int | None) -> Json:
    return {
        "class_name": "InputLayer",
        "config": {"name": "in", "batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False},
    }


def dense(units: int, name: str = "bomb") -> Json:
    return layer("Dense", name, units=units, activation="linear", use_bias=False)


def lstm(units: int) -> Json:
    return layer("LSTM", "held", units=units, activation="tanh", recurrent_activation="sigmoid", use_bias=True)


NESTED = {"class_name": "Sequential", "config": {"name": "inner", "layers": [entry(4), dense(400_000_000)]}}
STEPS = layer("Reshape", "steps", target_shape=[4, 1])
PICTURE = layer("Reshape", "picture", target_shape=[2, 2, 1])
UNMADE: dict[str, list[Json]] = {
    "dense": [entry(4), dense(400_000_000)],
    "embedding": [entry(4), layer("Embedding", "bomb", input_dim=1_000_000_000, output_dim=4)],
    "recurrent": [entry(4), STEPS, layer("Bidirectional", "bomb", layer=lstm(20_000), merge_mode="concat")],
    "convolution": [
        entry(4),
        PICTURE,
        layer("Conv2D", "bomb", filters=100_000, kernel_size=[100, 100], padding="same"),
    ],
    "each step": [entry(4), STEPS, layer("TimeDistributed", "bomb", layer=dense(1_000_000_000, "held"))],
    "many small ones": [entry(4), *(dense(5000, f"bomb{number}") for number in range(20))],
    "nested": [entry(4), NESTED],
}
"""Layers that make weights of gigabytes for themselves, none of which is in the file."""

OF_KERAS_2 = frozenset({"recurrent", "each step"})
"""Those that Keras 3 does not read in the words of Keras 2."""

PADDED = layer("ZeroPadding2D", "bomb", padding=[[15_000, 15_000], [15_000, 15_000]], data_format="channels_last")
POOLED = layer("GlobalAveragePooling2D", "pooled", data_format="channels_last")
UNFED: dict[str, list[Json]] = {
    "input": [entry(20_000, 20_000), layer("Flatten", "flat", data_format="channels_last")],
    "padding": [entry(4), PICTURE, PADDED, POOLED],
    "repeated": [entry(4), layer("RepeatVector", "bomb", n=200_000_000), layer("GlobalMaxPooling1D", "pooled")],
}
"""Layers without a weight that make gigabytes of one example."""


def topology(layers: list[Json]) -> Json:
    return {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}


def names(layers: list[Json]) -> list[str]:
    return [one["config"]["name"] for one in layers]


def write_hdf5(path: Path, layers: list[Json], fill: Callable[[h5py.Group, str], None] | None = None) -> Path:
    """Write a file of Keras 2; ``fill`` makes the kernel of the layer ``bomb`` by its name in the group."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        for holder in (file, group):
            holder.attrs["keras_version"], holder.attrs["backend"] = "2.15.0", "tensorflow"
        file.attrs["model_config"] = json.dumps(topology(layers))
        group.attrs["layer_names"] = [name.encode() for name in names(layers)]
        for name in names(layers):
            filled = fill is not None and name == "bomb"
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [b"bomb/kernel:0"] if filled else np.zeros(0, "S1")
            if fill is not None and filled:
                fill(inner, "bomb/kernel:0")
    return path


def write_layers_model(folder: Path, layers: list[Json]) -> Path:
    """Write a layers model with one weight, which is nobody's."""
    folder.mkdir()
    (folder / "w.bin").write_bytes(bytes(16))
    document = {
        "format": "layers-model",
        "modelTopology": {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": topology(layers)},
        "weightsManifest": [
            {"paths": ["w.bin"], "weights": [{"name": "none/kernel", "shape": [4], "dtype": "float32"}]}
        ],
    }
    (folder / "model.json").write_text(json.dumps(document))
    return folder
