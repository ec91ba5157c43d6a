"""A TensorFlow.js model with other weights: what tells a converter's faults from what quantizing costs.

A result with its source's weights must answer what the source does, and a source with its result's weights what the
result does, but for rounding. What is written here is run and dropped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.errors import DeclinedError, WorkflowError
from workflow.base.records import Record
from workflow.models.arrays import whole
from workflow.models.tfjs_weights import open_model
from workflow.verification import accounting, folding
from workflow.verification.weights_by_layer import model_weights, weights_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from workflow.models.tfjs_weights import StoredWeight
    from workflow.verification.named_weights import Named
    from workflow.verification.requests import Subject

    Array = NDArray[Any]
    Readers = Mapping[str, Callable[[], Array]]

_WEIGHTS = "weights.bin"
_SOURCES = frozenset({"keras", "keras_keras", "tfjs_layers_model"})


class Restored(Record):
    """A graph with its source's weights; ``lossy`` are those that stayed as they are, since it is not known what of."""

    subject: Subject
    lossy: tuple[str, ...] = ()


def with_sources_weights(result: Subject, source: Subject, *, folder: Path) -> Restored | None:
    """Write a quantized graph with what its weights were before; None where that cannot be told."""
    if result.format != "tfjs_graph_model" or source.format not in _SOURCES:
        return None
    folder.mkdir(parents=True)
    kept: dict[str, Path] = {}

    def keep(one: Named, values: Array) -> None:
        if one.quantization is not None:
            kept[one.name] = folder / f"{len(kept)}.npy"
            np.save(kept[one.name], values)

    try:
        with model_weights(source) as theirs, weights_of(result) as ours:
            forms = accounting.forms(theirs, ours)
            found = folding.compare(forms, ours, declared=theirs.configuration, in_halves=theirs.in_halves, keep=keep)
        readers = {name: lambda file=file: np.load(file) for name, file in kept.items()}
        return Restored(_written(result, readers, folder / "model"), found.lossy)
    except (DeclinedError, WorkflowError):
        return None


def with_results_weights(source: Subject, result: Subject, *, folder: Path) -> Subject | None:
    """Write a TensorFlow.js model with the weights of another one of its format; None where it has others."""
    try:
        with weights_of(source) as theirs, weights_of(result) as ours:
            if any(name not in ours or ours[name].shape != one.shape for name, one in theirs.items()):
                return None
            return _written(source, {name: ours[name].read for name in theirs}, folder)
    except (DeclinedError, WorkflowError):
        return None


def _written(subject: Subject, readers: Readers, folder: Path) -> Subject:
    """Write a model with some of its weights as ``readers`` give them, the others as they are, all in one file."""
    folder.mkdir(parents=True)
    with open_model(subject.path, "graph" if subject.format == "tfjs_graph_model" else "layers") as model:
        with (folder / _WEIGHTS).open("wb") as file:
            entries = [_one(one, readers.get(one.weight.name), file) for one in model.weights]
        document = {**model.file.document, "weightsManifest": [{"paths": [_WEIGHTS], "weights": entries}]}
    (folder / "model.json").write_text(json.dumps(document), "utf-8")
    return subject.replaced(path=folder)


def _one(one: StoredWeight, read: Callable[[], Array] | None, file: BinaryIO) -> dict[str, Any]:
    """Write one weight, and return its entry in the manifest."""
    if read is None or one.weight.dtype == "string":
        file.write(whole(one.as_stored()).tobytes())
        return dict(one.entry)
    file.write(read().tobytes())
    return {key: value for key, value in one.entry.items() if key != "quantization"}
