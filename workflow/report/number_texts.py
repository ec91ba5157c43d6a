"""Numbers as a report writes them."""

from __future__ import annotations

UNKNOWN = "\N{EN DASH}"
"""What stands for a number that there is not."""

_TIMES = "\N{MULTIPLICATION SIGN}"
_STEP = 1000
_SMALL_SECONDS = 0.1
_TENS = 10


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
