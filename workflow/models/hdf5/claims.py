"""What an HDF5 file points at and claims: no link leads away, no value lies elsewhere, and the bytes are there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.models import containment
from workflow.worker.shared.wording import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.models.hdf5.data import Data, Group

_DISTRUST = "Keras writes no such file: do not trust it."
_LEADING = {"soft link": "another place", "external link": "another file"}


def require_contained(root: Group, where: str) -> None:
    """Raise ``ModelFileError`` for a link, for values from another file, and for claims without the bytes.

    An array counts by each of its names.
    """
    claimed = held = 0
    for name, data in _arrays(root, where):
        what = f"{where}: {shown(name)}"
        if data.leads_away:
            raise ModelFileError(f"{what} takes its values from another file", hint=_DISTRUST)
        size = _size(data)
        if not containment.is_likely(size, data.room) or (not data.is_packed and data.room < size):
            raise _claims(what, size, data.room)
        claimed, held = claimed + size, held + data.room
    if not containment.is_likely(claimed, held):
        raise _claims(f"{where}: all of its arrays", claimed, held)


def _claims(what: str, claimed: int, held: int) -> ModelFileError:
    words = f"{what} claims {in_words(claimed)}, and the file holds {in_words(held)} for it"
    return ModelFileError(words, hint=_DISTRUST)


def _arrays(root: Group, where: str) -> Iterator[tuple[str, Data]]:
    """Yield the arrays by all of their names, each group gone into once."""
    waiting, seen = [root], {root.identity}
    while waiting:
        group = waiting.pop()
        for name in group:
            path, kind = f"{group.name.rstrip('/')}/{name}", group.kind(name)
            if kind in _LEADING:
                raise ModelFileError(f"{where}: {shown(path)} is a link to {_LEADING[kind]}", hint=_DISTRUST)
            if kind == "data":
                yield path, group.data(name)
            elif kind == "group" and (inner := group.group(name)).identity not in seen:
                seen.add(inner.identity)
                waiting.append(inner)


def _size(data: Data) -> int:
    """Return the bytes of all numbers; for what are no numbers, which no weight is, none."""
    if data.shape is None or not data.is_numeric:
        return 0
    return math.prod(data.shape) * int(data.dtype[2:])
