"""The configuration of a model of the result, out of its layers and their calls; unchanged models stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.conversion.native.keras.called_layers import OUTSIDE
from workflow.conversion.native.keras.out_layers import BuiltModel, NamedLayer
from workflow.models.keras.file import InexpressibleError
from workflow.models.keras.layer_calls import SHAPES, tensor_refs
from workflow.models.keras.tree import is_container, layer_name

if TYPE_CHECKING:
    from workflow.conversion.native.keras.out_layers import GatheredModel, OutTensor
    from workflow.models.keras.file import Config
    from workflow.models.keras.layer_calls import TensorRef

_HINT = "The model's configuration is damaged: save the model again."


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
        raise ModelFileError(f"the model names a result of {shown(place[0])} that there is not", hint=_HINT)
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
        raise ModelFileError("a model has no layers", hint=_HINT)
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
