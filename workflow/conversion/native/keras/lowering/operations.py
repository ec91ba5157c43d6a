"""Operations that stand in a model without a layer, expressed by layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.wording import shown
from workflow.conversion.native.keras.layers import Chain
from workflow.conversion.native.keras.lowering.activations import COMPOSITIONS, affine, applied, squared
from workflow.models.keras.allowed import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.conversion.native.keras.layers import Layer
    from workflow.models.keras.file import InexpressibleError

    Expression = Callable[[Chain], None]


def operation(layer: Layer) -> Chain:
    """Express an operation; raises for one that layers of TensorFlow.js cannot compute."""
    function = layer.config["function"]
    chain = Chain(layer)
    expression = _EXPRESSIONS.get(function)
    if expression is None and (function in ACTIVATIONS or function in COMPOSITIONS):
        expression = _function
    if expression is None:
        raise refused(chain)
    expression(chain)
    return chain


def refused(chain: Chain, why: str = "") -> InexpressibleError:
    """Return the error that declines the model on account of an operation."""
    function = shown(str(chain.layer.config["function"]))
    return chain.layer.refused(f"the operation {function}{f' {why}' if why else ''} has no layer in TensorFlow.js")


def _options(chain: Chain, *known: str) -> dict[str, Any]:
    options: dict[str, Any] = chain.layer.config["options"]
    strange = [key for key, value in options.items() if key not in known and value not in (None, False)]
    if strange:
        raise refused(chain, f"with {', '.join(strange)}")
    return options


def _operands(chain: Chain, count: int) -> list[Any]:
    """Return the operands: the place of a tensor among the inputs as ``{"tensor": k}``, numbers as such."""
    operands: list[Any] = chain.layer.config["operands"]
    if len(operands) != count:
        raise refused(chain, f"of {len(operands)} operands")
    return operands


def _tensor(chain: Chain, operand: Any) -> int | None:
    """Return an operand as the input of a piece; None when it is no tensor."""
    if isinstance(operand, dict) and type(operand.get("tensor")) is int:
        number: int = operand["tensor"]
        if number >= len(chain.layer.inputs):
            raise refused(chain, "of a tensor that is not there")
        return -1 - number
    return None


def _only_tensor(chain: Chain) -> int:
    found = _tensor(chain, _operands(chain, 1)[0])
    if found is None:
        raise refused(chain, "of no tensor")
    return found


def _number(chain: Chain, operand: Any) -> float:
    value = operand
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if type(value) not in (int, float):
        raise refused(chain, "with a constant that is no single number")
    return float(value)


def _function(chain: Chain) -> None:
    function: str = chain.layer.config["function"]
    options = _options(chain, "axis", "slope", "approximate")
    given = _only_tensor(chain)
    if options.get("axis", -1) not in (-1, chain.layer.rank() - 1 if chain.layer.shape else -1):
        raise refused(chain, f"over axis {options['axis']}")
    if function == "leaky_relu":
        chain.plain("LeakyReLU", {"alpha": _number(chain, options.get("slope", 0.2))})
    elif function == "gelu" and options.get("approximate"):
        COMPOSITIONS["approximate_gelu"](chain, given)
    elif function in COMPOSITIONS:
        COMPOSITIONS[function](chain, given)
    else:
        chain.plain("Activation", {"activation": function})


def _identity(chain: Chain) -> None:
    _options(chain)
    _only_tensor(chain)
    chain.plain("Activation", {"activation": "linear"})


def _cast(chain: Chain) -> None:
    dtype = _options(chain, "dtype").get("dtype")
    _only_tensor(chain)
    if not str(dtype).startswith(("float", "bfloat")):
        raise refused(chain, f"to {dtype}")
    chain.plain("Rescaling", {"scale": 1.0, "offset": 0.0})


def _negative(chain: Chain) -> None:
    _options(chain)
    affine(chain, "flip", given=_only_tensor(chain), scale=-1.0)


def _square(chain: Chain) -> None:
    _options(chain)
    squared(chain, "square", given=_only_tensor(chain))


def _power(chain: Chain) -> None:
    _options(chain)
    base, exponent = _operands(chain, 2)
    given = _tensor(chain, base)
    if given is None or _tensor(chain, exponent) is not None or _number(chain, exponent) != 2:  # noqa: PLR2004
        raise refused(chain, "other than the square")
    squared(chain, "square", given=given)


def _arithmetic(class_name: str | None, *, scale: Callable[[float, bool], tuple[float, float] | None]) -> Expression:
    """Return the expression of an operation of two operands, of which one may be a number."""

    def expression(chain: Chain) -> None:
        _options(chain)
        left, right = _operands(chain, 2)
        tensors = [_tensor(chain, operand) for operand in (left, right)]
        if tensors[0] is not None and tensors[1] is not None:
            _two_tensors(chain, class_name, (tensors[0], tensors[1]))
            return
        constant, given = (right, tensors[0]) if tensors[0] is not None else (left, tensors[1])
        numbers = scale(_number(chain, constant), tensors[0] is not None)
        if given is None or numbers is None:
            raise refused(chain, "of a number by a tensor")
        affine(chain, "affine", given=given, scale=numbers[0], offset=numbers[1])

    return expression


def _two_tensors(chain: Chain, class_name: str | None, given: tuple[int, int]) -> None:
    if class_name is None:
        raise refused(chain, "of two tensors")
    shapes = [chain.layer.inputs[-1 - number] for number in given]
    if any(shape is None for shape in shapes) or len({len(shape or ()) for shape in shapes}) != 1:
        raise refused(chain, "of tensors of different ranks")
    if chain.layer.config["function"] == "subtract":
        given = (given[0], affine(chain, "minus", given=given[1], scale=-1.0))
    chain.plain(class_name, {}, inputs=given)


def _extreme(class_name: str, sign: float) -> Expression:
    """Return the expression of the larger, or the smaller, of two: ``c + relu(x - c)``, ``c - relu(c - x)``."""

    def expression(chain: Chain) -> None:
        _options(chain)
        tensors = [_tensor(chain, operand) for operand in _operands(chain, 2)]
        if tensors[0] is not None and tensors[1] is not None:
            _two_tensors(chain, class_name, (tensors[0], tensors[1]))
            return
        given = tensors[0] if tensors[0] is not None else tensors[1]
        if given is None:
            raise refused(chain, "of no tensor")
        _bounded(chain, given, _number(chain, _operands(chain, 2)[tensors[0] is not None]), sign=sign)

    return expression


def _bounded(chain: Chain, given: int, bound: float, *, sign: float) -> int:
    moved = affine(chain, f"less{len(chain.pieces)}", given=given, scale=sign, offset=-sign * bound)
    cut = applied(chain, f"cut{len(chain.pieces)}", given=moved, function="relu")
    return affine(chain, f"back{len(chain.pieces)}", given=cut, scale=sign, offset=bound)


def _clip(chain: Chain) -> None:
    operands: list[Any] = chain.layer.config["operands"]
    options = _options(chain, "x_min", "x_max")
    given = _tensor(chain, operands[0]) if operands else None
    bounds = [options.get("x_min"), options.get("x_max"), *operands[1:]]
    told = [bound for bound in bounds if bound is not None]
    if given is None or len(told) != 2:  # noqa: PLR2004
        raise refused(chain)
    raised = _bounded(chain, given, _number(chain, told[0]), sign=1.0)
    _bounded(chain, raised, _number(chain, told[1]), sign=-1.0)


def _reshape(chain: Chain) -> None:
    shape = _options(chain, "shape").get("shape")
    _only_tensor(chain)
    sizes = list(shape) if isinstance(shape, list | tuple) else []
    source = chain.layer.shape
    if not sizes or source is None or any(type(size) is not int for size in sizes):
        raise refused(chain, f"to {shape}")
    inside = list(source[1:])
    known = None not in inside
    if sizes[0] != -1 and sizes[0] != source[0]:
        raise refused(chain, f"to {shape}, which moves the batch")
    if sizes[0] == -1 and not (known and -1 not in sizes[1:] and _count(inside) == _count(sizes[1:])):
        raise refused(chain, f"to {shape}, which may move the batch")
    chain.plain("Reshape", {"target_shape": sizes[1:]})


def _count(sizes: list[Any]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _transpose(chain: Chain) -> None:
    order = _options(chain, "axis").get("axis")
    _only_tensor(chain)
    if not isinstance(order, list | tuple) or list(order[:1]) != [0] or sorted(order) != list(range(len(order))):
        raise refused(chain, f"in the order {order}")
    chain.plain("Permute", {"dims": list(order[1:])})


def _expand_dims(chain: Chain) -> None:
    sizes, axis = _sizes_and_axis(chain, more=1)
    chain.plain("Reshape", {"target_shape": [*sizes[: axis - 1], 1, *sizes[axis - 1 :]]})


def _squeeze(chain: Chain) -> None:
    sizes, axis = _sizes_and_axis(chain, more=0)
    if sizes[axis - 1] != 1:
        raise refused(chain)
    chain.plain("Reshape", {"target_shape": [*sizes[: axis - 1], *sizes[axis:]]})


def _sizes_and_axis(chain: Chain, *, more: int) -> tuple[list[int], int]:
    axis = _options(chain, "axis").get("axis")
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    _only_tensor(chain)
    shape = chain.layer.shape
    if shape is None or type(axis) is not int:
        raise refused(chain, f"of axis {axis}")
    place = axis if axis >= 0 else axis + len(shape) + more
    sizes = [-1 if size is None else size for size in shape[1:]]
    if place < 1 or place - more >= len(shape) or sizes.count(-1) > 1:
        raise refused(chain, f"of axis {axis}")
    return sizes, place


def _concatenate(chain: Chain) -> None:
    axis = _options(chain, "axis").get("axis", -1)
    operands: list[Any] = chain.layer.config["operands"]
    listed = operands[0] if operands and isinstance(operands[0], list) else []
    given = [_tensor(chain, operand) for operand in listed]
    inputs = tuple(number for number in given if number is not None)
    if len(inputs) != len(given) or len(inputs) < 2 or type(axis) is not int:  # noqa: PLR2004
        raise refused(chain)
    place = axis % chain.layer.rank()
    if not place:
        raise refused(chain, "over the batch")
    chain.plain("Concatenate", {"axis": place}, inputs=inputs)


def _reduced(kind: str) -> Expression:
    """Return the expression of a mean or maximum over the steps or over the places of an image."""

    def expression(chain: Chain) -> None:
        options = _options(chain, "axis", "keepdims")
        given = _only_tensor(chain)
        rank = chain.layer.rank()
        axis = options.get("axis")
        axes = sorted(each % rank for each in (axis if isinstance(axis, list) else [axis]) if type(each) is int)
        if axes != list(range(1, rank - 1)) or rank not in (3, 4):
            raise refused(chain, f"over axis {axis}")
        class_name = f"Global{kind}Pooling{rank - 2}D"
        chain.helper(class_name, "pool", config={"data_format": "channels_last"}, inputs=(given,))
        if options.get("keepdims"):
            chain.helper("Reshape", "kept", config={"target_shape": [*[1] * (rank - 2), chain.layer.channels()]})

    return expression


_EXPRESSIONS: dict[str, Expression] = {
    "identity": _identity,
    "cast": _cast,
    "negative": _negative,
    "square": _square,
    "power": _power,
    "pow": _power,
    "add": _arithmetic("Add", scale=lambda value, _: (1.0, value)),
    "subtract": _arithmetic("Add", scale=lambda value, right: (1.0, -value) if right else (-1.0, value)),
    "multiply": _arithmetic("Multiply", scale=lambda value, _: (value, 0.0)),
    "divide": _arithmetic(None, scale=lambda value, right: (1 / value, 0.0) if right and value else None),
    "maximum": _extreme("Maximum", 1.0),
    "minimum": _extreme("Minimum", -1.0),
    "clip": _clip,
    "reshape": _reshape,
    "transpose": _transpose,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "concatenate": _concatenate,
    "mean": _reduced("Average"),
    "max": _reduced("Max"),
}
