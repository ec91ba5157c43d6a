"""Frozen graphs in a file: what they take, and which of their nodes are the outputs when nobody says."""

from __future__ import annotations

import difflib
import os
from typing import Any, Dict, List, Sequence, Tuple

from ..containment import answers
from ..failure import JobError
from . import classic, explaining, freezing, kept_outputs, lookup_tables, reach
from .freezing import Frozen
from .converter_options import Options
from .signatures import Signature, port_of

_MOST_OUTPUTS = 12
_NOT_OUTPUTS = frozenset(
    [
        *("Assert", "CheckNumerics", "Const", "ImmutableConst", "NoOp", "Print", "PrintV2"),
        *("Placeholder", "PlaceholderV2", "PlaceholderWithDefault"),
    ]
)
_FOR_TRAINING = (
    "Apply",
    "Assign",
    "Summary",
    "Save",
    "Restore",
    "ResourceApply",
    "ScatterUpdate",
    "MergeV2Checkpoints",
)


def freeze(path: str, options: Options) -> Tuple[Frozen, Dict[str, Any]]:
    """Return the graph of a file with its signature, and the facts about which outputs were taken."""
    graph = _imported(path)
    named = list(options.output_node_names)
    tensors = [_named(name, graph) for name in named] if named else proposed(graph)
    keys = named or [tensor.op.name for tensor in tensors]
    signature = Signature((), tuple(port_of(key, tensor) for key, tensor in zip(keys, tensors)))
    definition = classic.inlined(graph.as_graph_def(), signature, control_flow_v2=options.control_flow_v2)
    definition = reach.needed(definition, [port.node for port in signature.outputs])
    _refuse_variables(definition)
    definition, signature = kept_outputs.apart(definition, signature)
    inputs = tuple(
        port_of(node.name, graph.get_tensor_by_name(f"{node.name}:0"))
        for node in definition.node
        if node.op in ("Placeholder", "PlaceholderV2")
    )
    facts = {"output_node_names": keys, "output_node_names_found": not named}
    return Frozen(definition, Signature(inputs, signature.outputs)), facts


def proposed(graph: Any) -> List[Any]:
    """Return the tensors that look like the graph's outputs: nobody reads them, and they are made of its inputs.

    Raises ``JobError`` where none does, or so many do that they are likelier the remains of something else.
    """
    found = [operation.outputs[0] for operation in graph.get_operations() if _is_end(operation)]
    answers = [tensor for tensor in found if _depends_on_an_input(tensor.op)] or found
    if not answers:
        raise JobError("no_outputs", "every node of the graph is read by another, or only checks or trains")
    if len(answers) > _MOST_OUTPUTS:
        raise JobError("no_outputs", f"{len(answers)} nodes are read by no other: {_listed(answers)}")
    return answers


def _is_end(operation: Any) -> bool:
    if not operation.outputs or operation.type in _NOT_OUTPUTS or operation.type in classic.VARIABLES:
        return False
    if any(word in operation.type for word in _FOR_TRAINING):
        return False
    return not any(tensor.consumers() for tensor in operation.outputs)


def _depends_on_an_input(operation: Any) -> bool:
    seen, waiting = {operation.name}, [operation]
    while waiting:
        one = waiting.pop()
        if one.type.startswith("Placeholder"):
            return True
        following = [tensor.op for tensor in one.inputs if tensor.op.name not in seen]
        seen |= {other.name for other in following}
        waiting += following
    return False


def _named(name: str, graph: Any) -> Any:
    try:
        return graph.get_tensor_by_name(name if ":" in name else f"{name}:0")
    except (KeyError, ValueError) as problem:
        names = [operation.name for operation in graph.get_operations()]
        close = difflib.get_close_matches(name.partition(":")[0], names, n=5, cutoff=0.4)
        hint = f"the nearest names are {', '.join(close)}" if close else f"it ends with {', '.join(names[-5:])}"
        raise JobError("output_names", f"the graph has no node {name}; {hint}") from problem


def _imported(path: str) -> Any:
    import tensorflow as tf

    definition = read(path)
    with explaining.reading(path, definition), tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(definition, name="")
    answers.require_moderate_graph(graph, answers.CONVERSION)
    return graph


def read(path: str) -> Any:
    """Return the GraphDef of a file; raises ``JobError`` (source) for what is none."""
    from google.protobuf import text_format
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework import graph_pb2

    if not os.path.isfile(path):
        raise JobError("source", f"there is no file {path}")
    if os.path.basename(path).startswith("saved_model.pb"):
        raise JobError("source", f"{path} is a part of a SavedModel: give its folder, as tf_saved_model")
    freezing.check_bytes(os.path.getsize(path))
    with open(path, "rb") as file:
        content = file.read()
    graph = graph_pb2.GraphDef()
    try:
        if path.endswith((".pbtxt", ".txt")):
            text_format.Parse(content.decode("utf-8"), graph)
        else:
            graph.ParseFromString(content)
    except (DecodeError, text_format.ParseError, UnicodeDecodeError) as problem:
        raise JobError("source", f"{path} is no TensorFlow graph: {problem}") from problem
    if not graph.node:
        raise JobError("source", f"{path} is a TensorFlow graph without a node, or none at all")
    return graph


def _refuse_variables(graph: Any) -> None:
    for what, ops in (("variables", classic.VARIABLES), ("lookup tables", lookup_tables.OPS)):
        names = [node.name for node in graph.node if node.op in ops]
        if names:
            raise JobError("not_frozen", f"it reads {what} whose values it does not hold: {_few(names)}")


def _listed(tensors: Sequence[Any]) -> str:
    return _few([tensor.op.name for tensor in tensors])


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_OUTPUTS
    return ", ".join(names[:_MOST_OUTPUTS]) + (f" and {rest} more" if rest > 0 else "")
