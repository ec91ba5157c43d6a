"""The job ``compare``: run a conversion's source and result in Python on the same inputs and measure the difference."""

from __future__ import annotations

import hashlib
import os
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import loaders, numbers, specs, versions
from .failure import JobError, NotRunnableError
from .jobs import Progress
from .pairing import Pair, Port, pair
from .products import files_of
from .runnable import Named, given, opened, run_all
from .specs import Spec

_KEPT_RUNS = 4


@dataclass(frozen=True)
class _Run:
    inputs: Tuple[Spec, ...]
    arrays: List[Any]
    outputs: Named


_runs: "OrderedDict[str, _Run]" = OrderedDict()
"""Past runs of sources, by model files and inputs: several steps often have the same source."""


def compare(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:  # noqa: ARG001  every job takes both
    """Return the numbers for each output of ``source``, or ``{"not_run": why}`` where Python cannot tell."""
    begin = time.perf_counter()
    try:
        source = _run_source(args)
    except NotRunnableError as problem:
        return {"not_run": f"the source cannot be run: {problem}"}
    middle = time.perf_counter()
    try:
        result = _run_result(args, source)
    except NotRunnableError as problem:
        return {"not_run": f"the result cannot be run: {problem}"}
    outputs = _compared(source.outputs, result)
    return {
        "outputs": outputs,
        "inputs": [
            {"name": spec.name, "shape": list(array.shape), "dtype": spec.dtype}
            for spec, array in zip(source.inputs, source.arrays)
        ],
        "drawn": args.get("inputs") is None,
        "samples": len(source.arrays[0]),
        "accuracy": _accuracy(args.get("labels"), source.outputs, result),
        "versions": versions.current(),
        "seconds": {"source": middle - begin, "result": time.perf_counter() - middle},
    }


def _run_source(args: Dict[str, Any]) -> _Run:
    file, batch, seed = args.get("inputs"), args["batch"], args["seed"]
    key = _key(args["source"], [_state(file) if file else None, batch, seed])
    if key not in _runs:
        try:
            model = loaders.load(args["source"])
            arrays = given(model.inputs, file) if file else specs.draw(model.inputs, batch, seed=seed)
            _keep(key, _Run(model.inputs, arrays, run_all(model, arrays)))
        except (JobError, NotRunnableError, MemoryError):
            raise
        except Exception as problem:
            raise NotRunnableError(_words(problem)) from problem
    return _runs[key]


def _run_result(args: Dict[str, Any], source: _Run) -> Named:
    """Run the result on the source's inputs."""
    try:
        model = loaders.load(args["result"])
        theirs = [Port(spec.name, spec.shape) for spec in model.inputs]
        pairs = pair("inputs", [_port(spec) for spec in source.inputs], result=theirs)
        arrays = [source.arrays[one.source] for one in sorted(pairs, key=lambda one: one.result)]
        return run_all(model, arrays)
    except (JobError, NotRunnableError, MemoryError):
        raise
    except Exception as problem:
        raise JobError("result_fails", _words(problem)) from problem


def _port(spec: Spec) -> Port:
    return Port(spec.name, spec.shape)


def _compared(source: Named, result: Named) -> List[Dict[str, Any]]:
    pairs = pair("outputs", _shapes(source), result=_shapes(result))
    return [_output(source, result, one) for one in pairs]


def _shapes(outputs: Named) -> List[Port]:
    return [Port(name, array.shape) for name, array in outputs]


def _output(source: Named, result: Named, pair: Pair) -> Dict[str, Any]:
    (name, ours), (other, theirs) = source[pair.source], result[pair.result]
    told = {"name": name, "result_name": other, "paired_by": pair.by, "shape": list(ours.shape)}
    return {**told, **numbers.measure(ours, theirs)}


def _accuracy(labels: Optional[str], source: Named, result: Named) -> Optional[Dict[str, float]]:
    if labels is None:
        return None
    loaded = opened(labels)
    if not isinstance(loaded, np.ndarray):
        if "y" not in loaded.files:
            raise JobError("inputs", f"{labels} holds no array y")
        loaded = loaded["y"]
    if len(loaded) != len(source[0][1]):
        raise JobError("inputs", f"{labels} has {len(loaded)} labels for {len(source[0][1])} samples")
    return {"source": numbers.accuracy(source[0][1], loaded), "result": numbers.accuracy(result[0][1], loaded)}


def _keep(key: str, run: _Run) -> None:
    _runs[key] = run
    while len(_runs) > _KEPT_RUNS:
        _runs.popitem(last=False)


def _key(model: Dict[str, Any], asked: List[Any]) -> str:
    named = {name: value for name, value in model.items() if name != "path"}
    whole = model["path"]
    if model["format"].startswith("tfjs_") and os.path.isfile(whole):
        whole = os.path.dirname(whole)  # model.json alone does not tell whether its weights are the same
    text = repr([sorted(named.items(), key=str), _state(whole), asked])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _state(path: str) -> Any:
    """Return what tells whether a file, or a folder's files, are still the same, wherever they have been moved."""
    if not os.path.exists(path):
        return path
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    found = [(os.path.relpath(file, folder), os.stat(file)) for file in files_of(path)]
    return [(name, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found]


def _words(problem: Exception) -> str:
    lines = str(problem).strip().splitlines() or ["(no message)"]
    return f"{type(problem).__name__}: {lines[0][:300]}"
