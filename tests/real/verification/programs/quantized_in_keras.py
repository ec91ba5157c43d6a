"""Saves models that Keras 3 has quantized itself."""

from __future__ import annotations

import keras
from keras import layers

model = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(3)])
model.quantize("int8")
model.save("int8.keras")
model.save("int8.h5")
