"""Keras files that lead out of themselves or claim what they do not hold: small, and made as they are needed."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workflow.catalogue.formats import Format

CONFIG = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": []}})
HUGE = (1 << 16, 1 << 14)


def hdf5(fill: Callable[[h5py.Group, Path], None], folder: Path, **how: Any) -> bytes:
    other = folder / "secret.h5"
    with h5py.File(other, "w") as file:
        file["kernel"] = np.ones(4, np.float32)
    content = io.BytesIO()
    with h5py.File(content, "w", **how) as file:
        file.attrs["model_config"], file.attrs["keras_version"] = CONFIG, "2.15.0"
        fill(file.create_group("model_weights/dense"), other)
    return content.getvalue()


def external(group: h5py.Group, other: Path) -> None:
    group["kernel"] = h5py.ExternalLink(str(other), "/kernel")


def soft(group: h5py.Group, _: Path) -> None:
    group["kernel"] = h5py.SoftLink("/model_weights")


def user_defined(group: h5py.Group, _: Path) -> None:
    group["kernel"] = h5py.SoftLink("/nowhere")  # the kind is changed in the bytes, by ``with_a_foreign_link``


def raw(group: h5py.Group, other: Path) -> None:
    group.create_dataset("kernel", (4,), "f4", external=[(str(other), 0, 16)])


def virtual(group: h5py.Group, other: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(other), "kernel", (4,))
    group.create_virtual_dataset("kernel", layout)


def foreign_filter(group: h5py.Group, _: Path) -> None:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((4,))
    plan.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1,))
    data = h5py.h5d.create(group.id, b"kernel", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple((4,)), plan)
    data.write_direct_chunk((0,), bytes(16))


def never_written(group: h5py.Group, _: Path) -> None:
    group.create_dataset("kernel", HUGE, "f4")


def chunks_never_written(group: h5py.Group, _: Path) -> None:
    group.create_dataset("kernel", HUGE, "f4", chunks=(64, 64), fillvalue=1.0)


def one_huge_chunk(group: h5py.Group, _: Path) -> None:
    group.create_dataset("kernel", (1 << 14, 1 << 14), "f4", chunks=(1 << 14, 1 << 14), fillvalue=1.0)


def many_names(group: h5py.Group, _: Path) -> None:
    data = group.create_dataset("kernel", data=np.ones(1 << 20, np.float32))
    for number in range(300):
        group[f"kernel_{number}"] = data


def zeros_packed(group: h5py.Group, _: Path) -> None:
    data = group.create_dataset("kernel", (80 << 20,), "f4", chunks=(1 << 20,), compression="gzip")
    packed = zlib.compress(bytes(4 << 20))
    for number in range(80):
        data.id.write_direct_chunk((number << 20,), packed)


LEADING_OUT = {
    "external": (external, "kernel is an external link"),
    "soft": (soft, "kernel is a soft link"),
    "raw": (raw, "kernel takes its values from another file"),
    "virtual": (virtual, "kernel takes its values from another file"),
    "filter": (foreign_filter, "packed by the filter 32001"),
}
CLAIMING = {
    "never written": (never_written, "kernel claims 4.3 GB, and the file holds 0 bytes"),
    "chunks never written": (chunks_never_written, "kernel claims 4.3 GB, and the file holds 0 bytes"),
    "one huge chunk": (one_huge_chunk, "kernel, one chunk of it claims 1.1 GB"),
    "many names": (many_names, "its arrays together"),
    "zeros packed": (zeros_packed, "kernel claims 335.5 MB"),
}


def as_hdf5(content: bytes, folder: Path) -> tuple[Path, Format]:
    path = folder / "m.h5"
    path.write_bytes(content)
    return path, "keras"


def as_archive(content: bytes, folder: Path) -> tuple[Path, Format]:
    path = folder / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("config.json", CONFIG)
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.15.0"}))
        archive.writestr("model.weights.h5", content)
    return path, "keras_keras"


def tagged(number: int, payload: bytes) -> bytes:
    """Return a field of a protobuf message that holds bytes."""
    length, size = b"", len(payload)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + payload


def saved_model(folder: Path, *, asset: str = "vocabulary.txt", collected: bool = False) -> Path:
    """Write a SavedModel without a node, whose one asset has this name in either of the two places for it."""
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "vocabulary.txt").write_text("a\n")
    named = tagged(2, asset.encode())
    packed = tagged(5, tagged(1, tagged(1, b"type.googleapis.com/tensorflow.AssetFileDef") + tagged(2, named)))
    part = tagged(4, tagged(1, b"saved_model_assets") + tagged(2, packed)) if collected else tagged(6, named)
    (folder / "saved_model.pb").write_bytes(b"\x08\x01" + tagged(2, part))
    return folder
