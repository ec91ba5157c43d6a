"""The layers of the result, and the models that they make up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.models.keras.tree import is_container

if TYPE_CHECKING:
    from workflow.conversion.native.keras.signals import Signal
    from workflow.models.keras.calls import Reference
    from workflow.models.keras.file import Config


class Emitted:
    """One layer of the result; ``nodes`` are its calls, by the numbers that they have in the source.

    ``entry`` is the layer as it stands in the source, when nothing but its inputs may have changed.
    """

    def __init__(self, class_name: str, config: Config, *, entry: Config | None = None) -> None:
        self.class_name = class_name
        self.config = config
        self.entry = entry
        self.nodes: dict[int, list[Reference]] = {}

    @property
    def name(self) -> str:
        """The name of the layer."""
        name: str = self.config["name"]
        return name

    def node(self, number: int) -> int:
        """Return which call this is to other layers: a model's own making counts as its first."""
        return number + is_container({"class_name": self.class_name, "config": self.config})


class Built(Record):
    """A model of the result: how many tensors it is given, what it gives, and whether it differs from the source."""

    class_name: str
    config: Any
    inputs: int = 0
    outputs: tuple[Signal, ...] = ()
    changed: bool = True
