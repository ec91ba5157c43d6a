"""Which files a model on disk consists of, by its format; JSON only, nothing heavy."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from workflow.base.digests import Digests, artifact_files, digests_of, file_state
from workflow.base.errors import ModelFileError

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

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
