"""What the version of Keras that wrote a file means for its conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError

if TYPE_CHECKING:
    from pathlib import Path

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
