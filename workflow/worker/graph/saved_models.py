"""SavedModels of TensorFlow 1 and 2: which graph of the file, which signature, and whose way of freezing it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, List, Optional, Sequence

from ..failure import JobError
from . import classic, explaining, forests, keras_metadata, modern
from .freezing import Frozen
from .converter_options import Options
from .signatures import SignedGraph, answering, in_order_of

FILES = ("saved_model.pb", "saved_model.pbtxt")
_USUAL_TAGS = ("serve",)
_USUAL_SIGNATURES = ("serving_default", "default")


def choose(folder: str, options: Options) -> SignedGraph:
    """Return the graph and the signature that the options ask for, or the usual ones; raises ``JobError``."""
    graphs = _parsed(folder).meta_graphs
    by_tags = {tuple(sorted(graph.meta_info_def.tags)): graph for graph in graphs}
    tags = _chosen_tags(list(by_tags), options.saved_model_tags)
    graph = by_tags[tags]
    return SignedGraph(folder, graph, tags, _chosen_signature(folder, graph, options.signature_name))


def freeze(choice: SignedGraph, options: Options) -> Frozen:
    """Return the chosen signature as a frozen graph: by the loader of the TensorFlow that wrote it, and no other."""
    forest = forests.uses(choice.graph.graph_def)
    if forest:
        forests.load_ops(choice.folder)
    freezer = classic.freeze if choice.is_classic else modern.freeze
    frozen = freezer(choice, control_flow_v2=options.control_flow_v2)
    noted = keras_metadata.read(choice.folder)
    signature = in_order_of(frozen.signature, noted.inputs, outputs=noted.outputs)
    return Frozen(
        frozen.graph,
        replace(signature, structured=signature.structured or noted.structured),
        frozen.initializer,
        generated_by=choice.graph.meta_info_def.tensorflow_version or None,
        assets=forests.assets(choice.folder) if forest else None,
    )


def _parsed(folder: str) -> Any:
    from tensorflow.python.saved_model import loader_impl

    if not any(os.path.isfile(os.path.join(folder, name)) for name in FILES):
        raise JobError("source", f"there is no SavedModel in {folder}: it holds no {FILES[0]}")
    with explaining.reading(folder):
        return loader_impl.parse_saved_model(folder)


def _chosen_tags(there: List[Any], wished: Optional[Sequence[str]]) -> Any:
    if wished is None:
        tags = there[0] if len(there) == 1 else _USUAL_TAGS
    else:
        tags = tuple(sorted(tag for tag in wished if tag))
    if tags not in there:
        listed = "; ".join(",".join(found) or "(none)" for found in sorted(there))
        raise JobError(
            "tags", f"the SavedModel has no graph with the tags {','.join(tags) or '(none)'}; there are: {listed}"
        )
    return tags


def _chosen_signature(folder: str, graph: Any, wished: Optional[str]) -> str:
    there = answering(graph)
    if not there:
        raise JobError("unsigned", f"the SavedModel in {folder} has no signature")
    usual = [name for name in _USUAL_SIGNATURES if name in there] or (there if len(there) == 1 else [])
    name = wished or (usual[0] if usual else "")
    if name not in there:
        what = f"no signature {name!r}" if name else "several signatures and no usual one"
        raise JobError("signature", f"the SavedModel has {what}; there are: {', '.join(there)}")
    return name
