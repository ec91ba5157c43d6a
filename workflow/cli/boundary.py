"""The one error boundary: what the user sees of a failure, and the exit code that goes with it."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
from typing import TYPE_CHECKING

from workflow.base.errors import AskedToEndError, InterruptedRunError, WorkflowError
from workflow.cli.streams import READER_GONE, ReaderGoneError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

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
