"""A model of Keras put together again of layers that TensorFlow.js computes rightly, with their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import DeclinedError
from workflow.base.records import Record
from workflow.base.wording import plural
from workflow.conversion.native.keras import masks
from workflow.conversion.native.keras.building import Builder, Tree
from workflow.models.keras.dialect import own_class
from workflow.models.keras.names import Names
from workflow.models.keras.tree import is_container, leaves

if TYPE_CHECKING:
    from workflow.conversion.native.keras.weighing import Placed
    from workflow.models.keras.file import Config, KerasFile

_SHOWN = 4  # reasons that a message repeats; further ones are counted


class Assembled(Record):
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
    notes = tuple(dict.fromkeys([*file.repairs, *tree.notes, *_renamed(file, tree)]))
    return Assembled({**config, "class_name": built.class_name, "config": built.config}, tree.placed, notes)


def _renamed(file: KerasFile, tree: Tree) -> list[str]:
    """Return a note on weights that Keras 2 named otherwise than TensorFlow.js looks for them."""
    placed = [one for found in tree.placed.values() for one in found if one.source is not None]
    pairs = [(one.source.name, one.tensor.name) for one in placed if one.source and one.source.name != one.tensor.name]
    if not pairs or not file.version.startswith("2") or not pairs[0][0]:
        return []
    old, new = pairs[0]
    return [f"{plural(len(pairs), 'weight')} named as TensorFlow.js looks for them ({old} as {new}, for one)"]


def _declined(reasons: list[str]) -> DeclinedError:
    rest = len(reasons) - _SHOWN
    more = f"; and {plural(rest, 'further reason')}" if rest > 0 else ""
    return DeclinedError("; ".join(reasons[:_SHOWN]) + more, route="graph")
