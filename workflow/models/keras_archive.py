"""keras_keras: a .keras archive, a zip of config.json, metadata.json and model.weights.h5."""

from __future__ import annotations

import json
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.wording import kind_of, some
from workflow.models.expecting import require_content, require_file
from workflow.models.keras_versions import version_warnings
from workflow.models.summary import ModelSummary, summarise
from workflow.models.topology import layer_facts, layers_of
from workflow.worker.shared import containment_rules as rules

if TYPE_CHECKING:
    from pathlib import Path

_WANTED = "a .keras archive"
_MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
_AGAIN = "Get the file again, or save the model again with `model.save('model.keras')`."
_NAME_HINT = "Rename it: Keras and the reference converter tell archives by their name."


def inspect(path: Path) -> ModelSummary:
    """Check a Keras archive."""
    require_file(path, _WANTED)
    require_content(path, _WANTED, names=("zip",))
    if path.suffix != ".keras":
        raise ModelFileError(f"{path} is a zip archive whose name does not end in .keras", hint=_NAME_HINT)
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = _require_members(archive, path)
            metadata = _json(archive, "metadata.json", path=path)
            config = _json(archive, "config.json", path=path)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise ModelFileError(f"{path} is cut short or damaged: {error}", hint=_AGAIN) from error
    version = metadata.get("keras_version")
    warnings = version_warnings(version if isinstance(version, str) else None, path)
    details = {
        "keras_version": version,
        "weights_file_bytes": sizes["model.weights.h5"],
        **layer_facts(layers_of(config, str(path))),
    }
    return summarise("keras_keras", (path,), details=details, warnings=warnings)


def _require_members(archive: zipfile.ZipFile, path: Path) -> dict[str, int]:
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    missing = [name for name in _MEMBERS if name not in sizes]
    if missing:
        raise ModelFileError(f"{path} is no Keras archive: it has no {some(missing)}", hint=_AGAIN)
    return sizes


def _json(archive: zipfile.ZipFile, name: str, *, path: Path) -> dict[str, Any]:
    if archive.getinfo(name).file_size > rules.LARGEST_JSON:
        raise ModelFileError(f"{path}: its {name} is too large for a model", hint=_AGAIN)
    try:
        value = json.loads(archive.read(name))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: its {name} is not JSON ({error})", hint=_AGAIN) from error
    if not isinstance(value, dict):
        raise ModelFileError(f"{path}: its {name} is {kind_of(value)}, not an object", hint=_AGAIN)
    return value
