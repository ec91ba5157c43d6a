"""A small HDF5 file with one byte changed, and what our own reader says of it: every byte that says something.

``tests/data/golden/small.h5`` was written by h5py: attributes of every kind that is read, arrays in the file and in
their header, an array of two names and a link.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from tests.unit.golden.store import FOLDER
from workflow.models.hdf5.file_bytes import DamagedError, FileBytes, UnusualError
from workflow.models.hdf5.file_reading import _root
from workflow.models.hdf5.objects import File, require_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workflow.models.hdf5.file_bytes import Group

FILE = "damaged_hdf5.json"
_SOURCE = FOLDER / "small.h5"
_CHANGES: dict[str, Callable[[int], int]] = {
    "plus 1": lambda byte: (byte + 1) % 256,
    "bit 7": lambda byte: byte ^ 128,
    "bit 2": lambda byte: byte ^ 4,
}
_SOUND = "as it was"


def all_outcomes(_: Path) -> dict[str, Any]:
    """Return what the sound file holds, and for each change what is said, with the bytes where it is said."""
    content = _SOURCE.read_bytes()
    sound = dict(_held(content))
    found: dict[str, Any] = {"(sound)": sound}
    for name, change in _CHANGES.items():
        places: dict[str, list[int]] = {}
        for at, byte in enumerate(content):
            damaged = bytearray(content)
            damaged[at] = change(byte)
            outcome = _outcome(bytes(damaged), sound)
            if outcome != _SOUND:
                places.setdefault(outcome, []).append(at)
        found[name] = {outcome: _ranges(listed) for outcome, listed in sorted(places.items())}
    for count in (0, 7, 95, 96, 500, 1500, len(content) - 1):
        found[f"{count} bytes"] = _outcome(content[:count], sound)
    return found


def _outcome(content: bytes, sound: dict[str, str]) -> str:
    try:
        held = dict(_held(content))
    except (DamagedError, UnusualError) as error:
        return f"{type(error).__name__}: {error}"
    others = [name for name in {**sound, **held} if held.get(name) != sound.get(name)]
    return f"other: {', '.join(others)}" if others else _SOUND


def _held(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield everything in a file in words."""
    root = _root(File(FileBytes(io.BytesIO(content)), {}))
    require_known(root)
    yield from _in_group(root, depth=3)


def _in_group(group: Group, depth: int) -> Iterator[tuple[str, str]]:
    for name, value in group.attrs.items():
        yield f"{group.name} {name!a}", ascii(value)
    for name in group:
        kind = group.kind(name)
        place = f"{group.name}/{name!a}"
        if kind == "group" and depth:
            yield from _in_group(group.group(name), depth - 1)
        elif kind == "data":
            data = group.data(name)
            values = b"".join(data.blocks()).hex()
            yield place, f"{data.dtype} {data.shape} {data.leads_away} {data.room} {values}"
            assert data.read().tobytes().hex() == values
        else:
            yield place, str(kind)


def _ranges(places: list[int]) -> str:
    """Return numbers in words, as 3-5, 9."""
    found: list[list[int]] = []
    for place in places:
        if found and found[-1][1] == place - 1:
            found[-1][1] = place
        else:
            found.append([place, place])
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in found)
