"""A model that can be run, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, List, Tuple

from .shared.drawing import Named, Spec


@dataclass(frozen=True)
class Runnable:
    """What a model takes, and the function from one array per input to its named outputs."""

    inputs: Tuple[Spec, ...]
    run: Callable[[List[Any]], Named]
    half: str = ""
    """The half floats that the file computes in, and this does not; empty where it computes in float32 itself."""
