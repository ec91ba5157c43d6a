"""What it means when the worker process ends in the middle of a job."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import WorkerDiedError

if TYPE_CHECKING:
    from pathlib import Path

_AGAIN = "run the command again: finished steps are kept; if it dies again, please report it with the log"
_SIGNALS = {
    "SIGKILL": (
        "killed, most likely because the machine ran out of memory",
        "close other programs or use a machine with more memory, then run again: finished steps are kept",
    ),
    "SIGSEGV": ("crashed inside TensorFlow (segmentation fault)", _AGAIN),
    "SIGBUS": (
        "crashed on a file that changed or a full disk (bus error)",
        "see that the disk has room, then run again",
    ),
    "SIGABRT": ("aborted inside TensorFlow, often for lack of memory", _AGAIN),
    "SIGILL": (
        "stopped at an instruction that this processor does not have",
        "TensorFlow 2.13 needs a processor with AVX, and so does a virtual machine or emulator that runs it",
    ),
    "SIGFPE": ("crashed on an arithmetic error", _AGAIN),
    "SIGTERM": ("ended by somebody else (terminated)", "run the command again: finished steps are kept"),
}


@dataclass(frozen=True)
class Death:
    """A job that got no answer: the worker's exit code (negative: killed by that signal), None if it goes on running.

    ``garbled`` is what it sent instead of an answer, if it sent anything.
    """

    job: str
    code: int | None
    garbled: str = ""


def explain(death: Death, *, details: str, log: Path) -> WorkerDiedError:
    """Return the error for a worker that was lost in mid-job."""
    what, hint = _meaning(death)
    message = f"the worker was lost during {death.job}: {what}"
    return WorkerDiedError(message, hint=hint, details=details, log=str(log))


def _meaning(death: Death) -> tuple[str, str]:
    if death.garbled:
        return f"it sent something that is no answer: {death.garbled!r}", _AGAIN
    if death.code is None:
        return "it closed its channel and went on running", _AGAIN
    if death.code >= 0:
        return f"it ended with exit code {death.code}", _AGAIN
    name = _signal_name(-death.code)
    what, hint = _SIGNALS.get(name, ("killed", _AGAIN))
    return f"{what} [{name}]", hint


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
