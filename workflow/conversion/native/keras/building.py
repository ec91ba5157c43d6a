"""One model put together: each call of each layer expressed, checked, named and wired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown
from workflow.conversion.native.keras import fitting, masks
from workflow.conversion.native.keras.emission import Built, Emitted
from workflow.conversion.native.keras.layers import Layer
from workflow.conversion.native.keras.lowering import KNOWN, express
from workflow.conversion.native.keras.lowering.recurrent import bound
from workflow.conversion.native.keras.masks import NONE, Masks
from workflow.conversion.native.keras.signals import OUTSIDE, Signal, in_order, input_shape, members
from workflow.conversion.native.keras.weighing import placed
from workflow.conversion.native.keras.wiring import wired
from workflow.models.keras.allowed import require_allowed
from workflow.models.keras.calls import MASK, reference, references
from workflow.models.keras.file import OPERATION, InexpressibleError
from workflow.models.keras.names import valid
from workflow.models.keras.tree import inner_model
from workflow.models.keras.variables import variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.conversion.native.keras.fitting import Traced
    from workflow.conversion.native.keras.layers import Chain, Piece
    from workflow.conversion.native.keras.signals import Member
    from workflow.conversion.native.keras.weighing import Placed
    from workflow.models.keras.calls import Call, Reference
    from workflow.models.keras.file import Config, Path, Shape, Stored
    from workflow.models.keras.names import Names

_HINT = "The model's configuration is damaged: save the model again."
_MISTAKES = (TypeError, ValueError, KeyError, IndexError, AttributeError, ZeroDivisionError, OverflowError)
_MOST_RESULTS = 8  # of one layer: a Bidirectional with its states has six
_LOST: Signal = Signal(OUTSIDE, None, lost=True)


class Tree:
    """What the models of one file, inside each other, share while they are put together."""

    def __init__(self, weights: Mapping[Path, Sequence[Stored]], names: Names, *, masked: bool) -> None:
        self.weights = weights
        self.names = names
        self.masked = masked
        self.placed: dict[str, list[Placed]] = {}
        self.notes: list[str] = []
        self.problems: dict[str, None] = {}

    def problem(self, error: InexpressibleError) -> None:
        """Note why the model is declined; all reasons are told together."""
        self.problems.setdefault(str(error))


class Builder:
    """Puts one model together; models inside it get builders of their own."""

    def __init__(self, tree: Tree, container: Config, path: Path, *, given: Sequence[Signal] = ()) -> None:
        self.tree = tree
        self.container = container
        self.path = path
        self.members = members(container, len(path))
        self.signals: dict[Reference, Signal] = {}
        self.emitted: dict[str, list[Emitted]] = {}
        self._given = given
        self._chains: dict[str, list[Piece]] = {}
        self._models: dict[str, Built] = {}
        self._taken = {member.name for member in self.members}

    def build(self) -> Built:
        """Return the model; what cannot be expressed is noted in the tree, and the building goes on."""
        self._begin()
        for member, number in in_order(self.members):
            inputs = [self._signal(place) for place in member.calls[number].inputs]
            try:
                if any(signal.lost for signal in inputs):
                    self._lose(member, number)
                else:
                    self._call(member, number, inputs)
            except InexpressibleError as error:
                self.tree.problem(error)
                self._lose(member, number)
            except _MISTAKES as error:
                self.tree.problem(_refused(member, f"its options make no sense ({error})"[:200]))
                self._lose(member, number)
        return Built(self.container["class_name"], self.container["config"]) if self.tree.problems else wired(self)

    def alias(self, place: Reference, owner: str) -> Reference:
        """Return another name for a tensor: TensorFlow.js confuses tensors that are given twice at once."""
        name = self._free(f"{place[0]}_again")
        config = {"name": name, "trainable": True, "dtype": "float32", "activation": "linear"}
        self.tree.notes.append(f"{name}: a second name for {place[0]}, which is used twice at once")
        again = Emitted("Activation", config)
        again.nodes[0] = [place]
        self.emitted[owner].append(again)
        return name, 0, 0

    def _begin(self) -> None:
        """Make the inputs: the InputLayers, or what a Sequential without one says it is given."""
        outer = dict(zip(self._input_names(), self._given, strict=False))
        for member in self.members:
            if not member.calls:
                self._input(member, outer.get(member.name))
        outside = self._given[0] if self._given else None
        shape = input_shape(self.container, len(self.path)) or (outside.shape if outside else None)
        self.signals[OUTSIDE] = Signal(OUTSIDE, shape, Masks(keras=outside.masks.keras if outside else None))

    def _input_names(self) -> list[str]:
        config = self.container["config"]
        if self.container["class_name"] != "Sequential":
            if not isinstance(config, dict):
                raise ModelFileError("a model is a list of layers and no Sequential", hint=_HINT)
            return [place[0] for place in references(config.get("input_layers"))]
        return [self.members[0].name] if self.members else []

    def _input(self, member: Member, outer: Signal | None) -> None:
        if member.class_name != "InputLayer":
            return  # a layer that is never called: nothing can be given what it makes
        config = member.entry["config"]
        name = valid(member.name)
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
        self.emitted[member.name] = [Emitted("InputLayer", result, entry=member.entry if same else None)]
        shape = result.get("batch_input_shape")
        known = tuple(shape) if isinstance(shape, list) else None
        masked = Masks(keras=outer.masks.keras if outer else None)
        self.signals[member.name, 0, 0] = Signal((name, 0, 0), known, masked)

    def _signal(self, place: Reference) -> Signal:
        found = self.signals.get(place)
        if found is None:
            raise ModelFileError(f"layer {shown(place[0])} has no result {place[2]}", hint=_HINT)
        return found

    def _lose(self, member: Member, number: int) -> None:
        for tensor in range(_MOST_RESULTS):
            self.signals[member.name, member.node(number), tensor] = _LOST

    def _call(self, member: Member, number: int, inputs: list[Signal]) -> None:
        model = inner_model(member.entry)
        if member.class_name not in KNOWN and model is None:
            require_allowed(member.class_name, member.entry["config"])
        config = {**_named(member.entry["config"], member.name)}
        weights = self.tree.weights.get((*self.path, member.name), ())
        layer = Layer(member.class_name, config, tuple(signal.shape for signal in inputs), weights)
        if self._is_mask(member, number, inputs, layer=layer):
            return
        self._require_plain(layer, member.calls[number], inputs)
        if model is not None:
            self._model(member, number, inputs, model=model)
            return
        chain = self._chain(layer, tuple(signal.masks for signal in inputs))
        known = self._chains.setdefault(member.name, chain.pieces)
        if known is not chain.pieces and not fitting.alike(known, chain.pieces):
            raise layer.refused("it is called with inputs of different kinds, which need different layers")
        traced = fitting.traced(chain)
        if known is chain.pieces:
            self._emit(member, layer, chain, traced=traced)
        self._wire(member, number, inputs, chain=chain, results=traced[-1].outputs)

    def _is_mask(self, member: Member, number: int, inputs: list[Signal], *, layer: Layer) -> bool:
        """Note an operation that does nothing but make a mask, which TensorFlow.js makes for itself."""
        steps = masks.computed_by(layer, inputs[0].place, steps=inputs[0].steps) if len(inputs) == 1 else None
        if steps is None:
            return False
        self.signals[member.name, number, 0] = Signal(OUTSIDE, None, steps=steps)
        self.emitted[member.name] = []
        return True

    def _require_plain(self, layer: Layer, call: Call, inputs: list[Signal]) -> None:
        """Raise ``InexpressibleError`` when a call says what it cannot say in TensorFlow.js."""
        if any(signal.steps for signal in inputs):
            raise layer.refused("it is given truth values")
        for recorded, shape in zip(call.shapes, layer.inputs, strict=False):
            if not _agree(recorded, shape):
                raise layer.refused(f"it is given {shape}, and Keras noted {recorded}")
        told = dict(call.arguments) if layer.class_name != OPERATION else {}
        place = told.pop(MASK, None)
        if place is not None and layer.class_name != "BatchNormalization":
            signal = self.signals.get(reference(place)) if isinstance(place, list) else None
            if signal is None or not inputs or signal.steps is None or signal.steps != inputs[0].masks.keras:
                raise layer.refused("it is given another mask than that of its input")
        if told:
            raise layer.refused(f"it is called with {', '.join(sorted(map(str, told)))}")

    def _chain(self, layer: Layer, given: tuple[Masks, ...]) -> Chain:
        fitting.require_inputs(layer)
        chain = express(masks.without_zeroing(layer, given))
        fitting.fit(chain, inside=bool(self.path))
        if self.tree.masked:
            fitting.with_masks(chain, given)
        self.tree.notes += chain.notes
        return chain

    def _emit(self, member: Member, layer: Layer, chain: Chain, *, traced: Sequence[Traced]) -> None:
        """Name the pieces and note their weights, once for all calls."""
        found: list[Emitted] = []
        top = self.tree.placed.setdefault(self.path[0] if self.path else member.name, [])
        for each in traced:
            piece = each.piece
            wanted = variables(piece.class_name, piece.config, shape=each.inputs[0])
            own = self._name(member, piece, weighted=bool(wanted))
            top += placed(own, bound(piece, layer.weights, shape=each.inputs[0]), variables=wanted)
            same = piece.parts is None and own == piece.name == member.name and piece.config == layer.config
            entry = member.entry if same and piece.class_name == member.class_name else None
            config = piece.config if own == piece.name else {**piece.config, "name": own}
            found.append(Emitted(piece.class_name, config, entry=entry))
        self.emitted[member.name] = found
        if not chain.notes and any(emitted.entry is None for emitted in found):
            self.tree.notes.append(f"{member.name}: {_change(layer, found)}")

    def _name(self, member: Member, piece: Piece, *, weighted: bool) -> str:
        """Return the name of a piece: the layer's own for one of them, for the others one that is free."""
        taken = self._taken - {member.name} if piece.name == member.name else self._taken
        name = self.tree.names.chosen(piece.name, self.path, taken=taken, weighted=weighted)
        self._taken.add(name)
        return name

    def _free(self, wanted: str) -> str:
        name = self.tree.names.chosen(wanted, self.path, taken=self._taken, weighted=False)
        self._taken.add(name)
        return name

    def _wire(
        self, member: Member, number: int, inputs: list[Signal], *, chain: Chain, results: Sequence[Shape | None]
    ) -> None:
        """Note where each piece takes its input from in this call, and what the call gives, of these shapes."""
        places: list[Reference] = []
        for emitted, piece in zip(list(self.emitted[member.name]), chain.pieces, strict=False):
            taken = [places[k] if k >= 0 else inputs[-1 - k].place for k in piece.inputs]
            emitted.nodes[number] = self._apart(taken, member.name)
            places.append((emitted.name, number, 0))
        given = tuple(signal.masks for signal in inputs)
        own = masks.made_by(chain.layer, inputs[0].place)
        after = fitting.after(chain, given, made_here=own) if self.tree.masked else NONE
        for tensor, shape in enumerate(results):
            signal = Signal((places[-1][0], number, tensor), shape, NONE if tensor else after)
            self.signals[member.name, member.node(number), tensor] = signal

    def _apart(self, places: list[Reference], owner: str) -> list[Reference]:
        return [self.alias(place, owner) if place in places[:k] else place for k, place in enumerate(places)]

    def _model(self, member: Member, number: int, inputs: list[Signal], *, model: Config) -> None:
        """Put together a model inside this one, once, and wire this call of it."""
        wrapped = model is not member.entry
        if any(signal.masks != NONE for signal in inputs) and (wrapped or len(member.calls) > 1):
            raise _refused(member, "in TensorFlow.js the mask of its input is lost")
        built = self._models.get(member.name)
        if built is None:
            given = [_step(signal) for signal in inputs] if wrapped else inputs
            built = Builder(self.tree, model, (*self.path, member.name), given=given).build()
            if wrapped and any(signal.masks.keras for signal in built.outputs):
                raise _refused(member, "TensorFlow.js does not pass on the mask of each step")
            if self.tree.problems:
                self._lose(member, number)
                return
            self._models[member.name] = built
            self.emitted[member.name] = [_as_layer(member, built, wrapped=wrapped)]
        emitted = self.emitted[member.name][0]
        if len(inputs) != built.inputs:
            raise _refused(member, f"it is given {len(inputs)} tensors, and takes {built.inputs}")
        emitted.nodes[number] = self._apart([signal.place for signal in inputs], member.name)
        for tensor, signal in enumerate(built.outputs):
            shape = _over_steps(signal.shape, inputs[0].shape) if wrapped else signal.shape
            place = (emitted.name, emitted.node(number), tensor)
            result = Signal(place, shape, Masks(keras=signal.masks.keras))
            self.signals[member.name, member.node(number), tensor] = result


