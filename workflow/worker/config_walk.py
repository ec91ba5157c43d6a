"""What a Keras config asks for beyond the list: every object, function and constant in it, wherever it is nested."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Tuple

from . import allow_list, constants_in_configs, outside_ops

_Json = Dict[str, Any]
_MARK = "__lambda__"
_CODE = "Python code that is stored in it"
_DATA = frozenset(
    [
        *("__tensor__", "__numpy__", "__bytes__", "__tuple__", "__ellipsis__", "__slice__", "__keras_tensor__"),
        *("TensorShape", "CompositeTensor"),
    ]
)
"""Forms in which Keras writes what is no object of its own."""
_SPECS = frozenset(["TensorSpec", "BoundedTensorSpec", "RaggedTensorSpec", "SparseTensorSpec", "NoneTensorSpec"])
_SPECS |= frozenset(["TensorArraySpec", "RowPartitionSpec"])
_HOLDING = frozenset(["", "layers", "layer", "forward_layer", "backward_layer", "cell", "cells", "model_config"])
"""Where layers stand in a config."""
_FUNCTIONS = re.compile(r"(^|_)(activation|initializer|regularizer|constraint|loss|optimizer|fn|func|function)$")
"""Keys whose text is the name of a function or a class."""
_NAMELESS = "<lambda>"
"""What Keras 2 calls a function without a name, of which it keeps nothing else: nobody finds one by that."""
_SEVERAL = frozenset(["loss"])
"""Keys that may hold one name for each output."""
_NAME = re.compile(r"[^\W\d]\w*(>[^\W\d]\w*)?", re.ASCII)
_PATHS: Dict[str, Tuple[str, ...]] = {
    **dict.fromkeys(
        ["StringLookup", "IntegerLookup", "IndexLookup", "TextVectorization"], ("vocabulary", "idf_weights")
    ),
    **dict.fromkeys(["EmbeddingColumn", "SharedEmbeddingColumn"], ("ckpt_to_load_from",)),
}
"""Options that are values, or, where they are text, the path of a file with them."""


@dataclass(frozen=True)
class Asking:
    """A layer by its name in the model, and what it asks for."""

    layer: str
    what: str

    def __str__(self) -> str:
        return f"{self.layer} asks for {self.what}"


def asked(document: Any, allowed: allow_list.AllowList, *, own: FrozenSet[str] = frozenset()) -> List[Asking]:
    """Return what a parsed config asks for that is neither on the list nor one of the user's ``own`` names.

    What Keras cannot find at all, a class of the user's that nobody gave, is left to Keras's own words.
    """
    walk = _Walk(allowed, own)
    found: List[Asking] = []
    waiting = [(document, "", "")]
    while waiting:
        value, owner, key = waiting.pop()
        if isinstance(value, dict):
            owner = _name_of(value, key) or owner
            found += [Asking(owner or "the model's config", what) for what in walk.of(value)]
            waiting += [(inner, owner, name) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(inner, owner, key) for inner in value]
    return list(dict.fromkeys(found[::-1]))


def _name_of(value: _Json, key: str) -> str:
    """Return the name of a layer; a policy or a loss has one as well, which says nothing to its user."""
    config = value.get("config")
    if "class_name" not in value or not (key in _HOLDING or "inbound_nodes" in value or "name" in value):
        return ""
    names = (config.get("name") if isinstance(config, dict) else None, value.get("name"))
    return next((name for name in names if isinstance(name, str)), "")


class _Walk:
    """The questions to one object of a config."""

    def __init__(self, allowed: allow_list.AllowList, own: FrozenSet[str]) -> None:
        self._allowed, self._own = allowed, own

    def of(self, value: _Json) -> Iterator[str]:
        """Yield what the object itself asks for, not what is nested in it."""
        kind = value.get("class_name")
        if isinstance(kind, str):
            yield from self._object(kind, value)
        for key, text in value.items():
            if isinstance(text, list) and key in _SEVERAL:
                names = [one for one in text if isinstance(one, str)]
                yield from (f"the function {name}" for name in names if not self._may_be_named(name))
            elif isinstance(text, list) and _FUNCTIONS.search(key) and text and isinstance(text[0], str):
                yield _CODE  # as Keras 2 writes a function: bytecode as text, defaults, closure
            elif isinstance(text, str):
                if key.endswith("_type") and text in ("lambda", _MARK):
                    yield _CODE
                elif _FUNCTIONS.search(key) and not self._may_be_named(text):
                    yield f"the function {text}"

    def _may_be_named(self, text: str) -> bool:
        """Tell whether text in the place of a function is a name: TFOpLambda's are looked up elsewhere."""
        listed = any(text in one.calls for one in allow_list.every())
        return _NAME.fullmatch(text) is not None or text in (_NAMELESS, *self._own) or listed

    def _object(self, kind: str, value: _Json) -> Iterator[str]:
        if kind == _MARK:
            yield _CODE
        elif kind == "function":
            yield from self._function(value)
        elif kind in ("TypeSpec", "__typespec__"):
            yield from _spec(value)
        elif kind not in _DATA and kind not in self._own:
            yield from self._class(kind, value)
            yield from self._strings(kind, value)

    def _class(self, kind: str, value: _Json) -> Iterator[str]:
        module, registered = value.get("module"), value.get("registered_name")
        if self._is_own(registered) and kind not in self._allowed.refused and kind not in self._allowed.classes:
            return
        if not self._allowed.has_class(kind, module) and self._can_be_found(kind, module):
            yield self._told("class", kind, module)
        elif kind in self._allowed.classes:  # whatever the module: Keras looks into its tables by this name first
            known = registered in (None, kind) or self._is_own(registered)
            if not known and not self._allowed.has_class(str(registered), None):
                yield f"the registered class {registered}"
            config = value.get("config")
            config = config if isinstance(config, dict) else {}
            check = _OPERATIONS.get(kind, _lambda if kind == "Lambda" else None)
            if check is not None:
                yield from check(config, self._allowed)
            yield from (f"the file {config[key]}" for key in _PATHS.get(kind, ()) if isinstance(config.get(key), str))

    def _function(self, value: _Json) -> Iterator[str]:
        name, module, registered = value.get("config"), value.get("module"), value.get("registered_name")
        if self._is_own(name) or (self._is_own(registered) and isinstance(name, str) and _NAME.fullmatch(name)):
            return
        if not isinstance(name, str):
            yield "a function without a name"
        elif not self._allowed.has_function(name, module):
            if self._can_be_found(name, module):
                yield self._told("function", name, module)
        elif registered not in (None, name, "function") and not self._allowed.has_function(str(registered), module):
            yield f"the function {registered}"

    def _can_be_found(self, name: str, module: Any) -> bool:
        """Tell whether Keras might find something by a name that is not on the list."""
        if name in self._allowed.refused or not _NAME.fullmatch(name):
            return True
        if not isinstance(
            module, str
        ):  # without one Keras looks into its tables, of which all that may be had is listed
            return module is not None
        if module == "builtins":
            return hasattr(sys.modules["builtins"], name)
        if any(one.has_class(name, module) or one.has_function(name, module) for one in allow_list.every()):
            return False  # in another Keras, of which there is none in this environment
        return _is_there(module, name)

    def _told(self, what: str, name: str, module: Any) -> str:
        reason = self._allowed.refused.get(name)
        if reason:
            return f"the {what} {name}, which {reason}"
        return f"the {what} {name} of the module {module}" if module else f"the {what} {name}"

    def _is_own(self, name: Any) -> bool:
        return isinstance(name, str) and (name in self._own or name.rpartition(">")[2] in self._own)

    def _strings(self, kind: str, value: _Json) -> Iterator[str]:
        nodes = value.get("inbound_nodes")
        if nodes and kind in self._allowed.classes:
            config = value.get("config")
            function = config.get("function") if isinstance(config, dict) else None
            is_operation = kind in _OPERATIONS or str(value.get("module")).startswith("keras.src.ops.")
            named = str(function or kind) if is_operation else None
            yield from (f"the text {text!r} as an input" for text in constants_in_configs.unfit(nodes, named))


