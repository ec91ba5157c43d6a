# mypy: ignore-errors
# runs in the converter environment
"""Write small Keras models into a folder, each with inputs to judge by; run in the converter environment.

Their weights are not fresh ones, so that every one of them makes a difference; ``rows`` has an output that is nearly
the same for every input.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from tensorflow import keras

layers = keras.layers
SAMPLES = 24


def pictures() -> Any:
    given = keras.Input((10, 10, 3), name="image")
    found = layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv")(given)
    found = layers.ReLU(name="bent")(layers.BatchNormalization(epsilon=0.02, name="norm")(found))
    less = layers.SeparableConv2D(6, 3, padding="same", activation="elu", name="separable")(found)
    found = layers.Add(name="sum")([found, less])
    found = layers.MaxPooling2D(2, name="pool")(found)
    found = layers.Conv2D(8, 3, strides=2, activation="tanh", name="narrow")(found)
    flat = layers.Flatten(name="flat")(found)
    classes = layers.Dense(4, activation="softmax", name="classes")(flat)
    return keras.Model(given, [classes, layers.Dense(4, name="box")(flat)], name="pictures")


def rows() -> Any:
    given = keras.Input((8,), name="x")
    found = layers.Dense(12, activation="relu", name="first")(given)
    found = layers.LayerNormalization(epsilon=0.05, name="even")(found)
    found = layers.Dense(12, activation="sigmoid", name="second")(found)
    outputs = [layers.Dense(size, name=name)(found) for name, size in (("left", 3), ("right", 3))]
    return keras.Model(given, [*outputs, layers.Dense(3, name="still")(found)], name="rows")


def words() -> Any:
    given = keras.Input((7,), dtype="int32", name="words")
    found = layers.Embedding(13, 5, name="embedding")(given)
    found = layers.LSTM(6, return_sequences=True, name="back_and_forth")(found)
    found = layers.GRU(5, reset_after=False, name="gated")(found)
    return keras.Model(given, layers.Dense(3, activation="softmax", name="classes")(found), name="words")


def pairs() -> Any:
    first, second = keras.Input((6,), name="first"), keras.Input((6,), name="second")
    less = layers.Subtract(name="less")([first, second])
    beside = layers.Concatenate(name="beside")([layers.Dense(4, activation="tanh", name="a")(less), second])
    found = layers.Reshape((5, 2), name="square")(beside)
    found = layers.Conv1D(4, 2, activation="relu", name="conv")(found)
    found = layers.BatchNormalization(epsilon=0.01, name="norm")(found)
    found = layers.LeakyReLU(0.2, name="leaky")(layers.Permute((2, 1), name="turned")(found))
    mean = layers.GlobalAveragePooling1D(name="mean")(found)
    return keras.Model([first, second], layers.Dense(2, name="last")(mean), name="pairs")


def worn(model: Any, rng: Any) -> None:
    """Give every weight numbers that it could have after training."""
    for one in model.weights:
        value, name = one.numpy(), one.name.partition(":")[0].rpartition("/")[2]
        noise = rng.standard_normal(value.shape)
        if name in ("gamma", "moving_variance"):
            value = 1.0 + 0.4 * np.tanh(noise)
        elif value.ndim == 1:
            value = 0.3 * noise
        else:
            value = value + (1.0 if name == "embeddings" else 0.1) * noise
        if one.name.startswith("still/"):
            value = 1e-5 * noise + (40.0 if value.ndim == 1 else 0.0)
        one.assign(value.astype("float32"))


def drawn(tensor: Any, rng: Any) -> Any:
    shape = (SAMPLES, *tensor.shape[1:])
    return rng.integers(0, 13, shape).astype("int32") if tensor.dtype == "int32" else rng.standard_normal(shape)


if __name__ == "__main__":
    for make in (pictures, rows, words, pairs):
        keras.backend.clear_session()
        keras.utils.set_random_seed(5)
        rng = np.random.default_rng(11)
        model = make()
        worn(model, rng)
        model.save(f"{sys.argv[1]}/{model.name}.h5", include_optimizer=False)
        given = {one.name: drawn(one, rng) for one in model.inputs}
        np.savez(
            f"{sys.argv[1]}/{model.name}.npz",
            **{k: v if v.dtype == "int32" else v.astype("float32") for k, v in given.items()},
        )
