"""Runs in the converter environment (Python 3.8): the reference's own weight code on arrays that the tests made.

``reference.py quantize ARRAYS.npz OUT`` quantizes each array to each dtype; ``reference.py write ARRAYS.npz OUT JOB``
writes them with ``write_weights``; ``reference.py read MODEL.json OUT`` reads a model's weights. The package's modules
are loaded without its ``__init__``, which imports TensorFlow for ten seconds and changes nothing here: of
TensorFlow they use ``gfile`` alone, for which ``open`` stands in.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import pathlib
import sys
import types
import typing

import numpy as np


def load() -> typing.Any:
    package = types.ModuleType("tensorflowjs")
    spec = importlib.util.find_spec("tensorflowjs")
    package.__path__ = list((spec and spec.submodule_search_locations) or [])
    tensorflow = types.ModuleType("tensorflow")
    vars(tensorflow)["io"] = types.SimpleNamespace(gfile=types.SimpleNamespace(GFile=open))
    sys.modules.update({"tensorflowjs": package, "tensorflow": tensorflow})
    names = ("quantization", "read_weights", "write_weights")
    return [importlib.import_module("tensorflowjs." + name) for name in names]


def quantize(arrays: str, out: str) -> None:
    quantization, _, _ = load()
    fields, codes = {}, {}
    with np.load(arrays) as given:
        for name in given:
            for dtype in (np.uint8, np.uint16, np.float16):
                key = name + "." + np.dtype(dtype).name
                codes[key], fields[key] = quantization.quantize_weights(given[name], dtype)
    np.savez(out, **codes)
    pathlib.Path(out + ".json").write_text(json.dumps(fields), encoding="utf-8")


def write(arrays: str, out: str, job: str) -> None:
    _, _, write_weights = load()
    wish = json.loads(job)
    with np.load(arrays) as given:
        groups = [[{"name": name, "data": given[name]} for name in group] for group in wish["groups"]]
    manifest = write_weights.write_weights(
        groups, out, shard_size_bytes=wish["shard"], write_manifest=False, quantization_dtype_map=wish["quantize"]
    )
    (pathlib.Path(out) / "manifest.json").write_text(json.dumps(manifest), encoding="ascii")


def read(model: str, out: str) -> None:
    _, read_weights, _ = load()
    path = pathlib.Path(model)
    manifest = json.loads(path.read_text(encoding="utf-8"))["weightsManifest"]
    weights = read_weights.read_weights(manifest, str(path.parent), flatten=True)
    np.savez(out, **{str(number): weight["data"] for number, weight in enumerate(weights)})


if __name__ == "__main__":
    jobs: dict[str, typing.Callable[..., None]] = {"quantize": quantize, "write": write, "read": read}
    jobs[sys.argv[1]](*sys.argv[2:])
