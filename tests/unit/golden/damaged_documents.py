"""Models of TensorFlow.js with one value of their model.json gone or replaced, and what is said of each.

Every value of two sound models has its turn. Where an inspection lets the model pass, it is compared with the sound
one as ``verify --quick`` does: the sentences of the first three levels are told, too.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from tests.fuzzing import models
from workflow.base.errors import ModelFileError
from workflow.models.inspection import inspect_model
from workflow.recipe.recipes import Verification
from workflow.verification.levels import Case, verify
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.catalogue.formats import Format
    from workflow.models.summary import ModelSummary

FILE = "damaged_documents.json"
_GONE = object()
_VALUES = {"gone": _GONE, "null": None, "-1": -1, "text": "x", "list": [], "object": {}, "large": 2**60}
_SETTINGS = Verification(enabled=False)


class _NoBench:
    """The first three levels run nothing."""


def all_outcomes(scratch: Path) -> dict[str, Any]:
    """Return for every place in both documents what is said of each value there; values of one outcome together."""
    layers, graph = models.layers(scratch / "layers"), models.graph(scratch / "graph")
    return {"layers": _outcomes(layers, "tfjs_layers_model"), "graph": _outcomes(graph, "tfjs_graph_model")}


def _outcomes(folder: Path, kind: Format) -> dict[str, Any]:
    sound = Subject(folder, kind)
    file = folder / "model.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    facts = _facts(inspect_model(folder, kind))
    found: dict[str, Any] = {"(sound)": facts}
    copied = folder.with_name(f"damaged {folder.name}")
    copied.mkdir()
    for shard in folder.glob("*.bin"):
        (copied / shard.name).write_bytes(shard.read_bytes())
    for keys in places(document, ()):
        by_outcome: dict[str, list[str]] = {}
        for name, value in _VALUES.items():
            damaged = with_value(document, keys, value)
            if damaged != document:
                (copied / "model.json").write_text(json.dumps(damaged), encoding="utf-8")
                by_outcome.setdefault(_outcome(Subject(copied, kind), sound, facts), []).append(name)
        found[" > ".join(map(str, keys))] = {", ".join(names): said for said, names in by_outcome.items()}
    return found


def places(value: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Yield the keys to every value, an object before what is in it."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*keys, key)
        yield from places(inner, (*keys, key))


def with_value(document: Any, keys: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    inner = changed
    for key in keys[:-1]:
        inner = inner[key]
    if value is _GONE:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    return changed


def _outcome(damaged: Subject, sound: Subject, facts: dict[str, str]) -> str:
    try:
        summary = inspect_model(damaged.path, damaged.format)
    except ModelFileError as refusal:
        return _plain(f"refused: {refusal.message} | {refusal.hint}{_details(refusal)}", damaged.path)
    report = verify(Case(damaged, sound, _SETTINGS, damaged.path), _NoBench())  # type: ignore[arg-type]
    said = [
        f"{level.level} {level.status}: {' / '.join([*(one.text for one in level.findings), *level.remarks])}"
        for level in report.levels
        if level.findings or level.remarks
    ]
    others = [f"{key}: {value}" for key, value in _facts(summary).items() if facts.get(key) != value]
    return _plain("; ".join([*(said or ["passes"]), *others]), damaged.path)


def _details(refusal: ModelFileError) -> str:
    return f" | {refusal.details}" if refusal.details else ""


def _facts(summary: ModelSummary) -> dict[str, str]:
    """Return what an inspection tells, but the bytes, which are the damage's."""
    told = {"files": len(summary.files), **summary.details, "warnings": summary.warnings}
    return {key: json.dumps(value, default=str) for key, value in told.items()}


def _plain(text: str, folder: Path) -> str:
    return text.replace(f"{folder}/", "").replace(str(folder), "FOLDER").replace(str(folder.parent), "..")
