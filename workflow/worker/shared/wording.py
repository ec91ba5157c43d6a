"""Sizes as both worlds say them in a sentence."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_THOUSAND = 1000


def in_words(count: int) -> str:
    """Return a number of bytes as people say it: "7.8 GB"."""
    size, unit = float(count), 0
    while size >= _THOUSAND and unit < len(_UNITS) - 1:
        size, unit = size / _THOUSAND, unit + 1
    return f"{size:,.1f} {_UNITS[unit]}" if unit else f"{count} bytes"
