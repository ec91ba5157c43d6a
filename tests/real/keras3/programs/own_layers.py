"""What a user's model is built of, as a recipe's ``custom_objects:`` names it; runs in the environment keras3."""

from typing import Any

import keras
from keras import ops
from own_numbers import FACTOR  # type: ignore[import-not-found]  # a neighbour of the file


@keras.saving.register_keras_serializable(package="lab")
class Scaled(keras.layers.Layer):  # type: ignore[misc]
    """Multiplies by a learned vector."""

    def __init__(self, start: float = FACTOR, **more: Any) -> None:
        super().__init__(**more)
        self.start = start

    def build(self, shape: Any) -> None:
        self.factor = self.add_weight(shape=(shape[-1],), initializer=keras.initializers.Constant(self.start))

    def call(self, x: Any) -> Any:
        return x * self.factor

    def get_config(self) -> Any:
        return {**super().get_config(), "start": self.start}


class Swirled(keras.layers.Layer):  # type: ignore[misc]
    """Registered nowhere: only its name tells what it is."""

    def call(self, x: Any) -> Any:
        return ops.sin(x) + ops.flip(x, axis=-1)


class Whole(keras.Model):  # type: ignore[misc]
    """A model of a class of its own, which answers with a dictionary."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.dense = keras.layers.Dense(3)

    def call(self, x: Any) -> Any:
        return {"sum": ops.sum(x, axis=-1), "dense": self.dense(x)}


def bent(x: Any) -> Any:
    """An activation of the user's."""
    return x * ops.sigmoid(1.5 * x)


def stubborn(x: Any) -> Any:
    """No tensor of a graph survives this."""
    return x * float(ops.max(x))
