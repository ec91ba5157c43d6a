"""What a model on disk is, as far as names and the head of a model.json tell, and which files are read for it."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from workflow.base.digests import Digests, artifact_files, digests_of, file_state
from workflow.base.errors import ModelFileError
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


States = dict["Path", tuple[int, ...]]

_IN_A_FOLDER = frozenset({"tfjs_layers_model", "tfjs_graph_model"})


def model_json(path: Path) -> Path:
    """Return the model.json of a layers or graph model that was named by its folder or by the file itself."""
    return path / "model.json" if path.is_dir() else path


def input_digests(path: Path, model_format: Format) -> Digests:
    """Hash what a step reads: model.json and the shards it names, a whole folder, or one file.

    Files that are missing are left out; saying so is the inspection's business.
    """
    files, root = _input_files(path, model_format)
    return digests_of(files, root=root)


def input_states(path: Path, model_format: Format) -> States:
    """Return what tells the files that a step reads from others that are put in their place; cheap."""
    files, _ = _input_files(path, model_format)
    return {file: file_state(file) for file in files}


def _input_files(path: Path, model_format: Format) -> tuple[list[Path], Path]:
    """Return the files that a step reads, and the folder that their names count from."""
    if model_format not in _IN_A_FOLDER:
        return artifact_files(path)
    topology = model_json(path)
    if not topology.is_file():
        return [], path
    files = [topology, *_shards(topology)]
    return list(dict.fromkeys(files)), topology.parent


def _shards(topology: Path) -> list[Path]:
    try:
        shards = [topology.parent / name for name in _names(topology, file_state(topology))]
        folder = topology.parent.resolve()
        return [shard for shard in shards if shard.resolve().is_relative_to(folder) and shard.is_file()]
    except (ModelFileError, OSError, ValueError):
        return []


@functools.lru_cache(maxsize=64)
def _names(topology: Path, _state: tuple[int, ...]) -> list[str]:
    """Return what a model.json calls its shards, read once for as long as it stays the same."""
    from workflow.models.strict_json import read_object  # noqa: PLC0415  for recipes with such inputs alone
    from workflow.models.weights_manifest import read_groups  # noqa: PLC0415  as above

    groups = read_groups(read_object(topology, "a model.json"), topology)
    return [name for group in groups for name in group.paths]
