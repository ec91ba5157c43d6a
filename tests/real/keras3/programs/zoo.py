"""Run by the Python of the environment keras3: models that our own code declines, and what each of them answers.

``zoo.py FOLDER``: for each model a file, and beside it FILE.npz with x0, x1, ... and y0, y1, ... in the model's order.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import own_layers  # type: ignore[import-not-found]  # a neighbour of this file
from keras import layers as L  # noqa: N812  as usual

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(sys.argv[1])
RNG = np.random.RandomState(7)


def attention() -> Any:
    sequence = L.Input((6, 8), name="sequence")
    attended = L.MultiHeadAttention(2, 4, name="heads")(sequence, sequence)
    normal = L.GroupNormalization(4)(L.LayerNormalization()(L.Add()([sequence, attended])))
    pooled = L.GlobalAveragePooling1D()(normal)
    return keras.Model(sequence, L.Dense(3, activation="softmax", name="verdict")(pooled))


def recurrent() -> Any:
    layers = [L.Input((7, 5), name="steps"), L.GRU(6, return_sequences=True), L.GRU(4), L.Dense(2, name="next")]
    return keras.Sequential(layers)


def dictionaries() -> Any:
    image, words = L.Input((8, 8, 3), name="image"), L.Input((4,), dtype="int32", name="words")
    seen = L.Flatten()(L.Conv2D(2, 3, activation="gelu")(image))
    both = L.Concatenate()([seen, L.GRU(3)(L.Embedding(11, 5)(words))])
    outputs = {"score": L.Dense(1)(both), "classes": L.Dense(4, activation="softmax")(both)}
    return keras.Model({"words": words, "image": image}, outputs)


def unordered() -> Any:
    first, second = L.Input((3,), name="zebra"), L.Input((3,), name="ape")
    joined = L.GroupNormalization(1)(L.Concatenate()([first, second]))
    return keras.Model([first, second], [L.Dense(2, name=f"head{number}")(joined) for number in (2, 10, 1)])


def lambdas() -> Any:
    x = L.Input((4,), name="x")
    return keras.Model(x, L.Lambda(lambda x: x * 2.0 + 1.0, name="twice")(L.Dense(3)(x)))


def own() -> Any:
    x = L.Input((4,), name="x")
    y = L.Dense(4, activation=own_layers.bent)(own_layers.Scaled(name="scaled")(x))
    return keras.Model(x, own_layers.Swirled(name="swirled")(y))


def whole() -> Any:
    model = own_layers.Whole()
    model(np.zeros((1, 4), np.float32))
    return model


def odd_names() -> Any:
    x = L.Input(batch_shape=(3, 4), name="my input")
    return keras.Model(x, L.Dense(2, name="1st try")(L.GRU(3, name="a gru")(L.Reshape((2, 2))(x))))


def draw(shape: Any, dtype: str) -> Any:
    sizes = (3, *shape[1:])
    return RNG.randint(0, 11, sizes).astype(dtype) if dtype == "int32" else RNG.rand(*sizes).astype("float32")


def write(build: Callable[[], Any], suffix: str) -> None:
    model = build()
    for variable in model.trainable_variables:
        variable.assign(RNG.normal(size=variable.shape).astype("float32") * 0.4)
    structure = getattr(model, "_inputs_struct", None)
    if structure is None:
        structure = model.inputs[0] if hasattr(model, "inputs") else keras.KerasTensor((None, 4))
    drawn = [draw(tensor.shape, tensor.dtype) for tensor in keras.tree.flatten(structure)]
    answer = model(keras.tree.pack_sequence_as(structure, drawn), training=False)
    arrays = {f"x{number}": array for number, array in enumerate(drawn)}
    arrays |= {f"y{number}": np.asarray(one) for number, one in enumerate(keras.tree.flatten(answer))}
    model.save(FOLDER / f"{build.__name__}{suffix}")
    np.savez(FOLDER / f"{build.__name__}{suffix}.npz", **arrays)


def rewritten(source: str, target: str, *, version: str, words: dict[str, str]) -> None:
    """Copy an archive with another version in its metadata, and words of its topology changed."""
    with zipfile.ZipFile(FOLDER / source) as old, zipfile.ZipFile(FOLDER / target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "metadata.json":
                content = json.dumps({**json.loads(content), "keras_version": version}).encode()
            if name == "config.json":
                for before, after in words.items():
                    content = content.replace(before.encode(), after.encode())
            new.writestr(name, content)


for made in (attention, recurrent, dictionaries, unordered, lambdas, own, whole, odd_names):
    write(made, ".keras")
for made in (recurrent, own):
    write(made, ".h5")
keras.Sequential([L.Dense(2)]).save(FOLDER / "unbuilt.keras")
rewritten("recurrent.keras", "later.keras", version="3.99.0", words={'"GRU"': '"GRUOfTheFuture"'})
rewritten("own.keras", "stubborn.keras", version="3.15.0", words={'"bent"': '"stubborn"'})
