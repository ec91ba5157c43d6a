"""The texts in Keras files: their JSON, of sane size and depth, and what the version that wrote them means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.models.strict_json import require_shallow

if TYPE_CHECKING:
    from pathlib import Path

_AGAIN = "Get the file again: the copy or the save was interrupted, or the bytes were changed on the way."
_DISTRUST = "Keras writes no such file: do not trust it."
_LARGEST_TEXT = 64 << 20


def parsed(raw: str, where: str) -> Any:
    """Return a JSON value of sane depth and size; raises ``ModelFileError``."""
    if len(raw) > _LARGEST_TEXT:
        raise ModelFileError(f"{where} is too large for a model", hint=_DISTRUST)
    try:
        value = json.loads(raw)
    except RecursionError as error:
        raise ModelFileError(f"{where} is nested too deeply for a model", hint=_DISTRUST) from error
    except ValueError as error:
        raise ModelFileError(f"{where} is not JSON ({error})", hint=_AGAIN) from error
    require_shallow(value, where, hint=_DISTRUST)
    return value


KERAS_VERSION = "2.15.0"
"""What the reference writes: the Keras whose forms these files have."""


def as_json(value: Any) -> str:
    """Return a value as JSON; raises ``ModelFileError`` for numbers that JSON does not have."""
    try:
        return json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"the topology holds what JSON does not have: {error}", hint="It is damaged.") from error


_KERAS1_HINT = (
    "Load it with Keras 2.0 to 2.2 (`keras.models.load_model`), save it again with `model.save`, and convert that."
)
_KERAS3 = (
    "Keras {version} wrote this file: with `engine: reference`, its layers model does not load in TensorFlow.js, "
    "and there is no graph model"
)


def version_warnings(version: str | None, path: Path) -> tuple[str, ...]:
    """Return what the user should know about a file of this Keras version; refuses what Keras 1 wrote."""
    major = (version or "").partition(".")[0]
    if version is None:
        raise ModelFileError(
            f"{path} does not say which Keras wrote it (no keras_version), as with Keras before 1.2",
            hint=_KERAS1_HINT,
        )
    if major in ("0", "1"):
        raise ModelFileError(
            f"{path} was saved by Keras {version}: layers and kernels were stored in another way then, "
            "and a conversion would give wrong numbers",
            hint=_KERAS1_HINT,
        )
    return () if major == "2" else (_KERAS3.format(version=version),)
