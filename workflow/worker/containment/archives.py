"""Keras archives before Keras unpacks them: their members are those of a model, once each, and of likely sizes."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from typing import Any, List

from . import bounds, hdf5
from ..shared.wording import in_words

_WEIGHTS = "model.weights.h5"
_MEMBERS = ("config.json", "metadata.json", _WEIGHTS)
_ASSETS = "assets/"
_MOST_MEMBERS = 10_000
_ENCRYPTED = 0x1
_LARGEST_JSON = 32 << 20


def require_contained(path: str) -> int:
    """Return the bytes of all weights in an archive, none where it is no archive; raises ``JobError``.

    leads_out is for members that are none of a model's, too_much for those that claim more than the file can hold.
    """
    held = os.path.getsize(path)
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as archive:
        require_sound_members(archive.infolist(), path, held=held)
        if _WEIGHTS not in archive.namelist():
            return 0
        return _weights(io.BytesIO(archive.read(_WEIGHTS)), f"{path}: {_WEIGHTS}", held=held)


def _weights(unpacked: Any, where: str, *, held: int) -> int:
    import h5py

    try:
        file = h5py.File(unpacked, "r")
    except OSError:
        return 0
    with file:
        return hdf5.require_contained(file, where, held=held)


def require_sound_members(members: List[Any], path: str, *, held: int) -> None:
    """Raise ``JobError`` unless these are the members of a model, and all of them together can be in ``held`` bytes."""
    if len(members) > _MOST_MEMBERS:
        raise bounds.too_much(f"{path} has {len(members):,} members, which no model has")
    seen = set()
    for member in members:
        problem = _problem(member) or ("is there twice" if member.filename in seen else "")
        if problem:
            raise bounds.leads_out(f"{path}: its member {member.filename!r} {problem}")
        seen.add(member.filename)
        if member.filename in _MEMBERS[:2] and member.file_size > _LARGEST_JSON:
            raise bounds.too_much(f"{path}: {member.filename} claims {in_words(member.file_size)}")
    packed = sum(member.compress_size for member in members)
    if packed > held:
        raise bounds.too_much(f"{path}: its members lie on top of each other, {in_words(packed)} of them")
    largest = max(members, key=lambda member: int(member.file_size), default=None)
    if largest is not None:
        total = sum(member.file_size for member in members)
        bounds.require_likely(f"{path}: what it would be unpacked (most of it {largest.filename!r})", total, held=held)


def _problem(member: Any) -> str:
    name = member.filename
    if name.startswith("/") or "\\" in name or ":" in name or "\0" in name or ".." in name.split("/"):
        return "leads out of it"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if name not in _MEMBERS and not name.startswith(_ASSETS):
        return f"is none of {', '.join(_MEMBERS)} and {_ASSETS}"
    return ""
