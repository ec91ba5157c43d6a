"""Fetching a model: resumable, checked against its sha256, kept in a cache, put in place in one step."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from workflow.errors import IntegrityError
from workflow.formats.contents import recognise
from workflow.running import strays
from workflow.running.digests import file_digest
from workflow.running.storage import storing, sync_artifact
from workflow.running.transfer import InterruptedTransferError, Transfer, without_password

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.events import Listener
    from workflow.recipe.model import FetchedModel

_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between attempts that brought no byte; after the last one it is given up
_MOST_ATTEMPTS = 50  # also when each brings a few bytes
_TELLING = ("html", "lfs", "empty", "json")
_RESUMES = "Check the network, then run the same command again: it goes on where this one stopped."
_CHANGED = (
    "If the file was replaced on purpose, put the new sha256 into the recipe after you have made sure of it; "
    "otherwise do not use the file."
)


def fetch(source: FetchedModel, target: Path, *, cache: Path, listener: Listener) -> None:
    """Put the file of ``source`` at ``target``, from ``cache`` or the network, and only with the right sha256.

    Raises ``DownloadError``, ``IntegrityError`` or ``StorageError``; ``target`` is then as it was before.
    """
    kept = cache / source.sha256.lower()
    with _held(kept, listener):
        if not _is_kept(kept, source, listener=listener):
            _download(source, kept, listener=listener)
        _copy(kept, target)


@contextlib.contextmanager
def _held(kept: Path, listener: Listener) -> Iterator[None]:
    """Hold the lock of one file in the cache: of two runs that want it, the second waits and says so."""
    with storing(kept):
        kept.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{kept}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            listener.say("waiting for another run that fetches the same file")
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _is_kept(kept: Path, source: FetchedModel, *, listener: Listener) -> bool:
    """Look for the file in the cache, hash it, and drop it when its bytes have changed."""
    if not kept.is_file():
        return False
    if file_digest(kept).sha256 == kept.name:
        listener.say(f"{without_password(source.url)} is in the cache")
        return True
    listener.warn(f"the copy of {without_password(source.url)} in the cache was changed: fetching it again")
    with storing(kept):
        kept.unlink()
    return False


def _download(source: FetchedModel, kept: Path, *, listener: Listener) -> None:
    part = kept.with_name(f"{kept.name}.part")
    transfer = Transfer(source.url, part, lambda done, total: listener.advance(source.output.name, done, total))
    resumed = part.exists()
    if not (resumed and _is_right(part, kept)):  # right: the run that fetched it ended just before it said so
        listener.say(f"{'resuming' if resumed else 'fetching'} {without_password(source.url)}")
        _complete(transfer, listener)
    if resumed and not _is_right(part, kept):
        listener.warn("what was left of an earlier transfer does not fit: fetching the whole file again")
        part.unlink()
        _complete(transfer, listener)
    _check(source, part, wanted=kept.name)
    with storing(kept):
        sync_artifact(part)
        part.replace(kept)


def _complete(transfer: Transfer, listener: Listener) -> None:
    """Attempt the transfer until it is complete, with growing pauses as long as nothing comes."""
    in_vain, reason = 0, ""
    for _ in range(_MOST_ATTEMPTS):
        before = _size(transfer.part)
        try:
            return transfer.attempt()
        except InterruptedTransferError as error:
            reason = str(error)
        in_vain = 0 if _size(transfer.part) > before else in_vain + 1
        if in_vain > len(_PAUSES):
            break
        pause = _PAUSES[max(in_vain - 1, 0)]
        listener.say(f"{reason}; trying again in {pause:g} s")
        time.sleep(pause)
    raise transfer.failed(f"{reason} (tried again and again)", hint=_RESUMES)


def _is_right(part: Path, kept: Path) -> bool:
    return file_digest(part).sha256 == kept.name


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _check(source: FetchedModel, part: Path, *, wanted: str) -> None:
    found = file_digest(part).sha256
    if found == wanted:
        return
    content = recognise(part)
    known = f" ({content.phrase})" if content.name in _TELLING else ""
    part.unlink()
    raise IntegrityError(
        f"{without_password(source.url)} is not the file that the recipe names{known}: "
        f"its sha256 is {found}, expected is {wanted}",
        hint=_CHANGED,
    )


def _copy(kept: Path, target: Path) -> None:
    """Copy, never link: a file that is changed in place later must not change the cache."""
    partial = strays.partial_path(target)
    with storing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(kept, partial)
            sync_artifact(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
