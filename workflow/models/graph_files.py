"""GraphDef and SavedModel messages: recognised, and counted, without TensorFlow."""

from __future__ import annotations

import mmap
from collections import Counter
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.models.contents import recognise
from workflow.models.protobuf import LENGTH, VARINT, Field, WireError, fields

if TYPE_CHECKING:
    from pathlib import Path

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
