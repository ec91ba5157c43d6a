"""What a graph takes and gives: ports with the names that users know, in an order that never changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

Shape = Optional[Tuple[Optional[int], ...]]


@dataclass(frozen=True)
class TensorPort:
    """An input or output: its public name and the tensor behind it. No dtype: only the name is known."""

    key: str
    tensor: str
    dtype: Optional[int] = None
    """The number of the type in TensorFlow's DataType enumeration."""
    shape: Shape = None
    resource: Optional[int] = None
    """For a lookup table: the number that the graph and its initializer have in common."""

    @property
    def node(self) -> str:
        """The name of the node that makes the tensor."""
        return self.tensor.split(":")[0]

    def information(self) -> Any:
        """Return the TensorInfo that says this to TensorFlow."""
        from tensorflow.core.protobuf import meta_graph_pb2

        information = meta_graph_pb2.TensorInfo(name=self.tensor)
        if self.dtype is None:
            return information
        information.dtype = self.dtype
        if self.shape is None:
            information.tensor_shape.unknown_rank = True
        else:
            for size in self.shape:
                information.tensor_shape.dim.add(size=-1 if size is None else size)
            information.tensor_shape.SetInParent()
        return information


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs in their order. ``structured`` says that the model answers with a dictionary."""

    inputs: Tuple[TensorPort, ...]
    outputs: Tuple[TensorPort, ...]
    structured: bool = False

    def as_message(self) -> Any:
        """Return the SignatureDef that TensorFlow's optimiser takes, which tells it what to keep."""
        from tensorflow.core.protobuf import meta_graph_pb2

        message = meta_graph_pb2.SignatureDef()
        for ports, target in ((self.inputs, message.inputs), (self.outputs, message.outputs)):
            for port in ports:
                target[port.key].CopyFrom(port.information())
        return message

    def as_json(self) -> Dict[str, Any]:
        """Return the signature as model.json holds it; maps that would be empty are left out."""
        sides = {"inputs": self.inputs, "outputs": self.outputs}
        return {side: {port.key: _described(port) for port in ports} for side, ports in sides.items() if ports}


def port_of(key: str, tensor: Any) -> TensorPort:
    """Return the port for a symbolic tensor of TensorFlow."""
    rank = tensor.shape.rank
    shape = None if rank is None else tuple(tensor.shape.as_list())
    return TensorPort(key, tensor.name, tensor.dtype.base_dtype.as_datatype_enum, shape)


def natural(name: str) -> List[Tuple[int, Any]]:
    """Return the key that sorts ``output_2`` before ``output_10``."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"([0-9]+)", name) if part]


def in_order_of(signature: Signature, inputs: Sequence[str], *, outputs: Sequence[str]) -> Signature:
    """Return the signature with ports in the order of these names, or in natural order where the names are others.

    The inputs that stand for resources come last.
    """
    sides = ((signature.inputs, inputs), (signature.outputs, outputs))
    found = tuple(tuple(sorted(ports, key=_order(ports, names))) for ports, names in sides)
    return replace(signature, inputs=found[0], outputs=found[1])


def _order(ports: Tuple[TensorPort, ...], names: Sequence[str]) -> Callable[[TensorPort], Any]:
    places = {name: number for number, name in enumerate(names)}
    public = {port.key for port in ports if port.resource is None}
    known = public == set(places)
    return lambda port: (port.resource or 0, places[port.key] if known and port.key in places else 0, natural(port.key))


def present(signature: Signature, nodes: Iterable[str]) -> Signature:
    """Return the signature without the inputs that the graph has no node for: nothing depends on them."""
    names = set(nodes)
    return replace(signature, inputs=tuple(port for port in signature.inputs if port.node in names))


def _described(port: TensorPort) -> Dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    described: Dict[str, Any] = MessageToDict(port.information())
    if port.resource is not None:
        described["resourceId"] = port.resource
    return described


def answering(graph: Any) -> List[str]:
    """Return the names of a graph's signatures that answer something and are not SavedModel's own."""
    return sorted(
        name for name, found in graph.signature_def.items() if found.outputs and not name.startswith("__saved_model")
    )


@dataclass(frozen=True)
class SignedGraph:
    """One graph of a SavedModel and one of its signatures."""

    folder: str
    graph: Any
    tags: Sequence[str]
    signature_name: str

    @property
    def signature(self) -> Any:
        """The SignatureDef as the file has it."""
        return self.graph.signature_def[self.signature_name]

    @property
    def others(self) -> Tuple[str, ...]:
        """The names of the other signatures that answer something."""
        return tuple(name for name in answering(self.graph) if name != self.signature_name)

    @property
    def is_classic(self) -> bool:
        """Whether TensorFlow 1 wrote it: a graph with variables, and no objects that functions belong to."""
        return not self.graph.HasField("object_graph_def")

    def facts(self) -> Dict[str, Any]:
        """Return what was chosen, for the record."""
        return {"signature_name": self.signature_name, "saved_model_tags": list(self.tags)}