def _spec(value: _Json) -> Iterator[str]:
    """Specifications of tensors are plain data; others stand for things that are made when they are read."""
    name = value.get("type_spec") if value["class_name"] == "TypeSpec" else value.get("spec_name")
    module = value.get("module", "tensorflow.python")
    plain = isinstance(name, str) and (name[3:] if name.startswith("tf.") else name) in _SPECS
    if not plain or value.get("registered_name") is not None or not str(module).startswith("tensorflow.python"):
        yield f"the specification {name}"


def _is_there(module: str, name: str) -> bool:
    """Tell whether a module can be imported; one of Keras must have the thing, for later ones have more."""
    root = module.split(".", maxsplit=1)[0]
    if root in ("keras", "tf_keras"):
        loaded = [sys.modules[place] for place in (module, f"tf_{module}") if place in sys.modules]
        return not loaded or any(name in vars(place) for place in loaded)
    return root in sys.modules or root == "__main__" or _is_installed(root)


def _is_installed(root: str) -> bool:
    try:
        return importlib.util.find_spec(root) is not None
    except (ValueError, ImportError):  # no name of a module
        return False


def _lambda(config: _Json, allowed: allow_list.AllowList) -> Iterator[str]:  # noqa: ARG001  as all of them
    """A layer around a function, which may have a name: that of a listed one, or of one of the user's."""
    if not isinstance(config.get("function"), (str, dict)):
        yield _CODE


