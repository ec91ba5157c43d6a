"""Keras models as functions of TensorFlow: traced once, as they answer and not as they train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Tuple

from ..failure import JobError
from .signatures import Signature, port_of


@dataclass(frozen=True)
class Traced:
    """A concrete function, what it takes and gives, and the model's variables, which must outlive it."""

    function: Any
    signature: Signature
    owner: Any


def trace(model: Any) -> Traced:
    """Trace the Keras model with the batch size that it has.

    Autograph stays off: Keras's own layers need none of it, and it rewrites all of Keras first. The function in a
    function is what a SavedModel's signature is: with it, nodes and weights get the names that they have on that way.
    """
    import tensorflow as tf

    specs = _specs(model)
    names = _Names()

    def answer(*tensors: Any) -> Dict[str, Any]:
        answered = model(_packed(model, list(tensors)), training=False)
        names.set(model, answered)
        return dict(zip(names.keys, map(tf.convert_to_tensor, tf.nest.flatten(answered))))

    inner = tf.function(answer, autograph=False)
    outer = tf.function(
        lambda *tensors: inner(*tensors),  # noqa: PLW0108  without it TensorFlow sees one function, not two
        autograph=False,
        input_signature=specs,
    )
    function = outer.get_concrete_function()
    inputs = tuple(port_of(spec.name, tensor) for spec, tensor in zip(specs, function.inputs))
    made = dict(zip(sorted(names.keys), function.outputs))  # TensorFlow flattens a dictionary in order of its keys
    outputs = tuple(port_of(key, made[key]) for key in names.keys)
    return Traced(function, Signature(inputs, outputs, structured=names.structured), model)


class _Names:
    """The output names, which are known once the model has answered."""

    def __init__(self) -> None:
        self.keys: Tuple[str, ...] = ()
        self.structured = False

    def set(self, model: Any, answered: Any) -> None:
        import tensorflow as tf

        count = len(tf.nest.flatten(answered))
        names = list(getattr(model, "output_names", None) or [])
        if isinstance(answered, dict) and len(answered) == count:
            self.structured, names = True, [str(key) for key in sorted(answered)]
        if len(names) != count or len(set(names)) != count:
            names = [f"output_{number}" for number in range(1, count + 1)]
        self.keys = tuple(names)


def _specs(model: Any) -> List[Any]:
    import tensorflow as tf

    if not hasattr(model, "layers"):
        raise JobError("keras_declines", f"what the file describes is a {type(model).__name__}, not a model")
    if not getattr(model, "inputs", None):
        raise JobError("not_built", f"the model {model.name} does not say what its inputs are")
    specs = []
    for name, tensor in zip(model.input_names, model.inputs):
        spec = getattr(tensor, "type_spec", None)
        if spec is not None and not isinstance(spec, tf.TensorSpec):
            raise JobError("input_kind", f"the input {name} is a {type(spec).__name__[:-4]}, not a plain tensor")
        specs.append(tf.TensorSpec(tensor.shape, tensor.dtype, name=name))
    return specs


def _packed(model: Any, tensors: List[Any]) -> Any:
    """Return the inputs in the structure that the model was built with: one tensor, a list or a dictionary."""
    import tensorflow as tf

    structure = getattr(model, "_nested_inputs", None)
    if structure is None:
        return tensors if len(tensors) > 1 else tensors[0]
    return tf.nest.pack_sequence_as(structure, tensors)
