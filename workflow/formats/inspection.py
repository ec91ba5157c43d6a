"""Whether a file is the model that a step needs: found out on the host, without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.errors import ModelFileError
from workflow.formats import frozen_graph, graph_model, keras_archive, keras_h5, layers_model, saved_model
from workflow.formats.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workflow.formats.summary import ModelSummary
    from workflow.recipe.model import Format

_INSPECTORS: Mapping[Format, Callable[[Path], ModelSummary]] = {
    "keras": keras_h5.inspect,
    "keras_keras": keras_archive.inspect,
    "keras_saved_model": saved_model.inspect_keras_saved_model,
    "tf_saved_model": saved_model.inspect_saved_model,
    "tf_hub": saved_model.inspect_hub,
    "tf_frozen_model": frozen_graph.inspect,
    "tfjs_layers_model": layers_model.inspect,
    "tfjs_graph_model": graph_model.inspect,
}


def inspect_model(path: Path, expected: Format) -> ModelSummary:
    """Return what a model file or folder holds; raises ``ModelFileError`` unless it is a sound ``expected``.

    A TensorFlow.js model is its model.json, or the folder with it; a TensorFlow Hub model a local folder.
    """
    try:
        return _INSPECTORS[expected](path)
    except OSError as error:
        place = error.filename or path
        reason = error.strerror or str(error)
        raise ModelFileError(f"{shown(str(place))} cannot be read: {reason}", hint="Check who may read it.") from error
