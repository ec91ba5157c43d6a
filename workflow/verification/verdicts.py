"""What a verification amounts to: the error that it ends in, and what to do about it.

Advice is never what was just run, and no bound for what is no figure.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from workflow.base.errors import (
    ContractError,
    CostError,
    NoProofError,
    OutputsError,
    RuntimeRequiredError,
    StructureError,
    VerificationError,
    WeightsError,
)
from workflow.worker.shared import kernels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.catalogue.formats import Format
    from workflow.recipe.recipes import Verification
    from workflow.verification.evidence import Evidence, LevelName, LevelReport

_ERRORS: Mapping[LevelName, type[VerificationError]] = {
    "structure": StructureError,
    "weights": WeightsError,
    "contract": ContractError,
    "outputs": OutputsError,
}
_SHOWN = 12

STAND_IN = "RESULT --against SOURCE"
"""What a command names the models by until ``with_paths`` puts their paths there."""

_HINTS: Mapping[LevelName, str] = {
    "structure": "the files are damaged or incomplete: make or fetch them again",
    "weights": f"compare the two with `tfjs-workflow verify {STAND_IN}`, which lists every weight",
    "contract": "whoever feeds and reads it as its source is would go wrong: make it from its source again",
    "outputs": f"`tfjs-workflow verify {STAND_IN} --locate` finds the first layer that differs",
}
_BOUNDED = "; if the difference is acceptable, `verify: {outputs: {NAME: {atol: ...}}}` allows it"
_NO_DIFFERENCE = "an error is no difference that a bound could allow"
_NOT_RUNNING: Mapping[str, str] = {
    "tfjs_layers_model": f"{_NO_DIFFERENCE}: make a graph model of the source, by a `graph` step or `format: auto`",
    "tfjs_graph_model": (
        f"{_NO_DIFFERENCE}: the message names what TensorFlow.js lacks or found wrong; "
        "a fresh conversion of the source shows whether the file or the model is at fault"
    ),
}
_ADDON = (
    f"{_NO_DIFFERENCE}: a page runs it with the package @tensorflow/tfjs-tfdf, which is none of the places here; "
    "`verify: off` publishes it unverified"
)
_PROVING = "give inputs that make a difference (`inputs`), or verify a trained model: fresh weights answer alike"
_STEADIER = "give inputs such as the model will meet (`inputs`): those that are drawn may lie where it is unsteady"
_TOO_MUCH = ("timeout:", "memory:", "crash:")
_SEEN = "the weights that differ are named above: make the result from its source again"
_LOCATED = "what is to blame is named above, with a command that shows it again: make the result from its source again"


def error_of(report: Evidence, settings: Verification, *, who: str, hint: str = "") -> VerificationError | None:
    """Return the error for a verification that failed or lacks a required runtime; ``who`` begins its sentence.

    ``hint`` is what to do about a failure, where more is known than the report tells.
    """
    failed = report.failed
    if failed is not None:
        return _failure(failed, who, hint or advice(report))
    outputs = report.level("outputs")
    if outputs is not None and outputs.status == "costly":
        return CostError(f"{who}: {outputs.why}", hint=cheaper(report))
    for name in settings.require:
        own = [run for run in report.runs if run.runtime == name]
        if not own:
            return _never_run(report, name, who)
        lacking = next((run for run in own if run.status == "not run"), None)
        if lacking is not None:
            text = f"{who}: {lacking.place} is required and was not run: {lacking.why}"
            return RuntimeRequiredError(text, hint=lacking.remedy)
    return None


def cheaper(report: Evidence) -> str:
    """Return what to do about a result that lost too much: which weights lose most, and how to accept the loss."""
    return f"{smaller_loss(report.levels)}; `verify: {{agreement: ...}}` accepts a lesser share"


def smaller_loss(levels: Sequence[LevelReport]) -> str:
    """Return how quantizing would lose less, by the name of the weights that lose most."""
    weights = next((level for level in levels if level.level == "weights"), None)
    rough = list(weights.facts.get("roughest", ())) if weights is not None else []
    kept = f"keep {' and '.join(rough)} in float (`keep_float: [{', '.join(map(_quoted, rough))}]`), " if rough else ""
    return f"{kept}use a larger dtype, or `auto: {{max_error: 0.01}}`; give real inputs (`inputs`) to measure by"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _never_run(report: Evidence, name: str, who: str) -> RuntimeRequiredError:
    """Return the error for a required runtime in which the result was never meant to run."""
    if report.runs:
        places = ", ".join(dict.fromkeys(run.runtime for run in report.runs))
        text = f"{name} is required, and such a model runs in {places} alone"
        return RuntimeRequiredError(f"{who}: {text}", hint=f"require {name} of TensorFlow.js models only")
    text = f"{name} is required and was not run: only the files were compared"
    return RuntimeRequiredError(f"{who}: {text}", hint=f"verify it without `--quick`, or do not require {name}")


def no_proof(report: Evidence, who: str) -> NoProofError | None:
    """Return the error for a verification that could not have shown a fault."""
    level = next((level for level in report.levels if level.status == "no proof"), None)
    if level is None:
        return None
    if level.level == "weights":
        hint = "verify a result that is not quantized, or make it of its source again"
    else:
        hint = _STEADIER if level.facts.get("unsteady") else _PROVING
    return NoProofError(f"{who}: no proof: {level.why}", hint=hint)


def with_paths(hint: str, words: Sequence[str]) -> str:
    """Return a hint whose command names the result and its source as ``words`` do."""
    return hint.replace(STAND_IN, shlex.join(words))


def _failure(level: LevelReport, who: str, hint: str) -> VerificationError:
    first, *rest = level.findings
    more = f" (and {len(rest):,} more)" if rest else ""
    lines = [finding.text for finding in level.findings[:_SHOWN]]
    details = level.table or ("\n".join(lines) if rest else "")
    look = f"look at {first.look}; " if first.look.startswith("/") else ""
    return _ERRORS[level.level](f"{who}: {level.level}: {first.text}{more}", hint=f"{look}{hint}", details=details)


def advice(report: Evidence, result: Format | None = None) -> str:
    """Return what to do about the level that failed, commands with ``STAND_IN``; empty when none did."""
    failed = report.failed
    if failed is None:
        return ""
    if failed.level == "outputs" and _fails_to_run(report):
        if _takes_too_much(report):
            return f"{_NO_DIFFERENCE}: give it longer (`timeout`), or fewer inputs (`samples`)"
        if any(kernels.names_addon(run.why) for run in report.runs):
            return _ADDON
        return _NOT_RUNNING.get(result or "", f"{_NO_DIFFERENCE}: make the result from its source again")
    return _remedy(failed) or f"{_HINTS[failed.level]}{_allowing(failed)}"


def _allowing(failed: LevelReport) -> str:
    """Return how to allow a difference of outputs, where what the message tells is one: no bound allows a NaN."""
    first = failed.findings[0]
    if failed.level != "outputs" or first.figure is None or first.bound is None:
        return ""
    return _BOUNDED.replace("NAME", first.subject if first.subject.isidentifier() else _quoted(first.subject))


def further_advice(report: Evidence, result: Format, *, compared: bool, search: object = None) -> str:
    """Return the same to somebody who has just run ``verify``, with a source if ``compared``, and sees all of it.

    ``search`` is what ``--locate`` gave: where the difference is, or a ``NotRun``; None when it was not asked for.
    """
    failed = report.failed
    if failed is not None and _remedy(failed):
        return _remedy(failed)
    if failed is not None and failed.level == "weights":
        return _SEEN if compared else "`--against SOURCE` lists every weight beside its source's"
    if failed is None or failed.level != "outputs" or search is None or _fails_to_run(report):
        return advice(report, result)
    return str(getattr(search, "remedy", "")) or _LOCATED


def _remedy(failed: LevelReport) -> str:
    """Return what its first finding, which the message tells, says to do about it: not to trust a file, for one."""
    return failed.findings[0].remedy if failed.findings else ""


def _fails_to_run(report: Evidence) -> bool:
    """Whether the result does not load, or not run, in a place that is there."""
    return any(run.status == "failed" and run.outputs is None for run in report.runs)


def _takes_too_much(report: Evidence) -> bool:
    broken = [run for run in report.runs if run.status == "failed" and run.outputs is None]
    return all(run.why.startswith(_TOO_MUCH) for run in broken)
