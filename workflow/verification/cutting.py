"""TensorFlow.js models cut off behind one layer or node, written beside the whole: what ``--locate`` runs."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.models.graph import node_name, read_graph
from workflow.models.keras.tree import entries, layer_name
from workflow.models.sniffing import model_json
from workflow.models.strict_json import read_object
from workflow.models.tensors import opened
from workflow.models.tfjs_weights import open_model
from workflow.models.topology import model_config
from workflow.verification.requests import Subject
from workflow.verification.topology_faults import ends, inbound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    Json = dict[str, Any]

_NO_TENSOR = frozenset({"Const", "Placeholder", "NoOp", "Assert", "Enter", "Exit", "Switch", "Merge", "NextIteration"})


@dataclass(frozen=True)
class Point:
    """A place to cut at: its name, what it is (a layer's class or a node's op), and the points that feed it."""

    name: str
    kind: str
    above: tuple[str, ...]


def points_of(subject: Subject) -> list[Point]:
    """Return the layers or nodes of a model, each after those that feed it."""
    return _in_order(_points(_document(subject), subject))


def ancestors(points: Iterable[Point], name: str) -> set[str]:
    """Return a point and everything that it depends on."""
    by_name = {point.name: point for point in points}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        here = waiting.pop()
        if here not in found and here in by_name:
            found.add(here)
            waiting += by_name[here].above
    return found


def outputs_of(subject: Subject) -> set[str]:
    """Return the points that a model's outputs are."""
    document, path = _document(subject), model_json(subject.path)
    if subject.format == "tfjs_graph_model":
        named = {node_name(port.tensor) for port in read_graph(document, path).outputs}
    else:
        named = set(ends(model_config(document.get("modelTopology"), str(path)), "output_layers"))
    points = points_of(subject)
    read = {name for point in points for name in point.above}
    return named or {point.name for point in points if point.name not in read and carries_tensor(point)}


def cut(subject: Subject, at: str, *, into: Path) -> Subject:
    """Write the part of a model that computes ``at`` into a new folder, with the weights that it needs."""
    document = copy.deepcopy(_document(subject))
    points = _points(document, subject)
    needed = ancestors(points, at)
    if subject.format == "tfjs_graph_model":
        dropped = {point.name for point in points} - needed
        _cut_graph(document, at, needed)
        _write(subject, document, keeps=lambda name: name not in dropped, into=into)
    else:
        _cut_layers(document, at, needed)
        _write(subject, document, keeps=_kept_weights(needed), into=into)
    return Subject(into, subject.format, subject.options)


def _write(subject: Subject, document: Json, *, keeps: Callable[[str], bool], into: Path) -> None:
    into.mkdir(parents=True)
    entries: list[Mapping[str, Any]] = []
    flavour: Any = "graph" if subject.format == "tfjs_graph_model" else "layers"
    with open_model(subject.path, flavour) as model, (into / "weights.bin").open("wb") as sink:
        for one in model.weights:
            if not keeps(one.weight.name) or one.is_optimizer:
                continue
            for block in opened(one.as_stored())():
                sink.write(block)
            entries.append(one.entry)
    document["weightsManifest"] = [{"paths": ["weights.bin"], "weights": entries}]
    (into / "model.json").write_text(json.dumps(document), encoding="utf-8")


def _document(subject: Subject) -> Json:
    return read_object(model_json(subject.path), f"the model.json of a {subject.format}")


def _points(document: Json, subject: Subject) -> list[Point]:
    path = model_json(subject.path)
    if subject.format == "tfjs_graph_model":
        return [Point(node.name, node.op, node.feeds) for node in read_graph(document, path).nodes]
    container = model_config(document.get("modelTopology"), str(path))
    layers = entries(container)
    names = [layer_name(layer) for layer in layers]
    if container.get("class_name") == "Sequential":
        return [
            Point(name, layer["class_name"], (names[place - 1],) if place else ())
            for place, (name, layer) in enumerate(zip(names, layers, strict=True))
        ]
    return [
        Point(name, layer["class_name"], tuple(dict.fromkeys(inbound(layer))))
        for name, layer in zip(names, layers, strict=True)
    ]


def carries_tensor(point: Point) -> bool:
    """Whether cutting at a point gives something to compare."""
    return point.kind not in _NO_TENSOR and point.kind != "InputLayer"


def _cut_layers(document: Json, at: str, needed: set[str]) -> None:
    container = model_config(document["modelTopology"], "model.json")
    layers = entries(container)
    config = container["config"]
    if container.get("class_name") == "Sequential" or not isinstance(config, dict):
        last = next(place for place, layer in enumerate(layers) if layer_name(layer) == at)
        del layers[last + 1 :]
    else:
        layers[:] = [layer for layer in layers if layer_name(layer) in needed]
        config["input_layers"] = [[name, 0, 0] for name in ends(container, "input_layers") if name in needed]
        config["output_layers"] = [[at, 0, 0]]
    document["modelTopology"].pop("training_config", None)
    document.pop("trainingConfig", None)


def _cut_graph(document: Json, at: str, needed: set[str]) -> None:
    """Cut the document of a graph that was read, and so is known to be one."""
    topology = document["modelTopology"]
    topology["node"] = [node for node in topology["node"] if node["name"] in needed or node["op"] == "Placeholder"]
    metadata = document.get("userDefinedMetadata")
    former = metadata if isinstance(metadata, dict) else {}
    signature = dict(document.get("signature") or former.get("signature") or {})
    document["signature"] = {**signature, "outputs": {at: {"name": f"{at}:0"}}}
    former.pop("signature", None)
    former.pop("structuredOutputKeys", None)


def _kept_weights(layers: set[str]) -> Callable[[str], bool]:
    def keeps(name: str) -> bool:
        parts = name.split("/")
        return any("/".join(parts[:end]) in layers for end in range(1, len(parts) + 1))

    return keeps


def _in_order(points: list[Point]) -> list[Point]:
    """Return the points so that each comes after what feeds it; what lies in a loop is left out."""
    by_name = {point.name: point for point in points}
    fed: dict[str, list[str]] = {}
    lacking: dict[str, int] = {}
    for point in by_name.values():
        above = [name for name in point.above if name in by_name]
        lacking[point.name] = len(above)
        for name in above:
            fed.setdefault(name, []).append(point.name)
    placed = [name for name, count in lacking.items() if not count]
    for name in placed:  # which grows meanwhile
        for below in fed.get(name, ()):
            lacking[below] -= 1
            if not lacking[below]:
                placed.append(below)
    return [by_name[name] for name in placed]
