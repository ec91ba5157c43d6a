"""SavedModels of TensorFlow 2: a signature is a function, which is frozen with its variables and its tables."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ..containment import answers
from ..failure import JobError
from . import explaining, forests, freezing, lookup_tables
from .freezing import Frozen
from .signatures import TensorPort, Signature, SignedGraph, port_of


def freeze(choice: SignedGraph, *, control_flow_v2: bool) -> Frozen:
    """Return the chosen signature with constants for its variables, and a graph that fills its lookup tables."""
    import tensorflow as tf

    _check_size(choice)
    with explaining.reading(choice.folder, choice.graph.graph_def):
        model = tf.saved_model.load(choice.folder, tags=list(choice.tags) or None)
    function = model.signatures[choice.signature_name]
    answers.require_moderate_function(function, answers.CONVERSION)
    resources = _resources(function)
    found = _filled(model, resources)
    signature = _signature(function, [(inside, one.number) for inside, one in zip(resources.values(), found)])
    with explaining.freezing(choice.folder):
        frozen = freezing.freeze(function, signature, control_flow_v2=control_flow_v2)
    return Frozen(frozen.graph, frozen.signature, lookup_tables.initializer(found) if found else None)


def _check_size(choice: SignedGraph) -> None:
    """Raise ``JobError`` where the variables that the signature reads fill a graph, before any of them is read."""
    import numpy as np
    import tensorflow as tf

    described = choice.graph.object_graph_def
    function = _described_function(described, choice.signature_name)
    nodes = [described.nodes[number] for number in (function.bound_inputs if function is not None else ())]
    variables = [node.variable for node in nodes if node.HasField("variable")]
    freezing.check_bytes(
        sum(
            int(np.prod([dim.size for dim in variable.shape.dim], dtype=np.int64)) * tf.as_dtype(variable.dtype).size
            for variable in variables
        )
    )


def _described_function(described: Any, signature_name: str) -> Optional[Any]:
    """Return what the file says of a signature's function."""
    for root in described.nodes[0].children if described.nodes else ():
        for child in described.nodes[root.node_id].children if root.local_name == "signatures" else ():
            names = described.nodes[child.node_id].function.concrete_functions
            bare = [described.nodes[child.node_id].bare_concrete_function.concrete_function_name]
            if child.local_name == signature_name:
                return described.concrete_functions[(names or bare)[0]]
    return None


def _signature(function: Any, resources: List[Tuple[Any, int]]) -> Signature:
    """Return the ports with the public names; TensorFlow flattens the dictionary of outputs in order of its keys."""
    names = function._arg_keywords  # noqa: SLF001  the names of function.inputs in their order
    inputs = [port_of(name, tensor) for name, tensor in zip(names, function.inputs)]
    inputs += [_resource(tensor, number) for tensor, number in resources]
    outputs = zip(sorted(function.structured_outputs), function.outputs)
    return Signature(tuple(inputs), tuple(port_of(name, tensor) for name, tensor in outputs))


def _resource(tensor: Any, number: int) -> TensorPort:
    return TensorPort(tensor.name, tensor.name, tensor.dtype.as_datatype_enum, (), resource=number)


def _resources(function: Any) -> Dict[int, Any]:
    """Return the captured resources that are no variables: the tensor inside the function by the one outside's id."""
    import tensorflow as tf

    variables = {id(variable.handle) for variable in function.graph.variables}
    return {
        id(outside): inside
        for outside, inside in function.graph.captures
        if outside.dtype == tf.resource and id(outside) not in variables
    }


def _filled(model: Any, resources: Dict[int, Any]) -> List[lookup_tables.Filled]:
    """Return how to fill the lookup tables and forests that the captured resources are, in their order."""
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
        one = _one_filled(owners.get(place), number)
        if one is None:
            raise JobError("resource", f"the signature reads {inside.name}, a resource that is no lookup table")
        found.append(one)
    return found


def _one_filled(owner: Optional[Any], number: int) -> Optional[lookup_tables.Filled]:
    made = lookup_tables.made_by(owner)
    if owner is None or made is None:
        return forests.filled(owner, number=number)
    return lookup_tables.of_signature(made, owner.resource_handle, number=number)
