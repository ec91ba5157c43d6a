"""Runs in the converter environment: SavedModels that look their inputs up, that scale by a number, or give numbers."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

layers = tf.keras.layers
VECTORS = tf.TensorSpec((None, 4), tf.float32, "x")


class Numbers(tf.Module):  # type: ignore[misc]
    """Answers that are a number, a truth, or one of several kinds at once."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable(tf.random.normal((4, 3), seed=1))

    @tf.function(input_signature=[VECTORS])  # type: ignore[untyped-decorator]
    def several(self, x: Any) -> Any:
        found = x @ self.weights
        return {"found": found, "loss": tf.reduce_sum(found * found), "best": tf.argmax(found, -1)}

    @tf.function(input_signature=[VECTORS])  # type: ignore[untyped-decorator]
    def alone(self, x: Any) -> Any:
        return {"loss": tf.reduce_mean(x @ self.weights)}

    @tf.function(input_signature=[tf.TensorSpec((), tf.float32, "scale"), VECTORS])  # type: ignore[untyped-decorator]
    def scaled(self, scale: Any, x: Any) -> Any:
        return {"found": scale * (x @ self.weights)}


def looked_up(dtype: str, words: int) -> Any:
    given = tf.keras.Input((6,), dtype=dtype, name="words")
    found = layers.GlobalAveragePooling1D()(layers.Embedding(words, 4)(given))
    return tf.keras.Model(given, layers.Dense(3, activation="softmax")(found))


def in_two_tables() -> Any:
    words, numbers = tf.keras.Input((6,), dtype="int32", name="words"), tf.keras.Input((4,), name="numbers")
    one = layers.GlobalAveragePooling1D()(layers.Embedding(5, 4)(words))
    two = layers.GlobalAveragePooling1D()(layers.Embedding(3, 4)(words[:, :2]))
    return tf.keras.Model([words, numbers], layers.Dense(2)(layers.Concatenate()([one, two, numbers])))


def lively(model: Any) -> Any:
    for weight in model.weights:
        weight.assign(tf.random.normal(weight.shape))
    return model


tf.keras.utils.set_random_seed(3)
lively(looked_up("int32", 5)).save("whole", save_format="tf")
lively(looked_up("float32", 3)).save("float", save_format="tf")
lively(in_two_tables()).save("two", save_format="tf")
numbers = Numbers()
for name in ("several", "alone", "scaled"):
    tf.saved_model.save(numbers, name, signatures=getattr(numbers, name))
