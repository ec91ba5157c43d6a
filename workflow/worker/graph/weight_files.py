"""Constants of a graph as weight files: taken out of the graph one by one, quantized, written in shards."""

from __future__ import annotations

import fnmatch
import os
from types import TracebackType
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Type

import numpy as np

from ..failure import JobError
from . import number_types

_CAST = {"float16": np.float32, "float64": np.float32, "int64": np.int32, "complex128": np.complex64}
_STORED = frozenset(["float32", "int32", "bool", "complex64", "uint8", "uint16", "string"])
_INT32 = np.iinfo(np.int32)


def name_constants(graph: Any) -> None:
    """Prefix the constants inside functions with the function's name: TensorFlow.js finds weights by name alone."""
    for function in graph.library.function:
        prefix = function.signature.name
        names = {node.name for node in function.node_def if node.op == "Const"}
        for node in function.node_def:
            if node.name in names:
                node.name = f"{prefix}/{node.name}"
            node.input[:] = [_prefixed(name, names, prefix) for name in node.input]
        for output, tensor in function.ret.items():
            function.ret[output] = _prefixed(tensor, names, prefix)


def _prefixed(reference: str, names: Any, prefix: str) -> str:
    mark, bare = ("^", reference[1:]) if reference.startswith("^") else ("", reference)
    return f"{mark}{prefix}/{bare}" if bare.split(":")[0] in names else reference


def constants(*graphs: Any) -> List[Any]:
    """Return the Const nodes of the graphs, each followed by those of its functions."""
    found = []
    for graph in graphs:
        for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
            found += [node for node in nodes if node.op == "Const"]
    return found


def write(folder: str, nodes: List[Any], *, shard_bytes: int, quantize: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Write the nodes' values to ``folder``, clear them in the nodes, and return the weights manifest."""
    plan = _plan([node.name for node in nodes], quantize)
    tensors = [_Tensor(node, plan.get(node.name)) for node in nodes]
    total = sum(tensor.size for tensor in tensors)
    entries = []
    with _Shards(folder, total, shard_bytes) as shards:
        for tensor in tensors:
            entry, data = tensor.encoded()
            shards.write(data)
            entries.append(entry)
    return [{"paths": shards.names, "weights": entries}]


def _plan(names: List[str], quantize: Dict[str, Any]) -> Dict[str, Any]:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise JobError("weights", f"several constants have the same name: {', '.join(twice[:5])}")
    if not quantize:
        return {}
    from tensorflowjs import quantization

    for pattern in [pattern for patterns in quantize.values() if patterns is not True for pattern in patterns]:
        if not fnmatch.filter(names, pattern):
            raise JobError("patterns", f"no weight has a name like {pattern}; there are {', '.join(names[:5])}, ...")
    try:
        plan: Dict[str, Any] = quantization.map_layers_to_quantization_dtype(names, quantize)
    except ValueError as problem:
        raise JobError("quantization", str(problem)) from problem
    return plan


class _Tensor:
    """One constant: its size is known at once, its bytes are made when they are wanted, and forgotten."""

    def __init__(self, node: Any, quantized: Any) -> None:
        import tensorflow as tf

        self._node = node
        self.name: str = node.name
        kind = tf.as_dtype(node.attr["dtype"].type)
        self._dtype = _manifest_type(self.name, kind)
        self._quantized = quantized if self._dtype == "float32" else None
        self._shape = [dim.size for dim in node.attr["value"].tensor.tensor_shape.dim]
        self._text = _serialized(_values(node)) if self._dtype == "string" else None

    @property
    def size(self) -> int:
        """The number of bytes that the weight files will hold."""
        if self._text is not None:
            return len(self._text)
        kind = np.dtype(self._quantized or self._dtype)
        return int(np.prod(self._shape, dtype=np.int64)) * kind.itemsize

    def encoded(self) -> Tuple[Dict[str, Any], Any]:
        """Return the manifest entry and the bytes; the node holds no values afterwards."""
        entry: Dict[str, Any] = {"name": self.name, "shape": self._shape, "dtype": self._dtype}
        data: Any = self._text
        if data is None:
            values = _cast(_values(self._node), self._dtype)
            if self._quantized is not None and values.size:
                values, field = _quantize(self.name, values, self._quantized)
                entry["quantization"] = {"dtype": values.dtype.name, **field, "original_dtype": "float32"}
            data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        tensor = self._node.attr["value"].tensor
        tensor.CopyFrom(type(tensor)(dtype=tensor.dtype, tensor_shape=tensor.tensor_shape))
        return entry, data


def _manifest_type(name: str, kind: Any) -> str:
    found = np.dtype(_CAST.get(kind.name, kind.name)).name if kind.name != "string" else "string"
    if found not in _STORED:
        raise number_types.error(f"the constant {name} is of the type", found)
    return found


def _values(node: Any) -> Any:
    from tensorflow.python.framework import tensor_util

    return tensor_util.MakeNdarray(node.attr["value"].tensor)


def _cast(values: Any, dtype: str) -> Any:
    """Return the values in the stored type. Integers beyond 32 bits are limits, such as "to the end", and stay so."""
    if values.dtype == np.int64:
        values = np.clip(values, _INT32.min, _INT32.max)
    return values.astype(dtype, copy=False)


def _quantize(name: str, values: Any, dtype: Any) -> Tuple[Any, Dict[str, Any]]:
    from tensorflowjs import quantization

    if not np.isfinite(values).all():
        raise JobError("quantization", f"the weight {name} holds NaN or infinity, which quantization would spread")
    with np.errstate(over="ignore"):
        quantized, field = quantization.quantize_weights(values, dtype)
    if dtype == np.float16 and not np.isfinite(quantized).all():
        raise JobError("quantization", f"the weight {name} holds values that float16 cannot: it ends at 65504")
    return quantized, dict(field)


def _serialized(values: Any) -> bytes:
    pieces = []
    for item in values.reshape(-1).tolist():
        text = item if isinstance(item, bytes) else str(item).encode("utf-8")
        pieces += [len(text).to_bytes(4, "little"), text]
    return b"".join(pieces)


class _Shards:
    """The files that a stream of bytes is cut into."""

    def __init__(self, folder: str, total: int, shard_bytes: int) -> None:
        count = -(-total // shard_bytes)
        self.names = [f"group1-shard{number}of{count}.bin" for number in range(1, count + 1)]
        self._paths: Iterator[str] = (os.path.join(folder, name) for name in self.names)
        self._shard_bytes = shard_bytes
        self._room = 0
        self._file: Optional[Any] = None

    def __enter__(self) -> "_Shards":  # noqa: PYI034  Self is not in Python 3.8
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], problem: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, data: Any) -> None:
        """Append bytes, going on in the next file where one is full."""
        left = memoryview(data)
        while left:
            if not self._room:
                self.__exit__(None, None, None)
                self._file, self._room = open(next(self._paths), "xb"), self._shard_bytes  # noqa: SIM115
            part = left[: self._room]
            self._file.write(part)  # type: ignore[union-attr]
            self._room -= len(part)
            left = left[len(part) :]


def total_bytes(manifest: Iterable[Dict[str, Any]], folder: str) -> int:
    """Return how many bytes the weight files of a manifest have."""
    return sum(os.path.getsize(os.path.join(folder, path)) for group in manifest for path in group["paths"])
