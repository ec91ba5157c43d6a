"""Pieces made fit: loadable objects for training, dtypes that TensorFlow.js has, and the check against the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.conversion.native.keras import masks
from workflow.conversion.native.keras.layers import Chain, Layer, Piece
from workflow.conversion.native.keras.masks import EVERYTHING, Masks
from workflow.conversion.native.keras.objects import loadable, quick
from workflow.models.keras.allowed import require_allowed
from workflow.models.keras.shapes import output_shapes
from workflow.models.keras.tree import is_container

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.models.keras.file import Config, Shape

_HELD = ("layer", "cell")
_DTYPES = frozenset({"float32", "int32", "bool", "string", "complex64"})
_STEPS = 3  # the rank of what recurrent layers are given
_FAR_AWAY = -3.0e38  # no step of a model is made of this number alone
_MOST_STATES = {"LSTM": 3, "GRU": 2, "SimpleRNN": 2}
_MERGING = frozenset({"Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"})
_SEVERAL_INPUTS = _MERGING | frozenset({"Subtract", "Attention", "Operation"})


def require_inputs(layer: Layer) -> None:
    """Raise ``InexpressibleError`` for a layer that is given more tensors than it can use in TensorFlow.js."""
    if layer.class_name not in _SEVERAL_INPUTS and len(layer.inputs) > _MOST_STATES.get(layer.class_name, 1):
        raise layer.refused(f"it is given {len(layer.inputs)} tensors")
    if not layer.inputs:
        raise layer.refused("it is given no tensor")
    if layer.config.get("stateful") and (layer.shape is None or layer.shape[0] is None):
        raise layer.refused("it is stateful, and the size of its batches is not fixed")


def fit(chain: Chain, *, inside: bool) -> None:
    """Make the pieces of a chain loadable, and raise ``InexpressibleError`` unless all are in the tables.

    ``inside`` says that they are in a model inside another one.
    """
    for number, piece in enumerate(chain.pieces):
        config, notes = repaired(piece.config)
        chain.notes += notes
        if inside:
            config = _quick(config)
        if config is not piece.config:
            chain.pieces[number] = Piece(piece.class_name, config, piece.inputs, piece.parts)
        _require(piece.class_name, config)


def with_masks(chain: Chain, given: tuple[Masks, ...]) -> None:
    """Change a chain of a model that has masks, so that no layer is handed the mask of another one."""
    layer = chain.layer
    for number, piece in enumerate(list(chain.pieces)):
        if piece.class_name == "Softmax":
            if piece.config.get("axis") not in (-1, [-1]):
                raise layer.refused("TensorFlow.js would hand it the mask of another layer")
            config = {"name": piece.name, "trainable": True, "dtype": "float32", "activation": "softmax"}
            chain.pieces[number] = Piece("Activation", config, piece.inputs)
        if piece.class_name in _MERGING and any(given[-1 - k].script for k in piece.inputs if k < 0):
            raise layer.refused("TensorFlow.js confuses the masks of its inputs")
        if piece.class_name == "TimeDistributed" and masks.heeds(piece.config["layer"]["class_name"]):
            raise layer.refused("TensorFlow.js would hand the layer inside the mask of another one")
    if masks.heeds(chain.pieces[0].class_name):
        masks.require_same(layer, given)
        if given[0].script is None:
            _leave_nothing_out(chain)


def after(chain: Chain, given: tuple[Masks, ...], *, made_here: str | None) -> Masks:
    """Return the masks of a chain's result; ``made_here`` is the mask that the layer makes itself."""
    if made_here is not None:
        return Masks(made_here, made_here)
    made: list[Masks] = []
    for piece in chain.pieces:
        inputs = [made[k] if k >= 0 else given[-1 - k] for k in piece.inputs]
        script = masks.after(piece.class_name, piece.config, given=inputs)
        helper = piece.class_name == "Masking" and piece.config.get("mask_value") == _FAR_AWAY
        made.append(Masks(script=EVERYTHING if helper else script))
    return Masks(masks.after_in_keras(chain.layer, given), made[-1].script)


class Traced(Record):
    """A piece with the shapes that it is given and those that it gives."""

    piece: Piece
    inputs: list[Shape | None]
    outputs: list[Shape | None]


def traced(chain: Chain) -> list[Traced]:
    """Return the pieces of a chain with their shapes."""
    found: list[Traced] = []
    for piece in chain.pieces:
        inputs = [found[k].outputs[0] if k >= 0 else chain.layer.inputs[-1 - k] for k in piece.inputs]
        found.append(Traced(piece, inputs, output_shapes(piece.class_name, piece.config, inputs=inputs)))
    return found


def alike(one: Sequence[Piece], other: Sequence[Piece]) -> bool:
    """Whether two chains are the same layers with the same options."""
    return [(piece.class_name, piece.config, piece.inputs) for piece in one] == [
        (piece.class_name, piece.config, piece.inputs) for piece in other
    ]


def repaired(config: Config) -> tuple[Config, list[str]]:
    """Return options that TensorFlow.js can load, with those of the layers inside; the same object if they are."""
    result, notes = loadable(config)
    if config.get("batch_input_shape") is not None and config.get("dtype") not in _DTYPES:
        result = {**result, "dtype": input_dtype(config.get("dtype"))}
    for key in _HELD:
        held = config.get(key)
        if isinstance(held, dict) and isinstance(held.get("config"), dict) and not is_container(held):
            inside, more = repaired(held["config"])
            notes += more
            if inside is not held["config"]:
                result = {**result, key: {**held, "config": inside}}
    return result, notes


def input_dtype(dtype: Any) -> str:
    """Return the dtype of TensorFlow.js for an input of Keras: whole numbers are int32, all others float32."""
    if isinstance(dtype, dict):
        held = dtype.get("config")
        dtype = held.get("name") if isinstance(held, dict) else None
    if dtype in _DTYPES:
        return str(dtype)
    return "int32" if str(dtype).startswith(("int", "uint")) else "float32"


def _quick(config: Config) -> Config:
    result = quick(config)
    for key in _HELD:
        held = result.get(key)
        if isinstance(held, dict) and isinstance(held.get("config"), dict) and not is_container(held):
            inside = _quick(held["config"])
            if inside is not held["config"]:
                result = {**result, key: {**held, "config": inside}}
    return result


def _require(class_name: str, config: Config) -> None:
    require_allowed(class_name, config)
    for key in _HELD:
        held = config.get(key)
        if isinstance(held, dict) and not is_container(held):
            _require(held["class_name"], held["config"])


def _leave_nothing_out(chain: Chain) -> None:
    """Put a Masking before a recurrent layer that has no mask, lest it be handed that of another layer."""
    layer = chain.layer
    if layer.shape is None or layer.rank() != _STEPS or len(layer.inputs) != 1:
        raise layer.refused("TensorFlow.js would hand it the mask of another layer")
    base = {"name": f"{layer.name}_all_steps", "trainable": True, "dtype": "float32", "mask_value": _FAR_AWAY}
    moved = [
        Piece(piece.class_name, piece.config, tuple(k + 1 if k >= 0 else 0 for k in piece.inputs), piece.parts)
        for piece in chain.pieces
    ]
    chain.pieces = [Piece("Masking", base, (-1,)), *moved]
    chain.notes.append(f"{layer.name}: a Masking that leaves nothing out keeps masks of other layers from it")
