"""The weights of graphs against those of the layers that they were made of: every way of being right or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.verification.test_folding import named, stored
from workflow.verification.folding import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Arrays = dict[str, Array]

FILE = "folded_weights.json"
_EPSILONS = (1e-3, 2e-2)
_KINDS = ("float32", "uint8", "float16")
_PARTS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (16, ()),
    (15, ("gamma", "beta")),
    (24, ("bias", "gamma", "beta")),
)


def all_comparisons(_: Path) -> dict[str, Any]:
    """Return for each source and each change of its graph what a comparison tells, stored in each dtype."""
    found: dict[str, Any] = {}
    for about, source, graph in _sources():
        for change, changed in _changed(graph):
            said = {kind: _told(source, changed, kind) for kind in _KINDS}
            found[f"{about}: {change}"] = {kind: told for kind, told in said.items() if told}
    return found


def _told(source: Arrays, graph: Arrays, kind: str) -> dict[str, Any]:
    weights = named(graph) if kind == "float32" else stored(graph, kind)
    result = compare(named(source), weights, declared=[{"epsilon": one} for one in _EPSILONS])
    counts = {key: getattr(result, key) for key in ("equal", "folded", "quantized") if getattr(result, key)}
    findings = [[one.text, one.subject, _rounded(one.figure), _rounded(one.bound)] for one in result.findings]
    told = {"others": list(result.others), "findings": findings}
    return {**counts, **{key: value for key, value in told.items() if value}}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")


def _sources() -> Iterator[tuple[str, Arrays, Arrays]]:
    rng = np.random.default_rng(9)

    def drawn(*shape: int, low: float = -1.0) -> Array:
        return rng.uniform(low, 1.0, shape).astype(np.float32)

    for channels, parts in _PARTS:
        source: Arrays = {"conv/kernel": drawn(2, 2, 3, channels), "other/kernel": drawn(2, 2, 3, channels)}
        source |= {"norm/moving_mean": drawn(channels), "norm/moving_variance": drawn(channels, low=0.2)}
        source |= {"conv/bias": drawn(channels)} if "bias" in parts else {}
        source |= {f"norm/{part}": drawn(channels, low=0.3) for part in parts if part != "bias"}
        yield f"{channels} channels, {' and '.join(parts) or 'no more'}", source, _graph(source, channels)
    for rows in (1, 3, 4, 33):
        source = {"one/kernel": drawn(rows, 6), "two/kernel": drawn(rows, 6), "one/bias": drawn(6)}
        yield f"{rows} rows", source, {f"net/{name}": array.copy() for name, array in source.items()}
    depth = {"depth/depthwise_kernel": drawn(3, 3, 5, 2), "norm/moving_mean": drawn(10)}
    depth |= {"norm/moving_variance": drawn(10, low=0.2), "norm/gamma": drawn(10, low=0.3)}
    ratio = depth["norm/gamma"] / np.sqrt(depth["norm/moving_variance"] + np.float32(_EPSILONS[1]))
    kernel = (depth["depth/depthwise_kernel"].reshape(-1, 10) * ratio).reshape(3, 3, 5, 2)
    yield "a depthwise kernel", depth, {"net/depth/weights": kernel, "net/small": drawn(3), "net/four": drawn(2, 2)}


def _graph(source: Arrays, channels: int) -> Arrays:
    epsilon = np.float32(_EPSILONS[channels % 2])
    ratio = source.get("norm/gamma", np.float32(1)) / np.sqrt(source["norm/moving_variance"] + epsilon)
    nothing = np.zeros(channels, np.float32)
    offset = source.get("norm/beta", nothing) + (source.get("conv/bias", nothing) - source["norm/moving_mean"]) * ratio
    return {
        "net/conv/weights": source["conv/kernel"] * ratio,
        "net/conv/offset": offset.astype(np.float32),
        "net/norm/ratio": ratio.astype(np.float32),
        "net/other/MatMul": source["other/kernel"].copy(),
        "net/shape": np.array([1, 2, 3, 4, 5], np.int32),
    }


def _one(array: Array, by: float) -> Array:
    changed: Array = array.copy()
    changed.reshape(-1)[array.size // 2] += by
    return changed


_CHANGES: dict[str, Callable[[Array], Array]] = {
    "nothing": lambda array: array,
    "one value": lambda array: _one(array, 0.01),
    "one value by rounding": lambda array: _one(array, 1e-7),
    "all by a thousandth": lambda array: array * np.float32(1.001),
    "all by a twentieth": lambda array: array * np.float32(1.04),
    "all by a half": lambda array: array * np.float32(1.5),
    "all shifted a little": lambda array: array + np.float32(0.002),
    "all shifted": lambda array: array + np.float32(0.3),
    "turned round": lambda array: np.ascontiguousarray(array[..., ::-1]),
    "nothing but zeros": np.zeros_like,
}


def _changed(graph: Arrays) -> Iterator[tuple[str, Arrays]]:
    """Yield the graph with each change of all its floats, and with the values of two kernels exchanged."""
    for name, change in _CHANGES.items():
        floats = {key: np.asarray(change(array), np.float32) for key, array in graph.items() if array.dtype.kind == "f"}
        yield name, {**graph, **floats}
    kernels = [name for name, array in graph.items() if array.ndim > 1]
    first, last = kernels[0], kernels[-1]
    if graph[first].shape == graph[last].shape:
        yield "two exchanged", {**graph, first: graph[last], last: graph[first]}
