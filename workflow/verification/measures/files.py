"""The files of an artifact as a client fetches them: model.json first, then the weight files that it names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import ModelFileError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Payload:
    """Sizes in bytes of what is fetched: ``first`` (model.json) alone, and then ``rest`` side by side."""

    first: int
    rest: tuple[int, ...]

    @property
    def requests(self) -> int:
        """How many requests it takes."""
        return 1 + len(self.rest)

    @property
    def bytes(self) -> int:
        """How many bytes are fetched in all."""
        return self.first + sum(self.rest)

    def cut(self, shard_bytes: int | None) -> Payload:
        """Return the same weights in files of ``shard_bytes``, the last one smaller; None: in one file."""
        total = sum(self.rest)
        size = shard_bytes or max(total, 1)
        full, left = divmod(total, size)
        return Payload(self.first, (size,) * full + ((left,) if left else ()))


def is_tfjs(artifact: Path) -> bool:
    """Tell whether the artifact is a folder that a browser loads: it has a model.json."""
    return (artifact / "model.json").is_file()


def artifact_files(artifact: Path) -> tuple[Path, ...]:
    """Return the files of an artifact, model.json first where there is one; raises ``ModelFileError``.

    Weight files that lead out of the folder are refused; so are files that are not there.
    """
    if artifact.is_file():
        return (artifact,)
    if not is_tfjs(artifact):
        files = tuple(sorted(path for path in artifact.rglob("*") if path.is_file()))
        if not files:
            raise ModelFileError(f"{artifact} is not there, or holds no files", hint="run the recipe first")
        return files
    topology = artifact / "model.json"
    return (topology, *(_inside(artifact, name) for name in _weight_names(topology)))


def payload(artifact: Path) -> Payload:
    """Return what a browser fetches to load the artifact, in bytes as they lie on disk."""
    first, *rest = (path.stat().st_size for path in artifact_files(artifact))
    return Payload(first, tuple(rest))


def _weight_names(topology: Path) -> list[str]:
    try:
        groups = json.loads(topology.read_bytes())["weightsManifest"]
        return list(dict.fromkeys(str(name) for group in groups for name in group["paths"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{topology} names no weight files", hint="convert the model again") from error


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ModelFileError(f"{folder / 'model.json'} names the weight file {name}, outside of its own folder")
    if not path.is_file():
        raise ModelFileError(f"{folder / 'model.json'} names the weight file {name}, which is not there")
    return path
