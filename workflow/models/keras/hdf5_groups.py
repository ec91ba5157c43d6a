"""HDF5 files that may be hostile: opened read-only, never led out of the file, nothing read before it is measured."""

from __future__ import annotations

import contextlib
import math
import zlib
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.models.hdf5 import file_reading
from workflow.models.hdf5.file_bytes import DamagedError, TruncatedError, UnusualError
from workflow.models.keras.tree import Stored
from workflow.worker.shared import containment_rules as rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedIOBase

    from workflow.models.hdf5.file_bytes import Data, FoundMember, Group

AGAIN = "Get the file again: the copy or the save was interrupted, or the bytes were changed on the way."
_CHUNK = 4 << 20


@contextlib.contextmanager
def opened(file: BufferedIOBase, where: str, *, checksum: int | None = None) -> Iterator[Group]:
    """Yield the root of the HDF5 file in an open binary file; what cannot be read becomes ``ModelFileError``.

    ``checksum`` is the CRC that it should have, where one is known.
    """
    if checksum is not None:
        _require_checksum(file, where, checksum)
    try:
        with file_reading.opened(file) as root:
            yield root
    except TruncatedError as error:
        raise ModelFileError(f"{where} is cut short: {error}", hint=AGAIN) from error
    except (DamagedError, UnusualError) as error:
        raise damaged(where, str(error)) from error


def _require_checksum(file: BufferedIOBase, where: str, wanted: int) -> None:
    found = 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        found = zlib.crc32(chunk, found)
    if found != wanted:
        raise damaged(where, "its bytes are not those that the archive was made of")


def damaged(where: str, reason: str) -> ModelFileError:
    """Return the error for a file whose bytes are not what they should be."""
    return ModelFileError(f"{where} is a damaged HDF5 file: {reason}", hint=AGAIN)


def child_group(group: Group | None, name: str, *, where: str) -> Group | None:
    """Return the group under a path, or None if there is no group; links that lead away are refused."""
    return _found(group, name, where=where).group if group is not None and name.strip("/") else None


def array(group: Group, name: str, *, where: str) -> Data:
    """Return the array under a path; raises ``ModelFileError`` where there is none."""
    data = None if name.endswith("/") else _found(group, name, where=where).data
    if data is None:
        raise ModelFileError(f"{where}: the weight {shown(name)} of {group.name} is not in the file", hint=AGAIN)
    return data


def stored(group: Group, name: str, *, where: str) -> Stored:
    """Return the array under a path, unread; raises ``ModelFileError`` if it is none, or not to be trusted."""
    data = array(group, name, where=where)
    shape = _sound_shape(data, name, where=where)
    return Stored(name.removesuffix(":0"), shape, data.dtype, data)


def _found(group: Group, path: str, *, where: str) -> FoundMember:
    """Return what stands under a path; raises ``ModelFileError`` for a link that leads away."""
    found = group.find(path)
    if found.kind in LINKS:
        raise link(found.kind, found.name, where=where)
    return found


def text(value: object) -> str | None:
    """Return an attribute's text; None when it is something else."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def names(attributes: Mapping[str, Any], key: str) -> list[str] | None:
    """Return a list of names, which Keras splits into ``key0``, ``key1``... when it is long; None if absent."""
    if key in attributes:
        return _texts(attributes[key])
    found: list[str] = []
    number = 0
    while f"{key}{number}" in attributes:
        found += _texts(attributes[f"{key}{number}"])
        number += 1
    return found if number else None


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise DamagedError("a list of names is none")
    return [text(name) or "" for name in value]


def _sound_shape(data: Data, name: str, *, where: str) -> tuple[int, ...]:
    """Return an array's shape when there are numbers for it; raises ``ModelFileError``."""
    if data.shape is None or not data.is_numeric:
        raise ModelFileError(f"{where}: the weight {shown(name)} holds {data.dtype}, not numbers", hint=AGAIN)
    require_there(data, name, where=where, noun="the weight ")
    return data.shape


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
