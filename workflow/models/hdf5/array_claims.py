"""What an HDF5 file points at and claims: no link leads away, no value lies elsewhere, and the bytes are there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.worker.shared import containment_rules as rules

if TYPE_CHECKING:
    from workflow.models.hdf5.data import Data, Group

LINKS = rules.LINKS
"""The kinds of members that lead away, in words."""

_DISTRUST = "Keras writes no such file: do not trust it."


def require_contained(root: Group, where: str) -> None:
    """Raise ``ModelFileError`` for a link, for values from another file, and for claims without the bytes.

    An array counts by each of its names.
    """
    claimed = held = 0
    for path, (_, kind, _, data) in root.below():
        if kind in LINKS:
            raise link(kind, path, where=where)
        if data is not None:
            claimed, held = claimed + require_there(data, path, where=where), held + data.room
    _refuse(rules.claim_fault(f"{where}: all of its arrays", claimed, held=held))


def require_there(data: Data, name: str, *, where: str, noun: str = "") -> int:
    """Return the bytes of an array's numbers; raises ``ModelFileError`` where the file does not hold them.

    What are no numbers, which no weight is, claims nothing. ``noun`` is what the array is called.
    """
    if data.leads_away:
        raise ModelFileError(f"{where}: {noun}{shown(name)} {rules.ELSEWHERE}", hint=_DISTRUST)
    if data.shape is None or not data.is_numeric:
        return 0
    size = math.prod(data.shape) * int(data.dtype[2:])
    if size > data.room:
        what = f"{where}: {noun}{shown(name)}"
        _refuse(rules.claim_fault(what, size, held=data.room, is_packed=data.is_packed))
    return size


def link(kind: str, name: str, *, where: str) -> ModelFileError:
    """Return the error for a link that leads away."""
    return ModelFileError(f"{where}: {shown(name)} is {LINKS[kind]}", hint=_DISTRUST)


def _refuse(fault: rules.Fault | None) -> None:
    if fault is not None:
        raise ModelFileError(fault.text, hint=_DISTRUST)
