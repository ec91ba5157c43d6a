"""Operations without a layer, and activation functions: the rows of their table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.keras.arithmetic import ACTIVATIONS, elu, sigmoid, softmax, softplus
from tests.unit.conversion.native.keras.operating import A, B, InKeras2, InKeras3, Operation, RefusedOperation, Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conversion.native.keras.arithmetic import Array
    from tests.unit.conversion.native.keras.operating import Sizes

STEPS, IMAGE = (4, 3), (3, 4, 2)
PAIR: list[Sizes] = [(3,), (3,)]


def hard_sigmoid(x: Array) -> Array:
    return np.asarray(np.clip(x + 3, 0, 6) / 6)


def tanh_gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


COMPOSED: dict[str, Callable[[Array], Array]] = {
    "hard_silu": lambda x: x * hard_sigmoid(x),
    "hard_swish": lambda x: x * hard_sigmoid(x),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "log_sigmoid": lambda x: np.log(sigmoid(x)),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0),
    "hard_shrink": lambda x: np.where(abs(x) > 0.5, x, 0),
}
"""The activation functions of Keras that TensorFlow.js lacks, by the formulas of Keras's documentation."""

RENAMED: dict[str, Callable[[Array], Array]] = {"silu": lambda x: x * sigmoid(x), "celu": elu}
"""Those that TensorFlow.js has under another name."""


def both(keras3: str, keras2: str, right: Any, left: Any = A) -> list[Any]:
    """Return a call of two operands in both spellings."""
    first = {"first": (left,)}
    return [InKeras3(keras3, args=(left, right)), InKeras2(keras2, {"y": right, "name": None}, **first)]


def made(class_name: str, **options: Any) -> InKeras3:
    return InKeras3(class_name, options)


def elementwise(keras3: str, keras2: str, classes: list[str], answer: Callable[[Array], Array]) -> Operation:
    return Operation(f"{keras2} of a tensor", [made(keras3), InKeras2(keras2, {"name": None})], classes, answer)


