"""Train a small convolutional network on 1,797 handwritten digits and save it as Keras HDF5.

Run by the recipe in the converter environment (Python 3.8, TensorFlow 2.13): ``python train.py OUTPUT.h5``.
"""
# ruff: noqa: INP001, T201  a script that reports on its standard output

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).with_name("digits.npz")
SEED = 20
EPOCHS = 30
BATCH = 32
REQUIRED_ACCURACY = 0.97
HELD_OUT = 5  # every fifth sample is kept for the test
WHITE = 16.0  # pixels are counts of 0 to 16


def load() -> tuple[Any, Any]:
    """Return the images as the model takes them (n, 8, 8, 1; float32, 0 to 1) and their digits (n; int64)."""
    with np.load(str(DATA)) as data:
        images = data["x"].astype(np.float32)[..., np.newaxis] / np.float32(WHITE)
        return images, data["y"].astype(np.int64)


def split(images: Any, digits: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return (training images, training digits), (test images, test digits): always the same samples."""
    test = np.arange(len(digits)) % HELD_OUT == 0
    return (images[~test], digits[~test]), (images[test], digits[test])


def build(tf: Any) -> Any:
    """Return the untrained network, made of layers that TensorFlow.js computes as Keras does."""
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            layers.InputLayer((8, 8, 1), name="image"),
            layers.Conv2D(16, 3, padding="same", use_bias=False, name="conv_1"),
            layers.BatchNormalization(name="norm_1"),
            layers.ReLU(name="relu_1"),
            layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv_2"),
            layers.BatchNormalization(name="norm_2"),
            layers.ReLU(name="relu_2"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )


def train(tf: Any) -> tuple[Any, float]:
    """Return the trained network and its accuracy on the samples kept for the test, which is printed."""
    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    (images, digits), (test_images, test_digits) = split(*load())
    model = build(tf)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, digits, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    _, accuracy = model.evaluate(test_images, test_digits, verbose=0)
    print(f"test accuracy: {accuracy:.2%} on {len(test_digits)} digits that were not trained on")
    return model, accuracy


def main() -> None:
    """Train, check, save; nothing is written when the network is not good enough."""
    parser = argparse.ArgumentParser(description="Train a small CNN on handwritten digits.")
    parser.add_argument("output", type=Path, help="the Keras HDF5 file to write")
    output = parser.parse_args().output
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf  # noqa: PLC0415  only here: load() and split() serve without TensorFlow too

    model, accuracy = train(tf)
    if accuracy < REQUIRED_ACCURACY:
        sys.exit(f"the test accuracy is below {REQUIRED_ACCURACY:.0%}: nothing was written")
    model.save(str(output), save_format="h5", include_optimizer=False)


if __name__ == "__main__":
    main()
