"""What a damaged result answers, run by TensorFlow.js and Keras with nothing of the product; and what that means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workflow.base.processes import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workflow.verification.requests import Subject

    Effect = Literal["harmful", "none", "slight"]

JUDGES = __file__.rpartition("/")[0]
_EPSILON = float(np.finfo(np.float32).eps)
_HARM = 1e-4
"""A difference, in units of an output's largest value, that no other order of the same additions makes."""

_OF_SPREAD = 0.2
_ROUNDING, _NO_HARM = 64.0, 4.0


def feeds(file: Path) -> list[dict[str, Any]]:
    """Return inputs as the judges take them: all samples, and one alone."""
    with np.load(file) as given:
        arrays = {name: given[name] for name in given.files}
    return [
        {
            name: {"shape": list(some.shape), "dtype": str(some.dtype), "data": some.ravel().tolist()}
            for name, array in arrays.items()
            for some in [array[:count]]
        }
        for count in (None, 1)
    ]


def answers_of(jobs: Mapping[str, tuple[Subject, list[dict[str, Any]]]], folder: Path, *, tools: Sequence[Path]) -> Any:
    """Ask the judges; ``tools`` are the converter environment's Python and the folder of TensorFlow.js."""
    told: dict[str, Any] = {}
    for script in (True, False):
        listed = [
            {"id": name, "path": str(subject.path), "format": subject.format, "feeds": given}
            for name, (subject, given) in jobs.items()
            if subject.is_tfjs == script
        ]
        asked, answers = folder / f"jobs_{script}.json", folder / f"answers_{script}.json"
        asked.write_text(json.dumps(listed))
        python, runtime = tools
        argv = ["node", f"{JUDGES}/judge.cjs", str(runtime)] if script else [str(python), f"{JUDGES}/judge.py"]
        done = run([*argv, str(asked), str(answers)], cwd=folder, timeout=900)
        assert done.code == 0, done.stderr[-2000:]
        told |= json.loads(answers.read_text())
    return told


def effect_of(before: Any, after: Any) -> tuple[Effect, str]:
    """Return what a damage did, by the answers of the sound result and of the damaged one, and a word on why."""
    if "error" in after:
        return "harmful", f"does not run: {after['error']}"
    if before["declared"] != after["declared"]:
        return "harmful", f"declares {after['declared']} for {before['declared']}"[:200]
    effect: Effect = "none"
    for theirs, ours in zip(before["answers"], after["answers"], strict=True):
        for (shape, values), (other_shape, others) in zip(theirs, ours, strict=True):
            if shape != other_shape:
                return "harmful", f"an output has the shape {other_shape} for {shape}"
            one, other = np.asarray(values, float).reshape(shape), np.asarray(others, float).reshape(shape)
            if not np.isfinite(other).all():
                return "harmful", "an output is no number"
            far, size = float(np.abs(one - other).max()), float(np.abs(one).max())
            spread = float(np.ptp(one, axis=0).max()) if len(one) > 1 else size
            if far > max(min(_HARM * size, _OF_SPREAD * spread), _NO_HARM * _EPSILON * size):
                return "harmful", f"an output is off by {far:.3g} of {size:.3g}, which inputs change by {spread:.3g}"
            if far > _ROUNDING * _EPSILON * size:
                effect = "slight"
    return effect, ""
