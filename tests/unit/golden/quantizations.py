"""What is quantized by patterns and by goals, what stays in float, and what a comparison of weights allows."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.unit.conversion.native.models import graph_node
from workflow.base.errors import ConversionError
from workflow.conversion.native.quantization_choice import by_name, by_operation, plan_for
from workflow.models.arrays import of_array
from workflow.models.graph import read_graph
from workflow.verification.differences import compare, table
from workflow.verification.named_weights import Named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from workflow.models.tensors import Tensor
    from workflow.verification.differences import Difference

    Array = NDArray[Any]

FILE = "quantizations.json"


def all_outcomes(_: Path) -> dict[str, Any]:
    """Return every plan, every word of an operation and every comparison."""
    plans = {json.dumps(options): _planned(options) for options in _OPTIONS}
    found: dict[str, Any] = _plain({"plans": plans, "words": _words(), "comparisons": dict(_comparisons())})
    return found


def _weights() -> list[Tensor]:
    dice = np.random.Generator(np.random.PCG64(3))
    outlier = dice.uniform(-0.01, 0.01, 400)
    outlier[0] = 100
    arrays = {
        "a/kernel": dice.uniform(-1, 1, 400),
        "a/bias": dice.uniform(-1, 1, 40),
        "b/kernel": outlier,
        "b/gamma": dice.uniform(0, 1, 50),
        "c/large": dice.uniform(-1, 1, 4000),
        "c/huge": dice.uniform(-1, 1, 100) * 1e9,
        "c/36": dice.uniform(-1, 1, 36),
        "c/37": dice.uniform(-1, 1, 37),
        "c/same": np.full(100, 0.25),
        "c/whole": np.arange(256.0),
        "c/zeros": np.zeros(100),
        "c/[odd]": dice.uniform(-1, 1, 300),
        "c/none": np.zeros((0, 2)),
    }
    floats = [_tensor(name, array.astype("f4"), "float32") for name, array in arrays.items()]
    return [*floats, _tensor("c/steps", np.arange(300, dtype="i4"), "int32")]


def _tensor(name: str, array: Array, dtype: str) -> Tensor:
    return of_array(name, array.shape, dtype=dtype, read=lambda: array)


_OPTIONS: list[dict[str, Any]] = [
    {},
    *({"quantize_auto": {"max_error": most}} for most in (0.3, 0.01, 0.003, 1e-3, 2e-4, 1e-5, 1e-9)),
    *(
        {"quantize_auto": {"max_bytes": most}}
        for most in (30000, 23200, 20000, 15000, 12000, 9000, 7500, 6800, 6000, 1)
    ),
    {"quantize_auto": {"max_error": 0.01}, "keep_float": []},
    {"quantize_auto": {"max_bytes": 9000}, "keep_float": ["biases"]},
    {"quantize_auto": {"max_error": 0.01}, "quantize_uint8": ["*"]},
    *({"quantize_auto": goal} for goal in ({"most": 1}, {"max_error": 1, "max_bytes": 1}, {"max_error": "x"})),
    *({"quantize_auto": {"max_error": value}} for value in (0, -1, "0.5", None, 1e999)),
    *({f"quantize_{dtype}": ["*"]} for dtype in ("uint8", "uint16", "float16")),
    *({"quantization_bytes": count} for count in (1, 2)),
    {"quantization_bytes": 1, "quantize_uint8": ["*"]},
    {"quantize_uint8": ["*"], "quantize_uint16": ["*"]},
    {"quantize_uint8": ["*"], "quantize_uint16": ["*kernel"], "quantize_float16": ["b/gamma"]},
    {"quantize_uint8": ["*kernel"], "quantize_uint16": ["a/*"]},
    {"quantize_uint8": ["a/*", "*kernel"]},
    {"quantize_uint8": ["*"], "keep_float": ["biases", "normalisation"]},
    {"quantize_uint8": ["*"], "keep_float": ["biases"]},
    {"quantize_uint8": ["a/bias"], "keep_float": ["biases"]},
    {"quantize_uint8": ["*"], "keep_float": ["bias"]},
    {"quantize_uint8": ["*"], "keep_float": ["kernels"]},
    *({"quantize_uint8": [glob]} for glob in ("kernel", "a/kernal", "zzz", "A/*", "c/[[]odd]", "c/[odd]", "c/3?", "")),
    *({"quantize_uint16": [glob]} for glob in ("c/none", "c/steps", "c/*", "?/kernel")),
]


def _planned(options: dict[str, Any]) -> Any:
    weights = _weights()
    words = by_name(tensor.name for tensor in weights)
    spared = {"c/37": "is spared"}
    try:
        plan = plan_for(lambda: weights, options, words=lambda: words, spared=spared)
    except ConversionError as refusal:
        return f"{refusal.message} | {refusal.hint}"
    return None if plan is None else {"dtypes": dict(plan.dtypes), **plan.facts()}


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it, with numbers to three digits, and those that JSON does not have as text."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.3g}") if math.isfinite(value) else str(value)
    return value


_OPS = (
    *("BiasAdd", "BiasAddV1", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "MatMul", "_FusedConv2D"),
    *("_FusedMatMul", "FusedDepthwiseConv2dNative", "_FusedDepthwiseConv2dNative", "Identity"),
)
_FUSIONS = ((), (b"BiasAdd",), (b"BiasAdd", b"Relu"), (b"FusedBatchNorm",), (b"Relu",), (b"XX",))


def _words() -> dict[str, Any]:
    """Return which of seven inputs has which word, for every operation, and for what passes a value on."""
    found = {}
    for op in _OPS:
        for fused in _FUSIONS:
            node = graph_node("node", op, *"abcdefg")
            texts = [base64.b64encode(one).decode() for one in fused]
            node["attr"] = {"fused_ops": {"list": {"s": texts}}} if fused else {}
            found[f"{op} {b' '.join(fused).decode()}".strip()] = _by_operation([node])
    for op in ("Identity", "ReadVariableOp", "Enter", "Relu"):
        for length in (1, 8, 9):
            chain = [graph_node(f"p{at}", op, f"p{at - 1}" if at else "w:0") for at in range(length)]
            found[f"{length} times {op}"] = _by_operation(
                [*chain, graph_node("node", "BiasAdd", "x", chain[-1]["name"])]
            )
    names = ["w", "a/bias", "recurrent_bias", "a/gamma", "beta", "moving_mean", "moving_variance", "mean", "b/variance"]
    return {**found, "names": by_name(names)}


def _by_operation(nodes: list[dict[str, Any]]) -> dict[str, str]:
    return by_operation(read_graph({"modelTopology": {"node": nodes}}, Path("model.json")))


def _sources() -> dict[str, Array]:
    dice = np.random.Generator(np.random.PCG64(4))
    even = dice.uniform(-1, 1, (5, 6)).astype("f4")
    outlier, sick, large = even.copy(), even.copy(), even * np.float32(1e5)
    outlier[0, 0], sick[1, 2], sick[3, 3] = 500, np.nan, np.inf
    arrays = {"even": even, "outlier": outlier, "sick": sick, "large": large, "same": np.full((5, 6), 0.5, "f4")}
    return {
        **arrays,
        "whole": np.arange(30, dtype="i4").reshape(5, 6),
        "truth": even > 0,
        "none": np.zeros((0, 6), "f4"),
    }


def _moved(array: Array, by: float) -> Array:
    changed: Array = array.copy()
    changed.reshape(-1)[7:9] += array.dtype.type(by)
    return changed


_CHANGES: dict[str, Callable[[Array], Array]] = {
    "nothing": lambda array: array,
    "a bit": lambda array: np.nextafter(array, 10, dtype=array.dtype) if array.dtype.kind == "f" else array + 1,
    "two values": lambda array: _moved(array, 0.01),
    "NaN": lambda array: _moved(array, np.nan) if array.dtype.kind == "f" else array,
    "another shape": lambda array: array.reshape(-1),
    "another dtype": lambda array: array.astype("f8"),
    "one value less": lambda array: array[:-1],
}


def _comparisons() -> Iterator[tuple[str, Any]]:
    wrong: list[Difference] = []
    for name, array in _sources().items():
        for change, act in _CHANGES.items():
            if array.dtype.kind == "b" and change in ("a bit", "two values"):
                continue
            if not array.size and change in ("two values", "NaN"):
                continue
            for kind, field, restored in _stored(array):
                shape = array.shape if change != "another shape" else (30,)
                ours = _named(name, shape, act(restored), field)
                found = compare(_named(name, array.shape, array), ours, may_quantize=True)
                wrong += [found] if found.problem and found.beyond else []
                yield f"{name} as {kind}, {change}", _difference(found)
    even = _sources()["even"]
    fields = [(kind, field, values) for kind, field, values in _stored(even) if field]
    for kind, field, values in fields:
        theirs, ours = _named("w", (5, 6), even), _named("w", (5, 6), values, field)
        yield f"{kind} that nobody asked for", _difference(compare(theirs, ours, may_quantize=False))
        yield f"{kind} restored", _difference(compare(ours, theirs, may_quantize=True))
        coarse = {**field, "scale": field.get("scale", 1) * 1.5}
        yield (
            f"{kind} of a coarser step",
            _difference(compare(theirs, _named("w", (5, 6), values, coarse), may_quantize=True)),
        )
    yield "table", table(sorted(wrong, key=lambda one: (-one.excess, one.name, one.problem))[:12]).splitlines()


def _named(name: str, shape: tuple[int, ...], values: Array, field: dict[str, Any] | None = None) -> Named:
    flat = values.reshape(-1)
    return Named(name, shape, values.dtype.name, lambda: flat, field)


def _stored(array: Array) -> Iterator[tuple[str, dict[str, Any] | None, Array]]:
    yield "itself", None, array
    if array.dtype.kind not in "fi" or not np.isfinite(array).all() or not array.size:
        return
    for dtype, most in (("uint8", 255), ("uint16", 65535)):
        low, scale = float(array.min()), max(float(np.ptp(array)) / most, 1e-6)
        codes = np.round((array.astype("f8") - low) / scale)
        yield dtype, {"dtype": dtype, "min": low, "scale": scale}, (codes * scale + low).astype(array.dtype)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            yield "float16", {"dtype": "float16"}, array.astype("f2").astype("f4")


def _difference(found: Difference) -> dict[str, Any]:
    names = ("worst", "bound", "problem", "remarks", "stored_as", "noise", "elements", "beyond", "bit_equal", "excess")
    told = {name: getattr(found, name) for name in names}
    return {name: value for name, value in told.items() if value not in (0.0, "", (), None, False)}
