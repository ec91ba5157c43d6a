"""Layers made fit: dtypes, initializers and the like that TensorFlow.js can load, and the check against the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.records import Record
from workflow.conversion.native.keras import masks
from workflow.conversion.native.keras.expressions import Expression, LayerCall, OutLayer
from workflow.conversion.native.keras.masks import EVERYTHING, Masks
from workflow.models.keras.allowed import require_allowed
from workflow.models.keras.shapes import output_shapes
from workflow.models.keras.tree import is_container

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflow.models.keras.tree import Config, Shape

_HELD = ("layer", "cell")
_DTYPES = frozenset({"float32", "int32", "bool", "string", "complex64"})
_STEPS = 3  # the rank of what recurrent layers are given
_FAR_AWAY = -3.0e38  # no step of a model is made of this number alone
_MOST_STATES = {"LSTM": 3, "GRU": 2, "SimpleRNN": 2}
_MERGING = frozenset({"Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"})
_SEVERAL_INPUTS = _MERGING | frozenset({"Subtract", "Attention", "Operation"})


def require_inputs(layer: LayerCall) -> None:
    """Raise ``InexpressibleError`` for a layer that is given more tensors than it can use in TensorFlow.js."""
    if layer.class_name not in _SEVERAL_INPUTS and len(layer.inputs) > _MOST_STATES.get(layer.class_name, 1):
        raise layer.refused(f"it is given {len(layer.inputs)} tensors")
    if not layer.inputs:
        raise layer.refused("it is given no tensor")
    if layer.config.get("stateful") and (layer.shape is None or layer.shape[0] is None):
        raise layer.refused("it is stateful, and the size of its batches is not fixed")


def fit(expression: Expression, *, inside: bool) -> None:
    """Make the layers of an expression loadable, and raise ``InexpressibleError`` unless all are in the tables.

    ``inside`` says that they are in a model inside another one.
    """
    for number, out in enumerate(expression.layers):
        config, notes = repaired(out.config)
        expression.notes += notes
        if inside:
            config = _quick(config)
        if config is not out.config:
            expression.layers[number] = OutLayer(out.class_name, config, out.inputs, out.weights)
        _require(out.class_name, config)


def with_masks(expression: Expression, given: tuple[Masks, ...]) -> None:
    """Change an expression of a model that has masks, so that no layer is handed the mask of another one."""
    layer = expression.layer
    for number, out in enumerate(list(expression.layers)):
        if out.class_name == "Softmax":
            if out.config.get("axis") not in (-1, [-1]):
                raise layer.refused("TensorFlow.js would hand it the mask of another layer")
            config = {"name": out.name, "trainable": True, "dtype": "float32", "activation": "softmax"}
            expression.layers[number] = OutLayer("Activation", config, out.inputs)
        if out.class_name in _MERGING and any(given[-1 - k].script for k in out.inputs if k < 0):
            raise layer.refused("TensorFlow.js confuses the masks of its inputs")
        if out.class_name == "TimeDistributed" and masks.heeds(out.config["layer"]["class_name"]):
            raise layer.refused("TensorFlow.js would hand the layer inside the mask of another one")
    if masks.heeds(expression.layers[0].class_name):
        masks.require_same(layer, given)
        if given[0].script is None:
            _leave_nothing_out(expression)


def after(expression: Expression, given: tuple[Masks, ...], *, made_here: str | None, passed: frozenset[str]) -> Masks:
    """Return the masks of an expression's result; ``made_here`` is the mask that the layer makes itself.

    ``passed`` are the layers behind which Keras still has the mask of their input.
    """
    if made_here is not None:
        return Masks(made_here, made_here)
    made: list[Masks] = []
    for out in expression.layers:
        inputs = [made[k] if k >= 0 else given[-1 - k] for k in out.inputs]
        script = masks.after(out.class_name, out.config, given=inputs)
        helper = out.class_name == "Masking" and out.config.get("mask_value") == _FAR_AWAY
        made.append(Masks(script=EVERYTHING if helper else script))
    return Masks(masks.after_in_keras(expression.layer, given, passed=passed), made[-1].script)


class ShapedLayer(Record):
    """A layer of the result with the shapes that it is given and those that it gives."""

    out: OutLayer
    inputs: list[Shape | None]
    outputs: list[Shape | None]


def shaped(expression: Expression) -> list[ShapedLayer]:
    """Return the layers of an expression with their shapes."""
    found: list[ShapedLayer] = []
    for out in expression.layers:
        inputs = [found[k].outputs[0] if k >= 0 else expression.layer.inputs[-1 - k] for k in out.inputs]
        found.append(ShapedLayer(out, inputs, output_shapes(out.class_name, out.config, inputs=inputs)))
    return found


def alike(one: Sequence[OutLayer], other: Sequence[OutLayer]) -> bool:
    """Whether two expressions are the same layers with the same options."""
    return [(out.class_name, out.config, out.inputs) for out in one] == [
        (out.class_name, out.config, out.inputs) for out in other
    ]


def repaired(config: Config) -> tuple[Config, list[str]]:
    """Return options that TensorFlow.js can load, with those of the layers inside; the same object if they are."""
    result, notes = loadable(config)
    dtype = config.get("dtype")
    if isinstance(dtype, dict) or (config.get("batch_input_shape") is not None and dtype not in _DTYPES):
        result = {**result, "dtype": input_dtype(dtype)}
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


def _leave_nothing_out(expression: Expression) -> None:
    """Put a Masking before a recurrent layer that has no mask, lest it be handed that of another layer."""
    layer = expression.layer
    if layer.shape is None or layer.rank() != _STEPS or len(layer.inputs) != 1:
        raise layer.refused("TensorFlow.js would hand it the mask of another layer")
    base = {"name": f"{layer.name}_all_steps", "trainable": True, "dtype": "float32", "mask_value": _FAR_AWAY}
    moved = [
        OutLayer(out.class_name, out.config, tuple(k + 1 if k >= 0 else 0 for k in out.inputs), out.weights)
        for out in expression.layers
    ]
    expression.layers = [OutLayer("Masking", base, (-1,)), *moved]
    expression.notes.append(f"{layer.name}: a Masking that leaves nothing out keeps masks of other layers from it")


_INITIALIZERS: Mapping[str, tuple[str, ...]] = {
    "Zeros": (),
    "Ones": (),
    "Constant": ("value",),
    "RandomUniform": ("minval", "maxval", "seed"),
    "RandomNormal": ("mean", "stddev", "seed"),
    "TruncatedNormal": ("mean", "stddev", "seed"),
    "VarianceScaling": ("scale", "mode", "distribution", "seed"),
    **dict.fromkeys(("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal"), ("seed",)),
    **dict.fromkeys(("LeCunUniform", "LeCunNormal"), ("seed",)),
    "Orthogonal": ("gain", "seed"),
    "Identity": ("gain",),
}
_OTHER_NAMES = {
    "LecunNormal": "LeCunNormal",
    "LecunUniform": "LeCunUniform",
    "OrthogonalInitializer": "Orthogonal",
    "IdentityInitializer": "Identity",
    "lecun_normal": "LeCunNormal",
    "lecun_uniform": "LeCunUniform",
    "uniform": "RandomUniform",
    "normal": "RandomNormal",
    "one": "Ones",
    "zero": "Zeros",
}
_STRINGS = frozenset(
    {
        *("constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "ones"),
        *("orthogonal", "random_normal", "random_uniform", "truncated_normal", "variance_scaling", "zeros"),
        *_INITIALIZERS,
    }
)
_DISTRIBUTIONS = ("normal", "uniform", "truncated_normal")
_ACTIVITY = "activity_regularizer"
_ZEROS: Config = {"class_name": "Zeros", "config": {}}


def loadable(config: Config) -> tuple[Config, list[str]]:
    """Return the options of a layer with its training objects made loadable, and a note for each one that is lost.

    What TensorFlow.js can load already is returned as the same object.
    """
    changed: Config = {}
    notes: list[str] = []
    for key, value in config.items():
        kind = key if key == _ACTIVITY else key.rpartition("_")[2]
        if kind not in _FORMS:
            continue
        form = _FORMS[kind](value)
        if form is None and value is not None:
            notes.append(f"{config.get('name')}: {key} {_named(value)} is for training, and was left out")
        elif form is not value:
            notes.append(f"{config.get('name')}: {key} is written as TensorFlow.js reads it")
        if form is not value:
            changed[key] = form
    return ({**config, **changed} if changed else config), notes


def quick(config: Config) -> Config:
    """Return the options of a layer without Orthogonal initializers; the same object if it has none.

    TensorFlow.js runs the initializers of models inside models although their weights are loaded, and this one is
    slow, and fails where it is imported without chained operations.
    """
    slow = [key for key, value in config.items() if _is_orthogonal(value) and key.endswith("_initializer")]
    plain = {"class_name": "GlorotUniform", "config": {"seed": None}}
    return {**config, **dict.fromkeys(slow, plain)} if slow else config


def _is_orthogonal(value: Any) -> bool:
    return value in ("orthogonal", "Orthogonal") or _parts(value)[0] in ("Orthogonal", "OrthogonalInitializer")


def _initializer(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value in _STRINGS):
        return value
    if isinstance(value, str):
        return {"class_name": _OTHER_NAMES[value], "config": {}} if value in _OTHER_NAMES else _ZEROS
    name, config = _parts(value)
    known = _OTHER_NAMES.get(name, name)
    if known not in _INITIALIZERS:
        return _ZEROS
    plain = {key: config[key] for key in _INITIALIZERS[known] if key in config and _is_plain(config[key])}
    odd = known == "VarianceScaling" and plain.get("distribution") not in _DISTRIBUTIONS
    if odd or (known == "Constant" and "value" not in plain):
        return _ZEROS
    return value if known == name and _is_simple(config) else {"class_name": known, "config": plain}


def _regularizer(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return {"class_name": "L1L2", "config": _weights(value.lower(), {})} if value.lower() in _RATES else None
    name, config = _parts(value)
    if name == "L1L2" and all(_is_number(config.get(key, 0)) for key in ("l1", "l2")):
        return value
    if name not in ("L1", "L2", "L1L2"):
        return None
    return {"class_name": "L1L2", "config": _weights(name.lower(), config)}


_RATES = ("l1", "l2", "l1_l2", "l1l2")


def _weights(kind: str, config: Mapping[str, Any]) -> dict[str, float]:
    default = {"l1": 0.01 if "l1" in kind else 0.0, "l2": 0.01 if "l2" in kind else 0.0}
    return {key: float(config[key]) if _is_number(config.get(key)) else default[key] for key in ("l1", "l2")}


def _constraint(_: Any) -> None:
    """Return nothing: TensorFlow.js applies a constraint to the weights as it loads them, and changes them so."""


def _activity(_: Any) -> None:
    """Return nothing: TensorFlow.js refuses to run a layer whose results are to be kept small."""


_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "initializer": _initializer,
    "constraint": _constraint,
    _ACTIVITY: _activity,
    "regularizer": _regularizer,
}


def _parts(value: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(value, dict):
        return "", {}
    config = value.get("config")
    return str(value.get("class_name")), config if isinstance(config, dict) else {}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _is_simple(config: Mapping[str, Any]) -> bool:
    return all(_is_plain(value) for value in config.values())


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _named(value: Any) -> str:
    return (_parts(value)[0] or str(value))[:40]
