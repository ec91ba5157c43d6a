"""Fetches one package archive: resumable, from the first source that has the locked bytes."""

from __future__ import annotations

import hashlib
import threading
import time
import urllib.error
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.base.download.reception import InterruptedTransferError, Reception, RefusedTransferError
from workflow.base.errors import DownloadError, IntegrityError
from workflow.environment.engine.network import Web, reason, shown
from workflow.environment.engine.storage import storing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workflow.environment.conda_lock import LockedPackage
    from workflow.environment.engine.sources import Reachability, Source

_SILENCE_SECONDS = 15.0
_PAUSES = (0.5, 1.5, None)
_MOST_BYTES = 4 * 10**9
"""No package of a lock is as large: what sends more is no package server."""

UNREACHABLE_HINT = (
    "use another server with --mirror URL (or --mirror tuna), set https_proxy or SSL_CERT_FILE if this "
    "network needs them, or use --offline when an earlier run has filled the cache"
)
_MISMATCH_HINT = (
    "a login page, a proxy or a broken mirror may have answered in its place: try again or another --mirror; "
    "if it stays so, the lock and the channel disagree: do not use the package"
)


class StoppedError(Exception):
    """Another download has failed, so this one was given up."""


class _RefusedError(Exception):
    """This source does not have the package, or not now."""


class _MismatchError(_RefusedError):
    """This source has other bytes than the locked ones."""


@dataclass
class Transfer:
    """What the downloads of one run share: the way out, who answers, who wants to know, a stop for all."""

    web: Web
    reachability: Reachability
    received: Callable[[int], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def fetch(self, package: LockedPackage, choice: Sequence[Source], *, target: Path) -> None:
        """Put the locked bytes of ``package`` at ``target``, whole or not at all.

        What was received before an interruption is kept beside it and continued. Raises DownloadError naming
        every URL tried, IntegrityError with both checksums, or StorageError.
        """
        refusals: list[str] = []
        mismatches: list[str] = []
        answered = False
        for source in choice:
            fault = self.reachability.fault(source)
            if fault is not None:
                refusals.append(f"{shown(source.base)}: {fault}")
                continue
            answered = True
            try:
                self._fetch_from(source, package, target)
            except _RefusedError as refusal:
                refusals.append(f"{shown(source.url)}: {refusal}")
                wrong_bytes = isinstance(refusal, _MismatchError)
                if wrong_bytes:
                    mismatches.append(refusals[-1])
                if source != choice[-1]:
                    self.reachability.pass_over(source, refusals[-1], again=wrong_bytes)
            else:
                return
        subject = f"{package.name} {package.version} could not be fetched"
        raise _failure(subject if answered else "no conda package server can be reached", refusals, mismatches)

    def _fetch_from(self, source: Source, package: LockedPackage, target: Path) -> None:
        part = target.with_name(target.name + ".part")
        reception = Reception(source.url, part, _MOST_BYTES, self._received, storing, silence=_SILENCE_SECONDS)
        for pause in _PAUSES:
            resumed = part.exists()
            try:
                reception.attempt()
            except (InterruptedTransferError, RefusedTransferError) as error:
                if isinstance(error, InterruptedTransferError) and pause is not None:
                    time.sleep(pause)
                    continue
                words = reason(error.__cause__) if error.__cause__ else str(error)
                if not isinstance(error.__cause__, urllib.error.HTTPError) and not source.local:
                    self.reachability.give_up(source, words)
                raise _RefusedError(words) from error
            got = digest(part, package.digest[0])
            if got == package.digest[1]:
                with storing(target):
                    part.replace(target)
                return
            opening = _opening(part)
            reception.discard()
            if not resumed:
                raise _MismatchError(f"{package.digest[0]} expected {package.digest[1]}, got {got}{opening}")
        raise _RefusedError("the connection broke off again and again")

    def _received(self, count: int, _done: int, _total: int) -> None:
        if self.stop.is_set():
            raise StoppedError
        self.received(count)


def digest(path: Path, algorithm: str) -> str:
    """Return the checksum of a file in hexadecimal."""
    summary = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as source:
        while chunk := source.read(1 << 20):
            summary.update(chunk)
    return summary.hexdigest()


def _opening(path: Path) -> str:
    with path.open("rb") as source:
        start = source.read(64).lstrip().lower()
    return " (a web page, not a package)" if start.startswith((b"<!doctype", b"<html")) else ""


def _failure(subject: str, refusals: list[str], mismatches: list[str]) -> DownloadError | IntegrityError:
    tried = "tried, in this order:\n" + "\n".join(refusals)
    if mismatches:
        message = f"{subject}: not the bytes that the lock names: {'; '.join(mismatches)}"
        return IntegrityError(message, hint=_MISMATCH_HINT, details=tried)
    return DownloadError(f"{subject}: {'; '.join(refusals)}", hint=UNREACHABLE_HINT, details=tried)
