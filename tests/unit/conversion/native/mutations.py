"""Random damage to model folders, from a seed: what a fuzz test feeds to the readers."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

_STRANGE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2**31, 10**18, 10**400, 1.5, 1e308, float("nan"), float("inf"), "", "..", "\ud800"),
    *([], {}, [[]], "uint8", "string", "float16", "int32", "../x", "a\0", "é" * 300, [-1], [10**9, 10**9], [0]),
)
_TOKENS = (b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\u0000", b"\xff", b"NaN", b"1e999", b"[" * 2000, b"-", b"\0")


def damage(folder: Path, dice: random.Random) -> None:
    """Damage a model folder in one to three places."""
    for _ in range(dice.randint(1, 3)):
        dice.choice(_DAMAGES)(folder, dice)


def damaged_bytes(raw: bytes, dice: random.Random) -> bytes:
    """Return bytes with a few changed, and the end or a piece missing now and then."""
    content = bytearray(raw)
    for _ in range(dice.randint(1, 12)):
        content[dice.randrange(len(content))] = dice.choice((0, 1, 2, 8, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    if dice.random() < 0.1:
        return bytes(content[: dice.randrange(len(content))])
    return bytes(content)


def damaged_json(raw: bytes, dice: random.Random) -> bytes:
    """Return JSON in which one to three values are others, gone, or there twice."""
    document = json.loads(raw)
    for _ in range(dice.randint(1, 3)):
        places = list(_values(document))
        if places:
            container, key = dice.choice(places)
            if dice.random() < 0.2:
                del container[key]
            else:
                container[key] = _another(places, dice)
    return json.dumps(document).encode()


def _another(places: list[tuple[Any, Any]], dice: random.Random) -> Any:
    return dice.choice(_STRANGE) if dice.random() < 0.7 else copy.deepcopy(dice.choice(places)[0])


def _values(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON value as its container and the key in it."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, inner in pairs:
        yield value, key
        if isinstance(inner, dict | list):
            yield from _values(inner)


def _parsed(folder: Path) -> dict[str, Any] | None:
    try:
        value = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _a_value(folder: Path, dice: random.Random) -> None:
    fields = _parsed(folder)
    if not fields:
        return
    root = fields if dice.random() < 0.3 else fields.get("weightsManifest")
    places = list(_values(root)) if isinstance(root, dict | list) else []
    if not places:
        return
    container, key = dice.choice(places)
    act = dice.randrange(4)
    if act == 0:
        del container[key]
    elif act == 1 and isinstance(container, list):
        container.append(container[key])
    elif act == 2 and isinstance(container[key], int | float) and not isinstance(container[key], bool):
        container[key] = container[key] * dice.choice((-1, 0, 2, 10**9)) + dice.choice((-1, 0, 1))
    else:
        container[key] = dice.choice(_STRANGE)
    (folder / "model.json").write_text(json.dumps(fields))


def _some_text(folder: Path, dice: random.Random) -> None:
    file = folder / "model.json"
    raw = file.read_bytes()
    begin = dice.randrange(len(raw) + 1)
    end = min(len(raw), begin + dice.choice((0, 1, 2, 50)))
    file.write_bytes(raw[:begin] + dice.choice((*_TOKENS, b"")) + raw[end:])


def _a_shard(folder: Path, dice: random.Random) -> None:
    files = [path for path in sorted(folder.iterdir()) if path.name != "model.json" and path.is_file()]
    if not files:
        return
    file = dice.choice(files)
    raw = bytearray(file.read_bytes())
    act = dice.randrange(4)
    if act == 0:
        raw = raw[: dice.randrange(len(raw) + 1)]
    elif act == 1:
        raw += dice.randbytes(dice.randint(1, 9))
    elif raw:
        for _ in range(dice.randint(1, 8)):
            raw[dice.randrange(len(raw))] = dice.choice((0, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    if act == 3:
        file.unlink()
        return
    file.write_bytes(raw)


_DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (_a_value, _a_value, _a_value, _some_text, _a_shard)
