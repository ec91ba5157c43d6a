"""Whether a file is the model that a step needs: found out on the host, without TensorFlow."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.models.containment import require_contained

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workflow.catalogue.formats import Format
    from workflow.models.summary import ModelSummary

_INSPECTORS: Mapping[Format, tuple[str, str]] = {
    "keras": ("keras.whole_file", "inspect"),
    "keras_keras": ("keras.archive", "inspect"),
    "keras_saved_model": ("tensorflow_files", "inspect_keras_saved_model"),
    "tf_saved_model": ("tensorflow_files", "inspect_saved_model"),
    "tf_hub": ("tensorflow_files", "inspect_hub"),
    "tf_frozen_model": ("tensorflow_files", "inspect_frozen_graph"),
    "tfjs_layers_model": ("tfjs_model", "inspect_layers_model"),
    "tfjs_graph_model": ("tfjs_model", "inspect_graph_model"),
}
"""The module and the function for each format; a module is imported when it is needed."""


def inspect_model(path: Path, expected: Format) -> ModelSummary:
    """Return what a model file or folder holds; raises ``ModelFileError`` unless it is a sound ``expected``.

    It is looked at first for what leads out of it and for claims that its files cannot hold (``containment``).

    A TensorFlow.js model is its model.json, or the folder with it; a TensorFlow Hub model a local folder.
    """
    module, function = _INSPECTORS[expected]
    try:
        require_contained(path, expected)
        found: ModelSummary = getattr(import_module(f"workflow.models.{module}"), function)(path)
    except OSError as error:
        place = error.filename or path
        reason = error.strerror or str(error)
        raise ModelFileError(f"{shown(str(place))} cannot be read: {reason}", hint="Check who may read it.") from error
    return found
