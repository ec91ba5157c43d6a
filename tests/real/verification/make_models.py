"""Runs in the converter environment: saves small Keras models, alive but untrained, into the folder given."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import tf_keras as keras
from tf_keras import layers


def convolutional(inner: Any) -> Any:
    given = keras.Input((8, 8, 3), name="image")
    found = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="conv")(given)
    return given, inner(found)


def bilinear() -> Any:
    given, found = convolutional(layers.UpSampling2D(2, interpolation="bilinear", name="upsampling"))
    return keras.Model(given, layers.Conv2D(2, 3, name="last")(found))


def keepdims() -> Any:
    given, found = convolutional(layers.GlobalAveragePooling2D(keepdims=True, name="pooling"))
    return keras.Model(given, layers.Flatten(name="last")(layers.Conv2D(5, 1, name="head")(found)))


def layer_normalization() -> Any:
    given = keras.Input((6,), name="x")
    found = layers.LayerNormalization(name="normalization")(layers.Dense(8, name="first")(given))
    return keras.Model(given, layers.Dense(3, name="last")(found))


def lstm() -> Any:
    given = keras.Input((5, 4), name="steps")
    return keras.Model(given, layers.Dense(3, name="last")(layers.LSTM(6, name="lstm")(given)))


def einsum() -> Any:
    given = keras.Input((5, 4), name="steps")
    return keras.Model(given, layers.EinsumDense("abc,cd->abd", output_shape=(None, 6), name="einsum")(given))


def two_ends() -> Any:
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    both = layers.Concatenate(name="both")([left, right])
    sums = layers.Dense(2, name="sums")(both)
    return keras.Model([left, right], [layers.Dense(3, activation="softmax", name="classes")(both), sums])


def embedding() -> Any:
    given = keras.Input((7,), dtype="int32", name="words")
    found = layers.Embedding(11, 4, name="embedding")(given)
    return keras.Model(given, layers.Dense(2, name="last")(layers.Flatten(name="flat")(found)))


def network() -> Any:
    given = keras.Input((16, 16, 3), name="image")
    found = layers.Conv2D(6, 3, strides=1, padding="same", activation="relu", name="conv_1")(given)
    found = layers.BatchNormalization(name="norm")(found)
    found = layers.DepthwiseConv2D(3, strides=2, padding="same", name="depthwise")(found)
    branch = layers.Conv2D(6, 1, name="branch")(found)
    found = layers.Add(name="add")([branch, found])
    found = layers.MaxPooling2D(2, name="pool")(found)
    found = layers.Dense(8, activation="sigmoid", name="hidden")(layers.Flatten(name="flat")(found))
    return keras.Model(given, layers.Dense(5, activation="softmax", name="classes")(found))


def fused_tanh() -> Any:
    given = keras.Input((6,), name="x")
    return keras.Model(given, layers.Dense(3, name="last")(layers.Dense(8, activation="tanh", name="hidden")(given)))


def pictures() -> Any:
    given = keras.Input((9, 9, 3), name="image")
    found = layers.Conv2D(5, 3, strides=2, padding="same", activation="relu", name="conv")(given)
    found = layers.BatchNormalization(axis=1, epsilon=0.01, name="rows")(found)
    found = layers.BatchNormalization(epsilon=0.02, name="norm")(found)
    found = layers.GroupNormalization(groups=5, epsilon=0.5, name="groups")(found)
    found = layers.DepthwiseConv2D(2, padding="same", dilation_rate=2, activation="elu", name="spread")(found)
    found = layers.ReLU(max_value=1.5, negative_slope=0.2, threshold=0.1, name="bent")(found)
    found = layers.UpSampling2D(2, interpolation="bilinear", name="larger")(found)
    found = layers.CenterCrop(7, 6, name="middle")(found)
    found = layers.AveragePooling2D(3, strides=2, padding="same", name="pool")(found)
    found = layers.Flatten(name="flat")(found)
    return keras.Model(given, layers.Dense(3, activation="tanh", name="last")(found))


def phrases() -> Any:
    given = keras.Input((6, 4), name="steps")
    found = layers.Conv1D(4, 3, padding="causal", activation="softsign", name="causal")(given)
    found = layers.ZeroPadding1D((1, 2), name="padded")(layers.LeakyReLU(0.3, name="leaky")(found))
    back = layers.LSTM(4, go_backwards=True, return_sequences=True, name="back")(found)
    gated = layers.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid", return_sequences=True, name="gru")(
        found
    )
    turned = layers.Permute((2, 1), name="turned")(layers.Permute((2, 1), name="there")(gated))
    less = layers.Subtract(name="less")([back, turned])
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="mul", name="both")(less)
    even = layers.LayerNormalization(epsilon=0.1, name="even")(both)
    return keras.Model(
        given, layers.Dense(3, activation="tanh", name="last")(layers.GlobalAveragePooling1D(name="mean")(even))
    )


def windows() -> Any:
    given = keras.Input((None, 8, 3), name="image")
    found = layers.Conv2D(8, 3, padding="same", dilation_rate=2, activation="elu", name="spread")(given)
    found = layers.Conv2D(8, 3, padding="same", activation="relu6", name="conv")(found)
    found = layers.BatchNormalization(axis=-1, epsilon=0.01, name="norm")(found)
    found = layers.ZeroPadding2D(((1, 0), (0, 2)), name="padded")(found)
    found = layers.MaxPooling2D(3, strides=2, padding="same", name="pool")(found)
    found = layers.UpSampling2D((2, 2), interpolation="nearest", name="larger")(found)
    found = layers.Conv2DTranspose(6, 3, strides=2, padding="same", name="wider")(found)
    found = layers.Cropping2D(((1, 0), (2, 1)), name="inner")(found)
    found = layers.SeparableConv2D(6, 3, padding="same", strides=2, name="separable")(found)
    found = layers.LeakyReLU(0.2, name="bent")(found)
    found = layers.Softmax(axis=-1, name="shares")(found)
    found = layers.GlobalAveragePooling2D(name="mean")(found)
    return keras.Model(given, layers.Dense(3, activation="tanh", name="last")(found))


def sentences() -> Any:
    words, steps = keras.Input((6,), dtype="int32", name="words"), keras.Input((6, 4), name="steps")
    known = layers.Embedding(11, 4, mask_zero=True, name="known")(words)
    first = layers.LSTM(4, return_sequences=True, name="first")(known)
    second = layers.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid", name="second")(first)
    there = layers.Masking(0.0, name="there")(steps)
    both = layers.Bidirectional(layers.SimpleRNN(4), merge_mode="mul", name="both")(there)
    swapped = layers.Permute((2, 1), name="swapped")(layers.Dense(6, activation="softsign", name="square")(steps))
    rows = layers.GlobalMaxPooling1D(name="rows")(swapped)
    less = layers.Subtract(name="less")([second, both])
    like = layers.Dot(axes=-1, normalize=True, name="like")([second, both])
    again = layers.Flatten(name="flat")(layers.RepeatVector(2, name="again")(less))
    joined = layers.Concatenate(name="joined")([again, rows, like])
    even = layers.LayerNormalization(epsilon=0.1, name="even")(joined)
    classes = layers.Dense(3, activation="softmax", name="classes")(even)
    return keras.Model([words, steps], [classes, layers.Dense(3, name="scores")(even)])


def dead() -> Any:
    given = keras.Input((6,), name="x")
    found = layers.Dense(4, activation="softmax", kernel_initializer="zeros", name="last")(given)
    return keras.Model(given, found)


MODELS = (
    *(bilinear, keepdims, layer_normalization, lstm, einsum, two_ends, embedding, network, fused_tanh),
    *(pictures, phrases, windows, sentences, dead),
)

if __name__ == "__main__":
    for make in MODELS:
        keras.backend.clear_session()
        keras.utils.set_random_seed(5)
        model = make()
        if make is not dead:
            rng = np.random.RandomState(3)
            noise = [value + 0.1 * np.abs(rng.standard_normal(value.shape)) for value in model.get_weights()]
            model.set_weights(noise)
        model.save(f"{sys.argv[1]}/{make.__name__}.h5", include_optimizer=False)
