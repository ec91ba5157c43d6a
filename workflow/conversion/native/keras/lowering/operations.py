"""Operations that stand in a model without a layer, expressed by layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.base.wording import shown
from workflow.conversion.native.keras.expressions import COMPOSITIONS, Expression, affine, applied, squared
from workflow.models.keras.allowed import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.conversion.native.keras.expressions import LayerCall
    from workflow.models.keras.tree import InexpressibleError

    Rule = Callable[[Expression], None]


def operation(layer: LayerCall) -> Expression:
    """Express an operation; raises for one that layers of TensorFlow.js cannot compute."""
    function = layer.config["function"]
    expression = Expression(layer)
    rule = _RULES.get(function)
    if rule is None and (function in ACTIVATIONS or function in COMPOSITIONS):
        rule = _function
    if rule is None:
        raise refused(expression)
    rule(expression)
    return expression


def refused(expression: Expression, why: str = "") -> InexpressibleError:
    """Return the error that declines the model on account of an operation."""
    function = shown(str(expression.layer.config["function"]))
    return expression.layer.refused(f"the operation {function}{f' {why}' if why else ''} has no layer in TensorFlow.js")


def _options(expression: Expression, *known: str) -> dict[str, Any]:
    options: dict[str, Any] = expression.layer.config["options"]
    strange = [key for key, value in options.items() if key not in known and value not in (None, False)]
    if strange:
        raise refused(expression, f"with {', '.join(strange)}")
    return options


def _operands(expression: Expression, count: int) -> list[Any]:
    """Return the operands: the place of a tensor among the inputs as ``{"tensor": k}``, numbers as such."""
    operands: list[Any] = expression.layer.config["operands"]
    if len(operands) != count:
        raise refused(expression, f"of {len(operands)} operands")
    return operands


def _tensor(expression: Expression, operand: Any) -> int | None:
    """Return an operand as the input of a layer; None when it is no tensor."""
    if isinstance(operand, dict) and type(operand.get("tensor")) is int:
        number: int = operand["tensor"]
        if number >= len(expression.layer.inputs):
            raise refused(expression, "of a tensor that is not there")
        return -1 - number
    return None


def _only_tensor(expression: Expression) -> int:
    found = _tensor(expression, _operands(expression, 1)[0])
    if found is None:
        raise refused(expression, "of no tensor")
    return found


def _number(expression: Expression, operand: Any) -> float:
    value = operand
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if type(value) not in (int, float):
        raise refused(expression, "with a constant that is no single number")
    return float(value)


def _function(expression: Expression) -> None:
    function: str = expression.layer.config["function"]
    options = _options(expression, "axis", "slope", "approximate")
    given = _only_tensor(expression)
    if options.get("axis", -1) not in (-1, expression.layer.rank() - 1 if expression.layer.shape else -1):
        raise refused(expression, f"over axis {options['axis']}")
    if function == "leaky_relu":
        expression.plain("LeakyReLU", {"alpha": _number(expression, options.get("slope", 0.2))})
    elif function == "gelu" and options.get("approximate"):
        COMPOSITIONS["approximate_gelu"](expression, given)
    elif function in COMPOSITIONS:
        COMPOSITIONS[function](expression, given)
    else:
        expression.plain("Activation", {"activation": function})


def _identity(expression: Expression) -> None:
    _options(expression)
    _only_tensor(expression)
    expression.plain("Activation", {"activation": "linear"})


def _cast(expression: Expression) -> None:
    dtype = _options(expression, "dtype").get("dtype")
    _only_tensor(expression)
    if not str(dtype).startswith(("float", "bfloat")):
        raise refused(expression, f"to {dtype}")
    expression.plain("Rescaling", {"scale": 1.0, "offset": 0.0})


def _negative(expression: Expression) -> None:
    _options(expression)
    affine(expression, "flip", given=_only_tensor(expression), scale=-1.0)


def _square(expression: Expression) -> None:
    _options(expression)
    squared(expression, "square", given=_only_tensor(expression))


def _power(expression: Expression) -> None:
    _options(expression)
    base, exponent = _operands(expression, 2)
    given = _tensor(expression, base)
    if given is None or _tensor(expression, exponent) is not None or _number(expression, exponent) != 2:  # noqa: PLR2004
        raise refused(expression, "other than the square")
    squared(expression, "square", given=given)


def _arithmetic(class_name: str | None, *, scale: Callable[[float, bool], tuple[float, float] | None]) -> Rule:
    """Return the rule of an operation of two operands, of which one may be a number."""

    def rule(expression: Expression) -> None:
        _options(expression)
        left, right = _operands(expression, 2)
        tensors = [_tensor(expression, operand) for operand in (left, right)]
        if tensors[0] is not None and tensors[1] is not None:
            _two_tensors(expression, class_name, (tensors[0], tensors[1]))
            return
        constant, given = (right, tensors[0]) if tensors[0] is not None else (left, tensors[1])
        numbers = scale(_number(expression, constant), tensors[0] is not None)
        if given is None or numbers is None:
            raise refused(expression, "of a number by a tensor")
        affine(expression, "affine", given=given, scale=numbers[0], offset=numbers[1])

    return rule


def _two_tensors(expression: Expression, class_name: str | None, given: tuple[int, int]) -> None:
    if class_name is None:
        raise refused(expression, "of two tensors")
    shapes = [expression.layer.inputs[-1 - number] for number in given]
    if any(shape is None for shape in shapes) or len({len(shape or ()) for shape in shapes}) != 1:
        raise refused(expression, "of tensors of different ranks")
    if expression.layer.config["function"] == "subtract":
        given = (given[0], affine(expression, "minus", given=given[1], scale=-1.0))
    expression.plain(class_name, {}, inputs=given)


def _extreme(class_name: str, sign: float) -> Rule:
    """Return the rule of the larger, or the smaller, of two: ``c + relu(x - c)``, ``c - relu(c - x)``."""

    def rule(expression: Expression) -> None:
        _options(expression)
        tensors = [_tensor(expression, operand) for operand in _operands(expression, 2)]
        if tensors[0] is not None and tensors[1] is not None:
            _two_tensors(expression, class_name, (tensors[0], tensors[1]))
            return
        given = tensors[0] if tensors[0] is not None else tensors[1]
        if given is None:
            raise refused(expression, "of no tensor")
        _bounded(expression, given, _number(expression, _operands(expression, 2)[tensors[0] is not None]), sign=sign)

    return rule


def _bounded(expression: Expression, given: int, bound: float, *, sign: float) -> int:
    moved = affine(expression, f"less{len(expression.layers)}", given=given, scale=sign, offset=-sign * bound)
    cut = applied(expression, f"cut{len(expression.layers)}", given=moved, function="relu")
    return affine(expression, f"back{len(expression.layers)}", given=cut, scale=sign, offset=bound)


def _clip(expression: Expression) -> None:
    operands: list[Any] = expression.layer.config["operands"]
    options = _options(expression, "x_min", "x_max")
    given = _tensor(expression, operands[0]) if operands else None
    bounds = [options.get("x_min"), options.get("x_max"), *operands[1:]]
    told = [bound for bound in bounds if bound is not None]
    if given is None or len(told) != 2:  # noqa: PLR2004
        raise refused(expression)
    raised = _bounded(expression, given, _number(expression, told[0]), sign=1.0)
    _bounded(expression, raised, _number(expression, told[1]), sign=-1.0)


def _reshape(expression: Expression) -> None:
    shape = _options(expression, "shape").get("shape")
    _only_tensor(expression)
    sizes = list(shape) if isinstance(shape, list | tuple) else []
    source = expression.layer.shape
    if not sizes or source is None or any(type(size) is not int for size in sizes):
        raise refused(expression, f"to {shape}")
    inside = list(source[1:])
    known = None not in inside
    if sizes[0] != -1 and sizes[0] != source[0]:
        raise refused(expression, f"to {shape}, which moves the batch")
    if sizes[0] == -1 and not (known and -1 not in sizes[1:] and _count(inside) == _count(sizes[1:])):
        raise refused(expression, f"to {shape}, which may move the batch")
    expression.plain("Reshape", {"target_shape": sizes[1:]})


def _count(sizes: list[Any]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _transpose(expression: Expression) -> None:
    order = _options(expression, "axis").get("axis")
    _only_tensor(expression)
    if not isinstance(order, list | tuple) or list(order[:1]) != [0] or sorted(order) != list(range(len(order))):
        raise refused(expression, f"in the order {order}")
    expression.plain("Permute", {"dims": list(order[1:])})


def _expand_dims(expression: Expression) -> None:
    sizes, axis = _sizes_and_axis(expression, more=1)
    expression.plain("Reshape", {"target_shape": [*sizes[: axis - 1], 1, *sizes[axis - 1 :]]})


def _squeeze(expression: Expression) -> None:
    sizes, axis = _sizes_and_axis(expression, more=0)
    if sizes[axis - 1] != 1:
        raise refused(expression)
    expression.plain("Reshape", {"target_shape": [*sizes[: axis - 1], *sizes[axis:]]})


def _sizes_and_axis(expression: Expression, *, more: int) -> tuple[list[int], int]:
    axis = _options(expression, "axis").get("axis")
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    _only_tensor(expression)
    shape = expression.layer.shape
    if shape is None or type(axis) is not int:
        raise refused(expression, f"of axis {axis}")
    place = axis if axis >= 0 else axis + len(shape) + more
    sizes = [-1 if size is None else size for size in shape[1:]]
    if place < 1 or place - more >= len(shape) or sizes.count(-1) > 1:
        raise refused(expression, f"of axis {axis}")
    return sizes, place


def _concatenate(expression: Expression) -> None:
    axis = _options(expression, "axis").get("axis", -1)
    operands: list[Any] = expression.layer.config["operands"]
    listed = operands[0] if operands and isinstance(operands[0], list) else []
    given = [_tensor(expression, operand) for operand in listed]
    inputs = tuple(number for number in given if number is not None)
    if len(inputs) != len(given) or len(inputs) < 2 or type(axis) is not int:  # noqa: PLR2004
        raise refused(expression)
    place = axis % expression.layer.rank()
    if not place:
        raise refused(expression, "over the batch")
    expression.plain("Concatenate", {"axis": place}, inputs=inputs)


def _reduced(kind: str) -> Rule:
    """Return the rule of a mean or maximum over the steps or over the places of an image."""

    def rule(expression: Expression) -> None:
        options = _options(expression, "axis", "keepdims")
        given = _only_tensor(expression)
        rank = expression.layer.rank()
        axis = options.get("axis")
        axes = sorted(each % rank for each in (axis if isinstance(axis, list) else [axis]) if type(each) is int)
        if axes != list(range(1, rank - 1)) or rank not in (3, 4):
            raise refused(expression, f"over axis {axis}")
        class_name = f"Global{kind}Pooling{rank - 2}D"
        expression.helper(class_name, "pool", config={"data_format": "channels_last"}, inputs=(given,))
        if options.get("keepdims"):
            expression.helper(
                "Reshape", "kept", config={"target_shape": [*[1] * (rank - 2), expression.layer.channels()]}
            )

    return rule


_RULES: dict[str, Rule] = {
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
