"""Builds the models of the catalogue, and saves each with inputs and outputs.

Run with the converter environment's Python (Keras 2.13) or another TensorFlow, from the top of the repository:
``python -m tests.real.native.keras.gallery FOLDER [NAME... | 1/2]``, where 1/2 is the first half of all models. Each
model gets a folder with m.h5, m.keras and io.json; tensors lie beside them as raw little-endian files.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from tensorflow import keras

from tests.real.native.keras import image_layers, step_layers, whole_models
from tests.real.native.keras.catalogue import KERAS3, MODELS, TWINS


def fill() -> None:
    image_layers.add_plain()
    image_layers.add_convolutions()
    image_layers.add_pooling()
    image_layers.add_normalization()
    image_layers.add_sizes()
    image_layers.add_channels_first()
    step_layers.add_recurrent()
    step_layers.add_masks()
    if KERAS3:
        step_layers.add_newer()
    whole_models.add()


def given(built: Any, random: np.random.RandomState) -> list[Any]:
    """Return one batch of two samples for each input of a model."""
    words = any(layer.__class__.__name__ == "Embedding" for layer in built.layers)
    batches = []
    for tensor in built.inputs:
        name = tensor.dtype if isinstance(tensor.dtype, str) else tensor.dtype.name
        shape = [2] + [5 if size is None else int(size) for size in tensor.shape[1:]]
        if "int" in name:
            batches.append(random.randint(1, 9, shape).astype("int32"))
        elif words and len(built.inputs) == 1:
            batches.append(random.randint(0, 9, shape).astype("float32"))
        else:
            batches.append(random.normal(0, 1, shape).astype("float32"))
    return batches


def weighted(built: Any, random: np.random.RandomState) -> None:
    """Give a model weights that are neither zero nor one, with positive variances."""
    values = []
    for weight, old in zip(built.weights, built.get_weights()):  # noqa: B905  Python 3.8 has no strict zip
        path = getattr(weight, "path", None) or weight.name
        if old.dtype.kind != "f" or "seed" in path or "count" in path:
            values.append(old)
        elif "variance" in path:
            values.append(random.uniform(0.5, 1.5, old.shape).astype(old.dtype))
        else:
            values.append(random.normal(0, 0.5, old.shape).astype(old.dtype))
    built.set_weights(values)


def with_gaps(values: Any) -> Any:
    """Return steps of which the last ones, in each sample as many as its number and one more, are to be left out."""
    for sample in range(len(values)):
        values[sample, -1 - sample :] = 0
    return values


def predicted(name: str, built: Any, inputs: list[Any]) -> list[Any]:
    computing = TWINS[name]() if name in TWINS else built
    if computing is not built:
        computing.set_weights(built.get_weights())
    results = computing(inputs if len(inputs) > 1 else inputs[0], training=False)
    listed = results if isinstance(results, (list, tuple)) else [results]
    return [np.asarray(value, np.float32) for value in listed]


def save(name: str, folder: Path) -> None:
    keras.backend.clear_session()
    random = np.random.RandomState(11)
    built = MODELS[name]()
    if not name.startswith("norm"):
        weighted(built, random)
    inputs = given(built, random)
    if "mask" in name:
        inputs = [with_gaps(values) for values in inputs]
    folder.mkdir(parents=True, exist_ok=True)
    listed: dict[str, list[dict[str, Any]]] = {}
    for kind, values in (("inputs", inputs), ("outputs", predicted(name, built, inputs))):
        listed[kind] = []
        for number, value in enumerate(values):
            value.tofile(str(folder / f"{kind}{number}.bin"))
            listed[kind].append({"file": f"{kind}{number}.bin", "shape": list(value.shape), "dtype": str(value.dtype)})
    (folder / "io.json").write_text(json.dumps(listed), encoding="utf-8")
    for extension in ("keras", "h5"):
        tried(f"{name}.{extension}", lambda extension=extension: saved(built, folder, extension))


def saved(built: Any, folder: Path, extension: str) -> None:
    """Save a model whole or not at all."""
    part = folder / f"part.{extension}"
    built.save(str(part))
    part.rename(folder / f"m.{extension}")


def tried(what: str, action: Any) -> None:
    """Do something that some versions of Keras cannot do with some models, and say so when it fails."""
    try:
        action()
    except Exception as error:  # noqa: BLE001  one model that cannot be built or saved must not hide the others
        sys.stderr.write(f"{what}: {str(error)[:150]}\n")


def main(folder: Path, names: list[str]) -> None:
    fill()
    if names and names[0][0].isdecimal():
        part, parts = names[0].split("/")
        names = list(MODELS)[int(part) - 1 :: int(parts)]
    for name in names or list(MODELS):
        tried(name, lambda name=name: save(name, folder / name))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
