"""Where a package can be had: mirrors first, then the lock's own channel; and fetching it from the first that has it.

Which servers answer is found out once for all packages; each is then transferred as every file is.
"""

from __future__ import annotations

import hashlib
import threading
import time
import urllib.error
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.base import wording
from workflow.base.download.opening import NETWORK_ERRORS, NotOpenedError, opened
from workflow.base.download.reception import InterruptedTransferError, RefusedTransferError
from workflow.base.download.transfer import Transfer
from workflow.base.errors import DownloadError, IntegrityError
from workflow.base.storage import storing
from workflow.base.wording import address_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.environment.pins.conda import LockedPackage

_CONNECT_SECONDS = 5.0
_DECISION_SECONDS = 8.0
_LONGEST = 120
_SILENCE_SECONDS = 15.0
_PAUSES = (0.5, 1.5)
_MOST_BYTES = 4 * 10**9
"""No package of a lock is as large: what sends more is no package server."""

_UNREACHABLE_HINT = (
    "use another server with --mirror URL (or --mirror tuna), set https_proxy or SSL_CERT_FILE if this "
    "network needs them, or use --offline when an earlier run has filled the cache"
)
_MISMATCH_HINT = (
    "a login page, a proxy or a broken mirror may have answered in its place: try again or another --mirror; "
    "if it stays so, the lock and the channel disagree: do not use the package"
)


@dataclass(frozen=True)
class PackageSource:
    """One URL of a package, and the base URL of the server or folder that it belongs to."""

    base: str
    url: str

    @property
    def local(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.startswith("file:")


def sources(package: LockedPackage, mirrors: Iterable[str]) -> tuple[PackageSource, ...]:
    """Return the places of a package in the order to try them. Mirrors hold the channel conda-forge."""
    own = PackageSource(package.channel, package.url)
    if not package.is_mirrored:
        return (own,)
    bases = dict.fromkeys(mirror.rstrip("/") for mirror in mirrors)
    return (*(PackageSource(base, f"{base}/{package.place}") for base in bases if base != own.base), own)


class Reachability:
    """Knows which servers answer. All are asked at once, and 8 seconds are enough for all answers together.

    A server that answers with an error code is reachable: what it has is another question.
    """

    def __init__(self, samples: Mapping[str, PackageSource], listener: Listener) -> None:
        self._listener = listener
        self._deadline = time.monotonic() + _DECISION_SECONDS
        self._faults: dict[str, str] = {}
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._answers: dict[str, Future[str | None]] = {}
        for base, source in samples.items():
            answer: Future[str | None] = Future()
            self._answers[base] = answer
            if source.local:
                answer.set_result(None)
            else:
                # a daemon, as looking up a name can hang longer than anybody wants to wait
                threading.Thread(target=self._ask, args=(source.url, answer), daemon=True).start()

    def fault(self, source: PackageSource) -> str | None:
        """Return why the server of this source cannot be used, or None. Waits for its answer."""
        with self._lock:
            known = self._faults.get(source.base)
        if known is not None:
            return known
        try:
            fault = self._answers[source.base].result(timeout=max(0.0, self._deadline - time.monotonic()))
        except FutureTimeoutError:
            fault = "no answer in time"
        if fault is not None:
            self.give_up(source, fault)
        return fault

    def give_up(self, source: PackageSource, fault: str) -> None:
        """Use this server no more, and say so."""
        with self._lock:
            self._faults.setdefault(source.base, fault)
        self.pass_over(source, f"{address_text(source.base)} cannot be used: {fault}")

    def pass_over(self, source: PackageSource, text: str, *, again: bool = False) -> None:
        """Say why another server is used in place of this one: once, or every time with ``again``."""
        with self._lock:
            news = again or source.base not in self._told
            self._told.add(source.base)
        if news and len(self._answers) > 1:  # with no other server the failure says it all
            self._listener.warn(text)

    def _ask(self, url: str, answer: Future[str | None]) -> None:
        try:
            opened(url, timeout=_CONNECT_SECONDS, method="HEAD").close()
        except urllib.error.HTTPError as error:
            error.close()
            answer.set_result(None)
        except (*NETWORK_ERRORS, ValueError) as error:
            answer.set_result(_reason(error))
        else:
            answer.set_result(None)


class StoppedError(Exception):
    """Another download has failed, so this one was given up."""


class _RefusedError(Exception):
    """This source does not have the package, or not now."""


class _MismatchError(_RefusedError):
    """This source has other bytes than the locked ones."""


@dataclass
class Supply:
    """What the downloads of one run share: who answers, who wants to know, a stop for all."""

    reachability: Reachability
    received: Callable[[int], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def fetch(self, package: LockedPackage, choice: Sequence[PackageSource], *, target: Path) -> None:
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
                refusals.append(f"{address_text(source.base)}: {fault}")
                continue
            answered = True
            try:
                self._fetch_from(source, package, target)
            except _RefusedError as refusal:
                refusals.append(f"{address_text(source.url)}: {refusal}")
                wrong_bytes = isinstance(refusal, _MismatchError)
                if wrong_bytes:
                    mismatches.append(refusals[-1])
                if source != choice[-1]:
                    self.reachability.pass_over(source, refusals[-1], again=wrong_bytes)
            else:
                return
        subject = f"{package.name} {package.version} could not be fetched"
        raise _failure(subject if answered else "no conda package server can be reached", refusals, mismatches)

    def _fetch_from(self, source: PackageSource, package: LockedPackage, target: Path) -> None:
        transfer = self._transfer(source, target.with_name(f"{target.name}.part"))
        resumed = transfer.part.exists()
        got = self._gathered(transfer, source, package)
        if resumed and got != package.digest[1]:
            transfer.discard()
            got = self._gathered(transfer, source, package)
        if got != package.digest[1]:
            opening = _opening(transfer.part)
            transfer.discard()
            raise _MismatchError(f"{package.digest[0]} expected {package.digest[1]}, got {got}{opening}")
        with storing(target):
            transfer.part.replace(target)

    def _transfer(self, source: PackageSource, part: Path) -> Transfer:
        return Transfer(
            source.url,
            part,
            _MOST_BYTES,
            on_progress=lambda _done, _total: None,
            on_bytes=self._received,
            silence=_SILENCE_SECONDS,
            pauses=_PAUSES,
        )

    def _gathered(self, transfer: Transfer, source: PackageSource, package: LockedPackage) -> str:
        """Return the checksum of what this source has; a source that fails is given up, unless it says why."""
        try:
            transfer.gather(lambda _reason, _seconds: None)
        except (InterruptedTransferError, RefusedTransferError) as error:
            words = _reason(error.__cause__) if error.__cause__ else str(error)
            if not isinstance(error.__cause__, urllib.error.HTTPError) and not source.local:
                self.reachability.give_up(source, words)
            raise _RefusedError(words) from error
        return digest(transfer.part, package.digest[0])

    def _received(self, count: int) -> None:
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
    return DownloadError(f"{subject}: {'; '.join(refusals)}", hint=_UNREACHABLE_HINT, details=tried)


def _reason(error: BaseException) -> str:
    """Say in a few words why a URL could not be read."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {str(error.reason)[:_LONGEST]}".strip()
    if isinstance(error, NotOpenedError):
        return error.reason
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return wording.scrubbed(str(cause))[:_LONGEST] or type(cause).__name__
