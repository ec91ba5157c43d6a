"""Masks, the steps to leave out: what Keras does with them against what TensorFlow.js does, tensor by tensor.

TensorFlow.js hands a layer the mask of its first input; where there is none, the layer gets the last mask that any
layer before it had. So where a model has masks, each layer that heeds one must have its own, and the same as in Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.records import Record
from workflow.conversion.native.keras.expressions import LayerCall
from workflow.models.keras.tree import OPERATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.models.keras.tree import Config

EVERYTHING = "all steps"
"""The mask that leaves nothing out, which a helper puts in place of another layer's."""

_ZEROS = "zero_output_for_mask"
UNSURE = "an unknown mask"
"""The mask behind a model applied to each step, of which nothing is known."""

_PASS_BOTH = frozenset(
    {
        *("Activation", "AlphaDropout", "BatchNormalization", "Dense", "Dropout", "GaussianDropout", "GaussianNoise"),
        *("LayerNormalization", "PReLU", "ReLU", "SpatialDropout1D"),
    }
)
_PASS_IN_KERAS = frozenset(
    {
        *("ELU", "LeakyReLU", "ThresholdedReLU", "ActivityRegularization", "SpatialDropout2D"),
        *("SpatialDropout3D", "GroupNormalization"),
    }
)
_PASS_IN_KERAS_3 = frozenset({"Rescaling", "Normalization", "Identity"})
"""Layers behind which Keras 2 knows of no mask."""

_HEED = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM2D", "Bidirectional"})
_HEED_IN_KERAS = frozenset({"Softmax", "GlobalAveragePooling1D", "Attention"})
_MERGE = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot", "Operation"})


class Masks(Record):
    """The mask of one tensor, by the name of where it came from, in Keras and in TensorFlow.js."""

    keras: str | None = None
    script: str | None = None


NONE = Masks()


def is_source(class_name: str, config: Config) -> bool:
    """Whether a layer makes a mask."""
    return class_name == "Masking" or (class_name == "Embedding" and config.get("mask_zero") is True)


def made_by(layer: LayerCall, place: object) -> str | None:
    """Return the mask that a layer makes of the tensor at a place, if it makes one."""
    if not is_source(layer.class_name, layer.config):
        return None
    if layer.class_name == "Embedding":
        return _unequal(place, 0)
    return f"any {_unequal(place, layer.config.get('mask_value', 0.0))}"


def computed_by(layer: LayerCall, place: object, *, steps: str | None) -> str | None:
    """Return the mask that an operation computes, as Keras 3 writes masks into models; None for other operations.

    ``steps`` is the mask that its input is, if it is one.
    """
    operands, options = layer.config.get("operands"), layer.config.get("options")
    function = layer.config.get("function")
    if layer.class_name != OPERATION or not isinstance(operands, list) or not isinstance(options, dict):
        return None
    if function == "notequal" and len(operands) == 2 and type(operands[1]) in (int, float) and steps is None:  # noqa: PLR2004
        return _unequal(place, operands[1])
    if function == "any" and steps and options.get("axis") == -1 and not options.get("keepdims"):
        return f"any {steps}"
    return None


def _unequal(place: object, value: float) -> str:
    return f"{place} other than {float(value)}"


def heeds(class_name: str) -> bool:
    """Whether a layer of TensorFlow.js leaves out steps."""
    return class_name in _HEED


def after(class_name: str, config: Config, *, given: Sequence[Masks]) -> str | None:
    """Return the mask of the result of a layer that makes none itself, in TensorFlow.js."""
    first = given[0].script if given else None
    if class_name in _HEED:
        sequences = config.get("return_sequences") or _held(config).get("return_sequences")
        return first if sequences else None
    return first if class_name in _PASS_BOTH else None


def passing(version: str) -> frozenset[str]:
    """Return the layers behind which the Keras of this version still has the mask of their input."""
    is_older = version.partition(".")[0] in ("", "1", "2")
    return _PASS_BOTH | _PASS_IN_KERAS | (frozenset() if is_older else _PASS_IN_KERAS_3)


def after_in_keras(layer: LayerCall, given: Sequence[Masks], *, passed: frozenset[str]) -> str | None:
    """Return the mask of the result of a layer that makes none itself, in Keras; ``passed`` as ``passing`` gives it.

    Raises ``InexpressibleError`` where Keras and TensorFlow.js cannot agree.
    """
    masks = [one.keras for one in given]
    if not any(masks):
        return None
    if layer.class_name in _HEED_IN_KERAS or layer.class_name in _MERGE:
        raise layer.refused("TensorFlow.js does not heed the mask of its input as Keras does")
    if layer.class_name in _HEED:
        if len(masks) > 1:
            raise layer.refused("TensorFlow.js confuses a mask and a state given together")
        sequences = layer.config.get("return_sequences") or _held(layer.config).get("return_sequences")
        return masks[0] if sequences else None
    if layer.class_name in passed:
        return masks[0]
    return UNSURE if layer.class_name == "TimeDistributed" else None


def require_same(layer: LayerCall, given: Sequence[Masks]) -> None:
    """Raise ``InexpressibleError`` unless a layer that heeds masks is given the same one on both sides."""
    for one in given:
        script = None if one.script == EVERYTHING else one.script
        if one.keras != script:
            raise layer.refused("the mask of its input does not reach it in TensorFlow.js as it does in Keras")


def without_zeroing(layer: LayerCall, given: Sequence[Masks]) -> LayerCall:
    """Return a recurrent layer without the wish for zeros at steps left out, which is idle where it has no mask.

    Bidirectional always wishes so. Raises ``InexpressibleError`` where it would matter.
    """
    if layer.class_name not in _HEED:
        return layer
    config, held = layer.config, _held(layer.config)
    wished = bool(config.get(_ZEROS) or held.get(_ZEROS))
    if layer.class_name == "Bidirectional" and (config.get("return_sequences") or held.get("return_sequences")):
        wished = True
    if wished and any(one.keras for one in given):
        raise layer.refused("it gives zeros at the steps that its mask leaves out, and TensorFlow.js does not")
    if not wished:
        return layer
    plain = {key: value for key, value in config.items() if key != _ZEROS}
    for key in ("layer", "backward_layer"):
        if isinstance(config.get(key), dict) and (config[key].get("config") or {}).get(_ZEROS):
            inside = {name: value for name, value in config[key]["config"].items() if name != _ZEROS}
            plain[key] = {**config[key], "config": inside}
    return LayerCall(layer.class_name, plain, layer.inputs, layer.weights)


def _held(config: Config) -> Config:
    held = config.get("layer")
    inside = held.get("config") if isinstance(held, dict) else None
    return inside if isinstance(inside, dict) else {}
