"""The hashed pip locks in requirements/: a table of what each is made from, their freshness, and making them.

A lock starts with comments: its profile (environments only), the sha256 of its sources (command and
input files), the sha256 of its body, and the command. None holds a URL, so any package index can serve it.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.base import processes
from workflow.base.errors import EnvironmentProblem
from workflow.environment import uv_program

if TYPE_CHECKING:
    from workflow.base.events import Listener

_COMMON = ("--generate-hashes", "--no-emit-index-url", "--no-header")
_UNIVERSAL = ("--universal", "--python-version", "3.10")
_PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class PipLock:
    """One lock file, the files that it is made from, and the options that make it."""

    path: str
    inputs: tuple[str, ...]
    options: tuple[str, ...]
    extras: tuple[str, ...] = ()
    profile: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        """The whole command, all paths relative to the top level of the project."""
        return ("uv", "pip", "compile", *self.inputs, *self.options, *_COMMON)


def _converter_lock(platform: str, *, target: str, profile: str = "full") -> PipLock:
    override = "requirements/lean-overrides.txt"
    lean = profile == "lean"
    return PipLock(
        f"requirements/tfjs-{platform}.txt",
        ("requirements/tfjs.in",),
        (*(("--override", override) if lean else ()), "--python-version", "3.8", "--python-platform", target),
        extras=(override,) if lean else (),
        profile=profile,
    )


HOST = PipLock("requirements/host.txt", ("pyproject.toml", "requirements/build.in"), _UNIVERSAL)
DEV = PipLock(
    "requirements/dev.txt",
    ("requirements/dev.in",),
    ("--constraint", HOST.path, *_UNIVERSAL),
    extras=(HOST.path,),
)
LOCKS: tuple[PipLock, ...] = (
    HOST,
    DEV,  # after the one that it is constrained to
    _converter_lock("linux-64", target="x86_64-manylinux_2_28"),
    _converter_lock("linux-aarch64", target="aarch64-manylinux_2_28", profile="lean"),
    _converter_lock("osx-64", target="x86_64-apple-darwin"),
    _converter_lock("osx-arm64", target="aarch64-apple-darwin"),
    _converter_lock("win-64", target="x86_64-pc-windows-msvc", profile="lean"),
    PipLock("requirements/keras3.txt", ("requirements/keras3.in",), _UNIVERSAL, profile="keras3"),
)


def staleness(lock: PipLock, root: Path) -> str | None:
    """Return why this lock is not what its sources ask for, or None when it is."""
    path = root / lock.path
    if not path.is_file():
        return f"{lock.path}: there is no such lock"
    header, body = _split(path.read_text("utf-8"))
    if header == _header(lock, root, body):
        return None
    if f"# body sha256: {_sha256(body)}" not in header:
        return f"{lock.path}: was edited by hand"
    return f"{lock.path}: {' or '.join((*lock.inputs, *lock.extras))} has changed since it was made"


def relock(lock: PipLock, root: Path, *, upgrade: bool, listener: Listener) -> None:
    """Resolve this lock anew with uv and replace it; versions already locked are kept unless ``upgrade``.

    Needs a package index. Raises EnvironmentProblem with uv's words; the old lock stays then.
    """
    target = root / lock.path
    listener.say(f"{lock.path}: {processes.quoted(lock.command)}")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".relock-") as folder:
        draft = Path(folder) / target.name
        if target.is_file() and not upgrade:
            draft.write_text(_split(target.read_text("utf-8"))[1], "utf-8")
        _resolve(lock, root, draft)
        body = draft.read_text("utf-8")
        draft.write_text("".join(f"{line}\n" for line in _header(lock, root, body)) + body, "utf-8", newline="\n")
        os.replace(draft, target)  # noqa: PTH105  says that it replaces


def _resolve(lock: PipLock, root: Path, draft: Path) -> None:
    argv = [uv_program.path(), *lock.command[1:], "--quiet", "--output-file", str(draft)]
    # without this uv may fetch a whole interpreter in order to resolve for it
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    done = processes.run(argv, env=env, cwd=root, timeout=_PATIENCE_SECONDS)
    if done.code:
        raise EnvironmentProblem(
            f"{lock.path}: uv could not resolve it (exit code {done.code})",
            hint="the package index must be reachable; UV_INDEX_URL and the like name another",
            details=done.stderr.strip(),
        )


def _header(lock: PipLock, root: Path, body: str) -> list[str]:
    profile = [f"# profile: {lock.profile}"] if lock.profile else []
    return [
        *profile,
        f"# sources sha256: {_sources_digest(lock, root)}",
        f"# body sha256: {_sha256(body)}",
        f"# command: {' '.join(lock.command)}",
    ]


def _split(text: str) -> tuple[list[str], str]:
    """Return the leading comment lines and all that follows."""
    lines = text.splitlines(keepends=True)
    end = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return [line.rstrip() for line in lines[:end]], "".join(lines[end:])


def _sources_digest(lock: PipLock, root: Path) -> str:
    parts = [" ".join(lock.command), *(_source_text(root / name) for name in (*lock.inputs, *lock.extras))]
    return _sha256("\0".join(parts))


def _source_text(path: Path) -> str:
    """Return what the lock depends on: of pyproject.toml the requirements, of other files all."""
    if not path.is_file():
        raise EnvironmentProblem(f"{path}: no such file", hint="the locks are made in a checkout of the project")
    text = path.read_text("utf-8")
    if path.name != "pyproject.toml":
        return text
    return "\n".join(
        match[0]
        for match in re.finditer(
            r'^(?:requires-python|dependencies) = (?:\[.*?\]$|"[^"]*"$)', text, re.MULTILINE | re.DOTALL
        )
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