_SQUARE = ["Activation", "Multiply"]
ROWS = [
    Operation("a tensor and a number", both("Add", "__operators__.add", 2.0), ["Rescaling"], lambda x: x + 2),
    Operation("a number and a tensor", both("Add", "math.add", A, 2.0), ["Rescaling"], lambda x: 2 + x),
    Operation("a tensor less a number", both("Subtract", "math.subtract", 2.0), ["Rescaling"], lambda x: x - 2),
    Operation("a number less a tensor", both("Subtract", "math.subtract", A, 2), ["Rescaling"], lambda x: 2 - x),
    Operation("a tensor times a number", both("Multiply", "math.multiply", -3), ["Rescaling"], lambda x: x * -3),
    Operation("a list of one number", both("Multiply", "math.multiply", [[0.5]]), ["Rescaling"], lambda x: x / 2),
    Operation("a tensor by a number", both("TrueDivide", "math.truediv", 4.0), ["Rescaling"], lambda x: x / 4),
    Operation("two tensors added", both("Add", "math.add", B), ["Add"], lambda x, y: x + y, PAIR),
    Operation("their difference", both("Subtract", "math.subtract", B), ["Rescaling", "Add"], lambda x, y: x - y, PAIR),
    Operation(
        "operands by their names",
        [InKeras3("Subtract", args=(), kwargs={"x2": 3.0, "x1": A}), InKeras3("Subtract", kwargs={"y": 3.0})],
        ["Rescaling"],
        lambda x: x - 3,
    ),
    Operation(
        "the difference the other way",
        [InKeras3("Subtract", args=(B, A))],
        ["Rescaling", "Add"],
        lambda x, y: y - x,
        PAIR,
    ),
    Operation("their product", both("Multiply", "math.multiply", B), ["Multiply"], lambda x, y: x * y, PAIR),
    Operation("the larger", both("Maximum", "math.maximum", B), ["Maximum"], np.maximum, PAIR),
    Operation("the smaller", both("Minimum", "math.minimum", B), ["Minimum"], np.minimum, PAIR),
    Operation(
        "the larger of a tensor and a number",
        both("Maximum", "math.maximum", 0.5),
        ["Rescaling", "Activation", "Rescaling"],
        lambda x: np.maximum(x, 0.5),
    ),
    Operation(
        "the smaller of a number and a tensor",
        both("Minimum", "math.minimum", A, 0.5),
        ["Rescaling", "Activation", "Rescaling"],
        lambda x: np.minimum(x, 0.5),
    ),
    Operation(
        "a number between two bounds",
        [
            made("Clip", x_min=-1.0, x_max=0.5),
            InKeras3("Clip", args=(A, -1.0, 0.5)),
            InKeras2("clip_by_value", {"clip_value_min": -1.0, "clip_value_max": 0.5}),
        ],
        ["Rescaling", "Activation", "Rescaling"] * 2,
        lambda x: np.clip(x, -1, 0.5),
    ),
    Operation("the square", [made("Square"), InKeras2("math.square")], _SQUARE, np.square),
    Operation("the power 2", both("Power", "math.pow", 2), _SQUARE, np.square),
    elementwise("Negative", "math.negative", ["Rescaling"], np.negative),
    elementwise("Identity", "identity", ["Activation"], lambda x: x),
    elementwise("StopGradient", "stop_gradient", ["Activation"], lambda x: x),
    Operation(
        "a cast to less exact numbers",
        [made("Cast", dtype="float16"), InKeras2("cast", {"dtype": "float32"})],
        ["Rescaling"],
        lambda x: x,
    ),
    elementwise("Relu", "nn.relu", ["Activation"], lambda x: np.maximum(x, 0)),
    elementwise("Silu", "nn.silu", ["Activation"], lambda x: x * sigmoid(x)),
    elementwise("LogSigmoid", "math.log_sigmoid", ["Rescaling", "Activation", "Rescaling"], lambda x: -softplus(-x)),
    Operation("hard_sigmoid of Keras 3", [made("HardSigmoid")], ["Rescaling", "ReLU", "Rescaling"], hard_sigmoid),
    Operation("gelu", [made("Gelu", approximate=False)], ["Activation"], ACTIVATIONS["gelu"]),
    Operation(
        "gelu by tanh",
        [made("Gelu", approximate=True), InKeras2("nn.gelu", {"approximate": True})],
        [*_SQUARE, "Rescaling", "Multiply", "Activation", "Rescaling", "Multiply"],
        tanh_gelu,
    ),
    Operation(
        "leaky relu with a slope",
        [made("LeakyRelu", negative_slope=0.3), InKeras2("nn.leaky_relu", {"alpha": 0.3})],
        ["LeakyReLU"],
        lambda x: np.where(x > 0, x, 0.3 * x),
    ),
    Operation(
        "softmax", [made("Softmax", axis=-1), InKeras2("nn.softmax", {"axis": 2})], ["Activation"], softmax, [STEPS]
    ),
    Operation(
        "a reshape of all but the batch",
        [made("Reshape", newshape=[-1, 2, 6]), InKeras2("reshape", {"shape": [-1, 2, 6]})],
        ["Reshape"],
        lambda x: x.reshape(2, 2, 6),
        [STEPS],
    ),
    Operation(
        "axes in another order",
        [made("Transpose", axes=[0, 3, 1, 2]), InKeras2("compat.v1.transpose", {"perm": [0, 3, 1, 2]})],
        ["Permute"],
        lambda x: x.transpose(0, 3, 1, 2),
        [IMAGE],
    ),
    *[
        Operation(
            f"an axis more, at {axis}",
            [made("ExpandDims", axis=axis), InKeras2("expand_dims", {"axis": axis})],
            ["Reshape"],
            lambda x, axis=axis: np.expand_dims(x, axis),
            [STEPS],
        )
        for axis in (1, 2, -1)
    ],
    *[
        Operation(
            f"an axis less, at {axis}",
            [made("Squeeze", axis=axis), InKeras2("squeeze", {"axis": [axis]})],
            ["Reshape"],
            lambda x, axis=axis: np.squeeze(x, axis),
            [shape],
        )
        for axis, shape in ((1, (1, 4, 3)), (-1, (4, 3, 1)), (2, (None, 1, 3)))
    ],
    Operation(
        "two tensors one after the other",
        [InKeras3("Concatenate", {"axis": -2}, args=([A, B],)), InKeras2("concat", {"axis": 1}, first=(A, B))],
        ["Concatenate"],
        lambda x, y: np.concatenate([x, y], 1),
        [STEPS, (2, 3)],
    ),
    Operation(
        "the mean over the steps",
        [made("Mean", axis=[1], keepdims=False), InKeras2("math.reduce_mean", {"axis": 1})],
        ["GlobalAveragePooling1D"],
        lambda x: x.mean(1),
        [STEPS],
    ),
    Operation(
        "the largest of an image, as an image",
        [made("Max", axis=[1, 2], keepdims=True), InKeras2("math.reduce_max", {"axis": [-3, -2], "keepdims": True})],
        ["GlobalMaxPooling2D", "Reshape"],
        lambda x: x.max((1, 2), keepdims=True),
        [IMAGE],
    ),
]

