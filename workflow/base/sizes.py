"""Byte counts as people read them."""

from __future__ import annotations

_STEP = 1000


def size_text(size: int) -> str:
    """Return a byte count as people read it, in powers of ten: ``17.1 MB``."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < _STEP or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _STEP
    raise AssertionError  # the loop returns at GB
