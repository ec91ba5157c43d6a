"""What a model takes and gives, read from its files without TensorFlow as far as they say it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workflow.base import scratch
from workflow.base.errors import DeclinedError, ModelFileError, VerificationError
from workflow.base.wording import shown
from workflow.models.graph import read_graph
from workflow.models.keras.tree import entries, is_container, layer_name
from workflow.models.sniffing import model_json
from workflow.models.strict_json import read_object
from workflow.models.topology import model_config
from workflow.verification.exchange import NONSENSE
from workflow.verification.topology_faults import HELD_AS, ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workflow.models.graph import Graph, SignaturePort
    from workflow.verification.requests import Subject

    Json = dict[str, Any]
    Shape = tuple[int | None, ...]

_Open = type(None)
_HINT = "The topology is damaged: save or convert the model again."


@dataclass(frozen=True)
class ModelPort:
    """An input or output; shape and dtype are None where they are not known."""

    name: str
    shape: Shape | None = None
    dtype: str | None = None
    observed: bool = False
    """Whether the shape is that of one run, so that its sizes may be others in the next."""

    key: str = ""
    """What the model itself calls it where it takes or gives a dictionary; empty where it does not."""

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be called: by its key, or as the layer that it is of."""
        return (self.key, self.name) if self.key else (self.name,)

    def __str__(self) -> str:
        shape = "" if self.shape is None else f" {['?' if size is None else size for size in self.shape]}"
        return f"{self.name}{shape}{f' {self.dtype}' if self.dtype else ''}"


@dataclass(frozen=True)
class ModelPorts:
    """All inputs and outputs in order; None where the files do not say which there are."""

    inputs: tuple[ModelPort, ...] | None = None
    outputs: tuple[ModelPort, ...] | None = None

    def completed(self, other: ModelPorts) -> ModelPorts:
        """Return these ports with what is not known taken from ``other``, where names or numbers agree."""
        return ModelPorts(_completed(self.inputs, other.inputs), _completed(self.outputs, other.outputs))


def ports_of(subject: Subject) -> ModelPorts:
    """Return the inputs and outputs that a model's files declare; all None for formats of TensorFlow."""
    reader = _READERS.get(subject.format)
    if reader is None:
        return ModelPorts()
    try:
        return reader(subject)
    except (ModelFileError, DeclinedError):
        return ModelPorts()  # structure speaks of damaged files


def told(answer: Mapping[str, Any]) -> ModelPorts:
    """Return the ports that a run in Python told of as ``inputs`` and ``outputs`` of ``{name, shape, dtype}``.

    Raises ``VerificationError`` when they are not of that form.
    """
    try:
        return ModelPorts(_told(answer.get("inputs"), observed=False), _told(answer.get("outputs"), observed=True))
    except (KeyError, TypeError, AttributeError) as problem:
        raise VerificationError(f"the run in Python tells nonsense of its ports: {problem!r}", hint=NONSENSE) from None


def _told(specs: Iterable[Mapping[str, Any]] | None, *, observed: bool) -> tuple[ModelPort, ...] | None:
    if not specs:
        return None
    return tuple(_one_told(one, observed=observed) for one in specs)


def _one_told(spec: Mapping[str, Any], *, observed: bool) -> ModelPort:
    name, shape, dtype = spec["name"], tuple(spec["shape"]), spec["dtype"]
    if not isinstance(name, str) or not isinstance(dtype, str) or not all(type(n) in (int, _Open) for n in shape):
        raise TypeError(f"{shown(str(spec))} is no port")
    return ModelPort(name, shape, dtype, observed)


def _completed(ours: tuple[ModelPort, ...] | None, other: tuple[ModelPort, ...] | None) -> tuple[ModelPort, ...] | None:
    if ours is None or other is None or len(ours) != len(other):
        return ours if ours is not None else other
    named = {port.name: port for port in other}
    known = [next((named[name] for name in port.names if name in named), None) for port in ours]
    pairs = zip(ours, [one for one in known if one] if all(known) else other, strict=True)
    return tuple(
        ModelPort(
            port.name,
            told.shape if port.shape is None else port.shape,
            told.dtype if port.dtype is None else port.dtype,
            observed=told.observed if port.shape is None else port.observed,
            key=port.key,
        )
        for port, told in pairs
    )


def _layers(subject: Subject) -> ModelPorts:
    path = model_json(subject.path)
    document = read_object(path, "the model.json of a layers model")
    return of_config(model_config(document.get("modelTopology"), str(path)))


