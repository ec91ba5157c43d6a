"""Keeps what was measured, so that the same bytes are not measured twice: a JSON file that may be deleted."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from workflow.base.storage import write_atomically
from workflow.verification.measures.artifact_sizes import Sizes

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.verification.measures.artifact_sizes import Payload
    from workflow.verification.measures.links import Link

METHOD = 2
"""Version of how it is measured; raising it forgets everything measured before."""


class Memory:
    """Measured values by what they were measured of; ``save`` writes them, a damaged file counts as empty."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values = _read(path)

    def sizes(self, key: str) -> Sizes | None:
        """Return the sizes kept under ``key``."""
        try:
            found = Sizes(**self._values[f"sizes {key}"])
        except (KeyError, TypeError):
            return None
        return found if all(type(value) is int and value >= 0 for value in vars(found).values()) else None

    def keep_sizes(self, key: str, sizes: Sizes) -> None:
        """Keep sizes."""
        self._values[f"sizes {key}"] = vars(sizes)

    def seconds(self, link: Link, payload: Payload) -> float | None:
        """Return how long ``payload`` took over ``link``."""
        value = self._values.get(_load_key(link, payload))
        return value if isinstance(value, float) and math.isfinite(value) else None

    def keep_seconds(self, link: Link, payload: Payload, *, seconds: float) -> None:
        """Keep a load time."""
        self._values[_load_key(link, payload)] = seconds

    def save(self) -> None:
        """Write what is kept."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"method": METHOD, "values": self._values}, indent=1)
            write_atomically(self._path, text.encode())


def _read(path: Path | None) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_bytes()) if path is not None else {}
        return dict(kept["values"]) if kept.get("method") == METHOD else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _load_key(link: Link, payload: Payload) -> str:
    return json.dumps(["load", *vars(link).values(), payload.first, _runs(payload.rest)])


def _runs(sizes: tuple[int, ...]) -> list[list[int]]:
    """Write equal sizes in a row as one: a model may have hundreds of shards."""
    found: list[list[int]] = []
    for size in sizes:
        if found and found[-1][0] == size:
            found[-1][1] += 1
        else:
            found.append([size, 1])
    return found
