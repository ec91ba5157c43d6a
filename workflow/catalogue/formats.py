"""The formats of models, by the reference converter's own names."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal[
    "keras",
    "keras_keras",
    "keras_saved_model",
    "tf_saved_model",
    "tf_hub",
    "tf_frozen_model",
    "tfjs_layers_model",
    "tfjs_graph_model",
]
FORMATS: tuple[Format, ...] = get_args(Format)
KERAS: tuple[Format, ...] = ("keras", "keras_keras", "keras_saved_model")
TENSORFLOW: tuple[Format, ...] = ("tf_saved_model", "tf_hub", "tf_frozen_model")
PYTHON: tuple[Format, ...] = KERAS + TENSORFLOW
JAVASCRIPT: tuple[Format, ...] = ("tfjs_layers_model", "tfjs_graph_model")
