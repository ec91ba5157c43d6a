"""How outputs are measured and judged, and what the level of outputs makes of it: branch by branch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.records import Record
from workflow.recipe.recipes import Tolerance, Verification
from workflow.verification import figures, outputs
from workflow.verification.asking import Answers, OutputNames, SourceAnswer
from workflow.verification.cutting import Point
from workflow.verification.evidence import (
    Place,
    Timing,
)
from workflow.verification.judging import Judge
from workflow.verification.locate import Located
from workflow.verification.outputs import Trial
from workflow.verification.requests import NotRun
from workflow.verification.tolerances import Tolerances

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Array = np.ndarray[Any, Any]

FILE = "comparisons.json"
_NAN, _INF = math.nan, math.inf
_GRID = np.array([[0.0, 1.0, -2.0], [4.0, 0.5, 1.0], [0.25, 3.0, 1.5]], np.float32)
_WIDE = np.arange(24, dtype=np.float32).reshape(3, 8) % 7
_ODD = np.array([[0.0, _NAN, _INF], [1.0, 2.0, -_INF]])


def all_comparisons(_folder: Path) -> dict[str, Any]:
    """Return what is made of each, as plain values."""
    found = {
        "figures": {name: _figures(*pair) for name, pair in _PAIRS.items()},
        "joined": {name: figures.joined(pieces) for name, pieces in _PIECES.items()},
        "accuracy": {name: figures.accuracy(*each) for name, each in _LABELLED.items()},
        "judged": {name: make() for name, make in _JUDGED.items()},
        "outputs level": {name: _level(*make()) for name, make in _TRIALS.items()},
        "located": [one.sentence() for one in _LOCATED],
    }
    told: dict[str, Any] = plain(found)
    return told


def plain(value: Any) -> Any:
    """Return a value as JSON has it, numbers to four digits."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(each) for each in value]
    if isinstance(value, Record):
        return {key: plain(each) for key, each in vars(value).items()}
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.4g}") if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, (str, bool, int)) else str(value)


_PAIRS: Mapping[str, tuple[Array, Array]] = {
    "equal": (_GRID, _GRID),
    "off in one place": (_GRID, _GRID + np.array([[0, 0, 0.125], [0, 0, 0], [0, 0, 0]], np.float32)),
    "off everywhere": (_GRID, _GRID * np.float32(1.01) - np.float32(2e-6)),
    "reversed": (_GRID, -_GRID),
    "rolled": (_WIDE, np.roll(_WIDE, 1, axis=1)),
    "eight classes, one sample other": (_WIDE, np.concatenate([_WIDE[:2], -_WIDE[2:]])),
    "in the five largest": (np.eye(8)[:4], np.eye(8)[:4] * 0.5 + np.arange(8) / 8),
    "odd": (_ODD, np.array([[_NAN, _NAN, _INF], [_INF, 2.5, _INF]])),
    "odd and the same": (_ODD, _ODD),
    "nothing finite": (np.full((2, 2), _NAN), np.ones((2, 2))),
    "result not finite": (np.ones((2, 2)), np.array([[_NAN, _INF], [1.0, 1.0]])),
    "one sample": (_GRID[:1], _GRID[:1] + 1),
    "one number for each": (_GRID[:, 0], _GRID[:, 0] + np.float32(0.5)),
    "empty": (np.zeros((0, 3)), np.zeros((0, 3))),
    "zeros": (np.zeros((2, 3)), np.zeros((2, 3))),
    "integers": (np.array([[1, 2], [2**40, 0]]), np.array([[1, 3], [2**40 + 7, 0]])),
    "booleans": (np.array([[True, False]]), np.array([[True, True]])),
    "texts": (np.array(["a", "b", "c"], object), np.array([b"a", "x", "c"], object)),
    "equal texts": (np.array(["a", "a"]), np.array(["a", "a"])),
    "no texts": (np.array([], object), np.array([], object)),
    "decades": (np.zeros(8), np.array([1e-15, 1e-12, 9.99e-8, 1e-7, 0.5, 1.0, 10.0, 123.0])),
    "seven differ": (np.zeros(7), np.array([1.0, 3.0, 3.0, 2.0, 7.0, 5.0, 0.5])),
}


def _figures(reference: Array, result: Array) -> Any:
    found: dict[str, Any] = figures.measure(reference, result).as_json()
    if reference.dtype.kind in "fi":
        found["distance"] = figures.distance(reference, result)
        found["worst two"] = [one.index for one in figures.worst_elements(reference, result, count=2)]
        found["spread alone"] = figures.spread(reference)
    return found


