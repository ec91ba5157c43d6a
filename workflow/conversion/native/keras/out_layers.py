"""What the result is made of: its layers under their names, the tensors between them, their weights, and its models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.conversion.native.keras.masks import NONE, Masks
from workflow.models.keras.tree import is_container, leaves, valid_name
from workflow.models.tensors import Tensor, is_stored_as, manifest_dtype

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workflow.conversion.native.keras.called_layers import CalledLayer
    from workflow.conversion.native.keras.expressions import LayerWeight
    from workflow.models.keras.file import Config, InexpressibleError, Path, Shape, Stored
    from workflow.models.keras.layer_calls import TensorRef
    from workflow.models.keras.variables import Variable

_HINT = "The file is damaged, or its weights are of another model than its configuration."
_FLOAT = "float32"  # what all weights of layers are in TensorFlow.js


class OutTensor(Record):
    """One tensor of the result: where it comes from, its shape as far as known, and its masks."""

    place: TensorRef
    shape: Shape | None
    masks: Masks = NONE
    lost: bool = False
    """Whether a layer that cannot be expressed should have made it."""
    steps: str | None = None
    """The mask that it is, when it is one; such tensors are not part of the result."""


class NamedLayer:
    """One layer of the result; ``nodes`` are its calls, by the numbers that they have in the source.

    ``entry`` is the layer as it stands in the source, when nothing but its inputs may have changed.
    """

    def __init__(self, class_name: str, config: Config, *, entry: Config | None = None) -> None:
        self.class_name = class_name
        self.config = config
        self.entry = entry
        self.nodes: dict[int, list[TensorRef]] = {}

    @property
    def name(self) -> str:
        """The name of the layer."""
        name: str = self.config["name"]
        return name

    def node(self, number: int) -> int:
        """Return which call this is to other layers: a model's own making counts as its first."""
        return number + is_container({"class_name": self.class_name, "config": self.config})


class BuiltModel(Record):
    """A model of the result: how many tensors it is given, what it gives, and whether it differs from the source."""

    class_name: str
    config: Any
    inputs: int = 0
    outputs: tuple[OutTensor, ...] = ()
    changed: bool = True


class Tree:
    """What the models of one file, inside each other, share while they are put together."""

    def __init__(self, weights: Mapping[Path, Sequence[Stored]], names: LayerNames, *, masked: bool) -> None:
        self.weights = weights
        self.names = names
        self.masked = masked
        self.placed: dict[str, list[OutWeight]] = {}
        self.notes: list[str] = []
        self.problems: dict[str, None] = {}

    def problem(self, error: InexpressibleError) -> None:
        """Note why the model is declined; all reasons are told together."""
        self.problems.setdefault(str(error))


class GatheredModel:
    """One model of the result before it is wired: its layers by those of the source, and the tensors that these give.

    ``container`` is the model in the source, ``path`` where it is there, ``members`` are its layers by their calls.
    """

    def __init__(self, tree: Tree, container: Config, path: Path, *, members: Sequence[CalledLayer]) -> None:
        self.tree = tree
        self.container = container
        self.path = path
        self.members = members
        self.tensors: dict[TensorRef, OutTensor] = {}
        self.layers: dict[str, list[NamedLayer]] = {}
        self._taken = {member.name for member in members}

    def named(self, wanted: str, *, owner: str = "", weighted: bool = False) -> str:
        """Return the name for a layer, which is taken then: one that is free, unless it is its owner's own."""
        taken = self._taken - {owner} if wanted == owner else self._taken
        name = self.tree.names.chosen(wanted, self.path, taken=taken, weighted=weighted)
        self._taken.add(name)
        return name

    def apart(self, places: Iterable[tuple[TensorRef, str]]) -> list[TensorRef]:
        """Return the places of tensors that are given at once, each with a layer's name: each of them once.

        TensorFlow.js confuses tensors that are given twice, so a second one gets another name.
        """
        found: list[TensorRef] = []
        for place, owner in places:
            found.append(self._alias(place, owner) if place in found else place)
        return found

    def _alias(self, place: TensorRef, owner: str) -> TensorRef:
        name = self.named(f"{place[0]}_again")
        config = {"name": name, "trainable": True, "dtype": "float32", "activation": "linear"}
        self.tree.notes.append(f"{name}: a second name for {place[0]}, which is used twice at once")
        again = NamedLayer("Activation", config)
        again.nodes[0] = [place]
        self.layers[owner].append(again)
        return name, 0, 0


class LayerNames:
    """The names of all layers with weights in a tree of models, each of which may be there once.

    Outer layers keep theirs before inner ones, as users know them.
    """

    def __init__(self, config: Config) -> None:
        ranked = sorted(leaves(config), key=lambda found: len(found[0]))
        self._owners: dict[str, Path] = {}
        for path, _ in ranked:
            self._owners.setdefault(valid_name(path[-1]), path)

    def chosen(self, wanted: str, path: Path, *, taken: Iterable[str], weighted: bool) -> str:
        """Return the name for a layer of the model at ``path``; ``taken`` are those of its neighbours.

        A layer with weights, unless it is the one that owns the name, gets a name that no layer in the tree has.
        """
        neighbours = set(taken)
        name = valid_name(wanted)
        here = (*path, wanted)
        if name not in neighbours and (not weighted or self._owners.setdefault(name, here) == here):
            return name
        number = 1
        while f"{name}_{number}" in neighbours or f"{name}_{number}" in self._owners:
            number += 1
        self._owners[f"{name}_{number}"] = here
        return f"{name}_{number}"


class OutWeight(Record):
    """One weight of the result, and the array of the source that it is or is made of."""

    tensor: Tensor
    source: Stored | None


def out_weights(layer: str, weights: Sequence[LayerWeight], *, variables: Sequence[Variable]) -> Iterator[OutWeight]:
    """Yield the weights of a layer; raises ``ModelFileError`` when their shapes are not those of the layer."""
    expected = {variable.role: variable.shape for variable in variables}
    for weight in weights:
        name = f"{layer}/{weight.role}"
        wanted = expected.get(weight.role)
        if wanted is not None and not _fits(weight.shape, wanted):
            raise ModelFileError(
                f"the weight {shown(name)} has the shape {weight.shape}, and its layer needs {_open(wanted)}",
                hint=_HINT,
            )
        yield OutWeight(_tensor(weight, name), weight.source)


def found_by(stored: str, name: str) -> bool:
    """Whether TensorFlow.js finds the weight ``name`` when it is stored under another name.

    It looks for the full name, and then for the name without its last weight but one.
    """
    parts = stored.split("/")
    return stored == name or "/".join([*parts[:-2], parts[-1]]) == name


def _tensor(weight: LayerWeight, name: str) -> Tensor:
    source = weight.source
    own = source.name if source and found_by(source.name, name) and source.shape == weight.shape else name
    is_float = source is None or manifest_dtype(source.dtype, name) == _FLOAT
    if source is not None and weight.compute is None and is_stored_as(source.dtype, _FLOAT):
        return Tensor(own, weight.shape, _FLOAT, lambda: source.data.blocks)
    from workflow.models.arrays import of_array  # noqa: PLC0415  brings numpy, which copies do not need

    read = weight.read if is_float else lambda: weight.read().astype(_FLOAT)
    return of_array(own, weight.shape, dtype=_FLOAT, read=read)


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        want is None or want == size for size, want in zip(shape, wanted, strict=True)
    )


def _open(shape: Shape) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in shape)})"
