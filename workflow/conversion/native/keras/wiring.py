"""The configuration of a model of the result, out of its layers and their calls; unchanged models stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.conversion.native.keras.emission import Built, Emitted
from workflow.conversion.native.keras.signals import OUTSIDE
from workflow.models.keras.calls import SHAPES, references
from workflow.models.keras.file import InexpressibleError
from workflow.models.keras.tree import is_container, layer_name

if TYPE_CHECKING:
    from workflow.conversion.native.keras.building import Builder
    from workflow.conversion.native.keras.signals import Signal
    from workflow.models.keras.calls import Reference
    from workflow.models.keras.file import Config

_HINT = "The model's configuration is damaged: save the model again."


def wired(builder: Builder) -> Built:
    """Return the model that a builder has gathered; raises ``ModelFileError`` for one without results."""
    return _row(builder) if builder.container["class_name"] == "Sequential" else _graph(builder)


def _graph(builder: Builder) -> Built:
    config = builder.container["config"]
    given = references(config.get("input_layers"))
    outputs = [_result(builder, place) for place in references(config.get("output_layers"))]
    owners = [place[0] for place in references(config.get("output_layers"))]
    places = _apart(builder, [(signal.place, owner) for signal, owner in zip(outputs, owners, strict=True)])
    layers, same = _layers(builder)
    inputs = [list(_result(builder, place).place) for place in given]
    ends = {"input_layers": inputs, "output_layers": [list(place) for place in places]}
    unchanged = same and all(config.get(key) == value for key, value in ends.items())
    if any(config.get(key) != value for key, value in ends.items()) and same:
        builder.tree.notes.append(
            f"{_name(builder)}: inputs and outputs are listed, in the order of their names if they had any"
        )
    result = config if unchanged else {**config, "layers": layers, **ends}
    class_name = builder.container["class_name"]
    return Built(class_name, result, len(inputs), tuple(outputs), changed=not unchanged)


def _result(builder: Builder, place: Reference) -> Signal:
    signal = builder.signals.get(place)
    if signal is None:
        raise ModelFileError(f"the model names a result of {shown(place[0])} that there is not", hint=_HINT)
    return signal


def _apart(builder: Builder, found: list[tuple[Reference, str]]) -> list[Reference]:
    """Return the results of a model, each of them once: a second name for what is given twice."""
    places: list[Reference] = []
    for place, owner in found:
        places.append(builder.alias(place, owner) if place in places else place)
    return places


def _layers(builder: Builder) -> tuple[list[Config], bool]:
    """Return the entries of all layers, and whether all are as they were."""
    entries: list[Config] = []
    same = True
    for member in builder.members:
        found = builder.emitted.get(member.name, ())
        same = same and bool(found) and SHAPES not in member.entry
        told = any(call.arguments for call in member.calls)
        for emitted in found:
            nodes = [emitted.nodes[number] for number in sorted(emitted.nodes)]
            former = [list(call.inputs) for call in member.calls]
            if emitted.entry is not None and nodes == former and not told:
                entries.append({key: value for key, value in emitted.entry.items() if key != SHAPES})
                continue
            same = False
            entries.append(_entry(emitted, nodes))
    return entries, same


def _entry(emitted: Emitted, nodes: list[list[Reference]]) -> Config:
    calls = [[[*place, {}] for place in node] for node in nodes]
    if emitted.entry is not None:
        kept = {key: value for key, value in emitted.entry.items() if key != SHAPES}
        return {**kept, "inbound_nodes": calls}
    return {
        "class_name": emitted.class_name,
        "config": emitted.config,
        "name": emitted.name,
        "inbound_nodes": calls,
    }


def _row(builder: Builder) -> Built:
    """Return a Sequential, or a Functional where its layers are no longer a row."""
    if not builder.members:
        raise ModelFileError("a model has no layers", hint=_HINT)
    last = builder.members[-1]
    output = _result(builder, (last.name, last.node(0) if last.calls else 0, 0))
    found = [emitted for member in builder.members for emitted in builder.emitted[member.name]]
    config = builder.container["config"]
    if not _is_row(found):
        return _row_as_graph(builder, found, output)
    layers = [_plain_entry(emitted) for emitted in found]
    layers[0] = _with_input(builder, found[0], layers[0])
    if isinstance(config, dict) and layers == config["layers"]:
        return Built("Sequential", config, 1, (output,), changed=False)
    if not isinstance(config, dict):
        if layers == config:
            return Built("Sequential", config, 1, (output,), changed=False)
        config = {"name": _name(builder)}
    kept = {key: value for key, value in config.items() if key != "build_input_shape"}
    return Built("Sequential", {**kept, "layers": layers}, 1, (output,))


def _is_row(found: list[Emitted]) -> bool:
    """Whether each layer is given the one result of the layer before it, and nothing else."""
    before: Reference | None = None
    for emitted in found:
        given = [OUTSIDE] if before is None else [before]
        if emitted.nodes and emitted.nodes != {0: given}:
            return False
        before = (emitted.name, emitted.node(0), 0)
    return True


def _plain_entry(emitted: Emitted) -> Config:
    if emitted.entry is not None:
        return emitted.entry
    return {"class_name": emitted.class_name, "config": emitted.config}


def _with_input(builder: Builder, first: Emitted, entry: Config) -> Config:
    """Return the entry of the first layer, which has to say what the model is given."""
    if first.class_name == "InputLayer" or is_container(entry) or "batch_input_shape" in entry["config"]:
        return entry
    shape = builder.signals[OUTSIDE].shape
    if shape is None:
        _refuse(builder)
    builder.tree.notes.append(f"{_name(builder)}: the shape that it is given is written into its first layer")
    config = {**entry["config"], "batch_input_shape": list(shape or ()), "dtype": _dtype(builder)}
    return {**entry, "config": config}


def _row_as_graph(builder: Builder, found: list[Emitted], output: Signal) -> Built:
    builder.tree.notes.append(f"{_name(builder)}: the row of layers became a graph")
    shape = builder.signals[OUTSIDE].shape
    begin: Reference = (found[0].name, 0, 0)
    layers: list[Config] = []
    if found[0].class_name != "InputLayer":
        if shape is None:
            _refuse(builder)
        name = f"{_name(builder)}_input"
        begin = (name, 0, 0)
        config = {"batch_input_shape": list(shape or ()), "dtype": _dtype(builder), "sparse": False, "name": name}
        layers.append({"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []})
    for emitted in found:
        nodes = [[begin if place == OUTSIDE else place for place in node] for _, node in sorted(emitted.nodes.items())]
        layers.append(_entry(Emitted(emitted.class_name, emitted.config), nodes))
    source = builder.container["config"]
    kept = {key: source[key] for key in ("name", "trainable") if key in source} if isinstance(source, dict) else {}
    ends = {"input_layers": [list(begin)], "output_layers": [list(output.place)]}
    return Built("Functional", {"name": _name(builder), **kept, "layers": layers, **ends}, 1, (output,))


def _refuse(builder: Builder) -> None:
    builder.tree.problem(
        InexpressibleError(f"the model {shown(_name(builder))} was saved without the shape that it is given")
    )


def _name(builder: Builder) -> str:
    config = builder.container["config"]
    if isinstance(config, dict) and "name" not in config:
        return builder.path[-1] if builder.path else "sequential"
    return layer_name(builder.container) if isinstance(config, dict) else "sequential"


def _dtype(builder: Builder) -> Any:
    """Return the dtype of what a Sequential without InputLayer is given: the one that its first layer names."""
    dtype = builder.members[0].entry["config"].get("dtype") if builder.members else None
    return dtype if dtype in ("int32", "bool") else "float32"
