"""Functions of TensorFlow as graphs without variables: their values become constants."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from ..failure import JobError
from .signatures import Signature, present

LARGEST = 2**31 - 1
"""The most bytes that a protocol buffer, and so a frozen graph, can have."""
_ROOM_FOR_NODES = 16 * 2**20
_REFERENCE = re.compile(r"(\^|loc:@|)(.*?)(:[0-9]+|)", re.DOTALL)


CAPTURED = "captured/"
"""How inputs are called that a function has of its own, such as the handle of a lookup table."""


@dataclass(frozen=True)
class Initializer:
    """A graph that fills lookup tables before the first prediction."""

    graph: Any
    signature: Optional[Signature] = None


@dataclass(frozen=True)
class Frozen:
    """A GraphDef without variables and what it takes and gives: what all later stages work on."""

    graph: Any
    signature: Signature
    initializer: Optional[Initializer] = None
    generated_by: Optional[str] = None
    """The TensorFlow version that made the source; ours when it is None."""
    assets: Optional[str] = None
    """A folder that the model needs besides its graph."""


def freeze(function: Any, signature: Signature, *, control_flow_v2: bool = False) -> Frozen:
    """Return the concrete function with constants for variables, calls inlined, loops lowered unless told not to.

    Raises ``JobError`` for more than a graph can hold. There is no other way to fall back to.
    """
    check_size(function)
    graph = constants_for_variables(function, control_flow_v2=control_flow_v2)
    _name_captures(graph, function)
    return Frozen(graph, present(signature, _names(graph)))


def constants_for_variables(function: Any, *, control_flow_v2: bool = False) -> Any:
    """Return the GraphDef of a concrete function with its variables' values in it."""
    from tensorflow.python.framework import convert_to_constants

    # The public function goes on to make a callable function of the graph, which costs more than all of this.
    data = convert_to_constants._FunctionConverterDataInEager(  # noqa: SLF001
        func=function, lower_control_flow=not control_flow_v2, aggressive_inlining=True
    )
    graph, _ = convert_to_constants._replace_variables_by_constants(data)  # noqa: SLF001
    return graph


def check_size(function: Any) -> None:
    """Raise ``JobError`` when the variables alone fill a graph: it would fail much later, in obscure words."""
    check_bytes(sum(_bytes(variable) for variable in function.graph.variables))


def check_bytes(count: int) -> None:
    """Raise ``JobError`` when a graph with this many bytes of weights would be too large to be written."""
    if count + _ROOM_FOR_NODES > LARGEST:
        raise JobError(
            "too_large", f"its weights have {count / 2**30:.2f} GiB, and a graph cannot hold more than 2 GiB"
        )


def inline(graph: Any, signature: Signature, *, control_flow_v2: bool = False) -> Any:
    """Return the GraphDef with called functions written out, and loops lowered unless told not to."""
    from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, rewriter_config_pb2
    from tensorflow.python.framework import convert_to_constants
    from tensorflow.python.grappler import tf_optimizer

    config = config_pb2.ConfigProto()
    rewriting = config.graph_options.rewrite_options
    rewriting.min_graph_nodes = -1  # small graphs, too
    rewriting.optimizers[:] = ["function"]
    rewriting.function_optimization = rewriter_config_pb2.RewriterConfig.AGGRESSIVE
    whole = meta_graph_pb2.MetaGraphDef()
    whole.graph_def.CopyFrom(convert_to_constants.disable_lower_using_switch_merge(graph) if control_flow_v2 else graph)
    for function in whole.graph_def.library.function:
        if "api_implements" in function.attr:  # a call that may be replaced by another is not inlined
            del function.attr["api_implements"]
    kept = dict.fromkeys(port.node for port in (*signature.inputs, *signature.outputs))
    whole.collection_def["train_op"].node_list.value.extend(kept)
    return tf_optimizer.OptimizeGraph(config, whole)


def _name_captures(graph: Any, function: Any) -> None:
    """Name constants after their variables where TensorFlow has named them by a number that it counts up."""
    variables = {id(variable.handle): variable.name.split(":")[0] for variable in function.graph.variables}
    names: Dict[str, str] = {}
    for position, (outside, inside) in enumerate(function.graph.captures):
        number = inside.name.split(":")[0]
        if number.isdigit():  # layers of nested models may share a name: the position tells them apart
            names[number] = f"{CAPTURED}{position}/{variables.get(id(outside), 'value')}"
    for node in graph.node if names else ():
        node.name = names.get(node.name, node.name)
        node.input[:] = [renamed(name, names) for name in node.input]
        if "_class" in node.attr:
            places = node.attr["_class"].list.s
            places[:] = [renamed(place.decode(), names).encode() for place in places]


def renamed(reference: str, names: Dict[str, str]) -> str:
    """Return a reference in any of its forms (x, ^x, x:1, loc:@x) to a node that may have a new name."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return reference
    mark, name, output = match.groups()
    return f"{mark}{names.get(name, name)}{output}"


def _bytes(variable: Any) -> int:
    return math.prod(variable.shape.as_list()) * int(variable.dtype.base_dtype.size)


def _names(graph: Any) -> List[str]:
    return [node.name for node in graph.node]