_PIECES: Mapping[str, list[Any]] = {
    "batches": [np.zeros((1, 2)), np.ones((2, 2))],
    "one batch": [np.ones((2, 1))],
    "without samples": [np.float64(1).reshape(()), np.float64(2).reshape(())],
    "of several sizes": [np.zeros((1, 2)), np.ones((1, 3))],
    "of other axes": [np.float64(1).reshape(()), np.ones(2)],
}
_LABELLED: Mapping[str, tuple[Array, list[int]]] = {
    "classes": (_GRID, [1, 0, 2]),
    "one output over one half": (np.array([[0.5], [0.51], [0.2], [0.9]]), [0, 1, 1, 1]),
    "maps": (np.arange(8.0).reshape(2, 2, 2), [3, 0]),
}


def _judge(
    answers: Mapping[str, Any],
    place: str = "node wasm",
    *,
    reference: Mapping[str, Any] | None = None,
    noise: float = 0.0,
    reload: Any = None,
    names: OutputNames | None = None,
    **settings: Any,
) -> Any:
    judge = Judge(
        dict(reference or {"out": _GRID}), names or OutputNames(), Tolerances(16, noise, Verification(**settings))
    )
    found = judge.judge(dict(answers), place, reload=reload)
    keys = ("name", "result_name", "bound", "running_bound", "in_python", "beyond_python")
    return {
        "findings": found.findings,
        "outputs": [{key: getattr(one, key) for key in keys} for one in found.outputs],
        "joined": list(found.joined),
        "pairs": found.pairs,
        "max_abs": found.max_abs,
        "dead": judge.dead(),
    }


_OFF = {"out": _GRID + np.float32(0.01)}
_LOST = {"out": np.where(_GRID == 1, np.float32(_NAN), _GRID)}
_TWO = {"a": _GRID, "b": np.ones((3, 2), np.float32)}
_ALONE = {"out": _GRID[:1]}
_FLAT = {"out": np.ones((3, 2), np.float32) * np.array([[1], [1 + 2e-6], [1]], np.float32)}
_STILL = {"out": np.ones((3, 2), np.float32)}
_TEXTS = {"out": np.array(["a", "b"], object)}
_ROLLED = {"out": np.roll(_GRID, 1, 0)}

_JUDGED: Mapping[str, Callable[[], Any]] = {
    "equal": lambda: _judge({"out": _GRID}),
    "off in node": lambda: _judge(_OFF),
    "off in Python": lambda: _judge(_OFF, "python"),
    "off in node, not in Python": lambda: _judge(_OFF, reload={"out": _GRID}),
    "off in node, more in Python": lambda: _judge(_OFF, reload={"out": _GRID + np.float32(0.02)}),
    "off in node, as in Python": lambda: _judge(_OFF, reload={"out": _GRID + np.float32(0.005)}),
    "allowed": lambda: _judge(_OFF, atol=0.011),
    "allowed in units": lambda: _judge(_OFF, rtol=0.0024),
    "allowed for it": lambda: _judge(_OFF, outputs={"out": Tolerance(atol=0.011)}),
    "near the source, far from Python": lambda: _judge(_OFF, noise=0.001, reload={"out": _GRID}),
    "Python off its own weights": lambda: _judge(_OFF, "python", noise=0.001, reload={"out": _GRID}),
    "rougher": lambda: _judge(_OFF, "browser webgl"),
    "half floats": lambda: _judge(_OFF, "browser webgl-f16"),
    "quantized and vague": lambda: _judge(_ROLLED, noise=0.01),
    "quantized and like it": lambda: _judge({"out": _GRID * np.float32(1.1)}, noise=0.01),
    "quantized, chosen": lambda: _judge(_ROLLED, noise=0.01, atol=10.0),
    "quantized, with its weights": lambda: _judge(_ROLLED, noise=0.01, reload=_ROLLED),
    "quantized, not finite": lambda: _judge(_LOST, noise=0.01),
    "not finite": lambda: _judge(_LOST),
    "not finite in Python": lambda: _judge(_LOST, "python"),
    "not finite, in Python neither": lambda: _judge(_LOST, reload=_LOST),
    "another shape": lambda: _judge({"out": _GRID[:, :2]}),
    "reload of another shape": lambda: _judge(_OFF, reload={"out": _GRID[:, :2]}),
    "another shape, then off": lambda: _judge({"a": _GRID[:, :2], "b": _TWO["b"] + 1}, reference=_TWO),
    "other names": lambda: _judge({"x": _GRID, "y": _GRID}),
    "no outputs": lambda: _judge({}),
    "by order": lambda: _judge({"x": _GRID, "y": _TWO["b"]}, reference=_TWO),
    "by position": lambda: _judge(
        {"x": _TWO["b"], "y": _GRID}, reference=_TWO, names=OutputNames({}, {"a": 1, "b": 0})
    ),
    "by name": lambda: _judge({"x:0": _GRID}, names=OutputNames({"out": "x"})),
    "hardly changing": lambda: _judge(_FLAT, reference=_FLAT),
    "not changing": lambda: _judge(_STILL, reference=_STILL),
    "one sample": lambda: _judge(_ALONE, reference=_ALONE),
    "texts": lambda: _judge(_TEXTS, reference=_TEXTS, noise=0.1),
    "other texts": lambda: _judge({"out": np.array(["a", "c"], object)}, reference=_TEXTS, reload=_TEXTS),
    "truths": lambda: _judge({"out": _GRID > 1}, reference={"out": _GRID > 0}, noise=0.1),
}


