"""How large an artifact is: file by file as a client fetches it, model.json first, and compressed by a server."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from workflow.base.errors import ModelFileError
from workflow.models.strict_json import read_object
from workflow.models.tfjs_model import weight_files
from workflow.models.weights_manifest import read_groups

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GZIP_LEVEL = 6
"""What web servers use when they compress static files."""

BROTLI_QUALITY = 5
"""What content delivery networks use on the fly; 11 gains a few per cent and takes fifty times as long."""

_CHUNK = 1 << 20
_GZIP_CONTAINER = 31


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


@dataclass(frozen=True)
class Sizes:
    """An artifact in bytes, raw and compressed, and the number of files that it is made of."""

    files: int
    raw: int
    gzip: int
    brotli: int


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Brotli:
    """Brotli behind the methods of zlib's compressor."""

    def __init__(self) -> None:
        import brotli  # noqa: PLC0415  for measuring alone

        self._compressor = brotli.Compressor(quality=BROTLI_QUALITY)

    def compress(self, data: bytes) -> bytes:
        return bytes(self._compressor.process(data))

    def flush(self) -> bytes:
        return bytes(self._compressor.finish())


def measure_sizes(artifact: Path) -> Sizes:
    """Measure an artifact; reads every file of it once, a megabyte at a time. Raises ``ModelFileError``."""
    files = artifact_files(artifact)
    measured = [_measure(file) for file in files]
    raw, gzip, brotli = (sum(column) for column in zip(*measured, strict=True))
    return Sizes(len(files), raw, gzip, brotli)


def _gzip() -> _Compressor:
    return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_CONTAINER)


def _measure(file: Path) -> tuple[int, int, int]:
    makers: tuple[Callable[[], _Compressor], ...] = (_gzip, _Brotli)
    compressors = [make() for make in makers]
    raw, packed = 0, [0, 0]
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            raw += len(chunk)
            for number, compressor in enumerate(compressors):
                packed[number] += len(compressor.compress(chunk))
    for number, compressor in enumerate(compressors):
        packed[number] += len(compressor.flush())
    return raw, packed[0], packed[1]
