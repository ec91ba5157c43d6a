"""A TensorFlow graph as something that can be run: imported into a session, fed and fetched by tensor names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

from .containment import answers
from .failure import NotRunnableError
from .runnable import Runnable
from .shared.drawing import Spec


@dataclass(frozen=True)
class Ports:
    """Inputs and outputs of a graph: public name and tensor name; None where the graph has to be looked at."""

    inputs: Optional[List[Tuple[str, str]]] = None
    outputs: Optional[List[Tuple[str, str]]] = None


def runnable(graph: Any, ports: Ports, *, runs_first: Optional[str] = None) -> Runnable:
    """Return the GraphDef as a ``Runnable``, once its node ``runs_first`` has run, which fills lookup tables.

    Raises ``NotRunnableError`` when TensorFlow does not take it.
    """
    import tensorflow as tf

    inputs = ports.inputs if ports.inputs is not None else _placeholders(graph)
    outputs = ports.outputs if ports.outputs is not None else _sinks(graph)
    imported = tf.Graph()
    with imported.as_default():
        anywhere = tf.compat.v1.ConfigProto(allow_soft_placement=True)  # ops that are bound to a GPU run here, too
        session = tf.compat.v1.Session(graph=imported, config=anywhere)
        try:
            tf.graph_util.import_graph_def(graph, name="")
            if runs_first is not None:
                session.run(imported.get_operation_by_name(runs_first))
        except (ValueError, tf.errors.OpError) as problem:
            raise NotRunnableError(f"TensorFlow does not take the graph: {problem}") from problem
    answers.require_moderate_graph(imported)
    fed = [imported.get_tensor_by_name(tensor_name(name)) for _, name in inputs]
    fetched = [imported.get_tensor_by_name(tensor_name(name)) for _, name in outputs]
    names = [name for name, _ in outputs]
    specs = tuple(_spec(name, tensor) for (name, _), tensor in zip(inputs, fed))
    return Runnable(specs, lambda arrays: list(zip(names, session.run(fetched, dict(zip(fed, arrays))))))


def tensor_name(name: str) -> str:
    """Return the name of a node's first output where only the node is named."""
    return name if ":" in name else f"{name}:0"


def _placeholders(graph: Any) -> List[Tuple[str, str]]:
    return [(node.name, node.name) for node in graph.node if node.op == "Placeholder"]


def _sinks(graph: Any) -> List[Tuple[str, str]]:
    """Return the nodes that no other node reads."""
    read = {name.lstrip("^").split(":")[0] for node in graph.node for name in node.input}
    return [(node.name, node.name) for node in graph.node if node.name not in read and node.op not in _NO_OUTPUT]


_NO_OUTPUT = frozenset(["NoOp", "Assert", "Const", "Placeholder"])


def _spec(name: str, tensor: Any) -> Spec:
    if tensor.shape.rank is None:
        raise NotRunnableError(f"the input {name} does not say its shape")
    if tensor.dtype.name in ("string", "resource", "variant"):
        raise NotRunnableError(f"the input {name} takes values of the type {tensor.dtype.name}")
    return Spec(name.partition(":")[0], tuple(tensor.shape.as_list()), tensor.dtype.name)
