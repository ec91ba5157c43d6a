"""What a model of Keras 3 takes and gives, by the names that its author chose, and a function that has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ..failure import JobError

_UNFIT = re.compile(r"\W")


@dataclass(frozen=True)
class KerasPort:
    """An input or output: the name in the signature, and what it carries. ``shape`` has None where it is open."""

    name: str
    shape: Tuple[Any, ...]
    dtype: str

    def described(self) -> Dict[str, Any]:
        """Return it as facts for the host."""
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}


@dataclass(frozen=True)
class Taking:
    """What a model is called with: ``structure`` (lists, dictionaries) whose leaves are ``ports``, in this order.

    ``spread``: the structure is a list of arguments, not one argument.
    """

    structure: Any
    ports: Tuple[KerasPort, ...]
    spread: bool = False

    def call(self, model: Any, tensors: Sequence[Any]) -> Any:
        """Return what the model answers to tensors in the order of the ports, outside of training."""
        import keras

        packed = keras.tree.pack_sequence_as(self.structure, list(tensors))
        return model(*(packed if self.spread else [packed]), training=False)


class Giving:
    """The outputs of a model, known when it has been traced."""

    def __init__(self) -> None:
        self.ports: Tuple[KerasPort, ...] = ()
        self.structured = False


def taken(model: Any) -> Taking:
    """Return what the model takes; raises ``JobError`` where it does not say.

    One of a class of its own knows no more than shapes and the names of its arguments.
    """
    import keras

    structure, spread = _structure(model)
    found = keras.tree.flatten_with_path(structure)
    names = fit([_key(path) or _layer_name(leaf) or f"input_{number}" for number, (path, leaf) in enumerate(found)])
    ports = [_port(name, leaf) for name, (_, leaf) in zip(names, found)]
    return Taking(structure, tuple(ports), spread)


def serving(model: Any, taking: Taking, *, giving: Giving) -> Tuple[Callable[..., Dict[str, Any]], List[Any]]:
    """Return a function of plain tensors that answers with a dictionary, and the specifications of its arguments.

    When it is traced it fills ``giving`` with the outputs in the model's order, which a signature does not keep.
    """
    import keras
    import tensorflow as tf

    def serve(*tensors: Any) -> Dict[str, Any]:
        answer = taking.call(model, tensors)
        found = keras.tree.flatten_with_path(answer)
        layers = _output_layers(model, len(found))
        names = fit([_key(path) or layer for (path, _), layer in zip(found, layers)])
        giving.structured = isinstance(answer, dict)
        giving.ports = tuple(_port(name, tensor) for name, (_, tensor) in zip(names, found))
        return {name: tf.identity(tensor, name) for name, (_, tensor) in zip(names, found)}

    return serve, [tf.TensorSpec(port.shape, port.dtype, name=port.name) for port in taking.ports]


def fit(names: Sequence[str]) -> List[str]:
    """Return the names as a signature of TensorFlow can have them: letters, digits and _, and no two alike."""
    found: List[str] = []
    for name in names:
        plain = _UNFIT.sub("_", name)
        stem, number = plain if re.match("[A-Za-z]", plain) else f"port_{plain.lstrip('_')}", 0
        plain = stem
        while plain in found:
            number += 1
            plain = f"{stem}_{number}"
        found.append(plain)
    return found


def _structure(model: Any) -> Tuple[Any, bool]:
    from keras.src.export import export_utils

    if not getattr(model, "built", False):
        raise JobError("not_built", "the model does not know the shapes of its inputs: it has never been built")
    if getattr(model, "_inputs_struct", None) is not None:  # the only place where dictionaries are kept as such
        return model._inputs_struct, False  # noqa: SLF001
    if getattr(model, "inputs", None):  # a Sequential has one
        return model.inputs[0], False
    found = export_utils._infer_input_signature_from_model(model)  # noqa: SLF001  what model.export() itself asks
    if not found:
        raise JobError("not_built", "the model does not say what its inputs are")
    return list(found), True


def _key(path: Sequence[Any]) -> str:
    """Return the name that the keys of dictionaries give, and empty for what is only numbered."""
    return "_".join(map(str, path)) if path and isinstance(path[0], str) else ""


def _layer_name(tensor: Any) -> str:
    history = getattr(tensor, "_keras_history", None)
    return str(history.operation.name) if history is not None else ""


def _output_layers(model: Any, count: int) -> List[str]:
    outputs = list(getattr(model, "outputs", None) or [])
    if len(outputs) == count:
        return [_layer_name(output) or f"output_{number}" for number, output in enumerate(outputs)]
    return [f"output_{number}" for number in range(count)]


def _port(name: str, leaf: Any) -> KerasPort:
    import keras

    if getattr(leaf, "sparse", False) or getattr(leaf, "ragged", False):
        raise JobError("input_kind", f"{name} is a sparse or ragged tensor")
    return KerasPort(name, tuple(leaf.shape), keras.backend.standardize_dtype(leaf.dtype))
