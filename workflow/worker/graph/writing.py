"""Graph models on disk: weight files first, model.json last, both as the reference converter writes them."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from dataclasses import dataclass, field
from typing import Any, Dict, Optional

from . import stability, weight_files
from .freezing import Initializer
from .converter_options import Options
from .signatures import Signature

_MODEL, _ASSETS = "model.json", "assets.zip"


@dataclass(frozen=True)
class GraphFiles:
    """All that a graph model's folder holds. Writing it takes the constants out of its graphs."""

    graph: Any
    signature: Signature
    initializer: Optional[Initializer] = None
    generated_by: Optional[str] = None
    metadata: Dict[str, Any] = field(default_factory=dict)
    assets: Optional[str] = None


def write(folder: str, artifact: GraphFiles, *, options: Options) -> Dict[str, Any]:
    """Write the artifact into the folder, which is made; returns how many weights and bytes it has."""
    os.makedirs(folder, exist_ok=True)
    weight_files.name_constants(artifact.graph)
    graphs = [artifact.graph] + ([artifact.initializer.graph] if artifact.initializer else [])
    manifest = weight_files.write(
        folder, weight_files.constants(*graphs), shard_bytes=options.shard_bytes, quantize=options.quantize
    )
    if artifact.assets is not None:
        _zip(artifact.assets, os.path.join(folder, _ASSETS))
    with open(os.path.join(folder, _MODEL), "x", encoding="ascii") as file:
        json.dump(_model(artifact, manifest), file)
    return {"weights": len(manifest[0]["weights"]), "bytes": weight_files.total_bytes(manifest, folder)}


def _zip(source: str, target: str) -> None:
    """Write a folder's files into an archive that holds no times: the same files make the same archive."""
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
        for folder, folders, names in os.walk(source):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                entry = zipfile.ZipInfo(os.path.relpath(path, source).replace(os.sep, "/"))
                entry.compress_type = zipfile.ZIP_DEFLATED
                with open(path, "rb") as file, archive.open(entry, "w") as packed:
                    shutil.copyfileobj(file, packed)


def _model(artifact: GraphFiles, manifest: Any) -> Dict[str, Any]:
    import tensorflow as tf
    from google.protobuf.json_format import MessageToDict
    from tensorflowjs.converters import common

    model = {
        "format": "graph-model",
        "generatedBy": artifact.generated_by or tf.__version__,
        "convertedBy": common.get_converted_by(),
        "signature": artifact.signature.as_json(),
        "modelTopology": stability.in_order(MessageToDict(artifact.graph)),
    }
    metadata = dict(artifact.metadata)
    if artifact.signature.structured:
        metadata["structuredOutputKeys"] = [port.key for port in artifact.signature.outputs]
    if metadata:
        model["userDefinedMetadata"] = metadata
    if artifact.initializer is not None and artifact.initializer.graph.node:
        model["modelInitializer"] = stability.in_order(MessageToDict(artifact.initializer.graph))
        if artifact.initializer.signature is not None:
            model["initializerSignature"] = artifact.initializer.signature.as_json()
    return {**model, "weightsManifest": manifest}
