"""Layers that Keras computes otherwise than TensorFlow.js, as layers with which Keras computes what TensorFlow.js does.

The other direction's lowerings turned round. TensorFlow.js 4.22 enlarges images without a shift by half a pixel: from
one pixel to the next it goes in equal steps, and behind the last it stays (``resizeBilinear``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError
from workflow.base.wording import shown
from workflow.models.keras.layers import calls
from workflow.models.keras.shapes import output_shapes
from workflow.models.keras.tree import entries, inner, is_container, layer_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.models.keras.tree import Config, Shape

    Rule = Callable[[Config], "list[Config] | None"]

_INPUT_KEYS = ("batch_input_shape", "dtype")
_STEPS = (1, 2)
_IMAGE = 3


def as_computed(container: Config, depth: int = 0) -> Config:
    """Return a model's configuration in which Keras computes what TensorFlow.js does, itself where nothing changes."""
    found: list[Config] = []
    changed = False
    taken = {layer_name(entry) for entry in entries(container, depth)}
    for entry in entries(container, depth):
        written = _written(entry, depth, taken)
        changed = changed or written != [entry]
        found += written
    if not changed:
        return container
    config = container["config"]
    return {**container, "config": {**config, "layers": found} if isinstance(config, dict) else found}


def _written(entry: Config, depth: int, taken: set[str]) -> list[Config]:
    if is_container(entry):
        return [as_computed(entry, depth + 1)]
    pieces = _pieces(entry)
    return [entry] if pieces is None else _chained(entry, pieces, taken)


def _pieces(entry: Config) -> list[Config] | None:
    """Return the layers that do what a layer does, also in each step of a sequence; None where it stays as it is."""
    held = inner(entry) if entry["class_name"] == "TimeDistributed" else None
    each = entry if held is None else held
    rule = _RULES.get(each["class_name"])
    pieces = rule(each["config"]) if rule is not None else None
    if pieces is None or held is None:
        return pieces
    named = [{**piece, "config": {"name": layer_name(held), **piece["config"]}} for piece in pieces]
    return [{"class_name": "TimeDistributed", "config": {"layer": {**held, **piece}}} for piece in named]


def _chained(entry: Config, pieces: list[Config], taken: set[str]) -> list[Config]:
    """Name the pieces of a layer, the last as the layer, and call each on the one before, as often as the layer is.

    The others get names that no layer has; these are added to ``taken``.
    """
    name = layer_name(entry)
    calls = entry.get("inbound_nodes")
    chain: list[Config] = []
    above = ""
    for number, piece in enumerate(pieces):
        own = name if number == len(pieces) - 1 else _free(f"{name}_{piece['class_name'].lower()}", taken)
        config = {"name": own, "trainable": entry["config"].get("trainable", True), **piece["config"]}
        if number == 0:
            config |= {key: entry["config"][key] for key in _INPUT_KEYS if key in entry["config"]}
        made: dict[str, Any] = {"class_name": piece["class_name"], "config": config}
        if isinstance(calls, list):
            made["name"] = own
            made["inbound_nodes"] = calls if number == 0 else [[[above, call, 0, {}]] for call in range(len(calls))]
        chain.append(made)
        above = own
    return chain


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{name}_"
    taken.add(name)
    return name


def _enlarging(config: Config) -> list[Config] | None:
    """Write bilinear enlarging by two: each pixel twice, then the mean of each two neighbours, at the edge of one.

    With ``same`` padding Keras puts the one missing neighbour behind the last, and leaves it out of the mean.
    """
    size = config.get("size", [2, 2])
    if config.get("interpolation") != "bilinear" or config.get("data_format") not in (None, "channels_last"):
        return None
    if not isinstance(size, list) or any(one not in _STEPS for one in size):
        return None
    means = {"pool_size": size, "strides": [1, 1], "padding": "same", "data_format": "channels_last"}
    return [
        {"class_name": "UpSampling2D", "config": {"size": size, "interpolation": "nearest"}},
        {"class_name": "AveragePooling2D", "config": means},
    ]


