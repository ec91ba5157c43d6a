"""TensorFlow.js graph models, frozen graphs and SavedModels as things that can be run in Python."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import graph_runs, lowering
from .failure import NotRunnableError
from .runnable import Named, Runnable
from .specs import Spec

_Json = Dict[str, Any]


def tfjs_graph_model(path: str, source: _Json) -> Runnable:  # noqa: ARG001  every loader takes both
    """Load a graph model: topology from model.json, its constants filled from the weight files, dequantized."""
    with open(path, encoding="utf-8") as file:
        model = json.load(file)
    weights = _weights(model, os.path.dirname(os.path.realpath(path)))
    graph = lowering.lower(_graph(model["modelTopology"], weights))
    signature = model.get("signature") or (model.get("userDefinedMetadata") or {}).get("signature") or {}
    tables = _tables(model, weights, signature)
    fed = tables.feeds if tables else {}
    inputs = [port for port in _ports(signature.get("inputs")) or [] if port[1] not in fed]
    ports = graph_runs.Ports(inputs or None, _ports(signature.get("outputs")))
    return graph_runs.runnable(graph, ports, tables=tables)


def tf_frozen_model(path: str, source: _Json) -> Runnable:
    """Load a frozen graph; ``output_node_names`` of ``source`` says what to fetch."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework import graph_pb2

    graph = graph_pb2.GraphDef()
    with open(path, "rb") as file:
        try:
            graph.ParseFromString(file.read())
        except DecodeError as problem:
            raise NotRunnableError(f"{path} is no TensorFlow graph: {problem}") from problem
    names = source.get("output_node_names")
    listed = names.split(",") if isinstance(names, str) else names
    outputs = [(name, name) for name in listed] if listed else None
    return graph_runs.runnable(graph, graph_runs.Ports(None, outputs))


def saved_model(path: str, source: _Json) -> Runnable:
    """Load a signature of a SavedModel: ``signature_name``, else serving_default, default or the only one."""
    import tensorflow as tf

    tags = source.get("saved_model_tags", "serve")
    model = tf.saved_model.load(path, tags=[tag for tag in _listed(tags) if tag] or None)
    function = model.signatures[_signature_name(model, source.get("signature_name"))]
    specs = [_signature_spec(name, spec) for name, spec in sorted(function.structured_input_signature[1].items())]

    def run(arrays: List[Any]) -> Named:
        _ = model  # its variables live as long as it does
        answer = function(**{spec.name: tf.constant(array) for spec, array in zip(specs, arrays)})
        return [(name, np.asarray(tensor)) for name, tensor in sorted(answer.items())]

    return Runnable(tuple(specs), run)


def tf_hub(path: str, source: _Json) -> Runnable:
    """Load a TensorFlow Hub module, by handle or folder."""
    import tensorflow_hub

    folder = tensorflow_hub.resolve(path)
    if os.path.exists(os.path.join(folder, "tfhub_module.pb")):
        raise NotRunnableError("a TensorFlow Hub module of the TF1 kind")
    return saved_model(folder, {"signature_name": "default", **source})


def _listed(names: Any) -> List[str]:
    return names.split(",") if isinstance(names, str) else list(names)


def _signature_name(model: Any, wished: Optional[str]) -> str:
    there = list(model.signatures)
    for name in [wished] if wished else ["serving_default", "default", *there[: len(there) == 1]]:
        if name in there:
            return str(name)
    raise NotRunnableError(f"no signature {wished or 'serving_default'}; there are: {', '.join(there) or 'none'}")


def _signature_spec(name: str, spec: Any) -> Spec:
    if spec.shape.rank is None:
        raise NotRunnableError(f"the input {name} does not say its shape")
    if spec.dtype.name in ("string", "resource", "variant"):
        raise NotRunnableError(f"the input {name} takes values of the type {spec.dtype.name}")
    return Spec(name, tuple(spec.shape.as_list()), spec.dtype.name)


def _ports(named: Optional[_Json]) -> Optional[List[Tuple[str, str]]]:
    if not named:
        return None
    return [(key, found.get("name") or key) for key, found in named.items()]


def _weights(model: _Json, folder: str) -> Dict[str, Any]:
    from tensorflowjs import read_weights

    read = read_weights.read_weights(model.get("weightsManifest", []), folder, flatten=True)
    return {entry["name"]: entry["data"] for entry in read}


def _graph(topology: _Json, weights: Dict[str, Any]) -> Any:
    """Return the GraphDef of a topology with its constants filled."""
    from google.protobuf import json_format
    from tensorflow.core.framework import graph_pb2

    try:
        graph = json_format.ParseDict(topology, graph_pb2.GraphDef(), ignore_unknown_fields=True)
    except json_format.ParseError as problem:
        raise NotRunnableError(
            f"the topology is written in a way that TensorFlow does not read: {problem}"
        ) from problem
    for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
        for node in nodes:
            if node.op == "Const" and node.name in weights:
                _fill(node, weights[node.name])
    return graph


def _fill(node: Any, array: Any) -> None:
    import tensorflow as tf

    dtype = tf.as_dtype(node.attr["dtype"].type)
    values = array if dtype == tf.string else array.astype(dtype.as_numpy_dtype)
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, dtype=dtype, shape=array.shape))


def _tables(model: _Json, weights: Dict[str, Any], signature: _Json) -> Optional[graph_runs.Tables]:
    """Return the initializer graph; the two graphs share a table where their ports share a ``resourceId``."""
    if not model.get("modelInitializer"):
        return None
    filled = (model.get("initializerSignature") or {}).get("outputs", {})
    made = {port["resourceId"]: port["name"] for port in filled.values() if "resourceId" in port}
    wanted = {port["name"]: port["resourceId"] for port in signature.get("inputs", {}).values() if "resourceId" in port}
    if not made or set(wanted.values()) - set(made):
        raise NotRunnableError("the model fills lookup tables in a way that is not supported here")
    graph = _graph(model["modelInitializer"], weights)
    return graph_runs.Tables(graph, {placeholder: made[number] for placeholder, number in wanted.items()})
