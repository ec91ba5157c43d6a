"""Which conversions there are: an edge for each pair of formats that the converter knows, a reason for each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from workflow.recipe.model import Format

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Pair = tuple[Format, Format]

FORMATS: tuple[Format, ...] = get_args(Format)
KERAS: tuple[Format, ...] = ("keras", "keras_keras", "keras_saved_model")
TENSORFLOW: tuple[Format, ...] = ("tf_saved_model", "tf_hub", "tf_frozen_model")
PYTHON: tuple[Format, ...] = KERAS + TENSORFLOW
JAVASCRIPT: tuple[Format, ...] = ("tfjs_layers_model", "tfjs_graph_model")

TITLES: dict[Format, str] = {
    "keras": "Keras HDF5 file",
    "keras_keras": ".keras archive",
    "keras_saved_model": "Keras SavedModel folder",
    "tf_saved_model": "TensorFlow SavedModel folder",
    "tf_hub": "TensorFlow Hub module",
    "tf_frozen_model": "frozen TensorFlow graph",
    "tfjs_layers_model": "TensorFlow.js layers model",
    "tfjs_graph_model": "TensorFlow.js graph model",
}


@dataclass(frozen=True)
class Edge:
    """One conversion that the reference converter offers.

    ``natural`` marks the target to take for this source when a recipe names none.
    """

    source: Format
    target: Format
    natural: bool = False
    needs_tensorflow: bool = True


@dataclass(frozen=True)
class Missing:
    """Why there is no conversion from ``source`` to ``target``, and what to do instead."""

    source: Format
    target: Format
    reason: str
    instead: str


_EDGES = (
    Edge("keras", "tfjs_layers_model", natural=True, needs_tensorflow=False),
    Edge("keras", "tfjs_graph_model"),
    Edge("keras_keras", "tfjs_layers_model", natural=True, needs_tensorflow=False),
    Edge("keras_saved_model", "tfjs_layers_model", natural=True),
    Edge("tf_saved_model", "tfjs_graph_model", natural=True),
    Edge("tf_hub", "tfjs_graph_model", natural=True),
    Edge("tf_frozen_model", "tfjs_graph_model", natural=True),
    Edge("tfjs_layers_model", "keras", natural=True),
    Edge("tfjs_layers_model", "keras_keras"),
    Edge("tfjs_layers_model", "keras_saved_model"),
    Edge("tfjs_layers_model", "tfjs_layers_model"),
    Edge("tfjs_layers_model", "tfjs_graph_model"),
)
EDGES: dict[Pair, Edge] = {(edge.source, edge.target): edge for edge in _EDGES}

_GRAPH: tuple[Format, ...] = ("tfjs_graph_model",)
_LAYERS: tuple[Format, ...] = ("tfjs_layers_model",)
_GROUPS: tuple[tuple[tuple[Format, ...], tuple[Format, ...], str, str], ...] = (
    (
        _GRAPH,
        KERAS,
        "a graph model holds no layers, only operations, so no Keras model can be built from it",
        "start from the layers model or the Keras model that the graph was made of",
    ),
    (
        _GRAPH,
        _LAYERS,
        "a graph model holds no layers, only operations",
        "start from the layers model or the Keras model that the graph was made of",
    ),
    (
        _GRAPH,
        _GRAPH,
        "the reference converter does not read graph models, so it can neither shard nor quantize one",
        "give the shard size or the quantization to the step that makes the graph model",
    ),
    (
        FORMATS,
        TENSORFLOW,
        "the converter reads this format and does not write it",
        "convert a layers model to keras_saved_model, which TensorFlow reads as a SavedModel",
    ),
    (
        ("keras_saved_model",),
        _GRAPH,
        "the converter makes graph models of SavedModels only when they are read as tf_saved_model",
        "write from: tf_saved_model, the same folder is one",
    ),
    (
        ("keras_keras",),
        _GRAPH,
        "the converter cannot make a graph of a .keras archive in one step",
        "convert it to tfjs_layers_model first and that to tfjs_graph_model, or save the model as .h5",
    ),
    (
        TENSORFLOW,
        _LAYERS,
        "its graph holds no Keras layers, only operations",
        "convert it to tfjs_graph_model",
    ),
    (
        PYTHON,
        KERAS,
        "both are Python formats, and the converter only goes between Python and JavaScript",
        "load the model in Keras and save it again",
    ),
)


def _missing() -> Iterator[Missing]:
    for sources, targets, reason, instead in _GROUPS:
        for source in sources:
            for target in targets:
                yield Missing(source, target, reason, instead)


REASONS: dict[Pair, Missing] = {(gap.source, gap.target): gap for gap in reversed(list(_missing()))}
"""Every pair that is no edge; where two groups speak of a pair, the first one counts."""


def edge(source: Format, target: Format) -> Edge | Missing:
    """Return the conversion from ``source`` to ``target``, or why there is none."""
    return EDGES.get((source, target)) or REASONS[source, target]


def targets(source: Format) -> tuple[Format, ...]:
    """Return the formats that ``source`` can be converted to."""
    return tuple(target for target in FORMATS if (source, target) in EDGES)


def sources(target: Format) -> tuple[Format, ...]:
    """Return the formats that can be converted to ``target``."""
    return tuple(source for source in FORMATS if (source, target) in EDGES)


def natural_target(source: Format) -> Format | None:
    """Return the target that ``source`` is usually converted to; None when it can be converted to nothing."""
    return next((edge.target for edge in _EDGES if edge.source == source and edge.natural), None)


def pairs(*, source: Iterable[Format] = FORMATS, target: Iterable[Format] = FORMATS) -> frozenset[Pair]:
    """Return the pairs that have an edge among these sources and targets."""
    wanted_sources, wanted_targets = set(source), set(target)
    return frozenset(pair for pair in EDGES if pair[0] in wanted_sources and pair[1] in wanted_targets)
