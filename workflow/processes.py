"""The one place where subprocesses start: argument lists, a group of their own, never the environment logged."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from typing import IO, TYPE_CHECKING

from workflow.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PIPE = subprocess.PIPE
STDOUT = subprocess.STDOUT
Process = subprocess.Popen[bytes]

_NOWHERE = os.path.abspath(os.sep)  # noqa: PTH100  a drive's root on Windows
"""Where programs start that need no folder: not in the user's current one, in which anything may lie."""

_GRACE_SECONDS = 3.0
_TAIL_BYTES = 65_536


class Completed(Record):
    """What a finished command left: exit code (negative: killed by that signal) and its output as text."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def command(self) -> str:
        """The command as one would type it."""
        return quoted(self.argv)


class CommandTimeoutError(Exception):
    """A command ran longer than it was allowed to; it has been killed with its process group."""


def quoted(argv: Sequence[str]) -> str:
    """Return the command as one would type it in a POSIX shell."""
    return shlex.join(argv)


def start(
    argv: Sequence[str],
    *,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = subprocess.PIPE,
    stderr: int | IO[bytes] | None = subprocess.PIPE,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    foreground: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a command and return its process; raises ``OSError`` when the executable cannot be run.

    Unless ``foreground`` (interactive programs that need the terminal), it leads a process group of its own,
    so that ``kill`` reaches its children and the terminal's ^C reaches only us.
    """
    return subprocess.Popen(
        list(argv),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=None if env is None else dict(env),
        cwd=cwd or (None if foreground else _NOWHERE),
        start_new_session=not foreground and os.name == "posix",
    )


def kill(process: subprocess.Popen[bytes], *, grace: float = _GRACE_SECONDS) -> None:
    """End a process and its whole group: politely first, by force after ``grace`` seconds. Safe to repeat."""
    for name, patience in (("SIGTERM", grace), ("SIGKILL", None)):
        _signal_group(process, name)
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
        if name == "SIGTERM":
            _signal_group(process, "SIGKILL")
        return


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
    log: Path | None = None,
) -> Completed:
    """Run a command to its end and return its exit code and output, whatever the code.

    With ``log`` the quoted command and both streams are appended to that file, and ``stdout`` of the answer holds
    at most the last 64 KiB of them. Raises ``OSError`` when it cannot start and ``CommandTimeoutError``
    after ``timeout`` seconds.
    """
    if log is not None:
        return _run_logged(argv, env=env, cwd=cwd, timeout=timeout, log=log)
    process = start(argv, env=env, cwd=cwd)
    with _killed_on_error(process):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise CommandTimeoutError(f"{quoted(argv)} ran longer than {timeout:g} s") from None
    return Completed(tuple(argv), process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


def run_foreground(argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
    """Run a command on this terminal, with its input and output, and return its exit code."""
    process = start(argv, stdin=None, stdout=None, stderr=None, env=env, cwd=cwd, foreground=True)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # noqa: PERF203  a wait that is repeated, not a loop over data
            continue  # the terminal has sent ^C to the command as well: what it does then is its own affair


def _run_logged(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None,
    cwd: Path | None,
    timeout: float | None,
    log: Path,
) -> Completed:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        sink.write(f"+ {quoted(argv)}\n".encode())
        sink.flush()
        begin = sink.tell()
        process = start(argv, stdout=sink, stderr=subprocess.STDOUT, env=env, cwd=cwd)
        with _killed_on_error(process):
            try:
                process.wait(timeout=timeout)
            except subprocess.TimeoutExpired:
                raise CommandTimeoutError(f"{quoted(argv)} ran longer than {timeout:g} s") from None
    with log.open("rb") as source:
        size = source.seek(0, os.SEEK_END)
        source.seek(max(begin, size - _TAIL_BYTES))
        text = source.read().decode(errors="replace")
    return Completed(tuple(argv), process.returncode, text, "")


@contextlib.contextmanager
def _killed_on_error(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        kill(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        raise


def _signal_group(process: subprocess.Popen[bytes], name: str) -> None:
    if os.name != "posix":
        process.terminate()
        return
    try:
        os.killpg(process.pid, getattr(signal, name))  # works for what is left of a group whose leader has ended
    except (ProcessLookupError, PermissionError):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(getattr(signal, name))
