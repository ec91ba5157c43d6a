"""SavedModels, TensorFlow Hub modules and frozen graphs: recognised, and looked through, without TensorFlow."""

from __future__ import annotations

import mmap
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import plural, some
from workflow.models.file_contents import folder_kind, recognise, require_file, require_folder
from workflow.models.inspection import ModelSummary, summarise
from workflow.models.protobuf import LENGTH, VARINT, Field, WireError, fields

if TYPE_CHECKING:
    from workflow.catalogue.formats import Format

_NODE, _NAME, _OP = 1, 1, 2
_GRAPH_FIELDS = {1: LENGTH, 2: LENGTH, 3: VARINT, 4: LENGTH, 5: LENGTH}
_SAVED_FIELDS = {1: VARINT, 2: LENGTH}
_NOT_PROTOBUF = frozenset({"empty", "hdf5", "mangled", "zip", "gzip", "tflite", "html", "lfs", "json"})
_AGAIN = "Get the file again, or export it again: it is damaged or cut short."


def graph_ops(path: Path) -> dict[str, int]:
    """Return how many nodes of each op a frozen GraphDef holds; raises ``ModelFileError`` when it is none."""
    _refuse_other_content(path, "a frozen TensorFlow graph")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            found = list(fields(data, 0, end=len(data)))
            if _fits(found, _SAVED_FIELDS):
                raise ModelFileError(
                    f"{path} is the saved_model.pb of a SavedModel, and a frozen graph is needed",
                    hint="Give the folder around it, with the format `tf_saved_model`.",
                )
            ops = _ops(data, [field for field in found if field.number == _NODE])
        except (WireError, UnicodeDecodeError) as error:
            raise _damaged(path, "a frozen TensorFlow graph", str(error)) from error
    if not ops or not _fits(found, _GRAPH_FIELDS):
        raise _damaged(path, "a frozen TensorFlow graph", "it holds no graph nodes")
    return ops


def check_saved_model(path: Path) -> None:
    """Raise ``ModelFileError`` unless the file is a SavedModel message."""
    _refuse_other_content(path, "a saved_model.pb")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            found = list(fields(data, 0, end=len(data)))
        except WireError as error:
            raise _damaged(path, "a saved_model.pb", str(error)) from error
    if not _fits(found, _SAVED_FIELDS):
        raise _damaged(path, "a saved_model.pb", "its fields are those of another message")


def holds(path: Path, *markers: bytes) -> bool:
    """Return whether every marker occurs in a file that is not empty."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return all(data.find(marker) >= 0 for marker in markers)


def _refuse_other_content(path: Path, wanted: str) -> None:
    content = recognise(path)
    if content.name in _NOT_PROTOBUF:
        raise ModelFileError(f"{path} is not {wanted}: {content.phrase}", hint=content.hint)
    with path.open("rb") as file:
        head = file.read(64).lstrip()
    if head.startswith((b"node {", b"node{", b"saved_model_schema_version")):
        raise ModelFileError(
            f"{path} is not {wanted}: it is the text form of one (.pbtxt)", hint="Export it in binary form."
        )


def _fits(found: list[Field], layout: dict[int, int]) -> bool:
    """Return whether all fields are those of a message type, and one of them has contents."""
    known = all(layout.get(field.number) == field.wire for field in found)
    return known and any(field.wire == LENGTH for field in found)


def _ops(data: mmap.mmap, nodes: list[Field]) -> dict[str, int]:
    ops: Counter[str] = Counter()
    for node in nodes:
        if node.wire != LENGTH:
            raise WireError("its nodes are numbers")
        texts = _texts(data, node)
        if _NAME not in texts or _OP not in texts:
            raise WireError("a node without name and op")
        ops[texts[_OP]] += 1
    return dict(sorted(ops.items()))


def _texts(data: mmap.mmap, node: Field) -> dict[int, str]:
    """Return name and op of a node, which stand in front of everything else."""
    texts: dict[int, str] = {}
    for field in fields(data, node.start, end=node.end):
        if field.number in (_NAME, _OP) and field.wire == LENGTH:
            texts[field.number] = data[field.start : field.end].decode()
        if len(texts) == 2:  # noqa: PLR2004  both found: the weights behind them need not be looked at
            break
    return texts


def _damaged(path: Path, wanted: str, reason: str) -> ModelFileError:
    return ModelFileError(f"{path} is not {wanted}: {reason}", hint=_AGAIN)


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


def inspect_frozen_graph(path: Path) -> ModelSummary:
    """Check a frozen graph."""
    require_file(path, "a frozen TensorFlow graph (.pb)")
    ops = graph_ops(path)
    return summarise("tf_frozen_model", (path,), details={"nodes": sum(ops.values()), "ops": ops})
