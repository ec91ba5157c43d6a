"""layers → keras and layers → keras_keras: Keras 2 files, written weight by weight."""

from __future__ import annotations

import contextlib
import json
import tempfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from workflow.converters.native import DeclinedError
from workflow.converters.native.keras.archive_layout import Counter
from workflow.converters.native.keras.keras_order import layers_in_order, weights_in_order
from workflow.converters.native.keras.layers_source import open_layers_model
from workflow.converters.native.keras.tree import inner_model, is_container, layer_name
from workflow.errors import ModelFileError
from workflow.formats.hdf5.writing import NewData, NewGroup, write_file
from workflow.formats.wording import shown
from workflow.running.storage import storing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.converters.native import Facts, NativeJob
    from workflow.converters.native.keras.layers_source import LayersModel
    from workflow.converters.native.keras.model import Config

KERAS_VERSION = "2.15.0"
"""What the reference writes: the Keras whose forms these files have."""

_BACKEND = "tensorflow"
_LONGEST_ATTRIBUTE = 64512  # bytes of a list of names; Keras splits longer ones
_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D"})
_CONTAINER_CLASS = {"Sequential": "Sequential", "Functional": "Model", "Model": "Model"}


def layers_to_keras(job: NativeJob) -> Facts:
    """Write a Keras HDF5 file of a layers model; raises as ``EDGES`` says."""
    _require_no_options(job)
    with open_layers_model(job.source) as model, storing(job.target), _refusals():
        names = _write_whole_file(model, job.target, _progress(job, model))
        return {"weights": names, "bytes": job.target.stat().st_size}


def layers_to_archive(job: NativeJob) -> Facts:
    """Write a .keras archive of a layers model; raises as ``EDGES`` says."""
    _require_no_options(job)
    with open_layers_model(job.source) as model, storing(job.target), _refusals():
        names = _write_archive(model, job.target, _progress(job, model))
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


def _require_no_options(job: NativeJob) -> None:
    if job.options:
        raise DeclinedError(f"making a Keras file natively has no option {', '.join(sorted(job.options))}")


def _write_whole_file(model: LayersModel, target: FilePath, written: Callable[[int], None]) -> int:
    config = model.config
    layers = layers_in_order(config)
    count = 0
    file = NewGroup({"keras_version": KERAS_VERSION, "backend": _BACKEND, "model_config": _json(config)})
    root = file.group("model_weights")
    _set_names(root, "layer_names", [layer_name(entry) for entry in layers])
    root.attrs |= {"backend": _BACKEND, "keras_version": KERAS_VERSION}
    for entry in layers:
        names = weights_in_order(entry, model.names)
        group = root.group(layer_name(entry))
        _set_names(group, "weight_names", [f"{name}:0" for name in names])
        for name in names:
            group.add(f"{name}:0", _data(model, name, written))
        count += len(names)
    _require_all(model, count)
    write_file(target, file)
    return count


def _data(model: LayersModel, name: str, written: Callable[[int], None]) -> NewData:
    """Return a weight to be written, whose values are read when their turn comes."""

    def blocks() -> Iterator[memoryview]:
        for block in model.blocks(name):
            written(len(block))
            yield block

    return NewData(*model.kind(name), blocks)


def _require_all(model: LayersModel, count: int) -> None:
    if count != model.count():
        raise ModelFileError(
            f"the manifest has {model.count()} weights, and the layers of the model use {count} of them",
            hint="The weights are those of another model: convert the model again.",
        )


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


def _write_archive(model: LayersModel, target: FilePath, written: Callable[[int], None]) -> int:
    config = model.config
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d@%H:%M:%S")
    count = 0
    file = NewGroup()
    file.group("vars")
    for group, name, number in _places(file, config, model):
        group.add(str(number), _data(model, name, written))
        count += 1
    _require_all(model, count)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        weights = FilePath(folder, "model.weights.h5")
        write_file(weights, file)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("metadata.json", _json({"keras_version": KERAS_VERSION, "date_saved": now}))
            archive.writestr("config.json", _json(_of_archive(config)))
            archive.write(weights, "model.weights.h5")
    return count


def _of_archive(config: Config) -> Config:
    """Return the configuration of the outermost model with the fields that tell an archive's from an older one."""
    class_name = _CONTAINER_CLASS[config["class_name"]]
    return {"module": "keras", "class_name": class_name, "config": config["config"], "registered_name": None}


def _places(group: NewGroup, container: Config, model: LayersModel) -> Iterator[tuple[NewGroup, str, int]]:
    """Make the groups of a model's layers, and yield the group, the name and the number of each weight.

    Keras 2.15 looks under ``layers``; Keras 2.12 to 2.14 elsewhere, where they count layers with weights twice:
    the same groups are linked under both names.
    """
    new, old = group.group("layers"), group.group("_layer_checkpoint_dependencies")
    count, former = Counter(), Counter()
    for entry in layers_in_order(container):
        class_name = entry["class_name"] if not is_container(entry) else _saved_class(entry)
        own = new.group(count.take(class_name))
        old.put(former.take(class_name), own)
        if weights_in_order(entry, model.names):
            former.skip(class_name)
        yield from _inside(own, entry, model)


def _saved_class(entry: Config) -> str:
    return "Sequential" if entry["class_name"] == "Sequential" else "Functional"


def _inside(group: NewGroup, entry: Config, model: LayersModel) -> Iterator[tuple[NewGroup, str, int]]:
    variables = group.group("vars")
    inner = inner_model(entry)
    if inner is entry:
        yield from _places(group, entry, model)
        return
    if inner is not None:
        held = group.group("layer")
        held.group("vars")
        yield from _places(held, inner, model)
        return
    names = [name for name, _ in model.names(entry)]
    if entry["class_name"] == "Bidirectional":
        half = len(names) // 2
        for way, own in (("forward_layer", names[:half]), ("backward_layer", names[half:])):
            yield from _numbered(_cell(group.group(way)), own)
    elif entry["class_name"] in _RECURRENT:
        yield from _numbered(group.group("cell").group("vars"), names)
    elif entry["class_name"] == "TimeDistributed":
        held = group.group("layer")
        recurrent = entry["config"]["layer"]["class_name"] in _RECURRENT
        yield from _numbered(_cell(held) if recurrent else held.group("vars"), names)
    else:
        yield from _numbered(variables, names)


def _cell(group: NewGroup) -> NewGroup:
    group.group("vars")
    return group.group("cell").group("vars")


def _numbered(group: NewGroup, names: list[str]) -> Iterator[tuple[NewGroup, str, int]]:
    for number, name in enumerate(names):
        yield group, name, number


def _json(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"the topology holds what JSON does not have: {error}", hint="It is damaged.") from error


def _progress(job: NativeJob, model: LayersModel) -> Callable[[int], None]:
    total = model.size()
    done = 0

    def written(count: int) -> None:
        nonlocal done
        done += count
        job.listener.advance("weights", done, total)

    return written
