"""The files of an artifact as a client fetches them: model.json first, then the weight files that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.base.errors import ModelFileError
from workflow.models.strict_json import read_object
from workflow.models.weight_files import weight_files
from workflow.models.weights_manifest import read_groups

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
    groups = read_groups(read_object(topology, "the model.json of a TensorFlow.js model"), topology)
    return (topology, *weight_files(groups, topology))


def payload(artifact: Path) -> Payload:
    """Return what a browser fetches to load the artifact, in bytes as they lie on disk."""
    first, *rest = (path.stat().st_size for path in artifact_files(artifact))
    return Payload(first, tuple(rest))
