"""Layers of Keras with one option gone or replaced, and what each becomes: one file for each, in either spelling.

The rows are those of the table of layers (``tests/unit/conversion/native/keras``).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.unit.conversion.native.keras import rows_convolution, rows_normalization, rows_plain, rows_recurrent
from tests.unit.conversion.native.keras.files import converted
from tests.unit.conversion.native.keras.rows import Row, written
from workflow.base.errors import DeclinedError, ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.conversion.native.keras.rows import AnyRow

FILE = "damaged_keras.json"
_GONE = object()
_VALUES: dict[str, Any] = {"gone": _GONE, "null": None, "text": "x", "-1": -1, "list": [2, 3, 4, 5], "true": True}
_VALUES["object"] = {"class_name": "Odd", "config": {}}
_TABLES = (rows_convolution, rows_normalization, rows_plain, rows_recurrent)
_OF_EVERY_LAYER = frozenset({"name", "trainable", "dtype"})


def all_outcomes(scratch: Path) -> dict[str, Any]:
    """Return for every row what becomes of it as it is, and with each option gone or of another kind, in turns."""
    found: dict[str, Any] = {}
    seen: set[str] = set()
    for number, (title, row) in enumerate(_rows()):
        said = {spelling: _outcome(row, spelling, scratch) for spelling in row.spellings}
        spelling = row.spellings[number % len(row.spellings)]
        for key, name, damaged in _damaged(row, number, seen):
            said[f"{spelling}, {key} {name}"] = _outcome(damaged, spelling, scratch)
        found[title] = said
    return found


def _rows() -> Iterator[tuple[str, AnyRow]]:
    for table in _TABLES:
        for number, row in enumerate([*table.ROWS, *table.REFUSED]):
            about = row.about if isinstance(row, Row) else f"declined {number}"
            yield f"{row.entry['class_name']}: {about}", row


def _damaged(row: AnyRow, number: int, seen: set[str]) -> Iterator[tuple[str, str, AnyRow]]:
    """Yield a row without each option that its class was not yet damaged in, and with another value, by turns."""
    names = [name for name in _VALUES if name != "gone"]
    for place, key in enumerate(row.entry["config"]):
        known = f"{row.entry['class_name']} {key}"
        if key in _OF_EVERY_LAYER or known in seen:
            continue
        seen.add(known)
        for name in ("gone", names[(number + place) % len(names)]):
            if (key, name) == ("cells", "list"):
                continue  # no file can be written with numbers for cells
            config = {**row.entry["config"], key: _VALUES[name]}
            config = {each: value for each, value in config.items() if value is not _GONE}
            yield key, name, replace(row, entry={**row.entry, "config": config})


def _outcome(row: AnyRow, spelling: str, folder: Path) -> str:
    source = written(row, spelling, folder)
    shutil.rmtree(folder / f"{source.name}.layers", ignore_errors=True)
    try:
        config, weights, changes = converted(source)
    except DeclinedError as refusal:
        return f"declined ({refusal.route}): {refusal.reason}"
    except ModelFileError as refusal:
        return f"refused: {refusal.message} | {refusal.hint}".replace(f"{folder}/", "")
    told = hashlib.sha256(json.dumps(config).encode())
    for name, array in weights.items():
        told.update(f"{name} {array.shape}".encode() + array.tobytes())
    classes = [each["class_name"] for each in config["config"]["layers"] if each["class_name"] != "InputLayer"]
    return " | ".join([", ".join(classes), ", ".join(weights), *changes, told.hexdigest()[:12]])
