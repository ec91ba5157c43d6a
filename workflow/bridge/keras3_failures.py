"""Failures that the worker in the environment ``keras3`` recognises; the others are in ``known_failures``."""

from __future__ import annotations

from workflow.base.errors import ConversionError, ModelFileError, WorkflowError

KINDS: dict[str, tuple[type[WorkflowError], str, str]] = {
    "later_keras": (
        ModelFileError,
        "the file is newer than the Keras that should load it: ",
        "save it with that Keras as a SavedModel (model.export(folder)) and convert this, or update tfjs-workflow",
    ),
    "keras3_declines": (
        ModelFileError,
        "Keras 3 does not load it: ",
        "load it in Python first; where that works, model.export(folder) makes a SavedModel that can be converted",
    ),
    "bytecode": (
        ModelFileError,
        "bytecode runs on the version of Python that saved it: ",
        "save it with the Python of the environment `keras3` (`env info` says which), or use layers of a class instead",
    ),
    "not_exported": (
        ConversionError,
        "the model was loaded, and cannot be made into a graph of TensorFlow: ",
        "its own layers must compute with keras.ops or TensorFlow, on tensors; the log says where it failed",
    ),
}
"""Class, words before the worker's own, hint."""
