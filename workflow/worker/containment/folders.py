"""SavedModel folders before TensorFlow loads them: all of a model lies in its folder, its assets among assets."""

from __future__ import annotations

import os
from typing import Any, List

from ..shared import containment_rules as rules
from . import bounds

_ASSETS_KEY = "saved_model_assets"


def require_contained(folder: str) -> int:
    """Return the bytes of all files; raises ``JobError`` (leads_out) for links that lead out, and for what is no file.

    A folder that is itself come by through a link is none of the model's doing.
    """
    bounds.refuse(rules.folder_fault(folder))
    return sum(os.path.getsize(path) for path in rules.entries(os.path.realpath(folder)) if os.path.isfile(path))


def require_own_assets(part: Any) -> None:
    """Raise ``JobError`` (leads_out) where a MetaGraphDef names an asset that is not below ``assets``."""
    for asset in assets(part):
        if not rules.is_asset(asset.filename):
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
