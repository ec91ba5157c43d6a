"""The .keras archive of Keras 2, with its weights where Keras 2.12 to 2.15 look for them, and that of Keras 3."""

from __future__ import annotations

import tempfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from workflow.conversion.native.keras.keras3_words import in_keras3_words
from workflow.conversion.native.keras.keras_order import layers_in_order, weights_in_order
from workflow.models.hdf5.file_writing import NewGroup, write_file
from workflow.models.keras.archive_layout import Counter
from workflow.models.keras.tree import KERAS3_VERSION, KERAS_VERSION, as_json, entries, inner_model, is_container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.conversion.native.keras.layers_source import LayersModel
    from workflow.models.keras.tree import Config

_RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D"})
_CONTAINER_CLASS = {"Sequential": "Sequential", "Functional": "Model", "Model": "Model"}


def write_archive(
    model: LayersModel, target: FilePath, *, written: Callable[[int], None], for_keras3: bool = False
) -> int:
    """Write a .keras archive, and return how many weights are in it; raises as ``write_file`` does.

    With ``for_keras3`` it is in the words of Keras 3; raises as ``in_keras3_words`` does.
    """
    config = model.config
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d@%H:%M:%S")
    count = 0
    said = _ordered(config)
    version, said = (KERAS3_VERSION, in_keras3_words(said)) if for_keras3 else (KERAS_VERSION, said)
    file = NewGroup()
    file.group("vars")
    for group, name, number in _places(file, config, model):
        group.add(str(number), model.data(name, written))
        count += 1
    model.require_all(count)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        weights = FilePath(folder, "model.weights.h5")
        write_file(weights, file)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("metadata.json", as_json({"keras_version": version, "date_saved": now}))
            archive.writestr("config.json", as_json(_of_archive(said)))
            archive.write(weights, "model.weights.h5")
    return count


def _of_archive(config: Config) -> Config:
    """Return the configuration of the outermost model with the fields that tell an archive's from an older one."""
    class_name = _CONTAINER_CLASS[config["class_name"]]
    return {"module": "keras", "class_name": class_name, "config": config["config"], "registered_name": None}


def _ordered(container: Config) -> Config:
    """Return a model with its layers as Keras lists them, by which readers of archives count the weights' places.

    Keras finds the order itself, from whatever order they stand in; others take them as they stand.
    """
    config = container["config"]
    if not isinstance(config, dict):
        return container
    first = layers_in_order(container)
    met = {id(entry) for entry in first}
    listed = [*first, *(entry for entry in entries(container) if id(entry) not in met)]
    return {**container, "config": {**config, "layers": [_ordered_inside(entry) for entry in listed]}}


def _ordered_inside(entry: Config) -> Config:
    model = inner_model(entry)
    if model is None:
        return entry
    return _ordered(entry) if model is entry else {**entry, "config": {**entry["config"], "layer": _ordered(model)}}


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
