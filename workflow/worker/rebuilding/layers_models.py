"""Layers models as SavedModels: for anything that reads one, or with all that Keras needs to make layers again."""

from __future__ import annotations

from typing import Any, Callable, Dict

from ..graph import tracing
from .saving import SIGNATURE


def plain(model: Any, folder: str) -> None:
    """Write variables and one signature, ports named as Keras names them; the model's layers are not kept."""
    import tensorflow as tf

    traced = tracing.trace(model)
    module = tf.Module()
    module.weights = list(model.variables)
    tf.saved_model.save(module, folder, signatures={SIGNATURE: traced.function})


def keras(model: Any, folder: str) -> None:
    """Write what tf_keras.models.load_model makes the same layers of; its signature has Keras's own names."""
    model.save(folder, save_format="tf", include_optimizer=False)


WRITERS: Dict[str, Callable[[Any, str], None]] = {"tf_saved_model": plain, "keras_saved_model": keras}
