"""Small TensorFlow.js models on disk, of bytes that nobody runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_LAYERS = {"model_config": {"class_name": "Sequential", "config": {"name": "m", "layers": []}}}


def write_model(folder: Path, *shards: bytes, graph: bool = False, names: tuple[str, ...] = ()) -> Path:
    """Write a model.json that names the shards, and the shards."""
    folder.mkdir(parents=True, exist_ok=True)
    files = names or tuple(f"group1-shard{number}of{len(shards)}.bin" for number in range(1, len(shards) + 1))
    for name, content in zip(files, shards, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    weight = {"name": "w", "shape": [sum(map(len, shards))], "dtype": "uint8"}
    document: dict[str, Any] = {
        "format": "graph-model" if graph else "layers-model",
        "modelTopology": {"node": [{"name": "x", "op": "Placeholder"}]} if graph else _LAYERS,
        "weightsManifest": [{"paths": list(files), "weights": [weight]}],
    }
    (folder / "model.json").write_text(json.dumps(document))
    return folder
