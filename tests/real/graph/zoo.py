"""Run by the environment's Python: builds small Keras models that graphs go wrong with, and what each of them answers.

``zoo.py FOLDER``: for each model NAME.h5, and NAME.npz with x0, x1, ... and y0, y1, ... in the model's own order.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

keras = tf.keras
L = keras.layers


def activations() -> Any:
    x = L.Input((9,), name="x")
    names = ("tanh", "gelu", "softsign", "selu", "elu", "relu6")
    return keras.Model(x, [L.Dense(3, activation=name, name=f"a_{name}")(x) for name in names])


def convolutions() -> Any:
    x = L.Input((12, 12, 3), name="pixels")
    y = L.BatchNormalization()(L.Conv2D(8, 3, strides=2, use_bias=False)(x))
    y = L.BatchNormalization()(L.DepthwiseConv2D(3, depth_multiplier=2, padding="same")(L.ReLU(6.0)(y)))
    y = L.PReLU(shared_axes=[1, 2])(y)
    both = L.Conv2D(4, 1, use_bias=False)(y)
    return keras.Model(x, L.Flatten()(L.Add()([L.BatchNormalization()(both), both])))


def residual() -> Any:
    x = L.Input((6, 6, 4), name="x")
    return keras.Model(x, L.Add()([L.Conv2D(4, 3, padding="same", use_bias=False)(x), x]))


def grouped() -> Any:
    return keras.Sequential([L.Input((8, 8, 6)), L.Conv2D(9, 3, groups=3, activation="relu"), L.Flatten()])


def normalised() -> Any:
    x = L.Input((5, 8), name="x")
    return keras.Model(x, L.LayerNormalization()(L.MultiHeadAttention(2, 4)(x, x)))


def recurrent(layer: Any) -> Any:
    return keras.Sequential([L.Input((7, 4)), layer, L.Dense(3, activation="softmax")])


def many_outputs() -> Any:
    x, z = L.Input((4,), name="z_first"), L.Input((4,), name="a_second")
    difference = L.Subtract()([x, z])
    return keras.Model([x, z], [L.Dense(2, name=f"output_{number}")(difference) for number in range(12)])


def dictionary() -> Any:
    x = L.Input((4,), name="x")
    return keras.Model(x, {"later": L.Dense(2, name="b")(x), "first": L.Dense(2, name="a")(x)})


def transposed_3d() -> Any:
    return keras.Sequential([L.Input((4, 4, 4, 2)), L.Conv3DTranspose(3, 2, name="up")])


MODELS = {
    "activations": activations,
    "convolutions": convolutions,
    "residual": residual,
    "grouped": grouped,
    "normalised": normalised,
    "lstm": lambda: recurrent(L.LSTM(5)),
    "gru": lambda: recurrent(L.Bidirectional(L.GRU(5, reset_after=False))),
    "rnn": lambda: recurrent(L.RNN([L.LSTMCell(4), L.GRUCell(3)])),
    "many_outputs": many_outputs,
    "dictionary": dictionary,
    "transposed_3d": transposed_3d,
}


def main(folder: str) -> None:
    for name, make in MODELS.items():
        keras.utils.set_random_seed(3)
        model, rng = make(), np.random.RandomState(5)
        for weight in model.weights:
            weight.assign(
                np.abs(rng.normal(0.4, 0.3, weight.shape))
                if "variance" in weight.name
                else rng.normal(0, 0.5, weight.shape)
            )
        arrays = [rng.normal(0, 1, (2, *tensor.shape[1:])).astype(np.float32) for tensor in model.inputs]
        answer = model(arrays if len(arrays) > 1 else arrays[0], training=False)
        flat = [np.asarray(tensor) for tensor in tf.nest.flatten(answer)]
        model.save(str(Path(folder, f"{name}.h5")))
        if name == "lstm":
            model.save(str(Path(folder, f"{name}.keras")))
        named: dict[str, Any] = {f"x{number}": array for number, array in enumerate(arrays)}
        named.update({f"y{number}": array for number, array in enumerate(flat)})
        np.savez(Path(folder, f"{name}.npz"), **named)


if __name__ == "__main__":
    main(sys.argv[1])
