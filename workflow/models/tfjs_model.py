"""Layers models and graph models: a model.json with its manifest, which of the two it is, and what is known of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import kind_of, shown, some
from workflow.models.file_contents import folder_kind
from workflow.models.strict_json import read_object
from workflow.models.summary import ModelSummary, summarise
from workflow.models.topology import layer_facts, layers_of
from workflow.models.weight_files import check_shards
from workflow.models.weights_manifest import manifest_facts, read_groups

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.models.graph import Graph
    from workflow.models.weights_manifest import WeightGroup

Flavour = Literal["layers", "graph"]
_NAMES: dict[Flavour, str] = {"layers": "a layers model", "graph": "a graph model"}
_BY_FORMAT: dict[object, Flavour] = {"layers-model": "layers", "graph-model": "graph"}
_INSTEAD: dict[Flavour, str] = {
    "layers": "A graph model cannot be turned back into layers: use the model that it was made from.",
    "graph": "Make a graph model of it first, with a `graph` step.",
}
_NO_MODEL = "A TensorFlow.js model.json has modelTopology and weightsManifest: check that this is the file you meant."


class TfjsFile(Record):
    """A model.json that was read and checked: its document as it came, what is known of it, and all of its files."""

    path: Path
    document: dict[str, Any]
    topology: dict[str, Any]
    groups: tuple[WeightGroup, ...]
    files: tuple[Path, ...]
    graph: Graph | None
    """None for a layers model."""


def read_tfjs(path: Path, flavour: Flavour) -> TfjsFile:
    """Read a model.json, or the one in a folder, with its weight files; raises ``ModelFileError``."""
    wanted = f"the model.json of {_NAMES[flavour]}"
    file = _model_json(path, wanted)
    document = read_object(file, wanted)
    topology = _topology(document, file)
    found = _flavour(document, topology=topology, path=file)
    if found != flavour:
        raise ModelFileError(f"{file} is {_NAMES[found]}, and {_NAMES[flavour]} is needed", hint=_INSTEAD[flavour])
    graph = _graph(document, file) if found == "graph" else None
    groups = read_groups(document, file)
    return TfjsFile(file, document, topology, groups, files=(file, *check_shards(groups, file)), graph=graph)


def _graph(document: dict[str, Any], path: Path) -> Graph:
    from workflow.models.graph import read_graph  # noqa: PLC0415  for graph models alone

    return read_graph(document, path)


def flavour_of(path: Path) -> Flavour:
    """Return which of the two a model.json is, or the one in a folder; raises ``ModelFileError`` when it is neither."""
    file = _model_json(path, "a TensorFlow.js model")
    document = read_object(file, "the model.json of a TensorFlow.js model")
    return _flavour(document, topology=_topology(document, file), path=file)


def graph_of(model: TfjsFile) -> Graph:
    """Return the graph of a graph model; raises ``TypeError`` for another one."""
    if model.graph is None:
        raise TypeError(f"{model.path} is no graph model")
    return model.graph


def origin_facts(document: dict[str, Any]) -> dict[str, object]:
    """Return who made a model.json, as far as it says so."""
    keys = {"generatedBy": "generated_by", "convertedBy": "converted_by"}
    return {fact: document[key] for key, fact in keys.items() if isinstance(document.get(key), str)}


def inspect_layers_model(path: Path) -> ModelSummary:
    """Check a layers model, given as its model.json or the folder around it."""
    from workflow.models.hazards import hazards_of  # noqa: PLC0415  for layers models alone

    model = read_tfjs(path, "layers")
    layers = layers_of(model.topology, str(model.path))
    version = model.topology.get("keras_version")
    details = {
        **origin_facts(model.document),
        **({"keras_version": version} if isinstance(version, str) else {}),
        **layer_facts(layers),
        **manifest_facts(model.groups),
    }
    return summarise("tfjs_layers_model", model.files, details=details, warnings=hazards_of(layers))


def inspect_graph_model(path: Path) -> ModelSummary:
    """Check a graph model, given as its model.json or the folder around it."""
    model = read_tfjs(path, "graph")
    details = {**origin_facts(model.document), **_graph_facts(graph_of(model)), **manifest_facts(model.groups)}
    return summarise("tfjs_graph_model", model.files, details=details)


def _graph_facts(graph: Graph) -> dict[str, object]:
    ops = Counter(node.op for node in graph.nodes)
    sides = {"inputs": graph.inputs, "outputs": graph.outputs}
    named = {side: tuple(port.name for port in ports) for side, ports in sides.items() if ports}
    return {"nodes": len(graph.nodes), "ops": dict(sorted(ops.items())), **named}


def _model_json(path: Path, wanted: str) -> Path:
    if not path.is_dir():
        return path
    file = path / "model.json"
    if file.exists():
        return file
    what, hint = folder_kind(path)
    others = sorted(entry.name for entry in path.glob("*.json"))
    hint = f"It holds {some(others)}: give that file." if others else hint
    raise ModelFileError(f"{path} is {what} without model.json, and {wanted} is needed", hint=hint)


def _topology(document: dict[str, Any], path: Path) -> dict[str, Any]:
    if "modelTopology" not in document:
        keys = some([shown(key) for key in document]) or "nothing"
        raise ModelFileError(f"{path} is no TensorFlow.js model: it has no modelTopology, but {keys}", hint=_NO_MODEL)
    topology = document["modelTopology"]
    if topology is None:
        raise ModelFileError(
            f"{path} holds weights without a topology (modelTopology is null), as a weights-only file gives",
            hint="Save the whole model with `model.save('model.h5')` and convert that.",
        )
    if not isinstance(topology, dict):
        raise ModelFileError(f"{path}: modelTopology is {kind_of(topology)}, not an object", hint=_NO_MODEL)
    return topology


def _flavour(document: dict[str, Any], *, topology: dict[str, Any], path: Path) -> Flavour:
    declared = document.get("format")
    if isinstance(declared, str) and declared in _BY_FORMAT:
        return _BY_FORMAT[declared]
    if "model_config" in topology or "class_name" in topology:
        return "layers"
    if "node" in topology:
        return "graph"
    keys = some([shown(key) for key in topology]) or "nothing"
    raise ModelFileError(f"{path}: modelTopology is neither layers nor a graph; it has {keys}", hint=_NO_MODEL)
