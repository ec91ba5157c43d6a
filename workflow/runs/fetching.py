"""Fetching a model: resumable, checked against its sha256, kept in a cache, put in place in one step."""

from __future__ import annotations

import shutil
from typing import IO, TYPE_CHECKING

from workflow.base import locks, wording
from workflow.base.digests import file_digest
from workflow.base.download.transfer import Transfer
from workflow.base.errors import IntegrityError
from workflow.base.storage import partial_path, storing, sync_artifact
from workflow.models.file_contents import recognise

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.recipe.recipes import FetchedModel

_TELLING = ("html", "lfs", "empty", "json")
_CHANGED = (
    "If the file was replaced on purpose, put the new sha256 into the recipe after you have made sure of it; "
    "otherwise do not use the file."
)


def fetch(source: FetchedModel, target: Path, *, cache: Path, listener: Listener) -> None:
    """Put the file of ``source`` at ``target``, from ``cache`` or the network, and only with the right sha256.

    Raises ``DownloadError``, ``IntegrityError`` or ``StorageError``; ``target`` is then as it was before.
    """
    kept = cache / source.sha256.lower()
    with held(kept.with_name(f"{kept.name}.lock"), listener, what="file"):
        if not _is_kept(kept, source, listener=listener):
            _download(source, kept, listener=listener)
        _copy(kept, target)


def held(lock_file: Path, listener: Listener, *, what: str) -> IO[bytes]:
    """Return the lock of one thing in a cache, held until it is closed; a second run waits for it and says so."""
    with storing(lock_file):
        return locks.held(
            lock_file, listener, waiting=lambda _: f"waiting for another run that fetches the same {what}"
        )


def _is_kept(kept: Path, source: FetchedModel, *, listener: Listener) -> bool:
    """Look for the file in the cache, hash it, and drop it when its bytes have changed."""
    if not kept.is_file():
        return False
    if file_digest(kept).sha256 == kept.name:
        listener.say(f"{wording.address_text(source.url)} is in the cache")
        return True
    listener.warn(f"the copy of {wording.address_text(source.url)} in the cache was changed: fetching it again")
    with storing(kept):
        kept.unlink()
    return False


def _download(source: FetchedModel, kept: Path, *, listener: Listener) -> None:
    part = kept.with_name(f"{kept.name}.part")

    def on_progress(done: int, total: int) -> None:
        listener.advance(source.output.name, done, total)

    transfer = Transfer(source.url, part, source.max_bytes, on_progress)
    resumed = part.exists()
    if not (resumed and _is_right(part, kept)):  # right: the run that fetched it ended just before it said so
        listener.say(f"{'resuming' if resumed else 'fetching'} {wording.address_text(source.url)}")
        transfer.complete(listener)
    if resumed and not _is_right(part, kept):
        listener.warn("what was left of an earlier transfer does not fit: fetching the whole file again")
        transfer.discard()
        transfer.complete(listener)
    _check(source, part, wanted=kept.name)
    with storing(kept):
        sync_artifact(part)
        part.replace(kept)


def _is_right(part: Path, kept: Path) -> bool:
    return file_digest(part).sha256 == kept.name


def _check(source: FetchedModel, part: Path, *, wanted: str) -> None:
    found = file_digest(part).sha256
    if found == wanted:
        return
    content = recognise(part)
    known = f" ({content.phrase})" if content.name in _TELLING else ""
    part.unlink()
    raise IntegrityError(
        f"{wording.address_text(source.url)} is not the file that the recipe names{known}: "
        f"its sha256 is {found}, expected is {wanted}",
        hint=_CHANGED,
    )


def _copy(kept: Path, target: Path) -> None:
    """Copy, never link: a file that is changed in place later must not change the cache."""
    partial = partial_path(target)
    with storing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(kept, partial)
            sync_artifact(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
