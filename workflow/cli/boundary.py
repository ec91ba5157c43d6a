"""The one error boundary: what the user sees of a failure, and the exit code that goes with it."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
from typing import TYPE_CHECKING

from workflow.errors import AskedToEndError, InterruptedRunError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

_BUG = 1
_INTERRUPTED = 130


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
    except BrokenPipeError:
        sys.stderr.close()
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001  the boundary: everything else is a bug of ours
        return _report_bug(error, arguments)


def _told(error: WorkflowError, arguments: Sequence[str]) -> int:
    """Tell people, and a program that waits for JSON, of a failure; return its exit code."""
    show(error)
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" in words and not error.answered:
        from workflow.cli.console import echo_json  # noqa: PLC0415  for this alone

        with contextlib.suppress(OSError):
            echo_json({"error": error.as_json()})
    return error.exit_code


def show(error: WorkflowError) -> None:
    """Print a failure on standard error: what happened, the lines worth seeing, what to do, where the log is."""
    from workflow.cli.console import error_console, line  # noqa: PLC0415  rich is loaded only when something is printed

    screen = error_console()
    screen.print("error: ", style="bold red", end="")
    screen.print(line(error.message))
    if error.details:
        screen.print()
        screen.print(error.details.rstrip("\n"), style="dim" if not error.details.isspace() else None)
        screen.print()
    for word, text in (("what to do", error.hint), ("log", error.log)):
        if text:
            screen.print(f"{word}: ", style="bold", end="")
            screen.print(line(text))


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


def _report_bug(error: Exception, arguments: Sequence[str]) -> int:
    return _told(bug_of(error, arguments), arguments)


def bug_of(error: Exception, arguments: Sequence[str]) -> WorkflowError:
    """Return what the user is told of a bug of ours, after its report has been written; the exit code is 1."""
    from workflow.cli.bug_report import write_report  # noqa: PLC0415  only when it is needed

    path = write_report(error, arguments)
    return WorkflowError(
        f"this is a bug in tfjs-workflow: {type(error).__name__}: {error}",
        hint="please report it with the file below; it holds the traceback and versions, no environment variables",
        log=str(path),
    )
