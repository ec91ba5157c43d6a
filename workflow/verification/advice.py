"""What to do about a verification that failed: not what was just run, and no bound for what is no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.catalogue.formats import Format
    from workflow.verification.model import LevelName, LevelReport, Report

STAND_IN = "RESULT --against SOURCE"
"""What a command names the models by until ``verdicts.with_paths`` puts their paths there."""

_HINTS: Mapping[LevelName, str] = {
    "structure": "the files are damaged or incomplete: make or fetch them again",
    "weights": f"compare the two with `tfjs-workflow verify {STAND_IN}`, which lists every weight",
    "contract": "a page that feeds and reads the model by these names would not find them",
    "outputs": (
        f"`tfjs-workflow verify {STAND_IN} --locate` finds the first layer that differs; if the "
        "difference is acceptable, `verify: {outputs: {NAME: {atol: ...}}}` allows it"
    ),
}
_NO_DIFFERENCE = "an error is no difference that a bound could allow"
_NOT_RUNNING: Mapping[str, str] = {
    "tfjs_layers_model": f"{_NO_DIFFERENCE}: make a graph model of the source, by a `graph` step or `format: auto`",
    "tfjs_graph_model": (
        f"{_NO_DIFFERENCE}: the message names what TensorFlow.js lacks or found wrong; "
        "a fresh conversion of the source shows whether the file or the model is at fault"
    ),
}
_TOO_MUCH = ("timeout:", "memory:", "crash:")
_SEEN = "the weights that differ are named above: make the result from its source again"
_LOCATED = "what is to blame is named above, with a command that shows it again: make the result from its source again"


def of(report: Report, result: Format | None = None) -> str:
    """Return what to do about the level that failed, commands with ``STAND_IN``; empty when none did."""
    failed = report.failed
    if failed is None:
        return ""
    if failed.level == "outputs" and _fails_to_run(report):
        if _takes_too_much(report):
            return f"{_NO_DIFFERENCE}: give it longer (`timeout`), or fewer inputs (`samples`)"
        return _NOT_RUNNING.get(result or "", f"{_NO_DIFFERENCE}: make the result from its source again")
    return _remedy(failed) or _HINTS[failed.level]


def beyond(report: Report, result: Format, *, compared: bool, search: object = None) -> str:
    """Return the same to somebody who has just run ``verify``, with a source if ``compared``, and sees all of it.

    ``search`` is what ``--locate`` gave: where the difference is, or a ``NotRun``; None when it was not asked for.
    """
    failed = report.failed
    if failed is not None and failed.level == "weights":
        return _remedy(failed) or (_SEEN if compared else "`--against SOURCE` lists every weight beside its source's")
    if failed is None or failed.level != "outputs" or search is None or _fails_to_run(report):
        return of(report, result)
    return str(getattr(search, "remedy", "")) or _LOCATED


def _remedy(failed: LevelReport) -> str:
    """Return what its first finding, which the message tells, says to do about it: not to trust a file, for one."""
    return next((finding.remedy for finding in failed.findings), "")


def _fails_to_run(report: Report) -> bool:
    """Whether the result does not load, or not run, in a place that is there."""
    return any(run["status"] == "failed" and "outputs" not in run for run in report.runs)


def _takes_too_much(report: Report) -> bool:
    whys = [str(run.get("why")) for run in report.runs if run["status"] == "failed" and "outputs" not in run]
    return all(why.startswith(_TOO_MUCH) for why in whys)
