"""The second level: whether the weights of a result are those of its source, to the bit or within a derived bound."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from workflow.base.errors import DeclinedError, WorkflowError
from workflow.verification import accounting, explain, folding
from workflow.verification.differences import Difference, compare, table
from workflow.verification.evidence import Finding, LevelReport
from workflow.verification.weights_by_layer import model_weights, readable, weights_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.verification.evidence import LevelStatus
    from workflow.verification.named_weights import Named
    from workflow.verification.requests import Subject

_LISTED = 10
_ROUGH, _LEAST_ROUGH, _MOST_ROUGH = 4.0, 0.02, 3
_LAYERS = frozenset({"keras", "keras_keras", "tfjs_layers_model"})
_TO_GRAPH = "a graph model's weights are folded and renamed on the way, so none stands for one of the source's"
_OTHERS = "{} of its {} weights are computed from the source's in ways not known here; the others are the source's"
_STRANGE = "the weight {} is quantized, and nothing that the source's weights are known to make"
_MADE_AGAIN = (
    "make the result from its source again; if this comes again, report it with the model, and make the result without "
    "quantizing, or keep the weight in float (`keep_float`)"
)
_UNKNOWN = "quantized weights are nothing that the source's weights are known to make: {}"
_FEW = 3
_NO_READER = "the weights of a {} are read by TensorFlow alone; the outputs are compared"


def check(result: Subject, source: Subject, *, may_quantize: bool = True, is_ours: bool = False) -> LevelReport:
    """Compare every weight of ``result`` with its namesake in ``source``, one at a time.

    ``may_quantize`` False makes it a fault when a weight is quantized that the source has in full; ``is_ours`` when a
    quantized one is nothing that the source's weights are known to make: of others, that proves nothing.
    """
    begin = time.perf_counter()
    why = _inapplicable(result, source)
    if why:
        found = LevelReport("weights", "not applicable", why=why)
    elif result.format == "tfjs_graph_model" and source.format in _LAYERS:
        found = _folded(result, source, may_quantize=may_quantize, is_ours=is_ours)
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
            for one in weights.values():
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
    """Hold each weight against what the source's weights make it."""
    try:
        with model_weights(source) as theirs, model_weights(result) as ours:
            account = accounting.account(theirs, ours)
            findings = [Finding(*one) for one in account.wrong]
            differences = [compare(wanted, one, may_quantize=may_quantize) for wanted, one in account.pairs]
    except DeclinedError as declined:
        return LevelReport("weights", "not applicable", why=declined.reason)
    except WorkflowError as error:  # a file that is damaged, a weight that cannot be restored
        return LevelReport("weights", "failed", (Finding(error.message, remedy=error.hint),))
    wrong = sorted((one for one in differences if one.problem), key=lambda one: -one.excess)
    findings += [Finding(one.problem, one.name, one.worst, one.bound) for one in wrong]
    facts = _facts(differences, account)
    unknown = "" if findings else _unknown(account, count=int(facts["tensors"]))
    return LevelReport(
        "weights",
        "failed" if findings else "not applicable" if unknown else "passed",
        tuple(findings),
        why=unknown,
        remarks=tuple(remark for one in differences for remark in one.remarks),
        facts=facts,
        table=table(wrong[:_LISTED]) if wrong else "",
    )


def _unknown(account: accounting.Account, *, count: int) -> str:
    """Return the words for weights of which it is not known what they should be; empty when there are none."""
    if account.others:
        return _OTHERS.format(len(account.others), count)
    if account.unused:
        number = len(account.unused)
        return f"{number} of the source's weights are used in ways not known here; those of the result are the source's"
    return ""


def _folded(result: Subject, source: Subject, *, may_quantize: bool, is_ours: bool) -> LevelReport:
    """Account for the weights of a graph by those of the layers it was made from, as far as that can be."""
    try:
        with model_weights(source) as theirs, weights_of(result) as ours:
            unasked = [] if may_quantize else _newly_quantized(theirs.by_name, ours)
            forms = accounting.forms(theirs, ours)
            found = folding.compare(forms, ours, declared=theirs.configuration, in_halves=theirs.in_halves)
    except DeclinedError as declined:
        return LevelReport("weights", "not applicable", why=declined.reason)
    except WorkflowError as error:  # a file that is damaged, a weight that cannot be restored
        return LevelReport("weights", "failed", (Finding(error.message, remedy=error.hint),))
    count = found.equal + found.folded + found.quantized + len(found.others)
    facts = {"tensors": count, "bit_equal": found.equal, "folded": found.folded, "others": list(found.others)}
    facts |= {"quantized": found.quantized, "worst": None, "noise": 0.0}
    if unasked or found.findings:
        return LevelReport("weights", "failed", (*unasked, *found.findings), facts=facts)
    unknown = [name for name in found.others if name in found.lossy]
    if unknown and is_ours:
        strange = tuple(Finding(_STRANGE.format(name), name, remedy=_MADE_AGAIN) for name in unknown)
        return LevelReport("weights", "failed", strange, facts=facts)
    if found.others:
        status: LevelStatus = "no proof" if unknown else "not applicable"
        why = _UNKNOWN.format(", ".join(unknown[:_FEW])) if unknown else _OTHERS.format(len(found.others), count)
        return LevelReport("weights", status, why=why, facts=facts)
    return LevelReport("weights", "passed", facts=facts)


def _newly_quantized(theirs: Mapping[str, Named], ours: Mapping[str, Named]) -> list[Finding]:
    if any(one.quantization for one in theirs.values()):
        return []
    text = "the weight {} is quantized to {}, which was not asked for"
    return [Finding(text.format(one.name, one.stored_as), one.name) for one in ours.values() if one.quantization]


def _facts(differences: list[Difference], account: accounting.Account) -> dict[str, Any]:
    quantized = [one for one in differences if one.stored_as]
    worst = max(differences, key=lambda one: one.worst, default=None)
    others = [one.name for one in account.others]
    return {
        "tensors": len(differences) + len(others),
        "bit_equal": sum(one.bit_equal for one in differences),
        "quantized": len(quantized),
        "worst": {"name": worst.name, "max_abs": worst.worst, "bound": worst.bound} if worst and worst.worst else None,
        "noise": sum(one.noise**2 for one in quantized) ** 0.5,
        **({"roughest": rough} if (rough := _roughest(quantized)) else {}),
        **({"others": others} if others else {}),
    }


def _roughest(quantized: list[Difference]) -> list[str]:
    """Return the weights that quantizing hurt most: those flattened by an outlier, and those changed far the most."""
    usual = sorted(one.noise for one in quantized)[len(quantized) // 2] if quantized else 0.0
    far = [one for one in quantized if one.remarks or one.noise > max(_ROUGH * usual, _LEAST_ROUGH)]
    return [one.name for one in sorted(far, key=lambda one: (not one.remarks, -one.noise))[:_MOST_ROUGH]]
