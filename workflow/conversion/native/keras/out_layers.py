"""What the result is made of: its layers under their names, tensors and weights, and configurations of its models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown
from workflow.conversion.native.keras.called_layers import OUTSIDE
from workflow.conversion.native.keras.masks import NONE, Masks, passing
from workflow.models.keras.layers import SHAPES, tensor_refs
from workflow.models.keras.shapes import fits, in_words
from workflow.models.keras.tree import InexpressibleError, is_container, layer_name, leaves, valid_name
from workflow.models.tensors import Tensor, is_stored_as, manifest_dtype

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workflow.conversion.native.keras.called_layers import CalledLayer
    from workflow.conversion.native.keras.expressions import LayerWeight
    from workflow.models.keras.layers import TensorRef, Variable
    from workflow.models.keras.tree import Config, Path, Shape, Stored

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

    def __init__(
        self, weights: Mapping[Path, Sequence[Stored]], names: LayerNames, *, masked: bool, version: str
    ) -> None:
        self.weights = weights
        self.names = names
        self.masked = masked
        self.passed = passing(version)
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
        if wanted is not None and not fits(weight.shape, wanted):
            raise ModelFileError(
                f"the weight {shown(name)} has the shape {weight.shape}, and its layer needs {in_words(wanted)}",
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


_WIRING_HINT = "The model's configuration is damaged: save the model again."


def wired(model: GatheredModel) -> BuiltModel:
    """Return a model whose layers have been gathered; raises ``ModelFileError`` for one without results."""
    return _row(model) if model.container["class_name"] == "Sequential" else _graph(model)


def _graph(model: GatheredModel) -> BuiltModel:
    config = model.container["config"]
    given = tensor_refs(config.get("input_layers"))
    outputs = [_result(model, place) for place in tensor_refs(config.get("output_layers"))]
    owners = [place[0] for place in tensor_refs(config.get("output_layers"))]
    places = model.apart((tensor.place, owner) for tensor, owner in zip(outputs, owners, strict=True))
    layers, same = _layers(model)
    inputs = [list(_result(model, place).place) for place in given]
    ends = {"input_layers": inputs, "output_layers": [list(place) for place in places]}
    unchanged = same and all(config.get(key) == value for key, value in ends.items())
    if any(config.get(key) != value for key, value in ends.items()) and same:
        model.tree.notes.append(
            f"{_name(model)}: inputs and outputs are listed, in the order of their names if they had any"
        )
    result = config if unchanged else {**config, "layers": layers, **ends}
    class_name = model.container["class_name"]
    return BuiltModel(class_name, result, len(inputs), tuple(outputs), changed=not unchanged)


def _result(model: GatheredModel, place: TensorRef) -> OutTensor:
    tensor = model.tensors.get(place)
    if tensor is None:
        raise ModelFileError(f"the model names a result of {shown(place[0])} that there is not", hint=_WIRING_HINT)
    return tensor


def _layers(model: GatheredModel) -> tuple[list[Config], bool]:
    """Return the entries of all layers, and whether all are as they were."""
    entries: list[Config] = []
    same = True
    for member in model.members:
        found = model.layers.get(member.name, ())
        same = same and bool(found) and SHAPES not in member.entry
        told = any(call.arguments for call in member.calls)
        for named in found:
            nodes = [named.nodes[number] for number in sorted(named.nodes)]
            former = [list(call.inputs) for call in member.calls]
            if named.entry is not None and nodes == former and not told:
                entries.append({key: value for key, value in named.entry.items() if key != SHAPES})
                continue
            same = False
            entries.append(_entry(named, nodes))
    return entries, same


def _entry(named: NamedLayer, nodes: list[list[TensorRef]]) -> Config:
    calls = [[[*place, {}] for place in node] for node in nodes]
    if named.entry is not None:
        kept = {key: value for key, value in named.entry.items() if key != SHAPES}
        return {**kept, "inbound_nodes": calls}
    return {
        "class_name": named.class_name,
        "config": named.config,
        "name": named.name,
        "inbound_nodes": calls,
    }


def _row(model: GatheredModel) -> BuiltModel:
    """Return a Sequential, or a Functional where its layers are no longer a row."""
    if not model.members:
        raise ModelFileError("a model has no layers", hint=_WIRING_HINT)
    last = model.members[-1]
    output = _result(model, (last.name, last.node(0) if last.calls else 0, 0))
    found = [named for member in model.members for named in model.layers[member.name]]
    config = model.container["config"]
    if not _is_row(found):
        return _row_as_graph(model, found, output)
    layers = [_plain_entry(named) for named in found]
    layers[0] = _with_input(model, found[0], layers[0])
    if isinstance(config, dict) and layers == config["layers"]:
        return BuiltModel("Sequential", config, 1, (output,), changed=False)
    if not isinstance(config, dict):
        if layers == config:
            return BuiltModel("Sequential", config, 1, (output,), changed=False)
        config = {"name": _name(model)}
    kept = {key: value for key, value in config.items() if key != "build_input_shape"}
    return BuiltModel("Sequential", {**kept, "layers": layers}, 1, (output,))


def _is_row(found: list[NamedLayer]) -> bool:
    """Whether each layer is given the one result of the layer before it, and nothing else."""
    before: TensorRef | None = None
    for named in found:
        given = [OUTSIDE] if before is None else [before]
        if named.nodes and named.nodes != {0: given}:
            return False
        before = (named.name, named.node(0), 0)
    return True


def _plain_entry(named: NamedLayer) -> Config:
    if named.entry is not None:
        return named.entry
    return {"class_name": named.class_name, "config": named.config}


def _with_input(model: GatheredModel, first: NamedLayer, entry: Config) -> Config:
    """Return the entry of the first layer, which has to say what the model is given."""
    if first.class_name == "InputLayer" or is_container(entry) or "batch_input_shape" in entry["config"]:
        return entry
    shape = model.tensors[OUTSIDE].shape
    if shape is None:
        _refuse(model)
    model.tree.notes.append(f"{_name(model)}: the shape that it is given is written into its first layer")
    config = {**entry["config"], "batch_input_shape": list(shape or ()), "dtype": _dtype(model)}
    return {**entry, "config": config}


def _row_as_graph(model: GatheredModel, found: list[NamedLayer], output: OutTensor) -> BuiltModel:
    model.tree.notes.append(f"{_name(model)}: the row of layers became a graph")
    shape = model.tensors[OUTSIDE].shape
    begin: TensorRef = (found[0].name, 0, 0)
    layers: list[Config] = []
    if found[0].class_name != "InputLayer":
        if shape is None:
            _refuse(model)
        name = f"{_name(model)}_input"
        begin = (name, 0, 0)
        config = {"batch_input_shape": list(shape or ()), "dtype": _dtype(model), "sparse": False, "name": name}
        layers.append({"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []})
    for named in found:
        nodes = [[begin if place == OUTSIDE else place for place in node] for _, node in sorted(named.nodes.items())]
        layers.append(_entry(NamedLayer(named.class_name, named.config), nodes))
    source = model.container["config"]
    kept = {key: source[key] for key in ("name", "trainable") if key in source} if isinstance(source, dict) else {}
    ends = {"input_layers": [list(begin)], "output_layers": [list(output.place)]}
    return BuiltModel("Functional", {"name": _name(model), **kept, "layers": layers, **ends}, 1, (output,))


def _refuse(model: GatheredModel) -> None:
    model.tree.problem(
        InexpressibleError(f"the model {shown(_name(model))} was saved without the shape that it is given")
    )


def _name(model: GatheredModel) -> str:
    config = model.container["config"]
    if isinstance(config, dict) and "name" not in config:
        return model.path[-1] if model.path else "sequential"
    return layer_name(model.container) if isinstance(config, dict) else "sequential"


def _dtype(model: GatheredModel) -> Any:
    """Return the dtype of what a Sequential without InputLayer is given: the one that its first layer names."""
    dtype = model.members[0].entry["config"].get("dtype") if model.members else None
    return dtype if dtype in ("int32", "bool") else "float32"
