"""Runs in the environment for Keras 3: files of both kinds whose layers go over two axes at once."""

from __future__ import annotations

import keras

keras.utils.set_random_seed(1)
given = keras.Input((4, 3), name="x")
for name, layer in {
    "softmax": keras.layers.Softmax(axis=[1, 2]),
    "normalized": keras.layers.LayerNormalization(axis=[1, 2]),
}.items():
    model = keras.Model(given, layer(keras.layers.Dense(3, name="dense")(given)))
    model.save(f"{name}.h5")
    model.save(f"{name}.keras")
