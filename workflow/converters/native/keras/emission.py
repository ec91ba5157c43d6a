"""The layers of the result, and the models that they make up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflow.converters.native.keras.tree import is_container

if TYPE_CHECKING:
    from workflow.converters.native.keras.calls import Reference
    from workflow.converters.native.keras.model import Config
    from workflow.converters.native.keras.signals import Signal


@dataclass
class Emitted:
    """One layer of the result; ``nodes`` are its calls, by the numbers that they have in the source.

    ``entry`` is the layer as it stands in the source, when nothing but its inputs may have changed.
    """

    class_name: str
    config: Config
    entry: Config | None
    nodes: dict[int, list[Reference]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the layer."""
        name: str = self.config["name"]
        return name

    def node(self, number: int) -> int:
        """Return which call this is to other layers: a model's own making counts as its first."""
        return number + is_container({"class_name": self.class_name, "config": self.config})


@dataclass(frozen=True)
class Built:
    """A model of the result: how many tensors it is given, what it gives, and whether it differs from the source."""

    class_name: str
    config: Any
    inputs: int = 0
    outputs: tuple[Signal, ...] = ()
    changed: bool = True
