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
    "keras": ("keras_h5", "inspect"),
    "keras_keras": ("keras_archive", "inspect"),
    "keras_saved_model": ("saved_model", "inspect_keras_saved_model"),
    "tf_saved_model": ("saved_model", "inspect_saved_model"),
    "tf_hub": ("saved_model", "inspect_hub"),
    "tf_frozen_model": ("frozen_graph", "inspect"),
    "tfjs_layers_model": ("layers_model", "inspect"),
    "tfjs_graph_model": ("graph_model", "inspect"),
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
