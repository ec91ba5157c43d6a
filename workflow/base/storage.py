"""Writing that survives a crash: fsync, rename, and storage failures as errors that a user understands.

Unfinished files stand beside the user's own. Those of killed processes are told by their names, and removed:

| name                            | what it is                                   | who removes it after a kill |
|---------------------------------|----------------------------------------------|-----------------------------|
| `.NAME.PID.partial`             | NAME, being written in one step              | `sweep`, with the next NAME |
| `.NAME.partial`                 | NAME, being written where nothing stands yet | `sweep_all` of its folder   |
| `.NAME.tfjs-workflow-staging`   | the next version of an output                | `publishing.recover`        |
| `.NAME.tfjs-workflow-previous`  | the version that is being replaced           | `publishing.recover`        |
| `.NAME.tfjs-workflow.json.next` | the sidecar of what is being published       | `publishing.recover`        |

An unfinished file is locked by who writes it. One that nobody holds, of a process that is gone, is a stray.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workflow.base import locks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FEW = 8
_SIDE_BY_SIDE = 32
_UNFINISHED = re.compile(r"\.(?P<name>.+?)(?:\.(?P<process>\d{1,10}))?\.partial")


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
    sweep(path)
    with storing(path):
        _write(partial_path(path), content, target=path, mode="wb")


def write_new(paths: Iterable[Path], content: bytes) -> Path:
    """Write ``content``, as ``write_atomically`` does, to the first of ``paths`` at which nothing stands; return it.

    Of two processes that try the same one at a time, one goes on to the next.
    """
    for path in paths:
        claim = _claim_path(path)
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
        if _own(sink, partial):
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


def partial_path(path: Path) -> Path:
    """Return where this process writes what is to stand at ``path``."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _claim_path(path: Path) -> Path:
    """Return where whichever process comes first writes what is to stand at ``path``."""
    return path.with_name(f".{path.name}.partial")


def _own(file: IO[bytes], path: Path) -> bool:
    """Show for as long as the file is open that it has an owner, and return whether it still stands at ``path``.

    Whoever sweeps may have taken one that had just been made for a stray: then it is to be made again. Where files
    cannot be locked the name alone shows the owner.
    """
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            locks.wait(file)  # held by others for no longer than sweeping takes
    return locks.stands(file, path)


def sweep(path: Path) -> None:
    """Remove what processes that are gone have left of ``path`` beside it."""
    _sweep(path.parent, name=path.name)


def sweep_all(folder: Path) -> None:
    """Remove what processes that are gone have left unfinished in a folder that is the tool's own."""
    _sweep(folder, name=None)


def _sweep(folder: Path, *, name: str | None) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.endswith(".partial"):
                continue
            found = _UNFINISHED.fullmatch(entry.name)
            if found and name in (None, found["name"]) and not _lives(found["process"]):
                _remove_if_left(Path(entry.path))


def _lives(process: str | None) -> bool:
    """Tell whether a process of this number is there; those of other machines and containers hold their locks."""
    if process is None or sys.platform == "win32":
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return int(process) != os.getpid()  # of ours there is none when this is called: it is of one before us


def _remove_if_left(path: Path) -> None:
    with contextlib.suppress(OSError):  # it is held, gone, or not ours to open: not for us
        if not path.is_file() or path.is_symlink():
            return
        if sys.platform != "win32":
            with path.open("r+b") as file:
                if locks.take(file) and locks.stands(file, path):
                    path.unlink()
        else:
            path.unlink()  # which fails for what is open
