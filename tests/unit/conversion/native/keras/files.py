"""Tiny Keras files made by hand: configurations and arrays, without any Keras."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from workflow.base.events import Recording
from workflow.conversion.job import Job
from workflow.conversion.native.keras.to_layers import archive_to_layers, keras_to_layers

if TYPE_CHECKING:
    from pathlib import Path

Config = dict[str, Any]
Arrays = dict[str, np.ndarray[Any, Any]]


def given(shape: list[int | None], name: str = "given", dtype: str = "float32") -> Config:
    config = {"batch_input_shape": shape, "dtype": dtype, "sparse": False, "ragged": False, "name": name}
    return {"class_name": "InputLayer", "config": config}


def layer(class_name: str, name: str, **options: Any) -> Config:
    return {"class_name": class_name, "config": {"name": name, "trainable": True, "dtype": "float32", **options}}


def dense(name: str = "dense", units: int = 2, **options: Any) -> Config:
    return layer("Dense", name, units=units, **{"activation": "linear", "use_bias": True, **options})


def row(*layers: Config, name: str = "model") -> Config:
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def graph(*layers: Config, inputs: list[str], outputs: list[str], name: str = "model") -> Config:
    ends = {"input_layers": [[each, 0, 0] for each in inputs], "output_layers": [[each, 0, 0] for each in outputs]}
    return {"class_name": "Functional", "config": {"name": name, "layers": list(layers), **ends}}


def called(entry: Config, *calls: list[str]) -> Config:
    """Return a layer of a graph, called on the first results of the layers named."""
    nodes = [[[name, 0, 0, {}] for name in call] for call in calls]
    return {**entry, "name": entry["config"]["name"], "inbound_nodes": nodes}


def numbers(*shape: int) -> np.ndarray[Any, Any]:
    return np.arange(1, 1 + int(np.prod(shape)), dtype=np.float32).reshape(shape) / 8


def whole_file(path: Path, config: Config, weights: dict[str, Arrays], version: str = "2.13.1") -> Path:
    """Write a Keras HDF5 file; ``weights`` maps layers to arrays by their full names, in order."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(config)
        root = file.create_group("model_weights")
        for name, arrays in weights.items():
            group = root.require_group(name)
            group.attrs["weight_names"] = [f"{each}:0".encode() for each in arrays]
            for each, array in arrays.items():
                group.create_dataset(f"{each}:0", data=array)
    return path


def archive(path: Path, config: Config, weights: Arrays, version: str = "3.15.1", **members: bytes) -> Path:
    """Write a .keras archive; ``weights`` maps paths in its weights file to arrays."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for place, array in weights.items():
            file.create_dataset(place, data=array)
    files = {
        "metadata.json": json.dumps({"keras_version": version}).encode(),
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": memory.getvalue(),
        **{name.replace("__", "."): raw for name, raw in members.items()},
    }
    with zipfile.ZipFile(path, "w") as zipped:
        for name, raw in files.items():
            zipped.writestr(name, raw)
    return path


def converted(source: Path, **options: Any) -> tuple[Config, Arrays, list[str]]:
    """Convert a file and return the model's configuration, its weights by name and what was changed."""
    target = source.parent / f"{source.name}.layers"
    is_archive = source.suffix == ".keras"
    convert = archive_to_layers if is_archive else keras_to_layers
    kind = "keras_keras" if is_archive else "keras"
    facts = convert(Job(source, kind, target, "tfjs_layers_model", options, Recording()))  # type: ignore[arg-type]
    document = json.loads((target / "model.json").read_text(encoding="ascii"))
    config: Config = document["modelTopology"]["model_config"]
    return config, stored(target), facts["changes"]


def stored(folder: Path) -> Arrays:
    """Return the unquantized weights of a layers model by name, in the manifest's order."""
    document = json.loads((folder / "model.json").read_text(encoding="ascii"))
    found: Arrays = {}
    for group in document["weightsManifest"]:
        raw = b"".join((folder / name).read_bytes() for name in group["paths"])
        at = 0
        for weight in group["weights"]:
            count = int(np.prod(weight["shape"]))
            found[weight["name"]] = np.frombuffer(raw, "<f4", count, at).reshape(weight["shape"])
            at += count * 4
    return found


def classes(config: Config) -> list[str]:
    return [entry["class_name"] for entry in config["config"]["layers"]]
