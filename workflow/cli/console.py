"""The terminal: one console for results, one for news and errors, and listeners that print to it.

Everything that is printed goes through here: what text from elsewhere could do to a terminal, or to the CI machine that
reads the output, it does not do, and addresses lose their secrets.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from workflow.base import wording
from workflow.base.wording import size_text

if TYPE_CHECKING:
    from rich.console import Console

    from workflow.base.errors import WorkflowError

_PROGRESS_EVERY_SECONDS = 2.0
_LOG_WIDTH = 120
_SIGNS = ("://", "::", "##")
"""What stands in addresses, and in what a CI machine takes for commands."""


def amount(what: str, done: int, total: int) -> str:
    """Return how far something is: ``17.1 MB of 20.0 MB``, or ``5 of 27`` where it is counted one by one."""
    from workflow.base.events import ITEMS  # noqa: PLC0415  for what takes long alone

    shown = str if what in ITEMS else size_text
    return f"{shown(done)} of {shown(total)}" if total else shown(done)


@functools.cache
def console() -> Console:
    """Return the console of standard output; honours NO_COLOR and the width of the terminal."""
    return _console("stdout")


@functools.cache
def error_console() -> Console:
    """Return the console of standard error, where progress and failures go."""
    return _console("stderr")


def line(text: object) -> str:
    """Return text from elsewhere as one line that may be printed."""
    text = str(text)
    return text if _is_plain(text) else wording.line(wording.scrubbed(text))


def echo(text: str, *, error: bool = False) -> None:
    """Print lines as they are, for programs to read too: no styles, and no more width than the text has."""
    stream = _Stream("stderr" if error else "stdout")
    stream.write(f"{wording.block(wording.scrubbed(text))}\n")
    stream.flush()


def echo_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    print_json(json.dumps(wording.everywhere(value, wording.scrubbed), indent=1, default=str))


def print_json(text: str) -> None:
    """Print JSON text on standard output; what would act on a terminal is written in escapes of JSON's own."""
    sys.stdout.write(f"{wording.json_text(text)}\n")
    sys.stdout.flush()


def show(error: WorkflowError) -> None:
    """Print a failure on standard error: what happened, the lines that say more, what to do, where the log is."""
    screen = error_console()
    screen.print("error: ", style="bold red", end="")
    screen.print(line(_joined(error.message)))
    if not all(each.strip() in error.message for each in error.details.splitlines()):
        screen.print()
        screen.print(error.details.rstrip("\n"), style="dim" if not error.details.isspace() else None)
        screen.print()
    for word, text in (("what to do", error.hint), ("log", error.log)):
        if text:
            screen.print(f"{word}: ", style="bold", end="")
            screen.print(line(_joined(text)))


def _joined(text: str) -> str:
    """Return a message as one line: what a library says in several is no less readable, and a name forges no line."""
    return " ".join(part.strip() for part in text.split("\n"))


def _is_plain(text: str) -> bool:
    """Tell whether text is shown as it is in any case, as nearly all is: it holds no address and nothing that acts."""
    return text.isascii() and text.isprintable() and not any(sign in text for sign in _SIGNS)


class _Stream:
    """Standard output or error as it is at the time, less the commands that a CI machine reads out of output."""

    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, text: str) -> int:
        self._now().write(wording.disarmed(text) if "::" in text or "##" in text else text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        if name == "rich_proxied_file":  # what rich puts in the place of the stream while a line is live
            raise AttributeError(name)
        return getattr(self._now(), name)

    def _now(self) -> TextIO:
        stream = getattr(sys, self._name)
        found: TextIO = getattr(stream, "rich_proxied_file", stream)
        return found


def _console(name: str) -> Console:
    from rich.console import Console  # noqa: PLC0415  40 ms that --help does not have
    from rich.segment import Segment  # noqa: PLC0415  as above

    class Printer(Console):
        """A console that takes text for text: no markup in it, and nothing that acts on a terminal."""

        def render_str(self, text: str, **how: Any) -> Any:
            plain = text if _is_plain(text) else wording.block(wording.scrubbed(text))
            return super().render_str(plain, **how)

        def render(self, renderable: Any, options: Any = None) -> Any:
            for text, style, control in super().render(renderable, options):
                # what a library writes past us while a line is live, rich takes apart into styles: it makes no links
                plain = style.update_link(None) if style and style.link else style
                yield Segment(text if control or _is_plain(text) else wording.block(text), plain, control)

    stream: Any = _Stream(name)
    width = _width(getattr(sys, name))
    return Printer(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=True, width=width)


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
            self._print(text)

    def warn(self, text: str) -> None:
        """Print one warning, also when quiet: what degraded is never silent."""
        self._print(text, ("warning: ", "bold yellow"))

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

    def _print(self, text: str, *words: tuple[str, str]) -> None:
        from rich.text import Text  # noqa: PLC0415  as above

        seconds = time.monotonic() - self._begin
        # one print: a live line may be drawn between two
        error_console().print(Text.assemble((f"{seconds:6.1f}s ", "dim"), *words, line(text)))
