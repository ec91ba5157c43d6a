"""What the failure of a job, the death of its worker and the end of its log mean, in words for the user."""

from __future__ import annotations

import re
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, ReferenceConverterError, StorageError, WorkerDiedError, WorkflowError
from workflow.bridge.failure_kinds import KINDS, MORE_MEMORY
from workflow.bridge.known_failures import RULES, Rule
from workflow.worker.shared import error_words

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_REFERENCE = "convert"
"""The job in which the reference converter runs; in all others our own code does, with TensorFlow or Keras."""

_DOING = {
    _BY_REFERENCE: "the reference converter failed",
    "graph": "TensorFlow failed while a graph was made of the model",
    "saved_model": "TensorFlow failed while the SavedModel was made",
    "resave": "Keras failed while it saved the model anew",
    "export": "Keras 3 failed while it made a SavedModel of the model",
}
_TOLD_BY_THE_LOG = frozenset({"script", "no_output", "result_fails"})
_INSTEAD = {"graph": "`engine: reference` may convert it all the same; "}
_REPORT = "if the model is sound, please report this with the log, which has all that was said"


def translate(failure: Mapping[str, Any], *, log: Path, job: str = _BY_REFERENCE) -> WorkflowError:
    """Return the error for a failure that the worker described: a known one in our words, else its own.

    The reference converter hides a first error behind the failure of its second attempt, so causes are looked at too.
    What is said of the reference converter is said where ``job`` is the one in which it runs.
    """
    error = _translated(failure, log, job)
    if isinstance(error, ReferenceConverterError) and job != _BY_REFERENCE:
        return ConversionError(error.message, hint=error.hint, details=error.details, log=error.log)
    return error


def _translated(failure: Mapping[str, Any], log: Path, job: str) -> WorkflowError:
    if failure["kind"] in KINDS:
        return _recognised(failure, log)
    told = [failure, *failure.get("causes", [])]
    for part in told:
        for rule in RULES:
            found = rule.pattern.search(f"{part['type']}: {part['message']}")
            if found and (job == _BY_REFERENCE or "reference converter" not in rule.message):
                return _known(rule, found, log)
    return ReferenceConverterError(
        _unknown(told, job), hint=f"{_INSTEAD.get(job, '')}{_REPORT}", details=_telling(log_tail(log)), log=str(log)
    )


def _recognised(failure: Mapping[str, Any], log: Path) -> WorkflowError:
    error, message, hint = KINDS[failure["kind"]]
    details = log_tail(log) if failure["kind"] in _TOLD_BY_THE_LOG else ""
    return error(f"{message}{error_words.of(failure['message'])}", hint=hint, details=details, log=str(log))


def _known(rule: Rule, found: re.Match[str], log: Path) -> WorkflowError:
    named = {name: error_words.of(text) if text else "" for name, text in found.groupdict().items()}
    hint = f"{rule.hint} (see {rule.issue})" if rule.issue else rule.hint
    error = rule.error(rule.message.format_map(named).rstrip(), hint=hint.format_map(named), log=str(log))
    if isinstance(error, StorageError):
        _add_room(error, log)
    return error


def _add_room(error: StorageError, log: Path) -> None:
    """Say which disk is full, of those that a worker writes to."""
    from workflow.base import disk  # noqa: PLC0415  for such failures alone

    room = disk.crowded(log.parent, Path(tempfile.gettempdir()))
    error.message += room
    error.full = bool(room)


def _telling(text: str) -> str:
    """Return lines of a log without those that only lead from one to the next: what is raised is told already."""
    return "\n".join(line for line in text.splitlines() if line.strip() and not _LEADING.match(line))


def _unknown(told: list[Mapping[str, Any]], job: str) -> str:
    words = [f"{part['type']}: {error_words.of(part['message'])}" for part in told]
    first = f" (first there was {words[-1]})" if words[-1] != words[0] else ""
    return f"{_DOING.get(job, f'the job `{job}` failed')}: {words[0]}{first}"


_NO_MEMORY = re.compile(r"MemoryError|bad_alloc|OOM when allocating|Cannot allocate memory|[Uu]nable to allocate")
_LEADING = re.compile(
    r"Traceback \(most recent call last\):|During handling of the above|The above exception was the direct cause"
    r"|Detected at node |Node: |Original stack trace for |\s*\[\[\{\{node "
)
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
        MORE_MEMORY,
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


_LINES = 15
_BYTES = 65_536
_NOISE = re.compile(
    r"""
    ^\d{4}-\d\d-\d\d\ [\d:.]+:\ [IW]\      # TensorFlow's C++ side, information and warnings
    | ^WARNING:(tensorflow|absl|root):
    | ^INFO:(tensorflow|absl):
    | ^[IW]\d{4}\ [\d:.]+                  # absl
    | ^To\ enable\ the\ following\ instructions
    | (Deprecation|User|Future|Runtime)Warning:
    | ^\s+(saving_api\.save_model|warnings\.warn)\(
    | ^Instructions\ for\ updating:
    | ^\s*$
    """,
    re.VERBOSE,
)
_FOREIGN_FRAME = re.compile(
    r'^ +File ".*(?:site-packages|lib/python3|workflow/worker|<frozen|__autograph).*", line \d+'
)


def log_size(log: Path) -> int:
    """Return the size of the log so far, 0 when there is none: where the lines of the next job begin."""
    return log.stat().st_size if log.is_file() else 0


def log_tail(log: Path, begin: int = 0) -> str:
    """Return the last telling lines that were written to ``log`` after its byte ``begin``."""
    if not log.is_file():
        return ""
    with log.open("rb") as source:
        source.seek(max(begin, log_size(log) - _BYTES))
        lines = source.read().decode(errors="replace").splitlines()
    return "\n".join([line for line in _without_foreign_frames(lines) if not _NOISE.search(line)][-_LINES:])


def _without_foreign_frames(lines: list[str]) -> list[str]:
    """Drop the stack frames of the libraries and of the worker, each with its line of code: the user's own remain."""
    kept: list[str] = []
    skipping = False
    for line in lines:
        if _FOREIGN_FRAME.match(line):
            skipping = True
            continue
        if skipping and line.startswith("    "):
            continue
        skipping = False
        kept.append(line.rstrip())
    return kept
