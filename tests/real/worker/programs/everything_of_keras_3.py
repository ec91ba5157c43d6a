"""The same for Keras 3, in the environment ``keras3``: ``everything_of_keras_3.py ROOT EACH FOLDER``."""

# ruff: noqa: E402  what is imported is found by the first argument

from __future__ import annotations

import inspect
import itertools
import json
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")

import keras

from workflow.worker import foreign_code
from workflow.worker.failure import JobError

EACH, FOLDER = int(sys.argv[2]), Path(sys.argv[-1])
# fmt: off
OPTIONS: dict[str, Any] = {
    "units": 2, "filters": 2, "kernel_size": 2, "rate": 0.2, "stddev": 0.1, "target_shape": [-1], "dims": [1], "n": 2,
    "size": 2, "cell": keras.layers.SimpleRNNCell(2), "cells": [keras.layers.SimpleRNNCell(2)], "activation": "relu",
    "input_dim": 9, "output_dim": 2, "factor": 0.1, "height": 4, "width": 4, "num_heads": 1, "key_dim": 2, "axes": 1,
    "num_bins": 3, "scale": 0.5, "equation": "ab,bc->ac", "output_shape": 2, "num_query_heads": 2, "head_dim": 2,
    "num_key_value_heads": 1, "layer": keras.layers.SimpleRNN(2, return_sequences=True), "num_tokens": 4,
    "bin_boundaries": [0.5], "num_bounding_boxes": 2, "max_number": 2, "value_range": (0, 1),
}
# fmt: on
SHAPES = ([4], [4, 4], [8, 8, 3], [4, 8, 8, 3], [4, 4, 8, 8, 3])
ARGUMENTS = ((), (1,), (2,), ([1],), (0.5,), ("float32",), (2, 2), ([1, 1], 1), (0, 1))


def models_of(kind: Any) -> Any:
    """Yield a model around a layer of this class, where one can be made without knowing more of it."""
    given = list(inspect.signature(kind.__init__).parameters.values())[1:]
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = [one.name for one in given if one.default is inspect.Parameter.empty and one.kind not in free]
    for shape, dtype, many in itertools.product(SHAPES, ("float32", "int32"), (1, 2)):
        taken = [keras.Input(shape, dtype=dtype) for _ in range(many)]
        try:
            made = kind(**{name: OPTIONS[name] for name in wanted})
            yield keras.Model(taken, made(taken if many > 1 else taken[0]))
        except Exception:  # noqa: BLE001, S112  not this way
            continue
        return


def calls_of(function: Any) -> Any:
    """Yield a model that calls an operation on symbolic tensors, where some arguments fit."""
    for shape, dtype in (([4, 4], "float32"), ([4], "int32"), ([8, 8, 3], "float32"), ([4, 4], "bool")):
        x = keras.Input(shape, dtype=dtype)
        for arguments in (*((x, *more) for more in (*ARGUMENTS, (x,), (x, x))), ([x, x],)):
            try:
                yield keras.Model(x, function(*arguments))
            except Exception:  # noqa: BLE001, S112  not this way
                continue
            return


def refused(model: Any) -> list[str]:
    """Return what is said against a model's file, first and while it is loaded; Keras's own trouble is not meant."""
    try:
        model.save(FOLDER / "m.keras")
    except Exception:  # noqa: BLE001  Keras does not write it
        return []
    source = {"path": str(FOLDER / "m.keras"), "format": "keras_keras"}
    said = [str(one) for one in foreign_code.beyond_the_list(source)]
    try:
        with foreign_code.known_classes(source):
            keras.saving.load_model(source["path"], compile=False)
    except JobError as problem:
        said.append(str(problem))
    except Exception:  # noqa: BLE001  as it is without the list
        return said
    return said


def main() -> None:
    """Try every EACHth layer and operation."""
    made: dict[str, list[str]] = {"layers": [], "operations": [], "wrong": []}
    kinds = {one for one in vars(keras.layers).values() if inspect.isclass(one) and issubclass(one, keras.layers.Layer)}
    functions = {name: one for name, one in vars(keras.ops).items() if inspect.isfunction(one)}
    for kind in sorted(kinds, key=lambda one: str(one.__name__))[::EACH]:
        for model in models_of(kind):
            made["layers"].append(kind.__name__)
            made["wrong"] += [f"{kind.__name__}: {said}" for said in refused(model)]
    for name in sorted(functions)[::EACH]:
        for model in calls_of(functions[name]):
            made["operations"].append(name)
            made["wrong"] += [f"{name}: {said}" for said in refused(model)]
    (FOLDER / "found.json").write_text(json.dumps(made))


main()
