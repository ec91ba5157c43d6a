"""Damage to JSON, by structure: a value of another type, gone, twice, far too large, too deep, in another place."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_STRANGE: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 255, 2**31, 2**53, 10**18, 10**30, 10**400, 0.5, -0.0, 1e308, 1e-320),
    *(float("nan"), float("inf"), "", " ", "..", ".", "/", "../x", "a\0", "\ud800", "\x1b[31m", "é" * 300, "A" * 5000),
    *(
        "uint8",
        "float16",
        "string",
        "int32",
        "complex64",
        "DT_FLOAT",
        "Const",
        "Dense",
        "Sequential",
        "-1",
        "x:0",
        "^x",
    ),
    *([], {}, [[]], [None], [{}], [-1], [0], [1.5], ["x"], [10**9] * 3, [2**62, 2**62], [1] * 300, {"": None}),
    *({"size": "x"}, {"class_name": "Model"}, {"class_name": "Dense", "config": {}}, {"layers": [{}]}, {"dim": [{}]}),
)
_TOKENS = (b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\u0000", b"\xff", b"NaN", b"1e999", b"[" * 2000, b"-", b"\0")
_DEEP = (3, 40, 400, 5000)
_MARK = re.compile(r'"\\u0000deep (\d+) ([\[{])"(?!:)')
_STOP = 0.25
"""How likely a walk through a tree ends at a branch: places near the root are as likely as the many leaves."""


def damaged_json(raw: bytes, dice: random.Random) -> bytes:
    """Return JSON that differs in one to three places; now and then it is no JSON any more."""
    if dice.random() < 0.06:
        return _damaged_text(raw, dice)
    document = json.loads(raw)
    for _ in range(dice.randint(1, 3)):
        document = damaged_tree(document, dice)
    text = json.dumps(document)
    return _nested(text).encode("utf-8", "surrogatepass")


def damaged_tree(document: Any, dice: random.Random) -> Any:
    """Return a tree with one place in it damaged; it may change the one that it is given."""
    spot = _spot(document, dice)
    if spot is None:
        return copy.deepcopy(dice.choice(_STRANGE))
    container, key = spot
    dice.choice(_ACTS)(container, key, document, dice)
    return document


def _spot(value: Any, dice: random.Random) -> tuple[Any, Any] | None:
    """Return a random place as its container and the key in it."""
    found = None
    while isinstance(value, dict | list) and value:
        if found is not None and dice.random() < _STOP:
            break
        key = dice.choice(list(value)) if isinstance(value, dict) else dice.randrange(len(value))
        found = (value, key)
        value = value[key]
    return found


def _replace(container: Any, key: Any, _: Any, dice: random.Random) -> None:
    container[key] = copy.deepcopy(dice.choice(_STRANGE))


def _delete(container: Any, key: Any, _: Any, dice: random.Random) -> None:
    del container[key]


def _twice(container: Any, key: Any, _: Any, dice: random.Random) -> None:
    if isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]))
    else:
        container[dice.choice(["name", "config", "attr", f"{key}_", key.upper()])] = copy.deepcopy(container[key])


def _scaled(container: Any, key: Any, _: Any, dice: random.Random) -> None:
    value = container[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        factor = dice.choice((-1, 0, 2, 10**9))
        container[key] = value * factor + dice.choice((-1, 0, 1))
    elif isinstance(value, str):
        container[key] = dice.choice([value[:-1], value * 2, value.upper(), f"{value}/{value}", value.swapcase()])
    elif isinstance(value, list) and value:
        container[key] = dice.choice([value[::-1], value * 3, value[:-1], dict(enumerate(value)), value[0]])
    elif isinstance(value, dict):
        container[key] = dice.choice([list(value.values()), list(value), [value], next(iter(value.values()), None)])


def _elsewhere(container: Any, key: Any, document: Any, dice: random.Random) -> None:
    """Put what stands in another place of the tree here; by this, a tree also comes to hold itself again."""
    other = _spot(document, dice)
    if other is not None:
        container[key] = copy.deepcopy(other[0][other[1]])


def _marked(container: Any, key: Any, _: Any, dice: random.Random) -> None:
    container[key] = f"\0deep {dice.choice(_DEEP)} {dice.choice('[{')}"


def _nested(text: str) -> str:
    """Write a marked place as a value that is nested deeply: Python could not write it otherwise."""
    return _MARK.sub(lambda found: _deep(int(found[1]), found[2]), text)


def _deep(depth: int, bracket: str) -> str:
    return "[" * depth + "]" * depth if bracket == "[" else '{"config":' * depth + "1" + "}" * depth


def _damaged_text(raw: bytes, dice: random.Random) -> bytes:
    begin = dice.randrange(len(raw) + 1)
    end = min(len(raw), begin + dice.choice((0, 1, 2, 50, len(raw))))
    return raw[:begin] + dice.choice((*_TOKENS, b"")) + raw[end:]


_ACTS: tuple[Callable[[Any, Any, Any, random.Random], None], ...] = (
    *(_replace, _replace, _replace, _replace, _delete, _delete, _twice, _scaled, _scaled, _elsewhere, _marked),
)
