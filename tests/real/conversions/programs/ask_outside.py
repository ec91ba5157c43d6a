"""Runs outside the product: ``ask_outside.py TOLD ANSWERED`` loads models with the Keras or TensorFlow that is here.

TOLD lists pairs of a model and of a file ``{inputs: [{name, shape, dtype, data}], outputs: [{shape, data}]}``. ANSWERED
gets, by the model's path, how far its answers are from those outputs, or why there are none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np


def arrays(listed: list[dict[str, Any]], dtype: str) -> list[Any]:
    return [np.array(one["data"], one.get("dtype", dtype)).reshape(one["shape"]) for one in listed]


def of_keras(path: str, given: list[Any]) -> list[Any]:
    found = keras.models.load_model(path, compile=False)(given if len(given) > 1 else given[0], training=False)
    return [np.asarray(one) for one in (found if isinstance(found, (list, tuple)) else [found])]


def of_saved_model(path: str, given: list[Any], names: list[str]) -> list[Any]:
    import tensorflow  # noqa: ICN001, PLC0415

    signature = tensorflow.saved_model.load(path).signatures["serving_default"]
    wanted = signature.structured_input_signature[1]
    told = {
        key: tensorflow.constant(given[names.index(key) if key in names else number], spec.dtype)
        for number, (key, spec) in enumerate(wanted.items())
    }
    return [one.numpy() for one in signature(**told).values()]


def distance(found: list[Any], wanted: list[Any]) -> float:
    """Return the largest difference; a SavedModel's outputs have no order, so that each is held to the nearest."""
    left = list(found)
    worst = 0.0 if len(found) == len(wanted) else float("inf")
    for one in wanted:
        far = [float(np.abs(other - one).max()) if other.shape == one.shape else float("inf") for other in left]
        nearest = int(np.argmin(far)) if far else -1
        worst = max(worst, far[nearest] if far else float("inf"))
        if far:
            left.pop(nearest)
    return worst


answered: dict[str, Any] = {}
for model, file in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
    known = json.loads(Path(file).read_text(encoding="utf-8"))
    inputs = arrays(known["inputs"], "float32")
    try:
        if Path(model).is_dir():
            answers = of_saved_model(model, inputs, [one["name"] for one in known["inputs"]])
        else:
            answers = of_keras(model, inputs)
        answered[model] = distance(answers, arrays(known["outputs"], "float64"))
    except Exception as error:  # noqa: BLE001  whatever a file of any kind may raise
        answered[model] = f"{type(error).__name__}: {error}"[:300]
Path(sys.argv[2]).write_text(json.dumps(answered), encoding="utf-8")
