"""SavedModels of TensorFlow 2: a signature is a function, which is frozen with its variables and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from ..failure import JobError
from . import freezing, tables
from .freezing import Frozen
from .signatures import Port, Signature, port_of

if TYPE_CHECKING:
    from .saved_models import Choice


def freeze(choice: "Choice", *, control_flow_v2: bool) -> Frozen:
    """Return the chosen signature with constants for its variables, and a graph that fills its lookup tables."""
    import tensorflow as tf

    model = tf.saved_model.load(choice.folder, tags=list(choice.tags) or None)
    function = model.signatures[choice.signature_name]
    resources = _resources(function)
    found = _tables(model, resources)
    signature = _signature(function, [(inside, table.number) for inside, table in zip(resources.values(), found)])
    frozen = freezing.freeze(function, signature, control_flow_v2=control_flow_v2)
    return Frozen(frozen.graph, frozen.signature, tables.initializer(found) if found else None)


def _signature(function: Any, resources: List[Tuple[Any, int]]) -> Signature:
    """Return the ports with the public names; TensorFlow flattens the dictionary of outputs in order of its keys."""
    names = function._arg_keywords  # noqa: SLF001  the names of function.inputs in their order
    inputs = [port_of(name, tensor) for name, tensor in zip(names, function.inputs)]
    inputs += [_resource(tensor, number) for tensor, number in resources]
    outputs = zip(sorted(function.structured_outputs), function.outputs)
    return Signature(tuple(inputs), tuple(port_of(name, tensor) for name, tensor in outputs))


def _resource(tensor: Any, number: int) -> Port:
    return Port(tensor.name, tensor.name, tensor.dtype.as_datatype_enum, (), resource=number)


def _resources(function: Any) -> Dict[int, Any]:
    """Return the captured resources that are no variables: the tensor inside the function by the one outside's id."""
    import tensorflow as tf

    variables = {id(variable.handle) for variable in function.graph.variables}
    return {
        id(outside): inside
        for outside, inside in function.graph.captures
        if outside.dtype == tf.resource and id(outside) not in variables
    }


def _tables(model: Any, resources: Dict[int, Any]) -> List[tables.Table]:
    """Return the lookup tables that the captured resources are, in their order."""
    if not resources:
        return []
    from tensorflow.python.checkpoint.trackable_view import TrackableView
    from tensorflow.saved_model.experimental import TrackableResource

    owners = {
        id(owner.resource_handle): owner
        for owner in TrackableView(model).descendants()
        if isinstance(owner, TrackableResource)
    }
    found = []
    for number, (place, inside) in enumerate(resources.items(), start=1):
        created = _created(owners.get(place))
        if created is None:
            raise JobError("resource", f"the signature reads {inside.name}, a resource that is no lookup table")
        found.append(tables.exported(created, owners[place].resource_handle, number=number))
    return found


def _created(owner: Optional[Any]) -> Optional[Any]:
    """Return the node that makes the table which the owner holds: it knows the types of keys and values."""
    for function in getattr(getattr(owner, "_create_resource", None), "concrete_functions", ()):
        graph = function.graph.as_graph_def()
        for nodes in (graph.node, *(inner.node_def for inner in graph.library.function)):
            for node in nodes:
                if node.op in tables.OPS:
                    return node
    return None
