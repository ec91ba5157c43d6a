"""The exit code of every failure is a promise to scripts: changing one is a decision, not an accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

CODES = {
    "WorkflowError": 1,
    "UsageError": 2,
    "RecipeError": 10,
    "RecipeNotFoundError": 11,
    "EnvironmentProblem": 20,
    "NoManagerError": 21,
    "DownloadError": 22,
    "IntegrityError": 23,
    "UnhealthyError": 24,
    "ForeignPathError": 25,
    "StrictnessError": 26,
    "ConversionError": 30,
    "ModelFileError": 31,
    "OversizedModelError": 31,
    "OutputRefusedError": 32,
    "ReferenceConverterError": 33,
    "WorkerDiedError": 34,
    "StepTimeoutError": 35,
    "StorageError": 36,
    "VerificationError": 40,
    "StructureError": 41,
    "WeightsError": 42,
    "ContractError": 43,
    "OutputsError": 44,
    "RuntimeRequiredError": 45,
    "NoProofError": 46,
    "CostError": 47,
    "InterruptedRunError": 130,
}


def all_below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for below in kind.__subclasses__():
        yield below
        yield from all_below(below)


def test_every_kind_of_failure_has_its_exit_code() -> None:
    ours = {
        one for one in (errors.WorkflowError, *all_below(errors.WorkflowError)) if one.__module__ == errors.__name__
    }
    assert {one.__name__: one.exit_code for one in ours} == CODES  # type: ignore[attr-defined]
