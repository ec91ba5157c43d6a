"""Conversions that need no TensorFlow: numpy, h5py and JSON, loaded only when one of them runs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.base.events import Listener
    from workflow.catalogue.formats import Format
    from workflow.conversion.job import Job

Facts = dict[str, Any]


def progress(listener: Listener, total: int) -> Callable[[int], None]:
    """Return what tells a listener how many bytes of the weights are done, when it hears of some more."""
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        listener.advance("weights", done, total)

    return more


def _lazily(module: str, function: str) -> Callable[[Job], Facts]:
    """Return a function that imports its module only when it is called."""

    def convert(job: Job) -> Facts:
        facts: Facts = getattr(import_module(f"{__name__}.{module}"), function)(job)
        return facts

    return convert


EDGES: dict[tuple[Format, Format], Callable[[Job], Facts]] = {
    ("keras", "tfjs_layers_model"): _lazily("keras.to_layers", "keras_to_layers"),
    ("keras_keras", "tfjs_layers_model"): _lazily("keras.to_layers", "archive_to_layers"),
    ("tfjs_layers_model", "keras"): _lazily("keras.to_keras", "layers_to_keras"),
    ("tfjs_layers_model", "keras_keras"): _lazily("keras.to_keras", "layers_to_archive"),
    ("tfjs_layers_model", "tfjs_layers_model"): _lazily("tfjs_rewriting", "rewrite_layers_model"),
    ("tfjs_graph_model", "tfjs_graph_model"): _lazily("tfjs_rewriting", "rewrite_graph_model"),
}
"""Each writes ``job.target`` and returns facts for the record; raises ``DeclinedError`` or a ``WorkflowError``."""
