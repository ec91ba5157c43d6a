"""Readers of single values in a recipe: sizes, glob patterns, names, lists of words."""

from __future__ import annotations

import re

from workflow.catalogue.applications import APPLICATIONS
from workflow.recipe.diagnostics import nearest
from workflow.recipe.saying import described, refused

SIZE_PATTERN = r"^\s*[0-9]{1,15}(\.[0-9]{1,9})?\s*([kKmMgG]i?)?[bB]?\s*$"
ITEM_PATTERN = r"^[^,]+$"

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_A_SIZE = "a whole number of bytes above zero, or a size such as `100kB`, `4MB` or `1MiB`"
_A_PATTERN = "`true`, or globs such as `dense*/kernel` (`?` stands for a blank)"
_ANSWERS = ("yes", "no", "true", "false", "on", "off", "none", "all")


def size(value: object) -> int:
    """Return a number of bytes: a whole number, or a number with a unit of 1000 (kB) or 1024 (KiB)."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = re.fullmatch(SIZE_PATTERN, value) if isinstance(value, str) else None
    if match is None:
        raise refused(f"{described(value)} is no size", _A_SIZE)
    count = float(match[0].strip().rstrip("kKmMgGibB")) * _UNITS[(match[2] or "").lower()]
    if count < 1 or count != int(count):
        raise refused(f"{described(value)} is no whole number of bytes above zero", _A_SIZE)
    return int(count)


def patterns(value: object) -> list[str]:
    """Return glob patterns; ``true`` and ``*`` stand for all weights, ``false`` for none (an empty list)."""
    if isinstance(value, bool):
        return ["*"] if value else []
    return globs(value, expected=_A_PATTERN)


def globs(value: object, *, expected: str = "globs such as `dense*/kernel` (`?` stands for a blank)") -> list[str]:
    """Return glob patterns of weights' names; refuses sentences and answers, which only look like patterns."""
    found = words(value, expected=expected)
    for word in found:
        if word.split() != [word] or word.lower() in _ANSWERS:
            raise refused(f"{described(word)} is no pattern of weights' names", expected)
    return found


def words(value: object, *, expected: str = "a name without a comma, or a list of them") -> list[str]:
    """Return a list of texts without commas, from a list or from one text, where commas separate."""
    every = value.split(",") if isinstance(value, str) else value
    if not isinstance(every, list) or not every:
        raise refused(f"{described(value)} does not fit here", expected)
    for word in every:
        if not isinstance(word, str) or not word.strip():
            raise refused(f"{described(word)} does not fit here", expected)
        if "," in word:
            raise refused(f"{described(word)} has a comma, which separates names for the converter", expected)
    return [word.strip() for word in every]


def tags(value: object) -> list[str]:
    """Return SavedModel tags; an empty list or text means: the graph without tags."""
    return [] if value in ("", []) else words(value)


def arguments(value: object) -> list[str]:
    """Return the arguments of a script as texts; numbers may stand without quotes."""
    if not isinstance(value, list):
        raise refused(f"{described(value)} is no list of arguments", "a list such as `[--epochs, 3]`")
    for word in value:
        if isinstance(word, bool) or not isinstance(word, (str, int, float)):
            raise refused(f"{described(word)} is no argument", "texts and numbers; put quotes around other things")
        if "\0" in str(word):
            raise refused("an argument holds a zero byte", "text")
    return [str(word) for word in value]


def metadata(value: object) -> dict[str, str]:
    """Return names and paths of JSON files; the converter separates them with ``:`` and ``,``."""
    if not isinstance(value, dict) or not value:
        raise refused(f"{described(value)} is no metadata", "names with JSON files, such as `{labels: labels.json}`")
    for key, path in value.items():
        if not isinstance(path, str) or not path:
            raise refused(f"{described(path)} is no path", "the path of a JSON file")
        if not key or set(":,") & set(key + path):
            raise refused(f"`{key}: {path}` has a colon or comma, which the converter separates with", "other names")
    return dict(value)


def application(value: object) -> str:
    """Return the name of a network of ``keras.applications``."""
    if isinstance(value, str) and value in APPLICATIONS:
        return value
    near = nearest(value, APPLICATIONS) if isinstance(value, str) else ""
    raise refused(
        f"keras.applications has no {described(value)}", "a name such as `MobileNet` or `ResNet50`", near=near
    )
