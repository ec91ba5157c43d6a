"""Paths for programs that take text alone: a link with a plain name stands for what is called in bytes that are none.

Python opens any name that a system has; TensorFlow, libhdf5, Node.js and browsers want UTF-8.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class PlainNames:
    """Links in ``folder``, made when a path needs one; ``there`` spells paths in JSON anew, ``back`` undoes that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._links: dict[str, str] = {}
        """The link of each path that cannot be spelled."""

    def there(self, value: Any) -> Any:
        """Return a JSON value in which every absolute path can be spelled; raises OSError where no link can be made."""
        return _each_text(value, self._spelled)

    def back(self, value: Any) -> Any:
        """Return a JSON value with the paths as they were before ``there``, also within sentences."""
        return _each_text(value, self._as_before) if self._links else value

    def _spelled(self, text: str) -> str:
        if _is_plain(text) or not text.startswith(os.sep):
            return text
        parts = Path(text).parts
        last = max(number for number, part in enumerate(parts) if not _is_plain(part))
        odd = str(Path(*parts[: last + 1]))
        return str(Path(self._link(odd), *parts[last + 1 :]))

    def _link(self, odd: str) -> str:
        if odd not in self._links:
            suffix = Path(odd).suffix
            link = self._folder / f"named-{len(self._links)}{suffix if suffix.isascii() else ''}"
            link.symlink_to(odd)
            self._links[odd] = str(link)
        return self._links[odd]

    def _as_before(self, text: str) -> str:
        for odd, link in self._links.items():
            text = text.replace(link, odd)
        return text


def _is_plain(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each_text(each, change) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each_text(each, change) for each in value]
    return value