def of_config(container: Json, keys: Sequence[str] = ()) -> ModelPorts:
    """Return the ports of a Keras model's configuration, with the ``keys`` of the dictionary that it gives, if it does.

    Raises ``ModelFileError`` when it is not one of layers.
    """
    layers = entries(container)
    if not layers:
        raise ModelFileError("the model has no layers", hint=_HINT)
    if container.get("class_name") == "Sequential":
        first = layers[0]
        own = first["class_name"] == "InputLayer"
        name = layer_name(first) if own else f"{layer_name(first)}_input"
        return ModelPorts((_input(name, _innermost(first)),), (ModelPort(layer_name(layers[-1])),))
    by_name = {layer_name(layer): layer for layer in layers}
    named = ends(container, "input_layers")
    lost = [name for name in named if name not in by_name]
    if lost:
        raise ModelFileError(f"the model's input {shown(lost[0])} is no layer of it", hint=_HINT)
    inputs = tuple(_input(name, _innermost(by_name[name])) for name in named)
    outputs = _numbered(ends(container, "output_layers"))
    named = list(keys) if len(keys) == len(outputs) else [""] * len(outputs)
    ports = tuple(ModelPort(name, key=key) for name, key in zip(outputs, named, strict=True))
    return ModelPorts(inputs or None, ports or None)


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
    depth = 0
    while is_container(layer):
        depth += 1
        layers = entries(layer, depth)
        if not layers:
            raise ModelFileError(f"the model {shown(layer_name(layer))} has no layers", hint=_HINT)
        layer = layers[0]
    return layer


def _input(name: str, layer: Json) -> ModelPort:
    config = layer["config"]
    shape = config.get("batch_input_shape", config.get("batch_shape"))
    if shape is None and config.get("input_dim") and layer["class_name"] != "Embedding":
        shape = [None, config["input_dim"]]
    dtype = config.get("dtype") if layer["class_name"] == "InputLayer" else None
    return ModelPort(name, _sizes(shape, name), dtype if isinstance(dtype, str) else None)


def _sizes(shape: object, name: str) -> Shape | None:
    if shape is None:
        return None
    if not isinstance(shape, list) or not all(size is None or type(size) is int for size in shape):
        raise ModelFileError(f"the shape of the input {shown(name)} is not a list of sizes", hint=_HINT)
    return tuple(shape)


def _graph(subject: Subject) -> ModelPorts:
    path = model_json(subject.path)
    document = read_object(path, "the model.json of a graph model")
    graph = read_graph(document, path)
    return ModelPorts(_graph_ports(graph.inputs), _keyed(_graph_ports(graph.outputs), document))


def _keyed(outputs: tuple[ModelPort, ...] | None, document: Json) -> tuple[ModelPort, ...] | None:
    """Return a graph's outputs with their keys in the dictionary that ``predict`` gives, where it gives one."""
    metadata = document.get("userDefinedMetadata")
    keys = metadata.get("structuredOutputKeys") if isinstance(metadata, dict) else None
    if outputs is None or not isinstance(keys, list) or len(keys) != len(outputs):
        return outputs
    return tuple(
        replace(port, key=key) if isinstance(key, str) else port for port, key in zip(outputs, keys, strict=True)
    )


def placeholders(graph: Graph) -> tuple[ModelPort, ...]:
    """Return what a graph takes whose signature does not say: its placeholders, less those of resources."""
    return _graph_ports(graph.placeholders) or ()


def _graph_ports(ports: tuple[SignaturePort, ...]) -> tuple[ModelPort, ...] | None:
    if not ports:
        return None
    kept = [port for port in ports if not port.is_resource]
    return tuple(ModelPort(port.name.removesuffix(":0"), port.shape, _TAKEN_AS.get(port.dtype)) for port in kept)


_TAKEN_AS = HELD_AS | dict.fromkeys(("DT_INT8", "DT_UINT8", "4", "6"), "int32")
"""What TensorFlow.js takes and gives for each TensorFlow dtype."""


def _keras(subject: Subject) -> ModelPorts:
    from workflow.models.keras.whole_file import open_whole_file  # noqa: PLC0415  brings h5py

    with open_whole_file(subject.path) as file:
        return of_config(file.config, file.output_keys)


def _archive(subject: Subject) -> ModelPorts:
    from workflow.models.keras.archive import open_archive  # noqa: PLC0415  as above

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch.folder("archive"))
        file = stack.enter_context(open_archive(subject.path, scratch=folder))
        return of_config(file.config, file.output_keys)


_READERS: Mapping[str, Callable[[Subject], ModelPorts]] = {
    "tfjs_layers_model": _layers,
    "tfjs_graph_model": _graph,
    "keras": _keras,
    "keras_keras": _archive,
}
