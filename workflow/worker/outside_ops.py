"""The ops of graph models, frozen graphs and SavedModels that are run here: those on the list, which stay inside.

The list says which of TensorFlow's ops reach no file, process or other machine (``allow_list.ops``). An op that
TensorFlow does not have is none of this module's business: whoever loads the graph says so.
"""

from __future__ import annotations

import re
import sys
from typing import Any, Callable, Dict, Iterable, Iterator, List, Set

from . import allow_list
from .failure import JobError

_FORESTS = re.compile(r"SimpleML(CreateModelResource|LoadModelFromPath\w*|Inference\w+)")
"""Decision forests that are run; what trains them writes files. Their ops are there once their library is loaded."""
_CHECKPOINTS = frozenset(
    ["MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2", "Save", "SaveSlices", "SaveV2"],
)
"""What a SavedModel's own saver is made of: there, and only there, it is let be."""
_RUN_WHEN_LOADED = ("legacy_init_op", "saved_model_main_op", "table_initializer")
_SHOWN = 5


def require_none(graph: Any, outputs: Iterable[str] = (), *, unsafe: bool = False) -> None:
    """Raise ``JobError`` (outside_ops) where running a GraphDef up to ``outputs`` (all of it without any) reaches out.

    Functions of the library count wherever they are called from: TensorFlow may put one in the place of another.
    """
    if allow_list.is_off({"unsafe": unsafe}):
        return
    walk = _Walk(graph)
    names = [_node(name) for name in outputs]
    walk.enter(names or walk.nodes, graph.library.function)
    _refuse(walk.found(checkpoints=True))


def require_none_in_saved_model(folder: str, *, unsafe: bool = False) -> None:
    """Raise ``JobError`` where loading a SavedModel or running any of its signatures reaches out, but for its saver.

    Ops of files in the saver itself are refused like all others, except those that read and write checkpoints.
    """
    if allow_list.is_off({"unsafe": unsafe}):
        return
    from tensorflow.python.saved_model.loader_impl import parse_saved_model

    try:
        described = parse_saved_model(folder).meta_graphs
    except OSError as problem:
        raise JobError("source", f"{folder} is no SavedModel that can be read: {problem}") from problem
    for part in described:
        library = part.graph_def.library.function
        run = _Walk(part.graph_def)
        called = set(part.object_graph_def.concrete_functions)
        run.enter(_fetched(part), [function for function in library if function.signature.name in called])
        saver = _Walk(part.graph_def)
        saver.enter([_node(part.saver_def.restore_op_name)], library)
        _refuse({**saver.found(checkpoints=False), **run.found(checkpoints=True)})


class _Walk:
    """The nodes that are run for others: their inputs, what they wait for, and the functions that they call."""

    def __init__(self, graph: Any) -> None:
        self.nodes: Dict[str, Any] = {node.name: node for node in graph.node}
        self._functions: Dict[str, Any] = {function.signature.name: function for function in graph.library.function}
        self._inside: Set[str] = set()
        self._seen: Dict[str, Any] = {}
        self._bodies: List[Any] = []

    def enter(self, names: Iterable[str], functions: Iterable[Any]) -> None:
        """Follow nodes of the graph itself, and functions with all that they call."""
        waiting = [name for name in names if name in self.nodes]
        while waiting:
            name = waiting.pop()
            if name not in self._seen:
                self._seen[name] = self.nodes[name]
                waiting += [found for found in map(_node, self.nodes[name].input) if found in self.nodes]
        calling = [function.signature.name for function in functions]
        calling += [called for node in self._seen.values() for called in self._called(node)]
        while calling:
            name = calling.pop()
            if name not in self._inside:
                self._inside.add(name)
                body = self._functions[name].node_def
                self._bodies += body
                calling += [called for node in body for called in self._called(node)]

    def found(self, *, checkpoints: bool) -> Dict[str, List[str]]:
        """Return the ops that reach out with their nodes."""
        ops: Dict[str, List[str]] = {}
        for node in (*self._seen.values(), *self._bodies):
            if node.op in _CHECKPOINTS:
                outside = checkpoints
            else:
                outside = node.op not in self._functions and self._reaches_out(node)
            if outside:
                ops.setdefault(node.op, []).append(node.name)
        return ops

    def _reaches_out(self, node: Any) -> bool:
        stays = _UNLESS.get(node.op)
        return _is_refused(node.op) or (stays is not None and not stays(node))

    def _called(self, node: Any) -> Iterator[str]:
        for attribute in node.attr.values():
            for function in (attribute.func, *attribute.list.func):
                if function.name in self._functions:
                    yield function.name
        if node.op in self._functions:
            yield node.op


def _is_refused(op: str) -> bool:
    """Tell whether TensorFlow has the op, by itself or from a library that is loaded, and the list does not."""
    known = allow_list.ops()
    if op in known.allowed or _FORESTS.fullmatch(op):
        return False
    return op in known.refused or _is_registered(op)


def _is_registered(op: str) -> bool:
    if "tensorflow" not in sys.modules:
        return False
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(op) is not None


def _text(node: Any, name: str) -> bytes:
    return bytes(node.attr[name].s) if name in node.attr else b""


_DESCRIBED = re.compile(rb"(local://|bytes://.*)?", re.DOTALL)
_UNLESS: Dict[str, Callable[[Any], bool]] = {
    "PrintV2": lambda node: not _text(node, "output_stream").startswith(b"file:"),
    "DecodeProtoV2": lambda node: _DESCRIBED.fullmatch(_text(node, "descriptor_source")) is not None,
    "EncodeProto": lambda node: _DESCRIBED.fullmatch(_text(node, "descriptor_source")) is not None,
    "FixedUnigramCandidateSampler": lambda node: not _text(node, "vocab_file"),
}
"""Ops that stay inside as long as no attribute of theirs is the path of a file."""
MAY_NAME_FILES = frozenset([*_UNLESS, "InitializeTableFromTextFile", "InitializeTableFromTextFileV2"])
"""Those, and the ones whose input is the path of a file, which may be one of the model's own."""


def _fetched(part: Any) -> List[str]:
    """Return the nodes that signatures name, and those that are run as soon as a SavedModel is loaded."""
    names = [info.name for signature in part.signature_def.values() for info in _tensors(signature)]
    for key in _RUN_WHEN_LOADED:
        names += part.collection_def[key].node_list.value if key in part.collection_def else []
    return [_node(name) for name in names]


def _tensors(signature: Any) -> Iterator[Any]:
    """Yield the tensors of a signature; one in several pieces, sparse ones for instance, with each of them."""
    for info in signature.outputs.values():
        yield from _pieces(info)


def _pieces(info: Any) -> Iterator[Any]:
    yield info
    yield from info.composite_tensor.components
    sparse = info.coo_sparse
    for name in (sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name):
        if name:
            yield type(info)(name=name)


def _node(reference: str) -> str:
    return reference.lstrip("^").split(":")[0]


def _refuse(found: Dict[str, List[str]]) -> None:
    if found:
        told = "; ".join(f"{op} (at {', '.join(names[:_SHOWN])})" for op, names in sorted(found.items()))
        raise JobError("outside_ops", f"{told}: reaches files, processes or Python; only `unsafe: true` allows that")
