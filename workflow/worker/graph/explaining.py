"""What TensorFlow raises while it reads or freezes a model, said in a way that helps."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional, Sequence

from ..failure import JobError
from ..shared import error_words

_UNREGISTERED = re.compile(r"Op type not registered '([^']+)'")
_MOST_LISTED = 8
_OF_A_SIGNATURE = ("unsupported_ops", "unfed", "resource", "freezing", "input_kind", "stateful")


@contextmanager
def reading(path: str, graph: Optional[Any] = None) -> Iterator[None]:
    """Turn what TensorFlow raises while it reads ``path`` into a ``JobError``; ``graph`` is its GraphDef, if known."""
    import tensorflow as tf

    try:
        yield
    except (tf.errors.OpError, ValueError, OSError, LookupError, TypeError, AttributeError) as problem:
        missing = _UNREGISTERED.search(str(problem))
        if missing is not None:
            places = ", ".join(_places(graph, missing[1])) or "somewhere in it"
            raise JobError("unsupported_ops", f"{missing[1]} (from {places}; TensorFlow lacks it, too)") from problem
        raise JobError("source", f"TensorFlow cannot read {path}: {error_words.of(str(problem))}") from problem


@contextmanager
def freezing(name: str) -> Iterator[None]:
    """Turn what TensorFlow raises while it makes constants of variables into a ``JobError``."""
    import tensorflow as tf

    try:
        yield
    except (tf.errors.OpError, ValueError, RuntimeError) as problem:
        raise JobError("freezing", f"TensorFlow cannot freeze {name}: {error_words.of(str(problem))}") from problem


@contextmanager
def naming_others(signatures: Sequence[str]) -> Iterator[None]:
    """Name the other signatures of a file in a failure that is one of the signature that was chosen."""
    try:
        yield
    except JobError as problem:
        if not signatures or problem.kind not in _OF_A_SIGNATURE:
            raise
        ways = " or ".join(f"`signature_name: {name}`" for name in signatures[:_MOST_LISTED])
        raise JobError(problem.kind, f"{problem}; the file has other signatures: {ways}") from problem


def nodes_of(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a GraphDef and of its functions."""
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def _places(graph: Optional[Any], op: str) -> List[str]:
    return [node.name for node in nodes_of(graph) if node.op == op][:_MOST_LISTED] if graph is not None else []
