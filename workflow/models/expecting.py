"""Whether a file or a folder of the right sort is where a model should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.base.wording import shown, some
from workflow.models.contents import recognise

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.models.contents import Content

_FOLDERS = (
    (
        "saved_model.pb",
        "a SavedModel folder",
        "Its format is `tf_saved_model`, or `keras_saved_model` for layers.",
    ),
    (
        "model.json",
        "a TensorFlow.js model folder",
        "Its format is `tfjs_layers_model` or `tfjs_graph_model`.",
    ),
    ("variables.index", "the variables folder of a SavedModel", "Give the folder above it."),
)


def require_file(path: Path, wanted: str) -> None:
    """Raise ``ModelFileError`` unless there is a regular file; ``wanted`` reads like "a Keras HDF5 file"."""
    _require_anything(path, wanted)
    if path.is_dir():
        what, hint = folder_kind(path)
        raise ModelFileError(f"{path} is {what}, and {wanted} is needed", hint=hint)
    if not path.is_file():
        raise ModelFileError(f"{path} is not a regular file, and {wanted} is needed", hint="Give the model's file.")


def require_folder(path: Path, wanted: str) -> None:
    """Raise ``ModelFileError`` unless there is a folder; ``wanted`` reads like "a SavedModel folder"."""
    _require_anything(path, wanted)
    if not path.is_dir():
        content = recognise(path) if path.is_file() else None
        reason = f" ({content.phrase})" if content and content.name != "unknown" else ""
        hint = "Give the folder that holds saved_model.pb." if path.name == "saved_model.pb" else ""
        hint = hint or (content.hint if content else "")
        raise ModelFileError(f"{path} is a file{reason}, and {wanted} is needed", hint=hint)


def require_content(path: Path, wanted: str, *, names: tuple[str, ...]) -> Content:
    """Return the content of a file if it is one of those named, else raise ``ModelFileError``."""
    content = recognise(path)
    if content.name not in names:
        raise ModelFileError(f"{path} is not {wanted}: {content.phrase}", hint=content.hint)
    return content


def folder_kind(path: Path) -> tuple[str, str]:
    """Return what sort of folder this is, as a phrase, and a hint on how to use it."""
    for member, what, hint in _FOLDERS:
        if (path / member).exists():
            return what, hint
    return "a folder", "Give the model's file inside it."


def _require_anything(path: Path, wanted: str) -> None:
    try:
        found = path.exists()
        link = path.is_symlink()
    except (
        OSError,
        ValueError,
    ) as error:  # a NUL, a lone surrogate, a name too long, a folder that is closed to us
        raise ModelFileError(f"{shown(str(path))} cannot be read: {error}", hint="Check the path.") from error
    if found:
        return
    if link:
        raise ModelFileError(f"{path} is a link to {path.readlink()}, which does not exist", hint="Restore its target.")
    raise ModelFileError(f"{path} does not exist, and {wanted} is needed", hint=_nearby(path))


def _nearby(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder} either: check the path."
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    import difflib  # noqa: PLC0415  only where there is no such file

    close = difflib.get_close_matches(path.name, names, n=1)
    if close:
        return f"Did you mean {folder / close[0]}?"
    return f"The folder holds {some(names)}." if names else f"The folder {folder} is empty."
