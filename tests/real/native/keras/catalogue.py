"""The models of the gallery by name, and short ways to add some. Runs under Python 3.8, in any TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorflow import keras

if TYPE_CHECKING:
    from collections.abc import Callable

    Shape = tuple[int | None, ...]

L = keras.layers
KERAS3 = hasattr(keras, "ops")
MODELS: dict[str, Callable[[], Any]] = {}
TWINS: dict[str, Callable[[], Any]] = {}  # models that compute what those of the same name should give
IMAGE, STEPS, ROW, CUBE = (8, 8, 4), (7, 5), (6,), (6, 6, 6, 2)


def model(function: Callable[[], Any]) -> Callable[[], Any]:
    """Add the model that a function builds, under the function's name."""
    MODELS[function.__name__] = function
    return function


def one(name: str, shape: Shape, *layers: Callable[[], Any], dtype: str = "float32") -> None:
    """Add a functional model of layers in a row."""

    def build() -> Any:
        given = keras.Input(shape, dtype=dtype)
        result = given
        for layer in layers:
            result = layer()(result)
        return keras.Model(given, result)

    MODELS[name] = build


def first(name: str, shape: Shape, layer: Callable[[str], Any]) -> None:
    """Add a model with the channels first, and the same with them last to compute what it should give.

    Keras cannot compute most of the former without a graphics card.
    """
    rank = len(shape)
    to_last, to_first = (*range(2, rank + 1), 1), (rank, *range(1, rank))

    def build() -> Any:
        given = keras.Input(shape)
        return keras.Model(given, layer("channels_first")(given))

    def twin() -> Any:
        given = keras.Input(shape)
        result = layer("channels_last")(L.Permute(to_last)(given))
        return keras.Model(given, L.Permute(to_first)(result) if len(result.shape) == rank + 1 else result)

    MODELS[f"first_{name}"] = build
    TWINS[f"first_{name}"] = twin
