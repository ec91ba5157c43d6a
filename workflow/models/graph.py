"""The graph of a graph model: nodes, functions, signature. Each field that anything here asks for is read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.models.strict_json import LONGEST_NAME, MOST_DIMENSIONS, At

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Shape = tuple["int | None", ...]
"""Sizes; None for one that is open."""

_HINT = "The graph is damaged: convert the model again."
_FUSED = "fused_ops"
_INLINE = ("tensorContent", "floatVal", "intVal", "int64Val", "boolVal", "stringVal", "doubleVal", "halfVal")


class Constant(Record):
    """What a graph says of a constant; ``is_inline`` when its values stand in the graph, not among the weights."""

    dtype: str
    """As TensorFlow names it, such as DT_FLOAT; empty when it is not named."""

    shape: Shape | None
    is_inline: bool


class Node(Record):
    """One operation: ``inputs`` as the graph writes them, ``constant`` of a Const alone, ``fused`` what follows it."""

    name: str
    op: str
    inputs: tuple[str, ...]
    constant: Constant | None = None
    fused: tuple[str, ...] = ()
    """In base64, as protobuf's JSON has it."""

    @property
    def feeds(self) -> tuple[str, ...]:
        """The nodes that it reads, each once, in order."""
        return tuple(dict.fromkeys(map(node_name, self.inputs)))


class Function(Record):
    """A function of the graph's library."""

    name: str
    nodes: tuple[Node, ...]


class SignaturePort(Record):
    """An input or output that the signature names; ``dtype`` is TensorFlow's word, empty when there is none."""

    name: str
    tensor: str
    dtype: str
    shape: Shape | None
    is_resource: bool


class Graph(Record):
    """A graph with its library and its signature; ``inputs`` and ``outputs`` are empty where none are named."""

    nodes: tuple[Node, ...]
    functions: tuple[Function, ...] = ()
    inputs: tuple[SignaturePort, ...] = ()
    outputs: tuple[SignaturePort, ...] = ()
    initializer: tuple[Node, ...] = ()
    """The nodes that fill the graph's lookup tables, a graph of their own."""
    placeholders: tuple[SignaturePort, ...] = ()
    """What a graph takes whose signature does not say: its placeholders, as TensorFlow.js finds them."""

    def bodies(self) -> Iterator[tuple[str, tuple[Node, ...]]]:
        """Yield the graph and each function with what stands before the names of its weights."""
        yield "", self.nodes
        for function in self.functions:
            yield f"{function.name}/", function.nodes


def read_graph(document: Mapping[str, Any], path: Path) -> Graph:
    """Return the graph of a parsed model.json; raises ``ModelFileError`` with the place of what is not as it must."""
    at = _at(path, "modelTopology")
    topology = at.as_object(document.get("modelTopology"))
    nodes = _nodes(topology.get("node"), At(path, (), _HINT))
    if not nodes:
        raise _at(path, "the graph").bad("has no nodes (its list of node is empty)")
    functions = _functions(topology.get("library"), path)
    inputs, outputs = _signature(document, path)
    placeholders = () if inputs else _placeholders(topology["node"], _at(path, "the graph"))
    return Graph(nodes, functions, inputs, outputs, _initializer(document, path), placeholders)


def node_name(tensor: str) -> str:
    """Return the node of a tensor's name: ``x`` for ``x:0`` and ``^x``."""
    return tensor.lstrip("^").partition(":")[0]


def _at(path: Path, what: str) -> At:
    return At(path, ((what, None),), _HINT)


def _nodes(value: object, around: At) -> tuple[Node, ...]:
    listed = around.inside("node").as_list(value)
    return tuple(_node(one, around, number) for number, one in enumerate(listed, 1))


