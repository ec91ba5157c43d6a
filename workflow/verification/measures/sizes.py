"""How large an artifact is: on disk, and as a web server sends it, compressed file by file."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from workflow.verification.measures.files import artifact_files

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
