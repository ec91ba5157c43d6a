"""What a verification amounts to: the error that it ends in, and its facts for a record."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from workflow.base.errors import (
    ContractError,
    NoProofError,
    OutputsError,
    RuntimeRequiredError,
    StructureError,
    VerificationError,
    WeightsError,
)
from workflow.verification import advice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.recipe.recipes import Verification
    from workflow.verification.model import LevelName, LevelReport, Report

_ERRORS: Mapping[LevelName, type[VerificationError]] = {
    "structure": StructureError,
    "weights": WeightsError,
    "contract": ContractError,
    "outputs": OutputsError,
}
_SHOWN = 12


def error_of(report: Report, settings: Verification, *, who: str, hint: str = "") -> VerificationError | None:
    """Return the error for a verification that failed or lacks a required runtime; ``who`` begins its sentence.

    ``hint`` is what to do about a failure, where more is known than the report tells.
    """
    failed = report.failed
    if failed is not None:
        return _failure(failed, who, hint or advice.of(report))
    for name in settings.require:
        own = [run for run in report.runs if run["runtime"] == name]
        if not own:
            return _never_run(report, name, who)
        lacking = [run for run in own if run["status"] == "not run"]
        if lacking:
            place = " ".join(part for part in (name, lacking[0].get("backend")) if part)
            why, remedy = str(lacking[0].get("why", "")), str(lacking[0].get("remedy", ""))
            return RuntimeRequiredError(f"{who}: {place} is required and was not run: {why}", hint=remedy)
    return None


def _never_run(report: Report, name: str, who: str) -> RuntimeRequiredError:
    """Return the error for a required runtime in which the result was never meant to run."""
    if report.runs:
        places = ", ".join(dict.fromkeys(str(run["runtime"]) for run in report.runs))
        text = f"{name} is required, and such a model runs in {places} alone"
        return RuntimeRequiredError(f"{who}: {text}", hint=f"require {name} of TensorFlow.js models only")
    text = f"{name} is required and was not run: only the files were compared"
    return RuntimeRequiredError(f"{who}: {text}", hint=f"verify it without `--quick`, or do not require {name}")


def no_proof(report: Report, who: str) -> NoProofError | None:
    """Return the error for a verification that could not have shown a fault."""
    level = report.level("outputs")
    if level is None or level.status != "no proof":
        return None
    hint = "give inputs that make a difference (`inputs`), or verify a trained model: fresh weights answer alike"
    if level.facts.get("unproven"):
        hint = "give real inputs (`inputs`), say what outputs may differ by (`atol`), or quantize less"
    return NoProofError(f"{who}: no proof: {level.why}", hint=hint)


def with_paths(hint: str, words: Sequence[str]) -> str:
    """Return a hint whose command names the result and its source as ``words`` do."""
    return hint.replace(advice.STAND_IN, shlex.join(words))


def facts_of(report: Report) -> dict[str, Any]:
    """Return the verification as a record holds it: ``verdict``, ``levels``, ``runs``, and the figures of one run."""
    found: dict[str, Any] = {
        "verdict": report.verdict,
        "levels": [_level_json(level) for level in report.levels],
        "runs": [dict(run) for run in report.runs],
        **{key: value for key, value in report.facts.items() if value is not None},
    }
    ran = [run for run in report.runs if run.get("outputs")]
    if ran:
        found |= _headline(ran)
    outputs = report.level("outputs")
    if outputs is not None and outputs.status == "not run":
        found["not_run"] = outputs.why
    return found


def _failure(level: LevelReport, who: str, hint: str) -> VerificationError:
    first, *rest = level.findings
    more = f" (and {len(rest):,} more)" if rest else ""
    lines = [finding.text for finding in level.findings[:_SHOWN]]
    details = level.table or ("\n".join(lines) if rest else "")
    look = f"look at {first.look}; " if first.look.startswith("/") else ""
    return _ERRORS[level.level](f"{who}: {level.level}: {first.text}{more}", hint=f"{look}{hint}", details=details)


def _level_json(level: LevelReport) -> dict[str, Any]:
    return {
        "level": level.level,
        "status": level.status,
        "findings": [finding.text for finding in level.findings],
        "subjects": [finding.subject for finding in level.findings],
        "why": level.why,
        "remarks": list(level.remarks),
        "facts": dict(level.facts),
        "seconds": round(level.seconds, 3),
    }


def _headline(ran: list[Any]) -> dict[str, Any]:
    """Return the worst figures over all places, and the outputs of the first."""
    outputs = [output for run in ran for output in run["outputs"]]
    tops = [output["top1"] for output in outputs if output.get("top1") is not None]
    shares = [run["accuracy"] for run in ran if run.get("accuracy")]
    return {
        "runtime": ran[0]["runtime"],
        "max_abs": max(float(output["max_abs"]) for output in outputs),
        "top1": min(tops) if tops else None,
        "accuracy": min(shares, key=lambda share: float(share["result"])) if shares else None,
        "outputs": ran[0]["outputs"],
    }
