"""Names of the layers of the result: those of the source wherever TensorFlow.js can tell its layers apart by them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.models.keras.tree import leaves

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow.models.keras.file import Config, Path

_VALID = re.compile(r"^[A-Za-z0-9][-A-Za-z0-9._/]*$")
_FOREIGN = re.compile(r"[^-A-Za-z0-9._/]")


def valid(name: str) -> str:
    """Return a name that TensorFlow.js accepts: letters, digits and ``-._/``, a letter or digit in front."""
    if _VALID.match(name):
        return name
    cleaned = _FOREIGN.sub("_", name)
    return cleaned if cleaned[:1].isalnum() else f"layer{cleaned}"


class Names:
    """The names of all layers with weights in a tree of models, each of which may be there once.

    Outer layers keep theirs before inner ones, as users know them.
    """

    def __init__(self, config: Config) -> None:
        ranked = sorted(leaves(config), key=lambda found: len(found[0]))
        self._owners: dict[str, Path] = {}
        for path, _ in ranked:
            self._owners.setdefault(valid(path[-1]), path)

    def chosen(self, wanted: str, path: Path, *, taken: Iterable[str], weighted: bool) -> str:
        """Return the name for a layer of the model at ``path``; ``taken`` are those of its neighbours.

        A layer with weights, unless it is the one that owns the name, gets a name that no layer in the tree has.
        """
        neighbours = set(taken)
        name = valid(wanted)
        here = (*path, wanted)
        if name not in neighbours and (not weighted or self._owners.setdefault(name, here) == here):
            return name
        number = 1
        while f"{name}_{number}" in neighbours or f"{name}_{number}" in self._owners:
            number += 1
        self._owners[f"{name}_{number}"] = here
        return f"{name}_{number}"
