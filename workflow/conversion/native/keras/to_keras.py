"""layers → keras and layers → keras_keras: Keras 2 files, written weight by weight."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.storage import storing
from workflow.base.wording import shown
from workflow.conversion.native import progress
from workflow.conversion.native.keras.keras_order import layers_in_order, weights_in_order
from workflow.conversion.native.keras.layers_source import open_layers_model
from workflow.models.hdf5.file_writing import NewGroup, write_file
from workflow.models.keras.tree import KERAS_VERSION, as_json, layer_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path as FilePath

    from workflow.conversion.job import Job
    from workflow.conversion.native import Facts
    from workflow.conversion.native.keras.layers_source import LayersModel

_FOR_KERAS_3 = "for_keras3"
_BACKEND = "tensorflow"
_LONGEST_ATTRIBUTE = 64512  # bytes of a list of names; Keras splits longer ones


def layers_to_keras(job: Job) -> Facts:
    """Write a Keras HDF5 file of a layers model; raises as ``EDGES`` says."""
    _require_no_options(job)
    with open_layers_model(job.source) as model, storing(job.target), _refusals():
        names = _write_whole_file(model, job.target, progress(job.listener, model.size()))
        return {"weights": names, "bytes": job.target.stat().st_size}


def layers_to_archive(job: Job) -> Facts:
    """Write a .keras archive of a layers model; raises as ``EDGES`` says."""
    from workflow.conversion.native.keras.archive_writing import write_archive  # noqa: PLC0415  one of two targets

    _require_no_options(job, _FOR_KERAS_3)
    chosen = bool(job.options.get(_FOR_KERAS_3))
    with open_layers_model(job.source) as model, storing(job.target), _refusals():
        written = progress(job.listener, model.size())
        names = write_archive(model, job.target, written=written, for_keras3=chosen)
        return {"weights": names, "bytes": job.target.stat().st_size}


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Turn what HDF5 cannot hold, as two weights of one name, into ``ModelFileError``."""
    try:
        yield
    except ValueError as error:
        raise ModelFileError(
            f"the model cannot be written as HDF5: {shown(str(error))}",
            hint="Its topology or its manifest is damaged: convert the model again.",
        ) from error


def _require_no_options(job: Job, *understood: str) -> None:
    strange = sorted(set(job.options) - {"unsafe", *understood})  # nothing is run here
    if strange:
        raise DeclinedError(f"making a Keras file natively has no option {', '.join(strange)}")


def _write_whole_file(model: LayersModel, target: FilePath, written: Callable[[int], None]) -> int:
    config = model.config
    layers = layers_in_order(config)
    count = 0
    file = NewGroup({"keras_version": KERAS_VERSION, "backend": _BACKEND, "model_config": as_json(config)})
    root = file.group("model_weights")
    _set_names(root, "layer_names", [layer_name(entry) for entry in layers])
    root.attrs |= {"backend": _BACKEND, "keras_version": KERAS_VERSION}
    for entry in layers:
        names = weights_in_order(entry, model.names)
        group = root.group(layer_name(entry))
        _set_names(group, "weight_names", [f"{name}:0" for name in names])
        for name in names:
            group.add(f"{name}:0", model.data(name, written))
        count += len(names)
    model.require_all(count)
    write_file(target, file)
    return count


def _set_names(group: NewGroup, key: str, names: list[str]) -> None:
    """Note a list of names as Keras does, in as many parts as it takes."""
    raw = [name.encode() for name in names]
    width = max(map(len, raw), default=1)
    most = max(_LONGEST_ATTRIBUTE // max(width, 1), 1)
    if len(raw) <= most:
        group.attrs[key] = raw
        return
    parts = -(-len(raw) // most)
    most = -(-len(raw) // parts)
    for number in range(parts):
        group.attrs[f"{key}{number}"] = raw[number * most : (number + 1) * most]
