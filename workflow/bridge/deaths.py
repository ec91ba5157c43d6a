"""What it means when the worker process ends in the middle of a job."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, WorkerDiedError, WorkflowError
from workflow.bridge import allowances

if TYPE_CHECKING:
    from pathlib import Path

_NO_MEMORY = re.compile(r"MemoryError|bad_alloc|OOM when allocating|Cannot allocate memory|[Uu]nable to allocate")
_AGAIN = "run the command again: finished steps are kept; if it dies again, please report it with the log"
_MORE = f"if the machine has more, and the model may have it: {allowances.VARIABLE}=16 allows 16 GB"
KINDS: dict[str, tuple[type[WorkflowError], str, str]] = {
    "memory": (ConversionError, "the model asks for more memory than ", _MORE)
}
"""Failures that are told from others here: class, words before their own, hint."""

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

    ``garbled`` is what it sent instead of an answer, if it sent anything; ``memory`` the bytes that it was allowed.
    """

    job: str
    code: int | None
    garbled: str = ""
    memory: int = 0


def explain(death: Death, *, details: str, log: Path) -> WorkerDiedError:
    """Return the error for a worker that was lost in mid-job."""
    wanted_more = death.code is not None and bool(death.memory) and _NO_MEMORY.search(details) is not None
    what, hint = _short_of_memory(death.memory) if wanted_more else _meaning(death)
    message = f"the worker was lost during {death.job}: {what}"
    return WorkerDiedError(message, hint=hint, details=details, log=str(log))


def with_memory_told(failure: dict[str, Any], allowed: int) -> dict[str, Any]:
    """Return a failure as one for want of memory where it is one, by itself or by what it was raised on top of."""
    told = [failure, *failure.get("causes", [])]
    if not allowed or not any(_NO_MEMORY.search(f"{part['type']}: {part['message']}") for part in told):
        return failure
    return {**failure, "kind": "memory", "message": f"the {allowed / 2**30:.1f} GB that a job on it may take"}


def _short_of_memory(allowed: int) -> tuple[str, str]:
    return (
        f"the model asks for more memory than the {allowed / 2**30:.1f} GB that a job on it may take",
        _MORE,
    )


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
