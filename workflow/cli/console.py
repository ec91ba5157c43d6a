"""The terminal: one console for results, one for news and errors, and listeners that print to it."""

from __future__ import annotations

import functools
import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

from workflow import sizes
from workflow.events import ITEMS

if TYPE_CHECKING:
    from rich.console import Console

_PROGRESS_EVERY_SECONDS = 2.0
_LOG_WIDTH = 120

size_text = sizes.size_text


def amount(what: str, done: int, total: int) -> str:
    """Return how far something is: ``17.1 MB of 20.0 MB``, or ``5 of 27`` where it is counted one by one."""
    shown = str if what in ITEMS else size_text
    return f"{shown(done)} of {shown(total)}" if total else shown(done)


@functools.cache
def console() -> Console:
    """Return the console of standard output; honours NO_COLOR and the width of the terminal."""
    from rich.console import Console  # noqa: PLC0415  40 ms that --help does not have

    return Console(highlight=False, emoji=False, soft_wrap=True, width=_width(sys.stdout))


@functools.cache
def error_console() -> Console:
    """Return the console of standard error, where progress and failures go."""
    from rich.console import Console  # noqa: PLC0415  as above

    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True, width=_width(sys.stderr))


def _width(stream: TextIO) -> int | None:
    """Return the width for logs and pipes, which have none; None lets rich ask the terminal or COLUMNS."""
    return None if stream.isatty() or "COLUMNS" in os.environ else _LOG_WIDTH


class ConsoleListener:
    """Prints news as timed lines on standard error; progress at most every two seconds."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._begin = time.monotonic()
        self._last: dict[str, tuple[float, int]] = {}

    def say(self, text: str) -> None:
        """Print one line with the seconds since the start."""
        if not self._quiet:
            error_console().print(f"[dim]{self._seconds():6.1f}s[/dim] ", end="")
            error_console().print(text, markup=False)

    def warn(self, text: str) -> None:
        """Print one warning, also when quiet: what degraded is never silent."""
        from rich.text import Text  # noqa: PLC0415  as above

        # one print: a live line may be drawn between two
        time_, word = (f"{self._seconds():6.1f}s ", "dim"), ("warning: ", "bold yellow")
        error_console().print(Text.assemble(time_, word, text))

    def advance(self, what: str, done: int, total: int) -> None:
        """Print how far ``what`` is, every two seconds; what takes less, or is not counted, is not mentioned."""
        if not done and not total:
            return
        now = time.monotonic()
        told, so_far = self._last.get(what, (now, 0))
        begun = now if done < so_far else told  # less than before: another step counts the same thing anew
        is_due = now - begun >= _PROGRESS_EVERY_SECONDS
        self._last[what] = (now if is_due else begun, done)
        if not is_due:
            return
        self.say(f"{what}: {amount(what, done, total)}")

    def _seconds(self) -> float:
        return time.monotonic() - self._begin
