"""A model of Keras put together again of layers that TensorFlow.js computes rightly, call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import DeclinedError, ModelFileError
from workflow.base.records import Record
from workflow.base.wording import plural, shown
from workflow.conversion.native.keras import fitting, masks
from workflow.conversion.native.keras.called_layers import OUTSIDE, called_layers, in_order, input_shape
from workflow.conversion.native.keras.expressions import LayerCall
from workflow.conversion.native.keras.lowering import KNOWN, express
from workflow.conversion.native.keras.lowering.recurrent import bound
from workflow.conversion.native.keras.masks import NONE, Masks
from workflow.conversion.native.keras.out_layers import (
    BuiltModel,
    GatheredModel,
    LayerNames,
    NamedLayer,
    OutTensor,
    Tree,
    out_weights,
    wired,
)
from workflow.models.keras.allowed import require_allowed
from workflow.models.keras.dialect import own_class
from workflow.models.keras.layers import MASK, tensor_ref, tensor_refs, variables
from workflow.models.keras.tree import OPERATION, InexpressibleError, inner_model, is_container, leaves, valid_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.conversion.native.keras.called_layers import CalledLayer
    from workflow.conversion.native.keras.expressions import Expression, OutLayer
    from workflow.conversion.native.keras.fitting import ShapedLayer
    from workflow.conversion.native.keras.out_layers import OutWeight
    from workflow.models.keras.layers import Call, TensorRef
    from workflow.models.keras.tree import Config, KerasFile, Path, Shape

_HINT = "The model's configuration is damaged: save the model again."
_MISTAKES = (TypeError, ValueError, KeyError, IndexError, AttributeError, ZeroDivisionError, OverflowError)
_MOST_RESULTS = 8  # of one layer: a Bidirectional with its states has six
_SHOWN = 4  # reasons that a message repeats; further ones are counted
_LOST: OutTensor = OutTensor(OUTSIDE, None, lost=True)


class AssembledModel(Record):
    """A configuration that TensorFlow.js can load, and its weights by the layer of the top level that they are in."""

    config: Config
    weights: dict[str, list[OutWeight]]
    notes: tuple[str, ...]


def assemble(file: KerasFile) -> AssembledModel:
    """Return the model in layers of TensorFlow.js.

    Raises ``DeclinedError`` with every layer that stands in the way, and ``ModelFileError`` for a damaged model.
    """
    config = file.config
    if not is_container(config):
        raise own_class(config)
    masked = any(masks.is_source(entry["class_name"], entry["config"]) for _, entry in leaves(config))
    tree = Tree(file.weights, LayerNames(config), masked=masked, version=file.version)
    built = Builder(tree, config, ()).build()
    if tree.problems:
        raise _declined(list(tree.problems))
    notes = tuple(dict.fromkeys([*file.repairs, *tree.notes, *_renamed(file, tree)]))
    return AssembledModel({**config, "class_name": built.class_name, "config": built.config}, tree.placed, notes)


def _renamed(file: KerasFile, tree: Tree) -> list[str]:
    """Return a note on weights that Keras 2 named otherwise than TensorFlow.js looks for them."""
    placed = [one for found in tree.placed.values() for one in found if one.source is not None]
    pairs = [(one.source.name, one.tensor.name) for one in placed if one.source and one.source.name != one.tensor.name]
    if not pairs or not file.version.startswith("2") or not pairs[0][0]:
        return []
    old, new = pairs[0]
    return [f"{plural(len(pairs), 'weight')} named as TensorFlow.js looks for them ({old} as {new}, for one)"]


def _declined(reasons: list[str]) -> DeclinedError:
    rest = len(reasons) - _SHOWN
    more = f"; and {plural(rest, 'further reason')}" if rest > 0 else ""
    return DeclinedError("; ".join(reasons[:_SHOWN]) + more, route="graph")


class Builder:
    """Puts one model together; models inside it get builders of their own."""

    def __init__(self, tree: Tree, container: Config, path: Path, *, given: Sequence[OutTensor] = ()) -> None:
        self.tree = tree
        self.container = container
        self.path = path
        self.members = called_layers(container, len(path))
        self.model = GatheredModel(tree, container, path, members=self.members)
        self._given = given
        self._expressions: dict[str, list[OutLayer]] = {}
        self._models: dict[str, BuiltModel] = {}

    def build(self) -> BuiltModel:
        """Return the model; what cannot be expressed is noted in the tree, and the building goes on."""
        self._begin()
        for member, number in in_order(self.members):
            inputs = [self._tensor(place) for place in member.calls[number].inputs]
            try:
                if any(tensor.lost for tensor in inputs):
                    self._lose(member, number)
                else:
                    self._call(member, number, inputs)
            except InexpressibleError as error:
                self.tree.problem(error)
                self._lose(member, number)
            except _MISTAKES as error:
                self.tree.problem(_refused(member, f"its options make no sense ({error})"[:200]))
                self._lose(member, number)
        if self.tree.problems:
            return BuiltModel(self.container["class_name"], self.container["config"])
        return wired(self.model)

    def _begin(self) -> None:
        """Make the inputs: the InputLayers, or what a Sequential without one says it is given."""
        outer = dict(zip(self._input_names(), self._given, strict=False))
        for member in self.members:
            if not member.calls:
                self._input(member, outer.get(member.name))
        outside = self._given[0] if self._given else None
        shape = input_shape(self.container, len(self.path)) or (outside.shape if outside else None)
        self.model.tensors[OUTSIDE] = OutTensor(OUTSIDE, shape, Masks(keras=outside.masks.keras if outside else None))

    def _input_names(self) -> list[str]:
        config = self.container["config"]
        if self.container["class_name"] != "Sequential":
            if not isinstance(config, dict):
                raise ModelFileError("a model is a list of layers and no Sequential", hint=_HINT)
            return [place[0] for place in tensor_refs(config.get("input_layers"))]
        return [self.members[0].name] if self.members else []

    def _input(self, member: CalledLayer, outer: OutTensor | None) -> None:
        if member.class_name != "InputLayer":
            return  # a layer that is never called: nothing can be given what it makes
        config = member.entry["config"]
        name = valid_name(member.name)
        changes: Config = {}
        if fitting.input_dtype(config.get("dtype")) != config.get("dtype"):
            changes["dtype"] = fitting.input_dtype(config.get("dtype"))
        if name != config.get("name"):
            changes["name"] = name
        result = {key: value for key, value in {**config, **changes}.items() if key != "optional" or value}
        try:
            require_allowed("InputLayer", result)
        except InexpressibleError as error:
            self.tree.problem(error)
        same = result == config
        if changes:
            self.tree.notes.append(f"{member.name}: {' and '.join(changes)} written as TensorFlow.js reads it")
        self.model.layers[member.name] = [NamedLayer("InputLayer", result, entry=member.entry if same else None)]
        shape = result.get("batch_input_shape")
        known = tuple(shape) if isinstance(shape, list) else None
        masked = Masks(keras=outer.masks.keras if outer else None)
        self.model.tensors[member.name, 0, 0] = OutTensor((name, 0, 0), known, masked)

    def _tensor(self, place: TensorRef) -> OutTensor:
        found = self.model.tensors.get(place)
        if found is None:
            raise ModelFileError(f"layer {shown(place[0])} has no result {place[2]}", hint=_HINT)
        return found

    def _lose(self, member: CalledLayer, number: int) -> None:
        for result in range(_MOST_RESULTS):
            self.model.tensors[member.name, member.node(number), result] = _LOST

    def _call(self, member: CalledLayer, number: int, inputs: list[OutTensor]) -> None:
        model = inner_model(member.entry)
        if member.class_name not in KNOWN and model is None:
            require_allowed(member.class_name, member.entry["config"])
        config = {**_named(member.entry["config"], member.name)}
        weights = self.tree.weights.get((*self.path, member.name), ())
        layer = LayerCall(member.class_name, config, tuple(tensor.shape for tensor in inputs), weights)
        if self._is_mask(member, number, inputs, layer=layer):
            return
        self._require_plain(layer, member.calls[number], inputs)
        if model is not None:
            self._model(member, number, inputs, model=model)
            return
        expression = self._expression(layer, tuple(tensor.masks for tensor in inputs))
        known = self._expressions.setdefault(member.name, expression.layers)
        if known is not expression.layers and not fitting.alike(known, expression.layers):
            raise layer.refused("it is called with inputs of different kinds, which need different layers")
        shaped = fitting.shaped(expression)
        if known is expression.layers:
            self._emit(member, layer, expression, shaped=shaped)
        self._wire(member, number, inputs, expression=expression, results=shaped[-1].outputs)

    def _is_mask(self, member: CalledLayer, number: int, inputs: list[OutTensor], *, layer: LayerCall) -> bool:
        """Note an operation that does nothing but make a mask, which TensorFlow.js makes for itself."""
        steps = masks.computed_by(layer, inputs[0].place, steps=inputs[0].steps) if len(inputs) == 1 else None
        if steps is None:
            return False
        self.model.tensors[member.name, number, 0] = OutTensor(OUTSIDE, None, steps=steps)
        self.model.layers[member.name] = []
        return True

    def _require_plain(self, layer: LayerCall, call: Call, inputs: list[OutTensor]) -> None:
        """Raise ``InexpressibleError`` when a call says what it cannot say in TensorFlow.js."""
        if any(tensor.steps for tensor in inputs):
            raise layer.refused("it is given truth values")
        for recorded, shape in zip(call.shapes, layer.inputs, strict=False):
            if not _agree(recorded, shape):
                raise layer.refused(f"it is given {shape}, and Keras noted {recorded}")
        told = dict(call.arguments) if layer.class_name != OPERATION else {}
        place = told.pop(MASK, None)
        if place is not None and layer.class_name != "BatchNormalization":
            tensor = self.model.tensors.get(tensor_ref(place)) if isinstance(place, list) else None
            if tensor is None or not inputs or tensor.steps is None or tensor.steps != inputs[0].masks.keras:
                raise layer.refused("it is given another mask than that of its input")
        if told:
            raise layer.refused(f"it is called with {', '.join(sorted(map(str, told)))}")

    def _expression(self, layer: LayerCall, given: tuple[Masks, ...]) -> Expression:
        fitting.require_inputs(layer)
        expression = express(masks.without_zeroing(layer, given))
        fitting.fit(expression, inside=bool(self.path))
        if self.tree.masked:
            fitting.with_masks(expression, given)
        self.tree.notes += expression.notes
        return expression

    def _emit(
        self, member: CalledLayer, layer: LayerCall, expression: Expression, *, shaped: Sequence[ShapedLayer]
    ) -> None:
        """Name the layers of the result and note their weights, once for all calls."""
        found: list[NamedLayer] = []
        top = self.tree.placed.setdefault(self.path[0] if self.path else member.name, [])
        for out, each in zip(self._called(member, [each.out for each in shaped]), shaped, strict=True):
            wanted = variables(out.class_name, out.config, shape=each.inputs[0])
            own = self.model.named(out.name, owner=member.name, weighted=bool(wanted))
            top += out_weights(own, bound(out, layer.weights), variables=wanted)
            same = out.weights is None and own == out.name == member.name and out.config == layer.config
            entry = member.entry if same and out.class_name == member.class_name else None
            config = out.config if own == out.name else {**out.config, "name": own}
            found.append(NamedLayer(out.class_name, config, entry=entry))
        self.model.layers[member.name] = found
        if not expression.notes and any(named.entry is None for named in found):
            self.tree.notes.append(f"{member.name}: {_change(layer, found)}")

    def _called(self, member: CalledLayer, layers: Sequence[OutLayer]) -> list[OutLayer]:
        """Return the layers of the result with the source's name at the last one where that names an output."""
        name, last = member.name, layers[-1].name
        if self.path or last == name or name not in self._outputs():
            return list(layers)
        other = {name: f"{name}_inner", last: name}
        return [out.replaced(config={**out.config, "name": other.get(out.name, out.name)}) for out in layers]

    def _outputs(self) -> list[str]:
        config = self.container["config"]
        if self.container["class_name"] == "Sequential":
            return [self.members[-1].name] if self.members else []
        return [place[0] for place in tensor_refs(config.get("output_layers"))]

    def _wire(
        self,
        member: CalledLayer,
        number: int,
        inputs: list[OutTensor],
        *,
        expression: Expression,
        results: Sequence[Shape | None],
    ) -> None:
        """Note where each layer of the result gets its input in this call, and what the call gives, of these shapes."""
        places: list[TensorRef] = []
        for named, out in zip(list(self.model.layers[member.name]), expression.layers, strict=False):
            taken = [places[k] if k >= 0 else inputs[-1 - k].place for k in out.inputs]
            named.nodes[number] = self.model.apart((place, member.name) for place in taken)
            places.append((named.name, number, 0))
        given = tuple(tensor.masks for tensor in inputs)
        own = masks.made_by(expression.layer, inputs[0].place)
        after = fitting.after(expression, given, made_here=own, passed=self.tree.passed) if self.tree.masked else NONE
        for result, shape in enumerate(results):
            tensor = OutTensor((places[-1][0], number, result), shape, NONE if result else after)
            self.model.tensors[member.name, member.node(number), result] = tensor

    def _model(self, member: CalledLayer, number: int, inputs: list[OutTensor], *, model: Config) -> None:
        """Put together a model inside this one, once, and wire this call of it."""
        wrapped = model is not member.entry
        if any(tensor.masks != NONE for tensor in inputs) and (wrapped or len(member.calls) > 1):
            raise _refused(member, "in TensorFlow.js the mask of its input is lost")
        built = self._models.get(member.name)
        if built is None:
            given = [_step(tensor) for tensor in inputs] if wrapped else inputs
            built = Builder(self.tree, model, (*self.path, member.name), given=given).build()
            if wrapped and any(tensor.masks.keras for tensor in built.outputs):
                raise _refused(member, "TensorFlow.js does not pass on the mask of each step")
            if self.tree.problems:
                self._lose(member, number)
                return
            self._models[member.name] = built
            self.model.layers[member.name] = [_as_layer(member, built, wrapped=wrapped)]
        named = self.model.layers[member.name][0]
        if len(inputs) != built.inputs:
            raise _refused(member, f"it is given {len(inputs)} tensors, and takes {built.inputs}")
        named.nodes[number] = self.model.apart((tensor.place, member.name) for tensor in inputs)
        for result, tensor in enumerate(built.outputs):
            shape = _over_steps(tensor.shape, inputs[0].shape) if wrapped else tensor.shape
            place = (named.name, named.node(number), result)
            self.model.tensors[member.name, member.node(number), result] = OutTensor(
                place, shape, Masks(keras=tensor.masks.keras)
            )


