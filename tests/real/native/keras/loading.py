"""Runs in the converter environment: loads Keras files and writes what they predict.

``python loading.py JOBS.json`` with a list of [keras or tf_keras, file, folder of inputs, .npz to write].
"""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import sys
import typing

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np


def inputs(folder: pathlib.Path) -> list[typing.Any]:
    listed = json.loads((folder / "io.json").read_text(encoding="utf-8"))["inputs"]
    return [np.fromfile(str(folder / each["file"]), each["dtype"]).reshape(each["shape"]) for each in listed]


def main(jobs: list[list[str]]) -> None:
    for library, file, folder, target in jobs:
        keras = importlib.import_module("tensorflow").keras if library == "keras" else importlib.import_module(library)
        keras.backend.clear_session()
        try:
            model = keras.models.load_model(file, compile=False)
            given = inputs(pathlib.Path(folder))
            results = model(given if len(given) > 1 else given[0], training=False)
        except Exception as error:  # noqa: BLE001  the test looks at which results are missing
            sys.stderr.write(f"{file}: {str(error)[:300]}\n")
            continue
        listed = results if isinstance(results, (list, tuple)) else [results]
        np.savez(target, *[np.asarray(value, np.float32) for value in listed])


if __name__ == "__main__":
    main(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")))
