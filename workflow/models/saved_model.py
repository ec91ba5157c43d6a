"""tf_saved_model, keras_saved_model and tf_hub: a folder with a graph and its variables."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import plural, some
from workflow.models.contents import recognise
from workflow.models.expecting import folder_kind, require_folder
from workflow.models.graph_files import check_saved_model, holds
from workflow.models.summary import ModelSummary, summarise

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format

_GRAPH = "saved_model.pb"
_KERAS_NOTES = "keras_metadata.pb"
_OLD_HUB = "tfhub_module.pb"
_INDEX = "variables.index"
_SHARD = re.compile(r"variables\.data-\d+-of-(\d{1,5})")
_OLD_KERAS = (b"_tf_keras_", b'"class_name"')  # before TensorFlow 2.5 the notes stood in saved_model.pb
_KERAS_HINT = (
    "Save it with `model.save(folder, save_format='tf')`; "
    "or convert it to a graph model, for which the format is `tf_saved_model`."
)


def inspect_saved_model(path: Path) -> ModelSummary:
    """Check a SavedModel folder of any origin."""
    require_folder(path, "a SavedModel folder")
    return _summary("tf_saved_model", path)


def inspect_keras_saved_model(path: Path) -> ModelSummary:
    """Check a SavedModel folder that Keras can turn back into layers."""
    require_folder(path, "a SavedModel folder")
    summary = _summary("keras_saved_model", path)
    notes = path / _KERAS_NOTES
    if notes.is_file() and notes.stat().st_size:
        return summary
    if notes.exists() or not holds(path / _GRAPH, *_OLD_KERAS):
        state = "has an empty" if notes.exists() else "has no"
        raise ModelFileError(f"{path} {state} {_KERAS_NOTES}: Keras cannot rebuild its layers", hint=_KERAS_HINT)
    return summary


def inspect_hub(path: Path) -> ModelSummary:
    """Check a TensorFlow Hub model that is a local folder: a SavedModel, or a module of TensorFlow 1."""
    require_folder(path, "a TensorFlow Hub folder")
    if (path / _OLD_HUB).is_file():
        return summarise("tf_hub", _files(path), details={"tf1_module": True})
    return _summary("tf_hub", path)


def _summary(kind: Format, path: Path) -> ModelSummary:
    graph = path / _GRAPH
    if not graph.is_file():
        raise _no_graph(path)
    check_saved_model(graph)
    _check_variables(path / "variables")
    details = {
        "keras_notes": (path / _KERAS_NOTES).is_file(),
        "variables": (path / "variables" / _INDEX).is_file(),
    }
    return summarise(kind, _files(path), details=details)


def _no_graph(path: Path) -> ModelFileError:
    if (path / "saved_model.pbtxt").exists():
        return ModelFileError(f"{path} holds a SavedModel in text form", hint="Export it in binary form.")
    what, hint = folder_kind(path)
    inner = sorted(entry.parent.name for entry in path.glob(f"*/{_GRAPH}"))
    if inner:
        hint = f"There is one in {some([str(path / name) for name in inner])}: give that folder."
    elif what == "a folder":
        names = sorted(entry.name for entry in path.iterdir())
        hint = f"The folder holds {some(names)}." if names else "The folder is empty."
    return ModelFileError(f"{path} is no SavedModel folder: it has no {_GRAPH}", hint=hint)


def _check_variables(folder: Path) -> None:
    """Variables come as an index and numbered files; a model without any has neither."""
    if not folder.is_dir():
        return
    shards = [found for entry in folder.iterdir() if (found := _SHARD.fullmatch(entry.name))]
    index = (folder / _INDEX).is_file()
    if not shards and not index:
        return
    count = int(shards[0][1]) if shards else 1
    wanted = [_INDEX, *(f"variables.data-{number:05}-of-{count:05}" for number in range(count))]
    hint = "Copy the whole folder of the SavedModel again."
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        count_text = plural(len(missing), "file")
        raise ModelFileError(f"{folder} is not complete: {count_text} missing: {some(missing)}", hint=hint)
    for name in wanted:
        content = recognise(folder / name)
        if content.name in ("lfs", "html"):
            raise ModelFileError(f"{folder / name} is not what it should be: {content.phrase}", hint=content.hint)


def _files(path: Path) -> tuple[Path, ...]:
    """Every regular file below the folder; links to folders are not followed, so that no loop is possible."""
    found = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    return tuple(sorted(file for file in found if file.is_file()))
