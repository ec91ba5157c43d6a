"""Models of TensorFlow.js whose weights are elsewhere or claim what is not there, and samples that are no arrays."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.real.safety.attacks import LAYER, Attack
from tests.real.safety.crafting import entry, functional, layer, layers_model, of_layer, relu
from tests.real.safety.keras_files import UNITS, dense, replaced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.crafting import Json
    from tests.real.safety.scene import Scene


def _shards(scene: Scene, paths: list[str], *, weights: list[Json] | None = None, **more: Any) -> Path:
    """Write a layers model with a kernel and bias that stand in ``paths``."""
    named = [
        {"name": f"{LAYER}/kernel", "shape": [3, UNITS], "dtype": "float32"},
        {"name": f"{LAYER}/bias", "shape": [UNITS], "dtype": "float32"},
    ]
    manifest = [{"paths": paths, "weights": weights or named}]
    folder = layers_model(scene, dense(), weightsManifest=manifest, **more)
    (folder / "w.bin").write_bytes(bytes(64))
    return folder


def _long_secret(scene: Scene) -> None:
    scene.secret.write_bytes(scene.secret.read_bytes()[:64].ljust(64, b"!"))


def _path(make: Callable[[Scene], str], scene: Scene) -> Path:
    _long_secret(scene)
    return _shards(scene, [make(scene)])


def _shard_is(aim: Callable[[Scene], str], scene: Scene) -> Path:
    _long_secret(scene)
    folder = _shards(scene, ["w.bin"])
    (folder / "w.bin").unlink()
    (folder / "w.bin").symlink_to(aim(scene))
    return folder


def _shard_is_pipe(scene: Scene) -> Path:
    folder = _shards(scene, ["w.bin"])
    (folder / "w.bin").unlink()
    os.mkfifo(folder / "w.bin")
    return folder


def _claims(shape: list[int], scene: Scene, **more: Any) -> Path:
    named = [{"name": f"{LAYER}/kernel", "shape": shape, "dtype": "float32", **more}]
    return _shards(scene, ["w.bin"], weights=named)


def _text_claims(scene: Scene) -> Path:
    """Claim in a string tensor that one text has four billion bytes."""
    folder = _claims([2], scene, dtype="string")
    (folder / "w.bin").write_bytes(struct.pack("<I", 0xFFFFFFF0) * 16)
    return folder


def _deep(scene: Scene) -> Path:
    return layers_model(scene, {}, text='{"format":"layers-model","modelTopology":' + '{"a":[' * 200_000)


def _long_number(scene: Scene) -> Path:
    text = json.dumps({"format": "layers-model", "modelTopology": {"model_config": dense()}, "weightsManifest": []})
    return layers_model(scene, {}, text=text.replace('"units": 4', '"units": ' + "9" * 100_000))


def _vast_units(scene: Scene) -> Path:
    model = dense()
    model["config"]["layers"][1]["config"]["units"] = 2_000_000_000
    return layers_model(scene, model)


def _vast_input(scene: Scene) -> Path:
    shaped = entry(shape=(None, 100_000, 200_000))
    return layers_model(scene, functional([shaped, layer("Flatten", {}, of_layer()), relu(LAYER)]))


def _model_is_link(scene: Scene) -> Path:
    folder = layers_model(scene, dense())
    return replaced(scene, folder / "model.json", str(scene.secret)).parent


def _samples(write: Callable[[Path, Scene], None], name: str, scene: Scene) -> Path:
    write(scene.here / name, scene)
    return layers_model(scene, functional([entry(), relu()]))


class _Runs:
    """Pickled, it makes the marker when it is read."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return open, (self._path, "w")


def _pickled(path: Path, scene: Scene) -> None:
    array = np.empty(4, dtype=object)
    array[:] = [_Runs(str(scene.marker))] * 4
    np.save(path, array, allow_pickle=True)


def _pickled_archive(path: Path, scene: Scene) -> None:
    _pickled(path.with_suffix(".npy"), scene)
    with zipfile.ZipFile(path, "w") as target:
        target.write(path.with_suffix(".npy"), "x.npy")


