"""The store of package archives: each under its checksum, checked at every use, fetched when not there."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from workflow.base import locks, scratch
from workflow.base.errors import DownloadError, IntegrityError
from workflow.base.events import Silent
from workflow.base.storage import storing
from workflow.base.wording import address_text
from workflow.environment.builder.channels import PackageSource, Reachability, StoppedError, Supply, digest, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from workflow.base.events import Listener
    from workflow.environment.pins.conda import LockedPackage

_AT_ONCE = 4
_NEWS_SECONDS = 0.1
_POLL_SECONDS = 0.05
_IN_USE = "in-use.lock"
_ONLINE_HINT = "run this once without --offline, or copy the cache folder from a machine that has it"


class Archives:
    """Package archives below one folder, which several processes may use at once."""

    def __init__(self, folder: Path, listener: Listener) -> None:
        self._folder = folder
        self._listener = listener

    def path(self, package: LockedPackage) -> Path:
        """Return where the archive of a package is, or would be."""
        return self._folder / package.digest[1] / package.file_name

    def provide(self, packages: Sequence[LockedPackage], mirrors: Iterable[str], *, offline: bool) -> None:
        """Make sure that every archive is there and is the locked one.

        Touches no network when nothing is missing. Raises DownloadError, IntegrityError or StorageError.
        """
        missing = [package for package in packages if not self._good(package)]
        self._listener.say(
            f"{len(packages)} conda packages: {len(packages) - len(missing)} from the cache, {len(missing)} to download"
        )
        if missing and offline:
            raise self._unavailable(missing, len(packages))
        if missing:
            self._fetch_all({package: sources(package, mirrors) for package in missing})

    def _fetch_all(self, wanted: dict[LockedPackage, tuple[PackageSource, ...]]) -> None:
        samples: dict[str, PackageSource] = {}
        for choice in wanted.values():
            for source in choice:
                samples.setdefault(source.base, source)
        self._listener.say(f"downloading from {', then '.join(address_text(base) for base in samples)}")
        counter = _Counter(self._listener, len(wanted))
        supply = Supply(Reachability(samples, self._listener), counter.received)

        def fetch(package: LockedPackage, choice: Sequence[PackageSource]) -> None:
            self._fetch(supply, package, choice)
            counter.finished()

        pool = ThreadPoolExecutor(_AT_ONCE)
        done, _ = wait([pool.submit(fetch, *item) for item in wanted.items()], return_when=FIRST_EXCEPTION)
        failures = [failure for job in done if (failure := job.exception()) is not None]
        if failures:
            supply.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise _cause(failures)
        pool.shutdown()

    def _fetch(self, supply: Supply, package: LockedPackage, choice: Sequence[PackageSource]) -> None:
        target = self.path(package)
        with storing(target.parent):
            lock = locks.held(target.with_name(f"{target.name}.lock"), Silent(), waiting=str)
        with lock:  # whoever comes second waits here and then finds the file
            if not self._good(package):
                supply.fetch(package, choice, target=target)

    def _good(self, package: LockedPackage) -> bool:
        path = self.path(package)
        return path.is_file() and digest(path, package.digest[0]) == package.digest[1]

    def _unavailable(self, missing: Sequence[LockedPackage], total: int) -> DownloadError | IntegrityError:
        damaged = [package for package in missing if self.path(package).is_file()]
        if damaged:
            package = damaged[0]
            algorithm, expected = package.digest
            got = digest(self.path(package), algorithm)
            return IntegrityError(
                f"{self.path(package)}: the cached archive is damaged: {algorithm} expected {expected}, "
                f"got {got}; --offline forbids fetching it again",
                hint=_ONLINE_HINT,
            )
        names = ", ".join(package.name for package in missing)
        return DownloadError(
            f"--offline: {len(missing)} of {total} conda packages are not in the cache {self._folder}: {names}",
            hint=_ONLINE_HINT,
        )


def _cause(failures: Sequence[BaseException]) -> BaseException:
    """Return the failure for which the other downloads were stopped."""
    return next((error for error in failures if not isinstance(error, StoppedError)), failures[0])


@contextlib.contextmanager
def unpacking(cache: Path, left: str) -> Iterator[None]:
    """Share a cache with others who unpack into its ``packages`` for the time of the block.

    Whoever begins and is alone removes what matches ``left`` there: its owner has been killed.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with locks.opened(cache / _IN_USE) as lock:
        with contextlib.suppress(OSError):  # a file system without locks: then nothing is cleared up
            if locks.take(lock):
                scratch.clear_folders(cache / "packages", left)
                locks.release(lock)
            while not locks.share(lock):  # another is clearing up, which takes a moment
                time.sleep(_POLL_SECONDS)
        yield


class _Counter:
    """Adds up what all downloads receive, and tells the listener a few times a second."""

    def __init__(self, listener: Listener, packages: int) -> None:
        self._listener = listener
        self._packages = packages
        self._finished = 0
        self._bytes = 0
        self._told = 0.0
        self._lock = threading.Lock()

    def received(self, count: int) -> None:
        with self._lock:
            self._bytes += count
            if time.monotonic() - self._told < _NEWS_SECONDS:
                return
            self._told = time.monotonic()
            self._listener.advance("bytes downloaded", self._bytes, 0)

    def finished(self) -> None:
        with self._lock:
            self._finished += 1
            self._listener.advance("conda packages downloaded", self._finished, self._packages)
