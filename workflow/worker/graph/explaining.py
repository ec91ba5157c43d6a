"""What TensorFlow raises while it reads or freezes a model, said in a way that helps."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional

from ..failure import JobError

_UNREGISTERED = re.compile(r"Op type not registered '([^']+)'")
_MOST_LISTED = 8


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
        raise JobError("source", f"TensorFlow cannot read {path}: {_first_line(problem)}") from problem


@contextmanager
def freezing(name: str) -> Iterator[None]:
    """Turn what TensorFlow raises while it makes constants of variables into a ``JobError``."""
    import tensorflow as tf

    try:
        yield
    except (tf.errors.OpError, ValueError, RuntimeError) as problem:
        raise JobError("freezing", f"TensorFlow cannot freeze {name}: {_first_line(problem)}") from problem


def nodes_of(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a GraphDef and of its functions."""
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def _places(graph: Optional[Any], op: str) -> List[str]:
    return [node.name for node in nodes_of(graph) if node.op == op][:_MOST_LISTED] if graph is not None else []


def _first_line(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()] or [type(problem).__name__]
    return lines[0][:500]
