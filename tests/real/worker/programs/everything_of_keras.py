"""One model for every layer and for every operation that Keras 2 takes in a functional model, against the list.

Run in the environment ``tfjs`` as ``everything_of_keras.py ROOT EACH FOLDER``: writes FOLDER/found.json with what was
made, and with what the list or the guard refuses, which must be nothing. Of layers and operations every EACHth is
tried; all of them (1) take some minutes.
"""

from __future__ import annotations

# ruff: noqa: E402, PERF203  what is imported is found by the first argument
import inspect
import itertools
import json
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")

import tensorflow as tf
import tf_keras
from tensorflow.python.util import tf_export
from tf_keras.src.layers import serialization

from workflow.worker import allow_list, config_walk, loaders
from workflow.worker.failure import JobError, NotRunnableError

FOLDER = Path(sys.argv[-1])
LISTED = allow_list.keras("keras2")
L = tf_keras.layers
# fmt: off
OPTIONS: dict[str, Any] = {
    "units": 2, "filters": 2, "kernel_size": 2, "rate": 0.2, "stddev": 0.1, "target_shape": [-1], "dims": [1], "n": 2,
    "size": 2, "cell": L.SimpleRNNCell(2), "cells": [L.SimpleRNNCell(2)], "activation": "relu", "input_dim": 9,
    "output_dim": 2, "factor": 0.1, "height": 4, "width": 4, "num_heads": 1, "key_dim": 2, "num_bins": 3, "scale": 0.5,
    "axes": 1, "equation": "ab,bc->ac", "output_shape": 2, "rank": 2, "height_factor": 0.1, "width_factor": 0.1,
    "layer": L.SimpleRNN(2, return_sequences=True), "num_tokens": 4, "bin_boundaries": [0.5], "unconditional": True,
}
# fmt: on
EACH = int(sys.argv[2])
SHAPES = ([4], [4, 3], [8, 8, 3], [4, 8, 8, 3], [4, 4, 8, 8, 3])
ARGUMENTS = ((), (1,), (2,), ([1],), (0.5,), ([[1.0]],), ("float32",), (2, 2), ([1, 1], 1), (0, 1))


def models_of(kind: Any) -> Any:
    """Yield one model around a layer of this class, where one can be made without knowing more of it."""
    given = list(inspect.signature(kind.__init__).parameters.values())[1:]
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = [one.name for one in given if one.default is inspect.Parameter.empty and one.kind not in free]
    for shape, dtype, many in itertools.product(SHAPES, ("float32", "string", "int32"), (1, 2)):
        taken = [tf_keras.Input(shape, dtype=dtype) for _ in range(many)]
        try:
            made = kind(**{name: OPTIONS[name] for name in wanted})
            model = tf_keras.Model(taken, made(taken if many > 1 else taken[0]))
        except Exception:  # noqa: BLE001, S112  not this way
            continue
        yield model
        return


def calls_of(function: Any) -> Any:
    """Yield the JSON of a model that calls a function on symbolic tensors, where some arguments fit."""
    for shape, dtype in (
        ([4, 4], "float32"),
        ([4], "int32"),
        ([4], "string"),
        ([8, 8, 3], "float32"),
        ([4, 4], "bool"),
    ):
        x = tf_keras.Input(shape, dtype=dtype)
        for arguments in (*ARGUMENTS, (x,), (x, x)):
            try:
                model = tf_keras.Model(x, function(x, *arguments))
                yield json.loads(model.to_json())
            except Exception:  # noqa: BLE001, S112  not this way
                continue
            else:
                return


def refused(path: Path, kind: str) -> str:
    try:
        loaders.layers_of({"path": str(path), "format": kind})
    except JobError as problem:
        return str(problem)
    except (NotRunnableError, Exception):  # noqa: BLE001  Keras's own trouble, as it is without the list
        return ""
    return ""


def main() -> None:
    serialization.populate_deserializable_objects()
    kinds = {
        one for one in serialization.LOCAL.ALL_OBJECTS.values() if inspect.isclass(one) and issubclass(one, L.Layer)
    }
    wrong, layers, operations = [], [], []
    for kind in sorted(kinds, key=lambda one: str(one.__name__))[::EACH]:
        for model in models_of(kind):
            layers.append(kind.__name__)
            for name, form in (("m.h5", "keras"), ("m.keras", "keras_keras")):
                try:
                    model.save(FOLDER / name)
                except Exception:  # noqa: BLE001, S112  Keras does not write it in this format
                    continue
                wrong += [f"{kind.__name__} {form}: {said}" for said in [refused(FOLDER / name, form)] if said]
        tf_keras.backend.clear_session()
    names = [
        name for name in sorted(LISTED.calls) if name[10:] not in LISTED.calls or not name.startswith("compat.v1.")
    ]
    for number, name in enumerate(names[::EACH]):
        for document in calls_of(tf_export.get_symbol_from_name(name)):
            operations.append(name)
            wrong += [f"{name}: {one}" for one in config_walk.asked(document, LISTED)]
        if number % 50 == 0:
            tf_keras.backend.clear_session()
    facts = {"layers": layers, "operations": operations, "wrong": wrong}
    (FOLDER / "found.json").write_text(json.dumps(facts))


tf.get_logger().setLevel("ERROR")
main()
