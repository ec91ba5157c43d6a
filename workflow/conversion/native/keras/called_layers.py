"""The layers of one model of the source by their calls, and the order in which these can be expressed."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown, some
from workflow.models.keras.layers import Call, calls
from workflow.models.keras.tree import entries, inner_model, is_container, layer_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.models.keras.layers import TensorRef
    from workflow.models.keras.tree import Config, Shape

_HINT = "The model's configuration is damaged: save the model again."
OUTSIDE: TensorRef = ("", 0, 0)
"""What the first layer of a Sequential is given, when no InputLayer stands before it."""


class CalledLayer(Record):
    """One layer of a model, with its calls in order."""

    entry: Config
    name: str
    calls: tuple[Call, ...]

    @property
    def class_name(self) -> str:
        """The class of the layer."""
        name: str = self.entry["class_name"]
        return name

    def node(self, number: int) -> int:
        """Return which call of the layer this is to others: a model's own making counts as its first."""
        return number + 1 if is_container(self.entry) else number


def called_layers(container: Config, depth: int) -> list[CalledLayer]:
    """Return the layers of a model; raises ``ModelFileError`` for two of one name."""
    listed = entries(container, depth)
    found = _in_a_row(listed) if container["class_name"] == "Sequential" else _as_called(listed)
    names = [member.name for member in found]
    if len(set(names)) != len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise ModelFileError(f"two layers of a model are called {shown(double)}", hint=_HINT)
    return found


def in_order(found: list[CalledLayer]) -> Iterator[tuple[CalledLayer, int]]:
    """Yield each call after those that it depends on; raises ``ModelFileError`` for circles and unknown layers."""
    made = {(member.name, 0) for member in found if not member.calls} | {OUTSIDE[:2]}
    waiting: dict[tuple[str, int], list[tuple[CalledLayer, int]]] = defaultdict(list)
    missing: dict[tuple[str, int], int] = {}
    ready: deque[tuple[CalledLayer, int]] = deque()
    for member in found:
        for number, call in enumerate(member.calls):
            needed = {place[:2] for place in call.needs} - made
            missing[member.name, number] = len(needed)
            for place in needed:
                waiting[place].append((member, number))
            if not needed:
                ready.append((member, number))
    while ready:
        member, number = ready.popleft()
        yield member, number
        del missing[member.name, number]
        for follower, other in waiting.pop((member.name, member.node(number)), ()):
            missing[follower.name, other] -= 1
            if not missing[follower.name, other]:
                ready.append((follower, other))
    if missing:
        names = some(dict.fromkeys(shown(name) for name, _ in missing))
        raise ModelFileError(f"the layers {names} are given tensors that no layer makes", hint=_HINT)


def input_shape(container: Config, depth: int = 0) -> Shape | None:
    """Return the shape that the first layer of a Sequential says it is given, if it does."""
    config = container["config"]
    listed = entries(container, depth)
    built = config.get("build_input_shape") if isinstance(config, dict) else None
    first = listed[0] if listed else None
    if first is not None and built is None:
        model = inner_model(first)
        if model is not None and is_container(first):
            return input_shape(model, depth + 1)
        built = first["config"].get("batch_input_shape")
    if isinstance(built, list) and all(size is None or type(size) is int for size in built):
        return tuple(built)
    return None


def _as_called(listed: list[Config]) -> list[CalledLayer]:
    return [CalledLayer(entry, layer_name(entry), tuple(calls(entry))) for entry in listed]


def _in_a_row(listed: list[Config]) -> list[CalledLayer]:
    found: list[CalledLayer] = []
    for entry in listed:
        name = layer_name(entry)
        if not found and entry["class_name"] == "InputLayer":
            found.append(CalledLayer(entry, name, ()))
            continue
        before = found[-1] if found else None
        given = (before.name, before.node(0), 0) if before else OUTSIDE
        found.append(CalledLayer(entry, name, (Call((given,)),)))
    return found