def _plain_pickle(path: Path, scene: Scene) -> None:
    path.write_bytes(pickle.dumps(_Runs(str(scene.marker))))


def _vast_array(path: Path, scene: Scene) -> None:
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**12}, 3), }}".ljust(117) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + bytes(64))


def _sample_link(path: Path, scene: Scene) -> None:
    path.mkdir()
    (path / "a.png").symlink_to(scene.secret)


def _vast_picture(path: Path, scene: Scene) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(10_000_000), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


_SHARD = ("w.bin", "path", "secret.txt", LAYER)
_ALL_LAYERS = ("verify", "shard_off", "to_h5", "graph", "quantize", "against")
_PATHS: dict[str, Callable[[Scene], str]] = {
    "climbs-out": lambda s: os.path.relpath(s.secret, s.here / "model"),
    "absolute": lambda s: str(s.secret),
    "file-url": lambda s: f"file://{s.secret}",
    "http-url": lambda s: f"http://127.0.0.1:{s.port}/w.bin",
    "percent-encoded": lambda s: os.path.relpath(s.secret, s.here / "model").replace("..", "%2e%2e"),
    "backslashes": lambda s: os.path.relpath(s.secret, s.here / "model").replace("/", "\\"),
    "with-nul": lambda s: f"w.bin\0{s.secret}",
}
_LINKS: dict[str, Callable[[Scene], str]] = {
    "link": lambda s: str(s.secret),
    "link-to-zeros": lambda _: "/dev/zero",
    "link-to-environ": lambda _: "/proc/self/environ",
    "link-to-terminal": lambda _: "/dev/stdin",
}
_SAMPLES: dict[str, tuple[str, Callable[[Path, Scene], None]]] = {
    "pickle": ("inputs.npy", _pickled),
    "plain-pickle": ("inputs.npy", _plain_pickle),
    "pickle-in-archive": ("inputs.npz", _pickled_archive),
    "vast-array": ("inputs.npy", _vast_array),
    "folder-with-link": ("inputs", _sample_link),
    "vast-picture": ("inputs.png", _vast_picture),
}
ATTACKS = [
    *(Attack(f"shard-{n}", "layers", partial(_path, m), names=_SHARD, commands=_ALL_LAYERS) for n, m in _PATHS.items()),
    *(Attack(f"shard-is-{n}", "layers", partial(_shard_is, a), names=_SHARD, commands=_ALL_LAYERS)
      for n, a in _LINKS.items()),
    Attack("shard-is-pipe", "layers", _shard_is_pipe, names=_SHARD, commands=_ALL_LAYERS),
    Attack("shape-vast", "layers", partial(_claims, [2**31, 2**31]), names=_SHARD, commands=_ALL_LAYERS),
    Attack("shape-negative", "layers", partial(_claims, [-4, -4]), names=_SHARD, commands=_ALL_LAYERS),
    Attack("shape-of-many", "layers", partial(_claims, [1] * 100_000), names=_SHARD, commands=_ALL_LAYERS),
    Attack("text-claims-much", "layers", _text_claims, names=_SHARD, commands=_ALL_LAYERS),
    Attack("model-json-deep", "layers", _deep, names=("model.json",), commands=_ALL_LAYERS),
    Attack("model-json-long-number", "layers", _long_number, names=("model.json", LAYER), commands=_ALL_LAYERS),
    Attack("model-json-is-link", "layers", _model_is_link, names=("model.json",), commands=_ALL_LAYERS),
    Attack("units-vast", "layers", _vast_units, names=("model.json", LAYER), commands=_ALL_LAYERS),
    Attack("input-vast", "layers", _vast_input, names=("model", LAYER), commands=("verify",), harmless=True),
    *(Attack(f"samples-{n}", "layers", partial(_samples, write, name), names=("inputs",), commands=(f"samples:{name}",))
      for n, (name, write) in _SAMPLES.items()),
]  # fmt: skip