C = Tensor(2)
REFUSED = [
    RefusedOperation(made("GetItem"), "the operation 'getitem' has no layer in TensorFlow.js"),
    RefusedOperation(InKeras2("slice", {"begin": [0]}), "the operation 'slice' has no layer in TensorFlow.js"),
    RefusedOperation(made("Square", where="here"), "the operation 'square' with where has no layer"),
    RefusedOperation(InKeras3("Square", args=()), "it is given no tensor", []),
    RefusedOperation(InKeras3("Square", args=(A, 2)), "the operation 'square' of 2 operands has no layer"),
    RefusedOperation(InKeras3("Relu", args=(2.0,)), "it is given no tensor", []),
    RefusedOperation(made("Softmax", axis=1), "the operation 'softmax' over axis 1 has no layer", [STEPS]),
    RefusedOperation(made("Cast", dtype="int32"), "the operation 'cast' to int32 has no layer"),
    RefusedOperation(InKeras3("Power", args=(A, 3)), "the operation 'power' other than the square has no layer"),
    RefusedOperation(InKeras3("Power", args=(2, A)), "the operation 'power' other than the square has no layer"),
    RefusedOperation(
        InKeras3("TrueDivide", args=(A, 0)), "the operation 'divide' of a number by a tensor has no layer"
    ),
    RefusedOperation(
        InKeras3("TrueDivide", args=(1, A)), "the operation 'divide' of a number by a tensor has no layer"
    ),
    RefusedOperation(InKeras3("TrueDivide", args=(A, B)), "the operation 'divide' of two tensors has no layer", PAIR),
    RefusedOperation(
        InKeras3("Add", args=(A, [1.0, 2.0])),
        "the operation 'add' with a constant that is no single number has no layer",
    ),
    RefusedOperation(
        InKeras3("Add", args=(A, B)), "the operation 'add' of tensors of different ranks has no layer", [(3,), STEPS]
    ),
    RefusedOperation(made("Clip", x_min=1.0), "the operation 'clip' has no layer"),
    RefusedOperation(made("Reshape", newshape=[3, -1]), "to [3, -1], which moves the batch has no layer", [STEPS]),
    RefusedOperation(made("Reshape", newshape=[-1, 3]), "to [-1, 3], which may move the batch has no layer", [STEPS]),
    RefusedOperation(made("Reshape", newshape=[-1, 3]), "which may move the batch", [(None, 3)]),
    RefusedOperation(made("Reshape", newshape="all"), "the operation 'reshape' to all has no layer"),
    RefusedOperation(made("Transpose", axes=[1, 0, 2]), "in the order [1, 0, 2] has no layer", [STEPS]),
    RefusedOperation(made("ExpandDims", axis=0), "the operation 'expand_dims' of axis 0 has no layer"),
    RefusedOperation(made("ExpandDims", axis=None), "the operation 'expand_dims' of axis None has no layer"),
    RefusedOperation(made("ExpandDims", axis=4), "the operation 'expand_dims' of axis 4 has no layer", [STEPS]),
    RefusedOperation(made("Squeeze", axis=1), "the operation 'squeeze' has no layer", [STEPS]),
    RefusedOperation(made("ExpandDims", axis=1), "the operation 'expand_dims' of axis 1", [(None, None)]),
    RefusedOperation(InKeras3("Concatenate", {"axis": 0}, args=([A, B],)), "over the batch has no layer", PAIR),
    RefusedOperation(InKeras3("Concatenate", {"axis": 1}, args=([A],)), "the operation 'concatenate' has no layer"),
    RefusedOperation(made("Mean", axis=2), "the operation 'mean' over axis 2 has no layer", [STEPS]),
    RefusedOperation(made("Mean", axis=[1]), "the operation 'mean' over axis [1] has no layer"),
    RefusedOperation(InKeras2("math.add", {"y": A, "more": B}), "the operation 'add' with more has no layer", PAIR),
]
