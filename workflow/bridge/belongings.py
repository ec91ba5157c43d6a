"""What belongs to a model, to a folder of samples, or to a Python file: the files that a job is given, no others."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

SHADOW = ".tfjs-workflow-shadow"
"""Stands in a folder for what is in the one that it stands for."""

IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")
"""Endings of the images that a folder of samples may hold."""

_MOST_FILES = 20_000
_MOST_BYTES_OF_JSON = 2 << 30
_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd")
_MOST_CODE = 4_000
_LARGEST_DATA = 16 << 20
_MOST_DATA = 64 << 20
_DEEPEST_CODE = 6
_NO_CODE = frozenset({"__pycache__", "node_modules", "site-packages"})

Files = list[tuple[str, Path]]
"""Names relative to the parent of what is carried, each with the file that it is."""


def of_model(path: Path, kind: str) -> Files:
    """Return the files of a model; raises ``ModelFileError`` for a folder from which a link leads away."""
    if not kind.startswith("tfjs_"):
        return of_tree(path)
    index = path / "model.json" if path.is_dir() else path
    if not index.is_file():
        return []
    inside = f"{path.name}/" if path.is_dir() else ""
    return [(f"{inside}{name}", index.parent / name) for name in (index.name, *_weights(index))]


def of_tree(path: Path) -> Files:
    """Return a file, or all files of a folder; raises ``ModelFileError`` as ``of_model`` does, and for far too many."""
    if path.is_file():
        return [(path.name, path)]
    root = path.resolve()
    found: Files = []
    for file in _walked(path):
        if not file.resolve().is_relative_to(root):
            raise ModelFileError(
                f"{file} is a link that leads out of {path}, to {file.resolve()}",
                hint=f"a model is what its folder holds: `cp -rL` makes a copy of {path} without links",
            )
        if file.is_file():
            found.append((f"{path.name}/{file.relative_to(path).as_posix()}", file))
        if len(found) > _MOST_FILES:
            raise ModelFileError(
                f"{path} holds more than {_MOST_FILES:,} files, which no model does",
                hint="give the folder of the model alone",
            )
    return found


def of_data(path: Path, most: int | None = None) -> Files:
    """Return a file, or the files that lie in a folder; links to images elsewhere are followed.

    With ``most`` it is a folder of images, of which so many are brought, by their names, as the job takes them. Raises
    ``ModelFileError`` for a link out of the folder to anything else: samples come with strangers' models.
    """
    if path.is_file():
        return [(path.name, path)]
    files = sorted(file for file in path.iterdir() if file.is_file())
    images = [file for file in files if file.name.lower().endswith(IMAGES)]
    taken = files if most is None or not images else images[:most]
    for file in taken:
        real = file.resolve()
        if file.is_symlink() and not (real.name.lower().endswith(IMAGES) or real.is_relative_to(path.resolve())):
            raise ModelFileError(
                f"{file} is a link that leads out of {path}, to {real}, which is no image",
                hint="put the file itself into the folder if it is to be read",
            )
    return [(f"{path.name}/{file.name}", file) for file in taken]


def of_code(folder: Path) -> Files:
    """Return the Python modules of a folder and of the packages below it, and the files that these name (tables, say).

    What no module names stays where it is, for the model sees what is brought. Of a large tree the rest is left away,
    and so are hidden files and large ones.
    """
    code: list[Path] = []
    other: list[Path] = []
    for file in _walked(folder, skip=_is_no_code, deepest=_DEEPEST_CODE):
        if not file.is_file() or file.name.startswith("."):
            continue
        if file.name.endswith(_CODE) and len(code) < _MOST_CODE:
            code.append(file)
        elif len(other) < _MOST_CODE:
            other.append(file)
    return [(file.relative_to(folder).as_posix(), file) for file in (*code, *_named_in(code, other))]


def _named_in(code: list[Path], files: list[Path]) -> Iterator[Path]:
    """Yield the files whose names stand in the text of a module, as far as they are not very large."""
    text = b"\n".join(_text(module) for module in code if module.suffix == ".py") if files else b""
    room = _MOST_DATA
    for file in files:
        named = re.search(rb"(?<![\w.-])" + re.escape(os.fsencode(file.name)) + rb"(?![\w-])", text)
        if named and os.access(file, os.R_OK):
            size = file.stat().st_size
            if size <= min(room, _LARGEST_DATA):
                room -= size
                yield file


def _text(module: Path) -> bytes:
    with contextlib.suppress(OSError):
        return module.read_bytes()
    return b""


def _walked(folder: Path, *, skip: Any = None, deepest: int = 64) -> Iterator[Path]:
    """Yield the files below a folder, each real folder once; a link to a file is a file, so is one that leads out."""
    waiting = [(folder, 0)]
    seen = set()
    while waiting:
        here, depth = waiting.pop()
        if depth > deepest or (real := os.path.realpath(here)) in seen:
            continue
        seen.add(real)
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_symlink() and not _stays_inside(entry.path, folder):
                    yield Path(entry.path)  # and nobody looks what is there
                elif entry.is_dir():
                    if skip is None or not skip(entry):
                        waiting.append((Path(entry.path), depth + 1))
                elif entry.is_file() or entry.is_symlink():
                    yield Path(entry.path)


def _stays_inside(link: str, folder: Path) -> bool:
    return Path(os.path.realpath(link)).is_relative_to(os.path.realpath(folder))


def _is_no_code(entry: os.DirEntry[str]) -> bool:
    is_environment = os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))  # noqa: PTH110, PTH118
    is_closed = not os.access(entry.path, os.R_OK | os.X_OK)
    return is_closed or entry.is_symlink() or entry.name.startswith(".") or entry.name in _NO_CODE or is_environment


def _weights(index: Path) -> list[str]:
    """Return the weight files that a model.json names and that are in its folder, by plain names."""
    try:
        if index.stat().st_size > _MOST_BYTES_OF_JSON:
            return []
        manifest = json.loads(index.read_bytes()).get("weightsManifest")
    except (ValueError, AttributeError, OSError, RecursionError):
        return []  # the job says what is wrong with it
    named = [name for group in _listed(manifest) for name in _listed(group.get("paths"), of=str)]
    return [name for name in dict.fromkeys(named) if _is_inside(index.parent, name)]


def _listed(value: Any, of: type = dict) -> list[Any]:
    return [item for item in value if isinstance(item, of)] if isinstance(value, list) else []


def _is_inside(folder: Path, name: str) -> bool:
    if "\0" in name or "\\" in name or not name or ".." in name.split("/") or Path(name).is_absolute():
        return False
    file = folder / name
    return file.is_file() and file.resolve().is_relative_to(folder.resolve())
