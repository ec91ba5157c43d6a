"""How the worker refuses a file that leads out of itself or claims too much, and what the sound ones hold."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from tests.unit.models.hostile import CLAIMING, LEADING_OUT, as_archive, as_hdf5, hdf5
from workflow.worker import containment
from workflow.worker.containment import bounds, texts
from workflow.worker.failure import JobError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = "contained.json"


def all_refusals(folder: Path) -> dict[str, Any]:
    """Return for each file its kind of refusal and the words, or its bytes of weights; the folder is called FOLDER."""
    found: dict[str, Any] = {
        "hdf5": {name: _looked_at(folder, *as_hdf5(content, folder)) for name, content in _contents(folder)},
        "archives": {name: _looked_at(folder, *as_archive(content, folder)) for name, content in _contents(folder)},
        "web models": {str(manifest): _web(folder, manifest) for manifest in _MANIFESTS},
        "of no such file": {kind: containment.require_contained(str(folder / "none"), kind) for kind in _KINDS},
        "texts": {name: texts.bytes_named(image) for name, image in _images(folder)},
        "likely": {f"{claimed} of {held}": _likely(claimed, held) for claimed in _CLAIMED for held in (0, 10**7)},
        "counted": {str(shape): bounds.count(shape) for shape in _SHAPES},
    }
    told: dict[str, Any] = json.loads(json.dumps(found).replace(str(folder), "FOLDER"))
    return told


def _looked_at(folder: Path, path: Path, kind: str) -> Any:
    try:
        return containment.require_contained(str(path), kind)
    except JobError as problem:
        return [problem.kind, str(problem)]


def _contents(folder: Path) -> list[tuple[str, bytes]]:
    hostile = {name: fill for name, (fill, _) in {**LEADING_OUT, **CLAIMING}.items() if name not in _OF_ZLIB}
    every: dict[str, Callable[[h5py.Group, Path], Any]] = {**hostile, **_SOUND}
    return [*((name, hdf5(fill, folder)) for name, fill in every.items()), ("no file", b"text"), ("empty", b"")]


_OF_ZLIB = ("many names", "zeros packed")
"""In whose words stands how well they are compressed, which versions of zlib do not agree on."""
_SOUND: dict[str, Callable[[h5py.Group, Path], Any]] = {
    "nothing": lambda *_: None,
    "two arrays": lambda group, _: [group.create_dataset(name, data=np.ones(3, np.float32)) for name in "ab"],
    "two names": lambda group, _: group.create_dataset("a", data=np.ones(3)) and group.__setitem__("b", group["a"]),
    "a cycle": lambda group, _: group.__setitem__("self", group),
    "groups in groups": lambda group, _: group.create_dataset("x/y/z", data=np.ones((2, 2), np.int8)),
    "packed": lambda group, _: group.create_dataset("a", data=np.zeros(1 << 16), compression="gzip", shuffle=True),
    "light": lambda group, _: group.create_dataset("a", data=np.zeros(1 << 10), compression="lzf", fletcher32=True),
    "scaled": lambda group, _: group.create_dataset("a", data=np.zeros(64, np.int32), scaleoffset=0),
    "a named type": lambda group, _: group.__setitem__("t", np.dtype("f4")),
    "a reference": lambda group, _: group.attrs.__setitem__("r", group.ref),
    "texts": lambda group, _: group.attrs.create("t", ["x" * 5000, "y"], dtype=h5py.string_dtype()),
    "no shape": lambda group, _: group.create_dataset("a", data=h5py.Empty("f4")),
}


def _web(folder: Path, manifest: Any) -> Any:
    place = folder / "web"
    if not place.is_dir():
        (place / "in").mkdir(parents=True)
        for name in ("a.bin", "in/b.bin"):
            (place / name).write_bytes(b"12345")
        (folder / "web-beside.bin").touch()
        (place / "link").symlink_to(folder / "web-beside.bin")
        (place / "own").symlink_to(place / "a.bin")
        os.mkfifo(place / "pipe")
    (place / "model.json").write_text(json.dumps(manifest))
    return [
        _looked_at(folder, place, "tfjs_graph_model"),
        _looked_at(folder, place / "model.json", "tfjs_layers_model"),
    ]


def _group(*paths: Any) -> dict[str, Any]:
    return {"weightsManifest": [{"paths": list(paths)}]}


_MANIFESTS: list[Any] = [
    *({}, [], {"weightsManifest": 3}, {"weightsManifest": [3, {"paths": 3}, {}]}, _group("a.bin", "in/b.bin")),
    *(_group("a.bin", "a.bin"), _group("none.bin"), _group("own"), _group("link"), _group("in"), _group("pipe")),
    *(_group(3), _group(""), _group("../x"), _group("/x"), _group("C:x"), _group("https://x/y"), _group("a\0")),
    {"weightsManifest": [{"paths": ["a.bin"]}, {"paths": ["in/b.bin"]}]},
]
_KINDS = ("keras", "keras_keras", "tf_saved_model", "tf_hub", "tf_frozen_model", "tfjs_layers_model")


def _images(folder: Path) -> list[tuple[str, bytes]]:
    def listed(*given: str) -> bytes:
        content = io.BytesIO()
        with h5py.File(content, "w") as file:
            file.attrs.create("t", list(given), dtype=h5py.string_dtype())
        return content.getvalue()

    long, short = "x" * 5000, "x" * 4096
    sound = listed(long, "y")
    at = sound.index(b"GCOL")
    return [
        *(("one", sound), ("two", listed(long, long + "x")), ("short", listed(short, short)), ("none", b"")),
        *(("moved", bytes(512) + sound), ("cut", sound[: at + 20]), ("without an end", sound[: at + 16])),
        *(("an edge", listed("x" * 4097, "y")), ("many", listed(*[long] * 5))),
    ]


def _likely(claimed: int, held: int) -> Any:
    try:
        bounds.require_likely("it", claimed, held=held)
    except JobError as problem:
        return [problem.kind, str(problem)]
    return None


_CLAIMED = (0, 1 << 28, (1 << 28) + 1, 5 * 10**8, 5 * 10**8 + 1)
_SHAPES: list[tuple[int | None, ...]] = [(), (None, 2), (-1, 3), (0, 3), (2, 3, 4)]
