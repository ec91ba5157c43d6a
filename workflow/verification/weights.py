"""The second level: whether the weights of a result are those of its source, to the bit or within a derived bound."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError, ModelFileError, WorkflowError
from workflow.verification import explain, folding
from workflow.verification.differences import Difference, compare, table
from workflow.verification.evidence import Finding, LevelReport
from workflow.verification.tensors import Named, configuration_of, readable, weights_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.verification.requests import Subject
    from workflow.verification.tensors import Views

_LISTED = 10
_LAYERS = frozenset({"keras", "keras_keras", "tfjs_layers_model"})
_TO_GRAPH = "a graph model's weights are folded and renamed on the way, so none stands for one of the source's"
_NO_READER = "the weights of a {} are read by TensorFlow alone; the outputs are compared"


def check(result: Subject, source: Subject, *, may_quantize: bool = True) -> LevelReport:
    """Compare every weight of ``result`` with its namesake in ``source``, one at a time.

    ``may_quantize`` False makes it a fault when a weight is quantized that the source has in full.
    """
    begin = time.perf_counter()
    why = _inapplicable(result, source)
    if why:
        found = LevelReport("weights", "not applicable", why=why)
    elif result.format == "tfjs_graph_model" and source.format in _LAYERS:
        found = _folded(result, source, may_quantize)
    else:
        found = _compared(result, source, may_quantize)
    return found.replaced(seconds=time.perf_counter() - begin)


def alone(result: Subject) -> LevelReport:
    """Look for NaN and infinity in the weights of a model that there is no source for."""
    if not readable(result):
        return LevelReport("weights", "not applicable", why=_NO_READER.format(result.format))
    begin = time.perf_counter()
    findings = []
    try:
        with weights_of(result) as weights:
            for one in weights[-1].values():
                problem = explain.not_finite(one)
                findings += [Finding(f"the weight {one.name} holds {problem}", one.name)] if problem else []
    except DeclinedError as declined:
        return LevelReport("weights", "not applicable", why=declined.reason)
    seconds = time.perf_counter() - begin
    return LevelReport("weights", "failed" if findings else "passed", tuple(findings), seconds=seconds)


def _inapplicable(result: Subject, source: Subject) -> str:
    pair = {result.format, source.format}
    if result.format == "tfjs_graph_model" and source.format in _LAYERS:
        return ""
    if result.format == "tfjs_graph_model" and source.format != "tfjs_graph_model":
        return _TO_GRAPH
    for subject in (source, result):
        if not readable(subject):
            return _NO_READER.format(subject.format)
    return "" if pair <= _LAYERS or pair == {"tfjs_graph_model"} else "layers and graphs hold their weights differently"


def _compared(result: Subject, source: Subject, may_quantize: bool) -> LevelReport:  # noqa: FBT001  private
    try:
        with weights_of(source) as sources, weights_of(result) as results:
            theirs, ours = _likest(sources, results)
            findings = list(_unpaired(theirs, ours))
            differences = [
                compare(theirs[name], one, may_quantize=may_quantize) for name, one in ours.items() if name in theirs
            ]
    except DeclinedError as declined:
        return LevelReport("weights", "not applicable", why=declined.reason)
    except ModelFileError as error:
        return LevelReport("weights", "failed", (Finding(error.message, remedy=error.hint),))
    except WorkflowError as error:  # a weight that cannot be restored
        return LevelReport("weights", "failed", (Finding(error.message, remedy=error.hint),))
    wrong = sorted((one for one in differences if one.problem), key=lambda one: -one.excess)
    findings += [Finding(one.problem, one.name, one.worst, one.bound) for one in wrong]
    return LevelReport(
        "weights",
        "failed" if findings else "passed",
        tuple(findings),
        remarks=tuple(remark for one in differences for remark in one.remarks),
        facts=_facts(differences),
        table=table(wrong[:_LISTED]) if wrong else "",
    )


def _folded(result: Subject, source: Subject, may_quantize: bool) -> LevelReport:  # noqa: FBT001  private
    """Account for the weights of a graph by those of the layers it was made from, as far as that can be."""
    try:
        with weights_of(source) as sources, weights_of(result) as (ours,):
            unasked = [] if may_quantize else _newly_quantized(sources[-1], ours)
            found = folding.compare(sources[-1], ours, epsilons=folding.epsilons_in(configuration_of(source)))
    except DeclinedError as declined:
        return LevelReport("weights", "not applicable", why=declined.reason)
    except WorkflowError as error:  # a file that is damaged, a weight that cannot be restored
        return LevelReport("weights", "failed", (Finding(error.message, remedy=error.hint),))
    count = found.equal + found.folded + found.quantized + len(found.others)
    facts = {"tensors": count, "bit_equal": found.equal, "folded": found.folded, "others": list(found.others)}
    facts |= {"quantized": found.quantized, "worst": None, "noise": 0.0}
    if unasked or found.findings:
        return LevelReport("weights", "failed", (*unasked, *found.findings), facts=facts)
    if found.others:
        why = f"{len(found.others)} of its {count} weights are computed from the source's in ways not known here"
        return LevelReport("weights", "not applicable", why=f"{why}; the others are the source's", facts=facts)
    return LevelReport("weights", "passed", facts=facts)


def _newly_quantized(theirs: Mapping[str, Named], ours: Mapping[str, Named]) -> list[Finding]:
    if any(one.quantization for one in theirs.values()):
        return []
    text = "the weight {} is quantized to {}, which was not asked for"
    return [Finding(text.format(one.name, one.stored_as), one.name) for one in ours.values() if one.quantization]


def _likest(sources: Views, results: Views) -> tuple[dict[str, Named], dict[str, Named]]:
    """Return the two ways of naming that leave the fewest weights without a namesake."""
    return min(itertools.product(sources, results), key=lambda pair: len(pair[0].keys() ^ pair[1].keys()))


def _unpaired(theirs: Mapping[str, Named], ours: Mapping[str, Named]) -> Iterator[Finding]:
    lost = [name for name in theirs if name not in ours]
    new = [name for name in ours if name not in theirs]
    for name in lost:
        same = [other for other in new if ours[other].shape == theirs[name].shape]
        hint = f"; {same[0]}, which the source does not have, has its shape" if same else ""
        yield Finding(f"the weight {name} of the source is not in the result{hint}", name)
    for name in new:
        yield Finding(f"the result has a weight {name} that its source does not have", name)


def _facts(differences: list[Difference]) -> dict[str, Any]:
    quantized = [one for one in differences if one.stored_as]
    worst = max(differences, key=lambda one: one.worst, default=None)
    return {
        "tensors": len(differences),
        "bit_equal": sum(one.bit_equal for one in differences),
        "quantized": len(quantized),
        "worst": {"name": worst.name, "max_abs": worst.worst, "bound": worst.bound} if worst and worst.worst else None,
        "noise": sum(one.noise**2 for one in quantized) ** 0.5,
    }
