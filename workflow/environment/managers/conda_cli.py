"""A conda, mamba or micromamba that is installed here, told to install exactly what conda-lock.yml holds.

These programs are distrusted where they have earned it: ``create`` never meets an existing prefix (some
versions wipe it), ``-y`` is always there (without it some do nothing and exit 0), and success is what the
disk shows, not what the exit code says.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from workflow.base import processes, programs, scratch
from workflow.base.errors import DownloadError, EnvironmentProblem, ForeignPathError, IntegrityError, StorageError
from workflow.base.wording import address_text
from workflow.environment import orphans, state
from workflow.environment.pins import conda

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from workflow.base.processes import Completed
    from workflow.environment.managers import BuildOrder
    from workflow.environment.pins.conda import LockedPackage

    Packages = tuple[LockedPackage, ...]

# what the shell integration of each sets to its own executable, also where that is not on PATH
_EXECUTABLE_VARIABLE = {"conda": "CONDA_EXE", "mamba": "MAMBA_EXE", "micromamba": "MAMBA_EXE"}
_VERSION_SECONDS = 60.0
_CREATE_SECONDS = 3600.0
_REMOVE_SECONDS = 600.0

_TAIL_LINES = 12


@dataclass(frozen=True)
class _Meaning:
    pattern: str
    error: type[EnvironmentProblem | StorageError]
    what: str
    hint: str


# the first that matches holds: a checksum mismatch also names a URL, a refused connection also says "error"
_MEANINGS = (
    _Meaning(
        r"ChecksumMismatch|checksum|(?:sha256|md5) .*(?:mismatch|differ)|SafetyError",
        IntegrityError,
        "fetched a package that is not the one in conda-lock.yml",
        "empty its package cache (clean --tarballs --packages) or try another --mirror",
    ),
    _Meaning(
        r"No space left|NoSpaceLeft|not enough (?:free )?space|ENOSPC",
        StorageError,
        "ran out of disk space",
        "free some, or set TFJS_WORKFLOW_HOME to a folder on another disk",
    ),
    _Meaning(
        r"OfflineError|offline mode|cannot be .*offline|--offline",
        DownloadError,
        "does not have every package in its cache, and may not fetch them",
        "run it once without --offline",
    ),
    _Meaning(
        r"HTTP 404|404 NOT FOUND|status 404|\(404\)",
        DownloadError,
        "did not find a package there (404)",
        "that mirror may lag behind; try another --mirror",
    ),
    _Meaning(
        r"CondaHTTPError|CondaSSLError|CONNECTION FAILED|Connection(?:Refused|Reset)?Error|ProxyError|"
        r"HTTP \d{3}|Could not resolve|Download error|Multi-download failed|timed? ?out|"
        r"Failed to (?:connect|establish)",
        DownloadError,
        "could not fetch the packages",
        "check the network and proxy (HTTPS_PROXY), or name a mirror: --mirror tuna, --mirror URL",
    ),
    _Meaning(
        r"prefix already exists|environment already exists|Non-conda folder exists",
        ForeignPathError,
        "found something at the place of the new environment",
        "remove that folder, or choose another name",
    ),
    _Meaning(
        r"NotWritableError|Permission denied|EnvironmentNotWritable|Read-only file system",
        EnvironmentProblem,
        "may not write there",
        "set TFJS_WORKFLOW_HOME to a folder of yours; its package cache must be writable too",
    ),
)
_UNKNOWN = _Meaning("", EnvironmentProblem, "failed", "see the log; --manager embedded needs no conda")


class CondaCliManager:
    """Makes the environment with the conda-like program of this name; its cache and proxy settings hold."""

    caveats: tuple[str, ...] = ()

    def __init__(self, name: Literal["micromamba", "mamba", "conda"]) -> None:
        self._name = name

    @property
    def name(self) -> Literal["micromamba", "mamba", "conda"]:
        """The program's name."""
        return self._name

    def missing(self) -> str | None:
        """Return None when the program is here and answers ``--version``, else the reason why not."""
        program = self._program()
        if program is None:
            return f"{self.name} is not on PATH"
        try:
            done = processes.run([program, "--version"], env=_environ(), timeout=_VERSION_SECONDS)
        except (OSError, processes.CommandTimeoutError) as error:
            return f"{program} does not run: {error}"
        if done.code:
            return f"{program} --version failed (exit code {done.code}): {done.stderr.strip()[-200:]}"
        return None

    def create(self, prefix: Path, order: BuildOrder) -> None:
        """Install the packages of the lock into ``prefix``, from the first mirror that has them all."""
        if prefix.exists() or prefix.is_symlink():
            raise ForeignPathError(
                f"{prefix} exists already",
                hint=f"{self.name} must not touch it: some versions of it wipe what is there",
            )
        packages = conda.packages(order.blueprint.conda_lock, order.blueprint.platform)
        for base in order.settings.mirrors:
            if self._installed(prefix, packages, base=base, order=order):
                return
        self._install(prefix, packages, base="", order=order)

    def remove(self, prefix: Path) -> None:
        """Have the program forget and delete the prefix; the caller finds and deletes what it leaves."""
        program = self._program()
        if program is None or not (prefix / "conda-meta").is_dir():
            return
        argv = [program, "env", "remove", "-y", "-p", str(prefix)]
        log = state.log_path(prefix.name)
        try:
            processes.run_tied(argv, tie=orphans.tie(log, "conda"), log=log, env=_environ(), timeout=_REMOVE_SECONDS)
        except processes.CommandTimeoutError as error:
            raise EnvironmentProblem(f"{self.name} did not end within {_REMOVE_SECONDS / 60:.0f} minutes") from error

    def _program(self) -> str | None:
        named = os.environ.get(_EXECUTABLE_VARIABLE[self.name])
        if named and Path(named).is_absolute() and Path(named).stem == self.name and os.access(named, os.X_OK):
            return named
        return programs.found(self.name)

    def _has_default_packages(self, program: str) -> bool:
        """Tell whether ``create_default_packages`` of its settings would stop it: conda's, and mamba's built on it."""
        if self.name != "mamba":
            return self.name == "conda"
        try:
            done = processes.run([program, "--version"], env=_environ(), timeout=_VERSION_SECONDS)
        except (OSError, processes.CommandTimeoutError):
            return False  # it answered a moment ago; what it does now, its installation will show
        return "conda" in done.stdout

    def _installed(self, prefix: Path, packages: Packages, *, base: str, order: BuildOrder) -> bool:
        """Tell whether this mirror had all packages; when it had not, leave nothing of the attempt."""
        try:
            self._install(prefix, packages, base=base, order=order)
        except DownloadError as error:
            order.listener.warn(f"{error.message}; trying the next mirror")
            shutil.rmtree(prefix, ignore_errors=True)  # create() saw that there was nothing: this is the attempt's
            return False
        return True

    def _install(self, prefix: Path, packages: Packages, *, base: str, order: BuildOrder) -> None:
        program = self._program()
        if program is None:
            raise EnvironmentProblem(f"{self.name} is not on PATH", hint="choose another with --manager")
        urls = {package: _place(package, base) for package in packages}
        _check_local_files(urls.items())
        listing = order.log.parent / f"{prefix.name}-explicit.txt"
        listing.parent.mkdir(parents=True, exist_ok=True)
        lines = ["@EXPLICIT", *(f"{url}#{package.md5}" for package, url in urls.items())]
        listing.write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")
        argv = [program, "create", "-y", "--quiet", "-p", str(prefix), "--file", str(listing)]
        argv += ["--no-default-packages"] if self._has_default_packages(program) else []
        order.listener.say(
            f"{self.name} installs {len(packages)} packages from {address_text(base or packages[0].channel)}"
        )
        done = self._run([*argv, *(["--offline"] if order.settings.offline else [])], order)
        if done.code:
            raise _explained(done, program=self.name, offline=order.settings.offline, log=order.log)
        _check_result(prefix, packages, program=self.name, order=order)

    def _run(self, argv: list[str], order: BuildOrder) -> processes.Completed:
        try:
            with scratch.folder("conda") as temporary:  # where it leaves files when it is ended
                environ = {**_environ(), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
                tie = orphans.tie(order.log, "conda")
                return processes.run_tied(argv, tie=tie, log=order.log, env=environ, timeout=_CREATE_SECONDS)
        except OSError as error:
            raise EnvironmentProblem(
                f"{argv[0]} does not run: {error}", hint="choose another with --manager"
            ) from error
        except processes.CommandTimeoutError as error:
            raise DownloadError(
                f"{self.name} did not finish within {_CREATE_SECONDS / 60:.0f} minutes",
                hint="a mirror near you may be faster: --mirror",
                log=str(order.log),
            ) from error


def _environ() -> dict[str, str]:
    """Return our environment without what would lead a program that is written in Python astray."""
    return {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME"}}


def _place(package: LockedPackage, base: str) -> str:
    """Return the URL of a package on the mirror ``base``, or the lock's own where none stands in for it."""
    return f"{base.rstrip('/')}/{package.place}" if base and package.is_mirrored else package.url


def _check_local_files(urls: Iterable[tuple[LockedPackage, str]]) -> None:
    """Compare the files of a ``file://`` mirror with the lock: conda takes them as they are."""
    for package, url in urls:
        parts = urlsplit(url)
        if parts.scheme != "file":
            continue
        path = Path(url2pathname(parts.path))
        if not path.is_file():
            raise DownloadError(f"{path} is not there", hint="the mirror lacks a package that conda-lock.yml holds")
        if hashlib.sha256(path.read_bytes()).hexdigest() != package.sha256:
            raise IntegrityError(f"{path} is not the file that conda-lock.yml holds (sha256 differs)")


def _check_result(prefix: Path, packages: Packages, *, program: str, order: BuildOrder) -> None:
    """Compare the disk with the lock; raises EnvironmentProblem naming what is not there all the same."""
    records = {path.stem for path in (prefix / "conda-meta").glob("*.json")}
    wanted = {re.sub(r"\.(?:conda|tar\.bz2)$", "", package.file_name) for package in packages}
    lacking = sorted(wanted - records)
    python = prefix / ("python.exe" if order.blueprint.platform.startswith("win-") else "bin/python")
    if lacking or not python.exists():
        what = ", ".join(lacking[:3]) or str(python)
        raise EnvironmentProblem(
            f"{program} reported success and did not install {what}",
            hint="its configuration may forbid it (see the log); --manager embedded needs no conda",
            log=str(order.log),
        )
    if extra := sorted(records - wanted):
        order.listener.warn(f"{program} also installed {', '.join(extra[:5])}, which conda-lock.yml does not hold")


def _explained(done: Completed, *, program: str, offline: bool, log: Path) -> EnvironmentProblem | StorageError:
    """Return the error that says what a failed run of ``program`` means, with the end of what it printed."""
    text = f"{done.stdout}\n{done.stderr}".strip()
    spoken = "\n".join(line for line in text.splitlines() if not line.startswith("+ "))
    spoken = re.sub(r"://[^/@\s]+@", "://***@", spoken)  # conda repeats the passwords of mirrors
    meaning = next((one for one in _MEANINGS if re.search(one.pattern, spoken, re.IGNORECASE)), _UNKNOWN)
    hint = "run it once without --offline" if offline and meaning.error is DownloadError else meaning.hint
    return meaning.error(
        f"{program} {meaning.what} (exit code {done.code})",
        hint=hint,
        details="\n".join(spoken.splitlines()[-_TAIL_LINES:]),
        log=str(log),
    )
