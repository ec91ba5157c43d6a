"""Keras models changed before they run: cut off behind one layer, or given the weights of a layers model."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Dict, Optional

from . import keras_models, loaders
from .failure import NotRunnableError
from .runnable import Runnable

_CELL = re.compile(r"(lstm|gru|simple_rnn)_cell(_\d+)?|cell")


def load(model: Dict[str, Any], *, layer: Optional[str], weights: Optional[str]) -> Runnable:
    """Load a Keras or layers model, up to ``layer``, with the weights of the layers model at ``weights``.

    Raises ``NotRunnableError`` where there is no such layer, or where the two do not have the same weights.
    """
    import tf_keras

    whole = loaders.layers_of(model)
    if weights:
        _give(whole, weights)
    if not layer:
        return keras_models.runnable(whole)
    try:
        output = whole.get_layer(layer).get_output_at(0)
    except (ValueError, AttributeError, RuntimeError) as problem:
        raise NotRunnableError(f"there is no layer {layer} to cut the model at") from problem
    return keras_models.runnable(tf_keras.Model(whole.inputs, output))


def _give(whole: Any, path: str) -> None:
    from tensorflowjs import read_weights

    file = os.path.join(path, "model.json") if os.path.isdir(path) else path
    with open(file, encoding="utf-8") as source:
        manifest = json.load(source)["weightsManifest"]
    read = read_weights.read_weights(manifest, os.path.dirname(os.path.realpath(file)), flatten=True)
    given = {entry["name"]: entry["data"] for entry in read}
    named = {_plain(weight.name): weight for weight in whole.weights}
    given = {_plain(name): data for name, data in given.items()}
    if (
        len(named) < len(whole.weights)
        or set(named) != set(given)
        or any(tuple(named[name].shape) != given[name].shape for name in named)
    ):
        raise NotRunnableError("the weights of the two are not called or shaped alike")
    for name, weight in named.items():
        weight.assign(given[name])


def _plain(name: str) -> str:
    """Return the name of a weight without its number, and without the cell of a recurrent layer that some leave out."""
    *above, role = name.split(":", maxsplit=1)[0].split("/")
    return "/".join([*(part for part in above if not _CELL.fullmatch(part)), role])
