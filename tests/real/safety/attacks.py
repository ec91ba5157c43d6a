"""What an attack is: a name, the format and world it aims at, how its file is made, and what a refusal must name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.scene import Scene

LAYER = "evil_layer"
"""What the layer is called that does it; a refusal must say so."""


@dataclass(frozen=True)
class Attack:
    """One hostile model.

    ``make`` writes it below the scene's ``here`` and returns its path. ``names`` are words of which one must stand in
    the message that refuses it. ``commands`` are names of ``COMMANDS`` that it is tried with, all those of its format
    where it says none. ``harmless``: a command may also come to its end, for what the file asks for can be left undone.
    """

    name: str
    form: str
    make: Callable[[Scene], Path]
    names: tuple[str, ...] = (LAYER,)
    commands: tuple[str, ...] = ()
    harmless: bool = False

    def tried_with(self) -> tuple[str, ...]:
        return self.commands or BY_FORM[self.form]


BY_FORM: dict[str, tuple[str, ...]] = {
    "layers": (
        *("verify", "graph", "to_h5", "to_saved", "shard", "quantize", "against", "graph_reference"),
        *("to_h5_verified", "to_keras", "locate"),
    ),
    "h5": ("verify", "graph", "to_js", "against", "graph_reference", "to_js_reference", "locate", "graph_verified"),
    "keras": ("verify", "graph", "to_js", "against", "to_js_reference", "graph_verified"),
    "keras3": ("verify", "graph", "to_js", "against", "graph_verified"),
    "keras3_h5": ("verify", "graph", "to_js", "against"),
    "saved_model": ("verify", "graph", "graph_reference", "against", "graph_verified"),
    "keras_saved_model": ("to_js", "to_js_reference", "against"),
    "hub": ("hub", "hub_reference"),
    "frozen": ("graph", "frozen_reference", "against"),
    "recipe": ("check", "recipe", "plan"),
    "graph_model": ("verify", "shard", "quantize", "to_saved", "against", "shard_off"),
}
