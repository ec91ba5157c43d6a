"""Files of Keras that point out of themselves, claim more than they hold, or are no files."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from tests.real.safety.attacks import LAYER, Attack
from tests.real.safety.crafting import archive, entry, functional, hdf5, layer, layer3, model3, of_layer, relu, tensor3

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.real.safety.crafting import Json
    from tests.real.safety.scene import Scene

    Kernel = Callable[[h5py.Group, Scene], None]

UNITS = 4
_VAST = 1 << 20
_BIAS = f"{LAYER}/{LAYER}/bias:0"


def dense() -> Json:
    """Return a model with one layer of weights."""
    config = {"units": UNITS, "activation": "linear", "use_bias": True}
    return functional([entry(), layer("Dense", config, of_layer()), relu(LAYER)])


def dense3() -> Json:
    """Return the same model of Keras 3."""
    config = {"units": UNITS, "activation": "linear", "use_bias": True}
    return model3(layer3("Dense", config, [tensor3()]), last=LAYER)


def weighted(scene: Scene, kernel: Kernel | None = None, **more: Any) -> Path:
    """Write a Keras HDF5 file whose kernel is made by a function, and otherwise sound."""
    path = hdf5(scene, dense(), **more)
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        group.attrs["layer_names"] = [b"x", LAYER.encode(), b"y"]
        for name in ("x", "y"):
            group.create_group(name).attrs["weight_names"] = []
        own = group.create_group(LAYER)
        own.attrs["weight_names"] = [f"{LAYER}/kernel:0".encode(), f"{LAYER}/bias:0".encode()]
        inner = own.create_group(LAYER)
        inner["bias:0"] = np.zeros(UNITS, np.float32)
        if kernel is None:
            inner["kernel:0"] = np.ones((3, UNITS), np.float32)
        else:
            kernel(inner, scene)
    return path


def _stranger(scene: Scene) -> Path:
    """Return an HDF5 file outside, which a model may want to be a part of."""
    path = scene.outside / "other.h5"
    if not path.exists():
        with h5py.File(path, "w") as file:
            file["secret"] = np.full((3, UNITS), 7.0, np.float32)
    return path


def _external_link(group: h5py.Group, scene: Scene) -> None:
    group["kernel:0"] = h5py.ExternalLink(str(_stranger(scene)), "/secret")


def _climbing_link(group: h5py.Group, scene: Scene) -> None:
    group["kernel:0"] = h5py.ExternalLink(os.path.relpath(_stranger(scene), scene.here), "/secret")


def _soft_to_external(group: h5py.Group, scene: Scene) -> None:
    group["way"] = h5py.ExternalLink(str(_stranger(scene)), "/")
    group["kernel:0"] = h5py.SoftLink(f"{group.name}/way/secret")


def _external_raw(group: h5py.Group, scene: Scene) -> None:
    size = 3 * UNITS * 4
    group.create_dataset("kernel:0", (3, UNITS), np.float32, external=[(str(scene.secret), 0, size)])


def _virtual(group: h5py.Group, scene: Scene) -> None:
    layout = h5py.VirtualLayout((3, UNITS), np.float32)
    layout[:] = h5py.VirtualSource(str(_stranger(scene)), "secret", (3, UNITS))
    group.create_virtual_dataset("kernel:0", layout)


def _vast_claim(group: h5py.Group, scene: Scene) -> None:
    group.create_dataset("kernel:0", (_VAST, _VAST), np.float32, chunks=(1024, 1024))


def _vast_zeros(group: h5py.Group, scene: Scene) -> None:
    """Write 6 GB of zeros that take a few kilobytes."""
    group.create_dataset("kernel:0", (3 * 100_000, 5_000), np.float32, chunks=(3000, 5000), compression=9)
    group["kernel:0"].id.write_direct_chunk((0, 0), zlib.compress(bytes(3000 * 5000 * 4), 9))


def _cycle(group: h5py.Group, scene: Scene) -> None:
    group["kernel:0"] = group.parent
    group["again"] = group


def _links_weights(scene: Scene) -> Path:
    path = weighted(scene)
    with h5py.File(path, "r+") as file:
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink(str(_stranger(scene)), "/")
    return path


def _climbing_names(scene: Scene) -> Path:
    path = weighted(scene)
    with h5py.File(path, "r+") as file:
        up = "../" * 8 + str(scene.secret)
        file["model_weights"][LAYER].attrs["weight_names"] = [up.encode(), _BIAS.encode()]
    return path


def replaced(scene: Scene, made: Path, aim: str) -> Path:
    made.unlink()
    made.symlink_to(aim)
    return made


def _pipe(scene: Scene, name: str) -> Path:
    os.mkfifo(scene.here / name)
    return scene.here / name


def _with_weights(scene: Scene, content: bytes, *, version: str = "2.15.0", **more: Any) -> Path:
    """Write an archive with given bytes as its weights."""
    path = archive(scene, dense() if version.startswith("2") else dense3(), version=version)
    with zipfile.ZipFile(path) as source:
        kept = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", **more) as target:
        for name, old in kept.items():
            target.writestr(name, content if name == "model.weights.h5" else old)
    return path


def _archived(scene: Scene, kernel: Kernel, version: str = "2.15.0") -> Path:
    """Write an archive whose kernel is made by a function; both generations of Keras lay weights out alike."""
    weights = scene.here / "w.h5"
    with h5py.File(weights, "w") as file:
        for name in ("vars", "layers/input_layer/vars", "layers/activation/vars"):
            file.create_group(name)
        own = file.create_group("layers/dense/vars")
        kernel(own, scene)
        own.move("kernel:0", "0")
        own["1"] = np.zeros(UNITS, np.float32)
    content = weights.read_bytes()
    weights.unlink()
    return _with_weights(scene, content, version=version)


def _zip_bomb(scene: Scene) -> Path:
    return _with_weights(scene, bytes(700 << 20), compression=zipfile.ZIP_DEFLATED, compresslevel=1)


def _config_bomb(scene: Scene) -> Path:
    path = scene.here / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        target.writestr("metadata.json", '{"keras_version": "2.15.0"}')
        target.writestr("config.json", b'{"a": "' + b" " * (600 << 20) + b'"}')
        target.writestr("model.weights.h5", b"")
    return path


def _small_claim(scene: Scene) -> Path:
    """Say of a member of many megabytes that it has ten bytes."""
    path = _with_weights(scene, bytes(300 << 20), compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    raw = bytearray(path.read_bytes())
    size = struct.pack("<I", 300 << 20)
    at = raw.find(size)
    while at >= 0:
        raw[at : at + 4] = struct.pack("<I", 10)
        at = raw.find(size, at)
    path.write_bytes(raw)
    return path


def _large_claim(scene: Scene) -> Path:
    path = _with_weights(scene, b"x" * 77_777)
    raw = path.read_bytes().replace(struct.pack("<I", 77_777), struct.pack("<I", 0xFFFFFFF0))
    path.write_bytes(raw)
    return path


def _members_climb(scene: Scene, name: str) -> Path:
    return archive(scene, dense(), more=[(name.format(outside=str(scene.outside)), b"x")])


def _member_is_link(scene: Scene) -> Path:
    path = archive(scene, dense())
    with zipfile.ZipFile(path, "a") as target:
        link = zipfile.ZipInfo("assets/link")
        link.external_attr = 0o120777 << 16
        target.writestr(link, str(scene.outside))
        target.writestr("assets/link/marker", b"x")
    return path


_KERNELS: dict[str, Kernel] = {
    "external-link": _external_link,
    "climbing-link": _climbing_link,
    "soft-link-to-external": _soft_to_external,
    "external-raw-data": _external_raw,
    "virtual-dataset": _virtual,
    "vast-claim": _vast_claim,
    "vast-zeros": _vast_zeros,
    "cycle": _cycle,
}
_ABOUT = (LAYER, "kernel", "w.bin", "model.weights.h5", "model.h5", "model.keras")
ATTACKS = [
    *(Attack(f"h5-{n}", "h5", partial(weighted, kernel=k), names=_ABOUT) for n, k in _KERNELS.items()),
    *(Attack(f"archive-{n}", "keras", partial(_archived, kernel=k), names=_ABOUT) for n, k in _KERNELS.items()),
    *(Attack(f"keras3-archive-{n}", "keras3", partial(_archived, kernel=k, version="3.8.0"), names=_ABOUT)
      for n, k in _KERNELS.items()),
    Attack("h5-weights-are-elsewhere", "h5", _links_weights, names=("model_weights", *_ABOUT)),
    Attack("h5-names-climb", "h5", _climbing_names, names=_ABOUT),
    Attack("h5-is-zeros", "h5", lambda s: replaced(s, hdf5(s, dense()), "/dev/zero"), names=("model.h5",)),
    Attack("h5-is-pipe", "h5", partial(_pipe, name="model.h5"), names=("model.h5",)),
    Attack("archive-is-pipe", "keras", partial(_pipe, name="model.keras"), names=("model.keras",)),
    Attack("frozen-is-pipe", "frozen", partial(_pipe, name="model.pb"), names=("model.pb",)),
    Attack("frozen-is-zeros", "frozen", lambda s: replaced(s, archive(s, dense()).rename(s.here / "m.pb"), "/dev/zero"),
           names=("m.pb",)),
    Attack("archive-of-zeros", "keras", _zip_bomb, names=_ABOUT),
    Attack("archive-with-long-config", "keras", _config_bomb, names=("config.json", "model.keras")),
    Attack("archive-claims-little", "keras", _small_claim, names=_ABOUT),
    Attack("archive-claims-much", "keras", _large_claim, names=_ABOUT),
    Attack("archive-member-climbs", "keras", partial(_members_climb, name="../" * 12 + "{outside}/marker"),
           harmless=True, names=("..", *_ABOUT)),
    Attack("archive-member-absolute", "keras", partial(_members_climb, name="{outside}/marker"), harmless=True,
           names=("marker", *_ABOUT)),
    Attack("archive-member-is-link", "keras", _member_is_link, harmless=True, names=("link", *_ABOUT)),
]  # fmt: skip
