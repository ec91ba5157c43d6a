"""The JSON of model files: parsed only while it is of the size and the depth that models have."""

from __future__ import annotations

import json
from typing import Any

from workflow.base.errors import ModelFileError
from workflow.models.strict_json import require_shallow

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
