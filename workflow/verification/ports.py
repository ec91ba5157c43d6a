"""What a model takes and gives, read from its files without TensorFlow as far as they say it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow import scratch
from workflow.converters.native import DeclinedError
from workflow.errors import ModelFileError
from workflow.formats.strict_json import read_object
from workflow.formats.topology import model_config
from workflow.verification.graph_references import DTYPES, shape_of, signature_of
from workflow.verification.layer_references import ends
from workflow.verification.structure import model_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from workflow.verification.model import Subject

    Json = dict[str, Any]
    Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Port:
    """An input or output; shape and dtype are None where they are not known."""

    name: str
    shape: Shape | None = None
    dtype: str | None = None
    observed: bool = False
    """Whether the shape is that of one run, so that its sizes may be others in the next."""

    def __str__(self) -> str:
        shape = "" if self.shape is None else f" {['?' if size is None else size for size in self.shape]}"
        return f"{self.name}{shape}{f' {self.dtype}' if self.dtype else ''}"


@dataclass(frozen=True)
class Ports:
    """All inputs and outputs in order; None where the files do not say which there are."""

    inputs: tuple[Port, ...] | None = None
    outputs: tuple[Port, ...] | None = None

    def completed(self, other: Ports) -> Ports:
        """Return these ports with what is not known taken from ``other``, where names or numbers agree."""
        return Ports(_completed(self.inputs, other.inputs), _completed(self.outputs, other.outputs))


def ports_of(subject: Subject) -> Ports:
    """Return the inputs and outputs that a model's files declare; all None for formats of TensorFlow."""
    reader = _READERS.get(subject.format)
    if reader is None:
        return Ports()
    try:
        return reader(subject)
    except (ModelFileError, DeclinedError, KeyError, TypeError, ValueError, IndexError, AttributeError):
        return Ports()  # structure speaks of damaged files


def told(answer: Mapping[str, Any]) -> Ports:
    """Return the ports that a run in Python told of as ``inputs`` and ``outputs`` of ``{name, shape, dtype}``."""
    return Ports(_told(answer.get("inputs"), observed=False), _told(answer.get("outputs"), observed=True))


def _told(specs: Iterable[Mapping[str, Any]] | None, *, observed: bool) -> tuple[Port, ...] | None:
    if not specs:
        return None
    return tuple(Port(one["name"], tuple(one["shape"]), one["dtype"], observed) for one in specs)


def _completed(ours: tuple[Port, ...] | None, other: tuple[Port, ...] | None) -> tuple[Port, ...] | None:
    if ours is None or other is None or len(ours) != len(other):
        return ours if ours is not None else other
    named = {port.name: port for port in other}
    by_order = not all(port.name in named for port in ours)
    pairs = zip(ours, other if by_order else [named[port.name] for port in ours], strict=True)
    return tuple(
        Port(
            port.name,
            told.shape if port.shape is None else port.shape,
            told.dtype if port.dtype is None else port.dtype,
            observed=told.observed if port.shape is None else port.observed,
        )
        for port, told in pairs
    )


def _layers(subject: Subject) -> Ports:
    document = read_object(model_json(subject), "the model.json of a layers model")
    return of_config(model_config(document["modelTopology"], "model.json"))


def of_config(container: Json) -> Ports:
    """Return the ports of a Keras model's configuration."""
    config = container["config"]
    layers = config if isinstance(config, list) else config["layers"]
    by_name = {_name(layer): layer for layer in layers}
    if container["class_name"] == "Sequential":
        first = layers[0]
        own = first["class_name"] == "InputLayer"
        name = _name(first) if own else f"{_name(first)}_input"
        return Ports((_input(name, _innermost(first)),), (Port(_name(layers[-1])),))
    inputs = tuple(_input(name, by_name[name]) for name in ends(container, "input_layers"))
    outputs = _numbered(ends(container, "output_layers"))
    return Ports(inputs or None, tuple(Port(name) for name in outputs) or None)


def _name(layer: Json) -> str:
    config = layer["config"]
    return str(layer.get("name") or config["name"]) if isinstance(config, dict) else str(layer.get("name"))


def _numbered(names: list[str]) -> list[str]:
    """Return output names as Keras makes them unique: ``dense``, ``dense_1``."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen.get(name, 0)
        found.append(f"{name}_{count}" if count else name)
        seen[name] = count + 1
    return found


def _innermost(layer: Json) -> Json:
    """Return the first layer of a model that is the first layer of a model."""
    while layer["class_name"] in ("Sequential", "Functional", "Model"):
        config = layer["config"]
        layer = (config if isinstance(config, list) else config["layers"])[0]
    return layer


def _input(name: str, layer: Json) -> Port:
    config = layer["config"]
    shape = config.get("batch_input_shape", config.get("batch_shape"))
    if shape is None and config.get("input_dim") and layer["class_name"] != "Embedding":
        shape = [None, config["input_dim"]]
    dtype = config.get("dtype") if layer["class_name"] == "InputLayer" else None
    return Port(name, tuple(shape) if shape is not None else None, dtype if isinstance(dtype, str) else None)


def _graph(subject: Subject) -> Ports:
    signature = signature_of(read_object(model_json(subject), "the model.json of a graph model"))
    return Ports(_graph_ports(signature.get("inputs")), _graph_ports(signature.get("outputs")))


def _graph_ports(ports: object) -> tuple[Port, ...] | None:
    if not isinstance(ports, dict) or not ports:
        return None
    kept = {name: port for name, port in ports.items() if "resourceId" not in port}
    return tuple(
        Port(
            name.removesuffix(":0"),
            shape_of(port["tensorShape"]) if "tensorShape" in port else None,
            DTYPES.get(str(port.get("dtype"))),
        )
        for name, port in kept.items()
    )


def _keras(subject: Subject) -> Ports:
    from workflow.converters.native.keras.whole_file import open_whole_file  # noqa: PLC0415  brings h5py

    with open_whole_file(subject.path) as file:
        return of_config(file.config)


def _archive(subject: Subject) -> Ports:
    from workflow.converters.native.keras.archive import open_archive  # noqa: PLC0415  as above

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch.folder("archive"))
        return of_config(stack.enter_context(open_archive(subject.path, scratch=folder)).config)


_READERS: Mapping[str, Callable[[Subject], Ports]] = {
    "tfjs_layers_model": _layers,
    "tfjs_graph_model": _graph,
    "keras": _keras,
    "keras_keras": _archive,
}
