"""A row of the table of layers: one layer of Keras, what it becomes in TensorFlow.js, and what it has to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.files import archive, called, given, graph, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Arrays, Config

Sizes = tuple[int | None, ...]
"""A shape without its batch; None for a size that the model leaves open."""

_OPEN = 3  # what an open size is in the inputs
_HELD = ("layer", "cell", "backward_layer")
SPELLINGS = ("keras2", "keras3")


@dataclass(frozen=True)
class Row:
    """One layer, in the words of Keras 2; ``keras3`` holds the options that Keras 3 spells otherwise."""

    about: str
    entry: Config
    shapes: list[Sizes]
    becomes: list[str]
    answer: Callable[..., Array | list[Array]]
    arrays: Arrays = field(default_factory=dict)
    keras3: Config = field(default_factory=dict)
    spellings: tuple[str, ...] = SPELLINGS
    whole: bool = False
    """Whether it is given whole numbers."""
    held: dict[str, int] = field(default_factory=dict)
    """Weights' places in an archive: the group inside the layer's, and how many of the weights are there."""

    def inputs(self) -> list[Array]:
        """Return two rows of numbers for each tensor that the layer is given, on both sides of 0."""
        random = np.random.default_rng(len(self.about))
        shapes = [[2, *(size or _OPEN for size in shape)] for shape in self.shapes]
        if self.whole:
            return [random.integers(0, 4, shape).astype("f8") for shape in shapes]
        return [random.normal(0, 1.5, shape) for shape in shapes]


@dataclass(frozen=True)
class Refused:
    """One layer that TensorFlow.js cannot express, and the reason that its user reads."""

    entry: Config
    shapes: list[Sizes]
    words: str
    arrays: Arrays = field(default_factory=dict)
    keras3: Config = field(default_factory=dict)
    spellings: tuple[str, ...] = SPELLINGS
    held: dict[str, int] = field(default_factory=dict)
    batch: int | None = None


AnyRow = Row | Refused


def names(row: AnyRow) -> list[str]:
    return [f"given{number}" for number in range(len(row.shapes))]


def written(row: AnyRow, spelling: str, folder: Path) -> Path:
    """Write the file in which Keras 2 (HDF5) or Keras 3 (an archive) would keep a model of this layer alone."""
    return _keras2(row, folder) if spelling == "keras2" else _keras3(row, folder)


def _batch(row: AnyRow) -> int | None:
    return row.batch if isinstance(row, Refused) else None


def _keras2(row: AnyRow, folder: Path) -> Path:
    name = row.entry["config"]["name"]
    inputs = [called(given([_batch(row), *shape], one), *[]) for one, shape in zip(names(row), row.shapes, strict=True)]
    config = graph(*inputs, called(row.entry, names(row)), inputs=names(row), outputs=[name])
    weights = {name: {f"{name}/{role}": array for role, array in row.arrays.items()}}
    return whole_file(folder / "m.h5", config, weights if row.arrays else {})


def _keras3(row: AnyRow, folder: Path) -> Path:
    name = row.entry["config"]["name"]
    shapes = [[_batch(row), *shape] for shape in row.shapes]
    tensors = [_tensor(one, shape) for one, shape in zip(names(row), shapes, strict=True)]
    options = {**row.entry["config"], **row.keras3}
    entry = in_keras3({**row.entry, "config": options})
    entry |= {
        "name": name,
        "inbound_nodes": [{"args": _arguments(row.entry, tensors), "kwargs": _states(tensors, row)}],
    }
    inputs = [_input(one, shape) for one, shape in zip(names(row), shapes, strict=True)]
    ends = {"input_layers": [[one, 0, 0] for one in names(row)], "output_layers": [[name, 0, 0]]}
    config = {"name": "model", "trainable": True, "layers": [*inputs, entry], **ends}
    model = {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}
    return archive(folder / "m.keras", {**model, "registered_name": "Functional"}, _places(row))


_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D", "Bidirectional")


def _arguments(entry: Config, tensors: list[Config]) -> list[Any]:
    if entry["class_name"] in _RECURRENT:
        return tensors[:1]
    return [tensors] if len(tensors) > 1 else tensors


def _states(tensors: list[Config], row: AnyRow) -> Config:
    further = tensors[1:] if row.entry["class_name"] in _RECURRENT else []
    return {"initial_state": further} if further else {}


def _tensor(name: str, shape: list[int | None]) -> Config:
    history = {"shape": shape, "dtype": "float32", "keras_history": [name, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": history}


def _input(name: str, shape: list[int | None]) -> Config:
    config = {"batch_shape": shape, "dtype": "float32", "sparse": False, "ragged": False, "name": name}
    return {"module": "keras.layers", "class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


def in_keras3(entry: Config) -> Config:
    """Return a layer in the words of Keras 3: with its module, its dtype as a policy, and what its shape was."""
    config = dict(entry["config"])
    config["dtype"] = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    for key in _HELD:
        if isinstance(config.get(key), dict):
            config[key] = in_keras3(config[key])
    if isinstance(config.get("cells"), list):
        config["cells"] = [in_keras3(each) for each in config["cells"]]
    if isinstance(config.get("activation"), dict):
        config["activation"] = {"module": "keras.layers", "registered_name": None, **config["activation"]}
    return {
        "module": "keras.layers",
        "class_name": entry["class_name"],
        "config": config,
        "registered_name": None,
        "build_config": {"input_shape": None},
    }


def _places(row: AnyRow) -> Arrays:
    """Return the weights by their places: numbered in the layer's group, or in those of what it holds."""
    group = f"layers/{snake_case(row.entry['class_name'])}"
    arrays = list(row.arrays.values())
    if not row.held:
        return {f"{group}/vars/{number}": array for number, array in enumerate(arrays)}
    found: Arrays = {}
    for inside, count in row.held.items():
        found |= {f"{group}/{inside}/vars/{number}": arrays.pop(0) for number in range(count)}
    return found


def snake_case(name: str) -> str:
    """Return a class's name as Keras writes it in paths: a word begins before a capital that follows small letters."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