def _call(config: _Json, allowed: allow_list.AllowList) -> Iterator[str]:
    function = config.get("function")
    if not isinstance(function, str) or function not in allowed.calls:
        yield f"the function {function}"


def _class_method(config: _Json, allowed: allow_list.AllowList) -> Iterator[str]:
    owner, method = config.get("cls_symbol"), config.get("method_name")
    if not isinstance(owner, str) or method not in allowed.class_methods.get(owner, ()):
        yield f"the method tf.{owner}.{method}"


def _property(config: _Json, allowed: allow_list.AllowList) -> Iterator[str]:
    if not isinstance(config.get("attr_name"), str) or config["attr_name"] not in allowed.properties:
        yield f"the property {config.get('attr_name')} of a tensor"


def _method(config: _Json, allowed: allow_list.AllowList) -> Iterator[str]:
    if not isinstance(config.get("attr_name"), str) or config["attr_name"] not in allowed.methods:
        yield f"the method {config.get('attr_name')} of a tensor"


def _node(config: _Json, allowed: allow_list.AllowList) -> Iterator[str]:  # noqa: ARG001  as all of them
    """A node of a graph, as Keras for TensorFlow 1 wrote operations; packed as bytes it cannot be looked into."""
    node = config.get("node_def")
    op = node.get("op") if isinstance(node, dict) and "class_name" not in node else None
    attributes = node.get("attr") if isinstance(node, dict) else None
    calls = isinstance(attributes, dict) and any("func" in _keys(value) for value in attributes.values())
    if not isinstance(op, str) or op not in allow_list.ops().allowed or op in outside_ops.MAY_NAME_FILES or calls:
        yield f"the op {op}"


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)


_Check = Callable[[_Json, allow_list.AllowList], Iterator[str]]
_OPERATIONS: Dict[str, _Check] = {
    "TFOpLambda": _call,
    "SlicingOpLambda": _call,
    "ClassMethod": _class_method,
    "InstanceProperty": _property,
    "InstanceMethod": _method,
    "TensorFlowOpLayer": _node,
}
"""Layers that stand for a call, with what they may call."""
