"""The one error boundary: what users see of a failure, the exit code with it, and the streams on which they see it."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import signal
import stat
import sys
from typing import TYPE_CHECKING

from workflow.base.errors import AskedToEndError, InterruptedRunError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

READER_GONE = 141
"""The exit code where nobody reads any more: what a shell says of a program that SIGPIPE ended."""

_HANDLER = "tfjs-workflow"
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF


class ReaderGoneError(BaseException):
    """Whoever read our output has closed it (``| head``): there is nothing left to do, and nobody to tell."""


def set_up() -> None:
    """Replace both streams by ones that escape what they cannot encode, and raise ``ReaderGoneError``.

    Bytes of file names that are no text go out as they are, but to a terminal, which could take them for commands.
    """
    codecs.register_error(_HANDLER, _bytes_or_escapes)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, _Words):  # None where it was closed
            setattr(sys, name, _words(stream))


class _Words(io.TextIOWrapper):
    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            raise ReaderGoneError from None

    def flush(self) -> None:
        try:
            super().flush()
        except BrokenPipeError:
            raise ReaderGoneError from None


def _words(stream: io.TextIOWrapper) -> _Words:
    encoding, buffered = stream.encoding, stream.line_buffering
    shown = stream.isatty()
    stream.flush()
    errors = "backslashreplace" if shown else _HANDLER
    return _Words(stream.detach(), encoding=encoding, errors=errors, line_buffering=buffered)


def _bytes_or_escapes(problem: UnicodeError) -> tuple[str | bytes, int]:
    """Return the byte that a letter of a file name stands for, else the letter escaped; what encoding goes on with."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    letter = problem.object[problem.start]
    if _FIRST_BYTE <= ord(letter) <= _LAST_BYTE:
        return bytes([ord(letter) - 0xDC00]), problem.start + 1
    return letter.encode("ascii", "backslashreplace"), problem.start + 1


_BUG = 1


def guarded(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; no exception gets past this function."""
    _heed_signals()
    try:
        from workflow.cli.main import run  # noqa: PLC0415  an import error is reported like any other bug

        return run(arguments)
    except WorkflowError as error:
        return _told(error, arguments)
    except KeyboardInterrupt:
        hint = "run the same command again: finished steps are kept"
        return _told(InterruptedRunError("interrupted", hint=hint), arguments)
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else _BUG
    except (ReaderGoneError, BrokenPipeError):
        return READER_GONE
    except Exception as error:  # noqa: BLE001  the boundary: everything else is a bug of ours
        from workflow.base import bugs  # noqa: PLC0415  for this alone

        return _told(bugs.unforeseen(error, arguments), arguments)


def _told(error: WorkflowError, arguments: Sequence[str]) -> int:
    """Tell people, and a program that waits for JSON, of a failure; return its exit code."""
    from workflow.cli.console import echo_json, show  # noqa: PLC0415  rich is loaded only when something is printed

    show(error)
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" in words and not error.answered:
        with contextlib.suppress(OSError):
            echo_json({"error": error.as_json()})
    return error.exit_code


def _heed_signals() -> None:
    """Let TERM and HUP end a run as ^C does; what whoever started us wants to be ignored (nohup) stays so."""
    for number in filter(None, (signal.SIGTERM, getattr(signal, "SIGHUP", None))):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _as_interrupt)


def _as_interrupt(number: int, _frame: FrameType | None) -> None:
    if number != signal.SIGTERM:
        _hang_up(number)
    raise AskedToEndError(number)


def _hang_up(number: int) -> None:
    """Say nothing more to a terminal that is gone: every word would be an error in the midst of clearing up.

    Nor does a second HUP, which shells like to send after the terminal's, disturb that.
    """
    signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        with contextlib.suppress(OSError):  # it is closed
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                os.dup2(nothing, descriptor)
    os.close(nothing)
