"""The metadata that a user adds to a model: JSON files, merged into ``userDefinedMetadata`` of model.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ConversionError, ModelFileError
from workflow.base.wording import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from workflow.models.tfjs_model import Flavour

_KEY = "userDefinedMetadata"
_BEFORE = {"layers": "modelTopology", "graph": "weightsManifest"}
"""Where the reference puts the key when it is new."""


def with_metadata(document: Mapping[str, Any], files: Any, *, flavour: Flavour) -> dict[str, Any]:
    """Return a copy of model.json's content with the content of each file under its name.

    Names that are there already are replaced, all others stay. Raises ``ConversionError`` for unreadable files.
    """
    if not files:
        return dict(document)
    former = document.get(_KEY)
    if former is not None and not isinstance(former, dict):
        raise ModelFileError(
            f"model.json: {_KEY} is {kind_of(former)}, not an object, so nothing can be added to it",
            hint="Correct it in the source model, or leave the metadata option out.",
        )
    merged = {**(former or {}), **{name: _content(Path(path)) for name, path in files.items()}}
    if _KEY in document:
        return {**document, _KEY: merged}
    return _inserted(document, merged, before=_BEFORE[flavour])


def _inserted(document: Mapping[str, Any], value: dict[str, Any], *, before: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, old in document.items():
        if key == before:
            result[_KEY] = value
        result[key] = old
    result.setdefault(_KEY, value)
    return result


def _content(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except OSError as error:
        raise ConversionError(
            f"the metadata file {path} cannot be read: {error.strerror}", hint="Check the path."
        ) from error
    except RecursionError as error:
        raise ConversionError(f"the metadata file {path} is nested too deeply", hint="Flatten it.") from error
    except ValueError as error:
        raise ConversionError(
            f"the metadata file {path} is not JSON in UTF-8: {error}",
            hint="The whole file has to be one JSON value.",
        ) from error


def _refuse(literal: str) -> NoReturn:
    raise ValueError(f"it holds {literal}, which is no JSON")
