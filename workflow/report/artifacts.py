"""What the artifact of a step is: its format, whether its weights are quantized, and how its path is shown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Facts = dict[str, Any]

_QUANTIZING = ("--quantize_", "--quantization_bytes")
_DECLARED = {"layers-model": "tfjs_layers_model", "graph-model": "tfjs_graph_model"}
_BY_SUFFIX = {".h5": "keras", ".hdf5": "keras", ".keras": "keras_keras", ".pb": "tf_frozen_model"}
_BY_KIND: Mapping[str, str] = {
    "python_to_js": "tfjs_layers_model",
    "shard": "tfjs_layers_model",
    "quantize": "tfjs_layers_model",
    "graph": "tfjs_graph_model",
}


def format_of(step: Facts) -> str:
    """Return the format of a step's artifact: as recorded, as commanded, as it lies there, as its kind makes it."""
    if step.get("formats"):
        return str(step["formats"]["to"])
    for word in _words(command_of(step)):
        if word.startswith("--output_format="):
            return word.partition("=")[2]
    output = Path(str(step["output"]))
    return _lying_there(output) or _BY_SUFFIX.get(output.suffix, "") or _BY_KIND.get(str(step["kind"]), "")


def is_quantized(step: Facts) -> bool:
    """Tell whether the artifact stores weights in fewer bits than its source."""
    facts = step.get("facts") or {}
    commanded = any(option in command_of(step) for option in _QUANTIZING)
    return step["kind"] == "quantize" or commanded or bool(facts.get("quantization"))


def command_of(step: Facts) -> str:
    """Return the reference converter's command for a step; empty when it was not what ran."""
    return str((step.get("facts") or {}).get("command") or "")


def shown_path(output: str, recipe: str) -> str:
    """Return a path as the recipe has it, relative to the folder that its paths count from."""
    folder = Path(recipe).parent
    base = folder.parent if folder.name == "recipes" else folder
    path = Path(output)
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation mark without its other half: no command of ours
        return []


def is_there(path: Path) -> bool:
    """Whether something stands at a path, which may be one that no file system has."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _lying_there(output: Path) -> str:
    try:
        document = json.loads((output / "model.json").read_bytes())
        return _DECLARED.get(document.get("format"), "")
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return ""