def _node(value: object, around: At, number: int) -> Node:
    if not isinstance(value, dict) or not _is_sound(value):
        raise _refused(value, around, number)
    op, attributes = value["op"], value.get("attr", _NOTHING)
    constant: Constant | None = None
    fused: tuple[str, ...] = ()
    if op == "Const" or _FUSED in attributes:
        here = around.inside(f"node {number}", value["name"])
        constant = _constant(attributes.get("value"), here) if op == "Const" else None
        fused = _fused(attributes.get(_FUSED), here.inside(f"attr {_FUSED}"))
    return Node(value["name"], op, tuple(value.get("input", _NONE)), constant, fused)


def _is_sound(node: dict[str, Any]) -> bool:
    inputs, attributes = node.get("input", _NONE), node.get("attr", _NOTHING)
    return (
        _is_name(node.get("name"))
        and _is_name(node.get("op"))
        and isinstance(inputs, list)
        and all(map(_is_name, inputs))
        and isinstance(attributes, dict)
        and all(type(one) is dict for one in attributes.values())
    )


def _is_name(value: object) -> bool:
    return type(value) is str and len(value) <= LONGEST_NAME


_NONE: list[str] = []
_NOTHING: dict[str, Any] = {}


def _refused(value: object, around: At, number: int) -> Exception:
    """Return the error for a node that is not well-formed, by reading it field by field."""
    node = around.inside(f"node {number}").as_object(value)
    name = node.get("name")
    here = around.inside(f"node {number}", name if isinstance(name, str) else None)
    here.inside("name").as_text(name)
    here.inside("op").as_text(node.get("op"))
    for position, one in enumerate(here.inside("input").as_list(node.get("input", _NONE)), 1):
        here.inside(f"input {position}").as_text(one)
    for key, one in here.inside("attr").as_object(node.get("attr", _NOTHING)).items():
        here.inside("attr", key).as_object(one)
    return here.bad("is not as a graph has nodes")


def _constant(value: dict[str, Any] | None, node: At) -> Constant:
    at = node.inside("attr value, tensor")
    found = (value or _NOTHING).get("tensor")
    tensor = at.as_object(found) if found is not None else _NOTHING
    is_inline = any(map(tensor.get, _INLINE))
    shape = _shape(tensor["tensorShape"], at.inside("tensorShape")) if "tensorShape" in tensor else None
    if shape is not None:
        at.as_sizes([-1 if size is None else size for size in shape])
    return Constant(_dtype(tensor.get("dtype"), at), shape, is_inline)


def _fused(value: dict[str, Any] | None, at: At) -> tuple[str, ...]:
    if value is None or value.get("list") is None:
        return ()
    listed = at.inside("list").as_object(value["list"]).get("s")
    every = at.inside("list").as_list(listed) if listed is not None else _NONE
    return tuple(at.inside(f"text {number}").as_text(one) for number, one in enumerate(every, 1))


def _dtype(value: object, at: At) -> str:
    """Return a dtype by its name, or by the number that TensorFlow.js takes as well."""
    if value is None:
        return ""
    return _DTYPES.get(value, str(value)) if type(value) is int else at.inside("dtype").as_text(value)


_DTYPES = {1: "DT_FLOAT", 2: "DT_DOUBLE", 3: "DT_INT32", 7: "DT_STRING", 8: "DT_COMPLEX64", 9: "DT_INT64"}
_DTYPES |= {10: "DT_BOOL", 19: "DT_HALF", 20: "DT_RESOURCE"}


def _shape(value: object, at: At) -> Shape | None:
    """Return a shape as protobuf's JSON writes it; None when it does not say any."""
    shape = at.as_object(value) if value is not None else _NOTHING
    if value is None or shape.get("unknownRank"):
        return None
    dims = shape.get("dim")
    every = at.inside("dim").as_list(dims) if dims is not None else []
    if len(every) > MOST_DIMENSIONS:
        raise at.bad(f"has {len(every):,} dimensions")
    sizes = [_size(dim, at, number) for number, dim in enumerate(every, 1)]
    return tuple(None if size < 0 else size for size in sizes)


