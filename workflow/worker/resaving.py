"""The job ``resave``: a Keras SavedModel as a Keras HDF5 file, from which our own code goes on without TensorFlow."""

from __future__ import annotations

import os
from typing import Any, Dict

from . import foreign_code, outside_ops
from .failure import JobError
from .graph.sources import refused
from .jobs import Progress

_LOADING_ERRORS = (ValueError, TypeError, AttributeError, KeyError, OSError, ImportError, NotImplementedError)


def resave(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:  # noqa: ARG001  every job takes both
    """Write ``source`` {path, format: keras_saved_model} as the .h5 file ``output``; its optimizer is left behind.

    Without it a model loads whatever optimizer it was compiled with. Raises ``JobError``.
    """
    import tf_keras

    source = args["source"]
    foreign_code.require_harmless(source)
    if not os.path.isdir(source["path"]):
        raise JobError("source", f"{source['path']} is no folder of a SavedModel")
    outside_ops.require_none_in_saved_model(source["path"], unsafe=bool(source.get("unsafe")))
    with foreign_code.known_classes(source) as known:
        try:
            model = tf_keras.models.load_model(source["path"], known, compile=False)
        except _LOADING_ERRORS as problem:
            modules = source.get("custom_objects") or ()
            raise refused(problem, source["path"], modules=modules, kind="saved_model_declined") from problem
        if not hasattr(model, "get_config") or not hasattr(model, "save"):
            raise JobError("no_layers", f"{source['path']} is a SavedModel without Keras layers")
        try:
            model.save(args["output"], save_format="h5", include_optimizer=False)
        except NotImplementedError as problem:  # a subclassed model, whose structure is its code
            raise JobError("no_layers", f"{source['path']} is a subclassed model") from problem
    return {"bytes": os.path.getsize(args["output"])}
