"""Which layers of a result stand for which layer of its source: by their names and models, then by their order.

TensorFlow.js allows fewer letters in names than Keras, wants names of layers with weights once in the whole model, and
some layers are expressed by several: so a name in the result may have other letters, and a number or a word behind it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflow.verification.weights_by_layer import WeightedLayer

    Models = tuple[str, ...]

_OTHER = re.compile(r"[^A-Za-z0-9_./-]")


def paired(
    sources: Sequence[WeightedLayer], results: Sequence[WeightedLayer]
) -> list[tuple[WeightedLayer, list[WeightedLayer]]]:
    """Return each layer of the source with those of the result that stand for it."""
    groups: dict[tuple[Models, str], list[WeightedLayer]] = {}
    names: dict[Models, set[str]] = {}
    for one in sources:
        key = _models(one), _plain(one.path[-1])
        groups.setdefault(key, []).append(one)
        names.setdefault(key[0], set()).add(key[1])
    claimed: dict[tuple[Models, str], list[WeightedLayer]] = {}
    for one in results:
        models = _models(one)
        owner = _owner(_plain(one.path[-1]), names.get(models, ()))
        if owner is not None:
            claimed.setdefault((models, owner), []).append(one)
    return [pair for key, group in groups.items() for pair in _shared(group, claimed.get(key, []))]


def _owner(name: str, names: Iterable[str]) -> str | None:
    """Return the name itself if it is one of these, else the longest that it begins with."""
    fitting = [one for one in names if name == one or name.startswith(f"{one}_")]
    return max(fitting, key=len, default=None)


def _shared(
    group: Sequence[WeightedLayer], found: Sequence[WeightedLayer]
) -> list[tuple[WeightedLayer, list[WeightedLayer]]]:
    """Share out layers among those of the source whose names became one, in the order of both."""
    if len(group) == 1:
        return [(group[0], list(found))]
    weighted = [one for one in found if one.by_role]
    takers = [one for one in group if one.by_role] or group
    each = max(1, len(weighted) // len(takers))
    shares: Mapping[int, list[WeightedLayer]] = {
        id(one): weighted[number * each : (number + 1) * each if one is not takers[-1] else None]
        for number, one in enumerate(takers)
    }
    return [(one, shares.get(id(one), [])) for one in group]


def _models(one: WeightedLayer) -> Models:
    return tuple(_plain(name) for name in one.path[:-1])


def _plain(name: str) -> str:
    """Return a name in the letters that TensorFlow.js allows, of which the first must be a letter or a digit."""
    allowed = _OTHER.sub("_", name)
    return allowed if allowed[:1].isalnum() else f"layer{allowed}"
