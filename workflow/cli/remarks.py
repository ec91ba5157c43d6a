"""What is to be said about a finished step beside its numbers: what was quantized, and why it went another way."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from workflow.base.wording import plural, size_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_ROWS = 4
_GOALS = {
    "max_error": lambda most: f"to an error of at most {most:g} in each weight",
    "max_bytes": lambda most: f"to at most {size_text(int(most))} of weights",
}


def quantization_lines(facts: Mapping[str, Any]) -> list[str]:
    """Return what each pattern caught in a few lines, also where a goal led to the patterns; the record has all."""
    quantization: dict[str, Any] = facts.get("quantization") or {}
    rows = quantization.get("globs")
    if rows is None:
        return []
    lines = [_row(row) for row in rows[:_MOST_ROWS]]
    if len(rows) > _MOST_ROWS:
        lines.append(f"... and {plural(len(rows) - _MOST_ROWS, 'pattern')} more, in the record beside the result")
    goals = [_GOALS[name](most) for name, most in (quantization.get("goal") or {}).items() if name in _GOALS]
    return [f"quantized {goals[0]}{_largest_error(quantization)}", *lines] if goals else lines


def detour_lines(facts: Mapping[str, Any]) -> list[str]:
    """Return why a step went another way than the first, and what was found out for it on the way."""
    declined = facts.get("declined")
    by = "by the reference converter" if facts.get("engine") == "reference" else "as a graph model"
    return [*([f"{by}, because {declined}"] if declined else []), *map(str, facts.get("said") or ())]


def _row(row: Mapping[str, Any]) -> str:
    option = f"quantize_{row['dtype']}"
    caught = plural(len(row["quantized"]), "weight")
    sizes = f"{size_text(row['bytes_before'])} -> {size_text(row['bytes_after'])}"
    left = "".join(f"; {len(names)} not: {_why(reason, names)}" for reason, names in row["left"].items())
    return f"{option} {shlex.quote(row['glob'])}: {caught}, {sizes}{left}"


def _why(reason: str, names: list[str]) -> str:
    return f"{names[0]} {reason}" if len(names) == 1 else f"each {reason}"


def _largest_error(quantization: Mapping[str, Any]) -> str:
    errors = quantization.get("errors") or {}
    if not errors:
        return "; no weight can be made smaller so"
    return f"; the largest error of any weight is {max(errors.values()):.2g} (root mean square, relative to its values)"
