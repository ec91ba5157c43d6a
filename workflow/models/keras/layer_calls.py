"""How layers are called: the places of tensors in ``inbound_nodes`` in the forms of Keras 2 and Keras 3."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.records import Record
from workflow.base.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TensorRef = tuple[str, int, int]
"""A tensor: the layer's name, which of its calls, and which of the results of that call."""

_HINT = "The model's configuration is damaged: save the model again."
_TENSOR = "__keras_tensor__"
_PARTS = 3
SHAPES = "recorded shapes"
"""The field of a layer that keeps, while it is converted, what Keras 3 recorded at its calls."""

_UNTOLD = frozenset({"initial_state", "training"})  # a state is an input; predict() says itself that it does not train
MASK = "mask"
"""The argument that holds the place of a mask."""


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Call(Record):
    """One call of a layer: the tensors that it is given and the other arguments that mean something."""

    inputs: tuple[TensorRef, ...]
    arguments: Mapping[str, Any] = _NOTHING
    shapes: tuple[Any, ...] = ()
    """What Keras recorded as the shapes of the inputs, where it did."""

    @property
    def needs(self) -> tuple[TensorRef, ...]:
        """The tensors that have to be known before the call: its inputs and its mask."""
        place = self.arguments.get(MASK)
        return (*self.inputs, tensor_ref(place)) if isinstance(place, list) else self.inputs


def keras2_call(node: Any, containers: frozenset[str]) -> Any:
    """Return a call as Keras 2 writes it: ``[[name, call, tensor, arguments], ...]``.

    Keras 3 counts the calls of a model from 0, Keras 2 from 1, as its making is a call as well.
    """
    if not isinstance(node, dict) or "args" not in node:
        return node
    args, kwargs = node.get("args"), node.get("kwargs")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ModelFileError("a call of a layer has no arguments", hint=_HINT)
    inputs = [list(ref) for ref in tensors(args, containers)]
    initial = [list(ref) for ref in tensors(kwargs.get("initial_state"), containers)]
    extra = _meaningful(kwargs, args)
    found = [[*ref, {}] for ref in (*inputs, *initial)]
    if found and extra:
        found[0][-1] = extra
    return found


def recorded_shapes(node: Any) -> list[Any]:
    """Return the shapes that Keras 3 recorded for the tensors of a call, in their order."""
    found: list[Any] = []
    if isinstance(node, dict) and "args" in node:
        kwargs = node.get("kwargs")
        initial = kwargs.get("initial_state") if isinstance(kwargs, dict) else None
        _collect(node["args"], found)
        _collect(initial, found)
    return found


def _collect(value: Any, found: list[Any]) -> None:
    if isinstance(value, dict) and value.get("class_name") == _TENSOR:
        config = value.get("config")
        found.append(config.get("shape") if isinstance(config, dict) else None)
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            _collect(value[key], found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, found)


def tensors(value: Any, containers: frozenset[str] = frozenset()) -> Iterator[TensorRef]:
    """Yield the tensors of Keras 3 in nested arguments, dictionaries by their sorted keys."""
    if isinstance(value, dict):
        if value.get("class_name") == _TENSOR:
            yield _shifted(_history(value), containers)
            return
        for key in sorted(value, key=str):
            yield from tensors(value[key], containers)
    elif isinstance(value, list):
        for item in value:
            yield from tensors(item, containers)


def tensor_refs(value: Any, containers: frozenset[str] = frozenset()) -> list[TensorRef]:
    """Return the places of tensors in ``input_layers`` or ``output_layers``: one, a list, or a dictionary of them."""
    if isinstance(value, dict):
        return [found for key in sorted(value, key=str) for found in tensor_refs(value[key], containers)]
    if not isinstance(value, list):
        raise ModelFileError("the inputs or outputs of a model are not listed", hint=_HINT)
    if value and isinstance(value[0], str):
        return [_shifted(tensor_ref(value), containers)]
    return [found for item in value for found in tensor_refs(item, containers)]


def tensor_ref(value: Any) -> TensorRef:
    """Return the place of one tensor as Keras 2 writes it; raises ``ModelFileError`` when it is none."""
    if (
        isinstance(value, list | tuple)
        and len(value) >= _PARTS
        and isinstance(value[0], str)
        and all(type(number) is int and number >= 0 for number in value[1:_PARTS])
    ):
        return value[0], value[1], value[2]
    raise ModelFileError(f"{shown(str(value))} is not the place of a tensor", hint=_HINT)


def calls(entry: Mapping[str, Any]) -> list[Call]:
    """Return the calls of a layer whose configuration is in the words of Keras 2."""
    nodes = entry.get("inbound_nodes", [])
    if not isinstance(nodes, list):
        raise ModelFileError("the calls of a layer are not a list", hint=_HINT)
    shapes = entry.get(SHAPES)
    try:
        made = [_call(node) for node in nodes]
    except ModelFileError as error:
        raise ModelFileError(f"the layer {shown(str(entry.get('name')))}: {error.message}", hint=error.hint) from None
    if not isinstance(shapes, list) or len(shapes) != len(made):
        return made
    return [Call(call.inputs, call.arguments, tuple(each)) for call, each in zip(made, shapes, strict=True)]


def _call(node: Any) -> Call:
    if isinstance(node, dict):
        inputs = [found for key in sorted(node, key=str) for found in _call(node[key]).inputs]
        return Call(tuple(inputs), {"a dictionary of inputs": True} if len(inputs) > 1 else {})
    if not isinstance(node, list):
        raise ModelFileError("a call of a layer is not a list", hint=_HINT)
    listed = [node] if node and isinstance(node[0], str) else node
    arguments: dict[str, Any] = {}
    for item in listed:
        given = item[_PARTS] if isinstance(item, list) and len(item) > _PARTS else None
        arguments.update(given if isinstance(given, dict) else {})
    told = {key: value for key, value in arguments.items() if not _is_silent(value)}
    return Call(tuple(tensor_ref(item) for item in listed), told)


def _meaningful(kwargs: Mapping[str, Any], args: list[Any]) -> dict[str, Any]:
    """Return the arguments of a call of Keras 3 that could change what the layer computes."""
    told = {key: _as_told(key, value) for key, value in kwargs.items() if key not in _UNTOLD and not _is_silent(value)}
    further = [value for value in args[1:] if list(tensors(value))]
    if further:
        told["further arguments"] = len(further)
    if any(isinstance(value, dict) and value.get("class_name") != _TENSOR for value in args):
        told["a dictionary of inputs"] = True
    return told


def _is_silent(value: Any) -> bool:
    """Whether an argument says nothing: None, False, or a list of such."""
    return value is None or value is False or (isinstance(value, list) and all(map(_is_silent, value)))


def _as_told(key: str, value: Any) -> Any:
    found = list(tensors(value))
    if key == MASK and len(found) == 1 and isinstance(value, dict):
        return list(found[0])
    return "another tensor" if found else value


def _history(value: Mapping[str, Any]) -> TensorRef:
    config = value.get("config")
    return tensor_ref(config.get("keras_history") if isinstance(config, dict) else None)


def _shifted(found: TensorRef, containers: frozenset[str]) -> TensorRef:
    name, call, tensor = found
    return (name, call + 1, tensor) if name in containers else found
