"""The .keras archive: a zip of config.json, metadata.json and model.weights.h5, of Keras 2.12 to 3.x."""

from __future__ import annotations

import contextlib
import io
import struct
import tempfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from workflow.base.errors import ModelFileError
from workflow.base.storage import storing
from workflow.base.wording import kind_of, shown, some
from workflow.models.file_contents import require_content, require_file
from workflow.models.inspection import ModelSummary, require_sound_archive, summarise
from workflow.models.keras import hdf5_groups
from workflow.models.keras.archive_layout import layer_weights
from workflow.models.keras.dialect import as_keras2
from workflow.models.keras.tree import KerasFile, is_in_halves, output_keys, parsed, version_warnings
from workflow.models.topology import layer_facts, layers_of
from workflow.worker.shared import containment_rules as rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath
    from typing import BinaryIO

_WANTED = "a .keras archive"
_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_AGAIN = "Get the file again, or save the model again with `model.save('model.keras')`."
_NAME_HINT = "Rename it: Keras and the reference converter tell archives by their name."
_DISTRUST = "Keras writes no such file: do not trust it."
_CHUNK = 1 << 20
_LOCAL_HEADER = 30
_LENGTHS = struct.Struct("<26xHH")
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, struct.error, OSError)


class _Window(io.RawIOBase):
    """A part of a file as a file of its own, read where it lies."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        """Whether it can be read, which it can."""
        return True

    def seekable(self) -> bool:
        """Whether it can be read from anywhere, which it can."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place inside the part."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the part goes, and return the count of bytes."""
        room = memoryview(buffer).cast("B")[: max(self._size - self._at, 0)]
        self._file.seek(self._start + self._at)
        count = 0
        while count < len(room):
            part = self._file.read(len(room) - count)
            if not part:
                break
            room[count : count + len(part)] = part
            count += len(part)
        self._at += count
        return count


@contextlib.contextmanager
def open_archive(path: FilePath, *, scratch: FilePath) -> Iterator[KerasFile]:
    """Yield the model in a .keras archive, whose arrays can be read meanwhile.

    ``scratch`` is a folder for a weights file that lies compressed in the archive. Raises ``ModelFileError`` for
    anything else and ``DeclinedError`` for what only Keras can read. No code in the archive is ever run.
    """
    with contextlib.ExitStack() as stack:
        with _reading(path):
            archive = stack.enter_context(_opened(path))
            require_sound_archive(archive, path)
            config, version = _description(archive, path)
            version_warnings(version, path)
            file = _weights_file(archive, path, scratch, stack=stack)
            checksum = archive.getinfo(_WEIGHTS).CRC
        root = stack.enter_context(hdf5_groups.opened(file, f"{path}: {_WEIGHTS}", checksum=checksum))
        keras2, repairs = as_keras2(config, version or "")
        weights = layer_weights(root, keras2, written=config, where=f"{path}: {_WEIGHTS}")
        yield KerasFile(
            keras2,
            version or "",
            "tensorflow",
            None,
            weights=weights,
            repairs=repairs,
            output_keys=output_keys(config),
            in_halves=is_in_halves(config),
        )


def inspect(path: FilePath) -> ModelSummary:
    """Check a Keras archive."""
    with _reading(path), _opened(path) as archive:
        if path.suffix != ".keras":
            raise ModelFileError(f"{path} is a zip archive whose name does not end in .keras", hint=_NAME_HINT)
        config, version = _description(archive, path)
        size = archive.getinfo(_WEIGHTS).file_size
    details = {
        "keras_version": version,
        "weights_file_bytes": size,
        **layer_facts(layers_of(config, str(path))),
    }
    return summarise("keras_keras", (path,), details=details, warnings=version_warnings(version, path))


def version_of(path: FilePath) -> str:
    """Return the version of the Keras that wrote an archive, empty where it does not tell or is none."""
    try:
        with _reading(path), _opened(path) as archive:
            return _description(archive, path)[1] or ""
    except ModelFileError:
        return ""


def is_for_keras3(path: FilePath) -> bool:
    """Whether a file is an archive of Keras 3, which no Keras 2 reads."""
    return path.suffix == ".keras" and version_of(path).startswith("3")


def _opened(path: FilePath) -> zipfile.ZipFile:
    require_file(path, _WANTED)
    require_content(path, _WANTED, names=("zip",))
    return zipfile.ZipFile(path)


@contextlib.contextmanager
def _reading(path: FilePath) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise
    except _BROKEN as error:
        raise ModelFileError(f"{path} is cut short or damaged: {error}", hint=_AGAIN) from error


def _description(archive: zipfile.ZipFile, path: FilePath) -> tuple[dict[str, Any], str | None]:
    """Return the configuration of the model in an archive, and the version of the Keras that wrote it."""
    names = archive.namelist()
    missing = [name for name in (_CONFIG, _METADATA, _WEIGHTS) if name not in names]
    if missing:
        raise ModelFileError(f"{path} is no Keras archive: it has no {some(missing)}", hint=_AGAIN)
    version = _json(archive, _METADATA, str(path)).get("keras_version")
    return _json(archive, _CONFIG, str(path)), version if isinstance(version, str) else None


def _json(archive: zipfile.ZipFile, name: str, where: str) -> dict[str, Any]:
    info = archive.getinfo(name)
    if info.file_size > rules.LARGEST_JSON:
        raise ModelFileError(f"{where}: its {name} is too large for a model", hint=_DISTRUST)
    try:
        text = archive.read(info).decode()
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{where}: its {name} is not JSON in UTF-8", hint=_AGAIN) from error
    value = parsed(text, f"{where}: its {name}")
    if not isinstance(value, dict):
        raise ModelFileError(f"{where}: its {name} is {kind_of(value)}, not an object", hint=_AGAIN)
    return value


def _weights_file(
    archive: zipfile.ZipFile, path: FilePath, scratch: FilePath, *, stack: contextlib.ExitStack
) -> io.BufferedIOBase:
    """Return the weights as a file: where they lie when they are stored as they are, else unpacked."""
    info = archive.getinfo(_WEIGHTS)
    if info.compress_type == zipfile.ZIP_STORED:
        source = stack.enter_context(path.open("rb"))
        source.seek(info.header_offset)
        name, extra = _LENGTHS.unpack(source.read(_LOCAL_HEADER))
        start = info.header_offset + _LOCAL_HEADER + name + extra
        return stack.enter_context(io.BufferedReader(_Window(source, start, info.file_size)))
    if not rules.is_likely(info.file_size, info.compress_size):
        raise ModelFileError(f"{path}: {shown(_WEIGHTS)} would unpack to {info.file_size:,} bytes", hint=_DISTRUST)
    with storing(scratch):
        unpacked = stack.enter_context(tempfile.TemporaryFile(dir=scratch))  # noqa: SIM115  the stack closes it
        with archive.open(info) as packed:
            while chunk := packed.read(_CHUNK):
                unpacked.write(chunk)
        unpacked.seek(0)
    return unpacked
