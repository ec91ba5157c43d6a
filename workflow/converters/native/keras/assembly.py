"""A model of Keras put together again of layers that TensorFlow.js computes rightly, with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.converters.native import DeclinedError
from workflow.converters.native.keras import masks
from workflow.converters.native.keras.building import Builder, Tree
from workflow.converters.native.keras.dialect import own_class
from workflow.converters.native.keras.names import Names
from workflow.converters.native.keras.tree import is_container, leaves
from workflow.formats.wording import plural

if TYPE_CHECKING:
    from workflow.converters.native.keras.model import Config, KerasFile
    from workflow.converters.native.keras.weighing import Placed

_SHOWN = 4  # reasons that a message repeats; further ones are counted


@dataclass(frozen=True)
class Assembled:
    """A configuration that TensorFlow.js can load, and its weights by the layer of the top level that they are in."""

    config: Config
    weights: dict[str, list[Placed]]
    notes: tuple[str, ...]


def assemble(file: KerasFile) -> Assembled:
    """Return the model in layers of TensorFlow.js.

    Raises ``DeclinedError`` with every layer that stands in the way, and ``ModelFileError`` for a damaged model.
    """
    config = file.config
    if not is_container(config):
        raise own_class(config)
    masked = any(masks.is_source(entry["class_name"], entry["config"]) for _, entry in leaves(config))
    tree = Tree(file.weights, Names(config), masked=masked)
    built = Builder(tree, config, ()).build()
    if tree.problems:
        raise _declined(list(tree.problems))
    notes = tuple(dict.fromkeys([*file.repairs, *tree.notes]))
    return Assembled({**config, "class_name": built.class_name, "config": built.config}, tree.placed, notes)


def _declined(reasons: list[str]) -> DeclinedError:
    rest = len(reasons) - _SHOWN
    more = f"; and {plural(rest, 'further reason')}" if rest > 0 else ""
    return DeclinedError("; ".join(reasons[:_SHOWN]) + more, route="graph")
