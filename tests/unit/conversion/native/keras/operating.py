"""A row of the table of operations: ``x * 2`` or ``tf.nn.relu(x)`` as Keras 3 and Keras 2 write them into a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.files import archive, called, given, graph, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.files import Config

Sizes = tuple[int | None, ...]


@dataclass(frozen=True)
class Tensor:
    """The place of one of the tensors among the arguments of a call."""

    number: int


A, B = Tensor(0), Tensor(1)


@dataclass(frozen=True)
class InKeras3:
    """A call as Keras 3 writes it: the class, what it was made with, and what it is called with."""

    class_name: str
    made: Config = field(default_factory=dict)
    args: tuple[Any, ...] = (A,)
    kwargs: Config = field(default_factory=dict)

    def written(self, shapes: list[Sizes], folder: Path) -> Path:
        """Write an archive with this call alone in it."""
        node = {"args": _put(list(self.args), shapes), "kwargs": _put(self.kwargs, shapes)}
        config = {"name": "x", **self.made}
        call = {"module": "keras.src.ops.numpy", "class_name": self.class_name, "config": config, "name": "x"}
        inputs = [_input(f"given{k}", [None, *shape]) for k, shape in enumerate(shapes)]
        ends = {"input_layers": [[each["name"], 0, 0] for each in inputs], "output_layers": [["x", 0, 0]]}
        layers = [*inputs, {**call, "registered_name": None, "inbound_nodes": [node]}]
        model = {"name": "model", "layers": layers, **ends}
        whole = {"module": "keras.src.models.functional", "class_name": "Functional", "config": model}
        return archive(folder / "m.keras", whole, {})


@dataclass(frozen=True)
class InKeras2:
    """A call as Keras 2 writes it: the function, its first argument (or what is listed in it), and the named ones."""

    function: str
    named: Config = field(default_factory=dict)
    first: tuple[Any, ...] = (A,)

    def written(self, shapes: list[Sizes], folder: Path) -> Path:
        """Write an HDF5 file with this call alone in it."""
        named = {key: _place(value) if isinstance(value, Tensor) else value for key, value in self.named.items()}
        items = [[*_place(each), named] if isinstance(each, Tensor) else _constant(each, named) for each in self.first]
        config = {"name": "x", "trainable": True, "dtype": "float32", "function": self.function}
        node = items if len(items) > 1 else items[0]
        call = {"class_name": "TFOpLambda", "config": config, "name": "x", "inbound_nodes": [node]}
        inputs = [called(given([None, *shape], f"given{k}"), *[]) for k, shape in enumerate(shapes)]
        names = [each["name"] for each in inputs]
        return whole_file(folder / "m.h5", graph(*inputs, call, inputs=names, outputs=["x"]), {})


Spelling = InKeras2 | InKeras3


@dataclass(frozen=True)
class Operation:
    """One operation, in one or more spellings; ``becomes`` are the classes behind the inputs."""

    about: str
    spellings: list[Spelling]
    becomes: list[str]
    answer: Callable[..., Array]
    shapes: list[Sizes] = field(default_factory=lambda: [(3,)])

    def inputs(self) -> list[Array]:
        """Return two rows of numbers for each tensor, on both sides of 0."""
        random = np.random.default_rng(len(self.about))
        return [random.normal(0, 2, [2, *(size or 3 for size in shape)]) for shape in self.shapes]


@dataclass(frozen=True)
class RefusedOperation:
    """One operation that no layers can express, and the words that its user reads."""

    spelling: Spelling
    words: str
    shapes: list[Sizes] = field(default_factory=lambda: [(3,)])


def _place(tensor: Tensor) -> list[Any]:
    return [f"given{tensor.number}", 0, 0]


def _constant(value: Any, named: Config) -> list[Any]:
    return ["_CONSTANT_VALUE", -1, value, named]


def _put(value: Any, shapes: list[Sizes]) -> Any:
    if isinstance(value, Tensor):
        shape = [None, *shapes[value.number]] if value.number < len(shapes) else None
        history = {"shape": shape, "dtype": "float32", "keras_history": _place(value)}
        return {"class_name": "__keras_tensor__", "config": history}
    if isinstance(value, list):
        return [_put(each, shapes) for each in value]
    return {key: _put(each, shapes) for key, each in value.items()} if isinstance(value, dict) else value


def _input(name: str, shape: list[int | None]) -> Config:
    config = {"batch_shape": shape, "dtype": "float32", "sparse": False, "name": name}
    return {"module": "keras.layers", "class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}
