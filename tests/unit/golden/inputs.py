"""Files of fixed bytes that recipes may name: enough of a model to be known as one, nothing that a library writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_PLAIN: dict[str, bytes] = {
    "models/m.h5": _HDF5 + b"keras",
    "models/weights.h5": _HDF5 + b"weights",
    "models/m.keras": _ZIP + b"keras",
    "models/frozen.pb": b"frozen",
    "models/saved/saved_model.pb": b"saved",
    "models/saved/variables/variables.index": b"index",
    "models/keras_saved/saved_model.pb": b"keras saved",
    "models/keras_saved/keras_metadata.pb": b"metadata",
    "models/labels.json": b'["zero", "one"]',
    "own/layers.py": b"A = 1\n",
    "own/neighbour.py": b"B = 1\n",
    "own/more/losses.py": b"C = 1\n",
    "own/make.py": b"print('made')\n",
    "samples/x.npy": b"x",
    "samples/x.npz": b"x of an archive",
    "samples/y.npy": b"y",
    "samples/pictures/1.png": b"one",
    "samples/pictures/2.png": b"two",
}


def lay_out(base: Path) -> None:
    """Write every input that the golden recipes name below ``base``."""
    for name, content in _PLAIN.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _write_model(base / "models" / "web", "layers", {"format": "layers-model", "modelTopology": {"model_config": {}}})
    _write_model(base / "models" / "old_web", "old", {"modelTopology": {"model_config": {}}})
    _write_model(base / "models" / "graph", "graph", {"format": "graph-model", "modelTopology": {"node": []}})


def put_artifact(path: Path, made: Format, *, by: str) -> None:
    """Write what the step called ``by`` might have made, so that the steps behind it have an input."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if made in ("keras", "keras_keras", "tf_frozen_model"):
        path.write_bytes(f"{made} of {by}".encode())
    elif made in ("tfjs_layers_model", "tfjs_graph_model"):
        name = "layers-model" if made == "tfjs_layers_model" else "graph-model"
        _write_model(path, by, {"format": name, "modelTopology": {}})
    else:
        path.mkdir()
        (path / "saved_model.pb").write_bytes(f"{made} of {by}".encode())


def _write_model(folder: Path, text: str, head: dict[str, Any]) -> None:
    """Write a model of two weight files, and a third file in its folder that it does not name."""
    folder.mkdir(parents=True)
    content = text.encode().ljust(16)[:16]
    names = [f"group1-shard{number}of2.bin" for number in (1, 2)]
    for name, part in zip(names, (content[:8], content[8:]), strict=True):
        (folder / name).write_bytes(part)
    weights = [{"name": "dense/kernel", "shape": [4], "dtype": "float32"}]
    document = {**head, "weightsManifest": [{"paths": names, "weights": weights}]}
    (folder / "model.json").write_bytes(json.dumps(document).encode())
    (folder / "README").write_bytes(b"no part of the model")
