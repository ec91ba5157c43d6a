"""What a model on disk is, as far as names and the head of a model.json tell; nothing heavy is read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from workflow.base.records import Record

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

MODEL_JSON = "model.json"
IN_A_FOLDER: tuple[Format, ...] = ("tfjs_layers_model", "tfjs_graph_model")
SAVED_MODELS: tuple[Format, ...] = ("keras_saved_model", "tf_saved_model")
HDF5_ENDINGS = (".h5", ".hdf5")
ENDINGS: dict[str, Format] = {
    ".h5": "keras",
    ".hdf5": "keras",
    ".keras": "keras_keras",
    ".pb": "tf_frozen_model",
}
_HEAD = 4096
_LARGEST_JSON = 256 * 2**20
_FORMAT_FIRST = rb'\s*\{\s*"format"\s*:\s*"([^"\\]*)"'
_FORMAT_KEYS: dict[object, Format] = {"layers-model": "tfjs_layers_model", "graph-model": "tfjs_graph_model"}


class Sighting(Record):
    """What a path is: the formats it can be read as, the likeliest first; when there are none, why.

    ``certain`` means that the content says so, not only a name.
    """

    formats: tuple[Format, ...] = ()
    why_not: str = ""
    certain: bool = False


def sighted(path: Path) -> Sighting:
    """Return what the existing file or folder is."""
    if not path.is_dir():
        return _json(path) if path.suffix == ".json" else named(path)
    if (path / "saved_model.pb").is_file():
        keras = (path / "keras_metadata.pb").is_file()
        return Sighting(SAVED_MODELS if keras else SAVED_MODELS[1:])
    inner = path / MODEL_JSON
    if inner.is_symlink() and not inner.resolve().is_relative_to(path.resolve()):
        return Sighting(why_not=f"its {MODEL_JSON} is a link that leads out of the folder")
    if inner.is_file():
        return _json(inner)
    return Sighting(why_not=f"the folder holds neither {MODEL_JSON} nor saved_model.pb")


def named(path: Path) -> Sighting:
    """Return what the path is by its ending."""
    found = ENDINGS.get(path.suffix)
    if found:
        return Sighting((found,))
    similar = path.suffix.lower() in ENDINGS
    return Sighting(why_not=f"its ending is `{path.suffix}`, not `{path.suffix.lower()}`" if similar else "")


def _json(path: Path) -> Sighting:
    try:
        with path.open("rb") as file:
            first = re.match(_FORMAT_FIRST, file.read(_HEAD))
        if first and (known := _FORMAT_KEYS.get(first[1].decode("ascii", "replace"))):
            return Sighting((known,), certain=True)
        if path.stat().st_size > _LARGEST_JSON:
            return Sighting(why_not=f"{path.name} is too large to look into")
        return _from_content(json.loads(path.read_bytes()), path.name)
    except OSError as error:
        return Sighting(why_not=f"{path.name} cannot be read ({error.strerror})")
    except (ValueError, RecursionError):
        return Sighting(why_not=f"{path.name} is not JSON")


def _from_content(content: Any, name: str) -> Sighting:
    """Tell a layers from a graph model by ``format``, which old files lack, or else by its topology."""
    if not isinstance(content, dict):
        return Sighting(why_not=f"{name} holds no model")
    stated = content.get("format")
    if isinstance(stated, str) and stated in _FORMAT_KEYS:
        return Sighting((_FORMAT_KEYS[stated],), certain=True)
    topology = content.get("modelTopology")
    if isinstance(topology, dict) and "node" in topology:
        return Sighting(("tfjs_graph_model",), certain=True)
    if isinstance(topology, dict) and not topology.keys().isdisjoint({"model_config", "class_name", "config"}):
        return Sighting(("tfjs_layers_model",), certain=True)
    return Sighting(why_not=f"{name} holds neither layers nor a graph")
