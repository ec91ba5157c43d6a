"""Padding, cropping and resizing that TensorFlow.js lacks or gets wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workflow.conversion.native.keras.expressions import Expression, OutLayer
from workflow.conversion.native.keras.lowering.layer_weights import made
from workflow.models.keras.shapes import channels_last, output_shapes, sides

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.conversion.native.keras.expressions import LayerCall
    from workflow.models.arrays import Array
    from workflow.models.keras.file import Config

_LARGEST_MATRIX = 1 << 22  # elements; beyond it a Dense layer is no sane way to resize


def _options(layer: LayerCall, rank: int) -> tuple[str, list[Any]]:
    """Return the class that does the like in two dimensions, and its option for each axis."""
    kind = layer.class_name[:-2]
    key = {"ZeroPadding": "padding", "Cropping": "cropping", "UpSampling": "size"}[kind]
    value = layer.config.get(key)
    if kind == "UpSampling":
        sizes = list(value) if isinstance(value, list) else [value] * rank
        return f"{kind}2D", sizes
    pairs = [value] if rank == 1 and isinstance(value, list) else value
    return f"{kind}2D", [list(pair) for pair in sides(pairs, rank)]


def _config(class_name: str, values: list[Any]) -> Config:
    key = {"ZeroPadding2D": "padding", "Cropping2D": "cropping", "UpSampling2D": "size"}[class_name]
    extra = {"interpolation": "nearest"} if key == "size" else {}
    return {key: values, "data_format": "channels_last", **extra}


def _nothing(class_name: str) -> Any:
    return 1 if class_name == "UpSampling2D" else [0, 0]


def one_dimension(layer: LayerCall) -> Expression:
    """Express ZeroPadding1D, Cropping1D and UpSampling1D by those of two dimensions."""
    expression = Expression(layer)
    if not channels_last(layer.config):
        raise layer.refused("the channels come first")
    class_name, values = _options(layer, 1)
    channels = layer.channels()
    expression.helper("Reshape", "to_2d", config={"target_shape": [-1, 1, channels]})
    expression.plain(class_name, _config(class_name, [values[0], _nothing(class_name)]))
    expression.helper("Reshape", "to_1d", config={"target_shape": [-1, channels]})
    expression.notes.append(f"{layer.name}: {layer.class_name} is computed by {class_name}")
    return expression


def three_dimensions(layer: LayerCall) -> Expression:
    """Express ZeroPadding3D, Cropping3D and UpSampling3D by those of two: two axes first, then the third."""
    expression = Expression(layer)
    if not channels_last(layer.config):
        raise layer.refused("the channels come first")
    class_name, values = _options(layer, 3)
    depth, height, width, channels = layer.static()
    expression.helper("Reshape", "fold", config={"target_shape": [depth, height, width * channels]})
    first = _config(class_name, values[:2])
    expression.helper(class_name, "first", config=first)
    rows = output_shapes(class_name, first, inputs=[(None, depth, height, width * channels)])[0] or ()
    expression.helper("Reshape", "refold", config={"target_shape": [_size(rows, 1) * _size(rows, 2), width, channels]})
    second = _config(class_name, [_nothing(class_name), values[2]])
    expression.plain(class_name, second)
    wide = output_shapes(class_name, second, inputs=[(None, 1, width, channels)])[0] or ()
    expression.helper(
        "Reshape", "unfold", config={"target_shape": [_size(rows, 1), _size(rows, 2), _size(wide, 2), channels]}
    )
    expression.notes.append(f"{layer.name}: {layer.class_name} is computed by {class_name}")
    return expression


def upsampling(layer: LayerCall) -> Expression:
    """Express UpSampling2D: nearest as it is; bilinear, which TensorFlow.js gets wrong, by two Dense layers."""
    expression = Expression(layer)
    size = layer.config.get("size")
    sizes: list[Any] = size if isinstance(size, list) else [size, size]
    if layer.config.get("interpolation") != "bilinear":
        expression.core(layer.class_name, {} if isinstance(size, list) else {"size": sizes}, weights=None)
        return expression
    if not channels_last(layer.config):
        raise layer.refused("the channels come first")
    height, width, _ = layer.static()
    if any(type(factor) is not int or factor < 1 for factor in sizes):
        raise layer.refused(f"size={size}")
    return _resized(expression, (height * sizes[0], width * sizes[1]), bilinear)


def resizing(layer: LayerCall) -> Expression:
    """Express Resizing of a fixed size to another, which TensorFlow.js gets wrong, by two Dense layers."""
    expression = Expression(layer)
    config = layer.config
    method = {"bilinear": bilinear, "nearest": nearest}.get(str(config.get("interpolation", "bilinear")).lower())
    if method is None:
        raise layer.refused(f"interpolation={config['interpolation']}")
    for key in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"):
        if config.get(key):
            raise layer.refused(f"{key}=True")
    if not channels_last(config):
        raise layer.refused("the channels come first")
    target = config.get("height"), config.get("width")
    if not all(type(size) is int and size > 0 for size in target):
        raise layer.refused(f"it resizes to {target}")
    return _resized(expression, (int(target[0] or 0), int(target[1] or 0)), method)


def center_crop(layer: LayerCall) -> Expression:
    """Express CenterCrop of a fixed size, which TensorFlow.js gets wrong, by Cropping2D."""
    expression = Expression(layer)
    if not channels_last(layer.config):
        raise layer.refused("the channels come first")
    shape = layer.shape
    if shape is None or len(shape) != 4 or shape[1] is None or shape[2] is None:  # noqa: PLR2004
        raise layer.refused("the size of its input is not fixed")
    wanted = layer.config.get("height"), layer.config.get("width")
    if not all(type(size) is int and size > 0 for size in wanted):
        raise layer.refused(f"it crops to {wanted}")
    surplus = shape[1] - int(wanted[0] or 0), shape[2] - int(wanted[1] or 0)
    if min(surplus) < 0:
        raise layer.refused("its input is smaller than its result, and would be resized")
    cropping = [[more // 2, more - more // 2] for more in surplus]
    expression.plain("Cropping2D", {"cropping": cropping, "data_format": "channels_last"})
    expression.notes.append(f"{layer.name}: CenterCrop is computed by Cropping2D")
    return expression


def bilinear(size: int, wanted: int) -> Array:
    """Return the matrix that resizes a row as TensorFlow does: centres of pixels aligned, ends held."""
    import numpy as np  # noqa: PLC0415  only where such a layer is written

    matrix = np.zeros((size, wanted), np.float32)
    for place in range(wanted):
        exact = (place + 0.5) * (size / wanted) - 0.5
        low = math.floor(exact)
        share = exact - low
        matrix[min(max(low, 0), size - 1), place] += 1 - share
        matrix[min(max(math.ceil(exact), 0), size - 1), place] += share
    return matrix


def nearest(size: int, wanted: int) -> Array:
    """Return the matrix that takes for each place of the result the nearest one of the row."""
    import numpy as np  # noqa: PLC0415  as above

    matrix = np.zeros((size, wanted), np.float32)
    for place in range(wanted):
        matrix[min(math.floor((place + 0.5) * (size / wanted)), size - 1), place] = 1
    return matrix


def _resized(expression: Expression, target: tuple[int, int], method: Callable[[int, int], Array]) -> Expression:
    layer = expression.layer
    if layer.rank() != 4:  # noqa: PLR2004
        raise layer.refused("its input is no batch of images")
    height, width, _ = layer.static()
    if max(height * target[0], width * target[1]) > _LARGEST_MATRIX:
        raise layer.refused(f"{height} x {width} to {target[0]} x {target[1]} is too large to be done by matrices")
    expression.helper("Permute", "rows_last", config={"dims": [3, 2, 1]})
    _multiplied(expression, "rows", (height, target[0]), method=method)
    expression.helper("Permute", "columns_last", config={"dims": [1, 3, 2]})
    _multiplied(expression, "columns", (width, target[1]), method=method)
    expression.helper("Permute", "channels_last", config={"dims": [2, 3, 1]})
    expression.notes.append(f"{layer.name}: {layer.class_name} is computed by matrices along each axis")
    return expression


def _multiplied(
    expression: Expression, suffix: str, sizes: tuple[int, int], *, method: Callable[[int, int], Array]
) -> None:
    config = {
        "name": f"{expression.layer.name}_{suffix}",
        "trainable": False,
        "dtype": "float32",
        "units": sizes[1],
        "activation": "linear",
        "use_bias": False,
    }
    weight = made("kernel", sizes, read=lambda: method(*sizes))
    expression.append(OutLayer("Dense", config, expression.last, (weight,)))


def _size(shape: tuple[int | None, ...], axis: int) -> int:
    size = shape[axis]
    if size is None:
        raise TypeError("a size is not fixed")
    return size
