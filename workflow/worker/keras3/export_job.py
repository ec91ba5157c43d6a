"""The job ``export``: a file of Keras 3 becomes a SavedModel, which the converter environment takes from there."""

from __future__ import annotations

import os
import time
from typing import Any, Dict

from .. import foreign_code, versions
from ..failure import JobError
from ..jobs import Progress
from . import exporting, files, model_loading, notes


def export(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:
    """Load ``source`` {path, format} with Keras 3 and write a SavedModel to ``output``, a path where nothing is yet.

    Its ``custom_objects`` are Python files with the model's own classes, ``unsafe`` lets bytecode in the file run.
    Returns facts: versions, inputs and outputs in the model's order, which is also noted beside the SavedModel.
    """
    import keras

    begin = time.perf_counter()
    source, output = args["source"], args["output"]
    if os.path.lexists(output):
        raise JobError("output", f"{output} exists already")
    heading = files.read(source)
    foreign_code.require_harmless(source)  # before the user's own modules can be imported by name, which are no danger
    with foreign_code.known_classes(source) as classes:
        progress(f"loading with Keras {keras.__version__}")
        model = model_loading.load(source, classes, heading=heading)
        loaded = time.perf_counter()
        progress("exporting a SavedModel")
        names = sorted({str(layer.name) for layer in exporting.layers_of(model)})
        taking, giving = exporting.save(model, output)
    ports = {"inputs": taking.ports, "outputs": giving.ports}
    order = {side: [port.name for port in found] for side, found in ports.items()}
    notes.write(output, {**order, "structured": giving.structured, "layers": names})
    return {
        **{side: [port.described() for port in found] for side, found in ports.items()},
        "structured": giving.structured,
        "signature": exporting.SIGNATURE,
        "saved_by": heading.version,
        "parameters": int(model.count_params()),
        "versions": versions.current(),
        "seconds": {"load": loaded - begin, "export": time.perf_counter() - loaded},
    }