def require_agreement(container: Config) -> None:
    """Raise ``DeclinedError`` for a layer of which TensorFlow.js's own backends compute different things.

    Of BatchNormalization over another axis than the last, cpu and wasm take the statistics in turn, value by value, and
    webgl and webgpu by the axis: no model for Python is what all pages compute.
    """
    _through(container, [None])


def _through(container: Config, given: list[Shape | None], depth: int = 0) -> Shape | None:
    """Look at every layer of a model with the shape that it is given, and return that of the model's first output."""
    known: dict[str, Shape | None] = {}
    shape: Shape | None = given[0] if given else None
    for entry in entries(container, depth):
        names = [ref[0] for call in calls(entry)[:1] for ref in call.inputs] if "inbound_nodes" in entry else []
        inputs = [known.get(name) for name in names] or [shape]
        shape = known[layer_name(entry)] = _given(entry, inputs, depth)
    return shape


def _given(entry: Config, inputs: list[Shape | None], depth: int) -> Shape | None:
    """Return the shape that a layer gives; raises as ``require_agreement``."""
    if is_container(entry):
        return _through(entry, inputs, depth + 1)
    config = entry["config"]
    stated = config.get("batch_input_shape")
    if isinstance(stated, list) and (entry["class_name"] == "InputLayer" or inputs == [None]):
        inputs = [tuple(stated)]
    if entry["class_name"] == "InputLayer":
        return inputs[0]
    _require(entry, inputs[0])
    try:
        return output_shapes(entry["class_name"], config, inputs=inputs)[0]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):  # options that make no sense
        return None


def _require(entry: Config, shape: Shape | None) -> None:
    """Look at a layer, or at the one that it applies to each step of a sequence."""
    held = inner(entry) if entry["class_name"] == "TimeDistributed" else None
    if held is not None and not is_container(held):
        _require(held, None if shape is None else (*shape[:1], *shape[2:]))
    elif entry["class_name"] in _REQUIRED:
        _REQUIRED[entry["class_name"]](entry, shape)


def _require_last(entry: Config, shape: Shape | None) -> None:
    axis = entry["config"].get("axis", -1)
    number = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if number == -1 or (type(number) is int and shape is not None and number == len(shape) - 1):
        return
    if shape is None and number != 1:
        return  # it may well be the last
    raise DeclinedError(
        f"layer {shown(layer_name(entry))} (BatchNormalization): over axis {number}, TensorFlow.js computes one thing "
        "on cpu and wasm and another on webgl and webgpu",
        route="none",
    )


def _with_threshold(config: Config) -> list[Config] | None:
    """Write ThresholdedReLU, which Keras 3 no longer has, as the ReLU that does the same in every Keras.

    That takes no threshold below zero.
    """
    theta = config.get("theta")
    threshold = 1.0 if theta is None else theta
    if not isinstance(threshold, (int, float)) or threshold < 0:
        return None
    return [{"class_name": "ReLU", "config": {"threshold": threshold}}]


def _require_centre(entry: Config, shape: Shape | None) -> None:
    """Decline a CenterCrop that is given less than it gives, or one column more: TensorFlow.js goes other ways."""
    height, width = (entry["config"].get(key) for key in ("height", "width"))
    rows, columns = shape[-3:-1] if shape is not None and len(shape) >= _IMAGE else (None, None)
    if type(rows) is type(columns) is type(height) is type(width) is int:
        if rows >= height and columns >= width and columns != width + 1:
            return
        told = f"of {rows} times {columns} to {height} times {width}, TensorFlow.js takes another part than Keras"
    else:
        told = "of images of an open size, TensorFlow.js may take another part than Keras"
    raise DeclinedError(f"layer {shown(layer_name(entry))} (CenterCrop): {told}", route="none")


_REQUIRED: Mapping[str, Callable[[Config, Shape | None], None]] = {
    "BatchNormalization": _require_last,
    "CenterCrop": _require_centre,
}
_RULES: Mapping[str, Rule] = {"UpSampling2D": _enlarging, "ThresholdedReLU": _with_threshold}
