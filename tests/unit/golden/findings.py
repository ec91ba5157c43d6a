"""What evidence says in every version, what a failed verification advises, and what is wrong with topologies."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.unit.golden.comparisons import plain
from workflow.base.record_json import MalformedError
from workflow.base.records import Record
from workflow.recipe.recipes import Verification
from workflow.verification import topology_faults, verdicts
from workflow.verification.evidence import Evidence, Finding, LevelReport, PlaceReport, evidence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.base.errors import WorkflowError

FILE = "findings.json"


def all_findings(_folder: Path) -> dict[str, Any]:
    """Return what is said of each, as plain values."""
    found = {
        "evidence": {name: _read(check) for name, check in _CHECKS.items()},
        "advice": {name: _advice(report) for name, report in _REPORTS.items()},
        "layers": {name: _faults(topology_faults.layer_faults, document) for name, document in _LAYERS.items()},
        "graphs": {name: _faults(topology_faults.graph_faults, document) for name, document in _GRAPHS.items()},
    }
    told: dict[str, Any] = plain(found)
    return told


def _run(runtime: str, backend: str | None = None, **more: Any) -> dict[str, Any]:
    return {"runtime": runtime, "status": "passed", **({"backend": backend} if backend else {}), **more}


_FIGURES = {"name": "out", "max_abs": 0.5, "top1": 0.75, "dtype": "float32", "shape": [3, 2]}
_LEVELS = [{"level": name, "status": "passed"} for name in ("structure", "weights", "contract")]
_EVERY = {
    "levels": [
        *_LEVELS,
        {
            "level": "outputs",
            "status": "passed",
            "findings": ["a", "b"],
            "subjects": ["s"],
            "why": "w",
            "remarks": ["r"],
            "facts": {"samples": 3},
            "seconds": 1.23456,
        },
    ],
    "runs": [
        _run("python", outputs=[_FIGURES], accuracy={"source": 1.0, "result": 0.75}, samples=3, seconds=0.5),
        _run("node", "wasm", outputs=[{**_FIGURES, "max_abs": 0.75, "top1": 0.5}], timings={"median_ms": 2.0}),
        _run("browser", "webgl", status="not run", why="no browser", remedy="install one"),
        _run("browser", "wasm", status="failed", why="crash", seconds=2),
    ],
    "attribution": {"quantization": 0.5, "runtime": 0.25, "place": "node wasm"},
    "inputs": ["x"],
    "drawn": True,
    "samples": 3,
    "versions": {"python": "3.8"},
    "not_run": "why",
    "warnings": ["w"],
}
_CHECKS: Mapping[str, Any] = {
    "empty": {},
    "everything": _EVERY,
    "of the first version": {"outputs": [_FIGURES], "accuracy": {"source": 1.0, "result": 0.5}, "samples": 9},
    "of the first version, elsewhere": {"runtime": "node", "backend": "cpu", "status": "failed", "outputs": [_FIGURES]},
    "without a runtime": {"outputs": []},
    "a status that is not known": {"levels": [{"level": "weights", "status": "perhaps", "findings": ["f"]}]},
    **{
        f"outputs {status}": {"levels": [*_LEVELS, {"level": "outputs", "status": status, "why": "because"}]}
        for status in ("passed", "failed", "not run", "not applicable", "no proof")
    },
    "no proof before not run": {
        "levels": [{"level": "weights", "status": "not run"}, {"level": "outputs", "status": "no proof"}]
    },
    "text": {"runs": [_run("python", outputs=[{"name": "t", "dtype": "string", "max_abs": 1.0}])]},
    "nothing to compare": {"runs": [_run("python", outputs=[]), _run("node", accuracy={"source": 1, "result": 1})]},
    "wrong": {"runs": [{"runtime": 3}]},
    "no object": [],
    "none": None,
}


def _read(check: Any) -> Any:
    try:
        found = evidence_of({"check": check})
    except MalformedError as fault:
        return str(fault)
    return {
        "record": found.as_json(),
        "again": Evidence.from_json(json.loads(json.dumps(found.as_json()))).as_json() == found.as_json(),
        **{key: getattr(found, key) for key in ("verdict", "remarks", "max_abs", "top1", "accuracy", "not_run")},
        "absent": [str(run.place) for run in found.absent],
        "outputs": [one.name for one in found.outputs],
        "failed": found.failed.level if found.failed else None,
        "findings": [[one.text, one.subject] for level in found.levels for one in level.findings],
        "weights": found.level("weights") is not None,
    }


def _failed(level: Any, *findings: Finding, runs: tuple[PlaceReport, ...] = (), table: str = "") -> Evidence:
    return Evidence((LevelReport(level, "failed", findings, table=table),), runs)


def _placed(status: Any, place: str = "node wasm", **more: Any) -> PlaceReport:
    runtime, _, backend = place.partition(" ")
    return PlaceReport(runtime, status, backend or None, **more)


_PLAIN = Finding("it is off", "s")
_REPORTS: Mapping[str, Evidence] = {
    "nothing": Evidence(),
    **{level: _failed(level, _PLAIN) for level in ("structure", "weights", "contract", "outputs")},
    "many": _failed("weights", *(Finding(f"number {n}") for n in range(14))),
    "with a table": _failed("weights", _PLAIN, table="name | off"),
    "with a remedy": _failed("structure", _PLAIN, _PLAIN.replaced(remedy="do not trust it")),
    "with a remedy for the weights": _failed("weights", _PLAIN.replaced(remedy="do not trust it")),
    "look at a file": _failed("structure", _PLAIN.replaced(look="/a/file"), _PLAIN),
    "look by an option": _failed("outputs", _PLAIN.replaced(look="--locate")),
    "does not run": _failed("outputs", _PLAIN, runs=(_placed("failed", why="load: no layer"),)),
    "runs and differs": _failed("outputs", _PLAIN, runs=(_placed("failed", why="off", outputs=()),)),
    **{
        f"takes too much ({kind})": _failed("outputs", _PLAIN, runs=(_placed("failed", why=f"{kind}: x"),))
        for kind in ("timeout", "memory", "crash")
    },
    "takes too much and does not load": _failed(
        "outputs", _PLAIN, runs=(_placed("failed", why="timeout: x"), _placed("failed", why="load: y"))
    ),
    "not everywhere": Evidence(
        (LevelReport("outputs", "passed"),),
        (
            _placed("passed", "python"),
            _placed("not run", why="no node", remedy="get it"),
            _placed("passed", "node cpu"),
        ),
    ),
    "in Python alone": Evidence((LevelReport("outputs", "passed"),), (_placed("passed", "python"),)),
    "no proof": Evidence((LevelReport("outputs", "no proof", why="alike"),)),
    "unproven": Evidence((LevelReport("outputs", "no proof", why="vague", facts={"unproven": ["a"]}),)),
    "dead alone": Evidence((LevelReport("outputs", "no proof", why="alike", facts={"unproven": []}),)),
}


class _Search(Record):
    remedy: str = ""


def _advice(report: Evidence) -> Any:
    searches = {"not searched": None, "found": _Search(), "not found": _Search("look elsewhere")}
    errors = {
        "error": verdicts.error_of(report, Verification(), who="model"),
        "with a hint": verdicts.error_of(report, Verification(), who="model", hint="a hint"),
        "node required": verdicts.error_of(report, Verification(require=("node",)), who="model"),
        "both required": verdicts.error_of(report, Verification(require=("python", "browser")), who="model"),
        "no proof": verdicts.no_proof(report, "model"),
    }
    formats: tuple[Any, ...] = ("tfjs_layers_model", "tfjs_graph_model", "keras")
    further = {
        f"{kind}, {'compared' if compared else 'alone'}, {name}": verdicts.further_advice(
            report, kind, compared=compared, search=search
        )
        for kind, compared, (name, search) in itertools.product(formats, (True, False), searches.items())
    }
    return {
        **{name: _told(error) for name, error in errors.items()},
        "advice": sorted({verdicts.advice(report), *(verdicts.advice(report, kind) for kind in formats)}),
        "further": {text: [name for name in further if further[name] == text] for text in further.values()},
        "with paths": verdicts.with_paths(verdicts.advice(report), ["a b", "--against", "c"]),
    }


def _told(error: WorkflowError | None) -> Any:
    if error is None:
        return None
    return [type(error).__name__, error.message, error.hint, error.details, error.exit_code]


def _faults(check: Callable[..., list[Finding]], document: Any) -> Any:
    weights = {name: _Weight(name, shape, dtype) for name, (shape, dtype) in document.get("weights", {}).items()}
    document = {key: value for key, value in document.items() if key != "weights"}
    found = check(document, Path("/m/model.json"), weights=weights)
    alone = check(document, Path("/m/model.json"), weights=None)
    return {"found": [[one.text, one.subject, one.remedy] for one in found], "without weights": len(alone)}


class _Weight(Record):
    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"


def _layer(name: str, kind: str, *above: Any, **config: Any) -> dict[str, Any]:
    nodes = [[[one, 0, 0, {}] if isinstance(one, str) else one for one in above]] if above else []
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}


def _model(*layers: dict[str, Any], inputs: Any = None, outs: Any = None, weights: Any = None) -> dict[str, Any]:
    ends = {"input_layers": [["x", 0, 0]] if inputs is None else inputs}
    ends["output_layers"] = [["d", 0, 0]] if outs is None else outs
    config = {"name": "net", "layers": list(layers), **ends}
    topology = {"model_config": {"class_name": "Functional", "config": config}}
    return {"modelTopology": topology, "weights": weights or {}}


_X = _layer("x", "InputLayer", batch_input_shape=[None, 4])
_DENSE = {"units": 3, "use_bias": True, "activation": "relu"}
_GOOD = {"d/kernel": ((4, 3), "float32"), "d/bias": ((3,), "float32")}
_LAYERS: Mapping[str, Any] = {
    "sound": _model(_X, _layer("d", "Dense", "x", **_DENSE), weights=_GOOD),
    "no model": {"modelTopology": {}},
    "no topology": {},
    "twice": _model(_X, _X, _layer("d", "Dense", "x", **_DENSE), weights=_GOOD),
    "three times": _model(_X, *(_layer("d", "Dense", "x", **_DENSE) for _ in range(3)), weights=_GOOD),
    "fed by nobody": _model(_X, _layer("d", "Dense", "gone", "x", "lost", **_DENSE), weights=_GOOD),
    "fed by an argument": _model(
        _X,
        _layer("d", "Dense", ["x", 0, 0, {"mask": ["hidden", 1, 0], "n": [1, 2, 3], "t": ["a", "b", "c"]}], **_DENSE),
    ),
    "ends that are no layers": _model(_X, _layer("d", "Dense", "x", **_DENSE), inputs=[["i", 0, 0]], outs=["o", 0, 0]),
    "ends by name": _model(
        _X, _layer("d", "Dense", "x", **_DENSE), inputs={"a": ["i", 0, 0]}, outs={"b": ["d", 0, 0], "c": [3]}
    ),
    "ends that are nothing": _model(_X, _layer("d", "Dense", "x", **_DENSE), inputs=3, outs=[]),
    "without a kernel": _model(_X, _layer("d", "Dense", "x", **_DENSE), weights={"d/bias": ((3,), "float32")}),
    "with its kernel elsewhere": _model(
        _X, _layer("d", "Dense", "x", **_DENSE), weights={"d/bias": ((3,), "f"), "net/d/kernel": ((4, 3), "f")}
    ),
    "without any weights": _model(_X, _layer("d", "Dense", "x", **_DENSE)),
    "a bias of another size": _model(
        _X, _layer("d", "Dense", "x", **_DENSE), weights=_GOOD | {"d/bias": ((4,), "float32")}
    ),
    "a kernel of other axes": _model(
        _X, _layer("d", "Dense", "x", **_DENSE), weights=_GOOD | {"d/kernel": ((4, 3, 1), "float32")}
    ),
    "a kernel of other units": _model(
        _X, _layer("d", "Dense", "x", **_DENSE), weights=_GOOD | {"d/kernel": ((4, 5), "float32")}
    ),
    "units that are none": _model(_X, _layer("d", "Dense", "x", units="three"), weights=_GOOD),
    "a model in it": _model(
        _X,
        {
            "class_name": "Functional",
            "name": "inner",
            "config": {
                "name": "inner",
                "layers": [_X, _layer("e", "Dense", "nowhere", **_DENSE)],
                "input_layers": [["x", 0, 0]],
                "output_layers": [["e", 0, 0]],
            },
            "inbound_nodes": [[["x", 0, 0, {}]]],
        },
        outs=[["inner", 0, 0]],
        weights={"e/kernel": ((4, 3), "float32")},
    ),
}


def _const(name: str, dtype: str = "DT_FLOAT", shape: tuple[int, ...] | None = (2,), **more: Any) -> dict[str, Any]:
    tensor: dict[str, Any] = {"dtype": dtype, **more}
    if shape is not None:
        tensor["tensorShape"] = {"dim": [{"size": str(size)} for size in shape]}
    return {"name": name, "op": "Const", "attr": {"dtype": {"type": dtype}, "value": {"tensor": tensor}}}


def _graph(*nodes: dict[str, Any], ins: Any = None, outs: Any = None, **weights: Any) -> dict[str, Any]:
    signature = {
        "inputs": {"x": {"name": "x:0", "dtype": "DT_FLOAT"}} if ins is None else ins,
        "outputs": {"y": {"name": "y:0", "dtype": "DT_FLOAT"}} if outs is None else outs,
    }
    start: dict[str, Any] = {"name": "x", "op": "Placeholder", "attr": {}}
    end = {"name": "y", "op": "Identity", "input": ["x"]}
    return {"signature": signature, "modelTopology": {"node": [start, *nodes, end]}, "weights": weights}


_GRAPHS: Mapping[str, Any] = {
    "sound": _graph(_const("w"), w=((2,), "float32")),
    "no graph": {"modelTopology": 3},
    "twice": _graph(_const("w"), _const("w"), w=((2,), "float32")),
    "reading nothing": _graph({"name": "n", "op": "Add", "input": ["x", "gone:1", "^lost"]}),
    "ports that are nowhere": _graph(ins={"a": {"name": "b:0"}}, outs={"c": {"name": "d"}}),
    "a constant without weight": _graph(_const("w")),
    "a constant of a function": _graph(_const("w"), **{"f/w": ((2,), "float32")}),
    **{
        f"{dtype} held as {held}": _graph(_const("w", dtype), w=((2,), held))
        for dtype, held in (
            *((kind, "float32") for kind in topology_faults.HELD_AS),
            *((kind, "int32") for kind in topology_faults.HELD_AS),
            *(("DT_BOOL", "bool"), ("DT_STRING", "string"), ("DT_COMPLEX64", "complex64"), ("DT_QINT8", "int32")),
        )
    },
    "another shape": _graph(_const("w", shape=(3, 1)), w=((3,), "float32")),
    "a shape that is not told": _graph(_const("w", shape=None), w=((3,), "float32")),
}
