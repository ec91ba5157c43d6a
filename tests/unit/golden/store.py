"""Golden files: what the tool made at a time when that was known to be right, to be compared with what it makes now.

``scripts/write_golden.py`` writes them anew, and prints every difference. Do so only where the difference is meant.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

FOLDER = Path(__file__).resolve().parents[2] / "data" / "golden"
AGAIN = "where this is meant: .venv/bin/python scripts/write_golden.py"
_ABSENT = "(nothing)"
_MOST_SHOWN = 60


def stored(name: str) -> Any:
    """Return what a golden file holds; nothing where there is none yet."""
    path = FOLDER / name
    return json.loads(path.read_text(encoding="ascii")) if path.is_file() else {}


def store(name: str, value: Any) -> list[str]:
    """Write a golden file, and return what is other in it now, one line each."""
    changed = differences(stored(name), value)
    if changed:
        (FOLDER / name).write_text(json.dumps(value, indent=1) + "\n", encoding="ascii", newline="\n")
    return changed


def require_equal(name: str, value: Any) -> None:
    """Fail with what is other than in a golden file."""
    changed = differences(stored(name), value)
    cut = [f"... and {len(changed) - _MOST_SHOWN} lines more"] if len(changed) > _MOST_SHOWN else []
    shown = "\n".join([*changed[:_MOST_SHOWN], *cut])
    assert not changed, f"other than in tests/data/golden/{name} ({AGAIN}):\n{shown}"


def differences(before: Any, after: Any) -> list[str]:
    """Return one line for each value that differs, and a diff for each list of lines that does."""
    return list(_differences(before, after, "")) if before != after else []


def _differences(before: Any, after: Any, place: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            inner = before.get(key, _ABSENT), after.get(key, _ABSENT)
            if inner[0] != inner[1]:
                yield from _differences(*inner, f"{place} > {key}" if place else str(key))
    elif _are_lines(before) and _are_lines(after):
        yield f"{place}:"
        yield from (f"    {line.rstrip()}" for line in difflib.ndiff(before, after) if not line.startswith("  "))
    else:
        yield f"{place}: {_short(before)} -> {_short(after)}"


def _are_lines(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _short(value: Any) -> str:
    text = value if value == _ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}..."


def figures(*modules: ModuleType) -> dict[str, dict[str, Any]]:
    """Return the numbers that stand at the top of modules, by module and name: waits and limits that no test meets."""
    return {
        module.__name__.rpartition(".")[2]: {
            name: value for name, value in vars(module).items() if name.isupper() and _is_figure(value)
        }
        for module in modules
    }


def _is_figure(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_figure, value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)
