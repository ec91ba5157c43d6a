"""Saves a model that was compiled and trained, with its optimizer."""

from __future__ import annotations

import numpy as np
import tf_keras as keras
from tf_keras import layers

given = keras.Input((4,))
model = keras.Model(given, layers.Dense(3, activation="softmax")(layers.Dense(8, activation="relu")(given)))
model.compile("adam", "sparse_categorical_crossentropy")
random = np.random.RandomState(2)
model.fit(random.normal(size=(32, 4)), random.randint(0, 3, 32), verbose=0)
model.save("m.h5")
