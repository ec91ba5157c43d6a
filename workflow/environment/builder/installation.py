"""Installs checked archives into a prefix with py-rattler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rattler import LockFile, PrefixRecord
from rattler import exceptions as rattler_errors
from rattler.install import InstallerReporter, install
from rattler.package_cache import PackageCache, ValidationMode
from rattler.platform import Subdir

from workflow.base.errors import EnvironmentProblem, StorageError, WorkflowError
from workflow.environment.builder import staging
from workflow.environment.builder.package_archives import Archives, unpacking
from workflow.environment.pins import conda

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rattler.repo_data import RepoDataRecord

    from workflow.base.events import Listener
    from workflow.environment.builder.protocol import BuildRequest
    from workflow.environment.pins.conda import LockedPackage

_RATTLER_FAILURES = (
    rattler_errors.CacheDirError,
    rattler_errors.ExtractError,
    rattler_errors.InstallerError,
    rattler_errors.IoError,
    rattler_errors.LinkError,
    rattler_errors.ParseCondaLockError,
    rattler_errors.TransactionError,
)
_HALF_UNPACKED = ".*"
_DISK_HINT = "free some space, or choose another folder with TFJS_WORKFLOW_HOME, then run this again"
_DISK_WORDS = ("no space left", "read-only file system", "permission denied", "disk quota")


async def build(request: BuildRequest, listener: Listener) -> None:
    """Do what the request says; the prefix exists, whole, when this returns. Raises WorkflowError."""
    cache, stage, prefix = Path(request.cache), Path(request.stage), Path(request.prefix)
    packages = conda.packages(Path(request.lock), request.platform)
    archives = Archives(cache / "archives", listener)
    archives.provide(packages, request.mirrors, offline=request.offline)
    staging.prepare(stage)
    try:
        # full: by default a changed or deleted file in the cache would be installed as it is
        unpacked = PackageCache.new_layered([cache / "packages"], validation_mode=ValidationMode.full())
        with unpacking(cache, _HALF_UNPACKED):
            await install(
                _records(request, packages, archives),
                target_prefix=stage,
                alternative_target_prefix=prefix,
                package_cache=unpacked,
                platform=Subdir(request.platform),
                reporter=_Reporter(listener),  # type: ignore[abstract]  # its empty methods look abstract
                show_progress=False,
            )
        _name_origins(stage, {package.file_name: package for package in packages})
    except _RATTLER_FAILURES as error:
        raise _explained(error, prefix) from error
    staging.publish(stage, prefix)


def _records(request: BuildRequest, packages: Sequence[LockedPackage], archives: Archives) -> list[RepoDataRecord]:
    """Return rattler's records of exactly these packages, each pointing at its checked archive.

    rattler's own reading of the lock does not know the categories, so it has packages for development too.
    """
    wanted = {package.url: package for package in packages}
    environment = LockFile.from_path(Path(request.lock)).default_environment()
    names = environment.platforms() if environment is not None else []
    chosen = next((platform for platform in names if platform.name == request.platform), None)
    if environment is None or chosen is None:
        raise EnvironmentProblem(f"{request.lock}: rattler finds nothing for {request.platform} in it")
    records = environment.conda_repodata_records_for_platform(chosen) or []
    kept = [record for record in records if record.url in wanted]
    if len(kept) != len(wanted):
        lacking = sorted(set(wanted) - {record.url for record in kept})
        raise EnvironmentProblem(f"{request.lock}: rattler does not see {', '.join(lacking)}")
    for record in kept:
        record.url = archives.path(wanted[record.url]).as_uri()
    return kept


def _name_origins(prefix: Path, packages: Mapping[str, LockedPackage]) -> None:
    """Record where the packages really are from, in place of the cache that they were installed from."""
    for path in (prefix / "conda-meta").glob("*.json"):
        record = PrefixRecord.from_path(path)
        record.url = packages[record.file_name].url
        record.write_to_path(path, pretty=True)


def _explained(error: Exception, prefix: Path) -> WorkflowError:
    text = str(error)
    cause = text.strip().splitlines()[-1].removeprefix("Caused by: ") if text.strip() else type(error).__name__
    if any(words in text.lower() for words in _DISK_WORDS):
        return StorageError(f"{prefix}: the packages cannot be written: {cause}", hint=_DISK_HINT, details=text)
    return EnvironmentProblem(
        f"{prefix}: the packages could not be installed: {cause}", hint="try --manager python", details=text
    )


class _Reporter(InstallerReporter):
    """Counts installed packages for the listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._total = 0
        self._done = 0

    def on_transaction_start(self, total_operations: int) -> None:
        """Learn how many packages there are."""
        self._total = total_operations

    def on_transaction_operation_complete(self, operation: int) -> None:  # noqa: ARG002  rattler's signature
        """Tell that one more is there."""
        self._done += 1
        self._listener.advance("conda packages installed", self._done, self._total)
