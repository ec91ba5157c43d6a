"""Text among the constants that a layer is called with: an operation takes words, a layer of Keras takes none."""

from __future__ import annotations

import re
from typing import Any, Iterator, Optional, Tuple

_CONSTANT = "_CONSTANT_VALUE"
_LEAST, _MOST = 3, 4
_OF_TEXT = re.compile(
    r"(compat\.v1\.)?(strings\.\w+|string_\w+|regex_replace|substr|reduce_join|io\.decode\w+|io\.parse\w+"
    r"|(math\.)?(not_)?equal|where|where_v2|fill|__operators__\.(eq|ne)|constant)"
)
"""Operations whose tensors may be text."""
_EQUATIONS = re.compile(r"(linalg\.|compat\.v1\.|compat\.v1\.linalg\.)?einsum|Einsum|Rearrange")
_EQUATION = re.compile(r"[A-Za-z., >()-]*")
_FREE = frozenset(["name", "message"])
_WORD = re.compile(r"[\w .,:+*()=?><-]{0,200}")
"""Data types, paddings, modes, equations; no separator of paths, nothing that a shell reads."""


def unfit(nodes: Any, operation: Optional[str]) -> Iterator[str]:
    """Yield the texts in a layer's ``inbound_nodes`` that it has no use for; ``operation`` is what it calls, if any."""
    for key, text in _texts(nodes, ""):
        if operation is None or not _fits(operation, key, text=text):
            yield text


def _fits(operation: str, key: str, *, text: str) -> bool:
    if _OF_TEXT.fullmatch(operation) or key in _FREE:
        return True
    if not key:  # where tensors stand
        return bool(_EQUATIONS.fullmatch(operation) and _EQUATION.fullmatch(text))
    return _WORD.fullmatch(text) is not None


def _texts(value: Any, key: str) -> Iterator[Tuple[str, str]]:
    """Yield the texts with the argument that they are for; names of other layers are no texts."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        yield from _of_mapping(value, key)
    elif isinstance(value, list):
        if _LEAST <= len(value) <= _MOST and isinstance(value[0], str) and _is_number(value[1]):
            value = value[2 if value[0] == _CONSTANT else _LEAST :]
        elif value and isinstance(value[0], dict) and "_TYPE" in value[0]:
            return  # a composite tensor, whose text is read as a config of its own
        for inner in value:
            yield from _texts(inner, key)


def _of_mapping(value: "dict[str, Any]", key: str) -> Iterator[Tuple[str, str]]:
    kind = value.get("class_name")
    if kind == "__keras_tensor__":
        return
    if kind == "__tensor__" and isinstance(value.get("config"), dict):
        value = {"config": {name: inner for name, inner in value["config"].items() if name != "dtype"}}
    for name, inner in value.items():
        if name in ("class_name", "module", "registered_name"):
            continue
        is_structure = kind is not None or name in ("args", "kwargs", "items", "config", "value")
        yield from _texts(inner, key if is_structure else name)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
