"""SavedModel folders before TensorFlow loads them: all of a model lies in its folder, its assets among assets."""

from __future__ import annotations

import os
import stat
from typing import Any, Iterator

from . import bounds

_ASSETS_KEY = "saved_model_assets"


def require_contained(folder: str) -> int:
    """Return the bytes of all files; raises ``JobError`` (leads_out) for links that lead out, and for what is no file.

    A folder that is itself come by through a link is none of the model's doing.
    """
    root, total = os.path.realpath(folder), 0
    for path in _entries(root):
        if os.path.islink(path) and not os.path.realpath(path).startswith(root + os.sep):
            raise bounds.leads_out(f"{os.path.relpath(path, root)} is a link that leads out of the model's folder")
        mode = os.stat(path).st_mode if os.path.exists(path) else os.lstat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise bounds.leads_out(f"{os.path.relpath(path, root)} is neither a file nor a folder")
        total += os.path.getsize(path) if stat.S_ISREG(mode) else 0
    return total


def _entries(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        yield from (os.path.join(folder, name) for name in (*folders, *files))


def require_own_assets(part: Any) -> None:
    """Raise ``JobError`` (leads_out) where a MetaGraphDef names an asset that is not below ``assets``."""
    for name in _asset_names(part):
        if not name or name.startswith("/") or any(mark in name for mark in ("\\", "\0", ":")) or _climbs(name):
            raise bounds.leads_out(f"its asset {name!r} is not one of the files in its folder assets")


def _climbs(name: str) -> bool:
    return ".." in name.split("/")


def _asset_names(part: Any) -> Iterator[str]:
    yield from (asset.filename for asset in part.asset_file_def)
    if _ASSETS_KEY in part.collection_def:
        from tensorflow.core.protobuf import meta_graph_pb2

        for packed in part.collection_def[_ASSETS_KEY].any_list.value:
            asset = meta_graph_pb2.AssetFileDef()
            packed.Unpack(asset)
            yield asset.filename
