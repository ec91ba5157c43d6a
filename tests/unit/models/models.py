"""Tiny models of every format, made of bytes alone."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

DENSE: dict[str, Any] = {"class_name": "Dense", "config": {"name": "dense", "units": 2, "activation": "linear"}}
SEQUENTIAL: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "net", "layers": [DENSE]}}


def weight(name: str = "dense/kernel", shape: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": [3, 2] if shape is None else shape, "dtype": "float32", **more}


def layers_document(**changes: Any) -> dict[str, Any]:
    return {
        "format": "layers-model",
        "generatedBy": "keras v2.13.1",
        "modelTopology": {"keras_version": "2.13.1", "backend": "tensorflow", "model_config": SEQUENTIAL},
        "weightsManifest": [{"paths": ["a.bin"], "weights": [weight()]}],
        **changes,
    }


def graph_document(**changes: Any) -> dict[str, Any]:
    nodes = [{"name": "x", "op": "Placeholder"}, {"name": "w", "op": "Const"}]
    return {
        "format": "graph-model",
        "signature": {"inputs": {"x": {}}, "outputs": {"y": {}}},
        "modelTopology": {"node": nodes, "versions": {}},
        "weightsManifest": [{"paths": ["a.bin"], "weights": [weight("w")]}],
        **changes,
    }


def write_model(folder: Path, document: object, **shards: int) -> Path:
    """Write model.json, and ``a=24`` as a.bin of 24 bytes; ``a.bin`` is right for the documents above."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in (shards or {"a": 24}).items():
        (folder / f"{name}.bin").write_bytes(bytes(size))
    path = folder / "model.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def write_h5(path: Path, *, version: str | None = "2.13.1", config: str | None = None) -> Path:
    import h5py  # noqa: PLC0415  only tests of HDF5 pay for it

    with h5py.File(path, "w") as file:
        if version:
            file.attrs["keras_version"] = version
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(SEQUENTIAL) if config is None else config
        layer = file.create_group("model_weights/dense")
        layer.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        layer.create_dataset("dense/kernel:0", data=[[1.0, 2.0]] * 3, dtype="float32")
        layer.create_dataset("dense/bias:0", data=[0.0, 0.0], dtype="float32")
        file.create_group("model_weights/dropout").attrs["weight_names"] = []
    return path


def write_archive(path: Path, *, version: str = "2.13.1", **changes: str | None) -> Path:
    """Write a .keras archive; ``changes`` replace members by their first word, None leaves one out."""
    members = {
        "config": ("config.json", json.dumps(SEQUENTIAL)),
        "metadata": ("metadata.json", json.dumps({"keras_version": version})),
        "model": ("model.weights.h5", "weights"),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for key, (name, text) in members.items():
            chosen = changes.get(key, text)
            if chosen is not None:
                archive.writestr(name, chosen)
    return path


def field(number: int, payload: bytes) -> bytes:
    """Return a length-delimited protobuf field of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(payload)]) + payload


def graph_def(*ops: str) -> bytes:
    nodes = (field(1, field(1, f"n{number}".encode()) + field(2, op.encode())) for number, op in enumerate(ops))
    return b"".join(nodes) + field(4, b"\x08\x15")


def write_saved_model(folder: Path, *, extra: bytes = b"") -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(
        b"\x08\x01" + field(2, field(2, b"graph")) + (field(2, extra) if extra else b"")
    )
    (folder / "variables" / "variables.index").write_bytes(b"index")
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b"data")
    return folder
