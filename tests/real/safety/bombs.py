"""Layers and operations that anybody may use, with numbers that no machine can bear."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.real.safety.attacks import LAYER, Attack
from tests.real.safety.crafting import (
    archive3,
    between,
    entry,
    functional,
    hdf5,
    layer,
    layer3,
    layers_model,
    model3,
    of_constant,
    of_layer,
    of_op,
    operation,
    relu,
    tensor3,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.safety.crafting import Json
    from tests.real.safety.scene import Scene

_MANY = 2_000_000_000
_LAYERS: dict[str, tuple[list[int | None], Json]] = {
    "RepeatVector": ([None, 3], {"n": _MANY}),
    "UpSampling1D": ([None, 4, 3], {"size": _MANY}),
    "ZeroPadding1D": ([None, 4, 3], {"padding": [_MANY, _MANY]}),
    "Resizing": ([None, 4, 4, 3], {"height": 200_000, "width": 200_000, "interpolation": "nearest"}),
    "Conv1D": ([None, 4, 3], {"filters": _MANY, "kernel_size": [3], "strides": [1], "padding": "valid"}),
    "Embedding": ([None, 3], {"input_dim": _MANY, "output_dim": 1000}),
    "LSTM": ([None, 4, 3], {"units": 1_000_000}),
}
_OPERATIONS: dict[str, Json] = {
    "repeat": {"repeats": _MANY, "axis": 1},
    "tile": {"multiples": [1, _MANY]},
    "pad": {"paddings": [[0, 0], [_MANY, _MANY]]},
    "one_hot": {"depth": _MANY},
    "image.resize": {"size": [200_000, 200_000]},
}
_OF_CONSTANTS: dict[str, tuple[Any, Json]] = {
    "fill": ([300_000, 300_000], {"value": 1.0}),
    "eye": (300_000, {}),
    "random.normal": ([300_000, 300_000], {}),
    "range": (10**12, {"dtype": "int64"}),
}


def _of_layer(name: str, scene: Scene) -> Path:
    shape, config = _LAYERS[name]
    evil = layer(name, config, of_layer())
    return hdf5(scene, functional([entry(shape=shape), evil, relu(LAYER)]))


def _of_layer3(name: str, scene: Scene) -> Path:
    shape, config = _LAYERS[name]
    told = tensor3()
    told["config"]["shape"] = shape
    model = model3(layer3(name, config, [told]), last=LAYER)
    model["config"]["layers"][0]["config"]["batch_shape"] = shape
    return archive3(scene, model)


def _of_operation(name: str, scene: Scene) -> Path:
    return layers_model(scene, between(operation(name, of_op(**_OPERATIONS[name]))))


def _of_constant(name: str, scene: Scene) -> Path:
    constant, arguments = _OF_CONSTANTS[name]
    made = operation(name, of_constant(constant, **arguments))
    return layers_model(scene, functional([entry(), made, relu()]))


_ABOUT = (LAYER, "memory", "too large", "bytes", "model.h5", "model.keras", "limit")
ATTACKS = [
    *(Attack(f"bomb-{n}", "h5", partial(_of_layer, n), names=_ABOUT, harmless=True) for n in _LAYERS),
    *(Attack(f"bomb-keras3-{n}", "keras3", partial(_of_layer3, n), names=_ABOUT, harmless=True) for n in _LAYERS),
    *(Attack(f"bomb-{n}", "layers", partial(_of_operation, n), names=_ABOUT, harmless=True) for n in _OPERATIONS),
    *(Attack(f"bomb-{n}", "layers", partial(_of_constant, n), names=_ABOUT, harmless=True) for n in _OF_CONSTANTS),
]