def _trial(place: str, **more: Any) -> Trial:
    runtime, _, backend = place.partition(" ")
    return Trial(Place(runtime, backend or None), **more)


def _judged_trial(place: str, judge: Judge, answers: Mapping[str, Any], **facts: Any) -> Trial:
    told = Answers((), Timing(load_ms=1.0, median_ms=2.0), facts, 0.5, {"tfjs": "4"})
    return _trial(place, judgement=judge.judge(dict(answers), place), answers=told, seconds=0.5)


def _judge_of(reference: Mapping[str, Any], noise: float = 0.0) -> Judge:
    return Judge(dict(reference), OutputNames(), Tolerances(16, noise, Verification()))


def _trials(
    reference: Mapping[str, Any], answers: Mapping[str, Any], *, noise: float = 0.0, labels: Any = None
) -> tuple[Judge, list[Trial], Any]:
    judge = _judge_of(reference, noise)
    fallback = {"fallback": {"to": "cpu", "why": "no wasm"}}
    runs = [_judged_trial("python", judge, answers), _judged_trial("node wasm", judge, answers, **fallback)]
    return judge, runs, labels


_ABSENT = NotRun("no browser", "install one")
_HALF = {"a": _GRID, "b": np.ones((3, 2), np.float32)}
_TRIALS: Mapping[str, Callable[[], tuple[Judge, list[Trial], Any]]] = {
    "passed": lambda: _trials({"out": _GRID}, {"out": _GRID}, labels=[1, 0, 1]),
    "labels of other samples": lambda: _trials({"out": _GRID}, {"out": _GRID}, labels=[1]),
    "another shape": lambda: _trials({"out": _GRID}, {"out": _GRID[:, :2]}, labels=[1, 0, 1]),
    "failed": lambda: _trials({"out": _GRID}, _OFF),
    "dead": lambda: _trials(_STILL, _STILL),
    "half dead": lambda: _trials(_HALF, _HALF),
    "vague": lambda: _trials({"out": _GRID}, _ROLLED, noise=0.01),
    "failed in both": lambda: _trials(_HALF, {"a": _OFF["out"], "b": _HALF["b"] + 1}),
    "half vague": lambda: _trials({"a": _GRID, "b": _GRID}, {"a": _GRID, "b": _ROLLED["out"]}, noise=0.01),
    "vague and dead": lambda: _trials(
        {"a": _GRID, "b": _STILL["out"]}, {"a": _ROLLED["out"], "b": _STILL["out"]}, noise=0.01
    ),
    "broken in one place": lambda: (
        _judge_of({"out": _GRID}),
        [
            _judged_trial("python", _judge_of({"out": _GRID}), {"out": _GRID}),
            _trial("node wasm", failure="crash: it ended", seconds=1.5),
            _trial("browser webgl", not_run=_ABSENT),
        ],
        None,
    ),
    "nowhere": lambda: (
        _judge_of({}),
        [_trial("node wasm", not_run=NotRun("no node", "")), *(_trial(f"browser {n}", not_run=_ABSENT) for n in "ab")],
        [1],
    ),
}


def _level(judge: Judge, runs: list[Trial], labels: Any) -> Any:
    source = SourceAnswer((), {"samples": 3} | ({} if labels is None else {"labels": labels}))
    level = outputs.level(runs, judge, samples=3, seconds=0.25)
    return {
        "level": level.as_json(),
        "places": [outputs.report_of(run, source, judge=judge) for run in runs],
        "why no accuracy": outputs.why_no_accuracy(source, judge=judge),
    }


_POINT = Point("second", "Dense", ("first",))
_LOCATED = (
    Located(_POINT, 0.123456, 0.001, 3, ()),
    Located(_POINT, 0.5, 1e-6, 3, ("first",)),
    Located(_POINT, 0.5, 1e-6, 3, ("first", "zeroth")),
    Located(_POINT, math.inf, 0.0, 3, ("first",), "fails: no layer"),
)
