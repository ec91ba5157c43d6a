"""What Keras 2 writes into the files that we write in its place."""

from __future__ import annotations

import json
from typing import Any

from workflow.base.errors import ModelFileError

KERAS_VERSION = "2.15.0"
"""What the reference writes: the Keras whose forms these files have."""


def as_json(value: Any) -> str:
    """Return a value as JSON; raises ``ModelFileError`` for numbers that JSON does not have."""
    try:
        return json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"the topology holds what JSON does not have: {error}", hint="It is damaged.") from error
