"""Where the weights of a layer are in model.weights.h5: under the snake-cased class and a count, not under its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.wording import shown
from workflow.models.keras import hdf5_groups
from workflow.models.keras.tree import OPERATION, Stored, entries, inner, inner_model, is_container, layer_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.models.hdf5.file_bytes import Group
    from workflow.models.keras.tree import Config, Path

_KERAS3, _KERAS2 = "layers", "_layer_checkpoint_dependencies"
_VARIABLES = "vars"
_HOLDING = ("forward_layer", "backward_layer", "cell", "layer", "cells")
_DEEPEST = 8  # groups inside the group of one layer
_AGAIN = "Save the model again with `model.save('model.keras')`."


def snake_case(name: str) -> str:
    """Return a class's name as Keras writes it in paths."""
    plain = re.sub(r"\W+", "", name)
    parted = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", plain)
    return re.sub("([a-z])([A-Z])", r"\1_\2", parted).lower()


class Counter:
    """Gives the layers of one model, in their order, the names under which an archive keeps them."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def take(self, class_name: str) -> str:
        """Return the next name for a layer of this class."""
        base = snake_case(class_name.rpartition(">")[2])
        number = self._used.get(base, -1) + 1
        self._used[base] = number
        return f"{base}_{number}" if number else base

    def skip(self, class_name: str) -> None:
        """Count a layer once more, as Keras 2 does for each layer that has weights."""
        base = snake_case(class_name.rpartition(">")[2])
        self._used[base] = self._used.get(base, -1) + 1


def layer_weights(root: Group, config: Config, *, written: Config, where: str) -> dict[Path, list[Stored]]:
    """Return the arrays of each layer by its path. ``written`` is the configuration as it stands in the archive."""
    found: dict[Path, list[Stored]] = {}
    if is_container(config):
        _Reader(where, found).model(root, config, written=written, path=())
    return found


def _saved_class(written: Config) -> str:
    """Return the class by which Keras counts a layer: what configurations call Model is a Functional to it."""
    class_name: str = written["class_name"]
    return "Functional" if class_name == "Model" and is_container(written) else class_name


class _Reader:
    def __init__(self, where: str, found: dict[Path, list[Stored]]) -> None:
        self.where = where
        self.found = found

    def model(self, group: Group | None, config: Config, *, written: Config, path: Path) -> None:
        """Note the arrays of a model's layers, which lie in one group in the order of the configuration."""
        held = hdf5_groups.child_group(group, _KERAS3, where=self.where)
        keras2 = held is None
        if held is None:
            held = hdf5_groups.child_group(group, _KERAS2, where=self.where)
        count = Counter()
        pairs = zip(entries(config, len(path)), entries(written, len(path)), strict=True)
        for entry, former in pairs:
            if entry["class_name"] == OPERATION and former["class_name"] != "TFOpLambda":
                continue  # operations of Keras 3 are no layers, and have no place
            class_name = _saved_class(former)
            name = count.take(class_name)
            own = hdf5_groups.child_group(held, name, where=self.where)
            if keras2 and own is not None and self._has_arrays(own):
                count.skip(class_name)
            self._layer(own, entry, former, path=path)

    def _layer(self, group: Group | None, entry: Config, former: Config, *, path: Path) -> None:
        name = layer_name(entry)
        here = (*path, name)
        self._require_name(group, name)
        model = inner_model(entry)
        if model is None:
            self.found[here] = list(self._arrays(group, entry))
        elif model is entry:
            self.model(group, entry, written=former, path=here)
        else:
            held = inner(former)
            inside = hdf5_groups.child_group(group, "layer", where=self.where)
            self.model(inside, model, written=held if held is not None else model, path=here)

    def _require_name(self, group: Group | None, name: str) -> None:
        """Raise when the archive itself says that these are another layer's weights (Keras 3.8 and later)."""
        variables = hdf5_groups.child_group(group, _VARIABLES, where=self.where)
        written = hdf5_groups.text(variables.attrs.get("name")) if variables is not None else None
        if written is not None and written != name:
            raise DeclinedError(
                f"the archive keeps the weights of {shown(written)} where those of {shown(name)} should be",
                route="graph",
            )

    def _arrays(self, group: Group | None, entry: Config) -> Iterator[Stored]:
        """Yield the arrays of a layer, those of what it holds after its own."""
        if group is None:
            return
        yield from self._variables(group)
        parts = ("forward_layer", "backward_layer") if entry["class_name"] == "Bidirectional" else ("cell", "layer")
        for part in parts:
            inside = hdf5_groups.child_group(group, part, where=self.where)
            if inside is not None:
                yield from self._variables(inside)
                yield from self._cells(inside, entry)
                cell = hdf5_groups.child_group(inside, "cell", where=self.where)
                if cell is not None:
                    yield from self._variables(cell)
        for name in (name for name in group if name not in (*_HOLDING, _VARIABLES)):
            yield from self._below(hdf5_groups.child_group(group, name, where=self.where))

    def _below(self, group: Group | None, depth: int = 1) -> Iterator[Stored]:
        """Yield the arrays of the layers that a layer makes for itself, as attention does, in the file's order."""
        if group is None or depth > _DEEPEST:
            return
        yield from self._variables(group)
        for name in (name for name in group if name != _VARIABLES):
            yield from self._below(hdf5_groups.child_group(group, name, where=self.where), depth + 1)

    def _cells(self, group: Group, entry: Config) -> Iterator[Stored]:
        """Yield the arrays of the cells on top of each other, from the lowest up."""
        cells = hdf5_groups.child_group(group, "cells", where=self.where)
        count = Counter()
        for cell in _listed_cells(entry) if cells is not None else ():
            inside = hdf5_groups.child_group(cells, count.take(cell), where=self.where)
            if inside is not None:
                yield from self._variables(inside)

    def _variables(self, group: Group | None) -> Iterator[Stored]:
        """Yield the arrays ``vars/0``, ``vars/1``... in the order of their numbers."""
        variables = hdf5_groups.child_group(group, _VARIABLES, where=self.where)
        if variables is None:
            return
        names = list(variables)
        if not all(name.isdecimal() and len(name) < _DEEPEST for name in names):
            raise ModelFileError(f"{self.where}: {shown(variables.name)} has weights without numbers", hint=_AGAIN)
        for name in sorted(names, key=int):
            array = hdf5_groups.stored(variables, name, where=self.where)
            yield Stored("", array.shape, array.dtype, array.data)

    def _has_arrays(self, group: Group) -> bool:
        """Whether there is any array below a group."""
        waiting = [(group, 0)]
        while waiting:
            here, depth = waiting.pop()
            variables = hdf5_groups.child_group(here, _VARIABLES, where=self.where)
            if variables is not None and len(variables):
                return True
            if depth < _DEEPEST:
                groups = [hdf5_groups.child_group(here, name, where=self.where) for name in here if name != _VARIABLES]
                waiting += [(each, depth + 1) for each in groups if each is not None]
        return False


def _listed_cells(entry: Config) -> list[str]:
    """Return the classes of the cells that an RNN has on top of each other."""
    cell = entry["config"].get("cell")
    config = cell.get("config") if isinstance(cell, dict) else None
    cells = config.get("cells") if isinstance(config, dict) else cell
    return [str(each.get("class_name")) for each in cells if isinstance(each, dict)] if isinstance(cells, list) else []
