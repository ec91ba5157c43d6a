"""Keras archives before Keras unpacks them: their members are those of a model, once each, and of likely sizes."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

from ..shared import containment_rules as rules
from . import bounds, hdf5


def require_contained(path: str) -> int:
    """Return the bytes of all weights in an archive, none where it is no archive; raises ``JobError``.

    leads_out is for members that are none of a model's, too_much for those that claim more than the file can hold.
    """
    held = os.path.getsize(path)
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as archive:
        bounds.refuse(rules.member_fault(archive.infolist(), path, held=held))
        if rules.WEIGHTS not in archive.namelist():
            return 0
        return _weights(io.BytesIO(archive.read(rules.WEIGHTS)), f"{path}: {rules.WEIGHTS}", held=held)


def _weights(unpacked: Any, where: str, *, held: int) -> int:
    import h5py

    try:
        file = h5py.File(unpacked, "r")
    except OSError:
        return 0
    with file:
        return hdf5.require_contained(file, where, held=held)
