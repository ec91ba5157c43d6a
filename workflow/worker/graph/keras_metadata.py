"""What Keras notes beside a SavedModel: the order of inputs and outputs, which a signature loses, and layer names."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, Tuple

from ..keras3 import notes

_FILE = "keras_metadata.pb"
_ROOT = 0


@dataclass(frozen=True)
class Notes:
    """Names in the model's own order, empty where unknown; ``layers`` are the names of all layers.

    ``structured`` says that the model is known to answer with a dictionary.
    """

    inputs: Tuple[str, ...] = ()
    outputs: Tuple[str, ...] = ()
    layers: FrozenSet[str] = frozenset()
    structured: bool = False


def read(folder: str) -> Notes:
    """Return the notes of a SavedModel's folder, Keras's or ours; empty ones where there are none that can be read."""
    ours = notes.read(folder)
    if ours:
        ports = (tuple(ours["inputs"]), tuple(ours["outputs"]))
        return Notes(*ports, frozenset(ours["layers"]), structured=bool(ours["structured"]))
    from google.protobuf.message import DecodeError
    from tensorflow.python.keras.protobuf import saved_metadata_pb2

    metadata = saved_metadata_pb2.SavedMetadata()
    try:
        with open(os.path.join(folder, _FILE), "rb") as file:
            metadata.ParseFromString(file.read())
        described = {node.node_id: json.loads(node.metadata) for node in metadata.nodes if node.metadata}
    except (OSError, DecodeError, ValueError):
        return Notes()  # only names depend on it
    config = _config(described.get(_ROOT))
    layers = frozenset(str(found["name"]) for found in described.values() if isinstance(found.get("name"), str))
    return Notes(_names(config.get("input_layers")), _names(config.get("output_layers")), layers)


def _config(root: Any) -> Dict[str, Any]:
    config = root.get("config") if isinstance(root, dict) else None
    return config if isinstance(config, dict) else {}


def _names(ports: Any) -> Tuple[str, ...]:
    """Return the layers that a functional model's config names as its ports; () for a structure of another kind."""
    if not isinstance(ports, list) or not all(isinstance(port, list) and port for port in ports):
        return ()
    return tuple(str(port[0]) for port in ports)
