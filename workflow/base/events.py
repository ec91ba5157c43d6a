"""What the core tells whoever is watching: the seam between doing and printing."""

from __future__ import annotations

from typing import Protocol

ITEMS = frozenset({"conda packages downloaded", "conda packages installed"})
"""What is counted one by one; all else that goes on is counted in bytes."""


class Listener(Protocol):
    """Receives news while something long goes on; implementations print, record, or drop it."""

    def say(self, text: str) -> None:
        """One line of progress."""

    def warn(self, text: str) -> None:
        """One line about something that degraded and that the user must see."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Bytes (or items) of ``what`` done so far; ``total`` is 0 when not known, both when nothing is counted."""


class Silent:
    """A listener that drops everything."""

    def say(self, text: str) -> None:
        """Drop the line."""

    def warn(self, text: str) -> None:
        """Drop the line."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Drop the figure."""


class Recording:
    """A listener that keeps everything in lists; used by tests and by run records."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.progress: list[tuple[str, int, int]] = []

    def say(self, text: str) -> None:
        """Keep the line."""
        self.lines.append(text)

    def warn(self, text: str) -> None:
        """Keep the warning."""
        self.warnings.append(text)

    def advance(self, what: str, done: int, total: int) -> None:
        """Keep the figure."""
        self.progress.append((what, done, total))
