"""Writing that survives a crash: fsync, rename, and storage failures as errors that a user understands."""

from __future__ import annotations

import contextlib
import os
from typing import IO, TYPE_CHECKING

from workflow.base import strays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_FEW = 8
_SIDE_BY_SIDE = 32


@contextlib.contextmanager
def storing(what: Path | None) -> Iterator[None]:
    """Turn the system's refusals to write ``what`` (None: what it names) into ``StorageError``; other errors pass."""
    try:
        yield
    except OSError as error:
        from workflow.base.disk import refusal  # noqa: PLC0415  for failures alone

        refused = refusal(error, what, doing="write")
        if refused is None:
            raise
        raise refused from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by ``content`` in one step: readers see the old or the new bytes, also after a power cut."""
    strays.sweep(path)
    with storing(path):
        _write(strays.partial_path(path), content, target=path, mode="wb")


def write_new(paths: Iterable[Path], content: bytes) -> Path:
    """Write ``content``, as ``write_atomically`` does, to the first of ``paths`` at which nothing stands; return it.

    Of two processes that try the same one at a time, one goes on to the next.
    """
    for path in paths:
        claim = strays.claim_path(path)
        with storing(path), contextlib.suppress(FileExistsError):
            if not path.exists():
                _write(claim, content, target=path, mode="xb")
                return path
    raise AssertionError  # the paths do not end


def _write(partial: Path, content: bytes, *, target: Path, mode: str) -> None:
    with _owned(partial, mode) as sink:
        try:
            if mode == "xb":
                _refuse_taken(target)
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
            if os.name == "posix":  # still owned
                partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    if os.name != "posix":  # what is open cannot be renamed there
        partial.replace(target)
    sync_folder(target.parent)


def _owned(partial: Path, mode: str) -> IO[bytes]:
    """Return an unfinished file that nobody takes for a stray; raises ``FileExistsError`` as its ``mode`` has it."""
    while True:
        sink: IO[bytes] = partial.open(mode)
        if strays.own(sink, partial):
            return sink
        sink.close()


def _refuse_taken(target: Path) -> None:
    if target.exists():  # whoever had the claim before us has put it there
        raise FileExistsError(target)


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
