"""Writing that survives a crash: fsync, rename, and storage failures as errors that a user understands."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FEW = 8
_SIDE_BY_SIDE = 32


@contextlib.contextmanager
def storing(what: Path) -> Iterator[None]:
    """Turn the system's refusals to write ``what`` into ``StorageError``; other errors pass."""
    try:
        yield
    except OSError as error:
        from workflow.disk import refusal  # noqa: PLC0415  for failures alone

        refused = refusal(error, what, doing="write")
        if refused is None:
            raise
        raise refused from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by ``content`` in one step: readers see the old or the new bytes, also after a power cut."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with storing(path):
        try:
            with partial.open("wb") as sink:
                sink.write(content)
                sink.flush()
                os.fsync(sink.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def as_bytes(text: str) -> bytes:
    r"""Return a text for a file: UTF-8, with bytes of file names that are none as JSON escapes them, ``\udcff``."""
    return text.encode(errors="backslashreplace")


def sync_artifact(path: Path) -> None:
    """Flush an artifact, a file or a whole folder, to the disk.

    Many files are flushed side by side: the disk then writes them together, ten times as fast as one by one.
    """
    inner = [] if path.is_file() else list(path.rglob("*"))
    if len(inner) > _FEW:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  not worth its import for a few files

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            list(pool.map(_sync, inner))
    else:
        for file in inner:
            _sync(file)
    _sync(path)


def sync_folder(path: Path) -> None:
    """Flush a folder's list of names to the disk, where the system can."""
    _sync(path)


def remove(path: Path) -> None:
    """Delete a file or a folder with all below it; nothing happens when it is not there."""
    if path.is_dir() and not path.is_symlink():
        import shutil  # noqa: PLC0415  brings the modules of archives, and little is ever deleted

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
