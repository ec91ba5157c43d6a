"""A Keras model as it lies in a file: its configuration in the words of Keras 2, and its arrays unread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.models.arrays import Array
    from workflow.models.hdf5.data import Data

Config = dict[str, Any]
Shape = tuple[int | None, ...]
"""A tensor's shape with the batch; None where it is not fixed."""

Path = tuple[str, ...]
"""The names of the models around a layer, outermost first, and its own."""

CONTAINERS = frozenset({"Sequential", "Functional", "Model"})
OPERATION = "Operation"
"""The class under which an operation without a layer (``x * 2``) stands in a configuration."""


class InexpressibleError(Exception):
    """One layer means something that no layers model can say; the text says what."""


class Stored(Record):
    """One array in a Keras file, unread; ``name`` is "" where files have none, ``dtype`` a type as numpy writes it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    data: Data

    @property
    def role(self) -> str:
        """The last part of its name: kernel, bias..."""
        return self.name.rpartition("/")[2]

    def read(self) -> Array:
        """Return all of its values."""
        return self.data.read()


class KerasFile(Record):
    """A Keras model as it lies in a file, its configuration in the words of Keras 2.

    ``weights`` holds each layer's arrays by its path, in Keras's order. ``order`` are the layers of the top level and
    ``listed`` all arrays in the file's own order, which is that of the weights in the reference converter's result;
    both are empty where files have none.
    """

    config: Config
    version: str
    backend: str | None
    training: Any
    weights: Mapping[Path, Sequence[Stored]]
    order: Sequence[str] = ()
    listed: Sequence[Stored] = ()
    repairs: tuple[str, ...] = ()
