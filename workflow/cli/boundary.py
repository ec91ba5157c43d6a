"""The one error boundary: what the user sees of a failure, and the exit code that goes with it."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING

from workflow.cli.streams import READER_GONE, ReaderGoneError
from workflow.errors import InterruptedRunError, UsageError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

_BUG = 1


def guarded(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; no exception gets past this function."""
    signal.signal(signal.SIGTERM, _as_interrupt)
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
        return _told(_of_the_machine(error) or _bug(error, arguments), arguments)


def _told(error: WorkflowError, arguments: Sequence[str]) -> int:
    """Tell people, and a program that waits for JSON, of a failure; return its exit code."""
    show(error)
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" in words and not error.answered:
        import json  # noqa: PLC0415  for this alone

        with contextlib.suppress(OSError):
            sys.stdout.write(json.dumps({"error": error.as_json()}, indent=1) + "\n")
            sys.stdout.flush()
    return error.exit_code


def show(error: WorkflowError) -> None:
    """Print a failure on standard error: what happened, the lines worth seeing, what to do, where the log is."""
    from workflow.cli.console import error_console  # noqa: PLC0415  rich is loaded only when something is printed

    screen = error_console()
    screen.print("[bold red]error:[/bold red] ", end="")
    screen.print(error.message, markup=False)
    if error.details:
        screen.print()
        screen.print(error.details.rstrip("\n"), markup=False, style="dim" if not error.details.isspace() else None)
        screen.print()
    if error.hint:
        screen.print("[bold]what to do:[/bold] ", end="")
        screen.print(error.hint, markup=False)
    if error.log:
        screen.print("[bold]log:[/bold] ", end="")
        screen.print(error.log, markup=False)


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _of_the_machine(error: Exception) -> WorkflowError | None:
    """Return what to say of an error that no code foresaw and that is yet none of ours: the machine refused a file."""
    if isinstance(error, OSError):
        from workflow.disk import refusal  # noqa: PLC0415  for failures alone

        return refusal(error)
    encoding = sys.getfilesystemencoding()
    if isinstance(error, UnicodeEncodeError) and encoding != "utf-8" and error.encoding.lower() == encoding:
        return UsageError(
            f"file names are in {encoding} here, which cannot spell {error.object!a}",
            hint="set PYTHONUTF8=1, or LANG to a UTF-8 locale such as C.UTF-8",
        )
    return None


def _bug(error: Exception, arguments: Sequence[str]) -> WorkflowError:
    from workflow.cli.bug_report import report_of, written  # noqa: PLC0415  only when it is needed

    text = report_of(error, arguments)
    path = written(text)
    where = "the file below; it" if path else "what stands above, which could be written nowhere; it"
    return WorkflowError(
        f"this is a bug in tfjs-workflow: {type(error).__name__}: {error}",
        hint=f"please report it with {where} holds the traceback and versions, no environment variables",
        log=str(path or ""),
        details="" if path else text,
    )
