"""How plain text says things: names, kinds, counts, sizes, times and shares, the same on every screen and page.

What comes out of files is bounded and printable, whatever the file holds. Sizes that the worker says, too, are said by
``worker.shared.containment_rules``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.printable import line

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = "\N{EN DASH}"
"""What stands for a number that there is not."""

_LONGEST = 60
_STEP = 1000
_SMALL_SECONDS = 0.1
_TENS = 10
_TIMES = "\N{MULTIPLICATION SIGN}"
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


def shown(text: str) -> str:
    """Return text from a file in quotes, with what a terminal must not receive escaped, and cut when long."""
    return f"'{line(text[:_LONGEST])}{'…' if len(text) > _LONGEST else ''}'"


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words: "a list", "null"."""
    return _KINDS.get(type(value), "null")


def some(names: Iterable[str], *, limit: int = 5) -> str:
    """Return names as a comma list, with "and 7 more" in place of what goes beyond ``limit``."""
    every = list(names)
    rest = len(every) - limit
    return ", ".join(every[:limit]) + (f" and {rest:,} more" if rest > 0 else "")


def plural(count: int, noun: str) -> str:
    """Return "1 file", "3 files"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size_text(size: float) -> str:
    """Return bytes in powers of ten: ``17.1 MB``."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < _STEP:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _STEP
    return f"{value:.1f} GB"


def round_text(text: str) -> str:
    """Leave the zero behind the point out, for the ticks of an axis: ``50 kB``."""
    return text.replace(".0 ", " ")


def difference_text(value: float | None) -> str:
    """Return a difference with two digits, ``0`` when there is none."""
    return UNKNOWN if value is None else "0" if value == 0 else f"{value:.1e}"


def number_text(value: float | str) -> str:
    """Return a number with four digits; what is not finite is text already."""
    return value if isinstance(value, str) else f"{value:.4g}"


def share_text(value: float | None) -> str:
    """Return a share in per cent; only what is whole is written as 100%."""
    if value is None:
        return UNKNOWN
    text = f"{value:.1%}"
    return "<100%" if text == "100.0%" and value < 1 else text.replace("100.0%", "100%")


def accuracy_text(value: float | None) -> str:
    """Return an accuracy in per cent with two decimals."""
    return UNKNOWN if value is None else f"{value:.2%}"


def milliseconds_text(value: float | None) -> str:
    """Return milliseconds with as many digits as mean something."""
    if value is None:
        return UNKNOWN
    digits = 2 if value < 1 else 1 if value < _TENS else 0
    return f"{value:,.{digits}f} ms"


def seconds_text(value: float | None) -> str:
    """Return seconds; below a tenth of one in milliseconds."""
    if value is None:
        return UNKNOWN
    if value < _SMALL_SECONDS:
        return f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < _TENS else f"{value:.1f} s"


def ratio_text(value: float) -> str:
    """Return a factor: ``1.40`` times."""
    return (f"{value:.2f}" if value < _TENS else f"{value:.0f}") + _TIMES


def sentence(why: str, remedy: str) -> str:
    """Return a reason and what to do about it as one sentence; either may be empty."""
    return "; ".join(part for part in (why.rstrip("."), remedy) if part)
