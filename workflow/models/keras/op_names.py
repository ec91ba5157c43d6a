"""Operations that stand in a model without a layer, ``x * 2`` or ``tf.nn.relu(x)``, under one set of names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.models.keras.layers import tensors
from workflow.models.keras.tree import OPERATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.models.keras.tree import Config

_HINT = "The model's configuration is damaged: save the model again."
_TENSOR = "__keras_tensor__"
_ARRAY = "__numpy__"
_CONSTANT = "_CONSTANT_VALUE"
_REF_PARTS = 3
_KERAS3 = {
    "truedivide": "divide",
    "relu6": "relu6",
    "silu": "swish",
    "logsoftmax": "log_softmax",
    "logsigmoid": "log_sigmoid",
    "leakyrelu": "leaky_relu",
    "hardsigmoid": "keras3_hard_sigmoid",
    "hardsilu": "hard_swish",
    "hardtanh": "hard_tanh",
    "expanddims": "expand_dims",
    "stopgradient": "identity",
    "softshrink": "soft_shrink",
    "hardshrink": "hard_shrink",
    "tanhshrink": "tanh_shrink",
}
_TENSORFLOW = {
    "__operators__.add": "add",
    "math.truediv": "divide",
    "nn.silu": "swish",
    "nn.leaky_relu": "leaky_relu",
    "nn.log_softmax": "log_softmax",
    "math.log_sigmoid": "log_sigmoid",
    "concat": "concatenate",
    "clip_by_value": "clip",
    "reduce_mean": "mean",
    "math.reduce_mean": "mean",
    "math.reduce_max": "max",
    "compat.v1.transpose": "transpose",
    "stop_gradient": "identity",
}
_MODULES = re.compile(r"^(math|nn|compat\.v1\.(math|nn))\.")
_OPTION_NAMES = {
    "newshape": "shape",
    "axes": "axis",
    "perm": "axis",
    "alpha": "slope",
    "negative_slope": "slope",
    "clip_value_min": "x_min",
    "clip_value_max": "x_max",
    "keep_dims": "keepdims",
}
_NO_OPTIONS = frozenset({"name", "trainable", "dtype", "function"})


def from_keras3(entry: Config, containers: frozenset[str]) -> Config:
    """Return an operation of Keras 3 with its operands in order: tensors by number, all else as it is."""
    nodes = entry.get("inbound_nodes")
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise ModelFileError("an operation of the model has no calls", hint=_HINT)
    function = entry["class_name"].lower()
    config = entry["config"]
    options = {key: value for key, value in config.items() if key not in _NO_OPTIONS}
    if function == "cast":
        options["dtype"] = config.get("dtype")
    forms = [_operands(node) for node in nodes]
    inputs = [[[*found, {}] for found in tensors([node.get("args"), node.get("kwargs")], containers)] for node in nodes]
    return _operation(entry, _KERAS3.get(function, function), options, forms=forms, inputs=inputs)


def from_tensorflow(entry: Config) -> Config:
    """Return an operation of TensorFlow in a model of Keras 2 likewise."""
    raw = entry["config"].get("function") if entry["class_name"] == "TFOpLambda" else None
    full = raw if isinstance(raw, str) else str(entry["config"].get("function", entry["class_name"]))
    function = _TENSORFLOW.get(full, _MODULES.sub("", full) if raw is not None else full)
    nodes = entry.get("inbound_nodes", [])
    if not isinstance(nodes, list) or not all(isinstance(node, list) and node for node in nodes):
        raise ModelFileError("an operation of the model has no calls", hint=_HINT)
    forms: list[Config] = []
    inputs: list[list[Any]] = []
    for node in nodes:
        form, found = _tensorflow_call(node)
        forms.append(form)
        inputs.append(found)
    return _operation(entry, function, {}, forms=forms, inputs=inputs)


def _operation(
    entry: Config, function: str, options: Config, *, forms: list[Config], inputs: list[list[Any]]
) -> Config:
    name = entry.get("name") or entry["config"].get("name")
    if not isinstance(name, str):
        raise ModelFileError("an operation of the model has no name", hint=_HINT)
    same = all(form == forms[0] for form in forms)
    form: Config = forms[0] if forms and same else {"operands": [], "options": {"different calls": True}}
    merged = {**options, **form["options"]}
    config = {
        "name": name,
        "function": function,
        "operands": form["operands"],
        "options": {_OPTION_NAMES.get(key, key): value for key, value in merged.items() if value is not None},
    }
    return {"class_name": OPERATION, "config": config, "name": name, "inbound_nodes": inputs}


def _operands(node: Config) -> Config:
    """Return what an operation of Keras 3 is called with; its tensors are numbered in their order."""
    count = iter(range(10**6))
    args, kwargs = node.get("args"), node.get("kwargs")
    operands = [_operand(value, count) for value in (args if isinstance(args, list) else [])]
    named = sorted(kwargs.items()) if isinstance(kwargs, dict) else []
    values = {key: _operand(value, count) for key, value in named}
    binary = [values.pop(key) for key in ("x", "x1", "x2", "y") if key in values]
    return {"operands": operands + binary, "options": values}


def _operand(value: Any, count: Iterator[int]) -> Any:
    if isinstance(value, list):
        return [_operand(item, count) for item in value]
    if isinstance(value, dict) and value.get("class_name") == _TENSOR:
        return {"tensor": next(count)}
    if isinstance(value, dict) and value.get("class_name") == _ARRAY and isinstance(value.get("config"), dict):
        return value["config"].get("value")
    return value


def _tensorflow_call(node: list[Any]) -> tuple[Config, list[Any]]:
    """Return the operands, the options and the tensors of one call: what is first, then the arguments by name."""
    listed = [node] if isinstance(node[0], str) else node
    if isinstance(listed[0], list) and listed[0] and isinstance(listed[0][0], list):
        return {"operands": [], "options": {"nested inputs": True}}, []
    inputs: list[Any] = []
    firsts = [_given(item, inputs) for item in listed]
    arguments = listed[0][_REF_PARTS] if len(listed[0]) > _REF_PARTS else {}
    if not isinstance(arguments, dict):
        raise ModelFileError("the arguments of an operation are not named", hint=_HINT)
    operands: list[Any] = [firsts if len(firsts) > 1 else firsts[0]]
    options = {}
    for key, value in arguments.items():
        if key in ("y", "b"):
            operands.append(_given([*value, {}], inputs) if _is_ref(value) else value)
        elif _is_ref(value):
            options[key] = "another tensor"
        elif key != "name":
            options[key] = value
    return {"operands": operands, "options": options}, inputs


def _given(item: Any, inputs: list[Any]) -> Any:
    if not isinstance(item, list) or len(item) < _REF_PARTS:
        raise ModelFileError("a call of an operation is not the place of a tensor", hint=_HINT)
    if item[0] == _CONSTANT:
        return item[2]
    inputs.append([*item[:_REF_PARTS], {}])
    return {"tensor": len(inputs) - 1}


def _is_ref(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == _REF_PARTS
        and isinstance(value[0], str)
        and all(isinstance(number, int) for number in value[1:])
    )
