"""A TensorFlow.js model on disk as something to change: its document, and the bytes of each weight."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    Json = dict[str, Any]


@dataclass
class StoredWeight:
    """An entry of the manifest, and its numbers as they are stored."""

    entry: Json
    values: Any

    @property
    def name(self) -> str:
        return str(self.entry["name"])

    @property
    def is_float(self) -> bool:
        return bool(self.entry["dtype"] == "float32")

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.entry["shape"])


@dataclass
class StoredModel:
    """Read from a folder, changed, and written again in files of the same sizes as far as the bytes allow."""

    folder: Path
    document: Json = field(init=False)
    groups: list[list[StoredWeight]] = field(init=False)

    def __post_init__(self) -> None:
        self.document = json.loads((self.folder / "model.json").read_text())
        self.groups = []
        for group in self.document["weightsManifest"]:
            content = b"".join((self.folder / path).read_bytes() for path in group["paths"])
            listed, begin = [], 0
            for entry in group["weights"]:
                dtype = np.dtype(entry.get("quantization", {}).get("dtype", entry["dtype"]))
                size = int(np.prod(entry["shape"])) * dtype.itemsize
                listed.append(StoredWeight(entry, np.frombuffer(content[begin : begin + size], dtype).copy()))
                begin += size
            self.groups.append(listed)

    @property
    def weights(self) -> list[StoredWeight]:
        return [one for group in self.groups for one in group]

    @property
    def floats(self) -> list[StoredWeight]:
        """The weights that are numbers to compute with, of more than one element."""
        return [one for one in self.weights if one.is_float and one.values.size > 1]

    @property
    def config(self) -> Json:
        """The configuration of a layers model."""
        found: Json = self.document["modelTopology"]["model_config"]["config"]
        return found

    @property
    def nodes(self) -> list[Json]:
        """The nodes of a graph model."""
        found: list[Json] = self.document["modelTopology"]["node"]
        return found

    def write(self, *, indent: int | None = None) -> None:
        for group, listed in zip(self.document["weightsManifest"], self.groups, strict=True):
            group["weights"] = [one.entry for one in listed]
            content = b"".join(one.values.tobytes() for one in listed)
            begin = 0
            for number, path in enumerate(group["paths"]):
                file = self.folder / path
                last = number == len(group["paths"]) - 1
                end = len(content) if last or not file.exists() else begin + file.stat().st_size
                file.write_bytes(content[begin:end])
                begin = end
        (self.folder / "model.json").write_text(json.dumps(self.document, indent=indent))

    def recut(self, size: int) -> None:
        """Name new files, each of ``size`` bytes, and remove the old ones."""
        for path in [path for group in self.document["weightsManifest"] for path in group["paths"]]:
            (self.folder / path).unlink()
        for number, (group, listed) in enumerate(zip(self.document["weightsManifest"], self.groups, strict=True)):
            content = b"".join(one.values.tobytes() for one in listed)
            pieces = [content[begin : begin + size] for begin in range(0, len(content), size)]
            group["paths"] = [f"part{number}_{place}.bin" for place in range(len(pieces))]
            for path, piece in zip(group["paths"], pieces, strict=True):
                (self.folder / path).write_bytes(piece)
