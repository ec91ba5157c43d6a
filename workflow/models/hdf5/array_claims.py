"""What an HDF5 file points at and claims: no link leads away, no value lies elsewhere, and the bytes are there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.worker.shared import containment_rules as rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.models.hdf5.data import Data, Group, Kind

_DISTRUST = "Keras writes no such file: do not trust it."


def require_contained(root: Group, where: str) -> None:
    """Raise ``ModelFileError`` for a link, for values from another file, and for claims without the bytes.

    An array counts by each of its names.
    """
    claimed = held = 0
    for name, data in _arrays(root, where):
        claimed, held = claimed + require_there(data, f"{where}: {shown(name)}"), held + data.room
    _refuse(rules.claim_fault(f"{where}: all of its arrays", claimed, held=held))


def require_there(data: Data, what: str) -> int:
    """Return the bytes of an array's numbers; raises ``ModelFileError`` where the file does not hold them.

    What are no numbers, which no weight is, claims nothing.
    """
    if data.leads_away:
        raise ModelFileError(f"{what} {rules.ELSEWHERE}", hint=_DISTRUST)
    if data.shape is None or not data.is_numeric:
        return 0
    size = math.prod(data.shape) * int(data.dtype[2:])
    _refuse(rules.claim_fault(what, size, held=data.room, is_packed=data.is_packed))
    return size


def refuse_link(kind: Kind | None, what: str) -> None:
    """Raise ``ModelFileError`` for a link that leads away."""
    if kind in rules.LINKS:
        raise ModelFileError(f"{what} is {rules.LINKS[kind]}", hint=_DISTRUST)


def _refuse(fault: rules.Fault | None) -> None:
    if fault is not None:
        raise ModelFileError(fault.text, hint=_DISTRUST)


def _arrays(root: Group, where: str) -> Iterator[tuple[str, Data]]:
    """Yield the arrays by all of their names, each group gone into once."""
    waiting, seen = [root], {root.identity}
    while waiting:
        group = waiting.pop()
        for name in group:
            path, kind = f"{group.name.rstrip('/')}/{name}", group.kind(name)
            refuse_link(kind, f"{where}: {shown(path)}")
            if kind == "data":
                yield path, group.data(name)
            elif kind == "group" and (inner := group.group(name)).identity not in seen:
                seen.add(inner.identity)
                waiting.append(inner)
