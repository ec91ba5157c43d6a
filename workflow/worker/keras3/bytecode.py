"""Python's bytecode inside a model, which only the Python that wrote it can run: another computes nonsense, or dies.

A file does not say which Python wrote it, so the code is looked at: whether it reads as code of this Python at all.
"""

from __future__ import annotations

import base64
import binascii
import marshal
import opcode
import sys
import types
from typing import Any, Iterator

from ..failure import JobError

_FIRST = frozenset(["RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR"])
_SINCE_RESUME = (3, 11)
_LAST = ("RETURN", "RERAISE", "RAISE", "JUMP", "INTERPRETER_EXIT")


def require_readable(path: str, topology: Any) -> None:
    """Raise ``JobError`` when a Lambda in the topology has code that another version of Python wrote."""
    for code in _lambdas(topology):
        try:
            found = marshal.loads(base64.b64decode(code))  # noqa: S302  nothing is run; the user allows even that
        except (ValueError, TypeError, EOFError, binascii.Error) as problem:
            raise _foreign(path) from problem
        if not isinstance(found, types.CodeType) or not reads_well(found):
            raise _foreign(path)


def reads_well(code: types.CodeType) -> bool:
    """Tell whether every instruction is one of this Python's, with the room after it that this Python leaves."""
    names = [opcode.opname[number] if number >= 0 else "" for number in _instructions(code.co_code)]
    if not all(name and not name.startswith("<") and name != "CACHE" for name in names):
        return False
    if not names or not names[-1].startswith(_LAST):
        return False
    if sys.version_info >= _SINCE_RESUME and names[0] not in _FIRST:
        return False
    return all(reads_well(inner) for inner in code.co_consts if isinstance(inner, types.CodeType))


def _instructions(raw: bytes) -> Iterator[int]:
    """Yield the numbers of the instructions, and -1 where the room after one is not empty, as it is in files."""
    at = 0
    while at < len(raw):
        yield raw[at]
        room = 2 * _room(raw[at])
        at += 2
        if any(raw[at : at + room]):
            yield -1
        at += room


def _room(number: int) -> int:
    """Return how many empty places follow an instruction; its table is a list up to Python 3.12, by names after."""
    table = getattr(opcode, "_inline_cache_entries", None)
    if table is None:
        return 0
    found: int = table.get(opcode.opname[number], 0) if isinstance(table, dict) else table[number]
    return found


def _lambdas(topology: Any) -> Iterator[str]:
    waiting = [topology]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("class_name") == "__lambda__" and isinstance(value.get("config"), dict):
                yield str(value["config"].get("code", ""))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _foreign(path: str) -> JobError:
    here = ".".join(map(str, sys.version_info[:2]))
    return JobError("bytecode", f"{path}: its Lambda layers hold code that is not of Python {here}, which runs here")
