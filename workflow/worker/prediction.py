"""The jobs ``source`` and ``predict``: run a model in Python, on inputs that are drawn, given, or exchanged."""

from __future__ import annotations

import os
import statistics
import time
from typing import Any, Dict, List, Sequence, Tuple

from . import cuts, exchange, loaders, samples, versions
from .failure import JobError, NotRunnableError, VastError
from .jobs import Progress
from .pairing import PairedPort, pair
from .runnable import Runnable
from .shared import drawing, error_words
from .shared.drawing import Named, Spec

_TIMED_SECONDS = 0.6


def source(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:  # noqa: ARG001  every job takes both
    """Run ``model`` on samples and write ``feed_0/inputs``, ``feed_0/outputs``... below ``folder``.

    ``batches`` are the sizes of the first feeds; the rest of the samples follows in chunks. Drawn inputs to which the
    model answers alike are drawn smaller and larger. Returns what the model takes and gives, the feeds and the label
    file's labels; ``{"not_run": why}`` where Python cannot run it.
    """
    begin = time.perf_counter()
    try:
        model = _loaded(args)
        loaded = time.perf_counter()
        arrays, (fed, answers, scale) = _answered(model, args)
    except (NotRunnableError, drawing.UndrawableError) as problem:
        return {"not_run": str(problem)}
    except (JobError, MemoryError):
        raise
    except Exception as problem:
        return {"not_run": error_words.of_exception(problem)}
    count = len(arrays[0]) if arrays else 0
    return {
        **_described(model, answers[-1] if answers else []),
        "feeds": [
            _written(model, feed, answers[number], folder=f"{args['folder']}/feed_{number}")
            for number, feed in enumerate(fed)
        ],
        "samples": count,
        "scale": scale,
        "half": model.half,
        "labels": samples.labels(args.get("labels"), count),
        "versions": versions.current(),
        "seconds": {"load": loaded - begin, "run": time.perf_counter() - loaded},
    }


def _answered(model: Runnable, args: Dict[str, Any]) -> Tuple[List[Any], drawing.Lively]:
    """Return samples and the model's answers to them; open sizes are chosen so that the model takes them."""
    scales = (1.0,) if args.get("inputs") else drawing.SCALES
    refusals: List[Exception] = []
    specs = model.inputs
    lengths = [None] if args.get("inputs") else list(drawing.lengths_of(specs))
    while lengths:
        arrays = samples.take(specs, args, length=lengths[0])
        try:
            return arrays, drawing.lively(specs, arrays, batches=args["batches"], run=model.run, scales=scales)
        except (JobError, NotRunnableError, MemoryError):
            raise
        except Exception as problem:
            refusals.append(problem)
            fitting = () if args.get("inputs") else drawing.within_tables(specs, str(problem))
            if fitting:
                specs = fitting
            else:
                lengths.pop(0)
    raise refusals[0]


def _written(model: Runnable, feed: drawing.Piece, outputs: Named, *, folder: str) -> Dict[str, Any]:
    piece, count = feed
    inputs = {spec.name: array for spec, array in zip(model.inputs, piece)}
    exchange.write(os.path.join(folder, "inputs"), inputs)
    exchange.write(os.path.join(folder, "outputs"), dict(outputs))
    return {"inputs": f"{folder}/inputs", "outputs": f"{folder}/outputs", "samples": count}


def predict(args: Dict[str, Any], progress: Progress) -> Dict[str, Any]:  # noqa: ARG001  as above
    """Run ``model`` on every exchange set of ``feeds`` ({inputs, outputs} folders; or one, given as ``args`` itself).

    Inputs belong to the model's by name, else by order and shape. Up to ``repeat`` runs of the last feed are timed.
    """
    begin = time.perf_counter()
    try:
        model = _loaded(args)
    except VastError as problem:  # it would be so in JavaScript too, where nothing bounds it
        raise JobError("too_much", str(problem)) from problem
    except NotRunnableError as problem:
        return {"not_run": str(problem)}
    timings = {"load_ms": (time.perf_counter() - begin) * 1000}
    feeds = args.get("feeds") or [{"inputs": args["inputs"], "outputs": args["outputs"]}]
    arrays: List[Any] = []
    outputs: Named = []
    try:
        for feed in feeds:
            arrays = _assigned(model.inputs, exchange.read(feed["inputs"]))
            start = time.perf_counter()
            outputs = model.run(arrays)
            timings.setdefault("first_ms", (time.perf_counter() - start) * 1000)
            exchange.write(feed["outputs"], dict(outputs))
        timings.update(_timed(model, arrays, int(args.get("repeat") or 0)))
    except (JobError, NotRunnableError, MemoryError):
        raise
    except Exception as problem:
        raise JobError("result_fails", error_words.of_exception(problem)) from problem
    return {
        **_described(model, outputs),
        "timings": timings,
        "versions": versions.current(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _loaded(args: Dict[str, Any]) -> Runnable:
    """Load ``model``, cut behind the layer ``cut``, or with the weights of the layers model ``weights``."""
    try:
        if args.get("weights") or args.get("cut"):
            return cuts.load(args["model"], layer=args.get("cut"), weights=args.get("weights"))
        return loaders.load(args["model"])
    except (JobError, NotRunnableError, MemoryError):
        raise
    except Exception as problem:
        raise NotRunnableError(error_words.of_exception(problem)) from problem


def _assigned(specs: Sequence[Spec], given: Dict[str, Any]) -> List[Any]:
    names = list(given)
    theirs = [PairedPort(spec.name, spec.shape) for spec in specs]
    pairs = pair("inputs", [PairedPort(name, given[name].shape) for name in names], result=theirs)
    arrays = [given[names[one.source]] for one in sorted(pairs, key=lambda one: one.result)]
    return [array.astype(spec.dtype, copy=False) for array, spec in zip(arrays, specs)]


def _described(model: Runnable, outputs: Named) -> Dict[str, Any]:
    batched = bool(model.inputs) and all(spec.batched for spec in model.inputs)
    shapes = [[None, *array.shape[1:]] if batched and array.ndim else list(array.shape) for _, array in outputs]
    return {
        "inputs": [{"name": one.name, "shape": list(one.shape), "dtype": one.dtype} for one in model.inputs],
        "outputs": [
            {"name": name, "shape": shape, "dtype": "string" if array.dtype.kind in "OSU" else array.dtype.name}
            for (name, array), shape in zip(outputs, shapes)
        ],
    }


def _timed(model: Runnable, arrays: Sequence[Any], repeat: int) -> Dict[str, Any]:
    taken: List[float] = []
    end = time.perf_counter() + _TIMED_SECONDS
    while len(taken) < repeat and (not taken or time.perf_counter() < end):
        start = time.perf_counter()
        model.run(list(arrays))
        taken.append((time.perf_counter() - start) * 1000)
    if not taken:
        return {}
    return {"median_ms": statistics.median(taken), "spread_ms": max(taken) - min(taken), "count": len(taken)}
