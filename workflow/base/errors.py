"""Every failure that a user can see: one class each, its exit code, and what to do next.

WorkflowError                      1   (a bug of ours when it is raised bare)
├── UsageError                     2   the command line asks for something that cannot be
├── RecipeError                   10   the recipe is wrong: all findings, each with its place
│   └── RecipeNotFoundError       11   there is no such recipe
├── EnvironmentProblem            20   the converter environment cannot be had or used
│   ├── NoManagerError            21   nothing here can make the environment
│   ├── DownloadError             22   a package or model could not be fetched
│   ├── IntegrityError            23   fetched or cached bytes are not the locked ones
│   ├── UnhealthyError            24   the environment was made and does not work
│   ├── ForeignPathError          25   a folder that this tool did not make is in the way
│   └── StrictnessError           26   --strict refuses what would only nearly do
├── ConversionError               30   a step could not produce its result
│   ├── ModelFileError            31   the input is not the model that the step needs
│   │   └── OversizedModelError   31   it leads out of itself, or asks for more than its files can stand for
│   ├── OutputRefusedError        32   the output path cannot be used
│   ├── ReferenceConverterError   33   the reference converter refused the model
│   ├── WorkerDiedError           34   the worker process ended in mid-job
│   ├── StepTimeoutError          35   a step took longer than its limit
│   └── StorageError              36   disk full, read-only folder
├── VerificationError             40   the result does not do what its source does
│   ├── StructureError            41   its files do not fit together
│   ├── WeightsError              42   its weights are not its source's
│   ├── ContractError             43   its inputs or outputs are called or shaped otherwise
│   ├── OutputsError              44   it answers otherwise, or does not run
│   ├── RuntimeRequiredError      45   a runtime that is required is not there
│   ├── NoProofError              46   its source answers nearly the same to everything, so agreement proves nothing
│   └── CostError                 47   it computes what its source does, and quantizing lost more than is allowed
└── InterruptedRunError          130   ^C
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


class WorkflowError(Exception):
    """A failure with a message for the user, a hint on what to do next, and an exit code.

    ``message`` says what happened and where; ``hint`` what to do; ``details`` holds lines worth showing
    verbatim (the tail of a log, a list of candidates). ``log`` is the path of the full log, if there is one.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", details: str = "", log: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
        self.log = log
        self.answered = False
        """Whether JSON with the failure in it is on standard output already."""

    def as_json(self) -> dict[str, Any]:
        """Return the failure for programs."""
        return {
            "class": type(self).__name__,
            "exit_code": self.exit_code,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
            "log": self.log,
        }


class UsageError(WorkflowError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class RecipeError(WorkflowError):
    """The recipe is wrong; ``details`` holds every finding with its place."""

    exit_code = 10


class RecipeNotFoundError(RecipeError):
    """There is no recipe at the path given."""

    exit_code = 11


class EnvironmentProblem(WorkflowError):  # noqa: N818  EnvironmentError is Python's own alias of OSError
    """The converter environment cannot be had or used."""

    exit_code = 20


class NoManagerError(EnvironmentProblem):
    """Nothing on this machine can make the environment that was asked for."""

    exit_code = 21


class DownloadError(EnvironmentProblem):
    """A package or a model could not be fetched."""

    exit_code = 22


class IntegrityError(EnvironmentProblem):
    """Bytes that were fetched or found in a cache are not the ones that the lock or recipe names."""

    exit_code = 23


class UnhealthyError(EnvironmentProblem):
    """The environment exists and does not pass its checks."""

    exit_code = 24


class ForeignPathError(EnvironmentProblem):
    """A folder that this tool did not make stands where it would create or remove one."""

    exit_code = 25


class StrictnessError(EnvironmentProblem):
    """``--strict`` refuses an environment that only nearly is the one asked for."""

    exit_code = 26


class ConversionError(WorkflowError):
    """A step could not produce its result."""

    exit_code = 30


class ModelFileError(ConversionError):
    """The input of a step is not the model file that the step needs."""

    exit_code = 31


class OversizedModelError(ModelFileError):
    """The model points out of itself or asks for more than its files can stand for: nothing is to run it."""


class OutputRefusedError(ConversionError):
    """The output path of a step cannot be used without losing something."""

    exit_code = 32


class ReferenceConverterError(ConversionError):
    """The reference converter, or the library under it, refused the model."""

    exit_code = 33


class WorkerDiedError(ConversionError):
    """The worker process ended in the middle of a job."""

    exit_code = 34


class StepTimeoutError(ConversionError):
    """A step took longer than its time limit."""

    exit_code = 35


class StorageError(ConversionError):
    """The disk is full, or a folder cannot be written or read; ``full`` tells that room would help."""

    exit_code = 36

    def __init__(self, message: str, *, hint: str = "", details: str = "", log: str = "", full: bool = False) -> None:
        super().__init__(message, hint=hint, details=details, log=log)
        self.full = full


class VerificationError(WorkflowError):
    """The result of a step does not do what its source does; ``facts`` is what was found, for the record."""

    exit_code = 40

    def __init__(self, message: str, *, hint: str = "", details: str = "", log: str = "") -> None:
        super().__init__(message, hint=hint, details=details, log=log)
        self.facts: Mapping[str, Any] = {}


class StructureError(VerificationError):
    """The files of a result do not fit together, or are not of the format that they declare."""

    exit_code = 41


class WeightsError(VerificationError):
    """The weights of a result are not those of its source."""

    exit_code = 42


class ContractError(VerificationError):
    """The inputs or outputs of a result have other names, shapes or dtypes than its source's."""

    exit_code = 43


class OutputsError(VerificationError):
    """A result does not run where its source does, or answers otherwise."""

    exit_code = 44


class RuntimeRequiredError(VerificationError):
    """A runtime that the user requires is not there."""

    exit_code = 45


class NoProofError(VerificationError):
    """Nothing is known to be wrong, and the comparison could not have shown it if something were."""

    exit_code = 46


class CostError(VerificationError):
    """A result is converted rightly, and quantizing its weights lost more of its answers than is allowed."""

    exit_code = 47


class InterruptedRunError(WorkflowError):
    """The user pressed ^C."""

    exit_code = 130


class AskedToEndError(KeyboardInterrupt):
    """What a signal that asks for an end (TERM, HUP) raises: to be treated as ^C is, by whoever does not care which."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class DeclinedError(Exception):
    """Our own code cannot read or convert this model rightly, no error of the user: ``route`` is what works instead."""

    def __init__(self, reason: str, *, route: str = "reference") -> None:
        super().__init__(reason)
        self.reason = reason
        self.route = route