def _size(dim: object, at: At, number: int) -> int:
    size = dim.get("size", 0) if isinstance(dim, dict) else None
    if isinstance(size, str) and size.isascii() and size.isdigit() and len(size) <= _PLAIN:
        return int(size)  # as nearly all are
    here = at.inside(f"dim {number}")
    return here.inside("size").as_whole(here.as_object(dim).get("size", 0))


_PLAIN = 15


def _functions(library: object, path: Path) -> tuple[Function, ...]:
    at = _at(path, "the library")
    every = at.as_object(library).get("function") if library is not None else None
    listed = at.inside("function").as_list(every) if every is not None else []
    return tuple(_function(one, at, number) for number, one in enumerate(listed, 1))


def _function(value: object, around: At, number: int) -> Function:
    at = At(around.path, ((f"function {number}", None),), around.hint)
    function = at.as_object(value)
    name = at.inside("name").as_text(at.inside("signature").as_object(function.get("signature")).get("name"))
    here = At(around.path, ((f"function {number}", name),), around.hint)
    nodes = function.get("nodeDef")
    return Function(name, _nodes(nodes, here) if nodes else ())


def _signature(document: Mapping[str, Any], path: Path) -> tuple[tuple[SignaturePort, ...], tuple[SignaturePort, ...]]:
    """Return inputs and outputs of the signature, which old converters put into the metadata; both must be such."""
    metadata = document.get("userDefinedMetadata")
    former = metadata if isinstance(metadata, dict) else _NOTHING
    sides = _sides(document.get("signature"), _at(path, "signature"))
    old = _sides(former.get("signature"), _at(path, "userDefinedMetadata, signature"))
    keys = _at(path, "userDefinedMetadata, structuredOutputKeys")
    for number, key in enumerate(keys.as_list(former.get("structuredOutputKeys") or []), 1):
        keys.inside(f"key {number}").as_text(key)
    return sides if any(sides) else old


def _sides(signature: object, at: At) -> tuple[tuple[SignaturePort, ...], tuple[SignaturePort, ...]]:
    found = at.as_object(signature) if signature is not None else _NOTHING
    return _ports(found.get("inputs"), at.inside("inputs")), _ports(found.get("outputs"), at.inside("outputs"))


def _placeholders(nodes: list[dict[str, Any]], around: At) -> tuple[SignaturePort, ...]:
    """Return the placeholders among nodes that were found sound."""
    found = []
    for node in nodes:
        if node["op"] == "Placeholder":
            attributes, at = node.get("attr", _NOTHING), around.inside("node", node["name"])
            shape = _shape((attributes.get("shape") or _NOTHING).get("shape"), at.inside("attr shape"))
            dtype = _dtype((attributes.get("dtype") or _NOTHING).get("type"), at.inside("attr dtype"))
            found.append(SignaturePort(node["name"], node["name"], dtype, shape, dtype == "DT_RESOURCE"))
    return tuple(found)


def _initializer(document: Mapping[str, Any], path: Path) -> tuple[Node, ...]:
    """Return the nodes of the graph that fills lookup tables; its signature has to be one, too."""
    _sides(document.get("initializerSignature"), _at(path, "initializerSignature"))
    found = document.get("modelInitializer")
    if found is None:
        return ()
    at = _at(path, "modelInitializer")
    nodes = at.as_object(found).get("node")
    return _nodes(nodes, at) if nodes is not None else ()


def _ports(value: object, at: At) -> tuple[SignaturePort, ...]:
    every = at.as_object(value) if value is not None else _NOTHING
    return tuple(_port(name, one, at.inside("port", name)) for name, one in every.items())


def _port(name: str, value: object, at: At) -> SignaturePort:
    port = at.as_object(value)
    shape = _shape(port["tensorShape"], at.inside("tensorShape")) if "tensorShape" in port else None
    tensor = at.inside("name").as_text(port.get("name", name))
    return SignaturePort(name, tensor, _dtype(port.get("dtype"), at), shape, "resourceId" in port)
