# mypy: ignore-errors
# runs in the converter environment
"""Run Keras files and SavedModels on given inputs, with nothing of the product: ``judge.py JOBS ANSWERS``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


def arrays(feed: Any) -> Any:
    return {name: np.asarray(one["data"], one["dtype"]).reshape(one["shape"]) for name, one in feed.items()}


def keras_file(job: Any) -> Any:
    model = tf.keras.models.load_model(job["path"], compile=False)
    names = [one.name for one in model.inputs]
    declared = [
        [[one.name, list(one.shape), one.dtype.name] for one in model.inputs],
        list(model.output_names),
    ]

    def ask(feed: Any) -> Any:
        given = model([feed[name] for name in names] if len(names) > 1 else feed[names[0]], training=False)
        return list(given) if isinstance(given, (list, tuple)) else [given]

    return declared, ask


def saved_model(job: Any) -> Any:
    model = tf.saved_model.load(job["path"])
    signature = model.signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    declared = [
        sorted([name, list(one.shape), one.dtype.name] for name, one in specs.items()),
        sorted([name, list(one.shape)] for name, one in outputs.items()),
    ]

    def ask(feed: Any) -> Any:
        by_plain = {name.partition(":")[0]: value for name, value in feed.items()}
        given = signature(**{name: tf.constant(by_plain[name.partition(":")[0]]) for name in specs})
        return [given[name] for name in sorted(given)]

    return declared, ask


def answered(job: Any) -> Any:
    declared, ask = (saved_model if job["format"] == "tf_saved_model" else keras_file)(job)
    found = []
    for feed in job["feeds"]:
        given = [one.numpy() for one in ask(arrays(feed))]
        found.append(
            [
                [list(one.shape), [value if np.isfinite(value) else str(value) for value in one.ravel().tolist()]]
                for one in given
            ]
        )
    return {"declared": declared, "answers": found}


if __name__ == "__main__":
    told = {}
    listed = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    for job in listed:
        try:
            told[job["id"]] = answered(job)
        except Exception as error:  # noqa: BLE001  a damaged file may fail in any way
            told[job["id"]] = {"error": f"{type(error).__name__}: {error}"[:200]}
        tf.keras.backend.clear_session()
    Path(sys.argv[2]).write_text(json.dumps(told), "utf-8")