def _refused(member: CalledLayer, reason: str) -> InexpressibleError:
    """Return the error that declines the whole on account of a model inside it."""
    return InexpressibleError(f"layer {shown(member.name)} ({member.class_name}): {reason}")


def _as_layer(member: CalledLayer, built: BuiltModel, *, wrapped: bool) -> NamedLayer:
    """Return the layer that a model, or one applied to each step, is in the model around it."""
    name = valid_name(member.name)
    if not built.changed and name == member.name:
        return NamedLayer(member.class_name, {**_named(member.entry["config"], name)}, entry=member.entry)
    if wrapped:
        held = {**member.entry["config"]["layer"], "class_name": built.class_name, "config": built.config}
        return NamedLayer("TimeDistributed", {**member.entry["config"], "name": name, "layer": held})
    return NamedLayer(built.class_name, _named(built.config, name))


def _named(config: Config | list[Config], name: str) -> Config:
    return {**config, "name": name} if isinstance(config, dict) else {"name": name, "layers": config}


def _change(layer: LayerCall, found: Sequence[NamedLayer]) -> str:
    """Return what became of a layer that has no notes of its own, and why."""
    classes = [each.class_name for each in found]
    if classes != [layer.class_name]:
        what = "an operation on tensors" if layer.class_name == OPERATION else layer.class_name
        return f"{what} is written as {' and '.join(classes)}, for TensorFlow.js does not have it like this"
    ours, theirs = found[0].config, layer.config
    lost = sorted(key for key in theirs if key not in ours)
    other = sorted(key for key in ours if ours[key] != theirs.get(key))
    named = [key for key in other if isinstance(ours[key], str) and isinstance(theirs.get(key), str)]
    parts = [f"its {key} {theirs[key]} is called {ours[key]} in TensorFlow.js" for key in named]
    parts += [f"its {key} is written as TensorFlow.js reads it" for key in other if key not in named]
    parts += [f"its {', '.join(lost)} is left out, which TensorFlow.js does not read"] if lost else []
    return "; ".join(parts) or "its weights are laid out as TensorFlow.js reads them"


def _agree(recorded: object, shape: Shape | None) -> bool:
    """Whether two shapes may be those of one tensor; what is open in one of them may be anything."""
    if not isinstance(recorded, list) or shape is None:
        return True
    return len(recorded) == len(shape) and all(
        one is None or other is None or one == other for one, other in zip(recorded, shape, strict=True)
    )


def _step(tensor: OutTensor) -> OutTensor:
    shape = tensor.shape
    return OutTensor(tensor.place, (shape[0], *shape[2:]) if shape else None)


def _over_steps(shape: Shape | None, given: Shape | None) -> Shape | None:
    steps = given[1] if given is not None and len(given) > 1 else None
    return None if shape is None else (shape[0], steps, *shape[1:])
