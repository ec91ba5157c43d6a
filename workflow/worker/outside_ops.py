"""TensorFlow's ops that reach out of a graph, to files, processes or Python: refused in models that are run here.

One table for graph models, frozen graphs and SavedModels. Reading the assets of a model's own tables is no such op.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, List, Set

from .failure import JobError

_PATTERNS = (
    r"PyFunc|PyFuncStateless|EagerPyFunc",
    r"WriteFile|ReadFile|MatchingFiles|ImmutableConst|FileSystemSetConfiguration",
    r"(BigQuery|FixedLengthRecord|LMDB|TFRecord|TextLine|WholeFile)Reader(V2)?",
    r"(Experimental)?(CSV|Cache|DataService|FixedLengthRecord|LMDB|TFRecord|TextLine|Sql)Dataset(V\d)?",
    r"(Experimental)?(List|Load|MatchingFiles|Save|Snapshot)(Chunk|Nested)?Dataset(Reader)?(V\d)?",
    r"(Experimental)?DatasetToTFRecord|DatasetFromGraph|DistributedSave|RegisterDataset(V2)?",
    r"CreateSummary(File|Db)Writer|WriteGraphSummary|ImportEvent",
    r"LoadAndRemapMatrix|GenerateVocabRemapping|RpcServer.*|RpcClient.*|RemoteFusedGraphExecute",
    r"Debug(Identity|NanCount|NumericSummary).*|TRTEngineOp|MlirPassthroughOp",
)
_OUTSIDE = re.compile("|".join(_PATTERNS))
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
    if unsafe:
        return
    walk = _Walk(graph)
    names = [_node(name) for name in outputs]
    walk.enter(names or walk.nodes, graph.library.function)
    _refuse(walk.found(checkpoints=True))


def require_none_in_saved_model(folder: str, *, unsafe: bool = False) -> None:
    """Raise ``JobError`` where loading a SavedModel or running any of its signatures reaches out, but for its saver.

    Ops of files in the saver itself are refused like all others, except those that read and write checkpoints.
    """
    if unsafe:
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


def is_one(op: str) -> bool:
    """Tell whether an op reaches out, by its name alone."""
    return op in _CHECKPOINTS or _OUTSIDE.fullmatch(op) is not None


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
            if _reaches_out(node) or (checkpoints and node.op in _CHECKPOINTS):
                ops.setdefault(node.op, []).append(node.name)
        return ops

    def _called(self, node: Any) -> Iterator[str]:
        for attribute in node.attr.values():
            for function in (attribute.func, *attribute.list.func):
                if function.name in self._functions:
                    yield function.name
        if node.op in self._functions:
            yield node.op


def _reaches_out(node: Any) -> bool:
    if node.op == "PrintV2":
        return bool(node.attr["output_stream"].s.startswith(b"file:")) if "output_stream" in node.attr else False
    return _OUTSIDE.fullmatch(node.op) is not None


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
