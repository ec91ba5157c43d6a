"""TensorFlow.js graph models, frozen graphs and SavedModels as things that can be run in Python."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from . import graph_runs, outside_ops
from .containment import answers
from .failure import JobError, NotRunnableError
from .graph import frozen_graphs, hub_modules
from .graph.signatures import TensorPort
from .rebuilding import models
from .runnable import Runnable
from .shared.drawing import Named, Spec, words_of

_Json = Dict[str, Any]


def tfjs_graph_model(path: str, source: _Json) -> Runnable:
    """Load a graph model as it would be saved for TensorFlow: rebuilt of ops that it has, constants filled."""
    with _refusals():
        rebuilt = models.rebuild(path, unsafe=bool(source.get("unsafe")))
    signature = rebuilt.signature
    ports = graph_runs.Ports(_named(signature.inputs), _named(signature.outputs))
    return graph_runs.runnable(rebuilt.graph, ports, runs_first=rebuilt.initializer)


def tf_frozen_model(path: str, source: _Json) -> Runnable:
    """Load a frozen graph; ``output_node_names`` of ``source`` says what to fetch."""
    names = source.get("output_node_names")
    listed = names.split(",") if isinstance(names, str) else names
    with _refusals():
        graph = frozen_graphs.read(path)
        outside_ops.require_none(graph, listed or (), unsafe=bool(source.get("unsafe")))
    outputs = [(name, name) for name in listed] if listed else None
    return graph_runs.runnable(graph, graph_runs.Ports(None, outputs))


def saved_model(path: str, source: _Json) -> Runnable:
    """Load a signature of a SavedModel: ``signature_name``, else serving_default, default or the only one."""
    import tensorflow as tf

    with _refusals():
        outside_ops.require_none_in_saved_model(path, unsafe=bool(source.get("unsafe")))
    tags = source.get("saved_model_tags", "serve")
    model = tf.saved_model.load(path, tags=[tag for tag in _listed(tags) if tag] or None)
    function = model.signatures[_signature_name(model, source.get("signature_name"))]
    answers.require_moderate_function(function)
    taken = sorted(function.structured_input_signature[1].items())
    known = _words(function) if any(spec.dtype.name == "string" for _, spec in taken) else ()
    specs = [_signature_spec(name, spec, known) for name, spec in taken]

    def run(arrays: List[Any]) -> Named:
        _ = model  # its variables live as long as it does
        answer = function(**{spec.name: tf.constant(array) for spec, array in zip(specs, arrays)})
        return [(name, np.asarray(tensor)) for name, tensor in sorted(answer.items())]

    return Runnable(tuple(specs), run)


def tf_hub(path: str, source: _Json) -> Runnable:
    """Load a TensorFlow Hub module from its folder."""
    folder = hub_modules.folder_of(path)
    if os.path.exists(os.path.join(folder, "tfhub_module.pb")):
        raise NotRunnableError("a TensorFlow Hub module of the TF1 kind")
    return saved_model(folder, source)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except JobError as problem:
        if problem.kind == "outside_ops":  # it must not be run, which is no want of Python's
            raise
        raise NotRunnableError(str(problem)) from problem


def _listed(names: Any) -> List[str]:
    return names.split(",") if isinstance(names, str) else list(names)


def _signature_name(model: Any, wished: Optional[str]) -> str:
    there = list(model.signatures)
    for name in [wished] if wished else ["serving_default", "default", *there[: len(there) == 1]]:
        if name in there:
            return str(name)
    raise NotRunnableError(f"no signature {wished or 'serving_default'}; there are: {', '.join(there) or 'none'}")


def _signature_spec(name: str, spec: Any, words: Tuple[str, ...]) -> Spec:
    if spec.shape.rank is None:
        raise NotRunnableError(f"the input {name} does not say its shape")
    if spec.dtype.name in ("resource", "variant") or (spec.dtype.name == "string" and not words):
        raise NotRunnableError(f"the input {name} takes values of the type {spec.dtype.name}")
    return Spec(name, tuple(spec.shape.as_list()), spec.dtype.name, words=words)


def _words(function: Any) -> Tuple[str, ...]:
    """Return what to draw texts of, by the lookup tables that a function looks words up in."""
    import tensorflow as tf

    known: List[str] = []
    for tensor in function.captured_inputs:
        if tensor.dtype != tf.resource:
            continue
        for values in (tf.int64, tf.string, tf.int32, tf.float32):
            try:
                keys, _ = tf.raw_ops.LookupTableExportV2(table_handle=tensor, Tkeys=tf.string, Tvalues=values)
            except (tf.errors.OpError, ValueError, TypeError):  # a variable, or a table of other types
                continue
            known += [key.decode("utf-8", "replace") for key in keys.numpy().tolist()]
            break
    return words_of(sorted(known))


def _named(ports: Sequence[TensorPort]) -> List[Tuple[str, str]]:
    return [(port.key, port.tensor) for port in ports]