def _refused(member: Member, reason: str) -> InexpressibleError:
    """Return the error that declines the whole on account of a model inside it."""
    return InexpressibleError(f"layer {shown(member.name)} ({member.class_name}): {reason}")


def _as_layer(member: Member, built: Built, *, wrapped: bool) -> Emitted:
    """Return the layer that a model, or one applied to each step, is in the model around it."""
    name = valid(member.name)
    if not built.changed and name == member.name:
        return Emitted(member.class_name, {**_named(member.entry["config"], name)}, entry=member.entry)
    if wrapped:
        held = {**member.entry["config"]["layer"], "class_name": built.class_name, "config": built.config}
        return Emitted("TimeDistributed", {**member.entry["config"], "name": name, "layer": held})
    return Emitted(built.class_name, _named(built.config, name))


def _named(config: Config | list[Config], name: str) -> Config:
    return {**config, "name": name} if isinstance(config, dict) else {"name": name, "layers": config}


def _change(layer: Layer, found: Sequence[Emitted]) -> str:
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


def _step(signal: Signal) -> Signal:
    shape = signal.shape
    return Signal(signal.place, (shape[0], *shape[2:]) if shape else None)


def _over_steps(shape: Shape | None, given: Shape | None) -> Shape | None:
    steps = given[1] if given is not None and len(given) > 1 else None
    return None if shape is None else (shape[0], steps, *shape[1:])
