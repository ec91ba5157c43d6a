"""Layers models into Keras: what TensorFlow.js reads in them and Keras does not is put as Keras reads it, in a copy."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from typing import Any, Dict, FrozenSet, Iterator, List

_GRUS = frozenset(["GRU", "GRUCell"])
_CELL = re.compile(r"/(lstm|gru|simple_rnn)_cell_\d+(?=/[^/]+$)")


def load(file: str, described: Dict[str, Any]) -> Any:
    """Return the Keras model of a model.json with this content, never compiled; raises what Keras and JSON raise.

    Two things are read as TensorFlow.js reads them: a GRU that does not say so resets before the product, where the
    converter's Keras takes the other kind for granted; and the cells of recurrent layers may be numbered in the names
    of weights, as Keras 2.3 to 2.12 wrote them.
    """
    from tensorflowjs.converters import keras_tfjs_loader

    folder = os.path.dirname(os.path.realpath(file))
    if not put_as_keras_reads_it(described):
        return keras_tfjs_loader.load_keras_model(file, folder)
    with tempfile.TemporaryDirectory() as scratch:
        copy = os.path.join(scratch, "model.json")
        with open(copy, "w", encoding="utf-8") as target:
            json.dump(described, target)
        return keras_tfjs_loader.load_keras_model(copy, folder)


def put_as_keras_reads_it(described: Dict[str, Any]) -> bool:
    """Change what Keras reads otherwise; tell whether there was anything."""
    grus = [config for config in _configs(described.get("modelTopology"), _GRUS) if "reset_after" not in config]
    for config in grus:
        config["reset_after"] = False
    return bool(_name_without_cells(described) or grus)


def _configs(topology: Any, classes: FrozenSet[str]) -> Iterator[Dict[str, Any]]:
    """Yield the configurations of all layers of these classes, wherever they stand."""
    waiting = [topology]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
            config = value.get("config")
            class_name = value.get("class_name")
            if isinstance(class_name, str) and class_name in classes and isinstance(config, dict):
                yield config
        elif isinstance(value, list):
            waiting += value


def _name_without_cells(described: Dict[str, Any]) -> bool:
    """Leave numbered cells out of the names of weights, which Keras then finds by their layer; tell of changes."""
    entries = [
        weight
        for group in _listed(described.get("weightsManifest"))
        if isinstance(group, dict)
        for weight in _listed(group.get("weights"))
        if isinstance(weight, dict) and isinstance(weight.get("name"), str)
    ]
    named = [_CELL.sub("", entry["name"]) for entry in entries]
    often = Counter(named)
    changed = False
    for entry, name in zip(entries, named):
        if entry["name"] != name and often[name] == 1:
            entry["name"], changed = name, True
    return changed


def _listed(value: Any) -> List[Any]:
    return value if isinstance(value, list) else []
