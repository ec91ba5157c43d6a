"""Damages to what the tool makes: which are done to which results is drawn by a seed, what they are stands in tables.

A change that is ``harmless`` changes nothing that anybody computes; of the others, some do no harm either (a weight
behind an activation that is never reached): what judges outside the product find says it.
"""

from __future__ import annotations

import json
import shutil
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.real.verification.damaging import of_files, of_graphs, of_layers, of_weights
from tests.real.verification.damaging.stored import StoredModel
from workflow.verification.requests import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.real.verification.damaging.results import Result
    from workflow.catalogue.formats import Format

    Change = Callable[[Path, Any], bool]
    """Changes a copy of a result as a generator of numbers chooses; False where there is nothing to change so."""


@dataclass(frozen=True)
class Damage:
    """What is done to which result."""

    result: Result
    what: str
    change: Change
    is_harmless: bool
    seed: int = 0

    @property
    def name(self) -> str:
        return f"{self.result.file}: {self.what}{f' ({self.seed})' if self.seed else ''}"

    def done(self, sound: Path, folder: Path) -> Subject | None:
        """Return a damaged copy of the sound result, None where there is nothing to damage in this way."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        target = folder / sound.name
        folder.mkdir(parents=True)
        if sound.is_dir():
            shutil.copytree(sound, target)
        else:
            shutil.copy(sound, target)
        return Subject(target, self.result.format) if self.change(target, rng) else None


def _stored(change: of_weights.Change) -> Change:
    def hurt(path: Path, rng: Any) -> bool:
        model = StoredModel(path)
        done = change(model, rng)
        model.write()
        return done

    return hurt


def _layers(change: of_layers.Change) -> Change:
    return _stored(lambda model, rng: change(model.config, rng))


def _document(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Return what changes how a model.json is written, and not what it says of the model."""

    def hurt(path: Path, _: Any) -> bool:
        file = path / "model.json"
        changed = change(json.loads(file.read_text()))
        file.write_text(changed if isinstance(changed, str) else json.dumps(changed))
        return True

    return hurt


def _turned(value: Any) -> Any:
    """Return a document with the keys of what is no signature in reverse."""
    if isinstance(value, list):
        return [_turned(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: value[key] if key == "signature" else _turned(value[key]) for key in reversed(value)}


_TRAINING = {
    "loss": "mean_squared_error",
    "metrics": [],
    "optimizer_config": {"class_name": "SGD", "config": {"learning_rate": 0.1}},
}
HARMLESS_DOCUMENTS: dict[str, Change] = {
    "keys stand in reverse": _document(_turned),
    "written in lines": _document(lambda value: json.dumps(value, indent=2)),
    "made by somebody else": _document(lambda value: value | {"generatedBy": "somebody", "convertedBy": "else"}),
    "nobody says who made it": _document(
        lambda value: {key: one for key, one in value.items() if key not in ("generatedBy", "convertedBy")}
    ),
    "user's metadata": _document(lambda value: value | {"userDefinedMetadata": {"labels": ["one", "two"]}}),
    "it was made to be trained": _document(lambda value: value | {"trainingConfig": _TRAINING}),
}


def _of(changes: Mapping[str, Any], how: Callable[[Any], Change]) -> dict[str, Change]:
    return {what: how(change) for what, change in changes.items()}


DAMAGES: dict[Format, dict[str, Change]] = {
    "tfjs_layers_model": _of(of_weights.DAMAGES, _stored) | _of(of_layers.DAMAGES, _layers),
    "tfjs_graph_model": _of(of_weights.DAMAGES | of_graphs.DAMAGES, _stored),
    "keras": _of(of_files.HDF5, of_files.in_hdf5)
    | _of(of_layers.DAMAGES, lambda change: of_files.in_hdf5(of_files.of_config(change))),
    "keras_keras": _of(of_files.VALUES, of_files.in_archive)
    | _of(of_layers.DAMAGES, lambda change: of_files.in_archive(config=change)),
    "tf_saved_model": of_files.SAVED,
}
HARMLESS: dict[Format, dict[str, Change]] = {
    "tfjs_layers_model": HARMLESS_DOCUMENTS | _of(of_weights.HARMLESS, _stored) | _of(of_layers.HARMLESS, _layers),
    "tfjs_graph_model": HARMLESS_DOCUMENTS | _of(of_weights.HARMLESS | of_graphs.HARMLESS, _stored),
    "keras": _of(of_files.HARMLESS_HDF5, of_files.in_hdf5)
    | _of(of_layers.HARMLESS, lambda change: of_files.in_hdf5(of_files.of_config(change))),
    "keras_keras": of_files.HARMLESS_ARCHIVE
    | _of(of_layers.HARMLESS, lambda change: of_files.in_archive(config=change)),
    "tf_saved_model": of_files.HARMLESS_SAVED,
}


def damages(results: list[Result], *, seeds: int = 1) -> list[Damage]:
    """Return every damage there is to every result, ``seeds`` times with other targets."""
    return [
        Damage(result, what, change, tables is HARMLESS, seed)
        for seed in range(seeds)
        for result in results
        for tables in (DAMAGES, HARMLESS)
        for what, change in tables[result.format].items()
        if seed == 0 or tables is DAMAGES
    ]


def done(results: list[Result], folder: Path, *, seed: int) -> list[tuple[Damage, Subject]]:
    """Do every damage once to each kind of result (a format, in full or quantized), to which one is drawn."""
    rng = np.random.default_rng(seed)
    listed = damages([results[int(place)] for place in rng.permutation(len(results))])
    kinds: dict[tuple[Any, ...], list[Damage]] = {}
    for one in listed:
        kinds.setdefault((one.result.format, one.result.is_quantized, one.what), []).append(one)
    found = []
    for number, same in enumerate(kinds.values()):
        for place, one in enumerate(same):
            subject = one.done(folder / one.result.file, folder / f"done_{number}_{place}")
            if subject is not None:
                found.append((one, subject))
                break
    return found
