"""Checks a staged result before it is published: its structure here, its numbers by running it in Python.

The numbers come from the worker, which runs source and result on the same inputs. A later level runs the result in
Node.js and in a browser; reloading in Python alone says nothing about what TensorFlow.js makes of the file.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.errors import ModelFileError, VerificationError
from workflow.formats.inspection import inspect_model
from workflow.recipe.model import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.recipe.model import Verification
    from workflow.running.making import Facts, Order

_RELATIVE_TOLERANCE = 1e-3
"""Of the reference's largest magnitude: generous for float32 rounding, far below any wrong layer."""

_LIVELY = 1e-6
"""Spread between samples, relative to the largest magnitude, below which outputs prove nothing."""


def check(order: Order, verification: Verification) -> Facts:
    """Check the staged artifact of a task and return the numbers for its record; empty for a model source.

    Raises ``VerificationError`` when the structure is wrong, the result does not run where its source does, or the
    numbers are further apart than allowed. What cannot be run is returned as ``{"not_run": why}`` and said.
    """
    step = order.task.declared
    if not isinstance(step, Step):
        return {}
    warnings = _check_structure(step, order)
    if not verification.enabled:
        return {"not_run": "verify is off in the recipe", "warnings": warnings}
    found = _compare(step, order, verification)
    if found.get("not_run"):
        order.listener.warn(f"{step.name}: not run in Python: {found['not_run']}")
        return found | {"warnings": warnings}
    numbers = _summary(found) | {"warnings": warnings}
    for output in numbers["outputs"]:
        _judge(output, order, verification)
    return numbers


def is_quantized(step: Step) -> bool:
    """Tell whether the step itself makes weights smaller, so that its numbers may differ from its source's."""
    return any(step.options.get(name) for name in _QUANTIZING)


_QUANTIZING = ("quantize_float16", "quantize_uint8", "quantize_uint16", "quantization_bytes")


def _check_structure(step: Step, order: Order) -> list[str]:
    """Inspect the result; return every warning about it, and say those that its input did not have already."""
    try:
        summary = inspect_model(order.staged, step.to_format)
    except ModelFileError as error:
        raise VerificationError(
            f"step {step.name}: the result is no {step.to_format}: {error.message}",
            hint="the log shows what the converter said",
            log=str(order.log),
        ) from error
    known = () if step.input_is_handle else inspect_model(Path(step.input), step.from_format).warnings
    for warning in summary.warnings:
        if warning not in known:
            order.listener.warn(f"{step.name}: {warning}")
    return list(summary.warnings)


def _compare(step: Step, order: Order, verification: Verification) -> Facts:
    if step.input_is_handle:
        return {"not_run": "the source is a TensorFlow Hub handle"}
    job: dict[str, Any] = {
        "source": {"path": step.input, "format": step.from_format, **_signature(step.options)},
        "result": {"path": str(order.staged), "format": step.to_format},
        "inputs": _text(verification.inputs),
        "labels": _text(verification.labels),
        "batch": verification.batch,
        "seed": verification.seed,
    }
    return order.worker().run("compare", job, log=order.log, timeout=order.timeout)


def _signature(options: Mapping[str, object]) -> dict[str, object]:
    names = ("signature_name", "saved_model_tags", "output_node_names")
    return {name: options[name] for name in names if name in options}


def _summary(found: Facts) -> Facts:
    outputs = found["outputs"]
    tops = [output["top1"] for output in outputs if output.get("top1") is not None]
    return {
        "runtime": "python",
        "max_abs": max((float(output["max_abs"]) for output in outputs), default=0.0),
        "top1": min(tops) if tops else None,
        "accuracy": found.get("accuracy"),
        "outputs": outputs,
        **{key: value for key, value in found.items() if key not in ("outputs", "accuracy")},
    }


def _judge(output: Facts, order: Order, verification: Verification) -> None:
    step, name = order.task.declared, output["name"]
    if not isinstance(step, Step):
        raise TypeError(step)
    if not output["finite"]["result"] and output["finite"]["source"]:
        raise _wrong(f"output {name} holds NaN or infinity where its source does not", order)
    bound = _bound(step, output, verification)
    if bound is not None and not output["max_abs"] <= bound:
        raise _wrong(f"output {name} differs by up to {output['max_abs']:.3g}, allowed is {bound:.3g}", order)
    if output["spread"] <= _LIVELY * _magnitude(output):
        order.listener.warn(
            f"{step.name}: output {name} of the source is nearly the same for every input: agreement proves little"
        )


def _bound(step: Step, output: Facts, verification: Verification) -> float | None:
    if verification.atol is not None:
        return verification.atol
    return None if is_quantized(step) else _RELATIVE_TOLERANCE * _magnitude(output)


def _magnitude(output: Facts) -> float:
    largest = max(abs(float(output["reference"]["min"])), abs(float(output["reference"]["max"])))
    return largest if math.isfinite(largest) and largest > 0 else 1.0


def _wrong(what: str, order: Order) -> VerificationError:
    return VerificationError(
        f"step {order.task.name}: run in Python on the same inputs, {what}",
        hint="verify: {atol: ...} in the recipe sets another bound, if this difference is acceptable",
        log=str(order.log),
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
