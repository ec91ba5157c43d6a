"""Small TensorFlow.js models for the tests, written and read by plain code that shares nothing with the product's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.base.events import Silent
from workflow.conversion.job import Job
from workflow.conversion.native import EDGES, Facts

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from workflow.base.events import Listener
    from workflow.catalogue.formats import Format

    Array = NDArray[Any]


@dataclass
class Stored:
    """One weight as it is to lie on disk: its manifest entry, and its bytes."""

    name: str
    array: Array | None
    entry: dict[str, Any] = field(default_factory=dict)
    raw: bytes | None = None

    def manifest(self) -> dict[str, Any]:
        array = self.array if self.array is not None else np.zeros(0)
        return {"name": self.name, "shape": list(array.shape), "dtype": array.dtype.name, **self.entry}

    def content(self) -> bytes:
        return self.raw if self.raw is not None else b"" if self.array is None else self.array.tobytes()


def quantized(name: str, codes: Array, *, low: float, scale: float, dtype: str = "float32") -> Stored:
    made = {"dtype": codes.dtype.name, "min": low, "scale": scale, "original_dtype": dtype}
    return Stored(name, codes, {"dtype": dtype, "quantization": made})


def texts(name: str, values: list[bytes]) -> Stored:
    raw = b"".join(len(value).to_bytes(4, "little") + value for value in values)
    return Stored(name, None, {"shape": [len(values)], "dtype": "string"}, raw)


def save(
    folder: Path, groups: list[list[Stored]], *, cut: int = 1 << 20, suffix: str = ".bin", **document: Any
) -> Path:
    """Write a model whose files hold at most ``cut`` bytes each; ``document`` goes into model.json first."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = []
    for number, group in enumerate(groups, 1):
        content = b"".join(weight.content() for weight in group)
        parts = [content[start : start + cut] for start in range(0, len(content), cut)]
        names = [f"group{number}-shard{i}of{len(parts)}{suffix}" for i in range(1, len(parts) + 1)]
        for name, part in zip(names, parts, strict=True):
            (folder / name).write_bytes(part)
        manifest.append({"paths": names, "weights": [weight.manifest() for weight in group]})
    fields = {"modelTopology": topology("dense"), "weightsManifest": manifest, **document}
    (folder / "model.json").write_text(json.dumps(fields), encoding="utf-8")
    return folder


def topology(*layers: str) -> dict[str, Any]:
    made = [{"class_name": "Dense", "config": {"name": name, "units": 1}} for name in layers]
    return {"class_name": "Sequential", "config": {"name": "model", "layers": made}}


def graph_node(name: str, op: str, *inputs: str) -> dict[str, Any]:
    return {"name": name, "op": op, "input": list(inputs)}


def rewrite(
    source: Path, target: Path, *, flavour: str = "layers", listener: Listener | None = None, **options: Any
) -> Facts:
    """Run the native edge from a format to itself."""
    kind: Format = "tfjs_graph_model" if flavour == "graph" else "tfjs_layers_model"
    job = Job(source, kind, target, kind, options=options, listener=listener or Silent())
    return EDGES[kind, kind](job)


def document(folder: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="ascii"))
    return parsed


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for group in document(folder)["weightsManifest"] for entry in group["weights"]}


def read(model: Path) -> dict[str, Array | list[bytes]]:
    """Return every weight's values as TensorFlow.js has them after loading, by plain arithmetic."""
    file = model if model.suffix == ".json" else model / "model.json"
    found: dict[str, Array | list[bytes]] = {}
    for group in json.loads(file.read_text(encoding="utf-8"))["weightsManifest"]:
        rest = b"".join((file.parent / path).read_bytes() for path in group["paths"])
        for entry in group["weights"]:
            found[entry["name"]], rest = _taken(entry, rest)
        assert rest == b""
    return found


def numbers(model: Path) -> dict[str, Array]:
    return {name: value for name, value in read(model).items() if not isinstance(value, list)}


def _taken(entry: dict[str, Any], rest: bytes) -> tuple[Array | list[bytes], bytes]:
    count = int(np.prod(entry["shape"], dtype=np.int64))
    if entry["dtype"] == "string":
        values = []
        for _ in range(count):
            size = int.from_bytes(rest[:4], "little")
            values.append(rest[4 : 4 + size])
            rest = rest[4 + size :]
        return values, rest
    how = entry.get("quantization")
    stored = np.dtype(how["dtype"] if how else entry["dtype"])
    array = np.frombuffer(rest, stored, count)
    rest = rest[count * stored.itemsize :]
    if how and stored.kind == "u":
        array = array.astype(np.float64) * how["scale"] + how["min"]
        array = np.round(array) if entry["dtype"] == "int32" else array
    return array.astype(entry["dtype"]).reshape(entry["shape"]), rest
