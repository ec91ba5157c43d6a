"""SavedModel folders before TensorFlow loads them: all of a model lies in its folder, its assets among assets."""

from __future__ import annotations

import os
import stat
from typing import Any, Iterator, List

from . import bounds
from .manifests import is_below

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
    for asset in assets(part):
        if not asset.filename or not is_below(asset.filename):
            raise bounds.leads_out(f"its asset {asset.filename!r} is not one of the files in its folder assets")


def assets(part: Any) -> List[Any]:
    """Return what a MetaGraphDef says of its assets, where TensorFlow looks for it: in the first place that has any."""
    if part.asset_file_def or _ASSETS_KEY not in part.collection_def:
        return list(part.asset_file_def)
    from tensorflow.core.protobuf import meta_graph_pb2

    found = []
    for packed in part.collection_def[_ASSETS_KEY].any_list.value:
        asset = meta_graph_pb2.AssetFileDef()
        packed.Unpack(asset)
        found.append(asset)
    return found
