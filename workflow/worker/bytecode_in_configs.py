"""Python code in the configs of Keras: marshalled functions, under whatever class, and functions fetched by module."""

from __future__ import annotations

import builtins
import importlib.util
from typing import Any, List

from . import outside_ops

_MARK = "__lambda__"
_TRIPLE = 3
_LEAST_BYTECODE = 40
_KERAS = ("keras", "tf_keras", "tensorflow")
_TOOLS = frozenset(["utils", "saving", "io", "export"])
_CALLING = ("TFOpLambda", "SlicingOpLambda", "ClassMethod")
_OUTSIDE = frozenset(
    [
        "data",
        "distribute",
        "gfile",
        "models",
        "profiler",
        "saved_model",
        "saving",
        "summary",
        "sysconfig",
        "train",
        *_TOOLS - {"io"},
    ]
)
_OUTSIDE_FUNCTIONS = ("py_func", "numpy_function", "load_", "print", "read_file", "write_file", "matching_files")


def named(topology: Any) -> List[str]:
    """Return the names of the layers that hold code, wherever they are nested, in their order."""
    names: List[str] = []
    waiting = [(topology, "")]
    while waiting:
        value, owner = waiting.pop()
        if isinstance(value, dict):
            owner = str(value["name"]) if isinstance(value.get("name"), str) else owner
            if _holds_code(value):
                names.append(_name_of(value) or owner or "a function in a layer's config")
            waiting += [(inner, _name_of(value) or owner) for inner in value.values()]
        elif isinstance(value, list):
            if _is_dumped(value):
                names.append(owner or "a function in a layer's config")
            waiting += [(inner, owner) for inner in value]
    return list(dict.fromkeys(names[::-1]))


def _name_of(value: Any) -> str:
    config = value.get("config")
    return str(config["name"]) if isinstance(config, dict) and isinstance(config.get("name"), str) else ""


def _holds_code(value: Any) -> bool:
    return (
        value.get("class_name") == _MARK
        or any(key.endswith("_type") and kind in ("lambda", _MARK) for key, kind in value.items())
        or _fetches(value)
        or _calls_outside(value)
    )


def _is_dumped(value: List[Any]) -> bool:
    """Tell whether a list is a function as Keras writes one: its bytecode as text, defaults and closure.

    The text is not decoded: what is no base64 is taken as it stands.
    """
    if len(value) != _TRIPLE or not isinstance(value[0], str) or len(value[0]) < _LEAST_BYTECODE:
        return False
    return all(part is None or isinstance(part, list) for part in value[1:])


def _fetches(value: Any) -> bool:
    """Tell whether an object comes from a module that is on this machine and not one of layers."""
    module, what = value.get("module"), value.get("config")
    if not isinstance(module, str) or "class_name" not in value:
        return False
    root = module.split(".")[0]
    if root == "builtins":
        return isinstance(what, str) and hasattr(builtins, what)
    if root in _KERAS:
        return value["class_name"] == "function" and not _TOOLS.isdisjoint(module.split("."))
    return not root.startswith(("keras", "tensorflow")) and _is_installed(root)


def _is_installed(root: str) -> bool:
    try:
        return importlib.util.find_spec(root) is not None
    except (ValueError, ImportError):  # no name of a module, or __main__
        return False


def _calls_outside(value: Any) -> bool:
    """Tell whether a layer calls a function of TensorFlow that reaches files or runs Python."""
    config = value.get("config")
    if value.get("class_name") not in _CALLING or not isinstance(config, dict):
        return False
    parts = str(config.get("function") or config.get("cls_symbol") or "").split(".")
    function = parts[-1]
    return not _OUTSIDE.isdisjoint(parts) or function.startswith(_OUTSIDE_FUNCTIONS) or outside_ops.is_one(function)
