"""What a file of Keras says of itself before it is loaded: which Keras wrote it, and that it is a whole model."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from dataclasses import dataclass
from typing import Any, Callable, Dict, Tuple

from ..failure import JobError

_Version = Tuple[int, ...]


@dataclass(frozen=True)
class Heading:
    """The version of the Keras that wrote a file, empty where it does not say, and what the model is built of."""

    version: str
    topology: Any


def read(source: Dict[str, Any]) -> Heading:
    """Return what the file says of itself; raises ``JobError`` where it is no whole model."""
    path, kind = source["path"], source["format"]
    if kind not in _READERS:
        raise JobError("usage", f"Keras 3 loads {' and '.join(_READERS)}, not {kind}")
    if not os.path.isfile(path):
        raise JobError("source", f"there is no file {path}")
    return _READERS[kind][1](path)


def named_as_keras_expects(source: Dict[str, Any], folder: str) -> str:
    """Return a path in ``folder`` that leads to the file and ends as Keras 3 wants it, which goes by the ending."""
    link = os.path.join(folder, f"model{_READERS[source['format']][0]}")
    try:
        os.symlink(os.path.abspath(source["path"]), link)
    except (OSError, NotImplementedError):  # Windows, without the right to
        shutil.copyfile(source["path"], link)
    return link


def is_later(version: str, than: str) -> bool:
    """Tell whether one version of Keras is later than another, by the first two numbers."""
    return _numbers(version) > _numbers(than)


def _numbers(version: str) -> _Version:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _archive(path: str) -> Heading:
    try:
        with zipfile.ZipFile(path) as archive:
            if "config.json" not in archive.namelist():
                raise JobError("weights_only", f"{path} holds no topology")
            version = json.loads(archive.read("metadata.json")).get("keras_version", "")
            return Heading(str(version), json.loads(archive.read("config.json")))
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, AttributeError) as problem:
        raise JobError("source", f"{path} is no .keras archive: {problem}") from problem


def _hdf5(path: str) -> Heading:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise JobError("weights_only", f"{path} holds weights and no topology")
            version = file.attrs.get("keras_version", "")
            topology = json.loads(file.attrs["model_config"])
    except (OSError, ValueError) as problem:
        raise JobError("source", f"{path} is no sound HDF5 file: {problem}") from problem
    return Heading(version.decode("utf-8", "replace") if isinstance(version, bytes) else str(version), topology)


_READERS: Dict[str, Tuple[str, Callable[[str], Heading]]] = {
    "keras": (".h5", _hdf5),
    "keras_keras": (".keras", _archive),
}
