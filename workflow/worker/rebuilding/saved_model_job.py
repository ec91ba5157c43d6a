"""The job ``saved_model``: models of TensorFlow.js as SavedModels that Python loads and runs."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import Any, Callable, Dict, Iterator

from ..failure import JobError
from ..graph import sources
from ..graph.back_end import Clock
from ..jobs import Progress
from ..products import files_of
from . import layers_models, models, saving

_Facts = Dict[str, Any]


def saved_model(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:
    """Write ``source`` {path, format} as a SavedModel to the folder ``output``, which must not exist.

    The signature is ``serving_default``, the tag ``serve``. A graph model's weights become constants, with the values
    that TensorFlow.js computes from quantized ones: the result answers alike, and has no variables to train. A layers
    model keeps variables; with ``target`` keras_saved_model, layers as well. Raises ``JobError``; a failure leaves
    nothing.
    """
    source, clock = args["source"], Clock()
    kind = source["format"]
    if kind not in _FRONTS:
        raise JobError("usage", f"a SavedModel is made here from {' or '.join(_FRONTS)}, not from {kind}")
    with _staged(args["output"]) as staged:
        facts = _FRONTS[kind](args, staged, clock)
        progress("writing is done")
        sizes = [os.path.getsize(file) for file in files_of(staged)]
    return {**facts, "files": len(sizes), "bytes": sum(sizes), "seconds": clock.seconds}


def _from_graph(args: Dict[str, Any], folder: str, clock: Clock) -> _Facts:
    if args.get("target", "tf_saved_model") != "tf_saved_model":
        raise JobError("usage", "a graph model holds no layers: it becomes a tf_saved_model, nothing else")
    with clock.phase("rebuild"):
        rebuilt = models.rebuild(args["source"]["path"], unsafe=bool(args["source"].get("unsafe")))
    with clock.phase("write"):
        saving.write(folder, rebuilt)
    return {
        "engine": "rebuilding",
        "signature": rebuilt.signature.as_json(),
        "lowered": rebuilt.lowered,
        "variables": False,
        "metadata": saving.METADATA if rebuilt.metadata else None,
    }


def _from_layers(args: Dict[str, Any], folder: str, clock: Clock) -> _Facts:
    target = args.get("target", "tf_saved_model")
    if target not in layers_models.WRITERS:
        raise JobError("usage", f"a layers model becomes a {' or '.join(layers_models.WRITERS)}, not a {target}")
    with clock.phase("load"):
        model = sources.load(args["source"])
    with clock.phase("write"):
        layers_models.WRITERS[target](model, folder)
    return {"engine": "keras", "variables": True}


@contextlib.contextmanager
def _staged(output: str) -> Iterator[str]:
    """Yield a folder's name beside the output, and rename it when all went well: an output that is there is whole."""
    if os.path.lexists(output):
        raise JobError("output", f"{output} is there already")
    staged = f"{output}.part"
    shutil.rmtree(staged, ignore_errors=True)
    try:
        yield staged
        os.rename(staged, output)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


_FRONTS: Dict[str, Callable[[Dict[str, Any], str, Clock], _Facts]] = {
    "tfjs_graph_model": _from_graph,
    "tfjs_layers_model": _from_layers,
}
