"""The formats of models by the reference converter's own names, the conversions between them, and who and what runs."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal, get_args

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Format = Literal[
    "keras",
    "keras_keras",
    "keras_saved_model",
    "tf_saved_model",
    "tf_hub",
    "tf_frozen_model",
    "tfjs_layers_model",
    "tfjs_graph_model",
]
FORMATS: tuple[Format, ...] = get_args(Format)
KERAS: tuple[Format, ...] = ("keras", "keras_keras", "keras_saved_model")
TENSORFLOW: tuple[Format, ...] = ("tf_saved_model", "tf_hub", "tf_frozen_model")
PYTHON: tuple[Format, ...] = KERAS + TENSORFLOW
JAVASCRIPT: tuple[Format, ...] = ("tfjs_layers_model", "tfjs_graph_model")


Engine = Literal["auto", "native", "reference"]
"""Who converts: our own code without TensorFlow, the reference converter, or the first of them that can."""

REVISION = 3
"""To be raised whenever an edge writes other bytes than before: then what it made is made again."""


RuntimeName = Literal["python", "node", "browser"]
Backend = Literal["wasm", "cpu", "webgl", "webgpu", "webgl-f16"]
NodeBackend = Literal["wasm", "cpu"]
_BACKENDS: dict[str, tuple[str, ...]] = {"node": get_args(NodeBackend), "browser": get_args(Backend)}


def backends_by_runtime(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return a list of backends as those of each runtime that has some of them, in the list's order."""
    chosen = {runtime: tuple(name for name in names if name in has) for runtime, has in _BACKENDS.items()}
    return {runtime: found for runtime, found in chosen.items() if found}


Pair = tuple[Format, Format]


class Edge(Record):
    """One conversion.

    ``natural`` marks the target to take for this source when a recipe names none; ``native`` says whether our own
    engine does it without TensorFlow, ``reference`` whether the reference converter offers it.
    """

    source: Format
    target: Format
    natural: bool = False
    native: bool = False
    reference: bool = True


class Missing(Record):
    """Why there is no conversion from ``source`` to ``target``, and what to do instead."""

    source: Format
    target: Format
    reason: str
    instead: str


_EDGES = (
    Edge("keras", "tfjs_layers_model", natural=True, native=True),
    Edge("keras", "tfjs_graph_model"),
    Edge("keras_keras", "tfjs_layers_model", natural=True, native=True),
    Edge("keras_keras", "tfjs_graph_model", reference=False),
    Edge("keras_saved_model", "tfjs_layers_model", natural=True),
    Edge("keras_saved_model", "tfjs_graph_model", reference=False),
    Edge("tf_saved_model", "tfjs_graph_model", natural=True),
    Edge("tf_hub", "tfjs_graph_model", natural=True),
    Edge("tf_frozen_model", "tfjs_graph_model", natural=True),
    Edge("tfjs_layers_model", "keras", natural=True, native=True),
    Edge("tfjs_layers_model", "keras_keras", native=True),
    Edge("tfjs_layers_model", "keras_saved_model"),
    Edge("tfjs_layers_model", "tf_saved_model", reference=False),
    Edge("tfjs_layers_model", "tfjs_layers_model", native=True),
    Edge("tfjs_layers_model", "tfjs_graph_model"),
    Edge("tfjs_graph_model", "tf_saved_model", natural=True, reference=False),
    Edge("tfjs_graph_model", "tfjs_graph_model", native=True, reference=False),
)
EDGES: dict[Pair, Edge] = {(edge.source, edge.target): edge for edge in _EDGES}
NATIVE: frozenset[Pair] = frozenset(pair for pair, edge in EDGES.items() if edge.native)

_GRAPH: tuple[Format, ...] = ("tfjs_graph_model",)
_LAYERS: tuple[Format, ...] = ("tfjs_layers_model",)
_NO_LAYERS = "a graph model holds no layers, only operations"
_FROM_THE_LAYERS = "start from the layers model or the Keras model that the graph was made of"
_GROUPS: tuple[tuple[tuple[Format, ...], tuple[Format, ...], str, str], ...] = (
    (
        _GRAPH,
        KERAS,
        f"{_NO_LAYERS}, so no Keras model can be built from it",
        f"convert it to tf_saved_model, which TensorFlow runs, or {_FROM_THE_LAYERS}",
    ),
    (_GRAPH, _LAYERS, _NO_LAYERS, _FROM_THE_LAYERS),
    (
        JAVASCRIPT,
        ("tf_hub", "tf_frozen_model"),
        "this format is read and never written",
        "convert it to tf_saved_model",
    ),
    (
        PYTHON,
        TENSORFLOW,
        "both are Python formats, and conversions go between Python and JavaScript",
        "in the program that made the model, `model.export('folder')` writes a SavedModel",
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
        "both are Python formats, and conversions go between Python and JavaScript",
        "load the model in Keras and save it again",
    ),
)


@functools.cache
def reasons() -> dict[Pair, Missing]:
    """Return every pair that is no edge; where two groups speak of a pair, the first one counts."""
    return {
        (source, target): Missing(source, target, reason, instead)
        for sources, targets, reason, instead in reversed(_GROUPS)
        for source in sources
        for target in targets
    }


def edge(source: Format, target: Format) -> Edge | Missing:
    """Return the conversion from ``source`` to ``target``, or why there is none."""
    return EDGES.get((source, target)) or reasons()[source, target]


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
